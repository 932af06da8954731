//! One closure for each policy over records whose values are plain strings: what somebody writes
//! who has no engine, and properties as they came.

use std::ops::Range;

use crate::policies::{FilePolicy, TextProperty};
use crate::records::Record;
use crate::{Contestant, Match};

/// A record as it came: its times were read, the rest are texts.
struct Properties {
    app: String,
    sharing: String,
    /// Empty where there is none.
    label: String,
    owner_unit: String,
    extension: String,
    name: String,
    modified_ms: i64,
    created_ms: i64,
}

type Closure = Box<dyn Fn(&Properties) -> bool>;

/// A closure for each policy, and the records' texts.
pub struct Closures {
    policies: Vec<(usize, Closure)>,
    records: Vec<Properties>,
}

impl Closures {
    /// Makes the closures and the texts.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        let policies = policies.iter();
        Self {
            policies: policies
                .map(|policy| (policy.number, closure(policy)))
                .collect(),
            records: records.iter().map(properties).collect(),
        }
    }
}

impl Contestant for Closures {
    fn name(&self) -> &'static str {
        "closures over plain strings"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for record in records {
            let properties = &self.records[record];
            for (policy, holds) in &self.policies {
                if holds(properties) {
                    found.push(Match {
                        record,
                        policy: *policy,
                    });
                }
            }
        }
    }
}

fn properties(record: &Record) -> Properties {
    Properties {
        app: record.app.0.to_string(),
        sharing: record.access_level.code().to_string(),
        label: record.label_text(),
        owner_unit: record.owner_unit.to_owned(),
        extension: record.extension.to_owned(),
        name: record.name.clone(),
        modified_ms: record.modified_ms,
        created_ms: record.created_ms,
    }
}

fn closure(policy: &FilePolicy) -> Closure {
    let apps = texts(policy.apps.iter().map(|app| app.0));
    let access_levels = texts(policy.access_levels.iter().map(|level| level.code()));
    let labels = texts(policy.labels.values());
    let wanted = texts(policy.texts.values());
    let (since_ms, until_ms) = (policy.since_ms, policy.until_ms);
    let no_label = policy.labels.is_negative();
    let no_text = policy.texts.is_negative();
    match policy.text_property {
        TextProperty::OwnerUnit => Box::new(move |file| {
            apps.contains(&file.app)
                && access_levels.contains(&file.sharing)
                && file.modified_ms >= since_ms
                && file.created_ms <= until_ms
                && labels.contains(&file.label) != no_label
                && wanted.contains(&file.owner_unit) != no_text
        }),
        TextProperty::Extension => Box::new(move |file| {
            apps.contains(&file.app)
                && access_levels.contains(&file.sharing)
                && file.modified_ms >= since_ms
                && file.created_ms <= until_ms
                && labels.contains(&file.label) != no_label
                && wanted.contains(&file.extension) != no_text
        }),
        TextProperty::NameStart => Box::new(move |file| {
            apps.contains(&file.app)
                && access_levels.contains(&file.sharing)
                && file.modified_ms >= since_ms
                && file.created_ms <= until_ms
                && labels.contains(&file.label) != no_label
                && wanted.iter().any(|start| file.name.starts_with(start)) != no_text
        }),
    }
}

fn texts(values: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}
