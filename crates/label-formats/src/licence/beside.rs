//! A licence in its document, whatever the container: how it is read, and whether it agrees with
//! the labels beside it.

use label_core::{EffectiveLabel, LabelStorage};

use super::PublishingLicence;
use crate::error::{LicenceError, PartError};
use crate::limits::Limits;
use crate::reading::{DiagnosticCode, Diagnostics};

/// [`PublishingLicence::parse`] as a part of a file.
pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<PublishingLicence, PartError> {
    PublishingLicence::parse(bytes, limits).map_err(|error| match error {
        LicenceError::Malformed(cause) => PartError::Malformed(cause),
        LicenceError::TooLarge(cause) => PartError::TooLarge(cause),
    })
}

/// Damage becomes a diagnostic, and a failing medium stays an error.
pub(crate) fn told<T>(
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

/// Tells where the licence names another label than stands beside it (P-009). `emptied` is the
/// place where its label should stand, if a tenant without any label there was robbed of it.
pub(crate) fn compare(
    licence: &PublishingLicence,
    beside: &[EffectiveLabel],
    emptied: Option<&str>,
    diagnostics: &mut Diagnostics,
) {
    let Some(label) = licence.label else { return };
    let tenant = licence.label_key().map(|key| key.tenant);
    let mut of_tenant = beside
        .iter()
        .filter(|one| tenant.is_none() || one.tenant == tenant)
        .peekable();
    let first = of_tenant.peek().copied();
    if of_tenant.any(|one| one.id == Some(label)) {
        return;
    }
    let (place, detail) = match (first, emptied) {
        (Some(other), _) => (
            place_of(other),
            format!("label {} here, label {label} in the licence", other.id_text),
        ),
        (None, Some(place)) => (
            place,
            format!("no label here, label {label} in the licence"),
        ),
        (None, None) => return,
    };
    diagnostics.add(DiagnosticCode::LicenceDisagrees, place, detail);
}

fn place_of(label: &EffectiveLabel) -> &'static str {
    match label.storage {
        LabelStorage::CompoundSummary => "DocumentSummaryInformation",
        LabelStorage::Info => "Info",
        LabelStorage::Xmp => "XMP",
        _ => "TransformInfo/LabelInfo",
    }
}
