//! A snapshot on disk: the file, the one before it, and steps between them that may be cut short.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::id::TenantId;
use crate::sync::error::SnapshotError;
use crate::sync::snapshot::{ContentHash, LabelSnapshot};
use crate::sync::time::{from_iso, to_iso};

/// Largest snapshot file, in bytes. One of 10,000 labels has about 10 MiB.
pub const SNAPSHOT_BYTES_MAX: u64 = 128 * 1_048_576;

/// Keeps a tenant's snapshot in a file, the one before it in `<file>.previous`, when the source last
/// confirmed it in `<file>.confirmed`, and which list is held back in `<file>.held`.
///
/// [`SnapshotKeeper::open`](crate::sync::SnapshotKeeper::open) saves each snapshot before anybody
/// sees it: then versions only grow, also over a crash.
///
/// # Examples
///
/// ```
/// use label_core::TenantId;
/// use label_core::sync::SnapshotStore;
///
/// # let folder = tempfile::tempdir()?;
/// let store = SnapshotStore::new(&folder.path().join("labels.json"));
/// assert!(store.load(TenantId::from_u128(1))?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SnapshotStore {
    path: PathBuf,
}

/// What was on disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The snapshot.
    pub snapshot: LabelSnapshot,
    /// No version up to this one is given again: above the snapshot's own where a later file is
    /// damaged or missing.
    pub version_floor: u64,
    /// When the source last confirmed it, UTC, in milliseconds since 1970; as far as was stored, at
    /// least when it was first read.
    pub confirmed_ms: i64,
    /// Why it is the previous file.
    pub fell_back: Option<SnapshotError>,
}

impl SnapshotStore {
    /// A store at this path. Files of several tenants need several paths.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The snapshot of this tenant; `None` if none was ever stored.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`]: the file and the one before it are damaged, or the file is not this
    /// tenant's, or of another format (L-053). The last two never fall back: what is there is
    /// somebody's.
    pub fn load(&self, tenant: TenantId) -> Result<Option<Loaded>, SnapshotError> {
        let first = match read(&self.path, tenant) {
            Ok(Some(snapshot)) => {
                return Ok(Some(Loaded {
                    version_floor: snapshot.version,
                    confirmed_ms: self.confirmed_ms(&snapshot),
                    snapshot,
                    fell_back: None,
                }));
            }
            Ok(None) => None,
            Err(error @ SnapshotError::Damaged { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        match (read(&self.beside(".previous"), tenant), first) {
            (Ok(Some(snapshot)), first) => Ok(Some(Loaded {
                // What was lost had the next version.
                version_floor: snapshot.version.saturating_add(1),
                confirmed_ms: snapshot.fetched_ms,
                snapshot,
                fell_back: Some(first.unwrap_or_else(|| SnapshotError::Damaged {
                    cause: "the file is missing".to_owned(),
                })),
            })),
            (Ok(None), None) => Ok(None),
            (_, Some(first)) => Err(first),
            (Err(error), None) => Err(error),
        }
    }

    /// Stores a snapshot. When this fails or is cut short at any step, [`load`](Self::load) finds
    /// the one before, or this one.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`]: nothing can be written there, or what is there must not be replaced.
    pub fn save(&self, snapshot: &LabelSnapshot) -> Result<(), SnapshotError> {
        let text = snapshot.to_json();
        if text.len() as u64 > SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLarge {
                limit_bytes: SNAPSHOT_BYTES_MAX,
            });
        }
        let stored = match read(&self.path, snapshot.tenant) {
            Ok(stored) => stored,
            // It is of no use, and must not push out the previous file.
            Err(SnapshotError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        if let Some(stored) = &stored
            && stored.version > snapshot.version
        {
            return Err(SnapshotError::Older {
                version: snapshot.version,
                stored: stored.version,
            });
        }
        let new = self.beside(".new");
        let written = write_whole(&new, text.as_bytes());
        written.map_err(|error| io_error(&new, &error))?;
        let previous = self.beside(".previous");
        let rename =
            |from: &Path, to: &Path| fs::rename(from, to).map_err(|error| io_error(to, &error));
        match stored {
            Some(stored) if stored.version.checked_add(1) == Some(snapshot.version) => {
                rename(&self.path, &previous)?;
            }
            Some(stored) if stored.version == snapshot.version => {}
            // Versions were lost on the way, or the latest file was. If this one came to be lost too,
            // the file before it would be more than one version behind, and a version given twice: it
            // takes this text as well.
            stored if stored.is_some() || previous.exists() => {
                rename(&new, &previous)?;
                let written = write_whole(&new, text.as_bytes());
                written.map_err(|error| io_error(&new, &error))?;
            }
            _ => {}
        }
        rename(&new, &self.path)?;
        sync_folder(&self.path).map_err(|error| io_error(&self.path, &error))
    }

    /// Notes that the source said at this time that the stored snapshot still holds.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Io`]: it is not noted.
    pub fn confirm(&self, snapshot: &LabelSnapshot, now_ms: i64) -> Result<(), SnapshotError> {
        let (new, path) = (self.beside(".confirmed.new"), self.beside(".confirmed"));
        let text = format!("{} {}\n", snapshot.version, to_iso(now_ms));
        // Not flushed: what a crash loses is a time, and the disk is spared once an hour.
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| io_error(&path, &error))
    }

    /// Notes which list is held back, and since when, so that the next read may confirm it in another
    /// process too; without one, that none is.
    pub(super) fn hold(&self, held: Option<(ContentHash, i64)>) -> io::Result<()> {
        let (new, path) = (self.beside(".held.new"), self.beside(".held"));
        let Some((hash, since_ms)) = held else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        fs::write(&new, format!("{hash} {}\n", to_iso(since_ms)))?;
        fs::rename(&new, &path)
    }

    /// The list that the last read brought and that was held back.
    pub(super) fn held(&self) -> Option<(ContentHash, i64)> {
        const BYTES_MAX: u64 = 128;
        let mut text = String::new();
        let file = File::open(self.beside(".held")).ok()?;
        file.take(BYTES_MAX).read_to_string(&mut text).ok()?;
        let (hash, since) = text.trim_end().split_once(' ')?;
        Some((ContentHash::parse(hash)?, from_iso(since)?))
    }

    /// What is noted of this snapshot; what can't be read is not noted.
    fn confirmed_ms(&self, snapshot: &LabelSnapshot) -> i64 {
        const BYTES_MAX: u64 = 64;
        let mut text = String::new();
        let noted = File::open(self.beside(".confirmed"))
            .and_then(|file| file.take(BYTES_MAX).read_to_string(&mut text))
            .ok()
            .and_then(|_| text.trim_end().split_once(' '))
            .filter(|(version, _)| version.parse() == Ok(snapshot.version))
            .and_then(|(_, time)| from_iso(time));
        // Also where it is earlier: then the clock was ahead when the list came.
        noted.unwrap_or(snapshot.fetched_ms)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(self.path.as_os_str());
        name.push(ending);
        PathBuf::from(name)
    }
}

fn read(path: &Path, tenant: TenantId) -> Result<Option<LabelSnapshot>, SnapshotError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error(path, &error)),
    };
    let mut text = Vec::new();
    file.take(SNAPSHOT_BYTES_MAX + 1)
        .read_to_end(&mut text)
        .map_err(|error| io_error(path, &error))?;
    if text.len() as u64 > SNAPSHOT_BYTES_MAX {
        return Err(SnapshotError::TooLarge {
            limit_bytes: SNAPSHOT_BYTES_MAX,
        });
    }
    LabelSnapshot::from_json(tenant, &text).map(Some)
}

/// Writes a file that nobody else may read, through to the disk.
fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// A rename is durable only once the folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Windows has no handle of a folder to flush; its rename is journalled.
#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn io_error(path: &Path, error: &io::Error) -> SnapshotError {
    SnapshotError::Io {
        path: path.display().to_string(),
        cause: error.to_string(),
    }
}
