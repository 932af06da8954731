//! The neutral form for labels of a tenant that has not migrated: `classic-aip-labels/1`.
//!
//! What the classic portal exports has no public description, so this project has a form of its own
//! that an administrator can write (section 3.7).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{LabelList, Rejected, cut_name, document_error, note};
use crate::catalog::LABELS_MAX;
use crate::error::SourceError;
use crate::id::{LabelId, TenantId};
use crate::label::{Label, LabelProtection, LabelScheme, LabelState, Publication, Targets};
use crate::marking::{ContentMarking, MarkingPlace};
use crate::migration::UnifiedStatus;
use crate::policy::{LabelPolicy, POLICIES_MAX, PolicySettings};
use crate::protection::{Encryption, EncryptionKind};

/// The value of `format`.
pub(super) const FORMAT: &str = "classic-aip-labels/1";

/// Deepest nesting of sublabels.
const DEPTH_MAX: usize = 16;

/// The labels of a classic tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassicLabels {
    /// The labels, their publication taken from the policies.
    pub list: LabelList,
    /// What the tenant's migration stood at.
    pub unified_status: UnifiedStatus,
    /// The classic policies.
    pub policies: Vec<LabelPolicy>,
}

/// Reads the neutral form.
pub(super) fn read(
    tenant: TenantId,
    members: &Map<String, Value>,
) -> Result<ClassicLabels, SourceError> {
    if let Some(own) = members.get("tenantId") {
        let text = own.as_str().unwrap_or_default();
        let own = TenantId::parse(text)
            .map_err(|error| document_error("/tenantId", &error.to_string()))?;
        if own != tenant {
            let cause = format!("labels of tenant `{own}`, not of `{tenant}`");
            return Err(document_error("/tenantId", &cause));
        }
    }
    let unified_status = match members.get("unifiedLabelingStatus") {
        None | Some(Value::Null) => UnifiedStatus::Unknown,
        Some(value) => match value.as_str() {
            Some("Activated") => UnifiedStatus::Activated,
            Some("NotActivated") => UnifiedStatus::NotActivated,
            Some("Unknown") => UnifiedStatus::Unknown,
            _ => {
                let cause = "neither `Activated`, `NotActivated` nor `Unknown`";
                return Err(document_error("/unifiedLabelingStatus", cause));
            }
        },
    };
    let Some(Value::Array(items)) = members.get("labels") else {
        return Err(document_error("/labels", "not a list"));
    };
    let mut reader = Reader {
        list: LabelList::new(tenant),
        rejected: Rejected::default(),
    };
    for (at, item) in items.iter().enumerate() {
        reader.label(item, None, &format!("/labels/{at}"), 0)?;
    }
    let mut list = reader.rejected.settle(reader.list)?.unique();
    let policies = policies(members)?;
    if !policies.is_empty() {
        let notes = crate::policy::publish(&mut list.labels, &policies);
        list.notes.extend(notes);
        // The classic portal publishes what is below a label with it.
        publish_below(&mut list.labels);
    }
    Ok(ClassicLabels {
        list,
        unified_status,
        policies,
    })
}

fn publish_below(labels: &mut [Label]) {
    let published: HashSet<LabelId> = labels
        .iter()
        .filter(|label| label.publication == Publication::Published)
        .map(|label| label.key.label)
        .collect();
    for label in labels {
        if label
            .parent
            .is_some_and(|parent| published.contains(&parent))
        {
            label.publication = Publication::Published;
        }
    }
}

struct Reader {
    list: LabelList,
    rejected: Rejected,
}

impl Reader {
    fn label(
        &mut self,
        item: &Value,
        parent: Option<LabelId>,
        pointer: &str,
        depth: usize,
    ) -> Result<(), SourceError> {
        if depth > DEPTH_MAX {
            return Err(document_error(pointer, "sublabels nest too deeply"));
        }
        if self.list.labels.len() >= LABELS_MAX {
            return Err(document_error(pointer, "more than 10000 labels"));
        }
        let (mut label, members) = match own(item, pointer, &mut self.list) {
            Ok(read) => read,
            Err(error) => {
                self.rejected.add(error, item.get("sublabels"));
                return Ok(());
            }
        };
        label.parent = label.parent.or(parent);
        let id = label.key.label;
        self.list.labels.push(label);
        match members.get("sublabels") {
            None | Some(Value::Null) => Ok(()),
            Some(Value::Array(items)) => items.iter().enumerate().try_for_each(|(at, item)| {
                self.label(
                    item,
                    Some(id),
                    &format!("{pointer}/sublabels/{at}"),
                    depth + 1,
                )
            }),
            Some(_) => Err(document_error(
                &format!("{pointer}/sublabels"),
                "not a list",
            )),
        }
    }
}

fn own<'v>(
    item: &'v Value,
    pointer: &str,
    list: &mut LabelList,
) -> Result<(Label, &'v Map<String, Value>), SourceError> {
    let Value::Object(members) = item else {
        return Err(document_error(pointer, "a label must be an object"));
    };
    let text = |name: &str| {
        let text = members.get(name).and_then(Value::as_str);
        text.filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let id_of = |name: &str| match text(name) {
        None => Ok(None),
        Some(text) => LabelId::parse(&text)
            .map(Some)
            .map_err(|error| document_error(&format!("{pointer}/{name}"), &error.to_string())),
    };
    let id = id_of("id")?.ok_or_else(|| document_error(pointer, "a label without `id`"))?;
    let mut label = Label::new(list.tenant, id, "");
    label.scheme = LabelScheme::Classic;
    label.display_name = text("displayName");
    label.description = text("description");
    label.tooltip = text("tooltip").or_else(|| text("description"));
    label.color = super::color(text("color").as_deref(), pointer, "color", list);
    label.source_order = members.get("order").and_then(Value::as_i64).unwrap_or(0);
    label.parent = id_of("parentId")?;
    label.state = match members.get("enabled").and_then(Value::as_bool) {
        Some(true) => LabelState::Active,
        Some(false) => LabelState::Disabled,
        None => LabelState::Unknown,
    };
    label.publication = Publication::Unknown;
    // Classic labels are for documents and messages, and nothing else.
    label.targets = Targets::parse("file,email");
    let protection = members.get("protection").and_then(Value::as_object);
    let kind = protection.and_then(|one| one.get("kind")?.as_str());
    label.protection = match kind {
        Some("NotConfigured") => LabelProtection::None,
        Some("RemoveProtection") => {
            label.encryption = Some(Encryption::new(EncryptionKind::Remove));
            LabelProtection::None
        }
        Some("Azure") => {
            let mut encryption = Encryption::new(EncryptionKind::Template);
            let template = protection.and_then(|one| one.get("templateId")?.as_str());
            encryption.template_id = template.map(str::to_owned);
            label.encryption = Some(encryption);
            LabelProtection::Template
        }
        Some(_) => LabelProtection::Unspecified,
        None => LabelProtection::Unknown,
    };
    if let Some(Value::Array(items)) = members.get("markings") {
        let marking = |item: &Value| {
            let place = match item.get("placement")?.as_str()? {
                "header" => MarkingPlace::Header,
                "footer" => MarkingPlace::Footer,
                "watermark" => MarkingPlace::Watermark,
                _ => return None,
            };
            Some(ContentMarking::new(place, item.get("text")?.as_str()?))
        };
        label.markings = items.iter().map(marking).collect();
        if label.markings.is_none() {
            note(
                &mut list.notes,
                format!("{pointer}/markings: can't be read"),
            );
        }
    }
    Ok((label, members))
}

fn policies(members: &Map<String, Value>) -> Result<Vec<LabelPolicy>, SourceError> {
    let items = match members.get("policies") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(document_error("/policies", "not a list")),
    };
    let mut policies = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let pointer = format!("/policies/{at}");
        let Value::Object(members) = item else {
            return Err(document_error(&pointer, "a policy must be an object"));
        };
        if policies.len() >= POLICIES_MAX {
            return Err(document_error(&pointer, "more than 1000 policies"));
        }
        let name = members.get("name").and_then(Value::as_str);
        let mut policy = LabelPolicy::new(&cut_name(name.unwrap_or_default()));
        policy.priority = members.get("order").and_then(Value::as_i64).unwrap_or(0);
        if let Some(Value::Array(ids)) = members.get("labelIds") {
            let mut seen = HashSet::new();
            policy.labels = ids
                .iter()
                .filter_map(Value::as_str)
                .map(cut_name)
                .filter(|id| seen.insert(id.clone()))
                .take(LABELS_MAX)
                .collect();
        }
        if let Some(Value::Object(settings)) = members.get("settings") {
            let value = |name: &str| match settings.get(name)? {
                Value::Bool(flag) => Some(flag.to_string()),
                Value::String(text) => Some(text.clone()),
                Value::Null => Some(String::new()),
                _ => None,
            };
            let pairs = [
                ("mandatory", "mandatory"),
                ("justificationRequired", "requiredowngradejustification"),
                ("defaultLabelId", "defaultlabelid"),
                ("moreInfoUrl", "customurl"),
            ];
            let pairs = pairs
                .into_iter()
                .filter_map(|(member, key)| Some((key, value(member)?)));
            policy.settings = PolicySettings::from_pairs(pairs).0;
        }
        policies.push(policy);
    }
    Ok(policies)
}
