//! Whose flow is it? In a twin nobody says, so it is recognised by the values that tie messages together (semantics 5).
//!
//! Keeps marks and flows in bounded memory. Emits nothing (`serve` does).

use std::collections::{HashMap, VecDeque};

use protocol::{
    id::{Cookie, FlowId, HostId, Opaque},
    message::Message,
    time::{Duration, Instant},
    trace::FlowRef,
};

/// How many marks are kept; the oldest go first.
const MOST_MARKS: usize = 1_000_000;

/// A flow from which nothing was heard for so long is over: its person is gone.
pub(crate) const SILENT: Duration = Duration::from_secs(30 * 60);

/// So long after its end no exchange of a flow is open any more, and its place is free.
const SETTLED: Duration = Duration::from_secs(180);

/// A value that belongs to one flow.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Mark {
    Value(Opaque),
    Cookie(HostId, Cookie),
}

/// The flows of people who are no actors: somebody behind a real browser.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    marks: HashMap<Mark, FlowRef>,
    order: VecDeque<Mark>,
    in_progress: Vec<Option<InProgress>>,
    freed: VecDeque<(Instant, u32)>,
    arrivals: u32,
}

/// A flow in progress.
#[derive(Clone, Copy, Debug)]
struct InProgress {
    flow: FlowRef,
    heard: Instant,
}

impl Flows {
    /// The flow that a message belongs to, at a host that has this cookie in the browser.
    pub fn find(&self, host: HostId, cookie: Option<Cookie>, message: &Message) -> Option<FlowRef> {
        let by_value = message.marks().find_map(|value| self.marks.get(&Mark::Value(value)));
        let by_cookie = || self.marks.get(&Mark::Cookie(host, cookie?));
        by_value.or_else(by_cookie).copied().filter(|flow| self.goes_on(*flow))
    }

    /// From now on these marks are of that flow.
    pub fn learn(
        &mut self,
        flow: FlowRef,
        host: HostId,
        cookie: Option<Cookie>,
        message: &Message,
        now: Instant,
    ) {
        if let Some(Some(found)) = self.in_progress.get_mut(flow.place as usize)
            && found.flow == flow
        {
            found.heard = now;
        }
        let cookie = cookie.map(|cookie| Mark::Cookie(host, cookie));
        for mark in message.marks().map(Mark::Value).chain(cookie) {
            if self.marks.insert(mark, flow).is_none() {
                self.order.push_back(mark);
            }
        }
        while self.order.len() > MOST_MARKS {
            if let Some(oldest) = self.order.pop_front() {
                self.marks.remove(&oldest);
            }
        }
    }

    /// A flow of somebody behind a real browser begins. Gives its visitor too.
    pub fn begin(&mut self, now: Instant) -> (HostId, FlowRef) {
        self.arrivals = self.arrivals.wrapping_add(1);
        // Far from the numbers of a scenario's people.
        let flow = self.begin_as(FlowId { arrival: 1 << 31 | self.arrivals, attempt: 1 }, now);
        (visitor(flow), flow)
    }

    /// That flow begins.
    pub fn begin_as(&mut self, id: FlowId, now: Instant) -> FlowRef {
        let free = self.freed.front().filter(|(ended, _)| now.since(*ended) >= SETTLED).copied();
        let place = match free {
            Some((_, place)) => {
                self.freed.pop_front();
                place
            }
            None => {
                self.in_progress.push(None);
                self.in_progress.len() as u32 - 1
            }
        };
        let flow = FlowRef { place, id };
        self.in_progress[place as usize] = Some(InProgress { flow, heard: now });
        flow
    }

    /// A flow is over; says whether it was not so before.
    pub fn end(&mut self, flow: FlowRef, now: Instant) -> bool {
        let goes_on = self.goes_on(flow);
        if goes_on {
            self.in_progress[flow.place as usize] = None;
            self.freed.push_back((now, flow.place));
        }
        goes_on
    }

    /// Flows from which nothing was heard for long.
    pub fn silent(&self, now: Instant) -> Vec<FlowRef> {
        let silent = |found: &&InProgress| now.since(found.heard) >= SILENT;
        self.in_progress.iter().flatten().filter(silent).map(|found| found.flow).collect()
    }

    fn goes_on(&self, flow: FlowRef) -> bool {
        let found = self.in_progress.get(flow.place as usize).copied().flatten();
        found.is_some_and(|found| found.flow == flow)
    }
}

/// The visitor whose flow it is.
pub(crate) const fn visitor(flow: FlowRef) -> HostId {
    HostId::visitor(flow.place)
}

#[cfg(test)]
mod tests {
    use protocol::message::{Browse, Request};

    use super::*;

    fn callback(code: u128, state: u128) -> Message {
        let (code, state) = (Opaque(code), Opaque(state));
        Message::Request(Request::Browse(Browse::Callback { code, state }))
    }

    #[test]
    fn a_flow_is_known_again_by_any_of_its_marks_until_it_is_over() {
        let mut flows = Flows::default();
        let now = Instant::START;
        let (_, flow) = flows.begin(now);
        let cookie = Some(Cookie { place: 1, tag: 2 });
        flows.learn(flow, HostId(3), cookie, &callback(1, 2), now);
        assert_eq!(flows.find(HostId(9), None, &callback(7, 2)), Some(flow));
        let open = Message::Request(Request::Browse(Browse::Open));
        assert_eq!(flows.find(HostId(3), cookie, &open), Some(flow));
        // The same cookie at another host is another cookie.
        assert_eq!(flows.find(HostId(4), cookie, &open), None);
        assert!(flows.end(flow, now));
        assert!(!flows.end(flow, now));
        assert_eq!(flows.find(HostId(9), None, &callback(7, 2)), None);
    }

    #[test]
    fn a_place_is_used_again_when_all_of_its_flow_is_gone() {
        let mut flows = Flows::default();
        let (_, first) = flows.begin(Instant::START);
        flows.end(first, Instant::START);
        let (_, second) = flows.begin(Instant::START);
        assert_ne!(first.place, second.place);
        let (_, third) = flows.begin(Instant::START + SETTLED);
        assert_eq!(first.place, third.place);
        assert_ne!(first.id, third.id);
        assert_eq!(flows.silent(Instant::START + SILENT), [second]);
    }
}
