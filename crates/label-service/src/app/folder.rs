//! A folder whose tree plays cloud apps: each app is a sub-folder, and a sidecar file beside them
//! says what a disk does not know: owners, sharing, dates.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use governance::FileVersion;
use label_core::{AppId, FileId, TenantId};
use label_formats::{EditedFile, FileSource, Replaced, TEMPORARY_PREFIX, replace_file_if};
use policy_engine::sharing::{self, Grant, ManagedDomains, Reach};
use serde::Deserialize;

use super::{CloudApp, FileMetadata, OpenFile};
use crate::error::{AppError, ServiceError};

/// The name of the sidecar file.
pub const SIDECAR_NAME: &str = "files.json";

/// Largest sidecar, in bytes.
const SIDECAR_BYTES_MAX: u64 = 256 * 1_048_576;

/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 64;

/// Most files of one app.
const FILES_MAX: usize = 5_000_000;

/// The tenant that a folder plays.
#[derive(Debug)]
pub struct FolderTenant {
    /// The tenant's id, if the sidecar names one.
    pub tenant: Option<TenantId>,
    /// Its apps.
    pub apps: Vec<FolderApp>,
}

/// One app of such a folder.
#[derive(Debug)]
pub struct FolderApp {
    app: AppId,
    instance: u32,
    root: PathBuf,
    /// What the sidecar says, by the path inside the app.
    entries: BTreeMap<String, SidecarFile>,
    managed_domains: ManagedDomains,
    /// The walk that a listing is in the middle of.
    paths: RefCell<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sidecar {
    format: String,
    tenant_id: TenantId,
    #[serde(default)]
    managed_domains: Vec<String>,
    apps: Vec<SidecarApp>,
    #[serde(default)]
    files: Vec<SidecarFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SidecarApp {
    app_id: u32,
    #[serde(default)]
    inst_id: u32,
    #[serde(default, rename = "name")]
    _name: Option<String>,
    folder: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SidecarFile {
    path: String,
    #[serde(default)]
    owner_address: Option<String>,
    #[serde(default)]
    owner_name: Option<String>,
    #[serde(default)]
    owner_org_unit: Option<String>,
    #[serde(default)]
    collaborators: Vec<String>,
    #[serde(default)]
    link: SharingLink,
    #[serde(default)]
    mime_type: Option<String>,
    #[serde(default)]
    created_date: Option<String>,
    #[serde(default)]
    modified_date: Option<String>,
    #[serde(default)]
    quarantined: bool,
    #[serde(default)]
    trashed: bool,
    /// How often a demonstration multiplies the document; nothing to a connector.
    #[serde(default, rename = "copies")]
    _copies: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SharingLink {
    #[default]
    None,
    Organization,
    Anyone,
    AnyoneSearchable,
}

impl FolderTenant {
    /// Opens a folder with a sidecar. Nothing is changed by that.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Folder`] with the place in the sidecar; nothing is changed.
    pub fn open(root: &Path) -> Result<Self, ServiceError> {
        let path = root.join(SIDECAR_NAME);
        let sidecar = read_sidecar(&path)?;
        let refuse = |pointer: String, cause: String| ServiceError::Folder {
            place: format!("{}{pointer}", path.display()),
            cause,
        };
        if sidecar.format != "folder-apps/1" {
            return Err(refuse(
                "/format".to_owned(),
                format!("`{}` instead of `folder-apps/1`", sidecar.format),
            ));
        }
        let mut apps = Vec::new();
        for (at, app) in sidecar.apps.iter().enumerate() {
            let folder = root.join(&app.folder);
            if !is_plain_name(&app.folder) || !folder.is_dir() {
                return Err(refuse(
                    format!("/apps/{at}/folder"),
                    format!("`{}` is not a sub-folder", app.folder),
                ));
            }
            let managed_domains = ManagedDomains::new(&sidecar.managed_domains);
            apps.push(FolderApp::new(
                AppId(app.app_id),
                app.inst_id,
                folder,
                managed_domains,
            ));
        }
        for (at, file) in sidecar.files.into_iter().enumerate() {
            let dates = [
                ("createdDate", &file.created_date),
                ("modifiedDate", &file.modified_date),
            ];
            for (name, date) in dates {
                if let Some(text) = date
                    && date_ms(text).is_none()
                {
                    return Err(refuse(
                        format!("/files/{at}/{name}"),
                        format!("`{text}` is not a date"),
                    ));
                }
            }
            let placed = sidecar
                .apps
                .iter()
                .zip(&mut apps)
                .find_map(|(app, connected)| {
                    let inside = file.path.strip_prefix(&app.folder)?.strip_prefix('/')?;
                    Some((connected, inside.to_owned()))
                });
            let Some((app, inside)) = placed else {
                return Err(refuse(
                    format!("/files/{at}/path"),
                    format!("`{}` is in none of the apps", file.path),
                ));
            };
            app.entries.insert(inside, file);
        }
        Ok(Self {
            tenant: Some(sidecar.tenant_id),
            apps,
        })
    }

    /// Takes a folder without sidecar as one app, of which only names, sizes and dates are known.
    pub fn plain(root: &Path, app: AppId) -> Self {
        Self {
            tenant: None,
            apps: vec![FolderApp::new(
                app,
                0,
                root.to_owned(),
                ManagedDomains::default(),
            )],
        }
    }
}

impl FolderTenant {
    /// Deletes the temporary files that a crash of an earlier process left behind. Call it before
    /// labels are applied, and while no other process applies labels to the folder.
    pub fn remove_temporaries(&self) {
        for app in &self.apps {
            remove_temporaries(&app.root, 0);
        }
    }
}

impl FolderApp {
    fn new(app: AppId, instance: u32, root: PathBuf, managed_domains: ManagedDomains) -> Self {
        Self {
            app,
            instance,
            root,
            entries: BTreeMap::new(),
            managed_domains,
            paths: RefCell::default(),
        }
    }

    /// The paths of all files inside the app, in order. What can't be looked into, and names that
    /// can't be ids, are left out: one odd file must not hide all others.
    fn paths(&self) -> Result<Vec<String>, AppError> {
        let mut paths = Vec::new();
        let mut folders = vec![(self.root.clone(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if depth == 0 => {
                    return Err(AppError::Failed(format!("`{}`: {error}", folder.display())));
                }
                Err(_) => continue,
            };
            for entry in entries.flatten() {
                let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type())
                else {
                    continue;
                };
                if name.starts_with(TEMPORARY_PREFIX) || name == SIDECAR_NAME && prefix.is_empty() {
                    continue;
                }
                let path = format!("{prefix}{name}");
                if kind.is_dir() && depth < DEPTH_MAX {
                    folders.push((entry.path(), format!("{path}/"), depth + 1));
                } else if kind.is_file() && FileId::parse(&path).is_ok() {
                    paths.push(path);
                }
                if paths.len() > FILES_MAX {
                    return Err(AppError::Failed("too many files".to_owned()));
                }
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn disk_path(&self, file: &FileId) -> Result<PathBuf, AppError> {
        // An id names a place below the root, and nothing else.
        if file.as_str().split('/').all(is_plain_name) {
            Ok(self.root.join(file.as_str()))
        } else {
            Err(AppError::NotFound)
        }
    }

    /// Another one after every change of the content, and of what the sidecar says.
    fn version(&self, disk: &fs::Metadata, inside: &str) -> Result<FileVersion, AppError> {
        let mut tag = version_tag(disk);
        if let Some(entry) = self.entries.get(inside) {
            let print = crate::service::fingerprint(format!("{entry:?}").as_bytes());
            tag.push('-');
            tag.push_str(print.get(..16).unwrap_or_default());
        }
        FileVersion::parse(&tag).map_err(|error| AppError::Failed(error.to_string()))
    }

    fn describe(&self, inside: &str) -> Result<FileMetadata, AppError> {
        let id = FileId::parse(inside).map_err(|error| AppError::Failed(error.to_string()))?;
        let path = self.disk_path(&id)?;
        let disk = fs::symlink_metadata(&path).map_err(|error| not_found(&error))?;
        if !disk.is_file() {
            return Err(AppError::NotFound);
        }
        let (folders, name) = match inside.rsplit_once('/') {
            Some((folders, name)) => (Some(folders), name),
            None => (None, inside),
        };
        let version = self.version(&disk, inside)?;
        let mut metadata = FileMetadata::new(id, name, version.as_str(), disk.len());
        metadata.path = Some(inside.to_owned());
        metadata.mime_type = mime_type(name).map(str::to_owned);
        metadata.modified_ms = disk
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_millis()).ok());
        metadata.parents = folders.map(str::to_owned).into_iter().collect();
        metadata.ancestors = Some(ancestors(folders.unwrap_or_default()));
        if let Some(entry) = self.entries.get(inside) {
            self.add_sidecar(&mut metadata, entry);
        }
        Ok(metadata)
    }

    fn add_sidecar(&self, metadata: &mut FileMetadata, entry: &SidecarFile) {
        metadata.owner_address.clone_from(&entry.owner_address);
        metadata.owner_name.clone_from(&entry.owner_name);
        metadata.owner_org_unit.clone_from(&entry.owner_org_unit);
        metadata.collaborators.clone_from(&entry.collaborators);
        metadata.quarantined = entry.quarantined;
        metadata.trashed = entry.trashed;
        if entry.mime_type.is_some() {
            metadata.mime_type.clone_from(&entry.mime_type);
        }
        metadata.created_ms = entry.created_date.as_deref().and_then(date_ms);
        if let Some(date) = &entry.modified_date {
            metadata.modified_ms = date_ms(date);
        }
        let mut domains: Vec<String> = entry
            .collaborators
            .iter()
            .chain(&entry.owner_address)
            .filter_map(|address| sharing::domain_of(address))
            .map(str::to_lowercase)
            .collect();
        domains.sort();
        domains.dedup();
        metadata.domains = domains;
        metadata.access_level = Some(self.access_level(entry));
    }

    /// The widest access that applies, of the link and of the people.
    fn access_level(&self, entry: &SidecarFile) -> u32 {
        let link = match entry.link {
            SharingLink::AnyoneSearchable => Reach::AnyoneSearchable,
            SharingLink::Anyone => Reach::AnyoneWithLink,
            SharingLink::Organization => Reach::Organization,
            SharingLink::None => Reach::Nobody,
        };
        let people = entry.collaborators.iter().cloned().map(Reach::Address);
        let grants: Vec<Grant> = people.chain([link]).map(Grant::from).collect();
        sharing::access_level(&grants, &self.managed_domains)
            .level
            .code()
    }
}

impl CloudApp for FolderApp {
    fn app(&self) -> AppId {
        self.app
    }

    fn instance(&self) -> u32 {
        self.instance
    }

    fn list(&self, after: Option<&FileId>, max: usize) -> Result<Vec<FileMetadata>, AppError> {
        // One walk serves all pages of a listing.
        if after.is_none() {
            *self.paths.borrow_mut() = self.paths()?;
        }
        let paths = self.paths.borrow();
        let start = after.map_or(0, |after| {
            paths.partition_point(|path| path.as_str() <= after.as_str())
        });
        let mut page = Vec::new();
        for path in paths.iter().skip(start) {
            if page.len() >= max {
                break;
            }
            match self.describe(path) {
                Ok(metadata) => page.push(metadata),
                // It went away between the two looks.
                Err(AppError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(page)
    }

    fn metadata(&self, file: &FileId) -> Result<FileMetadata, AppError> {
        self.describe(file.as_str())
    }

    fn open(&self, file: &FileId) -> Result<OpenFile, AppError> {
        let path = self.disk_path(file)?;
        let handle = fs::File::open(&path).map_err(|error| not_found(&error))?;
        let disk = handle.metadata().map_err(|error| not_found(&error))?;
        let source = FileSource::new(handle).map_err(|error| not_found(&error))?;
        Ok(OpenFile {
            source: Box::new(source),
            version: self.version(&disk, file.as_str())?,
        })
    }

    fn replace(
        &self,
        file: &FileId,
        expected: &FileVersion,
        content: &EditedFile<'_>,
    ) -> Result<FileVersion, AppError> {
        let path = self.disk_path(file)?;
        let present = || {
            fs::symlink_metadata(&path)
                .map_err(|error| not_found(&error))
                .and_then(|disk| self.version(&disk, file.as_str()))
        };
        if present()? != *expected {
            return Err(AppError::Conflict);
        }
        // The last look comes when the new file is complete, right before it takes the place.
        let unchanged = || present().is_ok_and(|now| now == *expected);
        match replace_file_if(&path, content, &unchanged) {
            Ok(Replaced::Done) => {}
            Ok(Replaced::Refused) => return Err(AppError::Conflict),
            // Only a failure behind the rename leaves the new file in place.
            Err(error) if unchanged() => return Err(AppError::Failed(error.to_string())),
            Err(error) => return Err(AppError::Uncertain(error.to_string())),
        }
        present().map_err(|error| AppError::Uncertain(error.to_string()))
    }
}

fn read_sidecar(path: &Path) -> Result<Sidecar, ServiceError> {
    let refuse = |cause: String| ServiceError::Folder {
        place: path.display().to_string(),
        cause,
    };
    let size = fs::metadata(path)
        .map_err(|error| refuse(error.to_string()))?
        .len();
    if size > SIDECAR_BYTES_MAX {
        return Err(refuse(format!(
            "{size} bytes, at most {SIDECAR_BYTES_MAX} are read"
        )));
    }
    let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0'])
}

/// A crash may leave these; they were never documents.
fn remove_temporaries(folder: &Path, depth: usize) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && depth < DEPTH_MAX {
            remove_temporaries(&entry.path(), depth + 1);
        } else if entry
            .file_name()
            .to_string_lossy()
            .starts_with(TEMPORARY_PREFIX)
        {
            // If it can't be deleted, it is ignored when listing.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn not_found(error: &std::io::Error) -> AppError {
    match error.kind() {
        std::io::ErrorKind::NotFound => AppError::NotFound,
        _ => AppError::Failed(error.to_string()),
    }
}

/// Size, time of change and file number: a replaced file has another number, an edited one another
/// time.
fn version_tag(disk: &fs::Metadata) -> String {
    let modified = disk
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos());
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(disk);
    #[cfg(not(unix))]
    let number = 0;
    format!("{}-{modified}-{number}", disk.len())
}

/// `a/b/c` lies in `a`, `a/b` and `a/b/c`.
fn ancestors(folders: &str) -> Vec<String> {
    let mut above = Vec::new();
    for (at, _) in folders.match_indices('/') {
        above.extend(folders.get(..at).map(str::to_owned));
    }
    if !folders.is_empty() {
        above.push(folders.to_owned());
    }
    above
}

fn date_ms(text: &str) -> Option<i64> {
    let date = label_formats::SetDate::parse(text)?;
    date.unix_seconds
        .checked_mul(1_000)?
        .checked_add(i64::from(date.nanoseconds / 1_000_000))
}

/// What an app would report for a name.
fn mime_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    let known: HashMap<&str, &str> = HashMap::from(MIME_TYPES);
    known.get(extension.to_ascii_lowercase().as_str()).copied()
}

const MIME_TYPES: [(&str, &str); 18] = [
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("docm", "application/vnd.ms-word.document.macroEnabled.12"),
    (
        "dotx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
    ),
    ("dotm", "application/vnd.ms-word.template.macroEnabled.12"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"),
    (
        "xltx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.template",
    ),
    ("xlam", "application/vnd.ms-excel.addin.macroEnabled.12"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    (
        "pptm",
        "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    ),
    (
        "potx",
        "application/vnd.openxmlformats-officedocument.presentationml.template",
    ),
    (
        "potm",
        "application/vnd.ms-powerpoint.template.macroEnabled.12",
    ),
    (
        "ppsx",
        "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
    ),
    (
        "ppsm",
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
    ),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("json", "application/json"),
];
