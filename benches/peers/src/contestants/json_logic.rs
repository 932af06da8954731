//! JSONLogic in `datalogic-rs`: one compiled rule for each policy, records parsed once, results
//! borrowed from an arena that is cleared after each record.

use std::ops::Range;

use datalogic_rs::{Engine, Logic, ParsedData};
use serde_json::{Value, json};

use crate::policies::{Choice, FilePolicy, TextProperty};
use crate::records::Record;
use crate::{Contestant, Match};

/// Compiled rules, and records that the engine reads in place.
pub struct JsonLogic {
    engine: Engine,
    rules: Vec<Logic>,
    records: Vec<ParsedData>,
}

impl JsonLogic {
    /// Compiles one rule for each policy.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        let engine = Engine::new();
        let compile = |policy| {
            let rule = rule(policy).to_string();
            engine.compile(&rule).expect("a valid rule")
        };
        let parse = |record: &Record| {
            ParsedData::from_json(&record.to_json().to_string()).expect("a JSON object")
        };
        Self {
            rules: policies.iter().map(compile).collect(),
            records: records.iter().map(parse).collect(),
            engine,
        }
    }
}

impl Contestant for JsonLogic {
    fn name(&self) -> &'static str {
        "datalogic-rs"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        let mut evaluator = self.engine.session();
        for number in records {
            let record = &self.records[number];
            for (policy, rule) in self.rules.iter().enumerate() {
                let value = evaluator.eval_borrowed(rule, record).expect("a value");
                if value.as_bool() == Some(true) {
                    found.push(Match {
                        record: number,
                        policy,
                    });
                }
            }
            evaluator.reset();
        }
    }
}

fn rule(policy: &FilePolicy) -> Value {
    let apps: Vec<u32> = policy.apps.iter().map(|app| app.0).collect();
    let levels: Vec<u32> = policy.access_levels.iter().map(|it| it.code()).collect();
    let labels: Vec<String> = policy
        .labels
        .values()
        .iter()
        .map(ToString::to_string)
        .collect();
    let text = match policy.text_property {
        TextProperty::OwnerUnit => json!({"in": [{"var": "unit"}, policy.texts.values()]}),
        TextProperty::Extension => json!({"in": [{"var": "extension"}, policy.texts.values()]}),
        TextProperty::NameStart => {
            let starts = |start| json!({"starts_with": [{"var": "name"}, start]});
            let starts: Vec<Value> = policy.texts.values().iter().map(starts).collect();
            json!({"or": starts})
        }
    };
    json!({"and": [
        {"in": [{"var": "app"}, apps]},
        {"in": [{"var": "sharing"}, levels]},
        {">=": [{"var": "modified"}, policy.since_ms]},
        {"<=": [{"var": "created"}, policy.until_ms]},
        chosen(&policy.labels, json!({"in": [{"var": "label"}, labels]})),
        chosen(&policy.texts, text),
    ]})
}

fn chosen<T>(choice: &Choice<T>, rule: Value) -> Value {
    if choice.is_negative() {
        json!({"!": [rule]})
    } else {
        rule
    }
}
