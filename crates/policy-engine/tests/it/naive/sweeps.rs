//! An inventory says of its records what each policy says of each of them.

use label_core::{AppId, FileId, FileKey};
use policy_engine::{
    ContentAnswer, FileRecord, Inspection, Inventory, InventoryOptions, Outcome, PolicySet,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::generate::{PRESENTS, policies, records};
use crate::shared::*;

/// An inventory that saw its records come, change and go.
fn inventory(
    records: &[FileRecord],
    replaced: &[(Index, FileRecord)],
    removed: &[Index],
) -> Inventory {
    let mut inventory = Inventory::new(InventoryOptions::default());
    let identified = |at: usize, record: &FileRecord| {
        let mut record = record.clone();
        let file = FileId::parse(&format!("f-{at}")).unwrap();
        record.key = FileKey::new(record.key.app, record.key.instance, file);
        record
    };
    let mut keys = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let record = identified(at, record);
        keys.push(record.key.clone());
        inventory.insert(record).unwrap();
    }
    for (at, record) in replaced {
        let mut record = record.clone();
        record.key = at.get(&keys).clone();
        inventory.insert(record).unwrap();
    }
    for at in removed {
        inventory.remove(at.get(&keys));
    }
    inventory
}

fn set(policies: &[Value]) -> PolicySet {
    let mut policies = policies.to_vec();
    for (at, policy) in policies.iter_mut().enumerate() {
        policy["id"] = json!(at.to_string());
    }
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    PolicySet::from_json(&text, &context(&labels())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_sweep_agrees_with_each_policy(
        policies in prop_oneof![
            4 => proptest::collection::vec(policies(), 1..10),
            1 => proptest::collection::vec(policies(), 60..70),
        ],
        records in prop_oneof![
            4 => proptest::collection::vec(records(), 1..12),
            1 => proptest::collection::vec(records(), 80..100),
        ],
        replaced in proptest::collection::vec((any::<Index>(), records()), 0..6),
        removed in proptest::collection::vec(any::<Index>(), 0..4),
        now_ms in select(PRESENTS.to_vec()),
    ) {
        let inventory = inventory(&records, &replaced, &removed);
        let set = set(&policies);
        let sweep = inventory.sweep(&set, now_ms);
        let mut not_read = |_: &Inspection| ContentAnswer::NotYet;
        let expected: Vec<Vec<Outcome>> = inventory
            .records()
            .map(|record| {
                let evaluations = set.evaluate(record, now_ms, &mut not_read);
                evaluations.map(|evaluation| evaluation.outcome).collect()
            })
            .collect();
        for (record, expected) in expected.iter().enumerate() {
            for (policy, expected) in expected.iter().enumerate() {
                prop_assert_eq!(sweep.outcome(policy, record), *expected);
            }
            let wanted: Vec<(usize, Outcome)> = expected
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, outcome)| *outcome != Outcome::NoMatch)
                .collect();
            let mut found = Vec::new();
            sweep.each_policy(record, |policy, outcome| found.push((policy, outcome)));
            prop_assert_eq!(found, wanted);
        }
        for policy in 0..policies.len() {
            let wanted: Vec<(usize, Outcome)> = expected
                .iter()
                .map(|outcomes| outcomes[policy])
                .enumerate()
                .filter(|(_, outcome)| *outcome != Outcome::NoMatch)
                .collect();
            let mut found = Vec::new();
            sweep.each_record(policy, |record, outcome| found.push((record, outcome)));
            prop_assert_eq!(found, wanted);
        }
    }
}

#[test]
fn places_that_there_are_not() {
    let set = set(&[json!({"name": "P", "filters": {}})]);
    let empty = Inventory::new(InventoryOptions::default());
    let sweep = empty.sweep(&set, NOW_MS);
    assert_eq!(sweep.outcome(0, 0), Outcome::NoMatch);
    assert_eq!(sweep.record(0), None);
    sweep.each_record(0, |record, _| panic!("{record}"));
    sweep.each_policy(0, |policy, _| panic!("{policy}"));

    let mut inventory = Inventory::new(InventoryOptions::default());
    let mut record = file(AppId::BOX);
    record.name = "Plan.docx".into();
    inventory.insert(record).unwrap();
    let sweep = inventory.sweep(&set, NOW_MS);
    assert_eq!(sweep.outcome(0, 0), Outcome::Match);
    assert_eq!(sweep.outcome(1, 0), Outcome::NoMatch);
    assert_eq!(sweep.outcome(0, 1), Outcome::NoMatch);
    assert_eq!(
        sweep.record(0).map(|record| &*record.name),
        Some("Plan.docx")
    );
}

/// Blocks and words end in the middle of what there is.
#[test]
fn many_records_and_policies() {
    let mut inventory = Inventory::new(InventoryOptions::default());
    for at in 0..2_500 {
        let mut record = file(AppId::BOX);
        record.name = format!("{} {at}.docx", ["Plan", "Offer"][at % 2]).into();
        let id = FileId::parse(&format!("f-{at}")).unwrap();
        record.key = FileKey::new(record.key.app, 0, id);
        record.owner_address = Some(format!("u{}@contoso.example", at % 90).into());
        inventory.insert(record).unwrap();
    }
    let policies: Vec<Value> = (0..130)
        .map(|at| {
            json!({"name": "P", "filters": {
                "owner.username": {"eq": [format!("U{at}@contoso.example")]},
                "filename": {"startswith": ["plan"]},
            }})
        })
        .collect();
    let set = set(&policies);
    let sweep = inventory.sweep(&set, NOW_MS);
    for policy in 0..130 {
        let mut found = Vec::new();
        sweep.each_record(policy, |record, _| found.push(record));
        let expected: Vec<usize> = (0..2_500)
            .filter(|at| at % 90 == policy && at % 2 == 0)
            .collect();
        assert_eq!(found, expected);
    }
    for record in [0, 1, 64, 89, 1_024, 2_048, 2_499] {
        let mut found = Vec::new();
        sweep.each_policy(record, |policy, _| found.push(policy));
        let expected: Vec<usize> = (record % 2 == 0)
            .then_some(record % 90)
            .into_iter()
            .collect();
        assert_eq!(found, expected);
    }
}
