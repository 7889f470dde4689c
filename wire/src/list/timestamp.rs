//! Tijdstempel: a moment of the calendar, as XML Schema writes it.
//!
//! Keeps the text as it stood beside the moment that it means. Knows no clock; the calendar is the Gregorian
//! one, also before there was one, and has no leap seconds (XML Schema 1.0 part 2, §3.2.7 and appendix D).

use std::fmt;

use protocol::time::WallTime;

use super::value::Facet;

/// A Tijdstempel. Two are equal if they are written alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timestamp {
    text: String,
    /// Seconds since the beginning of 1970, UTC.
    seconds: i64,
    /// And nanoseconds; what is finer is in the text only.
    nanos: u32,
}

const NANOS: u32 = 1_000_000_000;
const SECONDS_A_DAY: i64 = 86_400;
/// The furthest year that seconds are counted to.
const LAST_YEAR: i64 = 999_999_999;

impl Timestamp {
    /// The `xs:dateTime` of this text, at least 20 characters long, as the schema has it. Spaces around it do
    /// not count (`whiteSpace="collapse"`).
    ///
    /// # Errors
    ///
    /// What it should have been. A dateTime without a zone is refused although the schema lets it pass when it
    /// has a fraction: it means no moment.
    pub fn parse(text: &str) -> Result<Self, Facet> {
        let text = collapsed(text);
        let (seconds, nanos, zone) = date_time(text).ok_or(Facet::Moment)?;
        if text.len() < 20 {
            return Err(Facet::Moment);
        }
        let zone = zone.ok_or(Facet::Zone)?;
        let seconds = seconds.ok_or(Facet::Year)? - zone;
        Ok(Self { text: text.into(), seconds, nanos })
    }

    /// The moment that lies so many seconds and nanoseconds after the beginning of 1970, UTC, written in UTC.
    pub fn from_unix(seconds: i64, nanos: u32) -> Self {
        let seconds = seconds.saturating_add(i64::from(nanos / NANOS));
        let nanos = nanos % NANOS;
        Self { text: written(seconds, nanos), seconds, nanos }
    }

    /// Seconds since the beginning of 1970, UTC; negative before it.
    pub fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after [`Self::unix_seconds`].
    pub fn subsecond_nanos(&self) -> u32 {
        self.nanos
    }

    /// This moment in a run whose calendar time zero is `epoch`. Beyond 292 years: the furthest that a run knows.
    pub fn in_run(&self, epoch: &Self) -> WallTime {
        let seconds = i128::from(self.seconds) - i128::from(epoch.seconds);
        let nanos = seconds * i128::from(NANOS) + i128::from(self.nanos) - i128::from(epoch.nanos);
        let bounded = nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        WallTime::from_nanos(bounded as i64)
    }

    /// The moment of a run whose calendar time zero is `epoch`, written in UTC.
    pub fn of_run(moment: WallTime, epoch: &Self) -> Self {
        let nanos = i128::from(moment.as_nanos()) + i128::from(epoch.nanos);
        let seconds = nanos.div_euclid(i128::from(NANOS)) as i64;
        let nanos = nanos.rem_euclid(i128::from(NANOS)) as u32;
        Self::from_unix(epoch.seconds.saturating_add(seconds), nanos)
    }
}

impl fmt::Display for Timestamp {
    /// As it stood.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Without the white space around it (XML Schema 1.0 part 2, §4.3.6): what is within makes no number or date.
pub(super) fn collapsed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// Seconds as if the zone were UTC (none: the year is too far), nanoseconds, and the zone in seconds east of
/// UTC (none: it has no zone). `None` if it is no dateTime.
type DateTime = (Option<i64>, u32, Option<i64>);

fn date_time(text: &str) -> Option<DateTime> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-');
    let year = year(date.next()?, negative)?;
    let (month, day) = (two_digits(date.next()?)?, two_digits(date.next()?)?);
    if date.next().is_some() || !(1..=12).contains(&month) {
        return None;
    }
    // The calendar repeats itself every 400 years, so that a year that is too far still has its days.
    let days = days_in_month(year.unwrap_or(0), month);
    if !(1..=days).contains(&day) {
        return None;
    }
    let (time, zone) = zone(time)?;
    let (second_of_day, nanos) = time_of_day(time)?;
    let seconds =
        year.map(|year| days_since_1970(year, month, day) * SECONDS_A_DAY + second_of_day);
    Some((seconds, nanos, zone))
}

/// Four digits or more, no zero before more than four, not 0000. Inside: the year as astronomers count, in
/// which 0 comes before 1; none if it is too far.
fn year(digits: &str, negative: bool) -> Option<Option<i64>> {
    let proper = digits.len() >= 4
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits.len() == 4 || !digits.starts_with('0'))
        && digits != "0000";
    if !proper {
        return None;
    }
    let year = digits.parse().ok().filter(|year| *year <= LAST_YEAR);
    Some(year.map(|year: i64| if negative { 1 - year } else { year }))
}

fn two_digits(text: &str) -> Option<i64> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

/// The time before a zone, and the zone in seconds east of UTC, if there is one.
fn zone(time: &str) -> Option<(&str, Option<i64>)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, Some(0)));
    }
    let Some(sign) = time.find(['+', '-']) else { return Some((time, None)) };
    let (time, zone) = time.split_at(sign);
    let east = if zone.starts_with('+') { 1 } else { -1 };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let fits = hours < 14 && minutes < 60 || hours == 14 && minutes == 0;
    fits.then_some((time, Some(east * (hours * 3_600 + minutes * 60))))
}

/// Seconds since midnight, and nanoseconds. 24:00:00 is the midnight that ends the day.
fn time_of_day(time: &str) -> Option<(i64, u32)> {
    let (whole, fraction) = match time.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (time, None),
    };
    let mut parts = whole.split(':').map(two_digits);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let nanos = match fraction {
        None => 0,
        Some(digits) if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            return None;
        }
        Some(digits) => digits
            .bytes()
            .chain([b'0'; 9])
            .take(9)
            .fold(0, |nanos, digit| 10 * nanos + u32::from(digit - b'0')),
    };
    let no_fraction = fraction.is_none_or(|digits| digits.bytes().all(|digit| digit == b'0'));
    let end_of_day = hours == 24 && minutes == 0 && seconds == 0 && no_fraction;
    let fits = hours < 24 && minutes < 60 && seconds < 60 || end_of_day;
    (parts.next().is_none() && fits).then_some((hours * 3_600 + minutes * 60 + seconds, nanos))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0
            && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) =>
        {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the beginning of 1970, by counting years from March so that the leap day comes last (Hinnant,
/// "chrono-compatible low-level date algorithms", days_from_civil).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between the first of March of year 0 and the beginning of 1970.
    days + day_of_year - 719_468
}

/// The inverse of [`days_since_1970`] (Hinnant, civil_from_days).
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

fn written(seconds: i64, nanos: u32) -> String {
    let (days, second) = (seconds.div_euclid(SECONDS_A_DAY), seconds.rem_euclid(SECONDS_A_DAY));
    let (year, month, day) = date_of(days);
    let year = match year {
        year if year > 0 => format!("{year:04}"),
        year => format!("-{:04}", 1 - year),
    };
    let fraction = match nanos {
        0 => String::new(),
        nanos => format!(".{nanos:09}").trim_end_matches('0').into(),
    };
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::time::Duration;

    #[test]
    fn a_tijdstempel_is_the_moment_that_its_zone_makes_it() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2018-04-16T11:41:59Z", 1_523_878_919, 0),
            ("2018-04-16T12:41:59+01:00", 1_523_878_919, 0),
            ("2018-04-15T23:41:59-12:00", 1_523_878_919, 0),
            ("2018-04-16T11:41:59.25Z", 1_523_878_919, 250_000_000),
            ("2018-04-16T11:41:59.1234567899Z", 1_523_878_919, 123_456_789),
            ("2016-02-29T24:00:00Z", 1_456_790_400, 0),
            ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
            ("-0001-12-31T00:00:00Z", -62_135_683_200, 0),
        ] {
            let stamp = Timestamp::parse(text).unwrap();
            assert_eq!((stamp.unix_seconds(), stamp.subsecond_nanos()), (seconds, nanos), "{text}");
            assert_eq!(stamp.to_string(), text);
        }
        assert_eq!(
            Timestamp::parse("\n 2018-04-16T11:41:59Z\t").unwrap().to_string(),
            "2018-04-16T11:41:59Z"
        );
    }

    #[test]
    fn what_is_no_date_and_time_is_refused() {
        for bad in [
            "",
            "2018-04-16",
            "2018-04-16T11:41:59",
            "2018-04-16 11:41:59Z",
            "2018-4-16T11:41:59.0Z",
            "2018-13-16T11:41:59Z",
            "2018-00-16T11:41:59Z",
            "2018-04-31T11:41:59Z",
            "2018-02-29T11:41:59Z",
            "1900-02-29T11:41:59Z",
            "0000-01-01T00:00:00Z",
            "02018-01-01T00:00:00Z",
            "+2018-01-01T00:00:00Z",
            "218-01-01T00:00:00.00Z",
            "2018-04-16T24:00:01Z",
            "2018-04-16T24:00:00.1Z",
            "2018-04-16T25:00:00Z",
            "2018-04-16T11:60:00Z",
            "2018-04-16T11:41:60Z",
            "2018-04-16T11:41:59.Z",
            "2018-04-16T11:41:59+14:01",
            "2018-04-16T11:41:59+1:00",
            "2018-04-16T11:41:59z",
            "2018-04-16T11:41:59ZZ",
            "2018-04-16T11:41:59 Z",
            "2018-04-16T11:41:59-+1:00",
            "2018-04-16-01T11:41:59Z",
        ] {
            assert_eq!(Timestamp::parse(bad), Err(Facet::Moment), "{bad}");
        }
    }

    #[test]
    fn what_the_schema_lets_pass_without_meaning_is_refused_as_such() {
        assert_eq!(Timestamp::parse("2018-04-16T11:41:59.0"), Err(Facet::Zone));
        assert_eq!(Timestamp::parse("99999999999999999999-04-16T11:41:59Z"), Err(Facet::Year));
    }

    #[test]
    fn a_run_has_a_calendar_of_its_own() {
        let epoch = Timestamp::parse("2018-04-16T00:00:00.5Z").unwrap();
        let moment = WallTime::from_nanos(0) + Duration::from_millis(86_400_700);
        let stamp = Timestamp::of_run(moment, &epoch);
        assert_eq!(stamp.to_string(), "2018-04-17T00:00:01.2Z");
        assert_eq!(stamp.in_run(&epoch), moment);
        let far = Timestamp::parse("9999-01-01T00:00:00Z").unwrap();
        assert_eq!(far.in_run(&epoch), WallTime::FAR_FUTURE);
    }

    proptest! {
        #[test]
        fn a_moment_that_is_written_is_read_back(seconds in -99_999_999_999i64..999_999_999_999, nanos in 0..NANOS) {
            let stamp = Timestamp::from_unix(seconds, nanos);
            prop_assert_eq!(Timestamp::parse(&stamp.to_string()), Ok(stamp));
        }

        #[test]
        fn moments_at_the_ends_of_time_are_written_without_fail(seconds: i64, nanos: u32, moment: i64) {
            let stamp = Timestamp::from_unix(seconds, nanos);
            let _ = Timestamp::of_run(WallTime::from_nanos(moment), &stamp).in_run(&Timestamp::from_unix(0, 0));
        }

        #[test]
        fn any_text_is_a_tijdstempel_or_an_error(text in "[0-9TZ:+. -]{0,30}|\\PC{0,30}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
