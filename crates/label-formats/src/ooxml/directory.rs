//! The directory of a ZIP archive, and single entries: bounded, by positional reads.
//!
//! A general ZIP library decodes every record and reads through a cursor; reading a label needs
//! the names and four entries. This reader takes the end record, the directory, and the entries
//! that are asked for, and nothing else.

#![expect(
    clippy::indexing_slicing,
    reason = "fixed-size records are cut to size before their fields are taken, places in a table are masked"
)]

use std::io;
use std::ops::Range;

use super::inflate::Inflater;
use crate::error::PartError;
use crate::limits::Limits;
use crate::source::{ByteSource, read_range};
use crate::window::{Piece, Windowed};

const END_RECORD: [u8; 4] = *b"PK\x05\x06";
const END_RECORD_BYTES: usize = 22;
const ZIP64_LOCATOR: [u8; 4] = *b"PK\x06\x07";
const ZIP64_LOCATOR_BYTES: usize = 20;
const ZIP64_END_RECORD: [u8; 4] = *b"PK\x06\x06";
const ZIP64_END_RECORD_BYTES: usize = 56;
const CENTRAL_RECORD: [u8; 4] = *b"PK\x01\x02";
const CENTRAL_RECORD_BYTES: usize = 46;
const LOCAL_HEADER: [u8; 4] = *b"PK\x03\x04";
pub(super) const LOCAL_HEADER_BYTES: usize = 30;

/// The extra field with 64-bit sizes and offset.
const ZIP64_EXTRA: u16 = 0x0001;

/// The end record can stand this far from the end: itself and the longest comment.
const TAIL_BYTES_MAX: u64 = (END_RECORD_BYTES + u16::MAX as usize) as u64;

/// Room for the extra field of a local header, which may differ from the directory's, so that
/// header and content usually come in one read.
const LOCAL_EXTRA_GUESS: usize = 64;

const WHERE: &str = "ZIP directory";

/// How an entry's bytes are stored.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// An entry of the directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where its record starts in the directory's bytes, and how long that is.
    record_at: usize,
    record_len: u32,
    name_len: u16,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) inflated: u64,
    /// Where the local header starts, counted from the start of the source.
    pub(super) offset: u64,
    pub(super) disk: u32,
    /// Where in the record's bytes the 64-bit offset stands, if it does.
    zip64_offset_at: Option<u32>,
}

/// What one look at a name says.
struct NameFacts {
    /// The same number for names that differ in ASCII letter case alone, and nearly always another
    /// one for others. Where two are the same the names themselves are compared, so nothing
    /// depends on it. Never 0.
    print: u32,
    has_backslash: bool,
}

impl NameFacts {
    fn of(name: &[u8]) -> Self {
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        const LOW_BITS: u64 = 0x0101_0101_0101_0101;
        let mut print = name.len() as u64;
        let mut factor = FACTOR;
        let mut backslashes = 0;
        let mut take = |chunk: u64| {
            // The bit in which upper and lower case differ.
            let folded = chunk | (LOW_BITS * 0x20);
            // No product waits for the one before.
            print = print.wrapping_add(folded.wrapping_mul(factor));
            factor = factor.rotate_left(23);
            // Where a byte is zero its highest bit gets set, and nowhere if none is.
            let zero = chunk ^ (LOW_BITS * u64::from(b'\\'));
            backslashes |= zero.wrapping_sub(LOW_BITS) & !zero;
        };
        match name.last_chunk() {
            // The last bytes together with some that went in already, which is quicker than one by
            // one.
            Some(last) => {
                for chunk in name.as_chunks().0 {
                    take(u64::from_le_bytes(*chunk));
                }
                take(u64::from_le_bytes(*last));
            }
            None => name.iter().for_each(|byte| take(u64::from(*byte))),
        }
        let [.., a, b, c, d] = (print ^ print >> 32).wrapping_mul(FACTOR).to_le_bytes();
        Self {
            print: u32::from_le_bytes([a, b, c, d]) | 1,
            has_backslash: backslashes & (LOW_BITS << 7) != 0,
        }
    }
}

impl Entry {
    pub(super) fn is_encrypted(&self) -> bool {
        self.flags & 0x0041 != 0
    }

    /// Where in the record's bytes the 64-bit offset stands, if it does.
    pub(super) fn zip64_offset_at(&self) -> Option<usize> {
        self.zip64_offset_at.and_then(|at| usize::try_from(at).ok())
    }

    /// Stored or deflated, not encrypted, on this disk: what Office packages consist of.
    pub(super) fn is_supported(&self) -> bool {
        !self.is_encrypted() && matches!(self.method, STORED | DEFLATED) && self.disk == 0
    }
}

/// The directory of an archive.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    bytes: Piece,
    entries: Vec<Entry>,
    /// What [`NameFacts`] says of each entry's name, close together: a look for a name goes
    /// through all of them.
    prints: Vec<u32>,
    /// Whether an entry is of a kind, or has a name, that has to be told of.
    pub(super) has_odd_entries: bool,
    /// Where the directory starts in the source.
    pub(super) offset: u64,
    /// Everything from the end of the directory to the end of the source.
    pub(super) end: Vec<u8>,
    /// The place of the end record in `end`.
    pub(super) end_record_at: usize,
    pub(super) zip64: bool,
    /// Bytes stand before or after the archive.
    pub(super) stray_bytes: bool,
    pub(super) multi_disk: bool,
}

/// What the end record says.
struct End {
    entries: u64,
    size: u64,
    offset: u64,
    disk: u32,
    directory_disk: u32,
}

impl End {
    /// Whether each field that leaves it to the wide record does so, and the others say the same.
    /// Some programs look at the wide record only where a field leaves it to that: otherwise two
    /// programs could read two directories.
    fn agrees_with(&self, wide: &Self) -> bool {
        let narrow = |narrow: u32, wide: u32| narrow == u32::from(u16::MAX) || narrow == wide;
        let offset = |narrow: u64, wide: u64| narrow == u64::from(u32::MAX) || narrow == wide;
        narrow(self.disk, wide.disk)
            && narrow(self.directory_disk, wide.directory_disk)
            && (self.entries == u64::from(u16::MAX) || self.entries == wide.entries)
            && offset(self.size, wide.size)
            && offset(self.offset, wide.offset)
    }
}

impl Directory {
    /// Reads the directory.
    pub(super) fn read(source: &mut Windowed<'_>, limits: &Limits) -> Result<Self, PartError> {
        let len = source.len();
        if len < END_RECORD_BYTES as u64 {
            return Err(PartError::malformed(WHERE, "the file is too short"));
        }
        let (mut tail_start, mut tail) = source.tail();
        let mut found = find_end_record(tail, tail_start, source)?;
        let longer;
        if found.is_none() && tail_start > 0 {
            // Behind a long comment, or bytes that are no part of the archive.
            tail_start = len - len.min(TAIL_BYTES_MAX);
            let count = usize::try_from(len - tail_start).unwrap_or_default();
            longer = read_range(source, tail_start, count)?;
            tail = &longer;
            found = find_end_record(tail, tail_start, source)?;
        }
        let Some(found) = found else {
            return Err(PartError::malformed(WHERE, "there is no end record"));
        };
        let FoundEnd {
            at,
            end,
            directory_start,
            zip64,
        } = found;
        if end.size > limits.directory_bytes_max {
            return Err(PartError::too_large(WHERE, format!("{} bytes", end.size)));
        }
        if end.entries > limits.entries_max as u64 {
            return Err(PartError::too_large(
                WHERE,
                format!("{} entries", end.entries),
            ));
        }
        let size = usize::try_from(end.size).map_err(|_| PartError::too_large(WHERE, "size"))?;
        let record_position = tail_start + at as u64;
        let after = directory_start.saturating_add(end.size);
        let comment_len = u16_at(tail.get(at..).unwrap_or_default(), 20).unwrap_or_default();
        // A directory that runs into the tail becomes part of it.
        if after >= source.tail().0 {
            source.reach_back_to(directory_start)?;
        }
        let bytes = source.piece(directory_start, size)?;
        // Everything behind it, nearly always the end record alone.
        let rest = usize::try_from(len.saturating_sub(after)).unwrap_or(usize::MAX);
        if rest as u64 > limits.directory_bytes_max {
            return Err(PartError::malformed(WHERE, "far away from the end record"));
        }
        let end_bytes = read_range(source, after, rest)?;
        let end_record_at =
            usize::try_from(record_position.saturating_sub(after)).unwrap_or_default();
        let shift = directory_start.wrapping_sub(end.offset);
        let records = parse_records(&bytes, &end, shift, limits)?;
        let archive_end = record_position + END_RECORD_BYTES as u64 + u64::from(comment_len);
        let stray_bytes =
            shift != 0 || archive_end != len || (!records.entries.is_empty() && records.first != 0);
        Ok(Self {
            bytes,
            entries: records.entries,
            prints: records.prints,
            has_odd_entries: records.has_odd,
            offset: directory_start,
            end: end_bytes,
            end_record_at,
            zip64,
            stray_bytes,
            multi_disk: records.multi_disk || end.disk != 0 || end.directory_disk != 0,
        })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The raw name of an entry.
    pub(super) fn name(&self, entry: &Entry) -> &[u8] {
        let start = entry.record_at + CENTRAL_RECORD_BYTES;
        let range = start..start + usize::from(entry.name_len);
        self.bytes.get(range).unwrap_or_default()
    }

    /// The raw directory record of an entry.
    pub(super) fn record(&self, entry: &Entry) -> &[u8] {
        let rest = self.bytes.get(entry.record_at..).unwrap_or_default();
        usize::try_from(entry.record_len)
            .ok()
            .and_then(|len| rest.get(..len))
            .unwrap_or_default()
    }

    /// Finds a part by its name without the leading slash; ASCII letter case doesn't matter.
    ///
    /// The second value says whether another entry has that name too: two programs would then see
    /// two different parts (F-108).
    pub(super) fn find(&self, name: &str) -> Option<(usize, bool)> {
        /// How many prints are looked at together.
        const AT_ONCE: usize = 16;
        let print = NameFacts::of(name.as_bytes()).print;
        let (chunks, rest) = self.prints.as_chunks::<AT_ONCE>();
        let has_print = |chunk: &&[u32; AT_ONCE]| {
            let hit = |any, one: &u32| any | (*one == print);
            chunk.iter().fold(false, hit)
        };
        let is_named = |at: &usize| {
            let entry = self.prints.get(*at).filter(|one| **one == print);
            let entry = entry.and_then(|_| self.entries.get(*at));
            entry.is_some_and(|entry| self.name(entry).eq_ignore_ascii_case(name.as_bytes()))
        };
        let whole = chunks
            .iter()
            .enumerate()
            .filter(|(_, chunk)| has_print(chunk))
            .flat_map(|(at, _)| at * AT_ONCE..(at + 1) * AT_ONCE);
        let mut hits = whole
            .chain(self.prints.len() - rest.len()..self.prints.len())
            .filter(is_named);
        let first = hits.next()?;
        Some((first, hits.next().is_some()))
    }

    /// Whether two names may differ in letter case alone; `false` is certain.
    pub(super) fn may_have_twins(&self) -> bool {
        // Open addressing: a slot is the print that is in it, or 0.
        let bits = (self.prints.len() * 2).next_power_of_two().trailing_zeros();
        let mut slots = vec![0; 1 << bits];
        // Names that were made to meet each other are not looked at for long.
        let mut steps_left = self.prints.len() * 4;
        for print in &self.prints {
            let mut at = (u64::from(*print) << bits >> 32) as usize;
            while slots[at] != 0 {
                if slots[at] == *print || steps_left == 0 {
                    return true;
                }
                steps_left -= 1;
                at = (at + 1) & (slots.len() - 1);
            }
            slots[at] = *print;
        }
        false
    }

    /// Reads and inflates an entry, up to `max` bytes, checking size, CRC and the local header.
    pub(super) fn content(
        &self,
        source: &dyn ByteSource,
        inflater: &mut Inflater,
        at: usize,
        max: u64,
    ) -> Result<Vec<u8>, PartError> {
        let Some(entry) = self.entries.get(at) else {
            return Err(PartError::malformed(WHERE, "no such entry"));
        };
        let place = &*String::from_utf8_lossy(self.name(entry));
        if !entry.is_supported() {
            return Err(PartError::unsupported(
                place,
                "encrypted, compressed in another way, or on another disk",
            ));
        }
        if entry.inflated > max || entry.compressed > max {
            return Err(PartError::too_large(
                place,
                format!("{} bytes, at most {max} are read", entry.inflated),
            ));
        }
        let compressed =
            usize::try_from(entry.compressed).map_err(|_| PartError::too_large(place, "size"))?;
        let raw = self.read_raw(source, entry, compressed, place)?;
        let content = match entry.method {
            STORED => raw,
            _ => inflater.inflate(&raw, entry.inflated, place)?,
        };
        if content.len() as u64 != entry.inflated {
            return Err(PartError::malformed(place, "another size than declared"));
        }
        if crc32fast::hash(&content) != entry.crc {
            return Err(PartError::malformed(place, "the checksum is wrong"));
        }
        Ok(content)
    }

    /// The compressed bytes of an entry, after checking its local header.
    fn read_raw(
        &self,
        source: &dyn ByteSource,
        entry: &Entry,
        compressed: usize,
        place: &str,
    ) -> Result<Vec<u8>, PartError> {
        let name_len = usize::from(entry.name_len);
        let guess = LOCAL_HEADER_BYTES + name_len + LOCAL_EXTRA_GUESS + compressed;
        let available =
            usize::try_from(source.len().saturating_sub(entry.offset)).unwrap_or(usize::MAX);
        let mut bytes = read_range(source, entry.offset, guess.min(available))?;
        let header = bytes.get(..LOCAL_HEADER_BYTES).unwrap_or_default();
        if header.get(..4) != Some(&LOCAL_HEADER) {
            return Err(PartError::malformed(
                place,
                "there is no entry at its offset",
            ));
        }
        let local_name = usize::from(u16_at(header, 26).unwrap_or_default());
        let extra = usize::from(u16_at(header, 28).unwrap_or_default());
        let start = LOCAL_HEADER_BYTES + local_name + extra;
        let same_name = bytes.get(LOCAL_HEADER_BYTES..LOCAL_HEADER_BYTES + local_name)
            == Some(self.name(entry));
        let same_method = u16_at(header, 8) == Some(entry.method);
        if !same_name || !same_method {
            return Err(PartError::malformed(
                place,
                "the entry disagrees with the directory",
            ));
        }
        // A longer extra field than usual: fetch what is missing.
        if let Some(missing) = (start + compressed).checked_sub(bytes.len()) {
            let at = entry.offset.saturating_add(bytes.len() as u64);
            bytes.extend(read_range(source, at, missing)?);
        }
        bytes.truncate(start + compressed);
        bytes.drain(..start);
        Ok(bytes)
    }
}

struct FoundEnd {
    at: usize,
    end: End,
    directory_start: u64,
    zip64: bool,
}

/// Looks for the end record from the end. Of several signatures, which a comment may hold, the
/// last one that points at a directory counts.
fn find_end_record(
    tail: &[u8],
    tail_start: u64,
    source: &dyn ByteSource,
) -> Result<Option<FoundEnd>, PartError> {
    let Some(last) = tail.len().checked_sub(END_RECORD_BYTES) else {
        return Ok(None);
    };
    // A comment is at most 65,535 bytes, so there are few candidates in any sane file, and each
    // costs one small read. Hostile files get this many and no more.
    let mut candidates_left = 16;
    for at in (0..=last).rev() {
        if tail.get(at..at + 4) != Some(&END_RECORD) {
            continue;
        }
        candidates_left -= 1;
        if candidates_left == 0 {
            break;
        }
        let record = &tail[at..at + END_RECORD_BYTES];
        let comment = usize::from(u16_at(record, 20).unwrap_or_default());
        if at + END_RECORD_BYTES + comment > tail.len() {
            continue;
        }
        let position = tail_start + at as u64;
        let mut end = End {
            disk: u32::from(u16_at(record, 4).unwrap_or_default()),
            directory_disk: u32::from(u16_at(record, 6).unwrap_or_default()),
            entries: u64::from(u16_at(record, 10).unwrap_or_default()),
            size: u64::from(u32_at(record, 12).unwrap_or_default()),
            offset: u64::from(u32_at(record, 16).unwrap_or_default()),
        };
        let mut directory_end = position;
        let mut zip64 = false;
        let saturated = end.entries == u64::from(u16::MAX)
            || end.size == u64::from(u32::MAX)
            || end.offset == u64::from(u32::MAX);
        let locator = at
            .checked_sub(ZIP64_LOCATOR_BYTES)
            .and_then(|start| tail.get(start..at))
            .filter(|bytes| bytes.starts_with(&ZIP64_LOCATOR));
        if let Some(locator) = locator
            && let Some((record_at, wide)) = read_zip64_end(locator, position, source)?
        {
            if !end.agrees_with(&wide) {
                let cause = "two end records that disagree";
                return Err(PartError::malformed("ZIP directory", cause));
            }
            zip64 = true;
            directory_end = record_at;
            end = wide;
        } else if saturated {
            continue;
        }
        if let Some(directory_start) = locate_directory(&end, directory_end, source)? {
            return Ok(Some(FoundEnd {
                at,
                end,
                directory_start,
                zip64,
            }));
        }
    }
    Ok(None)
}

/// The wide end record that the locator points at, and where it stands.
fn read_zip64_end(
    locator: &[u8],
    end_position: u64,
    source: &dyn ByteSource,
) -> Result<Option<(u64, End)>, PartError> {
    let pointed = u64_at(locator, 8).unwrap_or_default();
    // In an archive behind a prefix the record stands right before the locator instead.
    let adjacent =
        end_position.saturating_sub((ZIP64_LOCATOR_BYTES + ZIP64_END_RECORD_BYTES) as u64);
    for position in [pointed, adjacent] {
        let mut record = [0; ZIP64_END_RECORD_BYTES];
        if !read_if_there(source, position, &mut record)? || record[..4] != ZIP64_END_RECORD {
            continue;
        }
        let end = End {
            disk: u32_at(&record, 16).unwrap_or_default(),
            directory_disk: u32_at(&record, 20).unwrap_or_default(),
            entries: u64_at(&record, 32).unwrap_or_default(),
            size: u64_at(&record, 40).unwrap_or_default(),
            offset: u64_at(&record, 48).unwrap_or_default(),
        };
        return Ok(Some((position, end)));
    }
    Ok(None)
}

/// Where the directory starts: at its offset, or, if bytes were put before the archive, right
/// before the end record.
fn locate_directory(
    end: &End,
    directory_end: u64,
    source: &dyn ByteSource,
) -> Result<Option<u64>, PartError> {
    let fits = |start: u64| {
        start
            .checked_add(end.size)
            .is_some_and(|stop| stop <= directory_end)
    };
    if end.entries == 0 && end.size == 0 {
        return Ok(fits(end.offset).then_some(end.offset));
    }
    let before_end = directory_end.checked_sub(end.size);
    for start in [Some(end.offset), before_end].into_iter().flatten() {
        let mut signature = [0; 4];
        if fits(start)
            && read_if_there(source, start, &mut signature)?
            && signature == CENTRAL_RECORD
        {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

/// Fills the buffer, or says that the source ends before.
fn read_if_there(
    source: &dyn ByteSource,
    offset: u64,
    buffer: &mut [u8],
) -> Result<bool, PartError> {
    let there = offset
        .checked_add(buffer.len() as u64)
        .is_some_and(|stop| stop <= source.len());
    if !there {
        return Ok(false);
    }
    match source.read_exact_at(offset, buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The directory's records, and what they say together.
struct Records {
    entries: Vec<Entry>,
    prints: Vec<u32>,
    has_odd: bool,
    multi_disk: bool,
    /// The lowest offset.
    first: u64,
}

fn parse_records(
    bytes: &[u8],
    end: &End,
    shift: u64,
    limits: &Limits,
) -> Result<Records, PartError> {
    let malformed = |cause: &str| PartError::malformed(WHERE, cause);
    // No more than there is room for, whatever is declared.
    let room = bytes.len() / CENTRAL_RECORD_BYTES;
    let room = usize::try_from(end.entries).map_or(room, |count| count.min(room));
    let mut entries: Vec<Entry> = Vec::with_capacity(room);
    let mut prints = Vec::with_capacity(room);
    let mut at = 0;
    let mut multi_disk = false;
    let mut has_odd = false;
    let mut first = u64::MAX;
    while entries.len() < limits.entries_max && (entries.len() as u64) < end.entries {
        let record = bytes.get(at..).and_then(<[u8]>::first_chunk);
        let Some::<&[u8; CENTRAL_RECORD_BYTES]>(record) = record else {
            return Err(malformed("cut off"));
        };
        if record[..4] != CENTRAL_RECORD {
            return Err(malformed("a record without its signature"));
        }
        let field = |offset| u64::from(u32_at(record, offset).unwrap_or_default());
        let short = |offset| usize::from(u16_at(record, offset).unwrap_or_default());
        let name_len = u16_at(record, 28).unwrap_or_default();
        let (extra_len, comment_len) = (short(30), short(32));
        let name_at = at + CENTRAL_RECORD_BYTES;
        let extra_at = name_at + usize::from(name_len);
        let extra = extra_at..extra_at + extra_len;
        let stop = extra.end + comment_len;
        let cut_off = || malformed("a record is cut off");
        if stop > bytes.len() {
            return Err(cut_off());
        }
        let name = bytes.get(name_at..extra_at).unwrap_or_default();
        let mut entry = Entry {
            record_at: at,
            // Four lengths of two bytes: it fits.
            record_len: u32::try_from(stop - at).map_err(|_| cut_off())?,
            name_len,
            flags: u16_at(record, 8).unwrap_or_default(),
            method: u16_at(record, 10).unwrap_or_default(),
            crc: u32_at(record, 16).unwrap_or_default(),
            compressed: field(20),
            inflated: field(24),
            offset: field(42),
            disk: u32::from(u16_at(record, 34).unwrap_or_default()),
            zip64_offset_at: None,
        };
        widen(&mut entry, bytes, extra, at).ok_or_else(|| malformed("a damaged zip64 field"))?;
        entry.offset = entry.offset.wrapping_add(shift);
        multi_disk |= entry.disk != 0;
        first = first.min(entry.offset);
        let facts = NameFacts::of(name);
        has_odd |= facts.has_backslash || !entry.is_supported() || name.ends_with(b".piece");
        at = stop;
        prints.push(facts.print);
        entries.push(entry);
    }
    // Fewer records than bytes: another program would count differently.
    if at != bytes.len() && !bytes[at..].starts_with(b"PK\x05\x05") {
        return Err(malformed("more bytes than records"));
    }
    Ok(Records {
        entries,
        prints,
        has_odd,
        multi_disk,
        first,
    })
}

/// Takes the 64-bit values where the 32-bit ones are saturated.
fn widen(entry: &mut Entry, bytes: &[u8], extra: Range<usize>, record_at: usize) -> Option<()> {
    let saturated = u64::from(u32::MAX);
    let needs = [entry.inflated, entry.compressed, entry.offset].contains(&saturated)
        || entry.disk == u32::from(u16::MAX);
    if !needs {
        return Some(());
    }
    let mut at = extra.start;
    while at + 4 <= extra.end {
        let id = u16_at(bytes, at)?;
        let len = usize::from(u16_at(bytes, at + 2)?);
        let stop = at + 4 + len;
        if stop > extra.end {
            return None;
        }
        if id == ZIP64_EXTRA {
            let mut field = at + 4;
            let mut take = |value: &mut u64| {
                if *value != saturated {
                    return Some(None);
                }
                let place = field;
                (place + 8 <= stop).then_some(())?;
                *value = u64_at(bytes, place)?;
                field += 8;
                Some(Some(place))
            };
            take(&mut entry.inflated)?;
            take(&mut entry.compressed)?;
            entry.zip64_offset_at = match take(&mut entry.offset)? {
                Some(place) => Some(u32::try_from(place - record_at).ok()?),
                None => None,
            };
            if entry.disk == u32::from(u16::MAX) {
                entry.disk = u32_at(bytes, field)?;
            }
            return Some(());
        }
        at = stop;
    }
    None
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::write::SimpleFileOptions;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (at, (name, content)) in entries.iter().enumerate() {
            let method = if at % 2 == 0 {
                zip::CompressionMethod::Deflated
            } else {
                zip::CompressionMethod::Stored
            };
            let options = SimpleFileOptions::default().compression_method(method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read(bytes: &[u8]) -> Result<Directory, PartError> {
        let mut source = Windowed::new(&bytes)?.with_tail()?;
        Directory::read(&mut source, &Limits::default())
    }

    #[test]
    fn entries_read_as_the_zip_library_wrote_them() {
        let long = vec![b'x'; 200_000];
        let bytes = archive(&[("a.xml", b"one"), ("b/C.xml", b"two"), ("long", &long)]);
        let directory = read(&bytes).unwrap();
        assert!(!directory.stray_bytes && !directory.multi_disk);
        for (name, content) in [("A.XML", &b"one"[..]), ("b/c.xml", b"two"), ("long", &long)] {
            let (at, twice) = directory.find(name).unwrap();
            assert!(!twice);
            let read = directory
                .content(&bytes.as_slice(), &mut Inflater::default(), at, 1 << 20)
                .unwrap();
            assert_eq!(read, content, "{name}");
        }
        assert_eq!(directory.find("missing"), None);
        let (at, _) = directory.find("long").unwrap();
        let over = directory.content(&bytes.as_slice(), &mut Inflater::default(), at, 199_999);
        assert!(matches!(over, Err(PartError::TooLarge(_))));
    }

    #[test]
    fn bytes_around_the_archive_are_noticed() {
        let plain = archive(&[("a.xml", b"one")]);
        for bytes in [
            [b"junk before", plain.as_slice()].concat(),
            [plain.as_slice(), b"junk after"].concat(),
        ] {
            let directory = read(&bytes).unwrap();
            assert!(directory.stray_bytes);
            assert_eq!(
                directory
                    .content(&bytes.as_slice(), &mut Inflater::default(), 0, 10)
                    .unwrap(),
                b"one"
            );
        }
    }

    #[test]
    fn f_101_wide_records_are_read() {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().large_file(true);
        writer.start_file("wide", options).unwrap();
        writer.write_all(b"content").unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        let directory = read(&bytes).unwrap();
        assert_eq!(
            directory
                .content(&bytes.as_slice(), &mut Inflater::default(), 0, 100)
                .unwrap(),
            b"content"
        );
    }

    #[test]
    fn f_108_two_end_records_that_disagree_are_two_directories() {
        let bytes = archive(&[("a.xml", b"one")]);
        let end = bytes.len() - END_RECORD_BYTES;
        let count = u64::from(u16_at(&bytes, end + 10).unwrap());
        let size = u64::from(u32_at(&bytes, end + 12).unwrap());
        let offset = u64::from(u32_at(&bytes, end + 16).unwrap());
        let widened = |wide_offset: u64, narrow_offset: u32| {
            let mut wide = bytes[..end].to_vec();
            wide.extend(ZIP64_END_RECORD);
            wide.extend(44_u64.to_le_bytes());
            wide.extend([45, 0, 45, 0]);
            wide.extend([0; 8]);
            for field in [count, count, size, wide_offset] {
                wide.extend(field.to_le_bytes());
            }
            wide.extend(ZIP64_LOCATOR);
            wide.extend([0; 4]);
            wide.extend((end as u64).to_le_bytes());
            wide.extend(1_u32.to_le_bytes());
            let narrow = wide.len();
            wide.extend(&bytes[end..]);
            wide[narrow + 16..narrow + 20].copy_from_slice(&narrow_offset.to_le_bytes());
            wide
        };
        let right = u32::try_from(offset).unwrap();
        for narrow in [u32::MAX, right] {
            assert!(read(&widened(offset, narrow)).is_ok(), "{narrow}");
        }
        let error = read(&widened(offset, right - 1)).unwrap_err().to_string();
        assert!(error.contains("disagree"), "{error}");
    }

    #[test]
    fn f_009_truncation_at_every_byte_is_an_error() {
        let bytes = archive(&[("a.xml", b"one"), ("b.xml", b"two")]);
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn f_009_a_damaged_entry_is_an_error() {
        let bytes = archive(&[("a.xml", b"one two three four five six seven")]);
        for at in 0..60 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let Ok(directory) = read(&damaged) else {
                continue;
            };
            if let Ok(content) =
                directory.content(&damaged.as_slice(), &mut Inflater::default(), 0, 1000)
            {
                assert_eq!(content, b"one two three four five six seven", "{at}");
            }
        }
    }

    #[test]
    fn f_108_duplicate_names_are_seen() {
        let bytes = archive(&[("aa.xml", b"one"), ("AA.xml", b"two")]);
        let directory = read(&bytes).unwrap();
        assert_eq!(directory.find("aa.xml"), Some((0, true)));
    }

    /// A hundred parts, as many as several chunks of prints and a rest.
    fn names() -> Vec<String> {
        (0..100)
            .map(|at| format!("ppt/slides/slide{at}.xml"))
            .collect()
    }

    fn directory_of(names: &[String]) -> Directory {
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &b"x"[..])).collect();
        read(&archive(&entries)).unwrap()
    }

    #[test]
    fn every_name_is_found_in_any_letter_case() {
        let names = names();
        let directory = directory_of(&names);
        for (at, name) in names.iter().enumerate() {
            assert_eq!(directory.find(name), Some((at, false)));
            assert_eq!(directory.find(&name.to_uppercase()), Some((at, false)));
        }
        assert_eq!(directory.find("ppt/slides/slide100.xml"), None);
        assert!(!directory.may_have_twins());
        assert!(!directory.has_odd_entries);
    }

    #[test]
    fn f_108_a_twin_is_found_at_any_place() {
        for (one, other) in [(0, 1), (0, 99), (15, 16), (95, 96), (98, 99)] {
            let mut names = names();
            names[other] = names[one].to_uppercase();
            let directory = directory_of(&names);
            assert!(directory.may_have_twins());
            assert_eq!(directory.find(&names[one]), Some((one, true)));
        }
    }

    proptest::proptest! {
        #[test]
        fn a_print_leaves_letter_case_out_and_sees_back_slashes(name in "[ -~äß\\u{7f}\\u{80}]{0,30}") {
            let facts = NameFacts::of(name.as_bytes());
            for other in [name.to_ascii_lowercase(), name.to_ascii_uppercase()] {
                proptest::prop_assert_eq!(NameFacts::of(other.as_bytes()).print, facts.print);
            }
            proptest::prop_assert_ne!(facts.print, 0);
            proptest::prop_assert_eq!(facts.has_backslash, name.contains('\\'));
            let other = format!("{name}\\");
            proptest::prop_assert!(NameFacts::of(other.as_bytes()).has_backslash);
        }

        #[test]
        fn any_damage_is_survived(at in 0_usize..400, byte: u8, len in 0_usize..400) {
            let mut bytes = archive(&[("a.xml", b"one"), ("b/c.xml", b"two"), ("d", b"")]);
            if let Some(place) = bytes.get_mut(at) { *place = byte; }
            bytes.truncate(bytes.len().saturating_sub(len / 8));
            if let Ok(directory) = read(&bytes) {
                for at in 0..directory.entries().len() {
                    let _ = directory.content(&bytes.as_slice(), &mut Inflater::default(), at, 1 << 16);
                }
            }
        }
    }
}
