//! The section of the cross-reference that a written PDF ends with, read without the crate: as the
//! writer writes it, so in far fewer ways than others may.

use std::collections::BTreeMap;

use lopdf::{Dictionary, Object, Stream};

const INFLATED_BYTES_MAX: usize = 1 << 20;

/// The kind of a row, and its two numbers.
type Row = (u64, u64, u64);

struct Newest {
    rows: BTreeMap<u64, Row>,
    size: u64,
    previous: Option<u64>,
    /// Whether the trailer may hold text that looks like an entry.
    has_text: bool,
}

/// Every row of the section that was written leads to what it says, and the section leads to the
/// one before.
pub fn check_newest_section(before: &[u8], after: &[u8], is_appended: bool) {
    let newest = Newest::read(after);
    if is_appended || !newest.has_text {
        let expected = is_appended.then(|| start(before));
        assert_eq!(newest.previous, expected, "/Prev");
    }
    let last = newest.rows.keys().next_back().copied().unwrap_or_default();
    assert!(newest.size > last, "/Size {} with {last}", newest.size);
    for (number, (kind, second, third)) in &newest.rows {
        match kind {
            0 => assert_eq!((*second, *third), (0, 65_535), "{number} is free"),
            1 => {
                assert_ne!(*number, 0, "the head of the free list is in use");
                assert_eq!(
                    header(after, *second as usize),
                    Some((*number, *third)),
                    "{number} is not at {second}"
                );
            }
            2 => assert_eq!(
                newest.contained(after, *second).get(*third as usize),
                Some(number),
                "in the object stream {second}"
            ),
            _ => panic!("{number}: a row of kind {kind}"),
        }
    }
}

/// The number behind the last `startxref`.
fn start(bytes: &[u8]) -> u64 {
    let mark = b"startxref";
    let at = bytes
        .windows(mark.len())
        .rposition(|word| word == mark)
        .expect("a file that can be followed");
    let tail = String::from_utf8_lossy(&bytes[at + mark.len()..]).into_owned();
    let digits = tail.trim_start_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
    number(digits).expect("a file that can be followed")
}

/// The number and the generation of the object that stands at an offset. Where bytes are kept, so are
/// white space and comments before the object and in its header.
fn header(file: &[u8], at: usize) -> Option<(u64, u64)> {
    let (number, rest) = digits(blanks(file.get(at..)?))?;
    let (generation, rest) = digits(blanks(rest))?;
    blanks(rest)
        .starts_with(b"obj")
        .then_some((number, generation))
}

/// What follows white space and comments.
pub(crate) fn blanks(mut bytes: &[u8]) -> &[u8] {
    loop {
        match bytes {
            [b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ', rest @ ..] => bytes = rest,
            [b'%', rest @ ..] => {
                let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
                bytes = &rest[end.unwrap_or(rest.len())..];
            }
            _ => return bytes,
        }
    }
}

/// A number, and what follows it.
pub(crate) fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit())?;
    let (number, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// The number of an entry that the writer puts behind all that it took over.
fn last_entry(trailer: &str, key: &str) -> Option<u64> {
    let at = trailer.rfind(key)?;
    number(&trailer[at + key.len()..])
}

impl Newest {
    fn read(file: &[u8]) -> Self {
        let section = &file[start(file) as usize..];
        match section.strip_prefix(b"xref\n") {
            Some(table) => Self::table(table),
            None => Self::stream(section),
        }
    }

    fn table(table: &[u8]) -> Self {
        let text = String::from_utf8_lossy(table);
        let (head, trailer) = text.split_once("trailer\n").expect("a trailer");
        let mut rows = BTreeMap::new();
        let mut lines = head.lines();
        while let Some(line) = lines.next() {
            let (first, count) = line.split_once(' ').expect("a subsection");
            let first: u64 = first.parse().expect("a number");
            for at in 0..count.parse().expect("a count") {
                let row = lines.next().expect("a row");
                let mut words = row.split(' ');
                let mut next = || words.next().expect("a column");
                let (second, third) = (next(), next());
                assert_eq!((second.len(), third.len()), (10, 5), "a row: {row}");
                let kind = match next() {
                    "f" => 0,
                    "n" => 1,
                    other => panic!("a row that is {other}"),
                };
                let parse = |digits: &str| digits.parse().expect("digits");
                rows.insert(first + at, (kind, parse(second), parse(third)));
            }
        }
        Self {
            rows,
            size: last_entry(trailer, "/Size ").expect("/Size"),
            previous: last_entry(trailer, "/Prev "),
            has_text: trailer.contains('('),
        }
    }

    fn stream(section: &[u8]) -> Self {
        let (dictionary, content) = body(section);
        let numbers = |key: &str| -> Vec<usize> {
            let at = dictionary.find(key).expect("a key") + key.len();
            let list = dictionary[at..].split(']').next().expect("a list");
            list.split_ascii_whitespace()
                .map(|word| word.parse().expect("a number"))
                .collect()
        };
        let (widths, index) = (numbers("/W ["), numbers("/Index ["));
        assert_eq!(widths.len(), 3);
        let mut rest = &content[..];
        let mut rows = BTreeMap::new();
        for pair in index.chunks(2) {
            for at in 0..pair[1] {
                let mut columns = [0; 3];
                for (column, width) in columns.iter_mut().zip(&widths) {
                    let (bytes, after) = rest.split_at(*width);
                    *column = bytes
                        .iter()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    rest = after;
                }
                rows.insert((pair[0] + at) as u64, columns.into());
            }
        }
        assert!(rest.is_empty(), "{} bytes behind the rows", rest.len());
        Self {
            rows,
            size: last_entry(&dictionary, "/Size ").expect("/Size"),
            previous: last_entry(&dictionary, "/Prev "),
            has_text: dictionary.contains('('),
        }
    }

    /// The numbers in an object stream, in their order.
    fn contained(&self, file: &[u8], container: u64) -> Vec<u64> {
        let Some((1, at, _)) = self.rows.get(&container) else {
            panic!("the object stream {container} is nowhere");
        };
        let (dictionary, content) = body(&file[*at as usize..]);
        assert!(dictionary.contains("/Type/ObjStm"), "no object stream");
        let first = last_entry(&dictionary, "/First ").expect("/First") as usize;
        String::from_utf8_lossy(&content[..first])
            .split_ascii_whitespace()
            .step_by(2)
            .map(|word| word.parse().expect("a number"))
            .collect()
    }
}

/// The dictionary of the stream that begins here, and its content. The writer compresses its own
/// streams or leaves them; which it says near their beginning.
fn body(object: &[u8]) -> (String, Vec<u8>) {
    let mark = b"\nstream\n";
    let at = object
        .windows(mark.len())
        .position(|word| word == mark)
        .expect("a stream");
    let dictionary = String::from_utf8_lossy(&object[..at]).into_owned();
    // The entries that were taken over come behind.
    let key = "/Length ";
    let key_at = dictionary.find(key).expect("/Length");
    let length = number(&dictionary[key_at + key.len()..]).expect("a length");
    let data = &object[at + mark.len()..][..length as usize];
    let is_packed = dictionary[..key_at].contains("/FlateDecode");
    let content = if is_packed {
        let mut entries = Dictionary::new();
        entries.set("Filter", Object::Name(b"FlateDecode".to_vec()));
        Stream::new(entries, data.to_vec())
            .decompressed_content_with_limit(INFLATED_BYTES_MAX)
            .expect("a stream that can be inflated")
    } else {
        data.to_vec()
    };
    (dictionary, content)
}
