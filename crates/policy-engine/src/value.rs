//! Single values of filters and rules: read from JSON, and what is wrong is written down.

use std::ops::RangeInclusive;

use label_core::{LabelKey, LabelOrigin, LabelView, LookupError};
use serde_json::Value;

use crate::error::{BuildCause, Place, Problems, quote};
use crate::filter::{Gone, VALUE_BYTES_MAX};
use crate::json::{self, Members, type_error, whole_number};

/// The values of an operator; a bare value counts as a list of one.
pub(crate) fn list<'v>(
    value: &'v Value,
    limit: usize,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<&'v [Value]> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    if list.len() > limit {
        let (what, count) = ("values", list.len());
        problems.push(place, BuildCause::TooMany { what, count, limit });
        return None;
    }
    Some(list)
}

/// A text of bounded length.
pub(crate) fn text<'v>(
    value: &'v Value,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<&'v str> {
    match value.as_str() {
        Some(text) if text.len() > VALUE_BYTES_MAX => {
            problems.push(
                place,
                BuildCause::TooMany {
                    what: "bytes of text",
                    count: text.len(),
                    limit: VALUE_BYTES_MAX,
                },
            );
            None
        }
        Some(text) => Some(text),
        None => {
            problems.push(place, type_error("a text", value));
            None
        }
    }
}

/// A whole number, as the product's codes and ids are.
pub(crate) fn number(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<u32> {
    let number = whole_number(value);
    if number.is_none() {
        let quoted = value
            .as_str()
            .and_then(|text| text.trim().parse::<u32>().ok());
        problems.push_with(
            place,
            type_error("a whole number", value),
            quoted.map(|number| format!("write `{number}` without quotation marks")),
        );
    }
    number
}

/// Milliseconds UTC, or a date and time with its zone.
pub(crate) fn instant(value: &Value, place: &Place<'_>, problems: &mut Problems) -> Option<i64> {
    let instant = json::instant(value);
    if instant.is_none() {
        let suggestion = value
            .is_string()
            .then(|| "such as `2020-12-27T00:00:00Z`".to_owned());
        problems.push_with(place, type_error(json::INSTANT, value), suggestion);
    }
    instant
}

/// An object with `start` and `end`, both included.
pub(crate) fn range(
    value: &Value,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<RangeInclusive<i64>> {
    if !value.is_object() {
        problems.push(place, type_error("an object with `start` and `end`", value));
        return None;
    }
    let members = Members::new(value, place, &["start", "end"], problems);
    let mut bound = |name: &'static str| match members.value(name) {
        Some(value) => instant(value, &place.member(name), problems),
        None => {
            problems.push(place, BuildCause::Missing { name });
            None
        }
    };
    // Both are looked at before giving up.
    let (start, end) = (bound("start"), bound("end"));
    let (start, end) = start.zip(end)?;
    if start > end {
        problems.push(place, BuildCause::EmptyRange);
        return None;
    }
    Some(start..=end)
}

/// A label that something is compared with, in any form that [`LabelView::find`] takes.
pub(crate) fn label(
    value: &Value,
    labels: &LabelView,
    gone: Gone,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<LabelKey> {
    let text = text(value, place, problems)?;
    let key = find_label(labels, text, place, problems)?;
    if matches!(labels.origin_of(key), LabelOrigin::OwnDeleted(_)) && gone == Gone::Refused {
        problems.push(place, BuildCause::DeletedLabel { text: quote(text) });
        return None;
    }
    Some(key)
}

/// The labels right below one.
pub(crate) fn sublabels(labels: &LabelView, key: LabelKey) -> impl Iterator<Item = LabelKey> {
    let below = labels
        .catalog()
        .labels()
        .filter(move |label| label.parent == Some(key.label) && label.key.tenant == key.tenant);
    below.map(|label| label.key)
}

/// Looks a label up, and says so when there is none.
pub(crate) fn find_label(
    labels: &LabelView,
    text: &str,
    place: &Place<'_>,
    problems: &mut Problems,
) -> Option<LabelKey> {
    match labels.find_quickly(text) {
        Ok(key) => Some(key),
        Err(LookupError::Ambiguous { paths, .. }) => {
            let suggestion = format!("write one of `{}`", paths.join("`, `"));
            let cause = BuildCause::AmbiguousLabel {
                text: quote(text),
                paths,
            };
            problems.push_with(place, cause, Some(suggestion));
            None
        }
        Err(LookupError::Unknown { .. }) => {
            let cause = BuildCause::UnknownLabel { text: quote(text) };
            problems.push_near(place, cause, || match labels.find(text) {
                Err(LookupError::Unknown { suggestion, .. }) => {
                    suggestion.map(|path| format!("did you mean `{path}`?"))
                }
                _ => None,
            });
            None
        }
        Err(_) => {
            problems.push(place, BuildCause::UnknownLabel { text: quote(text) });
            None
        }
    }
}
