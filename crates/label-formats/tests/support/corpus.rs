//! The corpus of real files; the environment variable `LABEL_CORPUS` names its folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// One line of the manifest.
pub(crate) struct Row {
    pub(crate) folder: String,
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) reader: String,
    pub(crate) labels: Value,
}

/// The manifest; `None`, after a line that says so, where there is no corpus.
pub(crate) fn manifest() -> Option<Vec<Row>> {
    let Some(folder) = std::env::var_os("LABEL_CORPUS") else {
        println!("corpus: LABEL_CORPUS is not set");
        return None;
    };
    let folder = Path::new(&folder);
    let text = std::fs::read_to_string(folder.join("MANIFEST.tsv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|one| *one == name).unwrap();
    let (path, reader, labels) = (column("path"), column("reader"), column("labels"));
    Some(
        lines
            .map(|line| {
                let fields: Vec<&str> = line.split('\t').collect();
                assert_eq!(fields.len(), header.len(), "{line}");
                Row {
                    folder: fields[path].split_once('/').unwrap().0.to_owned(),
                    path: folder.join(fields[path]),
                    name: fields[path].to_owned(),
                    reader: fields[reader].to_owned(),
                    labels: serde_json::from_str(fields[labels]).unwrap(),
                }
            })
            .collect(),
    )
}

/// Runs a check on every row, on all processors. All failures are told, not only the first.
pub(crate) fn each(rows: &[Row], check: impl Fn(&Row, &[u8]) + Sync) {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let bytes = std::fs::read(&row.path).unwrap();
                    let run = std::panic::AssertUnwindSafe(|| check(row, &bytes));
                    if std::panic::catch_unwind(run).is_err() {
                        failed.lock().unwrap().push(row.name.clone());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{failed:#?}");
}

/// A tally by name.
#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<String, usize>>);

impl Tally {
    pub(crate) fn add(&self, what: &str) {
        self.several(what, 1);
    }

    pub(crate) fn several(&self, what: &str, count: usize) {
        *self.0.lock().unwrap().entry(what.to_owned()).or_default() += count;
    }

    pub(crate) fn get(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or(0)
    }

    pub(crate) fn print(&self, title: &str) {
        for (what, count) in self.0.lock().unwrap().iter() {
            println!("{title}: {count:4} {what}");
        }
    }
}
