//! How arrivals are spread over the hours of a day or a week.
//!
//! Assumed throughout: no participant publishes arrivals by the hour. The shape is that of Dutch public
//! services on the web: little at night, most on weekday mornings, a second rise after dinner, Mondays
//! busiest.

/// Names of profiles.
pub(super) const NAMES: &[&str] = &["flat", "weekday", "week"];

/// Weights of the hours from 00:00. Assumed.
const WEEKDAY: [u16; 24] =
    [6, 4, 3, 2, 3, 8, 25, 55, 85, 100, 98, 90, 72, 75, 80, 76, 66, 52, 45, 56, 60, 48, 28, 14];

/// Weights of the days from Monday, in hundredths. Assumed.
const DAYS: [u16; 7] = [100, 94, 90, 88, 80, 42, 46];

/// Weights of the hours of a profile, from 00:00 and for a week from Monday: together one cycle.
pub(super) fn hours(name: &str) -> Vec<f64> {
    let weekday = || WEEKDAY.iter().map(|weight| f64::from(*weight));
    match name {
        "weekday" => weekday().collect(),
        "week" => {
            DAYS.iter().flat_map(|day| weekday().map(move |hour| hour * f64::from(*day))).collect()
        }
        _ => vec![1.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_has_168_hours_and_is_busiest_on_monday_morning() {
        let week = hours("week");
        assert_eq!((week.len(), hours("weekday").len(), hours("flat").len()), (168, 24, 1));
        let busiest = (0..168).max_by(|a, b| week[*a].total_cmp(&week[*b]));
        assert_eq!(busiest, Some(9));
    }
}
