//! A slow, obvious twin that reads the JSON of a policy anew for every record, and random policies
//! and records to compare both on.

pub(crate) mod generate;
mod hits;
mod properties;
mod sweeps;

use label_core::{AppId, LabelKey};
use policy_engine::{ContentAnswer, FileRecord, FileStatus, LabelScan, Outcome};
use serde_json::{Value, json};

use crate::shared::*;

const DAY_MS: i64 = 86_400_000;

/// `None` is "unknown".
type Truth = Option<bool>;

/// What a policy, as JSON, says of a record. `content` is what inspecting it would say.
fn naive(policy: &Value, record: &FileRecord, content: ContentAnswer) -> Outcome {
    if policy["enabled"] == json!(false) {
        return Outcome::NoMatch;
    }
    let mut truths = vec![
        Some(!is_excluded_as_deleted(&policy["filters"], record)),
        Some(in_folder_scope(&policy["folderScope"], record)),
        Some(in_owner_scope(&policy["ownerScope"], record)),
    ];
    truths.extend(parts(&policy["filters"], record));
    match all(&truths) {
        Some(false) => return Outcome::NoMatch,
        None => return Outcome::NeedsScan,
        Some(true) => {}
    }
    if policy["inspection"]["method"] != json!("built_in") {
        return Outcome::Match;
    }
    match content {
        ContentAnswer::Match { .. } => Outcome::Match,
        ContentAnswer::NotYet => Outcome::NeedsContent,
        _ => Outcome::NoMatch,
    }
}

/// What each condition and each group of a filter object says.
fn parts(filters: &Value, record: &FileRecord) -> Vec<Truth> {
    let mut truths = Vec::new();
    for (name, value) in filters.as_object().unwrap() {
        let list = match value {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        if ["all", "any", "none"].contains(&name.as_str()) {
            let objects: Vec<Truth> = list
                .iter()
                .map(|object| all(&parts(object, record)))
                .collect();
            let not = |truth: &Truth| truth.map(|it| !it);
            let opposites: Vec<Truth> = objects.iter().map(not).collect();
            truths.push(match name.as_str() {
                "all" => all(&objects),
                "any" => not(&all(&opposites)),
                _ => all(&opposites),
            });
            continue;
        }
        for condition in list {
            for (operator, operand) in condition.as_object().unwrap() {
                truths.push(holds(name, operator, operand, record));
            }
        }
    }
    truths
}

fn all(truths: &[Truth]) -> Truth {
    if truths.contains(&Some(false)) {
        return Some(false);
    }
    (!truths.contains(&None)).then_some(true)
}

fn is_excluded_as_deleted(filters: &Value, record: &FileRecord) -> bool {
    let text = filters["allowDeleted"].to_string();
    let allowed = text.contains("true") && !filters.to_string().contains("\"trashed\"");
    record.status == FileStatus::Deleted && !allowed
}

fn in_folder_scope(scope: &Value, record: &FileRecord) -> bool {
    let mut above: Vec<String> = lower(record.parent_folders.iter().map(|id| &**id));
    above.extend(lower(
        record.ancestor_folders.iter().flatten().map(|id| &**id),
    ));
    let listed = scope["folders"].as_array().cloned().unwrap_or_default();
    let inside = listed.iter().any(|folder| {
        folder["app"] == json!(record.key.app.0)
            && folder["instance"] == json!(record.key.instance)
            && above.contains(&folder["id"].as_str().unwrap().to_lowercase())
    });
    match scope["mode"].as_str() {
        Some("selected") => inside,
        Some("excluding") => !inside,
        _ => true,
    }
}

fn in_owner_scope(scope: &Value, record: &FileRecord) -> bool {
    let groups = lower(record.owner_groups.iter().flatten().map(|group| &**group));
    let listed = scope["groups"].as_array().cloned().unwrap_or_default();
    let inside = listed
        .iter()
        .any(|group| groups.contains(&group.as_str().unwrap().to_lowercase()));
    match scope["mode"].as_str() {
        Some("selected") => inside,
        Some("excluding") => !inside,
        _ => true,
    }
}

fn lower<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<String> {
    texts.map(str::to_lowercase).collect()
}

/// The values of a record for a filter, as text; numbers and flags as JSON prints them.
fn values(name: &str, operator: &str, record: &FileRecord) -> Vec<String> {
    let one = |text: Option<&str>| lower(text.into_iter());
    let mime = record.mime_type.as_deref().unwrap_or("-");
    match name {
        "service" => vec![record.key.app.0.to_string()],
        "instance" => vec![record.key.instance.to_string()],
        "sharing" => record
            .access_level
            .iter()
            .map(|level| level.code().to_string())
            .collect(),
        "fileLabels" => record.labels.iter().map(LabelKey::to_string).collect(),
        "fileScanLabels" => lower(
            record
                .warnings
                .iter()
                .map(|it| it.to_string())
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str),
        ),
        "owner.orgUnit" => one(record.owner_org_unit.as_deref()),
        "owner.username" => one(record.owner_address.as_deref()),
        "extension" => match record.name.rfind('.') {
            Some(at) if at > 0 && at + 1 < record.name.len() && !record.is_folder => {
                vec![record.name[at + 1..].to_lowercase()]
            }
            _ => vec![],
        },
        "fileType" => match (record.file_type, record.is_folder, mime) {
            (Some(known), _, _) => vec![known.code().to_string()],
            (None, true, _) => vec!["6".to_owned()],
            (None, false, "application/pdf") => vec!["1".to_owned()],
            (None, false, "text/plain") => vec!["4".to_owned()],
            (None, false, "application/zip") => vec!["0".to_owned()],
            _ => vec![],
        },
        "filename" => {
            let mut names = vec![record.name.to_lowercase()];
            if record.key.app == AppId::SHAREPOINT_ONLINE
                && !record.is_folder
                && let Some((stem, extension)) = record.name.rsplit_once('.')
                && !stem.is_empty()
                && !extension.is_empty()
            {
                names.push(stem.to_lowercase());
            }
            names
        }
        "parentFolder" => {
            let mut folders = lower(record.parent_folders.iter().map(|id| &**id));
            if operator.contains("descendant") {
                folders.extend(lower(
                    record.ancestor_folders.iter().flatten().map(|id| &**id),
                ));
            }
            folders
        }
        "collaborators.withDomain" | "collaborators.domains" => {
            lower(record.domains.iter().map(|it| &**it))
        }
        "collaborators.groups" => lower(record.groups.iter().map(|it| &**it)),
        "collaborators.users" => lower(record.collaborators.iter().map(|it| &**it)),
        "mimeType" => one(record.mime_type.as_deref()),
        "fileId" => one(Some(record.key.file.as_str())),
        "policy" => lower(record.matched_policies.iter().map(|it| it.as_str())),
        "trashed" => vec![(record.status == FileStatus::Trashed).to_string()],
        "quarantined" => vec![record.quarantined.to_string()],
        "folder" => vec![record.is_folder.to_string()],
        "path" => one(record.path.as_deref()),
        "collaborators.organization" => vec![record.shared_with_organization.to_string()],
        other => panic!("{other}"),
    }
}

/// The label keys that a value of the label filter means.
fn label_keys(text: &str, below: bool) -> Vec<String> {
    let exact = match text {
        "Confidential" => own(CONFIDENTIAL),
        "general" => own(GENERAL),
        "Confidential/Finance" => own(FINANCE),
        "^Internal" => foreign(1),
        _ => LabelKey::parse(text).unwrap(),
    };
    let mut keys = vec![exact.to_string()];
    if below && exact == own(CONFIDENTIAL) {
        keys.extend([own(FINANCE).to_string(), own(ALL_EMPLOYEES).to_string()]);
    }
    keys
}

fn holds(name: &str, operator: &str, operand: &Value, record: &FileRecord) -> Truth {
    if name == "allowDeleted" {
        return Some(true);
    }
    if name.ends_with("Date") {
        return Some(date_holds(name, operator, operand, record));
    }
    let operands: Vec<Value> = match operand {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    if name.ends_with(".entity") {
        return Some(entity_holds(name, operator, &operands, record));
    }
    let is_presence = operator == "isset" || operator == "isnotset";
    if name == "fileLabels"
        && record.labels.is_empty()
        && matches!(record.label_scan, LabelScan::Never | LabelScan::Pending)
        && (is_presence || !operands.is_empty())
    {
        return None;
    }
    let values = values(name, operator, record);
    if is_presence {
        let wanted = (operator == "isset") == operand.as_bool().unwrap();
        return Some(wanted != values.is_empty());
    }
    let wanted: Vec<String> = operands
        .iter()
        .flat_map(|value| match value {
            Value::String(text) if name == "fileLabels" => {
                label_keys(text, operator.contains("descendant"))
            }
            Value::String(text) => vec![text.to_lowercase()],
            other => vec![other.to_string()],
        })
        .collect();
    let any = |test: &dyn Fn(&String, &String) -> bool| {
        values
            .iter()
            .any(|value| wanted.iter().any(|one| test(value, one)))
    };
    let equal = any(&|value, one| value == one);
    Some(match operator {
        "eq" | "descendantof" | "cabinetmatchedrulesequals" => equal,
        "neq" | "ndescendantof" => !equal,
        "deq" => values.iter().any(|value| !wanted.contains(value)),
        "startswith" | "startswithsingle" => any(&|value, one| value.starts_with(one.as_str())),
        "doesnotstartwith" => !any(&|value, one| value.starts_with(one.as_str())),
        "endswith" => any(&|value, one| value.ends_with(one.as_str())),
        "doesnotendwith" => !any(&|value, one| value.ends_with(one.as_str())),
        "substring" => any(&|value, one| value.contains(one.as_str())),
        "nsubstring" => !any(&|value, one| value.contains(one.as_str())),
        "glob" => any(&|value, one| looks_like(value, one)),
        "nglob" => !any(&|value, one| looks_like(value, one)),
        "regex" => any(&|value, one| is_found(value, one)),
        "nregex" => !any(&|value, one| is_found(value, one)),
        "contains" | "text" => any(&|value, query| contains(value, query)),
        "ncontains" => !any(&|value, query| contains(value, query)),
        other => panic!("{other}"),
    })
}

/// The stars and question marks of [`GLOBS`], one character at a time.
fn looks_like(text: &str, pattern: &str) -> bool {
    let Some(rest) = pattern.strip_prefix('*') else {
        let (Some(wanted), Some(found)) = (pattern.chars().next(), text.chars().next()) else {
            return pattern.is_empty() && text.is_empty();
        };
        return (wanted == found || (wanted == '?' && found != '/'))
            && looks_like(&text[found.len_utf8()..], &pattern[wanted.len_utf8()..]);
    };
    let (rest, anywhere) = match rest.strip_prefix('*') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let reach = match text.find('/') {
        Some(at) if !anywhere => at,
        _ => text.len(),
    };
    (0..=reach).any(|at| text.is_char_boundary(at) && looks_like(&text[at..], rest))
}

/// What the [`EXPRESSIONS`] say, in other words. They come in lower case, which these don't mind.
fn is_found(text: &str, expression: &str) -> bool {
    match expression {
        "virus" => text.contains("virus"),
        "^(my|budget)" => text.starts_with("my") || text.starts_with("budget"),
        "[0-9]{4}" => text
            .as_bytes()
            .windows(4)
            .any(|four| four.iter().all(u8::is_ascii_digit)),
        "example$" => text.ends_with("example"),
        "an|text" => text.contains("an") || text.contains("text"),
        other => panic!("{other}"),
    }
}

fn is_separator(character: char) -> bool {
    " ,._-".contains(character)
}

/// Word by word: every quoted piece padded with separators must occur in the padded name; without
/// quotation marks one of the words.
fn contains(name: &str, query: &str) -> bool {
    let same = |text: &str| format!(" {text} ");
    let name_words: Vec<&str> = name
        .split(is_separator)
        .filter(|it| !it.is_empty())
        .collect();
    if !query.contains('"') {
        return query
            .split(is_separator)
            .any(|word| name_words.contains(&word));
    }
    query.split('"').skip(1).step_by(2).all(|piece| {
        let words: Vec<&str> = piece
            .split(is_separator)
            .filter(|it| !it.is_empty())
            .collect();
        if let [word] = words[..] {
            return name_words.contains(&word);
        }
        // The phrase itself, with a separator or an edge on both sides.
        same(name).match_indices(piece).any(|(at, _)| {
            let padded = same(name);
            let (before, after) = (&padded[..at], &padded[at + piece.len()..]);
            before.ends_with(is_separator) && after.starts_with(is_separator)
        })
    })
}

fn instant(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| {
        assert_eq!(value, "2020-12-27T12:00:00Z");
        NOW_MS
    })
}

fn date_holds(name: &str, operator: &str, operand: &Value, record: &FileRecord) -> bool {
    let value = match name {
        "modifiedDate" => record.modified_ms,
        "createdDate" => record.created_ms,
        _ => record.snapshot_ms,
    };
    let Some(value) = value else {
        return false;
    };
    match operator {
        "gt" => value > instant(operand),
        "gte" => value >= instant(operand),
        "lt" => value < instant(operand),
        "lte" => value <= instant(operand),
        "gte_ndays" => NOW_MS - value <= operand.as_i64().unwrap() * DAY_MS,
        "lte_ndays" => NOW_MS - value >= operand.as_i64().unwrap() * DAY_MS,
        "range" => operand
            .as_array()
            .unwrap()
            .iter()
            .any(|range| instant(&range["start"]) <= value && value <= instant(&range["end"])),
        other => panic!("{other}"),
    }
}

fn entity_holds(name: &str, operator: &str, wanted: &[Value], record: &FileRecord) -> bool {
    let entities = match name {
        "owner.entity" => &record.owner_entities,
        _ => &record.collaborator_entities,
    };
    let found = entities.iter().any(|entity| {
        wanted.iter().any(|wanted| {
            let agrees = |ours: Option<u32>, theirs: &Value| {
                ours.is_none() || theirs.is_null() || json!(ours) == *theirs
            };
            wanted["id"].as_str().unwrap().to_lowercase() == entity.id.to_lowercase()
                && agrees(entity.app.map(|app| app.0), &wanted["saas"])
                && agrees(entity.instance, &wanted["inst"])
        })
    });
    found == (operator == "eq")
}
