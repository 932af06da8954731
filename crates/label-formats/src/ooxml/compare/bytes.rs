//! Ranges of two sources, compared through bounded buffers.

use std::io::{self, Read};
use std::ops::Range;

use flate2::read::DeflateDecoder;

use crate::ooxml::directory::STORED;
use crate::source::ByteSource;
use crate::verify::Side;

/// How much of each source is in memory at a time, in bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// What reading reported, and from which of the two sources.
pub(super) type SideError = (Side, io::Error);

/// Whether two ranges hold the same bytes.
pub(super) fn same(
    before: &dyn ByteSource,
    mut one: Range<u64>,
    after: &dyn ByteSource,
    mut other: Range<u64>,
) -> Result<bool, SideError> {
    if one.end.saturating_sub(one.start) != other.end.saturating_sub(other.start) {
        return Ok(false);
    }
    let (mut first, mut second) = (Vec::new(), Vec::new());
    while one.start < one.end {
        let left = usize::try_from(one.end - one.start).unwrap_or(usize::MAX);
        let count = left.min(BUFFER_BYTES);
        first.resize(count, 0);
        second.resize(count, 0);
        before
            .read_exact_at(one.start, &mut first)
            .map_err(|error| (Side::Before, error))?;
        after
            .read_exact_at(other.start, &mut second)
            .map_err(|error| (Side::After, error))?;
        if first != second {
            return Ok(false);
        }
        one.start += count as u64;
        other.start += count as u64;
    }
    Ok(true)
}

/// The stored bytes of an entry.
pub(super) struct Stored<'a> {
    pub(super) source: &'a dyn ByteSource,
    pub(super) range: Range<u64>,
    pub(super) method: u16,
}

impl<'a> Stored<'a> {
    fn inflated(self) -> Box<dyn Read + 'a> {
        let method = self.method;
        let reader = RangeReader {
            source: self.source,
            range: self.range,
        };
        if method == STORED {
            Box::new(reader)
        } else {
            Box::new(DeflateDecoder::new(reader))
        }
    }
}

/// Whether two entries of `size` bytes inflate to the same. Damaged data is not the same as
/// anything; nothing beyond `size` is inflated.
pub(super) fn same_inflated(before: Stored<'_>, after: Stored<'_>, size: u64) -> bool {
    // One byte more, so that a stream that goes on is seen.
    let mut one = before.inflated().take(size.saturating_add(1));
    let mut other = after.inflated().take(size.saturating_add(1));
    let (mut first, mut second) = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
    let mut total: u64 = 0;
    loop {
        let (Ok(one_count), Ok(other_count)) =
            (fill(&mut one, &mut first), fill(&mut other, &mut second))
        else {
            return false;
        };
        if first.get(..one_count) != second.get(..other_count) {
            return false;
        }
        total = total.saturating_add(one_count as u64);
        if one_count < BUFFER_BYTES {
            return total == size;
        }
    }
}

/// Fills the buffer as far as there is something.
fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while let Some(rest) = buffer.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// A range of a source as a reader.
struct RangeReader<'a> {
    source: &'a dyn ByteSource,
    range: Range<u64>,
}

impl Read for RangeReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.range.end.saturating_sub(self.range.start));
        let count = left.unwrap_or(usize::MAX).min(buffer.len());
        let Some(into) = buffer.get_mut(..count).filter(|into| !into.is_empty()) else {
            return Ok(0);
        };
        let read = self.source.read_at(self.range.start, into)?;
        self.range.start = self.range.start.saturating_add(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;

    use super::*;

    fn deflated(content: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn large_ranges_are_compared_piece_by_piece() {
        let one: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
        let mut other = [vec![0; 7], one.clone()].concat();
        assert!(same(&one, 0..300_000, &other, 7..300_007).unwrap());
        assert!(!same(&one, 0..300_000, &other, 7..300_006).unwrap());
        other[300_006] ^= 1;
        assert!(!same(&one, 0..300_000, &other, 7..300_007).unwrap());
        let cut = same(&one, 0..300_001, &one, 0..300_001).unwrap_err();
        assert_eq!(cut.0, Side::Before);
    }

    #[test]
    fn contents_are_the_same_in_any_packing() {
        let content: Vec<u8> = (0..200_000_u32).map(|at| (at / 7 % 251) as u8).collect();
        let size = content.len() as u64;
        let packings = [
            (deflated(&content, 9), 8),
            (deflated(&content, 1), 8),
            (content, 0),
        ];
        let stored = |(bytes, method): &'static (Vec<u8>, u16)| Stored {
            source: bytes,
            range: 0..bytes.len() as u64,
            method: *method,
        };
        let packings: &'static [(Vec<u8>, u16); 3] = Box::leak(Box::new(packings));
        for one in packings {
            for other in packings {
                assert!(same_inflated(stored(one), stored(other), size));
                assert!(!same_inflated(stored(one), stored(other), size - 1));
                assert!(!same_inflated(stored(one), stored(other), size + 1));
            }
        }
    }
}
