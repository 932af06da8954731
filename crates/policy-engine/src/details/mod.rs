//! One file in detail, and from each of its values a filter that finds the files with that value.

mod labels;
#[cfg(test)]
mod tests;
mod values;

use label_core::FileKey;

pub use labels::DetailLabel;
pub use values::DetailValue;

use crate::check::BuildContext;
use crate::record::{FileRecord, ScanWarnings};

/// Most values of one field, and most labels, that details show; the rest is counted.
pub const DETAIL_VALUES_MAX: usize = 1_000;

/// What there is to see of one file (R-176, R-177).
///
/// # Examples
///
/// ```
/// use label_core::{AppId, FileId, FileKey, Label, LabelCatalog, LabelId, LabelView, TenantId};
/// use policy_engine::{AccessLevel, BuildContext, FileDetails, FileRecord, Filter};
/// use serde_json::json;
///
/// let tenant = TenantId::from_u128(1);
/// let secret = Label::new(tenant, LabelId::from_u128(2), "Secret");
/// let mut file = FileRecord::new(FileKey::new(AppId::BOX, 0, FileId::parse("7")?), "Plan.docx");
/// file.labels.push(secret.key);
/// file.access_level = Some(AccessLevel::External);
///
/// let (catalog, _) = LabelCatalog::build(tenant, vec![secret])?;
/// let labels = LabelView::new(catalog.into());
/// let context = BuildContext::new(&labels);
/// let details = FileDetails::new(&file, &context);
/// assert_eq!(details.labels[0].name.as_deref(), Some("Secret"));
///
/// let app = details.value("App").ok_or("missing")?;
/// assert_eq!(app.text, "Box");
/// assert_eq!(app.filter, Some(json!({"service": {"eq": [10489]}})));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileDetails {
    /// App, instance and file.
    pub key: FileKey,
    /// Its labels, each once, in the order of the record; also those that have no name to show.
    pub labels: Vec<DetailLabel>,
    /// Why its content could not be inspected.
    pub warnings: ScanWarnings,
    /// The other fields that have a value, field by field; a list has a pair for each of its values.
    pub values: Vec<DetailValue>,
    /// How many labels and values there are beyond [`DETAIL_VALUES_MAX`] of a field.
    pub left_out: usize,
}

impl FileDetails {
    /// The details of a record. Names of labels are those of the context's labels; its dialect says
    /// which filters there are, and its table which type of file it is.
    pub fn new(record: &FileRecord, context: &BuildContext<'_>) -> Self {
        let (labels, labels_left_out) = labels::of(record, context);
        let (values, values_left_out) = values::of(record, context);
        Self {
            key: record.key.clone(),
            labels,
            warnings: record.warnings,
            values,
            left_out: labels_left_out + values_left_out,
        }
    }

    /// The labels that are shown: not those that were deleted, and not those of other tenants where
    /// these are hidden (R-189, R-085).
    pub fn shown_labels(&self) -> impl Iterator<Item = &DetailLabel> {
        self.labels.iter().filter(|label| label.name.is_some())
    }

    /// The number beside the labels: shown labels and scan warnings together (R-176).
    pub fn tag_count(&self) -> usize {
        self.shown_labels().count() + self.warnings.iter().count()
    }

    /// The first value of this name.
    pub fn value(&self, name: &str) -> Option<&DetailValue> {
        self.values.iter().find(|value| value.name == name)
    }
}
