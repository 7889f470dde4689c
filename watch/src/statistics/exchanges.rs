//! Exchanges: whether each ends once, how much traffic they are, and how the norms for their answers are
//! kept.
//!
//! A norm is judged at the edge of the gateway that answers: from the arrival of the request there to the
//! leaving of the answer, over all requests that were asked in the window. What got no answer, or HTTP 503,
//! missed it. Beside it stand the share of minutes in which no request missed it, and what the asker saw.
//! What a host asks of itself or its driver is no exchange of the network and is left out.

use protocol::{
    contract::Failure,
    id::{ExchangeId, HostId},
    message::{Channel, Kind},
    release::Norms,
    time::{Duration, Instant},
};

use super::{
    network::Network,
    times::{Precision, Times},
};
use crate::directory::Window;

/// Every exchange of a run, added up.
#[derive(Clone, Debug)]
pub struct Exchanges {
    asks: Vec<Ask>,
    /// Conservation.
    pub totals: Totals,
    /// Token requests.
    pub token: Norm,
    /// Resource requests.
    pub resource: Norm,
    /// Requests for lists, asked in the window, and those of them that got one.
    pub lists: Share,
    window: Window,
}

/// Traffic of a whole run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Requests that left.
    pub asks: u64,
    /// Responses that ended an exchange.
    pub replies: u64,
    /// Exchanges that ended without a response, by [`Failure`].
    pub failures: [u64; 5],
    /// Exchanges whose asker was gone before they ended: it crashed, or left. Nothing says so; it shows when
    /// another exchange has their place.
    pub left: u64,
    /// Responses that came for an exchange that had ended.
    pub late: u64,
    /// Exchanges that ended twice, or without having begun. None in a run whose driver keeps its word.
    pub strays: u64,
    /// Bytes that arrived, by [`Channel`].
    pub bytes: [u64; Channels::COUNT],
}

/// Channels of the network, as figures name them.
pub struct Channels;

impl Channels {
    /// How many there are.
    pub const COUNT: usize = 5;
    /// Their names, in the order of [`Channel`].
    pub const NAMES: [&'static str; Self::COUNT] = ["front", "back", "lists", "ocsp", "behind"];
}

/// How failures are named, in the order of [`Failure`].
pub const FAILURES: [&str; 5] = ["refused", "reset", "timed-out", "closed-by-peer", "tls-alert"];

/// How many of how many.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Share {
    /// Of these.
    pub of: u64,
    /// So many.
    pub kept: u64,
}

/// How a norm for answers was kept.
#[derive(Clone, Debug)]
pub struct Norm {
    limit: Duration,
    /// Requests and those answered in time, at the edge of the gateway that answers.
    pub edge: Share,
    /// The same, by place of the gateway.
    pub by_gateway: Vec<Share>,
    /// The same, per minute of the window in which they were asked.
    minutes: Vec<(u32, u32)>,
    /// Requests and those answered in time, as their askers saw it.
    pub asker: Share,
    /// Time from arrival to answer at the edge.
    pub answer: Times,
    /// Time from asking to answer, as the asker saw it.
    pub asked: Times,
}

/// The exchange that has a place now.
#[derive(Clone, Copy, Debug)]
struct Ask {
    asked: Instant,
    turn: u32,
    kind: Kind,
    open: bool,
    state: NormState,
}

const _: () = assert!(size_of::<Ask>() <= 16, "there is one of these per exchange under way");

/// How far the judgement of an exchange by a norm has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NormState {
    /// It is not judged.
    Outside,
    /// It was asked in the window.
    Asked,
    /// It was answered at the edge of the gateway.
    Answered,
}

impl Exchanges {
    /// Nothing asked yet.
    pub fn new(network: &Network, window: Window, norms: &Norms) -> Self {
        let gateways = network.zas().len();
        Self {
            asks: Vec::new(),
            totals: Totals::default(),
            token: Norm::new(norms.token_answer, gateways),
            resource: Norm::new(norms.resource_answer, gateways),
            lists: Share::default(),
            window,
        }
    }

    /// A request leaves.
    pub fn asked(
        &mut self,
        exchange: ExchangeId,
        kind: Kind,
        to: Option<HostId>,
        now: Instant,
        network: &Network,
    ) {
        if kind.row().channel == Channel::Local {
            return;
        }
        let place = exchange.place as usize;
        // Places are given out densely; one far beyond the rest is no place of this driver's.
        if place > self.asks.len() + (1 << 16) {
            self.totals.strays += 1;
            return;
        }
        if place >= self.asks.len() {
            self.asks.resize(place + 1, Ask::NONE);
        }
        self.totals.asks += 1;
        if self.asks[place].open {
            let same = self.asks[place].turn == exchange.turn;
            *(if same { &mut self.totals.strays } else { &mut self.totals.left }) += 1;
        }
        let measured = self.window.has(now);
        let state = if measured { NormState::Asked } else { NormState::Outside };
        self.asks[place] = Ask { asked: now, turn: exchange.turn, kind, open: true, state };
        if !measured {
            return;
        }
        let minute = minute_of(now, self.window);
        match kind {
            Kind::OfferCode => self.token.asked(to, minute, network),
            Kind::Fetch => self.resource.asked(to, minute, network),
            Kind::GetList => self.lists.of += 1,
            _ => {}
        }
    }

    /// An answer leaves the host that was asked. `arrived`: when the request arrived there.
    pub fn answered(
        &mut self,
        exchange: ExchangeId,
        from: HostId,
        answer: Kind,
        arrived: Instant,
        now: Instant,
        network: &Network,
    ) {
        let Some(ask) = self.asks.get_mut(exchange.place as usize) else { return };
        if ask.turn != exchange.turn || ask.state != NormState::Asked || answer == Kind::Unavailable
        {
            return;
        }
        let (kind, asked) = (ask.kind, ask.asked);
        let norm = match kind {
            Kind::OfferCode => &mut self.token,
            Kind::Fetch => &mut self.resource,
            _ => return,
        };
        ask.state = NormState::Answered;
        let minute = minute_of(asked, self.window);
        norm.answered(from, minute, now.since(arrived), network);
    }

    /// A message arrives.
    pub fn arrived(&mut self, exchange: ExchangeId, kind: Kind, bytes: u64, now: Instant) {
        let mut channel = kind.row().channel;
        if kind as u8 >= Kind::Page as u8 {
            match self.close(exchange) {
                Some(ask) => {
                    self.totals.replies += 1;
                    channel = ask.kind.row().channel;
                    self.seen_by_asker(&ask, kind, now);
                }
                None => self.totals.strays += u64::from(channel != Channel::Local),
            }
        }
        // What a host says to its own driver is in no total: there is none for that channel.
        if let Some(total) = self.totals.bytes.get_mut(channel as usize) {
            *total += bytes;
        }
    }

    /// An exchange ends without a response.
    pub fn failed(&mut self, exchange: ExchangeId, kind: Kind, failure: Failure) {
        if kind.row().channel == Channel::Local {
            return;
        }
        match self.close(exchange) {
            Some(_) => self.totals.failures[failure as usize] += 1,
            None => self.totals.strays += 1,
        }
    }

    /// Exchanges that are open now, or were when their asker was gone.
    pub fn open(&self) -> u64 {
        self.asks.iter().filter(|ask| ask.open).count() as u64
    }

    fn close(&mut self, exchange: ExchangeId) -> Option<Ask> {
        let ask = self.asks.get_mut(exchange.place as usize)?;
        if !ask.open || ask.turn != exchange.turn {
            return None;
        }
        ask.open = false;
        Some(*ask)
    }

    fn seen_by_asker(&mut self, ask: &Ask, answer: Kind, now: Instant) {
        if ask.state == NormState::Outside || answer == Kind::Unavailable {
            return;
        }
        match ask.kind {
            Kind::OfferCode => self.token.seen_by_asker(now.since(ask.asked)),
            Kind::Fetch => self.resource.seen_by_asker(now.since(ask.asked)),
            Kind::GetList if answer == Kind::List => self.lists.kept += 1,
            _ => {}
        }
    }
}

fn minute_of(at: Instant, window: Window) -> usize {
    (at.since(window.warm_up).as_nanos() / MINUTE) as usize
}

const MINUTE: u64 = Duration::from_secs(60).as_nanos();

/// Ten years: minutes beyond are not told apart.
const MINUTES_LIMIT: usize = 10 * 366 * 24 * 60;

impl Norm {
    fn new(limit: Duration, gateways: usize) -> Self {
        Self {
            limit,
            edge: Share::default(),
            by_gateway: vec![Share::default(); gateways],
            minutes: Vec::new(),
            asker: Share::default(),
            answer: Times::new(Precision::Fine),
            asked: Times::new(Precision::Fine),
        }
    }

    /// Minutes in which something was asked, and those of them in which nothing missed the norm.
    pub fn minutes(&self) -> Share {
        let mut share = Share::default();
        for (asked, in_time) in self.minutes.iter().filter(|(asked, _)| *asked > 0) {
            share.of += 1;
            share.kept += u64::from(asked == in_time);
        }
        share
    }

    /// The run is over: what was not answered never will be.
    pub fn close(&mut self) {
        self.answer.record_beyond(self.edge.of - self.answer.count().min(self.edge.of));
        self.asked.record_beyond(self.asker.of - self.asked.count().min(self.asker.of));
    }

    fn asked(&mut self, to: Option<HostId>, minute: usize, network: &Network) {
        self.edge.of += 1;
        self.asker.of += 1;
        if let Some(share) = to.and_then(|to| self.gateway(to, network)) {
            share.of += 1;
        }
        if minute >= self.minutes.len() && minute < MINUTES_LIMIT {
            self.minutes.resize(minute + 1, (0, 0));
        }
        if let Some((asked, _)) = self.minutes.get_mut(minute) {
            *asked += 1;
        }
    }

    fn answered(&mut self, from: HostId, minute: usize, took: Duration, network: &Network) {
        self.answer.record(took);
        if took > self.limit {
            return;
        }
        self.edge.kept += 1;
        if let Some(share) = self.gateway(from, network) {
            share.kept += 1;
        }
        if let Some((_, in_time)) = self.minutes.get_mut(minute) {
            *in_time += 1;
        }
    }

    fn seen_by_asker(&mut self, took: Duration) {
        self.asked.record(took);
        self.asker.kept += u64::from(took <= self.limit);
    }

    fn gateway(&mut self, host: HostId, network: &Network) -> Option<&mut Share> {
        self.by_gateway.get_mut(network.za(host)?)
    }
}

impl Ask {
    const NONE: Self = Self {
        asked: Instant::START,
        turn: 0,
        kind: Kind::Hello,
        open: false,
        state: NormState::Outside,
    };
}
