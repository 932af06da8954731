//! Why a file was not written.

use std::io;

use label_core::{LabelId, TenantId};
use thiserror::Error;

use crate::reading::Protection;

/// A refusal to write, or a failure. In every case the input is as it was and no output is left.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Not one of the types that can be written.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The content is encrypted; only a protector may replace that.
    #[error("protected: {}", .0.as_str())]
    Protected(Protection),
    /// The label encrypts, and no protector was given.
    #[error("the label encrypts, and there is no protector to do it")]
    ProtectionRequired,
    /// The protector gave up.
    #[error("the protector failed: {0}")]
    Protector(String),
    /// Digitally signed: the change would break the signature.
    #[error("digitally signed")]
    Signed,
    /// Digitally signed, and what the signatures say rules the change out, whatever is allowed.
    #[error("digitally signed: {0}")]
    SignatureForbids(&'static str),
    /// Damaged, or contradicting itself.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Larger than can be labelled.
    #[error("{size_bytes} bytes, at most {limit_bytes} can be written")]
    TooLarge {
        /// The file's size.
        size_bytes: u64,
        /// The bound.
        limit_bytes: u64,
    },
    /// A part or the directory is beyond the limits.
    #[error("too large: {0}")]
    PartTooLarge(String),
    /// Another tenant's label of the same id holds the property names.
    #[error("label `{label}` of tenant `{tenant}` already holds the property names")]
    NameCollision {
        /// The label's id.
        label: LabelId,
        /// Whose label is there.
        tenant: TenantId,
    },
    /// A value that can't be stored.
    #[error("{attribute}: {cause}")]
    Value {
        /// Which attribute.
        attribute: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// The finished file does not read back as intended; it was dropped.
    #[error("the result does not read back: {0}")]
    Verification(String),
    /// An earlier path of the same batch means the same file.
    #[error("the same file as path {first} of the batch")]
    Repeated {
        /// The place of the earlier path in the batch, counted from 0.
        first: usize,
    },
    /// Somebody changed the file between reading and replacing. Start again from the new one.
    #[error("the file was changed meanwhile")]
    ChangedMeanwhile,
    /// Reading or writing failed.
    #[error("{place}: {source}")]
    Io {
        /// What was being done.
        place: String,
        /// What the system said.
        source: io::Error,
    },
}

impl WriteError {
    pub(crate) fn io(place: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            place: place.into(),
            source,
        }
    }

    /// The stable code of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unsupported(_) => "type_unsupported",
            Self::Protected(_) => "protected",
            Self::ProtectionRequired => "protection_required",
            Self::Protector(_) => "protector_failed",
            Self::Signed | Self::SignatureForbids(_) => "signed",
            Self::Malformed(_) => "malformed",
            Self::TooLarge { .. } | Self::PartTooLarge(_) => "too_large",
            Self::NameCollision { .. } => "name_collision",
            Self::Value { .. } => "bad_value",
            Self::Verification(_) => "verification_failed",
            Self::Repeated { .. } => "repeated",
            Self::ChangedMeanwhile => "changed_meanwhile",
            Self::Io { .. } => "io_error",
        }
    }
}

/// Why a publishing licence could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LicenceError {
    /// Not a licence, or damaged.
    #[error("malformed: {0}")]
    Malformed(String),
    /// Beyond the limits.
    #[error("too large: {0}")]
    TooLarge(String),
}

impl From<PartError> for LicenceError {
    fn from(error: PartError) -> Self {
        match error {
            PartError::TooLarge(text) => Self::TooLarge(text),
            other => Self::Malformed(other.to_string()),
        }
    }
}

/// Why a part of a file could not be read: the cause behind a status.
#[derive(Debug, Error)]
pub(crate) enum PartError {
    #[error("{0}")]
    Malformed(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("{0}")]
    Unsupported(String),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl PartError {
    pub(crate) fn malformed(place: &str, cause: impl std::fmt::Display) -> Self {
        Self::Malformed(format!("{place}: {cause}"))
    }

    pub(crate) fn too_large(place: &str, cause: impl std::fmt::Display) -> Self {
        Self::TooLarge(format!("{place}: {cause}"))
    }

    pub(crate) fn unsupported(place: &str, cause: impl std::fmt::Display) -> Self {
        Self::Unsupported(format!("{place}: {cause}"))
    }

    pub(crate) fn status(&self) -> crate::reading::Status {
        use crate::reading::Status;
        match self {
            Self::Malformed(_) => Status::Malformed,
            Self::TooLarge(_) => Status::TooLarge,
            Self::Unsupported(_) => Status::Unsupported,
            // A source that ends before its own length is a truncated file.
            Self::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => Status::Malformed,
            Self::Io(_) => Status::IoError,
        }
    }
}

impl From<PartError> for WriteError {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Malformed(text) => Self::Malformed(text),
            PartError::TooLarge(text) => Self::PartTooLarge(text),
            PartError::Unsupported(text) => Self::Unsupported(text),
            // As for the status of a reading.
            PartError::Io(source) if source.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Malformed(format!("reading: {source}"))
            }
            PartError::Io(source) => Self::io("reading", source),
        }
    }
}
