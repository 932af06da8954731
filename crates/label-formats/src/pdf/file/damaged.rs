//! Damaged files: objects found by looking at the whole file.

use std::collections::BTreeMap;

use super::super::crypt::Crypt;
use super::super::object::{Dictionary, Object};
use super::super::rebuild::Scan;
use super::super::revisions::Revisions;
use super::sections::Section;
use super::{PdfFile, WHERE};
use crate::error::PartError;

/// Most bytes that are read and inflated for the object streams of a damaged file.
const CONTAINED_BYTES_MAX: u64 = 64 * 1_048_576;

impl PdfFile<'_> {
    /// Looks for objects in the whole file although the catalog was found; for when others are not
    /// where the cross-reference says. Where that finds no catalog, everything stays as it was.
    pub(in super::super) fn recover(&mut self) -> bool {
        if self.rebuilt {
            return false;
        }
        let base = std::mem::take(&mut self.base);
        if self.rebuild().is_ok() && self.is_usable() {
            self.recovered = true;
            return true;
        }
        self.base = base;
        self.rebuilt = false;
        self.streams.borrow_mut().clear();
        // It could be followed before.
        let _ = self.follow_chain();
        false
    }

    /// Finds objects and trailers by looking at every line: the last of a number counts.
    pub(super) fn rebuild(&mut self) -> Result<(), PartError> {
        self.rebuilt = true;
        self.revisions = Revisions::default();
        self.sections.clear();
        self.streams.borrow_mut().clear();
        let scan = Scan::run(self.source)?;
        self.keep(Section::Rebuilt {
            offsets: scan.objects,
            contained: BTreeMap::new(),
            lost: false,
        })?;
        // Cross-reference streams are trailers too, and they name objects inside streams. The last
        // trailer with a catalog counts.
        let mut trailers: Vec<(u64, Dictionary)> = Vec::new();
        for offset in scan.trailers {
            if let Ok((found, _)) = self.read_direct(offset) {
                trailers.push((offset, found));
            }
        }
        for offset in scan.streams.into_iter().rev() {
            if let Ok((section, found)) = self.read_stream(offset) {
                self.keep(section)?;
                trailers.push((offset, found));
            }
        }
        let mut trailer = trailers
            .into_iter()
            .filter(|(_, trailer)| trailer.get(b"Root").is_some())
            .max_by_key(|(offset, _)| *offset)
            .map(|(_, trailer)| trailer)
            .unwrap_or_default();
        if trailer.get(b"Root").is_none()
            && let Some(id) = scan.catalog
        {
            trailer.0.push((b"Root".to_vec(), Object::Reference(id)));
        }
        self.trailer = trailer;
        self.unlock();
        self.find_contained(&scan.containers)
    }

    /// Looks into the object streams of a damaged file. Like in the rest of it, the last object of
    /// a number counts, and one in a stream stands where its stream does.
    pub(super) fn find_contained(&mut self, containers: &[(u32, u64)]) -> Result<(), PartError> {
        let Some(Section::Rebuilt { offsets, .. }) = self.sections.first() else {
            return Ok(());
        };
        // Their lists are cipher text too.
        let mut is_lost = matches!(self.crypt, Crypt::Locked) && !containers.is_empty();
        let mut found = BTreeMap::new();
        let too_many = |count: usize| count as u64 * 16 > self.limits.pdf_reference_bytes_max;
        self.within(CONTAINED_BYTES_MAX, |file| {
            for (container, offset) in containers {
                if is_lost && matches!(file.crypt, Crypt::Locked) {
                    break;
                }
                if offsets.get(container) != Some(offset) {
                    continue;
                }
                let Ok(stream) = file.object_stream(*container) else {
                    is_lost = true;
                    continue;
                };
                for number in stream.offsets.keys() {
                    if offsets.get(number).is_none_or(|plain| plain < offset) {
                        found.insert(*number, *container);
                    }
                }
                if too_many(found.len()) {
                    is_lost = true;
                    break;
                }
            }
        });
        if let Some(Section::Rebuilt {
            contained, lost, ..
        }) = self.sections.first_mut()
        {
            *contained = found;
            *lost = is_lost;
        }
        let kept: u64 = self.sections.iter().map(Section::kept_bytes).sum();
        if kept > self.limits.pdf_reference_bytes_max {
            return Err(PartError::too_large(WHERE, format!("{kept} bytes")));
        }
        Ok(())
    }
}
