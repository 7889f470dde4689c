//! Deviants: each does something that shows on the wire, and honest peers refuse what they can.

use std::collections::BTreeSet;

use actors::{
    crank::{
        Crank, Fate, Record, Silent,
        small::{DIGID, GP, OCSP, PGO, STELSELNODE, Small, ZA},
    },
    deviant::Deviation,
    party::Party,
    person::Person,
};
use protocol::{
    contract::{Actor, Failure},
    id::{HostId, Serial},
    message::{Exception, Kind, Message, Page, Request, Response, SamlStatus, TokenType},
    register::{Change, Edition, ListKind},
    role::Role,
    rule::{self, Rule, covers},
    time::{Duration, Instant, WallTime},
    trace::Note,
};

fn host_of(role: Role) -> Option<HostId> {
    match role {
        Role::Pgo => Some(PGO),
        Role::Za => Some(ZA),
        Role::Digid => Some(DIGID),
        Role::Stelselnode => Some(STELSELNODE),
        Role::Person | Role::Ocsp | Role::Xis => None,
    }
}

/// A network with these deviations, each at a host of its first role.
fn network(deviations: &[Deviation], role: Role) -> Small {
    deviations.iter().fold(Small::default(), |small, deviation| {
        let roles = deviation.roles();
        let role = if roles.contains(&role) { role } else { roles[0] };
        match host_of(role) {
            Some(host) => small.deviant(host, *deviation),
            None => small,
        }
    })
}

/// The circumstances in which a deviation can show.
fn prepare(small: &mut Small, deviation: Deviation) {
    match deviation {
        Deviation::UnderAgeServed => small.records.under_age = 1.0,
        Deviation::NoDataMistold => small.records.no_data = 1.0,
        Deviation::WrongPasswordHonoured => small.habits.wrong_password = 1.0,
        Deviation::ExceptionKept => small.habits.refuse_consent = 1.0,
        _ => {}
    }
}

fn happen(crank: &mut Crank<Silent>, small: &Small, deviation: Deviation) {
    let remove = |crank: &mut Crank<Silent>, node, by| {
        crank.operate(STELSELNODE, Request::ChangeRegister(Change::RemoveGateway(node)));
        crank.operate(STELSELNODE, Request::Publish(ListKind::Whitelist, Edition::OfRegister));
        crank.settle();
        crank.operate(by, Request::FetchListNow(ListKind::Whitelist));
        crank.settle();
    };
    match deviation {
        Deviation::OcspIgnored => {
            for serial in 0..6 {
                crank.operate(OCSP, Request::Revoke(Serial(serial)));
            }
            crank.settle();
        }
        Deviation::ExpiredCertificateAccepted => {
            for host in [PGO, ZA, STELSELNODE] {
                crank.end_certificate(host, WallTime::exact(Instant::START));
            }
            crank.run_for(Duration::from_secs(1));
        }
        Deviation::WhitelistIgnored => remove(crank, small.pgos[0].name, ZA),
        Deviation::WhitelistOfAskedIgnored => remove(crank, small.zas[0].back, PGO),
        Deviation::DeliveryMistold => crank.meddle(|envelope| match envelope.message.kind() {
            Kind::FetchDossier => Fate::Fail(Failure::Refused),
            _ => Fate::Pass,
        }),
        Deviation::ChangesForgotten => {
            crank.operate(STELSELNODE, Request::ChangeRegister(Change::RemoveProvider(GP)));
            crank.operate(STELSELNODE, Request::Publish(ListKind::Zal, Edition::OfRegister));
            crank.settle();
        }
        _ => {}
    }
}

/// Runs a network with these deviations; the first decides on the circumstances.
fn run_as(deviations: &[Deviation], subject: Deviation, role: Role) -> (Small, Crank<Silent>) {
    let mut small = network(deviations, role);
    prepare(&mut small, subject);
    let mut crank = small.build(Silent);
    happen(&mut crank, &small, subject);
    let attack = deviations.iter().find(|deviation| deviation.roles() == [Role::Person]);
    for number in 0..8 {
        let wish = small.wish(number);
        let person = Person::new(small.habits.clone().into(), number, wish);
        let mut person = Party::Person(person);
        if let Some(attack) = attack {
            person = person.deviant(*attack);
        }
        small.visit_as(&mut crank, person, wish);
        crank.run_for(Duration::from_secs(50));
    }
    crank.run_for(Duration::from_secs(50 * 3_600));
    (small, crank)
}

fn run(deviations: &[Deviation]) -> Crank<Silent> {
    run_as(deviations, deviations[0], deviations[0].roles()[0]).1
}

#[test]
fn every_deviation_shows_at_every_role_that_it_fits() {
    for deviation in Deviation::ALL.iter().copied() {
        for role in deviation.roles().iter().copied() {
            let companions: Vec<Deviation> = deviation.companion().into_iter().collect();
            let with = [&[deviation], &companions[..]].concat();
            let deviant = run_as(&with, deviation, role).1;
            let honest = run_as(&companions, deviation, role).1;
            assert!(
                deviant.record.all() != honest.record.all(),
                "{deviation} at {} changes nothing",
                role.name()
            );
        }
    }
}

#[test]
fn every_deviation_has_a_name_and_is_found_by_it_or_by_its_rule() {
    let names: BTreeSet<String> = Deviation::ALL.iter().map(|one| one.name()).collect();
    assert_eq!(names.len(), Deviation::ALL.len());
    for deviation in Deviation::ALL.iter().copied() {
        for role in deviation.roles().iter().copied() {
            assert_eq!(Deviation::find(role, &deviation.name()), Some(deviation));
        }
        assert!(!deviation.text().is_empty() && !deviation.roles().is_empty());
        assert_eq!(Deviation::find(Role::Xis, &deviation.name()), None);
    }
    let found = Deviation::find(Role::Pgo, "CODE_OFFERED_ONCE");
    assert_eq!(found, Some(Deviation::CodeOfferedTwice));
    assert_eq!(Deviation::find(Role::Za, "CODE_ONCE"), Some(Deviation::CodeHonouredTwice));
    assert_eq!(Deviation::find(Role::Za, "no-such-deviation"), None);
    assert_eq!(Deviation::CodeOfferedTwice.to_string(), "code-offered-twice");
}

#[test]
fn a_deviation_that_does_not_fit_leaves_its_party_as_it_is() {
    let mut small = Small::default();
    let honest = run_as(&[], Deviation::BsnInAnswer, Role::Za).1;
    small = small.deviant(DIGID, Deviation::BsnInAnswer);
    let mut crank = small.build(Silent);
    for number in 0..8 {
        small.visit(&mut crank, small.wish(number));
        crank.run_for(Duration::from_secs(50));
    }
    crank.run_for(Duration::from_secs(50 * 3_600));
    assert!(crank.record.all() == honest.record.all());
}

#[test]
fn a_deviant_survives_a_crash_as_a_deviant() {
    let small = Small::default().deviant(ZA, Deviation::OtherTokenType);
    let mut crank = small.build(Silent);
    crank.crash(ZA);
    crank.settle();
    assert!(matches!(crank.party(ZA), Some(Party::Deviant(_))));
    let person = small.visit(&mut crank, small.wish(1));
    crank.run_for(Duration::from_secs(60));
    assert_eq!(crank.record.pages(person).last(), Some(&Page::Unreachable));
    assert_eq!(crank.party(ZA).unwrap().durable().consents.count(), 1);
}

/// What honest hosts refuse when somebody tries.
#[test]
fn what_a_deviant_tries_is_refused_by_the_rule_that_it_breaks() {
    covers(&[
        rule::STATE_REQUIRED,
        rule::RESPONSE_TYPE_CODE,
        rule::REDIRECT_FULL_HTTPS,
        rule::SINGLE_SCOPE,
        rule::CODE_ONCE,
        rule::CODE_VALIDITY,
        rule::CODE_NOT_GUESSED,
        rule::CODE_OWN_CLIENT,
        rule::GRANT_TYPE,
        rule::NO_IDENTITY_BETWEEN,
        rule::TOKEN_KNOWN,
        rule::TOKEN_COVERS,
        rule::STATE_BOUND,
        rule::SESSION_OF_BROWSER,
        rule::NO_CLICKJACKING,
        rule::BEARER,
        rule::ARTIFACT_ONCE,
    ]);
    let table: [(Deviation, HostId, Rule); 17] = [
        (Deviation::StateDropped, ZA, rule::STATE_REQUIRED),
        (Deviation::ImplicitGrantAsked, ZA, rule::RESPONSE_TYPE_CODE),
        (Deviation::RedirectNotHttps, ZA, rule::REDIRECT_FULL_HTTPS),
        (Deviation::TwoServicesAsked, ZA, rule::SINGLE_SCOPE),
        (Deviation::CodeOfferedTwice, ZA, rule::CODE_ONCE),
        (Deviation::CodeOfferedLate, ZA, rule::CODE_VALIDITY),
        (Deviation::CodesMadeUp, ZA, rule::CODE_NOT_GUESSED),
        (Deviation::OtherClientNamed, ZA, rule::CODE_OWN_CLIENT),
        (Deviation::OtherGrantType, ZA, rule::GRANT_TYPE),
        (Deviation::BsnInRequest, ZA, rule::NO_IDENTITY_BETWEEN),
        (Deviation::TokensMadeUp, ZA, rule::TOKEN_KNOWN),
        (Deviation::OtherServiceFetched, ZA, rule::TOKEN_COVERS),
        (Deviation::StateForged, PGO, rule::STATE_BOUND),
        (Deviation::RelayStateForged, ZA, rule::SESSION_OF_BROWSER),
        (Deviation::FormForged, ZA, rule::NO_CLICKJACKING),
        (Deviation::OtherTokenType, PGO, rule::BEARER),
        (Deviation::ArtifactResolvedTwice, DIGID, rule::ARTIFACT_ONCE),
    ];
    for (deviation, refuser, rule) in table {
        let crank = run(&[deviation]);
        assert!(crank.record.refusals(refuser).contains(&rule), "{deviation}: {rule}");
    }
}

fn responses(crank: &Crank<Silent>, of: HostId) -> impl Iterator<Item = &Response> {
    crank.record.said(of).filter_map(|envelope| match &envelope.message {
        Message::Response(response) => Some(response),
        Message::Request(_) => None,
    })
}

fn tokens(crank: &Crank<Silent>) -> Vec<protocol::message::TokenGrant> {
    responses(crank, ZA)
        .filter_map(|response| match response {
            Response::Token(grant) => Some(*grant),
            _ => None,
        })
        .collect()
}

#[test]
fn deviants_that_issue_other_tokens_show_it_in_the_answer() {
    covers(&[
        rule::NO_REFRESH_TOKENS,
        rule::BEARER,
        rule::UUID_V4,
        rule::SINGLE_SCOPE,
        rule::TOKEN_VALIDITY,
        rule::UNIQUE_WHILE_LIVE,
    ]);
    let all = |deviation| tokens(&run(&[deviation]));
    assert!(all(Deviation::RefreshTokenIssued).iter().all(|grant| grant.refresh_token.is_some()));
    let other = |grant: &protocol::message::TokenGrant| grant.token_type == TokenType::Other;
    assert!(all(Deviation::OtherTokenType).iter().all(other));
    let uuids = all(Deviation::NotUuidV4);
    assert!(uuids.len() == 8 && uuids.iter().all(|grant| !grant.token.is_uuid_v4()));
    assert!(all(Deviation::TwoServicesGranted).iter().all(|grant| grant.scope.len() == 2));
    assert!(all(Deviation::TokenLivesLonger).iter().all(|grant| grant.expires_in == 901));
    let few: BTreeSet<u128> =
        all(Deviation::EqualValues).iter().map(|grant| grant.token.0).collect();
    assert!(few.len() <= 4);
}

#[test]
fn deviants_that_honour_what_they_should_not_give_tokens_and_data() {
    covers(&[
        rule::CODE_ONCE,
        rule::CODE_OWN_CLIENT,
        rule::CODE_KNOWN,
        rule::CODE_VALIDITY,
        rule::TOKEN_KNOWN,
        rule::TOKEN_COVERS,
    ]);
    let with = |deviation: Deviation| run(&[deviation, deviation.companion().unwrap()]);
    let count = |deviation| tokens(&with(deviation)).len();
    assert_eq!(count(Deviation::CodeHonouredTwice), 16);
    assert_eq!(count(Deviation::OtherClientHonoured), 8);
    assert!(count(Deviation::UnknownCodeHonoured) > 8);
    assert_eq!(count(Deviation::CodeLivesLonger), 8);
    for deviation in [Deviation::UnknownTokenHonoured, Deviation::TokenBeyondScope] {
        let crank = with(deviation);
        let fhir = |response: &&Response| matches!(response, Response::Fhir(_));
        assert_eq!(responses(&crank, ZA).filter(fhir).count(), 8, "{deviation}");
    }
}

#[test]
fn deviants_that_skip_a_step_do_not_take_it() {
    covers(&[rule::CONSENT_FIRST, rule::IDENTITY_FIRST, rule::STEP_AVAILABILITY, rule::AGE_LIMIT]);
    let crank = run(&[Deviation::ConsentSkipped]);
    let question = |response: &&Response| {
        matches!(response, Response::Page { page: Page::ConsentQuestion { .. }, .. })
    };
    assert_eq!(responses(&crank, ZA).filter(question).count(), 0);
    assert_eq!(tokens(&crank).len(), 8);
    let crank = run(&[Deviation::AvailabilitySkipped]);
    let asks = |request: &&Request| matches!(request, Request::CheckAvailability(_));
    assert_eq!(crank.record.requests(ZA).filter(asks).count(), 0);
    assert_eq!(tokens(&crank).len(), 8);
    let crank = run(&[Deviation::LoginAfterConsent]);
    let first = responses(&crank, ZA)
        .find(|response| matches!(response, Response::Page { .. } | Response::Redirect { .. }));
    assert!(first.as_ref().is_some_and(question));
    assert_eq!(tokens(&crank).len(), 8);
    assert_eq!(tokens(&run(&[Deviation::UnderAgeServed])).len(), 8);
}

#[test]
fn deviants_that_leak_or_mix_up_do_so_in_their_answers() {
    covers(&[rule::NO_IDENTITY_BETWEEN, rule::NO_CROSS_READ, rule::CONSENT_WORDS, rule::STEP_CODE]);
    let crank = run(&[Deviation::BsnInAnswer]);
    let leaks =
        |response: &&Response| matches!(response, Response::Fhir(answer) if answer.bsn.is_some());
    assert_eq!(responses(&crank, ZA).filter(leaks).count(), 8);
    let crank = run(&[Deviation::OtherPersonServed]);
    let bsns: Vec<u32> = crank
        .record
        .requests(ZA)
        .filter_map(|request| match request {
            Request::FetchDossier { subject, .. } => Some(subject.bsn.0.0),
            _ => None,
        })
        .collect();
    assert_eq!(bsns, [1, 2, 3, 4, 5, 6, 7, 8]);
    let crank = run(&[Deviation::StateAltered]);
    assert!(crank.record.refusals(PGO).contains(&rule::STATE_BOUND));
    let crank = run(&[Deviation::DeliveryMistold]);
    let told = Page::Told(Exception::Token);
    assert!(crank.record.pages(HostId::visitor(0)).contains(&told));
}

#[test]
fn digid_that_answers_for_an_artifact_twice_says_success_twice() {
    covers(&[rule::ARTIFACT_ONCE]);
    let crank = run(&[Deviation::ArtifactHonouredTwice, Deviation::ArtifactResolvedTwice]);
    let successes = responses(&crank, DIGID).filter(|response| {
        matches!(response, Response::ArtifactResponse(assertion) if assertion.status == SamlStatus::Success)
    });
    assert_eq!(successes.count(), 16);
}

#[test]
fn deviants_at_the_door_admit_whom_honest_ones_refuse() {
    covers(&[
        rule::OCSP_AT_HANDSHAKE,
        rule::OCSP_FRESH,
        rule::PKIO_CERTIFICATE,
        rule::WHITELIST_AT_HANDSHAKE,
        rule::WHITELIST_OF_ASKED,
    ]);
    let admitted = |crank: &Crank<Silent>, by: HostId| {
        let verdict = |record: &&Record| match record {
            Record::Verdict { host, admitted, .. } => *host == by && *admitted,
            _ => false,
        };
        crank.record.all().iter().filter(verdict).count()
    };
    for (deviation, role) in [
        (Deviation::OcspIgnored, Role::Za),
        (Deviation::OcspIgnored, Role::Stelselnode),
        (Deviation::ExpiredCertificateAccepted, Role::Za),
        (Deviation::ExpiredCertificateAccepted, Role::Pgo),
        (Deviation::WhitelistIgnored, Role::Za),
        (Deviation::WhitelistIgnored, Role::Stelselnode),
        (Deviation::WhitelistOfAskedIgnored, Role::Pgo),
    ] {
        let host = host_of(role).unwrap();
        let deviant = admitted(&run_as(&[deviation], deviation, role).1, host);
        let honest = admitted(&run_as(&[], deviation, role).1, host);
        assert!(deviant > honest, "{deviation} at {}: {deviant} {honest}", role.name());
    }
    let queries = |crank: &Crank<Silent>| {
        let query = |request: &&Request| **request == Request::OcspQuery(Serial(PGO.0));
        crank.record.requests(ZA).filter(query).count()
    };
    assert_eq!(
        queries(&run_as(&[Deviation::StaleOcspAccepted], Deviation::StaleOcspAccepted, Role::Za).1),
        1
    );
}

#[test]
fn browse_to_a_forged_form_is_honoured_only_by_a_gateway_that_does_not_check() {
    covers(&[rule::OWNER_PRESENT, rule::SESSION_OF_BROWSER, rule::STATE_BOUND]);
    for deviation in
        [Deviation::FormNotChecked, Deviation::RelayStateNotChecked, Deviation::StateNotChecked]
    {
        let companion = deviation.companion().unwrap();
        let stored = |crank: &Crank<Silent>| {
            crank.record.notes(PGO).filter(|note| matches!(note, Note::Stored(_))).count()
        };
        assert_eq!(stored(&run(&[deviation, companion])), 8, "{deviation}");
        assert_eq!(stored(&run(&[companion])), 0, "{companion}");
    }
}

#[test]
fn a_stranger_on_the_whitelist_is_on_every_list_that_is_served() {
    covers(&[rule::WHITELIST_CONTENT]);
    let crank = run(&[Deviation::StrangerListed]);
    let whitelists = responses(&crank, STELSELNODE).filter_map(|response| match response {
        Response::List(list) if list.kind == ListKind::Whitelist => Some(list),
        _ => None,
    });
    let register = Small::default().stelselnode.register;
    for whitelist in whitelists {
        let protocol::register::ListContent::Whitelist(nodes) = &whitelist.content else {
            panic!("a whitelist")
        };
        assert!(nodes.iter().any(|node| !register.takes_part(*node)));
        assert_eq!(whitelist.check(), Ok(()), "nobody can see it from the list itself");
    }
}
