//! A file as it will be after an edit: ranges of the original and new bytes between them.

use std::io::{self, Write};
use std::ops::Range;

use crate::source::ByteSource;

/// How much is copied at a time, in bytes.
const COPY_BYTES: usize = 256 * 1024;

#[derive(Clone, Debug)]
enum Segment {
    Original(Range<u64>),
    New(Vec<u8>),
}

impl Segment {
    fn len(&self) -> u64 {
        match self {
            Self::Original(range) => range.end - range.start,
            Self::New(bytes) => bytes.len() as u64,
        }
    }
}

/// The finished file, not yet written anywhere.
///
/// It is a [`ByteSource`] itself, so that it is read back and checked before a byte is written;
/// what doesn't change is never in memory.
pub struct EditedFile<'a> {
    original: &'a dyn ByteSource,
    /// Each segment with the place where it starts.
    segments: Vec<(u64, Segment)>,
    len: u64,
}

impl std::fmt::Debug for EditedFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EditedFile")
            .field("len", &self.len)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

impl<'a> EditedFile<'a> {
    pub(crate) fn new(original: &'a dyn ByteSource) -> Self {
        Self {
            original,
            segments: Vec::new(),
            len: 0,
        }
    }

    /// The original as it is.
    pub fn copy_of(original: &'a dyn ByteSource) -> Self {
        let mut file = Self::new(original);
        file.keep(0..original.len());
        file
    }

    /// Where the next segment will start.
    pub(crate) fn position(&self) -> u64 {
        self.len
    }

    /// Appends a range of the original, joined to the one before where they touch.
    pub(crate) fn keep(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let len = range.end - range.start;
        match self.segments.last_mut() {
            Some((_, Segment::Original(last))) if last.end == range.start => last.end = range.end,
            _ => self.segments.push((self.len, Segment::Original(range))),
        }
        self.len += len;
    }

    /// Appends new bytes.
    pub(crate) fn push(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let len = bytes.len() as u64;
        self.segments.push((self.len, Segment::New(bytes)));
        self.len += len;
    }

    /// Writes the whole file.
    ///
    /// # Errors
    ///
    /// What reading the original or writing reports. What was written so far is then not a file:
    /// drop it.
    pub fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut buffer = Vec::new();
        for (_, segment) in &self.segments {
            match segment {
                Segment::New(bytes) => out.write_all(bytes)?,
                Segment::Original(range) => {
                    let mut at = range.start;
                    while at < range.end {
                        let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
                        buffer.resize(left.min(COPY_BYTES), 0);
                        self.original.read_exact_at(at, &mut buffer)?;
                        out.write_all(&buffer)?;
                        at += buffer.len() as u64;
                    }
                }
            }
        }
        Ok(())
    }
}

impl ByteSource for EditedFile<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self
            .segments
            .partition_point(|(start, _)| *start <= offset)
            .checked_sub(1);
        let Some((start, segment)) = at.and_then(|at| self.segments.get(at)) else {
            return Ok(0);
        };
        let inside = offset - start;
        let Some(left) = segment.len().checked_sub(inside).filter(|left| *left > 0) else {
            return Ok(0);
        };
        let count = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let into = buffer.get_mut(..count).unwrap_or_default();
        match segment {
            Segment::New(bytes) => bytes.read_at(inside, into),
            Segment::Original(range) => self.original.read_at(range.start + inside, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::read_range;

    #[test]
    fn reads_and_writes_the_same_bytes() {
        let original: Vec<u8> = (0..100).collect();
        let mut edited = EditedFile::new(&original);
        edited.keep(0..10);
        edited.keep(10..20);
        edited.push(vec![200; 5]);
        edited.push(Vec::new());
        edited.keep(30..30);
        edited.keep(50..100);
        let mut written = Vec::new();
        edited.write_to(&mut written).unwrap();
        let expected = [&original[..20], &[200; 5], &original[50..]].concat();
        assert_eq!(written, expected);
        assert_eq!(edited.len(), expected.len() as u64);
        for start in 0..expected.len() {
            let rest = expected.len() - start;
            assert_eq!(
                read_range(&edited, start as u64, rest).unwrap(),
                expected[start..]
            );
        }
        assert_eq!(edited.read_at(1000, &mut [0; 4]).unwrap(), 0);
    }
}
