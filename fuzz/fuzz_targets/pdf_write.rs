//! PDFs that can be labelled: read back, unlabelled again, nobody else's label moved, nothing else
//! changed, and another library sees the same label.
//!
//! The first byte chooses how it is written, the second how objects are found: `R` for a whole file
//! that follows, otherwise a form for the sections with objects that follow.
#![no_main]

use label_core::{LabelId, TenantId};
use label_formats::{ApplyRequest, PdfSave, WriteOptions};
use label_fuzz::pdf::{Form, from_sections};
use label_fuzz::pieces;
use label_fuzz::properties::apply_and_remove_pdf;
use label_fuzz::second_opinion::second_opinion;
use label_fuzz::sections;
use libfuzzer_sys::fuzz_target;

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
