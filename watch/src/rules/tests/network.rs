//! Handshakes, lists and the register.

use std::sync::Arc;

use protocol::{
    contract::Failure,
    id::{HostId, NameId, Serial},
    message::{CertStatus, Certificate, Page, Peer, Request, Response, Side},
    names::OrganisationId,
    register::{Change, ListContent, ListKind, ListVersion, OauthClient, Offer, Zal},
    rule::{self, covers},
    time::{Duration, WallTime},
    trace::HostChange,
};

use super::{a_host_of_nobody, breaks, hours_pass, verdicts};
use crate::rules::{
    Finding,
    script::{DIGID, GP, HOSPITAL, HOUR, LAB, OTHER_PGO, OTHER_ZA, PGO, STELSELNODE, Script, ZA},
};

const MINUTE: Duration = Duration::from_secs(60);

/// What a host shows that nobody listed.
fn certificate(script: &Script, host: HostId) -> Certificate {
    Certificate {
        serial: script.directory.hosts[host.place()].serial.unwrap(),
        subject: script.name(host, true),
        not_after: WallTime::FAR_FUTURE,
        trusted_chain: true,
    }
}

/// The ZA GW admits a PGO GW.
fn admits(script: &mut Script) {
    let shown = Certificate { not_after: script.not_after, ..certificate(script, PGO) };
    script.meet(None, ZA, PGO, Side::Answerer, shown, true);
}

/// A list of that kind with that content, as the stelselnode serves it from now on.
fn serves(script: &mut Script, number: u32, content: ListContent) {
    let kind = match content {
        ListContent::Zal(_) => ListKind::Zal,
        ListContent::Whitelist(_) => ListKind::Whitelist,
        ListContent::OauthClients(_) => ListKind::OauthClients,
        ListContent::Gegevensdiensten(_) => ListKind::Gegevensdiensten,
    };
    let list = ListVersion { content, ..(*script.publish(kind, number)).clone() };
    script.fetch_list(OTHER_PGO, &Arc::new(list));
}

#[test]
fn a_host_that_is_admitted_without_asking_for_its_status_breaks_the_rule() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let mut script = Script::new();
    admits(&mut script);
    script.events.retain(|(_, told)| {
        use crate::rules::script::Told;
        !matches!(told, Told::Asked { .. } | Told::Arrived { .. } | Told::Answered { .. })
    });
    breaks(&script, &[rule::OCSP_AT_HANDSHAKE]);
}

#[test]
fn a_host_whose_certificate_is_revoked_must_not_be_admitted() {
    covers(&[rule::OCSP_AT_HANDSHAKE]);
    let mut script = Script::new();
    admits(&mut script);
    script.wait(MINUTE);
    script.ocsp.status = CertStatus::Revoked;
    let shown = certificate(&script, PGO);
    script.meet(None, ZA, PGO, Side::Answerer, shown, false);
    breaks(&script, &[]);
    script.wait(Duration::from_millis(1));
    // The answer came during the handshake: it may have been too late for this one, not for the next.
    script.meet(None, ZA, PGO, Side::Answerer, shown, true);
    breaks(&script, &[rule::OCSP_AT_HANDSHAKE]);
}

#[test]
fn an_answer_that_was_good_may_be_kept_for_as_long_as_it_says() {
    covers(&[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH]);
    let later = |time: Duration| {
        let mut script = Script::new();
        admits(&mut script);
        script.wait(time);
        let kept = script.events.len();
        admits(&mut script);
        let mut place = 0;
        script.events.retain(|(_, told)| {
            use crate::rules::script::Told;
            place += 1;
            place <= kept || matches!(told, Told::Handshake { .. } | Told::Verdict { .. })
        });
        script
    };
    breaks(&later(MINUTE), &[]);
    breaks(&later(HOUR), &[rule::OCSP_FRESH]);
}

#[test]
fn an_answer_that_is_out_of_time_unsigned_or_another_s_does_not_count() {
    covers(&[rule::OCSP_FRESH]);
    let changed = |change: fn(&mut Script)| {
        let mut script = Script::new();
        change(&mut script);
        admits(&mut script);
        script
    };
    breaks(
        &changed(|script| script.ocsp.next_update = WallTime::from_nanos(-1)),
        &[rule::OCSP_FRESH],
    );
    let tomorrow = WallTime::from_nanos(86_400_000_000_000);
    let early = changed(move |script| {
        script.ocsp.this_update = WallTime::from_nanos(86_400_000_000_000);
        script.ocsp.next_update = WallTime::from_nanos(2 * 86_400_000_000_000);
    });
    assert_eq!(early.ocsp.this_update, tomorrow);
    breaks(&early, &[rule::OCSP_FRESH]);
    breaks(&changed(|script| script.ocsp.signed = false), &[rule::OCSP_FRESH]);
    let others = changed(|script| {
        script.twist(|envelope| {
            if let protocol::message::Message::Response(Response::Ocsp(answer)) =
                &mut envelope.message
            {
                answer.serial = Serial(999);
            }
        });
    });
    breaks(&others, &[rule::OCSP_FRESH]);
}

#[test]
fn an_answer_that_is_stapled_counts_like_one_that_was_asked_for() {
    covers(&[rule::OCSP_AT_HANDSHAKE, rule::OCSP_FRESH]);
    let mut script = Script::new();
    script.stapled = true;
    script.verzamelen(1);
    breaks(&script, &[]);
    // One that is stale takes nothing from one that is kept and still good.
    script.ocsp.next_update = WallTime::from_nanos(-1);
    admits(&mut script);
    breaks(&script, &[]);
    let mut script = Script::new();
    script.stapled = true;
    script.ocsp.next_update = WallTime::from_nanos(-1);
    admits(&mut script);
    breaks(&script, &[rule::OCSP_FRESH]);
}

#[test]
fn answers_that_begin_after_they_came_take_nothing_from_one_that_is_kept() {
    covers(&[rule::OCSP_FRESH]);
    let half_a_second = Duration::from_millis(500);
    let set_back = |kept: bool| {
        let mut script = Script::new();
        if kept {
            admits(&mut script);
        }
        // The gateway's clock goes back by a second. By that clock all answers of now begin in a second, and the
        // one that it kept from before begins in a moment.
        script.wait(half_a_second);
        script.befalls(ZA, HostChange::Skewed(-1_000_000_000));
        for _ in 0..3 {
            script.meet(None, ZA, PGO, Side::Answerer, certificate(&script, PGO), false);
        }
        script.wait(half_a_second + Duration::from_millis(200));
        let asked = script.events.len();
        admits(&mut script);
        let mut place = 0;
        script.events.retain(|(_, told)| {
            use crate::rules::script::Told;
            place += 1;
            place <= asked || matches!(told, Told::Handshake { .. } | Told::Verdict { .. })
        });
        script
    };
    breaks(&set_back(true), &[]);
    breaks(&set_back(false), &[rule::OCSP_FRESH]);
}

#[test]
fn an_answer_that_waits_until_the_clock_is_right_counts_by_the_clock_that_is_looked_at() {
    covers(&[rule::OCSP_FRESH]);
    let admitted_by_what_came = |skew: i64, set_right: bool| {
        let mut script = Script::new();
        script.wait(MINUTE);
        script.befalls(ZA, HostChange::Skewed(skew));
        let serial = certificate(&script, PGO).serial;
        script.ask_status(None, ZA, serial);
        if set_right {
            script.befalls(ZA, HostChange::Skewed(0));
        }
        script.wait(MINUTE);
        let asked = script.events.len();
        admits(&mut script);
        let mut place = 0;
        script.events.retain(|(_, told)| {
            use crate::rules::script::Told;
            place += 1;
            place <= asked || matches!(told, Told::Handshake { .. } | Told::Verdict { .. })
        });
        script
    };
    for two_hours in [7_200_000_000_000, -7_200_000_000_000] {
        breaks(&admitted_by_what_came(two_hours, true), &[]);
        breaks(&admitted_by_what_came(two_hours, false), &[rule::OCSP_FRESH]);
    }
}

#[test]
fn times_are_judged_by_the_clock_of_the_host_that_judges_them() {
    covers(&[rule::OCSP_FRESH, rule::PKIO_CERTIFICATE]);
    let skewed = |hours: i64| {
        let mut script = Script::new();
        script.befalls(ZA, HostChange::Skewed(hours * 3_600_000_000_000));
        script.wait(MINUTE);
        admits(&mut script);
        script
    };
    // By a clock that is two hours fast, an answer for an hour is over.
    breaks(&skewed(2), &[rule::OCSP_FRESH]);
    breaks(&skewed(0), &[]);
    let mut script = Script::new();
    script.befalls(ZA, HostChange::Skewed(-7_200_000_000_000));
    script.wait(HOUR);
    script.not_after = WallTime::from_nanos(script.now.as_nanos() as i64 - 1);
    script.ocsp.this_update = WallTime::from_nanos(-2 * 7_200_000_000_000);
    admits(&mut script);
    breaks(&script, &[]);
}

#[test]
fn a_certificate_past_its_end_or_of_another_authority_must_not_be_admitted() {
    covers(&[rule::PKIO_CERTIFICATE]);
    let mut script = Script::new();
    script.not_after = WallTime::from_nanos(script.now.as_nanos() as i64 - 1);
    admits(&mut script);
    breaks(&script, &[rule::PKIO_CERTIFICATE]);
    let mut script = Script::new();
    let shown = Certificate { trusted_chain: false, ..certificate(&script, PGO) };
    script.meet(None, ZA, PGO, Side::Answerer, shown, true);
    breaks(&script, &[rule::PKIO_CERTIFICATE]);
}

#[test]
fn a_host_that_is_on_no_whitelist_must_not_be_admitted_by_the_one_that_is_sought() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE]);
    let mut script = Script::new();
    let stranger = Certificate { subject: a_host_of_nobody(&script), ..certificate(&script, PGO) };
    script.meet(None, ZA, OTHER_PGO, Side::Answerer, stranger, true);
    breaks(&script, &[rule::WHITELIST_AT_HANDSHAKE]);
    let mut script = Script::new();
    script.meet(None, STELSELNODE, OTHER_PGO, Side::Answerer, stranger, true);
    breaks(&script, &[rule::WHITELIST_AT_HANDSHAKE]);
    let mut script = Script::new();
    script.meet(None, ZA, OTHER_PGO, Side::Answerer, stranger, false);
    breaks(&script, &[]);
}

#[test]
fn a_gateway_that_is_on_no_whitelist_must_not_be_sought() {
    covers(&[rule::WHITELIST_OF_ASKED]);
    let mut script = Script::new();
    let stranger = Certificate { subject: a_host_of_nobody(&script), ..certificate(&script, ZA) };
    script.meet(None, PGO, ZA, Side::Asker, stranger, true);
    breaks(&script, &[rule::WHITELIST_OF_ASKED]);
    // DigiD and the stelselnode are on no list: their names are configured.
    let mut script = Script::new();
    let shown = certificate(&script, DIGID);
    script.meet(None, ZA, DIGID, Side::Asker, shown, true);
    breaks(&script, &[]);
}

/// The other PGO GW is removed, and that reaches the ZA GW.
fn removed(script: &mut Script) {
    script.change(Change::RemoveGateway(script.name(OTHER_PGO, true)));
    script.wait(MINUTE.saturating_mul(10));
    let list = script.publish(ListKind::Whitelist, 2);
    script.fetch_list(ZA, &list);
}

#[test]
fn a_gateway_that_was_removed_may_be_admitted_until_the_list_that_says_so_is_in_use() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE]);
    let admitted_after = |wait: Duration| {
        let mut script = Script::new();
        removed(&mut script);
        script.wait(wait);
        let shown = certificate(&script, OTHER_PGO);
        script.meet(None, ZA, OTHER_PGO, Side::Answerer, shown, true);
        script
    };
    // The list arrived, but a worker may still be busy with what came before.
    breaks(&admitted_after(Duration::from_millis(1)), &[]);
    breaks(&admitted_after(MINUTE), &[rule::WHITELIST_AT_HANDSHAKE]);
}

#[test]
fn a_newcomer_may_be_refused_until_it_is_listed() {
    covers(&[rule::WHITELIST_AT_HANDSHAKE]);
    let mut script = Script::new();
    removed(&mut script);
    script.wait(MINUTE);
    script.change(Change::AddGateway(script.name(OTHER_PGO, true)));
    let shown = certificate(&script, OTHER_PGO);
    script.meet(None, ZA, OTHER_PGO, Side::Answerer, shown, false);
    script.meet(None, STELSELNODE, OTHER_PGO, Side::Answerer, shown, true);
    breaks(&script, &[]);
}

#[test]
fn a_whitelist_that_is_not_valid_must_let_nobody_in_and_keep_nobody_out() {
    covers(&[rule::WHITELIST_VALIDATED]);
    let mut script = Script::new();
    let stranger = a_host_of_nobody(&script);
    let invalid = |script: &Script, nodes: Vec<NameId>| {
        let list = ListVersion {
            content: ListContent::Whitelist(nodes),
            fits_schema: false,
            ..(*script.publish(ListKind::Whitelist, 2)).clone()
        };
        Arc::new(list)
    };
    let list = invalid(&script, vec![stranger]);
    script.fetch_list(ZA, &list);
    script.wait(MINUTE);
    let shown = Certificate { subject: stranger, ..certificate(&script, PGO) };
    script.meet(None, ZA, PGO, Side::Answerer, shown, true);
    let published = [rule::WHITELIST_CONTENT, rule::GATEWAY_REGISTERED];
    breaks(&script, &[rule::WHITELIST_VALIDATED, published[0], published[1]]);

    let mut script = Script::new();
    let list = invalid(&script, vec![]);
    script.fetch_list(ZA, &list);
    script.wait(MINUTE);
    let shown = certificate(&script, PGO);
    script.meet(None, ZA, PGO, Side::Answerer, shown, false);
    breaks(&script, &[rule::WHITELIST_VALIDATED, rule::WHITELIST_CONTENT]);
}

#[test]
fn a_gateway_that_does_not_ask_for_the_whitelist_within_the_hour_breaks_the_rule() {
    covers(&[rule::WHITELIST_PULLED]);
    let mut script = Script::new();
    hours_pass(&mut script, 3, &mut 2);
    script.end();
    breaks(&script, &[]);
    script.events.retain(|(_, told)| {
        use crate::rules::script::Told;
        !matches!(told, Told::Asked { from, envelope, .. } if *from == PGO
            && envelope.message.kind() == protocol::message::Kind::GetList)
    });
    breaks(&script, &[rule::WHITELIST_PULLED]);
}

#[test]
fn a_gateway_that_was_down_has_its_hour_when_it_is_up_again() {
    covers(&[rule::WHITELIST_PULLED]);
    let mut script = Script::new();
    hours_pass(&mut script, 1, &mut 2);
    for host in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
        script.befalls(host, HostChange::Down);
    }
    script.wait(MINUTE.saturating_mul(5));
    script.wait(HOUR);
    for host in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
        script.befalls(host, HostChange::Up);
    }
    hours_pass(&mut script, 1, &mut 2);
    script.end();
    breaks(&script, &[]);
}

#[test]
fn a_gateway_that_joins_owes_its_requests_from_then_on() {
    covers(&[rule::WHITELIST_PULLED]);
    let mut script = Script::new();
    script.change(Change::RemoveGateway(script.name(OTHER_PGO, true)));
    for hour in 0..3 {
        for gateway in [PGO, ZA, OTHER_ZA] {
            let list = script.publish(ListKind::Whitelist, 2 + hour);
            script.fetch_list(gateway, &list);
        }
        script.wait(HOUR.saturating_sub(MINUTE));
    }
    let left = script.events.len();
    breaks(&script, &[]);
    script.change(Change::AddGateway(script.name(OTHER_PGO, true)));
    script.wait(MINUTE);
    script.end();
    breaks(&script, &[]);
    script.events.truncate(left);
    script.change(Change::AddGateway(script.name(OTHER_PGO, true)));
    script.wait(HOUR);
    script.wait(MINUTE.saturating_mul(2));
    script.end();
    breaks(&script, &[rule::WHITELIST_PULLED]);
}

#[test]
fn a_list_that_is_asked_of_another_host_breaks_the_use_cases_of_the_lists() {
    covers(&[rule::WHITELIST_BY_UCI, rule::UCI_WHITELIST, rule::UCI_ZAL]);
    let mut script = Script::new();
    let exchange = script.ask_back(None, PGO, ZA, None, Request::GetList(ListKind::Whitelist));
    script.answer(exchange, Response::BadRequest);
    breaks(&script, &[rule::WHITELIST_BY_UCI, rule::UCI_WHITELIST]);
    let mut script = Script::new();
    let exchange = script.ask_back(None, PGO, ZA, None, Request::GetList(ListKind::Zal));
    script.answer(exchange, Response::BadRequest);
    breaks(&script, &[rule::UCI_ZAL]);
}

#[test]
fn a_stelselnode_that_serves_an_older_version_breaks_the_use_case() {
    covers(&[rule::UCI_ZAL, rule::UCI_WHITELIST]);
    let older = |kind| {
        let mut script = Script::new();
        let lists = [script.publish(kind, 2), script.publish(kind, 3)];
        script.fetch_list(PGO, &lists[1]);
        script.fetch_list(ZA, &lists[0]);
        script
    };
    breaks(&older(ListKind::Zal), &[rule::UCI_ZAL]);
    breaks(&older(ListKind::Whitelist), &[rule::UCI_WHITELIST]);
}

#[test]
fn a_stelselnode_that_serves_no_list_breaks_the_duty_to_serve_it() {
    covers(&[rule::ZAL_SERVED, rule::WHITELIST_SERVED, rule::NORM_LISTS]);
    let serves_nothing = |kind| {
        let mut script = Script::new();
        let exchange = script.ask_back(None, PGO, STELSELNODE, None, Request::GetList(kind));
        script.answer(exchange, Response::BadRequest);
        script
    };
    breaks(&serves_nothing(ListKind::Zal), &[rule::ZAL_SERVED, rule::NORM_LISTS]);
    breaks(&serves_nothing(ListKind::Whitelist), &[rule::WHITELIST_SERVED, rule::NORM_LISTS]);
}

#[test]
fn a_stelselnode_that_is_away_misses_the_norm_and_no_more() {
    covers(&[rule::NORM_LISTS]);
    let asked = |failure| {
        let mut script = Script::new();
        let exchange =
            script.ask_back(None, PGO, STELSELNODE, None, Request::GetList(ListKind::Zal));
        script.fail(exchange, failure);
        script
    };
    breaks(&asked(Failure::TimedOut), &[rule::NORM_LISTS]);
    // Who is not admitted cannot say that lists are not to be had.
    breaks(&asked(Failure::ClosedByPeer), &[]);
    let mut script = Script::new();
    let exchange = script.ask_back(None, PGO, STELSELNODE, None, Request::GetList(ListKind::Zal));
    script.answer(exchange, Response::Unavailable);
    breaks(&script, &[rule::NORM_LISTS]);
}

#[test]
fn a_list_that_is_served_when_it_is_older_than_a_day_was_not_refreshed() {
    covers(&[rule::ZAL_REFRESHED, rule::WHITELIST_REFRESHED]);
    let served_after = |kind: ListKind, hours: u64| {
        let mut script = Script::new();
        script.handshakes = false;
        for gateway in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
            // None of them is due for the Whitelist: they do not take part in this.
            script.change(Change::RemoveGateway(script.name(gateway, true)));
        }
        script.wait(HOUR.saturating_mul(hours));
        let list = script.directory.lists[kind as usize].clone();
        script.fetch_list(PGO, &list);
        script
    };
    breaks(&served_after(ListKind::Zal, 23), &[]);
    breaks(&served_after(ListKind::Whitelist, 23), &[]);
    breaks(&served_after(ListKind::Zal, 25), &[rule::ZAL_REFRESHED]);
    breaks(&served_after(ListKind::Whitelist, 25), &[rule::WHITELIST_REFRESHED]);
}

#[test]
fn a_version_that_came_later_than_a_day_after_the_one_before_is_late_whoever_saw_it_first() {
    covers(&[rule::ZAL_REFRESHED]);
    let mut script = Script::new();
    for host in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
        script.befalls(host, HostChange::Down);
    }
    script.wait(HOUR.saturating_mul(25));
    let list = script.publish(ListKind::Zal, 2);
    script.fetch_list(PGO, &list);
    breaks(&script, &[rule::ZAL_REFRESHED]);
}

#[test]
fn a_version_after_others_that_nobody_asked_for_shows_nothing_of_how_late_they_were() {
    covers(&[rule::ZAL_REFRESHED]);
    let skipping = |versions: u32| {
        let mut script = Script::new();
        for host in [PGO, OTHER_PGO, ZA, OTHER_ZA] {
            script.befalls(host, HostChange::Down);
        }
        script.wait(HOUR.saturating_mul(46));
        let list = script.publish(ListKind::Zal, 2 + versions);
        script.fetch_list(PGO, &list);
        script
    };
    breaks(&skipping(0), &[rule::ZAL_REFRESHED]);
    breaks(&skipping(1), &[]);
    // The newest one is as old as its time says all the same.
    let mut script = skipping(1);
    let list = script.publish(ListKind::Zal, 5);
    script.wait(HOUR.saturating_mul(25));
    script.fetch_list(PGO, &list);
    breaks(&script, &[rule::ZAL_REFRESHED]);
}

#[test]
fn a_stelselnode_that_was_down_or_whose_clock_jumped_is_not_late() {
    covers(&[rule::ZAL_REFRESHED]);
    let mut script = Script::new();
    for host in [PGO, OTHER_PGO, ZA, OTHER_ZA, STELSELNODE] {
        script.befalls(host, HostChange::Down);
    }
    script.wait(HOUR.saturating_mul(25));
    script.befalls(STELSELNODE, HostChange::Up);
    let list = script.publish(ListKind::Zal, 2);
    script.fetch_list(PGO, &list);
    breaks(&script, &[]);
    let mut script = Script::new();
    script.handshakes = false;
    script.befalls(STELSELNODE, HostChange::Skewed(30 * 3_600_000_000_000));
    let list = script.publish(ListKind::Zal, 2);
    script.fetch_list(PGO, &list);
    breaks(&script, &[]);
}

/// The ZAL as it is, with other rows.
fn zal_with(
    script: &Script,
    rows: Vec<(protocol::id::ZorgaanbiederId, Vec<Offer>)>,
) -> ListContent {
    ListContent::Zal(Zal::new(rows, script.register.addresses.clone()))
}

const OF_ZA: Offer = Offer { dienst: LAB, addresses: 0 };
const OF_OTHER_ZA: Offer = Offer { dienst: LAB, addresses: 1 };

#[test]
fn a_zal_that_has_what_the_register_never_had_breaks_its_content() {
    covers(&[rule::ZAL_CONTENT]);
    let mut script = Script::new();
    let content = zal_with(&script, vec![(HOSPITAL, vec![OF_ZA]), (GP, vec![OF_OTHER_ZA])]);
    serves(&mut script, 2, content);
    breaks(&script, &[rule::ZAL_CONTENT]);
}

#[test]
fn a_zal_on_which_a_service_stands_twice_breaks_the_rules_of_the_single_bron() {
    covers(&[rule::ONE_BRON, rule::ONCE_PER_PAIR]);
    let mut script = Script::new();
    let mut offers = script.register.listings[0].offers.clone();
    offers.push(OF_ZA);
    let content = zal_with(&script, vec![(HOSPITAL, offers), (GP, vec![OF_OTHER_ZA])]);
    serves(&mut script, 2, content);
    breaks(&script, &[rule::ONE_BRON, rule::ONCE_PER_PAIR, rule::ZAL_CONTENT]);
}

#[test]
fn a_zal_on_which_a_name_stands_twice_breaks_that_rule() {
    covers(&[rule::NAAM_UNIQUE]);
    let mut script = Script::new();
    let offers = script.register.listings[0].offers.clone();
    let rows = vec![(HOSPITAL, offers.clone()), (HOSPITAL, offers), (GP, vec![OF_OTHER_ZA])];
    let content = zal_with(&script, rows);
    serves(&mut script, 2, content);
    breaks(&script, &[rule::NAAM_UNIQUE, rule::ZAL_CONTENT]);
}

#[test]
fn a_bron_that_offers_nothing_breaks_its_duty() {
    covers(&[rule::BRON_OFFERS_SERVICE]);
    let mut script = Script::new();
    script.change(Change::RemoveProvider(GP));
    script.wait(MINUTE);
    let list = script.publish(ListKind::Zal, 2);
    script.fetch_list(PGO, &list);
    breaks(&script, &[rule::BRON_OFFERS_SERVICE]);
}

#[test]
fn a_zal_that_lacks_a_change_that_was_made_before_it_was_not_updated() {
    covers(&[rule::ZAL_UPDATED]);
    let mut script = Script::new();
    let before = script.register.clone();
    script.change(Change::AddService(0));
    script.wait(MINUTE);
    let list = before.publish(ListKind::Zal, 2, script.wall(STELSELNODE));
    script.fetch_list(PGO, &Arc::new(list));
    breaks(&script, &[rule::ZAL_UPDATED]);
}

#[test]
fn a_zal_of_the_moment_of_a_change_may_have_it_or_not() {
    covers(&[rule::ZAL_UPDATED, rule::ZAL_CONTENT]);
    for with_it in [true, false] {
        let mut script = Script::new();
        let before = script.register.clone();
        script.change(Change::AddService(0));
        let register = if with_it { script.register.clone() } else { before };
        let list = register.publish(ListKind::Zal, 2, script.wall(STELSELNODE));
        script.fetch_list(PGO, &Arc::new(list));
        breaks(&script, &[]);
    }
}

#[test]
fn a_zal_that_keeps_the_offers_of_a_gateway_that_left_breaks_the_end_of_the_association() {
    covers(&[rule::ENDS_WITH_EITHER, rule::ZAL_UPDATED]);
    let mut script = Script::new();
    let before = script.register.clone();
    script.change(Change::RemoveGateway(script.name(OTHER_ZA, true)));
    script.wait(MINUTE);
    let list = before.publish(ListKind::Zal, 2, script.wall(STELSELNODE));
    script.fetch_list(PGO, &Arc::new(list));
    breaks(&script, &[rule::ENDS_WITH_EITHER, rule::ZAL_UPDATED]);
}

#[test]
fn a_whitelist_with_a_host_that_is_no_gateway_breaks_content_and_registration() {
    covers(&[rule::WHITELIST_CONTENT, rule::GATEWAY_REGISTERED]);
    let mut script = Script::new();
    let mut nodes: Vec<NameId> =
        [PGO, OTHER_PGO, ZA, OTHER_ZA, DIGID].map(|host| script.name(host, true)).into();
    nodes.sort();
    serves(&mut script, 2, ListContent::Whitelist(nodes));
    breaks(&script, &[rule::WHITELIST_CONTENT, rule::GATEWAY_REGISTERED]);
}

#[test]
fn a_whitelist_that_keeps_a_gateway_that_left_was_not_updated() {
    covers(&[rule::WHITELIST_UPDATED]);
    let mut script = Script::new();
    let before = script.register.clone();
    script.change(Change::RemoveGateway(script.name(OTHER_PGO, true)));
    script.wait(MINUTE);
    let list = before.publish(ListKind::Whitelist, 2, script.wall(STELSELNODE));
    script.fetch_list(PGO, &Arc::new(list));
    breaks(&script, &[rule::WHITELIST_UPDATED]);
}

#[test]
fn a_client_list_with_another_friendly_name_or_a_dvza_breaks_that_rule() {
    covers(&[rule::FRIENDLY_NAME]);
    let clients = |script: &Script| {
        let list = script.publish(ListKind::OauthClients, 2);
        match &list.content {
            ListContent::OauthClients(clients) => clients.clone(),
            _ => Vec::new(),
        }
    };
    let mut script = Script::new();
    let mut renamed = clients(&script);
    renamed[0].organisation = OrganisationId(3);
    serves(&mut script, 2, ListContent::OauthClients(renamed));
    breaks(&script, &[rule::FRIENDLY_NAME]);
    let mut script = Script::new();
    let mut with_za = clients(&script);
    with_za.push(OauthClient { host: script.name(ZA, true), organisation: OrganisationId(2) });
    serves(&mut script, 2, ListContent::OauthClients(with_za));
    breaks(&script, &[rule::FRIENDLY_NAME]);
}

#[test]
fn a_change_without_an_answer_leaves_the_lists_unjudged() {
    covers(&[rule::ZAL_CONTENT]);
    let mut script = Script::new();
    let to = script.name(STELSELNODE, true);
    let request = Request::ChangeRegister(Change::AddService(0));
    script.ask(None, STELSELNODE, to, Peer::Operator, None, request);
    script.befalls(STELSELNODE, HostChange::Crashed);
    script.wait(MINUTE);
    let content = zal_with(&script, vec![(HOSPITAL, vec![OF_ZA])]);
    serves(&mut script, 2, content);
    let verdict =
        verdicts(&script).into_iter().find(|verdict| verdict.rule == rule::ZAL_CONTENT).unwrap();
    assert_eq!(verdict.finding(), Finding::DidNotArise);
}

#[test]
fn a_name_that_moved_leads_to_its_new_host() {
    covers(&[rule::STEP_OFFER, rule::DIGID_FIRST]);
    let mut script = Script::new();
    let name = script.name(DIGID, false);
    script.tell(None, crate::rules::script::Told::NameMoved { name, to: Some(ZA) });
    let attempt = script.begin(1);
    script.choose(&attempt);
    script.authorize(&attempt);
    let expected = [rule::DIGID_FIRST, rule::STEP_TO_DIGID, rule::COLLECTS_BY_UCI];
    breaks(&script, &expected);
    let exchange = script.browse(&attempt, PGO, protocol::message::Browse::StopFlow);
    script.show(exchange, Page::Stopped);
    breaks(&script, &expected);
}
