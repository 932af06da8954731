//! What reading the content has to do with filters.

use crate::shared::*;
use label_core::AppId;
use policy_engine::{ContentAnswer, FileRecord, Inspection, LabelScan, Outcome};
use serde_json::{Value, json};

#[test]
fn a_016_content_is_asked_for_last() {
    let policy = build(json!({
        "filters": {"service": {"eq": [10489]}, "fileLabels": {"eq": ["General"]}},
        "inspection": {"method": "built_in", "preset": "credit_card"},
    }));
    let mut asked = 0;
    let mut run = |record: &FileRecord, answer: ContentAnswer| {
        let mut matcher = |_: &Inspection| {
            asked += 1;
            answer
        };
        let outcome = policy.evaluate(record, NOW_MS, &mut matcher);
        (outcome, std::mem::take(&mut asked))
    };
    let found = ContentAnswer::Match { count: 1 };
    let mut labelled = file(AppId::BOX);
    labelled.labels.push(own(GENERAL));
    let mut never = file(AppId::BOX);
    never.label_scan = LabelScan::Never;

    assert_eq!(run(&file(AppId::ONEDRIVE), found), (Outcome::NoMatch, 0));
    assert_eq!(run(&file(AppId::BOX), found), (Outcome::NoMatch, 0));
    assert_eq!(run(&never, found), (Outcome::NeedsScan, 0));
    assert_eq!(run(&labelled, found), (Outcome::Match, 1));
    assert_eq!(
        run(&labelled, ContentAnswer::NoMatch),
        (Outcome::NoMatch, 1)
    );
    assert_eq!(
        run(&labelled, ContentAnswer::NotYet),
        (Outcome::NeedsContent, 1)
    );
    let encrypted = ContentAnswer::Unavailable(policy_engine::Unavailable::Encrypted);
    assert_eq!(run(&labelled, encrypted), (Outcome::NoMatch, 1));
}

#[test]
fn r_113_covers_leaves_labels_and_content_out() {
    let policy = build(json!({
        "filters": {
            "service": {"eq": [10489]},
            "fileLabels": {"eq": ["General"]},
            "modifiedDate": {"gte_ndays": 1},
        },
        "folderScope": {"mode": "excluding", "folders": [{"app": 10489, "id": "F"}]},
        "inspection": {"method": "built_in", "preset": "credit_card"},
    }));
    let mut record = file(AppId::BOX);
    record.modified_ms = Some(NOW_MS);
    assert!(policy.covers(&record, NOW_MS));
    assert!(!policy.covers(&record, NOW_MS + 86_400_001));
    assert!(!policy.with_enabled(false).covers(&record, NOW_MS));
    record.ancestor_folders = Some(vec!["F".into()]);
    assert!(!policy.covers(&record, NOW_MS));
    let mut elsewhere = file(AppId::ONEDRIVE);
    elsewhere.modified_ms = Some(NOW_MS);
    assert!(!policy.covers(&elsewhere, NOW_MS));
    assert!(policy.needs_labels() && policy.needs_content());
}

#[test]
fn a_023_types_of_information_count_together() {
    let context_of = |members: Value| {
        let labels = labels();
        let mut context = context(&labels);
        context.information_types = &["passport", "iban"];
        policy_engine::PolicySet::from_json(&document(members).to_string(), &context)
            .map(|set| set.policies()[0].clone())
            .map_err(|errors| errors.to_string())
    };
    let inspection = |types: Value, combine: &str| json!({"inspection": {"method": "classification", "types": types, "combine": combine}});
    for (members, error) in [
        (
            inspection(json!(["pasport"]), "any"),
            "/policies/0/inspection/types/0: no type of information `pasport`; did you mean `passport`?",
        ),
        (
            inspection(json!([]), "any"),
            "/policies/0/inspection/types: expected at least one type, found an empty list",
        ),
        (
            inspection(json!(["iban"]), "some"),
            "/policies/0/inspection/combine: `some` is none of `any`, `all`",
        ),
        (
            json!({"inspection": {"method": "classification"}}),
            "/policies/0/inspection: `types` is missing",
        ),
        (
            json!({"inspection": {"method": "classification", "types": ["iban"], "preset": "iban"}}),
            "/policies/0/inspection/preset: unknown member `preset`",
        ),
    ] {
        let said = context_of(members).unwrap_err();
        assert_eq!(said.lines().next(), Some(error));
    }

    let (yes, no, later) = (
        ContentAnswer::Match { count: 3 },
        ContentAnswer::NoMatch,
        ContentAnswer::NotYet,
    );
    let few = ContentAnswer::Match { count: 1 };
    let closed = ContentAnswer::Unavailable(policy_engine::Unavailable::Encrypted);
    for (passport, iban, any, all) in [
        (yes, yes, Outcome::Match, Outcome::Match),
        (yes, few, Outcome::Match, Outcome::Match),
        (yes, no, Outcome::Match, Outcome::NoMatch),
        (no, yes, Outcome::Match, Outcome::NoMatch),
        (no, no, Outcome::NoMatch, Outcome::NoMatch),
        (no, later, Outcome::NeedsContent, Outcome::NoMatch),
        (later, no, Outcome::NeedsContent, Outcome::NoMatch),
        (later, yes, Outcome::Match, Outcome::NeedsContent),
        (closed, yes, Outcome::Match, Outcome::NoMatch),
        (closed, closed, Outcome::NoMatch, Outcome::NoMatch),
    ] {
        for (combine, expected) in [("any", any), ("all", all)] {
            let policy = context_of(inspection(json!(["passport", "iban"]), combine)).unwrap();
            let mut content = |inspection: &Inspection| match &inspection.include {
                policy_engine::Include::Types { types, combine } => {
                    let types = types.iter().map(String::as_str);
                    ContentAnswer::of_types(types, *combine, |id| match id {
                        "passport" => passport,
                        _ => iban,
                    })
                }
                other => panic!("{other:?}"),
            };
            let record = file(AppId::BOX);
            let outcome = policy.evaluate(&record, NOW_MS, &mut content);
            assert_eq!(outcome, expected, "{combine} {passport:?} {iban:?}");
            let said = policy.explain(&record, NOW_MS, &mut content).to_string();
            assert!(
                said.contains(&format!("{combine} of passport, iban")),
                "{said}"
            );
        }
    }
    let of = |combine| {
        ContentAnswer::of_types(["a", "b"], combine, |id| if id == "a" { yes } else { few })
    };
    assert_eq!(of(policy_engine::Combine::All), few);
    // It stays what it is through JSON.
    let policy = context_of(inspection(json!(["iban"]), "all")).unwrap();
    let written = serde_json::to_value(policy.definition()).unwrap();
    assert_eq!(written["inspection"]["method"], "classification");
    assert_eq!(written["inspection"]["combine"], "all");
}

#[test]
fn r_114_any_method_of_inspection_has_the_file_read() {
    let labels = labels();
    let mut context = context(&labels);
    context.information_types = &["passport"];
    for inspection in [
        json!({"method": "built_in", "preset": "iban"}),
        json!({"method": "built_in", "expression": {"kind": "exact", "text": "secret"}}),
        json!({"method": "classification", "types": ["passport"]}),
    ] {
        let members = json!({"filters": {"service": {"eq": [10489]}}, "inspection": inspection});
        let set = policy_engine::PolicySet::from_json(&document(members).to_string(), &context);
        let policy = set.unwrap().policies()[0].clone();
        assert!(policy.needs_content() && !policy.needs_labels());
        assert!(policy.covers(&file(AppId::BOX), NOW_MS), "{inspection}");
        assert!(
            !policy.covers(&file(AppId::DROPBOX), NOW_MS),
            "{inspection}"
        );
    }
    assert!(!build(json!({"inspection": {"method": "none"}})).needs_content());
}
