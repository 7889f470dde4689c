//! The answer in three sentences of figures: how many were served and what stopped most of the rest, how
//! long it took, and which host was busiest. Each figure has its interval.
//!
//! Says nothing that the summary does not have, and gives no advice.

use super::{
    estimate::{Estimate, Interval},
    summary::{Summary, SummaryRow},
};
use crate::statistics::Why;

/// Three sentences; fewer where there is nothing to say.
pub fn headline(summary: &Summary) -> Vec<String> {
    [served(summary), took(summary), busiest(summary)].into_iter().flatten().collect()
}

fn served(summary: &Summary) -> Option<String> {
    let wishes = summary.overall("wishes.started")?.estimate.value()?;
    if wishes == 0.0 {
        return Some("Nobody came for anything in the time that was measured.".to_owned());
    }
    let mut share = share(summary.overall("wishes.served_ratio")?);
    if summary.replications == 1 {
        // Said once, for it holds for every figure that follows.
        share.push_str(" (one replication: no interval)");
    }
    let rest = match worst_cause(summary) {
        Some((why, count)) => {
            let part = percent(count.estimate.value()? / wishes, None);
            format!("most of the rest ({part} of all) {why}")
        }
        None => "none was left unserved".to_owned(),
    };
    let per = if summary.replications > 1 { " a replication" } else { "" };
    Some(format!("Of {} wishes{per} {share} were served; {rest}.", whole(wishes)))
}

/// The cause that most unserved wishes have, as the end of a sentence about them.
fn worst_cause(summary: &Summary) -> Option<(String, &SummaryRow)> {
    let count = |row: &SummaryRow| row.estimate.value().unwrap_or(0.0);
    let rows = summary.groups("wishes.unserved").filter(|row| count(row) > 0.0);
    // Of several equal ones the first, so that the answer is always the same.
    let worst = rows.reduce(|worst, row| if count(row) > count(worst) { row } else { worst })?;
    let cause = worst.group.member("cause")?;
    let (why, host) = match cause.split_once('@') {
        Some((why, host)) => (why, Some(host)),
        None => (cause, None),
    };
    Some((because(why, host), worst))
}

fn because(name: &str, host: Option<&str>) -> String {
    match (Why::from_name(name), host) {
        (Some(Why::Rule(rule)), Some(host)) => format!("ended at {host}, by rule {rule}"),
        (Some(Why::Rule(rule)), None) => format!("ended by rule {rule}"),
        (Some(why), Some(host)) if why.of_host().is_some() => {
            format!("ended because {host} {}", why.of_host().unwrap_or_default())
        }
        (Some(Why::Left), _) => "ended because the person left".to_owned(),
        (Some(Why::SaidNo), _) => "ended because the person refused consent".to_owned(),
        (Some(Why::Cancelled), _) => "ended because the person cancelled at DigiD".to_owned(),
        (Some(Why::WrongCredentials), _) => "ended with wrong credentials at DigiD".to_owned(),
        (Some(Why::UnderAge), _) => "ended because the person is too young".to_owned(),
        (_, Some(host)) => format!("ended with {name} at {host}"),
        (_, None) => format!("ended with {name}"),
    }
}

fn took(summary: &Summary) -> Option<String> {
    let median = time(summary.overall("latency.machine.p50")?);
    let tail = time(summary.overall("latency.machine.p95")?);
    let human = time(summary.overall("latency.human.p50")?);
    Some(format!(
        "A completed collection took machines {median} at the median and at most {tail} in 95 of 100 cases, \
         beside a median of {human} of the person's own time."
    ))
}

fn busiest(summary: &Summary) -> Option<String> {
    let value = |row: &SummaryRow| row.estimate.value().unwrap_or(0.0);
    let hosts = summary.groups("host.utilisation");
    let busiest = hosts.reduce(|most, row| if value(row) > value(most) { row } else { most })?;
    let host = busiest.group.member("host")?;
    let mut sentence =
        format!("The busiest host was {host}, at work {} of the time", share(busiest));
    if let Some(token) = summary.overall("norm.token.share") {
        sentence.push_str(&format!("; {} of token requests kept the norm", share(token)));
    }
    let read = summary.overall("tokens.cross_person_reads").filter(|row| value(row) > 0.0);
    if let Some(read) = read {
        let interval = interval(read.interval, summary.replications, plain);
        sentence.push_str(&format!(
            "; {}{interval} answers a replication had the data of another person",
            plain(value(read))
        ));
    }
    sentence.push('.');
    Some(sentence)
}

/// `96.1 % (95.7 to 96.5)`.
fn share(row: &SummaryRow) -> String {
    let Some(value) = row.estimate.value() else { return "an unknown share".to_owned() };
    let bounds =
        interval(row.interval, row.replications, |bound| digits(bound * 100.0, row.interval));
    format!("{}{bounds}", percent(value, row.interval))
}

fn percent(value: f64, interval: Option<Interval>) -> String {
    format!("{} %", digits(value * 100.0, interval))
}

/// Enough decimals of a percentage to see its interval, or else the percentage itself.
fn digits(percent: f64, interval: Option<Interval>) -> String {
    let half_width = interval.map_or(0.0, |known| known.half_width() * 100.0);
    // An interval that is narrower than that is one of equal values and their rounding.
    let narrow = half_width <= percent.abs() * 1e-6;
    let shows = |decimals: &i32| match narrow {
        true => percent.abs() * 10f64.powi(*decimals) >= 10.0 || percent == 0.0,
        false => half_width * 10f64.powi(*decimals) >= 1.0,
    };
    let decimals = (1..4).find(shows).unwrap_or(4);
    format!("{percent:.*}", decimals as usize)
}

/// `1.24 s (1.20 to 1.28)`.
fn time(row: &SummaryRow) -> String {
    match row.estimate {
        Estimate::Value(value) => {
            let bounds = interval(row.interval, row.replications, seconds);
            format!("{}{bounds}", seconds(value))
        }
        Estimate::MoreThan(value) => format!("more than {}", seconds(value)),
        Estimate::TooFew(count) => format!("an unknown time (too few observations: {count})"),
    }
}

fn interval(interval: Option<Interval>, replications: u32, show: impl Fn(f64) -> String) -> String {
    match interval {
        Some(known) if known.high.is_finite() => {
            format!(" ({} to {})", show(known.low), show(known.high))
        }
        Some(known) => format!(" ({} or more)", show(known.low)),
        None if replications == 1 => String::new(),
        None => " (no interval)".to_owned(),
    }
}

/// Three significant digits and a unit.
fn seconds(value: f64) -> String {
    let (scaled, unit) = match value {
        small if small < 1.0 => (small * 1e3, "ms"),
        large if large < 600.0 => (large, "s"),
        long => (long / 60.0, "min"),
    };
    let decimals = match scaled {
        one if one < 10.0 => 2,
        ten if ten < 100.0 => 1,
        _ => 0,
    };
    format!("{scaled:.decimals$} {unit}")
}

fn plain(value: f64) -> String {
    if value >= 100.0 { whole(value) } else { format!("{value:.2}") }
}

/// `27,310`.
fn whole(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{
        figures::{Figures, Group},
        metrics::MetricId,
        summary::summarise,
        tally::{Bucket, Tally},
    };
    use protocol::time::Duration;

    fn figures(replication: u32, served: f64, busy: f64) -> Figures {
        let mut figures = Figures::new(1, replication);
        let mut set = |name: &str, group: &str, value: f64| {
            figures.set(MetricId::of(name).unwrap(), group.into(), value);
        };
        set("wishes.started", "", 27_310.0);
        set("wishes.served", "", served);
        set("wishes.unserved", "", 27_310.0 - served);
        set("wishes.unserved", "cause=said-no", 100.0);
        set("wishes.unserved", "cause=down@digid-1", 600.0);
        set("host.utilisation", "host=digid-1", busy);
        set("host.utilisation", "host=pgo-1", 0.2);
        set("norm.token.requests", "", 1_000.0);
        set("norm.token.kept", "", 1_000.0);
        for name in ["latency.machine", "latency.human"] {
            let mut tally = Tally::default();
            let edge = |millis| Duration::from_millis(millis);
            tally.add(Bucket { low: edge(1_200), high: edge(1_210), count: 26_000 });
            figures.set_tally(MetricId::of(name).unwrap(), Group::all(), tally);
        }
        figures
    }

    #[test]
    fn the_first_sentence_names_figure_interval_and_the_host_that_stopped_most() {
        let replications: Vec<Figures> =
            [(0, 26_200.0, 0.83), (1, 26_300.0, 0.82), (2, 26_250.0, 0.84)]
                .map(|(replication, served, busy)| figures(replication, served, busy))
                .into();
        let sentences = headline(&summarise(&replications));
        assert_eq!(
            sentences,
            [
                "Of 27,310 wishes a replication 96.1 % (95.7 to 96.6) were served; most of the rest \
                 (2.2 % of all) ended because digid-1 was down.",
                "A completed collection took machines 1.21 s (1.20 s to 1.21 s) at the median and at most \
                 1.21 s (1.20 s to 1.21 s) in 95 of 100 cases, beside a median of 1.21 s (1.20 s to 1.21 s) \
                 of the person's own time.",
                "The busiest host was digid-1, at work 83.0 % (80.5 to 85.5) of the time; 100.00 % (99.88 \
                 to 100.00) of token requests kept the norm.",
            ]
        );
    }

    #[test]
    fn one_replication_says_that_it_has_no_interval() {
        let sentences = headline(&summarise(&[figures(0, 26_200.0, 0.83)]));
        assert!(sentences[0].starts_with("Of 27,310 wishes 95.9 % (one replication: no interval)"));
    }

    #[test]
    fn a_rule_and_a_host_are_named_where_a_rule_stopped_most() {
        assert_eq!(
            because("CODE_ONCE", Some("za-2")),
            "ended at za-2, by rule CODE_ONCE (APP 12, server)"
        );
        assert_eq!(because("running", None), "ended with running");
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(whole(0.4), "0");
        assert_eq!(whole(999.0), "999");
        assert_eq!(whole(1_234_567.0), "1,234,567");
        assert_eq!(seconds(0.0042), "4.20 ms");
        assert_eq!(seconds(75.0), "75.0 s");
        assert_eq!(seconds(3_600.0), "60.0 min");
    }
}
