//! Compressed entries of two sources, compared through bounded buffers.

use std::io::{self, Read};
use std::ops::Range;

use flate2::read::DeflateDecoder;

use crate::ooxml::directory::STORED;
use crate::same::BUFFER_BYTES;
use crate::source::ByteSource;

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
