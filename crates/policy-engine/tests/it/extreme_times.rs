//! What keeps time takes any time: nothing here depends on a sensible clock.

use label_core::{AppId, FileId, FileKey, PolicyId};
use policy_engine::alerts::{AlertBook, AlertOptions, Raised};
use policy_engine::digest::{DigestCopies, DigestMatch, DigestOptions, DigestQueue};
use policy_engine::events::{
    Actor, AppScope, Counting, EventMatcher, EventOptions, EventRule, LabelEvent, LabelEventKind,
    MatchParameters, Repeated,
};
use policy_engine::matches::{MatchBook, MatchChange, MatchOptions, Observation};
use policy_engine::{Address, Outcome};
use serde_json::json;

use crate::shared::{build, file};

const TIMES_MS: [i64; 7] = [
    i64::MIN,
    i64::MAX,
    i64::MIN + 1,
    0,
    -1,
    i64::MAX - 1,
    i64::MIN,
];

#[test]
fn matches_of_any_time() {
    let mut book = MatchBook::new(MatchOptions::default());
    let (file, policy) = (file(AppId::BOX).key, PolicyId::parse("p").unwrap());
    for now_ms in TIMES_MS {
        let see = |book: &mut MatchBook, outcome| {
            book.observe(&Observation::new(&file, &policy, outcome, now_ms))
                .unwrap()
        };
        assert!(see(&mut book, Outcome::Match).is_some_and(MatchChange::are_actions_due));
        assert_eq!(see(&mut book, Outcome::NoMatch), Some(MatchChange::Ended));
        book.purge(now_ms);
    }
    book.purge(i64::MAX);
    // What ended just now is kept, whenever that is.
    assert!(
        book.history(&policy)
            .all(|past| past.ended_ms >= i64::MAX - 1)
    );
    assert_eq!(book.history(&policy).count(), 2);
}

#[test]
fn alerts_of_any_time() {
    let policy = build(json!({"alerts": {"dailyLimit": 10}}));
    let file = file(AppId::BOX);
    let mut book = AlertBook::new(AlertOptions::default());
    for now_ms in TIMES_MS {
        let raised = book.raise_for_match(MatchChange::Started, &policy, &file, now_ms);
        assert!(matches!(raised, Ok(Some(Raised::Alert(_)))), "{now_ms}");
    }
    for alert in book.alerts() {
        assert_eq!(alert.to_json()["timestamp"], alert.at_ms);
    }
    assert_eq!(book.purge(i64::MIN).removed, 2);
    assert_eq!(book.purge(i64::MAX).removed, 3);
    assert_eq!(book.alerts().count(), 2);
}

#[test]
fn digests_of_any_time() {
    let mut queue = DigestQueue::new(DigestOptions::default());
    let ines = Address::parse("ines@contoso.example").unwrap();
    for (at, at_ms) in TIMES_MS.into_iter().enumerate() {
        let file = FileKey::new(AppId::BOX, 0, FileId::parse(&at.to_string()).unwrap());
        let line = DigestMatch {
            file,
            file_name: "Report.docx".into(),
            policy: PolicyId::parse("p").unwrap(),
            policy_name: "P".to_owned(),
            message: None,
            at_ms,
        };
        queue.add(&ines, &DigestCopies::default(), line).unwrap();
    }
    assert_eq!(queue.take_due(i64::MIN), None);
    let digest = queue.take_due(i64::MAX).unwrap();
    assert_eq!(digest.matches.len(), TIMES_MS.len());
    assert!(digest.matches.is_sorted_by_key(|line| line.at_ms));
}

#[test]
fn events_of_any_time() {
    let id = PolicyId::parse("r").unwrap();
    let mut rule = EventRule::new(id, "Labels removed", i64::MIN);
    rule.parameters = MatchParameters::Repeated(Repeated {
        minimum_count: 2,
        time_frame_minutes: 1,
        apps: AppScope::All,
        counting: Counting::Events,
    });
    // The clock is as wild as the events are, or stands still: which events match, and how many
    // come too late or too early.
    let own: &dyn Fn(i64) -> i64 = &|at_ms| at_ms;
    for (name, clock, matching, late, future) in [
        ("own", own, &[i64::MIN + 1, -1, i64::MIN][..], 0, 0),
        ("last", &|_| i64::MAX, &[i64::MAX - 1], 3, 0),
        ("1970", &|_| 0, &[0, i64::MAX - 1], 1, 2),
        ("first", &|_| i64::MIN, &[i64::MAX, 0, i64::MAX - 1], 0, 5),
    ] {
        let mut matcher = EventMatcher::new(rule.clone(), EventOptions::default()).unwrap();
        let found: Vec<i64> = TIMES_MS
            .into_iter()
            .filter(|at_ms| {
                let event = LabelEvent {
                    kind: LabelEventKind::LabelRemoved,
                    file: file(AppId::BOX).key,
                    before: None,
                    after: None,
                    actor: Actor::Outside(None),
                    at_ms: *at_ms,
                };
                matcher.observe(&event, clock(*at_ms)).is_some()
            })
            .collect();
        assert_eq!(found, matching, "{name}");
        assert_eq!(matcher.late_events(), late, "{name}");
        assert_eq!(matcher.future_events(), future, "{name}");
        let entries: Vec<_> = matcher.entries().collect();
        let options = EventOptions::default();
        let again = EventMatcher::from_entries(rule.clone(), options, entries.clone()).unwrap();
        assert_eq!(again.entries().collect::<Vec<_>>(), entries, "{name}");
    }
}
