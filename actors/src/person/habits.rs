//! What people are like: how long they take, what they do, how long they wait.
//!
//! Every answer is a keyed draw: the arrival is the entity, attempt and question are the number, so that a fault
//! elsewhere moves nobody's time (semantics 6). Does not know what a person is doing now (`person.rs`).

use protocol::{
    distribution::Distribution,
    draw::{Draws, Purpose},
    time::Duration,
};

/// What people are like. Shared by all persons of a replication.
#[derive(Clone, Debug)]
pub struct Habits {
    /// Time on the PGO's Offer page, in seconds.
    pub choose: Distribution,
    /// Time on DigiD's login page, in seconds.
    pub login: Distribution,
    /// Time on the consent question, in seconds.
    pub consent: Distribution,
    /// How long a person waits from a click until the next page that needs them, in seconds.
    pub patience: Distribution,
    /// Share of consent questions that are answered with no.
    pub refuse_consent: f64,
    /// Share of login pages on which a person cancels.
    pub cancel_login: f64,
    /// Share of logins with a wrong password; at most three in one attempt.
    pub wrong_password: f64,
    /// Share of login pages and consent questions from which a person goes back one page; once in an attempt.
    pub go_back: f64,
    /// Share of pages that a person loads again; error pages included.
    pub reload: f64,
    /// Share of forms that are sent twice.
    pub double_submit: f64,
    /// Share of persons who look at their Dossier once something was collected.
    pub consult_dossier: f64,
    /// Whether and when they try again.
    pub retry: RetryHabit,
    /// Where the draws come from.
    pub draws: HumanDraws,
}

/// Whether and when people try again.
#[derive(Clone, PartialEq, Debug)]
pub struct RetryHabit {
    /// Share of failed attempts after which a person tries again.
    pub probability: f64,
    /// How much later, in seconds.
    pub after: Distribution,
    /// At most this many attempts, the first included.
    pub max_attempts: u8,
}

/// The draws that decide what persons do.
#[derive(Clone, Copy, Debug)]
pub struct HumanDraws {
    /// How long a person takes.
    pub time: Draws,
    /// What a person does.
    pub behaviour: Draws,
    /// How long a person waits.
    pub patience: Draws,
}

impl HumanDraws {
    /// The draws of one replication.
    pub fn new(seed: u64, replication: u32) -> Self {
        let of = |purpose| Draws::new(seed, replication, purpose);
        Self {
            time: of(Purpose::HumanTime),
            behaviour: of(Purpose::Behaviour),
            patience: of(Purpose::Patience),
        }
    }
}

impl Habits {
    /// Persons who take no time, make no mistake, never give up and never come back.
    pub fn without_fail(draws: HumanDraws) -> Self {
        const A_YEAR: f64 = 31_536_000.0;
        Self {
            choose: Distribution::Fixed(0.0),
            login: Distribution::Fixed(0.0),
            consent: Distribution::Fixed(0.0),
            patience: Distribution::Fixed(A_YEAR),
            refuse_consent: 0.0,
            cancel_login: 0.0,
            wrong_password: 0.0,
            go_back: 0.0,
            reload: 0.0,
            double_submit: 0.0,
            consult_dossier: 0.0,
            retry: RetryHabit {
                probability: 0.0,
                after: Distribution::Fixed(0.0),
                max_attempts: 1,
            },
            draws,
        }
    }
}

/// What is drawn. Each has a number of its own, so that one more never moves another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum Question {
    /// Of [`Habits::choose`], [`Habits::login`] and [`Habits::consent`], by page; and patience with it.
    OnOffer = 0,
    OnLogin = 1,
    OnConsent = 2,
    OnResult = 3,
    GoBackFromLogin = 4,
    GoBackFromConsent = 5,
    TwiceOnOffer = 6,
    TwiceOnLogin = 7,
    TwiceOnConsent = 8,
    Cancel = 9,
    WrongPassword = 10,
    Refuse = 11,
    Consult = 12,
    TryAgain = 13,
    ReloadError = 14,
}

/// One moment in the life of one arrival.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub arrival: u32,
    pub attempt: u8,
    pub question: Question,
    /// How often the question came up before in this attempt.
    pub visit: u8,
}

impl Moment {
    /// `n` of the draw: 256 for an attempt, 8 for a question.
    fn number(self) -> u32 {
        u32::from(self.attempt) * 256 + (self.question as u32) * 8 + u32::from(self.visit.min(7))
    }
}

impl HumanDraws {
    /// How long the person takes.
    pub(super) fn time(&self, moment: Moment, habit: &Distribution) -> Duration {
        habit.duration(&mut self.time.of(moment.arrival.into(), moment.number()))
    }

    /// How long the person waits.
    pub(super) fn patience(&self, moment: Moment, habit: &Distribution) -> Duration {
        habit.duration(&mut self.patience.of(moment.arrival.into(), moment.number()))
    }

    /// Whether the person does it.
    pub(super) fn does(&self, moment: Moment, probability: f64) -> bool {
        probability > 0.0
            && self.behaviour.unit(moment.arrival.into(), moment.number()) < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_moments_of_a_person_share_a_draw() {
        let questions = [
            Question::OnOffer,
            Question::OnLogin,
            Question::OnConsent,
            Question::OnResult,
            Question::GoBackFromLogin,
            Question::GoBackFromConsent,
            Question::TwiceOnOffer,
            Question::TwiceOnLogin,
            Question::TwiceOnConsent,
            Question::Cancel,
            Question::WrongPassword,
            Question::Refuse,
            Question::Consult,
            Question::TryAgain,
            Question::ReloadError,
        ];
        let mut numbers = BTreeSet::new();
        for attempt in 1..=5 {
            for question in questions {
                for visit in 0..8 {
                    let moment = Moment { arrival: 0, attempt, question, visit };
                    assert!(numbers.insert(moment.number()), "{moment:?}");
                }
            }
        }
    }

    #[test]
    fn what_has_no_chance_never_happens_and_what_is_certain_always_does() {
        let draws = HumanDraws::new(1, 0);
        for arrival in 0..1_000 {
            let moment = Moment { arrival, attempt: 1, question: Question::Refuse, visit: 0 };
            assert!(!draws.does(moment, 0.0));
            assert!(draws.does(moment, 1.0));
        }
    }
}
