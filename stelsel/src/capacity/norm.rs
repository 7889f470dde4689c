//! What a network shall keep while its load grows.

use std::str::FromStr;

use protocol::release::Norms;
use watch::study::{
    estimate::Estimate,
    metrics::{MetricId, MetricKind},
};

use crate::{files, plan::Comparison};

/// A metric and what it must be.
#[derive(Clone, PartialEq, Debug)]
pub struct Norm {
    /// As it was asked for: `token`, `wishes.served_ratio>=0.75`.
    pub name: String,
    /// The metric.
    pub metric: MetricId,
    /// How it must compare.
    pub comparison: Comparison,
    /// With what, in the metric's unit.
    pub value: f64,
    /// The value is still to be multiplied by what the scenario's own load gives.
    is_relative: bool,
}

/// Of the wishes that are served under the scenario's own load, `served` wants this share.
const SERVED: f64 = 0.99;

impl Norm {
    /// The norms of the Afsprakenstelsel that load can break: names, metrics, least shares and citations.
    pub const PUBLISHED: [(&'static str, &'static str, f64, &'static str); 3] = [
        ("token", "norm.token.share", Norms::R2.token_share, "core.tknint.206"),
        ("resource", "norm.resource.share", Norms::R2.resource_share, "core.rscint.202"),
        ("lists", "norm.lists.share", Norms::R2.lists_available, "core.lijsten.301"),
    ];

    /// The scenario's own load gives this figure; none for no figure, which nothing can keep.
    pub(super) fn settle(&mut self, own: Option<f64>) {
        if self.is_relative {
            self.value *= own.unwrap_or(f64::INFINITY);
            self.is_relative = false;
        }
    }

    /// Whether an estimate keeps it. What is not known to keep it does not.
    pub fn is_kept(&self, estimate: Estimate) -> bool {
        match estimate {
            Estimate::Value(value) => self.comparison.holds(value, self.value),
            Estimate::MoreThan(least) => {
                matches!(self.comparison, Comparison::More | Comparison::AtLeast)
                    && least >= self.value
            }
            Estimate::TooFew(_) => false,
        }
    }

    /// In words: `norm.token.share >= 0.995`.
    pub fn text(&self) -> String {
        format!("{} {} {}", self.metric.name(), self.comparison.sign(), self.value)
    }
}

impl FromStr for Norm {
    type Err = String;

    /// `token`, `resource`, `lists`, `served`, or a metric and a comparison.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some((name, metric, value, _)) =
            Self::PUBLISHED.iter().find(|(name, ..)| *name == text)
        {
            let metric = MetricId::of(metric).ok_or("a metric is missing from the table")?;
            let comparison = Comparison::AtLeast;
            let (name, value) = ((*name).to_owned(), *value);
            return Ok(Self { name, metric, comparison, value, is_relative: false });
        }
        if text == "served" {
            let metric =
                MetricId::of("wishes.served_ratio").ok_or("a metric is missing from the table")?;
            let (name, comparison) = (text.to_owned(), Comparison::AtLeast);
            return Ok(Self { name, metric, comparison, value: SERVED, is_relative: true });
        }
        let Some(place) = text.find(['<', '>', '=']) else {
            return Err(
                "expected token, resource, lists, served, or a metric and a comparison, such as \
                        wishes.served_ratio>=0.75"
                    .to_owned(),
            );
        };
        let (name, rest) = text.split_at(place);
        let (metric, comparison, value) = files::expectation(name.trim(), rest)?;
        if matches!(metric.metric().kind, MetricKind::Distribution) {
            return Err(format!("{name} is a distribution, which has no one value"));
        }
        Ok(Self { name: text.to_owned(), metric, comparison, value, is_relative: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_norm_has_a_name_or_says_what_it_is() {
        let token: Norm = "token".parse().unwrap();
        assert_eq!(token.text(), "norm.token.share >= 0.995");
        assert!(token.is_kept(Estimate::Value(0.995)) && !token.is_kept(Estimate::Value(0.994)));
        assert!(!token.is_kept(Estimate::TooFew(3)));
        let own: Norm = "latency.machine.p95 <= 30s".parse().unwrap();
        assert_eq!(own.text(), "latency.machine.p95 <= 30");
        assert!(!own.is_kept(Estimate::MoreThan(60.0)));
        for (text, expected) in [
            ("tokens", "expected token, resource, lists, served"),
            ("wishes.served>=x", "expected a comparison with a number"),
            ("wishes.sevred_ratio>=0.7", "did you mean \"wishes.served_ratio\""),
            ("latency.machine<=3s", "distribution"),
        ] {
            let found = text.parse::<Norm>().unwrap_err();
            assert!(found.contains(expected), "{found}");
        }
    }
}
