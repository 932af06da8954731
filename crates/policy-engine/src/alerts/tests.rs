use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, PolicyId, TenantId};
use serde_json::{Value, json};

use super::*;
use crate::address::Address;
use crate::events::{Actor, EventMatch, EventRule};
use crate::matches::{EditedResults, MatchBook, MatchChange, MatchOptions, Observation, Restart};
use crate::{BuildContext, ContentAnswer, FileRecord, Outcome, Policy, PolicySet, Severity};

const DAY_MS: i64 = 86_400_000;

fn set(members: Value) -> PolicySet {
    let mut policy = json!({"id": "p", "name": "Exposed", "severity": "medium"});
    policy
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let document = json!({"format": "file-policies/1", "policies": [policy]});
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    PolicySet::from_json(&document.to_string(), &BuildContext::new(&labels)).unwrap()
}

fn policy(members: Value) -> Policy {
    set(members).policies()[0].clone()
}

fn limited(daily_limit: u32) -> Policy {
    policy(json!({"alerts": {"dailyLimit": daily_limit}}))
}

fn file(id: &str) -> FileRecord {
    let key = FileKey::new(AppId::BOX, 3, FileId::parse(id).unwrap());
    FileRecord::new(key, format!("{id}.docx"))
}

fn admin() -> Address {
    Address::parse("admin@contoso.example").unwrap()
}

fn closure(reason: CloseReason) -> Closure {
    Closure::new(reason, admin(), 7)
}

/// Raises an alert for a new match, and gives its number.
fn raise(book: &mut AlertBook, policy: &Policy, id: &str, now_ms: i64) -> Option<AlertId> {
    let raised = book
        .raise_for_match(MatchChange::Started, policy, &file(id), now_ms)
        .unwrap();
    match raised {
        Some(Raised::Alert(id)) => Some(id),
        _ => None,
    }
}

#[test]
fn r_202_an_alert_has_name_and_severity_of_its_policy() {
    for (text, severity, code) in [
        ("low", Severity::Low, 0),
        ("medium", Severity::Medium, 1),
        ("high", Severity::High, 2),
    ] {
        let policy = policy(json!({"severity": text, "alerts": {"email": ["a@x.example"]}}));
        let mut book = AlertBook::default();
        let id = raise(&mut book, &policy, "f", 9).unwrap();
        let alert = book.alert(id).unwrap();
        assert_eq!(alert.severity, severity);
        assert_eq!(alert.title, "Exposed");
        assert_eq!(alert.email, ["a@x.example"]);
        assert_eq!(alert.file(), Some(&file("f").key));
        assert_eq!(alert.to_json()["severityValue"], code);
    }
}

#[test]
fn r_202_an_alert_goes_where_its_policy_says() {
    let policy = policy(json!({"alerts": {
        "email": ["a@x.example"],
        "textMessage": ["+49 30 1234567"],
        "flow": "1b2c",
    }}));
    let mut book = AlertBook::default();
    let id = raise(&mut book, &policy, "f", 9).unwrap();
    let alert = book.alert(id).unwrap();
    assert_eq!(alert.email, ["a@x.example"]);
    assert_eq!(alert.text_message, ["+49 30 1234567"]);
    assert_eq!(alert.flow.as_deref(), Some("1b2c"));
    let json = alert.to_json();
    assert_eq!(json["policy"]["msFlowId"], "1b2c");
    assert_eq!(json["entities"][0].get("msFlowId"), None);
}

#[test]
fn r_202_the_record_has_the_form_of_the_product() {
    let mut book = AlertBook::default();
    let policy = limited(5);
    let mut file = file("f");
    file.owner_address = Some("ines@contoso.example".into());
    book.raise_for_match(MatchChange::Started, &policy, &file, 1_594_283_802_753)
        .unwrap();
    let id = AlertId(1);
    let rule = json!({"id": "p", "label": "Exposed", "policyType": "FILE", "type": "policyRule"});
    let mut expected = json!({
        "_id": "000000000000000000000001",
        "timestamp": 1_594_283_802_753_i64,
        "title": "Exposed",
        "description": "file policy `Exposed` matches `f.docx`",
        "entities": [
            rule.clone(),
            {"id": 10489, "label": "Box", "type": "service"},
            {"id": "f", "label": "f.docx", "type": "file", "saas": 10489, "inst": 3},
            {
                "id": "ines@contoso.example",
                "label": "ines@contoso.example",
                "type": "account",
                "em": "ines@contoso.example",
                "saas": 10489,
                "inst": 3,
            },
        ],
        "policy": rule,
        "idValue": 15_728_642,
        "severityValue": 1,
        "statusValue": 0,
        "resolutionStatusValue": 0,
        "isSystemAlert": false,
    });
    assert_eq!(book.alert(id).unwrap().to_json(), expected);

    book.mark(id, ReadMark::Read).unwrap();
    expected["statusValue"] = json!(1);
    assert_eq!(book.alert(id).unwrap().to_json(), expected);

    let mut closing = closure(CloseReason::TruePositive);
    closing.comment = Some("shared by mistake".to_owned());
    book.close(id, closing).unwrap();
    expected["statusValue"] = json!(2);
    expected["resolutionStatusValue"] = json!(5);
    expected["resolveTime"] = json!("1970-01-01T00:00:00.007Z");
    expected["handledByUser"] = json!("admin@contoso.example");
    expected["comment"] = json!("shared by mistake");
    assert_eq!(book.alert(id).unwrap().to_json(), expected);
}

#[test]
fn r_202_times_that_iso_can_not_write_are_left_out_of_the_record() {
    for (at_ms, expected) in [
        (-62_167_219_200_001, None),
        (-62_167_219_200_000, Some("0000-01-01T00:00:00Z")),
        (253_402_300_799_999, Some("9999-12-31T23:59:59.999Z")),
        (253_402_300_800_000, None),
        (i64::MIN, None),
        (i64::MAX, None),
    ] {
        let mut book = AlertBook::default();
        let id = raise(&mut book, &limited(1), "f", 0).unwrap();
        let closing = Closure::new(CloseReason::TruePositive, admin(), at_ms);
        book.close(id, closing).unwrap();
        let json = book.alert(id).unwrap().to_json();
        let time = json.get("resolveTime").map(|time| time.as_str().unwrap());
        assert_eq!(time, expected, "{at_ms}");
    }
}

#[test]
fn alert_numbers_are_read_back() {
    for id in [0, 1, 0xABC_DEF, u64::MAX].map(AlertId) {
        assert_eq!(AlertId::parse(&id.to_string()), Some(id));
        assert_eq!(AlertId::parse(&id.to_string().to_uppercase()), Some(id));
    }
    for text in [
        "",
        "1",
        "0000000000000000000000001",
        "00000000000000000000000g",
        "+00000000000000000000001",
        "5f06d71dba4289d0602ba5ac",
        "000000010000000000000000",
    ] {
        assert_eq!(AlertId::parse(text), None, "{text}");
    }
}

#[test]
fn r_202_one_alert_for_a_match() {
    let policy = limited(5);
    for (change, raised) in [
        (MatchChange::Started, true),
        (MatchChange::Restarted(Restart::Ended), true),
        (MatchChange::Continued, false),
        (MatchChange::Ended, false),
    ] {
        let mut book = AlertBook::default();
        let found = book
            .raise_for_match(change, &policy, &file("f"), 0)
            .unwrap();
        assert_eq!(found.is_some(), raised, "{change:?}");
    }
    let silent = self::policy(json!({"alerts": {"eachMatch": false}}));
    let mut book = AlertBook::default();
    assert_eq!(raise(&mut book, &silent, "f", 0), None);
    assert_eq!(book.days().count(), 0);
}

#[test]
fn a_match_in_place_of_another_has_an_alert_only_if_none_is_open() {
    let policy = limited(50);
    for restart in [Restart::Reset, Restart::Changed] {
        let mut book = AlertBook::default();
        let first = raise(&mut book, &policy, "f", 0).unwrap();
        let again = |book: &mut AlertBook| {
            book.raise_for_match(MatchChange::Restarted(restart), &policy, &file("f"), 1)
                .unwrap()
        };
        assert_eq!(again(&mut book), None);
        // One of another file doesn't count.
        let other = raise(&mut book, &policy, "g", 0).unwrap();
        book.close(other, closure(CloseReason::TruePositive))
            .unwrap();
        assert_eq!(again(&mut book), None);
        book.close(first, closure(CloseReason::TruePositive))
            .unwrap();
        let Some(Raised::Alert(second)) = again(&mut book) else {
            panic!("no alert")
        };
        let open = book.open_alert(&file("f").key, policy.id()).unwrap();
        assert_eq!(open.id, second);
    }
}

#[test]
fn the_open_alert_is_the_newest() {
    let policy = limited(50);
    let mut book = AlertBook::default();
    let ids: Vec<_> = (0..3)
        .map(|at| raise(&mut book, &policy, "f", at).unwrap())
        .collect();
    let open = |book: &AlertBook| {
        let open = book.open_alert(&file("f").key, policy.id());
        open.map(|alert| alert.id)
    };
    for (close, left) in [(1, Some(2)), (2, Some(0)), (0, None)] {
        book.close(ids[close], closure(CloseReason::TruePositive))
            .unwrap();
        assert_eq!(open(&book), left.map(|at: usize| ids[at]));
    }
}

#[test]
fn r_205_the_daily_limit_limits_alerts_and_never_actions() {
    let set = set(json!({
        "alerts": {"dailyLimit": 1},
        "governance": {"10489": {"notifyUsers": ["dlp@contoso.example"]}},
    }));
    let mut matches = MatchBook::new(MatchOptions::default());
    let mut alerts = AlertBook::default();
    let (mut actions, mut raised) = (0, 0);
    for id in ["1", "2", "3"] {
        let file = file(id);
        let mut nothing_read = |_: &_| ContentAnswer::NotYet;
        for evaluation in set.evaluate(&file, 0, &mut nothing_read) {
            let observation = Observation::of(&file.key, &evaluation, 0).unwrap();
            let change = matches.observe(&observation).unwrap().unwrap();
            if change.are_actions_due() {
                actions += 1;
            }
            let alert = alerts
                .raise_for_match(change, evaluation.policy, &file, 0)
                .unwrap();
            raised += usize::from(matches!(alert, Some(Raised::Alert(_))));
        }
    }
    assert_eq!((raised, actions), (1, 3));
    let day = alerts.days().next().unwrap();
    assert_eq!((day.raised, day.over_limit), (1, 2));
}

#[test]
fn r_205_the_limit_is_for_one_policy_and_one_utc_day() {
    let (policy, other) = (
        limited(2),
        policy(json!({"id": "q", "alerts": {"dailyLimit": 1}})),
    );
    let mut book = AlertBook::default();
    for (policy, now_ms, is_raised) in [
        (&policy, 0, true),
        (&policy, DAY_MS - 1, true),
        (&policy, DAY_MS - 1, false),
        (&other, DAY_MS - 1, true),
        (&other, DAY_MS - 1, false),
        (&policy, DAY_MS, true),
        (&policy, DAY_MS, true),
        (&policy, DAY_MS, false),
        // A clock that goes back, and days before 1970.
        (&policy, 5, false),
        (&policy, -1, true),
    ] {
        let raised = raise(&mut book, policy, "f", now_ms).is_some();
        assert_eq!(raised, is_raised, "{} at {now_ms}", policy.id());
    }
    let days: Vec<_> = book
        .days()
        .map(|day| {
            let policy = day.policy.as_str();
            (day.day_start_ms, policy, day.raised, day.over_limit)
        })
        .collect();
    assert_eq!(
        days,
        [
            (-DAY_MS, "p", 1, 0),
            (0, "p", 2, 2),
            (0, "q", 1, 1),
            (DAY_MS, "p", 2, 1),
        ]
    );
    assert_eq!(raise(&mut book, &limited(0), "f", 9 * DAY_MS), None);
}

#[test]
fn r_205_a_file_policy_and_an_event_rule_of_one_id_have_a_limit_each() {
    let rule = EventRule::new(PolicyId::parse("p").unwrap(), "Labels removed", 0);
    let found = EventMatch {
        rule: rule.id.clone(),
        actor: Actor::Outside(None),
        app: None,
        count: 1,
        files: Vec::new(),
        first_ms: 0,
        at_ms: 0,
    };
    let mut book = AlertBook::default();
    assert!(raise(&mut book, &limited(1), "f", 0).is_some());
    let mut new = NewAlert::of_event_match(&rule, found).unwrap();
    new.daily_limit = 1;
    let raised = book.raise(new.clone(), 0).unwrap();
    assert_eq!(raised, Raised::Alert(AlertId(2)));
    assert_eq!(book.raise(new, 0).unwrap(), Raised::OverLimit);
    let days: Vec<_> = book.days().map(|day| (day.kind, day.over_limit)).collect();
    assert_eq!(days, [(PolicyKind::File, 0), (PolicyKind::Event, 1)]);
}

#[test]
fn r_205_a_purge_never_silences_the_day_that_is_today() {
    // Kept for no time at all: the day is not over before its end.
    let mut book = AlertBook::new(AlertOptions {
        retention_ms: 0,
        ..AlertOptions::default()
    });
    let policy = limited(2);
    assert!(raise(&mut book, &policy, "f", DAY_MS - 1).is_some());
    assert!(raise(&mut book, &policy, "f", DAY_MS + 5).is_some());
    book.purge(2 * DAY_MS - 1);
    assert_eq!(book.days().count(), 1);
    assert!(raise(&mut book, &policy, "g", DAY_MS + 6).is_some());
    assert_eq!(raise(&mut book, &policy, "h", DAY_MS + 7), None);
    // The day before was over, so it has no second set of alerts, and what is refused is counted
    // there.
    assert_eq!(raise(&mut book, &policy, "f", DAY_MS - 1), None);
    let days: Vec<_> = book
        .days()
        .map(|day| (day.day_start_ms, day.raised, day.over_limit))
        .collect();
    assert_eq!(days, [(0, 0, 1), (DAY_MS, 2, 1)]);

    // A clock that is ahead for a moment takes neither today's alerts nor its limit.
    book.purge(i64::MAX);
    assert_eq!(raise(&mut book, &policy, "f", DAY_MS + 8), None);
    assert!(raise(&mut book, &limited(3), "f", DAY_MS + 9).is_some());
    assert!(raise(&mut book, &policy, "f", 2 * DAY_MS).is_some());
}

#[test]
fn a_024_reasons_and_statuses_have_the_numbers_of_the_product() {
    use BenignReason as Benign;
    use FalsePositiveReason as False;
    for (reason, status, code) in [
        (CloseReason::FalsePositive(False::NotOfInterest), 3, Some(0)),
        (
            CloseReason::FalsePositive(False::TooManySimilarAlerts),
            3,
            Some(1),
        ),
        (
            CloseReason::Benign(Benign::ActualSeverityIsLower),
            4,
            Some(2),
        ),
        (
            CloseReason::FalsePositive(False::AlertIsNotAccurate),
            3,
            Some(3),
        ),
        (CloseReason::FalsePositive(False::Other), 3, Some(4)),
        (CloseReason::Benign(Benign::Other), 4, Some(4)),
        (
            CloseReason::Benign(Benign::ConfirmedWithEndUser),
            4,
            Some(5),
        ),
        (CloseReason::Benign(Benign::TriggeredByTest), 4, Some(6)),
        (CloseReason::TruePositive, 5, None),
    ] {
        let mut book = AlertBook::default();
        let id = raise(&mut book, &limited(1), "f", 0).unwrap();
        assert_eq!(book.alert(id).unwrap().status().code(), 0);
        book.close(id, closure(reason)).unwrap();
        let alert = book.alert(id).unwrap();
        assert_eq!(alert.status().code(), status, "{reason:?}");
        assert_eq!(reason.code(), code, "{reason:?}");
        assert!(!alert.is_open());
    }
    for code in 0..8 {
        let benign = Benign::from_code(code).map(Benign::code);
        assert_eq!(benign, [2, 4, 5, 6].contains(&code).then_some(code));
        let wrong = False::from_code(code).map(False::code);
        assert_eq!(wrong, [0, 1, 3, 4].contains(&code).then_some(code));
        let status = AlertStatus::from_code(code).map(AlertStatus::code);
        assert_eq!(status, (code < 6).then_some(code));
    }
}

#[test]
fn a_024_an_alert_is_closed_once() {
    let mut book = AlertBook::default();
    let id = raise(&mut book, &limited(1), "f", 0).unwrap();
    let mut long = closure(CloseReason::TruePositive);
    long.feedback = Some(Feedback {
        text: "x".repeat(COMMENT_BYTES_MAX + 1),
        contact: None,
    });
    assert_eq!(
        book.close(id, long),
        Err(AlertError::CommentTooLong {
            id,
            what: "feedback",
            bytes: COMMENT_BYTES_MAX + 1,
            limit: COMMENT_BYTES_MAX,
        })
    );
    assert!(book.alert(id).unwrap().is_open());
    let mut first = closure(CloseReason::Benign(BenignReason::Other));
    first.comment = Some("x".repeat(COMMENT_BYTES_MAX));
    book.close(id, first.clone()).unwrap();
    assert_eq!(
        book.close(id, closure(CloseReason::TruePositive)),
        Err(AlertError::AlreadyClosed { id })
    );
    assert_eq!(book.alert(id).unwrap().closure, Some(first));
}

#[test]
fn a_027_administrators_are_told_from_their_own_severity_on() {
    let administrator = |address: &str, threshold| Administrator {
        address: Address::parse(address).unwrap(),
        threshold,
    };
    let administrators = [
        administrator("low@x", Some(Severity::Low)),
        administrator("medium@x", Some(Severity::Medium)),
        administrator("high@x", Some(Severity::High)),
        administrator("never@x", None),
        administrator("Named@X", Some(Severity::Low)),
    ];
    let named = ["named@x".to_owned(), "NAMED@x".to_owned()];
    for (severity, told) in [
        (Severity::Low, &["named@x", "low@x"][..]),
        (Severity::Medium, &["named@x", "low@x", "medium@x"]),
        (Severity::High, &["named@x", "low@x", "medium@x", "high@x"]),
    ] {
        assert_eq!(addressees(severity, &named, &administrators), told);
    }
    assert_eq!(
        addressees(Severity::Low, &[], &administrators),
        ["low@x", "Named@X"]
    );
}

#[test]
fn a_011_a_preview_makes_no_alert_and_changes_no_match() {
    let set = set(json!({}));
    let policy = &set.policies()[0];
    let mut book = MatchBook::new(MatchOptions::default());
    let mut alerts = AlertBook::default();
    // Two files match already, one of them with an open alert; then the policy is reset.
    for id in ["told", "settled"] {
        let seen = file(id);
        book.observe(&Observation::new(&seen.key, policy.id(), Outcome::Match, 0))
            .unwrap();
        let alert = raise(&mut alerts, policy, id, 0).unwrap();
        if id == "settled" {
            alerts
                .close(alert, closure(CloseReason::TruePositive))
                .unwrap();
        }
    }
    book.policy_edited(policy.id(), EditedResults::Reset);
    let before: Vec<_> = book.entries().collect();
    let alerts_before: Vec<_> = alerts.entries().collect();

    let files = ["new", "other", "told", "settled"].map(file);
    let see = |file: &FileRecord, with: &mut dyn FnMut(&Observation<'_>)| {
        let mut nothing_read = |_: &_| ContentAnswer::NotYet;
        for evaluation in set.evaluate(file, 5, &mut nothing_read) {
            with(&Observation::of(&file.key, &evaluation, 5).unwrap());
        }
    };
    let mut foreseen = Vec::new();
    for file in &files {
        see(file, &mut |observation| {
            let change = book.preview(observation).unwrap();
            foreseen.push((change, alerts.is_due(change, policy, &file.key)));
        });
    }
    let restarted = MatchChange::Restarted(Restart::Reset);
    let started = MatchChange::Started;
    assert_eq!(
        foreseen,
        [
            (started, true),
            (started, true),
            (restarted, false),
            (restarted, true),
        ]
    );
    assert_eq!(book.entries().collect::<Vec<_>>(), before);
    assert_eq!(alerts.entries().collect::<Vec<_>>(), alerts_before);

    // What was foreseen then happens: nothing was used up by looking.
    let mut happened = Vec::new();
    for file in &files {
        see(file, &mut |observation| {
            let change = book.observe(observation).unwrap().unwrap();
            let raised = alerts.raise_for_match(change, policy, file, 5).unwrap();
            happened.push((change, raised.is_some()));
        });
    }
    assert_eq!(happened, foreseen);
    assert_eq!(alerts.alerts().count(), 5);
}

#[test]
fn alerts_are_kept_for_half_a_year_and_purged_bit_by_bit() {
    let policy = limited(50);
    let mut book = AlertBook::new(AlertOptions {
        purge_max: 2,
        ..AlertOptions::default()
    });
    for at in 0..3 {
        raise(&mut book, &policy, "f", at);
    }
    let end_ms = 180 * DAY_MS;
    assert_eq!(book.purge(end_ms - 1).removed, 0);
    assert_eq!(book.alerts().count(), 3);
    let purged = book.purge(end_ms + 2);
    assert_eq!((purged.removed, purged.more), (2, true));
    let open = book.open_alert(&file("f").key, policy.id());
    assert_eq!(open.map(|alert| alert.id), Some(AlertId(3)));
    let purged = book.purge(end_ms + 2);
    assert_eq!((purged.removed, purged.more), (1, false));
    assert!(book.open_alert(&file("f").key, policy.id()).is_none());

    raise(&mut book, &policy, "f", 2 * DAY_MS);
    assert_eq!(book.purge(end_ms + DAY_MS - 1).removed, 0);
    assert_eq!(book.days().count(), 2);
    assert!(!book.purge(end_ms + DAY_MS).more);
    assert_eq!(book.days().count(), 1);
    // Of that day nothing is known any more, so it has no second set of alerts, also not after a
    // restart.
    let mut again = restored(&book);
    for book in [&mut book, &mut again] {
        assert_eq!(raise(book, &policy, "f", 5), None);
        assert!(raise(book, &policy, "f", DAY_MS).is_some());
    }
}

#[test]
fn a_restored_book_gives_no_number_twice() {
    let policy = limited(50);
    let mut book = AlertBook::default();
    raise(&mut book, &policy, "f", 0).unwrap();
    let last = raise(&mut book, &policy, "f", 1).unwrap();
    while book.purge(i64::MAX).more {}
    assert_eq!(book.alerts().count(), 0);
    let mut again = restored(&book);
    assert_eq!(
        raise(&mut again, &policy, "f", 2),
        Some(AlertId(last.0 + 1))
    );
}

/// The book, as it is after it was stored in any order.
fn restored(book: &AlertBook) -> AlertBook {
    let entries: Vec<_> = book.entries().collect();
    let backwards = entries.iter().rev().cloned();
    let again = AlertBook::from_entries(AlertOptions::default(), backwards).unwrap();
    assert_eq!(again.entries().collect::<Vec<_>>(), entries);
    again
}

#[test]
fn a_full_book_makes_room_of_what_is_closed_and_refuses_otherwise() {
    let mut book = AlertBook::new(AlertOptions {
        alerts_max: 2,
        ..AlertOptions::default()
    });
    let policy = limited(50);
    let ids: Vec<_> = (0..2)
        .map(|at| raise(&mut book, &policy, "f", at).unwrap())
        .collect();
    let more = |book: &mut AlertBook, id: &str| {
        book.raise_for_match(MatchChange::Started, &policy, &file(id), 9)
    };
    let full = AlertError::Full { limit: 2 };
    assert_eq!(more(&mut book, "h"), Err(full.clone()));
    assert_eq!((book.refused(), book.dropped()), (1, 0));
    // What was refused is not of the day's number.
    assert_eq!(book.days().next().map(|day| day.raised), Some(2));

    // The oldest closed one goes, not the one that was closed first.
    for at in [1, 0] {
        book.close(ids[at], closure(CloseReason::TruePositive))
            .unwrap();
    }
    assert_eq!(more(&mut book, "h"), Ok(Some(Raised::Alert(AlertId(3)))));
    assert!(book.alert(ids[0]).is_none() && book.alert(ids[1]).is_some());
    assert_eq!(more(&mut book, "i"), Ok(Some(Raised::Alert(AlertId(4)))));
    assert_eq!(more(&mut book, "j"), Err(full));
    assert_eq!((book.refused(), book.dropped()), (2, 2));
    assert_eq!(book.alerts().count(), 2);

    let mut none = AlertBook::new(AlertOptions {
        alerts_max: 0,
        ..AlertOptions::default()
    });
    assert_eq!(more(&mut none, "f"), Err(AlertError::Full { limit: 0 }));
}

#[test]
fn a_restored_book_goes_on() {
    let policy = limited(50);
    let mut book = AlertBook::default();
    raise(&mut book, &policy, "f", 0).unwrap();
    let second = raise(&mut book, &policy, "g", 0).unwrap();
    book.close(second, closure(CloseReason::TruePositive))
        .unwrap();
    let mut again = restored(&book);
    assert!(again.open_alert(&file("f").key, policy.id()).is_some());
    assert!(again.open_alert(&file("g").key, policy.id()).is_none());
    assert_eq!(raise(&mut again, &limited(2), "h", 0), None);
    assert_eq!(raise(&mut again, &policy, "h", 0), Some(AlertId(3)));

    // Without the state, numbers go on after the largest, not after how many there are.
    let entries: Vec<_> = book.entries().collect();
    let second_only = [entries[3].clone()];
    let mut second_only = AlertBook::from_entries(AlertOptions::default(), second_only).unwrap();
    assert_eq!(raise(&mut second_only, &policy, "h", 0), Some(AlertId(3)));

    let refused = |alerts_max, entries: &[AlertEntry]| {
        let options = AlertOptions {
            alerts_max,
            ..AlertOptions::default()
        };
        AlertBook::from_entries(options, entries.iter().cloned()).unwrap_err()
    };
    let twice = |at: usize| refused(9, &[entries[at].clone(), entries[at].clone()]);
    assert_eq!(twice(0), AlertError::DuplicateState);
    assert_eq!(
        twice(1),
        AlertError::DuplicateDay {
            policy: policy.id().clone(),
            day_start_ms: 0,
        }
    );
    assert_eq!(twice(2), AlertError::Duplicate { id: AlertId(1) });
    assert_eq!(refused(1, &entries), AlertError::Full { limit: 1 });
}

#[test]
fn the_days_that_are_counted_are_bounded() {
    let mut book = AlertBook::default();
    let silent = limited(0);
    for day in 0..=DAY_COUNTS_MAX {
        raise(
            &mut book,
            &silent,
            "f",
            i64::try_from(day).unwrap() * DAY_MS,
        );
    }
    assert_eq!(book.days().count(), DAY_COUNTS_MAX);
    // The first day was forgotten, so it can't be had again.
    assert_eq!(raise(&mut book, &limited(5), "f", 0), None);
    assert!(raise(&mut book, &limited(5), "f", DAY_MS).is_some());
}
