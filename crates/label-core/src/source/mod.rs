//! Where a tenant's label list comes from.

#[cfg(feature = "sources")]
mod actions;
#[cfg(feature = "sources")]
mod classic;
#[cfg(feature = "sources")]
pub mod document;
#[cfg(feature = "sources")]
pub mod graph;
#[cfg(feature = "sources")]
mod merge;
#[cfg(feature = "sources")]
mod powershell;

use crate::error::SourceError;
use crate::id::TenantId;
use crate::label::Label;

#[cfg(feature = "sources")]
pub use self::classic::ClassicLabels;
#[cfg(feature = "sources")]
pub use self::document::{Combined, Document, Import, OrderDirection, combine};
#[cfg(feature = "sources")]
pub use self::graph::GraphFile;

/// A complete label list of one tenant, parents and sublabels included (R-061).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelList {
    /// Whose labels they are.
    pub tenant: TenantId,
    /// The labels in the order of the source.
    pub labels: Vec<Label>,
    /// What was odd and could be read all the same.
    pub notes: Vec<String>,
}

impl LabelList {
    /// A list without labels.
    pub fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            labels: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// Labels that could not be read. A few are left out and told; where they are more than a tenth, it
/// is the list that can't be trusted (section 3.6).
#[cfg(feature = "sources")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejected {
    first: Option<SourceError>,
    count: usize,
}

#[cfg(feature = "sources")]
impl Rejected {
    /// A label that goes, with the sublabels that are nested in it.
    pub(crate) fn add(&mut self, error: SourceError, sublabels: Option<&serde_json::Value>) {
        self.first.get_or_insert(error);
        self.count = self.count.saturating_add(1 + nested(sublabels, 0));
    }

    /// Those of another part of the same list, which comes behind this one.
    pub(crate) fn extend(&mut self, more: Self) {
        self.first = self.first.take().or(more.first);
        self.count = self.count.saturating_add(more.count);
    }

    /// The same of a part of a document, told from its beginning.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        self.first = self.first.map(|error| below(error, pointer));
        self
    }

    /// The list without them, or the error of the first.
    pub(crate) fn settle(self, mut list: LabelList) -> Result<LabelList, SourceError> {
        let Some(first) = self.first else {
            return Ok(list);
        };
        if self.count.saturating_mul(10) > list.labels.len().saturating_add(self.count) {
            return Err(first);
        }
        let more = match self.count {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        // The first one, where there are too many.
        list.notes.insert(0, format!("left out: {first}{more}"));
        Ok(list)
    }
}

/// How many labels a list of sublabels has, at all depths.
#[cfg(feature = "sources")]
fn nested(sublabels: Option<&serde_json::Value>, depth: usize) -> usize {
    const DEPTH_MAX: usize = 32;
    let list = sublabels.and_then(serde_json::Value::as_array);
    let list = list.filter(|_| depth < DEPTH_MAX).into_iter().flatten();
    list.map(|one| 1 + nested(one.get("sublabels"), depth + 1))
        .sum()
}

/// Most notes of one list.
#[cfg(feature = "sources")]
const NOTES_MAX: usize = 1_000;

/// Notes something odd, as long as there are not too many notes.
#[cfg(feature = "sources")]
pub(crate) fn note(notes: &mut Vec<String>, text: String) {
    if notes.len() < NOTES_MAX {
        notes.push(text);
    }
}

/// A name as long as one can be.
#[cfg(feature = "sources")]
pub(crate) fn cut_name(text: &str) -> String {
    text.chars().take(crate::label::NAME_CHARS_MAX).collect()
}

#[cfg(feature = "sources")]
impl LabelList {
    /// Each label once (L-055): the last of an id counts, with the first parent that one of them
    /// has. What depends on a label by its id or name then finds the one that counts.
    #[must_use]
    pub(crate) fn unique(mut self) -> Self {
        // Nearly every list is: then the labels, which are large, stay where they are.
        let mut seen = std::collections::HashSet::with_capacity(self.labels.len());
        if self.labels.iter().all(|label| seen.insert(label.key.label)) {
            return self;
        }
        let mut index: std::collections::HashMap<crate::id::LabelId, usize> =
            std::collections::HashMap::with_capacity(self.labels.len());
        let mut unique: Vec<Label> = Vec::with_capacity(self.labels.len());
        for mut label in std::mem::take(&mut self.labels) {
            let id = label.key.label;
            match index.get(&id).and_then(|at| unique.get_mut(*at)) {
                None => {
                    index.insert(id, unique.len());
                    unique.push(label);
                }
                Some(first) => {
                    if *first != label {
                        let text = format!("label `{id}`: listed twice; merged");
                        note(&mut self.notes, text);
                    }
                    label.parent = first.parent.or(label.parent);
                    *first = label;
                }
            }
        }
        self.labels = unique;
        self
    }
}

#[cfg(feature = "sources")]
pub(crate) fn document_error(pointer: &str, cause: &str) -> SourceError {
    SourceError::Document {
        pointer: pointer.to_owned(),
        cause: cause.to_owned(),
    }
}

/// An error in a part of a document, told from its beginning.
#[cfg(feature = "sources")]
pub(crate) fn below(error: SourceError, pointer: &str) -> SourceError {
    match error {
        SourceError::Document {
            pointer: inner,
            cause,
        } => document_error(&format!("{pointer}{inner}"), &cause),
        other => other,
    }
}

/// JSON in the encodings that exports come in: UTF-8, and UTF-16 with a mark (L-060).
#[cfg(feature = "sources")]
pub(crate) fn json(body: &[u8]) -> Result<serde_json::Value, SourceError> {
    let not_json = |error: serde_json::Error| document_error("", &format!("not JSON: {error}"));
    let units = |rest: &[u8], to_unit: fn([u8; 2]) -> u16| -> Result<String, SourceError> {
        let (pairs, odd) = rest.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(document_error("", "UTF-16 of an odd number of bytes"));
        }
        char::decode_utf16(pairs.iter().map(|pair| to_unit(*pair)))
            .collect::<Result<String, _>>()
            .map_err(|_| document_error("", "not valid UTF-16"))
    };
    match body {
        // Editors on Windows save JSON with a byte-order mark.
        [0xef, 0xbb, 0xbf, rest @ ..] => serde_json::from_slice(rest).map_err(not_json),
        [0xff, 0xfe, rest @ ..] => {
            let text = units(rest, u16::from_le_bytes)?;
            serde_json::from_str(&text).map_err(not_json)
        }
        [0xfe, 0xff, rest @ ..] => {
            let text = units(rest, u16::from_be_bytes)?;
            serde_json::from_str(&text).map_err(not_json)
        }
        body => serde_json::from_slice(body).map_err(not_json),
    }
}

/// A colour of the form `#RRGGBB`; another text is dropped with a note.
#[cfg(feature = "sources")]
pub(crate) fn color(
    text: Option<&str>,
    pointer: &str,
    member: &str,
    list: &mut LabelList,
) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    let is_color = text.strip_prefix('#').is_some_and(|digits| {
        digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    if !is_color {
        note(
            &mut list.notes,
            format!(
                "{pointer}/{member}: `{}` is not of the form #RRGGBB; dropped",
                crate::error::quote(text)
            ),
        );
        return None;
    }
    Some(text.to_owned())
}

/// Members that the model has no place for, as JSON text (L-003).
#[cfg(feature = "sources")]
pub(crate) fn extras(
    members: &serde_json::Map<String, serde_json::Value>,
    is_known: impl Fn(&str) -> bool,
) -> std::collections::BTreeMap<String, String> {
    let mut extras = std::collections::BTreeMap::new();
    // One by one: most labels have none or one, and collecting goes through a list.
    for (name, value) in members {
        if !is_known(name) && !value.is_null() {
            extras.insert(name.clone(), value.to_string());
        }
    }
    extras
}

/// Notes, once in a list, a member that is left out because it names people: who has which rights is
/// kept on request only (section 3.6), and extras are kept unasked.
#[cfg(feature = "sources")]
pub(crate) fn note_people(notes: &mut Vec<String>, member: &str, value: &serde_json::Value) {
    use serde_json::Value;

    let is_empty = match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let text = format!("`{member}`: left out, it names people");
    if !is_empty && !notes.contains(&text) {
        note(notes, text);
    }
}

/// A file with an answer or an export.
#[cfg(feature = "sources")]
pub(crate) fn read_file(path: &std::path::Path) -> Result<Vec<u8>, SourceError> {
    use std::io::Read;

    let io = |error: std::io::Error| SourceError::Io {
        path: path.display().to_string(),
        cause: error.to_string(),
    };
    let file = std::fs::File::open(path).map_err(io)?;
    let mut body = Vec::new();
    file.take(graph::BODY_BYTES_MAX + 1)
        .read_to_end(&mut body)
        .map_err(io)?;
    if body.len() as u64 > graph::BODY_BYTES_MAX {
        return Err(SourceError::TooLarge {
            limit_bytes: graph::BODY_BYTES_MAX,
        });
    }
    Ok(body)
}

/// Fetches the complete label list of a tenant.
///
/// One call is one complete, successful read or an error; half a list is an error. On an error the
/// caller keeps the list that it has (R-063).
pub trait LabelSource {
    /// The list as it is now.
    ///
    /// # Errors
    ///
    /// [`SourceError`]: nothing was read, keep the list in force and try again later.
    fn fetch(&mut self) -> Result<LabelList, SourceError>;
}

/// A source with a list in memory, for tests and for callers who have the labels already.
///
/// # Examples
///
/// ```
/// use label_core::source::{FixedLabels, LabelSource};
/// use label_core::{Label, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let mut source = FixedLabels::new(tenant, vec![Label::new(tenant, LabelId::from_u128(2), "General")]);
/// assert_eq!(source.fetch()?.labels.len(), 1);
/// # Ok::<(), label_core::SourceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FixedLabels {
    list: LabelList,
}

impl FixedLabels {
    /// A source that always gives these labels.
    pub fn new(tenant: TenantId, labels: Vec<Label>) -> Self {
        Self {
            list: LabelList {
                labels,
                ..LabelList::new(tenant)
            },
        }
    }
}

impl LabelSource for FixedLabels {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        Ok(self.list.clone())
    }
}
