//! Whether the objects of a PDF are written as the standard says, to the letter: then every program
//! takes them for the same, in whatever file they stand.

use std::collections::BTreeSet;

use lopdf::xref::XrefEntry;
use lopdf::{Document, Object};

use crate::newest::{blanks, digits};

/// How deep values may lie in one another.
const DEPTH_MAX: usize = 32;

/// Whether every object that the cross-reference names, and the trailer of a table, are.
pub fn is_well_formed(bytes: &[u8], document: &Document) -> bool {
    let entries = &document.reference_table.entries;
    let objects = entries.iter().all(|(number, entry)| match entry {
        XrefEntry::Free | XrefEntry::UnusableFree => true,
        XrefEntry::Normal { offset, .. } => {
            let object = bytes.get(*offset as usize..);
            object.is_some_and(|object| is_object(*number, object))
        }
        XrefEntry::Compressed { container, .. } => document.objects.contains_key(&(*container, 0)),
    });
    let containers: BTreeSet<u32> = entries
        .values()
        .filter_map(|entry| match entry {
            XrefEntry::Compressed { container, .. } => Some(*container),
            _ => None,
        })
        .collect();
    objects
        && containers
            .into_iter()
            .all(|container| is_object_stream(document, container))
        && trailers(bytes).all(|trailer| Value::read(trailer, 0).is_some())
}

/// What follows the word of each table.
fn trailers(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const WORD: &[u8] = b"trailer";
    let starts = bytes.windows(WORD.len()).enumerate();
    starts
        .filter(|(_, word)| *word == WORD)
        .map(|(at, _)| &bytes[at + WORD.len()..])
}

/// `N G obj`, one value, `endobj`; or a dictionary and a stream as long as it says.
fn is_object(number: u32, bytes: &[u8]) -> bool {
    let read = || {
        let (found, rest) = digits(bytes)?;
        let (_, rest) = digits(blanks(rest))?;
        let rest = blanks(rest).strip_prefix(b"obj")?;
        let (value, rest) = Value::read(rest, 0)?;
        let rest = blanks(rest);
        let Some(data) = rest.strip_prefix(b"stream") else {
            return is_word(rest, b"endobj").then_some(found);
        };
        let data = data
            .strip_prefix(b"\r")
            .unwrap_or(data)
            .strip_prefix(b"\n")?;
        let rest = blanks(data.get(value.length?..)?);
        let rest = blanks(rest.strip_prefix(b"endstream")?);
        is_word(rest, b"endobj").then_some(found)
    };
    read() == Some(u64::from(number))
}

fn is_word(bytes: &[u8], word: &[u8]) -> bool {
    bytes
        .strip_prefix(word)
        .is_some_and(|rest| rest.first().is_none_or(|next| !is_regular(*next)))
}

/// As many objects as it says, each up to the next.
fn is_object_stream(document: &Document, number: u32) -> bool {
    let read = || {
        let stream = document.get_object((number, 0)).ok()?.as_stream().ok()?;
        let member = |key: &[u8]| {
            let value = stream.dict.get(key).and_then(Object::as_i64).ok()?;
            usize::try_from(value).ok()
        };
        let (count, first) = (member(b"N")?, member(b"First")?);
        let content = stream
            .decompressed_content()
            .unwrap_or_else(|_| stream.content.clone());
        let (mut head, body) = content.split_at_checked(first)?;
        let (mut offsets, mut numbers) = (Vec::new(), BTreeSet::new());
        for _ in 0..count {
            let (number, rest) = digits(blanks(head))?;
            let (offset, rest) = digits(blanks(rest))?;
            numbers.insert(number);
            offsets.push(usize::try_from(offset).ok()?);
            head = rest;
        }
        let is_whole = blanks(head).is_empty() && numbers.len() == count;
        let ends = offsets.iter().skip(1).copied().chain([body.len()]);
        let each = offsets.iter().zip(ends).all(|(start, end)| {
            let object = body.get(*start..end).unwrap_or_default();
            Value::read(object, 0).is_some_and(|(_, rest)| blanks(rest).is_empty())
        });
        Some(is_whole && each)
    };
    read() == Some(true)
}

/// A value that was read.
struct Value {
    /// The direct `/Length` of a dictionary.
    length: Option<usize>,
}

impl Value {
    /// The value that comes next, and what follows it.
    fn read(bytes: &[u8], depth: usize) -> Option<(Self, &[u8])> {
        if depth > DEPTH_MAX {
            return None;
        }
        let plain = |rest| Some((Self { length: None }, rest));
        let bytes = blanks(bytes);
        if let Some(rest) = bytes.strip_prefix(b"<<") {
            return Self::dictionary(rest, depth);
        }
        match bytes.first()? {
            b'[' => {
                let mut rest = blanks(&bytes[1..]);
                while rest.first() != Some(&b']') {
                    rest = blanks(Self::read(rest, depth + 1)?.1);
                }
                plain(&rest[1..])
            }
            b'(' => plain(text(&bytes[1..])?),
            b'<' => {
                let end = bytes.iter().position(|byte| *byte == b'>')?;
                let is_hex = bytes[1..end].iter().all(u8::is_ascii_hexdigit);
                is_hex.then(|| plain(&bytes[end + 1..]))?
            }
            b'/' => plain(name(&bytes[1..])?.1),
            _ => {
                let end = bytes.iter().position(|byte| !is_regular(*byte));
                let (word, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                match word {
                    b"true" | b"false" | b"null" => plain(rest),
                    _ => plain(number(word, rest)?),
                }
            }
        }
    }

    /// What follows `<<`.
    fn dictionary(bytes: &[u8], depth: usize) -> Option<(Self, &[u8])> {
        let mut rest = blanks(bytes);
        let mut keys = BTreeSet::new();
        let mut length = None;
        loop {
            if let Some(rest) = rest.strip_prefix(b">>") {
                return Some((Self { length }, rest));
            }
            let (key, after) = name(rest.strip_prefix(b"/")?)?;
            // Of a key that stands there twice programs take either.
            if !keys.insert(key) {
                return None;
            }
            let (_, next) = Self::read(after, depth + 1)?;
            if key == b"Length" {
                let value = blanks(after);
                let (value, behind) = digits(value)?;
                // Behind a reference the stream is not followed.
                length = (blanks(behind) == blanks(next)).then_some(value as usize);
            }
            rest = blanks(next);
        }
    }
}

/// What follows the opening bracket of a text.
fn text(bytes: &[u8]) -> Option<&[u8]> {
    let mut depth = 1;
    let mut at = 0;
    while depth > 0 {
        match bytes.get(at)? {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    bytes.get(at..)
}

/// A name without escapes, and what follows it.
fn name(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| !is_regular(*byte));
    let (name, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
    let is_plain = name.iter().all(|byte| (b'!'..=b'~').contains(byte));
    let escapes = name.split(|byte| *byte == b'#').skip(1);
    let are_right = escapes
        .into_iter()
        .all(|after| after.len() >= 2 && after[..2].iter().all(u8::is_ascii_hexdigit));
    (is_plain && are_right && !name.is_empty()).then_some((name, rest))
}

/// A number, or the whole of a reference.
fn number<'b>(word: &[u8], rest: &'b [u8]) -> Option<&'b [u8]> {
    let unsigned = word.strip_prefix(b"-").unwrap_or(word);
    let is_number = unsigned
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.')
        && unsigned.iter().filter(|byte| **byte == b'.').count() <= 1
        && unsigned.iter().any(u8::is_ascii_digit)
        && unsigned.len() <= 9;
    if !is_number {
        return None;
    }
    let reference = || {
        let (_, rest) = digits(blanks(rest))?;
        let rest = blanks(rest);
        is_word(rest, b"R").then(|| &rest[1..])
    };
    let is_whole = word.iter().all(u8::is_ascii_digit);
    Some(is_whole.then(reference).flatten().unwrap_or(rest))
}

fn is_regular(byte: u8) -> bool {
    !matches!(
        byte,
        b'\0'
            | b'\t'
            | b'\n'
            | b'\x0c'
            | b'\r'
            | b' '
            | b'('
            | b')'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'/'
            | b'%'
    )
}
