//! The sections of the cross-reference, and where they say that objects are.

use std::collections::{BTreeMap, HashSet};

use super::super::object::{Dictionary, Object, Parser, is_space};
use super::super::revisions::Revisions;
use super::super::stream;
use super::{Found, PdfFile, Place, WHERE};
use crate::error::PartError;

/// Most sections that are followed; each revision adds one or two.
const SECTIONS_MAX: usize = 4_096;

/// Most subsections of a table.
const SUBSECTIONS_MAX: usize = 20_000;

/// How far from the end `startxref` is looked for, in bytes.
const TAIL_BYTES: u64 = 2 * 1024;

/// Size of an entry of a table, in bytes.
const ENTRY_BYTES: usize = 20;

/// One part of the chain.
pub(super) enum Section {
    Table {
        /// First number, count, and where the entries start.
        subsections: Vec<(u64, u64, u64)>,
        hybrid: Option<Box<Section>>,
        /// Whether it names a hidden stream that can't be read.
        lost: bool,
    },
    Stream {
        widths: [usize; 3],
        /// First number, count, and the row where the entries start.
        index: Vec<(u64, u64, u64)>,
        rows: Vec<u8>,
    },
    Rebuilt {
        /// Objects that stand by themselves, by number.
        offsets: BTreeMap<u32, u64>,
        /// The object streams of those in one, as far as that is the last that has the number.
        contained: BTreeMap<u32, u32>,
        /// Whether there is an object stream that can't be read.
        lost: bool,
    },
}

impl Section {
    /// How many ranges of object numbers it has.
    pub(super) fn subsections(&self) -> usize {
        match self {
            Self::Table { subsections, .. } => subsections.len(),
            Self::Stream { index, .. } => index.len(),
            Self::Rebuilt { .. } => 1,
        }
    }

    /// The number behind the last object that it names.
    pub(super) fn end(&self) -> u64 {
        let behind = |list: &[(u64, u64, u64)]| {
            list.iter()
                .map(|(first, count, _)| first.saturating_add(*count))
                .max()
                .unwrap_or_default()
        };
        match self {
            Self::Table {
                subsections,
                hybrid,
                ..
            } => {
                let hidden = hybrid.as_ref().map_or(0, |section| section.end());
                behind(subsections).max(hidden)
            }
            Self::Stream {
                widths,
                index,
                rows,
            } => {
                // Without `/Index` and `/Size` the last range has no end of its own.
                let width = widths.iter().sum::<usize>().max(1);
                let count = (rows.len() / width) as u64;
                index
                    .iter()
                    .map(|(first, own, start)| {
                        first.saturating_add((*own).min(count.saturating_sub(*start)))
                    })
                    .max()
                    .unwrap_or_default()
            }
            Self::Rebuilt {
                offsets, contained, ..
            } => {
                let last = offsets.last_key_value().map(|(number, _)| *number);
                let last = last.max(contained.last_key_value().map(|(number, _)| *number));
                last.map_or(0, |number| u64::from(number) + 1)
            }
        }
    }

    /// How much memory it holds, roughly.
    pub(super) fn kept_bytes(&self) -> u64 {
        match self {
            Self::Table {
                subsections,
                hybrid,
                ..
            } => {
                let hidden = hybrid.as_ref().map_or(0, |section| section.kept_bytes());
                (subsections.len() as u64) * 24 + hidden
            }
            Self::Stream { index, rows, .. } => rows.len() as u64 + (index.len() as u64) * 24,
            Self::Rebuilt {
                offsets, contained, ..
            } => ((offsets.len() + contained.len()) as u64) * 16,
        }
    }
}

impl PdfFile<'_> {
    /// Where an object is, by the newest section that knows it.
    pub(super) fn place(&self, number: u32) -> Result<Option<Place>, PartError> {
        for section in self.sections.iter().skip(self.skipped.get()) {
            if let Some(place) = self.place_in(section, number)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    pub(super) fn place_in(
        &self,
        section: &Section,
        number: u32,
    ) -> Result<Option<Place>, PartError> {
        let wanted = u64::from(number);
        // Looking through a hostile number of subsections is work like reading is.
        self.spend(section.subsections().saturating_mul(8))?;
        let row_of = |list: &[(u64, u64, u64)]| {
            list.iter()
                .find(|(first, count, _)| wanted >= *first && wanted - first < *count)
                .map(|(first, _, start)| (wanted - first, *start))
        };
        match section {
            Section::Rebuilt {
                offsets, contained, ..
            } => Ok(match contained.get(&number) {
                Some(container) => Some(Place::InStream(*container, u64::MAX)),
                None => offsets.get(&number).map(|offset| Place::Offset(*offset)),
            }),
            Section::Table {
                subsections,
                hybrid,
                ..
            } => {
                let in_table = match row_of(subsections) {
                    None => None,
                    Some((row, start)) => {
                        let offset = start.saturating_add(row.saturating_mul(ENTRY_BYTES as u64));
                        let entry = self.read(offset, ENTRY_BYTES)?;
                        Some(
                            table_entry(&entry).ok_or_else(|| {
                                PartError::malformed(WHERE, "a damaged table entry")
                            })?,
                        )
                    }
                };
                // Objects hidden from old readers are free in the table.
                match (in_table, hybrid) {
                    (None | Some(Place::Free), Some(hybrid)) => {
                        Ok(self.place_in(hybrid, number)?.or(in_table))
                    }
                    _ => Ok(in_table),
                }
            }
            Section::Stream {
                widths,
                index,
                rows,
            } => {
                let Some((row, start)) = row_of(index) else {
                    return Ok(None);
                };
                let width: usize = widths.iter().sum();
                let at = start
                    .checked_add(row)
                    .and_then(|row| usize::try_from(row).ok())
                    .and_then(|row| row.checked_mul(width));
                let Some(entry) = at.and_then(|at| rows.get(at..at.checked_add(width)?)) else {
                    return Ok(None);
                };
                let mut fields = [0_u64; 3];
                let mut rest = entry;
                for (field, width) in fields.iter_mut().zip(widths) {
                    let (value, after) = rest.split_at_checked(*width).unwrap_or((rest, &[]));
                    *field = value
                        .iter()
                        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
                    rest = after;
                }
                // Without a type column every entry is an offset.
                let kind = if widths.first() == Some(&0) {
                    1
                } else {
                    fields.first().copied().unwrap_or_default()
                };
                let second = fields.get(1).copied().unwrap_or_default();
                Ok(match kind {
                    0 => Some(Place::Free),
                    1 => Some(Place::Offset(second)),
                    2 => {
                        let place = fields.get(2).copied().unwrap_or_default();
                        let container = u32::try_from(second).ok();
                        container.map(|container| Place::InStream(container, place))
                    }
                    _ => None,
                })
            }
        }
    }

    /// Reads `startxref` and every section it leads to, the newest first.
    pub(super) fn follow_chain(&mut self) -> Result<(), PartError> {
        self.sections.clear();
        self.trailer = Dictionary::default();
        self.revisions = Revisions::default();
        self.size = 0;
        self.start = self.start_offset()?;
        let mut next = Some(self.start);
        let mut seen = HashSet::new();
        while let Some(offset) = next {
            if !seen.insert(offset) {
                return Err(PartError::malformed(
                    WHERE,
                    "the chain goes round in a circle",
                ));
            }
            if self.sections.len() >= SECTIONS_MAX {
                let cause = format!("over {SECTIONS_MAX} sections");
                return Err(PartError::malformed(WHERE, cause));
            }
            let (section, trailer) = self.read_section(offset)?;
            let is_bare =
                matches!(&section, Section::Table { subsections, .. } if subsections.is_empty());
            self.revisions
                .note(self.sections.len(), offset, &trailer, is_bare);
            self.keep(section)?;
            let size = trailer.get(b"Size").and_then(Object::unsigned);
            self.size = self.size.max(size.unwrap_or_default());
            // Some writers say 0 where there is nothing before.
            next = trailer
                .get(b"Prev")
                .and_then(Object::unsigned)
                .filter(|offset| *offset > 0);
            // The newest trailer counts; one without a catalog leaves to older ones what it
            // doesn't say.
            if self.trailer.get(b"Root").is_none() {
                let said = self
                    .trailer
                    .0
                    .iter()
                    .filter(|(_, value)| *value != Object::Null);
                let known: HashSet<&[u8]> = said.map(|(key, _)| key.as_slice()).collect();
                let older = trailer.0.into_iter();
                let missing: Vec<_> = older
                    .filter(|(key, _)| !known.contains(key.as_slice()))
                    .collect();
                self.trailer.0.extend(missing);
            }
        }
        self.unlock();
        Ok(())
    }

    pub(super) fn start_offset(&self) -> Result<u64, PartError> {
        let len = self.source.len();
        let start = len - len.min(TAIL_BYTES);
        let mut tail = self.read(start, usize::try_from(len - start).unwrap_or(0))?;
        tail.push(b' ');
        let at = tail
            .windows(9)
            .rposition(|window| window == b"startxref")
            .ok_or_else(|| PartError::malformed("startxref", "missing"))?;
        let mut parser = Parser::new(tail.get(at + 9..).unwrap_or_default());
        parser
            .number()
            .map_err(|_| PartError::malformed("startxref", "without number"))
    }

    pub(super) fn read_section(&self, offset: u64) -> Result<(Section, Dictionary), PartError> {
        let offset = self.base.saturating_add(offset);
        if offset >= self.source.len() {
            return Err(PartError::malformed(WHERE, "an offset behind the end"));
        }
        let window = usize::try_from((self.source.len() - offset).min(32)).unwrap_or_default();
        let head = self.read(offset, window)?;
        let skipped = head.iter().position(|byte| !is_space(*byte)).unwrap_or(0);
        if head.get(skipped..).unwrap_or_default().starts_with(b"xref") {
            self.read_table(offset + skipped as u64 + 4)
        } else {
            self.read_stream(offset)
        }
    }

    /// Steps over the subsections of a table to its trailer. Entries are not parsed: each has
    /// twenty bytes.
    pub(super) fn read_table(&self, start: u64) -> Result<(Section, Dictionary), PartError> {
        let damaged = |cause: &str| PartError::malformed(WHERE, cause);
        let mut subsections = Vec::new();
        let mut steps = 0;
        let mut at = start;
        loop {
            let window =
                usize::try_from(self.source.len().saturating_sub(at).min(48)).unwrap_or_default();
            let bytes = self.read(at, window)?;
            let mut parser = Parser::new(&bytes);
            if parser.keyword(b"trailer").is_ok() {
                let (dictionary, _) = self.read_direct(at + parser.at as u64)?;
                let hidden = dictionary.get(b"XRefStm").and_then(Object::unsigned);
                let hybrid =
                    match hidden.map(|offset| self.read_stream(self.base.saturating_add(offset))) {
                        None => None,
                        Some(Ok((section, _))) => Some(Box::new(section)),
                        Some(Err(PartError::Malformed(_) | PartError::Unsupported(_))) => None,
                        Some(Err(error)) => return Err(error),
                    };
                let section = Section::Table {
                    subsections,
                    lost: hidden.is_some() && hybrid.is_none(),
                    hybrid,
                };
                return Ok((section, dictionary));
            }
            let (Ok(first), Ok(count)) = (parser.number(), parser.number()) else {
                return Err(damaged("a damaged table"));
            };
            // The entries start on the next line.
            while bytes.get(parser.at).copied().is_some_and(is_space) {
                parser.at += 1;
            }
            let entries = at + parser.at as u64;
            let end = count
                .checked_mul(20)
                .and_then(|size| entries.checked_add(size))
                .filter(|end| *end <= self.source.len());
            let Some(end) = end else {
                return Err(damaged("a table behind the end"));
            };
            if steps >= SUBSECTIONS_MAX {
                return Err(PartError::too_large(WHERE, "too many subsections"));
            }
            // Empty ones name no object; a hostile table has thousands.
            if count > 0 {
                subsections.push((first, count, entries));
            }
            steps += 1;
            at = end;
        }
    }

    /// A direct dictionary at an offset, and where it ends.
    pub(super) fn read_direct(&self, offset: u64) -> Result<(Dictionary, u64), PartError> {
        let place = || "trailer".to_owned();
        match self.parse_at(offset, &place, |parser| parser.object())? {
            (Object::Dictionary(dictionary), end) => Ok((dictionary, end)),
            _ => Err(PartError::malformed(&place(), "damaged")),
        }
    }

    pub(super) fn read_stream(&self, offset: u64) -> Result<(Section, Dictionary), PartError> {
        let damaged = |cause: &str| PartError::malformed(WHERE, cause);
        let (_, Found::Stream(stream)) = self.read_object(offset)? else {
            return Err(damaged("neither a table nor a stream"));
        };
        if stream.dictionary.get(b"Type").and_then(Object::name) != Some(b"XRef") {
            return Err(damaged("a stream of another type"));
        }
        let numbers = |key: &[u8]| -> Option<Vec<u64>> {
            stream
                .dictionary
                .get(key)?
                .array()?
                .iter()
                .map(Object::unsigned)
                .collect()
        };
        let widths = match numbers(b"W").as_deref() {
            Some([one, two, three]) if [one, two, three].iter().all(|width| **width <= 8) => [
                usize::try_from(*one).unwrap_or_default(),
                usize::try_from(*two).unwrap_or_default(),
                usize::try_from(*three).unwrap_or_default(),
            ],
            _ => return Err(damaged("no column widths")),
        };
        let size = stream
            .dictionary
            .get(b"Size")
            .and_then(Object::unsigned)
            .unwrap_or(u64::from(u32::MAX));
        let pairs = numbers(b"Index").unwrap_or_else(|| vec![0, size]);
        if pairs.len() > SUBSECTIONS_MAX {
            return Err(PartError::too_large(WHERE, "too many subsections"));
        }
        let mut index = Vec::new();
        let mut row: u64 = 0;
        for pair in pairs.chunks_exact(2) {
            if let [first, count] = pair {
                index.push((*first, *count, row));
                row = row.saturating_add(*count);
            }
        }
        // A cross-reference stream is never encrypted.
        let max = self.limits.pdf_stream_bytes_max;
        let raw = self.raw(&stream, max)?;
        let rows = stream::decode(&stream.dictionary, raw, max, WHERE)?;
        self.spend(rows.len())?;
        let section = Section::Stream {
            widths,
            index,
            rows,
        };
        Ok((section, stream.dictionary))
    }
}

/// An entry of a table: ten digits, a blank, five digits, a blank, `n` or `f`.
fn table_entry(entry: &[u8]) -> Option<Place> {
    let (digits, rest) = entry.split_at_checked(10)?;
    let offset = digits.iter().try_fold(0_u64, |sum, byte| {
        byte.is_ascii_digit()
            .then(|| sum * 10 + u64::from(byte - b'0'))
    })?;
    match (rest.first(), rest.get(6), rest.get(7)) {
        (Some(b' '), Some(b' '), Some(b'n')) => Some(Place::Offset(offset)),
        (Some(b' '), Some(b' '), Some(b'f')) => Some(Place::Free),
        _ => None,
    }
}
