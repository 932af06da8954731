//! Graph's list with what an export of `Get-Label` says of the same labels: Graph decides which labels
//! there are, their state and order; the export adds what they do (section 1.1).

use std::collections::{HashMap, HashSet};

use super::{LabelList, note};
use crate::id::LabelId;
use crate::label::{Label, LabelProtection, LabelState};

/// Least number of labels in both, on the top level, from which the direction of the order shows.
const MIRROR_LABELS_MIN: usize = 3;

/// Merges by id, with a note for every difference (L-063).
pub(super) fn merge(graph: LabelList, export: LabelList) -> LabelList {
    let mut merged = graph;
    for text in export.notes {
        note(&mut merged.notes, text);
    }
    let mut exported: HashMap<LabelId, Label> = HashMap::new();
    let mut exported_order: Vec<LabelId> = Vec::new();
    for mut label in export.labels {
        drop_blank_names(&mut label);
        exported_order.push(label.key.label);
        exported.insert(label.key.label, label);
    }
    if is_mirrored(&merged.labels, &exported) {
        merged.notes.push(
            "the order of Graph and of `Get-Label` are mirrored: Graph's is read the other way round"
                .to_owned(),
        );
        for label in &mut merged.labels {
            label.source_order = label.source_order.saturating_neg();
        }
    }
    let mut in_both = HashSet::new();
    let mut notes = Vec::new();
    for label in &mut merged.labels {
        drop_blank_names(label);
        let id = label.key.label;
        match exported.get(&id) {
            Some(more) => {
                if in_both.insert(id) {
                    compare(label, more, &mut notes);
                }
                complete(label, more);
            }
            None => {
                let text = format!("label `{id}`: not in the export of `Get-Label`");
                note(&mut notes, text);
            }
        }
    }
    for id in exported_order {
        if in_both.insert(id) {
            let text = format!("label `{id}`: only in the export of `Get-Label`; left out");
            note(&mut notes, text);
        }
    }
    for text in notes {
        note(&mut merged.notes, text);
    }
    merged
}

fn compare(label: &Label, more: &Label, notes: &mut Vec<String>) {
    let id = label.key.label;
    if label.name() != more.name() && !more.name().is_empty() && !label.name().is_empty() {
        notes.push(format!(
            "label `{id}`: called `{}` by Graph and `{}` by `Get-Label`",
            crate::error::quote(label.name()),
            crate::error::quote(more.name())
        ));
    }
    if label.protection.encrypts() && more.protection == LabelProtection::None {
        notes.push(format!(
            "label `{id}`: protects by Graph and not by `Get-Label`; how is not known"
        ));
    }
    let is_disabled = |label: &Label| match label.state {
        LabelState::Unknown => None,
        state => Some(state == LabelState::Disabled),
    };
    if let (Some(one), Some(other)) = (is_disabled(label), is_disabled(more))
        && one != other
    {
        let word = |is_disabled: bool| if is_disabled { "disabled" } else { "active" };
        notes.push(format!(
            "label `{id}`: {} by Graph and {} by `Get-Label`",
            word(one),
            word(other)
        ));
    }
}

/// Names that are there and say nothing are none.
fn drop_blank_names(label: &mut Label) {
    for name in [&mut label.display_name, &mut label.back_end_name] {
        if name.as_deref().is_some_and(|text| text.trim().is_empty()) {
            *name = None;
        }
    }
}

/// Adds what Graph doesn't say.
fn complete(label: &mut Label, more: &Label) {
    fn fill<T: Clone>(own: &mut Option<T>, more: &Option<T>) {
        if own.is_none() {
            own.clone_from(more);
        }
    }
    // Graph has the text that people see in `name`; the name at the back end is the export's.
    if label.display_name.is_none() {
        label.display_name = label.back_end_name.take().or(more.display_name.clone());
    }
    if more.back_end_name.is_some() {
        label.back_end_name.clone_from(&more.back_end_name);
    }
    fill(&mut label.description, &more.description);
    fill(&mut label.tooltip, &more.tooltip);
    fill(&mut label.auto_tooltip, &more.auto_tooltip);
    fill(&mut label.color, &more.color);
    fill(&mut label.parent, &more.parent);
    fill(&mut label.is_appliable, &more.is_appliable);
    fill(&mut label.default_sublabel, &more.default_sublabel);
    fill(&mut label.application_mode, &more.application_mode);
    fill(&mut label.conditions, &more.conditions);
    if label.state == LabelState::Unknown {
        label.state = more.state;
    }
    if !label.targets.known {
        label.targets.clone_from(&more.targets);
    }
    label.is_group |= more.is_group;
    // Graph knows that it protects: an export that knows of no action may be older.
    let contradicts = more.protection == LabelProtection::None && label.protection.encrypts();
    if more.protection != LabelProtection::Unknown && !contradicts {
        label.protection = more.protection;
        label.encryption.clone_from(&more.encryption);
    }
    fill(&mut label.markings, &more.markings);
    if label.locales.is_empty() {
        label.locales.clone_from(&more.locales);
    }
    label.settings.extend(more.settings.clone());
    for (name, value) in &more.extras {
        label
            .extras
            .entry(name.clone())
            .or_insert_with(|| value.clone());
    }
}

/// Whether the two sources count the labels of the top level in opposite directions (T-1).
fn is_mirrored(labels: &[Label], exported: &HashMap<LabelId, Label>) -> bool {
    let mut orders: Vec<(i64, i64)> = labels
        .iter()
        .filter(|label| label.parent.is_none())
        .filter_map(|label| {
            let more = exported.get(&label.key.label)?;
            more.parent
                .is_none()
                .then_some((label.source_order, more.source_order))
        })
        .collect();
    orders.sort_unstable();
    orders.dedup();
    orders.len() >= MIRROR_LABELS_MIN
        && orders.windows(2).all(|pair| match pair {
            [one, other] => one.0 < other.0 && one.1 > other.1,
            _ => true,
        })
}
