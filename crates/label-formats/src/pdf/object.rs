//! PDF objects, and the parser for direct ones: bounded in depth and size.

use std::fmt;

/// Deepest nesting of arrays and dictionaries.
const DEPTH_MAX: usize = 64;

/// Most objects inside one object.
const NODES_MAX: usize = 500_000;

/// An object's number and generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ObjectId {
    pub(super) number: u32,
    pub(super) generation: u16,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {} {}", self.number, self.generation)
    }
}

/// A direct object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object {
    Null,
    Boolean(bool),
    Integer(i64),
    /// A number with a fraction, as it is written; nothing here needs its value.
    Real(Vec<u8>),
    String(Vec<u8>),
    Name(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    Reference(ObjectId),
}

impl Object {
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn unsigned(&self) -> Option<u64> {
        self.integer().and_then(|value| u64::try_from(value).ok())
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn array(&self) -> Option<&[Object]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn dictionary(&self) -> Option<&Dictionary> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }
}

/// A dictionary in file order. Of a key that occurs twice the last value counts, as in other
/// readers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Dictionary(pub(super) Vec<(Vec<u8>, Object)>);

impl Dictionary {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Object> {
        self.0
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
            .filter(|value| **value != Object::Null)
    }
}

/// Why parsing stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParseError {
    /// The bytes end; with more of them it may go on.
    End,
    /// These bytes are no object.
    Bad,
    /// An object of more parts than are looked at.
    Large,
}

/// Reads objects from a piece of the file.
#[derive(Clone, Debug)]
pub(super) struct Parser<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    nodes: usize,
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | 9 | 10 | 12 | 13 | 32)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

pub(super) fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !is_delimiter(byte)
}

pub(super) fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

impl<'a> Parser<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            nodes: 0,
        }
    }

    /// The bytes from a place up to here.
    pub(super) fn taken(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn peek_second(&self) -> Option<u8> {
        self.bytes.get(self.at + 1).copied()
    }

    /// Steps over white space and comments.
    pub(super) fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            if byte == b'%' {
                while self
                    .peek()
                    .is_some_and(|byte| byte != b'\n' && byte != b'\r')
                {
                    self.at += 1;
                }
            } else if is_space(byte) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    /// Takes a keyword such as `obj`.
    pub(super) fn keyword(&mut self, word: &[u8]) -> Result<(), ParseError> {
        self.skip_space();
        let end = self.at + word.len();
        match self.bytes.get(self.at..end) {
            Some(found) if found == word => {
                self.at = end;
                Ok(())
            }
            Some(_) => Err(ParseError::Bad),
            None => {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                Err(if word.starts_with(rest) {
                    ParseError::End
                } else {
                    ParseError::Bad
                })
            }
        }
    }

    /// An unsigned number.
    pub(super) fn number(&mut self) -> Result<u64, ParseError> {
        self.skip_space();
        let start = self.at;
        let mut value: u64 = 0;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(digit - b'0')))
                .ok_or(ParseError::Bad)?;
            self.at += 1;
        }
        if self.at == self.bytes.len() {
            return Err(ParseError::End);
        }
        if self.at == start {
            return Err(ParseError::Bad);
        }
        Ok(value)
    }

    /// The next word, up to white space, as an unsigned number; nothing where it is none. An error
    /// where there is no word left.
    pub(super) fn word_as_number(&mut self) -> Result<Option<u64>, ParseError> {
        self.skip_space();
        let start = self.at;
        while self.peek().is_some_and(|byte| !is_space(byte)) {
            self.at += 1;
        }
        let word = self.taken(start);
        if word.is_empty() {
            return Err(ParseError::End);
        }
        let digits = Some(word).filter(|word| word.iter().all(u8::is_ascii_digit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        Ok(digits.and_then(|digits| digits.parse().ok()))
    }

    /// Where a stream's bytes start, if the dictionary before this is one's.
    pub(super) fn stream_data(&mut self) -> Result<Option<usize>, ParseError> {
        let before = self.clone();
        match self.keyword(b"stream") {
            Ok(()) => {}
            Err(ParseError::End) => return Err(ParseError::End),
            Err(_) => {
                *self = before;
                return Ok(None);
            }
        }
        // CR LF, LF, or, in damaged files, CR alone.
        match (self.peek(), self.peek_second()) {
            (Some(b'\r'), Some(b'\n')) => self.at += 2,
            (Some(b'\n'), _) => self.at += 1,
            (Some(b'\r'), Some(_)) => self.at += 1,
            (None, _) | (Some(b'\r'), None) => return Err(ParseError::End),
            _ => {}
        }
        Ok(Some(self.at))
    }

    /// `N G obj`.
    pub(super) fn header(&mut self) -> Result<ObjectId, ParseError> {
        let number = self.number()?;
        let generation = self.number()?;
        self.keyword(b"obj")?;
        Ok(ObjectId {
            number: u32::try_from(number).map_err(|_| ParseError::Bad)?,
            generation: u16::try_from(generation).map_err(|_| ParseError::Bad)?,
        })
    }

    /// The next direct object.
    pub(super) fn object(&mut self) -> Result<Object, ParseError> {
        self.nested(0)
    }

    fn nested(&mut self, depth: usize) -> Result<Object, ParseError> {
        self.nodes += 1;
        if depth > DEPTH_MAX {
            return Err(ParseError::Bad);
        }
        if self.nodes > NODES_MAX {
            return Err(ParseError::Large);
        }
        self.skip_space();
        match self.peek().ok_or(ParseError::End)? {
            b'/' => {
                self.at += 1;
                Ok(Object::Name(self.name_rest()))
            }
            b'(' => self.literal().map(Object::String),
            b'<' => match self.peek_second() {
                None => Err(ParseError::End),
                Some(b'<') => {
                    self.at += 2;
                    self.dictionary_rest(depth).map(Object::Dictionary)
                }
                Some(_) => self.hex_string().map(Object::String),
            },
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.skip_space();
                    match self.peek().ok_or(ParseError::End)? {
                        b']' => {
                            self.at += 1;
                            return Ok(Object::Array(items));
                        }
                        _ => items.push(self.nested(depth + 1)?),
                    }
                }
            }
            byte if byte.is_ascii_digit() => self.number_or_reference(),
            b'+' | b'-' | b'.' => self.signed(),
            byte if is_regular(byte) => self.word(),
            _ => Err(ParseError::Bad),
        }
    }

    fn word(&mut self) -> Result<Object, ParseError> {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        match self.bytes.get(start..self.at).unwrap_or_default() {
            b"null" => Ok(Object::Null),
            b"true" => Ok(Object::Boolean(true)),
            b"false" => Ok(Object::Boolean(false)),
            _ if self.at == self.bytes.len() => Err(ParseError::End),
            _ => Err(ParseError::Bad),
        }
    }

    /// `N G R` is a reference, anything else starting with a digit a number.
    fn number_or_reference(&mut self) -> Result<Object, ParseError> {
        let before = self.at;
        let first = self.signed()?;
        let Object::Integer(number) = first else {
            return Ok(first);
        };
        let after = self.at;
        match self.reference_rest(number) {
            Ok(Some(id)) => Ok(Object::Reference(id)),
            Ok(None) => {
                self.at = after;
                Ok(first)
            }
            Err(error) => {
                self.at = before;
                Err(error)
            }
        }
    }

    fn reference_rest(&mut self, number: i64) -> Result<Option<ObjectId>, ParseError> {
        self.skip_space();
        let digits = self
            .bytes
            .get(self.at..)
            .unwrap_or_default()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if self.at + digits >= self.bytes.len() {
            return Err(ParseError::End);
        }
        if digits == 0 || digits > 5 {
            return Ok(None);
        }
        let generation = self.number()?;
        self.skip_space();
        match (self.peek(), self.peek_second()) {
            (None, _) | (Some(b'R'), None) => Err(ParseError::End),
            (Some(b'R'), Some(next)) if !is_regular(next) => {
                self.at += 1;
                let id = u32::try_from(number)
                    .ok()
                    .zip(u16::try_from(generation).ok())
                    .map(|(number, generation)| ObjectId { number, generation });
                id.map(Some).ok_or(ParseError::Bad)
            }
            _ => Ok(None),
        }
    }

    fn signed(&mut self) -> Result<Object, ParseError> {
        let start = self.at;
        while self
            .peek()
            .is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'))
        {
            self.at += 1;
        }
        if self.at == self.bytes.len() {
            return Err(ParseError::End);
        }
        let digits = self.bytes.get(start..self.at).unwrap_or_default();
        let text = std::str::from_utf8(digits).map_err(|_| ParseError::Bad)?;
        // A number too large for 64 bits means nothing here.
        let integer = (!text.contains('.')).then(|| text.parse().ok()).flatten();
        Ok(integer.map_or_else(|| Object::Real(digits.to_vec()), Object::Integer))
    }

    /// A name, behind its slash.
    pub(super) fn name_rest(&mut self) -> Vec<u8> {
        let mut name = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| is_regular(*byte)) {
            self.at += 1;
            let escaped = (byte == b'#')
                .then(|| Some((hex(self.peek()?)?, hex(self.peek_second()?)?)))
                .flatten();
            match escaped {
                Some((high, low)) => {
                    name.push(high << 4 | low);
                    self.at += 2;
                }
                None => name.push(byte),
            }
        }
        name
    }

    fn literal(&mut self) -> Result<Vec<u8>, ParseError> {
        self.at += 1;
        let mut text = Vec::new();
        let mut open: usize = 1;
        loop {
            let byte = self.peek().ok_or(ParseError::End)?;
            self.at += 1;
            match byte {
                b'(' => {
                    open += 1;
                    text.push(byte);
                }
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Ok(text);
                    }
                    text.push(byte);
                }
                b'\\' => self.escape(&mut text)?,
                // Any line end inside a string is one line feed.
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    text.push(b'\n');
                }
                _ => text.push(byte),
            }
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), ParseError> {
        let byte = self.peek().ok_or(ParseError::End)?;
        self.at += 1;
        match byte {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'\r' => {
                if self.peek() == Some(b'\n') {
                    self.at += 1;
                }
            }
            b'\n' => {}
            b'0'..=b'7' => {
                let mut value = u32::from(byte - b'0');
                for _ in 0..2 {
                    match self.peek() {
                        Some(digit @ b'0'..=b'7') => {
                            value = value * 8 + u32::from(digit - b'0');
                            self.at += 1;
                        }
                        _ => break,
                    }
                }
                text.push(u8::try_from(value & 0xff).unwrap_or_default());
            }
            other => text.push(other),
        }
        Ok(())
    }

    fn hex_string(&mut self) -> Result<Vec<u8>, ParseError> {
        self.at += 1;
        let mut digits = Vec::new();
        loop {
            let byte = self.peek().ok_or(ParseError::End)?;
            self.at += 1;
            match byte {
                b'>' => break,
                byte if is_space(byte) => {}
                byte => digits.push(hex(byte).ok_or(ParseError::Bad)?),
            }
        }
        // A missing last digit is 0.
        Ok(digits
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => high << 4 | low,
                [high] => high << 4,
                _ => 0,
            })
            .collect())
    }

    fn dictionary_rest(&mut self, depth: usize) -> Result<Dictionary, ParseError> {
        let mut entries = Vec::new();
        loop {
            self.skip_space();
            match (self.peek(), self.peek_second()) {
                (Some(b'>'), Some(b'>')) => {
                    self.at += 2;
                    return Ok(Dictionary(entries));
                }
                (Some(b'/'), _) => {
                    self.at += 1;
                    let key = self.name_rest();
                    if self.at == self.bytes.len() {
                        return Err(ParseError::End);
                    }
                    let value = self.nested(depth + 1)?;
                    entries.push((key, value));
                }
                (None, _) | (Some(b'>'), None) => return Err(ParseError::End),
                _ => return Err(ParseError::Bad),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[u8]) -> Result<Object, ParseError> {
        Parser::new(text).object()
    }

    fn string(text: &[u8]) -> Vec<u8> {
        match parse(text) {
            Ok(Object::String(bytes)) => bytes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn f_122_strings_in_every_form() {
        for (text, expected) in [
            (&b"(plain) "[..], &b"plain"[..]),
            (b"(a (nested) b)", b"a (nested) b"),
            (
                b"(Confidential \\\\ Finance \\(EU\\))",
                b"Confidential \\ Finance (EU)",
            ),
            (b"(\\101\\7\\0053)", b"A\x07\x053"),
            (b"(line\\\nnext\\\r\nlast\r\nend)", b"linenextlast\nend"),
            (b"(\\n\\r\\t\\b\\f\\x)", b"\n\r\t\x08\x0cx"),
            (b"<48 65 6c6C 6F>", b"Hello"),
            (b"<FEFF00D60066002>", b"\xfe\xff\x00\xd6\x00f\x00 "),
            (b"<>", b""),
        ] {
            assert_eq!(string(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn f_122_names_with_escapes() {
        assert_eq!(
            parse(b"/MSIP#5FLabel_x "),
            Ok(Object::Name(b"MSIP_Label_x".to_vec()))
        );
        assert_eq!(parse(b"/a#zz "), Ok(Object::Name(b"a#zz".to_vec())));
    }

    #[test]
    fn dictionaries_arrays_and_references() {
        let Ok(Object::Dictionary(dictionary)) =
            parse(b"<</A 1 0 R/B null/C<</D()>>%x\n/E/F /A 7>>")
        else {
            panic!()
        };
        assert_eq!(dictionary.get(b"A"), Some(&Object::Integer(7)));
        assert_eq!(dictionary.get(b"B"), None);
        let Ok(Object::Array(items)) = parse(b"[1 2 3 0 R -4 .5 true null 9 ]") else {
            panic!()
        };
        assert_eq!(items.len(), 8);
        assert_eq!(
            items[2],
            Object::Reference(ObjectId {
                number: 3,
                generation: 0
            })
        );
    }

    #[test]
    fn what_is_cut_off_says_so() {
        let whole = b"<</Name(text)/Hex<414>/List[1 2 0 R/X]/Flag true>> ";
        assert!(parse(whole).is_ok());
        for len in 0..whole.len() - 1 {
            assert_eq!(parse(&whole[..len]), Err(ParseError::End), "{len}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = vec![b'['; 10_000];
        assert_eq!(parse(&deep), Err(ParseError::Bad));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in "[\\[\\]<>()/ 0-9a-fR#\\\\.+-]{0,80}") {
            let _ = parse(bytes.as_bytes());
        }
    }
}
