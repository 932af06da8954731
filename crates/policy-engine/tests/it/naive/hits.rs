//! How often every operator of every field was compared with the twin, and how often it held.

use label_core::{FileId, FileKey};
use policy_engine::{
    ContentAnswer, Field, FileRecord, FilterDialect, Inspection, Inventory, InventoryOptions,
    Outcome,
};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::generate::{operands, policies, records};
use super::naive;
use crate::shared::*;

/// Random operands of each field and operator.
const OPERANDS: usize = 80;

/// Records that each is compared on.
const RECORDS: usize = 30;

/// Of these so many at least must hold, and so many not.
const HITS_MIN: usize = 100;

fn draw<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

/// Run with `--nocapture` it prints the numbers.
#[test]
fn every_operator_of_every_field_often_holds_and_often_does_not() {
    let mut runner = TestRunner::deterministic();
    let drawn: Vec<FileRecord> = (0..500).map(|_| draw(&mut runner, &records())).collect();
    let mut records = drawn.iter().cycle();
    println!(
        "{:<28}{:<28}{:>8}{:>8}{:>8}",
        "field", "operator", "match", "no", "unknown"
    );
    let mut rows = 0;
    let mut seldom = Vec::new();
    for name in Field::names(FilterDialect::Extended) {
        let field = Field::parse(name).unwrap();
        for operator in field.operators(FilterDialect::Extended) {
            let operands = operands(name, operator.name());
            let (mut holds, mut fails, mut unknown) = (0, 0, 0);
            for _ in 0..OPERANDS {
                let operand = draw(&mut runner, &operands);
                let policy = json!({"filters": {(name): {(operator.name()): operand}}});
                let built = build(policy.clone());
                for record in records.by_ref().take(RECORDS) {
                    let expected = naive(&policy, record, ContentAnswer::NotYet, NOW_MS);
                    let outcome =
                        built.evaluate(record, NOW_MS, &mut |_: &Inspection| ContentAnswer::NotYet);
                    assert_eq!(outcome, expected, "{policy} {record:?}");
                    match outcome {
                        Outcome::Match => holds += 1,
                        Outcome::NoMatch => fails += 1,
                        _ => unknown += 1,
                    }
                }
            }
            println!(
                "{name:<28}{:<28}{holds:>8}{fails:>8}{unknown:>8}",
                operator.name()
            );
            if holds < HITS_MIN || fails < HITS_MIN {
                seldom.push((name, operator));
            }
            rows += 1;
        }
    }
    println!("{rows} pairs of field and operator");
    assert!(seldom.is_empty(), "{seldom:?}");
}

#[test]
fn random_policies_match_neither_seldom_nor_always() {
    let mut runner = TestRunner::deterministic();
    let (records, policies) = (records(), policies());
    let (mut matches, mut all) = (0, 0);
    for _ in 0..300 {
        let policy = draw(&mut runner, &policies);
        let built = build(policy.clone());
        let mut inventory = Inventory::new(InventoryOptions::default());
        for at in 0..20 {
            let mut record = draw(&mut runner, &records);
            let id = FileId::parse(&format!("f-{at}")).unwrap();
            record.key = FileKey::new(record.key.app, record.key.instance, id);
            inventory.insert(record).unwrap();
        }
        for record in inventory.records() {
            let found = ContentAnswer::Match { count: 1 };
            let expected = naive(&policy, record, found, NOW_MS);
            let outcome = built.evaluate(record, NOW_MS, &mut |_: &Inspection| found);
            assert_eq!(outcome, expected);
            matches += usize::from(outcome == Outcome::Match);
            all += 1;
        }
    }
    println!("{matches} of {all} match");
    assert!(
        matches * 10 >= all && matches * 10 <= 9 * all,
        "{matches} of {all}"
    );
}
