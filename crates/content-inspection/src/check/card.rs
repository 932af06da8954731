//! Payment cards: grouping, brand, Luhn.

use super::all_equal;
use crate::detector::Levels;

/// Longest card number, in digits.
const DIGITS_MAX: usize = 19;

/// The issuer prefixes of the brands: first and last prefix of a range, and the lengths the brand
/// uses as one bit per number of digits.
const BRANDS: &[(u32, u32, u32)] = &[
    (4, 4, lengths(&[13, 16, 19])),           // Visa
    (51, 55, lengths(&[16])),                 // Mastercard
    (2221, 2720, lengths(&[16])),             // Mastercard
    (34, 34, lengths(&[15])),                 // American Express
    (37, 37, lengths(&[15])),                 // American Express
    (300, 305, lengths(&[14, 16, 19])),       // Diners Club
    (3095, 3095, lengths(&[14, 16, 19])),     // Diners Club
    (36, 36, lengths(&[14, 16, 19])),         // Diners Club
    (38, 39, lengths(&[14, 16, 19])),         // Diners Club
    (6011, 6011, lengths(&[16, 19])),         // Discover
    (644, 649, lengths(&[16, 19])),           // Discover
    (65, 65, lengths(&[16, 19])),             // Discover
    (3528, 3589, lengths(&[16, 19])),         // JCB
    (62, 62, lengths(&[16, 17, 18, 19])),     // UnionPay
    (81, 81, lengths(&[16, 17, 18, 19])),     // UnionPay
    (5019, 5019, lengths(&[16])),             // Dankort
    (5018, 5018, lengths(&MAESTRO)),          // Maestro
    (5020, 5020, lengths(&MAESTRO)),          // Maestro
    (5038, 5038, lengths(&MAESTRO)),          // Maestro
    (5893, 5893, lengths(&MAESTRO)),          // Maestro
    (6304, 6304, lengths(&MAESTRO)),          // Maestro
    (6759, 6759, lengths(&MAESTRO)),          // Maestro
    (6761, 6763, lengths(&MAESTRO)),          // Maestro
    (2200, 2204, lengths(&[16, 17, 18, 19])), // Mir
    (508, 508, lengths(&[16])),               // RuPay
    (353, 353, lengths(&[16])),               // RuPay
    (356, 356, lengths(&[16])),               // RuPay
    (60, 60, lengths(&[16])),                 // RuPay
    (82, 82, lengths(&[16])),                 // RuPay
    (9792, 9792, lengths(&[16])),             // Troy
];

const MAESTRO: [u32; 8] = [12, 13, 14, 15, 16, 17, 18, 19];

/// Accepts an unbroken number or one grouped with a single kind of separator, of a known brand
/// and a length of that brand, with a valid Luhn digit. A number of one repeated digit is a
/// placeholder.
pub(crate) fn check(text: &str, levels: Levels) -> Option<Levels> {
    let mut digits = Vec::with_capacity(DIGITS_MAX);
    let mut groups = Vec::with_capacity(5);
    let mut separator = None;
    let mut group = 0usize;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                if digits.len() == DIGITS_MAX {
                    return None;
                }
                digits.push(byte - b'0');
                group += 1;
            }
            b' ' | b'.' | b'-' => {
                if *separator.get_or_insert(byte) != byte {
                    return None;
                }
                groups.push(group);
                group = 0;
            }
            _ => return None,
        }
    }
    groups.push(group);
    let grouped = matches!(
        groups.as_slice(),
        [_] | [4, 4, 4, 4] | [4, 4, 4, 4, 3] | [4, 6, 4 | 5]
    );
    (grouped && !all_equal(&digits) && luhn(&digits) && brand(&digits)).then_some(levels)
}

/// Luhn: from the right, every second digit doubled (less 9 above 9), the sum a multiple of 10.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .zip([false, true].into_iter().cycle())
        .map(|(&digit, double)| {
            let digit = u32::from(digit);
            match (double, digit) {
                (false, digit) => digit,
                (true, 0..=4) => digit * 2,
                (true, _) => digit * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a brand has this prefix and uses this length.
fn brand(digits: &[u8]) -> bool {
    let mut prefix = 0u32;
    let mut width_start = 1u32;
    for &digit in digits.iter().take(4) {
        prefix = prefix * 10 + u32::from(digit);
        let found = BRANDS.iter().any(|&(first, last, lengths)| {
            // The range speaks of prefixes of exactly this many digits.
            first >= width_start
                && first < width_start * 10
                && (first..=last).contains(&prefix)
                && lengths & (1 << digits.len()) != 0
        });
        if found {
            return true;
        }
        width_start *= 10;
    }
    false
}

const fn lengths(list: &[u32]) -> u32 {
    let mut bits = 0;
    let mut rest = list;
    while let [first, tail @ ..] = rest {
        bits |= 1 << *first;
        rest = tail;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Confidence;

    const LEVELS: Levels = Levels::new(None, Confidence::High);

    /// `prefix`, filled with 1, 2, 3 … to `length` digits with a valid last digit.
    fn number(prefix: u32, length: usize) -> String {
        let mut body: String = prefix.to_string();
        while body.len() < length - 1 {
            body.push(char::from(b'1' + (body.len() % 8) as u8));
        }
        (b'0'..=b'9')
            .map(|last| format!("{body}{}", char::from(last)))
            .find(|candidate| {
                let digits: Vec<u8> = candidate.bytes().map(|byte| byte - b'0').collect();
                luhn(&digits)
            })
            .unwrap()
    }

    #[test]
    fn c_004_every_brand_and_length() {
        let table: &[(&[u32], &[usize])] = &[
            (&[4], &[13, 16, 19]),
            (
                &[51, 55, 2221, 2720, 508, 353, 356, 60, 82, 9792, 5019],
                &[16],
            ),
            (&[34, 37], &[15]),
            (&[300, 305, 3095, 36, 38, 39], &[14, 16, 19]),
            (&[6011, 644, 649, 65, 3528, 3589], &[16, 19]),
            (&[62, 81, 2200, 2204], &[16, 17, 18, 19]),
            (
                &[5018, 5020, 5038, 5893, 6304, 6759, 6761, 6763],
                &[12, 13, 14, 15, 16, 17, 18, 19],
            ),
        ];
        for (prefixes, lengths) in table {
            for &prefix in *prefixes {
                for length in 12..=19 {
                    let text = number(prefix, length);
                    // RuPay's 353 and 356 lie inside JCB's range, which also has 19 digits.
                    let allowed =
                        lengths.contains(&length) || (length == 19 && matches!(prefix, 353 | 356));
                    assert_eq!(check(&text, LEVELS).is_some(), allowed, "{text}");
                }
            }
        }
    }

    #[test]
    fn c_004_refused_cards() {
        for text in [
            "4111 1111 1111 1112",
            "4111-1111 1111-1111",
            "1234 5678 9012 3456",
            "4444444444444444",
            "0000000000000000",
            "41 1111 1111 1111 11",
            "4111  1111 1111 1111",
            "41111111111111111111111",
            "",
        ] {
            assert_eq!(check(text, LEVELS), None, "{text}");
        }
    }
}
