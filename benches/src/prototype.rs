//! A bare reader of labels: what somebody writes who needs the label of a file that is known to be
//! in order.
//!
//! It opens the file, reads the same ranges as the library, finds the end record and the four
//! entries by their usual names, inflates these with their checksums, and scans them with quick-xml:
//! for the main document and its content type up to where they stand, for the records of both
//! storages to the end.
//!
//! It checks nothing else: no duplicate or contradicting entries, no names beside the content, no
//! namespaces, no doubled attributes, no bounds, no encoding but UTF-8, no wide archives. It doesn't
//! say which label counts, what was odd, or where an edit would go.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use flate2::{Decompress, FlushDecompress};
use label_formats::{ByteSource, FileSource};
use memchr::memmem;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// How much of each end of the file is read at once, as the library does.
const HEAD_BYTES: usize = 4 * 1024;
const TAIL_BYTES: usize = 16 * 1024;
/// How much is read before a directory that is longer than the tail, as the library does.
const LEAD_BYTES: usize = 4 * 1024;

/// Room behind what an entry declares, so that the inflater sees the end of the stream.
const SPARE_BYTES: usize = 512;

const END_RECORD_BYTES: usize = 22;
const CENTRAL_RECORD_BYTES: usize = 46;
const LOCAL_HEADER_BYTES: usize = 30;

/// What the prototype finds.
#[derive(Debug, Default)]
pub struct Labels {
    /// The content type of the main document.
    pub content_type: String,
    /// The attributes of each element of the LabelInfo part, decoded.
    pub elements: Vec<Vec<(String, String)>>,
    /// Names and values of the custom properties.
    pub properties: Vec<(String, String)>,
}

/// The ends of a file in memory.
struct Ends {
    source: FileSource,
    len: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Ends {
    fn open(path: &Path) -> io::Result<Self> {
        let source = FileSource::new(File::open(path)?)?;
        let len = usize::try_from(source.len()).map_err(io::Error::other)?;
        let mut head = vec![0; len.min(HEAD_BYTES)];
        let mut tail = vec![0; len.min(TAIL_BYTES)];
        source.read_exact_at(0, &mut head)?;
        source.read_exact_at((len - tail.len()) as u64, &mut tail)?;
        Ok(Self {
            source,
            len,
            head,
            tail,
        })
    }

    fn tail_start(&self) -> usize {
        self.len - self.tail.len()
    }

    /// Makes the tail start before the directory, in one read.
    fn reach_back_to(&mut self, at: usize) -> io::Result<()> {
        let tail_start = self.tail_start();
        if at < tail_start {
            let start = at.saturating_sub(LEAD_BYTES);
            let mut longer = vec![0; self.len - start];
            let (missing, there) = longer.split_at_mut(tail_start - start);
            self.source.read_exact_at(start as u64, missing)?;
            there.copy_from_slice(&self.tail);
            self.tail = longer;
        }
        Ok(())
    }

    /// Bytes that are in memory.
    fn get(&self, at: usize, len: usize) -> Option<&[u8]> {
        match at.checked_sub(self.tail_start()) {
            Some(at) => self.tail.get(at..at + len),
            None => self.head.get(at..at + len),
        }
    }
}

/// Where an entry's local header is, and what the directory says of its content.
#[derive(Clone, Copy, Default)]
struct Entry {
    offset: usize,
    compressed: usize,
    inflated: usize,
    crc: u32,
}

fn cut_off() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn u16_at(bytes: &[u8], at: usize) -> io::Result<usize> {
    match bytes.get(at..at + 2) {
        Some(&[one, two]) => Ok(usize::from(u16::from_le_bytes([one, two]))),
        _ => Err(cut_off()),
    }
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    let field = bytes
        .get(at..at + 4)
        .and_then(|field| field.try_into().ok());
    field.map(u32::from_le_bytes).ok_or_else(cut_off)
}

fn size_at(bytes: &[u8], at: usize) -> io::Result<usize> {
    usize::try_from(u32_at(bytes, at)?).map_err(io::Error::other)
}

/// The entries of these names, in one pass that stops when it has them.
fn find<const N: usize>(directory: &[u8], names: [&str; N]) -> io::Result<[Entry; N]> {
    let mut found = [None; N];
    let mut at = 0;
    while at < directory.len() && found.iter().any(Option::is_none) {
        let record = directory
            .get(at..at + CENTRAL_RECORD_BYTES)
            .ok_or_else(cut_off)?;
        let name_len = u16_at(record, 28)?;
        let name_at = at + CENTRAL_RECORD_BYTES;
        let name = directory.get(name_at..name_at + name_len);
        for (wanted, found) in names.iter().zip(&mut found) {
            if name == Some(wanted.as_bytes()) {
                *found = Some(Entry {
                    offset: size_at(record, 42)?,
                    compressed: size_at(record, 20)?,
                    inflated: size_at(record, 24)?,
                    crc: u32_at(record, 16)?,
                });
            }
        }
        at = name_at + name_len + u16_at(record, 30)? + u16_at(record, 32)?;
    }
    let mut entries = [Entry::default(); N];
    for (entry, found) in entries.iter_mut().zip(found) {
        *entry = found.ok_or_else(cut_off)?;
    }
    Ok(entries)
}

/// An entry's content, with its checksum checked.
fn content(ends: &Ends, decompress: &mut Decompress, entry: Entry) -> io::Result<Vec<u8>> {
    let header = ends
        .get(entry.offset, LOCAL_HEADER_BYTES)
        .ok_or_else(cut_off)?;
    let start = entry.offset + LOCAL_HEADER_BYTES + u16_at(header, 26)? + u16_at(header, 28)?;
    let packed = ends.get(start, entry.compressed).ok_or_else(cut_off)?;
    let mut content = Vec::with_capacity(entry.inflated + SPARE_BYTES);
    decompress.reset(false);
    decompress
        .decompress_vec(packed, &mut content, FlushDecompress::Finish)
        .map_err(io::Error::other)?;
    if crc32fast::hash(&content) != entry.crc {
        return Err(cut_off());
    }
    Ok(content)
}

/// The value of an attribute as it is written.
fn value<'a>(element: &'a BytesStart<'_>, name: &str) -> io::Result<Cow<'a, str>> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(io::Error::other)?;
        if attribute.key.as_ref() == name {
            return Ok(attribute.value);
        }
    }
    Ok(Cow::Borrowed(""))
}

fn decoded(text: &str) -> io::Result<String> {
    let text = quick_xml::escape::unescape(text).map_err(io::Error::other)?;
    Ok(text.into_owned())
}

/// Goes through the tags and texts of a part, until `take` says that it has what it wants.
fn each(
    part: &[u8],
    mut take: impl FnMut(&Event<'_>) -> io::Result<ControlFlow<()>>,
) -> io::Result<()> {
    let mut reader = Reader::from_str(std::str::from_utf8(part).map_err(io::Error::other)?);
    loop {
        let event = reader.read_event().map_err(io::Error::other)?;
        if matches!(event, Event::Eof) || take(&event)?.is_break() {
            return Ok(());
        }
    }
}

/// The target of the relationship to the main document.
fn main_part(part: &[u8]) -> io::Result<String> {
    let mut target = String::new();
    each(part, |event| {
        if let Event::Empty(element) | Event::Start(element) = event
            && value(element, "Type")?.ends_with("/officeDocument")
        {
            target = decoded(&value(element, "Target")?)?;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(target)
}

/// The content type of a part, by its override.
fn content_type(part: &[u8], of: &str) -> io::Result<String> {
    let mut content_type = String::new();
    each(part, |event| {
        if let Event::Empty(element) | Event::Start(element) = event
            && value(element, "PartName")?.trim_start_matches('/') == of
        {
            content_type = decoded(&value(element, "ContentType")?)?;
            return Ok(ControlFlow::Break(()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(content_type)
}

fn label_elements(part: &[u8]) -> io::Result<Vec<Vec<(String, String)>>> {
    let mut elements = Vec::new();
    each(part, |event| {
        if let Event::Empty(element) | Event::Start(element) = event
            && element.local_name().as_ref() == "label"
        {
            let mut attributes = Vec::new();
            for attribute in element.attributes().with_checks(false) {
                let attribute = attribute.map_err(io::Error::other)?;
                let name = attribute.key.as_ref().to_owned();
                attributes.push((name, decoded(&attribute.value)?));
            }
            elements.push(attributes);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(elements)
}

fn properties(part: &[u8]) -> io::Result<Vec<(String, String)>> {
    let mut properties: Vec<(String, String)> = Vec::new();
    each(part, |event| {
        match event {
            Event::Start(element) if element.local_name().as_ref() == "property" => {
                properties.push((decoded(&value(element, "name")?)?, String::new()));
            }
            Event::Text(text) => {
                if let Some((_, value)) = properties.last_mut() {
                    value.push_str(text);
                }
            }
            _ => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(properties)
}

/// Reads the labels of a file that is known to be in order.
///
/// # Errors
///
/// What reading reports; invalid data where the file is not as expected.
pub fn read(path: &Path) -> io::Result<Labels> {
    let mut ends = Ends::open(path)?;
    let end_at = memmem::rfind(&ends.tail, b"PK\x05\x06").ok_or_else(cut_off)?;
    let end = ends
        .tail
        .get(end_at..end_at + END_RECORD_BYTES)
        .ok_or_else(cut_off)?;
    let (size, start) = (size_at(end, 12)?, size_at(end, 16)?);
    ends.reach_back_to(start)?;
    let directory = ends.get(start, size).ok_or_else(cut_off)?;
    let [relationships, content_types, label_info, custom] =
        find(directory, crate::package::LABEL_PARTS)?;
    let mut decompress = Decompress::new(false);
    let main = main_part(&content(&ends, &mut decompress, relationships)?)?;
    Ok(Labels {
        content_type: content_type(&content(&ends, &mut decompress, content_types)?, &main)?,
        elements: label_elements(&content(&ends, &mut decompress, label_info)?)?,
        properties: properties(&content(&ends, &mut decompress, custom)?)?,
    })
}
