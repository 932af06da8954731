//! Scripts of `labelling_week`: every vector by hand, and a slow twin against random scripts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

#[path = "../support/mod.rs"]
mod support;

mod limits;
mod random;
mod scripts;
mod tasks;

use std::process::Command;

use examples::week::{Options, StoreKind, instant, rfc3339, run};
use governance::DayReading;
use serde_json::{Value, json};

use support::example;
use support::week_twin::twin;

/// What a script prints, line by line.
fn play(script: &str, options: Options) -> Vec<Value> {
    let mut out = Vec::new();
    run(script, options, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The same, which the twin has to say too.
fn twice(script: &str, options: Options) -> Vec<Value> {
    let memory = play(script, options);
    assert_eq!(twin(script, options), memory, "the twin differs:\n{script}");
    memory
}

/// The same, which has to be the same on both stores and in the twin.
fn played(script: &str, options: Options) -> Vec<Value> {
    let memory = twice(script, options);
    let sqlite = Options {
        store: StoreKind::Sqlite,
        ..options
    };
    assert_eq!(play(script, sqlite), memory, "the stores differ:\n{script}");
    assert_eq!(twin(script, options), memory, "the twin differs:\n{script}");
    memory
}

fn window() -> Options {
    Options {
        day: DayReading::Window,
        ..Options::default()
    }
}

fn current() -> Options {
    Options {
        counts_manual: true,
        ..Options::default()
    }
}

fn until(text: &str) -> Options {
    Options {
        until: Some(instant(text).unwrap()),
        ..Options::default()
    }
}

/// One line a task, short: `name state at|until reason`, or `line N error`.
fn brief(lines: &[Value]) -> Vec<String> {
    lines
        .iter()
        .map(|line| {
            if let Some(number) = line.get("line") {
                return format!("line {number} error");
            }
            let mut parts = Vec::new();
            for member in ["task", "state", "at", "until", "reason", "joined"] {
                if let Some(text) = line[member].as_str() {
                    parts.push(text.to_owned());
                }
            }
            parts.join(" ")
        })
        .collect()
}

/// A script in words: `time operation arguments`. Tasks are in Box of tenant `t`.
fn script(lines: &[&str]) -> String {
    let mut script = String::new();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let at = words[0];
        let at = if at.contains('T') {
            format!("2021-01-{at}Z")
        } else {
            at.to_owned()
        };
        let op = words[1];
        let event = match op {
            // submit TASK FILE POLICY|- [PRIORITY]
            "submit" => json!({
                "at": at, "op": op, "task": words[2], "tenant": "t", "app": "box", "file": words[3],
                "policy": if words[4] == "-" { Value::Null } else { json!(words[4]) },
                "label_priority": words.get(5).map_or(1, |word| word.parse().unwrap()),
            }),
            "cancel" => json!({"at": at, "op": op, "task": words[2]}),
            "set_limit" => json!({
                "at": at, "op": op, "tenant": "t", "app": "box",
                "limit": words[2].parse::<u32>().unwrap(),
            }),
            "restart" => json!({"at": at, "op": op}),
            _ => json!({"at": at, "op": op, "policy": words[2]}),
        };
        script += &format!("{event}\n");
    }
    script
}

fn check(lines: &[&str], options: Options, expected: &[&str]) {
    let script = script(lines);
    assert_eq!(brief(&played(&script, options)), expected, "\n{script}");
}

fn until_at(text: &str) -> Options {
    until(&format!("2021-01-{text}Z"))
}

#[test]
fn the_story_is_told_as_it_was() {
    let mut out = Vec::new();
    examples::week::tell(&mut out).unwrap();
    let told = String::from_utf8(out).unwrap();
    // After a change: cargo run --example labelling_week > examples/data/labelling-week.txt
    assert_eq!(told, include_str!("../../data/labelling-week.txt"));
}
