//! Reading: what kind of file it is, and which labels are on it.

use std::collections::BTreeMap;

use label_core::TenantId;

use crate::effective::TenantStorage;
use crate::kind::FileKind;
use crate::limits::Limits;
use crate::protect::Decryptor;
use crate::reading::{Diagnostic, DiagnosticCode, Reading, Status};
use crate::source::{ByteSource, read_range};
use crate::window::Windowed;
use crate::{compound, ooxml, pdf};

/// What reading may use and must respect. The default is right for most callers.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ReadOptions<'a> {
    /// How much of a file is read.
    pub limits: Limits,
    /// Which storage counts for which tenant; for tenants not listed, `default_storage`.
    pub storages: BTreeMap<TenantId, TenantStorage>,
    /// Which storage counts for every other tenant: unknown.
    pub default_storage: TenantStorage,
    /// The file's name; an extension that is not the content's gives a diagnostic.
    pub name: Option<&'a str>,
    /// Opens protected files. Without one they are reported as protected.
    pub decryptor: Option<&'a dyn Decryptor>,
}

impl std::fmt::Debug for ReadOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadOptions")
            .field("limits", &self.limits)
            .field("storages", &self.storages)
            .field("default_storage", &self.default_storage)
            .field("name", &self.name)
            .field("decryptor", &self.decryptor.is_some())
            .finish()
    }
}

impl ReadOptions<'_> {
    /// Which storage counts for a tenant.
    pub fn storage_of(&self, tenant: TenantId) -> TenantStorage {
        self.storages
            .get(&tenant)
            .copied()
            .unwrap_or(self.default_storage)
    }
}

/// How far into a file a PDF header is looked for, in bytes.
const HEADER_BYTES: usize = 1024;

/// What the first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Container {
    Zip,
    Compound,
    Pdf,
    /// Perhaps an archive behind other bytes; its end will tell.
    Other,
}

pub(crate) fn detect(head: &[u8]) -> Container {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        Container::Zip
    } else if head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        Container::Compound
    } else if head
        .get(..head.len().min(HEADER_BYTES))
        .is_some_and(|head| head.windows(5).any(|window| window == b"%PDF-"))
    {
        Container::Pdf
    } else {
        Container::Other
    }
}

/// Reads the labels of a file. Always gives an answer; what went wrong is in its status.
///
/// The content decides what the file is, never its name (F-001). Only the directory and the label
/// parts are read.
///
/// # Examples
///
/// ```
/// use label_formats::{ReadOptions, Status, read};
///
/// let reading = read(b"plain text".as_slice(), &ReadOptions::default());
/// assert_eq!(reading.status, Status::Unsupported);
/// assert!(reading.labels.is_empty());
/// ```
pub fn read<S: ByteSource + ?Sized>(source: &S, options: &ReadOptions<'_>) -> Reading {
    read_source(&source, options)
}

pub(crate) fn read_source(source: &dyn ByteSource, options: &ReadOptions<'_>) -> Reading {
    let mut reading = read_container(source, options);
    #[cfg(feature = "built-in-password")]
    {
        reading = read_with_built_in_password(source, options, reading);
    }
    if reading.status == Status::Protected
        && let Some(decryptor) = options.decryptor
        && source.len() <= options.limits.write_bytes_max
    {
        reading = read_inside(source, options, decryptor, reading);
    }
    if let (Some(name), Some(kind)) = (options.name, reading.kind)
        && FileKind::from_name(name) != Some(kind)
        && reading.diagnostics.len() < options.limits.diagnostics_max
    {
        reading.diagnostics.push(Diagnostic {
            code: DiagnosticCode::ExtensionMismatch,
            place: name.to_owned(),
            detail: format!("the content is {kind}"),
        });
    }
    reading
}

fn read_container(source: &dyn ByteSource, options: &ReadOptions<'_>) -> Reading {
    if source.is_empty() {
        return Reading::failed(Status::Unsupported, "the file is empty");
    }
    let start = match Windowed::new(source) {
        Ok(start) => start,
        Err(error) => return unread(&error),
    };
    match detect(start.head()) {
        Container::Zip => ooxml::read(start, options),
        Container::Compound => compound::read(source, options),
        Container::Pdf => match start.with_tail() {
            Ok(ends) => pdf::read(&ends, options),
            Err(error) => unread(&error),
        },
        Container::Other => {
            let reading = ooxml::read(start, options);
            if reading.kind.is_some() {
                return reading;
            }
            Reading::failed(
                Status::Unsupported,
                "neither an Office package nor a PDF nor a compound file",
            )
        }
    }
}

/// What is said of a file whose ends can't be read.
fn unread(error: &std::io::Error) -> Reading {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        return Reading::failed(Status::Malformed, "the file is shorter than its length");
    }
    Reading::failed(Status::IoError, error)
}

/// The labels inside a workbook that has Excel's own password; any other file stays as it is
/// (P-015). The caller's decryptor is asked only where that password doesn't fit.
#[cfg(feature = "built-in-password")]
fn read_with_built_in_password(
    source: &dyn ByteSource,
    options: &ReadOptions<'_>,
    outside: Reading,
) -> Reading {
    use crate::error::PartError;
    use crate::reading::Protection;

    let may_fit = outside.protection == Some(Protection::Password)
        && may_be_workbook(options.name.and_then(FileKind::from_name));
    // Trying it takes a while, so not where the name says something else.
    if !may_fit {
        return outside;
    }
    let mut reading = match compound::open_with_built_in_password(source, &options.limits) {
        Ok(Some(package)) => {
            let inside = ReadOptions {
                decryptor: None,
                name: None,
                ..options.clone()
            };
            read_container(&package, &inside)
        }
        Ok(None) => return outside,
        // Nothing is known of the password then, and trying again can help.
        Err(error @ PartError::Io(_)) => {
            return Reading {
                protection: outside.protection,
                ..Reading::failed(error.status(), error)
            };
        }
        Err(error) => Reading::failed(error.status(), error),
    };
    // Word and PowerPoint ask for this password as for any other.
    if !may_be_workbook(reading.kind) {
        return outside;
    }
    reading.protection = Some(Protection::BuiltInPassword);
    reading
}

/// Whether it is not known to be something else.
#[cfg(feature = "built-in-password")]
fn may_be_workbook(kind: Option<FileKind>) -> bool {
    matches!(
        kind,
        None | Some(FileKind::Xlam | FileKind::Xlsm | FileKind::Xlsx | FileKind::Xltx)
    )
}

/// The labels inside a protected file, through the caller's key (R-095). What was readable outside
/// stays where the key doesn't fit.
fn read_inside(
    source: &dyn ByteSource,
    options: &ReadOptions<'_>,
    decryptor: &dyn Decryptor,
    outside: Reading,
) -> Reading {
    let whole = usize::try_from(source.len())
        .map_err(|_| std::io::Error::other("too large"))
        .and_then(|len| read_range(source, 0, len));
    let Ok(Ok(Some(decrypted))) = whole.map(|bytes| decryptor.decrypt(&bytes)) else {
        return outside;
    };
    let inside = ReadOptions {
        decryptor: None,
        name: None,
        ..options.clone()
    };
    let mut reading = read_container(&decrypted.bytes, &inside);
    reading.protection = outside.protection;
    reading.rights_management = outside.rights_management;
    // Labels outside the encrypted part decide, also for somebody who holds the key.
    if !outside.labels.is_empty() {
        reading.labels = outside.labels;
        reading.effective = outside.effective;
    }
    reading.diagnostics.splice(0..0, outside.diagnostics);
    reading.diagnostics.truncate(options.limits.diagnostics_max);
    reading
}
