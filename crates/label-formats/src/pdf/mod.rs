//! PDF.

use crate::ReadOptions;
use crate::reading::{Reading, Status};
use crate::source::ByteSource;

/// Reads the labels of a PDF.
pub(crate) fn read(_source: &dyn ByteSource, _options: &ReadOptions<'_>) -> Reading {
    Reading::new(Status::Ok)
}
