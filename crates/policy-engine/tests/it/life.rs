//! Policies come, change and go, over files that are known already.

use label_core::{AppId, FileId, FileKey, PolicyId};
use policy_engine::{
    Answer, BuildContext, FileRecord, Filter, Inventory, InventoryOptions, LabelScan, Outcome,
    PolicyDocument, PolicySet, Query, QueryOptions,
};
use serde_json::{Value, json};

use crate::shared::*;

fn key(id: &str) -> FileKey {
    FileKey::new(AppId::BOX, 0, FileId::parse(id).unwrap())
}

/// Three files whose labels were not read yet.
fn inventory() -> Inventory {
    let mut inventory = Inventory::new(InventoryOptions::default());
    for (id, name) in [("1", "Plan.docx"), ("2", "Offer.pdf"), ("3", "Notes.txt")] {
        inventory.insert(FileRecord::new(key(id), name)).unwrap();
    }
    inventory
}

fn set(document: &PolicyDocument) -> PolicySet {
    PolicySet::build(document, &context(&labels())).unwrap()
}

fn found(set: &PolicySet, inventory: &Inventory) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let sweep = inventory.sweep(set, NOW_MS);
    for (at, policy) in set.policies().iter().enumerate() {
        sweep.each_record(at, |record, outcome| {
            assert_eq!(outcome, Outcome::Match);
            let name = sweep.record(record).unwrap().name.to_string();
            found.push((policy.id().to_string(), name));
        });
    }
    found
}

#[test]
fn r_144_a_policy_is_created_read_changed_disabled_and_deleted() {
    let inventory = inventory();
    let of = |policies: Value| {
        let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
        PolicyDocument::from_json(&text).unwrap()
    };
    let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());

    let mut document = of(json!([
        {"id": "a", "name": "A", "filters": {"extension": {"eq": ["docx"]}}},
        {"id": "b", "name": "B", "filters": {"extension": {"eq": ["txt"]}}},
    ]));
    let both = set(&document);
    let expected = [pair("a", "Plan.docx"), pair("b", "Notes.txt")];
    assert_eq!(found(&both, &inventory), expected);

    let id = PolicyId::parse("a").unwrap();
    let read = both.policy(&id).unwrap();
    assert_eq!((read.name(), read.is_enabled()), ("A", true));

    document.policies[0].filters = json!({"extension": {"eq": ["pdf"]}})
        .as_object()
        .cloned()
        .unwrap();
    let changed = set(&document);
    let expected = [pair("a", "Offer.pdf"), pair("b", "Notes.txt")];
    assert_eq!(found(&changed, &inventory), expected);

    let disabled = changed.with_enabled(&id, false);
    assert_eq!(found(&disabled, &inventory), [pair("b", "Notes.txt")]);
    assert!(!disabled.document().policies[0].enabled);

    document.policies.remove(1);
    let deleted = set(&document);
    assert!(deleted.policy(&PolicyId::parse("b").unwrap()).is_none());
    assert_eq!(found(&deleted, &inventory), [pair("a", "Offer.pdf")]);
}

#[test]
fn r_145_a_new_policy_is_on_and_looks_at_the_files_there_are() {
    let inventory = inventory();
    let text = json!({"format": "file-policies/1", "policies": [
        {"id": "new", "name": "New", "filters": {"filename": {"contains": ["plan"]}}}
    ]});
    let set = PolicySet::from_json(&text.to_string(), &context(&labels())).unwrap();
    assert!(set.policies()[0].is_enabled());
    let expected = [("new".to_owned(), "Plan.docx".to_owned())];
    assert_eq!(found(&set, &inventory), expected);
}

#[test]
fn r_104_a_label_query_finds_what_scanning_found() {
    let mut inventory = inventory();
    let labels = labels();
    let query = Query::from_value(
        &json!({"filters": {"fileLabels": {"eq": ["Confidential"]}}}),
        &BuildContext::new(&labels),
        &QueryOptions::default(),
    )
    .unwrap();
    let page = inventory.answer(&query, NOW_MS);
    assert_eq!((page.total, page.undecided), (0, 3));

    let mut scanned = FileRecord::new(key("2"), "Offer.pdf");
    scanned.labels.push(own(CONFIDENTIAL));
    scanned.label_scan = LabelScan::Done;
    inventory.insert(scanned).unwrap();
    let mut without = FileRecord::new(key("3"), "Notes.txt");
    without.label_scan = LabelScan::Done;
    inventory.insert(without).unwrap();
    let page = inventory.answer(&query, NOW_MS);
    assert_eq!((page.total, page.undecided), (1, 1));
    assert_eq!(&*page.records[0].name, "Offer.pdf");
}

#[test]
fn a_008_folders_and_the_date_of_the_record() {
    let labels = labels();
    let context = BuildContext::new(&labels);
    let answer = |filters: Value, record: &FileRecord| {
        let filter = Filter::build(&filters, &context).unwrap();
        filter.answer(record, NOW_MS)
    };
    let mut folder = FileRecord::new(key("1"), "Plans");
    folder.is_folder = true;
    folder.snapshot_ms = Some(NOW_MS);
    let file = FileRecord::new(key("2"), "Plan.docx");
    for (filters, of_folder, of_file) in [
        (json!({"folder": {"eq": true}}), Answer::Yes, Answer::No),
        (json!({"folder": {"eq": false}}), Answer::No, Answer::Yes),
        (
            json!({"snapshotLastModifiedDate": {"gte": NOW_MS}}),
            Answer::Yes,
            Answer::No,
        ),
        (
            json!({"snapshotLastModifiedDate": {"lte": NOW_MS - 1}}),
            Answer::No,
            Answer::No,
        ),
        (
            json!({"snapshotLastModifiedDate": {"range": [{"start": NOW_MS, "end": NOW_MS}]}}),
            Answer::Yes,
            Answer::No,
        ),
    ] {
        assert_eq!(answer(filters.clone(), &folder), of_folder, "{filters}");
        assert_eq!(answer(filters.clone(), &file), of_file, "{filters}");
    }
}
