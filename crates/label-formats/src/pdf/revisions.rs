//! Earlier revisions of a PDF, whose labels no longer count and are still in the file (5.2, 9b.18).

use std::collections::HashSet;

use label_core::{EffectiveLabel, FileLabel};

use super::crypt::Crypt;
use super::file::{Found, PdfFile};
use super::object::{Dictionary, Object, ObjectId};
use crate::ReadOptions;
use crate::effective;
use crate::reading::{DiagnosticCode, Diagnostics};

/// Most earlier revisions that are looked at, the latest ones.
const REVISIONS_MAX: usize = 16;

/// Most bytes that looking at all of them may read and inflate.
const WORK_BYTES_MAX: u64 = 8 * 1_048_576;

/// How diagnostics name the place.
const PLACE: &str = "earlier revision";

/// An earlier revision: what the cross-reference was then, and where labels stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Revision {
    /// How many sections are newer.
    pub(super) skipped: usize,
    info: Option<ObjectId>,
    root: Option<ObjectId>,
}

/// The earlier revisions, the latest first. Filled section by section while the chain is followed.
#[derive(Debug, Default)]
pub(super) struct Revisions {
    earlier: Vec<Revision>,
    /// The last section that was noted.
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    /// Where it stands.
    offset: u64,
    /// In which revision it is: 0 is the current one.
    revision: usize,
    /// Whether the next one is in the same revision, wherever it stands.
    is_open: bool,
}

impl Revisions {
    /// Notes the next older section of the chain. A bare one is a table without any entry.
    pub(super) fn note(
        &mut self,
        skipped: usize,
        offset: u64,
        trailer: &Dictionary,
        is_bare: bool,
    ) {
        let revision = match &self.last {
            None => 0,
            // A linearised file has two sections, and the one that comes first in the chain stands
            // first in the file. Together they are one revision.
            Some(newer) if newer.is_open || offset > newer.offset => newer.revision,
            Some(newer) => newer.revision + 1,
        };
        // Word ends a new file with a second table that only names a stream before the first one.
        let number = |key: &[u8]| trailer.get(key).and_then(Object::unsigned);
        let is_open = is_bare
            && match (number(b"XRefStm"), number(b"Prev")) {
                (Some(stream), Some(older)) => stream < older,
                _ => false,
            };
        self.last = Some(Last {
            offset,
            revision,
            is_open,
        });
        let Some(at) = revision.checked_sub(1).filter(|at| *at < REVISIONS_MAX) else {
            return;
        };
        let reference = |key: &[u8]| match trailer.get(key) {
            Some(Object::Reference(id)) => Some(*id),
            // A dictionary in the trailer is not kept: it may be large.
            _ => None,
        };
        let (info, root) = (reference(b"Info"), reference(b"Root"));
        match self.earlier.get_mut(at) {
            Some(known) => {
                known.info = known.info.or(info);
                known.root = known.root.or(root);
            }
            None => self.earlier.push(Revision {
                skipped,
                info,
                root,
            }),
        }
    }
}

/// Reports the labels of earlier revisions that are not those of the current one. They count for
/// nothing, but somebody who takes a label off may want to know that it is still there.
pub(super) fn report(
    file: &PdfFile<'_>,
    catalog: &Dictionary,
    xmp: &[FileLabel],
    current: &[EffectiveLabel],
    options: &ReadOptions<'_>,
    diagnostics: &mut Diagnostics,
) {
    // Of a locked document the values are cipher text.
    if file.revisions.earlier.is_empty() || matches!(file.crypt, Crypt::Locked) {
        return;
    }
    let mut told = HashSet::new();
    file.within(WORK_BYTES_MAX, |file| {
        let mut metadata = Metadata {
            offset: offset_of(file, catalog),
            labels: xmp.to_vec(),
        };
        for (at, revision) in file.revisions.earlier.iter().enumerate() {
            let labels = file.in_revision(revision, |file| {
                labels_of(file, revision, &mut metadata, options)
            });
            for label in labels {
                let same = |one: &EffectiveLabel| {
                    one.tenant == label.tenant && one.id_text == label.id_text
                };
                if current.iter().any(same) || !told.insert((label.tenant, label.id_text.clone())) {
                    continue;
                }
                let tenant = label.tenant.map_or_else(
                    || "no tenant".to_owned(),
                    |tenant| format!("tenant `{tenant}`"),
                );
                let detail = format!("{} back: label `{}` of {tenant}", at + 1, label.id_text);
                diagnostics.add(DiagnosticCode::StaleRevision, PLACE, detail);
            }
        }
    });
}

/// The metadata that was read last, the next newer revision's.
struct Metadata {
    offset: Option<u64>,
    labels: Vec<FileLabel>,
}

/// The labels that counted in a revision. What is odd about them is not told: it no longer matters.
fn labels_of(
    file: &PdfFile<'_>,
    revision: &Revision,
    metadata: &mut Metadata,
    options: &ReadOptions<'_>,
) -> Vec<EffectiveLabel> {
    let mut unheard = Diagnostics::new(&options.limits);
    let dictionary = |id: Option<ObjectId>| file.dictionary(&Object::Reference(id?));
    let info = dictionary(revision.info);
    let info = super::info_labels(file, Ok(info), options, &mut unheard);
    // A catalog that isn't there had no metadata.
    let catalog = dictionary(revision.root).unwrap_or_default();
    let offset = offset_of(file, &catalog);
    // As a rule the packet is the same object all the time; it is read once.
    if offset.is_none() || offset != metadata.offset {
        let stream = match catalog.get(b"Metadata").map(|one| file.resolve(one)) {
            Some(Ok(Found::Stream(stream))) => Some(stream),
            _ => None,
        };
        metadata.labels = super::xmp_labels(file, Ok(stream), options, &mut unheard);
        metadata.offset = offset;
    }
    effective::pdf(&info, &metadata.labels, &mut unheard)
}

/// Where the metadata stream stands.
fn offset_of(file: &PdfFile<'_>, catalog: &Dictionary) -> Option<u64> {
    match catalog.get(b"Metadata") {
        Some(Object::Reference(id)) => file.offset(*id),
        _ => None,
    }
}
