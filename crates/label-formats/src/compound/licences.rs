//! The licences that a rights-managed document carries, and whether they agree with its labels.

use label_core::{EffectiveLabel, LabelStorage};

use super::names::{LABEL_INFO, Names, TRANSFORM, TRANSFORM_BINARY};
use super::{CompoundFile, stream, stream_head, transform, use_licence};
use crate::error::{LicenceError, PartError};
use crate::licence::PublishingLicence;
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
    PublishingLicence::parse(licence, limits).map_err(|error| match error {
        LicenceError::Malformed(cause) => PartError::Malformed(cause),
        LicenceError::TooLarge(cause) => PartError::TooLarge(cause),
    })
}

fn cached_licence(
    file: &mut CompoundFile<'_>,
    path: &str,
    name: &str,
) -> Result<CachedUseLicence, PartError> {
    let head = stream_head(file, path, use_licence::HEAD_BYTES)?;
    use_licence::parse(name, &head)
}

/// Damage becomes a diagnostic, and a failing medium stays an error.
fn told<T>(
    result: Result<T, PartError>,
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Result<Option<T>, PartError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(PartError::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Err(PartError::Io(error))
        }
        Err(error) => {
            diagnostics.add(DiagnosticCode::BadLicence, place, error.to_string());
            Ok(None)
        }
    }
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
    let Some(label) = licence.label else { return };
    let tenant = licence.label_key().map(|key| key.tenant);
    let of_tenant = |one: &&EffectiveLabel| tenant.is_none() || one.tenant == tenant;
    let beside: Vec<&EffectiveLabel> = reading.effective.iter().filter(of_tenant).collect();
    if beside.iter().any(|one| one.id == Some(label)) {
        return;
    }
    match beside.first() {
        Some(other) => diagnostics.add(
            DiagnosticCode::LicenceDisagrees,
            place_of(other),
            format!("label {} here, label {label} in the licence", other.id_text),
        ),
        // A stream that can't be read is told as that.
        None if reading.status == crate::Status::Protected && names.find(&LABEL_INFO).is_some() => {
            diagnostics.add(
                DiagnosticCode::LicenceDisagrees,
                "TransformInfo/LabelInfo",
                format!("no label here, label {label} in the licence"),
            );
        }
        None => {}
    }
}

fn place_of(label: &EffectiveLabel) -> &'static str {
    match label.storage {
        LabelStorage::CompoundSummary => "DocumentSummaryInformation",
        _ => "TransformInfo/LabelInfo",
    }
}
