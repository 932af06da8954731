//! A new archive from an old one by splicing: what doesn't change keeps its bytes.
//!
//! Untouched entries are copied as they lie in the file, with local headers, extra fields,
//! padding and data descriptors; changed ones are written where they stood, new ones behind the
//! last. The directory keeps its order; only offsets move. Nothing of a replaced part is left.

use std::collections::HashSet;

use flate2::{Compress, Compression, FlushCompress, Status as DeflateStatus};

use super::directory::{DEFLATED, Directory, Entry, LOCAL_HEADER_BYTES, STORED, u16_at};
use crate::edited::EditedFile;
use crate::error::WriteError;
use crate::source::{ByteSource, read_range};

/// Deflate level: 6, the customary middle. Label parts are a few hundred bytes.
const LEVEL: u32 = 6;

/// The flag that says that sizes follow behind the content.
const DESCRIPTOR_FLAG: u16 = 0x0008;

/// The flags that tell how hard the packer tried; they say nothing about our bytes.
const LEVEL_FLAGS: u16 = 0x0006;

/// The extra field with wide sizes and offset.
const ZIP64_EXTRA: u16 = 0x0001;

/// 1980-01-01, the zero of the format, for parts that did not exist before: the same input and
/// the same arguments give the same bytes (F-055).
const DATE_ZERO: u16 = 0x0021;

/// What happens to an entry.
pub(super) enum Change {
    Replace { entry: usize, bytes: Vec<u8> },
    Drop { entry: usize },
    Add { name: String, bytes: Vec<u8> },
}

/// Content ready for an archive.
struct Packed {
    method: u16,
    crc: u32,
    inflated: u32,
    bytes: Vec<u8>,
}

/// Builds the new archive.
pub(super) fn splice<'a>(
    source: &'a dyn ByteSource,
    directory: &Directory,
    changes: Vec<Change>,
) -> Result<EditedFile<'a>, WriteError> {
    check(source, directory)?;
    let entries = directory.entries();
    let mut fate: Vec<Option<Option<Packed>>> = Vec::new();
    fate.resize_with(entries.len(), || None);
    let mut added = Vec::new();
    for change in changes {
        match change {
            Change::Replace { entry, bytes } => {
                if let Some(slot) = fate.get_mut(entry) {
                    *slot = Some(Some(pack(bytes)?));
                }
            }
            Change::Drop { entry } => {
                if let Some(slot) = fate.get_mut(entry) {
                    *slot = Some(None);
                }
            }
            Change::Add { name, bytes } => added.push((name, pack(bytes)?)),
        }
    }
    let mut by_offset: Vec<(usize, &Entry)> = entries.iter().enumerate().collect();
    by_offset.sort_by_key(|(_, entry)| entry.offset);
    let mut file = EditedFile::new(source);
    let mut new_offsets: Vec<u64> = vec![0; entries.len()];
    for (place, (at, entry)) in by_offset.iter().enumerate() {
        let end = by_offset
            .get(place + 1)
            .map_or(directory.offset, |(_, next)| next.offset);
        if let Some(offset) = new_offsets.get_mut(*at) {
            *offset = file.position();
        }
        match fate.get(*at) {
            Some(Some(Some(packed))) => {
                let header = replaced_header(source, directory, entry, packed)?;
                file.push(header);
                file.push(packed.bytes.clone());
            }
            Some(Some(None)) => {}
            _ => file.keep(entry.offset..end),
        }
    }
    let mut records: Vec<u8> = Vec::with_capacity(entries.len() * 64);
    let mut count: u64 = 0;
    let mut new_records = Vec::new();
    for (name, packed) in added {
        let offset = narrow(file.position())?;
        file.push(new_header(&name, &packed));
        new_records.push(new_record(&name, &packed, offset));
        file.push(packed.bytes);
    }
    for (at, entry) in entries.iter().enumerate() {
        let offset = new_offsets.get(at).copied().unwrap_or_default();
        match fate.get(at) {
            Some(Some(Some(packed))) => {
                replaced_record(
                    &mut records,
                    directory.record(entry),
                    packed,
                    narrow(offset)?,
                )?;
            }
            Some(Some(None)) => continue,
            _ => moved_record(&mut records, directory.record(entry), entry, offset)?,
        }
        count += 1;
    }
    for record in new_records {
        records.extend(record);
        count += 1;
    }
    let start = file.position();
    let size = records.len() as u64;
    file.push(records);
    file.push(end_records(directory, count, size, start)?);
    Ok(file)
}

/// Refuses archives that can't be copied range by range (F-051, F-108).
fn check(source: &dyn ByteSource, directory: &Directory) -> Result<(), WriteError> {
    let entries = directory.entries();
    let mut names: HashSet<Vec<u8>> = HashSet::with_capacity(entries.len());
    for entry in entries {
        let name = directory.name(entry).to_ascii_lowercase();
        if !names.insert(name) {
            let shown = String::from_utf8_lossy(directory.name(entry)).into_owned();
            return Err(WriteError::Malformed(format!(
                "{shown}: two entries have this name"
            )));
        }
    }
    let mut by_offset: Vec<&Entry> = entries.iter().collect();
    by_offset.sort_by_key(|entry| entry.offset);
    let ends = by_offset
        .iter()
        .skip(1)
        .map(|entry| entry.offset)
        .chain(std::iter::once(directory.offset));
    for (entry, end) in by_offset.iter().zip(ends) {
        let overlap = || {
            let shown = String::from_utf8_lossy(directory.name(entry)).into_owned();
            WriteError::Malformed(format!("{shown}: entries overlap"))
        };
        let header_end = entry.offset.checked_add(LOCAL_HEADER_BYTES as u64);
        if header_end.is_none_or(|header_end| header_end > end) {
            return Err(overlap());
        }
        // The local header counts: its extra field may be longer than the directory's.
        let mut header = [0; LOCAL_HEADER_BYTES];
        source
            .read_exact_at(entry.offset, &mut header)
            .map_err(|error| WriteError::io("reading a ZIP entry", error))?;
        let length = |at| u64::from(u16_at(&header, at).unwrap_or_default());
        let least = entry
            .offset
            .checked_add(LOCAL_HEADER_BYTES as u64 + length(26) + length(28))
            .and_then(|start| start.checked_add(entry.compressed));
        if least.is_none_or(|least| least > end) {
            return Err(overlap());
        }
    }
    Ok(())
}

fn pack(content: Vec<u8>) -> Result<Packed, WriteError> {
    let failed = || WriteError::Verification("a part could not be compressed".to_owned());
    let crc = crc32fast::hash(&content);
    let inflated = u32::try_from(content.len()).map_err(|_| failed())?;
    let mut bytes = Vec::with_capacity(content.len() + content.len() / 8 + 128);
    let mut compressor = Compress::new(Compression::new(LEVEL), false);
    let status = compressor
        .compress_vec(&content, &mut bytes, FlushCompress::Finish)
        .map_err(|_| failed())?;
    // Incompressible content is stored; the buffer has room for anything else.
    if status != DeflateStatus::StreamEnd || bytes.len() >= content.len() {
        return Ok(Packed {
            method: STORED,
            crc,
            inflated,
            bytes: content,
        });
    }
    Ok(Packed {
        method: DEFLATED,
        crc,
        inflated,
        bytes,
    })
}

/// Offsets beyond 4 GiB need wide records; files of that size are far over the size limit.
fn narrow(offset: u64) -> Result<u32, WriteError> {
    u32::try_from(offset)
        .ok()
        .filter(|offset| *offset != u32::MAX)
        .ok_or_else(|| WriteError::Unsupported("an archive beyond 4 GiB".to_owned()))
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) -> Result<(), WriteError> {
    bytes
        .get_mut(at..at + field.len())
        .map(|place| place.copy_from_slice(field))
        .ok_or_else(|| WriteError::Malformed("a ZIP record is too short".to_owned()))
}

fn packed_len(packed: &Packed) -> u32 {
    u32::try_from(packed.bytes.len()).unwrap_or(u32::MAX)
}

fn new_flags(flags: u16) -> u16 {
    flags & !DESCRIPTOR_FLAG & !LEVEL_FLAGS
}

/// The local header of a replaced part: its own bytes with new sizes, without the wide-size
/// field.
fn replaced_header(
    source: &dyn ByteSource,
    directory: &Directory,
    entry: &Entry,
    packed: &Packed,
) -> Result<Vec<u8>, WriteError> {
    let io = |error| WriteError::io("reading a ZIP entry", error);
    let fixed = read_range(source, entry.offset, LOCAL_HEADER_BYTES).map_err(io)?;
    let name_len = usize::from(u16_at(&fixed, 26).unwrap_or_default());
    let extra_len = usize::from(u16_at(&fixed, 28).unwrap_or_default());
    let rest_at = entry.offset + LOCAL_HEADER_BYTES as u64;
    let rest = read_range(source, rest_at, name_len + extra_len).map_err(io)?;
    if rest.get(..name_len) != Some(directory.name(entry)) {
        return Err(WriteError::Malformed(
            "a ZIP entry disagrees with the directory".to_owned(),
        ));
    }
    let extra = without_zip64(rest.get(name_len..).unwrap_or_default());
    let flags = new_flags(u16_at(&fixed, 6).unwrap_or_default());
    let mut header = fixed;
    put(&mut header, 4, &20_u16.to_le_bytes())?;
    put(&mut header, 6, &flags.to_le_bytes())?;
    put(&mut header, 8, &packed.method.to_le_bytes())?;
    put(&mut header, 14, &packed.crc.to_le_bytes())?;
    put(&mut header, 18, &packed_len(packed).to_le_bytes())?;
    put(&mut header, 22, &packed.inflated.to_le_bytes())?;
    put(&mut header, 28, &extra_length(&extra).to_le_bytes())?;
    header.extend_from_slice(rest.get(..name_len).unwrap_or_default());
    header.extend(extra);
    Ok(header)
}

/// The directory record of a replaced part: made-by, attributes, date and comment stay.
fn replaced_record(
    records: &mut Vec<u8>,
    old: &[u8],
    packed: &Packed,
    offset: u32,
) -> Result<(), WriteError> {
    let name_len = usize::from(u16_at(old, 28).unwrap_or_default());
    let extra_len = usize::from(u16_at(old, 30).unwrap_or_default());
    let extra_at = 46 + name_len;
    let extra = without_zip64(old.get(extra_at..extra_at + extra_len).unwrap_or_default());
    let mut record = old.get(..extra_at).unwrap_or_default().to_vec();
    let flags = new_flags(u16_at(old, 8).unwrap_or_default());
    put(&mut record, 6, &20_u16.to_le_bytes())?;
    put(&mut record, 8, &flags.to_le_bytes())?;
    put(&mut record, 10, &packed.method.to_le_bytes())?;
    put(&mut record, 16, &packed.crc.to_le_bytes())?;
    put(&mut record, 20, &packed_len(packed).to_le_bytes())?;
    put(&mut record, 24, &packed.inflated.to_le_bytes())?;
    put(&mut record, 30, &extra_length(&extra).to_le_bytes())?;
    put(&mut record, 34, &0_u16.to_le_bytes())?;
    put(&mut record, 42, &offset.to_le_bytes())?;
    record.extend(extra);
    record.extend_from_slice(old.get(extra_at + extra_len..).unwrap_or_default());
    records.extend(record);
    Ok(())
}

/// The directory record of an untouched entry: its own bytes with another offset.
fn moved_record(
    records: &mut Vec<u8>,
    old: &[u8],
    entry: &Entry,
    offset: u64,
) -> Result<(), WriteError> {
    let start = records.len();
    records.extend_from_slice(old);
    match entry.zip64_offset_at() {
        Some(at) => put(records, start + at, &offset.to_le_bytes()),
        None => put(records, start + 42, &narrow(offset)?.to_le_bytes()),
    }
}

fn new_header(name: &str, packed: &Packed) -> Vec<u8> {
    let mut header = Vec::with_capacity(LOCAL_HEADER_BYTES + name.len());
    header.extend(b"PK\x03\x04");
    header.extend(20_u16.to_le_bytes());
    header.extend(0_u16.to_le_bytes());
    header.extend(packed.method.to_le_bytes());
    header.extend(0_u16.to_le_bytes());
    header.extend(DATE_ZERO.to_le_bytes());
    header.extend(packed.crc.to_le_bytes());
    header.extend(packed_len(packed).to_le_bytes());
    header.extend(packed.inflated.to_le_bytes());
    header.extend(name_length(name).to_le_bytes());
    header.extend(0_u16.to_le_bytes());
    header.extend(name.as_bytes());
    header
}

fn new_record(name: &str, packed: &Packed, offset: u32) -> Vec<u8> {
    let mut record = Vec::with_capacity(46 + name.len());
    record.extend(b"PK\x01\x02");
    record.extend(20_u16.to_le_bytes());
    record.extend(20_u16.to_le_bytes());
    record.extend(0_u16.to_le_bytes());
    record.extend(packed.method.to_le_bytes());
    record.extend(0_u16.to_le_bytes());
    record.extend(DATE_ZERO.to_le_bytes());
    record.extend(packed.crc.to_le_bytes());
    record.extend(packed_len(packed).to_le_bytes());
    record.extend(packed.inflated.to_le_bytes());
    record.extend(name_length(name).to_le_bytes());
    // Extra field, comment, disk, attributes: none.
    record.extend([0; 12]);
    record.extend(offset.to_le_bytes());
    record.extend(name.as_bytes());
    record
}

fn name_length(name: &str) -> u16 {
    u16::try_from(name.len()).unwrap_or(u16::MAX)
}

fn extra_length(extra: &[u8]) -> u16 {
    u16::try_from(extra.len()).unwrap_or(u16::MAX)
}

/// Everything behind the directory, with counts, size and place brought up to date. Comments and
/// wide records stay.
fn end_records(
    directory: &Directory,
    count: u64,
    size: u64,
    start: u64,
) -> Result<Vec<u8>, WriteError> {
    let mut end = directory.end.clone();
    let at = directory.end_record_at;
    if directory.zip64 {
        let locator = at
            .checked_sub(20)
            .ok_or_else(|| WriteError::Malformed("a ZIP end record is missing".to_owned()))?;
        // Between the directory and the locator stands the wide record, and nothing else.
        let signature = end.get(..4) == Some(b"PK\x06\x06");
        if !signature {
            return Err(WriteError::Unsupported(
                "an unusual wide end record".to_owned(),
            ));
        }
        put(&mut end, 24, &count.to_le_bytes())?;
        put(&mut end, 32, &count.to_le_bytes())?;
        put(&mut end, 40, &size.to_le_bytes())?;
        put(&mut end, 48, &start.to_le_bytes())?;
        put(&mut end, locator + 8, &(start + size).to_le_bytes())?;
    }
    let saturated = |field: usize, width: usize| {
        end.get(at + field..at + field + width)
            .is_some_and(|bytes| directory.zip64 && bytes.iter().all(|byte| *byte == 0xff))
    };
    let (keep_count, keep_size, keep_start) =
        (saturated(10, 2), saturated(12, 4), saturated(16, 4));
    if !keep_count {
        let count = u16::try_from(count)
            .ok()
            .filter(|count| *count != u16::MAX)
            .ok_or_else(|| {
                WriteError::Unsupported("too many entries for a plain ZIP".to_owned())
            })?;
        put(&mut end, at + 8, &count.to_le_bytes())?;
        put(&mut end, at + 10, &count.to_le_bytes())?;
    }
    if !keep_size {
        put(&mut end, at + 12, &narrow(size)?.to_le_bytes())?;
    }
    if !keep_start {
        put(&mut end, at + 16, &narrow(start)?.to_le_bytes())?;
    }
    Ok(end)
}

/// The extra field without wide sizes.
fn without_zip64(extra: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(extra.len());
    let mut rest = extra;
    while let (Some(id), Some(len)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let stop = 4 + usize::from(len);
        let Some(field) = rest.get(..stop) else { break };
        if id != ZIP64_EXTRA {
            kept.extend_from_slice(field);
        }
        rest = rest.get(stop..).unwrap_or_default();
    }
    // A tail that is no field is kept as it is.
    kept.extend_from_slice(rest);
    kept
}
