//! The names in a compound file, and what kind of file they say it is.

use super::{CompoundFile, WHERE, damaged};
use crate::error::PartError;

/// The encrypted document, and how a password opens it.
pub(super) const PACKAGE: &str = "EncryptedPackage";
pub(super) const INFO: &str = "EncryptionInfo";

const DATA_SPACE_INFO: &str = "DataSpaceInfo";
const DATA_SPACES: &str = "\u{6}DataSpaces";
const TRANSFORM_INFO: &str = "TransformInfo";

/// Where the transforms and the label of a rights-managed document stand.
pub(super) const LABEL_INFO: [&str; 3] = [DATA_SPACES, TRANSFORM_INFO, "LabelInfo"];
pub(super) const TRANSFORM: [&str; 3] = [DATA_SPACES, TRANSFORM_INFO, "DRMEncryptedTransform"];
pub(super) const TRANSFORM_BINARY: [&str; 3] = [DATA_SPACES, TRANSFORM_INFO, "\u{9}DRMTransform"];

/// Most streams and storages that are looked at.
const ENTRIES_MAX: usize = 10_000;

/// What kind of compound file it is (section 4.1 of the format reference).
pub(super) enum Kind {
    RightsManaged,
    Password,
    EncryptedUnknown,
    RightsManagedBinary,
    Other(&'static str),
}

/// The paths of the streams and storages that tell what the file is: those at the top, and those
/// of the data spaces. Storages can nest as deep as the file is long, so no others are looked into.
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn read(file: &CompoundFile<'_>) -> Result<Self, PartError> {
        let mut names = Self(Vec::new());
        names.add(file, "/")?;
        for wanted in [
            &[DATA_SPACES][..],
            &[DATA_SPACES, TRANSFORM_INFO],
            &[DATA_SPACES, DATA_SPACE_INFO],
            &TRANSFORM,
            &TRANSFORM_BINARY,
        ] {
            if let Some(path) = names.find(wanted).map(str::to_owned)
                && file.is_storage(&path)
            {
                names.add(file, &path)?;
            }
        }
        Ok(names)
    }

    fn add(&mut self, file: &CompoundFile<'_>, storage: &str) -> Result<(), PartError> {
        for entry in file.read_storage(storage).map_err(damaged)? {
            if self.0.len() >= ENTRIES_MAX {
                return Err(PartError::too_large(WHERE, "too many streams"));
            }
            self.0.push(entry.path().to_string_lossy().into_owned());
        }
        Ok(())
    }

    /// The path with these names, whatever their letter case (F-008, P-003).
    pub(super) fn find(&self, wanted: &[&str]) -> Option<&str> {
        self.0
            .iter()
            .find(|path| rest_of(path, wanted).is_some_and(|mut rest| rest.next().is_none()))
            .map(String::as_str)
    }

    /// The path and name of everything directly in this storage.
    pub(super) fn inside<'a>(
        &'a self,
        storage: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |path| {
            let mut rest = rest_of(path, storage)?;
            let name = rest.next()?;
            rest.next().is_none().then_some((path.as_str(), name))
        })
    }

    fn has(&self, wanted: &[&str]) -> bool {
        self.find(wanted).is_some()
    }

    pub(super) fn kind(&self) -> Kind {
        let in_data_spaces = |rest: &[&str]| {
            let path: Vec<&str> = std::iter::once(DATA_SPACES)
                .chain(rest.iter().copied())
                .collect();
            self.has(&path)
        };
        if self.has(&[PACKAGE]) {
            return if in_data_spaces(&[TRANSFORM_INFO, "DRMEncryptedTransform"])
                || in_data_spaces(&[DATA_SPACE_INFO, "DRMEncryptedDataSpace"])
            {
                Kind::RightsManaged
            } else if self.has(&[INFO]) {
                Kind::Password
            } else {
                Kind::EncryptedUnknown
            };
        }
        if self.has(&["\u{9}DRMContent"]) {
            return Kind::RightsManagedBinary;
        }
        for (name, what) in [
            ("WordDocument", "a binary Word document"),
            ("Workbook", "a binary Excel workbook"),
            ("Book", "a binary Excel workbook"),
            ("PowerPoint Document", "a binary PowerPoint presentation"),
            ("VisioDocument", "a binary Visio drawing"),
            ("__properties_version1.0", "an Outlook message"),
        ] {
            if self.has(&[name]) {
                return Kind::Other(what);
            }
        }
        Kind::Other("a compound file of another kind")
    }
}

/// What follows these names in the path, if it begins with them in any letter case.
fn rest_of<'a>(path: &'a str, wanted: &[&str]) -> Option<impl Iterator<Item = &'a str>> {
    let mut segments = path.split(['/', '\\']).filter(|name| !name.is_empty());
    wanted
        .iter()
        .all(|name| {
            segments
                .next()
                .is_some_and(|segment| segment.eq_ignore_ascii_case(name))
        })
        .then_some(segments)
}
