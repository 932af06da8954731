//! This project's engine: a document, checked against the tenant's labels.

use std::hint::black_box;
use std::ops::Range;

use cpu_time::ThreadTime;
use label_core::{FileId, FileKey, Label, LabelCatalog, LabelKey, LabelView, TenantId};
use policy_engine::{
    BuildContext, ContentAnswer, FileRecord, Inspection, Inventory, InventoryOptions, LabelScan,
    Outcome, PolicySet, Sweep,
};
use serde_json::{Value, json};

use crate::policies::{FilePolicy, TextProperty};
use crate::records::{self, Record};
use crate::{Contestant, Match};

const TENANT: TenantId = TenantId::from_u128(1);

/// No condition asks what time it is.
const NOW_MS: i64 = 0;

/// Plain records.
pub struct Plain {
    policies: &'static PolicySet,
    records: Vec<FileRecord>,
    way: PlainWay,
}

/// How plain records are evaluated.
#[derive(Clone, Copy)]
pub enum PlainWay {
    /// All policies of a set at once, by [`PolicySet::finder`].
    Finder,
    /// One policy after the other, by [`PolicySet::evaluate`].
    OneByOne,
}

/// Prepared records: those of an inventory.
pub struct Prepared {
    sweep: Sweep<'static>,
    policies: usize,
    way: PreparedWay,
}

/// How prepared records are evaluated.
#[derive(Clone, Copy)]
pub enum PreparedWay {
    /// All policies for one record, by [`Sweep::each_policy`].
    AllPolicies,
    /// One policy and one record at a time, by [`Sweep::outcome`].
    OneByOne,
    /// One policy for all records, by [`Sweep::each_record`].
    Columns,
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

impl Plain {
    /// Compiles the policies and makes records whose labels were read.
    pub fn new(policies: &[FilePolicy], records: &[Record], way: PlainWay) -> Self {
        Self {
            policies: Box::leak(Box::new(set(policies))),
            records: records.iter().map(record).collect(),
            way,
        }
    }
}

impl Prepared {
    /// Compiles the policies and takes the records into an inventory. Both live for the whole run.
    pub fn new(policies: &[FilePolicy], records: &[Record], way: PreparedWay) -> Self {
        let set: &'static PolicySet = Box::leak(Box::new(set(policies)));
        let mut inventory = Inventory::new(InventoryOptions::default());
        for one in records {
            inventory.insert(record(one)).expect("room");
        }
        let inventory: &'static Inventory = Box::leak(Box::new(inventory));
        Self {
            sweep: inventory.sweep(set, NOW_MS),
            policies: policies.len(),
            way,
        }
    }
}

/// How long it takes to take records into an inventory, in ns for one, and to make the sweep, in ns
/// altogether.
pub fn preparing(policies: &[FilePolicy], records: &[Record]) -> [f64; 2] {
    let set = set(policies);
    let files: Vec<FileRecord> = records.iter().map(record).collect();
    let mut inventory = Inventory::new(InventoryOptions::default());
    let start = ThreadTime::now();
    for file in files {
        inventory.insert(file).expect("room");
    }
    let taken_in = start.elapsed().as_secs_f64() / records.len() as f64;
    let start = ThreadTime::now();
    black_box(inventory.sweep(&set, NOW_MS));
    [taken_in * 1e9, start.elapsed().as_secs_f64() * 1e9]
}

impl Contestant for Plain {
    fn name(&self) -> &'static str {
        match self.way {
            PlainWay::Finder => "ours, plain, all policies",
            PlainWay::OneByOne => "ours, plain, one by one",
        }
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        let mut nothing_read = |_: &Inspection| ContentAnswer::NotYet;
        let mut finder = self.policies.finder();
        for number in records {
            let record = &self.records[number];
            let mut add = |policy, outcome| {
                if outcome == Outcome::Match {
                    found.push(Match {
                        record: number,
                        policy,
                    });
                }
            };
            match self.way {
                PlainWay::Finder => finder.find(record, NOW_MS, &mut nothing_read, |evaluation| {
                    add(evaluation.place, evaluation.outcome);
                }),
                PlainWay::OneByOne => {
                    let evaluations = self.policies.evaluate(record, NOW_MS, &mut nothing_read);
                    evaluations.for_each(|evaluation| add(evaluation.place, evaluation.outcome));
                }
            }
        }
    }
}

impl Contestant for Prepared {
    fn name(&self) -> &'static str {
        match self.way {
            PreparedWay::AllPolicies => "ours, prepared, all policies",
            PreparedWay::OneByOne => "ours, prepared, one by one",
            PreparedWay::Columns => "ours, columns",
        }
    }

    fn takes_all_records_at_once(&self) -> bool {
        matches!(self.way, PreparedWay::Columns)
    }

    fn evaluate(&mut self, records: Range<usize>, found: &mut Vec<Match>) {
        let mut add = |record, policy, outcome| {
            if outcome == Outcome::Match {
                found.push(Match { record, policy });
            }
        };
        match self.way {
            PreparedWay::AllPolicies => {
                for record in records {
                    self.sweep
                        .each_policy(record, |policy, outcome| add(record, policy, outcome));
                }
            }
            PreparedWay::OneByOne => {
                for record in records {
                    for policy in 0..self.policies {
                        add(record, policy, self.sweep.outcome(policy, record));
                    }
                }
            }
            PreparedWay::Columns => {
                for policy in 0..self.policies {
                    self.sweep
                        .each_record(policy, |record, outcome| add(record, policy, outcome));
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
            "createdDate": {"lte": policy.until_ms},
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
    file.created_ms = Some(record.created_ms);
    file.size_bytes = Some(record.size_bytes);
    file.labels
        .extend(record.label.map(|label| LabelKey::new(TENANT, label)));
    file.label_scan = LabelScan::Done;
    file
}
