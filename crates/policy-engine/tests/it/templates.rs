//! Every template and every policy of the product's pages, on records that they are about.

use crate::shared::*;
use label_core::{AppId, FileId, FileKey, PolicyId};
use policy_engine::{
    AccessLevel, BuildContext, ContentAnswer, EntityKey, FileRecord, Inspection, Outcome,
    PolicyDefinition, PolicyDocument, PolicySet, templates, worked_examples,
};
use serde_json::{Value, json};

const DAY_MS: i64 = 86_400_000;

fn built(document: &PolicyDocument) -> PolicySet {
    let labels = labels();
    let mut context = BuildContext::new(&labels);
    context.detectors = &["credit_card", "iban", "us_ssn", "us_npi"];
    // The tenant of these tests has Confidential as a heading, which nobody can apply.
    let text = serde_json::to_string(document).unwrap();
    let text = text.replace(
        r#""applyLabel":"Confidential""#,
        r#""applyLabel":"General""#,
    );
    match PolicySet::from_json(&text, &context) {
        Ok(set) => set,
        Err(errors) => panic!("{errors}"),
    }
}

/// A file as these members of a table say it.
fn record(facts: &Value) -> FileRecord {
    let app = facts["app"]
        .as_u64()
        .map_or(AppId::BOX, |app| AppId(app as u32));
    let mut record = FileRecord::new(FileKey::new(app, 0, FileId::parse("1").unwrap()), "a.docx");
    record.label_scan = policy_engine::LabelScan::Done;
    for (name, value) in facts.as_object().unwrap() {
        let text = value.as_str().unwrap_or_default();
        match name.as_str() {
            "app" => {}
            "level" => record.access_level = AccessLevel::from_code(value.as_u64().unwrap() as u32),
            "name" => record.name = text.into(),
            "label" => record.labels.push(match text {
                "Confidential" => own(CONFIDENTIAL),
                "All Employees" => own(ALL_EMPLOYEES),
                _ => own(GENERAL),
            }),
            "age" => record.modified_ms = Some(NOW_MS - value.as_i64().unwrap() * DAY_MS),
            "folder" => record.parent_folders.push(text.into()),
            "domain" => record.domains.push(text.into()),
            "unit" => record.owner_org_unit = Some(text.into()),
            "group" => record.owner_entities.push(EntityKey {
                id: text.into(),
                app: None,
                instance: None,
            }),
            "is_folder" => record.is_folder = value.as_bool().unwrap(),
            other => panic!("{other}"),
        }
    }
    record
}

/// Which policies of a set match each of these files; content matches wherever it is asked for.
fn check(set: &PolicySet, id: &str, files: &[(Value, Outcome)]) {
    let policy = set.policy(&PolicyId::parse(id).unwrap()).unwrap();
    for (facts, expected) in files {
        let mut content = |_: &Inspection| ContentAnswer::NotYet;
        let outcome = policy.evaluate(&record(facts), NOW_MS, &mut content);
        assert_eq!(outcome, *expected, "{id}: {facts}");
    }
}

const YES: Outcome = Outcome::Match;
const NO: Outcome = Outcome::NoMatch;
const READ: Outcome = Outcome::NeedsContent;

#[test]
fn a_013_every_template_finds_what_it_is_named_for() {
    let set = built(&templates());
    let golden = [
        (
            "externally-shared-source-code",
            vec![
                (json!({"level": 2, "name": "main.RS"}), YES),
                (json!({"level": 1, "name": "main.rs"}), NO),
                (json!({"level": 3, "name": "main.docx"}), NO),
            ],
        ),
        ("pci", vec![(json!({}), READ)]),
        ("phi", vec![(json!({}), READ)]),
        ("private-information", vec![(json!({}), READ)]),
        (
            "personal-email-addresses",
            vec![
                (json!({"domain": "GMAIL.com"}), YES),
                (json!({"domain": "contoso.example"}), NO),
                (json!({}), NO),
            ],
        ),
        (
            "unauthorized-domain",
            vec![(json!({"domain": "x.example"}), NO)],
        ),
        (
            "shared-certificates",
            vec![
                (json!({"level": 1, "name": "server.pfx"}), YES),
                (json!({"level": 0, "name": "server.pfx"}), NO),
                (json!({"name": "server.pfx"}), NO),
                (json!({"level": 4, "name": "server.txt"}), NO),
            ],
        ),
        (
            "public-buckets",
            vec![
                (json!({"app": 11599, "level": 4, "is_folder": true}), YES),
                (json!({"app": 11599, "level": 2, "is_folder": true}), NO),
                (json!({"app": 10489, "level": 4, "is_folder": true}), NO),
            ],
        ),
        (
            "stale-externally-shared",
            vec![
                (json!({"level": 2, "age": 180}), YES),
                (json!({"level": 2, "age": 179}), NO),
                (json!({"level": 1, "age": 500}), NO),
            ],
        ),
    ];
    assert_eq!(golden.len(), set.policies().len());
    for (id, files) in golden {
        check(&set, id, &files);
    }
}

#[test]
fn a_013_worked_examples_match_what_their_pages_say() {
    let set = built(&worked_examples());
    let confidential =
        |level: u32, app: u32| json!({"level": level, "app": app, "label": "Confidential"});
    let golden = [
        (
            "E1",
            vec![
                (confidential(2, 10489), YES),
                (confidential(4, 10489), NO),
                (confidential(2, 20892), NO),
                (json!({"level": 2, "label": "General"}), NO),
            ],
        ),
        (
            "E1-2025",
            vec![
                (json!({"level": 4, "label": "All Employees"}), YES),
                (confidential(4, 10489), NO),
            ],
        ),
        (
            "E2",
            vec![
                (
                    json!({"app": 20892, "age": 3, "label": "Confidential", "folder": "Sales"}),
                    YES,
                ),
                (
                    json!({"app": 20892, "age": 3, "label": "Confidential", "folder": "finance"}),
                    NO,
                ),
                (
                    json!({"app": 20892, "age": 3_000, "label": "Confidential"}),
                    NO,
                ),
            ],
        ),
        (
            "E2-2025",
            vec![
                (
                    json!({"app": 20892, "level": 2, "age": 90, "folder": "Sales"}),
                    YES,
                ),
                (
                    json!({"app": 20892, "level": 2, "age": 91, "folder": "Sales"}),
                    NO,
                ),
                (
                    json!({"app": 20892, "level": 2, "age": 90, "folder": "Customer Data"}),
                    NO,
                ),
            ],
        ),
        (
            "E3",
            vec![
                (json!({"app": 11770, "level": 2, "unit": "Finance"}), YES),
                // Private files too: the product's own wording takes them in.
                (json!({"app": 11770, "level": 0, "unit": "Finance"}), YES),
                (json!({"app": 11770, "level": 1, "unit": "Finance"}), NO),
                (json!({"app": 11770, "level": 2, "unit": "Sales"}), NO),
            ],
        ),
        (
            "E4",
            vec![
                (
                    json!({"folder": "Customer data", "group": "Finance team"}),
                    READ,
                ),
                (json!({"folder": "Customer data", "group": "Sales"}), NO),
                (json!({"folder": "Other", "group": "Finance team"}), NO),
            ],
        ),
        (
            "E5",
            vec![(confidential(4, 1), YES), (confidential(1, 1), NO)],
        ),
        (
            "E6",
            vec![
                (json!({"label": "Confidential", "folder": "Open"}), YES),
                (json!({"label": "Confidential"}), YES),
                (json!({"label": "Confidential", "folder": "legal"}), NO),
            ],
        ),
        ("E7", vec![(json!({}), READ)]),
        ("E8", vec![(json!({}), READ)]),
        (
            "E9",
            vec![
                (
                    json!({"label": "Confidential", "domain": "fabrikam.example"}),
                    YES,
                ),
                (
                    json!({"label": "Confidential", "domain": "contoso.example"}),
                    NO,
                ),
                (json!({"label": "Confidential"}), NO),
            ],
        ),
        (
            "E10",
            vec![
                (json!({"level": 3, "age": 200}), YES),
                (json!({"level": 4, "age": 200}), NO),
            ],
        ),
        (
            "E11",
            vec![(confidential(2, 15600), YES), (confidential(0, 15600), NO)],
        ),
        ("E12", vec![(json!({}), READ), (json!({"level": 0}), READ)]),
        (
            "E13",
            vec![
                (json!({"level": 1, "name": "a.crt"}), YES),
                (json!({"level": 0, "name": "a.crt"}), NO),
                (json!({"name": "a.crt"}), YES),
            ],
        ),
    ];
    assert_eq!(golden.len(), set.policies().len());
    for (id, files) in golden {
        check(&set, id, &files);
    }
    let e6 = set.policy(&PolicyId::parse("E6").unwrap()).unwrap();
    let kinds: Vec<&str> = e6
        .actions(AppId::BOX)
        .iter()
        .filter_map(|it| it.kind())
        .map(|it| it.name())
        .collect();
    assert_eq!(kinds, ["adminQuarantine", "notifyOwner"]);
}

#[test]
fn r_116_a_template_can_be_stripped_of_every_filter() {
    for template in templates().policies {
        let id = PolicyId::parse("mine").unwrap();
        let mut policy = PolicyDefinition::from_template(template.id.as_str(), id).unwrap();
        assert_eq!(policy.template.as_deref(), Some(template.id.as_str()));
        assert_eq!(policy.filters, template.filters);
        policy.filters.clear();
        policy.inspection = None;
        let mut document = PolicyDocument::default();
        document.policies.push(policy);
        check(
            &built(&document),
            "mine",
            &[(json!({}), YES), (json!({"level": 0}), YES)],
        );
    }
    let id = PolicyId::parse("mine").unwrap();
    assert!(PolicyDefinition::from_template("no such", id).is_none());
}
