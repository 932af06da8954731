//! How long to wait before asking again (L-042).

use crate::sync::random::Random;
use crate::sync::time::from_http;

/// Most tries of one page.
pub(super) const TRIES_MAX: u32 = 5;

/// The first wait is drawn from 0 to this, in milliseconds; each later one from twice as much.
const WAIT_MS_FIRST: i64 = 1_000;

/// Longest wait that is drawn, in milliseconds.
const WAIT_MS_MAX: i64 = 60_000;

/// Whether asking again may help.
pub(super) const fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504 | 509)
}

/// The wait before the next try after so many, in milliseconds: drawn from the whole of a range
/// that doubles each time.
pub(super) fn drawn_wait_ms(tries: u32, random: &mut Random) -> i64 {
    let doublings = tries.saturating_sub(1).min(16);
    let most = WAIT_MS_FIRST
        .saturating_mul(1_i64 << doublings)
        .min(WAIT_MS_MAX);
    random.up_to(most)
}

/// What `Retry-After` asks for, in milliseconds: seconds, also with a fraction, or a date, of which
/// a past one means at once. `None` if it is neither.
pub(super) fn retry_after_ms(text: &str, now_ms: i64) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits(whole) && is_digits(fraction) {
        // More seconds than fit are for ever; the caller has a cap.
        let seconds: i64 = whole.parse().unwrap_or(i64::MAX);
        let padded: String = fraction.chars().chain("000".chars()).take(3).collect();
        let millis: i64 = padded.parse().unwrap_or(0);
        return Some(seconds.saturating_mul(1_000).saturating_add(millis));
    }
    from_http(text).map(|at| at.saturating_sub(now_ms).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l_042_retry_after_in_all_its_forms() {
        let now = 784_111_777_000;
        for (text, expected) in [
            ("17", Some(17_000)),
            ("2.128", Some(2_128)),
            (" 0 ", Some(0)),
            ("0.5", Some(500)),
            ("2.1289", Some(2_128)),
            ("1000000000", Some(1_000_000_000_000)),
            ("99999999999999999999999", Some(i64::MAX)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10_000)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:47 GMT", Some(10_000)),
            ("-5", None),
            ("1e3", None),
            ("", None),
            (".5", None),
            ("5.", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after_ms(text, now), expected, "{text}");
        }
    }

    #[test]
    fn l_042_waits_are_drawn_from_ranges_that_double() {
        let mut random = Random::new(1);
        for (tries, most) in [(1, 1_000), (2, 2_000), (3, 4_000), (4, 8_000), (9, 60_000)] {
            let waits: Vec<i64> = (0..1_000)
                .map(|_| drawn_wait_ms(tries, &mut random))
                .collect();
            assert!(waits.iter().all(|wait| (0..=most).contains(wait)));
            assert!(waits.iter().any(|wait| *wait > most * 9 / 10));
            assert!(waits.iter().any(|wait| *wait < most / 10));
        }
    }
}
