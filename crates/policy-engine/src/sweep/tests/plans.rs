//! What a sweep answers by tables, and in which order: with another plan it would say the same, and
//! take longer.

use super::*;
use crate::sweep::table::Test;

/// The bytes of a row: one word for up to 64 policies, and one more that is looked at with it.
const ROW_BYTES: usize = 16;

fn set_of(filters: &[Value]) -> PolicySet {
    let policies: Vec<Value> = (1..)
        .zip(filters)
        .map(|(id, filters)| json!({"id": id.to_string(), "name": "P", "filters": filters}))
        .collect();
    let text = json!({"format": "file-policies/1", "policies": policies});
    built(&text)
}

fn built(text: &Value) -> PolicySet {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    PolicySet::from_json(&text.to_string(), &BuildContext::new(&labels)).unwrap()
}

/// So many records that exist, of so many owners, of which the first has twenty more.
fn existing(records: usize, owners: usize) -> Inventory {
    let mut inventory = Inventory::new(InventoryOptions::default());
    for at in 0..records {
        let key = FileKey::new(AppId::BOX, 0, FileId::parse(&format!("f{at}")).unwrap());
        let mut record = FileRecord::new(key, format!("Plan {at}.docx"));
        let owner = if at < 20 { 0 } else { at % owners };
        record.owner_address = Some(format!("u{owner}@contoso.example").into());
        record.access_level = AccessLevel::ALL.get(at % 5).copied();
        record.label_scan = LabelScan::Done;
        inventory.insert(record).unwrap();
    }
    inventory
}

fn sweep<'a>(inventory: &'a Inventory, set: &'a PolicySet, limits: Limits) -> Sweep<'a> {
    let subjects = set.policies().iter().map(Subject::Policy).collect();
    Sweep::new(inventory, subjects, 0, limits)
}

#[test]
fn values_are_asked_where_two_records_share_one_on_average() {
    let set = set_of(&[json!({"owner.username": {"eq": ["u3@contoso.example"]}})]);
    // All owners are looked at while there are few records.
    for (records, owners, left) in [(1_024, 1_000, 0), (1_500, 740, 0), (1_500, 760, 1)] {
        let inventory = existing(records, owners);
        let sweep = sweep(&inventory, &set, Limits::default());
        assert_eq!(sweep.plans[0].rest.len(), left, "{owners} of {records}");
        assert_eq!(sweep.plans[0].is_complete, left == 0);
    }
}

#[test]
fn beginnings_of_names_take_what_they_are_allowed() {
    let inventory = existing(10, 3);
    let names: Vec<String> = (0..5).map(|at| format!("plan {at}")).collect();
    let set = set_of(&[json!({"filename": {"startswith": names}})]);
    // One row says that every file exists.
    let exact = ROW_BYTES + (2 * names.len() + 1) * ROW_BYTES;
    for (rows_bytes, name_starts, expected) in
        [(exact, 5, true), (exact, 4, false), (exact - 1, 5, false)]
    {
        let limits = Limits {
            rows_bytes,
            name_starts,
            ..Limits::default()
        };
        let sweep = sweep(&inventory, &set, limits);
        assert_eq!(sweep.names.is_some(), expected, "{limits:?}");
        assert_eq!(sweep.plans[0].rest.is_empty(), expected, "{limits:?}");
    }
}

#[test]
fn of_two_beginnings_that_are_asked_for_one_is_looked_up() {
    let inventory = existing(10, 3);
    let set = set_of(&[
        json!({"filename": {"startswith": ["plan"], "startswithsingle": "plan 1"}}),
        json!({"filename": {"startswith": ["plan"], "doesnotstartwith": ["plan 1"]}}),
    ]);
    let sweep = sweep(&inventory, &set, Limits::default());
    assert_eq!(sweep.plans[0].rest.len(), 1);
    assert_eq!(sweep.plans[0].names.len(), 1);
    assert!(sweep.plans[1].rest.is_empty());
    assert_eq!(sweep.plans[1].names.len(), 2);
}

#[test]
fn a_second_table_gets_what_the_first_one_leaves() {
    let inventory = existing(100, 50);
    let set = set_of(&[json!({
        "owner.username": {"eq": ["u3@contoso.example"]}, "extension": {"eq": ["docx"]},
    })]);
    let left = |rows_bytes| {
        let limits = Limits {
            rows_bytes,
            name_starts: 64,
            ..Limits::default()
        };
        sweep(&inventory, &set, limits).plans[0].rest.len()
    };
    // Owners need two rows, extensions and the status one each.
    let lefts: Vec<usize> = (0..=4).map(|rows| left(rows * ROW_BYTES)).collect();
    assert_eq!(lefts, [2, 2, 1, 1, 0]);
}

#[test]
fn the_test_that_fewest_records_pass_comes_first() {
    let inventory = existing(100, 50);
    let filters = [
        // The owner has one value of fifty, and about twenty records.
        json!({"owner.username": {"eq": ["u0@contoso.example"]}, "sharing": {"neq": [4]}}),
        json!({"owner.username": {"neq": ["u0@contoso.example"]}, "sharing": {"eq": [4]}}),
        // Every record passes, so that nothing is left to test.
        json!({"extension": {"eq": ["docx"]}}),
        json!({"extension": {"eq": ["docx"]}, "sharing": {"eq": [4]}}),
    ];
    let set = set_of(&filters);
    let sweep = sweep(&inventory, &set, Limits::default());
    let passing = |policy: usize| -> Vec<usize> {
        let tests = sweep.plans[policy].tests.iter();
        let passing = tests.map(|test| {
            let rows = sweep.rows.iter();
            rows.filter(|row| test.holds(&sweep.tables, row)).count()
        });
        passing.collect()
    };
    assert_eq!(passing(0), [21, 80]);
    assert_eq!(passing(1), [20, 79]);
    assert!(passing(2).is_empty());
    assert_eq!(passing(3), [20]);
    assert!(sweep.plans.iter().all(|plan| plan.is_complete));
    assert_eq!(sweep.gates[0].tests(), 2);
    assert_eq!(sweep.gates[2].tests(), 0);
}

#[test]
fn so_many_values_have_bits_of_their_own() {
    let set = set_of(&[json!({"owner.username": {"eq": ["u3@contoso.example"]}})]);
    for (owners, has_bits) in [(64, true), (65, false)] {
        let inventory = existing(1_000, owners);
        let sweep = sweep(&inventory, &set, Limits::default());
        let [test] = &*sweep.plans[0].tests else {
            panic!("one test");
        };
        assert_eq!(matches!(test, Test::Bits { .. }), has_bits, "{owners}");
        assert_eq!(sweep.gates[0].tests(), usize::from(has_bits));
    }
}

/// Scopes and content are asked behind the tables.
#[test]
fn only_filters_are_complete() {
    let inventory = existing(10, 3);
    let policy = |id: &str, name: &str, value: Value| {
        let mut policy = json!({"id": id, "name": "P", "filters": {"sharing": {"eq": [2]}}});
        policy[name] = value;
        policy
    };
    let folder = json!({"app": AppId::BOX.0, "instance": 0, "id": "f"});
    let set = built(&json!({"format": "file-policies/1", "policies": [
        policy("1", "enabled", json!(true)),
        policy("2", "folderScope", json!({"mode": "excluding", "folders": [folder]})),
        policy("3", "ownerScope", json!({"mode": "excluding", "groups": ["g"]})),
        policy("4", "inspection", json!({"method": "built_in", "expression": {
            "kind": "substring", "text": "x",
        }})),
    ]}));
    let sweep = sweep(&inventory, &set, Limits::default());
    let complete: Vec<bool> = sweep.plans.iter().map(|plan| plan.is_complete).collect();
    assert_eq!(complete, [true, false, false, false]);
}
