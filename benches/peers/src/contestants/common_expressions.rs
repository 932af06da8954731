//! The Common Expression Language in `cel`: one compiled program for each policy, and for each
//! record a context with its properties as variables.

use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use cel::{Context, Env, Program, Value};

use super::text::{joined, list, quoted};
use crate::policies::{Choice, FilePolicy, TextProperty};
use crate::records::Record;
use crate::{Contestant, Match};

/// Compiled programs, and contexts.
pub struct CommonExpressions {
    programs: Vec<Program>,
    contexts: Vec<Context<'static, 'static>>,
}

impl CommonExpressions {
    /// Compiles one program for each policy.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        let env = Arc::new(Env::stdlib());
        let compile = |policy| env.compile(&expression(policy)).expect("an expression");
        Self {
            programs: policies.iter().map(compile).collect(),
            contexts: records.iter().map(|record| context(record, &env)).collect(),
        }
    }
}

impl Contestant for CommonExpressions {
    fn name(&self) -> &'static str {
        "cel"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for record in records {
            let context = &self.contexts[record];
            for (policy, program) in self.programs.iter().enumerate() {
                if program.execute(context).expect("a value") == Value::Bool(true) {
                    found.push(Match { record, policy });
                }
            }
        }
    }
}

fn context(record: &Record, env: &Arc<Env>) -> Context<'static, 'static> {
    let mut context = Context::with_env(Arc::clone(env));
    let texts = [
        ("id", record.id.clone()),
        ("name", record.name.clone()),
        ("extension", record.extension.to_owned()),
        ("unit", record.owner_unit.to_owned()),
        ("label", record.label_text()),
    ];
    for (name, value) in texts {
        context.add_variable_from_value(name, value);
    }
    let numbers = [
        ("app", i64::from(record.app.0)),
        ("sharing", i64::from(record.access_level.code())),
        ("modified", record.modified_ms),
        ("created", record.created_ms),
        ("size", i64::try_from(record.size_bytes).expect("a size")),
    ];
    for (name, value) in numbers {
        context.add_variable_from_value(name, value);
    }
    context
}

fn expression(policy: &FilePolicy) -> String {
    let text = match policy.text_property {
        TextProperty::OwnerUnit => is_in("unit", policy.texts.values().iter().map(quoted)),
        TextProperty::Extension => is_in("extension", policy.texts.values().iter().map(quoted)),
        TextProperty::NameStart => joined(
            policy
                .texts
                .values()
                .iter()
                .map(|start| format!("name.startsWith({})", quoted(start))),
            " || ",
        ),
    };
    [
        is_in("app", policy.apps.iter().map(|app| app.0)),
        is_in("sharing", policy.access_levels.iter().map(|it| it.code())),
        format!("modified >= {}", policy.since_ms),
        format!("created <= {}", policy.until_ms),
        chosen(
            &policy.labels,
            &is_in("label", policy.labels.values().iter().map(quoted)),
        ),
        chosen(&policy.texts, &text),
    ]
    .join(" && ")
}

fn is_in(name: &str, values: impl IntoIterator<Item = impl Display>) -> String {
    format!("{name} in [{}]", list(values))
}

fn chosen<T>(choice: &Choice<T>, condition: &str) -> String {
    let sign = if choice.is_negative() { "!" } else { "" };
    format!("{sign}({condition})")
}
