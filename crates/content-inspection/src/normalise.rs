//! One way to write a digit, a dash, a space: what the detectors look at, with the way back to
//! source positions.
//!
//! Unicode decimal digits and full-width Latin become ASCII, the many spaces and dashes become
//! one of each, invisible characters go away. Letters that merely look alike are left alone.

use std::borrow::Cow;
use std::ops::Range;

/// A text made from another, character by character, that remembers where each came from.
#[derive(Clone)]
pub(crate) struct Mapped<'t> {
    text: Cow<'t, str>,
    /// Where the distance between both positions changes: position here, position in the source.
    /// Empty when the texts are the same.
    steps: Vec<(u32, u32)>,
}

impl<'t> Mapped<'t> {
    fn same(text: &'t str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            steps: Vec::new(),
        }
    }

    /// The made text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The source position of the character at `position` of the made text.
    fn source_position(&self, position: usize) -> usize {
        let before = self
            .steps
            .partition_point(|&(here, _)| here as usize <= position);
        match before.checked_sub(1).and_then(|at| self.steps.get(at)) {
            Some(&(here, source)) => source as usize + (position - here as usize),
            None => position,
        }
    }

    /// The source span of a non-empty span of the made text. `source` is the text this was made
    /// from.
    pub(crate) fn source_span(&self, source: &str, span: &Range<usize>) -> Range<usize> {
        let start = self.source_position(span.start);
        let last_here = self
            .text
            .get(..span.end)
            .and_then(|head| head.char_indices().next_back())
            .map_or(span.start, |(at, _)| at);
        let last = self.source_position(last_here);
        // The end is that of the last character itself: what was dropped after it stays outside.
        let width = source
            .get(last..)
            .and_then(|tail| tail.chars().next())
            .map_or(0, char::len_utf8);
        start..last + width
    }
}

/// Collects the made text and its steps.
#[derive(Default)]
struct Writer {
    text: String,
    steps: Vec<(u32, u32)>,
    /// Position in the source less position here, after the last step.
    distance: i64,
}

impl Writer {
    fn push(&mut self, character: char, source: usize) {
        let here = self.text.len();
        // Both texts are far below 4 GiB: the inspector cuts the source before.
        let distance = source as i64 - here as i64;
        if distance != self.distance {
            self.distance = distance;
            self.steps.push((here as u32, source as u32));
        }
        self.text.push(character);
    }

    fn finish<'t>(self) -> Mapped<'t> {
        Mapped {
            text: Cow::Owned(self.text),
            steps: self.steps,
        }
    }
}

/// Normalises `source` for the detectors.
pub(crate) fn normalise(source: &str) -> Mapped<'_> {
    if source.is_ascii() && !has_wide_gap(source.as_bytes()) {
        return Mapped::same(source);
    }
    let mut writer = Writer {
        text: String::with_capacity(source.len()),
        ..Writer::default()
    };
    let mut characters = source.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match simple(character) {
            Simple::Drop => {}
            Simple::Full('.') if character != '.' => {
                // An ideographic or full-width stop is a decimal point only between digits.
                let after_digit = writer.text.ends_with(is_ascii_digit);
                let before_digit = characters
                    .peek()
                    .is_some_and(|&(_, next)| matches!(simple(next), Simple::Full('0'..='9')));
                let kept = if after_digit && before_digit {
                    '.'
                } else {
                    character
                };
                writer.push(kept, at);
            }
            Simple::Full(' ') => {
                let after_digit = writer.text.ends_with(is_ascii_digit);
                writer.push(' ', at);
                if !after_digit {
                    continue;
                }
                // Several spaces between two digits are one separator of a number.
                let mut extra = Vec::new();
                while let Some(&(next_at, next)) = characters.peek() {
                    match simple(next) {
                        Simple::Full(' ') if extra.len() < GAP_CHARACTERS_MAX => {
                            extra.push(next_at);
                        }
                        Simple::Drop => {}
                        Simple::Full('0'..='9') => {
                            extra.clear();
                            break;
                        }
                        _ => break,
                    }
                    characters.next();
                }
                for next_at in extra {
                    writer.push(' ', next_at);
                }
            }
            Simple::Full(plain) => writer.push(plain, at),
        }
    }
    writer.finish()
}

/// Longest run of spaces that still separates two groups of one number, in characters.
const GAP_CHARACTERS_MAX: usize = 16;

fn is_ascii_digit(character: char) -> bool {
    character.is_ascii_digit()
}

/// Whether an ASCII text has two spaces in a row after a digit.
fn has_wide_gap(bytes: &[u8]) -> bool {
    bytes
        .windows(3)
        .any(|three| matches!(three, [b'0'..=b'9', b' ', b' ']))
}

/// What becomes of one character on its own.
enum Simple {
    Full(char),
    Drop,
}

fn simple(character: char) -> Simple {
    let code = character as u32;
    if code < 0x80 {
        return Simple::Full(character);
    }
    Simple::Full(match code {
        // Soft hyphen, zero-width and bidirectional controls.
        0x00AD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060 | 0x2066..=0x2069 | 0xFEFF => {
            return Simple::Drop;
        }
        0x00A0 | 0x2000..=0x200A | 0x202F | 0x3000 => ' ',
        0x2010..=0x2015 | 0x2212 | 0xFE63 | 0xFF0D => '-',
        0x2019 | 0x02BC => '\'',
        0xFF0E | 0x3002 => '.',
        // Full-width forms of the printable ASCII characters lie in the same order.
        0xFF01..=0xFF5E => char::from_u32(code - 0xFF01 + 0x21).unwrap_or(character),
        _ => digit(code).unwrap_or(character),
    })
}

/// The ASCII digit for a decimal digit of any script.
fn digit(code: u32) -> Option<char> {
    let after = DIGIT_ZEROS.partition_point(|&zero| zero <= code);
    let zero = after.checked_sub(1).and_then(|at| DIGIT_ZEROS.get(at))?;
    let value = code - zero;
    (value < 10).then(|| char::from(b'0' + value as u8))
}

/// The digits zero of all scripts (Unicode category Nd); the other nine follow each.
const DIGIT_ZEROS: &[u32] = &[
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6,
    0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80,
    0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
    0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
    0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0, 0x11950, 0x11BF0, 0x11C50,
    0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70, 0x1CCF0,
    0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950,
    0x1FBF0,
];

/// Lower case without accents, for keywords: composed, decomposed and bare spellings become the
/// same, and so do the Turkish forms of the letter i.
pub(crate) fn fold(source: &str) -> Mapped<'_> {
    if source
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        return Mapped::same(source);
    }
    let mut writer = Writer {
        text: String::with_capacity(source.len()),
        ..Writer::default()
    };
    for (at, character) in source.char_indices() {
        for lower in character.to_lowercase() {
            if let Some(bare) = without_accent(lower) {
                writer.push(bare, at);
            }
        }
    }
    writer.finish()
}

/// The base letter of a lower-case Latin letter; nothing for a combining mark of its own.
fn without_accent(lower: char) -> Option<char> {
    Some(match lower {
        '\0'..='\u{7F}' => lower,
        '\u{300}'..='\u{36F}' => return None,
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' => 'd',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' => 'h',
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn c_029_one_way_to_write_a_number() {
        let table = [
            ("４１１１", "4111"),
            ("٤١١١", "4111"),
            ("4111\u{A0}1111", "4111 1111"),
            ("4111\u{2007}1111", "4111 1111"),
            ("4111\u{2013}1111", "4111-1111"),
            ("41\u{200B}11", "4111"),
            ("41\u{AD}11", "4111"),
            ("4111   1111", "4111 1111"),
            ("4111   word", "4111   word"),
            ("word   4111", "word   4111"),
            ("12．5", "12.5"),
            ("end。Next", "end。Next"),
            ("ＤＥ８９", "DE89"),
            ("plain", "plain"),
        ];
        for (source, expected) in table {
            assert_eq!(normalise(source).text(), expected, "{source:?}");
        }
    }

    #[test]
    fn c_029_every_decimal_digit_of_every_script() {
        // The engine's Unicode version may be older or newer than the table's.
        let decimal = regex::Regex::new(r"^\p{Nd}$").unwrap();
        let unassigned = regex::Regex::new(r"^\p{Cn}$").unwrap();
        for code in 0..=0x0010_FFFF {
            let Some(character) = char::from_u32(code) else {
                continue;
            };
            let ours = digit(code).is_some();
            let mut buffer = [0; 4];
            let text: &str = character.encode_utf8(&mut buffer);
            if !unassigned.is_match(text) {
                assert_eq!(ours, decimal.is_match(text), "U+{code:04X}");
            }
        }
    }

    #[test]
    fn c_009_folding() {
        let table = [
            ("GÜLTIG BIS", "gultig bis"),
            ("Nu\u{301}mero", "numero"),
            ("KİMLİK", "kimlik"),
            ("kımlık", "kimlik"),
            ("信用卡", "信用卡"),
        ];
        for (source, expected) in table {
            assert_eq!(fold(source).text(), expected);
        }
    }

    #[test]
    fn c_026_spans_point_into_the_source() {
        let source = "x\u{200B}４１\u{200B}1\u{200B} y";
        let mapped = normalise(source);
        let at = mapped.text().find("411").unwrap();
        let span = mapped.source_span(source, &(at..at + 3));
        assert_eq!(&source[span], "４１\u{200B}1");
    }

    proptest! {
        /// Every character of the made text leads back to one that becomes it.
        #[test]
        fn positions_lead_back(source in "[a-z0-9 \u{A0}\u{200B}４５\u{AD}é。-]{0,40}") {
            let mapped = normalise(&source);
            for (at, made) in mapped.text().char_indices() {
                let span = mapped.source_span(&source, &(at..at + made.len_utf8()));
                let origin = source[span].chars().next().unwrap();
                let fits = match simple(origin) {
                    Simple::Full(plain) => plain == made || origin == made,
                    Simple::Drop => false,
                };
                prop_assert!(fits, "{origin:?} became {made:?}");
            }
        }
    }
}
