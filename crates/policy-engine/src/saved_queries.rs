//! Queries kept under a name of one's own choice (A-012).

#[cfg(test)]
mod tests;

use serde_json::{Value, json};
use thiserror::Error;

use crate::check::BuildContext;
use crate::error::{BuildCause, BuildErrors, Place, Problems, quote};
use crate::fold::{equals, fold};
use crate::json::{self, DOCUMENT_BYTES_MAX, Members, type_error};
use crate::query::{Query, QueryOptions};

/// Most saved queries of the product (A-012).
pub const SAVED_QUERIES_MAX: usize = 20;

/// Longest name of a saved query, in characters.
pub const QUERY_NAME_CHARS_MAX: usize = 200;

/// Largest list of saved queries, in bytes of its compact JSON: what can be kept can be read again.
pub const SAVED_QUERIES_BYTES_MAX: usize = DOCUMENT_BYTES_MAX;

/// The form of the list of saved queries.
const FORMAT: &str = "saved-queries/1";

/// How much a list of saved queries keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavedQueriesOptions {
    /// Most queries. Default: [`SAVED_QUERIES_MAX`].
    pub queries_max: usize,
}

impl Default for SavedQueriesOptions {
    fn default() -> Self {
        Self {
            queries_max: SAVED_QUERIES_MAX,
        }
    }
}

/// Why a list of saved queries refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SavedQueryError {
    /// The list has as many queries as the options allow: remove or replace one.
    #[error("{limit} queries are saved, which is all there may be")]
    Full {
        /// [`SavedQueriesOptions::queries_max`].
        limit: usize,
    },
    /// All queries together would be larger than [`SAVED_QUERIES_BYTES_MAX`]: remove one, or save a
    /// smaller one.
    #[error("the saved queries would have more than {limit} bytes together")]
    TooLarge {
        /// [`SAVED_QUERIES_BYTES_MAX`].
        limit: usize,
    },
    /// Another query has that name, letter case apart: replace that one, or take another name.
    #[error("there is a saved query `{name}`")]
    NameTaken {
        /// The name of the other query, cut to a line.
        name: String,
    },
    /// No query has that name.
    #[error("no saved query `{name}`")]
    Unknown {
        /// What was asked for, cut to a line.
        name: String,
    },
    /// A name has to have one to [`QUERY_NAME_CHARS_MAX`] characters, none of them a control
    /// character.
    #[error("`{name}` can't be the name of a saved query")]
    BadName {
        /// The name, cut to a line.
        name: String,
    },
}

/// A query and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedQuery {
    name: Box<str>,
    query: Value,
}

impl SavedQuery {
    /// Where a reader was in a listing is no part of the query.
    fn new(name: Box<str>, mut query: Value) -> Self {
        if let Some(members) = query.as_object_mut() {
            members.remove("skip");
        }
        Self { name, query }
    }

    fn to_value(&self) -> Value {
        json!({"name": &*self.name, "query": self.query})
    }

    /// How much it takes in the list, with a comma.
    fn bytes(&self) -> usize {
        json_bytes(&self.to_value()) + 1
    }

    /// The name as it was given, without blanks around it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The query as JSON, without `skip`: a saved query starts at its first page.
    pub fn query(&self) -> &Value {
        &self.query
    }

    /// The query against the labels as they are now.
    ///
    /// # Errors
    ///
    /// As [`Query::from_value`]: a query that names a label by its name no longer builds when the
    /// label is gone. One that names it by its id does, and goes on finding the files (5.2).
    pub fn build(
        &self,
        context: &BuildContext<'_>,
        options: &QueryOptions,
    ) -> Result<Query, BuildErrors> {
        Query::from_value(&self.query, context, options)
    }
}

/// Saved queries, each with a name that no other one has, letter case apart (A-012).
///
/// # Examples
///
/// ```
/// use label_core::{LabelCatalog, LabelView, TenantId};
/// use policy_engine::{
///     BuildContext, Query, QueryOptions, SavedQueries, SavedQueriesOptions, SavedQueryError,
/// };
///
/// let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
/// let context = BuildContext::new(&labels);
/// let options = QueryOptions::default();
/// let text = r#"{"filters": {"sharing": {"eq": [3, 4]}}, "sortField": "name"}"#;
/// let query = Query::from_json(text, &context, &options)?;
///
/// let mut saved = SavedQueries::new(SavedQueriesOptions::default());
/// saved.save("Public files", &query)?;
/// let again = saved.save("PUBLIC FILES", &query);
/// assert_eq!(again, Err(SavedQueryError::NameTaken { name: "Public files".to_owned() }));
///
/// let kept = saved.to_value().to_string();
/// let saved = SavedQueries::from_json(&kept, SavedQueriesOptions::default())?;
/// let query = saved.get("public files").ok_or("missing")?.build(&context, &options)?;
/// assert_eq!(query.limit(), 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SavedQueries {
    options: SavedQueriesOptions,
    /// In the order in which they were saved.
    queries: Vec<SavedQuery>,
}

impl SavedQueries {
    /// An empty list.
    pub fn new(options: SavedQueriesOptions) -> Self {
        Self {
            options,
            queries: Vec::new(),
        }
    }

    /// How much it keeps.
    pub fn options(&self) -> &SavedQueriesOptions {
        &self.options
    }

    /// The queries in the order in which they were first saved.
    pub fn iter(&self) -> impl Iterator<Item = &SavedQuery> {
        self.queries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The query of this name; letter case and blanks around it don't matter.
    pub fn get(&self, name: &str) -> Option<&SavedQuery> {
        self.queries.get(self.position(name)?)
    }

    /// Saves a query under a new name, blanks around it left out.
    ///
    /// # Errors
    ///
    /// [`SavedQueryError::BadName`], [`SavedQueryError::NameTaken`], [`SavedQueryError::Full`], or
    /// [`SavedQueryError::TooLarge`].
    pub fn save(&mut self, name: &str, query: &Query) -> Result<(), SavedQueryError> {
        let name = self.free_name(name, None)?;
        let limit = self.options.queries_max;
        if self.queries.len() >= limit {
            return Err(SavedQueryError::Full { limit });
        }
        let saved = SavedQuery::new(name, query.to_value());
        self.has_room(saved.bytes(), 0)?;
        self.queries.push(saved);
        Ok(())
    }

    /// Puts a query in the place of the one of this name; that one is given back, and the name stays
    /// as it is spelt there.
    ///
    /// # Errors
    ///
    /// [`SavedQueryError::Unknown`], or [`SavedQueryError::TooLarge`].
    pub fn replace(&mut self, name: &str, query: &Query) -> Result<SavedQuery, SavedQueryError> {
        let saved = self.get(name).ok_or_else(|| unknown(name))?;
        let with = SavedQuery::new(saved.name.clone(), query.to_value());
        self.has_room(with.bytes(), saved.bytes())?;
        let saved = self.saved_mut(name)?;
        Ok(std::mem::replace(saved, with))
    }

    /// Gives a query another name, or the same one spelt differently.
    ///
    /// # Errors
    ///
    /// [`SavedQueryError::Unknown`], [`SavedQueryError::BadName`],
    /// [`SavedQueryError::NameTaken`] when another query has it, or [`SavedQueryError::TooLarge`].
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), SavedQueryError> {
        let at = self.position(from).ok_or_else(|| unknown(from))?;
        let name = self.free_name(to, Some(at))?;
        let before = self
            .queries
            .get(at)
            .map_or(0, |saved| json_bytes(&saved.name));
        self.has_room(json_bytes(&name), before)?;
        if let Some(saved) = self.queries.get_mut(at) {
            saved.name = name;
        }
        Ok(())
    }

    /// Takes a query off the list.
    ///
    /// # Errors
    ///
    /// [`SavedQueryError::Unknown`].
    pub fn remove(&mut self, name: &str) -> Result<SavedQuery, SavedQueryError> {
        let at = self.position(name).ok_or_else(|| unknown(name))?;
        Ok(self.queries.remove(at))
    }

    /// The list as JSON, to be kept: what [`from_json`](Self::from_json) reads.
    pub fn to_value(&self) -> Value {
        let queries = self.queries.iter().map(SavedQuery::to_value);
        json!({"format": FORMAT, "queries": queries.collect::<Vec<_>>()})
    }

    /// Reads a list: `format` is `saved-queries/1`, `queries` a list of objects with `name` and
    /// `query`.
    ///
    /// The queries themselves are looked at when they are [built](SavedQuery::build), so that one
    /// whose label is gone doesn't take the others with it.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that is wrong: no JSON, another format, unknown members,
    /// more queries than the options allow, a query that is no object, a name that can't be one or
    /// that two queries have.
    pub fn from_json(text: &str, options: SavedQueriesOptions) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        let value = match json::parse(text) {
            Ok(value) => value,
            Err(cause) => {
                problems.push(&Place::Root, cause);
                return Err(problems.into_errors());
            }
        };
        let root = Place::Root;
        let members = Members::new(&value, &root, &["format", "queries"], &mut problems);
        members.required("format", &mut problems);
        members.choice("format", &[FORMAT], &[()], &mut problems);
        let place = root.member("queries");
        let mut saved = Self::new(options);
        let list = members.list("queries", options.queries_max, &mut problems);
        for (at, value) in list.iter().enumerate() {
            if let Some(query) = saved.read(value, &place.item(at), &mut problems) {
                saved.queries.push(query);
            }
        }
        problems.into_result()?;
        Ok(saved)
    }

    /// One query of a list, behind those before it.
    fn read(
        &self,
        value: &Value,
        place: &Place<'_>,
        problems: &mut Problems,
    ) -> Option<SavedQuery> {
        let members = Members::new(value, place, &["name", "query"], problems);
        let name = members.required("name", problems);
        if value.is_object() && members.value("query").is_none() {
            problems.push(place, BuildCause::Missing { name: "query" });
        }
        let query = members.read("query", "a query", problems, |query| {
            query.is_object().then(|| query.clone())
        });
        let text = name?;
        let name = match self.free_name(text, None) {
            Ok(name) => name,
            Err(SavedQueryError::NameTaken { name }) => {
                problems.push(&place.member("name"), BuildCause::DuplicateName { name });
                return None;
            }
            Err(_) => {
                const EXPECTED: &str = "a name of 1 to 200 characters, none a control character";
                let cause = type_error(EXPECTED, &Value::from(text));
                problems.push(&place.member("name"), cause);
                return None;
            }
        };
        Some(SavedQuery::new(name, query?))
    }

    /// Whether the list, as JSON, may have these bytes more and those less.
    fn has_room(&self, more: usize, less: usize) -> Result<(), SavedQueryError> {
        let limit = SAVED_QUERIES_BYTES_MAX;
        let frame = json_bytes(&Self::default().to_value());
        let now = self
            .queries
            .iter()
            .map(SavedQuery::bytes)
            .fold(frame, usize::saturating_add);
        if now.saturating_add(more) > limit.saturating_add(less) {
            return Err(SavedQueryError::TooLarge { limit });
        }
        Ok(())
    }

    fn position(&self, name: &str) -> Option<usize> {
        let wanted = fold(name.trim());
        self.queries
            .iter()
            .position(|saved| equals(&saved.name, &wanted))
    }

    fn saved_mut(&mut self, name: &str) -> Result<&mut SavedQuery, SavedQueryError> {
        self.position(name)
            .and_then(|at| self.queries.get_mut(at))
            .ok_or_else(|| unknown(name))
    }

    /// The name, if a query may have it; `of` is the query that has it already.
    fn free_name(&self, text: &str, of: Option<usize>) -> Result<Box<str>, SavedQueryError> {
        let name = text.trim();
        let is_name = !name.is_empty()
            && name.chars().nth(QUERY_NAME_CHARS_MAX).is_none()
            && !name.chars().any(char::is_control);
        if !is_name {
            return Err(SavedQueryError::BadName { name: quote(text) });
        }
        let taken = self.position(name).filter(|at| Some(*at) != of);
        match taken.and_then(|at| self.queries.get(at)) {
            Some(other) => Err(SavedQueryError::NameTaken {
                name: quote(&other.name),
            }),
            None => Ok(name.into()),
        }
    }
}

fn unknown(name: &str) -> SavedQueryError {
    SavedQueryError::Unknown { name: quote(name) }
}

/// The length of something as compact JSON.
fn json_bytes(value: &impl serde::Serialize) -> usize {
    serde_json::to_string(value).map_or(usize::MAX, |text| text.len())
}
