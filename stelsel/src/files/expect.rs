//! What must hold of a result: a metric, and a comparison in its unit.
//!
//! Does not judge it: that is for who has the result.

use watch::study::metrics::{self, Metric, MetricId, MetricKind};

use super::{
    field::Field,
    near::nearest,
    units::{self, Unfit},
};
use crate::{
    plan::{Comparison, Expectation},
    problem::{Located, Problem},
};

/// An expectation, from its key and its value.
pub(super) fn read(key: &str, field: &Field<'_>) -> Result<Expectation, Problem> {
    let (name, group) = match key.split_once('@') {
        Some((name, group)) => (name, Some(group)),
        None => (key, None),
    };
    let Some(id) = MetricId::of(name) else {
        let problem = field.place().problem(format!("there is no metric \"{name}\""));
        let names = metrics::table().iter().map(|metric| metric.name.as_str());
        return Err(match nearest(name, names) {
            Some(near) => problem.hint(format!("did you mean \"{near}\"?")),
            None => problem,
        });
    };
    if group.is_some_and(|group| !is_group(group)) {
        return Err(field
            .place()
            .problem("after @ expected a group, such as \"flows.completed_ratio@pgo=pgo-3\""));
    }
    let metric = id.metric();
    if metric.kind == MetricKind::Distribution {
        let quantile = format!("{name}.p95");
        return Err(field
            .place()
            .problem(format!("{name} is a distribution, which has no one value"))
            .hint(format!("one of its quantiles has, such as \"{quantile}\"")));
    }
    let (comparison, value) = field.read(|text| {
        let (comparison, text) = units::comparison(text)?;
        Ok((comparison, value(text, metric)?))
    })?;
    let metric = Located { value: key.to_owned(), place: field.place() };
    Ok(Expectation { metric, comparison, value })
}

/// A metric and a comparison in its unit, as a flag has them: `wishes.served_ratio` and `>=0.75`.
pub(super) fn of_flag(name: &str, comparison: &str) -> Result<(MetricId, Comparison, f64), String> {
    let metric = MetricId::of(name).ok_or_else(|| {
        let near = nearest(name, metrics::table().iter().map(|metric| metric.name.as_str()));
        let near = near.map(|near| format!("; did you mean \"{near}\"?")).unwrap_or_default();
        format!("there is no metric \"{name}\"{near}")
    })?;
    let (comparison, text) =
        units::comparison(comparison.trim()).map_err(|unfit| unfit.to_string())?;
    let value = value(text, metric.metric())
        .map_err(|unfit| format!("expected {unfit}; found {text:?}"))?;
    Ok((metric, comparison, value))
}

fn is_group(group: &str) -> bool {
    group.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
}

/// A value in the unit of a metric.
fn value(text: &str, metric: &Metric) -> Result<f64, Unfit> {
    let in_unit = |expected: &str| {
        format!("a comparison with {expected}, because {} is in {}", metric.name, metric.unit)
    };
    match metric.unit {
        "s" => units::duration(text)
            .map(protocol::time::Duration::as_secs_f64)
            .map_err(|_| in_unit("a duration, such as \"< 2s\"")),
        "1/s" => units::number(text)
            .or_else(|_| units::rate(text))
            .map_err(|_| in_unit("a rate, such as \"< 40/s\"")),
        "B" => units::size(text).map_err(|_| in_unit("a size, such as \"< 54kB\"")),
        "1" => units::number(text).map_err(|_| {
            format!(
                "a comparison with a number, such as \">= 0.95\", because {} is a share",
                metric.name
            )
        }),
        _ => units::number(text).map_err(|_| in_unit("a number, such as \"= 0\"")),
    }
}
