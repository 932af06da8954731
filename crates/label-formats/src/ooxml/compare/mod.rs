//! Comparing two packages: everything but labels must be the same.
//!
//! Shares the directory reader and the XML reader with reading, and nothing with writing.

mod archive;
mod bytes;
mod entry;
mod label_parts;
mod matching;
mod plumbing;
mod xml_part;

use self::archive::Archive;
use self::label_parts::LabelParts;
use self::matching::{match_names, moved};
use self::xml_part::XmlPart;
use super::content_types::CONTENT_TYPES_PART;
use super::package;
use super::relationships::RELATIONSHIPS_PART;
use crate::limits::Limits;
use crate::source::ByteSource;
use crate::verify::{
    DifferenceKind, Differences, LabelChange, Side, VerifyError, VerifyOptions, check, io_error,
    part_error,
};
use crate::window::Windowed;

/// Compares two files that were read as packages.
pub(crate) fn compare(
    (before, after): (&dyn ByteSource, &dyn ByteSource),
    changes: &[LabelChange],
    options: &VerifyOptions,
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let old = open(Side::Before, before, options)?;
    let new = open(Side::After, after, options)?;
    archive::compare_frames(&old, &new, differences)?;
    let names = label_part_names(&old, &new);
    compare_entries(&old, &new, &names, differences)?;
    compare_parts(&old, &new, &names, changes, options, differences)
}

fn open<'a>(
    side: Side,
    source: &'a dyn ByteSource,
    options: &VerifyOptions,
) -> Result<Archive<'a>, VerifyError> {
    let start = Windowed::new(source).map_err(|error| io_error((side, error)))?;
    let opened = package::open(start, &options.read_options());
    check(side, &opened.reading)?;
    let package = opened.package.ok_or(VerifyError::Malformed {
        side,
        cause: "not a package".to_owned(),
    })?;
    Archive::new(side, source, package)
}

/// The names of the label parts: those that a relationship names on either side. Where the two
/// sides name different parts, neither may change.
fn label_part_names(before: &Archive<'_>, after: &Archive<'_>) -> Vec<String> {
    let names = |archive: &Archive<'_>| {
        let label_info = archive.package.label_info.as_ref();
        let properties = archive.package.custom_properties.as_ref();
        [
            label_info.map(|part| part.name.clone()),
            properties.map(|part| part.name.clone()),
        ]
    };
    let pairs = names(before).into_iter().zip(names(after));
    pairs
        .filter_map(|pair| match pair {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other).then_some(one),
            (one, other) => one.or(other),
        })
        .collect()
}

fn is_one_of(names: &[String], name: &[u8]) -> bool {
    names
        .iter()
        .any(|one| one.as_bytes().eq_ignore_ascii_case(name))
}

fn compare_entries(
    before: &Archive<'_>,
    after: &Archive<'_>,
    label_parts: &[String],
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let names = |archive: &'_ Archive<'_>| -> Vec<Vec<u8>> {
        (0..archive.entries().len())
            .map(|at| archive.name(at).to_vec())
            .collect()
    };
    let (old, new) = (names(before), names(after));
    let matching = match_names(old.iter().map(Vec::as_slice), new.iter().map(Vec::as_slice));
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let missing = |archive: &Archive<'_>, name: &[u8]| {
        let name = std::str::from_utf8(name).unwrap_or_default();
        archive.directory().find(name).is_none()
    };
    for name in matching.removed.iter().filter_map(|at| old.get(*at)) {
        if !is_one_of(label_parts, name) || !missing(after, name) {
            let detail = "the entry is gone";
            differences.add(DifferenceKind::EntryRemoved, &text(name), detail);
        }
    }
    for at in &matching.added {
        let Some(name) = new.get(*at) else { continue };
        if !is_one_of(label_parts, name) || !missing(before, name) {
            let detail = "the entry is new";
            differences.add(DifferenceKind::EntryAdded, &text(name), detail);
        } else {
            entry::check_added(after, *at, differences)?;
        }
    }
    for (at, _) in &matching.moved {
        let name = old.get(*at).map(|name| text(name)).unwrap_or_default();
        let detail = "at another place of the directory";
        differences.add(DifferenceKind::EntryReordered, &name, detail);
    }
    for name in moved_in_file(before, after, &matching.pairs) {
        let detail = "at another place of the file";
        differences.add(DifferenceKind::EntryReordered, &text(&name), detail);
    }
    let mut inflated_left = entry::INFLATED_BYTES_MAX;
    for (one, other) in &matching.pairs {
        let name = before.name(*one);
        let may_change = is_one_of(label_parts, name)
            || name.eq_ignore_ascii_case(CONTENT_TYPES_PART.as_bytes())
            || name.eq_ignore_ascii_case(RELATIONSHIPS_PART.as_bytes());
        entry::compare(
            (before, *one),
            (after, *other),
            may_change,
            &mut inflated_left,
            differences,
        )?;
    }
    Ok(())
}

/// The names of entries that stand in another order in the file.
fn moved_in_file(
    before: &Archive<'_>,
    after: &Archive<'_>,
    pairs: &[(usize, usize)],
) -> Vec<Vec<u8>> {
    let ranks = |archive: &Archive<'_>| {
        let mut ranks = vec![0; archive.entries().len()];
        for (rank, at) in archive.by_offset.iter().enumerate() {
            if let Some(slot) = ranks.get_mut(*at) {
                *slot = rank;
            }
        }
        ranks
    };
    let (old, new) = (ranks(before), ranks(after));
    let mut ranked: Vec<(usize, usize)> = pairs
        .iter()
        .filter_map(|(one, other)| Some((*old.get(*one)?, *new.get(*other)?)))
        .collect();
    ranked.sort_unstable();
    moved(&ranked)
        .iter()
        .filter_map(|(rank, _)| before.by_offset.get(*rank))
        .map(|at| before.name(*at).to_vec())
        .collect()
}

fn compare_parts(
    before: &Archive<'_>,
    after: &Archive<'_>,
    label_parts: &[String],
    changes: &[LabelChange],
    options: &VerifyOptions,
    differences: &mut Differences,
) -> Result<(), VerifyError> {
    let limits = &options.limits;
    let names: Vec<&str> = label_parts.iter().map(String::as_str).collect();
    let types = |archive: &Archive<'_>| {
        let at = archive.package.content_types_entry;
        parse(
            archive,
            CONTENT_TYPES_PART,
            at,
            limits.plumbing_part_bytes_max,
            limits,
        )
    };
    let (old, new) = (types(before)?, types(after)?);
    plumbing::compare_content_types((before, old), (after, new), &names, limits, differences);
    let relationships = |archive: &Archive<'_>| {
        let at = archive.package.relationships_entry;
        parse(
            archive,
            RELATIONSHIPS_PART,
            at,
            limits.plumbing_part_bytes_max,
            limits,
        )
    };
    let (old, new) = (relationships(before)?, relationships(after)?);
    plumbing::compare_relationships((before, old), (after, new), differences);
    let parts = |archive: &Archive<'_>| -> Result<LabelParts, VerifyError> {
        let label_info = archive.package.label_info.as_ref();
        let properties = archive.package.custom_properties.as_ref();
        let part = |name: Option<&str>, entry: Option<usize>| {
            let (Some(name), Some(at)) = (name, entry) else {
                return Ok(None);
            };
            parse(archive, name, at, limits.label_part_bytes_max, limits).map(Some)
        };
        Ok(LabelParts {
            custom_properties: part(
                properties.map(|part| part.name.as_str()),
                properties.and_then(|part| part.entry),
            )?,
            label_info: part(
                label_info.map(|part| part.name.as_str()),
                label_info.and_then(|part| part.entry),
            )?,
        })
    };
    let (old, new) = (parts(before)?, parts(after)?);
    label_parts::compare_label_parts((before, old), (after, new), changes, options, differences);
    Ok(())
}

fn parse(
    archive: &Archive<'_>,
    name: &str,
    at: usize,
    bytes_max: u64,
    limits: &Limits,
) -> Result<XmlPart, VerifyError> {
    let content = archive.content(at, bytes_max)?;
    XmlPart::parse(name, content, limits).map_err(|error| part_error(archive.side, error))
}
