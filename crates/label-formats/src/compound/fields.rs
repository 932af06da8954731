//! The encodings that the streams of the data spaces are made of (2.2).

use crate::error::PartError;

/// Reads a stream field by field.
pub(super) struct Fields<'a> {
    place: &'a str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(place: &'a str, bytes: &'a [u8]) -> Self {
        Self { place, rest: bytes }
    }

    pub(super) fn take(&mut self, len: usize, what: &str) -> Result<&'a [u8], PartError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or_else(|| PartError::malformed(self.place, format!("{what} is cut off")))?;
        self.rest = rest;
        Ok(taken)
    }

    /// A number of four bytes, little-endian.
    pub(super) fn number(&mut self, what: &str) -> Result<usize, PartError> {
        let bytes = self.take(4, what)?.first_chunk().copied();
        let number = u32::from_le_bytes(bytes.unwrap_or_default());
        usize::try_from(number).map_err(|_| PartError::too_large(self.place, what))
    }

    /// A length in bytes and that many bytes, padded to a multiple of four; of UTF-8 and UTF-16
    /// texts alike. At the end of a stream the padding may be missing.
    pub(super) fn padded(&mut self, max: usize, what: &str) -> Result<&'a [u8], PartError> {
        let len = self.number(what)?;
        if len > max {
            let cause = format!("{what} has {len} bytes");
            return Err(PartError::too_large(self.place, cause));
        }
        let bytes = self.take(len, what)?;
        let padding = len.next_multiple_of(4) - len;
        self.rest = self.rest.get(padding..).unwrap_or_default();
        Ok(bytes)
    }
}

/// UTF-16 as it lies in a file; what is no text becomes replacement characters.
pub(super) fn wide_text(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| {
        let [low, high] = pair.first_chunk().copied().unwrap_or_default();
        u16::from_le_bytes([low, high])
    });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
