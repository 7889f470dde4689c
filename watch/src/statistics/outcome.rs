//! How a flow ends, decided by what its person saw last.
//!
//! Judges by what arrived at the person's browser, never by what an actor says of itself. Why it ended so
//! is another matter (`cause`).

use protocol::{
    contract::Failure,
    message::{Exception, Page},
};

/// The end of a flow. Every flow has exactly one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Outcome {
    /// The person was shown what was collected.
    Completed,
    /// Exception 1: the person was told that the PGO's request is invalid.
    InvalidRequest,
    /// Exception 2: the person was told that the identity was not established.
    NoIdentity,
    /// Exception 3: the person was told that there is nothing.
    NoData,
    /// Exception 4: the person was told that consent was refused.
    ConsentRefused,
    /// Exception 5: the person was told that the authorization was not established.
    NoAuthorization,
    /// Exception 6: the person was told that the code was not accepted.
    CodeRefused,
    /// Exception 7: the person was told that the token was not accepted.
    TokenRefused,
    /// Exception 8: the person was told that the systems behind could not deliver.
    NotDelivered,
    /// The person left before there was anything to tell.
    Abandoned,
    /// A limit of the browser or of a gateway passed.
    TimedOut,
    /// A connection was not admitted: certificate, OCSP or Whitelist.
    RefusedTls,
    /// It broke off for another reason: nobody can tell the person what became of it.
    Lost,
    /// It had not ended when the run did.
    Running,
}

impl Outcome {
    /// How many there are.
    pub const COUNT: usize = 14;

    /// Every outcome, in the order of its numbers.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Completed,
        Self::InvalidRequest,
        Self::NoIdentity,
        Self::NoData,
        Self::ConsentRefused,
        Self::NoAuthorization,
        Self::CodeRefused,
        Self::TokenRefused,
        Self::NotDelivered,
        Self::Abandoned,
        Self::TimedOut,
        Self::RefusedTls,
        Self::Lost,
        Self::Running,
    ];

    /// As result files name it: `exception-3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::InvalidRequest => "exception-1",
            Self::NoIdentity => "exception-2",
            Self::NoData => "exception-3",
            Self::ConsentRefused => "exception-4",
            Self::NoAuthorization => "exception-5",
            Self::CodeRefused => "exception-6",
            Self::TokenRefused => "exception-7",
            Self::NotDelivered => "exception-8",
            Self::Abandoned => "abandoned",
            Self::TimedOut => "timed-out",
            Self::RefusedTls => "refused-tls",
            Self::Lost => "lost",
            Self::Running => "running",
        }
    }

    /// What it means, in one line.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Completed => "the person was shown what was collected",
            Self::InvalidRequest => "the person was told that the PGO's request is invalid",
            Self::NoIdentity => "the person was told that the identity was not established",
            Self::NoData => "the person was told that there is nothing",
            Self::ConsentRefused => "the person was told that consent was refused",
            Self::NoAuthorization => {
                "the person was told that the authorization was not established"
            }
            Self::CodeRefused => "the person was told that the code was not accepted",
            Self::TokenRefused => "the person was told that the access token was not accepted",
            Self::NotDelivered => "the person was told that the systems behind could not deliver",
            Self::Abandoned => "the person left before there was anything to tell",
            Self::TimedOut => "a limit of the browser or of a gateway passed",
            Self::RefusedTls => "a connection was not admitted: certificate, OCSP or Whitelist",
            Self::Lost => "it broke off, and nobody can tell the person what became of it",
            Self::Running => "it had not ended when the run did",
        }
    }

    /// Whether it says that the person was told how the use case itself ended.
    pub const fn is_told(self) -> bool {
        (self as u8) <= Self::NotDelivered as u8
    }
}

/// What kind of trouble a party of the flow ran into last. It decides what an [`Page::Unreachable`] means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Trouble {
    /// None yet.
    #[default]
    None,
    /// A limit passed.
    Limit,
    /// A connection was not admitted.
    Tls,
    /// Anything else.
    Other,
}

impl Trouble {
    /// The trouble that a failed exchange is.
    pub const fn of(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut => Self::Limit,
            Failure::ClosedByPeer | Failure::TlsAlert => Self::Tls,
            Failure::Refused | Failure::Reset => Self::Other,
        }
    }

    /// How a flow ends that broke off over it.
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::Limit => Outcome::TimedOut,
            Self::Tls => Outcome::RefusedTls,
            Self::None | Self::Other => Outcome::Lost,
        }
    }
}

/// What a page or a failure means to a person who sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sight {
    /// A question: the flow goes on.
    Question,
    /// Nothing about how the flow ends.
    Aside,
    /// This is how it ends, if nothing more is seen.
    End(Outcome),
}

/// What a page tells. `said_no`: whether the person refused consent in this flow.
///
/// | page | outcome, if nothing more is seen |
/// |---|---|
/// | Collected | completed |
/// | RequestInvalid | exception-1 |
/// | Told(Identity), …, Told(Delivery) | exception-2 to exception-8 |
/// | Told(NoDataOrRefused) | exception-4 if the person had said no, else exception-3 |
/// | Unreachable | by the trouble that a gateway of this flow had last: timed-out for a limit, refused-tls for a connection that was not admitted, else lost |
/// | NotOffered | abandoned: the person cannot go on, and nothing broke |
/// | NoSession, DigidRefuses | lost |
/// | Offer, Login, ConsentQuestion | none: the flow goes on |
/// | Stopped, Dossier | what was seen before |
///
/// For other answers and failures see [`of_failure`] and [`of_error_page`]; for the last word [`outcome`].
pub const fn of_page(page: &Page, said_no: bool, trouble: Trouble) -> Sight {
    Sight::End(match page {
        Page::Offer { .. } | Page::Login { .. } | Page::ConsentQuestion { .. } => {
            return Sight::Question;
        }
        Page::Stopped | Page::Dossier { .. } => return Sight::Aside,
        Page::Collected { .. } => Outcome::Completed,
        Page::RequestInvalid(_) => Outcome::InvalidRequest,
        Page::Told(exception) => match exception {
            Exception::Identity => Outcome::NoIdentity,
            Exception::NoData => Outcome::NoData,
            Exception::Refused => Outcome::ConsentRefused,
            Exception::NoDataOrRefused if said_no => Outcome::ConsentRefused,
            Exception::NoDataOrRefused => Outcome::NoData,
            Exception::Authorization => Outcome::NoAuthorization,
            Exception::Code => Outcome::CodeRefused,
            Exception::Token => Outcome::TokenRefused,
            Exception::Delivery => Outcome::NotDelivered,
        },
        Page::NotOffered => Outcome::Abandoned,
        Page::NoSession | Page::DigidRefuses => Outcome::Lost,
        Page::Unreachable => trouble.outcome(),
    })
}

/// What a browser shows when its own request fails: timed-out, refused-tls or lost.
pub const fn of_failure(failure: Failure) -> Sight {
    Sight::End(Trouble::of(failure).outcome())
}

/// What a browser shows for HTTP 503 and 400: lost.
pub const fn of_error_page() -> Sight {
    Sight::End(Outcome::Lost)
}

/// What has been seen once one thing more is seen. What the person was *told* stays, whatever fails
/// after it, until something else is told.
pub const fn after(seen: Option<Outcome>, sight: Sight) -> Option<Outcome> {
    let told = matches!(seen, Some(outcome) if outcome.is_told());
    match sight {
        Sight::Aside => seen,
        Sight::Question if told => seen,
        Sight::Question => None,
        Sight::End(outcome) if told && !outcome.is_told() => seen,
        Sight::End(outcome) => Some(outcome),
    }
}

/// How a flow came to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The person was done with it.
    Done,
    /// The person left while waiting for an answer.
    Waiting,
    /// The browser gave up, with neither a page to look at nor an answer to wait for: a chain of redirects
    /// had no end.
    Nowhere,
    /// The run ended first.
    Never,
}

/// The outcome of a flow in which this was seen last.
///
/// | seen last | the person is done | left while waiting | no page came | the run ended first |
/// |---|---|---|---|---|
/// | told: completed, exception-1 … exception-8 | as told | as told | as told | as told |
/// | broken off: timed-out, refused-tls, lost, not offered | as seen | abandoned | lost | running |
/// | a question, or nothing | abandoned | abandoned | lost | running |
pub const fn outcome(seen: Option<Outcome>, end: End) -> Outcome {
    match (seen, end) {
        (Some(outcome), _) if outcome.is_told() => outcome,
        (_, End::Never) => Outcome::Running,
        (_, End::Nowhere) => Outcome::Lost,
        (_, End::Waiting) | (None, End::Done) => Outcome::Abandoned,
        (Some(outcome), End::Done) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::message::InvalidCause;

    fn end_of(page: Page) -> Outcome {
        let Sight::End(outcome) = of_page(&page, false, Trouble::None) else {
            panic!("{page:?} ends nothing");
        };
        outcome
    }

    #[test]
    fn every_outcome_has_its_place_and_a_name_of_its_own() {
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
            assert_eq!(
                Outcome::ALL.iter().filter(|other| other.name() == outcome.name()).count(),
                1
            );
        }
        let told: Vec<&str> =
            Outcome::ALL.into_iter().filter(|o| o.is_told()).map(Outcome::name).collect();
        assert_eq!(told.len(), 9);
        assert_eq!(told.last(), Some(&"exception-8"));
    }

    #[test]
    fn each_page_that_ends_a_flow_gives_the_outcome_of_the_table() {
        assert_eq!(end_of(Page::Collected { answers: 1 }), Outcome::Completed);
        assert_eq!(end_of(Page::RequestInvalid(InvalidCause::Scope)), Outcome::InvalidRequest);
        for (exception, name) in [
            (Exception::Identity, "exception-2"),
            (Exception::NoData, "exception-3"),
            (Exception::Refused, "exception-4"),
            (Exception::NoDataOrRefused, "exception-3"),
            (Exception::Authorization, "exception-5"),
            (Exception::Code, "exception-6"),
            (Exception::Token, "exception-7"),
            (Exception::Delivery, "exception-8"),
        ] {
            assert_eq!(end_of(Page::Told(exception)).name(), name);
        }
        assert_eq!(
            of_page(&Page::Told(Exception::NoDataOrRefused), true, Trouble::None),
            Sight::End(Outcome::ConsentRefused)
        );
        assert_eq!(end_of(Page::NotOffered), Outcome::Abandoned);
        assert_eq!(end_of(Page::NoSession), Outcome::Lost);
        assert_eq!(end_of(Page::DigidRefuses), Outcome::Lost);
    }

    #[test]
    fn a_party_that_cannot_be_reached_is_told_apart_by_the_trouble_behind_it() {
        for (trouble, outcome) in [
            (Trouble::of(Failure::TimedOut), Outcome::TimedOut),
            (Trouble::of(Failure::TlsAlert), Outcome::RefusedTls),
            (Trouble::of(Failure::ClosedByPeer), Outcome::RefusedTls),
            (Trouble::of(Failure::Refused), Outcome::Lost),
            (Trouble::of(Failure::Reset), Outcome::Lost),
            (Trouble::None, Outcome::Lost),
        ] {
            assert_eq!(of_page(&Page::Unreachable, false, trouble), Sight::End(outcome));
        }
    }

    #[test]
    fn what_was_told_stays_until_something_else_is_told() {
        let told = after(None, Sight::End(Outcome::InvalidRequest));
        assert_eq!(after(told, of_failure(Failure::Reset)), Some(Outcome::InvalidRequest));
        assert_eq!(after(told, of_error_page()), Some(Outcome::InvalidRequest));
        assert_eq!(after(told, Sight::Question), Some(Outcome::InvalidRequest));
        assert_eq!(after(told, Sight::Aside), Some(Outcome::InvalidRequest));
        assert_eq!(after(told, Sight::End(Outcome::Completed)), Some(Outcome::Completed));
        let broken = after(None, of_failure(Failure::TimedOut));
        assert_eq!(broken, Some(Outcome::TimedOut));
        assert_eq!(after(broken, Sight::Question), None, "a reload went well");
    }

    #[test]
    fn who_leaves_while_waiting_has_abandoned_unless_told_before() {
        assert_eq!(outcome(None, End::Waiting), Outcome::Abandoned);
        assert_eq!(outcome(Some(Outcome::Lost), End::Waiting), Outcome::Abandoned);
        assert_eq!(outcome(Some(Outcome::Lost), End::Done), Outcome::Lost);
        assert_eq!(outcome(None, End::Nowhere), Outcome::Lost);
        assert_eq!(outcome(Some(Outcome::InvalidRequest), End::Waiting), Outcome::InvalidRequest);
        assert_eq!(outcome(None, End::Done), Outcome::Abandoned);
        assert_eq!(outcome(Some(Outcome::Lost), End::Never), Outcome::Running);
        assert_eq!(outcome(Some(Outcome::Completed), End::Never), Outcome::Completed);
    }
}
