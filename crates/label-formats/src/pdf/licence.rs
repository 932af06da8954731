//! The publishing licence of a PDF under rights management: in its own encryption dictionary, or in
//! that of the document attached to the cover (P-007, 5.1 and 5.2).

use std::io;

use super::file::{Found, PdfFile, Stream};
use super::object::Object;
use super::{Cover, IRM_HANDLER};
use crate::error::PartError;
use crate::licence::{PublishingLicence, beside};
use crate::limits::Limits;
use crate::reading::{Diagnostics, Reading};
use crate::rights::RightsManagement;
use crate::source::ByteSource;

/// How diagnostics name the place.
const PLACE: &str = "Encrypt/PublishingLicense";

const PAYLOAD: &str = "encrypted attachment";

/// Reads the licence and compares it with the labels in clear. A damaged one is told and left out:
/// the document is no less protected.
///
/// # Errors
///
/// Only what the medium reports: trying again can help then.
pub(super) fn read(
    file: &PdfFile<'_>,
    cover: Option<&Cover>,
    reading: &Reading,
    diagnostics: &mut Diagnostics,
) -> Result<RightsManagement, PartError> {
    let licence = match cover {
        Some(cover) => of_payload(file, cover),
        None => of_encrypted(file),
    };
    let rights = RightsManagement {
        licence: beside::told(licence, PLACE, diagnostics)?,
        ..RightsManagement::default()
    };
    if let Some(licence) = &rights.licence {
        beside::compare(
            licence,
            &reading.effective,
            emptied(licence, reading),
            diagnostics,
        );
    }
    Ok(rights)
}

/// Where the licence's label should stand in a cover that has labels, only none of its tenant. One
/// without any label may be older than labels are, and one with contradicting labels is told.
fn emptied(licence: &PublishingLicence, reading: &Reading) -> Option<&'static str> {
    let tenant = licence.label_key().map(|key| key.tenant);
    let has_some = reading.labels.iter().any(|record| {
        record.in_effect() && (tenant.is_none() || crate::keys::tenant_of(record) == tenant)
    });
    (!reading.labels.is_empty() && !has_some).then_some("Info and XMP")
}

/// The licence of the document that is attached to a cover. Only its trailer and its encryption
/// dictionary are looked at, and never what may be attached to it in turn.
fn of_payload(file: &PdfFile<'_>, cover: &Cover) -> Result<PublishingLicence, PartError> {
    let stream = attached(file, cover)?;
    let inflated;
    let part;
    let payload: &dyn ByteSource = match file.part(&stream) {
        Some(plain) => {
            part = plain;
            &part
        }
        None => {
            inflated = file.content_up_to(&stream, file.limits.pdf_payload_bytes_max)?;
            &inflated
        }
    };
    let limits = Limits {
        pdf_work_bytes_max: file.work_left(),
        ..file.limits.clone()
    };
    of_encrypted(&PdfFile::open_intact(payload, &limits)?)
}

/// The attached file's stream.
fn attached(file: &PdfFile<'_>, cover: &Cover) -> Result<Stream, PartError> {
    let missing = || PartError::malformed(PAYLOAD, "there is no such stream");
    let files = cover.specification.get(b"EF").ok_or_else(missing)?;
    let Found::Direct(Object::Dictionary(files)) = file.resolve(files)? else {
        return Err(missing());
    };
    let stream = files.get(b"F").or_else(|| files.get(b"UF"));
    match file.resolve(stream.ok_or_else(missing)?)? {
        Found::Stream(stream) => Ok(stream),
        Found::Direct(_) => Err(missing()),
    }
}

/// The licence in the encryption dictionary of a document. Strings there are never encrypted.
fn of_encrypted(file: &PdfFile<'_>) -> Result<PublishingLicence, PartError> {
    let encrypt = match file.trailer.get(b"Encrypt").map(|one| file.resolve(one)) {
        Some(Ok(Found::Direct(Object::Dictionary(encrypt)))) => encrypt,
        Some(Err(error)) => return Err(error),
        _ => return Err(PartError::malformed(PAYLOAD, "it is not encrypted")),
    };
    if encrypt.get(b"Filter").and_then(Object::name) != Some(IRM_HANDLER) {
        return Err(PartError::malformed(
            PAYLOAD,
            "encrypted by another handler",
        ));
    }
    let licence = encrypt.get(b"PublishingLicense");
    match licence.map(|one| file.resolve(one)).transpose()? {
        Some(Found::Direct(Object::String(licence))) => beside::parse(&licence, file.limits),
        _ => Err(PartError::malformed(PLACE, "there is no licence")),
    }
}

/// A range of a source, as a source.
pub(super) struct Part<'a> {
    source: &'a dyn ByteSource,
    start: u64,
    len: u64,
}

impl<'a> Part<'a> {
    /// As much of the range as there is.
    pub(super) fn new(source: &'a dyn ByteSource, start: u64, len: u64) -> Self {
        let len = len.min(source.len().saturating_sub(start));
        Self { source, start, len }
    }
}

impl ByteSource for Part<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = rest.min(buffer.len());
        let buffer = buffer.get_mut(..count).unwrap_or_default();
        if buffer.is_empty() {
            return Ok(0);
        }
        self.source
            .read_at(self.start.saturating_add(offset), buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::read_range;

    #[test]
    fn a_part_is_read_as_its_bytes() {
        let whole: Vec<u8> = (0..100).collect();
        for (start, len, expected) in [
            (0, 100, &whole[..]),
            (10, 20, &whole[10..30]),
            (90, 50, &whole[90..]),
            (100, 5, &[]),
            (u64::MAX, u64::MAX, &[]),
        ] {
            let part = Part::new(&whole, start, len);
            assert_eq!(part.len(), expected.len() as u64);
            assert_eq!(read_range(&part, 0, expected.len()).unwrap(), expected);
            assert!(read_range(&part, 0, expected.len() + 1).is_err());
            assert_eq!(part.read_at(u64::MAX, &mut [0; 4]).unwrap(), 0);
        }
    }
}
