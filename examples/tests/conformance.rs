//! `docs/conformance.md` against the tests that there are.
//!
//! The table has a row for every requirement, and a row names every test whose name carries its
//! number (`r_155_…` belongs to R-155, `r_069_r_070_…` to both). What is missing on either side
//! fails here, with a line for each that says what to change.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The lists of requirements: letter, name in the summary, and which numbers there are.
const GROUPS: [(char, &str, &[RangeInclusive<u16>]); 6] = [
    ('R', "Behaviour", &[1..=206]),
    ('A', "Neighbouring documents", &[1..=48]),
    (
        'L',
        "Labels",
        &[
            1..=20,
            30..=35,
            40..=57,
            60..=64,
            70..=80,
            90..=94,
            100..=107,
        ],
    ),
    (
        'F',
        "Formats",
        &[
            1..=27,
            30..=44,
            50..=56,
            60..=70,
            80..=90,
            100..=109,
            120..=138,
        ],
    ),
    ('C', "Content", &[1..=40]),
    ('P', "Protection", &[1..=15]),
];

const STATUSES: [&str; 4] = ["done", "partly", "open", "none"];

const SUMMARY_HEADER: &str = "| Group | done | partly | open | none | all |";
const ROWS_HEADER: &str = "| Number | Rule | Status | Tests |";

/// What stands in the tests column of a row without tests.
const NO_TESTS: &str = "–";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `(group, number)`, the group as its place in [`GROUPS`], so that rows sort as they stand.
type Requirement = (usize, u16);

fn shown((group, number): Requirement) -> String {
    format!("{}-{number:03}", GROUPS[group].0)
}

fn exists((group, number): Requirement) -> bool {
    GROUPS[group].2.iter().any(|range| range.contains(&number))
}

fn known() -> impl Iterator<Item = Requirement> {
    GROUPS
        .iter()
        .enumerate()
        .flat_map(|(group, (_, _, ranges))| {
            let numbers = ranges.iter().flat_map(|range| range.clone());
            numbers.map(move |number| (group, number))
        })
}

fn requirement(letter: &str, digits: &str) -> Option<Requirement> {
    let group = GROUPS
        .iter()
        .position(|(known, _, _)| letter.len() == 1 && letter.starts_with(*known))?;
    let number = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((group, number.then(|| digits.parse().unwrap())?))
}

/// The numbers that a test's name carries: `tests::r_069_r_070_x` has R-069 and R-070.
fn numbers_of(test: &str) -> BTreeSet<Requirement> {
    let name = test.rsplit("::").next().unwrap();
    let words: Vec<&str> = name.split('_').collect();
    words
        .windows(2)
        .filter(|pair| pair[0].bytes().all(|byte| byte.is_ascii_lowercase()))
        .filter_map(|pair| requirement(&pair[0].to_ascii_uppercase(), pair[1]))
        .collect()
}

struct Row {
    requirement: Requirement,
    rule: String,
    status: String,
    tests: Vec<String>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Row>,
    /// Of each group, and of all, how many rows of each status and in total there are said to be.
    summary: BTreeMap<String, Vec<usize>>,
    /// What could not be read.
    failures: Vec<String>,
}

fn table() -> Table {
    let text = fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let mut table = Table::default();
    let mut header = "";
    for (at, line) in text.lines().enumerate() {
        if !line.starts_with('|') {
            header = "";
            continue;
        }
        if header.is_empty() {
            header = line;
            if ![SUMMARY_HEADER, ROWS_HEADER].contains(&line) {
                let message = format!("line {}: no table has the header `{line}`", at + 1);
                table.failures.push(message);
            }
            continue;
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        if cells.iter().all(|cell| cell.bytes().all(|it| it == b'-')) {
            continue;
        }
        let read = match header {
            SUMMARY_HEADER => read_counts(&mut table, &cells),
            ROWS_HEADER => read_row(&mut table, &cells),
            _ => Some(()),
        };
        if read.is_none() {
            let message = format!("line {}: not a row of this table: `{line}`", at + 1);
            table.failures.push(message);
        }
    }
    table
}

fn read_counts(table: &mut Table, cells: &[&str]) -> Option<()> {
    let (group, counts) = cells.split_first()?;
    let counts: Vec<usize> = counts.iter().flat_map(|count| count.parse()).collect();
    if counts.len() != STATUSES.len() + 1 {
        return None;
    }
    table.summary.insert((*group).to_owned(), counts);
    Some(())
}

fn read_row(table: &mut Table, cells: &[&str]) -> Option<()> {
    let [number, rule, status, tests] = cells else {
        return None;
    };
    let (letter, digits) = number.split_once('-')?;
    let tests = if *tests == NO_TESTS {
        Some(Vec::new())
    } else {
        let quoted = tests.split("<br>").map(|test| {
            let name = test.trim().strip_prefix('`')?.strip_suffix('`')?;
            Some(name.to_owned())
        });
        quoted.collect()
    };
    table.rows.push(Row {
        requirement: requirement(letter, digits)?,
        rule: (*rule).to_owned(),
        status: (*status).to_owned(),
        tests: tests?,
    });
    Some(())
}

/// The names of the workspace's tests, as cargo lists them.
///
/// Built as this test was, so that nothing is built again.
fn listed(only_ignored: bool) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(root())
        .args(["test", "--workspace", "--tests"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    command.args(["--", "--list"]);
    if only_ignored {
        command.arg("--ignored");
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

fn report(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "docs/conformance.md, {} to mend:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn numbers_are_found_in_names() {
    let found = |name| {
        let numbers = numbers_of(name).into_iter().map(shown);
        numbers.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("sqlite::r_155_one_hundred_a_day"), "R-155");
    assert_eq!(found("r_081_external_and_r_186_disabled"), "R-081 R-186");
    assert_eq!(found("p_001_f_003_kinds_are_told_apart"), "F-003 P-001");
    assert_eq!(found("r_155::helpers::a_day_has_24_hours"), "");
    assert_eq!(found("er_404_R_404_r_4040_r_40"), "");
}

#[test]
fn every_requirement_has_one_row() {
    let mut table = table();
    let mut failures = std::mem::take(&mut table.failures);
    let mut seen = BTreeSet::new();
    let mut last = None;
    for row in &table.rows {
        let number = shown(row.requirement);
        if !exists(row.requirement) {
            failures.push(format!("{number}: no such requirement, remove the row"));
        }
        if !seen.insert(row.requirement) {
            failures.push(format!("{number}: has two rows, make them one"));
        } else if last > Some(row.requirement) {
            failures.push(format!("{number}: out of order, move the row up"));
        }
        last = last.max(Some(row.requirement));
        let status = row.status.as_str();
        if !STATUSES.contains(&status) {
            failures.push(format!(
                "{number}: `{status}` is none of `{}`",
                STATUSES.join("`, `")
            ));
        }
        if row.rule.is_empty() {
            failures.push(format!("{number}: the rule is missing"));
        }
        if status == "partly" && !row.rule.ends_with(']') {
            failures.push(format!(
                "{number}: is partly done, end the rule with `[what is missing]`"
            ));
        }
        if status == "done" && row.rule.ends_with(']') {
            failures.push(format!(
                "{number}: lacks something, so write `partly` for `done`"
            ));
        }
        match (status, row.tests.is_empty()) {
            ("done" | "partly", true) => failures.push(format!(
                "{number}: no test is named, so write `open` for `{status}`"
            )),
            ("open" | "none", false) => failures.push(format!(
                "{number}: has tests, so write `done` or `partly` for `{status}`"
            )),
            _ => {}
        }
    }
    for missing in known().filter(|requirement| !seen.contains(requirement)) {
        failures.push(format!("{}: has no row, add one", shown(missing)));
    }
    report(&failures);
}

#[test]
fn the_summary_counts_the_rows() {
    let table = table();
    let mut failures = table.failures;
    let mut expected: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let columns = [&STATUSES[..], &["all"]].concat();
    for row in &table.rows {
        let group = GROUPS[row.requirement.0].1;
        for name in [group, "All"] {
            let counts = expected
                .entry(name)
                .or_insert_with(|| vec![0; columns.len()]);
            for (count, column) in counts.iter_mut().zip(&columns) {
                *count += usize::from(*column == "all" || *column == row.status);
            }
        }
    }
    for name in table.summary.keys() {
        if !expected.contains_key(name.as_str()) {
            failures.push(format!("summary: there is no group `{name}`"));
        }
    }
    for (name, expected) in expected {
        let Some(counts) = table.summary.get(name) else {
            failures.push(format!("summary: a row for `{name}` is missing"));
            continue;
        };
        for ((column, count), expected) in columns.iter().zip(counts).zip(expected) {
            if *count != expected {
                failures.push(format!(
                    "summary, `{name}`, {column}: write {expected} for {count}"
                ));
            }
        }
    }
    report(&failures);
}

#[test]
fn rows_name_the_tests_that_carry_their_number() {
    let table = table();
    let mut failures = table.failures;
    let tests = listed(false);
    let nothing = BTreeSet::new();
    let mut carriers: BTreeMap<Requirement, BTreeSet<&str>> = BTreeMap::new();
    for test in &tests {
        for number in numbers_of(test) {
            if exists(number) {
                carriers.entry(number).or_default().insert(test);
            } else {
                failures.push(format!(
                    "test `{test}`: there is no {}, rename the test",
                    shown(number)
                ));
            }
        }
    }
    for row in &table.rows {
        let number = shown(row.requirement);
        let carriers = carriers.get(&row.requirement).unwrap_or(&nothing);
        for test in &row.tests {
            if !tests.contains(test) {
                failures.push(format!("{number}: there is no test `{test}`, remove it"));
            } else if !carriers.contains(test.as_str()) {
                failures.push(format!(
                    "{number}: the name of `{test}` does not carry the number, remove it or rename \
                     the test"
                ));
            }
        }
        for test in carriers {
            match row.tests.iter().filter(|named| named == test).count() {
                1 => {}
                0 => failures.push(format!("{number}: name the test `{test}`")),
                _ => failures.push(format!("{number}: names `{test}` twice")),
            }
        }
    }
    report(&failures);
}

#[test]
fn no_test_is_ignored() {
    let mut failures: Vec<String> = listed(true)
        .into_iter()
        .map(|test| format!("test `{test}`: is ignored, run it or remove it"))
        .collect();
    // Also what is not built here: other targets, and examples in the documentation.
    let mut folders: Vec<PathBuf> = ["crates", "examples", "benches", "fuzz", "tests"]
        .map(|folder| root().join(folder))
        .into();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for (at, line) in text.lines().enumerate() {
                    if [concat!("#[", "ignore"), concat!("```", "ignore")]
                        .iter()
                        .any(|mark| line.contains(mark))
                    {
                        failures.push(format!("{}:{}: ignored", path.display(), at + 1));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
