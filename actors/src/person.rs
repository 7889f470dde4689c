//! A person with a wish, behind a browser: opens the PGO, chooses, logs in, answers the consent question, waits,
//! gives up, comes back.
//!
//! The browser follows redirects word for word and keeps cookies; the person reads pages and takes time. Knows
//! nothing of what goes on behind a page. A visitor: no station, and gone after the last attempt.

mod habits;

use std::sync::Arc;

use protocol::{
    catalogue::Gegevensdienst,
    contract::{Actor, Ask, Input, Outbox, TimerId, Work},
    id::{Cookie, ExchangeId, NameId, Opaque, PersonId, ZorgaanbiederId},
    message::{
        Assurance, AuthnRequest, Browse, ConsentAnswer, Envelope, Exception, Message, Page,
        Response, Secret,
    },
    release::Release,
    time::Now,
    trace::Note,
};

pub use habits::{Habits, HumanDraws, RetryHabit};

use crate::durable::Durable;
use habits::{Moment, Question};

/// What a person wants.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Wish {
    /// Through which PGO.
    pub pgo: NameId,
    /// Of whom.
    pub zorgaanbieder: ZorgaanbiederId,
    /// What.
    pub dienst: Gegevensdienst,
    /// Who the person is, to DigiD.
    pub account: PersonId,
    /// The highest level at which the person can log in.
    pub level: Assurance,
    /// The release under which the browser's exchanges are spoken.
    pub release: Release,
}

/// A person with a wish.
#[derive(Clone, Debug)]
pub struct Person {
    habits: Arc<Habits>,
    wish: Wish,
    arrival: u32,
    phase: Phase,
    /// The request that is out, or that gave the page that is shown, and whom it went to.
    last: (NameId, Browse),
    /// DigiD's login page, to go back to.
    login_page: Option<(NameId, AuthnRequest)>,
    jar: Jar,
    attempt: Attempt,
}

const _: () = assert!(size_of::<Person>() <= 208);

/// What the person waits for.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    /// For a page.
    AwaitsPage(ExchangeId),
    /// For the person: the page needs them.
    Reads(Form),
    /// For the Dossier, after the attempt is over.
    AwaitsDossier(ExchangeId),
    /// For the time to try again.
    Rests,
    /// For nothing.
    Gone,
}

/// A page with a form, and the value that goes back with it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Form {
    Offer(Opaque),
    Login(Opaque),
    Consent(Opaque),
}

/// What happened in this attempt.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Attempt {
    number: u8,
    /// How often each page with a form was shown.
    offers: u8,
    logins: u8,
    questions: u8,
    wrong_passwords: u8,
    clicks: u8,
    /// Since the last click.
    redirects: u8,
    went_back: bool,
    reloaded: bool,
    /// The person cancelled or refused: what follows is as they wished.
    declined: bool,
}

impl Attempt {
    const fn new(number: u8) -> Self {
        Self {
            number,
            offers: 0,
            logins: 0,
            questions: 0,
            wrong_passwords: 0,
            clicks: 0,
            redirects: 0,
            went_back: false,
            reloaded: false,
            declined: false,
        }
    }
}

/// A browser gives up after this many redirects in a row, as real ones do.
const REDIRECTS: u8 = 20;

/// A person gives up after this many clicks, whatever sites make of them. A flow takes five.
const CLICKS: u8 = 60;

/// A person gives up typing a password wrongly after this many times.
const WRONG_PASSWORDS: u8 = 3;

/// How an attempt ended, as far as trying again goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The wish was served.
    Served,
    /// There is nothing to gain by trying again.
    Settled,
    /// Another time it may work.
    Failed,
}

impl Person {
    /// The person of that arrival.
    pub const fn new(habits: Arc<Habits>, arrival: u32, wish: Wish) -> Self {
        Self {
            habits,
            arrival,
            phase: Phase::Rests,
            last: (wish.pgo, Browse::Open),
            login_page: None,
            jar: Jar::EMPTY,
            attempt: Attempt::new(1),
            wish,
        }
    }
}

impl Actor for Person {
    type Durable = Durable;

    fn durable(&self) -> &Durable {
        const { &Durable::NOTHING }
    }

    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox) {
        match (input, self.phase) {
            (Input::Start, Phase::Rests) => self.open(now, out),
            (Input::Timer(TimerId::TryAgain), Phase::Rests) => {
                self.attempt = Attempt::new(self.attempt.number.saturating_add(1));
                // The browser was closed in between, which ends what sites remember of a session.
                self.jar = Jar::EMPTY;
                self.login_page = None;
                out.begin_attempt();
                self.open(now, out);
            }
            (Input::Timer(TimerId::HumanDone), Phase::Reads(form)) => self.act(form, now, out),
            (Input::Timer(TimerId::PatienceEnds), Phase::AwaitsPage(_)) => {
                out.note(Note::PatienceEnded);
                self.end(End::Failed, now, out);
            }
            (Input::Timer(TimerId::PatienceEnds), Phase::AwaitsDossier(_)) => {
                out.note(Note::PatienceEnded);
                self.leave(out);
            }
            (Input::Failed(exchange, _), Phase::AwaitsPage(awaited)) if exchange == awaited => {
                self.on_error_page(now, out);
            }
            (
                Input::Deliver(Envelope { exchange, message: Message::Response(response), .. }),
                Phase::AwaitsPage(awaited),
            ) if *exchange == awaited => self.on_response(response, now, out),
            (Input::Failed(exchange, _), Phase::AwaitsDossier(awaited)) if exchange == awaited => {
                self.leave(out);
            }
            (
                Input::Deliver(Envelope { exchange, message: Message::Response(_), .. }),
                Phase::AwaitsDossier(awaited),
            ) if *exchange == awaited => self.leave(out),
            // Everything else comes too late: the person no longer waits for it.
            (Input::Deliver(envelope), _) => {
                out.note(Note::Unexpected(envelope.message.kind()));
                if let Message::Request(_) = envelope.message {
                    out.reply(envelope.exchange, Response::BadRequest, Work::RenderPage);
                }
            }
            (Input::Timer(stale), _) => out.note(Note::StaleTimer(stale)),
            (Input::Failed(_, failure), _) => out.note(Note::PeerLost(failure)),
            (Input::Start, _) => {}
        }
    }
}

impl Person {
    fn on_response(&mut self, response: &Response, now: Now, out: &mut Outbox) {
        match response {
            Response::Page { page, set_cookie } => {
                self.jar.keep(self.last.0, *set_cookie);
                self.on_page(page, now, out);
            }
            Response::Redirect { to, request, set_cookie } => {
                self.jar.keep(self.last.0, *set_cookie);
                self.follow(*to, *request, now, out);
            }
            other => {
                if *other != Response::Unavailable {
                    out.note(Note::Unexpected(other.kind()));
                }
                self.on_error_page(now, out);
            }
        }
    }

    fn on_page(&mut self, page: &Page, now: Now, out: &mut Outbox) {
        match page {
            Page::Offer { csrf } => self.read(Form::Offer(*csrf), now, out),
            Page::Login { csrf, .. } => self.read(Form::Login(*csrf), now, out),
            Page::ConsentQuestion { csrf, .. } => self.read(Form::Consent(*csrf), now, out),
            // Exception 1: the person has the PGO stop.
            Page::RequestInvalid(_) => self.click(self.wish.pgo, Browse::StopFlow, now, out),
            Page::Collected { .. }
            | Page::Told(_)
            | Page::Unreachable
            | Page::NotOffered
            | Page::NoSession
            | Page::DigidRefuses
            | Page::Stopped
            | Page::Dossier { .. } => self.on_result(page, now, out),
        }
    }

    /// A page that asks for nothing.
    fn on_result(&mut self, page: &Page, now: Now, out: &mut Outbox) {
        let reloads = self.does(Question::OnResult, 0, self.habits.reload);
        if reloads
            && !self.attempt.reloaded
            && matches!(page, Page::Collected { .. } | Page::Told(_))
        {
            self.attempt.reloaded = true;
            out.note(Note::Reloaded);
            let (to, request) = self.last;
            self.click(to, request, now, out);
            return;
        }
        let end = match page {
            Page::Collected { .. } => End::Served,
            Page::Told(Exception::NoData | Exception::Refused | Exception::NoDataOrRefused) => {
                End::Settled
            }
            _ if self.attempt.declined => End::Settled,
            _ => End::Failed,
        };
        self.end(end, now, out);
    }

    /// What the browser itself shows when a site does not answer.
    fn on_error_page(&mut self, now: Now, out: &mut Outbox) {
        let reloads = self.does(Question::ReloadError, 0, self.habits.reload);
        if reloads && !self.attempt.reloaded {
            self.attempt.reloaded = true;
            out.note(Note::Reloaded);
            let (to, request) = self.last;
            self.click(to, request, now, out);
        } else {
            self.end(End::Failed, now, out);
        }
    }

    /// A page needs the person, who takes time.
    fn read(&mut self, form: Form, now: Now, out: &mut Outbox) {
        let habits = &self.habits;
        let (question, visits, habit) = match form {
            Form::Offer(_) => (Question::OnOffer, &mut self.attempt.offers, &habits.choose),
            Form::Login(_) => (Question::OnLogin, &mut self.attempt.logins, &habits.login),
            Form::Consent(_) => (Question::OnConsent, &mut self.attempt.questions, &habits.consent),
        };
        let visit = *visits;
        *visits = visit.saturating_add(1);
        let moment =
            Moment { arrival: self.arrival, attempt: self.attempt.number, question, visit };
        let time = habits.draws.time(moment, habit);
        out.disarm(TimerId::PatienceEnds);
        out.arm(TimerId::HumanDone, now.monotonic + time);
        self.phase = Phase::Reads(form);
    }

    /// The person is done reading.
    fn act(&mut self, form: Form, now: Now, out: &mut Outbox) {
        let (page, twice, back, visits) = match form {
            Form::Offer(_) => {
                (Question::OnOffer, Question::TwiceOnOffer, None, self.attempt.offers)
            }
            Form::Login(_) => {
                let back = Some(Question::GoBackFromLogin);
                (Question::OnLogin, Question::TwiceOnLogin, back, self.attempt.logins)
            }
            Form::Consent(_) => {
                let back = Some(Question::GoBackFromConsent);
                (Question::OnConsent, Question::TwiceOnConsent, back, self.attempt.questions)
            }
        };
        // A page is loaded again at most once, and only the first time that it is shown.
        let visit = visits.saturating_sub(1);
        if visit == 0 && self.does(page, visit, self.habits.reload) {
            out.note(Note::Reloaded);
            let (to, request) = self.last;
            self.click(to, request, now, out);
            return;
        }
        if let Some(back) = back
            && !self.attempt.went_back
            && self.does(back, visit, self.habits.go_back)
        {
            self.attempt.went_back = true;
            out.note(Note::WentBack);
            self.go_back(form, now, out);
            return;
        }
        let (to, _) = self.last;
        let answer = self.fill_in(form, visit);
        if self.does(twice, visit, self.habits.double_submit) {
            out.note(Note::SentTwice);
            self.send(to, answer, Work::RenderPage, out);
        }
        // Of a form that was sent twice, the browser waits for the second answer.
        self.click(to, answer, now, out);
    }

    fn go_back(&mut self, form: Form, now: Now, out: &mut Outbox) {
        match (form, self.login_page) {
            (Form::Consent(_), Some((digid, request))) => {
                self.click(digid, Browse::Authenticate(request), now, out);
            }
            _ => self.click(self.wish.pgo, Browse::Open, now, out),
        }
    }

    fn fill_in(&mut self, form: Form, visit: u8) -> Browse {
        let Wish { zorgaanbieder, dienst, account, level, .. } = self.wish;
        match form {
            Form::Offer(csrf) => Browse::Choose { zorgaanbieder, dienst, csrf },
            Form::Login(csrf) if self.does(Question::Cancel, visit, self.habits.cancel_login) => {
                self.attempt.declined = true;
                Browse::CancelLogin { csrf }
            }
            Form::Login(csrf) => {
                let wrong = self.attempt.wrong_passwords < WRONG_PASSWORDS
                    && self.does(Question::WrongPassword, visit, self.habits.wrong_password);
                self.attempt.wrong_passwords += u8::from(wrong);
                let secret = if wrong { Secret::Wrong } else { Secret::Right(level) };
                Browse::LogIn { account, secret, csrf }
            }
            Form::Consent(csrf) => {
                let refuses = self.does(Question::Refuse, visit, self.habits.refuse_consent);
                self.attempt.declined |= refuses;
                let answer = if refuses { ConsentAnswer::Refused } else { ConsentAnswer::Given };
                Browse::AnswerConsent { answer, csrf }
            }
        }
    }

    /// A new attempt.
    fn open(&mut self, now: Now, out: &mut Outbox) {
        self.click(self.wish.pgo, Browse::Open, now, out);
    }

    /// The person clicks, and is patient for a while.
    fn click(&mut self, to: NameId, request: Browse, now: Now, out: &mut Outbox) {
        if self.attempt.clicks >= CLICKS {
            self.end(End::Failed, now, out);
            return;
        }
        self.attempt.clicks += 1;
        self.attempt.redirects = 0;
        let exchange = self.send(to, request, Work::RenderPage, out);
        self.phase = Phase::AwaitsPage(exchange);
        self.be_patient(request, now, out);
    }

    fn be_patient(&self, request: Browse, now: Now, out: &mut Outbox) {
        let Attempt { number: attempt, offers, logins, questions, .. } = self.attempt;
        let (question, visit) = match request {
            Browse::Choose { .. } => (Question::OnOffer, offers),
            Browse::LogIn { .. } | Browse::CancelLogin { .. } | Browse::Authenticate(_) => {
                (Question::OnLogin, logins)
            }
            Browse::AnswerConsent { .. } => (Question::OnConsent, questions),
            _ => (Question::OnResult, offers),
        };
        let moment = Moment { arrival: self.arrival, attempt, question, visit };
        let patience = self.habits.draws.patience(moment, &self.habits.patience);
        out.arm(TimerId::PatienceEnds, now.monotonic + patience);
    }

    /// The browser follows a redirect at once, word for word.
    fn follow(&mut self, to: NameId, request: Browse, now: Now, out: &mut Outbox) {
        self.attempt.redirects += 1;
        if self.attempt.redirects > REDIRECTS {
            self.end(End::Failed, now, out);
            return;
        }
        if let Browse::Authenticate(login) = request {
            self.login_page = Some((to, login));
        }
        let exchange = self.send(to, request, Work::Redirect, out);
        self.phase = Phase::AwaitsPage(exchange);
    }

    fn send(&mut self, to: NameId, request: Browse, work: Work, out: &mut Outbox) -> ExchangeId {
        self.last = (to, request);
        out.ask(Ask::browse(to, self.wish.release, self.jar.cookie(to), request), work)
    }

    /// The attempt is over. Looking at the Dossier comes after it: that is another use case (PI 2).
    fn end(&mut self, end: End, now: Now, out: &mut Outbox) {
        out.disarm(TimerId::PatienceEnds);
        out.end_attempt();
        let retry = &self.habits.retry;
        if end == End::Served && self.does(Question::Consult, 0, self.habits.consult_dossier) {
            let exchange = self.send(self.wish.pgo, Browse::ConsultDossier, Work::RenderPage, out);
            self.phase = Phase::AwaitsDossier(exchange);
            self.be_patient(Browse::ConsultDossier, now, out);
        } else if end == End::Failed
            && self.attempt.number < retry.max_attempts
            && self.does(Question::TryAgain, 0, retry.probability)
        {
            let moment = self.moment(Question::TryAgain, 0);
            let pause = self.habits.draws.time(moment, &retry.after);
            out.arm(TimerId::TryAgain, now.monotonic + pause);
            self.phase = Phase::Rests;
        } else {
            self.leave(out);
        }
    }

    fn leave(&mut self, out: &mut Outbox) {
        self.phase = Phase::Gone;
        out.leave();
    }

    fn does(&self, question: Question, visit: u8, probability: f64) -> bool {
        self.habits.draws.does(self.moment(question, visit), probability)
    }

    const fn moment(&self, question: Question, visit: u8) -> Moment {
        Moment { arrival: self.arrival, attempt: self.attempt.number, question, visit }
    }
}

/// The browser's cookies: of each name the latest, of the latest three names. A visit needs no more.
#[derive(Clone, Copy, Debug)]
struct Jar {
    kept: [(NameId, Cookie); 3],
    count: u8,
}

impl Jar {
    const EMPTY: Self =
        Self { kept: [(NameId(u32::MAX), Cookie { place: 0, tag: 0 }); 3], count: 0 };

    fn keep(&mut self, of: NameId, cookie: Option<Cookie>) {
        let Some(cookie) = cookie else { return };
        let count = usize::from(self.count);
        let known = self.kept.iter().take(count).position(|(name, _)| *name == of);
        match known {
            Some(place) => self.kept[place] = (of, cookie),
            None if count < self.kept.len() => {
                self.kept[count] = (of, cookie);
                self.count += 1;
            }
            None => {
                self.kept.rotate_left(1);
                self.kept[count - 1] = (of, cookie);
            }
        }
    }

    fn cookie(&self, of: NameId) -> Option<Cookie> {
        let known = self.kept.iter().take(usize::from(self.count));
        known.copied().find(|(name, _)| *name == of).map(|(_, cookie)| cookie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jar_keeps_the_latest_cookie_of_the_latest_three_names() {
        let mut jar = Jar::EMPTY;
        let cookie = |tag| Cookie { place: 0, tag };
        for (name, tag) in [(1, 1), (2, 2), (1, 3), (3, 4), (4, 5)] {
            jar.keep(NameId(name), Some(cookie(tag)));
        }
        jar.keep(NameId(4), None);
        let kept = |name| jar.cookie(NameId(name));
        assert_eq!((kept(1), kept(2)), (None, Some(cookie(2))));
        assert_eq!((kept(3), kept(4)), (Some(cookie(4)), Some(cookie(5))));
        assert_eq!(Jar::EMPTY.cookie(NameId(u32::MAX)), None);
    }
}
