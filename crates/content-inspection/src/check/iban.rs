//! IBAN: the country's length, and modulo 97.

use crate::detector::Levels;

/// Length of a country's IBANs in characters, without separators.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Longest IBAN, in characters without separators.
const CHARACTERS_MAX: usize = 34;

/// Accepts the country's length with a remainder of 1. Check digits 00, 01 and 99 are never
/// issued. Lower case is accepted only in a number that is written in groups of four throughout:
/// words and hexadecimal text would fit otherwise.
pub(crate) fn check(text: &str, levels: Levels) -> Option<Levels> {
    let mut compact = Vec::with_capacity(CHARACTERS_MAX);
    let mut lower = false;
    let mut by_four = true;
    let mut group = 0usize;
    for byte in text.bytes() {
        match byte {
            b' ' | b'-' | b'\n' => {
                by_four &= group == 4;
                group = 0;
            }
            // The first half of a line break.
            b'\r' => {}
            _ => {
                if compact.len() == CHARACTERS_MAX {
                    return None;
                }
                lower |= byte.is_ascii_lowercase();
                compact.push(byte.to_ascii_uppercase());
                group += 1;
            }
        }
    }
    by_four &= group <= 4;
    if lower && !by_four {
        return None;
    }
    let (country, rest) = compact.split_first_chunk::<2>()?;
    let (digits, account) = rest.split_first_chunk::<2>()?;
    let length = LENGTHS
        .iter()
        .find(|(known, _)| *known == country)
        .map(|&(_, length)| length)?;
    if compact.len() != length || matches!(digits, b"00" | b"01" | b"99") {
        return None;
    }
    let moved = account.iter().chain(country).chain(digits);
    (modulo_97(moved)? == 1).then_some(levels)
}

/// The number that the characters spell, letters as 10 to 35, modulo 97.
fn modulo_97<'b>(bytes: impl Iterator<Item = &'b u8>) -> Option<u32> {
    let mut remainder = 0;
    for &byte in bytes {
        remainder = match byte {
            b'0'..=b'9' => remainder * 10 + u32::from(byte - b'0'),
            b'A'..=b'Z' => remainder * 100 + u32::from(byte - b'A') + 10,
            _ => return None,
        } % 97;
    }
    Some(remainder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Confidence;

    const LEVELS: Levels = Levels::new(None, Confidence::High);

    fn passes(text: &str) -> bool {
        check(text, LEVELS).is_some()
    }

    /// An IBAN of the country with the right check digits.
    fn number(country: &[u8; 2], length: usize) -> String {
        let account: String = (0..length - 4)
            .map(|at| char::from(b'0' + (at % 10) as u8))
            .collect();
        let country = str::from_utf8(country).unwrap();
        (2..99)
            .map(|check| format!("{country}{check:02}{account}"))
            .find(|text| passes(text))
            .unwrap()
    }

    #[test]
    fn c_005_every_country_length() {
        assert_eq!(LENGTHS.len(), 89);
        for &(country, length) in LENGTHS {
            let text = number(country, length);
            assert_eq!(text.len(), length);
            assert!(!passes(&text[..length - 1]), "{text}");
            assert!(!passes(&format!("{text}0")), "{text}");
        }
    }

    #[test]
    fn c_005_lower_case_only_in_groups_of_four() {
        assert!(passes("gb82 west 1234 5698 7654 32"));
        assert!(passes("GB82-WEST-1234-5698-7654-32"));
        assert!(!passes("gb82west12345698765432"));
        assert!(!passes("gb82west 12345698 765432"));
        assert!(passes("GB82WEST12345698765432"));
    }

    #[test]
    fn c_005_impossible_check_digits() {
        for text in [
            "DE89370400440532013001",
            "GB82WEST1234569876543",
            "ZZ89370400440532013000",
            "DE99370400440532013000",
            "DE",
            "",
        ] {
            assert!(!passes(text), "{text}");
        }
    }
}
