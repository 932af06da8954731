//! Finding the objects of a damaged file by looking at every line of it.
//!
//! The PDF library has a recovery of its own, which loads the whole document. Of the 32 damaged PDFs
//! of the corpus it opens 25; these are opened here as well, 20 of them after such a look, and four
//! more where it refuses or finds no catalog. Three are refused by both. No label that it finds is
//! missed here, so there is no second way through the library.

use std::collections::BTreeMap;

use super::object::{Object, ObjectId, Parser, is_space};
use crate::error::PartError;
use crate::source::{ByteSource, read_range};

const WHERE: &str = "cross-reference";

/// Largest damaged file whose cross-reference is rebuilt, in bytes: it is read from end to end.
const REBUILD_BYTES_MAX: u64 = 256 * 1_048_576;

/// Most objects that rebuilding notes; an object counts each time it occurs.
const REBUILD_OBJECTS_MAX: usize = 500_000;

/// How much is read at a time while rebuilding, in bytes.
const REBUILD_CHUNK_BYTES: usize = 256 * 1024;

/// By how much pieces overlap, in bytes: the start of an object is looked at as a whole.
const OVERLAP_BYTES: usize = 4 * 1024;

/// How far the dictionary of an object is looked at where it can't be parsed, in bytes.
const HEAD_BYTES: usize = 256;

/// Most bytes that are parsed in vain. A hostile file has a dictionary without end at every line.
const VAIN_BYTES_MAX: usize = 64 * 1_048_576;

/// How far behind a stream's data `endstream` may be, in bytes.
const STREAM_END_BYTES: usize = 64;

/// Most trailers and cross-reference streams that are remembered, the last ones.
const FOUND_MAX: usize = 512;

/// What a scan of the whole file finds.
#[derive(Default)]
pub(super) struct Scan {
    /// By number, the last one.
    pub(super) objects: BTreeMap<u32, u64>,
    pub(super) trailers: Vec<u64>,
    /// Cross-reference streams.
    pub(super) streams: Vec<u64>,
    /// Object streams: number and offset, in the order in which they stand.
    pub(super) containers: Vec<(u32, u64)>,
    /// Metadata streams, in the order in which they stand.
    pub(super) metadata: Vec<u64>,
    pub(super) catalog: Option<ObjectId>,
    /// How many headers of objects there were, repeated ones included.
    headers: usize,
    /// How many bytes were parsed in vain.
    vain: usize,
    /// What comes next.
    next: Next,
}

/// Where a scan is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Objects,
    /// A stream's data, up to this offset.
    DataUpTo(u64),
    /// A stream's data, up to where it says that it ends.
    Data,
}

impl Scan {
    /// Looks at the whole file.
    pub(super) fn run(source: &dyn ByteSource) -> Result<Self, PartError> {
        if source.len() > REBUILD_BYTES_MAX {
            return Err(PartError::malformed(
                WHERE,
                "damaged, and the file is too large to rebuild it",
            ));
        }
        let mut scan = Self::default();
        let len = source.len();
        let mut at = 0;
        while at < len {
            if let Next::DataUpTo(end) = scan.next
                && end > at
            {
                at = end.min(len);
                continue;
            }
            let size =
                usize::try_from((len - at).min((REBUILD_CHUNK_BYTES + OVERLAP_BYTES) as u64))
                    .unwrap_or_default();
            let mut bytes = read_range(source, at, size)?;
            bytes.push(b' ');
            let own = size.min(REBUILD_CHUNK_BYTES);
            let done = scan.piece(source, &bytes, own, at)?;
            if scan.headers > REBUILD_OBJECTS_MAX {
                return Err(PartError::too_large(WHERE, "too many objects"));
            }
            // What was looked at as a whole is not looked at again from its middle on.
            at += match scan.next {
                Next::Objects => done.clamp(own, size) as u64,
                Next::Data | Next::DataUpTo(_) => own as u64,
            };
        }
        Ok(scan)
    }

    /// Looks at a piece, and says how far.
    fn piece(
        &mut self,
        source: &dyn ByteSource,
        bytes: &[u8],
        own: usize,
        start: u64,
    ) -> Result<usize, PartError> {
        let mut at = 0;
        let mut boundary = true;
        while at < own {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.next {
                Next::Objects => {}
                Next::DataUpTo(end) => {
                    at = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
                    if at < own {
                        self.next = Next::Objects;
                    }
                    boundary = true;
                    continue;
                }
                Next::Data => {
                    at += end_of_data(rest).unwrap_or(rest.len());
                    if at < own {
                        self.next = Next::Objects;
                    }
                    boundary = true;
                    continue;
                }
            }
            let Some(&byte) = rest.first() else { break };
            if boundary && byte.is_ascii_digit() {
                let mut parser =
                    Parser::new(rest.get(..HEAD_BYTES.min(rest.len())).unwrap_or(rest));
                if let Ok(id) = parser.header() {
                    let offset = start + at as u64;
                    self.objects.insert(id.number, offset);
                    self.headers += 1;
                    at += parser.at;
                    let rest = rest.get(parser.at..).unwrap_or_default();
                    at += self.body(source, id, offset, start + at as u64, rest)?;
                    boundary = true;
                    continue;
                }
                at += rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                boundary = false;
                continue;
            }
            if byte == b't' && rest.starts_with(b"trailer") {
                self.trailers.push(start + at as u64 + 7);
                if self.trailers.len() > FOUND_MAX {
                    self.trailers.remove(0);
                }
            }
            // `endobj7 0 obj` occurs; a number right behind letters counts as a header too.
            boundary = !byte.is_ascii_digit();
            at += 1;
        }
        Ok(at)
    }

    /// Looks at what follows a header: whether it is one of the objects that lead to others, and
    /// where the data of a stream ends, because another PDF may be in it. How many bytes are done
    /// with that.
    fn body(
        &mut self,
        source: &dyn ByteSource,
        id: ObjectId,
        offset: u64,
        start: u64,
        rest: &[u8],
    ) -> Result<usize, PartError> {
        // All of them are dictionaries.
        let space = rest.iter().take_while(|byte| is_space(**byte)).count();
        if !rest.get(space..).unwrap_or_default().starts_with(b"<<") {
            return Ok(0);
        }
        let whole = rest.get(..OVERLAP_BYTES.min(rest.len())).unwrap_or(rest);
        let mut parser = Parser::new(whole);
        let parsed = (self.vain <= VAIN_BYTES_MAX).then(|| parser.object());
        let dictionary = match parsed {
            Some(Ok(Object::Dictionary(dictionary))) => dictionary,
            _ => {
                self.vain = self.vain.saturating_add(parser.at);
                let head = rest.get(..HEAD_BYTES.min(rest.len())).unwrap_or(rest);
                self.note(id, offset, type_in(head));
                return Ok(0);
            }
        };
        let kind = dictionary.get(b"Type").and_then(Object::name);
        self.note(id, offset, kind);
        let end = parser.at;
        let Ok(Some(data)) = parser.stream_data() else {
            return Ok(end);
        };
        match dictionary.get(b"Length") {
            Some(Object::Integer(length)) => {
                let length = u64::try_from(*length).unwrap_or(u64::MAX);
                let data_end = start.saturating_add(data as u64).saturating_add(length);
                if ends_there(source, data_end)? {
                    self.next = Next::DataUpTo(data_end);
                }
            }
            // Where it stands is not known yet.
            Some(Object::Reference(_)) => self.next = Next::Data,
            _ => {}
        }
        Ok(data)
    }

    /// Notes catalogs and the streams of structure and metadata, by their type.
    fn note(&mut self, id: ObjectId, offset: u64, kind: Option<&[u8]>) {
        match kind {
            Some(b"Catalog") => self.catalog = Some(id),
            Some(b"XRef") => {
                self.streams.push(offset);
                if self.streams.len() > FOUND_MAX {
                    self.streams.remove(0);
                }
            }
            Some(b"ObjStm") => self.containers.push((id.number, offset)),
            Some(b"Metadata") => self.metadata.push(offset),
            _ => {}
        }
    }
}

/// The first type that is named in the start of a dictionary that can't be parsed.
fn type_in(head: &[u8]) -> Option<&'static [u8]> {
    let compact: Vec<u8> = head
        .iter()
        .copied()
        .filter(|byte| !is_space(*byte))
        .collect();
    let kinds: [&[u8]; 4] = [b"Catalog", b"XRef", b"ObjStm", b"Metadata"];
    let place = |kind: &[u8]| memchr::memmem::find(&compact, &[b"/Type/", kind].concat());
    kinds
        .into_iter()
        .filter_map(|kind| Some((place(kind)?, kind)))
        .min()
        .map(|(_, kind)| kind)
}

/// Where data ends whose length is not known.
fn end_of_data(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + memchr::memmem::find(rest, b"end")?;
        let word = bytes.get(at..)?;
        if word.starts_with(b"endstream") || word.starts_with(b"endobj") {
            return Some(at);
        }
        from = at + 3;
    }
}

/// Whether a stream's data ends at an offset.
fn ends_there(source: &dyn ByteSource, end: u64) -> Result<bool, PartError> {
    let Some(rest) = source.len().checked_sub(end) else {
        return Ok(false);
    };
    let size = usize::try_from(rest).map_or(STREAM_END_BYTES, |rest| rest.min(STREAM_END_BYTES));
    let bytes = read_range(source, end, size)?;
    let space = bytes.iter().take_while(|byte| is_space(**byte)).count();
    let word = bytes.get(space..).unwrap_or_default();
    Ok(word.starts_with(b"endstream"))
}
