//! Many files at once, on all processors: labels read, applied and removed.
//!
//! The only place with threads, and only with the feature `rayon`. Each file is on its own: one
//! that can't be read or written gets its error, and the others go on.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use label_core::TenantId;
use rayon::prelude::*;

use crate::error::WriteError;
use crate::read::{ReadOptions, read_source};
use crate::reading::Reading;
use crate::replace::{Replaced, replace_file_if};
use crate::source::FileSource;
use crate::write::{ApplyRequest, WriteOptions, WriteOutcome, WritePlan, plan_apply, plan_remove};

/// What is done to the label of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LabelEdit {
    /// Apply this label, as [`plan_apply`] does.
    Apply(ApplyRequest),
    /// Remove the label of this tenant, as [`plan_remove`] does.
    Remove(TenantId),
}

/// Counts what is done and tells the caller.
struct Progress<'a> {
    done: AtomicUsize,
    total: usize,
    tell: &'a (dyn Fn(usize, usize) + Sync),
}

impl<'a> Progress<'a> {
    fn new(total: usize, tell: &'a (dyn Fn(usize, usize) + Sync)) -> Self {
        Self {
            done: AtomicUsize::new(0),
            total,
            tell,
        }
    }

    fn one_more(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        (self.tell)(done, self.total);
    }
}

/// Reads the labels of many files. The results stand in the order of the paths, whatever order the
/// files were read in, and are those that [`read`](crate::read) gives.
///
/// `options` is asked once for each file, in the thread that reads it: a decryptor need not be
/// shared between threads, if each call gives one of its own. Where the options give no name, the
/// path's last part is taken. `progress` is called after each file with how many are done and how
/// many there are, from any thread; each number comes once, but not always in order.
///
/// A file that can't be opened gets [`Status::IoError`](crate::Status::IoError). Memory is that of
/// the results, and what the [`Limits`](crate::Limits) let one file take for each thread. The
/// threads are those of the current rayon pool.
///
/// # Examples
///
/// ```
/// use label_formats::{ReadOptions, Status, read_many};
///
/// let paths = ["no/such/file.docx", "nor/this.pdf"];
/// let readings = read_many(&paths, |_| ReadOptions::default(), &|done, total| {
///     eprintln!("{done} of {total}");
/// });
/// assert_eq!(readings.len(), 2);
/// assert!(readings.iter().all(|reading| reading.status == Status::IoError));
/// ```
pub fn read_many<'a, P: AsRef<Path> + Sync>(
    paths: &'a [P],
    options: impl Fn(&'a Path) -> ReadOptions<'a> + Sync,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Reading> {
    let progress = Progress::new(paths.len(), progress);
    paths
        .par_iter()
        .map(|path| {
            let path = path.as_ref();
            let reading = read_path(path, options(path));
            progress.one_more();
            reading
        })
        .collect()
}

fn read_path(path: &Path, options: ReadOptions<'_>) -> Reading {
    let name = path.file_name().map(|name| name.to_string_lossy());
    let options = ReadOptions {
        name: options.name.or(name.as_deref()),
        ..options
    };
    match FileSource::open(path) {
        Ok(file) => read_source(&file, &options),
        Err(error) => Reading::unreadable(&error),
    }
}

/// Applies and removes labels in many files, each replaced in its place. The results stand in the
/// order of the paths.
///
/// `edit` and `options` are asked once for each file, in the thread that writes it. A file is
/// replaced as [`replace_file_if`] does it, and only if it is still the one that was read: same
/// inode, size, and times of change. `progress` is as for [`read_many`].
///
/// # Errors
///
/// Each file has its own result. Besides what [`plan_apply`], [`plan_remove`] and
/// [`replace_file_if`] report: [`WriteError::Repeated`] for a path that means a file which an
/// earlier path of the batch means too, also through a symbolic link, so that no edit is lost; the
/// first one is done. [`WriteError::ChangedMeanwhile`] for a file that somebody changed between
/// reading and replacing; it is as they left it.
///
/// # Examples
///
/// ```
/// use label_core::TenantId;
/// use label_formats::{LabelEdit, WriteError, WriteOptions, change_many};
///
/// let results = change_many(
///     &["no/such/file.docx"],
///     |_| LabelEdit::Remove(TenantId::from_u128(1)),
///     |_| WriteOptions::default(),
///     &|_, _| (),
/// );
/// assert!(matches!(results.as_slice(), [Err(WriteError::Io { .. })]));
/// ```
pub fn change_many<'a, P: AsRef<Path> + Sync>(
    paths: &'a [P],
    edit: impl Fn(&'a Path) -> LabelEdit + Sync,
    options: impl Fn(&'a Path) -> WriteOptions<'a> + Sync,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Vec<Result<WriteOutcome, WriteError>> {
    let progress = Progress::new(paths.len(), progress);
    let firsts = first_places(paths);
    paths
        .par_iter()
        .enumerate()
        .map(|(at, path)| {
            let path = path.as_ref();
            let result = match firsts.get(at).copied().flatten() {
                Some(first) => Err(WriteError::Repeated { first }),
                None => change_path(path, &edit(path), &options(path)),
            };
            progress.one_more();
            result
        })
        .collect()
}

/// For each path the place of an earlier one that means the same file, if there is one.
fn first_places<P: AsRef<Path>>(paths: &[P]) -> Vec<Option<usize>> {
    let mut seen: HashMap<PathBuf, usize> = HashMap::with_capacity(paths.len());
    paths
        .iter()
        .enumerate()
        .map(|(at, path)| {
            let path = path.as_ref();
            // One that isn't there can't be opened either, which says why.
            let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let first = *seen.entry(whole).or_insert(at);
            (first != at).then_some(first)
        })
        .collect()
}

fn change_path(
    path: &Path,
    edit: &LabelEdit,
    options: &WriteOptions<'_>,
) -> Result<WriteOutcome, WriteError> {
    let opening = |error| WriteError::io("opening", error);
    let was = state_of(path).map_err(opening)?;
    let source = FileSource::open(path).map_err(opening)?;
    let plan: WritePlan<'_> = match edit {
        LabelEdit::Apply(request) => plan_apply(&source, request, options)?,
        LabelEdit::Remove(tenant) => plan_remove(&source, *tenant, options)?,
    };
    let Some(file) = plan.file() else {
        return Ok(plan.outcome().clone());
    };
    let is_still_there = || state_of(path).is_ok_and(|now| now == was);
    match replace_file_if(path, file, &is_still_there)? {
        Replaced::Done => Ok(plan.outcome().clone()),
        Replaced::Refused => Err(WriteError::ChangedMeanwhile),
    }
}

/// What tells whether a file is still the one that was read.
#[cfg(unix)]
type FileState = (u64, u64, u64, i64, i64, i64, i64);

#[cfg(unix)]
fn state_of(path: &Path) -> io::Result<FileState> {
    use std::os::unix::fs::MetadataExt;
    let of = fs::metadata(path)?;
    // The time of the last change of status can't be set back, unlike that of the content.
    Ok((
        of.dev(),
        of.ino(),
        of.len(),
        of.mtime(),
        of.mtime_nsec(),
        of.ctime(),
        of.ctime_nsec(),
    ))
}

/// What tells whether a file is still the one that was read.
#[cfg(not(unix))]
type FileState = (u64, Option<std::time::SystemTime>);

#[cfg(not(unix))]
fn state_of(path: &Path) -> io::Result<FileState> {
    let of = fs::metadata(path)?;
    Ok((of.len(), of.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_mean_the_same_file_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), b"a").unwrap();
        fs::write(at("b"), b"b").unwrap();
        let mut paths = vec![at("a"), at("b"), at("./a"), at("missing"), at("missing")];
        let mut expected = vec![None, None, Some(0), None, Some(3)];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("b"), at("link")).unwrap();
            paths.push(at("link"));
            expected.push(Some(1));
        }
        assert_eq!(first_places(&paths), expected);
    }

    #[test]
    fn a_file_that_was_touched_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, b"old").unwrap();
        let was = state_of(&path).unwrap();
        assert_eq!(state_of(&path).unwrap(), was);
        fs::write(&path, b"longer").unwrap();
        assert_ne!(state_of(&path).unwrap(), was);
        fs::remove_file(&path).unwrap();
        assert!(state_of(&path).is_err());
    }
}
