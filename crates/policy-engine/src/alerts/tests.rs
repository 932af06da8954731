use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
use serde_json::{Value, json};

use super::*;
use crate::address::Address;
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
    let mut book = MatchBook::new(MatchOptions::default());
    let alerts = AlertBook::default();
    let seen = file("seen");
    let observation = Observation::new(&seen.key, set.policies()[0].id(), Outcome::Match, 0);
    book.observe(&observation).unwrap();
    book.policy_edited(set.policies()[0].id(), EditedResults::Reset);
    let before: Vec<_> = book.entries().collect();

    let mut foreseen = Vec::new();
    for file in [file("1"), file("2"), seen] {
        let mut nothing_read = |_: &_| ContentAnswer::NotYet;
        for evaluation in set.evaluate(&file, 5, &mut nothing_read) {
            assert_eq!(evaluation.outcome, Outcome::Match);
            let observation = Observation::of(&file.key, &evaluation, 5).unwrap();
            foreseen.push(book.preview(&observation));
        }
    }
    let restarted = MatchChange::Restarted(Restart::Reset);
    let started = Some(MatchChange::Started);
    assert_eq!(foreseen, [started, started, Some(restarted)]);
    assert_eq!(book.entries().collect::<Vec<_>>(), before);
    assert_eq!((alerts.alerts().count(), alerts.days().count()), (0, 0));
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
    assert_eq!(book.days().count(), 0);
    // Of that day nothing is known any more, so it has no second set of alerts.
    assert_eq!(raise(&mut book, &policy, "f", 5), None);
    assert!(raise(&mut book, &policy, "f", DAY_MS).is_some());
}

#[test]
fn a_full_book_refuses_and_a_restored_one_goes_on() {
    let options = AlertOptions {
        alerts_max: 2,
        ..AlertOptions::default()
    };
    let policy = limited(50);
    let mut book = AlertBook::new(options.clone());
    raise(&mut book, &policy, "f", 0).unwrap();
    let second = raise(&mut book, &policy, "g", 0).unwrap();
    book.close(second, closure(CloseReason::TruePositive))
        .unwrap();
    let full = AlertError::Full { limit: 2 };
    let refused = book.raise_for_match(MatchChange::Started, &policy, &file("h"), 0);
    assert_eq!(refused.unwrap_err(), full);

    let alerts: Vec<_> = book.alerts().cloned().collect();
    let days: Vec<_> = book.days().cloned().collect();
    assert_eq!((days[0].raised, days[0].over_limit), (2, 0));
    let larger = AlertOptions::default();
    let mut again = AlertBook::from_entries(larger.clone(), alerts.clone(), days).unwrap();
    assert_eq!(again.alerts().cloned().collect::<Vec<_>>(), alerts);
    assert!(again.open_alert(&file("f").key, policy.id()).is_some());
    assert!(again.open_alert(&file("g").key, policy.id()).is_none());
    assert_eq!(raise(&mut again, &limited(2), "h", 0), None);
    assert_eq!(raise(&mut again, &policy, "h", 0), Some(AlertId(3)));

    // Numbers go on after the largest, not after how many there are.
    let mut second_only = AlertBook::from_entries(larger.clone(), [alerts[1].clone()], []).unwrap();
    assert_eq!(raise(&mut second_only, &policy, "h", 0), Some(AlertId(3)));

    let twice = [alerts[0].clone(), alerts[0].clone()];
    let duplicate = AlertBook::from_entries(larger, twice, []).unwrap_err();
    assert_eq!(duplicate, AlertError::Duplicate { id: AlertId(1) });
    let refused = AlertBook::from_entries(
        AlertOptions {
            alerts_max: 1,
            ..options
        },
        alerts,
        [],
    );
    assert_eq!(refused.unwrap_err(), AlertError::Full { limit: 1 });
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
