//! The two things that evaluation needs of dates: to write one, and to know one.

use crate::calendar::date_from_days;

/// `YYYY-MM-DDThh:mm:ssZ` of an instant in milliseconds UTC; the fraction is left out.
pub(super) fn write(now_ms: i64) -> String {
    let seconds = now_ms.div_euclid(1_000);
    let (year, month, day) = date_from_days(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// Whether the text is a date, a time and an offset, as Graph wants one:
/// `YYYY-MM-DDThh:mm:ss[.fff](Z|±hh:mm)`.
pub(super) fn is_date_time(text: &str) -> bool {
    // Of every pattern `d` is a digit, all else itself.
    const START: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let matches = |text: &[u8], pattern: &[u8]| {
        text.len() == pattern.len()
            && text.iter().zip(pattern).all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                _ => byte == wanted,
            })
    };
    let Some((start, rest)) = text.as_bytes().split_at_checked(START.len()) else {
        return false;
    };
    let number = |at: usize| {
        let digits = text.get(at..at + 2);
        digits.and_then(|digits| digits.parse::<u8>().ok())
    };
    let in_range = |at: usize, from: u8, to: u8| number(at).is_some_and(|n| from <= n && n <= to);
    if !matches(start, START)
        || !in_range(5, 1, 12)
        || !in_range(8, 1, 31)
        || !in_range(11, 0, 23)
        || !in_range(14, 0, 59)
        || !in_range(17, 0, 60)
    {
        return false;
    }
    let rest = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit());
            match digits.count() {
                0 => return false,
                count => fraction.get(count..).unwrap_or_default(),
            }
        }
        rest => rest,
    };
    rest == b"Z" || matches(rest, b"+dd:dd") || matches(rest, b"-dd:dd")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_070_dates_are_written_in_whole_seconds_utc() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_609_067_100_999, "2020-12-27T11:05:00Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(write(ms), text);
            assert!(is_date_time(text));
        }
    }

    #[test]
    fn l_079_dates_are_known() {
        for (text, is_date) in [
            ("2020-12-01T10:11:12.1234567Z", true),
            ("2020-12-01T10:11:12+01:00", true),
            ("2020-12-01T10:11:12", false),
            ("2020-13-01T10:11:12Z", false),
            ("2020-12-01T10:11:12.Z", false),
            ("2020-12-01 10:11:12Z", false),
            ("2020-12-0äT10:11:12Z", false),
            ("", false),
        ] {
            assert_eq!(is_date_time(text), is_date, "{text}");
        }
    }
}
