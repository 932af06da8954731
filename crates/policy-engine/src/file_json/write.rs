//! From a record to JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::read::{self, Tag};
use super::{ACCESS_LEVELS, FILE_TYPES, FileJson, LABEL_SCANS, STATUSES, names};
use crate::error::Problems;
use crate::filter::show_instant;
use crate::record::{EntityKey, FileRecord, FileStatus, LabelScan};

/// The members with what the record says otherwise put in. What they say themselves is not written
/// anew: a record has less to say of some of them, such as a status without a name.
pub(super) fn file(file: &FileJson, members: Map<String, Value>) -> Value {
    let record = &file.record;
    let before = (!members.is_empty())
        .then(|| read::file(Value::Object(members.clone()), &mut Problems::default()))
        .flatten();
    let is_same_key = before
        .as_ref()
        .is_some_and(|before| before.id == file.id && before.record.key.file == record.key.file);
    let mut writer = Writer {
        members,
        before: before.map(|before| before.record),
        record,
    };
    if !is_same_key {
        writer.put(names::KEY, Some(file.id.as_str()));
        writer.put(names::FILE, Some(record.key.file.as_str()));
    }
    if writer.has_changed(|it| &it.key.app) {
        writer.put(names::APP, Some(record.key.app.0));
        writer.members.remove(names::CONNECTOR_APP);
        writer.put(names::APP_NAME, record.key.app.name());
    }
    writer.fact(names::INSTANCE, |it| &it.key.instance, |it| Some(*it));
    writer.name();
    writer.text(names::EXTENSION, |it| &it.reported_extension);
    writer.text(names::MIME_TYPE, |it| &it.mime_type);
    writer.fact(names::FOLDER, |it| &it.is_folder, |it| Some(*it));
    if writer.has_changed(|it| &it.file_type) {
        let kind = record.file_type.map(|kind| kind.code());
        writer.code([names::FILE_TYPE, names::FILE_TYPE_CODE], kind, &FILE_TYPES);
    }
    writer.fact(names::SIZE, |it| &it.size_bytes, |it| *it);
    writer.fact(names::CREATED, |it| &it.created_ms, |it| *it);
    writer.fact(names::MODIFIED, |it| &it.modified_ms, |it| *it);
    writer.fact(names::SNAPSHOT, |it| &it.snapshot_ms, |it| it.map(instant));
    writer.tags();
    if writer.has_changed(|it| &it.access_level) {
        let level = record.access_level.map(|level| level.code());
        let names = [names::ACCESS_LEVEL, names::ACCESS_LEVEL_CODE];
        writer.code(names, level, &ACCESS_LEVELS);
    }
    if writer.has_changed(|it| &it.status) {
        let names = [names::STATUS, names::STATUS_CODE];
        writer.code(names, Some(status_code(record.status)), &STATUSES);
    }
    writer.text(names::OWNER_NAME, |it| &it.owner_name);
    writer.text(names::OWNER_ADDRESS, |it| &it.owner_address);
    writer.text(names::OWNER_UNIT, |it| &it.owner_org_unit);
    writer.fact(
        names::OWNER_ENTITIES,
        |it| &it.owner_entities,
        |it| entities(it),
    );
    writer.fact(
        names::OWNER_GROUPS,
        |it| &it.owner_groups,
        |it| it.as_deref().map(texts),
    );
    writer.fact(names::EMAILS, |it| &it.collaborators, |it| Some(texts(it)));
    writer.fact(names::DOMAINS, |it| &it.domains, |it| Some(texts(it)));
    writer.groups();
    writer.fact(
        names::ORGANIZATION,
        |it| &it.shared_with_organization,
        |it| it.then_some(true),
    );
    writer.fact(
        names::COLLABORATOR_ENTITIES,
        |it| &it.collaborator_entities,
        |it| entities(it),
    );
    if writer.has_changed(|it| &it.parent_folders) {
        let parents = &record.parent_folders;
        writer.put(names::PARENTS, Some(texts(parents)));
        writer.put(names::PARENT, parents.first().map(|parent| &**parent));
    }
    writer.fact(
        names::ANCESTORS,
        |it| &it.ancestor_folders,
        |it| it.as_deref().map(texts),
    );
    writer.fact(names::PATH, |it| &it.path, |it| filled(it.as_deref()));
    writer.fact(names::LINK, |it| &it.url, |it| filled(it.as_deref()));
    writer.fact(names::FOREIGN, |it| &it.is_foreign, |it| Some(*it));
    writer.fact(names::NO_GOVERNANCE, |it| &it.no_governance, |it| Some(*it));
    writer.fact(
        names::QUARANTINED,
        |it| &it.quarantined,
        |it| it.then_some(true),
    );
    writer.fact(
        names::LABEL_SCAN,
        |it| &it.label_scan,
        |it| {
            let mut words = LABEL_SCANS
                .iter()
                .filter(|(_, scan)| *scan != LabelScan::Done);
            words.find(|(_, scan)| scan == it).map(|(word, _)| *word)
        },
    );
    writer.fact(
        names::CONTENT_SCANS,
        |it| &it.content_scans,
        |statuses| {
            let list: Value = statuses.iter().map(|status| status.word()).collect();
            (!statuses.is_empty()).then_some(list)
        },
    );
    writer.fact(
        names::MATCHED,
        |it| &it.matched_policies,
        |policies| {
            let list: Value = policies.iter().map(|policy| policy.as_str()).collect();
            (!policies.is_empty()).then_some(list)
        },
    );
    Value::Object(writer.members)
}

struct Writer<'r> {
    members: Map<String, Value>,
    /// What the members say; nothing where there are none yet.
    before: Option<FileRecord>,
    record: &'r FileRecord,
}

impl<'r> Writer<'r> {
    fn has_changed<T: PartialEq + 'r>(&self, of: fn(&FileRecord) -> &T) -> bool {
        let before = self.before.as_ref();
        before.is_none_or(|before| of(before) != of(self.record))
    }

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

    /// Sets the member of a fact that has changed, or takes it away.
    fn fact<T: PartialEq + 'r, V: Into<Value>>(
        &mut self,
        name: &str,
        of: fn(&FileRecord) -> &T,
        value: impl FnOnce(&'r T) -> Option<V>,
    ) {
        if self.has_changed(of) {
            self.put(name, value(of(self.record)));
        }
    }

    fn text(&mut self, name: &str, of: fn(&FileRecord) -> &Option<Arc<str>>) {
        self.fact(name, of, |text| filled(text.as_deref()));
    }

    fn name(&mut self) {
        let name = &*self.record.name;
        if !self.has_changed(|it| &it.name) {
            return;
        }
        self.put(names::NAME, Some(name));
        if self.members.contains_key(names::LOWER_NAME) {
            self.put(names::LOWER_NAME, Some(name.to_lowercase()));
        }
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

    /// Groups that stood among those with a name stay there, where the order allows it.
    fn groups(&mut self) {
        if !self.has_changed(|it| &it.groups) {
            return;
        }
        let groups = &self.record.groups;
        let named = self.members.get(names::GROUPS).and_then(Value::as_array);
        let is_named = |group: &Arc<str>| {
            named.is_some_and(|named| named.iter().any(|one| one.as_str() == Some(group)))
        };
        let split = groups.iter().position(is_named).unwrap_or(groups.len());
        let (ids, named) = groups.split_at(split);
        let (ids, named) = if named.iter().all(is_named) && named.iter().all(|it| !ids.contains(it))
        {
            (ids, named)
        } else {
            (groups.as_slice(), &[][..])
        };
        self.put(names::GROUP_IDS, Some(texts(ids)));
        self.put(names::GROUPS, (!named.is_empty()).then(|| texts(named)));
    }

    /// Labels and warnings, behind the tags that are neither.
    fn tags(&mut self) {
        if !self.has_changed(|it| &it.labels) && !self.has_changed(|it| &it.warnings) {
            return;
        }
        let record = self.record;
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

/// A number that has a name is that status when it is read: the others go by one that has none.
fn status_code(status: FileStatus) -> u32 {
    let last = u32::try_from(STATUSES.len()).unwrap_or(u32::MAX);
    match status {
        FileStatus::Exists => 0,
        FileStatus::Trashed => 1,
        FileStatus::Deleted => 2,
        FileStatus::Other(code) if u32::from(code) < last => u8::MAX.into(),
        FileStatus::Other(code) => code.into(),
    }
}

/// As the product writes it, a date; one that no calendar has as a number.
fn instant(instant_ms: i64) -> Value {
    let text = show_instant(instant_ms);
    match chrono::DateTime::parse_from_rfc3339(&text) {
        Ok(again) if again.timestamp_millis() == instant_ms => Value::from(text),
        _ => Value::from(instant_ms),
    }
}

/// An empty text is no value.
fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn texts(texts: &[Arc<str>]) -> Value {
    texts.iter().map(|text| &**text).collect()
}

/// An empty list is no member.
fn entities(entities: &[EntityKey]) -> Option<Value> {
    (!entities.is_empty()).then(|| entities.iter().map(entity).collect())
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
