//! Every message of a run in virtual time through its bytes: what leaves is what the bytes of it say.
//!
//! The results must be those of the same run without: whoever compares them tests that nothing an actor knows of a
//! message is lost on the wire. Does not know what the bytes are (`wire`), or whose keys sign them (`twin`).

use std::{cell::RefCell, path::Path, rc::Rc};

use protocol::{
    bsn::Bsn,
    contract::{Action, Ask},
    id::ExchangeId,
    message::Kind,
    time::WallTime,
};
use sim::carrier::Carrier;
use twin::carry::{Bytes, Pens};

use super::wall::told;
use crate::{
    compose::Composed,
    lists::export::EPOCH,
    plan::Topology,
    problem::{Place, Problem, Problems},
};

/// Keys for the runs of one network.
///
/// # Errors
/// There are more people than invented BSNs, or the folder cannot be used.
pub(super) fn pens(composed: &Composed, topology: &Topology, dir: &Path) -> Result<Pens, Problems> {
    let people = topology.population.people;
    if people > Bsn::PRINTABLE {
        let place = Place { key: "population.people".into(), ..topology.place.clone() };
        let wanted = format!("at most {} people, as many as invented BSNs", Bsn::PRINTABLE);
        let hint = format!("--set topology.population.people={}", Bsn::PRINTABLE);
        return Err(place.expected(wanted, people).hint(hint).into());
    }
    Pens::open(&composed.twin(0), dir).map_err(told)
}

/// What went wrong first, if anything did.
pub(super) type Wrong = Rc<RefCell<Option<Problem>>>;

/// Has every message of one replication pass its bytes.
pub(super) struct ThroughBytes {
    bytes: Bytes,
    /// What was asked, by the place of its exchange: an answer is read by what it answers.
    asked: Vec<Option<(ExchangeId, Ask)>>,
    wrong: Wrong,
}

impl ThroughBytes {
    /// For that replication. Whatever cannot be read is told to `wrong`.
    pub fn new(composed: &Composed, pens: &Pens, replication: u32, wrong: &Wrong) -> Self {
        Self {
            bytes: Bytes::new(&composed.twin(replication), pens, EPOCH),
            asked: Vec::new(),
            wrong: Rc::clone(wrong),
        }
    }

    fn remember(&mut self, id: ExchangeId, ask: Ask) {
        let place = id.place as usize;
        if place >= self.asked.len() {
            self.asked.resize(place + 1, None);
        }
        self.asked[place] = Some((id, ask));
    }

    /// What was asked by that exchange; nothing if a driver or an operator asked, whose words never travel.
    fn asked(&self, id: ExchangeId) -> Option<Ask> {
        let (known, ask) = (*self.asked.get(id.place as usize)?)?;
        (known == id).then_some(ask)
    }

    fn unreadable(&self, kind: Kind, fault: &dyn std::fmt::Display) {
        let place = Place::whole("--through-bytes");
        let problem = place.problem(format!("a message of kind {kind:?} cannot be read: {fault}"));
        self.wrong.borrow_mut().get_or_insert(problem);
    }
}

impl Carrier for ThroughBytes {
    fn carry(&mut self, action: &mut Action, wall: WallTime) {
        self.bytes.tell(wall);
        match action {
            Action::Ask(id, ask) => {
                match self.bytes.request(ask) {
                    Some(Ok(read)) => *ask = read,
                    Some(Err(fault)) => self.unreadable(ask.request.kind(), &fault),
                    None => {}
                }
                self.remember(*id, *ask);
            }
            Action::Reply(id, response, _) => {
                let Some(ask) = self.asked(*id) else { return };
                match self.bytes.response(ask.to, &ask.request, response) {
                    Some(Ok(read)) => *response = read,
                    Some(Err(fault)) => self.unreadable(response.kind(), &fault),
                    None => {}
                }
            }
            Action::Staple(answer) => match self.bytes.staple(answer) {
                Ok(read) => *answer = read,
                Err(fault) => self.unreadable(Kind::Ocsp, &fault),
            },
            Action::Arm(..)
            | Action::Disarm(_)
            | Action::Note(_)
            | Action::BeginAttempt
            | Action::EndAttempt
            | Action::Leave => {}
        }
    }
}
