//! Order, duplicates, labels that are there, and policies that are switched.

use super::*;

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
