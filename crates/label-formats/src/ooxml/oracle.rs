//! Our directory reader beside a general ZIP library, on every archive of the corpus.

use std::io::{Cursor, Read};
use std::path::Path;

use super::directory::Directory;
use super::inflate::Inflater;
use crate::limits::Limits;
use crate::window::Windowed;

/// Largest entry whose content is compared, in bytes.
const CONTENT_BYTES_MAX: u64 = 4 * 1_048_576;

/// Entries and contents that were the same on both sides.
#[derive(Default)]
struct Compared {
    archives: usize,
    entries: usize,
    contents: usize,
    /// Archives that only the library opens, with our reason.
    refused: Vec<String>,
}

fn compare(name: &str, bytes: &[u8], compared: &mut Compared) {
    let Ok(mut theirs) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        return;
    };
    let ours = Windowed::new(&bytes)
        .and_then(Windowed::with_tail)
        .map_err(crate::error::PartError::from)
        .and_then(|mut source| Directory::read(&mut source, &Limits::default()));
    let ours = match ours {
        Ok(ours) => ours,
        Err(error) => {
            compared.refused.push(format!("{name}: {error}"));
            return;
        }
    };
    compared.archives += 1;
    // The library keeps the last of two entries with one name.
    assert!(theirs.len() <= ours.entries().len(), "{name}");
    let mut inflater = Inflater::default();
    for (at, entry) in ours.entries().iter().enumerate() {
        let raw_name = ours.name(entry);
        let last = ours
            .entries()
            .iter()
            .rposition(|other| ours.name(other) == raw_name);
        if last != Some(at) {
            continue;
        }
        let index = (0..theirs.len()).find(|index| {
            let file = theirs.by_index_raw(*index).unwrap();
            file.name_raw() == raw_name
        });
        let mut file = theirs.by_index(index.unwrap()).unwrap();
        assert_eq!(file.crc32(), entry.crc, "{name}");
        assert_eq!(file.compressed_size(), entry.compressed, "{name}");
        assert_eq!(file.size(), entry.inflated, "{name}");
        assert_eq!(file.header_start(), entry.offset, "{name}");
        compared.entries += 1;
        if entry.inflated > CONTENT_BYTES_MAX || !entry.is_supported() {
            continue;
        }
        let mut content = Vec::new();
        let read = file.read_to_end(&mut content);
        let own = ours.content(&bytes, &mut inflater, at, CONTENT_BYTES_MAX);
        match (read, own) {
            (Ok(_), Ok(own)) => {
                assert_eq!(own, content, "{name}");
                compared.contents += 1;
            }
            // What the library can't read must not be read here either.
            (Err(_), own) => assert!(own.is_err(), "{name}"),
            (Ok(_), Err(error)) => compared.refused.push(format!("{name}: {error}")),
        }
    }
}

#[test]
fn every_archive_of_the_corpus_is_read_as_the_library_reads_it() {
    let Some(corpus) = std::env::var_os("LABEL_CORPUS") else {
        println!("LABEL_CORPUS is not set: skipped");
        return;
    };
    let mut compared = Compared::default();
    for folder in ["ooxml-labelled", "ooxml-plain", "malformed"] {
        for entry in std::fs::read_dir(Path::new(&corpus).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            compare(&path.display().to_string(), &bytes, &mut compared);
        }
    }
    println!(
        "{} archives, {} entries, {} contents; refused here: {:#?}",
        compared.archives, compared.entries, compared.contents, compared.refused
    );
    assert!(compared.archives > 100);
    assert!(compared.refused.is_empty(), "{:#?}", compared.refused);
}
