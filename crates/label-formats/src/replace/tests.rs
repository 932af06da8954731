//! Replacing files: what stays, and every step failing in turn.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, Metadata};

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

/// A file system whose n-th step fails, counted from 0, and which writes down what it did.
struct Failing {
    steps_left: Cell<Option<usize>>,
    done: RefCell<Vec<&'static str>>,
    /// Which step it was that failed.
    failed: Cell<Option<&'static str>>,
    /// Most bytes that one write takes.
    write_bytes_max: usize,
}

impl Failing {
    fn at(step: usize) -> Self {
        Self {
            steps_left: Cell::new(Some(step)),
            done: RefCell::default(),
            failed: Cell::new(None),
            write_bytes_max: usize::MAX,
        }
    }

    fn step(&self, name: &'static str) -> io::Result<()> {
        match self.steps_left.get() {
            Some(0) => {
                self.steps_left.set(None);
                self.failed.set(Some(name));
                Err(io::Error::other(format!("planted: {name}")))
            }
            left => {
                self.steps_left.set(left.map(|left| left - 1));
                self.done.borrow_mut().push(name);
                Ok(())
            }
        }
    }
}

struct FailingFile<'a> {
    file: File,
    system: &'a Failing,
}

impl Write for FailingFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.system.step("write")?;
        let count = bytes.len().min(self.system.write_bytes_max);
        self.file.write(&bytes[..count])
    }

    fn flush(&mut self) -> io::Result<()> {
        self.system.step("flush")?;
        self.file.flush()
    }
}

impl<'a> FileSystem for &'a Failing {
    type File = FailingFile<'a>;

    fn look(&self, path: &Path) -> io::Result<Option<Metadata>> {
        self.step("look")?;
        Disk.look(path)
    }

    fn create(&self, path: &Path, private: bool) -> io::Result<FailingFile<'a>> {
        self.step("create")?;
        let file = Disk.create(path, private)?;
        Ok(FailingFile { file, system: self })
    }

    fn take_over(&self, file: &FailingFile<'a>, from: &Metadata) -> io::Result<()> {
        self.step("take over")?;
        Disk.take_over(&file.file, from)
    }

    fn sync(&self, file: &FailingFile<'a>) -> io::Result<()> {
        self.step("sync")?;
        Disk.sync(&file.file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename")?;
        Disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove")?;
        Disk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.step("sync folder")?;
        Disk.sync_folder(folder)
    }
}

/// The names of all files in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn f_054_r_135_every_failing_step_leaves_the_old_file_or_the_whole_new_one() {
    let original: Vec<u8> = vec![b'o'; 100_000];
    let mut file = EditedFile::new(&original);
    // Large pieces and small ones: some writes go past the buffer, some fill it.
    file.keep(0..50_000);
    file.push(vec![b'n'; 20_000]);
    file.keep(60_000..60_100);
    file.push(vec![b'm'; 9_000]);
    file.keep(70_000..100_000);
    let mut wanted = Vec::new();
    file.write_to(&mut wanted).unwrap();
    for (write_bytes_max, is_new) in [(usize::MAX, false), (usize::MAX, true), (7_001, false)] {
        let mut failed = Vec::new();
        for step in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.docx");
            if !is_new {
                fs::write(&path, &original).unwrap();
            }
            let before = names(folder.path());
            let mut system = Failing::at(step);
            system.write_bytes_max = write_bytes_max;
            let result = replace_on(&&system, &path, &file, &|| true);
            let Some(name) = system.failed.get() else {
                assert_eq!(result.unwrap(), Replaced::Done);
                assert_eq!(fs::read(&path).unwrap(), wanted);
                break;
            };
            failed.push(name);
            let error = result.unwrap_err();
            assert_eq!(error.code(), "io_error", "{name}");
            assert!(
                error.to_string().contains(&format!("planted: {name}")),
                "{error}"
            );
            if name == "sync folder" {
                // The rename is done: the file is the new one, and complete.
                assert!(
                    error.to_string().starts_with("flushing the folder"),
                    "{error}"
                );
                assert_eq!(fs::read(&path).unwrap(), wanted);
                assert_eq!(names(folder.path()), ["a.docx"]);
            } else {
                assert_eq!(names(folder.path()), before, "{name}: a file is left");
                if !is_new {
                    assert_eq!(fs::read(&path).unwrap(), original, "{name}");
                }
            }
        }
        let writes = failed.iter().filter(|name| **name == "write").count();
        assert!(writes >= 5, "{failed:?}");
        for name in ["look", "create", "flush", "sync", "rename", "sync folder"] {
            assert!(failed.contains(&name), "{name}: {failed:?}");
        }
        assert_eq!(failed.contains(&"take over"), !is_new);
        println!(
            "replace: {} steps failed in turn, {writes} of them writes",
            failed.len()
        );
    }
}

#[test]
fn f_054_r_135_the_order_of_the_steps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    fs::write(&path, b"old").unwrap();
    let original: Vec<u8> = b"old".to_vec();
    let file = EditedFile::copy_of(&original);
    let system = Failing::at(usize::MAX);
    replace_on(&&system, &path, &file, &|| true).unwrap();
    // Nothing takes the place before it is on the disk, with the mode that it will have.
    let order = [
        "look",
        "create",
        "write",
        "flush",
        "take over",
        "sync",
        "rename",
        "sync folder",
    ];
    assert_eq!(*system.done.borrow(), order);
}

#[test]
fn f_054_a_temporary_file_that_can_not_be_removed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    fs::write(&path, b"old").unwrap();
    let original: Vec<u8> = b"old".to_vec();
    let file = EditedFile::copy_of(&original);
    // The step behind the last flush is removing, where the last look says no.
    let system = Failing::at(6);
    let error = replace_on(&&system, &path, &file, &|| false).unwrap_err();
    assert!(
        error.to_string().starts_with("removing a temporary file"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    let left = names(folder.path());
    assert!(
        left[0].starts_with(TEMPORARY_PREFIX) && left.len() == 2,
        "{left:?}"
    );
}

#[test]
fn f_054_a_folder_in_place_of_the_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken");
    fs::create_dir(&path).unwrap();
    let original: Vec<u8> = b"old".to_vec();
    let error = replace_file(&path, &EditedFile::copy_of(&original)).unwrap_err();
    assert!(error.to_string().contains("not a regular file"), "{error}");
    assert_eq!(names(folder.path()), ["taken"]);
    assert!(path.is_dir());
}

#[cfg(unix)]
#[test]
fn f_054_a_symbolic_link_is_refused_and_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("target.docx"), b"old").unwrap();
    std::os::unix::fs::symlink("target.docx", at("link.docx")).unwrap();
    std::os::unix::fs::symlink("nowhere.docx", at("dangling.docx")).unwrap();
    let before = names(folder.path());
    let original: Vec<u8> = b"new".to_vec();
    for name in ["link.docx", "dangling.docx"] {
        let error = replace_file(&at(name), &EditedFile::copy_of(&original)).unwrap_err();
        assert!(error.to_string().contains("a symbolic link"), "{error}");
        assert!(at(name).is_symlink(), "{name}");
    }
    assert_eq!(names(folder.path()), before);
    assert_eq!(fs::read(at("target.docx")).unwrap(), b"old");
    // A caller that trusts the link resolves it; the link stays one.
    let resolved = fs::canonicalize(at("link.docx")).unwrap();
    replace_file(&resolved, &EditedFile::copy_of(&original)).unwrap();
    assert_eq!(fs::read(at("link.docx")).unwrap(), b"new");
    assert!(at("link.docx").is_symlink());
    // A folder that is a link is a folder like others.
    fs::create_dir(at("inside")).unwrap();
    std::os::unix::fs::symlink("inside", at("folder")).unwrap();
    replace_file(&at("folder/b.docx"), &EditedFile::copy_of(&original)).unwrap();
    assert_eq!(names(&at("inside")), ["b.docx"]);
}

#[cfg(unix)]
#[test]
fn f_054_a_folder_that_can_not_be_written_leaves_the_old_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    fs::write(&path, b"old").unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let original: Vec<u8> = b"new".to_vec();
    let result = replace_file(&path, &EditedFile::copy_of(&original));
    let is_root = File::create(folder.path().join("probe")).is_ok();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if is_root {
        println!("replace: run as root, for whom no folder is read-only");
        return;
    }
    let error = result.unwrap_err();
    assert!(
        error.to_string().starts_with("creating a temporary file"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["a.docx"]);
}

#[cfg(unix)]
#[test]
fn f_054_a_temporary_file_is_new_and_private_until_it_takes_over() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    fs::write(&path, b"old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let victim = folder.path().join("victim");
    fs::write(&victim, b"victim").unwrap();
    // Links wait under the next names, more than other tests use up meanwhile.
    let next = COUNTER.load(Ordering::Relaxed);
    for number in next..next + 40 {
        let name = format!("{TEMPORARY_PREFIX}{}-{number}", std::process::id());
        std::os::unix::fs::symlink("victim", folder.path().join(name)).unwrap();
    }
    let original: Vec<u8> = b"new".to_vec();
    let modes = RefCell::new(Vec::new());
    let note_modes = || {
        for entry in fs::read_dir(folder.path()).unwrap() {
            let metadata = entry.unwrap().path().symlink_metadata().unwrap();
            if metadata.is_file() {
                modes
                    .borrow_mut()
                    .push(metadata.permissions().mode() & 0o777);
            }
        }
        true
    };
    replace_file_if(&path, &EditedFile::copy_of(&original), &note_modes).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"victim");
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert!(!path.is_symlink());
    // At the last look the new file has the mode of the old one; before, nobody else's.
    assert_eq!(
        modes.borrow().iter().filter(|mode| **mode == 0o604).count(),
        2
    );
    let private = Disk.create(&folder.path().join("private"), true).unwrap();
    assert_eq!(
        private.metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
}
