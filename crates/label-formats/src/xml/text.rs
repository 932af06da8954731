//! How a part's characters are stored.

use super::Edits;
use crate::error::PartError;

/// How a part's characters are stored, so that an edited part is stored the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8 { mark: bool },
    Utf16Le { mark: bool },
    Utf16Be { mark: bool },
}

/// A decoded XML part.
#[derive(Clone, Debug)]
pub(crate) struct XmlText {
    pub(crate) text: String,
    pub(crate) encoding: Encoding,
}

impl XmlText {
    /// Decodes UTF-8 or UTF-16, by the byte-order mark or by the shape of the first character.
    pub(crate) fn decode(place: &str, bytes: Vec<u8>) -> Result<Self, PartError> {
        let (encoding, skip) = match bytes.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8 { mark: true }, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le { mark: true }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be { mark: true }, 2),
            [b'<', 0, ..] => (Encoding::Utf16Le { mark: false }, 0),
            [0, b'<', ..] => (Encoding::Utf16Be { mark: false }, 0),
            _ => (Encoding::Utf8 { mark: false }, 0),
        };
        let text = match encoding {
            Encoding::Utf8 { mark: false } => String::from_utf8(bytes)
                .map_err(|error| not_text(place, "UTF-8", error.utf8_error().valid_up_to()))?,
            Encoding::Utf8 { mark: true } => {
                let rest = bytes.get(skip..).unwrap_or_default();
                std::str::from_utf8(rest)
                    .map_err(|error| not_text(place, "UTF-8", skip + error.valid_up_to()))?
                    .to_owned()
            }
            Encoding::Utf16Le { .. } | Encoding::Utf16Be { .. } => {
                let rest = bytes.get(skip..).unwrap_or_default();
                if rest.len() % 2 != 0 {
                    return Err(not_text(place, "UTF-16", bytes.len()));
                }
                let units = rest.chunks_exact(2).map(|pair| match (pair, encoding) {
                    ([first, second], Encoding::Utf16Be { .. }) => {
                        u16::from_be_bytes([*first, *second])
                    }
                    ([first, second], _) => u16::from_le_bytes([*first, *second]),
                    _ => 0,
                });
                char::decode_utf16(units)
                    .collect::<Result<String, _>>()
                    .map_err(|_| not_text(place, "UTF-16", 0))?
            }
        };
        Ok(Self { text, encoding })
    }

    /// The part with these edits, stored as it came; `None` as for [`Edits::apply`].
    pub(crate) fn edited(&self, edits: Edits) -> Option<Vec<u8>> {
        let edited = Self {
            text: edits.apply(&self.text)?,
            encoding: self.encoding,
        };
        Some(edited.encode())
    }

    /// The text in the encoding it came in.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let units = |to_bytes: fn(u16) -> [u8; 2]| {
            self.text
                .encode_utf16()
                .flat_map(to_bytes)
                .collect::<Vec<u8>>()
        };
        let mut bytes = match self.encoding {
            Encoding::Utf8 { mark: true } => vec![0xef, 0xbb, 0xbf],
            Encoding::Utf16Le { mark: true } => vec![0xff, 0xfe],
            Encoding::Utf16Be { mark: true } => vec![0xfe, 0xff],
            _ => Vec::new(),
        };
        match self.encoding {
            Encoding::Utf8 { .. } => bytes.extend_from_slice(self.text.as_bytes()),
            Encoding::Utf16Le { .. } => bytes.extend(units(u16::to_le_bytes)),
            Encoding::Utf16Be { .. } => bytes.extend(units(u16::to_be_bytes)),
        }
        bytes
    }
}

fn not_text(place: &str, encoding: &str, offset: usize) -> PartError {
    PartError::malformed(place, format!("not {encoding} at byte {offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_stored_as_it_came() {
        let text = "<a>ü</a>";
        let utf16 = |le: bool, mark: bool| {
            let mut bytes = Vec::new();
            let marked: String = if mark {
                format!("\u{feff}{text}")
            } else {
                text.to_owned()
            };
            for unit in marked.encode_utf16() {
                bytes.extend(if le {
                    unit.to_le_bytes()
                } else {
                    unit.to_be_bytes()
                });
            }
            bytes
        };
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            utf16(true, true),
            utf16(true, false),
            utf16(false, true),
            utf16(false, false),
        ] {
            let decoded = XmlText::decode("part", bytes.clone()).unwrap();
            assert_eq!(decoded.text, text);
            assert_eq!(decoded.encode(), bytes);
        }
        assert!(XmlText::decode("part", vec![b'<', 0xff]).is_err());
        assert!(XmlText::decode("part", vec![b'<', 0, b'a']).is_err());
    }
}
