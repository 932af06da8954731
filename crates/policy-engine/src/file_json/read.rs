//! From JSON to a record.

use std::sync::Arc;

use label_core::{AppId, FileId, FileKey, LabelKey, PolicyId};
use serde_json::{Map, Value};

use super::{ACCESS_LEVELS, CONTENT_SCANS, FILE_TYPES, FileJson, LABEL_SCANS, STATUSES, names};
use crate::error::{BuildCause, Place, Problems, did_you_mean, quote};
use crate::file_type::FileType;
use crate::json::{self, type_error, whole_number};
use crate::record::{AccessLevel, EntityKey, FileRecord, FileStatus, LabelScan, ScanWarning};
use crate::scan_status::ScanStatus;

/// Reads a file; what is wrong is written down. `None` only with something wrong.
pub(super) fn file(value: Value, problems: &mut Problems) -> Option<FileJson> {
    let root = Place::Root;
    let members = match value {
        Value::Object(members) => members,
        other => {
            problems.push(&root, type_error("a file", &other));
            return None;
        }
    };
    let mut reader = Reader {
        members: &members,
        place: root,
        problems,
    };
    let (key, id) = reader.identity()?;
    let record = reader.record(key);
    Some(FileJson {
        id,
        record,
        members,
    })
}

struct Reader<'m, 'p> {
    members: &'m Map<String, Value>,
    place: Place<'m>,
    problems: &'p mut Problems,
}

impl<'m> Reader<'m, '_> {
    /// A member that is there and not null.
    fn value(&self, name: &str) -> Option<&'m Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(&'m Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let result = read(value);
        if result.is_none() {
            self.problems
                .push(&self.place.member(name), type_error(expected, value));
        }
        result
    }

    fn text(&mut self, name: &'static str) -> Option<&'m str> {
        self.read(name, "a text", Value::as_str)
    }

    /// A text that says something: an empty one is no value.
    fn filled(&mut self, name: &'static str) -> Option<&'m str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    fn number(&mut self, name: &'static str) -> Option<u32> {
        self.read(name, "a whole number", whole_number)
    }

    fn flag(&mut self, name: &'static str) -> bool {
        self.read(name, "`true` or `false`", Value::as_bool)
            .unwrap_or_default()
    }

    fn list(&mut self, name: &'static str) -> Option<&'m [Value]> {
        self.read(name, "a list", Value::as_array)
            .map(Vec::as_slice)
    }

    fn texts(&mut self, name: &'static str) -> Option<Vec<Arc<str>>> {
        let list = self.list(name)?;
        let member = self.place.member(name);
        let mut texts = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            match value.as_str() {
                Some(text) => texts.push(text.into()),
                None => self
                    .problems
                    .push(&member.item(at), type_error("a text", value)),
            }
        }
        Some(texts)
    }

    fn instant(&mut self, name: &'static str) -> Option<i64> {
        self.read(name, json::INSTANT, json::instant)
    }

    /// An enumeration as `[code, "NAME"]`, as a code or as a name, and the member that it was found in.
    /// The codes are the places of the names; a name that isn't among them is `other`.
    fn code(
        &mut self,
        names: [&'static str; 2],
        words: &'static [&'static str],
        other: Option<u32>,
        expected: &'static str,
    ) -> Option<(&'static str, u32)> {
        let of_word = |word: &str| {
            let at = words
                .iter()
                .position(|known| known.eq_ignore_ascii_case(word));
            at.and_then(|at| u32::try_from(at).ok()).or(other)
        };
        let of_one = |value: &Value| match value {
            Value::String(word) => of_word(word),
            number => whole_number(number),
        };
        let of_value = |value: &Value| match value {
            Value::Array(pair) => pair.first().and_then(of_one),
            one => of_one(one),
        };
        let name = names.into_iter().find(|name| self.value(name).is_some())?;
        let code = self.read(name, expected, of_value)?;
        Some((name, code))
    }

    /// The file's key, and what the product names it by.
    fn identity(&mut self) -> Option<(FileKey, String)> {
        let id = self.text(names::KEY);
        let file = self.text(names::FILE);
        let Some(name) = id.or(file) else {
            if self.value(names::KEY).or(self.value(names::FILE)).is_none() {
                let missing = BuildCause::Missing { name: names::KEY };
                self.problems.push(&self.place, missing);
            }
            return None;
        };
        let member = if file.is_some() {
            names::FILE
        } else {
            names::KEY
        };
        let file = match FileId::parse(file.unwrap_or(name)) {
            Ok(file) => file,
            Err(_) => {
                let text = self.value(member)?;
                self.problems
                    .push(&self.place.member(member), type_error("a file id", text));
                return None;
            }
        };
        let app = self.number(names::APP);
        let app = app.or_else(|| self.number(names::CONNECTOR_APP));
        let instance = self.number(names::INSTANCE);
        let key = FileKey::new(
            AppId(app.unwrap_or_default()),
            instance.unwrap_or_default(),
            file,
        );
        Some((key, name.to_owned()))
    }

    fn record(&mut self, key: FileKey) -> FileRecord {
        let shared = |text: Option<&str>| text.map(Arc::from);
        let mut record = FileRecord::new(key, self.text(names::NAME).unwrap_or_default());
        record.reported_extension = shared(self.filled(names::EXTENSION));
        record.mime_type = shared(self.filled(names::MIME_TYPE));
        record.is_folder = self.flag(names::FOLDER);
        record.file_type = self.file_type();
        record.size_bytes = self.read(names::SIZE, "a whole number", Value::as_u64);
        record.created_ms = self.instant(names::CREATED);
        record.modified_ms = self.instant(names::MODIFIED);
        record.snapshot_ms = self.instant(names::SNAPSHOT);
        record.access_level = self.access_level();
        record.status = self.status();
        record.owner_name = shared(self.filled(names::OWNER_NAME));
        record.owner_address = shared(self.filled(names::OWNER_ADDRESS));
        record.owner_org_unit = shared(self.filled(names::OWNER_UNIT));
        record.owner_entities = self.entities(names::OWNER_ENTITIES);
        record.owner_groups = self.texts(names::OWNER_GROUPS);
        record.collaborators = self.texts(names::EMAILS).unwrap_or_default();
        record.collaborator_entities = self.entities(names::COLLABORATOR_ENTITIES);
        record.domains = self.texts(names::DOMAINS).unwrap_or_default();
        record.groups = self.groups();
        record.shared_with_organization = self.flag(names::ORGANIZATION);
        record.parent_folders = self.parents();
        record.ancestor_folders = self.texts(names::ANCESTORS);
        record.path = self.filled(names::PATH).map(Box::from);
        record.url = self.filled(names::LINK).map(Box::from);
        record.is_foreign = self.flag(names::FOREIGN);
        record.no_governance = self.flag(names::NO_GOVERNANCE);
        record.quarantined = self.flag(names::QUARANTINED);
        record.matched_policies = self.policies();
        self.tags(&mut record);
        record.label_scan = self.label_scan();
        record.content_scans = self.content_scans();
        record
    }

    fn file_type(&mut self) -> Option<FileType> {
        let (name, code) = self.code(
            [names::FILE_TYPE, names::FILE_TYPE_CODE],
            &FILE_TYPES,
            None,
            "a file type: its number from 0 to 6, its name, or both in a list",
        )?;
        let found = FileType::from_code(code);
        if found.is_none() {
            self.unknown_code(name, "a file type from 0 to 6", code);
        }
        found
    }

    fn access_level(&mut self) -> Option<AccessLevel> {
        let (name, code) = self.code(
            [names::ACCESS_LEVEL, names::ACCESS_LEVEL_CODE],
            &ACCESS_LEVELS,
            None,
            "an access level: its number from 0 to 4, its name, or both in a list",
        )?;
        let found = AccessLevel::from_code(code);
        if found.is_none() {
            self.unknown_code(name, "an access level from 0 to 4", code);
        }
        found
    }

    fn unknown_code(&mut self, name: &'static str, expected: &'static str, code: u32) {
        let cause = type_error(expected, &Value::from(code));
        self.problems.push(&self.place.member(name), cause);
    }

    /// Numbers beyond the known ones count as existing (1.4), and so do names.
    fn status(&mut self) -> FileStatus {
        let code = self.code(
            [names::STATUS, names::STATUS_CODE],
            &STATUSES,
            Some(u8::MAX.into()),
            "a status: its number, its name, or both in a list",
        );
        match code.map(|(_, code)| code) {
            None | Some(0) => FileStatus::Exists,
            Some(1) => FileStatus::Trashed,
            Some(2) => FileStatus::Deleted,
            Some(other) => FileStatus::Other(u8::try_from(other).unwrap_or(u8::MAX)),
        }
    }

    /// Groups by id; some records name them in `groups` only.
    fn groups(&mut self) -> Vec<Arc<str>> {
        let ids = self.texts(names::GROUP_IDS).unwrap_or_default();
        let named = self.texts(names::GROUPS).unwrap_or_default();
        let more: Vec<Arc<str>> = named
            .into_iter()
            .filter(|name| !ids.contains(name))
            .collect();
        ids.into_iter().chain(more).collect()
    }

    /// `parentId` counts only where there is no list.
    fn parents(&mut self) -> Vec<Arc<str>> {
        let list = self.texts(names::PARENTS);
        let one = self.filled(names::PARENT);
        list.unwrap_or_else(|| one.into_iter().map(Arc::from).collect())
    }

    fn entities(&mut self, name: &'static str) -> Vec<EntityKey> {
        let list = self.list(name).unwrap_or_default();
        let member = self.place.member(name);
        let mut entities = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            match entity(value) {
                Some(entity) => entities.push(entity),
                None => self.problems.push(
                    &member.item(at),
                    type_error(
                        "an object with `id`, and `saas` and `inst` as numbers",
                        value,
                    ),
                ),
            }
        }
        entities
    }

    fn policies(&mut self) -> Vec<PolicyId> {
        let list = self.list(names::MATCHED).unwrap_or_default();
        let member = self.place.member(names::MATCHED);
        let mut policies = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            match value.as_str().and_then(|text| PolicyId::parse(text).ok()) {
                Some(policy) => policies.push(policy),
                None => self
                    .problems
                    .push(&member.item(at), type_error("a policy id", value)),
            }
        }
        policies
    }

    /// Labels, and the three warnings; whatever else stands there is none of our business.
    fn tags(&mut self, record: &mut FileRecord) {
        for tag in self.texts(names::TAGS).unwrap_or_default() {
            match Tag::of(&tag) {
                Tag::Label(key) if !record.labels.contains(&key) => record.labels.push(key),
                Tag::Warning(warning) => record.warnings.insert(warning),
                Tag::Label(_) | Tag::Other => {}
            }
        }
    }

    fn content_scans(&mut self) -> Vec<ScanStatus> {
        let list = self.list(names::CONTENT_SCANS).unwrap_or_default();
        let member = self.place.member(names::CONTENT_SCANS);
        let mut statuses = Vec::with_capacity(list.len());
        for (at, value) in list.iter().enumerate() {
            let place = member.item(at);
            let Some(text) = value.as_str() else {
                self.problems.push(&place, type_error("a text", value));
                continue;
            };
            match ScanStatus::parse(text) {
                Some(status) => statuses.push(status),
                None => self.problems.push_near(
                    &place,
                    BuildCause::Choice {
                        value: quote(text),
                        allowed: &CONTENT_SCANS,
                    },
                    || did_you_mean(text, CONTENT_SCANS),
                ),
            }
        }
        statuses
    }

    fn label_scan(&mut self) -> LabelScan {
        const WORDS: &[&str] = &["never", "pending", "done", "failed"];
        let Some(text) = self.text(names::LABEL_SCAN) else {
            return LabelScan::Done;
        };
        let found = LABEL_SCANS.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            self.problems.push_near(
                &self.place.member(names::LABEL_SCAN),
                BuildCause::Choice {
                    value: quote(text),
                    allowed: WORDS,
                },
                || did_you_mean(text, WORDS.iter().copied()),
            );
        }
        found.map_or(LabelScan::Done, |(_, scan)| *scan)
    }
}

/// What a tag of a record is.
pub(super) enum Tag {
    Label(LabelKey),
    Warning(ScanWarning),
    Other,
}

impl Tag {
    pub(super) fn of(text: &str) -> Self {
        if let Ok(key) = LabelKey::parse(text) {
            Self::Label(key)
        } else if let Some(warning) = ScanWarning::parse(text) {
            Self::Warning(warning)
        } else {
            Self::Other
        }
    }
}

fn entity(value: &Value) -> Option<EntityKey> {
    let members = value.as_object()?;
    let number = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => Some(Some(whole_number(value)?)),
    };
    Some(EntityKey {
        id: members.get("id")?.as_str()?.into(),
        app: number("saas")?.map(AppId),
        instance: number("inst")?,
    })
}
