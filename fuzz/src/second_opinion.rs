//! What another library makes of a PDF that was labelled.
//!
//! It has limits of its own, such as objects that it passes over in one place and stumbles over in
//! another, and of files that are damaged it has another idea. So it is asked about files only that are
//! written to the letter, and its verdict counts where it finds no such fault with what it writes
//! itself.

use std::collections::BTreeSet;

use label_core::LabelId;
use label_formats::{PdfPlaces, ReadOptions, read};
use lopdf::{Dictionary, Document, IncrementalDocument, Object, ObjectId, Stream};

use crate::pdf::{is_sound, open};
use crate::properties::Written;
use crate::well_formed::is_well_formed;

const PACKET_BYTES_MAX: usize = 1 << 20;

/// Panics where the library loses something by the label, or doesn't find the label.
pub fn second_opinion(before: &[u8], written: &Written, label: LabelId) {
    let Some(document) = open(before) else { return };
    let reading = read(before, &ReadOptions::default());
    if !is_sound(before, &reading) || !is_well_formed(before, &document) {
        return;
    }
    let places = |outcome: &label_formats::WriteOutcome| outcome.pdf.as_ref().map(|pdf| pdf.places);
    let is_written = written.labelled != before;
    let ours = Versions {
        labelled: &written.labelled,
        removed: &written.removed,
        // Where the file had the label already nothing is written: then it may stand in XMP alone,
        // beside an Info that has some other record of the same id.
        is_in_info: is_written
            && places(&written.removal).is_some_and(|places| places != PdfPlaces::XmpOnly),
        is_in_packet: matches!(
            places(&written.application),
            Some(PdfPlaces::Both | PdfPlaces::XmpOnly)
        ),
    };
    let Err(fault) = judge(&document, &ours, label) else {
        return;
    };
    let Some((labelled, removed)) = written_by_the_library(before, &document, label) else {
        return;
    };
    let theirs = Versions {
        labelled: &labelled,
        removed: &removed,
        is_in_info: true,
        is_in_packet: true,
    };
    if judge(&document, &theirs, label).is_ok() {
        panic!("{fault}");
    }
}

/// A file with the label, and with it taken off again, whoever wrote them.
struct Versions<'a> {
    labelled: &'a [u8],
    removed: &'a [u8],
    is_in_info: bool,
    is_in_packet: bool,
}

type Verdict = Result<(), String>;

fn ensure(holds: bool, fault: impl Into<String>) -> Verdict {
    if holds { Ok(()) } else { Err(fault.into()) }
}

fn judge(before: &Document, versions: &Versions<'_>, label: LabelId) -> Verdict {
    let labelled = open(versions.labelled).ok_or("the library could open it before")?;
    let removed = open(versions.removed).ok_or("the library could open it with the label")?;
    for after in [&labelled, &removed] {
        let (old, new) = (before.get_pages().len(), after.get_pages().len());
        ensure(new >= old, format!("pages lost: {old}, now {new}"))?;
        same_objects(before, after)?;
    }
    if versions.is_in_info {
        let sees = has_in_info(&labelled, label);
        ensure(sees == Some(true), "the library misses the label")?;
    }
    let sees = has_in_info(&removed, label);
    ensure(sees != Some(true), "the library still sees the label")?;
    if versions.is_in_packet {
        let id = label.to_string();
        let has_label = |document: &Document| packet(document).map(|text| text.contains(&id));
        ensure(has_label(&labelled) != Some(false), "not in the packet")?;
        // What stood there before may have been no property: text, or of another namespace. The
        // library may not have been able to read it.
        let had_packet = before.catalog().is_ok_and(|one| one.has(b"Metadata"));
        if has_label(before).map_or(!had_packet, |had| !had) {
            ensure(has_label(&removed) != Some(true), "still in the packet")?;
        }
    }
    Ok(())
}

fn enabled_key(label: LabelId) -> String {
    format!("MSIP_Label_{label}_Enabled")
}

/// `None` where there is no information dictionary.
fn has_in_info(document: &Document, label: LabelId) -> Option<bool> {
    let info = document.trailer.get(b"Info").ok()?;
    let info = document.dereference(info).ok()?.1.as_dict().ok()?;
    Some(info.has(enabled_key(label).as_bytes()))
}

/// The metadata of the whole document. Of text in two bytes to a letter nothing is said.
fn packet(document: &Document) -> Option<String> {
    let metadata = document.catalog().ok()?.get(b"Metadata").ok()?;
    let packet = document.get_object(metadata.as_reference().ok()?).ok()?;
    let text = packet.as_stream().ok()?;
    let text = text.get_plain_content_with_limit(PACKET_BYTES_MAX).ok()?;
    let text = String::from_utf8(text).ok()?;
    (!text.is_empty() && !text.contains('\0')).then(|| text.to_ascii_lowercase())
}

/// Everything that the catalog reaches is what it was, but for what holds labels.
fn same_objects(before: &Document, after: &Document) -> Verdict {
    let reference = |key: &[u8]| before.trailer.get(key).ok()?.as_reference().ok();
    let (Some(root), info) = (reference(b"Root"), reference(b"Info")) else {
        return Ok(());
    };
    let without_metadata = |document: &Document| {
        let mut catalog = document.catalog().cloned().unwrap_or_default();
        catalog.remove(b"Metadata");
        Object::Dictionary(catalog)
    };
    let catalog = without_metadata(before);
    ensure(catalog == without_metadata(after), "the catalog changed")?;
    let metadata = before.catalog().and_then(|one| one.get(b"Metadata"));
    let metadata = metadata.and_then(Object::as_reference).ok();
    let mut seen: BTreeSet<ObjectId> = [Some(root), info, metadata].into_iter().flatten().collect();
    let mut queue = vec![&catalog];
    while let Some(object) = queue.pop() {
        match object {
            Object::Array(items) => queue.extend(items),
            Object::Dictionary(entries) => queue.extend(entries.iter().map(|(_, value)| value)),
            Object::Stream(stream) => queue.extend(stream.dict.iter().map(|(_, value)| value)),
            Object::Reference(id) if seen.insert(*id) => {
                // A number that refers to nothing may become that of a new object.
                let Some(old) = before.objects.get(id) else {
                    continue;
                };
                let is_same = is_same(old, after.objects.get(id));
                ensure(is_same, format!("object {id:?} changed"))?;
                queue.push(old);
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_same(old: &Object, new: Option<&Object>) -> bool {
    match (old, new) {
        // Where a stream stands is part of it for the library.
        (Object::Stream(old), Some(Object::Stream(new))) => {
            // What holds objects, or says where they are, is made anew.
            old.dict.has_type(b"ObjStm")
                || old.dict.has_type(b"XRef")
                || (&old.dict, &old.content) == (&new.dict, &new.content)
        }
        (old, new) => new == Some(old),
    }
}

/// The label as the library applies it and takes it off, by updates in the way of ours. `None` where
/// it can't.
fn written_by_the_library(
    bytes: &[u8],
    document: &Document,
    label: LabelId,
) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = enabled_key(label);
    let labelled = updated(bytes, document, &label.to_string(), |info| {
        info.set(key.as_bytes(), Object::string_literal("true"));
    })?;
    let removed = updated(&labelled, &open(&labelled)?, "", |info| {
        info.remove(key.as_bytes());
    })?;
    Some((labelled, removed))
}

fn updated(
    bytes: &[u8],
    document: &Document,
    text: &str,
    change: impl FnOnce(&mut Dictionary),
) -> Option<Vec<u8>> {
    let mut update = IncrementalDocument::create_from(bytes.to_vec(), document.clone());
    let new = &mut update.new_document;

    let info = document.trailer.get(b"Info").ok();
    let mut entries = match info {
        Some(object) => document.dereference(object).ok()?.1.as_dict().ok()?.clone(),
        None => Dictionary::new(),
    };
    change(&mut entries);
    let info = info.and_then(|object| object.as_reference().ok());
    let info = info.unwrap_or_else(|| new.new_object_id());
    new.set_object(info, entries);
    new.trailer.set("Info", info);

    let root = document.trailer.get(b"Root").ok()?.as_reference().ok()?;
    let mut catalog = document.catalog().ok()?.clone();
    let metadata = catalog.get(b"Metadata").and_then(Object::as_reference).ok();
    let metadata = metadata.unwrap_or_else(|| new.new_object_id());
    let mut entries = Dictionary::new();
    entries.set("Type", Object::Name(b"Metadata".to_vec()));
    entries.set("Subtype", Object::Name(b"XML".to_vec()));
    let packet = format!("<label>{text}</label>").into_bytes();
    new.set_object(metadata, Stream::new(entries, packet));
    catalog.set("Metadata", metadata);
    new.set_object(root, catalog);

    let mut file = Vec::new();
    update.save_to(&mut file).ok()?;
    Some(file)
}
