//! Putting a finished file where it belongs, so that a crash leaves the old one or the new one.

mod file_system;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use self::file_system::{Disk, FileSystem};
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
/// The bytes go to a new file in the same folder, which nobody else may open before it takes over
/// mode and owner of the old one, is flushed to the disk and renamed; then the folder is flushed.
/// A crash at any point leaves the old file or the new one, complete.
///
/// `path` is a regular file or nothing. A symbolic link is refused, and so is a folder: whoever may
/// write into a folder could otherwise lead the write anywhere with a link. A caller that trusts
/// the link resolves it first, with [`std::fs::canonicalize`].
///
/// # Errors
///
/// [`WriteError::Io`] with the step; `path` is as it was and no temporary file is left. There is
/// one exception: where `flushing the folder` fails, the new file, complete and flushed, has its
/// place already, and only whether the rename survives a power failure is unknown. And where
/// removing the temporary file fails itself, it stays; its name starts with [`TEMPORARY_PREFIX`].
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
    replace_on(&Disk, path, file, last_look)
}

fn replace_on<S: FileSystem>(
    system: &S,
    path: &Path,
    file: &EditedFile<'_>,
    last_look: &dyn Fn() -> bool,
) -> Result<Replaced, WriteError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let step =
        |place: &str, result: io::Result<()>| result.map_err(|error| WriteError::io(place, error));
    let looking = |error| WriteError::io("looking at the old file", error);
    let old = system.look(path).map_err(looking)?;
    if let Some(old) = &old
        && !old.is_file()
    {
        let cause = if old.is_symlink() {
            "a symbolic link is not replaced"
        } else {
            "not a regular file"
        };
        return Err(looking(io::Error::new(io::ErrorKind::InvalidInput, cause)));
    }
    let (temporary, handle) = create_temporary(system, folder, old.is_some())
        .map_err(|error| WriteError::io("creating a temporary file", error))?;
    let mut handle = handle;
    let written = step("writing", write_all(&mut handle, file))
        .and_then(|()| match &old {
            Some(old) => step("taking over mode and owner", system.take_over(&handle, old)),
            None => Ok(()),
        })
        .and_then(|()| step("flushing to the disk", system.sync(&handle)));
    // Windows removes and renames only what is closed.
    drop(handle);
    if written.is_ok() && !last_look() {
        return step("removing a temporary file", system.remove(&temporary))
            .map(|()| Replaced::Refused);
    }
    let written = written.and_then(|()| step("renaming", system.rename(&temporary, path)));
    if let Err(error) = written {
        // The error that counts is the first one.
        let _ = system.remove(&temporary);
        return Err(error);
    }
    step("flushing the folder", system.sync_folder(folder)).map(|()| Replaced::Done)
}

fn create_temporary<S: FileSystem>(
    system: &S,
    folder: &Path,
    private: bool,
) -> io::Result<(PathBuf, S::File)> {
    for _ in 0..NAME_TRIES_MAX {
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id());
        let path = folder.join(name);
        match system.create(&path, private) {
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

fn write_all(handle: &mut dyn Write, file: &EditedFile<'_>) -> io::Result<()> {
    let mut out = BufWriter::new(handle);
    file.write_to(&mut out)?;
    out.flush()
}
