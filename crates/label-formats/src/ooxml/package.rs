//! An Office package as far as labels need it: its kind, its two label parts, and how they are
//! plumbed in.

use std::collections::HashSet;

use label_core::{FileLabel, LabelStorage};

use super::content_types::{CONTENT_TYPES_PART, ContentTypes};
use super::custom_properties::{self, CustomProperties};
use super::directory::Directory;
use super::inflate::Inflater;
use super::label_info::{self, LabelInfo};
use super::relationships::{RELATIONSHIPS_PART, Relationships, Role};
use crate::effective;
use crate::error::PartError;
use crate::kind::FileKind;
use crate::reading::{DiagnosticCode, Diagnostics, Reading, Status};
use crate::window::Windowed;
use crate::{ReadOptions, TenantStorage};

/// Where labels usually stand, for parts that no relationship names.
pub(super) const CUSTOM_PROPERTIES_PART: &str = "docProps/custom.xml";
pub(super) const LABEL_INFO_PART: &str = "docMetadata/LabelInfo.xml";

/// A label part: where it is and what is in it.
#[derive(Debug)]
pub(super) struct Part<T> {
    /// The part's name; the entry has it in some letter case.
    pub(super) name: String,
    /// The entry; `None` where the relationship dangles.
    pub(super) entry: Option<usize>,
    pub(super) content: Option<T>,
}

/// An opened package.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) directory: Directory,
    pub(super) content_types: ContentTypes,
    pub(super) content_types_entry: usize,
    pub(super) relationships: Relationships,
    pub(super) relationships_entry: usize,
    pub(super) strict: bool,
    pub(super) custom_properties: Option<Part<CustomProperties>>,
    pub(super) label_info: Option<Part<LabelInfo>>,
    /// Why the package must not be written, beyond what its status says.
    pub(super) write_obstacle: Option<String>,
}

/// The answer about a ZIP archive, and the package if it is one.
pub(super) struct Opened {
    /// Without the raw records where there is a package: it has them.
    pub(super) reading: Reading,
    pub(super) package: Option<Package>,
}

/// Opens a ZIP archive and reads its labels.
pub(super) fn open(start: Windowed<'_>, options: &ReadOptions<'_>) -> Opened {
    let mut diagnostics = Diagnostics::new(&options.limits);
    let mut reading = Reading::new(Status::Ok);
    let opened = start
        .with_tail()
        .map_err(PartError::from)
        .and_then(|mut source| read(&mut source, options, &mut reading, &mut diagnostics));
    let package = match opened {
        Ok(package) => Some(package),
        Err(error) => {
            reading.status = error.status();
            reading.error = Some(error.to_string());
            reading.effective.clear();
            None
        }
    };
    reading.diagnostics = diagnostics.into_list();
    Opened { reading, package }
}

fn read(
    source: &mut Windowed<'_>,
    options: &ReadOptions<'_>,
    reading: &mut Reading,
    diagnostics: &mut Diagnostics,
) -> Result<Package, PartError> {
    let limits = &options.limits;
    let directory = Directory::read(source, limits)?;
    let mut write_obstacle = None;
    if directory.stray_bytes {
        let cause = "bytes before or after the archive";
        diagnostics.add(DiagnosticCode::StrayBytes, "ZIP directory", cause);
        write_obstacle = Some(cause.to_owned());
    }
    note_odd_entries(&directory, diagnostics, &mut write_obstacle);

    let not_a_package = || PartError::unsupported("ZIP archive", "not an Office package");
    let (content_types_entry, twice) = directory
        .find(CONTENT_TYPES_PART)
        .ok_or_else(not_a_package)?;
    refuse_twice(CONTENT_TYPES_PART, twice)?;
    let (relationships_entry, twice) = directory
        .find(RELATIONSHIPS_PART)
        .ok_or_else(not_a_package)?;
    refuse_twice(RELATIONSHIPS_PART, twice)?;
    let mut inflater = Inflater::default();
    let mut content = |entry, max| directory.content(source, &mut inflater, entry, max);
    let plumbing_max = limits.plumbing_part_bytes_max;
    let relationships = Relationships::parse(content(relationships_entry, plumbing_max)?, limits)?;
    let content_types = ContentTypes::new(content(content_types_entry, plumbing_max)?)?;
    reading.signed = relationships.are_signed();

    let (main, strict) = relationships
        .main()
        .ok_or_else(|| PartError::unsupported(RELATIONSHIPS_PART, "no main document"))?;
    let main_part = main.part.as_deref().ok_or_else(|| {
        PartError::unsupported(RELATIONSHIPS_PART, "the main document lies outside")
    })?;
    let content_type = content_types.of(main_part, limits)?.unwrap_or_default();
    let kind = FileKind::from_content_type(&content_type).ok_or_else(|| {
        let shown: String = content_type.chars().take(120).collect();
        PartError::unsupported(main_part, format!("content type `{shown}`"))
    })?;
    reading.kind = Some(kind);
    if directory.find(main_part).is_none() {
        return Err(PartError::malformed(
            main_part,
            "the main document is missing",
        ));
    }

    let mut failure: Option<PartError> = None;
    let other_root = |name: &str| PartError::malformed(name, "another root element than expected");

    let mut label_info = locate(
        &relationships,
        &directory,
        Role::LabelInfo,
        LABEL_INFO_PART,
        diagnostics,
        &mut write_obstacle,
    )?;
    if let Some(part) = &mut label_info
        && let Some(entry) = part.entry
    {
        let bytes = content(entry, limits.label_part_bytes_max)?;
        match LabelInfo::parse(
            &part.name,
            bytes,
            LabelStorage::LabelInfo,
            limits,
            diagnostics,
        ) {
            Ok(label_info::Parsed::Labels(labels)) => part.content = Some(labels),
            Ok(label_info::Parsed::OtherRoot) => {
                failure.get_or_insert(other_root(&part.name));
            }
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    let mut custom_properties = locate(
        &relationships,
        &directory,
        Role::CustomProperties,
        CUSTOM_PROPERTIES_PART,
        diagnostics,
        &mut write_obstacle,
    )?;
    if let Some(part) = &mut custom_properties
        && let Some(entry) = part.entry
    {
        let bytes = content(entry, limits.label_part_bytes_max)?;
        match CustomProperties::parse(&part.name, bytes, limits, diagnostics) {
            Ok(custom_properties::Parsed::Properties(properties)) => {
                part.content = Some(*properties);
            }
            Ok(custom_properties::Parsed::OtherRoot) => {
                failure.get_or_insert(other_root(&part.name));
            }
            Err(error) => {
                failure.get_or_insert(error);
            }
        }
    }
    if let Some(error) = failure {
        // What the other part says is listed all the same (9b.9).
        reading.labels = into_records(label_info, custom_properties);
        return Err(error);
    }
    // Both missing, else one of them would have had the wrong root. What is written for one would
    // be read as the other.
    if let (Some(one), Some(other)) = (&label_info, &custom_properties)
        && one.name.eq_ignore_ascii_case(&other.name)
    {
        let cause = "both label parts have the same name";
        diagnostics.add(DiagnosticCode::BadRelationship, RELATIONSHIPS_PART, cause);
        write_obstacle.get_or_insert_with(|| format!("{RELATIONSHIPS_PART}: {cause}"));
    }

    let package = Package {
        directory,
        content_types,
        content_types_entry,
        relationships,
        relationships_entry,
        strict,
        custom_properties,
        label_info,
        write_obstacle,
    };
    reading.effective = package.effective(&|tenant| options.storage_of(tenant), diagnostics);
    Ok(package)
}

/// The records of both parts, the newer storage first.
fn into_records(
    label_info: Option<Part<LabelInfo>>,
    custom_properties: Option<Part<CustomProperties>>,
) -> Vec<FileLabel> {
    let mut records = label_info
        .and_then(|part| part.content)
        .map(|labels| labels.records)
        .unwrap_or_default();
    if let Some(properties) = custom_properties.and_then(|part| part.content) {
        records.extend(properties.records);
    }
    records
}

impl Package {
    pub(super) fn is_signed(&self) -> bool {
        self.relationships.are_signed()
    }

    /// Every label record, raw, in file order.
    pub(super) fn into_labels(self) -> Vec<FileLabel> {
        into_records(self.label_info, self.custom_properties)
    }

    fn effective(
        &self,
        storage_of: &dyn Fn(label_core::TenantId) -> TenantStorage,
        diagnostics: &mut Diagnostics,
    ) -> Vec<label_core::EffectiveLabel> {
        let elements = self
            .label_info
            .as_ref()
            .and_then(|part| part.content.as_ref())
            .map_or(&[][..], |labels| &labels.records);
        let properties = self
            .custom_properties
            .as_ref()
            .and_then(|part| part.content.as_ref())
            .map_or(&[][..], |properties| &properties.records);
        let place = self
            .label_info
            .as_ref()
            .map_or(CUSTOM_PROPERTIES_PART, |part| part.name.as_str());
        effective::office(elements, properties, place, storage_of, diagnostics)
    }
}

/// The part that a relationship of this role names.
fn locate<T>(
    relationships: &Relationships,
    directory: &Directory,
    role: Role,
    usual_name: &str,
    diagnostics: &mut Diagnostics,
    write_obstacle: &mut Option<String>,
) -> Result<Option<Part<T>>, PartError> {
    let mut candidates = relationships.of(role);
    let Some(first) = candidates.next() else {
        if directory.find(usual_name).is_some() {
            diagnostics.add(
                DiagnosticCode::PartWithoutRelationship,
                usual_name,
                "no relationship names the part; ignored",
            );
        }
        return Ok(None);
    };
    let mut refuse = |cause: &str| {
        diagnostics.add(DiagnosticCode::BadRelationship, RELATIONSHIPS_PART, cause);
        write_obstacle.get_or_insert_with(|| format!("{RELATIONSHIPS_PART}: {cause}"));
    };
    if candidates.next().is_some() {
        refuse("several relationships of a label part; the first counts");
    }
    let Some(name) = &first.part else {
        refuse("the relationship of a label part leads outside; ignored");
        return Ok(None);
    };
    let found = directory.find(name);
    if let Some((_, twice)) = found {
        refuse_twice(name, twice)?;
    } else {
        diagnostics.add(
            DiagnosticCode::DanglingRelationship,
            RELATIONSHIPS_PART,
            format!("`{name}` is not there"),
        );
    }
    Ok(Some(Part {
        name: name.clone(),
        entry: found.map(|(entry, _)| entry),
        content: None,
    }))
}

/// A part that label reading depends on must be one part: otherwise two programs read two labels.
fn refuse_twice(name: &str, twice: bool) -> Result<(), PartError> {
    if twice {
        return Err(PartError::malformed(name, "two entries have this name"));
    }
    Ok(())
}

/// Up to how many entries reading looks for duplicate names. Real packages have a few hundred, and
/// writing refuses duplicates whatever their number.
const DUPLICATE_CHECK_MAX: usize = 4_096;

/// Names that occur twice, in some letter case: two programs may see two different parts.
fn note_duplicates(directory: &Directory, diagnostics: &mut Diagnostics) {
    let entries = directory.entries();
    if entries.len() > DUPLICATE_CHECK_MAX || !directory.may_have_twins() {
        return;
    }
    let mut seen = HashSet::with_capacity(entries.len());
    for entry in entries {
        let name = directory.name(entry);
        if !seen.insert(name.to_ascii_lowercase()) {
            diagnostics.add(
                DiagnosticCode::DuplicateEntry,
                &String::from_utf8_lossy(name.get(..80).unwrap_or(name)),
                "another entry has this name",
            );
        }
    }
}

/// Entries that are odd without touching the labels.
fn note_odd_entries(
    directory: &Directory,
    diagnostics: &mut Diagnostics,
    write_obstacle: &mut Option<String>,
) {
    note_duplicates(directory, diagnostics);
    if directory.multi_disk {
        diagnostics.add(
            DiagnosticCode::UnsupportedEntry,
            "ZIP directory",
            "several disks",
        );
        write_obstacle.get_or_insert_with(|| "an archive of several disks".to_owned());
    }
    if !directory.has_odd_entries {
        return;
    }
    for entry in directory.entries() {
        let name = directory.name(entry);
        let shown = || String::from_utf8_lossy(name.get(..80).unwrap_or(name)).into_owned();
        if name.contains(&b'\\') {
            diagnostics.add(
                DiagnosticCode::BackslashEntry,
                &shown(),
                "a back-slash in the entry's name",
            );
        }
        if !entry.is_supported() {
            diagnostics.add(
                DiagnosticCode::UnsupportedEntry,
                &shown(),
                "encrypted, compressed in another way, or on another disk",
            );
            write_obstacle
                .get_or_insert_with(|| format!("{}: an entry of an unsupported kind", shown()));
        }
        if name.ends_with(b".piece") {
            write_obstacle.get_or_insert_with(|| format!("{}: an interleaved part", shown()));
        }
    }
}
