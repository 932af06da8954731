//! This project's engine: a document, checked against the tenant's labels.

use label_core::{FileId, FileKey, Label, LabelCatalog, LabelKey, LabelView, TenantId};
use policy_engine::{
    BuildContext, ContentAnswer, FileRecord, Inspection, LabelScan, Outcome, PolicySet,
};
use serde_json::{Value, json};

use crate::policies::{FilePolicy, TextProperty};
use crate::records::{self, Record};
use crate::{Contestant, Match};

const TENANT: TenantId = TenantId::from_u128(1);

/// No condition asks what time it is.
const NOW_MS: i64 = 0;

/// All policies of a set at once, by [`PolicySet::finder`].
pub struct Finding {
    policies: PolicySet,
    records: Vec<FileRecord>,
}

/// One policy after the other, by [`PolicySet::evaluate`].
pub struct OneByOne {
    policies: PolicySet,
    records: Vec<FileRecord>,
}

/// Builds the set from one JSON document.
fn set(policies: &[FilePolicy]) -> PolicySet {
    let labels = (0..records::LABELS)
        .map(|number| Label::new(TENANT, records::label(number), &format!("Label {number}")))
        .collect();
    let (catalog, _) = LabelCatalog::build(TENANT, labels).expect("a consistent catalogue");
    let labels = LabelView::new(catalog.into());
    let policies: Vec<Value> = policies.iter().map(policy).collect();
    let document = json!({"format": "file-policies/1", "policies": policies});
    PolicySet::from_json(&document.to_string(), &BuildContext::new(&labels))
        .expect("a valid document")
}

impl Finding {
    /// Compiles the policies and prepares records whose labels were read.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        Self {
            policies: set(policies),
            records: records.iter().map(record).collect(),
        }
    }
}

impl OneByOne {
    /// Compiles the policies and prepares records whose labels were read.
    pub fn new(policies: &[FilePolicy], records: &[Record]) -> Self {
        Self {
            policies: set(policies),
            records: records.iter().map(record).collect(),
        }
    }
}

impl Contestant for Finding {
    fn name(&self) -> &'static str {
        "policy-engine, finder"
    }

    fn evaluate(&mut self, found: &mut Vec<Match>) {
        let mut nothing_read = |_: &Inspection| ContentAnswer::NotYet;
        let mut finder = self.policies.finder();
        for (number, record) in self.records.iter().enumerate() {
            finder.find(record, NOW_MS, &mut nothing_read, |evaluation| {
                if evaluation.outcome == Outcome::Match {
                    found.push(Match {
                        record: number,
                        policy: evaluation.place,
                    });
                }
            });
        }
    }
}

impl Contestant for OneByOne {
    fn name(&self) -> &'static str {
        "policy-engine, one by one"
    }

    fn evaluate(&mut self, found: &mut Vec<Match>) {
        let mut nothing_read = |_: &Inspection| ContentAnswer::NotYet;
        for (number, record) in self.records.iter().enumerate() {
            let evaluations = self.policies.evaluate(record, NOW_MS, &mut nothing_read);
            for (policy, evaluation) in evaluations.enumerate() {
                if evaluation.outcome == Outcome::Match {
                    found.push(Match {
                        record: number,
                        policy,
                    });
                }
            }
        }
    }
}

fn policy(policy: &FilePolicy) -> Value {
    let equals = |negative| if negative { "neq" } else { "eq" };
    let apps: Vec<u32> = policy.apps.iter().map(|app| app.0).collect();
    let levels: Vec<u32> = policy.access_levels.iter().map(|it| it.code()).collect();
    let labels: Vec<String> = policy
        .labels
        .values()
        .iter()
        .map(ToString::to_string)
        .collect();
    let (property, operator) = match (policy.text_property, policy.texts.is_negative()) {
        (TextProperty::OwnerUnit, negative) => ("owner.orgUnit", equals(negative)),
        (TextProperty::Extension, negative) => ("extension", equals(negative)),
        (TextProperty::NameStart, false) => ("filename", "startswith"),
        (TextProperty::NameStart, true) => ("filename", "doesnotstartwith"),
    };
    json!({
        "id": format!("p{}", policy.number),
        "name": format!("Policy {}", policy.number),
        "filters": {
            "service": {"eq": apps},
            "sharing": {"eq": levels},
            "modifiedDate": {"gte": policy.since_ms},
            "fileLabels": {(equals(policy.labels.is_negative())): labels},
            (property): {(operator): policy.texts.values()},
        },
    })
}

fn record(record: &Record) -> FileRecord {
    let id = FileId::parse(&record.id).expect("an identity");
    let mut file = FileRecord::new(FileKey::new(record.app, 0, id), record.name.as_str());
    file.access_level = Some(record.access_level);
    file.owner_org_unit = Some(record.owner_unit.into());
    file.modified_ms = Some(record.modified_ms);
    file.size_bytes = Some(record.size_bytes);
    file.labels
        .extend(record.label.map(|label| LabelKey::new(TENANT, label)));
    file.label_scan = LabelScan::Done;
    file
}
