//! `SetDate` in all the forms that files hold.

use label_core::calendar::{date_from_days, days_from_date};

/// The instant that a label was set, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetDate {
    /// Seconds since 1970-01-01.
    pub unix_seconds: i64,
    /// The fraction, in nanoseconds.
    pub nanoseconds: u32,
}

/// What .NET prints for "no date".
const NO_DATE: &str = "1/1/0001 12:00:00 AM";

impl SetDate {
    /// Reads ISO 8601 with any fraction of up to nine digits and any spelling of the offset
    /// (F-020). No offset counts as UTC. `None` where there is no date: other text, or a year
    /// not after 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use label_formats::SetDate;
    ///
    /// let date = SetDate::parse("2018-11-08T21:13:16-0800").unwrap();
    /// assert_eq!(date.to_string(), "2018-11-09T05:13:16Z");
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let mut scanner = Scanner(text.trim().as_bytes());
        let year = scanner.digits(4)?;
        scanner.one_of(b"-")?;
        let month = scanner.digits(2)?;
        scanner.one_of(b"-")?;
        let day = scanner.digits(2)?;
        scanner.one_of(b"Tt ")?;
        let hour = scanner.digits(2)?;
        scanner.one_of(b":")?;
        let minute = scanner.digits(2)?;
        scanner.one_of(b":")?;
        let second = scanner.digits(2)?;
        let nanoseconds = match scanner.one_of(b".,") {
            Some(_) => scanner.fraction()?,
            None => 0,
        };
        let offset_seconds = scanner.offset()?;
        let days_in_month = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            _ => return None,
        };
        let in_range = year > 1
            && (1..=days_in_month).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !in_range {
            return None;
        }
        let seconds =
            days_from_date(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
        Some(Self {
            unix_seconds: seconds - offset_seconds,
            nanoseconds,
        })
    }

    /// The whole second of an instant in milliseconds UTC: what a writer puts into a file.
    pub const fn from_unix_ms(now_ms: i64) -> Self {
        Self {
            unix_seconds: now_ms.div_euclid(1_000),
            nanoseconds: 0,
        }
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`, the one form that is written (F-070); the fraction is left out.
impl std::fmt::Display for SetDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.unix_seconds.div_euclid(86_400);
        let second = self.unix_seconds.rem_euclid(86_400);
        let (year, month, day) = date_from_days(days);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
            second / 3_600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Whether the text is a date, or the known text for none.
pub(crate) fn is_set_date(text: &str) -> bool {
    text.trim() == NO_DATE || SetDate::parse(text).is_some()
}

struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        if set.contains(&first) {
            self.0 = rest;
            Some(first)
        } else {
            None
        }
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let mut value = 0;
        for _ in 0..count {
            value = value * 10 + i64::from(self.one_of(b"0123456789")? - b'0');
        }
        Some(value)
    }

    fn fraction(&mut self) -> Option<u32> {
        let mut nanoseconds = 0;
        let mut unit = 100_000_000;
        let mut count = 0;
        while let Some(digit) = self.one_of(b"0123456789") {
            count += 1;
            if count > 9 {
                return None;
            }
            nanoseconds += u32::from(digit - b'0') * unit;
            unit /= 10;
        }
        Some(nanoseconds)
    }

    /// `Z`, `±hh`, `±hhmm`, `±hh:mm` or nothing, then the end.
    fn offset(&mut self) -> Option<i64> {
        let seconds = match self.one_of(b"Zz+-") {
            None | Some(b'Z' | b'z') => 0,
            Some(sign) => {
                let hours = self.digits(2)?;
                let minutes = if self.0.is_empty() {
                    0
                } else {
                    self.one_of(b":");
                    self.digits(2)?
                };
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let seconds = hours * 3_600 + minutes * 60;
                if sign == b'-' { -seconds } else { seconds }
            }
        };
        self.0.is_empty().then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_020_all_date_forms() {
        for (text, expected, nanoseconds) in [
            ("2024-06-27T06:52:38Z", "2024-06-27T06:52:38Z", 0),
            ("2018-11-08T21:13:16-0800", "2018-11-09T05:13:16Z", 0),
            (
                "2021-09-07T12:28:15.7161147Z",
                "2021-09-07T12:28:15Z",
                716_114_700,
            ),
            (
                "2017-09-05T13:44:33.6592363+03:00",
                "2017-09-05T10:44:33Z",
                659_236_300,
            ),
            ("2017-09-05T13:44:33+03", "2017-09-05T10:44:33Z", 0),
            ("2017-09-05T13:44:33", "2017-09-05T13:44:33Z", 0),
            ("2020-02-29T23:59:60Z", "2020-03-01T00:00:00Z", 0),
            ("0002-01-01T00:00:00Z", "0002-01-01T00:00:00Z", 0),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", 0),
        ] {
            let date = SetDate::parse(text).unwrap();
            assert_eq!(date.to_string(), expected, "{text}");
            assert_eq!(date.nanoseconds, nanoseconds, "{text}");
        }
        for text in [
            "1/1/0001 12:00:00 AM",
            "0001-01-01T00:00:00Z",
            "2019-02-29T00:00:00Z",
            "2019-13-01T00:00:00Z",
            "2019-01-01",
            "2019-01-01T00:00:00Zx",
            "2019-01-01T00:00:00+3",
            "2019-01-01T00:00:00.1234567890Z",
            "yesterday",
            "",
        ] {
            assert_eq!(SetDate::parse(text), None, "{text}");
        }
        assert!(is_set_date("1/1/0001 12:00:00 AM") && !is_set_date("yesterday"));
    }

    proptest::proptest! {
        #[test]
        fn f_070_dates_round_trip(seconds in -60_000_000_000_i64..250_000_000_000) {
            let date = SetDate { unix_seconds: seconds, nanoseconds: 0 };
            proptest::prop_assert_eq!(SetDate::parse(&date.to_string()), Some(date));
        }
    }
}
