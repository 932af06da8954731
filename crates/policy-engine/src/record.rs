//! What is known of one file: the facts that filters look at.

use std::fmt;
use std::sync::Arc;

use label_core::{AppId, FileKey, LabelKey, PolicyId};

use crate::file_type::{FileType, FileTypeTable};
use crate::scan_status::ScanStatus;

/// How far a file is shared. The levels exclude one another: a file has the widest that applies.
///
/// # Examples
///
/// ```
/// use policy_engine::AccessLevel;
///
/// assert_eq!(AccessLevel::External.code(), 2);
/// assert_eq!(AccessLevel::from_code(4), Some(AccessLevel::PublicInternet));
/// assert_eq!(AccessLevel::PublicInternet.to_string(), "Public (Internet)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum AccessLevel {
    /// Only the owner has access.
    Private = 0,
    /// Shared inside the organisation.
    Internal = 1,
    /// Shared with particular people outside of it.
    External = 2,
    /// Anyone who has the link.
    Public = 3,
    /// Anyone; can be found by searching the Internet.
    PublicInternet = 4,
}

impl AccessLevel {
    /// All levels, from the narrowest to the widest.
    pub const ALL: [Self; 5] = [
        Self::Private,
        Self::Internal,
        Self::External,
        Self::Public,
        Self::PublicInternet,
    ];

    /// The product's number, 0 to 4.
    pub const fn code(self) -> u32 {
        self as u32
    }

    /// The level with the product's number.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }
}

/// The name in the product's pages.
impl fmt::Display for AccessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "Private",
            Self::Internal => "Internal",
            Self::External => "External",
            Self::Public => "Public",
            Self::PublicInternet => "Public (Internet)",
        })
    }
}

/// Whether the labels of a file were read.
///
/// An empty list of labels means "no label" only after a read: before it, whether the file has a
/// label is unknown (R-109).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LabelScan {
    /// Never read, and not queued.
    #[default]
    Never,
    /// Queued for its first read. A file that was read before stays [`Done`](Self::Done) while it
    /// waits for another.
    Pending,
    /// Read.
    Done,
    /// Reading failed; counts as "no label" until it succeeds.
    Failed,
}

/// Why a file's content could not be inspected: the values of the scan warning filter (A-022).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ScanWarning {
    /// Protected by rights management.
    AzureRmsEncrypted = 0,
    /// Protected by a password that a user set.
    PasswordEncrypted = 1,
    /// Its content could not be read.
    CorruptFile = 2,
}

impl ScanWarning {
    /// All warnings.
    pub const ALL: [Self; 3] = [
        Self::AzureRmsEncrypted,
        Self::PasswordEncrypted,
        Self::CorruptFile,
    ];

    /// The warning with this name, in any letter case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|warning| warning.to_string().eq_ignore_ascii_case(name.trim()))
    }

    pub(crate) const fn code(self) -> u32 {
        self as u32
    }
}

/// The name in the product's pages and file records.
impl fmt::Display for ScanWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AzureRmsEncrypted => "Azure RMS encrypted",
            Self::PasswordEncrypted => "Password encrypted",
            Self::CorruptFile => "Corrupt file",
        })
    }
}

/// The warnings of one file.
///
/// # Examples
///
/// ```
/// use policy_engine::{ScanWarning, ScanWarnings};
///
/// let warnings: ScanWarnings = [ScanWarning::CorruptFile].into_iter().collect();
/// assert!(warnings.contains(ScanWarning::CorruptFile));
/// assert!(!warnings.contains(ScanWarning::PasswordEncrypted));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScanWarnings(u8);

impl ScanWarnings {
    /// No warning.
    pub const NONE: Self = Self(0);

    /// Adds a warning.
    pub fn insert(&mut self, warning: ScanWarning) {
        self.0 |= 1 << warning.code();
    }

    /// Whether the warning is there.
    pub const fn contains(self, warning: ScanWarning) -> bool {
        self.0 & (1 << warning.code()) != 0
    }

    /// The warnings, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = ScanWarning> {
        ScanWarning::ALL
            .into_iter()
            .filter(move |warning| self.contains(*warning))
    }
}

impl FromIterator<ScanWarning> for ScanWarnings {
    fn from_iter<I: IntoIterator<Item = ScanWarning>>(warnings: I) -> Self {
        warnings.into_iter().fold(Self::NONE, |mut all, warning| {
            all.insert(warning);
            all
        })
    }
}

/// Whether the file still exists in its app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FileStatus {
    /// It does.
    #[default]
    Exists,
    /// It is in the trash, and can still be shared.
    Trashed,
    /// It is gone. Such a record matches only with `allowDeleted`.
    Deleted,
    /// A number this project doesn't know; counts as existing.
    Other(u8),
}

/// A user or group as the product's directory names it.
///
/// # Examples
///
/// ```
/// use label_core::AppId;
/// use policy_engine::EntityKey;
///
/// let dana = EntityKey { id: "3fa9f28b".into(), app: Some(AppId(11161)), instance: Some(0) };
/// assert_eq!(dana.to_string(), "3fa9f28b");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntityKey {
    /// The id; letter case doesn't matter.
    pub id: Arc<str>,
    /// The app whose directory has it; left out, any app's.
    pub app: Option<AppId>,
    /// The instance of that app; left out, any.
    pub instance: Option<u32>,
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// One file's properties.
///
/// Only the key and the name are required; everything else starts as "no value", and what a
/// missing value means to each operator is written at [`Operator`](crate::Operator). Times are
/// milliseconds since 1970 UTC. Texts that recur from file to file are shared.
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey};
/// use policy_engine::{AccessLevel, FileRecord};
///
/// let key = FileKey::new(AppId::BOX, 0, FileId::parse("717900000001")?);
/// let mut file = FileRecord::new(key, "Contract.docx");
/// file.access_level = Some(AccessLevel::External);
/// file.owner_address = Some("ines@contoso.example".into());
/// assert_eq!(file.extension(), Some("docx"));
/// # Ok::<(), label_core::IdError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileRecord {
    /// App, instance and file.
    pub key: FileKey,
    /// The name in the app, with its extension.
    pub name: Box<str>,
    /// The extension as the app reports it, without the dot; otherwise it follows from the name.
    pub reported_extension: Option<Arc<str>>,
    /// The MIME type as the app reports it.
    pub mime_type: Option<Arc<str>>,
    /// The kind of file, if known; otherwise it follows from the MIME type.
    pub file_type: Option<FileType>,
    /// Whether this is a folder.
    pub is_folder: bool,
    /// Size in bytes.
    pub size_bytes: Option<u64>,
    /// When it was created.
    pub created_ms: Option<i64>,
    /// When content, metadata or sharing last changed.
    pub modified_ms: Option<i64>,
    /// When this record was last refreshed from the app.
    pub snapshot_ms: Option<i64>,
    /// How far it is shared.
    pub access_level: Option<AccessLevel>,
    /// The owner's e-mail address.
    pub owner_address: Option<Arc<str>>,
    /// The owner's name.
    pub owner_name: Option<Arc<str>>,
    /// The owner's organisational unit; Google Workspace only.
    pub owner_org_unit: Option<Arc<str>>,
    /// The owner and the imported groups with the owner in them, as directory entries.
    pub owner_entities: Vec<EntityKey>,
    /// The user groups that the owner is a member of; nothing when that is unknown.
    pub owner_groups: Option<Vec<Arc<str>>>,
    /// The folders the file lies in directly; Google allows several.
    pub parent_folders: Vec<Arc<str>>,
    /// All folders above it, drive included; nothing when they are unknown.
    pub ancestor_folders: Option<Vec<Arc<str>>>,
    /// Where it is, for people to read.
    pub path: Option<Box<str>>,
    /// Where it opens.
    pub url: Option<Box<str>>,
    /// E-mail addresses of the people with direct access.
    pub collaborators: Vec<Arc<str>>,
    /// The same as directory entries.
    pub collaborator_entities: Vec<EntityKey>,
    /// Domains of the people with direct access, the owner's included.
    pub domains: Vec<Arc<str>>,
    /// Ids of the groups with direct access.
    pub groups: Vec<Arc<str>>,
    /// Whether the whole organisation has access.
    pub shared_with_organization: bool,
    /// The labels found on it (R-059).
    pub labels: Vec<LabelKey>,
    /// Whether its labels were read.
    pub label_scan: LabelScan,
    /// What came of scanning its content, one status for each engine that was asked (A-021).
    pub content_scans: Vec<ScanStatus>,
    /// Why its content could not be inspected.
    pub warnings: ScanWarnings,
    /// Whether it exists, is in the trash, or is gone.
    pub status: FileStatus,
    /// Whether it was put in quarantine, by user or administrator.
    pub quarantined: bool,
    /// Whether it belongs to somebody outside of the organisation.
    pub is_foreign: bool,
    /// Whether the app lets nothing be done with it.
    pub no_governance: bool,
    /// The active policies that the file matches at present, as the caller keeps them.
    pub matched_policies: Vec<PolicyId>,
}

impl FileRecord {
    /// A file of which only key and name are known, its labels never read.
    pub fn new(key: FileKey, name: impl Into<Box<str>>) -> Self {
        Self {
            key,
            name: name.into(),
            reported_extension: None,
            mime_type: None,
            file_type: None,
            is_folder: false,
            size_bytes: None,
            created_ms: None,
            modified_ms: None,
            snapshot_ms: None,
            access_level: None,
            owner_address: None,
            owner_name: None,
            owner_org_unit: None,
            owner_entities: Vec::new(),
            owner_groups: None,
            parent_folders: Vec::new(),
            ancestor_folders: None,
            path: None,
            url: None,
            collaborators: Vec::new(),
            collaborator_entities: Vec::new(),
            domains: Vec::new(),
            groups: Vec::new(),
            shared_with_organization: false,
            labels: Vec::new(),
            label_scan: LabelScan::Never,
            content_scans: Vec::new(),
            warnings: ScanWarnings::NONE,
            status: FileStatus::Exists,
            quarantined: false,
            is_foreign: false,
            no_governance: false,
            matched_policies: Vec::new(),
        }
    }

    /// The extension that the app reports, else what stands behind the last dot of the name;
    /// nothing for a folder, a name without a dot, or one whose only dot comes first.
    pub fn extension(&self) -> Option<&str> {
        self.reported_extension
            .as_deref()
            .or_else(|| self.split_name().map(|(_, extension)| extension))
    }

    /// The name without extension and dot; the whole name where there is no extension.
    pub fn stem(&self) -> &str {
        self.split_name().map_or(&self.name, |(stem, _)| stem)
    }

    fn split_name(&self) -> Option<(&str, &str)> {
        if self.is_folder {
            return None;
        }
        let split @ (stem, extension) = self.name.rsplit_once('.')?;
        (!stem.is_empty() && !extension.is_empty()).then_some(split)
    }

    /// The kind of file: as recorded, else a folder, else by MIME type; no value without one.
    pub fn file_type(&self, table: FileTypeTable) -> Option<FileType> {
        self.file_type.or_else(|| {
            if self.is_folder {
                return Some(FileType::Folder);
            }
            self.mime_type
                .as_deref()
                .map(|mime_type| table.file_type(mime_type))
        })
    }

    /// Whether it is in the trash.
    pub fn is_trashed(&self) -> bool {
        self.status == FileStatus::Trashed
    }

    /// Whether it is unknown which labels the file has (R-109).
    pub fn labels_unknown(&self) -> bool {
        self.labels.is_empty() && matches!(self.label_scan, LabelScan::Never | LabelScan::Pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use label_core::FileId;

    fn record(name: &str) -> FileRecord {
        FileRecord::new(
            FileKey::new(AppId::BOX, 0, FileId::parse("1").unwrap()),
            name,
        )
    }

    #[test]
    fn extensions() {
        for (name, extension, stem) in [
            ("a.docx", Some("docx"), "a"),
            ("a.tar.gz", Some("gz"), "a.tar"),
            (".profile", None, ".profile"),
            ("a.", None, "a."),
            ("README", None, "README"),
            ("é.PDF", Some("PDF"), "é"),
        ] {
            assert_eq!(record(name).extension(), extension, "{name}");
            assert_eq!(record(name).stem(), stem, "{name}");
        }
        let mut folder = record("v1.2");
        folder.is_folder = true;
        assert_eq!(folder.extension(), None);
    }

    #[test]
    fn r_109_no_label_is_known_only_after_a_read() {
        let mut file = record("a.docx");
        for (scan, unknown) in [
            (LabelScan::Never, true),
            (LabelScan::Pending, true),
            (LabelScan::Done, false),
            (LabelScan::Failed, false),
        ] {
            file.label_scan = scan;
            assert_eq!(file.labels_unknown(), unknown, "{scan:?}");
        }
        file.label_scan = LabelScan::Never;
        file.labels.push(LabelKey::new(
            label_core::TenantId::from_u128(1),
            label_core::LabelId::from_u128(2),
        ));
        assert!(!file.labels_unknown());
    }

    #[test]
    fn a_022_warning_names_in_any_case() {
        assert_eq!(
            ScanWarning::parse("azure rms ENCRYPTED"),
            Some(ScanWarning::AzureRmsEncrypted)
        );
        assert_eq!(ScanWarning::parse("broken"), None);
    }
}
