//! What the console serves: the page, JSON, its description, and metrics.
//!
//! Only whoever asks by an address of this machine is answered, so that no page of another site can steer a twin
//! through a browser.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use utoipa::openapi::{InfoBuilder, OpenApiBuilder};
use utoipa_axum::{router::OpenApiRouter, routes};
use watch::rules::Finding;

use super::{
    bytes::Passed,
    checks::{CheckNow, CheckOrder, NotBegun},
    control::Control,
    metrics, page,
    view::{
        Change, Fault, FaultNow, Flow, Host, Overview, RuleNow, WholeFlow, Wrong, seconds, told,
    },
};
use crate::{diagram, diagram::FlowName, problem::Problems};

type Shared = State<Arc<Control>>;

/// Everything that is served.
pub(super) fn router(control: Arc<Control>, address: SocketAddr) -> Router {
    let info = InfoBuilder::new()
        .title("stelsel: the console of a twin")
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    let (router, api) = OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(overview))
        .routes(routes!(hosts))
        .routes(routes!(flows))
        .routes(routes!(flow))
        .routes(routes!(diagram))
        .routes(routes!(apart))
        .routes(routes!(rules))
        .routes(routes!(faults, begin_fault))
        .routes(routes!(end_fault))
        .routes(routes!(make_change))
        .routes(routes!(check_now, begin_check, stop_check))
        .split_for_parts();
    router
        .route("/", get(front))
        .route("/page.js", get(script))
        .route("/metrics", get(scrape))
        .route("/openapi.json", get(move || std::future::ready(Json(api.clone()))))
        .fallback(nothing)
        .layer(middleware::from_fn(move |request, next| near(address, request, next)))
        .with_state(control)
}

/// A name of another's could lead here; an address or `localhost` is what somebody on this machine types.
async fn near(address: SocketAddr, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let is_near = host.is_some_and(|host| {
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        let host = host.trim_matches(['[', ']']);
        host == "localhost"
            || host.parse().is_ok_and(|ip: std::net::IpAddr| {
                ip == address.ip() || address.ip().is_unspecified() || ip.is_loopback()
            })
    });
    if is_near {
        return next.run(request).await;
    }
    let text = format!("the console answers by its address only: http://{address}/\n");
    (StatusCode::FORBIDDEN, text).into_response()
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "nothing is served there; /openapi.json says what is\n").into_response()
}

async fn front(State(control): Shared) -> Html<String> {
    Html(page::page(&control.topology.name))
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], page::SCRIPT).into_response()
}

async fn scrape(State(control): Shared) -> Response {
    let text = control.world.look(|ear| {
        let verdicts = ear.verdicts();
        ear.live().map(|live| metrics::text(live, &verdicts)).unwrap_or_default()
    });
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// The twin at a glance.
#[utoipa::path(get, path = "/api/overview", responses((status = OK, body = Overview)))]
async fn overview(State(control): Shared) -> Json<Option<Overview>> {
    let now_s = seconds(control.world.now());
    Json(control.world.look(|ear| {
        let verdicts = ear.verdicts();
        let count = |finding| verdicts.iter().filter(|one| one.finding() == finding).count();
        let live = ear.live()?;
        let outcomes = live.outcomes.iter();
        Some(Overview {
            network: control.topology.name.clone(),
            release: control.topology.release.name().to_owned(),
            now_s,
            flows_begun: live.begun,
            flows_in_progress: live.going.len(),
            outcomes: outcomes.map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            rules_kept: count(Finding::Kept),
            rules_broken: count(Finding::Broken),
            rules_not_arisen: count(Finding::DidNotArise),
        })
    }))
}

/// Every host, as it stands now.
#[utoipa::path(get, path = "/api/hosts", responses((status = OK, body = [Host])))]
async fn hosts(State(control): Shared) -> Json<Vec<Host>> {
    Json(control.world.look(|ear| ear.live().map(Host::all).unwrap_or_default()))
}

/// Flows in progress and the latest that ended, the latest first.
#[utoipa::path(get, path = "/api/flows", responses((status = OK, body = [Flow])))]
async fn flows(State(control): Shared) -> Json<Vec<Flow>> {
    Json(control.world.look(|ear| {
        let Some(live) = ear.live() else { return Vec::new() };
        let mut all: Vec<Flow> =
            live.going.values().chain(&live.ended).map(|flow| Flow::of(flow, live)).collect();
        all.sort_by(|one, other| other.began_s.total_cmp(&one.began_s));
        all
    }))
}

/// One flow with every message, decoded and as bytes.
#[utoipa::path(
    get,
    path = "/api/flows/{id}",
    params(("id" = String, Path, description = "Arrival and attempt: 17.1")),
    responses((status = OK, body = WholeFlow), (status = NOT_FOUND, body = Wrong))
)]
async fn flow(State(control): Shared, Path(id): Path<String>) -> Response {
    let found = FlowName::parse(&id).ok().and_then(|name| {
        control.world.look(|ear| {
            let live = ear.live()?;
            let flow = live.flow(name.arrival, name.attempt)?;
            Some(WholeFlow {
                flow: Flow::of(flow, live),
                messages: told(&flow.trace),
                bytes: flow.bytes.clone(),
            })
        })
    });
    found.map_or_else(|| unknown(&id), |found| Json(found).into_response())
}

/// One flow as a sequence diagram in text.
#[utoipa::path(
    get,
    path = "/api/flows/{id}/diagram",
    params(("id" = String, Path, description = "Arrival and attempt: 17.1")),
    responses((status = OK, body = String), (status = NOT_FOUND, body = Wrong))
)]
async fn diagram(State(control): Shared, Path(id): Path<String>) -> Response {
    let found = FlowName::parse(&id).ok().and_then(|name| {
        let flow = |ear: &mut crate::run::wall::Ear| {
            Some(ear.live()?.flow(name.arrival, name.attempt)?.trace.clone())
        };
        control.world.look(flow)
    });
    found.map_or_else(|| unknown(&id), |trace| diagram::text(&trace).into_response())
}

fn unknown(id: &str) -> Response {
    let problems =
        vec![format!("{id}: no flow of that name is kept; /api/flows has those that are")];
    (StatusCode::NOT_FOUND, Json(Wrong { problems })).into_response()
}

/// The latest exchanges that belong to no flow: lists, OCSP, and what could not be understood.
#[utoipa::path(get, path = "/api/exchanges", responses((status = OK, body = [Passed])))]
async fn apart(State(control): Shared) -> Json<Vec<Passed>> {
    let latest = |ear: &mut crate::run::wall::Ear| {
        ear.live().map(|live| live.apart.iter().rev().cloned().collect()).unwrap_or_default()
    };
    Json(control.world.look(latest))
}

/// Every rule that is judged.
#[utoipa::path(get, path = "/api/rules", responses((status = OK, body = [RuleNow])))]
async fn rules(State(control): Shared) -> Json<Vec<RuleNow>> {
    Json(control.world.look(|ear| {
        let verdicts = ear.verdicts();
        let Some(live) = ear.live() else { return Vec::new() };
        verdicts.iter().map(|verdict| RuleNow::of(verdict, live)).collect()
    }))
}

/// Faults that go on.
#[utoipa::path(get, path = "/api/faults", responses((status = OK, body = [FaultNow])))]
async fn faults(State(control): Shared) -> Json<Vec<FaultNow>> {
    Json(control.faults())
}

/// Has a fault begin.
#[utoipa::path(
    post,
    path = "/api/faults",
    request_body = Fault,
    responses((status = CREATED, body = FaultNow), (status = BAD_REQUEST, body = Wrong))
)]
async fn begin_fault(State(control): Shared, Json(fault): Json<Fault>) -> Response {
    match control.begin(fault) {
        Ok(began) => (StatusCode::CREATED, Json(began)).into_response(),
        Err(problems) => wrong(&problems),
    }
}

/// Ends a fault.
#[utoipa::path(
    delete,
    path = "/api/faults/{id}",
    params(("id" = usize, Path, description = "The number of the fault")),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Wrong))
)]
async fn end_fault(State(control): Shared, Path(id): Path<usize>) -> Response {
    if control.end(id) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let problems = vec![format!("{id}: no fault of that number goes on")];
    (StatusCode::NOT_FOUND, Json(Wrong { problems })).into_response()
}

/// Changes the register, or has lists published or fetched.
#[utoipa::path(
    post,
    path = "/api/changes",
    request_body = Change,
    responses((status = NO_CONTENT), (status = BAD_REQUEST, body = Wrong))
)]
async fn make_change(State(control): Shared, Json(change): Json<Change>) -> Response {
    match control.change(&change) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problems) => wrong(&problems),
    }
}

/// The latest check of the gateway that somebody else plays.
#[utoipa::path(
    get,
    path = "/api/checks",
    responses((status = OK, body = CheckNow), (status = NOT_FOUND, body = Wrong))
)]
async fn check_now(State(control): Shared) -> Response {
    match control.checks.now() {
        Some(now) => Json(now).into_response(),
        None => {
            let problems = vec!["no check was made in this twin".to_owned()];
            (StatusCode::NOT_FOUND, Json(Wrong { problems })).into_response()
        }
    }
}

/// Has the gateway that somebody else plays be checked. Meanwhile hosts of this twin misbehave, as the probes want.
#[utoipa::path(
    post,
    path = "/api/checks",
    request_body = CheckOrder,
    responses(
        (status = ACCEPTED), (status = BAD_REQUEST, body = Wrong), (status = CONFLICT, body = Wrong)
    )
)]
async fn begin_check(State(control): Shared, Json(order): Json<CheckOrder>) -> Response {
    match control.checks.begin(&control.world, &order) {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(NotBegun::Wrong(problem)) => wrong(&problem.into()),
        Err(NotBegun::Busy) => {
            let problems = vec!["another check goes on in this twin".to_owned()];
            (StatusCode::CONFLICT, Json(Wrong { problems })).into_response()
        }
    }
}

/// Ends the check that goes on, after its probe.
#[utoipa::path(delete, path = "/api/checks", responses((status = NO_CONTENT)))]
async fn stop_check(State(control): Shared) -> StatusCode {
    control.checks.stop();
    StatusCode::NO_CONTENT
}

fn wrong(problems: &Problems) -> Response {
    let problems = problems.0.iter().map(ToString::to_string).collect();
    (StatusCode::BAD_REQUEST, Json(Wrong { problems })).into_response()
}
