//! The front channel: the PGO, the authorization endpoint, DigiD and consent.

use protocol::{
    bsn::Bsn,
    catalogue::{Gegevensdienst, Scope},
    id::{NameId, Opaque, PersonId},
    message::{
        Authorize, Availability, Browse, ConsentAnswer, Description, Envelope, Exception,
        InvalidCause, Message, OAuthError, Page, Peer, Request, Response, ResponseType, SamlStatus,
        Subject,
    },
    register::{Addresses, Change, ListContent, ListKind, ListVersion, Zal},
    release::{Release, ReleaseSet},
    rule::{self, covers},
    time::Duration,
    trace::Note,
    uri::Uri,
};

use super::{NOBODYS, a_host_of_nobody, breaks};
use crate::rules::script::{
    Attempt, DIGID, DOCUMENTS, GP, HOSPITAL, LAB, OTHER_PGO, OTHER_ZA, PGO, Script, ZA,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Changes the authorization request that the PGO GW makes, and that the browser repeats.
fn asks(script: &mut Script, change: impl Fn(&mut Authorize) + 'static) {
    script.twist(move |envelope: &mut Envelope| match &mut envelope.message {
        Message::Response(Response::Redirect { request: Browse::Authorize(request), .. })
        | Message::Request(Request::Browse(Browse::Authorize(request))) => change(request),
        _ => {}
    });
}

/// Changes the redirect with which the ZA GW sends the browser back.
fn sends_back(script: &mut Script, change: impl Fn(&mut NameId, &mut Browse) + 'static) {
    script.twist(move |envelope: &mut Envelope| {
        if let Message::Response(Response::Redirect { to, request, .. }) = &mut envelope.message
            && matches!(request, Browse::Callback { .. } | Browse::CallbackError { .. })
        {
            change(to, request);
        }
    });
}

/// A flow until the ZA GW has to answer the browser that brought the artifact.
fn until_returned(script: &mut Script) -> (Attempt, protocol::id::ExchangeId) {
    let attempt = script.begin(1);
    script.choose(&attempt);
    script.authorize(&attempt);
    script.log_in(&attempt);
    let returned = script.return_artifact(&attempt);
    (attempt, returned)
}

#[test]
fn a_pgo_that_is_opened_and_offers_nothing_breaks_the_rule() {
    covers(&[rule::OFFERS_COLLECTING]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let exchange = script.browse(&attempt, PGO, Browse::Open);
    script.show(exchange, Page::NotOffered);
    breaks(&script, &[rule::OFFERS_COLLECTING]);
}

#[test]
fn a_pgo_that_does_not_offer_what_its_zal_has_breaks_the_first_step() {
    covers(&[rule::STEP_OFFER]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let choice = Browse::Choose { zorgaanbieder: HOSPITAL, dienst: LAB, csrf: NOBODYS };
    let exchange = script.browse(&attempt, PGO, choice);
    script.show(exchange, Page::NotOffered);
    breaks(&script, &[rule::STEP_OFFER]);
}

#[test]
fn a_pgo_that_says_no_to_what_its_zal_lacks_keeps_the_first_step() {
    covers(&[rule::STEP_OFFER]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let choice = Browse::Choose { zorgaanbieder: GP, dienst: DOCUMENTS, csrf: NOBODYS };
    let exchange = script.browse(&attempt, PGO, choice);
    script.show(exchange, Page::NotOffered);
    breaks(&script, &[]);
}

#[test]
fn a_pgo_that_sends_the_person_to_another_address_than_its_zal_has_breaks_the_rules_of_step_2() {
    covers(&[rule::ZAL_BY_UCI, rule::STEP_CHOOSE]);
    let mut script = Script::new();
    let attempt = Attempt { za: OTHER_ZA, ..script.begin(1) };
    script.choose(&attempt);
    breaks(&script, &[rule::ZAL_BY_UCI, rule::STEP_CHOOSE]);
}

#[test]
fn a_pgo_that_sends_the_person_out_for_what_no_zal_has_breaks_the_first_step_too() {
    covers(&[rule::STEP_OFFER, rule::ZAL_BY_UCI, rule::STEP_CHOOSE]);
    let mut script = Script::new();
    let attempt = script.begin_at(1, GP, DOCUMENTS);
    script.choose(&attempt);
    breaks(&script, &[rule::STEP_OFFER, rule::ZAL_BY_UCI, rule::STEP_CHOOSE]);
}

/// A ZAL on which the hospital stands at the other gateway.
fn moved_zal(script: &Script, number: u32, fits_schema: bool) -> ListVersion {
    let mut register = script.register.clone();
    register.apply(Change::MoveEndpoint(0));
    let list = register.publish(ListKind::Zal, number, script.wall(PGO));
    ListVersion { fits_schema, ..list }
}

#[test]
fn a_pgo_that_goes_by_a_zal_that_is_not_valid_breaks_the_rule() {
    covers(&[rule::ZAL_VALIDATED]);
    let mut script = Script::new();
    let invalid = moved_zal(&script, 2, false).into();
    let exchange = script.ask_back(
        None,
        PGO,
        super::script::STELSELNODE,
        None,
        Request::GetList(ListKind::Zal),
    );
    script.answer(exchange, Response::List(invalid));
    let attempt = Attempt { za: OTHER_ZA, ..script.begin(1) };
    script.choose(&attempt);
    // The stelselnode that publishes such a list has rules of its own to answer for.
    breaks(&script, &[rule::ZAL_CONTENT, rule::ZAL_VALIDATED]);
}

#[test]
fn a_pgo_that_goes_by_an_older_zal_until_it_handled_the_newer_one_keeps_the_rule() {
    covers(&[rule::ZAL_BY_UCI]);
    let mut script = Script::new();
    script.register.apply(Change::MoveEndpoint(0));
    let attempt = script.begin(1);
    script.choose(&attempt);
    breaks(&script, &[]);
}

#[test]
fn a_pgo_that_goes_by_an_older_zal_long_after_a_newer_one_came_breaks_the_rules_of_step_2() {
    covers(&[rule::ZAL_BY_UCI, rule::STEP_CHOOSE]);
    let mut script = Script::new();
    script.change(Change::MoveEndpoint(0));
    script.wait(MINUTE);
    let list = script.publish(ListKind::Zal, 2);
    script.fetch_list(PGO, &list);
    script.wait(MINUTE);
    let attempt = script.begin(1);
    script.choose(&attempt);
    // The hospital's old gateway is left without a service by that move.
    breaks(&script, &[rule::BRON_OFFERS_SERVICE, rule::ZAL_BY_UCI, rule::STEP_CHOOSE]);
}

#[test]
fn a_request_for_another_thing_than_was_chosen_breaks_step_2() {
    covers(&[rule::STEP_CHOOSE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.scope = Scope::single(HOSPITAL, DOCUMENTS));
    script.choose(&attempt);
    breaks(&script, &[rule::STEP_CHOOSE]);
}

#[test]
fn a_service_outside_the_catalogue_breaks_the_rule_of_the_catalogue() {
    covers(&[rule::SERVICE_IN_CATALOGUE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.scope = Scope::single(HOSPITAL, Gegevensdienst(99)));
    script.choose(&attempt);
    breaks(&script, &[rule::SERVICE_IN_CATALOGUE, rule::STEP_CHOOSE]);
}

#[test]
fn a_request_without_state_breaks_the_client_s_rules_and_not_the_server_s_that_refuses_it() {
    covers(&[rule::STATE_REQUIRED, rule::STEP_CHOOSE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.state = None);
    script.choose(&attempt);
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.show(exchange, Page::RequestInvalid(InvalidCause::NoState));
    breaks(&script, &[rule::STATE_REQUIRED, rule::STEP_CHOOSE]);
}

#[test]
fn a_request_for_a_token_breaks_the_client_s_rule() {
    covers(&[rule::RESPONSE_TYPE_CODE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.response_type = ResponseType::Token);
    script.choose(&attempt);
    breaks(&script, &[rule::RESPONSE_TYPE_CODE]);
}

#[test]
fn a_server_that_serves_a_request_for_a_token_breaks_the_rule_of_the_grant_type() {
    covers(&[rule::GRANT_TYPE, rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.response_type = ResponseType::Token);
    script.authorize(&attempt);
    breaks(&script, &[rule::GRANT_TYPE, rule::UC_REQUEST_INVALID]);
}

#[test]
fn a_client_that_names_a_redirect_uri_without_tls_breaks_its_rule() {
    covers(&[rule::REDIRECT_OFFERED_HTTPS]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let without_tls = script.redirects[2];
    asks(&mut script, move |request| request.redirect = without_tls);
    script.choose(&attempt);
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.show(exchange, Page::RequestInvalid(InvalidCause::RedirectUri));
    breaks(&script, &[rule::REDIRECT_OFFERED_HTTPS]);
}

#[test]
fn a_server_that_redirects_to_such_a_uri_breaks_its_own() {
    covers(&[rule::REDIRECT_FULL_HTTPS, rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let without_tls = script.redirects[2];
    asks(&mut script, move |request| request.redirect = without_tls);
    script.authorize(&attempt);
    script.log_in(&attempt);
    script.ask_consent(&attempt);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Given);
    script.give_code(&attempt, answered);
    breaks(&script, &[rule::REDIRECT_FULL_HTTPS, rule::UC_REQUEST_INVALID]);
}

#[test]
fn an_address_without_tls_that_is_used_breaks_the_rule_of_the_network() {
    covers(&[rule::TLS_EVERYWHERE]);
    let mut script = Script::new();
    script.wait(MINUTE);
    let listed = script.register.addresses[0].clone();
    let bare = Uri::new(9_999, listed.authorization.host, Default::default());
    let list = ListVersion {
        content: ListContent::Zal(Zal::new(
            vec![(HOSPITAL, script.register.listings[0].offers.clone())],
            [Addresses { authorization: bare, ..listed }],
        )),
        ..script.register.publish(ListKind::Zal, 2, script.wall(PGO))
    };
    // As it reached the PGO: what the stelselnode answers with it is another matter.
    let exchange = script.ask_back(
        None,
        PGO,
        super::script::STELSELNODE,
        None,
        Request::GetList(ListKind::Zal),
    );
    let good = script.publish(ListKind::Zal, 2);
    script.answer(exchange, Response::List(good));
    let arrived = script.events.iter_mut().rev().find_map(|(_, told)| match told {
        super::script::Told::Arrived { envelope, .. } => Some(envelope),
        _ => None,
    });
    arrived.unwrap().message = Message::Response(Response::List(list.into()));
    script.wait(MINUTE);
    let attempt = script.begin(1);
    script.choose(&attempt);
    breaks(&script, &[rule::TLS_EVERYWHERE]);
}

#[test]
fn a_server_that_serves_a_client_on_no_list_breaks_the_rule() {
    covers(&[rule::CLIENT_KNOWN, rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let (client, redirect) = (a_host_of_nobody(&script), script.redirects[3]);
    asks(&mut script, move |request| (request.client, request.redirect) = (client, redirect));
    script.authorize(&attempt);
    breaks(&script, &[rule::CLIENT_KNOWN, rule::UC_REQUEST_INVALID]);
}

#[test]
fn a_server_that_serves_a_redirect_uri_at_another_host_breaks_the_rule() {
    covers(&[rule::REDIRECT_OF_CLIENT, rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let elsewhere = script.redirects[3];
    asks(&mut script, move |request| request.redirect = elsewhere);
    script.authorize(&attempt);
    breaks(&script, &[rule::REDIRECT_OF_CLIENT, rule::UC_REQUEST_INVALID]);
}

#[test]
fn a_server_that_serves_a_request_for_two_services_breaks_the_rule_of_the_single_scope() {
    covers(&[rule::SINGLE_SCOPE, rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.scope = request.scope.with(DOCUMENTS));
    script.authorize(&attempt);
    breaks(&script, &[rule::SINGLE_SCOPE, rule::UC_REQUEST_INVALID]);
}

#[test]
fn a_valid_request_for_what_is_listed_that_is_refused_breaks_the_duty_to_serve() {
    covers(&[rule::LISTED_IS_SERVED]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.show(exchange, Page::RequestInvalid(InvalidCause::UnknownClient));
    breaks(&script, &[rule::LISTED_IS_SERVED]);
}

#[test]
fn a_person_who_is_told_another_cause_is_not_told_what_is_invalid() {
    covers(&[rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.state = None);
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.show(exchange, Page::RequestInvalid(InvalidCause::ResponseType));
    breaks(&script, &[rule::UC_REQUEST_INVALID]);
}

#[test]
fn a_pgo_that_does_not_stop_when_the_person_has_it_stop_breaks_the_rule() {
    covers(&[rule::UC_REQUEST_INVALID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let exchange = script.browse(&attempt, PGO, Browse::StopFlow);
    script.show(exchange, Page::Offer { csrf: NOBODYS });
    breaks(&script, &[rule::UC_REQUEST_INVALID]);
}

#[test]
fn an_invalid_request_that_is_redirected_breaks_the_form_of_exception_1() {
    covers(&[rule::EXCEPTION_REQUEST]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    asks(&mut script, |request| request.scope = request.scope.with(DOCUMENTS));
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.tell_pgo(&attempt, exchange, OAuthError::InvalidScope, Description::None);
    breaks(&script, &[rule::EXCEPTION_REQUEST]);
}

#[test]
fn a_consent_question_before_the_login_breaks_the_order_of_the_steps() {
    covers(&[rule::DIGID_FIRST, rule::STEP_TO_DIGID, rule::IDENTITY_FIRST]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.question(&attempt, exchange);
    breaks(
        &script,
        &[
            rule::DIGID_FIRST,
            rule::STEP_TO_DIGID,
            rule::IDENTITY_FIRST,
            rule::STEP_AVAILABILITY,
            rule::COLLECTS_BY_UCI,
        ],
    );
}

#[test]
fn a_way_back_to_another_gateway_breaks_step_4() {
    covers(&[rule::STEP_TO_DIGID]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    let other = script.name(OTHER_ZA, true);
    script.twist(move |envelope| {
        if let Message::Response(Response::Redirect {
            request: Browse::Authenticate(request),
            ..
        }) = &mut envelope.message
        {
            request.issuer = other;
        }
    });
    script.authorize(&attempt);
    breaks(&script, &[rule::STEP_TO_DIGID]);
}

#[test]
fn a_browser_that_is_sent_to_digid_without_a_session_breaks_step_3() {
    covers(&[rule::STEP_SESSION]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.twist(|envelope| {
        if envelope.from != Peer::Operator {
            match &mut envelope.message {
                Message::Request(_) => envelope.from = Peer::Browser(None),
                Message::Response(Response::Redirect { set_cookie, .. }) => *set_cookie = None,
                Message::Response(_) => {}
            }
        }
    });
    script.authorize(&attempt);
    breaks(&script, &[rule::STEP_SESSION]);
}

#[test]
fn credentials_that_another_host_asks_for_break_the_rule_of_the_embedded_browser() {
    covers(&[rule::NO_EMBEDDED_BROWSER]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let request = Browse::Authorize(script.request(&attempt));
    let exchange = script.browse(&attempt, ZA, request);
    script.show(exchange, Page::Login { csrf: NOBODYS, again: false });
    breaks(&script, &[rule::NO_EMBEDDED_BROWSER]);
}

#[test]
fn a_digid_that_lets_anybody_in_breaks_steps_5_and_6() {
    covers(&[rule::STEP_CREDENTIALS, rule::STEP_ARTIFACT]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    script.authorize(&attempt);
    let request = protocol::message::AuthnRequest {
        issuer: script.name(ZA, true),
        id: attempt.relay_state,
        relay_state: attempt.relay_state,
        level: protocol::message::Assurance::Midden,
        signed: true,
    };
    let exchange = script.browse(&attempt, DIGID, Browse::Authenticate(request));
    let Attempt { artifact, relay_state, .. } = attempt;
    script.redirect(exchange, ZA, Browse::ReturnArtifact { artifact, relay_state });
    script.ask_consent(&attempt);
    breaks(&script, &[rule::STEP_CREDENTIALS, rule::STEP_ARTIFACT]);
}

#[test]
fn a_digid_that_sends_the_browser_back_with_another_relay_state_breaks_step_6() {
    covers(&[rule::STEP_ARTIFACT]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    script.authorize(&attempt);
    script.twist(|envelope| {
        if let Message::Response(Response::Redirect {
            request: Browse::ReturnArtifact { relay_state, .. },
            ..
        }) = &mut envelope.message
        {
            *relay_state = NOBODYS;
        }
    });
    script.log_in(&attempt);
    breaks(&script, &[rule::STEP_ARTIFACT]);
}

#[test]
fn a_bsn_that_digid_gives_to_another_than_a_za_gateway_breaks_step_7() {
    covers(&[rule::STEP_BSN]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    script.authorize(&attempt);
    script.log_in(&attempt);
    let thief = Attempt { za: PGO, ..attempt.clone() };
    let returned = script.return_artifact(&attempt);
    script.identify(&thief, returned, SamlStatus::Success);
    breaks(&script, &[rule::STEP_BSN]);
}

#[test]
fn an_artifact_that_is_resolved_twice_breaks_digid_s_rule() {
    covers(&[rule::ARTIFACT_ONCE]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.identify(&attempt, returned, SamlStatus::Success);
    breaks(&script, &[rule::ARTIFACT_ONCE]);
}

#[test]
fn two_artifacts_of_one_flow_are_not_taken_for_one_whatever_little_they_differ_in() {
    covers(&[rule::ARTIFACT_ONCE]);
    use crate::rules::flows::tag;
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    // A person who went back and logged in again: as little as sixteen bits of two values are the same now and then.
    let like = |artifact: &Opaque| {
        *artifact != attempt.artifact && tag(*artifact) == tag(attempt.artifact)
    };
    let artifact = (1..u128::MAX).map(Opaque::uuid_v4).find(like).unwrap();
    script.identify(&Attempt { artifact, ..attempt }, returned, SamlStatus::Success);
    breaks(&script, &[]);
}

#[test]
fn a_consent_question_to_a_person_whom_digid_does_not_vouch_for_breaks_identity_first() {
    covers(&[rule::IDENTITY_FIRST, rule::COLLECTS_BY_UCI, rule::UC_IDENTITY]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::AuthnFailed);
    script.look_up(&attempt, returned, Availability::Available);
    script.question(&attempt, returned);
    breaks(&script, &[rule::IDENTITY_FIRST, rule::COLLECTS_BY_UCI, rule::UC_IDENTITY]);
}

#[test]
fn an_availability_that_is_not_looked_up_breaks_step_8() {
    covers(&[rule::STEP_AVAILABILITY, rule::COLLECTS_BY_UCI]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.question(&attempt, returned);
    breaks(&script, &[rule::STEP_AVAILABILITY, rule::COLLECTS_BY_UCI]);
}

#[test]
fn an_availability_that_is_looked_up_for_another_person_breaks_step_8() {
    covers(&[rule::STEP_AVAILABILITY]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    let subject = Subject { bsn: Bsn(PersonId(2)), zorgaanbieder: HOSPITAL, dienst: LAB };
    let exchange = script.ask_source(&attempt, returned, Request::CheckAvailability(subject));
    script.answer(exchange, Response::Availability(Availability::Available));
    script.question(&attempt, returned);
    breaks(&script, &[rule::STEP_AVAILABILITY]);
}

#[test]
fn an_artifact_that_counts_in_another_browser_breaks_the_rule_of_its_session() {
    covers(&[rule::SESSION_OF_BROWSER]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.choose(&attempt);
    script.authorize(&attempt);
    script.log_in(&attempt);
    let stolen = Attempt { relay_state: NOBODYS, ..attempt.clone() };
    let returned = script.return_artifact(&stolen);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.look_up(&attempt, returned, Availability::Available);
    script.question(&attempt, returned);
    breaks(&script, &[rule::SESSION_OF_BROWSER]);
}

#[test]
fn a_flow_that_stops_after_the_login_does_not_go_on_at_once() {
    covers(&[rule::GOES_ON_AT_ONCE]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.show(returned, Page::NoSession);
    breaks(&script, &[rule::GOES_ON_AT_ONCE]);
}

#[test]
fn a_consent_question_that_names_another_service_shows_neither_what_was_asked_nor_what_is_granted()
{
    covers(&[rule::CONSENT_WORDS, rule::SCOPE_SHOWN]);
    let mut script = Script::new();
    script.twist(|envelope| {
        if let Message::Response(Response::Page {
            page: Page::ConsentQuestion { dienst, .. },
            ..
        }) = &mut envelope.message
        {
            *dienst = DOCUMENTS;
        }
    });
    script.verzamelen(1);
    breaks(&script, &[rule::CONSENT_WORDS, rule::SCOPE_SHOWN]);
}

#[test]
fn a_consent_question_that_names_another_pgo_does_not_have_the_prescribed_words() {
    covers(&[rule::CONSENT_WORDS]);
    let mut script = Script::new();
    let other = script.name(OTHER_PGO, true);
    script.twist(move |envelope| {
        if let Message::Response(Response::Page {
            page: Page::ConsentQuestion { client, .. },
            ..
        }) = &mut envelope.message
        {
            *client = other;
        }
    });
    script.verzamelen(1);
    breaks(&script, &[rule::CONSENT_WORDS]);
}

#[test]
fn a_code_without_a_consent_question_breaks_consent_first() {
    covers(&[rule::CONSENT_FIRST, rule::STEP_CONSENT, rule::COLLECTS_BY_UCI]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.look_up(&attempt, returned, Availability::Available);
    script.give_code(&attempt, returned);
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    script.collect(&attempt, brought);
    breaks(&script, &[rule::CONSENT_FIRST, rule::STEP_CONSENT, rule::COLLECTS_BY_UCI]);
}

#[test]
fn a_code_after_a_no_breaks_consent_first() {
    covers(&[rule::CONSENT_FIRST, rule::UC_REFUSED]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Refused);
    script.give_code(&attempt, answered);
    breaks(&script, &[rule::CONSENT_FIRST, rule::UC_REFUSED]);
}

#[test]
fn a_pgo_that_is_told_of_a_failure_where_there_was_data_means_a_question_that_was_not_put() {
    covers(&[rule::STEP_CONSENT]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.look_up(&attempt, returned, Availability::Available);
    let told = (OAuthError::AccessDenied, Description::AuthorizationFailed);
    script.tell_pgo(&attempt, returned, told.0, told.1);
    breaks(&script, &[rule::STEP_CONSENT]);
}

#[test]
fn a_consent_answer_that_counts_without_the_value_of_the_question_breaks_the_owner_s_presence() {
    covers(&[rule::OWNER_PRESENT]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    let forged = Attempt { csrf: NOBODYS, ..attempt.clone() };
    let answered = script.answer_consent(&forged, ConsentAnswer::Given);
    script.give_code(&attempt, answered);
    breaks(&script, &[rule::OWNER_PRESENT]);
}

#[test]
fn a_consent_answer_that_is_forged_and_refused_breaks_nothing() {
    covers(&[rule::OWNER_PRESENT]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    let forged = Attempt { csrf: NOBODYS, ..attempt.clone() };
    let answered = script.answer_consent(&forged, ConsentAnswer::Given);
    let told = (OAuthError::AccessDenied, Description::AuthorizationFailed);
    script.tell_pgo(&attempt, answered, told.0, told.1);
    breaks(&script, &[]);
}

#[test]
fn a_code_with_another_state_breaks_step_10() {
    covers(&[rule::STEP_CODE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    sends_back(&mut script, |_, request| {
        if let Browse::Callback { state, .. } = request {
            *state = NOBODYS;
        }
    });
    script.until_code(&attempt);
    breaks(&script, &[rule::STEP_CODE]);
}

#[test]
fn a_code_that_is_sent_to_another_host_breaks_step_10() {
    covers(&[rule::STEP_CODE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    let other = script.name(OTHER_PGO, true);
    sends_back(&mut script, move |to, _| *to = other);
    script.until_code(&attempt);
    breaks(&script, &[rule::STEP_CODE]);
}

#[test]
fn a_code_for_a_person_under_the_age_limit_breaks_that_rule() {
    covers(&[rule::AGE_LIMIT]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.look_up(&attempt, returned, Availability::UnderAge);
    script.question(&attempt, returned);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Given);
    script.give_code(&attempt, answered);
    breaks(&script, &[rule::AGE_LIMIT]);
}

#[test]
fn a_consent_question_where_there_is_nothing_keeps_that_from_the_pgo() {
    covers(&[rule::UC_NO_DATA]);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.look_up(&attempt, returned, Availability::Nothing);
    script.question(&attempt, returned);
    breaks(&script, &[rule::UC_NO_DATA]);
}

#[test]
fn an_exception_in_another_form_breaks_the_rule_of_that_exception() {
    covers(&[rule::EXCEPTION_IDENTITY, rule::EXCEPTION_NO_DATA, rule::EXCEPTION_REFUSED]);
    let failed = (OAuthError::AccessDenied, Description::AuthorizationFailed);
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::AuthnFailed);
    script.tell_pgo(&attempt, returned, failed.0, failed.1);
    breaks(&script, &[rule::EXCEPTION_IDENTITY]);

    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::Success);
    script.look_up(&attempt, returned, Availability::Nothing);
    script.tell_pgo(&attempt, returned, failed.0, failed.1);
    breaks(&script, &[rule::EXCEPTION_NO_DATA]);

    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Refused);
    script.note(attempt.flow, ZA, Note::RefusalLogged);
    script.tell_pgo(&attempt, answered, failed.0, failed.1);
    breaks(&script, &[rule::EXCEPTION_REFUSED]);

    covers(&[rule::EXCEPTION_AUTHORIZATION]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Unclear);
    let denied = (OAuthError::AccessDenied, Description::AuthorizationDenied);
    script.tell_pgo(&attempt, answered, denied.0, denied.1);
    breaks(&script, &[rule::EXCEPTION_AUTHORIZATION]);
}

#[test]
fn a_yes_that_is_told_as_a_no_breaks_step_10() {
    covers(&[rule::STEP_CODE]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_question(&attempt);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Given);
    let denied = (OAuthError::AccessDenied, Description::AuthorizationDenied);
    script.tell_pgo(&attempt, answered, denied.0, denied.1);
    breaks(&script, &[rule::STEP_CODE]);
}

#[test]
fn where_the_reason_is_hidden_a_description_that_tells_it_breaks_the_exception() {
    covers(&[rule::EXCEPTION_NO_DATA]);
    let nothing = |description| {
        let mut script = Script::new();
        let mut directory = (*script.directory).clone();
        directory.release = Release::R1_1;
        for host in &mut directory.hosts {
            host.releases = ReleaseSet::only(Release::R1_1);
        }
        script.directory = directory.into();
        let (attempt, returned) = until_returned(&mut script);
        script.identify(&attempt, returned, SamlStatus::Success);
        script.look_up(&attempt, returned, Availability::Nothing);
        script.tell_pgo(&attempt, returned, OAuthError::AccessDenied, description);
        let told = (OAuthError::AccessDenied, description);
        script.tell_person(&attempt, told.0, told.1, Exception::NoDataOrRefused);
        script
    };
    breaks(&nothing(Description::None), &[]);
    breaks(&nothing(Description::AuthorizationDenied), &[]);
    breaks(&nothing(Description::NoSuchResources), &[rule::EXCEPTION_NO_DATA]);
}

#[test]
fn a_page_instead_of_the_exception_keeps_it_from_the_pgo() {
    covers(&[rule::UC_REFUSED, rule::UC_NO_ANSWER, rule::UC_IDENTITY]);
    for (answer, broken) in
        [(ConsentAnswer::Refused, rule::UC_REFUSED), (ConsentAnswer::Unclear, rule::UC_NO_ANSWER)]
    {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.until_question(&attempt);
        let answered = script.answer_consent(&attempt, answer);
        script.show(answered, Page::Stopped);
        breaks(&script, &[broken]);
    }
    let mut script = Script::new();
    let (attempt, returned) = until_returned(&mut script);
    script.identify(&attempt, returned, SamlStatus::AuthnFailed);
    script.show(returned, Page::NoSession);
    breaks(&script, &[rule::UC_IDENTITY]);
}

#[test]
fn a_pgo_that_tells_the_person_another_exception_breaks_the_rule_of_that_one() {
    covers(&[rule::UC_IDENTITY, rule::UC_NO_DATA, rule::UC_REFUSED, rule::UC_NO_ANSWER]);
    let tells = |error, description, exception| {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.choose(&attempt);
        script.tell_person(&attempt, error, description, exception);
        script
    };
    let denied = OAuthError::AccessDenied;
    let other = Exception::Delivery;
    let script = tells(OAuthError::UnauthorizedClient, Description::None, other);
    breaks(&script, &[rule::UC_IDENTITY]);
    let script = tells(denied, Description::NoSuchResources, other);
    breaks(&script, &[rule::UC_NO_DATA]);
    let script = tells(denied, Description::AuthorizationDenied, other);
    breaks(&script, &[rule::UC_REFUSED]);
    let script = tells(denied, Description::AuthorizationFailed, other);
    breaks(&script, &[rule::UC_NO_ANSWER]);
}

#[test]
fn consent_that_is_not_logged_breaks_the_rule_of_logging_by_testimony() {
    covers(&[rule::NORM_LOGGING]);
    let mut script = Script::new();
    script.verzamelen(1);
    script.events.retain(|(_, told)| {
        !matches!(told, super::script::Told::Noted { note: Note::ConsentLogged, .. })
    });
    breaks(&script, &[rule::NORM_LOGGING]);
}

#[test]
fn a_code_that_is_taken_with_the_state_of_another_browser_breaks_the_binding_of_state() {
    covers(&[rule::STATE_BOUND]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_code(&attempt);
    // Somebody else's code is put under this browser's nose, with a state of somebody else.
    let forged = Attempt { state: Opaque(5), code: script.value(), ..attempt };
    let brought = script.bring_code(&forged);
    let offered = script.offer(&forged, brought);
    script.answer(offered, Response::TokenError(OAuthError::InvalidGrant));
    breaks(&script, &[rule::STATE_BOUND]);
}

#[test]
fn a_code_that_comes_with_a_forged_state_and_is_not_taken_breaks_nothing() {
    covers(&[rule::STATE_BOUND]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_code(&attempt);
    let forged = Attempt { state: Opaque(5), code: script.value(), ..attempt.clone() };
    let (code, state) = (forged.code, forged.state);
    let brought = script.browse(&forged, PGO, Browse::Callback { code, state });
    script.show(brought, Page::NoSession);
    let brought = script.bring_code(&attempt);
    let offered = script.offer(&attempt, brought);
    script.grant(&attempt, offered);
    script.collect(&attempt, brought);
    breaks(&script, &[]);
}

#[test]
fn what_was_answered_may_be_answered_again_to_whoever_loads_or_sends_a_page_twice() {
    covers(&[rule::CONSENT_FIRST, rule::STEP_CONSENT]);
    let mut script = Script::new();
    let attempt = script.begin(1);
    script.until_code(&attempt);
    let Attempt { code, state, .. } = attempt;
    let again = Browse::Callback { code, state };
    let returned = script.return_artifact(&attempt);
    script.redirect(returned, PGO, again);
    let answered = script.answer_consent(&attempt, ConsentAnswer::Refused);
    script.redirect(answered, PGO, again);
    breaks(&script, &[]);
}

#[test]
fn a_session_that_ended_while_the_person_thought_makes_exception_5_of_every_answer() {
    covers(&[rule::EXCEPTION_AUTHORIZATION, rule::EXCEPTION_REFUSED, rule::STEP_CODE]);
    let failed = (OAuthError::AccessDenied, Description::AuthorizationFailed);
    let answered_after = |answer, time| {
        let mut script = Script::new();
        let attempt = script.begin(1);
        script.until_question(&attempt);
        script.wait(time);
        let answered = script.answer_consent(&attempt, answer);
        script.tell_pgo(&attempt, answered, failed.0, failed.1);
        script
    };
    for answer in [ConsentAnswer::Given, ConsentAnswer::Refused, ConsentAnswer::Unclear] {
        breaks(&answered_after(answer, Duration::from_secs(1_800)), &[]);
    }
    let at_once = answered_after(ConsentAnswer::Given, Duration::ZERO);
    breaks(&at_once, &[rule::STEP_CODE]);
}

#[test]
fn whoever_forgot_all_lists_in_a_crash_may_refuse_what_is_on_them() {
    covers(&[rule::STEP_OFFER, rule::LISTED_IS_SERVED]);
    let mut script = Script::new();
    script.wait(MINUTE);
    for host in [PGO, ZA] {
        script.befalls(host, protocol::trace::HostChange::Crashed);
    }
    let refused = |script: &mut Script| {
        let attempt = script.begin(1);
        let choice = Browse::Choose { zorgaanbieder: HOSPITAL, dienst: LAB, csrf: NOBODYS };
        let exchange = script.browse(&attempt, PGO, choice);
        script.show(exchange, Page::NotOffered);
        let request = Browse::Authorize(script.request(&attempt));
        let exchange = script.browse(&attempt, ZA, request);
        script.show(exchange, Page::RequestInvalid(InvalidCause::UnknownClient));
    };
    refused(&mut script);
    breaks(&script, &[]);
    for (host, kind) in [(PGO, ListKind::Zal), (ZA, ListKind::OauthClients)] {
        let list = script.directory.lists[kind as usize].clone();
        script.fetch_list(host, &list);
    }
    script.wait(MINUTE);
    refused(&mut script);
    breaks(&script, &[rule::STEP_OFFER, rule::LISTED_IS_SERVED]);
}
