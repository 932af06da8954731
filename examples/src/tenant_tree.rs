//! A tenant's labels as a person wants to see them, and as one JSON object a label.

use label_core::{Label, LabelCatalog, LabelProtection, LabelState, Publication};
use serde::Serialize;

/// The tree: names indented below their headings, the least sensitive first, and beside each what is
/// special about it.
pub fn tree(catalog: &LabelCatalog) -> String {
    let rows: Vec<(String, String)> = catalog
        .labels()
        .map(|label| {
            let indent = "  ".repeat(depth(catalog, label));
            (format!("{indent}{}", label.name()), remarks(catalog, label))
        })
        .collect();
    let width = rows.iter().map(|(name, _)| name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for (name, remarks) in rows {
        let padding = " ".repeat(width - name.chars().count());
        text.push_str(&format!("  {name}{padding}  {remarks}"));
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

fn depth(catalog: &LabelCatalog, label: &Label) -> usize {
    let parent = |label: &&Label| label.parent.and_then(|id| catalog.by_id(id));
    std::iter::successors(Some(label), parent).count() - 1
}

fn remarks(catalog: &LabelCatalog, label: &Label) -> String {
    let mut remarks = Vec::new();
    let id = label.key.label;
    match state(label) {
        "active" | "unknown" => {}
        other => remarks.push(other.to_owned()),
    }
    if catalog.has_sublabels(id) || label.is_group {
        let meant = catalog.meant_by(id);
        match catalog.by_id(meant).filter(|_| meant != id) {
            Some(sublabel) => remarks.push(format!("heading; stands for {}", sublabel.name())),
            None => remarks.push("heading".to_owned()),
        }
    }
    if label.protection.encrypts() {
        remarks.push("encrypts".to_owned());
    }
    if let Some(markings) = label.markings.as_ref().filter(|list| !list.is_empty()) {
        let places: Vec<String> = markings
            .iter()
            .map(|marking| format!("{:?}", marking.place).to_lowercase())
            .collect();
        remarks.push(places.join(" + "));
    }
    if !label.targets.usable_for_files() {
        remarks.push("not for files".to_owned());
    }
    remarks.join(", ")
}

fn state(label: &Label) -> &'static str {
    match label.state {
        LabelState::Disabled => "disabled",
        LabelState::Deleted => "deleted",
        _ if label.publication == Publication::NotPublished => "unpublished",
        LabelState::Active => "active",
        _ => "unknown",
    }
}

/// A label as an object.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    name: &'a str,
    /// `Parent/Child`.
    path: Option<&'a str>,
    /// Its place in the tree, the least sensitive first.
    order: usize,
    state: &'static str,
    parent: Option<String>,
    /// Whether it encrypts, where the source says.
    protection: Option<bool>,
}

/// One object a label, in the order of the tree.
///
/// # Errors
///
/// None that is known: rows are plain data.
pub fn objects(catalog: &LabelCatalog) -> serde_json::Result<Vec<String>> {
    catalog
        .labels()
        .enumerate()
        .map(|(order, label)| {
            let id = label.key.label;
            serde_json::to_string(&Row {
                id: id.to_string(),
                name: label.name(),
                path: catalog.path(id),
                order,
                state: state(label),
                parent: label.parent.map(|parent| parent.to_string()),
                protection: match label.protection {
                    LabelProtection::Unknown => None,
                    other => Some(other.encrypts()),
                },
            })
        })
        .collect()
}
