//! From a record to JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::read::Tag;
use super::{ACCESS_LEVELS, FILE_TYPES, FileJson, LABEL_SCANS, STATUSES, names};
use crate::filter::show_instant;
use crate::record::{EntityKey, FileRecord, FileStatus, LabelScan};

/// The members with all that the record says put in.
pub(super) fn file(file: &FileJson, members: Map<String, Value>) -> Value {
    let record = &file.record;
    let mut writer = Writer { members };
    writer.put(names::KEY, Some(file.id.as_str()));
    writer.put(names::APP, Some(record.key.app.0));
    writer.members.remove(names::CONNECTOR_APP);
    if let Some(name) = record.key.app.name() {
        writer.put("appName", Some(name));
    } else {
        writer.members.remove("appName");
    }
    writer.put(names::INSTANCE, Some(record.key.instance));
    writer.put(names::FILE, Some(record.key.file.as_str()));
    writer.put(names::NAME, Some(&*record.name));
    writer.put(names::EXTENSION, record.reported_extension.as_deref());
    writer.put(names::MIME_TYPE, record.mime_type.as_deref());
    writer.put(names::FOLDER, Some(record.is_folder));
    let kind = record.file_type.map(|kind| kind.code());
    writer.code([names::FILE_TYPE, names::FILE_TYPE_CODE], kind, &FILE_TYPES);
    writer.put(names::SIZE, record.size_bytes);
    writer.put(names::CREATED, record.created_ms);
    writer.put(names::MODIFIED, record.modified_ms);
    writer.snapshot(record.snapshot_ms);
    writer.tags(record);
    let level = record.access_level.map(|level| level.code());
    writer.code(
        [names::ACCESS_LEVEL, names::ACCESS_LEVEL_CODE],
        level,
        &ACCESS_LEVELS,
    );
    let status = match record.status {
        FileStatus::Exists => 0,
        FileStatus::Trashed => 1,
        FileStatus::Deleted => 2,
        FileStatus::Other(code) => u32::from(code),
    };
    writer.code([names::STATUS, names::STATUS_CODE], Some(status), &STATUSES);
    writer.put(names::OWNER_NAME, record.owner_name.as_deref());
    writer.put(names::OWNER_ADDRESS, record.owner_address.as_deref());
    writer.put(names::OWNER_UNIT, record.owner_org_unit.as_deref());
    writer.list(names::OWNER_ENTITIES, &record.owner_entities, entity);
    writer.texts(names::OWNER_GROUPS, record.owner_groups.as_deref());
    writer.texts(names::EMAILS, Some(&record.collaborators));
    writer.texts(names::DOMAINS, Some(&record.domains));
    writer.texts(names::GROUP_IDS, Some(&record.groups));
    writer.members.remove(names::GROUPS);
    writer.put(
        names::ORGANIZATION,
        record.shared_with_organization.then_some(true),
    );
    writer.list(
        names::COLLABORATOR_ENTITIES,
        &record.collaborator_entities,
        entity,
    );
    writer.texts(names::PARENTS, Some(&record.parent_folders));
    writer.put(
        names::PARENT,
        record.parent_folders.first().map(|parent| &**parent),
    );
    writer.texts(names::ANCESTORS, record.ancestor_folders.as_deref());
    writer.put(names::PATH, record.path.as_deref());
    writer.put(names::LINK, record.url.as_deref());
    writer.put(names::FOREIGN, Some(record.is_foreign));
    writer.put(names::NO_GOVERNANCE, Some(record.no_governance));
    writer.put(names::QUARANTINED, record.quarantined.then_some(true));
    let scan = LABEL_SCANS
        .iter()
        .find(|(_, scan)| *scan == record.label_scan && record.label_scan != LabelScan::Done);
    writer.put(names::LABEL_SCAN, scan.map(|(word, _)| *word));
    writer.list(names::MATCHED, &record.matched_policies, |policy| {
        policy.as_str().into()
    });
    Value::Object(writer.members)
}

struct Writer {
    members: Map<String, Value>,
}

impl Writer {
    /// Sets a member, or takes it away.
    fn put(&mut self, name: &str, value: Option<impl Into<Value>>) {
        match value {
            Some(value) => {
                self.members.insert(name.to_owned(), value.into());
            }
            None => {
                self.members.remove(name);
            }
        }
    }

    /// A list; an empty one is no member.
    fn list<T>(&mut self, name: &str, items: &[T], value: impl Fn(&T) -> Value) {
        let list: Vec<Value> = items.iter().map(value).collect();
        self.put(name, (!list.is_empty()).then_some(list));
    }

    fn texts(&mut self, name: &str, texts: Option<&[Arc<str>]>) {
        let list = |texts: &[Arc<str>]| -> Value { texts.iter().map(|text| &**text).collect() };
        self.put(name, texts.map(list));
    }

    /// `[code, "NAME"]`, and the code alone under its short name.
    fn code(&mut self, [name, short]: [&str; 2], code: Option<u32>, words: &[&str]) {
        let word = |code: u32| usize::try_from(code).ok().and_then(|at| words.get(at));
        self.put(
            name,
            code.map(|code| json!([code, word(code).unwrap_or(&"OTHER")])),
        );
        self.put(short, code);
    }

    /// As the product writes it, a date; one that no calendar has as a number.
    fn snapshot(&mut self, instant_ms: Option<i64>) {
        let value = instant_ms.map(|instant_ms| {
            let text = show_instant(instant_ms);
            let again = chrono::DateTime::parse_from_rfc3339(&text);
            match again {
                Ok(again) if again.timestamp_millis() == instant_ms => Value::from(text),
                _ => Value::from(instant_ms),
            }
        });
        self.put(names::SNAPSHOT, value);
    }

    /// Labels and warnings, behind the tags that are neither.
    fn tags(&mut self, record: &FileRecord) {
        let others = self.members.get(names::TAGS).and_then(Value::as_array);
        let others = others.into_iter().flatten().filter(|tag| {
            tag.as_str()
                .is_none_or(|text| matches!(Tag::of(text), Tag::Other))
        });
        let labels = record.labels.iter().map(|key| key.to_string().into());
        let warnings = record
            .warnings
            .iter()
            .map(|warning| warning.to_string().into());
        let tags: Vec<Value> = others.cloned().chain(labels).chain(warnings).collect();
        self.put(names::TAGS, Some(tags));
    }
}

fn entity(entity: &EntityKey) -> Value {
    let mut members = Map::new();
    members.insert("id".to_owned(), (*entity.id).into());
    if let Some(app) = entity.app {
        members.insert("saas".to_owned(), app.0.into());
    }
    if let Some(instance) = entity.instance {
        members.insert("inst".to_owned(), instance.into());
    }
    Value::Object(members)
}
