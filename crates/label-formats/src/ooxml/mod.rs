//! Word, Excel and PowerPoint packages.

pub(crate) mod compare;
mod content_types;
mod custom_properties;
mod directory;
mod edit;
mod inflate;
pub(crate) mod label_info;
#[cfg(test)]
mod oracle;
mod package;
mod relationships;
mod root;
mod signature;
mod splice;
#[cfg(feature = "text")]
pub(crate) mod text;

use label_core::TenantId;

use crate::ReadOptions;
use crate::edited::EditedFile;
use crate::error::WriteError;
use crate::reading::{Reading, Status};
use crate::source::ByteSource;
use crate::window::Windowed;
use crate::write::Operation;

/// Reads the labels of a ZIP archive, or of what may be one.
pub(crate) fn read(start: Windowed<'_>, options: &ReadOptions<'_>) -> Reading {
    let opened = package::open(start, options);
    let mut reading = opened.reading;
    if let Some(package) = opened.package {
        reading.labels = package.into_labels();
    }
    reading
}

/// Plans a label's change in a package; `None` if nothing changes.
///
/// A package that can't be read as intended is not written. A signed one is written only where the
/// caller asks for it, and then only its custom properties.
pub(crate) fn plan<'a>(
    source: &'a dyn ByteSource,
    tenant: TenantId,
    operation: &Operation<'_>,
    options: &ReadOptions<'_>,
    allow_signed: bool,
) -> Result<Option<EditedFile<'a>>, WriteError> {
    let start = Windowed::new(source).map_err(|error| WriteError::io("reading", error))?;
    let opened = package::open(start, options);
    let reading = opened.reading;
    let cause = || reading.error.clone().unwrap_or_default();
    let package = match (reading.status, opened.package) {
        (Status::Ok, Some(package)) => package,
        (Status::TooLarge, _) => return Err(WriteError::PartTooLarge(cause())),
        (Status::Unsupported, _) => return Err(WriteError::Unsupported(cause())),
        (Status::IoError, _) => {
            return Err(WriteError::io("reading", std::io::Error::other(cause())));
        }
        _ => return Err(WriteError::Malformed(cause())),
    };
    if let Some(obstacle) = &package.write_obstacle {
        return Err(WriteError::Malformed(obstacle.clone()));
    }
    if reading.signed && !allow_signed {
        return Err(WriteError::Signed);
    }
    edit::plan(
        source,
        &package,
        tenant,
        operation,
        options.storage_of(tenant),
        &options.limits,
    )
}
