//! Scripts of `labelling_week`: every vector by hand, and a slow twin against random scripts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod support;

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

#[test]
fn r_163_the_table_of_both_readings() {
    let table = [
        (
            "2021-01-05T09:00:00Z",
            "2021-01-06T12:00:00Z",
            "2021-01-05T12:00:00Z",
        ),
        (
            "2021-01-05T12:00:00Z",
            "2021-01-06T12:00:00Z",
            "2021-01-06T12:00:00Z",
        ),
        (
            "2021-01-05T23:59:00Z",
            "2021-01-06T12:00:00Z",
            "2021-01-06T12:00:00Z",
        ),
        (
            "2021-12-31T15:00:00Z",
            "2022-01-01T12:00:00Z",
            "2022-01-01T12:00:00Z",
        ),
        (
            "2024-02-29T09:00:00Z",
            "2024-03-01T12:00:00Z",
            "2024-02-29T12:00:00Z",
        ),
        (
            "2024-02-28T15:00:00Z",
            "2024-02-29T12:00:00Z",
            "2024-02-29T12:00:00Z",
        ),
        (
            "2021-01-05T10:00:00+01:00",
            "2021-01-06T12:00:00Z",
            "2021-01-05T12:00:00Z",
        ),
    ];
    for (reached, calendar, by_window) in table {
        let mut script = String::new();
        for number in 0..=100 {
            let event = json!({
                "at": reached, "op": "submit", "task": format!("{number}"), "tenant": "t",
                "app": "box", "file": format!("file {number}"), "policy": "p", "label_priority": 1,
            });
            script += &format!("{event}\n");
        }
        for (options, resumes) in [(Options::default(), calendar), (window(), by_window)] {
            let lines = twice(&script, options);
            assert_eq!(lines.len(), 101);
            let at = rfc3339(instant(reached).unwrap());
            for line in &lines[..100] {
                assert_eq!(
                    (&line["state"], &line["at"]),
                    (&json!("succeeded"), &json!(at))
                );
            }
            assert_eq!(
                lines[100],
                json!({
                    "task": "100", "state": "deferred", "at": null, "until": resumes,
                    "reason": "daily_limit", "joined": null,
                })
            );
            // A millisecond before noon it waits, at noon it runs.
            let before = Options {
                until: Some(instant(resumes).unwrap() - 1),
                ..options
            };
            assert_eq!(twice(&script, before)[100]["state"], "deferred");
            let at_noon = Options {
                until: Some(instant(resumes).unwrap()),
                ..options
            };
            let line = &twice(&script, at_noon)[100];
            assert_eq!(
                (&line["state"], &line["at"]),
                (&json!("succeeded"), &json!(resumes))
            );
        }
    }
}

#[test]
fn r_163_from_the_last_unit_on_the_app_is_paused_until_noon_of_the_next_day() {
    let lines = [
        "05T09:00:00 set_limit 2",
        "05T10:00:00 submit a f1 p",
        "05T11:00:00 submit b f2 p",
        "05T11:00:00 submit c f3 p",
        "06T08:00:00 submit d f4 p",
        "06T11:59:59.999 submit e f5 p",
        "06T12:00:00 submit f f6 p",
        "07T00:00:00 submit g f7 p",
    ];
    check(
        &lines,
        Options::default(),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-05T11:00:00Z",
            // The resumption comes before the events of its instant.
            "c succeeded 2021-01-06T12:00:00Z",
            "d succeeded 2021-01-06T12:00:00Z",
            "e deferred 2021-01-07T12:00:00Z daily_limit",
            "f deferred 2021-01-07T12:00:00Z daily_limit",
            "g deferred 2021-01-07T12:00:00Z daily_limit",
        ],
    );
    // By the window, the units of Tuesday morning end at noon; from then on each half counts anew.
    check(
        &lines,
        window(),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-05T11:00:00Z",
            "c succeeded 2021-01-05T12:00:00Z",
            "d succeeded 2021-01-06T08:00:00Z",
            "e succeeded 2021-01-06T12:00:00Z",
            "f succeeded 2021-01-06T12:00:00Z",
            "g deferred 2021-01-07T12:00:00Z daily_limit",
        ],
    );
    // A limit that is not reached leaves the next morning open.
    check(
        &[
            "05T09:00:00 set_limit 2",
            "05T10:00:00 submit a f1 p",
            "06T00:00:00 submit b f2 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-06T00:00:00Z",
        ],
    );
}

#[test]
fn r_166_raising_lifts_a_pause_exactly_if_the_days_count_is_below() {
    for (limit, lifted) in [(1, false), (2, false), (3, true), (0, false)] {
        for at in ["05T15:00:00", "06T08:00:00"] {
            let raise = format!("{at} set_limit {limit}");
            let lines = script(&[
                "05T09:00:00 set_limit 2",
                "05T10:00:00 submit a f1 p",
                "05T10:00:00 submit b f2 p",
                "05T10:00:00 submit c f3 p",
                &raise,
            ]);
            let found = brief(&played(&lines, Options::default()));
            let expected = match (lifted, limit) {
                (true, _) => format!("c succeeded 2021-01-{at}Z"),
                (false, 0) => "c deferred daily_limit".to_owned(),
                (false, _) => "c deferred 2021-01-06T12:00:00Z daily_limit".to_owned(),
            };
            assert_eq!(found[2], expected, "{limit} at {at}");
        }
    }
    // At the very instant of the resumption, the old limit counts first.
    check(
        &[
            "05T09:00:00 set_limit 1",
            "05T10:00:00 submit a f1 p",
            "05T10:00:00 submit b f2 p",
            "05T10:00:00 submit c f3 p",
            "06T12:00:00 set_limit 2",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-06T12:00:00Z",
            "c succeeded 2021-01-06T12:00:00Z",
        ],
    );
    check(
        &[
            "05T09:00:00 set_limit 2",
            "05T10:00:00 submit a f1 p",
            "05T10:00:00 submit b f2 p",
            "05T10:00:00 submit c f3 p",
            "05T10:00:00 submit d f4 p",
            "06T12:00:00 set_limit 1",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-05T10:00:00Z",
            "c succeeded 2021-01-06T12:00:00Z",
            "d succeeded 2021-01-06T12:00:00Z",
        ],
    );
}

#[test]
fn r_167_a_lower_limit_that_is_used_up_pauses_at_once() {
    check(
        &[
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f2 p",
            "05T10:00:00 set_limit 2",
            "05T10:00:00 submit c f3 p",
            "06T09:00:00 submit d f4 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b succeeded 2021-01-05T09:00:00Z",
            "c deferred 2021-01-06T12:00:00Z daily_limit",
            "d deferred 2021-01-06T12:00:00Z daily_limit",
        ],
    );
    // Lowered on the next day, yesterday's count pauses nothing: it was never reached.
    check(
        &[
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f2 p",
            "06T08:00:00 set_limit 1",
            "06T08:00:00 submit c f3 p",
            "06T08:00:00 submit d f4 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b succeeded 2021-01-05T09:00:00Z",
            "c succeeded 2021-01-06T08:00:00Z",
            "d deferred 2021-01-07T12:00:00Z daily_limit",
        ],
    );
}

#[test]
fn limit_zero_has_no_end_of_its_own_and_raising_looks_at_the_current_day() {
    // Clarification 12.
    check(
        &[
            "05T09:00:00 submit a f1 p",
            "05T10:00:00 set_limit 0",
            "05T10:00:00 submit b f2 p",
            "08T10:00:00 submit c f3 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b deferred daily_limit",
            "c deferred daily_limit",
        ],
    );
    check(
        &[
            "05T09:00:00 submit a f1 p",
            "05T10:00:00 set_limit 0",
            "05T10:00:00 submit b f2 p",
            "05T11:00:00 set_limit 1",
            "05T12:00:00 submit c f3 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b deferred 2021-01-06T12:00:00Z daily_limit",
            "c deferred 2021-01-06T12:00:00Z daily_limit",
        ],
    );
    // A day that was reached, then 0, then raised on the next morning: only that day counts.
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f2 p",
            "05T10:00:00 set_limit 0",
            "06T08:00:00 set_limit 1",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b succeeded 2021-01-06T08:00:00Z",
        ],
    );
}

#[test]
fn manual_tasks_neither_count_nor_wait_in_seed_and_do_both_in_current() {
    // Clarification 11.
    let lines = [
        "05T08:00:00 set_limit 1",
        "05T09:00:00 submit m1 f1 -",
        "05T09:00:00 submit a f2 p",
        "05T09:00:00 submit m2 f3 -",
        "05T09:00:00 set_limit 0",
        "05T09:00:00 submit m3 f4 -",
    ];
    check(
        &lines,
        Options::default(),
        &[
            "m1 succeeded 2021-01-05T09:00:00Z",
            "a succeeded 2021-01-05T09:00:00Z",
            "m2 succeeded 2021-01-05T09:00:00Z",
            "m3 succeeded 2021-01-05T09:00:00Z",
        ],
    );
    check(
        &lines,
        current(),
        &[
            "m1 succeeded 2021-01-05T09:00:00Z",
            "a deferred daily_limit",
            "m2 deferred daily_limit",
            "m3 deferred daily_limit",
        ],
    );
}

#[test]
fn r_164_manual_first_then_the_larger_priority_then_first_in() {
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit low f2 p 1",
            "05T09:00:00 submit high f3 p 9",
            "05T09:00:00 submit high2 f4 q 9",
            "05T09:00:00 submit manual f5 - 0",
            "06T12:00:00 submit late f6 q 10",
            "10T12:00:00 restart",
        ],
        current(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "low succeeded 2021-01-10T12:00:00Z",
            "high succeeded 2021-01-08T12:00:00Z",
            "high2 succeeded 2021-01-09T12:00:00Z",
            "manual succeeded 2021-01-06T12:00:00Z",
            "late succeeded 2021-01-07T12:00:00Z",
        ],
    );
    // The place is kept through deferral and suspension.
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 q",
            "05T09:00:00 submit first f2 p",
            "05T09:00:00 submit second f3 q",
            "05T10:00:00 disable_policy p",
            "06T11:00:00 enable_policy p",
            "06T12:00:00 submit third f4 q",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "first succeeded 2021-01-06T12:00:00Z",
            "second deferred 2021-01-07T12:00:00Z daily_limit",
            "third deferred 2021-01-07T12:00:00Z daily_limit",
        ],
    );
}

#[test]
fn r_143_duplicates_of_an_open_task_join_it() {
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f2 p",
            "05T09:00:00 submit c f2 p 9",
            "05T09:00:00 submit d f2 q",
            "05T09:00:00 disable_policy q",
            "05T09:00:00 submit e f2 q",
            "05T09:00:00 submit f f2 p",
            // Clarification 15: tasks by hand never join.
            "05T09:00:00 set_limit 0",
            "05T09:00:00 submit m1 f9 -",
            "05T09:00:00 submit m2 f9 -",
            "05T10:00:00 cancel c",
            "05T10:00:00 cancel b",
            "05T11:00:00 submit g f2 p",
        ],
        current(),
        &[
            "line 12 error",
            "a succeeded 2021-01-05T09:00:00Z",
            "b cancelled cancelled",
            "c joined b",
            "d suspended policy_disabled",
            "e joined d",
            "f joined b",
            "m1 deferred daily_limit",
            "m2 deferred daily_limit",
            // After the first is over it is a task of its own.
            "g deferred daily_limit",
        ],
    );
}

#[test]
fn a_035_after_a_success_the_policies_other_tasks_are_skipped_even_while_paused() {
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 p",
            // Clarification 14: skipped at once, though the app is paused.
            "05T09:00:00 submit b f1 p",
            "05T09:00:00 submit c f1 q",
            "05T09:00:00 submit d f2 q",
            "05T10:00:00 submit m f2 -",
            "05T11:00:00 submit e f2 p",
            "05T11:00:00 submit m2 f1 -",
            "05T11:00:00 submit f f1 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b skipped already_labelled",
            "c skipped labelled_by_us",
            // It waited; then an administrator labelled its file.
            "d skipped labelled_by_us",
            "m succeeded 2021-01-05T10:00:00Z",
            "e skipped labelled_by_us",
            "m2 succeeded 2021-01-05T11:00:00Z",
            "f skipped labelled_by_us",
        ],
    );
    // In the profile `current` they run or wait, whatever the file has.
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit m f1 -",
            "06T12:00:00 submit m2 f1 -",
        ],
        current(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "m succeeded 2021-01-06T12:00:00Z",
            "m2 deferred 2021-01-07T12:00:00Z daily_limit",
        ],
    );
    // Skips and duplicates cost nothing.
    check(
        &[
            "05T08:00:00 set_limit 2",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f1 q",
            "05T09:00:00 submit c f1 p",
            "05T09:00:00 submit d f2 p",
            "05T09:00:00 submit e f3 p",
        ],
        Options::default(),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b skipped labelled_by_us",
            "c skipped already_labelled",
            "d succeeded 2021-01-05T09:00:00Z",
            "e deferred 2021-01-06T12:00:00Z daily_limit",
        ],
    );
    // Another tenant's or app's file of the same name is another file.
    let submit = |task: &str, tenant: &str, app: &str| {
        let event = json!({
            "at": "2021-01-05T09:00:00Z", "op": "submit", "task": task, "tenant": tenant,
            "app": app, "file": "f", "policy": "p", "label_priority": 1,
        });
        format!("{event}\n")
    };
    let script =
        submit("a", "t", "box") + &submit("b", "u", "box") + &submit("c", "t", "one drive");
    for line in played(&script, Options::default()) {
        assert_eq!(line["state"], "succeeded");
    }
}

#[test]
fn r_168_r_170_r_171_r_172_policies_are_switched_off_and_on_and_deleted() {
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 q",
            "05T09:00:00 submit b f2 p",
            "05T09:00:00 submit c f3 q",
            "05T10:00:00 disable_policy p",
            "05T10:00:00 disable_policy p",
            "05T10:00:00 submit d f4 p",
            "06T12:00:00 submit e f5 q",
        ],
        until_at("06T13:00:00"),
        &[
            "a succeeded 2021-01-05T09:00:00Z",
            "b suspended policy_disabled",
            "c succeeded 2021-01-06T12:00:00Z",
            "d suspended policy_disabled",
            "e deferred 2021-01-07T12:00:00Z daily_limit",
        ],
    );
    // Enabled while the app is paused, it waits for noon; cancelled while suspended, it is over.
    check(
        &[
            "05T07:00:00 enable_policy p",
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 q",
            "05T10:00:00 disable_policy p",
            "05T10:00:00 submit b f2 p",
            "05T10:00:00 submit c f3 p",
            "05T11:00:00 cancel c",
            "05T12:00:00 enable_policy p",
            "05T12:00:00 cancel a",
            "05T12:00:00 cancel c",
        ],
        Options::default(),
        &[
            "line 9 error",
            "line 10 error",
            "a succeeded 2021-01-05T09:00:00Z",
            "b deferred 2021-01-06T12:00:00Z daily_limit",
            "c cancelled cancelled",
        ],
    );
    // A file that was labelled meanwhile is skipped when its policy comes back, paused or not.
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T08:00:00 disable_policy p",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f1 q",
            "05T09:00:00 submit c f1 p",
            "05T10:00:00 enable_policy p",
        ],
        Options::default(),
        &[
            "a skipped labelled_by_us",
            "b succeeded 2021-01-05T09:00:00Z",
            "c joined a",
        ],
    );
    // Deleted: what waits and what is suspended is cancelled, nothing is taken in any more.
    check(
        &[
            "05T08:00:00 set_limit 1",
            "05T09:00:00 submit a f1 p",
            "05T09:00:00 submit b f2 p",
            "05T10:00:00 disable_policy p",
            "05T10:00:00 submit c f3 p",
            "05T11:00:00 delete_policy p",
            "05T11:00:00 submit d f4 p",
            "05T11:00:00 enable_policy p",
            "05T11:00:00 disable_policy p",
            "05T11:00:00 submit m f2 -",
            "05T11:00:00 submit d f5 q",
        ],
        Options::default(),
        &[
            "line 7 error",
            "line 8 error",
            "line 9 error",
            "a succeeded 2021-01-05T09:00:00Z",
            "b cancelled policy_deleted",
            "c cancelled policy_deleted",
            "m succeeded 2021-01-05T11:00:00Z",
            "d deferred 2021-01-06T12:00:00Z daily_limit",
        ],
    );
}

fn until_at(text: &str) -> Options {
    until(&format!("2021-01-{text}Z"))
}

#[test]
fn r_156_r_157_apps_and_tenants_have_their_own_allowance_and_policies_are_shared() {
    let mut script = String::new();
    let mut event = |event: Value| script += &format!("{event}\n");
    let at = "2021-01-05T09:00:00Z";
    for (tenant, app) in [("t", "box"), ("t", "drive"), ("u", "box")] {
        event(json!({"at": at, "op": "set_limit", "tenant": tenant, "app": app, "limit": 1}));
        for file in ["1", "2"] {
            event(json!({
                "at": at, "op": "submit", "task": format!("{tenant}/{app}/{file}"),
                "tenant": tenant, "app": app, "file": file, "policy": "p", "label_priority": 1,
            }));
        }
    }
    event(json!({"at": at, "op": "disable_policy", "policy": "p"}));
    event(json!({
        "at": at, "op": "submit", "task": "new tenant", "tenant": "v", "app": "box", "file": "1",
        "policy": "p", "label_priority": 1,
    }));
    let states: Vec<_> = played(&script, Options::default())
        .into_iter()
        .map(|line| line["state"].as_str().unwrap().to_owned())
        .collect();
    let pair = ["succeeded", "suspended"];
    assert_eq!(states, [&pair[..], &pair, &pair, &["suspended"]].concat());
}

#[test]
fn events_that_are_errors_are_named_and_the_script_goes_on() {
    let good = script(&["05T09:00:00 submit a f1 p"]);
    let bad = [
        "no JSON",
        "[1]",
        "{\"op\":\"restart\"}",
        "{\"at\":\"yesterday\",\"op\":\"restart\"}",
        "{\"at\":7,\"op\":\"restart\"}",
        "{\"at\":\"2021-01-05T09:00:00\",\"op\":\"restart\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"dance\"}",
        "{\"at\":\"2021-01-05T08:59:59.999Z\",\"op\":\"restart\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"cancel\",\"task\":\"nobody\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"cancel\",\"task\":\"a\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"cancel\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"set_limit\",\"tenant\":\"t\",\"app\":\"box\",\"limit\":-1}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"set_limit\",\"tenant\":\"t\",\"app\":\"box\",\"limit\":4294967296}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"set_limit\",\"tenant\":\"t\",\"app\":\"box\",\"limit\":\"7\"}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"submit\",\"task\":\"x\",\"tenant\":\"t\",\"app\":\"box\",\"file\":\"f\",\"label_priority\":1}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"submit\",\"task\":\"x\",\"tenant\":\"t\",\"app\":\"box\",\"file\":\"\",\"policy\":\"p\",\"label_priority\":1}",
        "{\"at\":\"2021-01-05T09:00:00Z\",\"op\":\"submit\",\"task\":\"a\",\"tenant\":\"t\",\"app\":\"box\",\"file\":\"g\",\"policy\":\"p\",\"label_priority\":1}",
    ];
    let mut text = good.clone();
    for line in bad {
        text += &format!("{line}\n\n");
    }
    text += &script(&["05T10:00:00 submit z f9 p"]);
    let lines = play(&text, Options::default());
    for (number, line) in lines[..bad.len()].iter().enumerate() {
        assert_eq!(line["line"], json!(2 + 2 * number), "{line}");
        assert!(!line["error"].as_str().unwrap().is_empty());
    }
    let rest = brief(&lines[bad.len()..]);
    assert_eq!(
        rest,
        [
            "a succeeded 2021-01-05T09:00:00Z",
            "z succeeded 2021-01-05T10:00:00Z"
        ]
    );
}

#[test]
fn what_comes_after_the_end_does_not_happen() {
    let lines = [
        "05T09:00:00 set_limit 1",
        "05T10:00:00 submit a f1 p",
        "05T10:00:00 submit b f2 p",
        "07T10:00:00 submit c f3 p",
    ];
    check(&lines, until_at("05T09:59:59.999"), &[]);
    check(
        &lines,
        until_at("05T10:00:00"),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b deferred 2021-01-06T12:00:00Z daily_limit",
        ],
    );
    check(
        &lines,
        until_at("06T12:00:00"),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-06T12:00:00Z",
        ],
    );
    check(
        &lines,
        until_at("09T00:00:00"),
        &[
            "a succeeded 2021-01-05T10:00:00Z",
            "b succeeded 2021-01-06T12:00:00Z",
            "c succeeded 2021-01-07T12:00:00Z",
        ],
    );
}

#[test]
fn r_165_the_command_says_the_same_in_every_zone_and_fails_only_without_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("week.jsonl");
    let text = script(&[
        "05T08:00:00 set_limit 1",
        "05T23:59:00 submit a f1 p",
        "05T23:59:00 submit b f2 p",
        "05T23:59:00 cancel nobody",
    ]);
    std::fs::write(&path, text).unwrap();
    let mut outputs = Vec::new();
    for (zone, store) in [
        ("UTC", "memory"),
        ("America/New_York", "sqlite"),
        ("Pacific/Kiritimati", "memory"),
    ] {
        let output = Command::new(example("labelling_week"))
            .args(["--scenario", path.to_str().unwrap(), "--store", store])
            .args(["--day", "calendar", "--profile", "current"])
            .args(["--until", "2021-01-06T12:59:59+01:00"])
            .env("TZ", zone)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        outputs.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(
        outputs.iter().all(|output| *output == outputs[0]),
        "{outputs:?}"
    );
    let expected = [
        "{\"line\":4,\"error\":\"there is no task `nobody`\"}",
        "{\"task\":\"a\",\"state\":\"succeeded\",\"at\":\"2021-01-05T23:59:00Z\",\"until\":null,\
         \"reason\":null,\"joined\":null}",
        "{\"task\":\"b\",\"state\":\"deferred\",\"at\":null,\"until\":\"2021-01-06T12:00:00Z\",\
         \"reason\":\"daily_limit\",\"joined\":null}",
    ];
    assert_eq!(outputs[0].lines().collect::<Vec<_>>(), expected);
    for arguments in [
        &["--scenario", "/no/such/file"][..],
        &["--scenario"],
        &["--scenario", path.to_str().unwrap(), "--day", "night"],
        &["--scenario", path.to_str().unwrap(), "--until", "tomorrow"],
    ] {
        let output = Command::new(example("labelling_week"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

mod random {
    use super::*;
    use proptest::prelude::*;

    /// Half-hours from Tuesday 2021-01-05; every eighth event or so is exactly at noon.
    fn scripts() -> impl Strategy<Value = String> {
        let time = prop_oneof![
            6 => (0_i64..12).prop_map(|step| (step * 1_800_000, false)),
            2 => Just((0, true)),
        ];
        let event = (
            time,
            0_usize..20,
            0_usize..5,
            0_usize..4,
            0_u32..3,
            any::<u8>(),
        );
        proptest::collection::vec(event, 1..60).prop_map(|events| {
            let mut now = instant("2021-01-05T06:00:00Z").unwrap();
            let mut script = String::new();
            for (number, ((step, to_noon), kind, file, policy, priority, odd)) in
                events.into_iter().enumerate()
            {
                now += step;
                if to_noon {
                    now += (43_200_000 - now).rem_euclid(86_400_000) - i64::from(odd % 2);
                }
                let at = rfc3339(now);
                let tenant = if odd % 5 == 0 { "u" } else { "t" };
                let app = if odd % 7 == 0 { "drive" } else { "box" };
                let policies = [Value::Null, json!("p"), json!("q"), json!("r")];
                let name = policies[policy.max(1)].clone();
                let event = match kind {
                    0..10 => json!({
                        "at": at, "op": "submit", "task": format!("{number}"), "tenant": tenant,
                        "app": app, "file": format!("f{file}"), "policy": policies[policy],
                        "label_priority": priority,
                    }),
                    10 | 11 => {
                        let task = usize::from(odd) % (number + 1);
                        json!({"at": at, "op": "cancel", "task": format!("{task}")})
                    }
                    12 => json!({"at": at, "op": "disable_policy", "policy": name}),
                    13 | 14 => json!({"at": at, "op": "enable_policy", "policy": name}),
                    15 if odd % 4 == 0 => json!({"at": at, "op": "delete_policy", "policy": name}),
                    16 | 17 => json!({"at": at, "op": "restart"}),
                    _ => json!({
                        "at": at, "op": "set_limit", "tenant": tenant, "app": app,
                        "limit": odd % 4,
                    }),
                };
                script += &format!("{event}\n");
            }
            script
        })
    }

    fn options() -> impl Strategy<Value = Options> {
        let until = proptest::option::of(0_i64..240);
        (any::<bool>(), any::<bool>(), until).prop_map(|(by_window, counts_manual, until)| {
            Options {
                day: if by_window {
                    DayReading::Window
                } else {
                    DayReading::Calendar
                },
                counts_manual,
                until: until
                    .map(|hours| instant("2021-01-05T06:00:00Z").unwrap() + hours * 3_600_000),
                store: StoreKind::Memory,
            }
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 1500, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn r_155_the_twin_says_the_same_of_any_script(script in scripts(), options in options()) {
            prop_assert_eq!(play(&script, options), twin(&script, options), "\n{}", script);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 12, failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn r_160_the_durable_store_says_the_same_of_any_script(
            script in scripts(),
            options in options(),
        ) {
            let durable = Options { store: StoreKind::Sqlite, ..options };
            prop_assert_eq!(play(&script, durable), play(&script, options), "\n{}", script);
        }
    }
}
