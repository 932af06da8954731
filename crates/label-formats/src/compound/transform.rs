//! The transform of a rights-managed document: the stream that holds its publishing licence (2.3).

use super::fields::{Fields, wide_text};
use crate::error::PartError;
use crate::limits::Limits;

/// The transform that is rights management, as its stream names it.
const TRANSFORM_ID: &str = "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}";

/// Longest name of a transform, in bytes. Genuine ones have up to 76.
const NAME_BYTES_MAX: usize = 1_024;

/// Reader, updater and writer version.
const VERSIONS_BYTES: usize = 12;

/// Longest extensibility header that is skipped, in bytes. Genuine ones have four: their own
/// length.
const EXTENSIBILITY_BYTES_MAX: usize = 4_096;
const LENGTH_BYTES: usize = 4;

/// Most bytes that a character of the licence takes.
const CHAR_BYTES_MAX: usize = 4;

/// The publishing licence in the stream, as it lies there (P-005).
///
/// The strings are walked: the length that should tell where they start is wrong in genuine files.
/// Anything may follow the licence.
pub(super) fn licence<'a>(
    place: &'a str,
    stream: &'a [u8],
    limits: &Limits,
) -> Result<&'a [u8], PartError> {
    let mut fields = Fields::new(place, stream);
    fields.number("the length")?;
    fields.number("the type")?;
    let id = wide_text(fields.padded(NAME_BYTES_MAX, "the transform's id")?);
    if !id.eq_ignore_ascii_case(TRANSFORM_ID) {
        return Err(PartError::malformed(
            place,
            "another transform than rights management",
        ));
    }
    fields.padded(NAME_BYTES_MAX, "the transform's name")?;
    fields.take(VERSIONS_BYTES, "the version")?;
    let extensibility = fields.number("the extensibility header")?;
    if extensibility > EXTENSIBILITY_BYTES_MAX {
        let cause = format!("an extensibility header of {extensibility} bytes");
        return Err(PartError::too_large(place, cause));
    }
    let more = extensibility.checked_sub(LENGTH_BYTES).ok_or_else(|| {
        PartError::malformed(place, "an extensibility header shorter than its length")
    })?;
    fields.take(more, "the extensibility header")?;
    let bytes_max = limits.licence_chars_max.saturating_mul(CHAR_BYTES_MAX);
    fields.padded(bytes_max, "the licence")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream as the specification has it, with what may differ.
    fn stream(length: u32, extension: &[u8], licence: &[u8], padded: bool) -> Vec<u8> {
        let number = |value: usize| u32::try_from(value).unwrap().to_le_bytes();
        let wide = |text: &str| -> Vec<u8> {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let mut field = number(bytes.len()).to_vec();
            field.extend(bytes);
            field.resize(field.len().next_multiple_of(4), 0);
            field
        };
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend(number(1));
        bytes.extend(wide(TRANSFORM_ID));
        bytes.extend(wide("Microsoft.Metadata.DRMTransform"));
        bytes.extend([1, 0, 0, 0].repeat(3));
        bytes.extend(number(4 + extension.len()));
        bytes.extend(extension);
        bytes.extend(number(licence.len()));
        bytes.extend(licence);
        if padded {
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    fn parsed(bytes: &[u8]) -> Result<&[u8], PartError> {
        licence("Primary", bytes, &Limits::default())
    }

    #[test]
    fn p_005_the_transform_with_its_known_errors() {
        let plain = stream(0x58, b"", b"<XrML/>", true);
        // The offsets that the specification's layout gives.
        assert_eq!(plain[168..172], [4, 0, 0, 0]);
        assert_eq!(plain.len(), 172 + 4 + 8);
        for (what, bytes) in [
            ("as specified", plain.clone()),
            ("a wrong length", stream(0x6c, b"", b"<XrML/>", true)),
            ("no length", stream(0, b"", b"<XrML/>", true)),
            ("an absurd length", stream(u32::MAX, b"", b"<XrML/>", true)),
            ("an extension", stream(0x58, &[7; 12], b"<XrML/>", true)),
            ("the longest", stream(0x58, &[7; 4092], b"<XrML/>", true)),
            ("no padding", stream(0x58, b"", b"<XrML/>", false)),
            ("more behind", [plain, vec![9; 50]].concat()),
        ] {
            assert_eq!(parsed(&bytes).unwrap(), b"<XrML/>", "{what}");
        }
        // The mark belongs to the text, which is decoded later.
        let marked = stream(0x58, b"", b"\xef\xbb\xbf<XrML/>", true);
        assert_eq!(parsed(&marked).unwrap(), b"\xef\xbb\xbf<XrML/>");
    }

    #[test]
    fn p_005_other_transforms_and_lengths_are_refused() {
        let plain = stream(0x58, b"", b"<XrML/>", true);
        let with = |at: usize, value: u32| {
            let mut bytes = plain.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            bytes
        };
        for (what, bytes, too_large) in [
            ("nothing", Vec::new(), false),
            ("cut off", plain[..100].to_vec(), false),
            ("another id", with(12, 0x0041_0041), false),
            ("a header too short", with(168, 3), false),
            ("a header too long", with(168, 4_097), true),
            ("a header beyond the end", with(168, 4_096), false),
            ("a licence beyond the end", with(172, 1_000), false),
            ("a licence beyond the limit", with(172, 4_000_001), true),
            ("a name beyond the limit", with(8, 1_025), true),
            ("the largest name", with(8, u32::MAX), true),
        ] {
            let error = parsed(&bytes).unwrap_err();
            let is_large = matches!(error, PartError::TooLarge(_));
            assert_eq!(is_large, too_large, "{what}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_damage_is_survived(
            places in proptest::collection::vec((0_usize..190, 0_u8..), 0..8),
            len in 0_usize..190,
        ) {
            let mut bytes = stream(0x58, b"", b"<XrML/>", true);
            for (at, byte) in places {
                if let Some(place) = bytes.get_mut(at) { *place = byte; }
            }
            bytes.truncate(len);
            let _ = parsed(&bytes);
        }
    }
}
