//! Typed access to the members of an object, with the place for errors.

use serde_json::{Map, Value};

use super::ENTRIES_MAX;
use crate::error::{IdError, SourceError, quote};
use crate::evaluate::NameValue;
use crate::source::document_error;

/// An object and where it stands.
pub(super) struct Members<'v> {
    members: &'v Map<String, Value>,
    pointer: String,
}

impl<'v> Members<'v> {
    pub(super) fn new(value: &'v Value, pointer: String) -> Result<Self, SourceError> {
        match value {
            Value::Object(members) => Ok(Self { members, pointer }),
            _ => Err(document_error(&pointer, "not an object")),
        }
    }

    /// The member, unless it is absent or null.
    fn get(&self, name: &str) -> Option<&'v Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn at(&self, name: &str) -> String {
        format!(
            "{}/{}",
            self.pointer,
            name.replace('~', "~0").replace('/', "~1")
        )
    }

    pub(super) fn wrong(&self, name: &str, cause: &str) -> SourceError {
        document_error(&self.at(name), cause)
    }

    /// The error where a member is needed and absent.
    pub(super) fn lacks(&self, name: &str) -> SourceError {
        document_error(&self.pointer, &format!("there is no `{name}`"))
    }

    /// The error where there is another member.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), SourceError> {
        match self
            .members
            .keys()
            .find(|name| !names.contains(&name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(self.wrong(&quote(name), "not known")),
        }
    }

    /// The error where the member has a value.
    pub(super) fn is_null(&self, name: &str) -> Result<(), SourceError> {
        match self.get(name) {
            None => Ok(()),
            Some(_) => Err(self.wrong(name, "not null")),
        }
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'v str>, SourceError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "not a text")),
        }
    }

    pub(super) fn needed_text(&self, name: &str) -> Result<&'v str, SourceError> {
        self.text(name)?.ok_or_else(|| self.lacks(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, SourceError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(name, "neither true nor false")),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, SourceError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(self.wrong(name, "not a whole number from 0 to 4294967295")),
        }
    }

    pub(super) fn id<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Result<Option<T>, SourceError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match parse(text) {
            Ok(id) => Ok(Some(id)),
            Err(error) => Err(self.wrong(name, &error.to_string())),
        }
    }

    /// One of these words; letter case doesn't matter.
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, SourceError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = words
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(text));
        match found {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let known: Vec<String> =
                    words.iter().map(|(word, _)| format!("`{word}`")).collect();
                let cause = format!("`{}` is none of {}", quote(text), known.join(", "));
                Err(self.wrong(name, &cause))
            }
        }
    }

    pub(super) fn object(&self, name: &str) -> Result<Option<Members<'v>>, SourceError> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => Members::new(value, self.at(name)).map(Some),
        }
    }

    /// The items of a list and where they stand; nothing if it is absent.
    pub(super) fn list(&self, name: &str) -> Result<Vec<(&'v Value, String)>, SourceError> {
        let items = match self.get(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(self.wrong(name, "not a list")),
        };
        if items.len() > ENTRIES_MAX {
            return Err(self.wrong(name, "more than 10000 entries"));
        }
        let pointer = self.at(name);
        let items = items.iter().enumerate();
        Ok(items
            .map(|(at, item)| (item, format!("{pointer}/{at}")))
            .collect())
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, SourceError> {
        let one = |(value, pointer): (&Value, String)| match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(document_error(&pointer, "not a text")),
        };
        self.list(name)?.into_iter().map(one).collect()
    }

    /// A list of names and values. A value that is absent is empty.
    pub(super) fn pairs(&self, name: &str) -> Result<Vec<NameValue>, SourceError> {
        let one = |(value, pointer)| {
            let entry = Members::new(value, pointer)?;
            let value = entry.text("value")?.unwrap_or_default();
            Ok(NameValue::new(entry.needed_text("name")?, value))
        };
        self.list(name)?.into_iter().map(one).collect()
    }
}
