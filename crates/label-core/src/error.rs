//! What can go wrong, sorted by what the caller should do.

use thiserror::Error;

use crate::id::{LabelId, TenantId};

/// How much of an offending text an error message quotes, in characters.
const QUOTE_CHARS_MAX: usize = 80;

/// Cuts a quotation to a length that fits a line of a log.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTE_CHARS_MAX).collect();
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

/// A text is not an identity: correct the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// Not a GUID of the form `8-4-4-4-12`.
    #[error("{kind}: `{text}` is not a GUID")]
    NotGuid {
        /// Which identity was read.
        kind: &'static str,
        /// What stood there, cut to a line.
        text: String,
    },
    /// Nothing stood there.
    #[error("{kind}: empty")]
    Empty {
        /// Which identity was read.
        kind: &'static str,
    },
    /// Longer than [`IDENTIFIER_BYTES_MAX`](crate::id::IDENTIFIER_BYTES_MAX).
    #[error("{kind}: {bytes} bytes long, at most 2048 are allowed")]
    TooLong {
        /// Which identity was read.
        kind: &'static str,
        /// How long it was.
        bytes: usize,
    },
    /// A control character, which no app uses in an identity.
    #[error("{kind}: holds a control character")]
    ControlCharacter {
        /// Which identity was read.
        kind: &'static str,
    },
}

impl IdError {
    pub(crate) fn guid(kind: &'static str, text: &str) -> Self {
        Self::NotGuid {
            kind,
            text: quote(text),
        }
    }
}

/// A list of labels is not a catalogue: keep the one in force and look at the source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// More labels than [`LABELS_MAX`](crate::catalog::LABELS_MAX).
    #[error("{count} labels, at most 10000 are allowed")]
    TooManyLabels {
        /// How many there were.
        count: usize,
    },
    /// A label of another tenant: the list was put together wrongly.
    #[error("label `{label}` belongs to tenant `{tenant}`")]
    OtherTenant {
        /// Which label.
        label: LabelId,
        /// Whose it is.
        tenant: TenantId,
    },
    /// A builder was asked for a sublabel before its parent.
    #[error("label `{path}`: there is no `{parent}` yet")]
    NoParent {
        /// The sublabel's path.
        path: String,
        /// The parent's.
        parent: String,
    },
    /// A builder was asked for one path twice.
    #[error("label `{path}`: there is one already")]
    PathTaken {
        /// The path.
        path: String,
    },
}

/// A text names no label, or several: correct the text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LookupError {
    /// Nothing has that name or id.
    #[error("no label is called `{text}`{}", did_you_mean(suggestion))]
    Unknown {
        /// What was looked up.
        text: String,
        /// The nearest path, if one is near.
        suggestion: Option<String>,
    },
    /// Several labels have that name.
    #[error("`{text}` names several labels: {}", in_backticks(paths))]
    Ambiguous {
        /// What was looked up.
        text: String,
        /// The paths of all of them.
        paths: Vec<String>,
    },
}

impl LookupError {
    pub(crate) fn unknown(text: &str, suggestion: Option<String>) -> Self {
        Self::Unknown {
            text: quote(text),
            suggestion,
        }
    }
}

fn did_you_mean(suggestion: &Option<String>) -> String {
    suggestion
        .as_ref()
        .map(|path| format!("; did you mean `{path}`?"))
        .unwrap_or_default()
}

fn in_backticks(paths: &[String]) -> String {
    paths
        .iter()
        .map(|path| format!("`{path}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// A label list could not be read: keep the one in force.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The document is not a label list: look at the place.
    #[error("{pointer}: {cause}")]
    Document {
        /// JSON pointer of the place; empty for the document as a whole.
        pointer: String,
        /// What is wrong there.
        cause: String,
    },
    /// Larger than a label list can be.
    #[error("larger than {limit_bytes} bytes")]
    TooLarge {
        /// The bound.
        limit_bytes: u64,
    },
    /// The place could not be read: try again.
    #[error("`{path}`: {cause}")]
    Io {
        /// What was to be read.
        path: String,
        /// What the system said.
        cause: String,
    },
}
