//! Keeping a label list up to date: what changed, snapshots on disk, the machine that asks.
#![cfg(feature = "sync")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod answers;
mod changes;
mod driver;
mod guard;
mod machine;
mod schema;
mod simulation;
mod snapshot;

use label_core::{Label, LabelCatalog, LabelId, TenantId};

const HOUR: i64 = 3_600_000;

fn tenant() -> TenantId {
    TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap()
}

fn id(number: u128) -> LabelId {
    LabelId::from_u128(number)
}

fn label(number: u128, name: &str, order: i64, parent: Option<u128>) -> Label {
    let mut label = Label::new(tenant(), id(number), name);
    label.source_order = order;
    label.parent = parent.map(id);
    label
}

fn sample(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

/// An answer of Graph v1.0 with these labels.
fn body(labels: &[Label], next_link: Option<&str>) -> Vec<u8> {
    let below = |parent: Option<LabelId>| labels.iter().filter(move |one| one.parent == parent);
    let is_listed = |label: &Label| {
        let parents: Vec<LabelId> = labels.iter().map(|one| one.key.label).collect();
        label.parent.is_none_or(|parent| !parents.contains(&parent))
    };
    let members = |label: &Label| {
        serde_json::json!({
            "id": label.key.label,
            "displayName": label.display_name,
            "name": label.back_end_name,
            "priority": label.source_order,
            "toolTip": label.tooltip,
            "isEnabled": true,
        })
    };
    let mut value: Vec<serde_json::Value> = Vec::new();
    let tops = labels.iter().filter(|label| label.parent.is_none());
    for top in tops.chain(
        labels
            .iter()
            .filter(|one| one.parent.is_some() && is_listed(one)),
    ) {
        let mut item = members(top);
        let sublabels: Vec<_> = below(Some(top.key.label)).map(members).collect();
        item["sublabels"] = sublabels.into();
        if let Some(parent) = top.parent {
            item["parent"] = serde_json::json!({ "id": parent });
        }
        value.push(item);
    }
    let mut envelope = serde_json::json!({ "value": value });
    if let Some(link) = next_link {
        envelope["@odata.nextLink"] = link.into();
    }
    serde_json::to_vec(&envelope).unwrap()
}

/// Two families and two labels without sublabels.
fn taxonomy() -> Vec<Label> {
    vec![
        label(1, "Public", 10, None),
        label(2, "General", 20, None),
        label(3, "Confidential", 30, None),
        label(31, "All Employees", 31, Some(3)),
        label(32, "Finance", 32, Some(3)),
        label(4, "Secret", 40, None),
        label(41, "Board", 41, Some(4)),
    ]
}

fn catalog(labels: Vec<Label>) -> LabelCatalog {
    LabelCatalog::build(tenant(), labels).unwrap().0
}

/// The labels of a catalogue, deleted ones too, with all that it derives.
fn content(catalog: &LabelCatalog) -> Vec<(Label, String, (u32, u32))> {
    catalog
        .with_deleted()
        .map(|label| {
            let id = label.key.label;
            (
                label.clone(),
                catalog.path(id).unwrap().to_owned(),
                catalog.order(id).unwrap(),
            )
        })
        .collect()
}
