//! One entry of both archives: stored bytes, both headers, and what stands behind it.

use super::archive::{Archive, RECORD_BYTES, Span, blank};
use super::bytes::{self, Stored};
use crate::ooxml::directory::{Entry, LOCAL_HEADER_BYTES, u16_at, u32_at};
use crate::same;
use crate::source::read_range;
use crate::verify::{DifferenceKind, Differences, VerifyError, io_error};

/// Most bytes that are inflated to tell another packing from another content, for all entries of
/// one comparison together.
pub(super) const INFLATED_BYTES_MAX: u64 = 256 * 1_048_576;

/// The flag that says that sizes follow behind the content.
const DESCRIPTOR_FLAG: u16 = 0x0008;

/// The flags that tell how hard the packer tried.
const LEVEL_FLAGS: u16 = 0x0006;

/// The version that a program needs for deflated entries, and for stored ones.
const NEEDED_VERSIONS: [u16; 2] = [20, 10];

/// The extra field with 64-bit sizes and offset.
const ZIP64_EXTRA: u16 = 0x0001;

/// An entry of one side.
struct One<'a, 'b> {
    archive: &'b Archive<'a>,
    entry: &'b Entry,
    span: &'b Span,
    record: Vec<u8>,
    header: Vec<u8>,
}

impl<'a, 'b> One<'a, 'b> {
    fn new(archive: &'b Archive<'a>, at: usize) -> Result<Option<Self>, VerifyError> {
        let (Some(entry), Some(span)) = (archive.entries().get(at), archive.spans.get(at)) else {
            return Ok(None);
        };
        let len = usize::try_from(span.header.end - span.header.start).unwrap_or_default();
        let header = read_range(archive.source, span.header.start, len)
            .map_err(|error| io_error((archive.side, error)))?;
        Ok(Some(Self {
            archive,
            entry,
            span,
            record: archive.directory().record(entry).to_vec(),
            header,
        }))
    }

    fn stored(&self) -> Stored<'a> {
        Stored {
            source: self.archive.source,
            range: self.span.data.clone(),
            method: self.entry.method,
        }
    }

    /// The extra field of the directory record, its offset blanked.
    fn record_extra(&self) -> Vec<u8> {
        let mut record = self.record.clone();
        if let Some(at) = self.entry.zip64_offset_at() {
            blank(&mut record, at..at + 8);
        }
        let start = RECORD_BYTES + length(&record, 28);
        let extra = record.get(start..start + length(&record, 30));
        extra.unwrap_or_default().to_vec()
    }

    fn record_comment(&self) -> &[u8] {
        let start = RECORD_BYTES + length(&self.record, 28) + length(&self.record, 30);
        self.record.get(start..).unwrap_or_default()
    }

    fn header_name(&self) -> &[u8] {
        let stop = LOCAL_HEADER_BYTES + length(&self.header, 26);
        self.header
            .get(LOCAL_HEADER_BYTES..stop)
            .unwrap_or_default()
    }

    fn header_extra(&self) -> &[u8] {
        let start = LOCAL_HEADER_BYTES + length(&self.header, 26);
        self.header.get(start..).unwrap_or_default()
    }
}

fn length(bytes: &[u8], at: usize) -> usize {
    usize::from(u16_at(bytes, at).unwrap_or_default())
}

/// Compares an entry that is in both archives. A label part may hold other content, and then has
/// other sizes; everything else of it stays too.
pub(super) fn compare(
    before: (&Archive<'_>, usize),
    after: (&Archive<'_>, usize),
    is_label_part: bool,
    inflated_left: &mut u64,
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let (Some(old), Some(new)) = (One::new(before.0, before.1)?, One::new(after.0, after.1)?)
    else {
        return Ok(());
    };
    let place = String::from_utf8_lossy(before.0.name(before.1)).into_owned();
    let same_bytes = same::same(
        old.archive.source,
        old.span.data.clone(),
        new.archive.source,
        new.span.data.clone(),
    )
    .map_err(io_error)?;
    let same_tail = same::same(
        old.archive.source,
        old.span.tail.clone(),
        new.archive.source,
        new.span.tail.clone(),
    )
    .map_err(io_error)?;
    // One that was written anew may hold what it held before.
    let rewritten = is_label_part && !(same_bytes && same_tail && old.header == new.header);
    if !same_bytes && !is_label_part {
        let (kind, detail) = what_changed(&old, &new, inflated_left);
        differences.add(kind, &place, detail);
    }
    let compared = Compared {
        place: &place,
        same_bytes,
        rewritten,
    };
    compare_records(&compared, &old, &new, differences);
    compare_headers(&compared, &old, &new, differences);
    if rewritten {
        check_storage(&place, &old, &new, differences);
        check_rewritten(&place, &new, differences);
    } else if !same_tail {
        let detail = "the bytes behind the content changed: data descriptor or gap";
        differences.add(DifferenceKind::ArchiveStructure, &place, detail);
    }
    Ok(())
}

/// What is known about an entry before its headers are compared.
struct Compared<'a> {
    place: &'a str,
    /// The stored bytes are the same.
    same_bytes: bool,
    /// It is a label part that was written anew, so that how it is stored may differ.
    rewritten: bool,
}

/// An entry that only the second archive has, and may have.
pub(super) fn check_added(
    archive: &Archive<'_>,
    at: usize,
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    if let Some(new) = One::new(archive, at)? {
        let place = String::from_utf8_lossy(archive.name(at)).into_owned();
        check_rewritten(&place, &new, differences);
    }
    Ok(())
}

/// Other content, or the same content packed in another way.
fn what_changed(
    old: &One<'_, '_>,
    new: &One<'_, '_>,
    inflated_left: &mut u64,
) -> (DifferenceKind, String) {
    let (one, other) = (old.entry, new.entry);
    let changed = |detail: String| (DifferenceKind::ContentChanged, detail);
    if one.inflated != other.inflated {
        return changed(format!("{} bytes, now {}", one.inflated, other.inflated));
    }
    if one.crc != other.crc {
        return changed(format!("checksum {:08x}, now {:08x}", one.crc, other.crc));
    }
    if !one.is_supported() || !other.is_supported() {
        return changed("the stored bytes differ".to_owned());
    }
    let Some(left) = inflated_left.checked_sub(one.inflated) else {
        return changed("the stored bytes differ; too large to inflate and compare".to_owned());
    };
    *inflated_left = left;
    if bytes::same_inflated(old.stored(), new.stored(), one.inflated) {
        let detail = "the same content in other compressed bytes".to_owned();
        return (DifferenceKind::Recompressed, detail);
    }
    changed("the content differs; size and checksum claim that it does not".to_owned())
}

/// A field of a header: where it stands, what it is called, which kind of difference it is.
type Field = (std::ops::Range<usize>, &'static str, DifferenceKind);

/// The fields of a directory record that hold about any content.
const RECORD_FIELDS: [Field; 4] = [
    (4..6, "made-by version", DifferenceKind::Attributes),
    (
        12..16,
        "time stamp of the directory",
        DifferenceKind::TimeStamp,
    ),
    (36..38, "internal attributes", DifferenceKind::Attributes),
    (38..42, "external attributes", DifferenceKind::Attributes),
];

/// Those that follow from how the content is stored.
const RECORD_STORAGE_FIELDS: [Field; 3] = [
    (6..8, "needed version", DifferenceKind::DirectoryRecord),
    (8..10, "flags", DifferenceKind::DirectoryRecord),
    (
        10..12,
        "compression method",
        DifferenceKind::DirectoryRecord,
    ),
];

/// Those that follow from the content.
const RECORD_CONTENT_FIELDS: [Field; 4] = [
    (16..20, "checksum", DifferenceKind::DirectoryRecord),
    (20..24, "compressed size", DifferenceKind::DirectoryRecord),
    (24..28, "size", DifferenceKind::DirectoryRecord),
    (34..36, "disk", DifferenceKind::DirectoryRecord),
];

const HEADER_FIELDS: [Field; 1] = [(10..14, "time stamp", DifferenceKind::TimeStamp)];

const HEADER_STORAGE_FIELDS: [Field; 3] = [
    (4..6, "needed version", DifferenceKind::LocalHeader),
    (6..8, "flags", DifferenceKind::LocalHeader),
    (8..10, "compression method", DifferenceKind::LocalHeader),
];

const HEADER_CONTENT_FIELDS: [Field; 3] = [
    (14..18, "checksum", DifferenceKind::LocalHeader),
    (18..22, "compressed size", DifferenceKind::LocalHeader),
    (22..26, "size", DifferenceKind::LocalHeader),
];

fn compare_fields(
    place: &str,
    old: &[u8],
    new: &[u8],
    fields: &[Field],
    differences: &mut Differences,
) {
    for (range, name, kind) in fields {
        if old.get(range.clone()) != new.get(range.clone()) {
            differences.add(*kind, place, format!("the {name} changed"));
        }
    }
}

fn compare_records(
    compared: &Compared<'_>,
    old: &One<'_, '_>,
    new: &One<'_, '_>,
    differences: &mut Differences,
) {
    let (place, rewritten) = (compared.place, compared.rewritten);
    let mut fields = RECORD_FIELDS.to_vec();
    if !rewritten {
        fields.extend(RECORD_STORAGE_FIELDS);
    }
    // Where the content changed, that was said.
    if compared.same_bytes && !rewritten {
        fields.extend(RECORD_CONTENT_FIELDS);
    }
    compare_fields(place, &old.record, &new.record, &fields, differences);
    let extra = |one: &One<'_, '_>| {
        let extra = one.record_extra();
        if rewritten {
            without_zip64(&extra)
        } else {
            extra
        }
    };
    if extra(old) != extra(new) {
        let detail = "the extra field of the directory changed";
        differences.add(DifferenceKind::ExtraField, place, detail);
    }
    if old.record_comment() != new.record_comment() {
        let detail = "the comment of the entry changed";
        differences.add(DifferenceKind::EntryComment, place, detail);
    }
}

fn compare_headers(
    compared: &Compared<'_>,
    old: &One<'_, '_>,
    new: &One<'_, '_>,
    differences: &mut Differences,
) {
    let (place, rewritten) = (compared.place, compared.rewritten);
    let mut fields = HEADER_FIELDS.to_vec();
    if !rewritten {
        fields.extend(HEADER_STORAGE_FIELDS);
    }
    if compared.same_bytes && !rewritten {
        fields.extend(HEADER_CONTENT_FIELDS);
    }
    compare_fields(place, &old.header, &new.header, &fields, differences);
    if old.header_name() != new.header_name() {
        let detail = "the name in the local header changed";
        differences.add(DifferenceKind::LocalHeader, place, detail);
    }
    let extra = |one: &One<'_, '_>| {
        let extra = one.header_extra();
        if rewritten {
            without_zip64(extra)
        } else {
            extra.to_vec()
        }
    };
    if extra(old) != extra(new) {
        let detail = "the extra field of the local header changed";
        differences.add(DifferenceKind::ExtraField, place, detail);
    }
}

/// How a rewritten entry is stored may change, and nothing else that its flags and versions say.
fn check_storage(place: &str, old: &One<'_, '_>, new: &One<'_, '_>, differences: &mut Differences) {
    let headers = [
        (&old.header, &new.header, 4, DifferenceKind::LocalHeader),
        (&old.record, &new.record, 6, DifferenceKind::DirectoryRecord),
    ];
    for (old, new, at, kind) in headers {
        let needed = u16_at(new, at);
        let is_known = needed.is_some_and(|version| NEEDED_VERSIONS.contains(&version));
        if needed != u16_at(old, at) && !is_known {
            differences.add(kind, place, "the needed version changed");
        }
        let flags = |bytes: &[u8]| u16_at(bytes, at + 2).unwrap_or_default();
        // The packer's flags may go with its bytes; the descriptor's follow from what is there.
        let changed = (flags(old) ^ flags(new)) & !DESCRIPTOR_FLAG;
        let cleared = changed & !LEVEL_FLAGS == 0 && flags(new) & LEVEL_FLAGS == 0;
        if changed != 0 && !cleared {
            differences.add(kind, place, "the flags changed");
        }
    }
}

/// What is new must agree with itself: a program that reads from the start of the file sees what
/// one sees that reads the directory, and nothing of the old part is left behind it.
fn check_rewritten(place: &str, new: &One<'_, '_>, differences: &mut Differences) {
    let flags = u16_at(&new.header, 6).unwrap_or_default();
    let described = flags & DESCRIPTOR_FLAG != 0;
    // The other flags say nothing about where the content ends, and writers keep them as they were.
    let mut agrees = u16_at(&new.header, 8) == Some(new.entry.method)
        && (flags ^ new.entry.flags) & DESCRIPTOR_FLAG == 0
        && new.header_name() == new.archive.directory().name(new.entry);
    if !described {
        let field = |at, value: u64| u32_at(&new.header, at).map(u64::from) == Some(value);
        agrees &= u32_at(&new.header, 14) == Some(new.entry.crc)
            && field(18, new.entry.compressed)
            && field(22, new.entry.inflated);
    }
    if !agrees {
        let detail = "the local header disagrees with the directory";
        differences.add(DifferenceKind::LocalHeader, place, detail);
    }
    let tail = new.span.tail.end - new.span.tail.start;
    // With or without a signature, with narrow or wide sizes.
    let fits = if described {
        [12, 16, 20, 24].contains(&tail)
    } else {
        tail == 0
    };
    if !fits {
        let detail = format!("{tail} bytes are left behind the content");
        differences.add(DifferenceKind::ArchiveStructure, place, detail);
    }
}

/// The extra field without wide sizes, which a smaller content doesn't need.
fn without_zip64(extra: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(extra.len());
    let mut rest = extra;
    while rest.len() >= 4 {
        let stop = 4 + length(rest, 2);
        let Some(field) = rest.get(..stop) else { break };
        if u16_at(rest, 0) != Some(ZIP64_EXTRA) {
            kept.extend_from_slice(field);
        }
        rest = rest.get(stop..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}
