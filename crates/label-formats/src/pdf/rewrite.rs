//! Writing a file anew from the objects that its current revision reaches (F-136, F-129).
//!
//! Objects keep their numbers and their bytes. What is left out is what nothing reaches: earlier
//! revisions, cross-references, the hints of a linearised file. Object streams are packed again,
//! because they may hold objects of earlier revisions too.

use std::collections::BTreeMap;

use super::append::{Changes, Entry, finish, object, refuse_huge};
use super::file::{Body, PdfFile, SectionKind};
use super::object::{ObjectId, is_space};
use super::{Opened, stream};
use crate::edited::EditedFile;
use crate::error::{PartError, WriteError};
use crate::limits::Limits;
use crate::source::{ByteSource, read_range};

/// Most bytes that looking at all objects may read: each costs a few KB, however short it is.
const WORK_BYTES_MAX: u64 = 4 << 30;

/// How far behind the header the line with the mark of a binary file is looked for, in bytes.
const HEAD_BYTES: u64 = 128;

/// How many times as many numbers as objects, and how many more of them, there may be before gaps
/// between them are left open.
const GAPS_FACTOR: u32 = 4;
const GAPS_MIN: u32 = 4_096;

/// The second line, by which programs know a binary file.
const BINARY_MARK: &[u8] = b"%\xe2\xe3\xcf\xd3\n";

/// Writes the file anew with the changes.
pub(super) fn rewrite<'a>(
    source: &'a dyn ByteSource,
    file: &PdfFile<'_>,
    changes: Changes,
) -> Result<EditedFile<'a>, WriteError> {
    let mut changes = changes;
    // All of it is looked at, object by object: from memory.
    let len = usize::try_from(source.len()).unwrap_or(usize::MAX);
    let bytes = read_range(source, 0, len).map_err(|error| WriteError::io("reading", error))?;
    let limits = Limits {
        pdf_work_bytes_max: WORK_BYTES_MAX.max(file.limits.pdf_work_bytes_max),
        ..file.limits.clone()
    };
    let opened = Opened::new(&bytes, &limits)?;
    let live = opened.file.live(&changes.trailer, &changes.objects)?;

    let as_stream = !live.contained.is_empty() || opened.file.newest_kind() == SectionKind::Stream;
    let section = as_stream.then(|| changes.take_number()).transpose()?;
    changes.finish_trailer(source.len());

    let mut out = Rewritten::new(source, &bytes, opened.file.header_offset);
    for plain in live.plain.values() {
        // An object stream that something refers to is packed again like any other.
        if !live.contained.contains_key(&plain.id.number) {
            out.plain(plain.id, &plain.body);
        }
    }
    for (container, wanted) in &live.contained {
        let objects = opened.file.contained(*container, wanted)?;
        out.container(*container, &objects)?;
    }
    for (number, (generation, body)) in &changes.objects {
        out.separate();
        out.start(*number, *generation);
        object(*number, *generation, body, &mut out.pending);
    }
    out.separate();
    out.flush();
    let mut entries = out.entries;
    fill_gaps(&mut entries, changes.size());
    let mut tail = Vec::new();
    let position = out.edited.position();
    finish(
        position,
        entries,
        section,
        &changes.trailer,
        true,
        &mut tail,
    )?;
    let mut edited = out.edited;
    edited.push(tail);
    refuse_huge(edited.len())?;
    Ok(edited)
}

/// A first cross-reference is one run from 0 on, with the numbers in between free (ISO 32000-1,
/// 7.5.4); unless next to all of them are.
fn fill_gaps(entries: &mut BTreeMap<u32, Entry>, size: u32) {
    entries.insert(0, Entry::FREE);
    let used = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    if size / GAPS_FACTOR <= used.saturating_add(GAPS_MIN) {
        for number in 0..size {
            entries.entry(number).or_insert(Entry::FREE);
        }
    }
}

/// The new file as it grows.
struct Rewritten<'a, 'b> {
    edited: EditedFile<'a>,
    bytes: &'b [u8],
    entries: BTreeMap<u32, Entry>,
    /// New bytes that are not yet in the file.
    pending: Vec<u8>,
    /// Where the last range that was kept ends in the old file.
    kept_end: u64,
}

impl<'a, 'b> Rewritten<'a, 'b> {
    /// Begins with the header, and the line behind it that marks a binary file.
    fn new(source: &'a dyn ByteSource, bytes: &'b [u8], header: u64) -> Self {
        let start = usize::try_from(header).unwrap_or(usize::MAX);
        let head = bytes.get(start..).unwrap_or_default();
        let head = head
            .get(..head.len().min(HEAD_BYTES as usize))
            .unwrap_or_default();
        let line = |from: usize| {
            head.iter()
                .skip(from)
                .position(|byte| matches!(byte, b'\r' | b'\n'))
                .map_or(head.len(), |at| from + at)
        };
        let version_end = line(0);
        let mark_start = (version_end..head.len())
            .find(|at| !head.get(*at).copied().is_some_and(is_space))
            .unwrap_or(head.len());
        let mut pending = head.get(..version_end).unwrap_or_default().to_vec();
        pending.push(b'\n');
        let mark = head.get(mark_start..line(mark_start)).unwrap_or_default();
        if mark.first() == Some(&b'%') && !mark.is_ascii() {
            pending.extend_from_slice(mark);
            pending.push(b'\n');
        } else {
            pending.extend_from_slice(BINARY_MARK);
        }
        Self {
            edited: EditedFile::new(source),
            bytes,
            entries: BTreeMap::new(),
            pending,
            kept_end: u64::MAX,
        }
    }

    /// Puts the new bytes in place.
    fn flush(&mut self) {
        self.edited.push(std::mem::take(&mut self.pending));
    }

    /// Makes sure that what comes next is not read together with what stands before it.
    fn separate(&mut self) {
        if self.pending.last().is_none_or(|byte| !is_space(*byte)) {
            self.pending.push(b'\n');
        }
    }

    /// Notes that an object starts here.
    fn start(&mut self, number: u32, generation: u16) {
        let at = self.edited.position() + self.pending.len() as u64;
        self.entries.insert(number, Entry::at(at, generation));
    }

    fn keep(&mut self, range: std::ops::Range<u64>) {
        self.flush();
        self.kept_end = range.end;
        self.edited.keep(range);
    }

    /// An object as it stands, or mended. What stood between two objects is kept where it is only
    /// white space, so that long runs stay one range.
    fn plain(&mut self, id: ObjectId, body: &Body) {
        if let Body::Whole(range) = body
            && self.pending.is_empty()
            && self.kept_end <= range.start
        {
            let gap = usize::try_from(self.kept_end)
                .ok()
                .zip(usize::try_from(range.start).ok())
                .and_then(|(start, end)| self.bytes.get(start..end))
                .unwrap_or_default();
            if !gap.is_empty() && gap.len() < 16 && gap.iter().all(|byte| is_space(*byte)) {
                self.keep(self.kept_end..range.start);
            } else {
                self.pending.push(b'\n');
            }
        } else {
            self.separate();
        }
        self.start(id.number, id.generation);
        let header = format!("{} {} obj\n", id.number, id.generation);
        match body {
            Body::Whole(range) => self.keep(range.clone()),
            Body::Value(range) => {
                self.pending.extend_from_slice(header.as_bytes());
                self.keep(range.clone());
                self.pending.extend_from_slice(b"\nendobj\n");
            }
            Body::Stream(dictionary, data) => {
                self.pending.extend_from_slice(header.as_bytes());
                self.pending.extend_from_slice(dictionary);
                self.pending.extend_from_slice(b"\nstream\n");
                self.keep(data.clone());
                self.pending.extend_from_slice(b"\nendstream\nendobj\n");
            }
        }
    }

    /// An object stream with these objects only.
    fn container(&mut self, number: u32, objects: &[(u32, Vec<u8>)]) -> Result<(), PartError> {
        let mut header = String::new();
        let mut body = Vec::new();
        for (place, (inner, text)) in (0_u32..).zip(objects) {
            self.entries.insert(*inner, Entry::inside(number, place));
            header.push_str(&format!("{inner} {} ", body.len()));
            body.extend_from_slice(text);
            body.push(b'\n');
        }
        let first = header.len();
        let content = stream::deflate(&[header.as_bytes(), &body].concat())?;
        let mut bytes = format!(
            "<</Type/ObjStm/N {}/First {first}/Filter/FlateDecode/Length {}>>\nstream\n",
            objects.len(),
            content.len()
        )
        .into_bytes();
        bytes.extend_from_slice(&content);
        bytes.extend_from_slice(b"\nendstream");
        self.separate();
        self.start(number, 0);
        object(number, 0, &bytes, &mut self.pending);
        Ok(())
    }
}
