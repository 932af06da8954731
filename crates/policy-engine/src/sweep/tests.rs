//! What doesn't fit into tables is asked of each record, and says the same.

use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, TenantId};
use serde_json::{Value, json};

use super::build::Limits;
use super::{Subject, Sweep};
use crate::check::BuildContext;
use crate::evaluate::{ContentAnswer, Outcome};
use crate::inventory::{Inventory, InventoryOptions};
use crate::record::{AccessLevel, FileRecord, FileStatus, LabelScan};
use crate::set::PolicySet;

mod codes;
mod plans;

/// More than the words that are looked at together.
fn policies() -> PolicySet {
    so_many_policies(300)
}

fn so_many_policies(count: usize) -> PolicySet {
    let mut policies: Vec<Value> = Vec::new();
    for at in 0..count {
        let filters = match at % 6 {
            0 => json!({"sharing": {"eq": [at % 5]}, "fileLabels": {"isset": at % 4 == 0}}),
            1 => json!({"owner.username": {"eq": [format!("u{at}@contoso.example")]}}),
            2 => json!({"filename": {"startswith": [format!("plan {at}")]}}),
            3 => json!({"filename": {"doesnotstartwith": ["plan 1"]}, "modifiedDate": {"gte": at}}),
            4 => json!({"allowDeleted": {"eq": true}, "extension": {"neq": ["docx"]}}),
            _ => json!({"collaborators.users": {"regex": [format!("^u{at}")]}}),
        };
        let (id, enabled) = (at.to_string(), at % 17 != 0);
        policies.push(json!({"id": id, "name": "P", "filters": filters, "enabled": enabled}));
    }
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    PolicySet::from_json(&text, &BuildContext::new(&labels)).unwrap()
}

/// `owners` different owners among so many records.
fn inventory(records: usize, owners: usize) -> Inventory {
    let mut inventory = Inventory::new(InventoryOptions::default());
    for at in 0..records {
        let key = FileKey::new(AppId::BOX, 0, FileId::parse(&format!("f{at}")).unwrap());
        let extension = ["docx", "pdf"][at % 2];
        let mut record = FileRecord::new(key, format!("Plan {}.{extension}", at % 310));
        record.access_level = AccessLevel::ALL.get(at % 6).copied();
        record.owner_address = Some(format!("u{}@contoso.example", at % owners).into());
        record.collaborators = vec![format!("u{at}@fabrikam.example").into()];
        record.modified_ms = (at % 3 > 0).then_some(i64::try_from(at % 310).unwrap());
        record.label_scan = [LabelScan::Done, LabelScan::Never, LabelScan::Failed][at % 3];
        if at % 7 == 0 {
            record.status = FileStatus::Deleted;
        }
        inventory.insert(record).unwrap();
    }
    inventory
}

fn check(inventory: &Inventory, set: &PolicySet, limits: Limits, step: usize) -> bool {
    let subjects = set.policies().iter().map(Subject::Policy).collect();
    let sweep = Sweep::new(inventory, subjects, 0, limits);
    let mut not_read = |_: &_| ContentAnswer::NotYet;
    let mut by_record = vec![Vec::new(); set.policies().len()];
    for (policy, found) in by_record.iter_mut().enumerate() {
        sweep.each_record(policy, |record, outcome| found.push((record, outcome)));
    }
    let mut matches = 0;
    for (at, record) in inventory.records().enumerate().step_by(step) {
        let mut expected = Vec::new();
        for evaluation in set.evaluate(record, 0, &mut not_read) {
            let (policy, outcome) = (evaluation.place, evaluation.outcome);
            assert_eq!(
                sweep.outcome(policy, at),
                outcome,
                "{policy} {record:?} {limits:?}"
            );
            let found = by_record[policy].binary_search_by_key(&at, |(record, _)| *record);
            let found = found.map_or(Outcome::NoMatch, |place| by_record[policy][place].1);
            assert_eq!(found, outcome, "{policy} {record:?} {limits:?}");
            if outcome != Outcome::NoMatch {
                expected.push((policy, outcome));
            }
        }
        let mut found = Vec::new();
        sweep.each_policy(at, |policy, outcome| found.push((policy, outcome)));
        assert_eq!(found, expected, "{limits:?}");
        matches += found.len();
    }
    assert!(matches > 0);
    let mut asked = sweep.plans.iter().filter(|plan| plan.is_enabled);
    asked.all(|plan| plan.rest.is_empty() && !plan.asks_status)
}

#[test]
fn what_does_not_fit_says_the_same() {
    let (inventory, set) = (inventory(320, 310), policies());
    let mut answered = Vec::new();
    for rows_bytes in [0, 100, 1_000, 5_000, 20_000, usize::MAX] {
        for name_starts in [0, 64] {
            let limits = Limits {
                rows_bytes,
                name_starts,
                ..Limits::default()
            };
            answered.push(check(&inventory, &set, limits, 1));
        }
    }
    // Only with room for rows and for names nothing is left to ask.
    let all = [false, true];
    assert!(
        answered.ends_with(&all) && !answered[..8].contains(&true),
        "{answered:?}"
    );
}

/// Hardly two records share an owner: owners are asked of the records that are left.
#[test]
fn values_that_do_not_recur() {
    let (inventory, set) = (inventory(1_500, 1_400), policies());
    assert!(!check(&inventory, &set, Limits::default(), 50));
}

/// Policies that are off, or that no record of an app can meet, take no room.
#[test]
fn a_policy_that_is_ruled_out_is_asked_nothing_more() {
    let inventory = inventory(40, 40);
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let text = json!({"format": "file-policies/1", "policies": [
        {"id": "off", "name": "P", "enabled": false, "filters": {"owner.username": {"neq": ["x"]}}},
        {"id": "none", "name": "P", "filters": {
            "service": {"eq": [20892]}, "owner.username": {"neq": ["x"]}
        }},
    ]});
    let set = PolicySet::from_json(&text.to_string(), &BuildContext::new(&labels)).unwrap();
    let sweep = inventory.sweep(&set, 0);
    assert!(sweep.tables.is_empty());
    sweep.each_policy(0, |policy, _| panic!("{policy}"));
    sweep.each_record(0, |record, _| panic!("{record}"));
    sweep.each_record(1, |record, _| panic!("{record}"));
}
