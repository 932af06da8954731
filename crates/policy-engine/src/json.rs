//! Reading JSON without trust: bounded size and depth, no member twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{BuildCause, BuildErrors, Place, Problems, did_you_mean, quote};

/// Largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;

/// Deepest nesting of a document. The format needs nine levels.
pub const DOCUMENT_DEPTH_MAX: usize = 32;

/// Reads JSON as documents are read: at most [`DOCUMENT_BYTES_MAX`] and [`DOCUMENT_DEPTH_MAX`], no
/// member twice.
///
/// # Errors
///
/// [`BuildErrors`] with the line and the column.
///
/// # Examples
///
/// ```
/// let twice = policy_engine::strict_json(r#"{"service": 1, "service": 2}"#);
/// assert!(twice.unwrap_err().to_string().ends_with("member `service` stands there twice"));
/// ```
pub fn strict_json(text: &str) -> Result<Value, BuildErrors> {
    parse(text).map_err(|cause| {
        let mut problems = Problems::default();
        problems.push(&Place::Root, cause);
        problems.into_errors()
    })
}

/// Reads a whole text as one JSON value.
///
/// A member listed twice is an error: one of the two would be lost in silence, and with it a
/// condition of a filter.
pub(crate) fn parse(text: &str) -> Result<Value, BuildCause> {
    if text.len() > DOCUMENT_BYTES_MAX {
        return Err(BuildCause::TooMany {
            what: "bytes",
            count: text.len(),
            limit: DOCUMENT_BYTES_MAX,
        });
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| {
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        BuildCause::Json {
            line: error.line(),
            column: error.column(),
            reason: message.trim_end_matches(place.as_str()).to_owned(),
        }
    })
}

struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= DOCUMENT_DEPTH_MAX {
            return Err(E::custom(format_args!(
                "nested more than {DOCUMENT_DEPTH_MAX} levels deep"
            )));
        }
        Ok(Self {
            depth: self.depth + 1,
        })
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inner()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.inner()?)?;
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!(
                    "member `{}` stands there twice",
                    quote(&name)
                )));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// A whole number, as the product's codes and ids are.
pub(crate) fn whole_number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// What [`instant`] takes.
pub(crate) const INSTANT: &str = "milliseconds since 1970, or a date and time with its zone";

/// Milliseconds UTC, or a date and time with its zone: the product writes both (8.2), and without a
/// zone it would mean another instant for each reader (R-198).
pub(crate) fn instant(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let instant = chrono::DateTime::parse_from_rfc3339(value.as_str()?.trim()).ok()?;
        Some(instant.timestamp_millis())
    })
}

/// An instant in a form that [`instant`] reads: a date and time, or milliseconds where no date can
/// tell it, before the year 0 and after 9999.
pub(crate) fn written_instant(instant_ms: i64) -> Value {
    let text = Value::String(crate::filter::show_instant(instant_ms));
    if instant(&text) == Some(instant_ms) {
        return text;
    }
    instant_ms.into()
}

/// "Expected this, found that".
pub(crate) fn type_error(expected: &'static str, found: &Value) -> BuildCause {
    let found = match found {
        Value::Null => "`null`".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(value) => format!("`{value}`"),
        Value::String(value) => format!("`\"{}\"`", quote(value)),
        Value::Array(list) if list.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(members) if members.is_empty() => "an empty object".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    BuildCause::Type { expected, found }
}

/// The members of an object, read one by one; what is wrong is written down and replaced by a
/// default, so that all errors are found at once.
pub(crate) struct Members<'v, 'p> {
    members: Option<&'v Map<String, Value>>,
    pub(crate) place: &'p Place<'p>,
}

impl<'v, 'p> Members<'v, 'p> {
    /// Takes an object that has none but the `allowed` members.
    pub(crate) fn new(
        value: &'v Value,
        place: &'p Place<'p>,
        allowed: &[&'static str],
        problems: &mut Problems,
    ) -> Self {
        let members = value.as_object();
        if members.is_none() {
            problems.push(place, type_error("an object", value));
        }
        for name in members.into_iter().flat_map(Map::keys) {
            if !allowed.contains(&name.as_str()) {
                problems.push_near(
                    &place.member(name),
                    BuildCause::UnknownMember { name: quote(name) },
                    || did_you_mean(name, allowed.iter().copied()),
                );
            }
        }
        Self { members, place }
    }

    /// The member as it is, if it is there.
    pub(crate) fn value(&self, name: &str) -> Option<&'v Value> {
        self.members.and_then(|members| members.get(name))
    }

    /// The member as whatever `read` makes of it; wrong values are written down.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let result = read(value);
        if result.is_none() {
            problems.push(&self.place.member(name), type_error(expected, value));
        }
        result
    }

    /// A text.
    pub(crate) fn text(&self, name: &'static str, problems: &mut Problems) -> Option<&'v str> {
        self.read(name, "a text", problems, Value::as_str)
    }

    /// A text that must be there.
    pub(crate) fn required(&self, name: &'static str, problems: &mut Problems) -> Option<&'v str> {
        if self.members.is_some() && self.value(name).is_none() {
            problems.push(self.place, BuildCause::Missing { name });
        }
        self.text(name, problems)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &'static str, default: bool, problems: &mut Problems) -> bool {
        self.read(name, "`true` or `false`", problems, Value::as_bool)
            .unwrap_or(default)
    }

    /// A list of at most `limit` texts.
    pub(crate) fn texts(
        &self,
        name: &'static str,
        limit: usize,
        problems: &mut Problems,
    ) -> Vec<String> {
        let mut texts = Vec::new();
        for (at, value) in self.list(name, limit, problems).iter().enumerate() {
            match value.as_str() {
                Some(text) => texts.push(text.to_owned()),
                None => problems.push(
                    &self.place.member(name).item(at),
                    type_error("a text", value),
                ),
            }
        }
        texts
    }

    /// A list of at most `limit` values; nothing when it is missing.
    pub(crate) fn list(
        &self,
        name: &'static str,
        limit: usize,
        problems: &mut Problems,
    ) -> &'v [Value] {
        let list = self
            .read(name, "a list", problems, Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        if list.len() > limit {
            problems.push(
                &self.place.member(name),
                BuildCause::TooMany {
                    what: "items",
                    count: list.len(),
                    limit,
                },
            );
            return &[];
        }
        list
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &'static str,
        words: &'static [&'static str],
        values: &[T],
        problems: &mut Problems,
    ) -> Option<T> {
        let text = self.text(name, problems)?;
        let found = words
            .iter()
            .position(|word| *word == text)
            .and_then(|at| values.get(at).copied());
        if found.is_none() {
            problems.push_near(
                &self.place.member(name),
                BuildCause::Choice {
                    value: quote(text),
                    allowed: words,
                },
                || did_you_mean(text, words.iter().copied()),
            );
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_twice_is_an_error() {
        let error = parse("{\"a\": 1,\n \"a\": 2}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, column 8: member `a` stands there twice"
        );
        assert!(parse(r#"{"a": {"b": 1}, "c": {"b": 1}}"#).is_ok());
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&nested(DOCUMENT_DEPTH_MAX)).is_ok());
        assert!(parse(&nested(DOCUMENT_DEPTH_MAX + 2)).is_err());
        assert!(parse(&nested(100_000)).is_err());
        assert!(parse(&" ".repeat(DOCUMENT_BYTES_MAX + 1)).is_err());
        assert!(parse("1 2").is_err());
        assert!(parse("").is_err());
    }
}
