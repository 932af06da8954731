//! Rust written for exactly these policies: the floor, and the second opinion on what matches.

use std::ops::Range;

use crate::policies::{Choice, FilePolicy, TextProperty};
use crate::records::Record;
use crate::{Contestant, Match};

/// The policies as they are; the records as they are.
pub struct ByHand {
    policies: Vec<FilePolicy>,
    records: Vec<Record>,
}

impl ByHand {
    /// Nothing to compile.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        Self {
            policies: policies.to_vec(),
            records: records.to_vec(),
        }
    }
}

impl Contestant for ByHand {
    fn name(&self) -> &'static str {
        "Rust by hand"
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        for number in records {
            let record = &self.records[number];
            for policy in &self.policies {
                if holds(policy, record) {
                    found.push(Match {
                        record: number,
                        policy: policy.number,
                    });
                }
            }
        }
    }
}

fn holds(policy: &FilePolicy, record: &Record) -> bool {
    let text_is = |wanted: &&str| match policy.text_property {
        TextProperty::OwnerUnit => record.owner_unit == *wanted,
        TextProperty::Extension => record.extension == *wanted,
        TextProperty::NameStart => record.name.starts_with(wanted),
    };
    policy.apps.contains(&record.app)
        && policy.access_levels.contains(&record.access_level)
        && record.modified_ms >= policy.since_ms
        && record.created_ms <= policy.until_ms
        && chosen(&policy.labels, |wanted| record.label == Some(*wanted))
        && chosen(&policy.texts, text_is)
}

fn chosen<T>(choice: &Choice<T>, is: impl Fn(&T) -> bool) -> bool {
    choice.values().iter().any(is) != choice.is_negative()
}
