//! Which label content has, and which one it inherits.

use super::apply::not_appliable;
use super::content::{ContentFormat, ContentInfo, Method};
use super::error::{EvaluateError, EvaluateNote};
use super::records::Records;
use super::{EvaluateContext, date};
use crate::catalog::{LabelCatalog, NotAppliable};
use crate::id::{LabelId, LabelKey};

/// The tenant's label on content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtractedLabel {
    /// Which label. The list may not know it.
    pub key: LabelKey,
    /// How it came onto the content; `None` if the metadata does not say.
    pub method: Option<Method>,
    /// When it was set, as it is written there.
    pub set_date: Option<String>,
    /// What it says was done to the content.
    pub content_bits: Option<u32>,
    /// The attributes beside the label's own, as they are written.
    pub extended_properties: Vec<super::NameValue>,
    /// What was odd: more than one label of the tenant.
    pub notes: Vec<EvaluateNote>,
}

impl ExtractedLabel {
    /// When it was set, if that is written as Graph wants it.
    pub fn created(&self) -> Option<&str> {
        let text = self.set_date.as_deref()?.trim();
        date::is_date_time(text).then_some(text)
    }
}

/// The tenant's label on the content, `None` if it has none (L-079). The attributes may stand in
/// any order and letter case; of several labels the most sensitive one counts, with a note.
///
/// # Examples
///
/// ```
/// use label_core::evaluate::{ContentInfo, EvaluateContext, NameValue, extract_label};
/// use label_core::{LabelCatalog, LabelId, PolicySettings, TenantId};
///
/// let (tenant, id) = (TenantId::from_u128(1), LabelId::from_u128(2));
/// let catalog = LabelCatalog::empty(tenant);
/// let settings = PolicySettings::default();
/// let context = EvaluateContext::new(&catalog, &settings, 0);
/// let mut content = ContentInfo::default();
/// for (attribute, value) in [("SiteId", tenant.to_string()), ("Enabled", "True".to_owned())] {
///     let name = format!("MSIP_Label_{id}_{attribute}");
///     content.metadata.push(NameValue::new(&name, &value));
/// }
/// assert_eq!(extract_label(&context, &content).map(|found| found.key.label), Some(id));
/// ```
pub fn extract_label(
    context: &EvaluateContext<'_>,
    content: &ContentInfo,
) -> Option<ExtractedLabel> {
    let catalog = context.catalog;
    let records = Records::read(catalog, &content.metadata);
    let mut notes = Vec::new();
    records.note_several(&mut notes);
    let record = records.current()?;
    let is_own = |name: &str| {
        super::apply::RESERVED
            .iter()
            .any(|one| one.eq_ignore_ascii_case(name))
    };
    let extended = record.attributes.iter().filter(|one| !is_own(one.name));
    Some(ExtractedLabel {
        key: LabelKey::new(catalog.tenant(), record.label),
        method: record.method(),
        set_date: record.get("SetDate").map(str::to_owned),
        content_bits: record.stated_bits(),
        extended_properties: extended
            .map(|one| super::NameValue::new(one.name, one.value))
            .collect(),
        notes,
    })
}

/// The label that content made of others inherits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inherited {
    /// Which label.
    pub label: LabelId,
    /// The labels that were passed over, and why.
    pub notes: Vec<EvaluateNote>,
}

/// The most sensitive of these labels that can be put on one of these formats (L-080). Labels that
/// can't be applied are passed over with a note; without formats, files are meant.
///
/// # Errors
///
/// [`EvaluateError::NothingInherited`] if no label is left.
///
/// # Examples
///
/// ```
/// use label_core::evaluate::{ContentFormat, compute_inheritance};
/// use label_core::{Label, LabelCatalog, LabelId, TenantId};
///
/// let tenant = TenantId::from_u128(1);
/// let [low, high] = [2, 3].map(LabelId::from_u128);
/// let labels = vec![Label::new(tenant, low, "General"), Label::new(tenant, high, "Secret")];
/// let (catalog, _) = LabelCatalog::build(tenant, labels)?;
/// let inherited = compute_inheritance(&catalog, &[high, low], &[ContentFormat::File])?;
/// assert_eq!(inherited.label, high);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compute_inheritance(
    catalog: &LabelCatalog,
    labels: &[LabelId],
    formats: &[ContentFormat],
) -> Result<Inherited, EvaluateError> {
    let file = [ContentFormat::File];
    let formats = if formats.is_empty() { &file } else { formats };
    let reason = |id: LabelId| {
        let Some(label) = catalog.by_id(id) else {
            return Some(NotAppliable::Unknown);
        };
        let mut reasons = formats
            .iter()
            .map(|format| not_appliable(catalog, label, format));
        // One format is enough; where none is, all have the same reason.
        let first = reasons.next().flatten()?;
        reasons.all(|reason| reason.is_some()).then_some(first)
    };
    let mut notes = Vec::new();
    let mut fitting = Vec::new();
    for &id in labels {
        match reason(id) {
            None => fitting.push(id),
            Some(reason) => {
                let note = EvaluateNote::PassedOver { label: id, reason };
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
    }
    let highest = fitting
        .into_iter()
        .max_by_key(|&id| (catalog.place(id), id));
    match highest {
        Some(label) => Ok(Inherited { label, notes }),
        None => Err(EvaluateError::NothingInherited {
            count: labels.len(),
        }),
    }
}
