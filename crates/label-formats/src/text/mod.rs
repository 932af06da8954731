//! Plain text of Office packages, for content inspection.
//!
//! Runs inside a paragraph are joined without a separator, because sensitive numbers are often
//! split over runs; paragraphs and cells end with a line feed.

use crate::ooxml;
use crate::read::{Container, detect};
use crate::source::{ByteSource, read_range};
use crate::{FileKind, Limits, ReadOptions, Status, read};

/// Most characters that are kept: what the product inspects.
pub const TEXT_CHARS_MAX: usize = 1_000_000;

/// The text of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtractedText {
    /// What the document is.
    pub kind: FileKind,
    /// The text of the body.
    pub content: String,
    /// The text of its properties: title, author, keywords and the like.
    pub metadata: String,
    /// Whether the text goes on beyond [`TEXT_CHARS_MAX`].
    pub partial: bool,
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The file's labels can't be read either; the status says why.
    #[error("{}: {}", .0.as_str(), .1)]
    Unreadable(Status, String),
    /// Text of this kind of file is not extracted.
    #[error("text of {0} files is not extracted")]
    Unsupported(FileKind),
    /// A part of the text is damaged or beyond the limits.
    #[error("{0}")]
    Damaged(String),
}

/// Extracts the text of an Office package.
///
/// A protected file has none without its key. The page of words around a PDF under rights
/// management is not the document's and never given out as its content (P-010).
///
/// # Errors
///
/// [`TextError`]; a protected file is [`TextError::Unreadable`].
pub fn extract<S: ByteSource + ?Sized>(
    source: &S,
    limits: &Limits,
) -> Result<ExtractedText, TextError> {
    let options = ReadOptions {
        limits: limits.clone(),
        ..ReadOptions::default()
    };
    let reading = read(source, &options);
    let kind = match (reading.status, reading.kind) {
        (Status::Ok, Some(kind)) => kind,
        (status, _) => {
            let cause = reading.error.unwrap_or_default();
            return Err(TextError::Unreadable(status, cause));
        }
    };
    #[cfg(feature = "built-in-password")]
    if reading.protection == Some(crate::Protection::BuiltInPassword) {
        let package = crate::compound::open_with_built_in_password(&source, limits);
        return match package {
            Ok(Some(package)) => package_text(&package, kind, limits),
            _ => Err(TextError::Damaged(
                "the content can't be decrypted again".to_owned(),
            )),
        };
    }
    let head = read_range(
        &source,
        0,
        8.min(usize::try_from(source.len()).unwrap_or(8)),
    );
    if kind == FileKind::Pdf || !matches!(head.map(|head| detect(&head)), Ok(Container::Zip)) {
        return Err(TextError::Unsupported(kind));
    }
    package_text(&source, kind, limits)
}

fn package_text(
    source: &dyn ByteSource,
    kind: FileKind,
    limits: &Limits,
) -> Result<ExtractedText, TextError> {
    ooxml::text::extract(source, kind, limits)
        .map_err(|error| TextError::Damaged(error.to_string()))
}
