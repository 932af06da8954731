//! Comparing two PDFs: everything that their current revisions reach, but labels, must be the same.
//!
//! Objects are followed from the two trailers in step, so that numbers and places don't count.
//! Shares the object reader with reading; with writing, only the tree of the packet's elements.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use label_core::{FileLabel, LabelId, TenantId};

use super::append::{is_of_content, is_of_section};
use super::file::{Found, PdfFile, Stream};
use super::object::{Dictionary, Object, ObjectId};
use super::packet::Packet;
use super::{Opened, text_of};
use crate::error::PartError;
use crate::keys::{self, Leaving, tenant_of};
use crate::limits::Limits;
use crate::read::read_source;
use crate::same;
use crate::source::{ByteSource, read_range};
use crate::verify::{
    DifferenceKind, Differences, LabelChange, Side, VerifyError, VerifyOptions, io_error,
    part_error,
};

/// Most pairs of objects that are compared.
const PAIRS_MAX: usize = 1_000_000;

/// Most bytes that looking at all objects of one file may read: each costs a few KB.
const WORK_BYTES_MAX: u64 = 4 << 30;

/// Entries of a trailer that are compared in ways of their own.
const COMPARED_APART: [&[u8]; 3] = [b"ID", b"Info", b"Root"];

/// Compares two files that were read as PDFs.
pub(crate) fn compare(
    (before, after): (&dyn ByteSource, &dyn ByteSource),
    changes: &[LabelChange],
    options: &VerifyOptions,
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let limits = Limits {
        pdf_work_bytes_max: WORK_BYTES_MAX,
        ..options.limits.clone()
    };
    let old = Opened::new(before, &limits).map_err(|error| part_error(Side::Before, error))?;
    let new = Opened::new(after, &limits).map_err(|error| part_error(Side::After, error))?;
    let allowed = allowed((before, after), changes, options);
    header((before, &old.file), (after, &new.file), differences)?;
    trailer(&old.file, &new.file, differences);

    let mut walk = Walk {
        old: (before, &old.file),
        new: (after, &new.file),
        seen: HashSet::new(),
        queue: Vec::new(),
        differences,
    };
    // These three are compared in ways of their own, also where something else refers to them.
    let of_trailer = |file: &PdfFile<'_>, key: &[u8]| file.trailer.get(key).cloned();
    let roots = [b"Root".as_slice(), b"Info"]
        .map(|key| (of_trailer(&old.file, key), of_trailer(&new.file, key)));
    let metadata = |catalog: &Dictionary| catalog.get(b"Metadata").cloned();
    for pair in [(metadata(&old.catalog), metadata(&new.catalog))]
        .into_iter()
        .chain(roots)
    {
        if let (Some(Object::Reference(old)), Some(Object::Reference(new))) = pair {
            walk.seen.insert((old, new));
        }
    }
    walk.info(&allowed)?;
    walk.metadata(&old.catalog, &new.catalog, &allowed, &limits)?;
    let without_metadata = |key: &[u8]| key == b"Metadata";
    walk.dictionaries("Root", &old.catalog, &new.catalog, without_metadata);
    walk.run()
}

/// Which properties may differ: those of the labels of one tenant, in either file.
fn allowed(
    (before, after): (&dyn ByteSource, &dyn ByteSource),
    changes: &[LabelChange],
    options: &VerifyOptions,
) -> Leaving {
    let read_options = options.read_options();
    let [old, new] = [before, after].map(|source| read_source(source, &read_options).labels);
    let records = [old.as_slice(), new.as_slice()].concat();
    let of = |records: &[FileLabel], tenant: Option<TenantId>| -> Vec<FileLabel> {
        let own = records.iter().filter(|one| tenant_of(one) == tenant);
        own.cloned().collect()
    };
    let tenants: BTreeSet<Option<TenantId>> = match options.tenant {
        Some(tenant) => BTreeSet::from([Some(tenant)]),
        None => {
            let changed: BTreeSet<Option<TenantId>> = records
                .iter()
                .map(tenant_of)
                .filter(|tenant| of(&old, *tenant) != of(&new, *tenant))
                .collect();
            let id = |label: &Option<label_core::EffectiveLabel>| {
                label.as_ref().map(|label| label.id_text.clone())
            };
            let relabelled: BTreeSet<Option<TenantId>> = changes
                .iter()
                .filter(|one| id(&one.previous) != id(&one.new))
                .map(|one| one.tenant)
                .collect();
            match (changed.len(), relabelled.len()) {
                (0 | 1, _) => changed,
                (_, 1) => relabelled,
                _ => BTreeSet::new(),
            }
        }
    };
    let mut ids: Vec<LabelId> = Vec::new();
    for tenant in tenants {
        match tenant {
            Some(tenant) => {
                let own: Vec<LabelId> = of(&records, Some(tenant))
                    .iter()
                    .filter_map(|record| record.id)
                    .collect();
                ids.extend(keys::groups_of(&records, tenant, &own));
            }
            None => ids.extend(of(&records, None).iter().filter_map(|record| record.id)),
        }
    }
    Leaving::new(ids, &records)
}

/// The version in the header never goes down, and a change of labels leaves it.
fn header(
    (before, old): (&dyn ByteSource, &PdfFile<'_>),
    (after, new): (&dyn ByteSource, &PdfFile<'_>),
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let version = |side: Side, source: &dyn ByteSource, file: &PdfFile<'_>| {
        let rest = source.len().saturating_sub(file.header_offset).min(8);
        read_range(
            source,
            file.header_offset,
            usize::try_from(rest).unwrap_or_default(),
        )
        .map_err(|error| io_error((side, error)))
    };
    if version(Side::Before, before, old)? != version(Side::After, after, new)? {
        differences.add(DifferenceKind::Trailer, "header", "another version");
    }
    Ok(())
}

/// Entries of the trailer that are the document's; what they refer to is not followed.
fn trailer(old: &PdfFile<'_>, new: &PdfFile<'_>, differences: &mut Differences) {
    let own = |file: &PdfFile<'_>| -> BTreeMap<Vec<u8>, Object> {
        let entries = file.trailer.0.iter();
        entries
            .filter(|(key, _)| !is_of_section(key) && !COMPARED_APART.contains(&key.as_slice()))
            .cloned()
            .collect()
    };
    let id = |file: &PdfFile<'_>| {
        let parts = file.trailer.get(b"ID").and_then(Object::array)?;
        parts.first().cloned()
    };
    if own(old) != own(new) || id(old) != id(new) {
        let detail = "another entry than those that an update changes";
        differences.add(DifferenceKind::Trailer, "trailer", detail);
    }
}

/// Two objects that have to be the same, and how they were reached.
struct Pair {
    place: String,
    old: ObjectId,
    new: ObjectId,
}

/// A walk through two files in step.
struct Walk<'w, 'a> {
    old: (&'w dyn ByteSource, &'w PdfFile<'a>),
    new: (&'w dyn ByteSource, &'w PdfFile<'a>),
    seen: HashSet<(ObjectId, ObjectId)>,
    queue: Vec<Pair>,
    differences: &'w mut Differences,
}

/// How many characters of the way to an object are shown.
const PLACE_CHARACTERS_MAX: usize = 100;

fn below(place: &str, name: &str) -> String {
    if place.len() > PLACE_CHARACTERS_MAX {
        return place.to_owned();
    }
    format!("{place}/{name}")
}

impl Walk<'_, '_> {
    fn run(&mut self) -> Result<(), VerifyError> {
        while let Some(pair) = self.queue.pop() {
            if self.seen.len() > PAIRS_MAX {
                let cause = format!("over {PAIRS_MAX} objects");
                return Err(VerifyError::TooLarge {
                    side: Side::After,
                    cause,
                });
            }
            self.pair(&pair)?;
        }
        Ok(())
    }

    fn differ(&mut self, place: &str, detail: &str) {
        self.differences.add(DifferenceKind::Object, place, detail);
    }

    fn pair(&mut self, pair: &Pair) -> Result<(), VerifyError> {
        let found = |side: Side, file: &PdfFile<'_>, id: ObjectId| {
            match file.resolve(&Object::Reference(id)) {
                Ok(found) => Ok(Some(found)),
                Err(error @ PartError::Io(_)) => Err(part_error(side, error)),
                // Damaged before and after is the same.
                Err(_) => Ok(None),
            }
        };
        let old = found(Side::Before, self.old.1, pair.old)?;
        let new = found(Side::After, self.new.1, pair.new)?;
        match (old, new) {
            (None, None) => Ok(()),
            (Some(Found::Direct(old)), Some(Found::Direct(new))) => {
                self.objects(&pair.place, &old, &new);
                Ok(())
            }
            (Some(Found::Stream(old)), Some(Found::Stream(new))) => {
                self.streams(&pair.place, &old, &new)
            }
            _ => {
                self.differ(&pair.place, "another kind of object");
                Ok(())
            }
        }
    }

    fn streams(&mut self, place: &str, old: &Stream, new: &Stream) -> Result<(), VerifyError> {
        // How objects are stored is no part of what they say, also where something refers to it.
        let is_structure = |stream: &Stream| {
            let kind = stream.dictionary.get(b"Type").and_then(Object::name);
            matches!(kind, Some(b"ObjStm" | b"XRef"))
        };
        if is_structure(old) && is_structure(new) {
            return Ok(());
        }
        let of_length = |key: &[u8]| key == b"Length";
        self.dictionaries(place, &old.dictionary, &new.dictionary, of_length);
        let same = same::same(self.old.0, old.range(), self.new.0, new.range());
        if !same.map_err(io_error)? {
            self.differ(place, "other bytes in the stream");
        }
        Ok(())
    }

    fn objects(&mut self, place: &str, old: &Object, new: &Object) {
        match (old, new) {
            (Object::Reference(old), Object::Reference(new)) => {
                if self.seen.insert((*old, *new)) {
                    self.queue.push(Pair {
                        place: place.to_owned(),
                        old: *old,
                        new: *new,
                    });
                }
            }
            (Object::Array(old), Object::Array(new)) => {
                if old.len() != new.len() {
                    self.differ(place, "another number of items");
                    return;
                }
                for (at, (old, new)) in old.iter().zip(new).enumerate() {
                    let is_simple = !matches!(
                        old,
                        Object::Array(_) | Object::Dictionary(_) | Object::Reference(_)
                    );
                    if !is_simple || old != new {
                        self.objects(&below(place, &at.to_string()), old, new);
                    }
                }
            }
            (Object::Dictionary(old), Object::Dictionary(new)) => {
                self.dictionaries(place, old, new, |_| false);
            }
            _ if old == new => {}
            _ => self.differ(place, "another value"),
        }
    }

    fn dictionaries(
        &mut self,
        place: &str,
        old: &Dictionary,
        new: &Dictionary,
        passed_over: impl Fn(&[u8]) -> bool,
    ) {
        // Of a key that occurs twice the last counts; null is as good as absent.
        let entries = |dictionary: &Dictionary| -> BTreeMap<Vec<u8>, Object> {
            let entries = dictionary.0.iter();
            let mut map: BTreeMap<Vec<u8>, Object> = entries
                .filter(|(key, _)| !passed_over(key))
                .cloned()
                .collect();
            map.retain(|_, value| *value != Object::Null);
            map
        };
        let (old, new) = (entries(old), entries(new));
        for (key, value) in &old {
            let place = below(place, &String::from_utf8_lossy(key));
            match new.get(key) {
                Some(other) => self.objects(&place, value, other),
                None => self.differ(&place, "the entry is gone"),
            }
        }
        for key in new.keys().filter(|key| !old.contains_key(*key)) {
            let place = below(place, &String::from_utf8_lossy(key));
            self.differ(&place, "the entry is new");
        }
    }

    /// The information dictionaries: entry by entry, by what they say.
    fn info(&mut self, allowed: &Leaving) -> Result<(), VerifyError> {
        let entries = |side: Side, file: &PdfFile<'_>| {
            let found = file.trailer.get(b"Info").map(|info| file.resolve(info));
            let dictionary = match found.transpose() {
                Ok(Some(Found::Direct(Object::Dictionary(dictionary)))) => dictionary,
                Ok(Some(Found::Stream(stream))) => stream.dictionary,
                Ok(_) => Dictionary::default(),
                Err(error) => return Err(part_error(side, error)),
            };
            let mut map: BTreeMap<Vec<u8>, Object> = dictionary.0.iter().cloned().collect();
            map.retain(|key, value| {
                let name = std::str::from_utf8(key).unwrap_or_default();
                let text = text_of(file, value).unwrap_or_default();
                !allowed.has(name, &text)
            });
            Ok(Dictionary(map.into_iter().collect()))
        };
        let old = entries(Side::Before, self.old.1)?;
        let new = entries(Side::After, self.new.1)?;
        for (key, value) in old.0.iter().chain(&new.0) {
            let (one, other) = (old.get(key), new.get(key));
            let is_same = match (one, other) {
                (Some(Object::Reference(_)), Some(Object::Reference(_))) => continue,
                _ => one == other,
            };
            // Told once, from the side that has it, or the old one.
            let is_first = one == Some(value) || one.is_none();
            if !is_same && is_first && *value != Object::Null {
                let place = format!("Info/{}", String::from_utf8_lossy(key));
                let detail = "another value, or on one side only";
                self.differences
                    .add(DifferenceKind::InfoEntry, &place, detail);
            }
        }
        // What stands behind references is an object like any other.
        let references = |dictionary: &Dictionary| {
            let mut only = dictionary.clone();
            only.0
                .retain(|(_, value)| matches!(value, Object::Reference(_)));
            only
        };
        let both = |one: &Dictionary, other: &Dictionary| {
            let mut kept = references(one);
            kept.0
                .retain(|(key, _)| matches!(other.get(key), Some(Object::Reference(_))));
            kept
        };
        let (one, other) = (both(&old, &new), both(&new, &old));
        self.dictionaries("Info", &one, &other, |_| false);
        Ok(())
    }

    /// The XMP packets: element by element, and everything else of the two streams.
    fn metadata(
        &mut self,
        old: &Dictionary,
        new: &Dictionary,
        allowed: &Leaving,
        limits: &Limits,
    ) -> Result<(), VerifyError> {
        let stream = |side: Side, file: &PdfFile<'_>, catalog: &Dictionary| match catalog
            .get(b"Metadata")
            .map(|one| file.resolve(one))
            .transpose()
        {
            Ok(Some(Found::Stream(stream))) => Ok(Some(stream)),
            Ok(_) => Ok(None),
            Err(error) => Err(part_error(side, error)),
        };
        let old = stream(Side::Before, self.old.1, old)?;
        let new = stream(Side::After, self.new.1, new)?;
        if let (Some(old), Some(new)) = (&old, &new) {
            self.dictionaries(
                "Root/Metadata",
                &old.dictionary,
                &new.dictionary,
                is_of_content,
            );
        }
        let elements = |file: &PdfFile<'_>, stream: &Option<Stream>| match stream {
            None => Ok(Vec::new()),
            Some(stream) => file
                .content(stream)
                .and_then(|packet| Packet::parse(packet, limits))
                .map(|packet| packet.statements(allowed)),
        };
        match (elements(self.old.1, &old), elements(self.new.1, &new)) {
            (Ok(old), Ok(new)) if old == new => {}
            (Ok(old), Ok(new)) => {
                let place = old
                    .iter()
                    .zip(&new)
                    .find(|(one, other)| one != other)
                    .map(|(one, _)| one.clone())
                    .or_else(|| old.get(new.len()).or(new.get(old.len())).cloned())
                    .unwrap_or_default();
                let detail = "the packets differ from here on";
                self.differences
                    .add(DifferenceKind::XmpElement, &place, detail);
            }
            // What can't be read must be the same bytes.
            _ => {
                let same = match (&old, &new) {
                    (Some(old), Some(new)) => {
                        same::same(self.old.0, old.range(), self.new.0, new.range())
                            .map_err(io_error)?
                    }
                    _ => false,
                };
                if !same {
                    let detail = "a packet that can't be read";
                    self.differences
                        .add(DifferenceKind::XmpElement, "XMP", detail);
                }
            }
        }
        Ok(())
    }
}
