//! Compound files: built from sections and then damaged, or any bytes behind the magic number; and
//! the publishing licence in them, also alone.
#![no_main]

use label_core::LabelStorage;
use label_formats::{ReadOptions, Status};
use label_fuzz::properties::{check_licence, read_steadily};
use label_fuzz::{compound, sections};
use libfuzzer_sys::fuzz_target;

const MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

fuzz_target!(|input: &[u8]| {
    let (bytes, whole) = match input {
        [b'L', licence @ ..] => return check_licence(licence),
        [b'S', rest @ ..] => {
            let sections = sections(rest);
            let whole = sections
                .iter()
                .all(|section| section.name != compound::PATCHES);
            (compound::build(&sections), whole)
        }
        _ => ([&MAGIC, input.get(8..).unwrap_or_default()].concat(), false),
    };
    let reading = read_steadily(&bytes, &ReadOptions::default());
    assert_ne!(reading.status, Status::Ok, "no compound file is clear");
    for record in &reading.labels {
        assert!(matches!(
            record.storage,
            LabelStorage::CompoundLabelInfo | LabelStorage::CompoundSummary
        ));
    }
    if whole && reading.status == Status::Malformed {
        // The file is sound, so the cause is in our part.
        let error = reading.error.unwrap_or_default();
        assert!(error.contains("LabelInfo"), "{error}");
    }
});
