//! One of the two archives: where each entry starts and ends, and what stands around them.

use std::ops::Range;

use crate::error::PartError;
use crate::ooxml::directory::{Directory, Entry, LOCAL_HEADER_BYTES, u16_at};
use crate::ooxml::inflate::Inflater;
use crate::ooxml::package::Package;
use crate::same;
use crate::source::{ByteSource, read_range};
use crate::verify::{DifferenceKind, Differences, Side, VerifyError, io_error, part_error};

const PLACE: &str = "ZIP archive";

/// Bytes of the fixed part of a directory record.
pub(super) const RECORD_BYTES: usize = 46;

/// Where an entry lies in the file.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// From the local header to its extra field.
    pub(super) header: Range<u64>,
    /// The stored bytes.
    pub(super) data: Range<u64>,
    /// Up to the next entry: a data descriptor, or a gap.
    pub(super) tail: Range<u64>,
}

/// An opened package, with the place of every entry.
pub(super) struct Archive<'a> {
    pub(super) side: Side,
    pub(super) source: &'a dyn ByteSource,
    pub(super) package: Package,
    /// By the entry's place in the directory.
    pub(super) spans: Vec<Span>,
    /// The entries' places in the directory, in the order of the file.
    pub(super) by_offset: Vec<usize>,
}

impl<'a> Archive<'a> {
    /// Finds where every entry lies. Entries that overlap are refused: each byte is then compared
    /// once, however many entries there are.
    pub(super) fn new(
        side: Side,
        source: &'a dyn ByteSource,
        package: Package,
    ) -> Result<Self, VerifyError> {
        let directory = &package.directory;
        let mut by_offset: Vec<usize> = (0..directory.entries().len()).collect();
        let offset = |at: &usize| directory.entries().get(*at).map_or(0, |entry| entry.offset);
        by_offset.sort_by_key(offset);
        let mut spans = vec![None; by_offset.len()];
        for (place, at) in by_offset.iter().enumerate() {
            let end = by_offset.get(place + 1).map_or(directory.offset, offset);
            let (Some(entry), Some(slot)) = (directory.entries().get(*at), spans.get_mut(*at))
            else {
                continue;
            };
            let span = span_of(source, directory, entry, end);
            *slot = Some(span.map_err(|error| part_error(side, error))?);
        }
        Ok(Self {
            side,
            source,
            spans: spans.into_iter().flatten().collect(),
            by_offset,
            package,
        })
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.package.directory
    }

    pub(super) fn entries(&self) -> &[Entry] {
        self.package.directory.entries()
    }

    /// The raw name of the entry at this place of the directory.
    pub(super) fn name(&self, at: usize) -> &[u8] {
        let entry = self.entries().get(at);
        entry.map_or(&[], |entry| self.directory().name(entry))
    }

    /// Reads an entry whole, up to a bound in bytes.
    pub(super) fn content(&self, at: usize, max: u64) -> Result<Vec<u8>, VerifyError> {
        self.directory()
            .content(self.source, &mut Inflater::default(), at, max)
            .map_err(|error| part_error(self.side, error))
    }
}

fn span_of(
    source: &dyn ByteSource,
    directory: &Directory,
    entry: &Entry,
    end: u64,
) -> Result<Span, PartError> {
    let refuse = |cause: &str| {
        let name = String::from_utf8_lossy(directory.name(entry)).into_owned();
        PartError::malformed(&name, cause)
    };
    let fixed_end = entry.offset.checked_add(LOCAL_HEADER_BYTES as u64);
    if fixed_end.is_none_or(|fixed_end| fixed_end > end) {
        return Err(refuse("entries overlap"));
    }
    let fixed = read_range(source, entry.offset, LOCAL_HEADER_BYTES)?;
    if !fixed.starts_with(b"PK\x03\x04") {
        return Err(refuse("there is no entry at its offset"));
    }
    let length = |at| u64::from(u16_at(&fixed, at).unwrap_or_default());
    let data = fixed_end.and_then(|at| at.checked_add(length(26) + length(28)));
    let data_end = data.and_then(|at| at.checked_add(entry.compressed));
    match (data, data_end) {
        (Some(data), Some(data_end)) if data_end <= end => Ok(Span {
            header: entry.offset..data,
            data: data..data_end,
            tail: data_end..end,
        }),
        _ => Err(refuse("entries overlap")),
    }
}

/// What stands before the first entry and behind the directory, and both comments.
pub(super) fn compare_frames(
    before: &Archive<'_>,
    after: &Archive<'_>,
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let mut structure =
        |detail: &str| differences.add(DifferenceKind::ArchiveStructure, PLACE, detail);
    let first = |archive: &Archive<'_>| {
        let at = archive.by_offset.first();
        let span = at.and_then(|at| archive.spans.get(*at));
        0..span.map_or(archive.directory().offset, |span| span.header.start)
    };
    if !same::same(before.source, first(before), after.source, first(after)).map_err(io_error)? {
        structure("the bytes before the first entry changed");
    }
    let (old, new) = (before.directory(), after.directory());
    if old.zip64 != new.zip64 {
        structure("the wide end record came or went");
    } else if wide_end(old) != wide_end(new) {
        structure("the wide end record changed");
    }
    if end_fields(old) != end_fields(new) {
        structure("the end record changed");
    }
    if comment(old) != comment(new) {
        differences.add(
            DifferenceKind::ArchiveComment,
            PLACE,
            "the comment of the archive changed",
        );
    }
    Ok(())
}

/// What stands between the directory and the end record, without counts, sizes and places.
fn wide_end(directory: &Directory) -> Vec<u8> {
    let mut bytes = directory
        .end
        .get(..directory.end_record_at)
        .unwrap_or_default()
        .to_vec();
    if directory.zip64 {
        // Readers take one of the two counts: they have to go on being the same.
        let agree = bytes.get(24..32) == bytes.get(32..40);
        blank(&mut bytes, 24..56);
        let locator = bytes.len().saturating_sub(20);
        blank(&mut bytes, locator + 8..locator + 16);
        bytes.push(u8::from(agree));
    }
    bytes
}

/// The disk numbers of the end record, and whether its two counts are the same.
fn end_fields(directory: &Directory) -> (Option<&[u8]>, bool) {
    let field = |from: usize, to: usize| {
        let at = directory.end_record_at;
        directory.end.get(at + from..at + to)
    };
    (field(4, 8), field(8, 10) == field(10, 12))
}

/// The comment, and whatever stands behind it.
fn comment(directory: &Directory) -> Option<&[u8]> {
    directory.end.get(directory.end_record_at + 20..)
}

pub(super) fn blank(bytes: &mut [u8], range: Range<usize>) {
    if let Some(field) = bytes.get_mut(range) {
        field.fill(0);
    }
}
