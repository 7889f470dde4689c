//! The eight exceptions of UCI Verzamelen, each told to the person in the way that it prescribes.

use actors::{
    crank::{
        Crank, Fate, Silent,
        small::{PGO, Small, XIS, ZA},
    },
    deviant::Deviation,
    person::Wish,
};
use protocol::{
    contract::Failure,
    id::HostId,
    message::{
        Assurance, Browse, Description, Exception, InvalidCause, Kind, Message, OAuthError, Page,
        Request, Response,
    },
    release::Release,
    rule::{self, covers},
    time::Duration,
    trace::Note,
};

/// Lets a person with this wish try, and gives what the person saw last.
fn outcome(small: &Small, wish: Wish) -> (Crank<Silent>, HostId, Page) {
    outcome_of(small, wish, |_| {})
}

fn outcome_of(
    small: &Small,
    wish: Wish,
    prepare: impl FnOnce(&mut Crank<Silent>),
) -> (Crank<Silent>, HostId, Page) {
    let mut crank = small.build(Silent);
    prepare(&mut crank);
    let person = small.visit(&mut crank, wish);
    crank.run_for(Duration::from_secs(120));
    let last = *crank.record.pages(person).last().unwrap();
    (crank, person, last)
}

/// The error that the ZA gateway sent the browser back with.
fn error(crank: &Crank<Silent>) -> Option<(OAuthError, Description)> {
    crank.record.said(ZA).find_map(|envelope| match envelope.message {
        Message::Response(Response::Redirect {
            request: Browse::CallbackError { error, description, .. },
            ..
        }) => Some((error, description)),
        _ => None,
    })
}

fn fail(kind: Kind) -> impl FnOnce(&mut Crank<Silent>) {
    move |crank| {
        crank.meddle(move |envelope| {
            if envelope.message.kind() == kind { Fate::Fail(Failure::Reset) } else { Fate::Pass }
        });
    }
}

#[test]
fn exception_1_an_invalid_request_is_told_to_the_person_who_has_the_pgo_stop() {
    covers(&[rule::EXCEPTION_REQUEST, rule::UC_REQUEST_INVALID, rule::STATE_REQUIRED]);
    let small = Small::default().deviant(PGO, Deviation::StateDropped);
    let (crank, person, last) = outcome(&small, small.wish(1));
    let pages = crank.record.pages(person);
    assert!(pages.contains(&Page::RequestInvalid(InvalidCause::NoState)));
    assert_eq!(last, Page::Stopped);
    assert_eq!(crank.record.refusals(ZA), [rule::STATE_REQUIRED]);
    assert_eq!(error(&crank), None, "no redirect");
}

#[test]
fn exception_2_a_person_who_cancels_at_digid_is_not_established() {
    covers(&[rule::EXCEPTION_IDENTITY, rule::UC_IDENTITY]);
    let mut small = Small::default();
    small.habits.cancel_login = 1.0;
    let (crank, _, last) = outcome(&small, small.wish(1));
    assert_eq!(error(&crank), Some((OAuthError::UnauthorizedClient, Description::None)));
    assert_eq!(last, Page::Told(Exception::Identity));
    assert_eq!(crank.record.refusals(ZA), [], "a person may cancel");
}

#[test]
fn exception_2_a_level_below_the_one_asked_is_not_enough() {
    covers(&[rule::EXCEPTION_IDENTITY]);
    let small = Small::default();
    let wish = Wish { level: Assurance::Basis, ..small.wish(1) };
    assert_eq!(outcome(&small, wish).2, Page::Told(Exception::Identity));
}

#[test]
fn exception_2_a_digid_that_does_not_answer_establishes_nobody() {
    covers(&[rule::EXCEPTION_IDENTITY]);
    let small = Small::default();
    let (crank, _, last) = outcome_of(&small, small.wish(1), fail(Kind::ResolveArtifact));
    assert_eq!(last, Page::Told(Exception::Identity));
    assert!(crank.record.notes(ZA).any(|note| note == Note::PeerLost(Failure::Reset)));
}

#[test]
fn exception_3_nothing_there_is_told_before_anybody_is_asked_for_consent() {
    covers(&[rule::EXCEPTION_NO_DATA, rule::UC_NO_DATA, rule::STEP_AVAILABILITY]);
    let mut small = Small::default();
    small.records.no_data = 1.0;
    let (crank, person, last) = outcome(&small, small.wish(1));
    assert_eq!(error(&crank), Some((OAuthError::AccessDenied, Description::NoSuchResources)));
    assert_eq!(last, Page::Told(Exception::NoData));
    let asked = |page: &Page| matches!(page, Page::ConsentQuestion { .. });
    assert!(!crank.record.pages(person).iter().any(asked));
}

#[test]
fn exception_3_for_a_person_under_age_is_counted_apart() {
    covers(&[rule::AGE_LIMIT]);
    let mut small = Small::default();
    small.records.under_age = 1.0;
    let (crank, _, last) = outcome(&small, small.wish(1));
    assert_eq!(last, Page::Told(Exception::NoData));
    assert_eq!(crank.record.refusals(ZA), [rule::AGE_LIMIT]);
}

#[test]
fn exception_4_a_refused_consent_tells_the_pgo_access_denied_and_logs_the_refusal() {
    covers(&[rule::EXCEPTION_REFUSED, rule::UC_REFUSED, rule::CONSENT_FIRST]);
    let mut small = Small::default();
    small.habits.refuse_consent = 1.0;
    let (crank, _, last) = outcome(&small, small.wish(1));
    assert_eq!(error(&crank), Some((OAuthError::AccessDenied, Description::AuthorizationDenied)));
    assert_eq!(last, Page::Told(Exception::Refused));
    assert!(crank.record.notes(ZA).any(|note| note == Note::RefusalLogged));
    assert!(!crank.record.notes(ZA).any(|note| note == Note::ConsentLogged));
}

#[test]
fn since_release_1_1_nothing_there_and_refused_look_alike() {
    covers(&[rule::EXCEPTION_NO_DATA, rule::EXCEPTION_REFUSED]);
    let mut nothing = Small::new(Release::R1_1);
    nothing.records.no_data = 1.0;
    let mut refused = Small::new(Release::R1_1);
    refused.habits.refuse_consent = 1.0;
    for small in [nothing, refused] {
        let (crank, _, last) = outcome(&small, small.wish(1));
        assert_eq!(error(&crank), Some((OAuthError::AccessDenied, Description::None)));
        assert_eq!(last, Page::Told(Exception::NoDataOrRefused));
    }
}

#[test]
fn exception_5_an_answer_from_a_form_that_was_never_shown_establishes_nothing() {
    covers(&[rule::EXCEPTION_AUTHORIZATION, rule::UC_NO_ANSWER, rule::NO_CLICKJACKING]);
    let small = Small::default();
    let mut crank = small.build(Silent);
    let person =
        actors::person::Person::new(std::sync::Arc::new(small.habits.clone()), 0, small.wish(1));
    let person = actors::party::Party::Person(person).deviant(Deviation::FormForged);
    let person = small.visit_as(&mut crank, person, small.wish(1));
    crank.run_for(Duration::from_secs(120));
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Told(Exception::Authorization)));
    assert_eq!(error(&crank), Some((OAuthError::AccessDenied, Description::AuthorizationFailed)));
    assert_eq!(crank.record.refusals(ZA), [rule::NO_CLICKJACKING]);
}

#[test]
fn exception_5_a_person_who_answers_after_the_session_is_told_so() {
    covers(&[rule::EXCEPTION_AUTHORIZATION]);
    let mut small = Small::default();
    small.habits.consent = protocol::distribution::Distribution::Fixed(1_000.0);
    let mut crank = small.build(Silent);
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(1_100));
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Told(Exception::Authorization)));
}

#[test]
fn exception_5_also_when_nobody_can_say_whether_there_is_anything() {
    covers(&[rule::EXCEPTION_AUTHORIZATION]);
    let small = Small::default();
    let (_, _, last) = outcome_of(&small, small.wish(1), |crank| crank.set_up(XIS, false));
    assert_eq!(last, Page::Told(Exception::Authorization));
}

#[test]
fn exception_6_a_code_that_is_not_accepted_is_told_as_such() {
    covers(&[rule::EXCEPTION_CODE, rule::UC_NOT_SUPPLIED, rule::CODE_OWN_CLIENT]);
    let small = Small::default().deviant(PGO, Deviation::OtherClientNamed);
    let (crank, _, last) = outcome(&small, small.wish(1));
    assert_eq!(last, Page::Told(Exception::Code));
    assert_eq!(crank.record.refusals(ZA), [rule::CODE_OWN_CLIENT]);
    let invalid = Message::Response(Response::TokenError(OAuthError::InvalidGrant));
    assert!(crank.record.said(ZA).any(|envelope| envelope.message == invalid));
}

#[test]
fn exception_7_a_token_that_is_not_accepted_is_told_as_such() {
    covers(&[rule::EXCEPTION_TOKEN, rule::UC_NOT_SUPPLIED, rule::TOKEN_KNOWN]);
    let small = Small::default().deviant(PGO, Deviation::TokensMadeUp);
    let (crank, _, last) = outcome(&small, small.wish(1));
    assert_eq!(last, Page::Told(Exception::Token));
    assert_eq!(crank.record.refusals(ZA), [rule::TOKEN_KNOWN]);
}

#[test]
fn exception_8_systems_behind_that_cannot_deliver_are_told_as_such() {
    covers(&[rule::EXCEPTION_DELIVERY, rule::UC_NOT_SUPPLIED]);
    let small = Small::default();
    let (_, _, last) = outcome_of(&small, small.wish(1), fail(Kind::FetchDossier));
    assert_eq!(last, Page::Told(Exception::Delivery));
}

#[test]
fn a_gateway_that_does_not_answer_on_the_back_channel_is_told_as_such() {
    for kind in [Kind::OfferCode, Kind::Fetch] {
        let small = Small::default();
        let (_, _, last) = outcome_of(&small, small.wish(1), fail(kind));
        assert_eq!(last, Page::Unreachable, "{kind:?}");
    }
}

#[test]
fn what_cannot_be_made_is_no_invalid_grant() {
    // Codes of no bits at all: the second is equal to the first, however often it is made.
    let mut small = Small::default();
    small.zas[0].issuance.entropy_bits = 0;
    let mut crank = small.build(Silent);
    let first = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    let second = small.visit(&mut crank, small.wish(2));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(crank.record.pages(first).last(), Some(&Page::Collected { answers: 1 }));
    assert_eq!(crank.record.pages(second).last(), Some(&Page::Unreachable));
    assert_eq!(error(&crank), Some((OAuthError::ServerError, Description::None)));
    let collisions =
        crank.record.notes(ZA).filter(|note| matches!(note, Note::CollisionDetected(_))).count();
    assert_eq!(collisions, 64);
}

#[test]
fn a_pgo_asks_for_data_only_after_it_has_a_token() {
    covers(&[rule::STEP_REQUEST]);
    let small = Small::default();
    let (crank, ..) = outcome_of(&small, small.wish(1), fail(Kind::OfferCode));
    assert!(!crank.record.requests(PGO).any(|request| matches!(request, Request::Fetch(_))));
}
