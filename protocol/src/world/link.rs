//! Links: how long a message is on its way, and what can go wrong with it.
//!
//! A link's latency is one way; its bandwidth adds the time that the size takes. Faults are rules laid over
//! links: the first that matches gives a verdict. A lost packet is not a lost message, because TCP sends it
//! again (semantics 1). Does not queue: contention for bandwidth is not modelled.

use crate::{distribution::Distribution, draw::Words, id::HostId, time::Duration};

/// Hosts from which every link looks alike.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LinkClass(pub u16);

/// A link, one way.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// One-way latency, in seconds.
    pub latency: Distribution,
    /// Bytes per second; none for no limit.
    pub bandwidth: Option<f64>,
}

/// Every link, by the classes of its ends.
#[derive(Clone, Debug)]
pub struct Links {
    links: Vec<Link>,
    of: Vec<u16>,
    classes: usize,
}

impl Links {
    /// Links between so many classes; `link` says which of `links` leads from one class to another.
    pub fn new(
        links: Vec<Link>,
        classes: usize,
        mut link: impl FnMut(LinkClass, LinkClass) -> usize,
    ) -> Self {
        let of = (0..classes)
            .flat_map(|from| (0..classes).map(move |to| (from, to)))
            .map(|(from, to)| link(LinkClass(from as u16), LinkClass(to as u16)) as u16)
            .collect();
        Self { links, of, classes }
    }

    /// One link for all.
    pub fn uniform(latency: Distribution) -> Self {
        Self::new(vec![Link { latency, bandwidth: None }], 1, |_, _| 0)
    }

    /// The link from one class to another.
    pub fn between(&self, from: LinkClass, to: LinkClass) -> &Link {
        &self.links[usize::from(self.of[usize::from(from.0) * self.classes + usize::from(to.0)])]
    }
}

impl Link {
    /// How long a message of that size is on its way.
    pub fn delay(&self, bytes: u64, words: &mut Words) -> Duration {
        let latency = self.latency.duration(words);
        match self.bandwidth {
            None => latency,
            Some(bandwidth) => latency + Duration::from_secs_f64(bytes as f64 / bandwidth),
        }
    }
}

/// A fault of links: for messages from one set of hosts to another.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkFault {
    /// Senders.
    pub from: HostSet,
    /// Receivers.
    pub to: HostSet,
    /// What goes wrong.
    pub kind: LinkFaultKind,
}

/// What can go wrong on a link.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkFaultKind {
    /// Messages take this much longer, in seconds.
    Delay(Distribution),
    /// Packets are lost with this probability, and sent again.
    Loss(f64),
    /// Nothing passes.
    Partition,
}

/// Some hosts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HostSet {
    /// Whether visitors are among them.
    pub visitors: bool,
    /// Hosts with a station, sorted.
    pub hosts: Vec<HostId>,
}

impl HostSet {
    fn has(&self, host: HostId) -> bool {
        if host.is_visitor() { self.visitors } else { self.hosts.binary_search(&host).is_ok() }
    }
}

/// What becomes of a message under the faults of the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It goes as ever.
    Pass,
    /// It comes this much later.
    Delay(Duration),
    /// It never comes.
    Drop,
}

/// What a message is to TCP: the opening of a connection, or data on one that stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment {
    /// The opening.
    Opening,
    /// Data.
    Data,
}

/// The link faults that hold now, each with its number in the schedule.
#[derive(Clone, Debug, Default)]
pub struct ActiveFaults {
    faults: Vec<(usize, LinkFault)>,
}

impl ActiveFaults {
    /// A fault begins.
    pub fn begin(&mut self, number: usize, fault: LinkFault) {
        self.faults.push((number, fault));
    }

    /// The fault of that number ends; gives what it was.
    pub fn end(&mut self, number: usize) -> Option<LinkFault> {
        let place = self.faults.iter().position(|(other, _)| *other == number)?;
        Some(self.faults.remove(place).1)
    }

    /// Whether there are none.
    pub fn none(&self) -> bool {
        self.faults.is_empty()
    }

    /// The verdict of the first fault that matches.
    pub fn verdict(
        &self,
        from: HostId,
        to: HostId,
        segment: Segment,
        words: &mut Words,
    ) -> Verdict {
        let fault = self
            .faults
            .iter()
            .map(|(_, fault)| fault)
            .find(|fault| fault.from.has(from) && fault.to.has(to));
        match fault.map(|fault| &fault.kind) {
            None => Verdict::Pass,
            Some(LinkFaultKind::Partition) => Verdict::Drop,
            Some(LinkFaultKind::Delay(delay)) => Verdict::Delay(delay.duration(words)),
            Some(LinkFaultKind::Loss(probability)) => {
                Verdict::Delay(retransmission(*probability, segment, words))
            }
        }
    }
}

/// How much later a segment comes when packets are lost with this probability: 1 s for the first
/// retransmission of an opening, 200 ms of data, doubling each time (RFC 6298). After sixteen losses in a row
/// it counts as come; by then every limit has passed.
fn retransmission(probability: f64, segment: Segment, words: &mut Words) -> Duration {
    let mut timeout = match segment {
        Segment::Opening => Duration::from_secs(1),
        Segment::Data => Duration::from_millis(200),
    };
    let mut delay = Duration::ZERO;
    for _ in 0..16 {
        if words.unit() >= probability {
            break;
        }
        delay += timeout;
        timeout = timeout.saturating_mul(2);
    }
    delay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Draws, Purpose};

    fn words(n: u32) -> Words {
        Draws::new(1, 0, Purpose::Toy).of(0, n)
    }

    #[test]
    fn loss_delays_as_tcp_does_and_loses_nothing() {
        let p = 0.25;
        let n = 40_000;
        let delays: Vec<f64> =
            (0..n).map(|k| retransmission(p, Segment::Data, &mut words(k)).as_secs_f64()).collect();
        let undelayed = delays.iter().filter(|delay| **delay == 0.0).count() as f64 / f64::from(n);
        assert!((undelayed - 0.75).abs() < 0.01);
        // Each loss in a row doubles: the mean is 0.2 p (1 − p) Σ (2ᵏ − 1) pᵏ⁻¹ = 0.2 p / (1 − 2p).
        let mean = delays.iter().sum::<f64>() / f64::from(n);
        assert!((mean / (0.2 * p / (1.0 - 2.0 * p)) - 1.0).abs() < 0.05, "{mean}");
    }

    #[test]
    fn the_first_fault_that_matches_decides() {
        let mut active = ActiveFaults::default();
        let all = HostSet { visitors: true, hosts: vec![HostId(0), HostId(1)] };
        let second = HostSet { visitors: false, hosts: vec![HostId(1)] };
        let fault = |to: &HostSet, kind| LinkFault { from: all.clone(), to: to.clone(), kind };
        active.begin(7, fault(&second, LinkFaultKind::Partition));
        active.begin(8, fault(&all, LinkFaultKind::Delay(Distribution::Fixed(2.0))));
        let verdict = |active: &ActiveFaults, to| {
            active.verdict(HostId::visitor(3), to, Segment::Data, &mut words(0))
        };
        assert_eq!(verdict(&active, HostId(1)), Verdict::Drop);
        assert_eq!(verdict(&active, HostId(0)), Verdict::Delay(Duration::from_secs(2)));
        active.end(7);
        assert_eq!(verdict(&active, HostId(1)), Verdict::Delay(Duration::from_secs(2)));
        active.end(8);
        assert!(active.none());
    }

    #[test]
    fn size_takes_time_where_bandwidth_is_limited() {
        let link = Link { latency: Distribution::Fixed(0.01), bandwidth: Some(12_500_000.0) };
        assert_eq!(link.delay(2_500_000, &mut words(0)), Duration::from_millis(210));
    }
}
