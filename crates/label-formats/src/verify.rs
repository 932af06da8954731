//! Proving that only labels changed between two files, or naming what else did.
//!
//! Nothing of the write path is used here, so that its mistakes are seen: two files are compared
//! as they are, whoever wrote them.

use std::collections::BTreeMap;
use std::fmt;

use label_core::{EffectiveLabel, TenantId};
use thiserror::Error;

use crate::effective::TenantStorage;
use crate::error::PartError;
use crate::kind::FileKind;
use crate::limits::Limits;
use crate::read::{ReadOptions, read_source};
use crate::reading::{Protection, Reading, Status};
use crate::source::ByteSource;
use crate::{ooxml, pdf, same};

/// Most differences that are listed unless the caller says otherwise.
const DIFFERENCES_MAX: usize = 200;

/// What comparing may use and must respect. The default is right for most callers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// How much of each file is read into memory.
    pub limits: Limits,
    /// Which storage counts for which tenant; for tenants not listed, `default_storage`.
    pub storages: BTreeMap<TenantId, TenantStorage>,
    /// Which storage counts for every other tenant: unknown.
    pub default_storage: TenantStorage,
    /// Whose label may change. Default: one tenant's, whichever that is. Where the data of several
    /// changed, that is the only one with another label now; if there is no such one, they are
    /// differences all of them.
    pub tenant: Option<TenantId>,
    /// Most differences that are listed, 200; the others are counted.
    pub differences_max: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            storages: BTreeMap::new(),
            default_storage: TenantStorage::default(),
            tenant: None,
            differences_max: DIFFERENCES_MAX,
        }
    }
}

impl VerifyOptions {
    pub(crate) fn read_options(&self) -> ReadOptions<'static> {
        ReadOptions {
            limits: self.limits.clone(),
            storages: self.storages.clone(),
            default_storage: self.default_storage,
            ..ReadOptions::default()
        }
    }
}

/// One of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The file before the change.
    Before,
    /// The file after it.
    After,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

/// Why two files were not compared: which of them, and the cause.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The content is encrypted, so that nothing can be said about it.
    #[error("{side}: protected: {}", .protection.as_str())]
    Protected {
        /// Which file.
        side: Side,
        /// How it is encrypted.
        protection: Protection,
    },
    /// Not one of the types that carry labels.
    #[error("{side}: unsupported: {cause}")]
    Unsupported {
        /// Which file.
        side: Side,
        /// What it is instead.
        cause: String,
    },
    /// Damaged, or contradicting itself.
    #[error("{side}: malformed: {cause}")]
    Malformed {
        /// Which file.
        side: Side,
        /// Place, then cause.
        cause: String,
    },
    /// Beyond the limits.
    #[error("{side}: too large: {cause}")]
    TooLarge {
        /// Which file.
        side: Side,
        /// Place, then cause.
        cause: String,
    },
    /// The bytes could not be read. Trying again can help.
    #[error("{side}: {cause}")]
    Io {
        /// Which file.
        side: Side,
        /// What the system said.
        cause: String,
    },
}

impl VerifyError {
    /// The stable code of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Protected { .. } => "protected",
            Self::Unsupported { .. } => "type_unsupported",
            Self::Malformed { .. } => "malformed",
            Self::TooLarge { .. } => "too_large",
            Self::Io { .. } => "io_error",
        }
    }

    /// Which of the two files it is about.
    pub const fn side(&self) -> Side {
        match self {
            Self::Protected { side, .. }
            | Self::Unsupported { side, .. }
            | Self::Malformed { side, .. }
            | Self::TooLarge { side, .. }
            | Self::Io { side, .. } => *side,
        }
    }
}

/// What is different beyond labels. The codes are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DifferenceKind {
    /// The files are of different types.
    FileKind,
    /// An entry of the archive that was not there.
    EntryAdded,
    /// An entry of the archive that is gone.
    EntryRemoved,
    /// An entry at another place of the directory or of the file.
    EntryReordered,
    /// An entry with other content.
    ContentChanged,
    /// An entry with the same content in other compressed bytes.
    Recompressed,
    /// A field of an entry's local header, or its agreement with the directory.
    LocalHeader,
    /// A field of an entry's directory record.
    DirectoryRecord,
    /// An extra field of an entry, in one of its two headers.
    ExtraField,
    /// The time stamp of an entry, in one of its two headers.
    TimeStamp,
    /// The attributes of an entry, or the system that it says it was made on.
    Attributes,
    /// The comment of an entry.
    EntryComment,
    /// The comment of the archive.
    ArchiveComment,
    /// Bytes between, before or behind the entries, or the form of the end records.
    ArchiveStructure,
    /// A custom property that was not there.
    PropertyAdded,
    /// A custom property that is gone.
    PropertyRemoved,
    /// A custom property at another place.
    PropertyReordered,
    /// A custom property with other bytes, or a property id that is there twice.
    PropertyChanged,
    /// A label of a tenant whose label was not to change.
    OtherTenantLabel,
    /// An extension of the LabelInfo part, or another element that is no label.
    Extension,
    /// An attribute that the format doesn't know, in a place that labels don't own.
    UnknownAttribute,
    /// A content type of something else than the label parts, or a wrong one of theirs.
    ContentType,
    /// A relationship to something else than the label parts, or a wrong one to them.
    Relationship,
    /// Other bytes of an XML part: declaration, root, comments, white space, encoding.
    Markup,
    /// An entry of a PDF's information dictionary, other than labels.
    InfoEntry,
    /// An element of a PDF's XMP packet, other than labels.
    XmpElement,
    /// An object of a PDF that the document reaches.
    Object,
    /// An entry of a PDF's trailer, or its header.
    Trailer,
}

impl DifferenceKind {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FileKind => "file_kind",
            Self::EntryAdded => "entry_added",
            Self::EntryRemoved => "entry_removed",
            Self::EntryReordered => "entry_reordered",
            Self::ContentChanged => "content_changed",
            Self::Recompressed => "recompressed",
            Self::LocalHeader => "local_header",
            Self::DirectoryRecord => "directory_record",
            Self::ExtraField => "extra_field",
            Self::TimeStamp => "time_stamp",
            Self::Attributes => "attributes",
            Self::EntryComment => "entry_comment",
            Self::ArchiveComment => "archive_comment",
            Self::ArchiveStructure => "archive_structure",
            Self::PropertyAdded => "property_added",
            Self::PropertyRemoved => "property_removed",
            Self::PropertyReordered => "property_reordered",
            Self::PropertyChanged => "property_changed",
            Self::OtherTenantLabel => "other_tenant_label",
            Self::Extension => "extension",
            Self::UnknownAttribute => "unknown_attribute",
            Self::ContentType => "content_type",
            Self::Relationship => "relationship",
            Self::Markup => "markup",
            Self::InfoEntry => "info_entry",
            Self::XmpElement => "xmp_element",
            Self::Object => "object",
            Self::Trailer => "trailer",
        }
    }
}

/// Something other than a label that is different: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What kind of thing.
    pub kind: DifferenceKind,
    /// The entry, or the archive. At most 120 characters are shown.
    pub place: String,
    /// One line for a person. It names properties, never their values.
    pub detail: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.kind.as_str(), self.detail)
    }
}

/// The label of one tenant that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LabelChange {
    /// Whose label it is; `None` if the file doesn't say.
    pub tenant: Option<TenantId>,
    /// The label that counted before.
    pub previous: Option<EffectiveLabel>,
    /// The label that counts now.
    pub new: Option<EffectiveLabel>,
}

/// What comparing two files gave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verification {
    /// What the file after the change is.
    pub kind: FileKind,
    /// Whether the two files are the same byte for byte.
    pub identical: bool,
    /// The labels that changed, by tenant. A label can be stored differently and still be the same.
    pub changes: Vec<LabelChange>,
    /// What else is different, up to the bound of the options.
    pub differences: Vec<Difference>,
    /// How many differences there are, listed or not.
    pub differences_count: usize,
}

impl Verification {
    /// Whether nothing but labels changed; also if nothing changed at all.
    pub fn only_labels_changed(&self) -> bool {
        self.differences_count == 0
    }
}

/// Collects differences up to the bound, and counts the others.
#[derive(Debug)]
pub(crate) struct Differences {
    list: Vec<Difference>,
    count: usize,
    max: usize,
}

/// Longest place or name that is shown, in characters.
const SHOWN_CHARACTERS_MAX: usize = 120;

/// The start of a text from a file.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARACTERS_MAX).collect()
}

impl Differences {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            list: Vec::new(),
            count: 0,
            max,
        }
    }

    pub(crate) fn add(&mut self, kind: DifferenceKind, place: &str, detail: impl Into<String>) {
        self.count = self.count.saturating_add(1);
        if self.list.len() < self.max {
            self.list.push(Difference {
                kind,
                place: shown(place),
                detail: detail.into(),
            });
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn into_list(self) -> Vec<Difference> {
        self.list
    }
}

/// Compares two Office packages or two PDFs: proves that only labels changed, or names what else did.
///
/// The bytes are what counts. An entry that carries no label must be the same in its stored bytes,
/// headers and place (F-100); in the two label parts, only the properties and elements of the
/// tenant's label may differ (F-065, F-084), with the `Sensitivity` hint that named it (F-069); in
/// `[Content_Types].xml` and `_rels/.rels`, only what belongs to the two label parts. Nothing of
/// the writer is used. Memory is bounded by the limits, whatever the size of the files.
///
/// Of PDFs, everything that the current revision reaches is compared, object by object, wherever it
/// stands and whatever its number: streams in their stored bytes, every other object by what it says.
/// In the information dictionary and the XMP packet only the label's own properties may differ, with
/// what PDF/A wants to know of them. What nothing reaches is no part of the document.
///
/// # Errors
///
/// [`VerifyError`], with the file and the reason: protected, damaged, not a file that carries labels.
///
/// # Examples
///
/// ```
/// use label_formats::{Side, VerifyError, VerifyOptions, verify};
///
/// let text: &[u8] = b"not a document";
/// let refused = verify(&text, &text, &VerifyOptions::default());
/// assert!(matches!(refused, Err(VerifyError::Unsupported { side: Side::Before, .. })));
/// ```
pub fn verify(
    before: &dyn ByteSource,
    after: &dyn ByteSource,
    options: &VerifyOptions,
) -> Result<Verification, VerifyError> {
    let read_options = options.read_options();
    let old = read_source(before, &read_options);
    check(Side::Before, &old)?;
    let new = read_source(after, &read_options);
    check(Side::After, &new)?;
    let kind = kind_of(Side::After, &new)?;
    let mut verification = Verification {
        kind,
        identical: false,
        changes: Vec::new(),
        differences: Vec::new(),
        differences_count: 0,
    };
    let whole = same::same(before, 0..before.len(), after, 0..after.len());
    verification.identical = whole.map_err(io_error)?;
    if verification.identical {
        return Ok(verification);
    }
    let old_kind = kind_of(Side::Before, &old)?;
    let mut differences = Differences::new(options.differences_max);
    if old_kind != kind {
        let detail = format!("{old_kind}, now {kind}");
        differences.add(DifferenceKind::FileKind, "main part", detail);
    }
    let sides = (before, after);
    verification.changes = changes(&old.effective, &new.effective);
    match (old_kind == FileKind::Pdf, kind == FileKind::Pdf) {
        (true, true) => {
            pdf::compare::compare(sides, &verification.changes, options, &mut differences)?
        }
        (false, false) => {
            ooxml::compare::compare(sides, &verification.changes, options, &mut differences)?
        }
        // There is nothing to compare part by part.
        _ => {}
    }
    verification.differences_count = differences.count();
    verification.differences = differences.into_list();
    Ok(verification)
}

/// What reading one of the sources reported.
pub(crate) fn io_error((side, error): same::SideError) -> VerifyError {
    let cause = format!("reading: {error}");
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => VerifyError::Malformed { side, cause },
        _ => VerifyError::Io { side, cause },
    }
}

/// As the status of a reading: a source that ends before its own length is a truncated file.
pub(crate) fn part_error(side: Side, error: PartError) -> VerifyError {
    match error {
        PartError::Malformed(cause) => VerifyError::Malformed { side, cause },
        PartError::TooLarge(cause) => VerifyError::TooLarge { side, cause },
        PartError::Unsupported(cause) => VerifyError::Unsupported { side, cause },
        PartError::Io(error) => io_error((side, error)),
    }
}

fn kind_of(side: Side, reading: &Reading) -> Result<FileKind, VerifyError> {
    reading.kind.ok_or(VerifyError::Unsupported {
        side,
        cause: "not a file that carries labels".to_owned(),
    })
}

/// The labels that count and are not the same, by tenant; where the file names no tenant, by
/// label.
fn changes(before: &[EffectiveLabel], after: &[EffectiveLabel]) -> Vec<LabelChange> {
    let same_owner = |one: &EffectiveLabel, other: &EffectiveLabel| {
        one.tenant == other.tenant && (one.tenant.is_some() || one.id_text == other.id_text)
    };
    let mut changes = Vec::new();
    for old in before {
        let new = after.iter().find(|new| same_owner(old, new));
        if new != Some(old) {
            changes.push(LabelChange {
                tenant: old.tenant,
                previous: Some(old.clone()),
                new: new.cloned(),
            });
        }
    }
    for new in after {
        if !before.iter().any(|old| same_owner(old, new)) {
            changes.push(LabelChange {
                tenant: new.tenant,
                previous: None,
                new: Some(new.clone()),
            });
        }
    }
    changes
}

/// Whether the file can be compared at all.
pub(crate) fn check(side: Side, reading: &Reading) -> Result<(), VerifyError> {
    let cause = reading.error.clone().unwrap_or_default();
    if let Some(protection) = reading.protection {
        return Err(VerifyError::Protected { side, protection });
    }
    match reading.status {
        Status::Ok => Ok(()),
        Status::Protected => Err(VerifyError::Protected {
            side,
            protection: Protection::EncryptedUnknown,
        }),
        Status::Unsupported => Err(VerifyError::Unsupported { side, cause }),
        Status::Malformed => Err(VerifyError::Malformed { side, cause }),
        Status::TooLarge => Err(VerifyError::TooLarge { side, cause }),
        Status::IoError => Err(VerifyError::Io { side, cause }),
    }
}
