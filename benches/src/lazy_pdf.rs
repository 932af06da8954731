//! The least that finds the labels of a PDF with cross-reference tables: it looks up the objects
//! that matter and searches them for label keys. It checks nothing, and gives up where anything is
//! not as in a fresh file of a tidy writer.

use std::io;

use label_formats::ByteSource;

/// How much of the end is read, in bytes.
const TAIL_BYTES: u64 = 2 * 1024;
/// How much of an object is read, in bytes.
const OBJECT_BYTES: u64 = 2 * 1024;
/// How much of a table is read where a subsection or the trailer starts, in bytes.
const STEP_BYTES: u64 = 512;
/// Most sections and most subsections.
const STEPS_MAX: usize = 100;

/// How many label keys there are in the information dictionary and in the packet.
///
/// # Errors
///
/// What reading reports, or that the file is beyond this.
pub fn label_keys(source: &dyn ByteSource) -> io::Result<(usize, usize)> {
    labels(source).and_then(|found| found.ok_or_else(|| io::Error::other("not that simple")))
}

/// First number, count, and where the entries start.
type Subsection = (u64, u64, u64);

fn labels(source: &dyn ByteSource) -> io::Result<Option<(usize, usize)>> {
    let tail = piece(source, source.len().saturating_sub(TAIL_BYTES), TAIL_BYTES)?;
    let Some(at) = tail.windows(9).rposition(|window| window == b"startxref") else {
        return Ok(None);
    };
    let mut next = number(&tail, at + 9);
    let mut subsections: Vec<Subsection> = Vec::new();
    let mut newest: Option<Vec<u8>> = None;
    for _ in 0..STEPS_MAX {
        let Some(section) = next else { break };
        let Some(trailer) = table(source, section + 4, &mut subsections)? else {
            return Ok(None);
        };
        next = number_of(&trailer, b"/Prev");
        newest.get_or_insert(trailer);
    }
    let trailer = newest.unwrap_or_default();
    let object = |number: Option<u64>| -> io::Result<Option<(u64, Vec<u8>)>> {
        let entry = number.and_then(|wanted| {
            subsections
                .iter()
                .find(|(first, count, _)| wanted >= *first && wanted - first < *count)
                .map(|(first, _, start)| start + 20 * (wanted - first))
        });
        let Some(entry) = entry else { return Ok(None) };
        let Some(offset) = self::number(&piece(source, entry, 20)?, 0) else {
            return Ok(None);
        };
        Ok(Some((offset, piece(source, offset, OBJECT_BYTES)?)))
    };
    let Some((_, catalog)) = object(number_of(&trailer, b"/Root"))? else {
        return Ok(None);
    };
    let mut found = (0, 0);
    if let Some((_, info)) = object(number_of(&trailer, b"/Info"))? {
        let end = find(&info, b"endobj").unwrap_or(info.len());
        found.0 = count(info.get(..end).unwrap_or_default(), b"/MSIP_Label_");
    }
    if let Some((offset, head)) = object(number_of(&catalog, b"/Metadata"))? {
        let (Some(length), Some(start)) = (number_of(&head, b"/Length"), find(&head, b"stream\n"))
        else {
            return Ok(None);
        };
        let packet = piece(source, offset + start as u64 + 7, length)?;
        found.1 = count(&packet, b"<pdfx:MSIP_Label_");
    }
    Ok(Some(found))
}

/// Steps over the subsections of a table; gives what stands behind `trailer`.
fn table(
    source: &dyn ByteSource,
    start: u64,
    subsections: &mut Vec<Subsection>,
) -> io::Result<Option<Vec<u8>>> {
    let mut at = start;
    for _ in 0..STEPS_MAX {
        let bytes = piece(source, at, STEP_BYTES)?;
        let space = bytes.iter().take_while(|byte| byte.is_ascii_whitespace());
        let head = space.count();
        if bytes
            .get(head..)
            .unwrap_or_default()
            .starts_with(b"trailer")
        {
            return Ok(Some(bytes));
        }
        let Some(line) = bytes.iter().skip(head).position(|byte| *byte == b'\n') else {
            return Ok(None);
        };
        let first = number(&bytes, head);
        let second = bytes.iter().skip(head).position(|byte| *byte == b' ');
        let count = second.and_then(|at| number(&bytes, head + at));
        let (Some(first), Some(count)) = (first, count) else {
            return Ok(None);
        };
        let entries = at + (head + line + 1) as u64;
        subsections.push((first, count, entries));
        at = entries + 20 * count;
    }
    Ok(None)
}

fn piece(source: &dyn ByteSource, offset: u64, len: u64) -> io::Result<Vec<u8>> {
    let len = len.min(source.len().saturating_sub(offset));
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    source.read_exact_at(offset, &mut bytes)?;
    Ok(bytes)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

fn count(bytes: &[u8], word: &[u8]) -> usize {
    bytes
        .windows(word.len())
        .filter(|window| *window == word)
        .count()
}

/// The number behind white space at a place.
fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let mut digits = bytes
        .get(at..)?
        .iter()
        .skip_while(|byte| byte.is_ascii_whitespace())
        .take_while(|byte| byte.is_ascii_digit())
        .peekable();
    digits.peek()?;
    Some(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

fn number_of(bytes: &[u8], key: &[u8]) -> Option<u64> {
    number(bytes, find(bytes, key)? + key.len())
}
