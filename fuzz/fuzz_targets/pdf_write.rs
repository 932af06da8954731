//! PDFs that can be labelled: read back, unlabelled again, nobody else's label moved, nothing else
//! changed, and another library sees the same label.
//!
//! The first byte chooses how it is written, the second how objects are found: `R` for a whole file
//! that follows, otherwise a form for the sections with objects that follow.
#![no_main]

use std::collections::BTreeSet;

use label_core::{LabelId, TenantId};
use label_formats::{ApplyRequest, PdfPlaces, PdfSave, ReadOptions, WriteOptions, read};
use label_fuzz::pdf::{Form, from_sections, is_sound, open};
use label_fuzz::pieces;
use label_fuzz::properties::{Written, apply_and_remove_pdf};
use label_fuzz::sections;
use libfuzzer_sys::fuzz_target;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

fuzz_target!(|input: &[u8]| {
    let [how, form, rest @ ..] = input else {
        return;
    };
    let file = match form {
        b'R' => rest.to_vec(),
        form => from_sections(Form::of(*form), &sections(rest)),
    };
    let mut options = WriteOptions::default();
    if how & 1 != 0 {
        options.pdf_save = PdfSave::Rewritten;
    }
    options.allow_signed = how & 2 != 0;
    options.force = how & 4 != 0;
    let tenant = TenantId::parse(pieces::OURS).expect("a tenant");
    let label = if how & 8 != 0 {
        pieces::OLD_LABEL
    } else {
        pieces::LABEL
    };
    let label = LabelId::parse(label).expect("a label");
    let mut request = ApplyRequest::new(tenant, label, 1_609_459_200_000);
    if how & 16 != 0 {
        request.name = Some("\u{d6}ffentlich & (neu)".to_owned());
    }
    if let Ok(written) = apply_and_remove_pdf(&file, &request, &options) {
        second_opinion(&file, &written, label);
    }
});

/// Where the library opens both files as they are written, it sees the label, and every page that it
/// saw before.
fn second_opinion(before: &[u8], written: &Written, label: LabelId) {
    let reading = read(before, &ReadOptions::default());
    let is_sound = is_sound(before, &reading);
    // Where the file had the label already nothing is written: then it may stand in XMP alone, beside
    // an Info that has some other record of the same id.
    let is_written = written.labelled != before;
    // The library finds objects that the cross-reference does not name.
    let Some(before) = open(before) else { return };
    let Some(after) = open(&written.labelled) else {
        assert!(!is_sound, "the library could open it before");
        return;
    };
    // Of a damaged file it may see more once that is mended; never less.
    let (old, new) = (before.get_pages().len(), after.get_pages().len());
    assert!(new >= old, "pages lost: {old}, now {new}");
    let removed = open(&written.removed).expect("opened before");
    if is_sound {
        check_objects(&before, &after);
        check_objects(&before, &removed);
    }
    let sees = |document: &Document| -> Option<bool> {
        let info = document.trailer.get(b"Info").ok()?;
        let (_, Object::Dictionary(info)) = document.dereference(info).ok()? else {
            return None;
        };
        let key = format!("MSIP_Label_{label}_Enabled");
        Some(info.has(key.as_bytes()))
    };
    let is_in_info = written
        .removal
        .pdf
        .as_ref()
        .is_some_and(|pdf| pdf.places != PdfPlaces::XmpOnly);
    if is_in_info && is_written {
        assert_eq!(sees(&after), Some(true), "the library misses the label");
    }
    assert_ne!(sees(&removed), Some(true), "the library still sees it");
    let packet = |document: &Document| -> Option<String> {
        let Object::Reference(id) = document.catalog().ok()?.get(b"Metadata").ok()? else {
            return None;
        };
        let packet = document.get_object(*id).ok()?.as_stream().ok()?;
        let text = packet.get_plain_content_with_limit(1 << 20).ok()?;
        // Of text in two bytes to a letter nothing is said.
        let text = String::from_utf8(text).ok()?;
        (!text.is_empty() && !text.contains('\0')).then(|| text.to_ascii_lowercase())
    };
    let id = label.to_string();
    let places = written.application.pdf.as_ref().map(|pdf| pdf.places);
    if matches!(places, Some(PdfPlaces::Both | PdfPlaces::XmpOnly)) {
        assert!(
            packet(&after).is_none_or(|text| text.contains(&id)),
            "not in the packet"
        );
        // What stood there before may have been no property: text, or of another namespace.
        // The library may not have been able to read it.
        let had_packet = before
            .catalog()
            .is_ok_and(|catalog| catalog.has(b"Metadata"));
        if packet(&before).map_or(!had_packet, |text| !text.contains(&id)) {
            assert!(
                packet(&removed).is_none_or(|text| !text.contains(&id)),
                "still in the packet"
            );
        }
    }
}

/// The stated length was too short: others search for the end too, and now it is right.
fn is_mended(old: &Dictionary, new: &Stream) -> bool {
    let rest = |dict: &Dictionary| {
        let mut dict = dict.clone();
        dict.remove(b"Length");
        dict
    };
    let length = |dict: &Dictionary| dict.get(b"Length").and_then(Object::as_i64).ok();
    rest(old) == rest(&new.dict) && length(old) < length(&new.dict)
}

/// Everything that the catalog reaches is what it was, but for what holds labels.
fn check_objects(before: &Document, after: &Document) {
    let reference = |document: &Document, key: &[u8]| -> Option<ObjectId> {
        document.trailer.get(key).ok()?.as_reference().ok()
    };
    let (Some(root), info) = (reference(before, b"Root"), reference(before, b"Info")) else {
        return;
    };
    let without_metadata = |document: &Document| {
        let mut catalog = document.catalog().cloned().unwrap_or_default();
        catalog.remove(b"Metadata");
        catalog
    };
    let metadata = before
        .catalog()
        .ok()
        .and_then(|one| one.get(b"Metadata").ok());
    let metadata = metadata.and_then(|one| one.as_reference().ok());
    let catalog = Object::Dictionary(without_metadata(before));
    assert_eq!(
        catalog,
        Object::Dictionary(without_metadata(after)),
        "the catalog"
    );
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
                let is_same = match (old, after.objects.get(id)) {
                    // Where a stream stands is part of it for the library.
                    (Object::Stream(old), Some(Object::Stream(new))) => {
                        // Where its length is missing, it is searched for and stated. What holds
                        // objects, or says where they are, is made anew.
                        !old.dict.has(b"Length")
                            || old.dict.has_type(b"ObjStm")
                            || old.dict.has_type(b"XRef")
                            || (&old.dict, &old.content) == (&new.dict, &new.content)
                            || is_mended(&old.dict, new)
                    }
                    // Nor is it seen as one where no line ends behind `stream`.
                    (Object::Dictionary(old), Some(Object::Stream(new))) => is_mended(old, new),
                    (old, new) => new == Some(old),
                };
                assert!(is_same, "object {id:?} changed");
                queue.push(old);
            }
            _ => {}
        }
    }
}
