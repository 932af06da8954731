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
fn naive(policy: &Value, record: &FileRecord, content: ContentAnswer, now_ms: i64) -> Outcome {
    if policy["enabled"] == json!(false) {
        return Outcome::NoMatch;
    }
    let mut truths = vec![
        Some(!is_excluded_as_deleted(&policy["filters"], record)),
        Some(in_folder_scope(&policy["folderScope"], record)),
        Some(in_owner_scope(&policy["ownerScope"], record)),
    ];
    truths.extend(parts(&policy["filters"], record, now_ms));
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
fn parts(filters: &Value, record: &FileRecord, now_ms: i64) -> Vec<Truth> {
    let mut truths = Vec::new();
    for (name, value) in filters.as_object().unwrap() {
        let list = match value {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        if ["all", "any", "none"].contains(&name.as_str()) {
            let objects: Vec<Truth> = list
                .iter()
                .map(|object| all(&parts(object, record, now_ms)))
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
                truths.push(holds(name, operator, operand, record, now_ms));
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
    let above = record.parent_folders.iter();
    let above = above.chain(record.ancestor_folders.iter().flatten());
    let above: Vec<String> = above.map(|id| fold(id)).collect();
    let listed = scope["folders"].as_array().cloned().unwrap_or_default();
    let inside = listed.iter().any(|folder| {
        folder["app"] == json!(record.key.app.0)
            && folder["instance"] == json!(record.key.instance)
            && above.contains(&fold(folder["id"].as_str().unwrap()))
    });
    match scope["mode"].as_str() {
        Some("selected") => inside,
        Some("excluding") => !inside,
        _ => true,
    }
}

fn in_owner_scope(scope: &Value, record: &FileRecord) -> bool {
    let groups = record.owner_groups.iter().flatten();
    let groups: Vec<String> = groups.map(|group| fold(group)).collect();
    let listed = scope["groups"].as_array().cloned().unwrap_or_default();
    let inside = listed
        .iter()
        .any(|group| groups.contains(&fold(group.as_str().unwrap())));
    match scope["mode"].as_str() {
        Some("selected") => inside,
        Some("excluding") => !inside,
        _ => true,
    }
}

/// Full case folding of the characters that the tests have.
fn fold(text: &str) -> String {
    let character = |character: char| match character {
        'ß' | 'ẞ' => "ss".to_owned(),
        'ﬁ' => "fi".to_owned(),
        'İ' => "i\u{307}".to_owned(),
        'ſ' => "s".to_owned(),
        'ς' => "σ".to_owned(),
        '\u{212A}' => "k".to_owned(),
        // Alone, without what stands beside it: a capital sigma at the end of a word is no other.
        other => other.to_lowercase().collect(),
    };
    text.chars().map(character).collect()
}

/// The values of a record for a filter, as text; numbers and flags as JSON prints them.
fn values(name: &str, operator: &str, record: &FileRecord) -> Vec<String> {
    let one = |text: Option<&str>| text.map(str::to_owned).into_iter().collect();
    let texts = |texts: &[std::sync::Arc<str>]| texts.iter().map(|it| it.to_string()).collect();
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
        "fileScanLabels" => record.warnings.iter().map(|it| it.to_string()).collect(),
        "owner.orgUnit" => one(record.owner_org_unit.as_deref()),
        "owner.username" => one(record.owner_address.as_deref()),
        "extension" => match (&record.reported_extension, record.name.rfind('.')) {
            (Some(reported), _) => vec![reported.to_string()],
            (None, Some(at)) if at > 0 && at + 1 < record.name.len() && !record.is_folder => {
                vec![record.name[at + 1..].to_owned()]
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
            let mut names = vec![record.name.to_string()];
            if record.key.app == AppId::SHAREPOINT_ONLINE
                && !record.is_folder
                && let Some((stem, extension)) = record.name.rsplit_once('.')
                && !stem.is_empty()
                && !extension.is_empty()
            {
                names.push(stem.to_owned());
            }
            names
        }
        "parentFolder" => {
            let mut folders: Vec<String> = texts(&record.parent_folders);
            if operator.contains("descendant") {
                let above: Vec<String> = texts(record.ancestor_folders.as_deref().unwrap_or(&[]));
                folders.extend(above);
            }
            folders
        }
        "collaborators.withDomain" | "collaborators.domains" => texts(&record.domains),
        "collaborators.groups" => texts(&record.groups),
        "collaborators.users" => texts(&record.collaborators),
        "mimeType" => one(record.mime_type.as_deref()),
        "fileId" => one(Some(record.key.file.as_str())),
        "policy" => record
            .matched_policies
            .iter()
            .map(|it| it.to_string())
            .collect(),
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

fn holds(name: &str, operator: &str, operand: &Value, record: &FileRecord, now_ms: i64) -> Truth {
    if name == "allowDeleted" {
        return Some(true);
    }
    if name.ends_with("Date") {
        return Some(date_holds(name, operator, operand, record, now_ms));
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
            Value::String(text) if ["glob", "nglob", "regex", "nregex"].contains(&operator) => {
                vec![text.clone()]
            }
            Value::String(text) => vec![fold(text)],
            other => vec![other.to_string()],
        })
        .collect();
    let folded: Vec<String> = values.iter().map(|value| fold(value)).collect();
    let any_of = |values: &[String], test: &dyn Fn(&String, &String) -> bool| {
        values
            .iter()
            .any(|value| wanted.iter().any(|one| test(value, one)))
    };
    let any = |test: &dyn Fn(&String, &String) -> bool| any_of(&folded, test);
    // Patterns look at the text as it is, one character at a time.
    let any_as_is = |test: &dyn Fn(&String, &String) -> bool| any_of(&values, test);
    let equal = any(&|value, one| value == one);
    Some(match operator {
        "eq" | "descendantof" | "cabinetmatchedrulesequals" => equal,
        "neq" | "ndescendantof" => !equal,
        "deq" => folded.iter().any(|value| !wanted.contains(value)),
        "startswith" | "startswithsingle" => any(&|value, one| value.starts_with(one.as_str())),
        "doesnotstartwith" => !any(&|value, one| value.starts_with(one.as_str())),
        "endswith" => any(&|value, one| value.ends_with(one.as_str())),
        "doesnotendwith" => !any(&|value, one| value.ends_with(one.as_str())),
        "substring" => any(&|value, one| value.contains(one.as_str())),
        "nsubstring" => !any(&|value, one| value.contains(one.as_str())),
        "glob" => any_as_is(&|value, one| looks_like(value, one)),
        "nglob" => !any_as_is(&|value, one| looks_like(value, one)),
        "regex" => any_as_is(&|value, one| is_found(value, one)),
        "nregex" => !any_as_is(&|value, one| is_found(value, one)),
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
        return (is_same(wanted, found) || (wanted == '?' && found != '/'))
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

/// Whether two characters differ in their case at most.
fn is_same(one: char, other: char) -> bool {
    fold(&one.to_string()) == fold(&other.to_string())
}

/// Where a text goes on after these characters, wherever they occur.
fn after<'t>(text: &'t str, part: &str) -> Vec<(usize, &'t str)> {
    let places = text.char_indices().filter_map(|(at, _)| {
        let mut rest = text[at..].chars();
        let found = part
            .chars()
            .all(|wanted| rest.next().is_some_and(|found| is_same(wanted, found)));
        found.then_some((at, rest.as_str()))
    });
    places.collect()
}

/// What the [`EXPRESSIONS`] say, in other words.
fn is_found(text: &str, expression: &str) -> bool {
    let occurs = |part: &str| !after(text, part).is_empty();
    let starts = |part: &str| after(text, part).iter().any(|(at, _)| *at == 0);
    match expression {
        "virus" => occurs("virus"),
        "^(my|budget)" => starts("my") || starts("budget"),
        "[0-9]{4}" => text
            .as_bytes()
            .windows(4)
            .any(|four| four.iter().all(u8::is_ascii_digit)),
        "example$" => after(text, "example")
            .iter()
            .any(|(_, rest)| rest.is_empty()),
        "an|text" => occurs("an") || occurs("text"),
        "бюджет|büro" => occurs("бюджет") || occurs("büro"),
        "stra(ß|ss)e" => occurs("straße") || occurs("strasse"),
        other => panic!("{other}"),
    }
}

fn is_separator(character: char) -> bool {
    ",._-".contains(character) || character.is_whitespace()
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

fn date_holds(
    name: &str,
    operator: &str,
    operand: &Value,
    record: &FileRecord,
    now_ms: i64,
) -> bool {
    let value = match name {
        "modifiedDate" => record.modified_ms,
        "createdDate" => record.created_ms,
        _ => record.snapshot_ms,
    };
    let Some(value) = value else {
        return false;
    };
    // No difference of two instants is too large for it.
    let ago_ms = i128::from(now_ms) - i128::from(value);
    let days_ms = || i128::from(operand.as_i64().unwrap() * DAY_MS);
    match operator {
        "gt" => value > instant(operand),
        "gte" => value >= instant(operand),
        "lt" => value < instant(operand),
        "lte" => value <= instant(operand),
        "gte_ndays" => ago_ms <= days_ms(),
        "lte_ndays" => ago_ms >= days_ms(),
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
            fold(wanted["id"].as_str().unwrap()) == fold(&entity.id)
                && agrees(entity.app.map(|app| app.0), &wanted["saas"])
                && agrees(entity.instance, &wanted["inst"])
        })
    });
    found == (operator == "eq")
}
