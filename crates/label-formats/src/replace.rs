//! Putting a finished file where it belongs, so that a crash leaves the old one or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::edited::EditedFile;
use crate::error::WriteError;

/// How the names of temporary files start. One that is left over from a crash is not a document
/// and may be deleted.
pub const TEMPORARY_PREFIX: &str = ".label-temporary-";

/// How many temporary names are tried before giving up.
const NAME_TRIES_MAX: u64 = 100;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Writes a finished file to `path`, replacing what is there.
///
/// The bytes go to a new file in the same folder, which takes over mode and owner of the old one,
/// is flushed to the disk and renamed; then the folder is flushed. A crash at any point leaves the
/// old file or the new one, complete.
///
/// # Errors
///
/// [`WriteError::Io`] with the step; `path` is as it was and no temporary file is left.
pub fn replace_file(path: &Path, file: &EditedFile<'_>) -> Result<(), WriteError> {
    replace_file_if(path, file, &|| true).map(drop)
}

/// Whether a file took the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It did.
    Done,
    /// The last look said no; `path` is as it was.
    Refused,
}

/// As [`replace_file`], with a last look when the new file is complete and on the disk, right
/// before it takes the place: is the old one still the one that was read?
///
/// # Errors
///
/// As [`replace_file`].
pub fn replace_file_if(
    path: &Path,
    file: &EditedFile<'_>,
    last_look: &dyn Fn() -> bool,
) -> Result<Replaced, WriteError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (temporary, handle) = create_temporary(folder)
        .map_err(|error| WriteError::io("creating a temporary file", error))?;
    let step =
        |place: &str, result: io::Result<()>| result.map_err(|error| WriteError::io(place, error));
    let written = step("writing", write_all(&handle, file))
        .and_then(|()| step("taking over mode and owner", take_over(path, &handle)))
        .and_then(|()| step("flushing to the disk", handle.sync_all()));
    if written.is_ok() && !last_look() {
        return step("removing a temporary file", fs::remove_file(&temporary))
            .map(|()| Replaced::Refused);
    }
    let written = written.and_then(|()| step("renaming", fs::rename(&temporary, path)));
    if let Err(error) = written {
        // The error that counts is the first one.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    step("flushing the folder", sync_folder(folder)).map(|()| Replaced::Done)
}

fn create_temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    for _ in 0..NAME_TRIES_MAX {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id());
        let path = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        "no free temporary name",
    ))
}

fn write_all(handle: &File, file: &EditedFile<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(handle);
    file.write_to(&mut out)?;
    out.flush()
}

/// Mode and owner of the file that is replaced, if there is one.
fn take_over(path: &Path, handle: &File) -> io::Result<()> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Only root may give files away; for everybody else the owner is themselves already.
        let _ = std::os::unix::fs::fchown(handle, Some(metadata.uid()), Some(metadata.gid()));
    }
    handle.set_permissions(metadata.permissions())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows has no handle of a folder to flush; its rename is journalled.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_133_the_file_keeps_its_place_and_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.docx");
        fs::write(&path, b"old").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        }
        let original: Vec<u8> = b"old".to_vec();
        let mut file = EditedFile::new(&original);
        file.keep(0..3);
        file.push(b" and new".to_vec());
        replace_file(&path, &file).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old and new");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o640
            );
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn r_134_a_last_look_that_says_no_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.docx");
        fs::write(&path, b"old").unwrap();
        let original: Vec<u8> = b"old".to_vec();
        let mut file = EditedFile::new(&original);
        file.push(b"new".to_vec());
        let edited_meanwhile = || {
            fs::write(&path, b"edited by somebody").unwrap();
            false
        };
        let replaced = replace_file_if(&path, &file, &edited_meanwhile).unwrap();
        assert_eq!(replaced, Replaced::Refused);
        assert_eq!(fs::read(&path).unwrap(), b"edited by somebody");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn f_054_a_failure_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.docx");
        fs::write(&path, b"old").unwrap();
        let original: Vec<u8> = b"old".to_vec();
        let mut file = EditedFile::new(&original);
        // More than there is: reading the original fails half way.
        file.keep(0..3);
        file.push(vec![b'x'; 1000]);
        file.keep(2..9);
        assert!(matches!(
            replace_file(&path, &file),
            Err(WriteError::Io { .. })
        ));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // A folder in the way: the rename fails.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("x"), b"").unwrap();
        let mut file = EditedFile::new(&original);
        file.keep(0..3);
        assert!(replace_file(&taken, &file).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
