//! A ZIP reader for comparisons: raw bytes of every entry, taken apart by hand.

use std::io::{self, BufRead, Cursor, Read};

/// An entry as it lies in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawEntry {
    pub(crate) name: Vec<u8>,
    /// From the local header up to the next entry: header, extra field, content, descriptor.
    pub(crate) local: Vec<u8>,
    /// The directory record, its offset set to zero.
    pub(crate) record: Vec<u8>,
    pub(crate) offset: usize,
    /// Where the directory record stands.
    pub(crate) record_at: usize,
}

impl RawEntry {
    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// An archive in directory order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawArchive {
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) comment: Vec<u8>,
}

impl RawArchive {
    pub(crate) fn find(&self, name: &str) -> Option<&RawEntry> {
        self.entries
            .iter()
            .find(|entry| entry.name.eq_ignore_ascii_case(name.as_bytes()))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.entries.iter().map(RawEntry::name).collect()
    }
}

fn short(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()))
}

fn wide(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// The offset in a record's zip64 field, as a place in the record.
fn zip64_offset(record: &[u8]) -> usize {
    let mut at = 46 + short(record, 28);
    let end = at + short(record, 30);
    while at < end {
        let (id, len) = (short(record, at), short(record, at + 2));
        if id == 1 {
            let before = [20, 24]
                .iter()
                .filter(|field| long(record, **field) == u64::from(u32::MAX))
                .count();
            return at + 4 + before * 8;
        }
        at += 4 + len;
    }
    panic!("a saturated offset without a zip64 field")
}

/// Takes an archive apart. Panics on anything but a clean archive without bytes around it.
pub(crate) fn parse(bytes: &[u8]) -> RawArchive {
    let end = (0..=bytes.len() - 22)
        .rev()
        .find(|at| {
            bytes[*at..].starts_with(b"PK\x05\x06")
                && at + 22 + short(bytes, at + 20) == bytes.len()
        })
        .unwrap();
    let mut count = short(bytes, end + 10) as u64;
    let mut size = long(bytes, end + 12);
    let mut start = long(bytes, end + 16);
    if end >= 20 && bytes[end - 20..].starts_with(b"PK\x06\x07") {
        let at = usize::try_from(wide(bytes, end - 12)).unwrap();
        assert!(bytes[at..].starts_with(b"PK\x06\x06"));
        count = wide(bytes, at + 32);
        size = wide(bytes, at + 40);
        start = wide(bytes, at + 48);
    }
    let start = usize::try_from(start).unwrap();
    let mut entries = Vec::new();
    let mut at = start;
    for _ in 0..count {
        assert!(bytes[at..].starts_with(b"PK\x01\x02"), "record at {at}");
        let len = 46 + short(bytes, at + 28) + short(bytes, at + 30) + short(bytes, at + 32);
        let mut record = bytes[at..at + len].to_vec();
        let mut offset = long(&record, 42);
        if offset == u64::from(u32::MAX) {
            let place = zip64_offset(&record);
            offset = wide(&record, place);
            record[place..place + 8].fill(0);
        } else {
            record[42..46].fill(0);
        }
        entries.push(RawEntry {
            name: record[46..46 + short(&record, 28)].to_vec(),
            local: Vec::new(),
            record,
            offset: usize::try_from(offset).unwrap(),
            record_at: at,
        });
        at += len;
    }
    assert_eq!(at, start + usize::try_from(size).unwrap(), "directory size");
    let mut offsets: Vec<usize> = entries.iter().map(|entry| entry.offset).collect();
    offsets.push(start);
    offsets.sort_unstable();
    for entry in &mut entries {
        let next = offsets.iter().find(|other| **other > entry.offset).unwrap();
        entry.local = bytes[entry.offset..*next].to_vec();
        assert!(entry.local.starts_with(b"PK\x03\x04"), "{}", entry.name());
    }
    RawArchive {
        entries,
        comment: bytes[end + 22..].to_vec(),
    }
}

/// Compares two archives entry by entry. `changing` are the parts that may differ, be added or
/// go; gives those that did.
pub(crate) fn compare(before: &[u8], after: &[u8], changing: &[&str]) -> Vec<String> {
    let (old, new) = (parse(before), parse(after));
    let may = |name: &str| changing.iter().any(|one| one.eq_ignore_ascii_case(name));
    assert_eq!(old.comment, new.comment, "the archive's comment");
    let mut changed = Vec::new();
    for entry in &old.entries {
        let name = entry.name();
        match new.find(&name) {
            Some(other) if other.local == entry.local && other.record == entry.record => {}
            Some(other) => {
                assert!(may(&name), "{name} changed");
                assert_eq!(other.name, entry.name);
                changed.push(name);
            }
            None => {
                assert!(may(&name), "{name} is gone");
                changed.push(name);
            }
        }
    }
    for name in new.names() {
        if old.find(&name).is_none() {
            assert!(may(&name), "{name} is new");
            changed.push(name);
        }
    }
    // The order stays, in the directory and in the file; new parts come last.
    let kept: Vec<String> = old
        .names()
        .into_iter()
        .filter(|name| new.find(name).is_some())
        .collect();
    assert_eq!(new.names()[..kept.len()], kept[..], "directory order");
    let by_offset = |archive: &RawArchive, names: &[String]| {
        let mut list: Vec<(usize, String)> = names
            .iter()
            .map(|name| (archive.find(name).unwrap().offset, name.clone()))
            .collect();
        list.sort();
        list.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    assert_eq!(by_offset(&old, &kept), by_offset(&new, &kept), "file order");
    assert!(!new.names().iter().any(|name| name == "mimetype"));
    changed
}

/// Changes the local header and the directory record of an entry, in place.
pub(crate) fn patch(
    bytes: &mut [u8],
    name: &str,
    local: impl FnOnce(&mut [u8]),
    record: impl FnOnce(&mut [u8]),
) {
    let archive = parse(bytes);
    let entry = archive.find(name).unwrap();
    let (offset, at) = (entry.offset, entry.record_at);
    local(&mut bytes[offset..]);
    record(&mut bytes[at..]);
}

/// Gives an entry another name of the same length.
pub(crate) fn rename(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    patch(
        bytes,
        from,
        |local| local[30..30 + to.len()].copy_from_slice(to.as_bytes()),
        |record| record[46..46 + to.len()].copy_from_slice(to.as_bytes()),
    );
}

/// The place of the end record.
pub(crate) fn end_record(bytes: &[u8]) -> usize {
    bytes
        .windows(4)
        .rposition(|window| window == b"PK\x05\x06")
        .unwrap()
}

/// All contents, by the zip library: the second oracle. Checks that no name occurs twice.
pub(crate) fn contents(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    try_contents(bytes).unwrap()
}

/// [`contents`] of an archive that may hold damaged entries.
pub(crate) fn try_contents(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    assert!(!archive.has_duplicate_names());
    assert!(!archive.has_overlapping_entries()?);
    (0..archive.len())
        .map(|at| {
            let mut file = archive.by_index(at)?;
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            Ok((file.name()?.into_owned(), content))
        })
        .collect()
}

/// One part's content, by the zip library.
pub(crate) fn part(bytes: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut file = archive.by_name(name).ok()?;
    let mut content = Vec::new();
    file.read_to_end(&mut content).unwrap();
    Some(content)
}

/// One part's content as text.
pub(crate) fn text(bytes: &[u8], name: &str) -> String {
    let content = part(bytes, name).unwrap_or_else(|| panic!("{name} is missing"));
    String::from_utf8(content).unwrap()
}

/// Whether the needle is in the bytes. The search for its first byte is the standard library's own
/// and fast without optimisation too, which the corpus needs.
pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let (first, others) = needle.split_first().unwrap();
    let mut rest = bytes;
    while rest.skip_until(*first).unwrap() > 0 {
        let is_hit = bytes[..bytes.len() - rest.len()].ends_with(&[*first]);
        if is_hit && rest.starts_with(others) {
            return true;
        }
    }
    false
}

/// The compressed bytes of an entry.
pub(crate) fn compressed(bytes: &[u8], name: &str) -> Vec<u8> {
    let archive = parse(bytes);
    let entry = archive.find(name).unwrap();
    let name_len = usize::from(u16::from_le_bytes([entry.local[26], entry.local[27]]));
    let extra_len = usize::from(u16::from_le_bytes([entry.local[28], entry.local[29]]));
    let len = u32::from_le_bytes(entry.record[20..24].try_into().unwrap());
    let start = 30 + name_len + extra_len;
    entry.local[start..start + len as usize].to_vec()
}

/// No entry holds the text, in whatever part.
pub(crate) fn nowhere(bytes: &[u8], needle: &str) -> bool {
    contents(bytes)
        .iter()
        .all(|(_, content)| !contains(content, needle.as_bytes()))
        && !contains(bytes, needle.as_bytes())
}
