//! Any bytes are a file: an answer, the same one however they arrive, and the text.
#![no_main]

use label_formats::text::{self, TEXT_CHARS_MAX, TextError};
use label_formats::{Limits, ReadOptions, Status};
use label_fuzz::properties::read_steadily;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let reading = read_steadily(bytes, &ReadOptions::default());
    match text::extract(bytes, &Limits::default()) {
        Ok(text) => {
            assert_eq!(reading.status, Status::Ok);
            assert_eq!(reading.kind, Some(text.kind));
            assert!(text.content.chars().count() <= TEXT_CHARS_MAX);
            assert!(text.metadata.chars().count() <= TEXT_CHARS_MAX);
        }
        Err(TextError::Unreadable(status, _)) => {
            assert_eq!(reading.status, status);
            assert_ne!(status, Status::Ok);
        }
        Err(_) => assert_eq!(reading.status, Status::Ok),
    }
});
