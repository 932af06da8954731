//! When a day is used up, and when it goes on.

use super::*;

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
