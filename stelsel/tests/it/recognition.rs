//! Whose event is it (semantics 5): the marks in messages tell as much as inheritance does.

use std::collections::BTreeMap;

use protocol::{
    id::{Cookie, ExchangeId, FlowId, NameId, Opaque},
    message::{Browse, Message, Request, Response},
    trace::{Event, Sink, Stamp},
};

use crate::world;

/// Recognises flows as a driver must that has nothing but the wire.
#[derive(Default)]
struct Recogniser {
    marks: BTreeMap<Opaque, FlowId>,
    /// The flow of a browser, by the cookie that a host set in it.
    cookies: BTreeMap<(NameId, Cookie), FlowId>,
    /// What was asked, and whose it was.
    asked: BTreeMap<ExchangeId, (Option<FlowId>, NameId)>,
    flows: u32,
    recognised: u64,
    different: Vec<String>,
}

impl Recogniser {
    /// The flow of a request: a browser that opens the PGO's site begins one.
    fn whose(
        &self,
        stamp: Stamp,
        parent: Option<ExchangeId>,
        envelope: &protocol::message::Envelope,
    ) -> Option<FlowId> {
        let Message::Request(request) = &envelope.message else { return None };
        if matches!(request, Request::Browse(Browse::Open)) {
            return stamp.flow.map(|flow| flow.id);
        }
        let mark = envelope.message.marks().find_map(|mark| self.marks.get(&mark));
        let cookie = || match envelope.from {
            protocol::message::Peer::Browser(Some(cookie)) => {
                self.cookies.get(&(envelope.to, cookie))
            }
            _ => None,
        };
        // What a gateway asks of the systems behind it carries no mark, but serves another request.
        let asked_for = || self.asked.get(&parent?)?.0.as_ref();
        mark.or_else(cookie).or_else(asked_for).copied()
    }

    fn learn(&mut self, flow: Option<FlowId>, message: &Message) {
        let Some(flow) = flow else { return };
        for mark in message.marks() {
            self.marks.insert(mark, flow);
        }
    }
}

impl Sink for Recogniser {
    fn event(&mut self, stamp: Stamp, event: Event<'_>) {
        match event {
            Event::FlowBegan { .. } => self.flows += 1,
            Event::Asked { envelope, parent, .. } => {
                let flow = self.whose(stamp, parent, envelope);
                let is_shared = matches!(
                    &envelope.message,
                    Message::Request(
                        Request::OcspQuery(_) | Request::GetList(_) | Request::Hello(_)
                    )
                );
                if !is_shared && stamp.flow.is_some() {
                    self.recognised += 1;
                    if flow != stamp.flow.map(|flow| flow.id) && self.different.len() < 10 {
                        let kind = envelope.message.kind();
                        self.different.push(format!("{kind:?}: {flow:?}, not {:?}", stamp.flow));
                    }
                }
                self.asked.insert(envelope.exchange, (flow, envelope.to));
                self.learn(flow, &envelope.message);
            }
            Event::Answered { envelope, .. } => {
                let Some((flow, asked_at)) = self.asked.remove(&envelope.exchange) else { return };
                self.learn(flow, &envelope.message);
                if let (
                    Some(flow),
                    Message::Response(
                        Response::Page { set_cookie: Some(cookie), .. }
                        | Response::Redirect { set_cookie: Some(cookie), .. },
                    ),
                ) = (flow, &envelope.message)
                {
                    self.cookies.insert((asked_at, *cookie), flow);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_marks_in_messages_tell_whose_they_are_as_inheritance_does() {
    let scenario = r#"
horizon = "3h"
warm_up = "0s"
replications = 1
seed = 3
[arrivals]
rate = "1/s"
[persons]
refuse_consent = 0.05
cancel_login = 0.05
wrong_password = 0.1
go_back = 0.05
reload = 0.05
double_submit = 0.05
consult_dossier = 0.3
retry = { probability = 0.5, after = "exp(mean=5min)" }
"#;
    let study = world::study(world::TOPOLOGY, scenario, &[]);
    let seen = world::watch(&study, Recogniser::default());
    assert!(seen.flows > 10_000, "{} flows", seen.flows);
    assert!(seen.recognised > 100_000, "{} messages", seen.recognised);
    assert_eq!(seen.different, [""; 0]);
}
