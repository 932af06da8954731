//! A week of label tasks under the daily limit: scripts of events, and a story.

mod chart;
mod events;
mod run;
mod story;

pub use events::{EVENTS_MAX, Event, LINE_BYTES_MAX, Op, read};
pub use run::{Options, StoreKind, run};
pub use story::tell;

use chrono::{DateTime, SecondsFormat};

/// An instant as RFC 3339 in UTC: whole seconds where there are no milliseconds.
pub fn rfc3339(at_ms: i64) -> String {
    match DateTime::from_timestamp_millis(at_ms) {
        Some(instant) => instant.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        None => format!("{at_ms} ms"),
    }
}

/// The instant of a text as RFC 3339, in milliseconds UTC; finer parts are cut off.
///
/// # Errors
///
/// One line that names the text.
pub fn instant(text: &str) -> Result<i64, String> {
    let instant = DateTime::parse_from_rfc3339(text);
    let instant = instant.map_err(|error| format!("`{text}` is no time of RFC 3339: {error}"))?;
    // Rounded down also before 1970: an instant is never after itself.
    let seconds = instant.timestamp().checked_mul(1000);
    let millis = i64::from(instant.timestamp_subsec_millis());
    let at = seconds.and_then(|seconds| seconds.checked_add(millis));
    at.ok_or_else(|| format!("`{text}` is out of range"))
}
