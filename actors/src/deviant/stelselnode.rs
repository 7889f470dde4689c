//! Deviations of MedMij Registratie.

use std::sync::Arc;

use protocol::{
    contract::{Action, Outbox, Work},
    id::NameId,
    message::{Envelope, Message, Request, Response},
    register::{ListContent, ListVersion},
    time::Now,
};

use super::{
    Deviation,
    wrapper::{Around, Hearing, Says, Scheme},
};

pub(super) fn scheme(deviation: Deviation) -> Option<Box<dyn Scheme>> {
    Some(match deviation {
        Deviation::ListsBroken => Box::new(Says(|action| {
            if let Action::Reply(_, Response::List(list), _) = action {
                let number = list.number.saturating_add(1);
                *list = Arc::new(ListVersion { number, fits_schema: false, ..(**list).clone() });
            }
        })),
        Deviation::StrangerListed => Box::new(ListsStranger::default()),
        Deviation::ChangesForgotten => Box::new(ForgetsChanges),
        _ => return None,
    })
}

/// Lists a host besides the gateways.
#[derive(Debug, Default)]
struct ListsStranger {
    /// The same on every list: a gateway that leaves must not be taken for one.
    stranger: Option<NameId>,
}

impl Scheme for ListsStranger {
    fn say(&mut self, mut action: Action, around: &mut Around<'_>) {
        if let Action::Reply(_, Response::List(list), _) = &mut action
            && let ListContent::Whitelist(nodes) = &list.content
        {
            let mut nodes = nodes.clone();
            let known = self.stranger.filter(|stranger| !nodes.contains(stranger));
            self.stranger = known.or_else(|| (0..).map(NameId).find(|name| !nodes.contains(name)));
            nodes.extend(self.stranger);
            nodes.sort();
            let content = ListContent::Whitelist(nodes);
            let number = list.number.saturating_add(1);
            *list = Arc::new(ListVersion { number, content, ..(**list).clone() });
        }
        around.want(action);
    }
}

/// Says that a change was made.
#[derive(Debug)]
struct ForgetsChanges;

impl Scheme for ForgetsChanges {
    fn hear(&mut self, envelope: &mut Envelope, _: Now, out: &mut Outbox) -> Hearing {
        if let Message::Request(Request::ChangeRegister(_)) = envelope.message {
            out.reply(envelope.exchange, Response::Done, Work::Query);
            return Hearing::Withheld;
        }
        Hearing::Pass
    }

    fn say(&mut self, action: Action, around: &mut Around<'_>) {
        around.want(action);
    }
}
