//! `labels read --json` over the corpus of real files, against what independent readers found.
//!
//! The corpus is not part of the project: `LABEL_CORPUS` names its folder, and without it the test
//! says so and ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use support::example;

/// The manifest's words for a record, in ours.
fn expected(record: &Value) -> Value {
    json!({
        "id": record["id"],
        "tenant": record["siteId"],
        "name": record["name"],
        "enabled": record["enabled"],
        "removed": record["removed"],
        "method": record["method"],
        "set_date": record["setDate"],
        "content_bits": record["contentBits"],
        "storage": record["storage"],
    })
}

#[test]
fn r_173_every_label_record_of_the_corpus_is_read_field_by_field() {
    let Some(corpus) = std::env::var_os("LABEL_CORPUS") else {
        println!("LABEL_CORPUS is not set: skipped");
        return;
    };
    let corpus = Path::new(&corpus);
    let manifest = fs::read_to_string(corpus.join("MANIFEST.tsv")).unwrap();
    let mut lines = manifest.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|field| *field == name).unwrap();
    let (path_at, labels_at) = (column("path"), column("labels"));
    let rows: Vec<(String, Value)> = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let labels = serde_json::from_str(fields[labels_at]).unwrap();
            (fields[path_at].to_owned(), labels)
        })
        .collect();
    let output = Command::new(example("labels"))
        .args(["read", "--json", "--stats"])
        .args(rows.iter().map(|(path, _)| corpus.join(path)))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let read: HashMap<String, Value> = text
        .lines()
        .map(|line| {
            let object: Value = serde_json::from_str(line).unwrap();
            (object["path"].as_str().unwrap().to_owned(), object)
        })
        .collect();
    let mut records: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (path, labels) in &rows {
        let folder = path.split('/').next().unwrap();
        let object = &read[&corpus.join(path).display().to_string()];
        let statuses = [
            "ok",
            "protected",
            "unsupported",
            "malformed",
            "too_large",
            "io_error",
        ];
        assert!(
            statuses.contains(&object["status"].as_str().unwrap()),
            "{path}"
        );
        let found = object["labels"].as_array().unwrap();
        let Some(labels) = labels.as_array() else {
            // A key would be needed, or the independent readers failed: then no label is right.
            if !found.is_empty() {
                wrong.push(format!("{path}: {found:?}"));
            }
            continue;
        };
        let wanted: Vec<Value> = labels.iter().map(expected).collect();
        if *found != wanted {
            wrong.push(format!("{path}: wanted {wanted:?}, found {found:?}"));
        }
        *records.entry(folder).or_default() += found.len();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(records["ooxml-plain"] + records["pdf-plain"], 0);
    for (folder, count) in &records {
        println!("corpus: {folder}: {count} label records as in the manifest");
    }
    println!("corpus: {} files", rows.len());
}
