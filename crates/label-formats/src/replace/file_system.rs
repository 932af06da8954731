//! The steps of a safe replacement, one by one, so that tests can let each of them fail.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What replacing a file asks of the system.
pub(super) trait FileSystem {
    /// A file that is being written.
    type File: Write;

    /// What is at the path; `None` if nothing is. A symbolic link is not followed.
    fn look(&self, path: &Path) -> io::Result<Option<Metadata>>;

    /// Makes a file that wasn't there. `private`: nobody else may open it.
    fn create(&self, path: &Path, private: bool) -> io::Result<Self::File>;

    /// Gives a file the mode and owner of another one.
    fn take_over(&self, file: &Self::File, from: &Metadata) -> io::Result<()>;

    /// Flushes a file to the disk.
    fn sync(&self, file: &Self::File) -> io::Result<()>;

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Flushes a folder to the disk: only then is a rename in it durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The real one.
pub(super) struct Disk;

impl FileSystem for Disk {
    type File = File;

    fn look(&self, path: &Path) -> io::Result<Option<Metadata>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create(&self, path: &Path, private: bool) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        options.open(path)
    }

    fn take_over(&self, file: &File, from: &Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            // Only root may give files away; for everybody else the owner is themselves already.
            let _ = std::os::unix::fs::fchown(file, Some(from.uid()), Some(from.gid()));
        }
        file.set_permissions(from.permissions())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Windows has no handle of a folder to flush; its rename is journalled.
    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}
