//! Rego in `regorus`: all policies are bodies of one rule whose value is the set of the numbers
//! that match, so that a record needs one evaluation. Once in the engine of its introduction,
//! which interprets, and once in its virtual machine.

use std::fmt::Display;
use std::ops::Range;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::{Engine, Value};

use super::text::{list, quoted};
use crate::policies::{Choice, FilePolicy, TextProperty};
use crate::records::Record;
use crate::{Contestant, Match};

const RULE: &str = "data.files.matched";

/// The engine that interprets the rule.
pub struct Interpreter {
    engine: Engine,
    records: Vec<Value>,
}

/// The virtual machine with the compiled rule.
pub struct Machine {
    machine: RegoVM,
    records: Vec<Value>,
}

impl Interpreter {
    /// Adds one module with all policies.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        Self {
            engine: engine(policies),
            records: records.iter().map(value).collect(),
        }
    }
}

impl Machine {
    /// Compiles one module with all policies.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        let compiled = engine(policies)
            .compile_with_entrypoint(&RULE.into())
            .expect("a compiled policy");
        let program = Compiler::compile_from_policy(&compiled, &[RULE]).expect("a program");
        let mut machine = RegoVM::new();
        machine.load_program(program);
        Self {
            machine,
            records: records.iter().map(value).collect(),
        }
    }
}

impl Contestant for Interpreter {
    fn name(&self) -> &'static str {
        "regorus, interpreter"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for number in records {
            let record = &self.records[number];
            self.engine.set_input(record.clone());
            let matched = self.engine.eval_rule(RULE.to_owned()).expect("a value");
            add(number, &matched, found);
        }
    }
}

impl Contestant for Machine {
    fn name(&self) -> &'static str {
        "regorus, machine"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for number in records {
            let record = &self.records[number];
            self.machine.set_input(record.clone());
            let matched = self.machine.execute().expect("a value");
            add(number, &matched, found);
        }
    }
}

fn add(record: usize, matched: &Value, found: &mut Vec<Match>) {
    for policy in matched.as_set().expect("a set").iter() {
        let policy = policy.as_u32().expect("a number of a policy");
        found.push(Match {
            record,
            policy: usize::try_from(policy).expect("a number of a policy"),
        });
    }
}

fn engine(policies: &[FilePolicy]) -> Engine {
    let mut engine = Engine::new();
    let rules: String = policies.iter().map(rule).collect();
    engine
        .add_policy("files.rego".to_owned(), format!("package files\n{rules}"))
        .expect("a module");
    engine
}

fn value(record: &Record) -> Value {
    Value::from_json_str(&record.to_json().to_string()).expect("a JSON object")
}

fn rule(policy: &FilePolicy) -> String {
    let text = match policy.text_property {
        TextProperty::OwnerUnit => is_in("unit", policy.texts.values().iter().map(quoted)),
        TextProperty::Extension => is_in("extension", policy.texts.values().iter().map(quoted)),
        TextProperty::NameStart => format!(
            "strings.any_prefix_match(input.name, [{}])",
            list(policy.texts.values().iter().map(quoted))
        ),
    };
    let conditions = [
        is_in("app", policy.apps.iter().map(|app| app.0)),
        is_in("sharing", policy.access_levels.iter().map(|it| it.code())),
        format!("input.modified >= {}", policy.since_ms),
        format!("input.created <= {}", policy.until_ms),
        chosen(
            &policy.labels,
            &is_in("label", policy.labels.values().iter().map(quoted)),
        ),
        chosen(&policy.texts, &text),
    ];
    format!(
        "matched contains {} if {{\n  {}\n}}\n",
        policy.number,
        conditions.join("\n  ")
    )
}

fn is_in(name: &str, values: impl IntoIterator<Item = impl Display>) -> String {
    // An array of this length is searched quicker than a set is built.
    format!("input.{name} in [{}]", list(values))
}

fn chosen<T>(choice: &Choice<T>, condition: &str) -> String {
    if choice.is_negative() {
        format!("not {condition}")
    } else {
        condition.to_owned()
    }
}
