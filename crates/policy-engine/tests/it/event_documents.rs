//! Event rules as documents.

use std::sync::LazyLock;

use jsonschema::Validator;
use label_core::{AppId, FileId, FileKey, LabelKey, PolicyId};
use policy_engine::events::{
    Actor, ActorPattern, AppScope, COUNT_MAX, ChangeDirection, Counting, EventFilter, EventLabel,
    EventMatcher, EventOptions, EventRule, EventRuleDocument, LabelEvent, LabelEventKind,
    LabelPriority, MatchParameters, RULES_MAX, Repeated, Selection, TIME_FRAME_MINUTES_MAX,
    event_rule_schema,
};
use policy_engine::{Address, Category, FilterDialect, Severity, VALUES_MAX, worked_event_rules};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use crate::shared::*;

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&event_rule_schema()).unwrap());

const KINDS: [LabelEventKind; 8] = [
    LabelEventKind::LabelDiscovered,
    LabelEventKind::LabelApplied,
    LabelEventKind::LabelRemoved,
    LabelEventKind::LabelChanged(ChangeDirection::Upgrade),
    LabelEventKind::LabelChanged(ChangeDirection::Downgrade),
    LabelEventKind::LabelChanged(ChangeDirection::Lateral),
    LabelEventKind::LabelActionFailed,
    LabelEventKind::ProtectionDetected,
];

/// A document of one rule with these members besides id, name and date.
fn rules(members: Value) -> Value {
    let mut rule = json!({"id": "r", "name": "R", "created": 0});
    let members = members.as_object().unwrap().clone();
    rule.as_object_mut().unwrap().extend(members);
    json!({"format": "event-rules/1", "rules": [rule]})
}

fn read(document: &Value) -> Result<EventRuleDocument, String> {
    let labels = labels();
    EventRuleDocument::from_json(&document.to_string(), &context(&labels))
        .map_err(|errors| errors.to_string())
}

fn filter(filters: Value) -> EventFilter {
    let mut document = read(&rules(json!({"filters": filters}))).unwrap();
    document.rules.remove(0).filter
}

fn errors(members: Value) -> String {
    read(&rules(members)).unwrap_err()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn suggestions_name_what_was_meant() {
    for (filters, expected) in [
        (
            "activity.eventTypes",
            Some("did you mean `activity.eventType`?"),
        ),
        (
            "activity.eventtype",
            Some("did you mean `activity.eventType`?"),
        ),
        (
            "activity.type",
            Some("the product's activities have it, label events don't"),
        ),
        (
            "source",
            Some("the product's activities have it, label events don't"),
        ),
        (
            "name",
            Some("the product's activities have it, label events don't"),
        ),
        ("user.orgUnit", Some("write `actor`")),
        ("servce", Some("did you mean `service`?")),
        ("xyzzy", None),
    ] {
        let error = errors(json!({"filters": {filters: {"eq": ["x"]}}}));
        let suggestion = error.split_once("; ").map(|(_, suggestion)| suggestion);
        assert_eq!(suggestion, expected, "{error}");
    }
    let site = json!({"filters": {"activity.eventType": {"eq": ["SensitivityLabelApplied"]}}});
    let error = errors(site);
    assert!(error.ends_with("; only files have label events"), "{error}");
    // Once, where the range became empty.
    let dates = json!({"filters": {"created": {"gte": 5, "lte": 3}, "date": {"lte": 10}}});
    let error = errors(dates);
    assert_eq!(
        error,
        "/rules/0/filters/created: the range ends before it starts"
    );
}

/// A document with every member.
fn full() -> Value {
    json!({"format": "event-rules/1", "rules": [{
        "id": "r1",
        "template": "E14",
        "name": "Many labels lowered",
        "description": "Somebody takes labels off.",
        "severity": "high",
        "category": "dlp",
        "enabled": false,
        "created": "2020-12-27T12:00:00Z",
        "filters": {
            "activity.eventType": {"eq": ["LabelRemoved", "LabelChanged (downgrade)"]},
            "service": {"eq": [10489, 15600]},
            "instance": {"neq": [1]},
            "fileLabels": {"eq": [own(CONFIDENTIAL).to_string()], "neq": [own(GENERAL).to_string()]},
            "fileId": {"neq": ["Plan"]},
            "actor": {"eq": ["outside", {"administrator": "ines@contoso.example"}]},
            "date": {"range": {"start": "2021-01-01T00:00:00Z", "end": "2021-02-01T00:00:00Z"}},
        },
        "matchParameters": {
            "mode": "repeated",
            "minimumCount": 20,
            "timeFrameMinutes": 60,
            "singleApp": true,
            "uniqueFiles": true,
        },
        "alerts": {
            "eachMatch": true,
            "dailyLimit": 7,
            "email": ["soc@contoso.example"],
            "textMessage": ["+49 30 1234"],
            "flow": "f",
        },
    }]})
}

#[test]
fn a_026_r_184_a_rule_is_read_with_all_that_it_has_and_written_back() {
    let document = read(&full()).unwrap();
    let rule = &document.rules[0];
    assert_eq!(rule.id.as_str(), "r1");
    assert_eq!(rule.template.as_deref(), Some("E14"));
    assert_eq!(rule.name, "Many labels lowered");
    assert_eq!(rule.description, "Somebody takes labels off.");
    assert_eq!(
        (rule.severity, rule.category, rule.enabled, rule.created_ms),
        (Severity::High, Category::Dlp, false, NOW_MS)
    );
    let filter = EventFilter {
        kind: Selection::one_of([
            LabelEventKind::LabelRemoved,
            LabelEventKind::LabelChanged(ChangeDirection::Downgrade),
        ]),
        app: Selection::one_of([AppId::BOX, AppId::ONEDRIVE]),
        instance: Selection::none_of([1]),
        label: Selection {
            eq: Some(vec![own(CONFIDENTIAL)]),
            neq: vec![own(GENERAL)],
        },
        file: Selection::none_of([FileId::parse("Plan").unwrap()]),
        actor: Selection::one_of([
            ActorPattern::AnyoneOutside,
            ActorPattern::Administrator(address("ines@contoso.example")),
        ]),
        from_ms: Some(1_609_459_200_000),
        until_ms: Some(1_612_137_600_000),
    };
    assert_eq!(rule.filter, filter);
    let repeated = Repeated {
        minimum_count: 20,
        time_frame_minutes: 60,
        apps: AppScope::Single,
        counting: Counting::UniqueFiles,
    };
    assert_eq!(rule.parameters, MatchParameters::Repeated(repeated));
    assert_eq!(rule.alerts.daily_limit, 7);
    assert_eq!(rule.alerts.email, ["soc@contoso.example"]);
    assert_eq!(serde_json::to_value(&document).unwrap(), full());
    assert!(EventMatcher::new(rule.clone(), EventOptions::default()).is_ok());
}

#[test]
fn r_184_r_185_what_is_left_out_is_as_for_a_new_rule() {
    let created = json!({"created": "1970-01-01T00:00:01Z"});
    let document = read(&rules(created)).unwrap();
    let expected = EventRule::new(PolicyId::parse("r").unwrap(), "R", 1_000);
    assert_eq!(document.rules, [expected]);
    let text = r#"{"format": "event-rules/1", "rules": [{"id": "r", "name": "R"}]}"#;
    let error = read(&serde_json::from_str(text).unwrap()).unwrap_err();
    assert_eq!(error, "/rules/0: `created` is missing");
}

/// Labels are found in the forms that file policies take, and nothing else is said of those that are
/// not.
#[test]
fn r_184_labels_are_looked_up_as_in_file_policies() {
    for text in [
        own(CONFIDENTIAL).to_string(),
        own(CONFIDENTIAL).label.to_string(),
        "Confidential".to_owned(),
        "confidential/finance".to_owned(),
        "Finance".to_owned(),
        "^Internal".to_owned(),
        "Legacy".to_owned(),
        "All Employees".to_owned(),
        "Gone".to_owned(),
        "Confidentail".to_owned(),
        "x".repeat(10_000),
        String::new(),
    ] {
        let filters = json!({"filters": {"fileLabels": {"eq": [text]}}});
        let of_files = policy_engine::PolicySet::from_json(
            &document(filters.clone()).to_string(),
            &context(&labels()),
        );
        match (read(&rules(filters)), of_files) {
            (Ok(read), Ok(set)) => {
                let key = read.rules[0].filter.label.eq.as_ref().unwrap()[0].to_string();
                let stored = serde_json::to_value(set.document()).unwrap();
                let pinned = &stored["policies"][0]["filters"]["fileLabels"]["eq"][0];
                assert_eq!(pinned, &json!(key));
            }
            (Err(error), Err(errors)) => {
                assert_eq!(error, errors.to_string().replace("/policies/", "/rules/"));
            }
            (rules, policies) => panic!("{text}: {rules:?}, {policies:?}"),
        }
    }
}

/// The filters of table 3.2 that label events have something for, with the operators of that table.
#[test]
fn r_184_filters_take_the_operators_of_the_products_table() {
    const ALL: [&str; 12] = [
        "eq",
        "neq",
        "contains",
        "isset",
        "isnotset",
        "startswith",
        "lte",
        "gte",
        "range",
        "lte_ndays",
        "gte_ndays",
        "gt",
    ];
    let labels = labels();
    for (name, value, product, ours) in [
        (
            "activity.eventType",
            json!(["LabelApplied"]),
            "eq neq",
            "eq neq",
        ),
        ("actionType", json!(["LabelApplied"]), "eq neq", "eq neq"),
        ("service", json!([10489]), "eq neq", "eq neq"),
        ("instance", json!([0]), "eq neq", "eq neq"),
        ("fileLabels", json!(["General"]), "eq neq", "eq neq"),
        ("fileId", json!(["7"]), "eq", "eq neq"),
        ("actor", json!(["outside"]), "", "eq neq"),
        ("date", json!(1), "lte gte range", "lte gte range"),
        ("created", json!(1), "lte gte range", "lte gte range"),
    ] {
        for (dialect, takes) in [
            (FilterDialect::Product, product),
            (FilterDialect::Extended, ours),
        ] {
            let taken: Vec<&str> = ALL
                .into_iter()
                .filter(|operator| {
                    let value = match *operator {
                        "range" => json!({"start": 1, "end": 2}),
                        _ => value.clone(),
                    };
                    let text = rules(json!({"filters": {name: {*operator: value}}})).to_string();
                    let mut context = context(&labels);
                    context.dialect = dialect;
                    EventRuleDocument::from_json(&text, &context).is_ok()
                })
                .collect();
            let mut wanted: Vec<&str> = takes.split_whitespace().collect();
            wanted.sort_unstable_by_key(|name| ALL.iter().position(|known| known == name));
            assert_eq!(taken, wanted, "{name}");
        }
    }
}

#[test]
fn r_184_values_are_read_in_the_products_forms() {
    let change = |direction| LabelEventKind::LabelChanged(direction);
    let changes = [
        change(ChangeDirection::Upgrade),
        change(ChangeDirection::Downgrade),
        change(ChangeDirection::Lateral),
    ];
    for (name, kinds) in [
        ("LabelChanged", changes.as_slice()),
        ("FileSensitivityLabelChanged", &changes),
        (
            "FileSensitivityLabelApplied",
            &[LabelEventKind::LabelApplied],
        ),
        (
            "FileSensitivityLabelRemoved",
            &[LabelEventKind::LabelRemoved],
        ),
    ] {
        let read = filter(json!({"activity.eventType": {"eq": name}}));
        assert_eq!(
            read.kind,
            Selection::one_of(kinds.iter().copied()),
            "{name}"
        );
    }
    // Both names of one property must hold.
    let both = filter(json!({
        "activity.eventType": {"eq": ["LabelChanged"], "neq": "LabelRemoved"},
        "actionType": {
            "eq": ["LabelChanged (upgrade)", "LabelApplied"], "neq": ["LabelApplied"],
        },
        "date": {"gte": 5, "range": [{"start": 3, "end": 9}]},
        "created": {"lte": "1970-01-01T00:00:00.008Z"},
    }));
    assert_eq!(both.kind.eq, Some(vec![change(ChangeDirection::Upgrade)]));
    let none = [LabelEventKind::LabelApplied, LabelEventKind::LabelRemoved];
    assert_eq!(both.kind.neq, none);
    assert_eq!((both.from_ms, both.until_ms), (Some(5), Some(8)));
    // In whatever order they exclude, and once what they exclude twice.
    for (other, one) in [
        (json!(["LabelRemoved"]), json!(["LabelApplied"])),
        (
            json!(["LabelRemoved", "LabelApplied"]),
            json!("LabelApplied"),
        ),
    ] {
        let read = filter(json!({
            "actionType": {"neq": other}, "activity.eventType": {"neq": one},
        }));
        assert_eq!(read.kind.neq, none);
    }
    // One value may stand there without a list, and an empty list takes nothing.
    let bare = filter(json!({"service": {"eq": 10489}, "instance": {"eq": []}}));
    assert_eq!(bare.app, Selection::one_of([AppId::BOX]));
    assert_eq!(bare.instance, Selection::one_of([]));
}

#[test]
fn a_026_all_that_is_wrong_with_a_document_is_said_at_once() {
    let document = json!({"format": "event-rules/2", "rules": [
        {"id": "r", "name": " ", "created": "yesterday", "governance": {}, "severty": "low"},
        7,
        {"id": "r", "name": "R", "created": 0, "filters": {
            "servce": {"eq": [1]},
            "user.domain": {"eq": ["x"]},
            "userAgent.tags": {"eq": ["x"]},
            "ips": {"eq": ["x"]},
            "any": [],
            "service": {"eq": ["10489"], "contains": [1]},
            "instance": [],
            "fileLabels": {},
            "fileId": {"eq": [" ", 7]},
            "date": {"gte_ndays": 7, "gte": 9, "lte": 8},
            "created": {"range": [{"start": 2, "end": 1}, {"start": 1, "end": 2}]},
            "activity.eventType": {"eq": ["LabelChangd", 917_663, 917_664, 1]},
            "actor": {"eq": [
                "ines@contoso.example", "polcy", {}, {"polcy": "p"}, {"outside": ""},
                {"policy": "p", "outside": "x"}, {"policy": 7}, 7,
            ]},
        }},
        {"id": "s", "name": "S", "created": 0, "matchParameters": {"mode": "single", "minimumCount": 2}},
        {"id": "t", "name": "T", "created": 0, "matchParameters": {"mode": "repeated", "minimumCount": 0}},
        {"id": "u", "name": "U", "created": 0, "matchParameters": {"mode": "often"}, "filters": []},
        {"id": "v", "name": "V", "created": 0, "matchParameters": {}, "alerts": {"email": [" "], "dailyLimit": -1}},
    ]});
    let mut found: Vec<String> = read(&document)
        .unwrap_err()
        .lines()
        .map(str::to_owned)
        .collect();
    found.sort_unstable();
    let mut expected = EXPECTED.trim().lines().map(str::trim).collect::<Vec<_>>();
    expected.sort_unstable();
    assert_eq!(found.join("\n"), expected.join("\n"));
}

const EXPECTED: &str = r#"
/format: `event-rules/2` is none of `event-rules/1`
/rules/0/created: expected milliseconds since 1970, or a date and time with its zone, found `"yesterday"`; such as `2020-12-27T00:00:00Z`
/rules/0/governance: unknown member `governance`
/rules/0/severty: unknown member `severty`; did you mean `severity`?
/rules/0: `name` is missing
/rules/1: expected an object, found `7`
/rules/2/filters/activity.eventType/eq/0: `LabelChangd` is none of `LabelDiscovered`, `LabelApplied`, `LabelRemoved`, `LabelChanged (upgrade)`, `LabelChanged (downgrade)`, `LabelChanged (lateral)`, `LabelActionFailed`, `ProtectionDetected`, `LabelChanged`, `FileSensitivityLabelApplied`, `FileSensitivityLabelChanged`, `FileSensitivityLabelRemoved`; did you mean `LabelChanged`?
/rules/2/filters/activity.eventType/eq/1: expected the name of a label event, found `917663`; write `LabelApplied` and `LabelChanged`, and `policy` and `administrator` as the `actor`
/rules/2/filters/activity.eventType/eq/2: expected the name of a label event, found `917664`; write `LabelRemoved`, and `policy` and `administrator` as the `actor`
/rules/2/filters/activity.eventType/eq/3: expected a text, found `1`
/rules/2/filters/actor/eq/0: `ines@contoso.example` is none of `policy`, `administrator`, `outside`; write `{"outside": "ines@contoso.example"}`
/rules/2/filters/actor/eq/1: `polcy` is none of `policy`, `administrator`, `outside`; did you mean `policy`?
/rules/2/filters/actor/eq/2: expected an object with one of `policy`, `administrator` and `outside`, found an empty object
/rules/2/filters/actor/eq/3/polcy: unknown member `polcy`; did you mean `policy`?
/rules/2/filters/actor/eq/4/outside: expected an address, found `""`
/rules/2/filters/actor/eq/5: expected an object with one of `policy`, `administrator` and `outside`, found an object
/rules/2/filters/actor/eq/6/policy: expected a text, found `7`
/rules/2/filters/actor/eq/7: expected an object, found `7`
/rules/2/filters/any: no filter `any`, the filters are `activity.eventType`, `actionType`, `service`, `instance`, `fileLabels`, `fileId`, `actor`, `date`, `created`; event rules have no groups; write a rule for each case
/rules/2/filters/created/range: 2 values, at most 1 are allowed
/rules/2/filters/date/gte_ndays: filter `date` takes no operator `gte_ndays`, it takes `lte`, `gte`, `range`; events are looked at as they come, so only fixed dates tell them apart
/rules/2/filters/date: the range ends before it starts
/rules/2/filters/fileId/eq/1: expected a text, found `7`
/rules/2/filters/fileLabels: expected at least one operator, found an empty object
/rules/2/filters/instance: expected an object of operators, found an empty list
/rules/2/filters/ips: no filter `ips`, the filters are `activity.eventType`, `actionType`, `service`, `instance`, `fileLabels`, `fileId`, `actor`, `date`, `created`
/rules/2/filters/servce: no filter `servce`, the filters are `activity.eventType`, `actionType`, `service`, `instance`, `fileLabels`, `fileId`, `actor`, `date`, `created`; did you mean `service`?
/rules/2/filters/service/contains: filter `service` takes no operator `contains`, it takes `eq`, `neq`
/rules/2/filters/service/eq/0: expected a whole number, found `"10489"`; write `10489` without quotation marks
/rules/2/filters/user.domain: no filter `user.domain`, the filters are `activity.eventType`, `actionType`, `service`, `instance`, `fileLabels`, `fileId`, `actor`, `date`, `created`; write `actor`
/rules/2/filters/userAgent.tags: no filter `userAgent.tags`, the filters are `activity.eventType`, `actionType`, `service`, `instance`, `fileLabels`, `fileId`, `actor`, `date`, `created`; the product's activities have it, label events don't
/rules/2/id: policy id `r` is used twice
/rules/3/matchParameters/minimumCount: `mode single` and `minimumCount` exclude one another; write mode `repeated`
/rules/4/matchParameters/minimumCount: expected a whole number from 1 to 10000, found `0`
/rules/4/matchParameters: `timeFrameMinutes` is missing
/rules/5/filters: expected an object of filters, found an empty list
/rules/5/matchParameters/mode: `often` is none of `single`, `repeated`
/rules/6/alerts/dailyLimit: expected a whole number, found `-1`
/rules/6/alerts/email/0: expected an address that is not blank, at most 2048 bytes, without control characters, found `" "`
/rules/6/matchParameters: `mode` is missing
"#;

#[test]
fn a_026_documents_are_bounded() {
    let rule = |at: usize| json!({"id": at.to_string(), "name": "R", "created": 0});
    let most: Vec<Value> = (0..=RULES_MAX).map(rule).collect();
    let document = json!({"format": "event-rules/1", "rules": most});
    assert_eq!(
        read(&document).unwrap_err(),
        format!(
            "/rules: {} items, at most {RULES_MAX} are allowed",
            RULES_MAX + 1
        )
    );
    let many = vec![1; VALUES_MAX + 1];
    assert_eq!(
        errors(json!({"filters": {"service": {"neq": many}}})),
        "/rules/0/filters/service/neq: 5001 values, at most 5000 are allowed"
    );
    let kinds = vec!["LabelChanged"; VALUES_MAX];
    let document = read(&rules(json!({"filters": {"actionType": {"neq": kinds}}}))).unwrap();
    assert!(document.rules[0].check().is_ok());
    for (name, limit) in [
        ("minimumCount", COUNT_MAX),
        ("timeFrameMinutes", TIME_FRAME_MINUTES_MAX),
    ] {
        for (number, is_read) in [(limit, true), (limit + 1, false)] {
            let mut repeated =
                json!({"mode": "repeated", "minimumCount": 2, "timeFrameMinutes": 2});
            repeated[name] = number.into();
            let read = read(&rules(json!({"matchParameters": repeated})));
            assert_eq!(read.is_ok(), is_read);
            if let Err(error) = read {
                let expected = format!(
                    "/rules/0/matchParameters/{name}: expected a whole number from 1 to {limit}, \
                     found `{number}`"
                );
                assert_eq!(error, expected);
            }
        }
    }
}

#[test]
fn a_026_what_is_published_of_event_rules_is_what_is_read() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/event-rules-1.schema.json"
    );
    let published: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(
        published == event_rule_schema(),
        "print it anew: cargo run --example policies -- schema event-rules"
    );
}

/// What can't be read for its form is not valid, and the other way round.
#[test]
fn a_026_an_event_rule_that_cannot_be_read_is_not_valid() {
    let repeated = |members: Value| {
        let mut all = json!({"mode": "repeated", "minimumCount": 2, "timeFrameMinutes": 5});
        all.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        json!({"matchParameters": all})
    };
    let filters = |filters: Value| json!({"filters": filters});
    for (members, is_valid) in [
        (json!({}), true),
        (json!({"created": "2020-12-27T00:00:00Z"}), true),
        (json!({"created": 1.5}), false),
        (json!({"category": "threat"}), false),
        (json!({"governance": {}}), false),
        (json!({"alerts": {"dailyLimit": -1}}), false),
        (json!({"matchParameters": {"mode": "single"}}), true),
        (
            json!({"matchParameters": {"mode": "single", "minimumCount": 2}}),
            false,
        ),
        (json!({"matchParameters": {}}), false),
        (repeated(json!({})), true),
        (
            repeated(json!({"singleApp": true, "uniqueFiles": false})),
            true,
        ),
        (repeated(json!({"minimumCount": 0})), false),
        (repeated(json!({"minimumCount": 10_001})), false),
        (repeated(json!({"timeFrameMinutes": 44_641})), false),
        (repeated(json!({"uniqueFiles": 1})), false),
        (filters(json!({})), true),
        (filters(json!({"servce": {"eq": [1]}})), false),
        (filters(json!({"service": {}})), false),
        (filters(json!({"service": []})), false),
        (filters(json!({"service": {"eq": 1, "neq": [2]}})), true),
        (filters(json!({"service": {"eq": ["1"]}})), false),
        (filters(json!({"fileLabels": {"eq": "General"}})), true),
        (filters(json!({"fileId": {"eq": ""}})), false),
        (
            filters(json!({"activity.eventType": {"eq": "LabelApplied"}})),
            true,
        ),
        (
            filters(json!({"activity.eventType": {"eq": ["Upload"]}})),
            false,
        ),
        (
            filters(json!({"date": {"gte": 1, "range": {"start": 1, "end": 2}}})),
            true,
        ),
        (filters(json!({"date": {"range": []}})), false),
        (filters(json!({"date": {"range": [{"start": 1}]}})), false),
        (filters(json!({"date": {"gte_ndays": 1}})), false),
        (
            filters(json!({"actor": {"eq": ["outside", {"policy": "p"}]}})),
            true,
        ),
        (filters(json!({"actor": {"eq": [{}]}})), false),
        (
            filters(json!({"actor": {"eq": [{"policy": "p", "outside": "x"}]}})),
            false,
        ),
        (filters(json!({"actor": {"eq": ["nobody"]}})), false),
    ] {
        let document = rules(members.clone());
        assert_eq!(VALIDATOR.is_valid(&document), is_valid, "{members}");
        assert_eq!(read(&document).is_ok(), is_valid, "{members}");
    }
}

/// E14 of 2.7, as far as label events go.
#[test]
fn r_184_the_worked_example_takes_labelled_files_that_are_new() {
    let labels = labels();
    let document = worked_event_rules(&context(&labels), NOW_MS).unwrap();
    let [rule] = document.rules.as_slice() else {
        panic!("one rule");
    };
    assert_eq!(
        (rule.severity, rule.category, rule.alerts.daily_limit),
        (Severity::High, Category::SharingControl, 1000)
    );
    let mut taken = Vec::new();
    for app in [AppId::BOX, AppId::ONEDRIVE, AppId::SHAREPOINT_ONLINE] {
        for kind in KINDS {
            for (at, label) in [own(CONFIDENTIAL), own(GENERAL)].into_iter().enumerate() {
                let event = LabelEvent {
                    kind,
                    file: FileKey::new(app, 0, FileId::parse("7").unwrap()),
                    before: None,
                    after: Some(EventLabel::new(label, &labels)),
                    actor: Actor::Outside(None),
                    at_ms: NOW_MS,
                };
                if rule.takes(&event) {
                    taken.push((app, kind, at));
                }
                let before = LabelEvent {
                    at_ms: NOW_MS - 1,
                    ..event
                };
                assert!(!rule.takes(&before));
            }
        }
    }
    let discovered = LabelEventKind::LabelDiscovered;
    assert_eq!(
        taken,
        [
            (AppId::BOX, discovered, 0),
            (AppId::ONEDRIVE, discovered, 0)
        ]
    );
    let bare = label_core::LabelCatalog::empty(labels.tenant());
    let bare = label_core::LabelView::new(bare.into());
    let error = worked_event_rules(&context(&bare), 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/rules/0/filters/fileLabels/eq/0: no label `Confidential`"
    );
}

#[test]
fn r_183_events_are_read_from_json_with_all_that_is_wrong() {
    let labels = labels();
    let text = json!({
        "eventType": "LabelChanged (upgrade)", "app": 10489, "fileId": "7",
        "before": "General", "after": {"label": "Secret", "level": 9, "position": 1},
        "actor": {"policy": "p"}, "date": "2020-12-27T12:00:00Z",
    });
    let event = LabelEvent::from_json(&text.to_string(), &labels).unwrap();
    let expected = LabelEvent {
        kind: LabelEventKind::LabelChanged(ChangeDirection::Upgrade),
        file: FileKey::new(AppId::BOX, 0, FileId::parse("7").unwrap()),
        before: Some(EventLabel::new(own(GENERAL), &labels)),
        after: Some(EventLabel {
            key: own(SECRET),
            priority: Some(LabelPriority {
                level: 9,
                position: 1,
            }),
        }),
        actor: Actor::Policy(PolicyId::parse("p").unwrap()),
        at_ms: NOW_MS,
    };
    assert_eq!(event, expected);
    // A label that was deleted since was there at the time.
    let gone = json!({"eventType": "LabelRemoved", "app": 1, "fileId": "7", "before": own(GONE).to_string(), "date": 0});
    assert!(LabelEvent::from_json(&gone.to_string(), &labels).is_ok());
    for (text, expected) in [
        (
            json!({}),
            "`eventType` is missing\n`app` is missing\n`fileId` is missing\n`date` is missing",
        ),
        (json!(7), "expected an object, found `7`"),
        (
            json!({"eventType": "LabelChanged", "app": "x", "instance": -1, "fileId": "", "before": "x",
                "after": {"level": 1}, "actor": "policy", "date": "now", "at": 0}),
            "/at: unknown member `at`\n\
             /eventType: expected the name of one kind of event, found `\"LabelChanged\"`; write which \
             way the label was changed, such as `LabelChanged (upgrade)`\n\
             /app: expected a whole number, found `\"x\"`\n\
             /instance: expected a whole number, found `-1`\n\
             /fileId: expected the id of a file, found `\"\"`\n\
             /before: no label `x`\n\
             /after: `label` is missing\n\
             /after: `position` is missing\n\
             /actor: expected which one it was, found `\"policy\"`\n\
             /date: expected milliseconds since 1970, or a date and time with its zone, found \
             `\"now\"`; such as `2020-12-27T00:00:00Z`",
        ),
    ] {
        let error = LabelEvent::from_json(&text.to_string(), &labels).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

fn selections<T: Clone + std::fmt::Debug + 'static>(
    values: Vec<T>,
) -> impl Strategy<Value = Selection<T>> {
    let most = values.len();
    let some = prop::option::of(subsequence(values.clone(), 0..=most));
    let none = prop_oneof![Just(Vec::new()), subsequence(values, 0..=most)];
    (some, none).prop_map(|(eq, neq)| Selection { eq, neq })
}

/// Also before the year 0 and after 9999, which no date tells.
fn instants() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -62_167_219_200_001_i64..-62_167_219_199_998,
        253_402_300_799_998_i64..253_402_300_800_002,
        0_i64..2_000_000_000_000,
        select(vec![i64::MIN, i64::MAX, -1, 0, NOW_MS]),
    ]
}

fn labels_of_filters() -> Vec<LabelKey> {
    vec![
        own(CONFIDENTIAL),
        own(LEGACY),
        own(4_711),
        foreign(1),
        foreign(2),
    ]
}

fn odd_texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Straße İ е́ 東京".to_owned()),
        Just("a\"b\\c".to_owned()),
        "[ -~]{0,6}x",
        "\\PC{0,6}x",
    ]
}

prop_compose! {
    fn filters()(
        kind in selections(KINDS.to_vec()),
        app in selections(vec![AppId::BOX, AppId(0), AppId(u32::MAX)]),
        instance in selections(vec![0, 1, u32::MAX]),
        label in selections(labels_of_filters()),
        file in odd_texts().prop_flat_map(|text| {
            selections(vec![FileId::parse("7").unwrap(), FileId::parse(&text).unwrap()])
        }),
        actor in odd_texts().prop_flat_map(|text| selections(vec![
            ActorPattern::AnyPolicy,
            ActorPattern::Policy(PolicyId::parse(&text).unwrap()),
            ActorPattern::AnyAdministrator,
            ActorPattern::Administrator(Address::parse(&text).unwrap()),
            ActorPattern::AnyoneOutside,
            ActorPattern::Outside(Address::parse(&text).unwrap()),
        ])),
        dates in (prop::option::of(instants()), prop::option::of(instants())),
    ) -> EventFilter {
        let (from_ms, until_ms) = match dates {
            (Some(one), Some(other)) => (Some(one.min(other)), Some(one.max(other))),
            either => either,
        };
        EventFilter { kind, app, instance, label, file, actor, from_ms, until_ms }
    }
}

prop_compose! {
    fn event_rules()(
        texts in (odd_texts(), odd_texts(), prop::option::of(odd_texts())),
        severity in select(vec![Severity::Low, Severity::Medium, Severity::High]),
        category in select(vec![Category::Dlp, Category::ThreatDetection, Category::Compliance]),
        enabled in any::<bool>(),
        created_ms in instants(),
        filter in filters(),
        repeated in prop::option::of((1..=COUNT_MAX, 1..=TIME_FRAME_MINUTES_MAX, any::<[bool; 2]>())),
        alerts in (any::<bool>(), any::<u32>(), prop::collection::vec("[a-z]{1,4}@x", 0..3)),
    ) -> EventRule {
        let (name, description, template) = texts;
        let id = PolicyId::parse("r").unwrap();
        let mut rule = EventRule::new(id, name, created_ms);
        rule.template = template;
        rule.description = description;
        rule.severity = severity;
        rule.category = category;
        rule.enabled = enabled;
        rule.filter = filter;
        if let Some((minimum_count, time_frame_minutes, [single, unique])) = repeated {
            rule.parameters = MatchParameters::Repeated(Repeated {
                minimum_count,
                time_frame_minutes,
                apps: if single { AppScope::Single } else { AppScope::All },
                counting: if unique { Counting::UniqueFiles } else { Counting::Events },
            });
        }
        (rule.alerts.each_match, rule.alerts.daily_limit, rule.alerts.email) = alerts;
        rule
    }
}

prop_compose! {
    fn label_events()(
        kind in select(KINDS.to_vec()),
        app in any::<u32>(),
        instance in any::<u32>(),
        id in odd_texts(),
        labels in prop::collection::vec(
            (select(labels_of_filters()), prop::option::of(any::<[u32; 2]>())), 2,
        ),
        has in any::<[bool; 2]>(),
        actor in 0..4,
        at_ms in instants(),
    ) -> LabelEvent {
        let label = |at: usize| {
            let (key, priority) = labels[at];
            let priority = priority.map(|[level, position]| LabelPriority { level, position });
            has[at].then_some(EventLabel { key, priority })
        };
        let address = Address::parse(&id).unwrap();
        LabelEvent {
            kind,
            file: FileKey::new(AppId(app), instance, FileId::parse(&id).unwrap()),
            before: label(0),
            after: label(1),
            actor: match actor {
                0 => Actor::Policy(PolicyId::parse(&id).unwrap()),
                1 => Actor::Administrator(address),
                2 => Actor::Outside(Some(address)),
                _ => Actor::Outside(None),
            },
            at_ms,
        }
    }
}

fn odd_values() -> impl Strategy<Value = Value> {
    let one = select(vec![
        json!("LabelChanged"),
        json!("outside"),
        json!({"policy": "p"}),
        json!({"outside": ""}),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(null),
        json!(true),
        json!("General"),
        json!(own(4_711).to_string()),
        json!(""),
        json!("2020-12-27T00:00:00Z"),
        json!({"start": 1, "end": 2}),
        json!({"start": 2, "end": 1}),
        json!({}),
    ]);
    let list = prop::collection::vec(one.clone(), 0..3).prop_map(Value::Array);
    prop_oneof![one, list]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_026_event_rules_that_are_written_are_valid_and_read_as_they_were(rule in event_rules()) {
        prop_assert!(rule.check().is_ok());
        let document = EventRuleDocument { rules: vec![rule] };
        let written = serde_json::to_value(&document).unwrap();
        if let Err(error) = VALIDATOR.validate(&written) {
            return Err(TestCaseError::fail(error.to_string()));
        }
        let again = read(&written);
        prop_assert_eq!(again.as_ref(), Ok(&document));
    }

    #[test]
    fn r_183_events_that_are_written_are_read_as_they_were(event in label_events()) {
        let written = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(LabelEvent::from_json(&written, &labels()), Ok(event));
    }

    /// Any value in any place: refused or read, and what is read can be used.
    #[test]
    fn a_026_whatever_is_read_of_event_rules_can_be_used(
        name in select(vec![
            "activity.eventType", "service", "fileLabels", "fileId", "actor", "date", "policy",
        ]),
        operator in select(vec!["eq", "neq", "gte", "lte", "range"]),
        value in odd_values(),
    ) {
        let document = rules(json!({"filters": {name: {operator: value}}}));
        if let Ok(read) = read(&document) {
            prop_assert!(read.rules[0].check().is_ok());
            prop_assert!(VALIDATOR.is_valid(&document), "{}", document);
        }
    }
}
