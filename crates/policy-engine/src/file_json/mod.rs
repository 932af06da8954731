//! Files as the product's own interface gives them, and back (8.3, 8.6).
//!
//! Only `_id` or `id` is required. A member of another type than it should have is an error: to
//! take it for missing would turn "not shared outside" into a match. Members that are not known,
//! and tags that are neither labels nor warnings, are kept as they are.
//!
//! The product's records say nothing of a few facts that filters can ask for. Here they may: as
//! `quarantined`, `ownerOrgUnit`, `ownerEntities`, `ownerGroups`, `collaboratorEntities`,
//! `sharedWithOrganization`, `labelScan`, `contentScans` and `matchedPolicies`. With them, a [`FileRecord`] survives the
//! way there and back, but for what its own form allows and JSON has no word for: an empty text comes
//! back as no value, a label that stands there twice comes back once, and
//! [`FileStatus::Other`](crate::FileStatus::Other) with the number of a status that has a name comes
//! back with another number.

mod read;
#[cfg(test)]
mod tests;
mod write;

use label_core::FileKey;
use serde_json::{Map, Value};

use crate::error::{BuildErrors, Place, Problems};
use crate::json;
use crate::record::{FileRecord, LabelScan};

/// Names of the members, in the order in which new ones are written.
mod names {
    pub(super) const KEY: &str = "_id";
    pub(super) const APP: &str = "appId";
    pub(super) const CONNECTOR_APP: &str = "saasId";
    pub(super) const APP_NAME: &str = "appName";
    pub(super) const INSTANCE: &str = "instId";
    pub(super) const FILE: &str = "id";
    pub(super) const NAME: &str = "name";
    pub(super) const LOWER_NAME: &str = "name_l";
    pub(super) const EXTENSION: &str = "fileExtension";
    pub(super) const MIME_TYPE: &str = "mimeType";
    pub(super) const FILE_TYPE: &str = "fileType";
    pub(super) const FILE_TYPE_CODE: &str = "ftype";
    pub(super) const FOLDER: &str = "isFolder";
    pub(super) const SIZE: &str = "fileSize";
    pub(super) const CREATED: &str = "createdDate";
    pub(super) const MODIFIED: &str = "modifiedDate";
    pub(super) const SNAPSHOT: &str = "snapshotLastModifiedDate";
    pub(super) const TAGS: &str = "fTags";
    pub(super) const ACCESS_LEVEL: &str = "fileAccessLevel";
    pub(super) const ACCESS_LEVEL_CODE: &str = "facl";
    pub(super) const STATUS: &str = "fileStatus";
    pub(super) const STATUS_CODE: &str = "fstat";
    pub(super) const OWNER_NAME: &str = "ownerName";
    pub(super) const OWNER_ADDRESS: &str = "ownerAddress";
    pub(super) const OWNER_UNIT: &str = "ownerOrgUnit";
    pub(super) const OWNER_ENTITIES: &str = "ownerEntities";
    pub(super) const OWNER_GROUPS: &str = "ownerGroups";
    pub(super) const EMAILS: &str = "emails";
    pub(super) const DOMAINS: &str = "domains";
    pub(super) const GROUP_IDS: &str = "groupIds";
    pub(super) const GROUPS: &str = "groups";
    pub(super) const ORGANIZATION: &str = "sharedWithOrganization";
    pub(super) const COLLABORATOR_ENTITIES: &str = "collaboratorEntities";
    pub(super) const PARENTS: &str = "parentIds";
    pub(super) const PARENT: &str = "parentId";
    pub(super) const ANCESTORS: &str = "effectiveParents";
    pub(super) const PATH: &str = "filePath";
    pub(super) const LINK: &str = "alternateLink";
    pub(super) const FOREIGN: &str = "isForeign";
    pub(super) const NO_GOVERNANCE: &str = "noGovernance";
    pub(super) const QUARANTINED: &str = "quarantined";
    pub(super) const LABEL_SCAN: &str = "labelScan";
    pub(super) const CONTENT_SCANS: &str = "contentScans";
    pub(super) const MATCHED: &str = "matchedPolicies";
}

/// The words of `labelScan`.
const LABEL_SCANS: [(&str, LabelScan); 4] = [
    ("never", LabelScan::Never),
    ("pending", LabelScan::Pending),
    ("done", LabelScan::Done),
    ("failed", LabelScan::Failed),
];

/// The words of `contentScans`.
const CONTENT_SCANS: [&str; 13] = [
    "notApplicable",
    "pending",
    "completed",
    "downloadError",
    "fileEncrypted",
    "fileCorrupted",
    "internalError",
    "externalDlpError",
    "fileSizeExceeded",
    "fileTooLong",
    "accessDenied",
    "fileDeleted",
    "unsupportedType",
];

/// The names of file types and access levels in records, by code.
const FILE_TYPES: [&str; 7] = [
    "OTHER",
    "DOCUMENT",
    "SPREADSHEET",
    "PRESENTATION",
    "TEXT",
    "IMAGE",
    "FOLDER",
];
const ACCESS_LEVELS: [&str; 5] = [
    "PRIVATE",
    "INTERNAL",
    "EXTERNAL",
    "PUBLIC",
    "PUBLIC_INTERNET",
];
const STATUSES: [&str; 3] = ["EXISTS", "TRASHED", "DELETED"];

/// A file in the product's form: the record, and all that came with it.
///
/// # Examples
///
/// ```
/// use policy_engine::{AccessLevel, FileJson};
///
/// let mut file = FileJson::from_json(
///     r#"{"_id": "5f077e6fc3b664209dae1f6b", "appId": 15600, "name": "Plan.docx",
///         "fileAccessLevel": [0, "PRIVATE"], "scanVersion": 4}"#,
/// )?;
/// assert_eq!(file.id, "5f077e6fc3b664209dae1f6b");
/// assert_eq!(file.record.access_level, Some(AccessLevel::Private));
///
/// file.record.access_level = Some(AccessLevel::External);
/// let written = file.to_value();
/// assert_eq!(written["fileAccessLevel"], serde_json::json!([2, "EXTERNAL"]));
/// assert_eq!(written["scanVersion"], 4);
/// # Ok::<(), policy_engine::BuildErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileJson {
    /// What the product names the file by: `_id`, or `id` where there is no `_id`.
    pub id: String,
    /// What filters look at. Its labels count as read, unless `labelScan` says otherwise: the
    /// product's records don't say whether they were.
    pub record: FileRecord,
    /// All members as they came.
    members: Map<String, Value>,
}

impl FileJson {
    /// A record of our own, named by app, instance and file.
    pub fn new(record: FileRecord) -> Self {
        Self {
            id: record.key.to_string(),
            record,
            members: Map::new(),
        }
    }

    /// Reads one file.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] with everything that can't be read, each with its pointer: no JSON object,
    /// neither `_id` nor `id`, a member of another type than it should have.
    pub fn from_json(text: &str) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        match json::parse(text) {
            Ok(value) => return Self::from_value(value),
            Err(cause) => problems.push(&Place::Root, cause),
        }
        Err(problems.into_errors())
    }

    /// Reads one file from a JSON value.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_value(value: Value) -> Result<Self, BuildErrors> {
        let mut problems = Problems::default();
        match read::file(value, &mut problems) {
            Some(file) if problems.len() == 0 => Ok(file),
            _ => Err(problems.into_errors()),
        }
    }

    /// The values in a text of files: one file, the product's answer to a listing with the files
    /// in `data`, or a list.
    ///
    /// # Errors
    ///
    /// [`BuildErrors`] when the text is no JSON, or larger than
    /// [`DOCUMENT_BYTES_MAX`](crate::DOCUMENT_BYTES_MAX).
    pub fn values(text: &str) -> Result<Vec<Value>, BuildErrors> {
        let mut problems = Problems::default();
        match json::parse(text) {
            Ok(Value::Array(files)) => return Ok(files),
            Ok(Value::Object(mut members)) => {
                return Ok(match members.remove("data") {
                    Some(Value::Array(files)) => files,
                    Some(other) => {
                        members.insert("data".to_owned(), other);
                        vec![Value::Object(members)]
                    }
                    None => vec![Value::Object(members)],
                });
            }
            Ok(other) => problems.push(
                &Place::Root,
                json::type_error("a file, or a list of files", &other),
            ),
            Err(cause) => problems.push(&Place::Root, cause),
        }
        Err(problems.into_errors())
    }

    /// The app's own key of the file.
    pub fn key(&self) -> &FileKey {
        &self.record.key
    }

    /// The file as the product writes it. A member is written anew where the record, or
    /// [`id`](Self::id), says something else than it; all others are given back as they came. Only
    /// `name_l` follows the name.
    pub fn to_value(&self) -> Value {
        let members = &self.members;
        let is_same = read::file(Value::Object(members.clone()), &mut Problems::default())
            .is_some_and(|read| read.record == self.record && read.id == self.id);
        if is_same {
            return Value::Object(members.clone());
        }
        write::file(self, members.clone())
    }
}
