//! The machine: what it makes of answers, bad ones above all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use label_core::source::graph;
use label_core::sync::{Action, Outcome, Response, Step, SyncError, SyncOptions, diff};
use label_core::{Label, LabelCatalog, SourceError};

use super::driver::{BEGIN, begun, exchange, failure, sent, sync, sync_with, waits_until};
use super::{HOUR, body, id, label, sample, taxonomy, tenant};

#[test]
fn l_042_waits_as_long_as_told_within_a_cap() {
    for (told, wait) in [
        (Some("17"), Some(17_000)),
        (Some("2.128"), Some(2_128)),
        (Some("0"), Some(0)),
        (Some("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000)),
        (Some("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0)),
        (Some("Mon, 07 Nov 1994 08:00:00 GMT"), None),
        (Some("1000000000"), None),
    ] {
        for status in [429, 503] {
            let mut sync = sync();
            let request = sent(&mut sync, BEGIN);
            let mut response = Response::new(status, sample("graph-error-429.json"));
            response
                .headers
                .extend(told.map(|told| ("RETRY-AFTER".to_owned(), told.to_owned())));
            let step = sync.answer(BEGIN, request.number, &response);
            match wait {
                Some(0) => assert_ne!(sent(&mut sync, BEGIN).number, request.number),
                Some(wait) => {
                    assert_eq!(waits_until(&mut sync, BEGIN), BEGIN + wait, "{told:?}");
                    assert_eq!(sent(&mut sync, BEGIN + wait).url, request.url);
                }
                None => {
                    // Too long for this read: the next one heeds it, for a period at most.
                    assert!(failure(step).contains("TooManyRequests"));
                    // Counted from the answer, whenever the machine is asked.
                    let later = BEGIN + HOUR / 2;
                    assert_eq!(waits_until(&mut sync, later), BEGIN + HOUR, "{told:?}");
                }
            }
        }
    }
    // The sample of the wire, header and body.
    let wire = String::from_utf8(sample("graph-error-429.http.txt")).unwrap();
    assert!(wire.contains("Retry-After: 17"));
}

#[test]
fn l_042_r_066_five_tries_and_no_more_than_a_minute_between_them() {
    for seed in 0..50 {
        let mut sync = sync_with(SyncOptions {
            seed,
            ..SyncOptions::default()
        });
        let mut now = BEGIN;
        let mut tries = 0;
        let error = loop {
            match sync.poll(now) {
                Action::Wait { until_ms } => {
                    assert!(until_ms - now <= 60_000);
                    now = until_ms;
                }
                Action::Send(request) => {
                    tries += 1;
                    let step = match tries % 3 {
                        0 => sync.no_answer(now, request.number, "connection reset"),
                        1 => sync.answer(now, request.number, &Response::new(504, Vec::new())),
                        _ => sync.answer(
                            now,
                            request.number,
                            &Response::new(503, sample("graph-error-503.json")),
                        ),
                    };
                    if let Step::Failed(error) = step {
                        break error;
                    }
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(tries, 5);
        assert!(now - BEGIN <= 60_000, "before the next read is due");
        assert!(matches!(error, SyncError::Refused { status: 503, .. }));
        let due = waits_until(&mut sync, now);
        assert!((55 * 60_000..=HOUR).contains(&(due - BEGIN)));
        let status = sync.status();
        assert_eq!(
            (status.requests, status.retries, status.failures),
            (5, 4, 1)
        );
    }
}

#[test]
fn l_042_each_page_has_its_own_tries() {
    let mut sync = sync();
    let mut now = BEGIN;
    for page in 1..=4 {
        for _ in 0..4 {
            assert!(matches!(exchange(&mut sync, now, 502, ""), Step::Continue));
            // No wait between tries is longer.
            now += 60_000;
        }
        let link = format!("https://graph.microsoft.com/{page}");
        let link = (page < 4).then_some(link.as_str());
        exchange(&mut sync, now, 200, body(&taxonomy(), link));
    }
    assert_eq!(sync.current().unwrap().origin.pages, 4);
}

#[test]
fn l_042_no_wait_goes_beyond_the_next_read() {
    let mut sync = sync();
    begun(&mut sync);
    sync.force();
    let mut now = waits_until(&mut sync, BEGIN);
    for wait in [1_800, 1_700] {
        let request = sent(&mut sync, now);
        let mut response = Response::new(429, Vec::new());
        response
            .headers
            .push(("Retry-After".to_owned(), wait.to_string()));
        match sync.answer(now, request.number, &response) {
            Step::Continue => now = waits_until(&mut sync, now),
            step => {
                assert_eq!(failure(step), "the service answered 429");
                assert_eq!(wait, 1_700);
            }
        }
    }
    // A new read, not before the service wants it.
    assert_eq!(waits_until(&mut sync, now), now + 1_700_000);
}

#[test]
fn l_043_damaged_answers_fail_at_once_and_the_list_is_still_served() {
    let deep = format!("{{\"value\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    let many = format!(
        "[{}]",
        (0..10_001_u32)
            .map(|number| format!("{{\"id\":\"aaaaaaaa-0000-4000-8000-{number:012}\"}}"))
            .collect::<Vec<_>>()
            .join(",")
    );
    for (body, expected) in [
        ("{\"value\":null}", "/value: null instead of a list"),
        ("{}", "there is no `value`"),
        ("{\"value\":7}", "/value: not a list"),
        ("{\"value\":[{\"id\":7}]}", "/value/0/id: not a text"),
        ("{\"value\":[{\"id\":\"aaaa", "not JSON"),
        ("<html>Sign in</html>", "not JSON"),
        ("", "not JSON"),
        (deep.as_str(), "not JSON"),
        (many.as_str(), "more than 10000 labels"),
        (
            "{\"value\":[],\"@odata.nextLink\":7}",
            "/@odata.nextLink: not a link",
        ),
    ] {
        let mut sync = sync();
        let due = begun(&mut sync);
        let before = sync.current().unwrap();
        let error = failure(exchange(&mut sync, due, 200, body));
        assert!(error.contains(expected), "{error}");
        assert!(Arc::ptr_eq(&sync.current().unwrap(), &before));
        assert_eq!(sync.status().consecutive_failures, 1);
        assert_eq!(sync.status().last_success_ms, Some(BEGIN));
        // Not again before the next read, which mends it.
        let due = waits_until(&mut sync, due);
        let step = exchange(&mut sync, due, 200, super::body(&taxonomy(), None));
        assert!(matches!(step, Step::Done(Outcome::Unchanged)));
        assert_eq!(sync.status().consecutive_failures, 0);
    }
}

#[test]
fn r_063_a_read_that_fails_half_way_changes_nothing() {
    let mut sync = sync();
    let due = begun(&mut sync);
    let link = "https://graph.microsoft.com/2";
    let mut changed = taxonomy();
    changed[0].display_name = Some("Changed".to_owned());
    exchange(&mut sync, due, 200, body(&changed[..4], Some(link)));
    assert!(matches!(exchange(&mut sync, due, 500, ""), Step::Continue));
    let now = waits_until(&mut sync, due);
    assert!(failure(exchange(&mut sync, now, 410, "")).contains("410"));
    assert!(sync.current().unwrap().catalog.find("Changed").is_err());
    // The next read begins with the first page, and has nothing of the one before.
    let due = waits_until(&mut sync, now);
    let step = exchange(&mut sync, due, 200, body(&taxonomy()[..5], None));
    assert!(matches!(step, Step::Done(Outcome::Replaced { .. })));
    assert_eq!(sync.current().unwrap().live_count(), 5);
    assert_eq!(sync.current().unwrap().version, 2);
}

#[test]
fn l_044_not_found_means_empty_only_where_nothing_is_lost() {
    let not_found = || sample("graph-error-404-no-labels.json");
    let mut sync = sync();
    for version in [1, 1] {
        let due = match sync.poll(BEGIN) {
            Action::Wait { until_ms } => until_ms,
            Action::Send(request) => {
                let response = Response::new(404, not_found());
                let step = sync.answer(BEGIN, request.number, &response);
                assert!(matches!(step, Step::Done(_)), "{step:?}");
                continue;
            }
            other => panic!("{other:?}"),
        };
        let step = exchange(&mut sync, due, 404, not_found());
        assert!(matches!(step, Step::Done(Outcome::Unchanged)));
        assert_eq!(sync.current().unwrap().version, version);
    }
    // Another answer of that status is a wrong address.
    for other in ["", "<html>", "{\"error\":{\"code\":\"invalidRequest\"}}"] {
        let mut sync = super::driver::sync();
        let error = failure(exchange(&mut sync, BEGIN, 404, other));
        assert!(error.starts_with("the service answered 404"), "{error}");
        assert!(sync.current().is_none());
    }
    // With labels in force, and for a page that is not the first, it is a failure.
    let mut sync = super::driver::sync();
    let due = begun(&mut sync);
    assert_eq!(
        failure(exchange(&mut sync, due, 404, not_found())),
        "the service answered 404: `itemNotFound`, request `9c6d17ce-ec53-4fdd-87cf-7c5c7eb6e48f`"
    );
    assert_eq!(sync.current().unwrap().live_count(), 7);
    let mut sync = super::driver::sync();
    let link = "https://graph.microsoft.com/2";
    exchange(&mut sync, BEGIN, 200, body(&taxonomy(), Some(link)));
    failure(exchange(&mut sync, BEGIN, 404, not_found()));
    assert!(sync.current().is_none());
}

#[test]
fn l_045_l_046_one_read_empties_nothing_and_an_operator_may_confirm() {
    for is_confirmed in [false, true] {
        for left in [0, 3] {
            let mut sync = sync();
            let due = begun(&mut sync);
            let less = || body(&taxonomy()[..left], None);
            let step = exchange(&mut sync, due, 200, less());
            let Step::Done(Outcome::Held(held)) = step else {
                panic!("{step:?}");
            };
            assert_eq!((held.lost, held.of), (7 - left, 7));
            assert_eq!(sync.status().held, Some(held));
            assert_eq!(sync.current().unwrap().live_count(), 7);
            if is_confirmed {
                assert!(sync.confirm().unwrap().is_some());
            } else {
                let next = waits_until(&mut sync, due);
                assert!(next - due <= HOUR);
                let step = exchange(&mut sync, next, 200, less());
                assert!(matches!(step, Step::Done(Outcome::Replaced { .. })));
            }
            let snapshot = sync.current().unwrap();
            assert_eq!((snapshot.live_count(), snapshot.version), (left, 2));
        }
    }
}

#[test]
fn l_056_refusals_are_told_with_code_and_request() {
    for (status, body, expected) in [
        (
            403,
            sample("graph-error-403.json"),
            "the service answered 403: `accessDenied`, request `5333732a-231d-4e4c-8abb-34061a76ac98`",
        ),
        (
            400,
            sample("graph-error-empty-message.json"),
            "the service answered 400: `UnknownError`, request `7419a9a4-7519-4b2c-9084-cebb363ee8e5`",
        ),
        (
            410,
            b"<html>gone</html>".to_vec(),
            "the service answered 410, request `in-header`",
        ),
        (
            302,
            Vec::new(),
            "the service answered 302, request `in-header`",
        ),
        (
            204,
            Vec::new(),
            "the service answered 204, request `in-header`",
        ),
        (0, Vec::new(), "the service answered 0, request `in-header`"),
    ] {
        let mut sync = sync();
        let request = sent(&mut sync, BEGIN);
        let mut response = Response::new(status, body);
        response
            .headers
            .push(("Request-Id".to_owned(), "in-header".to_owned()));
        let step = sync.answer(BEGIN, request.number, &response);
        assert_eq!(failure(step), expected);
        let last_error = sync.status().last_error.as_ref().unwrap();
        assert_eq!(last_error.to_string(), expected);
        // No retry before the next read.
        assert!(waits_until(&mut sync, BEGIN) >= BEGIN + 55 * 60_000);
    }
}

#[test]
fn l_057_five_thousand_labels_take_no_time() {
    let many = |name: &str| -> Vec<Label> {
        (0..5_000)
            .map(|number| {
                let parent = (number % 25 != 0).then_some(number / 25 * 25);
                label(number, &format!("{name} {number}"), number as i64, parent)
            })
            .collect()
    };
    let (before, after) = (body(&many("Old"), None), body(&many("New"), None));
    let begin = Instant::now();
    let read = |body: &[u8]| {
        let list = graph::parse(tenant(), body).unwrap();
        LabelCatalog::build(tenant(), list.labels).unwrap().0
    };
    let (old, new) = (read(&before), read(&after));
    let changes = diff(&old, &new);
    let took = begin.elapsed();
    assert_eq!(changes.changes().len(), 5_000);
    println!("5,000 labels: two lists read and compared in {took:?}");
    // Ten times what it takes without optimisation on a slow machine.
    assert!(took < Duration::from_secs(5), "{took:?}");
    let mut sync = sync();
    let step = exchange(&mut sync, BEGIN, 200, before);
    assert!(matches!(step, Step::Done(_)));
    assert_eq!(sync.current().unwrap().live_count(), 5_000);
}

#[test]
fn l_057_oversized_answers_are_not_taken() {
    let too_large = SyncError::Source(SourceError::TooLarge {
        limit_bytes: graph::BODY_BYTES_MAX,
    });
    let mut sync = sync();
    let due = begun(&mut sync);
    let step = exchange(&mut sync, due, 200, vec![b' '; 100_000_000]);
    assert_eq!(failure(step), too_large.to_string());
    assert_eq!(sync.current().unwrap().live_count(), 7);
    // All pages together have that bound too.
    let due = waits_until(&mut sync, due);
    let padded = |page: u32| {
        let link = format!("https://graph.microsoft.com/{page}");
        let mut body = body(&taxonomy(), Some(&link));
        body.resize(20_000_000, b' ');
        body
    };
    assert!(matches!(
        exchange(&mut sync, due, 200, padded(1)),
        Step::Continue
    ));
    assert!(matches!(
        exchange(&mut sync, due, 200, padded(2)),
        Step::Continue
    ));
    assert_eq!(
        failure(exchange(&mut sync, due, 200, padded(3))),
        too_large.to_string()
    );
}

proptest::proptest! {
    #[test]
    fn any_answer_is_taken_without_harm(
        answers in proptest::collection::vec(
            (proptest::num::u16::ANY, proptest::collection::vec(proptest::num::u8::ANY, 0..40), ".{0,12}", 0_i64..4_000_000),
            0..30,
        )
    ) {
        let mut sync = sync();
        let mut now = begun(&mut sync);
        for (status, body, header, later) in answers {
            if let Action::Send(request) = sync.poll(now) {
                let mut response = Response::new(status, body);
                response.headers.push(("retry-after".to_owned(), header));
                sync.answer(now, request.number, &response);
            }
            proptest::prop_assert_eq!(sync.current().unwrap().live_count(), 7);
            now += later;
        }
    }
}

#[test]
fn unknown_members_stay_with_the_label() {
    let mut sync = sync();
    let text = r#"{"value":[{"id":"00000000-0000-0000-0000-000000000001","name":"A","brandNew":{"x":[1]}}],"other":7}"#;
    exchange(&mut sync, BEGIN, 200, text);
    let snapshot = sync.current().unwrap();
    let label = snapshot.catalog.by_id(id(1)).unwrap();
    assert_eq!(label.extras["brandNew"], r#"{"x":[1]}"#);
}
