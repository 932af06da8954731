//! Ranges of two sources, compared through bounded buffers.

use std::io;
use std::ops::Range;

use crate::source::ByteSource;
use crate::verify::Side;

/// How much of each source is in memory at a time, in bytes.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;

/// What reading reported, and from which of the two sources.
pub(crate) type SideError = (Side, io::Error);

/// Whether two ranges hold the same bytes.
pub(crate) fn same(
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
