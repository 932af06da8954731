//! A build without a format tells its files, and never calls them unlabelled.
#![cfg(not(all(feature = "ooxml", feature = "pdf")))]
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use label_core::{LabelId, TenantId};
use label_formats::{ApplyRequest, ReadOptions, Status, WriteOptions, apply, read};

#[test]
fn f_002_files_of_a_format_that_is_left_out_are_unsupported() {
    let request = ApplyRequest::new(TenantId::from_u128(1), LabelId::from_u128(2), 0);
    for (bytes, is_built, feature) in [
        (&b"PK\x03\x04"[..], cfg!(feature = "ooxml"), "ooxml"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            cfg!(feature = "ooxml"),
            "ooxml",
        ),
        (b"%PDF-1.7", cfg!(feature = "pdf"), "pdf"),
    ] {
        if is_built {
            continue;
        }
        let reading = read(bytes, &ReadOptions::default());
        assert_eq!(reading.status, Status::Unsupported);
        assert!(reading.error.unwrap().contains(feature));
        let mut out = Vec::new();
        let refused = apply(&bytes, &request, &WriteOptions::default(), &mut out).unwrap_err();
        assert_eq!(refused.code(), "type_unsupported");
    }
}
