//! The fields of a record, for people and for filters.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::DETAIL_VALUES_MAX;
use crate::check::BuildContext;
use crate::field::{Field, Operator};
use crate::filter::{VALUE_BYTES_MAX, show_instant};
use crate::record::{EntityKey, FileRecord, FileStatus, LabelScan};
use crate::scan_status::ScanStatus;

/// One value of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DetailValue {
    /// The filter that asks for such values, if there is one.
    pub field: Option<Field>,
    /// The field as the product's pages call it: [`Field::title`] where a filter asks for it, but
    /// `Folder above` for the folders that the file lies in at any depth.
    pub name: &'static str,
    /// The value for people: enumerations by name, times in UTC, flags as `true` or `false`.
    pub text: String,
    /// A filter object that finds the files with this value, this one among them: what
    /// [`Filter::build`](crate::Filter::build) takes, with the context that the details were made
    /// with. A time is found to the millisecond; a deleted file's filter lets deleted files
    /// match.
    ///
    /// Nothing where the dialect has no filter for it; for a text longer than
    /// [`VALUE_BYTES_MAX`]; for an extension that the app reports with its dot, which
    /// filters don't take; and for whether a deleted file is in the trash.
    pub filter: Option<Value>,
}

/// The values of a record, and how many more there are.
pub(super) fn of(record: &FileRecord, context: &BuildContext<'_>) -> (Vec<DetailValue>, usize) {
    let mut values = DetailValues {
        record,
        context,
        list: Vec::new(),
        left_out: 0,
    };
    values.place();
    values.kind();
    values.people();
    values.times();
    values.state();
    (values.list, values.left_out)
}

/// A filter object for one condition.
pub(super) fn filter(
    record: &FileRecord,
    field: Field,
    operator: Operator,
    operand: Value,
) -> Value {
    let mut filters = Map::new();
    filters.insert(field.name().to_owned(), json!({operator.name(): operand}));
    if record.status == FileStatus::Deleted {
        filters.insert(
            Field::AllowDeleted.name().to_owned(),
            json!({Operator::Eq.name(): true}),
        );
    }
    Value::Object(filters)
}

struct DetailValues<'d> {
    record: &'d FileRecord,
    context: &'d BuildContext<'d>,
    list: Vec<DetailValue>,
    left_out: usize,
}

impl<'d> DetailValues<'d> {
    fn place(&mut self) {
        let record = self.record;
        let name = Some(&*record.name).filter(|name| !name.is_empty());
        self.texts(Field::FileName, Operator::Eq, name);
        self.texts(Field::Path, Operator::Eq, record.path.as_deref());
        self.plain("URL", record.url.as_deref().map(str::to_owned));
        let parents = record.parent_folders.iter().map(|id| &**id);
        self.texts(Field::ParentFolder, Operator::Eq, parents);
        let above = record.ancestor_folders.iter().flatten().map(|id| &**id);
        self.some(above, "Folder above", |values, id| {
            values.of_text(Field::ParentFolder, Operator::DescendantOf, id)
        });
        let app = record.key.app;
        self.one(Field::App, app.to_string(), json!([app.0]));
        let instance = record.key.instance;
        self.one(Field::Instance, instance.to_string(), json!([instance]));
        self.texts(Field::FileId, Operator::Eq, Some(record.key.file.as_str()));
    }

    fn kind(&mut self) {
        let record = self.record;
        if let Some(kind) = record.file_type(self.context.file_types) {
            self.one(Field::FileType, kind.to_string(), json!([kind.code()]));
        }
        self.texts(Field::MimeType, Operator::Eq, record.mime_type.as_deref());
        self.some(
            record.extension(),
            Field::Extension.title(),
            |values, extension| {
                let mut value = values.of_text(Field::Extension, Operator::Eq, extension);
                if extension.starts_with('.') {
                    value.filter = None;
                }
                value
            },
        );
        self.flag(Field::Folder, record.is_folder);
        let size = |bytes: u64| match bytes {
            1 => "1 byte".to_owned(),
            bytes => format!("{bytes} bytes"),
        };
        self.plain("File size", record.size_bytes.map(size));
    }

    fn people(&mut self) {
        let record = self.record;
        let shown = |texts: &'d [Arc<str>]| texts.iter().map(|text| &**text);
        self.plain(
            "Owner name",
            record.owner_name.as_deref().map(str::to_owned),
        );
        self.texts(
            Field::OwnerUsername,
            Operator::Eq,
            record.owner_address.as_deref(),
        );
        self.entities(Field::OwnerEntity, &record.owner_entities);
        self.texts(
            Field::OwnerOrgUnit,
            Operator::Eq,
            record.owner_org_unit.as_deref(),
        );
        let groups = record.owner_groups.iter().flatten();
        self.plain("Owner group", groups.map(|group| group.to_string()));
        if let Some(level) = record.access_level {
            self.one(Field::AccessLevel, level.to_string(), json!([level.code()]));
        }
        self.texts(
            Field::CollaboratorsUsers,
            Operator::Eq,
            shown(&record.collaborators),
        );
        self.entities(Field::CollaboratorsEntity, &record.collaborator_entities);
        self.texts(
            Field::CollaboratorsWithDomain,
            Operator::Eq,
            shown(&record.domains),
        );
        self.texts(
            Field::CollaboratorsGroups,
            Operator::Eq,
            shown(&record.groups),
        );
        self.flag(
            Field::CollaboratorsOrganization,
            record.shared_with_organization,
        );
    }

    fn times(&mut self) {
        let record = self.record;
        for (field, instant_ms) in [
            (Field::Created, record.created_ms),
            (Field::Modified, record.modified_ms),
            (Field::Snapshot, record.snapshot_ms),
        ] {
            let Some(instant_ms) = instant_ms else {
                continue;
            };
            let range = json!([{"start": instant_ms, "end": instant_ms}]);
            let value = self.of(field, Operator::Range, show_instant(instant_ms), range);
            self.list.push(value);
        }
    }

    fn state(&mut self) {
        let record = self.record;
        let policies = record.matched_policies.iter().map(|policy| policy.as_str());
        self.texts(Field::MatchedPolicy, Operator::MatchedRulesEqual, policies);
        self.plain("Scan status", scan_statuses(record));
        for warning in record.warnings.iter() {
            let text = warning.to_string();
            self.one(Field::ScanWarning, text.clone(), json!([text]));
        }
        self.plain("Status", [status(record.status)]);
        self.flag(Field::Trashed, record.is_trashed());
        if record.status == FileStatus::Deleted
            && let Some(trashed) = self.list.last_mut()
        {
            // A filter on the trash finds no deleted file, whatever else it says.
            trashed.filter = None;
        }
        self.flag(Field::Quarantined, record.quarantined);
    }

    /// A value that there is no filter for.
    fn plain(&mut self, name: &'static str, texts: impl IntoIterator<Item = String>) {
        self.some(texts, name, |_, text| DetailValue {
            field: None,
            name,
            text,
            filter: None,
        });
    }

    fn texts<'t>(
        &mut self,
        field: Field,
        operator: Operator,
        texts: impl IntoIterator<Item = &'t str>,
    ) {
        self.some(texts, field.title(), |values, text| {
            values.of_text(field, operator, text)
        });
    }

    fn entities(&mut self, field: Field, entities: &[EntityKey]) {
        self.some(entities, field.title(), |values, entity| {
            let mut operand = Map::new();
            operand.insert("id".to_owned(), (*entity.id).into());
            if let Some(app) = entity.app {
                operand.insert("saas".to_owned(), app.0.into());
            }
            if let Some(instance) = entity.instance {
                operand.insert("inst".to_owned(), instance.into());
            }
            let id = entity.id.to_string();
            let mut value = values.of(field, Operator::Eq, id, json!([operand]));
            if entity.id.len() > VALUE_BYTES_MAX {
                value.filter = None;
            }
            value
        });
    }

    fn one(&mut self, field: Field, text: String, operand: Value) {
        let value = self.of(field, Operator::Eq, text, operand);
        self.list.push(value);
    }

    fn flag(&mut self, field: Field, flag: bool) {
        self.one(field, flag.to_string(), flag.into());
    }

    /// At most so many of a field's values as are shown.
    fn some<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        name: &'static str,
        value: impl Fn(&Self, T) -> DetailValue,
    ) {
        for (at, item) in items.into_iter().enumerate() {
            if at >= DETAIL_VALUES_MAX {
                self.left_out += 1;
                continue;
            }
            let value = DetailValue {
                name,
                ..value(self, item)
            };
            self.list.push(value);
        }
    }

    fn of_text(&self, field: Field, operator: Operator, text: &str) -> DetailValue {
        let mut value = self.of(field, operator, text.to_owned(), json!([text]));
        if text.len() > VALUE_BYTES_MAX {
            value.filter = None;
        }
        value
    }

    fn of(&self, field: Field, operator: Operator, text: String, operand: Value) -> DetailValue {
        let is_there = field
            .operators(self.context.dialect)
            .any(|known| known == operator);
        DetailValue {
            field: Some(field),
            name: field.title(),
            text,
            filter: is_there.then(|| filter(self.record, field, operator, operand)),
        }
    }
}

/// Of the content, counted first; where no engine was asked for it, of the labels.
fn scan_statuses(record: &FileRecord) -> Vec<String> {
    let statuses = &record.content_scans;
    if statuses.is_empty() {
        return vec![scan_status(record.label_scan).to_owned()];
    }
    let failed = statuses
        .iter()
        .filter(|status| matches!(status, ScanStatus::Failed(_)));
    let summary = ScanStatus::summary(statuses);
    std::iter::once(summary)
        .chain(failed.map(ToString::to_string))
        .collect()
}

/// The product's words (5.5).
const fn scan_status(scan: LabelScan) -> &'static str {
    match scan {
        LabelScan::Never => "Not queued",
        LabelScan::Pending => "Pending",
        LabelScan::Done => "Completed",
        LabelScan::Failed => "Failed",
    }
}

fn status(status: FileStatus) -> String {
    match status {
        FileStatus::Exists => "Exists".to_owned(),
        FileStatus::Trashed => "In trash".to_owned(),
        FileStatus::Deleted => "Deleted".to_owned(),
        FileStatus::Other(code) => format!("Other ({code})"),
    }
}
