//! The machine: what it asks, and when.

use label_core::LabelCatalog;
use label_core::source::graph;
use label_core::sync::{
    Action, ChangeKind, KeeperOptions, LabelSync, Outcome, Request, Response, SnapshotKeeper, Step,
    SyncOptions,
};

use super::driver::{BEGIN, begun, exchange, failure, sent, sync, sync_with, waits_until};
use super::{HOUR, body, sample, taxonomy, tenant};

#[test]
fn l_040_pages_are_joined_and_nothing_shows_before_the_last() {
    let mut sync = sync();
    let first = sent(&mut sync, BEGIN);
    assert!(first.url.ends_with("/sensitivityLabels"));
    assert!(!first.url.contains('?'));
    let mut request = first.clone();
    for (page, count) in [(1, 3), (2, 5), (3, 7)] {
        let link = format!("{}?$skiptoken=%27{page}%27", first.url);
        let link = (page < 3).then_some(link.as_str());
        let labels = &taxonomy()[count - 3 + usize::from(page > 1)..count];
        let response = Response::new(200, body(labels, link));
        let step = sync.answer(BEGIN, request.number, &response);
        if let Some(link) = link {
            assert!(matches!(step, Step::Continue));
            assert!(sync.current().is_none());
            request = sent(&mut sync, BEGIN);
            // Word for word, with the same headers.
            assert_eq!(request.url, link);
            let names = |request: &Request| -> Vec<&str> {
                request.headers.iter().map(|header| header.0).collect()
            };
            assert_eq!(names(&request), names(&first));
        } else {
            assert!(matches!(step, Step::Done(Outcome::Replaced { .. })));
        }
    }
    let snapshot = sync.current().unwrap();
    assert_eq!((snapshot.live_count(), snapshot.origin.pages), (7, 3));
    assert_eq!(
        snapshot.origin.endpoint.as_deref(),
        Some("/v1.0/security/dataSecurityAndGovernance/sensitivityLabels")
    );
}

#[test]
fn l_040_l_055_beta_pages_with_copies_of_parents() {
    let mut sync = sync();
    let first = sample("graph-beta-labels-page1.json");
    let link = graph::parse_page(tenant(), &first)
        .unwrap()
        .next_link
        .unwrap();
    assert!(matches!(
        exchange(&mut sync, BEGIN, 200, first),
        Step::Continue
    ));
    assert_eq!(sent(&mut sync, BEGIN).url, link);
    let number = sent_again(&mut sync, 121_000);
    let second = Response::new(200, sample("graph-beta-labels-page2.json"));
    let step = sync.answer(BEGIN + 121_000, number, &second);
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    let snapshot = sync.current().unwrap();
    let whole = graph::parse(tenant(), &sample("graph-v1-labels.json")).unwrap();
    let (whole, _) = LabelCatalog::build(tenant(), whole.labels).unwrap();
    let paths = |catalog: &LabelCatalog| -> Vec<String> {
        catalog
            .labels()
            .map(|label| catalog.path(label.key.label).unwrap().to_owned())
            .collect()
    };
    assert_eq!(paths(&snapshot.catalog), paths(&whole));
}

/// The answer was lost, and the request goes out once more.
fn sent_again(sync: &mut LabelSync, after: i64) -> u64 {
    let until = waits_until(sync, BEGIN + after);
    sent(sync, until.max(BEGIN + after)).number
}

#[test]
fn l_055_a_page_that_repeats_a_label_in_fewer_words_takes_none_away() {
    let full = r##"{"value":[{"id":"aaaaaaaa-0000-4000-8000-000000000001","name":"Top","color":"#FF0000","isActive":true}],
        "@odata.nextLink":"https://graph.microsoft.com/next"}"##;
    let copy = r#"{"value":[{"id":"aaaaaaaa-0000-4000-8000-000000000002","name":"Below",
        "parent":{"id":"aaaaaaaa-0000-4000-8000-000000000001","name":"Top"}}]}"#;
    let mut sync = sync();
    exchange(&mut sync, BEGIN, 200, full);
    exchange(&mut sync, BEGIN, 200, copy);
    let snapshot = sync.current().unwrap();
    let below = snapshot.catalog.find("Top/Below").unwrap().key.label;
    assert_eq!(snapshot.catalog.color(below), Some("#FF0000"));
    assert_eq!(snapshot.catalog.len(), 2);
}

#[test]
fn l_041_links_to_elsewhere_in_circles_or_without_end_fail_the_read() {
    let host = "https://graph.microsoft.com";
    for link in [
        "https://graph.microsoft.com.evil.example/v1.0/x",
        "http://graph.microsoft.com/v1.0/x",
        "https://graph.microsoft.com:8443/x",
        "https://graph.microsoft.com@evil.example/x",
        "/v1.0/x",
        "x",
        "",
    ] {
        let mut sync = sync();
        let due = begun(&mut sync);
        let step = exchange(&mut sync, due, 200, body(&taxonomy()[..2], Some(link)));
        assert_eq!(
            failure(step),
            format!("the next page is elsewhere: `{link}`")
        );
        assert!(waits_until(&mut sync, due) > due, "nothing is sent there");
        assert_eq!(sync.current().unwrap().live_count(), 7);
    }
    // The first page again, and a page that names itself.
    for (links, expected) in [
        (vec![label_core::sync::GRAPH_LABELS_URL.to_owned()], 1),
        (
            vec![
                format!("{host}/a"),
                format!("{host}/b"),
                format!("{host}/a"),
            ],
            3,
        ),
    ] {
        let mut sync = sync();
        for (at, link) in (1..).zip(&links) {
            let step = exchange(&mut sync, BEGIN, 200, body(&taxonomy(), Some(link)));
            if at == expected {
                assert_eq!(failure(step), "the pages go round in a circle");
            } else {
                assert!(matches!(step, Step::Continue));
            }
        }
        assert!(sync.current().is_none());
    }
    let mut sync = sync();
    let mut pages = 0;
    let error = loop {
        pages += 1;
        let link = format!("{host}/{pages}");
        match exchange(&mut sync, BEGIN, 200, body(&taxonomy(), Some(&link))) {
            Step::Continue => {}
            step => break failure(step),
        }
    };
    assert_eq!((pages, error.as_str()), (100, "more than 100 pages"));
}

#[test]
fn l_051_one_request_at_a_time_and_each_answer_counts_once() {
    let mut sync = sync();
    let request = sent(&mut sync, BEGIN);
    for later in 0..100 {
        sync.force();
        assert_eq!(waits_until(&mut sync, BEGIN + later), BEGIN + 120_000);
    }
    let whole = Response::new(200, body(&taxonomy(), None));
    let wrong = sync.answer(BEGIN, request.number + 1, &whole);
    assert!(matches!(wrong, Step::Ignored));
    // No answer in time: again, and the late one is nothing any more.
    let now = waits_until(&mut sync, BEGIN + 120_000).max(BEGIN + 120_000);
    let second = sent(&mut sync, now);
    assert!(matches!(
        sync.answer(now, request.number, &whole),
        Step::Ignored
    ));
    assert!(matches!(
        sync.no_answer(now, request.number, "late"),
        Step::Ignored
    ));
    assert!(matches!(
        sync.answer(now, second.number, &whole),
        Step::Done(_)
    ));
    assert!(matches!(
        sync.answer(now, second.number, &whole),
        Step::Ignored
    ));
    assert_eq!(sync.status().requests, 2);
    // A clock set back takes the wait with it.
    sync.force();
    let due = waits_until(&mut sync, now);
    sent(&mut sync, due);
    let back = due - 1_000 * HOUR;
    assert_eq!(waits_until(&mut sync, back), back + 120_000);
}

#[test]
fn l_052_a_clock_set_back_takes_the_wait_for_another_try_with_it() {
    for back in [1, 1_000, 20 * HOUR] {
        let mut sync = sync();
        let request = sent(&mut sync, BEGIN);
        let mut response = Response::new(503, Vec::new());
        response
            .headers
            .push(("Retry-After".to_owned(), "17".to_owned()));
        sync.answer(BEGIN, request.number, &response);
        let now = BEGIN - back;
        assert_eq!(waits_until(&mut sync, now), now + 17_000);
        let step = exchange(&mut sync, now + 17_000, 200, body(&taxonomy(), None));
        assert!(matches!(step, Step::Done(_)));
        assert!(waits_until(&mut sync, now + 17_000) <= now + 17_000 + HOUR);
    }
}

#[test]
fn both_ways_to_sync_give_the_same() {
    for name in [
        "graph-v1-labels.json",
        "graph-v1-labels-minimal.json",
        "graph-v1-labels-duplicated-sublabels.json",
        "graph-beta-legacy-labels.json",
    ] {
        let mut sync = sync();
        exchange(&mut sync, BEGIN, 200, sample(name));
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join("tests/samples").join(name);
        let mut keeper = SnapshotKeeper::new(tenant(), KeeperOptions::default());
        let mut source = label_core::source::GraphFile::new(tenant(), &path);
        keeper.sync_from(&mut source, BEGIN).unwrap();
        let (one, other) = (sync.current().unwrap(), keeper.current().unwrap());
        assert_eq!(one.content_hash, other.content_hash, "{name}");
        assert_eq!(one.version, other.version);
    }
}

#[test]
fn r_064_r_065_l_052_a_change_shows_within_the_hour_all_day() {
    for seed in 0..20 {
        let mut sync = sync_with(SyncOptions {
            seed,
            ..SyncOptions::default()
        });
        let mut now = BEGIN;
        let mut reads = Vec::new();
        while now <= BEGIN + 24 * HOUR {
            match sync.poll(now) {
                Action::Wait { until_ms } => now = until_ms,
                Action::Send(request) => {
                    let mut labels = taxonomy();
                    labels[0].display_name = Some(format!("Read {}", reads.len()));
                    labels[1].source_order = 100 * (reads.len() as i64 % 2);
                    let step = sync.answer(
                        now,
                        request.number,
                        &Response::new(200, body(&labels, None)),
                    );
                    let Step::Done(Outcome::Replaced { snapshot, changes }) = step else {
                        panic!("{step:?}");
                    };
                    assert_eq!(snapshot.version, reads.len() as u64 + 1);
                    if !reads.is_empty() {
                        let is_moved =
                            |kind: &ChangeKind| matches!(kind, ChangeKind::Reordered { .. });
                        assert!(changes.of(id_of(&snapshot.catalog)).any(is_moved));
                    }
                    reads.push(now);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(reads.len(), 25, "seed {seed}");
        assert!(reads.windows(2).all(|pair| pair[1] - pair[0] <= HOUR));
    }
}

fn id_of(catalog: &LabelCatalog) -> label_core::LabelId {
    catalog.find("General").unwrap().key.label
}

#[test]
fn l_049_failures_use_no_version() {
    let mut sync = sync();
    let mut due = begun(&mut sync);
    for number in 0..20 {
        let mut labels = taxonomy();
        labels[0].tooltip = Some(number.to_string());
        for (status, body) in [(403, Vec::new()), (200, body(&labels, None))] {
            exchange(&mut sync, due, status, body);
            due = waits_until(&mut sync, due);
        }
        assert_eq!(sync.current().unwrap().version, number + 2);
    }
}

#[test]
fn a_token_is_renewed_once_in_a_read() {
    let mut sync = sync();
    let first = sent(&mut sync, BEGIN);
    assert!(!first.wants_new_token);
    let refused = Response::new(401, Vec::new());
    assert!(matches!(
        sync.answer(BEGIN, first.number, &refused),
        Step::Continue
    ));
    let second = sent(&mut sync, BEGIN);
    assert!(second.wants_new_token);
    assert_eq!(
        failure(sync.answer(BEGIN, second.number, &refused)),
        "the service answered 401"
    );
    let due = waits_until(&mut sync, BEGIN);
    assert!(!sent(&mut sync, due).wants_new_token);
    let id = |request: &Request| {
        let header = request
            .headers
            .iter()
            .find(|one| one.0 == "client-request-id");
        header.unwrap().1.clone()
    };
    assert_ne!(id(&first), id(&second));
    assert!(label_core::LabelId::parse(&id(&first)).is_ok());
}

#[test]
fn options_that_would_give_the_token_away_are_refused() {
    for (url, is_good) in [
        ("https://graph.microsoft.us/v1.0/x", true),
        ("http://localhost:8080/x", true),
        ("http://graph.microsoft.com/x", false),
        ("graph.microsoft.com/x", false),
        ("https://a@b/x", false),
        ("", false),
    ] {
        let keeper = SnapshotKeeper::new(tenant(), KeeperOptions::default());
        let options = SyncOptions {
            url: url.to_owned(),
            ..SyncOptions::default()
        };
        assert_eq!(LabelSync::new(keeper, options).is_ok(), is_good, "{url}");
    }
    for (user_agent, answer_ms_max, expected) in [
        (
            "a\r\nHost: b",
            1,
            "user_agent: empty, too long, or not printable ASCII",
        ),
        ("a", 0, "answer_ms_max: 0 ms, must be from 1 to 3600000"),
    ] {
        let keeper = SnapshotKeeper::new(tenant(), KeeperOptions::default());
        let options = SyncOptions {
            user_agent: user_agent.to_owned(),
            answer_ms_max,
            ..SyncOptions::default()
        };
        let error = LabelSync::new(keeper, options).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn l_093_unknown_labels_ask_for_one_early_read_in_a_period() {
    let mut sync = sync();
    begun(&mut sync);
    let minute = HOUR / 60;
    let (mut asked, mut sends) = (0, Vec::new());
    // Ten minutes after the first read, files with an unknown label turn up every minute.
    for at in 10..130 {
        let now = BEGIN + at * minute;
        asked += usize::from(sync.unknown_label(now));
        if let Action::Send(request) = sync.poll(now) {
            let response = Response::new(200, body(&taxonomy(), None));
            sync.answer(now, request.number, &response);
            sends.push(at);
        }
    }
    assert_eq!(asked, 2);
    assert_eq!(sends.first(), Some(&10), "the early one comes at once");
    // Two of the schedule, and the early ones.
    assert!((3..=4).contains(&sends.len()), "{sends:?}");
}
