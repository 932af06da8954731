//! PDFs that can be labelled: read back, unlabelled again, nobody else's label moved, nothing else
//! changed, and another library sees the same label.
//!
//! The first byte chooses how it is written, the second how objects are found: `R` for a whole file
//! that follows, otherwise a form for the sections with objects that follow.
#![no_main]

use label_core::{LabelId, TenantId};
use label_formats::{ApplyRequest, PdfPlaces, PdfSave, WriteOptions};
use label_fuzz::pdf::{Form, from_sections};
use label_fuzz::pieces;
use label_fuzz::properties::{Written, apply_and_remove_pdf};
use label_fuzz::sections;
use libfuzzer_sys::fuzz_target;
use lopdf::{Document, LoadOptions, Object};

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
    let open = |bytes: &[u8]| {
        let options = LoadOptions {
            strict: true,
            ..LoadOptions::with_max_decompressed_size(1 << 20)
        };
        let document = Document::load_mem_with_options(bytes, options).ok()?;
        document.xref_recovery.is_none().then_some(document)
    };
    // The library finds objects that the cross-reference does not name.
    let (Some(before), Some(after)) = (open(before), open(&written.labelled)) else {
        return;
    };
    // Of a damaged file it may see more once that is mended; never less.
    let (old, new) = (before.get_pages().len(), after.get_pages().len());
    assert!(new >= old, "pages lost: {old}, now {new}");
    let removed = open(&written.removed).expect("opened before");
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
    if is_in_info {
        assert_eq!(sees(&after), Some(true), "the library misses the label");
    }
    assert_ne!(sees(&removed), Some(true), "the library still sees it");
}
