//! US Social Security numbers: what was never issued.

use super::all_equal;
use crate::detector::{Confidence, Levels};

/// Numbers printed in advertisements and on sample cards.
const ADVERTISED: [&[u8; 9]; 4] = [b"078051120", b"219099999", b"457555462", b"123456789"];

/// Refuses areas 000, 666 and 900–999, group 00, serial 0000, repeated digits and the advertised
/// numbers. Without separators nine digits mean little: such a match needs a keyword, and is
/// medium with one.
pub(crate) fn check(text: &str, levels: Levels) -> Option<Levels> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let digits: &[u8; 9] = digits.as_slice().try_into().ok()?;
    let [a, b, c, group @ .., w, x, y, z] = digits;
    let area_unused = [a, b, c] == [&b'0', &b'0', &b'0'] || [a, b, c] == [&b'6', &b'6', &b'6'];
    let refused = area_unused
        || *a == b'9'
        || group == b"00"
        || [w, x, y, z].iter().all(|digit| **digit == b'0')
        || all_equal(digits)
        || ADVERTISED.contains(&digits);
    if refused {
        return None;
    }
    let unbroken = text.len() == digits.len();
    Some(if unbroken {
        Levels::new(None, Confidence::Medium)
    } else {
        levels
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_006_exclusions() {
        let levels = Levels::new(Some(Confidence::Low), Confidence::High);
        for text in [
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "999-12-3456",
            "536-00-8726",
            "536-22-0000",
            "222-22-2222",
            "078-05-1120",
            "219-09-9999",
            "457-55-5462",
            "123-45-6789",
            "123456789",
            "536-22-872",
        ] {
            assert_eq!(check(text, levels), None, "{text}");
        }
        assert_eq!(check("536-22-8726", levels), Some(levels));
        assert_eq!(check("219 45 6789", levels), Some(levels));
        assert_eq!(
            check("536228726", levels),
            Some(Levels::new(None, Confidence::Medium))
        );
    }
}
