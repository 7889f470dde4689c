//! The contract between actors and the world that drives them.
//!
//! An actor is a state machine without any IO. It is called with one input and the clocks' readings, and
//! all that it wants leaves by the [`Outbox`] in the same call. It never learns in which world it is, how
//! long work takes, or whose flow an input belongs to. What a driver does with all this is in `sim` and
//! `twin`; this module only says what the two sides may count on.

use std::fmt;

use crate::{
    draw::Draws,
    id::{Cookie, ExchangeId, NameId},
    message::{Browse, Envelope, OcspAnswer, Request, Response},
    release::Release,
    rule::Rule,
    time::{Instant, Now},
    trace::Note,
};

/// One party of the network. Total: any input in any state is answered, ignored with a noted event, or
/// refused with a rule. It never panics.
pub trait Actor {
    /// What survives a crash; a rebuilt actor starts from it.
    type Durable;

    /// What would survive a crash now.
    fn durable(&self) -> &Self::Durable;

    /// Takes one input. `now` is when service begins; what leaves by `out` leaves when service ends.
    fn handle(&mut self, input: Input<'_>, now: Now, out: &mut Outbox);
}

/// What can happen to an actor.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The host begins, for the first time or after a crash.
    Start,
    /// A request came, or the response to an `ask`.
    Deliver(&'a Envelope),
    /// An `ask` ended without a response.
    Failed(ExchangeId, Failure),
    /// A timer that was armed. The clock decides, never the timer, which may come late.
    Timer(TimerId),
}

/// How an exchange can end without a response.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Failure {
    /// Nobody took the connection: the host is down, or its queue is full and cannot even say so.
    Refused,
    /// The other end crashed while the exchange was open.
    Reset,
    /// The asker's limit passed.
    TimedOut,
    /// The other end closed the connection at its opening.
    ClosedByPeer,
    /// This end closed the connection at its opening.
    TlsAlert,
}

/// Timers. One of each per actor: arming again moves it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum TimerId {
    /// A person is done with what a page asks.
    HumanDone,
    /// A person's patience with a page ends.
    PatienceEnds,
    /// A person tries again.
    TryAgain,
    /// The oldest code is past remembering.
    ForgetCodes,
    /// The oldest token is past remembering.
    ForgetTokens,
    /// The oldest session is past its lifetime.
    ForgetSessions,
    /// Time to fetch the ZAL.
    PullZal,
    /// Time to fetch the Whitelist.
    PullWhitelist,
    /// Time to fetch the OAuth client list.
    PullOauthClients,
    /// Time to fetch the Gegevensdienstnamenlijst.
    PullGegevensdiensten,
    /// Time to publish the ZAL.
    PublishZal,
    /// Time to publish the other lists.
    PublishWhitelist,
    /// Time to renew the stapled OCSP answer.
    RenewStaple,
    /// Time to ask again for what failed.
    Retry,
    /// For toy models of the kernel's tests.
    Toy,
}

/// What work is done, never how long it takes: that is a cost, given by the topology or by calibration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Work {
    /// A page is made.
    RenderPage,
    /// A redirect is made.
    Redirect,
    /// An authorization request is checked (step 3).
    CheckAuthorization,
    /// An AuthnRequest is signed (step 4).
    SignAuthnRequest,
    /// A signed message is verified.
    VerifySignature,
    /// Credentials are checked (step 5).
    CheckCredentials,
    /// An artifact is looked up and the answer signed (step 7).
    SignAssertion,
    /// A question is put to a party behind or beside the gateway.
    Query,
    /// Consent is logged (steps 10 and 11).
    LogConsent,
    /// A code is made (step 10).
    IssueCode,
    /// A token is made (step 13).
    IssueToken,
    /// A code or token is looked up and refused.
    RefuseGrant,
    /// A token is checked (step 15).
    CheckToken,
    /// A source looks up whether there are data (step 8).
    CheckAvailability,
    /// A source fetches data (step 15).
    FetchDossier,
    /// A FHIR answer is made of what the source gave (step 15).
    BuildFhir,
    /// Collected data are stored (step 16).
    StoreDossier,
    /// A list is served.
    ServeList,
    /// A list is validated and taken into use.
    ValidateList,
    /// A certificate is looked at.
    CheckCertificate,
    /// An OCSP answer is signed.
    SignOcsp,
    /// A full TLS handshake, at either end. Named by drivers.
    TlsHandshake,
    /// An abbreviated TLS handshake, at either end. Named by drivers.
    TlsResumption,
    /// For toy models of the kernel's tests.
    Toy,
}

impl Work {
    /// Every kind of work, in the order of its numbers.
    pub const ALL: [Self; 24] = [
        Self::RenderPage,
        Self::Redirect,
        Self::CheckAuthorization,
        Self::SignAuthnRequest,
        Self::VerifySignature,
        Self::CheckCredentials,
        Self::SignAssertion,
        Self::Query,
        Self::LogConsent,
        Self::IssueCode,
        Self::IssueToken,
        Self::RefuseGrant,
        Self::CheckToken,
        Self::CheckAvailability,
        Self::FetchDossier,
        Self::BuildFhir,
        Self::StoreDossier,
        Self::ServeList,
        Self::ValidateList,
        Self::CheckCertificate,
        Self::SignOcsp,
        Self::TlsHandshake,
        Self::TlsResumption,
        Self::Toy,
    ];

    /// As topology and result files name it: `issue-token`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RenderPage => "render-page",
            Self::Redirect => "redirect",
            Self::CheckAuthorization => "check-authorization",
            Self::SignAuthnRequest => "sign-authn-request",
            Self::VerifySignature => "verify-signature",
            Self::CheckCredentials => "check-credentials",
            Self::SignAssertion => "sign-assertion",
            Self::Query => "query",
            Self::LogConsent => "log-consent",
            Self::IssueCode => "issue-code",
            Self::IssueToken => "issue-token",
            Self::RefuseGrant => "refuse-grant",
            Self::CheckToken => "check-token",
            Self::CheckAvailability => "check-availability",
            Self::FetchDossier => "fetch-dossier",
            Self::BuildFhir => "build-fhir",
            Self::StoreDossier => "store-dossier",
            Self::ServeList => "serve-list",
            Self::ValidateList => "validate-list",
            Self::CheckCertificate => "check-certificate",
            Self::SignOcsp => "sign-ocsp",
            Self::TlsHandshake => "tls-handshake",
            Self::TlsResumption => "tls-resumption",
            Self::Toy => "toy",
        }
    }

    /// The work of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.name() == name)
    }
}

/// A request on its way out.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ask {
    /// The name to ask.
    pub to: NameId,
    /// The release to speak.
    pub release: Release,
    /// The exchange that cannot be answered before this one ends, if any.
    pub parent: Option<ExchangeId>,
    /// For a browser: the cookie that this name set in it, if it did.
    pub cookie: Option<Cookie>,
    /// What is asked.
    pub request: Request,
}

impl Ask {
    /// A request of a gateway, for the sake of `parent`.
    #[inline]
    pub const fn for_the_sake_of(
        parent: Option<ExchangeId>,
        to: NameId,
        release: Release,
        request: Request,
    ) -> Self {
        Self { to, release, parent, cookie: None, request }
    }

    /// A request of a browser.
    #[inline]
    pub const fn browse(
        to: NameId,
        release: Release,
        cookie: Option<Cookie>,
        request: Browse,
    ) -> Self {
        Self { to, release, parent: None, cookie, request: Request::Browse(request) }
    }
}

/// One thing that an actor wants.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// To ask.
    Ask(ExchangeId, Ask),
    /// To answer. A refusal names its rule.
    Reply(ExchangeId, Response, Option<Rule>),
    /// To be called at that moment.
    Arm(TimerId, Instant),
    /// Not to be called after all.
    Disarm(TimerId),
    /// To have something noted.
    Note(Note),
    /// To present this OCSP answer at every handshake from now on (RFC 6066 §8).
    Staple(OcspAnswer),
    /// For a visitor: what follows is another attempt.
    BeginAttempt,
    /// For a visitor: this attempt is over.
    EndAttempt,
    /// For a visitor: to be gone.
    Leave,
}

/// Where all that an actor wants goes. One per driver, used again for every call.
#[derive(Debug)]
pub struct Outbox {
    actions: Vec<Action>,
    works: Vec<Work>,
    exchanges: ExchangeIds,
    draws: Chance,
}

/// Where the values come from that an actor draws for itself.
#[derive(Clone, Copy, Debug)]
pub enum Chance {
    /// Keyed draws of one host: `entity` is the host and its incarnation.
    Keyed {
        /// For purpose [`crate::draw::Purpose::Host`].
        draws: Draws,
        /// Host and incarnation.
        entity: u64,
        /// How many were drawn before.
        count: u32,
    },
    /// A source outside, such as the operating system's.
    Outside(fn() -> u128),
}

impl Outbox {
    /// An empty outbox that takes the ids of new exchanges from `exchanges`.
    pub fn new(chance: Chance) -> Self {
        Self {
            actions: Vec::new(),
            works: Vec::new(),
            exchanges: ExchangeIds::default(),
            draws: chance,
        }
    }

    /// Asks; the answer or a failure will come with this id.
    #[inline]
    pub fn ask(&mut self, ask: Ask, work: Work) -> ExchangeId {
        let exchange = self.exchanges.next();
        self.works.push(work);
        self.actions.push(Action::Ask(exchange, ask));
        exchange
    }

    /// Answers.
    #[inline]
    pub fn reply(&mut self, exchange: ExchangeId, response: Response, work: Work) {
        self.works.push(work);
        self.actions.push(Action::Reply(exchange, response, None));
    }

    /// Answers that it will not, because of a rule. The response is what the peer sees; the rule is why.
    #[inline]
    pub fn refuse(&mut self, rule: Rule, exchange: ExchangeId, response: Response, work: Work) {
        self.works.push(work);
        self.actions.push(Action::Reply(exchange, response, Some(rule)));
    }

    /// Does more work before anything leaves.
    #[inline]
    pub fn work(&mut self, work: Work) {
        self.works.push(work);
    }

    /// Arms a timer, or moves it.
    #[inline]
    pub fn arm(&mut self, timer: TimerId, at: Instant) {
        self.actions.push(Action::Arm(timer, at));
    }

    /// Disarms a timer.
    #[inline]
    pub fn disarm(&mut self, timer: TimerId) {
        self.actions.push(Action::Disarm(timer));
    }

    /// Notes an event: testimony, not evidence.
    #[inline]
    pub fn note(&mut self, note: Note) {
        self.actions.push(Action::Note(note));
    }

    /// Presents this OCSP answer at every handshake from now on.
    pub fn staple(&mut self, answer: OcspAnswer) {
        self.actions.push(Action::Staple(answer));
    }

    /// For a visitor: what follows is another attempt to get the same wish served.
    pub fn begin_attempt(&mut self) {
        self.actions.push(Action::BeginAttempt);
    }

    /// For a visitor: this attempt is over.
    pub fn end_attempt(&mut self) {
        self.actions.push(Action::EndAttempt);
    }

    /// For a visitor: goes for good. Nothing is delivered to it any more.
    pub fn leave(&mut self) {
        self.actions.push(Action::Leave);
    }

    /// Draws a number of 128 bits that nobody can guess.
    #[inline]
    pub fn draw(&mut self) -> u128 {
        match &mut self.draws {
            Chance::Keyed { draws, entity, count } => {
                *count = count.wrapping_add(1);
                draws.bits(*entity, *count)
            }
            Chance::Outside(source) => source(),
        }
    }
}

/// For drivers, and for deviants that rewrite what the actor inside them wants.
impl Outbox {
    /// What was wanted so far, in order.
    #[inline]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// What was wanted so far, to rewrite or withhold.
    #[inline]
    pub fn actions_mut(&mut self) -> &mut Vec<Action> {
        &mut self.actions
    }

    /// The work named so far.
    #[inline]
    pub fn works(&self) -> &[Work] {
        &self.works
    }

    /// The work named so far, to add to or clear.
    #[inline]
    pub fn works_mut(&mut self) -> &mut Vec<Work> {
        &mut self.works
    }

    /// The host that is called next has drawn so many values already; `entity` is the host and its
    /// incarnation. For keyed draws only.
    #[inline]
    pub fn draw_for(&mut self, host: u64, drawn: u32) {
        if let Chance::Keyed { entity, count, .. } = &mut self.draws {
            *entity = host;
            *count = drawn;
        }
    }

    /// How many values the host that was called last has drawn by now.
    #[inline]
    pub fn drawn(&self) -> u32 {
        match self.draws {
            Chance::Keyed { count, .. } => count,
            Chance::Outside(_) => 0,
        }
    }

    /// The ids of exchanges.
    #[inline]
    pub fn exchanges(&mut self) -> &mut ExchangeIds {
        &mut self.exchanges
    }
}

/// Gives out the ids of exchanges: places are used again, turns tell their users apart.
#[derive(Clone, Default)]
pub struct ExchangeIds {
    free: Vec<ExchangeId>,
    fresh: u32,
}

impl ExchangeIds {
    /// An id that is not in use.
    #[expect(clippy::should_implement_trait, reason = "there is no end to iterate to")]
    #[inline]
    pub fn next(&mut self) -> ExchangeId {
        self.free.pop().unwrap_or_else(|| {
            self.fresh += 1;
            ExchangeId { place: self.fresh - 1, turn: 0 }
        })
    }

    /// The exchange has ended and nothing refers to it any more.
    #[inline]
    pub fn release(&mut self, exchange: ExchangeId) {
        self.free.push(ExchangeId { turn: exchange.turn.wrapping_add(1), ..exchange });
    }

    /// How many places were ever used at once.
    pub fn places(&self) -> usize {
        self.fresh as usize
    }
}

impl fmt::Debug for ExchangeIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} places, {} free", self.fresh, self.free.len())
    }
}
