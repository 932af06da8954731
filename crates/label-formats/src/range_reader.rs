//! Reading without a source: the reader says which bytes it needs, and is called again with them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use crate::read::{ReadOptions, read_source};
use crate::reading::{Reading, Status};
use crate::source::ByteSource;

/// A need is widened to this, so that what stands side by side comes in one answer.
const READ_AHEAD_BYTES: u64 = 16 * 1024;

/// A need that ends where something is known starts at a multiple of this, unless that is known too.
const ALIGNMENT_BYTES: u64 = 4 * 1024;

/// After so many needs each is widened to twice as much as the one before: a file that is scattered
/// on purpose is soon there as a whole.
const NEEDS_ORDINARY: u32 = 16;

/// Most needs of one file. An ordinary document has two to six.
const NEEDS_MAX: u32 = 64;

/// Most bytes that are kept for one file.
const BYTES_MAX: u64 = 128 * 1_048_576;

/// What the reader wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// These bytes of the file. Fewer will do, from the start of the range: the rest is asked for
    /// again. More will do too.
    Need(Range<u64>),
    /// Nothing more.
    Done(Box<Reading>),
}

/// Reads the labels of a file whose bytes come from anywhere, at any time: a range request, an
/// asynchronous runtime, a message queue. It does no input itself and knows no runtime.
///
/// It gives the same answer as [`read`](crate::read()) for the same bytes, and needs as few of
/// them. The file's length has to be known, and its bytes must not change in between: over HTTP,
/// ask with `If-Match`.
///
/// # Examples
///
/// ```
/// use label_formats::{RangeReader, ReadOptions, Status, Step};
///
/// let file = b"not a document".to_vec();
/// let mut reader = RangeReader::new(file.len() as u64);
/// let reading = loop {
///     match reader.step(&ReadOptions::default()) {
///         Step::Done(reading) => break reading,
///         Step::Need(range) => {
///             // Await them here.
///             let bytes = &file[range.start as usize..range.end as usize];
///             reader.supply(range.start, bytes);
///         }
///     }
/// };
/// assert_eq!(reading.status, Status::Unsupported);
/// ```
#[derive(Clone, Debug)]
pub struct RangeReader {
    len: u64,
    /// What was supplied, by offset; no two overlap.
    pieces: BTreeMap<u64, Vec<u8>>,
    bytes: u64,
    needs: u32,
}

impl RangeReader {
    /// For a file of this many bytes, of which nothing is known yet.
    pub fn new(len: u64) -> Self {
        Self {
            len,
            pieces: BTreeMap::new(),
            bytes: 0,
            needs: 0,
        }
    }

    /// What comes next. The options have to be the same at each step.
    ///
    /// Each step reads from the beginning with what is there, which costs microseconds beside the
    /// round trip for a range. A file that needs more than 64 ranges, or more than 128 MiB, is
    /// [`Status::TooLarge`].
    pub fn step(&mut self, options: &ReadOptions<'_>) -> Step {
        let known = Known {
            reader: self,
            missing: Cell::new(None),
        };
        let reading = read_source(&known, options);
        let Some((start, end)) = known.missing.get() else {
            return Step::Done(Box::new(reading));
        };
        self.needs += 1;
        if self.needs > NEEDS_MAX || self.bytes > BYTES_MAX {
            let cause = format!("{} ranges, {} bytes", self.needs, self.bytes);
            return Step::Done(Box::new(Reading::failed(Status::TooLarge, cause)));
        }
        Step::Need(self.widened(start..end))
    }

    /// Takes bytes of the file from this offset on. What is there already, and what lies behind
    /// the end, is passed over.
    pub fn supply(&mut self, offset: u64, bytes: &[u8]) {
        let end = offset.saturating_add(bytes.len() as u64).min(self.len);
        let mut at = offset;
        while at < end {
            if let Some((start, piece)) = self.piece_at(at) {
                at = start + piece.len() as u64;
                continue;
            }
            let gap_end = self.next_piece(at).unwrap_or(end).min(end);
            let inside = |position: u64| usize::try_from(position - offset).unwrap_or(usize::MAX);
            let Some(new) = bytes.get(inside(at)..inside(gap_end)) else {
                return;
            };
            self.bytes += new.len() as u64;
            self.pieces.insert(at, new.to_vec());
            at = gap_end;
        }
    }

    /// The piece that holds this place, and where it starts.
    fn piece_at(&self, at: u64) -> Option<(u64, &[u8])> {
        let (start, piece) = self.pieces.range(..=at).next_back()?;
        (at - start < piece.len() as u64).then_some((*start, piece))
    }

    /// Where the next piece behind this place starts.
    fn next_piece(&self, at: u64) -> Option<u64> {
        self.pieces.range(at..).next().map(|(start, _)| *start)
    }

    /// The read-ahead goes as far as nothing is known, and not beyond the end.
    fn widened(&self, range: Range<u64>) -> Range<u64> {
        let doublings = self.needs.saturating_sub(NEEDS_ORDINARY).min(32);
        let ahead = READ_AHEAD_BYTES.saturating_mul(1 << doublings);
        let end = range
            .end
            .max(range.start.saturating_add(ahead.min(BYTES_MAX)))
            .min(self.len);
        match self.next_piece(range.start) {
            // What is read from the back would leave a small gap each time.
            Some(known) if known < end => {
                let before = self.pieces.range(..range.start).next_back();
                let behind = before.map_or(0, |(start, piece)| start + piece.len() as u64);
                let aligned = range.start - range.start % ALIGNMENT_BYTES;
                aligned.max(behind)..known
            }
            _ => range.start..end,
        }
    }
}

/// What is known of the file, as a source that notes the first thing that is missing.
struct Known<'a> {
    reader: &'a RangeReader,
    missing: Cell<Option<(u64, u64)>>,
}

impl ByteSource for Known<'_> {
    fn len(&self) -> u64 {
        self.reader.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset >= self.reader.len || buffer.is_empty() {
            return Ok(0);
        }
        if let Some((start, piece)) = self.reader.piece_at(offset) {
            return piece.read_at(offset - start, buffer);
        }
        // Whatever is made of this, the answer is thrown away.
        if self.missing.get().is_none() {
            let end = offset.saturating_add(buffer.len() as u64);
            self.missing.set(Some((offset, end.min(self.reader.len))));
        }
        Err(io::Error::other("not there yet"))
    }
}
