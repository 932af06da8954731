//! The labels of a file as people see them.

use std::collections::HashSet;

use label_core::{LabelKey, LabelOrigin};
use serde_json::Value;

use super::DETAIL_VALUES_MAX;
use super::values::filter;
use crate::check::BuildContext;
use crate::field::{Field, Operator};
use crate::record::FileRecord;

/// One label of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DetailLabel {
    /// Tenant and id.
    pub key: LabelKey,
    /// Whose it is, and what has become of it.
    pub origin: LabelOrigin,
    /// What people see: its path, with `(disabled)` or `(external)` behind it. Nothing for a
    /// deleted label, and for another tenant's where these are hidden.
    pub name: Option<String>,
    /// Finds the files that carry it.
    pub filter: Value,
}

impl DetailLabel {
    /// Its state in one word: `own`, `disabled`, `deleted`, `external`, `unused` for a label of
    /// the list that doesn't count, or `unknown`.
    pub const fn state(&self) -> &'static str {
        match self.origin {
            LabelOrigin::Own(_) => "own",
            LabelOrigin::OwnDisabled(_) => "disabled",
            LabelOrigin::OwnDeleted(_) => "deleted",
            LabelOrigin::OwnShadowed(_) => "unused",
            LabelOrigin::External(_) => "external",
            _ => "unknown",
        }
    }

    /// Whether it is another tenant's.
    pub const fn is_external(&self) -> bool {
        matches!(self.origin, LabelOrigin::External(_))
    }
}

/// The labels of a record, and how many more there are.
pub(super) fn of(record: &FileRecord, context: &BuildContext<'_>) -> (Vec<DetailLabel>, usize) {
    let mut seen = HashSet::new();
    let different = record.labels.iter().filter(|key| seen.insert(**key));
    let mut labels: Vec<DetailLabel> = Vec::new();
    let mut left_out = 0;
    for key in different {
        if labels.len() == DETAIL_VALUES_MAX {
            left_out += 1;
            continue;
        }
        let operand = Value::from(vec![key.to_string()]);
        labels.push(DetailLabel {
            key: *key,
            origin: context.labels.origin_of(*key),
            name: context.labels.display_name(*key),
            filter: filter(record, Field::Label, Operator::Eq, operand),
        });
    }
    (labels, left_out)
}
