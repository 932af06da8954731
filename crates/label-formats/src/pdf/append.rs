//! An incremental update: the file as it is, then the changed objects and a section of the
//! cross-reference of the kind that it continues (5.4, F-128).

use std::collections::BTreeMap;

use super::file::{PdfFile, SectionKind};
use super::object::{Dictionary, Object, ObjectId};
use super::serial;
use crate::edited::EditedFile;
use crate::error::WriteError;
use crate::source::{ByteSource, read_range};

/// The largest object number; other programs have the same bound (ISO 32000-1, annex C).
const NUMBER_MAX: u64 = 8_388_607;

/// Largest file that is written, in bytes: some readers keep offsets in 32 bits (F-138).
const FILE_BYTES_MAX: u64 = u32::MAX as u64;

/// How long the parts of `/ID` are, in bytes.
const ID_BYTES: usize = 16;

/// Whether an entry of a trailer, or of a cross-reference stream's dictionary, belongs to the
/// section alone: it says where things stand, and nothing of the document.
pub(super) fn is_of_section(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 6] = [b"Type", b"W", b"Index", b"Prev", b"XRefStm", b"Size"];
    KEYS.contains(&key) || is_of_content(key)
}

/// Whether an entry of a stream's dictionary says how its content is stored, not what it is.
pub(super) fn is_of_content(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 8] = [
        b"Length",
        b"Filter",
        b"DecodeParms",
        b"DL",
        b"F",
        b"FFilter",
        b"FDecodeParms",
        b"DP",
    ];
    KEYS.contains(&key)
}

/// Objects that change or are new, and the trailer that goes with them.
pub(super) struct Changes {
    /// By number: the generation, and what stands between `obj` and `endobj`.
    pub(super) objects: BTreeMap<u32, (u16, Vec<u8>)>,
    pub(super) trailer: Dictionary,
    next: u64,
}

impl Changes {
    pub(super) fn new(file: &PdfFile<'_>) -> Result<Self, WriteError> {
        let mut trailer = file.trailer.clone();
        trailer.0.retain(|(key, _)| !is_of_section(key));
        let next = file.free_number();
        if next > NUMBER_MAX {
            return Err(WriteError::Malformed(format!(
                "cross-reference: {next} objects, at most {NUMBER_MAX} can be"
            )));
        }
        Ok(Self {
            objects: BTreeMap::new(),
            trailer,
            next,
        })
    }

    /// Gives an object another body.
    pub(super) fn set(&mut self, id: ObjectId, body: Vec<u8>) {
        self.objects.insert(id.number, (id.generation, body));
    }

    /// Adds an object.
    pub(super) fn add(&mut self, body: Vec<u8>) -> Result<ObjectId, WriteError> {
        let id = self.take_number()?;
        self.set(id, body);
        Ok(id)
    }

    /// A number that no object has.
    pub(super) fn take_number(&mut self) -> Result<ObjectId, WriteError> {
        let number = u32::try_from(self.next)
            .ok()
            .filter(|number| u64::from(*number) <= NUMBER_MAX)
            .ok_or_else(|| WriteError::Malformed("cross-reference: no free number".to_owned()))?;
        self.next += 1;
        Ok(ObjectId {
            number,
            generation: 0,
        })
    }

    /// The number behind the last one.
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.next).unwrap_or(u32::MAX)
    }

    pub(super) fn set_trailer(&mut self, key: &[u8], value: Object) {
        self.trailer.0.retain(|(name, _)| name != key);
        self.trailer.0.push((key.to_vec(), value));
    }

    /// Gives the trailer its size, and another second part of the file's identity where it has one
    /// (5.4): derived from what changes, so that the same change gives the same bytes (F-055).
    pub(super) fn finish_trailer(&mut self, file_len: u64) {
        self.set_trailer(b"Size", Object::Integer(i64::from(self.size())));
        let Some(Object::Array(parts)) = self.trailer.get(b"ID") else {
            return;
        };
        let [first @ Object::String(_), second] = parts.as_slice() else {
            return;
        };
        let mut seen = Fingerprint::default();
        if let Object::String(second) = second {
            seen.add(second);
        }
        seen.add(&file_len.to_be_bytes());
        for (number, (_, body)) in &self.objects {
            seen.add(&number.to_be_bytes());
            seen.add(body);
        }
        let id = Object::Array(vec![first.clone(), Object::String(seen.bytes().to_vec())]);
        self.set_trailer(b"ID", id);
    }
}

/// FNV-1a of 128 bits: nobody's secret depends on it, it only has to differ.
struct Fingerprint(u128);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fingerprint {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(Self::PRIME);
        }
    }

    fn bytes(&self) -> [u8; ID_BYTES] {
        self.0.to_be_bytes()
    }
}

/// Appends the changes to the file.
pub(super) fn append<'a>(
    source: &'a dyn ByteSource,
    file: &PdfFile<'_>,
    changes: Changes,
) -> Result<EditedFile<'a>, WriteError> {
    let mut changes = changes;
    let kind = file.newest_kind();
    let section = match kind {
        SectionKind::Table => None,
        SectionKind::Stream => Some(changes.take_number()?),
    };
    changes.finish_trailer(source.len());
    let previous = i64::try_from(file.newest_section()).unwrap_or(i64::MAX);
    changes.set_trailer(b"Prev", Object::Integer(previous));

    let start = source.len();
    let mut out = Vec::new();
    let last = read_range(source, start.saturating_sub(1), 1)
        .map_err(|error| WriteError::io("reading", error))?;
    if !matches!(last.first(), Some(b'\n' | b'\r')) {
        out.push(b'\n');
    }
    let mut entries = BTreeMap::new();
    for (number, (generation, body)) in &changes.objects {
        entries.insert(*number, Entry::at(start + out.len() as u64, *generation));
        object(*number, *generation, body, &mut out);
    }
    finish(start, entries, section, &changes.trailer, false, &mut out)?;
    let mut edited = EditedFile::new(source);
    edited.keep(0..start);
    edited.push(out);
    refuse_huge(edited.len())?;
    Ok(edited)
}

pub(super) fn refuse_huge(size_bytes: u64) -> Result<(), WriteError> {
    if size_bytes > FILE_BYTES_MAX {
        return Err(WriteError::TooLarge {
            size_bytes,
            limit_bytes: FILE_BYTES_MAX,
        });
    }
    Ok(())
}

/// Writes an object.
pub(super) fn object(number: u32, generation: u16, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{number} {generation} obj\n").as_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(b"\nendobj\n");
}

/// What a cross-reference says of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// 0 free, 1 at an offset, 2 in an object stream.
    kind: u8,
    /// The offset, or the stream's number.
    second: u64,
    /// The generation, or the place in the stream.
    third: u32,
}

impl Entry {
    pub(super) fn at(offset: u64, generation: u16) -> Self {
        Self {
            kind: 1,
            second: offset,
            third: u32::from(generation),
        }
    }

    pub(super) fn inside(stream: u32, place: u32) -> Self {
        Self {
            kind: 2,
            second: u64::from(stream),
            third: place,
        }
    }

    /// A free number, not to be used again; also the head of the list of free ones.
    pub(super) const FREE: Self = Self {
        kind: 0,
        second: 0,
        third: 65_535,
    };
}

/// Writes a section, as a stream where it has a number, and the end of the file. What is written
/// starts at `start`.
pub(super) fn finish(
    start: u64,
    entries: BTreeMap<u32, Entry>,
    section: Option<ObjectId>,
    trailer: &Dictionary,
    packed: bool,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    let offset = start + out.len() as u64;
    match section {
        None => table(&entries, trailer, out)?,
        Some(id) => {
            let mut entries = entries;
            entries.insert(id.number, Entry::at(offset, id.generation));
            let body = stream(&entries, trailer, packed)?;
            object(id.number, id.generation, &body, out);
        }
    }
    out.extend_from_slice(format!("startxref\n{offset}\n%%EOF\n").as_bytes());
    Ok(())
}

/// Numbers without gaps between them: each is a subsection.
fn runs(entries: &BTreeMap<u32, Entry>) -> Vec<(u32, Vec<Entry>)> {
    let mut runs: Vec<(u32, Vec<Entry>)> = Vec::new();
    let mut next = None;
    for (number, entry) in entries {
        match runs.last_mut() {
            Some((_, run)) if next == Some(*number) => run.push(*entry),
            _ => runs.push((*number, vec![*entry])),
        }
        next = number.checked_add(1);
    }
    runs
}

fn table(
    entries: &BTreeMap<u32, Entry>,
    trailer: &Dictionary,
    out: &mut Vec<u8>,
) -> Result<(), WriteError> {
    out.extend_from_slice(b"xref\n");
    for (first, run) in runs(entries) {
        out.extend_from_slice(format!("{first} {}\n", run.len()).as_bytes());
        for entry in run {
            let mark = match entry.kind {
                0 => 'f',
                1 => 'n',
                _ => return Err(internal()),
            };
            let line = format!("{:010} {:05} {mark} \n", entry.second, entry.third);
            out.extend_from_slice(line.as_bytes());
        }
    }
    out.extend_from_slice(b"trailer\n");
    serial::dictionary(trailer, out);
    out.push(b'\n');
    Ok(())
}

/// A cross-reference stream's body. A short one is not compressed.
fn stream(
    entries: &BTreeMap<u32, Entry>,
    trailer: &Dictionary,
    packed: bool,
) -> Result<Vec<u8>, WriteError> {
    let largest = |field: fn(&Entry) -> u64| entries.values().map(field).max().unwrap_or_default();
    let width = |value: u64| 8 - (value | 1).leading_zeros() as usize / 8;
    let (second, third) = (
        width(largest(|entry| entry.second)),
        width(largest(|entry| u64::from(entry.third))),
    );
    let mut rows = Vec::with_capacity(entries.len() * (1 + second + third));
    let mut index = Vec::new();
    for (first, run) in runs(entries) {
        index.push(Object::Integer(i64::from(first)));
        index.push(Object::Integer(
            i64::try_from(run.len()).unwrap_or(i64::MAX),
        ));
        for entry in run {
            rows.push(entry.kind);
            let last = |value: u64, width: usize| {
                let bytes = value.to_be_bytes();
                bytes.into_iter().skip(8 - width)
            };
            rows.extend(last(entry.second, second));
            rows.extend(last(u64::from(entry.third), third));
        }
    }
    let number = |value: usize| Object::Integer(i64::try_from(value).unwrap_or(i64::MAX));
    let mut dictionary = Dictionary(vec![
        (b"Type".to_vec(), Object::Name(b"XRef".to_vec())),
        (
            b"W".to_vec(),
            Object::Array(vec![number(1), number(second), number(third)]),
        ),
        (b"Index".to_vec(), Object::Array(index)),
    ]);
    if packed {
        rows = super::stream::deflate(&rows).map_err(|_| internal())?;
        let filter = Object::Name(b"FlateDecode".to_vec());
        dictionary.0.push((b"Filter".to_vec(), filter));
    }
    dictionary.0.push((b"Length".to_vec(), number(rows.len())));
    dictionary.0.extend(trailer.0.iter().cloned());
    let mut body = Vec::with_capacity(rows.len() + 512);
    serial::dictionary(&dictionary, &mut body);
    body.extend_from_slice(b"\nstream\n");
    body.extend_from_slice(&rows);
    body.extend_from_slice(b"\nendstream");
    Ok(body)
}

pub(super) fn internal() -> WriteError {
    WriteError::Verification("an edit could not be placed".to_owned())
}
