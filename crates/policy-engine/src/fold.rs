//! Comparison without letter case, without allocating.
//!
//! Full Unicode case folding, no normalisation: `STRASSE` equals `Straße`, `é` in one character
//! doesn't equal `é` in two.

use std::cmp::Ordering;

/// The folded characters of a text.
pub(crate) fn folded(text: &str) -> impl Iterator<Item = char> + Clone {
    text.chars().flat_map(folded_character)
}

/// A text folded once, to be compared often.
pub(crate) fn fold(text: &str) -> Box<str> {
    folded(text).collect::<String>().into_boxed_str()
}

/// Orders a text, once folded, against one that is folded already.
pub(crate) fn compare(text: &str, wanted: &str) -> Ordering {
    if text.is_ascii() && wanted.is_ascii() {
        let lower = text.bytes().map(|byte| byte.to_ascii_lowercase());
        return lower.cmp(wanted.bytes());
    }
    folded(text).cmp(wanted.chars())
}

/// The first eight bytes of a text, once folded: as a number, so that the order stays that of the
/// texts. A shorter text has zeros behind it.
pub(crate) fn start(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let first = text.as_bytes();
    let (first, _) = first.split_at(first.len().min(bytes.len()));
    if first.is_ascii() {
        bytes
            .iter_mut()
            .zip(first)
            .for_each(|(place, byte)| *place = byte.to_ascii_lowercase());
        return u64::from_be_bytes(bytes);
    }
    let mut left = bytes.iter_mut();
    let mut utf8 = [0; 4];
    'full: for character in folded(text) {
        for byte in character.encode_utf8(&mut utf8).bytes() {
            let Some(place) = left.next() else {
                break 'full;
            };
            *place = byte;
        }
    }
    u64::from_be_bytes(bytes)
}

/// Whether a text, once folded, is the one that is folded already.
pub(crate) fn equals(text: &str, wanted: &str) -> bool {
    compare(text, wanted).is_eq()
}

/// Whether a text, once folded, starts with the one that is folded already. The rest of the text
/// if so and the start ends where a character of the text does.
pub(crate) fn strip_prefix<'t>(text: &'t str, wanted: &str) -> Option<&'t str> {
    let mut rest = text.chars();
    let mut wanted = wanted.chars();
    let mut left = wanted.clone();
    loop {
        if left.next().is_none() {
            return Some(rest.as_str());
        }
        for character in folded_character(rest.next()?) {
            if wanted.next()? != character {
                return None;
            }
        }
        left = wanted.clone();
    }
}

/// Whether a text, once folded, starts with the one that is folded already.
pub(crate) fn starts_with(text: &str, wanted: &str) -> bool {
    if wanted.is_ascii()
        && let Some((start, _)) = text.as_bytes().split_at_checked(wanted.len())
        && start.is_ascii()
    {
        return start.eq_ignore_ascii_case(wanted.as_bytes());
    }
    let mut text = folded(text);
    wanted
        .chars()
        .all(|character| text.next() == Some(character))
}

/// Whether a text, once folded, ends with the one that is folded already.
pub(crate) fn ends_with(text: &str, wanted: &str) -> bool {
    if wanted.is_ascii()
        && let Some(skipped) = text.len().checked_sub(wanted.len())
        && let Some((_, end)) = text.as_bytes().split_at_checked(skipped)
        && end.is_ascii()
    {
        return end.eq_ignore_ascii_case(wanted.as_bytes());
    }
    // Folding maps each character alone, so the length tells where the end starts.
    let length = folded(text).count();
    length
        .checked_sub(wanted.chars().count())
        .is_some_and(|skip| folded(text).skip(skip).eq(wanted.chars()))
}

/// Whether the text that is folded already occurs in a text, once folded.
pub(crate) fn contains(text: &str, wanted: &str) -> bool {
    if text.is_ascii() && wanted.is_ascii() && !wanted.is_empty() {
        let mut parts = text.as_bytes().windows(wanted.len());
        return parts.any(|part| part.eq_ignore_ascii_case(wanted.as_bytes()));
    }
    let mut rest = folded(text);
    loop {
        let mut ahead = rest.clone();
        if wanted
            .chars()
            .all(|character| ahead.next() == Some(character))
        {
            return true;
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

/// Lower, upper, lower: this is full case folding for every character but the dotless i, which
/// folds to itself, and Cherokee, where both cases still come out the same.
fn folded_character(character: char) -> impl Iterator<Item = char> + Clone {
    let mut plain = None;
    let mut mapped = None;
    if character.is_ascii() {
        plain = Some(character.to_ascii_lowercase());
    } else if character == 'ı' {
        plain = Some(character);
    } else {
        mapped = Some(
            character
                .to_lowercase()
                .flat_map(char::to_uppercase)
                .flat_map(char::to_lowercase),
        );
    }
    plain.into_iter().chain(mapped.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_folding() {
        for (one, other, same) in [
            ("STRASSE", "straße", true),
            ("STRAẞE", "strasse", true),
            ("ΣΊΣΥΦΟΣ", "σίσυφος", true),
            ("ﬁle", "FILE", true),
            ("İ", "i\u{307}", true),
            ("ı", "i", false),
            ("é", "e\u{301}", false),
            ("ᏸ", "Ᏸ", true),
            ("Kelvin \u{212A}", "kelvin k", true),
        ] {
            assert_eq!(equals(one, &fold(other)), same, "{one} {other}");
            assert_eq!(equals(other, &fold(one)), same, "{other} {one}");
        }
    }

    proptest::proptest! {
        /// The short ways for ASCII say what folding everything says.
        #[test]
        fn parts_are_those_of_the_folded_text(
            text in "[abAB ßﬁſKé]{0,6}",
            wanted in "[abAB ßfisk]{0,3}",
        ) {
            let (whole, wanted) = (fold(&text), fold(&wanted));
            proptest::prop_assert_eq!(starts_with(&text, &wanted), whole.starts_with(&*wanted));
            proptest::prop_assert_eq!(ends_with(&text, &wanted), whole.ends_with(&*wanted));
            proptest::prop_assert_eq!(contains(&text, &wanted), whole.contains(&*wanted));
            proptest::prop_assert_eq!(equals(&text, &wanted), whole == wanted);
        }
    }

    #[test]
    fn starts_and_ends() {
        assert!(starts_with("Straße 5", &fold("STRASS")));
        assert!(ends_with("Große", &fold("SSE")));
        assert!(!ends_with("e", &fold("sse")));
        assert!(starts_with("", ""));
        assert_eq!(strip_prefix("Straße 5", &fold("STRASSE")), Some(" 5"));
        assert_eq!(strip_prefix("Straße 5", &fold("STRAS")), None);
        assert_eq!(strip_prefix("ab", &fold("abc")), None);
        assert_eq!(strip_prefix("ab", ""), Some("ab"));
        for (text, wanted, expected) in [
            ("Die Große", "SSE", true),
            ("aab", "AB", true),
            ("ß!", "s!", true),
            ("abc", "abd", false),
            ("", "", true),
            ("a", "", true),
            ("", "a", false),
        ] {
            assert_eq!(contains(text, &fold(wanted)), expected, "{text} {wanted}");
        }
    }
}
