//! Times as text: those of snapshots and those of HTTP headers. All are UTC, in milliseconds since
//! 1970.

use crate::calendar::{date_from_days, days_from_date};

const DAY_MS: i64 = 86_400_000;

/// The first moment of the year 1.
pub(super) const EARLIEST_MS: i64 = -62_135_596_800_000;

/// The last moment of the year 9999.
pub(super) const LATEST_MS: i64 = 253_402_300_799_999;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// A moment from its parts, where they make one.
fn moment(year: i64, month: i64, day: i64, clock: (i64, i64, i64)) -> Option<i64> {
    let (hour, minute, second) = clock;
    let fits = (1..=9_999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    let days = fits.then(|| days_from_date(year, month, day))?;
    // The thirtieth of February is the second of March.
    (date_from_days(days) == (year, month, day))
        .then(|| days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000)
}

/// `2020-12-27T11:00:02.000Z`; times outside of the years 1 to 9999 are moved to their ends.
pub(super) fn to_iso(ms: i64) -> String {
    let ms = ms.clamp(EARLIEST_MS, LATEST_MS);
    let (year, month, day) = date_from_days(ms.div_euclid(DAY_MS));
    let rest = ms.rem_euclid(DAY_MS);
    let (seconds, millis) = (rest / 1_000, rest % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Reads what [`to_iso`] writes; the fraction may be missing or have up to nine digits.
pub(super) fn from_iso(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(whole);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_fraction = (1..=9).contains(&fraction.len()) && whole(fraction).is_some();
    if date.next().is_some() || !is_fraction {
        return None;
    }
    let millis = whole(
        &fraction
            .chars()
            .chain("000".chars())
            .take(3)
            .collect::<String>(),
    )?;
    // The last leap second would be after the last moment.
    moment(year, month, day, clock(time)?).map(|ms| (ms + millis).min(LATEST_MS))
}

/// The date of an HTTP header in any of its three forms: `Sun, 06 Nov 1994 08:49:37 GMT`,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
pub(super) fn from_http(text: &str) -> Option<i64> {
    let (mut year, mut month, mut day, mut time) = (None, None, None, None);
    let words = text.split([' ', ',', '-']).filter(|word| !word.is_empty());
    for word in words.take(8) {
        if word.contains(':') {
            time = clock(word);
        } else if let Some(number) = whole(word) {
            // In all forms the day stands before the year.
            match day {
                None => day = Some(number),
                Some(_) => year = Some((number, word.len())),
            }
        } else if let Some(at) = (1..).zip(MONTHS).find(|(_, name)| {
            word.get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case(name))
        }) {
            month = Some(at.0);
        }
    }
    let year = match year? {
        (year, 2) if year < 70 => year + 2_000,
        (year, 2) => year + 1_900,
        (year, _) => year,
    };
    moment(year, month?, day?, time?)
}

fn clock(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split(':').map(whole);
    let read = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(read)
}

/// Decimal digits only, at most nine.
fn whole(text: &str) -> Option<i64> {
    let is_number = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_all_their_forms() {
        let ms = 784_111_777_000;
        assert_eq!(to_iso(ms), "1994-11-06T08:49:37.000Z");
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(ms)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(ms)),
            ("Sun Nov  6 08:49:37 1994", Some(ms)),
            ("Sun, 06 Nov 2094 08:49:37 GMT", Some(3_939_871_777_000)),
            ("Thu, 30 Feb 2020 00:00:00 GMT", None),
            ("Sat, 29 Feb 2020 00:00:00 GMT", Some(1_582_934_400_000)),
            ("06 Nov 1994", None),
            ("Sun, 06 Nov 1994 24:00:00 GMT", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(from_http(text), expected, "{text}");
        }
        for (text, expected) in [
            ("2020-12-27T11:00:02Z", Some(1_609_066_802_000)),
            ("2020-12-27T11:00:02.5Z", Some(1_609_066_802_500)),
            ("2020-12-27T11:00:02.1234567Z", Some(1_609_066_802_123)),
            ("9999-12-31T23:59:60.999Z", Some(LATEST_MS)),
            ("2020-12-27T11:00:02", None),
            ("2020-12-27 11:00:02Z", None),
            ("2020-13-27T11:00:02Z", None),
            ("2020-12-27T11:00:02.Z", None),
        ] {
            assert_eq!(from_iso(text), expected, "{text}");
        }
        assert_eq!(to_iso(i64::MIN), "0001-01-01T00:00:00.000Z");
        assert_eq!(to_iso(i64::MAX), "9999-12-31T23:59:59.999Z");
    }

    proptest::proptest! {
        #[test]
        fn times_round_trip(ms in EARLIEST_MS..=LATEST_MS) {
            proptest::prop_assert_eq!(from_iso(&to_iso(ms)), Some(ms));
        }

        #[test]
        fn any_text_is_a_time_or_none(text: String) {
            let _ = (from_iso(&text), from_http(&text));
        }
    }
}
