//! The two ends of a file, read once: most of what a label needs stands there.

use std::io;
use std::ops::{Deref, Range};
use std::rc::Rc;

use crate::source::{ByteSource, read_range};

/// How much of the start is read at once. Office writes `[Content_Types].xml` and `_rels/.rels`
/// first, and the marks of every format are here.
pub(crate) const HEAD_BYTES: u64 = 4 * 1024;

/// How much of the end is read at once. Office writes the label parts last, before the directory
/// of some 80 bytes an entry.
pub(crate) const TAIL_BYTES: u64 = 16 * 1024;

/// How much is read before a directory that is longer than the tail.
const LEAD_BYTES: u64 = 4 * 1024;

/// A source whose ends are in memory.
pub(crate) struct Windowed<'a> {
    source: &'a dyn ByteSource,
    head: Vec<u8>,
    tail_start: u64,
    tail: Rc<Vec<u8>>,
}

/// Some bytes of a file: a copy, or a part of what was read already.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    bytes: Rc<Vec<u8>>,
    range: Range<usize>,
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.range.clone()).unwrap_or_default()
    }
}

impl<'a> Windowed<'a> {
    /// Reads the start, or a short file whole.
    pub(crate) fn new(source: &'a dyn ByteSource) -> io::Result<Self> {
        let len = source.len();
        let is_short = len <= HEAD_BYTES + TAIL_BYTES;
        let head = read_range(source, 0, size(if is_short { len } else { HEAD_BYTES }))?;
        Ok(Self {
            source,
            head,
            tail_start: len,
            tail: Rc::default(),
        })
    }

    /// The start, at least [`HEAD_BYTES`] or all there is.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Reads the end too.
    pub(crate) fn with_tail(mut self) -> io::Result<Self> {
        let len = self.source.len();
        if len > self.head.len() as u64 {
            self.tail_start = len.saturating_sub(TAIL_BYTES);
            let tail = read_range(self.source, self.tail_start, size(len - self.tail_start))?;
            self.tail = Rc::new(tail);
        }
        Ok(self)
    }

    /// Makes the tail start here, or somewhat before, in one read: what stands right before a
    /// directory are the label parts.
    pub(crate) fn reach_back_to(&mut self, offset: u64) -> io::Result<()> {
        let start = offset
            .saturating_sub(LEAD_BYTES)
            .max(self.head.len() as u64);
        if offset < self.tail_start && start < self.tail_start && !self.tail.is_empty() {
            let missing = size(self.tail_start - start);
            // All in one: adding the tail behind could move the rest once more.
            let mut longer = vec![0; missing.saturating_add(self.tail.len())];
            if let Some((before, there)) = longer.split_at_mut_checked(missing) {
                self.source.read_exact_at(start, before)?;
                there.copy_from_slice(&self.tail);
            }
            self.tail = Rc::new(longer);
            self.tail_start = start;
        }
        Ok(())
    }

    /// A range, without a copy of it where it lies in the tail: a directory may be most of what is
    /// read.
    pub(crate) fn piece(&self, offset: u64, len: usize) -> io::Result<Piece> {
        if let Some(start) = offset.checked_sub(self.tail_start) {
            let range = size(start)..size(start).saturating_add(len);
            if self.tail.get(range.clone()).is_some() {
                let bytes = Rc::clone(&self.tail);
                return Ok(Piece { bytes, range });
            }
        }
        let bytes = Rc::new(read_range(self, offset, len)?);
        Ok(Piece {
            bytes,
            range: 0..len,
        })
    }

    /// The end and where it starts: the last [`TAIL_BYTES`], or all there is.
    pub(crate) fn tail(&self) -> (u64, &[u8]) {
        if self.tail.is_empty() {
            let start = self.head.len().saturating_sub(size(TAIL_BYTES));
            return (start as u64, self.head.get(start..).unwrap_or_default());
        }
        (self.tail_start, &self.tail)
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl ByteSource for Windowed<'_> {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        if offset < self.head.len() as u64 {
            return self.head.read_at(offset, buffer);
        }
        if offset >= self.len() {
            return Ok(0);
        }
        match self.tail_start.checked_sub(offset) {
            None | Some(0) if !self.tail.is_empty() => {
                self.tail.read_at(offset - self.tail_start, buffer)
            }
            // Up to the tail, which is there already.
            Some(before) if before > 0 => {
                let count = size(before).min(buffer.len());
                let buffer = buffer.get_mut(..count).unwrap_or_default();
                self.source.read_at(offset, buffer)
            }
            _ => self.source.read_at(offset, buffer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::CountingSource;

    #[test]
    fn reads_as_the_source_does_and_the_ends_only_once() {
        for len in [0, 1, 4_095, 4_096, 4_097, 20_479, 20_480, 20_481, 100_000] {
            let bytes: Vec<u8> = (0..len)
                .map(|at: u32| at.to_le_bytes()[at as usize % 3])
                .collect();
            let counting = CountingSource::new(bytes.as_slice());
            let windowed = Windowed::new(&counting).unwrap().with_tail().unwrap();
            let reads = counting.reads();
            assert!(reads <= 2, "{reads}");
            let (start, tail) = windowed.tail();
            assert_eq!(tail, &bytes[start as usize..]);
            assert_eq!(tail.len(), bytes.len().min(16 * 1024));
            for start in [
                0, 1, 4_000, 4_090, 4_096, 15_000, 20_400, 83_000, 99_990, 100_000,
            ] {
                for size in [1, 10, 4_096, 20_000] {
                    let expected = bytes.get(start..start + size);
                    let read = read_range(&windowed, start as u64, size).ok();
                    assert_eq!(read.as_deref(), expected, "{len} {start} {size}");
                    let piece = windowed.piece(start as u64, size).ok();
                    assert_eq!(piece.as_deref(), expected, "{len} {start} {size}");
                }
            }
            if len <= 20_480 {
                assert_eq!(counting.reads(), reads, "{len}");
            }
            let mut windowed = windowed;
            let reads = counting.reads();
            windowed.reach_back_to(50_000).unwrap();
            let whole = read_range(&windowed, 0, bytes.len()).unwrap();
            assert_eq!(whole, bytes, "{len}");
            if len == 100_000 {
                assert_eq!(windowed.tail().0, 50_000 - LEAD_BYTES);
                // Once for what was missing, once for the middle.
                assert_eq!(counting.reads(), reads + 2);
            }
        }
    }
}
