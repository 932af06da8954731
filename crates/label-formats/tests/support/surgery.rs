//! Archives put together again from their raw pieces, with one thing changed.

use super::archive::{RawArchive, RawEntry, parse};

/// Writes an archive as its entries say: they lie in the file in the order of `offset`, and stand
/// in the directory in the order of the list.
pub(crate) fn assemble(archive: &RawArchive) -> Vec<u8> {
    let mut by_offset: Vec<usize> = (0..archive.entries.len()).collect();
    by_offset.sort_by_key(|at| archive.entries[*at].offset);
    let mut bytes = Vec::new();
    let mut offsets = vec![0; archive.entries.len()];
    for at in by_offset {
        offsets[at] = bytes.len();
        bytes.extend(&archive.entries[at].local);
    }
    let start = bytes.len();
    for (entry, offset) in archive.entries.iter().zip(offsets) {
        let mut record = entry.record.clone();
        record[42..46].copy_from_slice(&u32::try_from(offset).unwrap().to_le_bytes());
        bytes.extend(record);
    }
    let size = u32::try_from(bytes.len() - start).unwrap();
    let count = u16::try_from(archive.entries.len()).unwrap();
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    bytes.extend(size.to_le_bytes());
    bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(archive.comment.len()).unwrap().to_le_bytes());
    bytes.extend(&archive.comment);
    bytes
}

/// Changes an archive by its pieces.
pub(crate) fn rebuilt(bytes: &[u8], change: impl FnOnce(&mut RawArchive)) -> Vec<u8> {
    let mut archive = parse(bytes);
    change(&mut archive);
    assemble(&archive)
}

/// An entry of the archive.
pub(crate) fn entry<'a>(archive: &'a mut RawArchive, name: &str) -> &'a mut RawEntry {
    let mut entries = archive.entries.iter_mut();
    entries.find(|one| one.name() == name).unwrap()
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

/// Gives an entry these stored bytes, in both headers.
pub(crate) fn store(entry: &mut RawEntry, method: u16, crc: u32, size: usize, stored: &[u8]) {
    let name_len = usize::from(u16::from_le_bytes([entry.local[26], entry.local[27]]));
    let extra_len = usize::from(u16::from_le_bytes([entry.local[28], entry.local[29]]));
    entry.local.truncate(30 + name_len + extra_len);
    let small = |size: usize| u32::try_from(size).unwrap().to_le_bytes();
    for (bytes, at) in [(&mut entry.local, 6), (&mut entry.record, 8)] {
        bytes[at] &= !8;
        put(bytes, at + 2, &method.to_le_bytes());
        put(bytes, at + 8, &crc.to_le_bytes());
        put(bytes, at + 12, &small(stored.len()));
        put(bytes, at + 16, &small(size));
    }
    entry.local.extend(stored);
}

/// Gives an entry this content, stored.
pub(crate) fn with_content(bytes: &[u8], name: &str, content: &[u8]) -> Vec<u8> {
    rebuilt(bytes, |archive| {
        let crc = crc32fast::hash(content);
        store(entry(archive, name), 0, crc, content.len(), content);
    })
}

/// Replaces a text in a part, which must hold it.
pub(crate) fn with_text(bytes: &[u8], name: &str, from: &str, to: &str) -> Vec<u8> {
    let text = super::archive::text(bytes, name);
    assert!(text.contains(from), "{name} holds no {from}: {text}");
    with_content(bytes, name, text.replacen(from, to, 1).as_bytes())
}

/// Where the stored bytes of an entry lie in the file, and a descriptor or gap behind them.
pub(crate) fn stored_range(bytes: &[u8], name: &str) -> std::ops::Range<usize> {
    let archive = parse(bytes);
    let one = archive.find(name).unwrap();
    let name_len = usize::from(u16::from_le_bytes([one.local[26], one.local[27]]));
    let extra_len = usize::from(u16::from_le_bytes([one.local[28], one.local[29]]));
    let start = one.offset + 30 + name_len + extra_len;
    start..one.offset + one.local.len()
}
