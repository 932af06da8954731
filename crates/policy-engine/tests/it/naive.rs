//! A slow, obvious twin that reads the JSON of a policy anew for every record, and random policies
//! and records to compare both on.

use label_core::{AppId, FileId, FileKey, LabelKey, PolicyId};
use policy_engine::{
    AccessLevel, ContentAnswer, EntityKey, Field, FileRecord, FileStatus, FileType, FilterDialect,
    Inspection, LabelScan, Outcome, PolicySet, ScanWarning,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

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

// Random records and policies draw from the same few values, so that conditions often hold.

const APPS: [u32; 3] = [10489, 20892, 15600];
const NAMES: [&str; 7] = [
    "malware-virus.exe",
    "Virus list.docx",
    "my malware virus_list.PDF",
    "README",
    ".profile",
    "Budget 2021.xlsx",
    "budget.",
];
const QUERIES: [&str; 7] = [
    "malware virus",
    "\"malware\" \"virus\"",
    "\"malware virus\"",
    "virus.exe",
    "BUDGET",
    "\"virus list.docx\"",
    "\"readme\"",
];
const PREFIXES: [&str; 6] = ["m", "Bud", "", "readme", ".", "virus list.docx"];
const GLOBS: [&str; 6] = [
    "*.docx",
    "**",
    "?udget*",
    "/sites/*/*",
    "*.example",
    "/**/Plan.*",
];
const EXPRESSIONS: [&str; 4] = ["virus", "^(my|budget)", "[0-9]{4}", "example$"];
const PATHS: [&str; 3] = ["/sites/a/Plan.docx", "/sites/Plan.pdf", "/Virus 2021"];
const PARTS: [&str; 7] = ["", "dana", "Example", "fin", "/sites", "pdf", "AL"];
const TEXTS: [&str; 3] = ["Finance", "legal", "HR"];
const DOMAINS: [&str; 3] = ["contoso.example", "Fabrikam.example", "northwind.example"];
const FOLDERS: [&str; 3] = ["F-1", "f-2", "root"];
const MIMES: [&str; 3] = ["application/pdf", "text/plain", "application/zip"];
const INSTANTS: [i64; 6] = [
    NOW_MS,
    NOW_MS - 1,
    NOW_MS + 1,
    NOW_MS - 90 * DAY_MS,
    NOW_MS - 90 * DAY_MS - 1,
    0,
];
const LABELS: [&str; 4] = [
    "Confidential",
    "general",
    "Confidential/Finance",
    "^Internal",
];
const WARNINGS: [&str; 3] = ["azure rms encrypted", "Password encrypted", "Corrupt File"];

fn some_of<T: Clone + std::fmt::Debug + 'static>(
    all: impl Into<Vec<T>>,
) -> impl Strategy<Value = Vec<T>> {
    let all = all.into();
    let most = all.len();
    subsequence(all, 0..=most)
}

fn texts(all: &[&'static str]) -> impl Strategy<Value = Vec<std::sync::Arc<str>>> + use<> {
    some_of(all.to_vec()).prop_map(|list| list.into_iter().map(Into::into).collect())
}

fn maybe(all: &[&'static str]) -> impl Strategy<Value = Option<std::sync::Arc<str>>> + use<> {
    proptest::option::of(select(all.to_vec()).prop_map(Into::into))
}

fn times() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(select(INSTANTS.to_vec()))
}

fn entities() -> impl Strategy<Value = Vec<EntityKey>> {
    let entity = (
        select(vec!["a1", "B2"]),
        proptest::option::of(select(vec![11161, 1])),
        proptest::option::of(0..2_u32),
    );
    let entity = entity.prop_map(|(id, app, instance)| EntityKey {
        id: id.into(),
        app: app.map(AppId),
        instance,
    });
    proptest::collection::vec(entity, 0..2)
}

fn labelled() -> impl Strategy<Value = (Vec<LabelKey>, LabelScan)> {
    let labels = some_of(vec![
        own(CONFIDENTIAL),
        own(GENERAL),
        own(FINANCE),
        own(ALL_EMPLOYEES),
        foreign(1),
    ]);
    let scan = select(vec![
        LabelScan::Never,
        LabelScan::Pending,
        LabelScan::Done,
        LabelScan::Failed,
    ]);
    (prop_oneof![Just(Vec::new()), labels], scan)
}

fn records() -> impl Strategy<Value = FileRecord> {
    let who = (
        maybe(&TEXTS),
        maybe(&["dana@contoso.example"]),
        entities(),
        entities(),
        proptest::option::of(texts(&TEXTS)),
        texts(&DOMAINS),
        texts(&TEXTS),
        texts(&["dana@contoso.example", "Lee@fabrikam.example"]),
    );
    let place = (
        select(APPS.to_vec()),
        0..2_u32,
        select(NAMES.to_vec()),
        maybe(&MIMES),
        texts(&FOLDERS),
        proptest::option::of(texts(&FOLDERS)),
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.3, select(FileType::ALL.to_vec())),
    );
    let state = (
        proptest::option::of(select(AccessLevel::ALL.to_vec())),
        (times(), times(), times()),
        labelled(),
        some_of(ScanWarning::ALL),
        select(vec![
            FileStatus::Exists,
            FileStatus::Trashed,
            FileStatus::Deleted,
            FileStatus::Other(7),
        ]),
        any::<bool>(),
        (some_of(vec!["P1", "p2"]), maybe(&PATHS), any::<bool>()),
    );
    (who, place, state).prop_map(|(who, place, state)| {
        let key = FileKey::new(AppId(place.0), place.1, FileId::parse("F-1").unwrap());
        let mut record = FileRecord::new(key, place.2);
        record.mime_type = place.3;
        record.parent_folders = place.4;
        record.ancestor_folders = place.5;
        record.is_folder = place.6;
        record.file_type = place.7;
        record.owner_org_unit = who.0;
        record.owner_address = who.1;
        record.owner_entities = who.2;
        record.collaborator_entities = who.3;
        record.owner_groups = who.4;
        record.domains = who.5;
        record.groups = who.6;
        record.collaborators = who.7;
        record.access_level = state.0;
        (record.modified_ms, record.created_ms, record.snapshot_ms) = state.1;
        (record.labels, record.label_scan) = state.2;
        record.warnings = state.3.into_iter().collect();
        record.status = state.4;
        record.quarantined = state.5;
        let (policies, path, with_organization) = state.6;
        record.path = path.map(|path| Box::from(&*path));
        record.shared_with_organization = with_organization;
        record.matched_policies = policies
            .iter()
            .map(|id| PolicyId::parse(id).unwrap())
            .collect();
        record
    })
}

/// Lists of these, sometimes empty.
fn lists(all: Vec<Value>) -> BoxedStrategy<Value> {
    some_of(all).prop_map(Value::Array).boxed()
}

fn json_list(all: &[&str]) -> Vec<Value> {
    all.iter().map(|text| json!(text)).collect()
}

fn dates() -> BoxedStrategy<Value> {
    let numbers = select(INSTANTS.to_vec()).prop_map(|at| json!(at));
    prop_oneof![3 => numbers, 1 => Just(json!("2020-12-27T12:00:00Z"))].boxed()
}

fn operands(name: &'static str, operator: &'static str) -> BoxedStrategy<Value> {
    match (name, operator) {
        (_, "isset" | "isnotset") => any::<bool>().prop_map(|set| json!(set)).boxed(),
        (_, "gte_ndays" | "lte_ndays") => select(vec![0, 90, 91]).prop_map(|it| json!(it)).boxed(),
        (_, "range") => proptest::collection::vec((0..6_usize, 0..6_usize), 0..3)
            .prop_map(|pairs| {
                let range = |(one, other): (usize, usize)| {
                    let (one, other) = (INSTANTS[one], INSTANTS[other]);
                    json!({"start": one.min(other), "end": one.max(other)})
                };
                Value::Array(pairs.into_iter().map(range).collect())
            })
            .boxed(),
        (_, "gt" | "gte" | "lt" | "lte") => dates(),
        (_, "text") => select(json_list(&QUERIES)).boxed(),
        (_, "startswithsingle") => select(json_list(&PREFIXES)).boxed(),
        ("filename", "contains" | "ncontains") => lists(json_list(&QUERIES)),
        (_, "glob" | "nglob") => lists(json_list(&GLOBS)),
        (_, "regex" | "nregex") => lists(json_list(&EXPRESSIONS)),
        ("filename", "eq" | "neq") => {
            let mut names = json_list(&NAMES);
            names.push(json!("BUDGET 2021"));
            lists(names)
        }
        ("filename", _) => lists(json_list(&PREFIXES)),
        (
            "owner.orgUnit"
            | "owner.username"
            | "collaborators.withDomain"
            | "collaborators.users"
            | "mimeType"
            | "path",
            operator,
        ) if !["eq", "neq", "deq"].contains(&operator) => lists(json_list(&PARTS)),
        ("path", _) => lists(json_list(&PATHS)),
        ("service", _) => lists(APPS.iter().map(|app| json!(app)).collect()),
        ("instance", _) => lists(vec![json!(0), json!(1)]),
        ("sharing", _) => lists((0..5).map(|code| json!(code)).collect()),
        ("fileType", _) => lists((0..7).map(|code| json!(code)).collect()),
        ("fileLabels", _) => {
            let mut labels = json_list(&LABELS);
            labels.push(json!(foreign(9).to_string()));
            labels.push(json!(own(ALL_EMPLOYEES).to_string()));
            lists(labels)
        }
        ("fileScanLabels", _) => lists(json_list(&WARNINGS)),
        ("owner.orgUnit" | "collaborators.groups", _) => lists(json_list(&["finance", "HR", "x"])),
        ("owner.username" | "collaborators.users", _) => {
            lists(json_list(&["DANA@contoso.example", "lee@fabrikam.example"]))
        }
        ("owner.entity" | "collaborators.entity", _) => lists(vec![
            json!({"id": "A1"}),
            json!({"id": "b2", "saas": 11161}),
            json!({"id": "b2", "saas": 1, "inst": 0}),
        ]),
        ("extension", _) => lists(json_list(&["exe", "pdf", "DOCX"])),
        ("parentFolder" | "fileId", _) => lists(json_list(&["f-1", "F-2", "x"])),
        ("collaborators.withDomain" | "collaborators.domains", _) => {
            lists(json_list(&["contoso.example", "fabrikam.EXAMPLE"]))
        }
        ("mimeType", _) => lists(json_list(&["Application/PDF", "text/plain"])),
        ("policy", _) => lists(json_list(&["p1", "P2"])),
        (
            "trashed" | "quarantined" | "folder" | "allowDeleted" | "collaborators.organization",
            _,
        ) => prop_oneof![
            Just(json!(true)),
            Just(json!(false)),
            Just(json!([true, false]))
        ]
        .boxed(),
        other => panic!("{other:?}"),
    }
}

fn conditions() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
    let all = FilterDialect::Extended;
    let pairs: Vec<(&'static str, &'static str)> = Field::names(all)
        .flat_map(|name| {
            let operators = Field::parse(name).unwrap().operators(all);
            operators.map(move |operator| (name, operator.name()))
        })
        .collect();
    select(pairs).prop_flat_map(|(name, operator)| {
        operands(name, operator).prop_map(move |operand| (name, operator, operand))
    })
}

fn object(conditions: Vec<(&'static str, &'static str, Value)>) -> Value {
    let mut filters = Map::new();
    for (name, operator, operand) in conditions {
        let object = json!({operator: operand});
        match filters.get_mut(name) {
            None => {
                filters.insert(name.to_owned(), object);
            }
            Some(Value::Array(list)) => list.push(object),
            Some(first) => *first = json!([first.clone(), object]),
        }
    }
    Value::Object(filters)
}

/// Filter objects, some with groups, some of those with groups.
fn filters() -> impl Strategy<Value = Value> {
    let inner = proptest::collection::vec(
        conditions().prop_filter("at the top only", |condition| condition.0 != "allowDeleted"),
        1..3,
    );
    let leaf = inner.prop_map(object);
    let nested = leaf.prop_recursive(2, 6, 3, |inner| {
        let group = (
            select(vec!["all", "any", "none"]),
            proptest::collection::vec(inner, 1..3),
        );
        group.prop_map(|(kind, objects)| json!({kind: objects}))
    });
    let group = (
        select(vec!["all", "any", "none"]),
        proptest::collection::vec(nested, 1..4),
    );
    (
        proptest::collection::vec(conditions(), 0..4).prop_map(object),
        proptest::option::weighted(0.4, group),
    )
        .prop_map(|(mut filters, group)| {
            if let Some((kind, objects)) = group {
                filters[kind] = Value::Array(objects);
            }
            filters
        })
}

fn folders() -> impl Strategy<Value = Value> {
    (select(APPS.to_vec()), 0..2_u32, select(FOLDERS.to_vec()))
        .prop_map(|(app, instance, id)| json!({"app": app, "instance": instance, "id": id}))
}

fn scopes() -> impl Strategy<Value = (Value, Value)> {
    let folders = proptest::collection::vec(folders(), 0..3);
    let modes = || select(vec!["all", "selected", "excluding"]);
    let with = |mode: &str, name: &str, list: Vec<Value>| match mode {
        "all" => json!({"mode": "all"}),
        mode => json!({"mode": mode, name: list}),
    };
    (modes(), folders, modes(), some_of(json_list(&TEXTS))).prop_map(
        move |(folder_mode, folders, owner_mode, groups)| {
            (
                with(folder_mode, "folders", folders),
                with(owner_mode, "groups", groups),
            )
        },
    )
}

pub(crate) fn policies() -> impl Strategy<Value = Value> {
    let usual_scopes = Just((json!({"mode": "all"}), json!({"mode": "all"})));
    (
        filters(),
        prop_oneof![3 => usual_scopes, 1 => scopes()],
        any::<bool>(),
        proptest::bool::weighted(0.9),
    )
        .prop_map(|(filters, (folders, owners), inspects, enabled)| {
            let inspection = if inspects {
                json!({"method": "built_in", "preset": "iban"})
            } else {
                json!({"method": "none"})
            };
            json!({
                "id": "p", "name": "P", "enabled": enabled, "filters": filters,
                "folderScope": folders, "ownerScope": owners, "inspection": inspection,
            })
        })
}

fn contents() -> impl Strategy<Value = ContentAnswer> {
    select(vec![
        ContentAnswer::Match { count: 3 },
        ContentAnswer::NoMatch,
        ContentAnswer::NotYet,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn evaluation_agrees_with_the_naive_twin(
        policy in policies(),
        records in proptest::collection::vec(records(), 1..8),
        content in contents(),
    ) {
        let labels = labels();
        let text = json!({"format": "file-policies/1", "policies": [policy]}).to_string();
        let set = match PolicySet::from_json(&text, &context(&labels)) {
            Ok(set) => set,
            Err(errors) => panic!("{errors}"),
        };
        let rewritten = serde_json::to_string(&set.document()).unwrap();
        let again = PolicySet::from_json(&rewritten, &context(&labels)).unwrap();
        for record in &records {
            let expected = naive(&policy, record, content);
            let mut matcher = |_: &Inspection| content;
            for set in [&set, &again] {
                let outcomes: Vec<Outcome> = set
                    .evaluate(record, NOW_MS, &mut matcher)
                    .map(|evaluation| evaluation.outcome)
                    .collect();
                prop_assert_eq!(outcomes, vec![expected], "{}", record.name);
            }
            let policy = &set.policies()[0];
            let explanation = policy.explain(record, NOW_MS, &mut matcher);
            prop_assert_eq!(explanation.outcome, expected);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Many policies at once say what each of them says alone.
    #[test]
    fn the_finder_agrees_with_each_policy(
        policies in prop_oneof![
            4 => proptest::collection::vec(policies(), 1..10),
            1 => proptest::collection::vec(policies(), 60..70),
        ],
        records in proptest::collection::vec(records(), 1..6),
        content in contents(),
    ) {
        let labels = labels();
        let mut policies = policies;
        for (at, policy) in policies.iter_mut().enumerate() {
            policy["id"] = json!(at.to_string());
        }
        let text = json!({"format": "file-policies/1", "policies": policies}).to_string();
        let set = PolicySet::from_json(&text, &context(&labels)).unwrap();
        let mut finder = set.finder();
        for record in &records {
            let mut matcher = |_: &Inspection| content;
            let expected: Vec<(usize, Outcome)> = set
                .evaluate(record, NOW_MS, &mut matcher)
                .map(|evaluation| evaluation.outcome)
                .enumerate()
                .filter(|(_, outcome)| *outcome != Outcome::NoMatch)
                .collect();
            let mut found = Vec::new();
            finder.find(record, NOW_MS, &mut matcher, |evaluation| {
                let at = evaluation.policy.id().as_str().parse::<usize>().unwrap();
                found.push((at, evaluation.outcome));
            });
            prop_assert_eq!(found, expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// a policy of two filters matches exactly what both match alone.
    #[test]
    fn r_010_filters_intersect(
        one in conditions(),
        other in conditions(),
        records in proptest::collection::vec(records(), 1..8),
    ) {
        // These two are about each other and about deleted files.
        prop_assume!(![one.0, other.0].contains(&"allowDeleted"));
        let of = |parts: &[&(&str, &str, Value)]| {
            let mut filters = Map::new();
            for (name, operator, operand) in parts {
                let entry = filters.entry((*name).to_owned()).or_insert(json!([]));
                entry.as_array_mut().unwrap().push(json!({*operator: operand}));
            }
            build(json!({"filters": filters}))
        };
        let (first, second, both) = (of(&[&one]), of(&[&other]), of(&[&one, &other]));
        for record in &records {
            let expected = matches(&first, record) && matches(&second, record);
            prop_assert_eq!(matches(&both, record), expected);
        }
    }

    /// the two folder scopes divide the files of an app between them.
    #[test]
    fn r_201_folder_scopes_are_complements(
        folders in proptest::collection::vec(folders(), 0..3),
        record in records(),
    ) {
        let of = |mode: &str| {
            let scope = json!({"mode": mode, "folders": folders});
            build(json!({"folderScope": scope, "filters": {"allowDeleted": {"eq": true}}}))
        };
        prop_assert_ne!(matches(&of("selected"), &record), matches(&of("excluding"), &record));
    }

    /// reading a file can only make a policy match that covers it.
    #[test]
    fn r_113_a_match_is_covered(policy in policies(), record in records()) {
        let mut members = policy;
        members.as_object_mut().unwrap().remove("id");
        let policy = build(members);
        let mut matcher = |_: &Inspection| ContentAnswer::Match { count: 1 };
        let outcome = policy.evaluate(&record, NOW_MS, &mut matcher);
        if outcome != Outcome::NoMatch {
            prop_assert!(policy.covers(&record, NOW_MS));
        }
    }

    /// Whatever a document says, building it ends with policies or errors.
    #[test]
    fn any_document_is_answered(text in "\\PC{0,80}", operand in "[-{}\\[\\]\":,a-z0-9]{0,30}") {
        let labels = labels();
        let context = context(&labels);
        let _ = PolicySet::from_json(&text, &context).map_err(|errors| errors.to_string());
        let value = serde_json::from_str::<Value>(&operand).unwrap_or(json!(operand));
        for name in Field::names(FilterDialect::Extended) {
            let filters = json!({name: {"eq": value}, "filename": {"contains": [operand]}});
            let built = PolicySet::from_json(
                &document(json!({"filters": filters})).to_string(),
                &context,
            );
            if let Err(errors) = built {
                prop_assert!(!errors.as_slice().is_empty());
                for error in errors.as_slice() {
                    prop_assert!(error.pointer.starts_with("/policies/0"), "{error}");
                }
            }
        }
    }
}
