//! PDF text strings.

/// The characters of PDFDocEncoding that are not those of Latin-1.
const FROM_0X18: [char; 8] = ['˘', 'ˇ', 'ˆ', '˙', '˝', '˛', '˚', '˜'];
const FROM_0X80: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™',
    'ﬁ', 'ﬂ', 'Ł', 'Œ', 'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', '\u{fffd}', '€',
];

/// Decodes a text string: UTF-16 with a mark, UTF-8 with a mark, else PDFDocEncoding.
pub(super) fn decode(bytes: &[u8]) -> String {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|pair| match pair {
                [first, second] => unit([*first, *second]),
                _ => 0,
            })
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes.iter().map(|byte| character(*byte)).collect(),
    }
}

fn character(byte: u8) -> char {
    let from = |table: &[char], start: u8| {
        byte.checked_sub(start)
            .and_then(|at| table.get(usize::from(at)).copied())
    };
    match byte {
        0x18..=0x1f => from(&FROM_0X18, 0x18),
        0x80..=0xa0 => from(&FROM_0X80, 0x80),
        _ => None,
    }
    .unwrap_or(char::from(byte))
}

/// The bytes of a text string: plain ASCII as it is, anything else in UTF-16 with a mark (5.4).
/// UTF-8 is for PDF 2.0 only, and PDFDocEncoding is easily mistaken for another 8-bit encoding.
pub(super) fn encode(text: &str) -> Vec<u8> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.as_bytes().to_vec();
    }
    [0xfe, 0xff]
        .into_iter()
        .chain(text.encode_utf16().flat_map(u16::to_be_bytes))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn f_130_what_is_encoded_reads_back(text: String) {
            let bytes = encode(&text);
            proptest::prop_assert_eq!(decode(&bytes), text.as_str());
            let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            proptest::prop_assert_eq!(bytes.starts_with(&[0xfe, 0xff]), !plain);
        }
    }

    #[test]
    fn f_122_text_strings() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (b"\xd6ffentlich", "Öffentlich"),
            (b"\x80\xa0\x18\x9f", "•€˘\u{fffd}"),
            (b"\xfe\xff\x00\xd6\x00f\x00 ", "Öf "),
            (b"\xff\xfe\xd6\x00f\x00", "Öf"),
            (b"\xef\xbb\xbf\xc3\x96", "Ö"),
            (b"", ""),
        ] {
            assert_eq!(decode(bytes), text);
        }
    }
}
