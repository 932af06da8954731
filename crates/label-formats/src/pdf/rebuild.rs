//! Finding the objects of a damaged file by looking at every line of it.
//!
//! The PDF library has a recovery of its own, which loads the whole document. Of the 32 damaged PDFs
//! of the corpus it opens 25; these are opened here as well, 20 of them after such a look, and four
//! more where it refuses or finds no catalog. Three are refused by both. No label that it finds is
//! missed here, so there is no second way through the library.

use std::collections::BTreeMap;

use super::object::{ObjectId, Parser, is_space};
use crate::error::PartError;
use crate::source::{ByteSource, read_range};

const WHERE: &str = "cross-reference";

/// Largest damaged file whose cross-reference is rebuilt, in bytes: it is read from end to end.
const REBUILD_BYTES_MAX: u64 = 256 * 1_048_576;

/// Most objects that rebuilding notes; an object counts each time it occurs.
const REBUILD_OBJECTS_MAX: usize = 500_000;

/// How much is read at a time while rebuilding, in bytes.
const REBUILD_CHUNK_BYTES: usize = 256 * 1024;

/// Most trailers and cross-reference streams that are remembered, the last ones.
const FOUND_MAX: usize = 512;

/// What a scan of the whole file finds.
#[derive(Default)]
pub(super) struct Scan {
    pub(super) objects: BTreeMap<u32, u64>,
    pub(super) trailers: Vec<u64>,
    pub(super) streams: Vec<u64>,
    pub(super) catalog: Option<ObjectId>,
    /// How many headers of objects there were, repeated ones included.
    headers: usize,
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
        // Pieces overlap, so that no header is cut.
        const OVERLAP: usize = 256;
        while at < len {
            let size = usize::try_from((len - at).min((REBUILD_CHUNK_BYTES + OVERLAP) as u64))
                .unwrap_or_default();
            let mut bytes = read_range(source, at, size)?;
            bytes.push(b' ');
            let own = size.min(REBUILD_CHUNK_BYTES);
            scan.piece(&bytes, own, at);
            if scan.headers > REBUILD_OBJECTS_MAX {
                return Err(PartError::too_large(WHERE, "too many objects"));
            }
            at += own as u64;
        }
        Ok(scan)
    }

    fn piece(&mut self, bytes: &[u8], own: usize, start: u64) {
        let mut at = 0;
        let mut boundary = true;
        while at < own {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(&byte) = rest.first() else { break };
            if boundary && byte.is_ascii_digit() {
                let mut parser = Parser::new(rest.get(..256.min(rest.len())).unwrap_or_default());
                if let Ok(id) = parser.header() {
                    let offset = start + at as u64;
                    self.objects.insert(id.number, offset);
                    self.headers += 1;
                    let head = rest.get(parser.at..rest.len().min(256)).unwrap_or_default();
                    self.note(id, offset, head);
                    at += parser.at;
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
    }

    /// The catalog and cross-reference streams, by what follows the header.
    fn note(&mut self, id: ObjectId, offset: u64, head: &[u8]) {
        // Both are dictionaries.
        let start = head.iter().position(|byte| !is_space(*byte)).unwrap_or(0);
        if !head.get(start..).unwrap_or_default().starts_with(b"<<") {
            return;
        }
        let has = |word: &[u8]| head.windows(word.len()).any(|window| window == word);
        let compact: Vec<u8> = head
            .iter()
            .copied()
            .filter(|byte| !is_space(*byte))
            .collect();
        let typed = |word: &[u8]| compact.windows(word.len()).any(|window| window == word);
        if typed(b"/Type/Catalog") {
            self.catalog = Some(id);
        }
        if typed(b"/Type/XRef") && has(b"XRef") {
            self.streams.push(offset);
            if self.streams.len() > FOUND_MAX {
                self.streams.remove(0);
            }
        }
    }
}
