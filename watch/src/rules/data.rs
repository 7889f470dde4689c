//! Who saw what: how many messages of each data class reached each role.

use protocol::{
    message::{DataClass, Kind, Message, Request, Response, table::ROWS},
    role::Role,
};

/// Classes that give something away.
const CLASSES: [DataClass; 4] =
    [DataClass::Relation, DataClass::Credential, DataClass::Content, DataClass::Identity];

/// Messages that reached a role, by what they give away about a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    messages: Box<[[u64; ROWS.len()]; Role::ALL.len()]>,
    /// Of those kinds whose element for the person is unused or empty, the messages in which it was not.
    identified: [u64; Role::ALL.len()],
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            messages: Box::new([[0; ROWS.len()]; Role::ALL.len()]),
            identified: [0; Role::ALL.len()],
        }
    }
}

/// Kinds whose element for the person is unused or empty (APP 5).
const fn is_anonymous(kind: Kind) -> bool {
    matches!(kind, Kind::Fetch | Kind::Fhir)
}

impl Ledger {
    #[inline]
    pub(super) fn reached(&mut self, role: Role, message: &Message) {
        self.messages[role as usize][message.kind() as usize] += 1;
        let named = match message {
            Message::Request(Request::Fetch(fetch)) => fetch.bsn.is_some(),
            Message::Response(Response::Fhir(answer)) => answer.bsn.is_some(),
            _ => false,
        };
        self.identified[role as usize] += u64::from(named);
    }

    /// How many messages with something of that class reached hosts of that role.
    pub fn seen(&self, role: Role, class: DataClass) -> u64 {
        let gives_away = |kind: Kind| {
            kind.row().fields.iter().any(|(_, of)| *of == class)
                && !(class == DataClass::Identity && is_anonymous(kind))
        };
        let count: u64 = ROWS
            .iter()
            .filter(|row| gives_away(row.kind))
            .map(|row| self.messages[role as usize][row.kind as usize])
            .sum();
        count + if class == DataClass::Identity { self.identified[role as usize] } else { 0 }
    }

    /// Every role and class with what [`Self::seen`] gives, roles first.
    pub fn rows(&self) -> impl Iterator<Item = (Role, DataClass, u64)> {
        Role::ALL.into_iter().flat_map(move |role| {
            CLASSES.into_iter().map(move |class| (role, class, self.seen(role, class)))
        })
    }

    /// Adds another replication's.
    pub fn merge(&mut self, other: &Self) {
        for role in Role::ALL {
            let theirs = &other.messages[role as usize];
            for (mine, theirs) in self.messages[role as usize].iter_mut().zip(theirs) {
                *mine += theirs;
            }
            self.identified[role as usize] += other.identified[role as usize];
        }
    }
}
