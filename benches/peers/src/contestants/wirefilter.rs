//! `wirefilter-engine`, the engine behind filters of network traffic: one compiled filter for each
//! policy, and for each record a context with its properties.

use std::fmt::Display;
use std::ops::Range;

use wirefilter::{ExecutionContext, Filter, Scheme, Type};

use super::text::{joined, quoted};
use crate::policies::{Choice, FilePolicy, TextProperty};
use crate::records::{self, Record};
use crate::{Contestant, Match};

/// Compiled filters, and contexts. They borrow their scheme and texts, which live for the whole run.
pub struct Wirefilter {
    filters: Vec<Filter<'static>>,
    contexts: Vec<ExecutionContext<'static>>,
}

impl Wirefilter {
    /// Compiles one filter for each policy.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        let fields = [
            ("name", Type::Bytes),
            ("extension", Type::Bytes),
            ("unit", Type::Bytes),
            ("label", Type::Bytes),
            ("app", Type::Int),
            ("sharing", Type::Int),
            ("modified", Type::Int),
            ("created", Type::Int),
        ];
        let mut scheme = Scheme::with_capacity(fields.len());
        for (name, kind) in fields {
            scheme
                .add_field(name.to_owned(), kind)
                .expect("a new field");
        }
        let scheme: &'static Scheme = Box::leak(Box::new(scheme));
        let compile = |policy| {
            let text = expression(policy);
            let parsed = scheme.parse(Box::leak(text.into_boxed_str()));
            parsed.expect("an expression").compile()
        };
        Self {
            filters: policies.iter().map(compile).collect(),
            contexts: records
                .iter()
                .map(|record| context(record, scheme))
                .collect(),
        }
    }
}

impl Contestant for Wirefilter {
    fn name(&self) -> &'static str {
        "wirefilter-engine"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for record in records {
            let context = &self.contexts[record];
            for (policy, filter) in self.filters.iter().enumerate() {
                if filter.execute(context).expect("the same scheme") {
                    found.push(Match { record, policy });
                }
            }
        }
    }
}

/// Its numbers have 32 bits: times become days, which is as exact as the policies are.
fn days(instant_ms: i64) -> i32 {
    i32::try_from((instant_ms - records::OLDEST_MS) / records::DAY_MS).expect("a number of days")
}

fn context(record: &Record, scheme: &'static Scheme) -> ExecutionContext<'static> {
    let mut context = ExecutionContext::new(scheme);
    let texts = [
        ("name", record.name.clone()),
        ("extension", record.extension.to_owned()),
        ("unit", record.owner_unit.to_owned()),
        ("label", record.label_text()),
    ];
    for (name, value) in texts {
        let value: &'static str = Box::leak(value.into_boxed_str());
        context.set_field_value(name, value).expect("a text field");
    }
    let number = |number: u32| i32::try_from(number).expect("a small number");
    let numbers = [
        ("app", number(record.app.0)),
        ("sharing", number(record.access_level.code())),
        ("modified", days(record.modified_ms)),
        ("created", days(record.created_ms)),
    ];
    for (name, value) in numbers {
        context
            .set_field_value(name, value)
            .expect("a number field");
    }
    context
}

fn expression(policy: &FilePolicy) -> String {
    let texts = policy.texts.values();
    let text = match policy.text_property {
        TextProperty::OwnerUnit => is_in("unit", texts.iter().map(quoted)),
        TextProperty::Extension => is_in("extension", texts.iter().map(quoted)),
        TextProperty::NameStart => format!("name matches \"^({})\"", joined(texts, "|")),
    };
    [
        is_in("app", policy.apps.iter().map(|app| app.0)),
        is_in("sharing", policy.access_levels.iter().map(|it| it.code())),
        format!("modified >= {}", days(policy.since_ms)),
        format!("created <= {}", days(policy.until_ms)),
        chosen(
            &policy.labels,
            &is_in("label", policy.labels.values().iter().map(quoted)),
        ),
        chosen(&policy.texts, &text),
    ]
    .join(" && ")
}

fn is_in(name: &str, values: impl IntoIterator<Item = impl Display>) -> String {
    format!("{name} in {{{}}}", joined(values, " "))
}

fn chosen<T>(choice: &Choice<T>, condition: &str) -> String {
    let sign = if choice.is_negative() { "not " } else { "" };
    format!("{sign}({condition})")
}
