//! Where files are: the connector trait, and a connector for plain folders.

mod folder;
mod memory;

use std::sync::Arc;

use governance::FileVersion;
use label_core::{AppId, FileId, FileKey};
use label_formats::{ByteSource, EditedFile};
use policy_engine::{AccessLevel, FileRecord, FileStatus};
use serde::{Deserialize, Serialize};

pub use folder::{FolderApp, FolderTenant, SIDECAR_NAME};
pub use memory::MemoryApp;

use crate::error::AppError;

/// Most files of one page of a listing.
pub const PAGE_MAX: usize = 1_000;

/// What an app says about a file, without its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileMetadata {
    /// The file's identity in the app.
    pub id: FileId,
    /// Its name as the app shows it.
    pub name: String,
    /// The version tag: another one after every change of content or metadata.
    pub version: String,
    /// Bytes of the whole file.
    pub size_bytes: u64,
    /// As the app reports it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime_type: Option<String>,
    /// When it was created, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_ms: Option<i64>,
    /// When content, metadata or sharing changed last, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified_ms: Option<i64>,
    /// The product's number of the access level, 0 to 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_level: Option<u32>,
    /// The owner's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_address: Option<String>,
    /// The owner's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_name: Option<String>,
    /// The owner's organisational unit; Google Workspace only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner_org_unit: Option<String>,
    /// Addresses of people with access.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collaborators: Vec<String>,
    /// Domains with access, the owner's included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Ids of the folders that hold it directly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// Ids of all folders above it; `None` if the app doesn't say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ancestors: Option<Vec<String>>,
    /// The path that people know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// In quarantine.
    #[serde(default)]
    pub quarantined: bool,
    /// In the app's trash.
    #[serde(default)]
    pub trashed: bool,
}

impl FileMetadata {
    /// A file of which little is known.
    pub fn new(id: FileId, name: &str, version: &str, size_bytes: u64) -> Self {
        Self {
            id,
            name: name.to_owned(),
            version: version.to_owned(),
            size_bytes,
            mime_type: None,
            created_ms: None,
            modified_ms: None,
            access_level: None,
            owner_address: None,
            owner_name: None,
            owner_org_unit: None,
            collaborators: Vec::new(),
            domains: Vec::new(),
            parents: Vec::new(),
            ancestors: None,
            path: None,
            quarantined: false,
            trashed: false,
        }
    }

    /// The record that policies look at; labels come from scans.
    pub fn to_record(&self, app: AppId, instance: u32) -> FileRecord {
        let shared = |text: &String| Arc::<str>::from(text.as_str());
        let list = |texts: &[String]| texts.iter().map(shared).collect::<Vec<_>>();
        let key = FileKey::new(app, instance, self.id.clone());
        let mut record = FileRecord::new(key, self.name.as_str());
        record.mime_type = self.mime_type.as_ref().map(shared);
        record.size_bytes = Some(self.size_bytes);
        record.created_ms = self.created_ms;
        record.modified_ms = self.modified_ms;
        record.access_level = self.access_level.and_then(AccessLevel::from_code);
        record.owner_address = self.owner_address.as_ref().map(shared);
        record.owner_name = self.owner_name.as_ref().map(shared);
        record.owner_org_unit = self.owner_org_unit.as_ref().map(shared);
        record.collaborators = list(&self.collaborators);
        record.domains = list(&self.domains);
        record.parent_folders = list(&self.parents);
        record.ancestor_folders = self.ancestors.as_deref().map(list);
        record.path = self.path.as_deref().map(Into::into);
        record.quarantined = self.quarantined;
        if self.trashed {
            record.status = FileStatus::Trashed;
        }
        record
    }
}

/// A file opened for reading, at one version.
pub struct OpenFile {
    /// Its bytes.
    pub source: Box<dyn ByteSource>,
    /// The version that they are.
    pub version: FileVersion,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("len", &self.source.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// A connected cloud app, as far as labels need it.
///
/// Reading is by ranges, writing is conditional: there is no way to write over a version that was
/// not read.
///
/// A version tag must never come back with other content or metadata: a task is known by it, and
/// one that was finished for a version is not carried out for that version again.
pub trait CloudApp {
    /// Which app.
    fn app(&self) -> AppId;

    /// Which connected instance of it; 0 where there is one.
    fn instance(&self) -> u32 {
        0
    }

    /// Up to `max` files in the order of their ids, behind `after`; an empty page is the end.
    ///
    /// # Errors
    ///
    /// [`AppError`]: the listing is not complete, keep what was known.
    fn list(&self, after: Option<&FileId>, max: usize) -> Result<Vec<FileMetadata>, AppError>;

    /// What the app says about one file now.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`], or a failure.
    fn metadata(&self, file: &FileId) -> Result<FileMetadata, AppError>;

    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`AppError::NotFound`], or a failure.
    fn open(&self, file: &FileId) -> Result<OpenFile, AppError>;

    /// Writes new content into the file, in place: same id, name and folder, if it still
    /// has the version that was read. Gives the new version.
    ///
    /// # Errors
    ///
    /// [`AppError::Conflict`] if it has another version; [`AppError::Uncertain`] if it may have
    /// been written; else nothing was.
    fn replace(
        &self,
        file: &FileId,
        expected: &FileVersion,
        content: &EditedFile<'_>,
    ) -> Result<FileVersion, AppError>;
}
