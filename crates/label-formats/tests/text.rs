//! Text of packages, against what stands in them.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![cfg(feature = "text")]
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::path::Path;

use label_formats::text::{TextError, extract};
use label_formats::{FileSource, Limits};

fn text_of(name: &str) -> Result<String, TextError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples/data/documents")
        .join(name);
    let source = FileSource::open(&path).unwrap();
    extract(&source, &Limits::default()).map(|text| text.content)
}

#[test]
fn numbers_split_over_runs_are_whole() {
    let letter = text_of("onedrive/marta.keller/Documents/Chargeback Letter.docx").unwrap();
    let digits: String = letter.chars().filter(|c| c.is_ascii_digit()).collect();
    assert!(
        digits.contains("4111111111111111") || digits.contains("5555555555554444"),
        "{letter}"
    );
}

#[test]
fn sheets_slides_and_templates_give_text() {
    for (name, expected) in [
        (
            "onedrive/ana.silva/Documents/Card Refunds November.xlsx",
            "ard",
        ),
        ("onedrive/bo.lee/Documents/Till Training.pptx", "ill"),
        ("onedrive/bo.lee/Documents/Booking Form.dotx", "ook"),
        (
            "google/Team Drives/Month End/Bank Reconciliation.xltx",
            "ank",
        ),
    ] {
        let text = text_of(name).unwrap();
        assert!(text.contains(expected), "{name}: {text}");
        assert!(!text.contains('<'), "{name}");
    }
}

#[test]
fn encrypted_and_other_files_say_why_there_is_no_text() {
    assert!(matches!(
        text_of("onedrive/tom.adler/Finance/Card Receipt.pdf"),
        Err(TextError::Unsupported(_))
    ));
    assert!(matches!(
        text_of("sharepoint/Legal/Merger Memo Draft.docx"),
        Err(TextError::Unreadable(_, _))
    ));
}
