//! Testimony: what actors say of themselves, for the few rules that nothing else can show.

use protocol::trace::{FlowRef, Note};

use super::{
    Checkers,
    flows::{Flow, Handle},
};

impl Checkers {
    pub(super) fn noted(&mut self, flow: Option<FlowRef>, note: Note) {
        let flow = Handle::of(flow);
        let what = match note {
            Note::ConsentLogged => Flow::CONSENT_LOGGED,
            Note::RefusalLogged => Flow::REFUSAL_LOGGED,
            Note::CodeTakenAsConsent => Flow::CODE_LOGGED,
            Note::Stored(stored) => {
                if let Some(flow) = self.flows.get(flow) {
                    let its_own =
                        stored.zorgaanbieder == flow.zorgaanbieder && stored.dienst == flow.dienst;
                    flow.unstored = flow.unstored.saturating_sub(its_own.into());
                }
                return;
            }
            _ => return,
        };
        if let Some(flow) = self.flows.get(flow) {
            flow.saw(what, true);
        }
    }
}
