//! The licences that a rights-managed document carries, and whether they agree with its labels.

use super::names::{LABEL_INFO, Names, TRANSFORM, TRANSFORM_BINARY};
use super::{CompoundFile, stream, stream_head, transform, use_licence};
use crate::error::PartError;
use crate::licence::PublishingLicence;
use crate::licence::beside::{self, told};
use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics, Reading};
use crate::rights::{CachedUseLicence, RightsManagement};

const PRIMARY: &str = "\u{6}Primary";

/// How diagnostics name the stream.
const PLACE: &str = "DRMEncryptedTransform/Primary";

/// Most licences of users that are read.
const USE_LICENCES_MAX: usize = 100;

/// Reads the licences. A damaged one is told and left out: the document is no less protected.
///
/// # Errors
///
/// Only what the medium reports: trying again can help then.
pub(super) fn read(
    file: &mut CompoundFile<'_>,
    names: &Names,
    limits: &Limits,
    diagnostics: &mut Diagnostics,
) -> Result<RightsManagement, PartError> {
    let inside = || {
        names
            .inside(&TRANSFORM)
            .chain(names.inside(&TRANSFORM_BINARY))
    };
    let mut rights = RightsManagement::default();
    let primary = inside().find(|(_, name)| name.eq_ignore_ascii_case(PRIMARY));
    let licence = match primary {
        Some((path, _)) => publishing_licence(file, path, limits),
        None => Err(PartError::malformed(PLACE, "there is no such stream")),
    };
    rights.licence = told(licence, PLACE, diagnostics)?;
    let users = inside().filter(|(_, name)| {
        name.get(..use_licence::NAME_START.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(use_licence::NAME_START))
    });
    for (at, (path, name)) in users.enumerate() {
        if at >= USE_LICENCES_MAX {
            diagnostics.add(DiagnosticCode::BadLicence, name, "too many of them");
            break;
        }
        let licence = cached_licence(file, path, name);
        rights
            .use_licences
            .extend(told(licence, name, diagnostics)?);
    }
    Ok(rights)
}

fn publishing_licence(
    file: &mut CompoundFile<'_>,
    path: &str,
    limits: &Limits,
) -> Result<PublishingLicence, PartError> {
    let bytes = stream(file, path, limits.compound_bytes_max)?;
    let licence = transform::licence(PLACE, &bytes, limits)?;
    beside::parse(licence, limits)
}

fn cached_licence(
    file: &mut CompoundFile<'_>,
    path: &str,
    name: &str,
) -> Result<CachedUseLicence, PartError> {
    let head = stream_head(file, path, use_licence::HEAD_BYTES)?;
    use_licence::parse(name, &head)
}

/// Tells where the licence names another label than stands beside it (P-009).
///
/// Without the label stream there may be no label outside at all, as older clients wrote it; with
/// the stream, a label that only the licence has was taken off behind its back.
pub(super) fn compare(
    licence: &PublishingLicence,
    names: &Names,
    reading: &Reading,
    diagnostics: &mut Diagnostics,
) {
    // A stream that can't be read is told as that.
    let emptied = reading.status == crate::Status::Protected && names.find(&LABEL_INFO).is_some();
    beside::compare(
        licence,
        &reading.effective,
        emptied.then_some("TransformInfo/LabelInfo"),
        diagnostics,
    );
}
