//! DigiD and what its word is worth.

use actors::crank::{
    Fate,
    small::{DIGID, Small, ZA},
};
use protocol::{
    id::{NameId, Opaque},
    message::{
        Assertion, Assurance, AuthnRequest, Browse, Description, Message, OAuthError, Page, Peer,
        Request, Response, SamlStatus, Secret,
    },
    rule::{self, Rule, covers},
    time::Duration,
};

use crate::talk::{STATE, Talk};

/// What the ZA gateway makes of an assertion that is altered on its way: its rule, or the consent question.
fn altered(alter: impl Fn(&mut Assertion) + 'static) -> Option<Rule> {
    let mut talk = Talk::new(Small::default());
    talk.crank.meddle(move |envelope| {
        if let Message::Response(Response::ArtifactResponse(assertion)) = &mut envelope.message {
            alter(assertion);
        }
        Fate::Pass
    });
    let (cookie, authenticate) = talk.way_to_digid();
    let back = talk.log_in(authenticate, Secret::Right(Assurance::Midden));
    let (response, rule) = talk.browse(ZA, cookie, back);
    match response {
        Response::Page { page: Page::ConsentQuestion { .. }, .. } => assert_eq!(rule, None),
        Response::Redirect { request, .. } => assert_eq!(
            request,
            Browse::CallbackError {
                error: OAuthError::UnauthorizedClient,
                description: Description::None,
                state: STATE
            }
        ),
        other => panic!("{other:?}"),
    }
    rule
}

#[test]
fn an_assertion_counts_only_if_everything_about_it_is_right() {
    covers(&[rule::ASSERTION_VALID, rule::STEP_BSN]);
    assert_eq!(altered(|_| {}), None);
    let wrong = Some(rule::ASSERTION_VALID);
    assert_eq!(altered(|assertion| assertion.signed = false), wrong);
    assert_eq!(altered(|assertion| assertion.audience = NameId(0)), wrong);
    assert_eq!(altered(|assertion| assertion.in_response_to = Opaque(1)), wrong);
    assert_eq!(altered(|assertion| assertion.level = Assurance::Basis), wrong);
    assert_eq!(altered(|assertion| assertion.level = Assurance::Hoog), None);
}

#[test]
fn an_assertion_counts_from_its_not_before_until_its_not_on_or_after() {
    covers(&[rule::ASSERTION_VALID]);
    let wrong = Some(rule::ASSERTION_VALID);
    let nanosecond = Duration::from_nanos(1);
    let now = protocol::time::WallTime::default();
    assert_eq!(altered(move |assertion| assertion.not_before = now), None);
    assert_eq!(altered(move |assertion| assertion.not_before = now + nanosecond), wrong);
    assert_eq!(altered(move |assertion| assertion.not_on_or_after = now + nanosecond), None);
    assert_eq!(altered(move |assertion| assertion.not_on_or_after = now), wrong);
}

#[test]
fn a_gateway_whose_clock_is_off_by_more_than_two_minutes_establishes_nobody() {
    covers(&[rule::ASSERTION_VALID]);
    const SECOND: i64 = 1_000_000_000;
    for (skew, counts) in [(119, true), (120, false), (-120, true), (-121, false)] {
        let mut talk = Talk::new(Small::default());
        // The responder's answers must still be fresh, or no connection opens at all.
        talk.crank.skew(actors::crank::small::OCSP, skew * SECOND);
        talk.crank.skew(ZA, skew * SECOND);
        let (cookie, authenticate) = talk.way_to_digid();
        let back = talk.log_in(authenticate, Secret::Right(Assurance::Midden));
        let (response, rule) = talk.browse(ZA, cookie, back);
        assert_eq!(matches!(response, Response::Page { .. }), counts, "{skew} s: {response:?}");
        assert_eq!(rule.is_none(), counts);
    }
}

#[test]
fn an_artifact_counts_only_in_the_browser_that_was_sent_for_it() {
    covers(&[rule::SESSION_OF_BROWSER]);
    let mut talk = Talk::new(Small::default());
    let (cookie, authenticate) = talk.way_to_digid();
    let (other, _) = talk.way_to_digid();
    let back = talk.log_in(authenticate, Secret::Right(Assurance::Midden));
    let page = Response::Page { page: Page::NoSession, set_cookie: None };
    for thief in [None, other] {
        let answer = talk.browse(ZA, thief, back);
        assert_eq!(answer, (page.clone(), Some(rule::SESSION_OF_BROWSER)));
    }
    let Browse::ReturnArtifact { artifact, .. } = back else { panic!("{back:?}") };
    let forged = Browse::ReturnArtifact { artifact, relay_state: Opaque(1) };
    assert_eq!(talk.browse(ZA, cookie, forged).1, Some(rule::SESSION_OF_BROWSER));
    assert_eq!(talk.browse(ZA, cookie, back).1, None);
}

#[test]
fn an_artifact_that_was_made_up_establishes_nobody() {
    covers(&[rule::ASSERTION_VALID, rule::EXCEPTION_IDENTITY]);
    let mut talk = Talk::new(Small::default());
    let (cookie, authenticate) = talk.way_to_digid();
    let Browse::Authenticate(AuthnRequest { relay_state, .. }) = authenticate else { panic!() };
    let forged = Browse::ReturnArtifact { artifact: Opaque(1), relay_state };
    let (response, _) = talk.browse(ZA, cookie, forged);
    assert!(matches!(response, Response::Redirect { request: Browse::CallbackError { .. }, .. }));
}

/// What DigiD says of an artifact to a service provider.
fn resolve(
    talk: &mut Talk,
    artifact: Opaque,
    issuer: NameId,
    from: Peer,
    signed: bool,
) -> (SamlStatus, Option<Rule>) {
    let request = Request::ResolveArtifact { artifact, issuer, signed };
    let back = talk.small.digid.back;
    match talk.ask(DIGID, back, from, request) {
        (Response::ArtifactResponse(assertion), rule) => (assertion.status, rule),
        other => panic!("an artifact response, not {other:?}"),
    }
}

#[test]
fn an_artifact_is_resolved_once_and_by_its_service_provider_only() {
    covers(&[rule::ARTIFACT_ONCE, rule::ARTIFACT_OF_PROVIDER, rule::SERVICE_PROVIDER_KNOWN]);
    let mut talk = Talk::new(Small::default());
    let (za, other) = (talk.small.zas[0].back, talk.small.zas[1].back);
    let (_, authenticate) = talk.way_to_digid();
    let Browse::ReturnArtifact { artifact, .. } =
        talk.log_in(authenticate, Secret::Right(Assurance::Midden))
    else {
        panic!("an artifact")
    };
    let denied = |rule| (SamlStatus::RequestDenied, Some(rule));
    let unsigned = resolve(&mut talk, artifact, za, Peer::Node(za), false);
    assert_eq!(unsigned, denied(rule::SERVICE_PROVIDER_KNOWN));
    let unknown = resolve(&mut talk, artifact, NameId(0), Peer::Node(NameId(0)), true);
    assert_eq!(unknown, denied(rule::SERVICE_PROVIDER_KNOWN));
    let stolen = resolve(&mut talk, artifact, other, Peer::Node(other), true);
    assert_eq!(stolen, denied(rule::ARTIFACT_OF_PROVIDER));
    for pretender in [Peer::Node(other), Peer::Browser(None)] {
        let pretended = resolve(&mut talk, artifact, za, pretender, true);
        assert_eq!(pretended, denied(rule::ARTIFACT_OF_PROVIDER));
    }
    assert_eq!(resolve(&mut talk, artifact, za, Peer::Node(za), true), (SamlStatus::Success, None));
    let again = resolve(&mut talk, artifact, za, Peer::Node(za), true);
    assert_eq!(again, denied(rule::ARTIFACT_ONCE));
    let made_up = resolve(&mut talk, Opaque(1), za, Peer::Node(za), true);
    assert_eq!(made_up, (SamlStatus::RequestDenied, None));
}

#[test]
fn an_artifact_can_be_resolved_for_a_while_only() {
    for (age, status) in [(119, SamlStatus::Success), (121, SamlStatus::RequestDenied)] {
        let mut talk = Talk::new(Small::default());
        let za = talk.small.zas[0].back;
        let (_, authenticate) = talk.way_to_digid();
        let Browse::ReturnArtifact { artifact, .. } =
            talk.log_in(authenticate, Secret::Right(Assurance::Midden))
        else {
            panic!("an artifact")
        };
        talk.seconds(age);
        assert_eq!(resolve(&mut talk, artifact, za, Peer::Node(za), true), (status, None));
    }
}

#[test]
fn digid_deals_only_with_service_providers_that_it_knows_and_messages_that_are_signed() {
    covers(&[rule::SERVICE_PROVIDER_KNOWN]);
    let mut talk = Talk::new(Small::default());
    let (_, Browse::Authenticate(request)) = talk.way_to_digid() else { panic!("a request") };
    let page = Response::Page { page: Page::DigidRefuses, set_cookie: None };
    for request in
        [AuthnRequest { issuer: NameId(0), ..request }, AuthnRequest { signed: false, ..request }]
    {
        let answer = talk.browse(DIGID, None, Browse::Authenticate(request));
        assert_eq!(answer, (page.clone(), Some(rule::SERVICE_PROVIDER_KNOWN)));
    }
}

#[test]
fn credentials_count_only_on_the_page_that_asked_for_them() {
    covers(&[rule::STEP_CREDENTIALS, rule::NO_EMBEDDED_BROWSER]);
    let mut talk = Talk::new(Small::default());
    let (_, authenticate) = talk.way_to_digid();
    let (Response::Page { page: Page::Login { csrf, .. }, set_cookie }, _) =
        talk.browse(DIGID, None, authenticate)
    else {
        panic!("a login page")
    };
    let account = protocol::id::PersonId(7);
    let secret = Secret::Right(Assurance::Midden);
    let page = Response::Page { page: Page::NoSession, set_cookie: None };
    for (cookie, csrf) in [(None, csrf), (set_cookie, Opaque(csrf.0 ^ 1 << 77))] {
        let answer = talk.browse(DIGID, cookie, Browse::LogIn { account, secret, csrf });
        assert_eq!(answer, (page.clone(), None));
        let answer = talk.browse(DIGID, cookie, Browse::CancelLogin { csrf });
        assert_eq!(answer, (page.clone(), None));
    }
}

#[test]
fn the_level_asked_is_that_of_the_zorgaanbieder() {
    let mut small = Small::default();
    for za in &mut small.zas {
        for behind in &mut za.behind {
            behind.level = Assurance::Substantieel;
        }
    }
    let mut talk = Talk::new(small);
    let (_, Browse::Authenticate(request)) = talk.way_to_digid() else { panic!("a request") };
    assert_eq!(request.level, Assurance::Substantieel);
}

#[test]
fn the_way_to_digid_begins_before_anything_else_is_asked() {
    covers(&[rule::DIGID_FIRST, rule::GOES_ON_AT_ONCE]);
    let mut talk = Talk::new(Small::default());
    let request = Browse::Authorize(talk.authorization());
    let (Response::Redirect { to, request, .. }, None) = talk.browse(ZA, None, request) else {
        panic!("a redirect")
    };
    assert_eq!(to, talk.small.digid.front);
    assert!(matches!(request, Browse::Authenticate(_)));
}
