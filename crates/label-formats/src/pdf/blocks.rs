//! A file read in aligned blocks that are kept for a while: objects, table entries and the ends of
//! streams are a few bytes each, and stand side by side.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;

use crate::source::{ByteSource, read_range};

/// Size of a block, in bytes.
const BLOCK_BYTES: u64 = 4 * 1024;

/// Most blocks that are kept: 128 KiB. All are dropped rather than one by one, because what is
/// looked for next stands near what was looked for last or nowhere near any of it.
const BLOCKS_MAX: usize = 32;

/// Longest range that goes through blocks, in bytes; a longer one is looked at once.
pub(super) const RANGE_BYTES_MAX: usize = 32 * 1024;

/// A source with its last blocks in memory.
pub(super) struct Blocks<'a> {
    source: &'a dyn ByteSource,
    kept: RefCell<HashMap<u64, Vec<u8>>>,
}

impl<'a> Blocks<'a> {
    pub(super) fn new(source: &'a dyn ByteSource) -> Self {
        Self {
            source,
            kept: RefCell::default(),
        }
    }

    /// The numbers of the blocks that a range touches; none where it is too long for them or
    /// doesn't lie in the file.
    fn numbers(&self, offset: u64, len: usize) -> std::ops::Range<u64> {
        let end = offset.saturating_add(len as u64);
        if len == 0 || len > RANGE_BYTES_MAX || end > self.source.len() {
            return 0..0;
        }
        offset / BLOCK_BYTES..end.div_ceil(BLOCK_BYTES)
    }

    /// How many bytes reading this range takes from the source.
    pub(super) fn missing(&self, offset: u64, len: usize) -> usize {
        let numbers = self.numbers(offset, len);
        if numbers.is_empty() {
            return len;
        }
        let kept = self.kept.borrow();
        let missing = numbers.filter(|number| !kept.contains_key(number)).count();
        missing.saturating_mul(BLOCK_BYTES as usize)
    }

    /// Gets the blocks of a range, those side by side in one read.
    pub(super) fn fetch(&self, offset: u64, len: usize) -> io::Result<()> {
        let numbers = self.numbers(offset, len);
        let mut kept = self.kept.borrow_mut();
        let count = numbers.clone().count();
        if kept.len() + count > BLOCKS_MAX {
            kept.clear();
        }
        let mut at = numbers.start;
        while at < numbers.end {
            let known = (at..numbers.end).take_while(|number| kept.contains_key(number));
            at += known.count() as u64;
            let missing = (at..numbers.end).take_while(|number| !kept.contains_key(number));
            let missing = missing.count() as u64;
            let start = at.saturating_mul(BLOCK_BYTES);
            let rest = self.source.len().saturating_sub(start);
            let size = rest.min(missing.saturating_mul(BLOCK_BYTES));
            let bytes = read_range(
                self.source,
                start,
                usize::try_from(size).unwrap_or_default(),
            )?;
            for (number, block) in (at..).zip(bytes.chunks(BLOCK_BYTES as usize)) {
                kept.insert(number, block.to_vec());
            }
            at += missing;
        }
        Ok(())
    }

    /// Reads a range into a buffer of its own.
    pub(super) fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let numbers = self.numbers(offset, len);
        if numbers.is_empty() {
            return read_range(self.source, offset, len);
        }
        self.fetch(offset, len)?;
        let kept = self.kept.borrow();
        let mut bytes = Vec::with_capacity(len);
        for number in numbers {
            let block = kept.get(&number).map(Vec::as_slice).unwrap_or_default();
            // Only into the first block the range doesn't start at its beginning.
            let from = offset.saturating_sub(number.saturating_mul(BLOCK_BYTES));
            let block = block
                .get(usize::try_from(from).unwrap_or(usize::MAX)..)
                .unwrap_or_default();
            let count = block.len().min(len - bytes.len());
            bytes.extend_from_slice(block.get(..count).unwrap_or_default());
        }
        if bytes.len() < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::CountingSource;

    #[test]
    fn what_is_near_is_read_once() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|at| at.to_le_bytes()[1]).collect();
        let counting = CountingSource::new(bytes.as_slice());
        let blocks = Blocks::new(&counting);
        for (offset, reads, missing) in [
            (50_000, 1, 4_096),
            (50_100, 1, 0),
            (49_160, 1, 0),
            (53_000, 1, 0),
            (53_240, 2, 4_096),
        ] {
            assert_eq!(blocks.missing(offset, 20), missing, "{offset}");
            let at = usize::try_from(offset).unwrap();
            assert_eq!(blocks.read(offset, 20).unwrap(), &bytes[at..at + 20]);
            assert_eq!(counting.reads(), reads, "{offset}");
        }
        // Around what is there already: one read before it, one behind it.
        blocks.fetch(40_000, 20_000).unwrap();
        assert_eq!(counting.reads(), 4);
        assert_eq!(blocks.missing(40_000, 20_000), 0);
    }

    #[test]
    fn only_so_much_is_kept() {
        let bytes = vec![7; 1_000_000];
        let blocks = Blocks::new(&bytes);
        for at in 0..200 {
            blocks.read(at * 4_900, 1_000).unwrap();
            assert!(blocks.kept.borrow().len() <= BLOCKS_MAX);
        }
        let before = blocks.kept.borrow().len();
        blocks.read(0, 500_000).unwrap();
        assert_eq!(blocks.kept.borrow().len(), before);
    }

    proptest::proptest! {
        #[test]
        fn reads_as_the_source_does(
            len in 0_usize..60_000,
            ranges in proptest::collection::vec((0_u64..70_000, 0_usize..40_000), 0..20),
        ) {
            let bytes: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[at % 2]).collect();
            let blocks = Blocks::new(&bytes);
            for (offset, len) in ranges {
                let expected = read_range(&bytes, offset, len).ok();
                proptest::prop_assert_eq!(blocks.read(offset, len).ok(), expected);
            }
        }
    }
}
