//! By the places of its rows every record gets the outcomes that it gets table by table.

use super::*;
use crate::sweep::codes::CODED_SUBJECTS;

fn built(policies: &[Value]) -> PolicySet {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
    PolicySet::from_json(&text, &BuildContext::new(&labels)).unwrap()
}

fn sweep<'a>(inventory: &'a Inventory, set: &'a PolicySet, limits: Limits) -> Sweep<'a> {
    let subjects = set.policies().iter().map(Subject::Policy).collect();
    Sweep::new(inventory, subjects, 0, limits)
}

/// What each policy says of each record, as far as it doesn't refuse it.
fn outcomes(sweep: &Sweep<'_>, records: usize) -> Vec<Vec<(usize, Outcome)>> {
    let of_record = |record| {
        let mut found = Vec::new();
        sweep.each_policy(record, |policy, outcome| found.push((policy, outcome)));
        found
    };
    (0..records).map(of_record).collect()
}

#[test]
fn merged_tables_say_what_each_says() {
    let (inventory, set) = (inventory(320, 310), policies());
    let mut tables = Vec::new();
    for merged_bytes in [0, 200, 1_000, 8 << 10, 256 << 10] {
        let limits = Limits {
            merged_bytes,
            ..Limits::default()
        };
        assert!(check(&inventory, &set, limits, 1));
        let sweep = sweep(&inventory, &set, limits);
        tables.push(sweep.codes.as_ref().unwrap().tables());
    }
    let each = sweep(&inventory, &set, Limits::default());
    let all = each.tables.len() + each.times.len() + usize::from(each.names.is_some());
    assert_eq!(tables[0], all);
    assert!(
        tables.is_sorted_by(|more, fewer| more >= fewer),
        "{tables:?}"
    );
    assert!((2..all).contains(&tables[4]), "{tables:?}");
}

#[test]
fn any_number_of_policies() {
    let inventory = inventory(120, 110);
    for count in [2, 7, 8, 9, 63, 64, 65, 127, 128, 129, 192, 193, 256, 257] {
        let set = so_many_policies(count);
        for merged_bytes in [0, Limits::default().merged_bytes] {
            let limits = Limits {
                merged_bytes,
                ..Limits::default()
            };
            assert!(check(&inventory, &set, limits, 1), "{count}");
        }
        let sweep = sweep(&inventory, &set, Limits::default());
        assert_eq!(sweep.codes.is_some(), count >= CODED_SUBJECTS, "{count}");
    }
}

/// Where there is no room, tables are looked up one after the other, and say the same.
#[test]
fn without_room_for_codes_tables_are_looked_up() {
    let (inventory, set) = (inventory(100, 90), policies());
    let limits = Limits::default();
    let codes_bytes = sweep(&inventory, &set, limits).codes.unwrap().bytes();
    for (codes_bytes, fits) in [(codes_bytes, true), (codes_bytes - 1, false), (0, false)] {
        let limits = Limits {
            codes_bytes,
            ..limits
        };
        assert_eq!(sweep(&inventory, &set, limits).codes.is_some(), fits);
        assert!(check(&inventory, &set, limits, 1));
    }
}

/// Of texts that start with one another a name is said to start with all.
#[test]
fn beginnings_of_beginnings() {
    let inventory = inventory(310, 3);
    let texts = ["p", "PLAN", "plan 1", "plan 12", "plan 120", "plan 3", "b"];
    let mut policies = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let other = texts[(at + 3) % texts.len()];
        for filters in [
            json!({"filename": {"startswith": [text]}}),
            json!({"filename": {"doesnotstartwith": [text]}}),
            json!({"filename": {"startswith": [text], "doesnotstartwith": [other]}}),
        ] {
            let id = policies.len().to_string();
            policies.push(json!({"id": id, "name": "P", "filters": filters}));
        }
    }
    let set = built(&policies);
    assert!(set.policies().len() >= 2 * CODED_SUBJECTS);
    assert!(check(&inventory, &set, Limits::default(), 1));
    assert!(sweep(&inventory, &set, Limits::default()).names.is_some());
}

/// Labels that nobody read, content, deleted files and policies that are off.
#[test]
fn what_is_left_to_ask_is_asked() {
    let inventory = inventory(42, 40);
    let substring = json!({"method": "built_in", "expression": {
        "kind": "substring", "text": "x",
    }});
    let mut policies = Vec::new();
    for at in 0..CODED_SUBJECTS {
        let filters = json!({"fileLabels": {"isset": false}, "sharing": {"neq": [at % 3]}});
        policies.push(json!({"id": at.to_string(), "name": "P", "filters": filters}));
    }
    policies[1]["inspection"] = substring;
    policies[2]["enabled"] = json!(false);
    let set = built(&policies);
    assert!(check(&inventory, &set, Limits::default(), 1));
    let sweep = sweep(&inventory, &set, Limits::default());
    assert!(sweep.codes.is_some());
    let all = outcomes(&sweep, inventory.len());
    let has = |policy, outcome| all.iter().any(|found| found.contains(&(policy, outcome)));
    assert!(has(0, Outcome::Match) && has(0, Outcome::NeedsScan));
    assert!(has(1, Outcome::NeedsContent) && !has(1, Outcome::Match));
    assert!(!all.iter().flatten().any(|(policy, _)| *policy == 2));
    // The first record, as every seventh, is deleted.
    assert!(all[0].is_empty());
}

/// Where no condition is left to look at, a row still says which policies are on.
#[test]
fn policies_without_conditions_and_places_without_records() {
    let records = 9;
    let inventory = inventory(records, 3);
    let mut policies = Vec::new();
    for at in 0..2 * CODED_SUBJECTS {
        let filters = json!({"allowDeleted": {"eq": true}});
        let (id, enabled) = (at.to_string(), at % 5 != 0);
        policies.push(json!({"id": id, "name": "P", "filters": filters, "enabled": enabled}));
    }
    let set = built(&policies);
    let sweep = sweep(&inventory, &set, Limits::default());
    assert!(sweep.codes.is_some() && sweep.tables.is_empty());
    assert!(check(&inventory, &set, Limits::default(), 1));
    for nowhere in [records, records + 1, usize::MAX / 2, usize::MAX] {
        sweep.each_policy(nowhere, |policy, _| panic!("{policy}"));
    }
}
