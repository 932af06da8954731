//! The label of a file behind HTTP: the same as on the disk, with few and small ranges.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

use examples::range_server::RangeServer;
use examples::remote::read_over_http;
use examples::sample::{data, write_with_picture};
use label_formats::{FileSource, ReadOptions, read};

#[test]
fn documents_behind_http_read_as_they_do_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.docx");
    write_with_picture(&large, 50_000_000).unwrap();
    let documents = data().join("documents");
    for (path, requests_max, bytes_max) in [
        (large, 4, 40_000),
        (
            documents.join("box/Partners/Fabrikam Supply Terms.docx"),
            4,
            40_000,
        ),
        (
            documents.join("box/Legal/Mutual NDA Fabrikam.pdf"),
            8,
            80_000,
        ),
    ] {
        let server = RangeServer::start(&path).unwrap();
        let options = ReadOptions::default();
        let remote = read_over_http(&server.url(), &options).unwrap();
        let here = read(&FileSource::open(&path).unwrap(), &options);
        assert_eq!(remote.reading, here);
        let counts = server.counts();
        assert!(counts.requests() <= requests_max, "{path:?}: {remote:?}");
        assert!(counts.bytes() <= bytes_max, "{path:?}: {remote:?}");
        assert_eq!(counts.requests(), remote.ranges.len() as u64 + 1);
    }
}

#[test]
fn what_is_not_there_is_said() {
    let path = data().join("labels.json");
    let server = RangeServer::start(&path).unwrap();
    let url = server.url();
    let (_, port) = url.trim_end_matches("/document").rsplit_once(':').unwrap();
    // Nobody listens on port 1.
    for other in [format!("http://127.0.0.1:1/{port}"), "nonsense".to_owned()] {
        let error = read_over_http(&other, &ReadOptions::default()).unwrap_err();
        assert!(error.starts_with(&format!("`{other}`")), "{error}");
    }
}
