//! What may stand next to a match. The expression engine has no look-around, so this is code.

/// Whether the match at `start..end` of `text` stands on its own.
///
/// Its neighbours are no letters, digits or underscores, except in scripts without spaces between
/// words. A match that starts or ends with a digit is not part of a longer number, decimal or
/// date: no digit and `. , / -` (before it also `+`) in front, none of `. , / -` and a digit
/// behind.
pub(crate) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let inside = text.get(start..end).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let glued =
        before.chars().next_back().is_some_and(joins) || after.chars().next().is_some_and(joins);
    let part_of_a_number = inside.starts_with(is_digit) && goes_back_to_a_digit(before)
        || inside.ends_with(is_digit) && goes_on_to_a_digit(after);
    !glued && !part_of_a_number
}

/// Whether `start..end` is a whole word or phrase: no letter, digit or underscore next to an edge
/// that is one itself, except in scripts without spaces between words.
pub(crate) fn is_word(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default();
    let inside = text.get(start..end).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let meet =
        |one: Option<char>, other: Option<char>| one.is_some_and(joins) && other.is_some_and(joins);
    !meet(before.chars().next_back(), inside.chars().next())
        && !meet(inside.chars().next_back(), after.chars().next())
}

/// Whether a character of this kind glues itself to its neighbour.
fn joins(character: char) -> bool {
    (character.is_alphanumeric() || character == '_') && !without_spaces(character)
}

/// Scripts that are written without spaces between words: Han, kana, Hangul, Thai.
fn without_spaces(character: char) -> bool {
    matches!(
        character as u32,
        0x0E00..=0x0E4F
            | 0x1100..=0x11FF
            | 0x3005..=0x3007
            | 0x3040..=0x31FF
            | 0x3400..=0x4DBF
            | 0x4E00..=0x9FFF
            | 0xAC00..=0xD7AF
            | 0xF900..=0xFAFF
            | 0xFF66..=0xFF9F
            | 0x20000..=0x3FFFF
    )
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

fn goes_back_to_a_digit(before: &str) -> bool {
    let mut back = before.chars().rev();
    matches!(back.next(), Some('.' | ',' | '/' | '+' | '-')) && back.next().is_some_and(is_digit)
}

fn goes_on_to_a_digit(after: &str) -> bool {
    let mut forth = after.chars();
    matches!(forth.next(), Some('.' | ',' | '/' | '-')) && forth.next().is_some_and(is_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_012_neighbours() {
        let table = [
            ("[12]", true),
            ("x[12]", false),
            ("[12]x", false),
            ("_[12]", false),
            ("é[12]", false),
            ("[12]é", false),
            ("卡[12]号", true),
            ("ที่[12]", true),
            ("3[12]", false),
            ("3.[12]", false),
            ("3,[12]", false),
            ("3/[12]", false),
            ("3-[12]", false),
            ("3+[12]", false),
            ("a-[12]", true),
            (".[12].", true),
            ("[12].5", false),
            ("[12]/5", false),
            ("[12]+5", true),
            ("[12], 5", true),
            ("3-[ab]-4", true),
            (" [12] 5", true),
        ];
        for (marked, expected) in table {
            let start = marked.find('[').unwrap();
            let end = marked.find(']').unwrap() - 1;
            let text = marked.replace(['[', ']'], "");
            assert_eq!(stands_alone(&text, start, end), expected, "{marked}");
        }
    }
}
