//! Random records and policies. They draw from the same few values, so that conditions often hold.

use label_core::{AppId, FileId, FileKey, LabelKey, PolicyId};
use policy_engine::{
    AccessLevel, ContentAnswer, EntityKey, Field, FileRecord, FileStatus, FileType, FilterDialect,
    LabelScan, ScanWarning,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::DAY_MS;
use crate::shared::*;

const APPS: [u32; 3] = [10489, 20892, 15600];
const NAMES: [&str; 15] = [
    "malware-virus.exe",
    "Virus list.docx",
    "my malware virus_list.PDF",
    "README",
    ".profile",
    "Budget 2021.xlsx",
    "budget.",
    "Straße İstanbul.DOCX",
    "STRASSE i\u{307}stanbul.docx",
    "Бюджет 2021.xlsx",
    // The space is one of East Asian writing.
    "予算\u{3000}2021.xlsx",
    "résumé virus.PDF",
    "re\u{301}sume\u{301}.pdf",
    "ΣΊΣΥΦΟΣ.ΤΧΤ",
    // With the sign of the kelvin, a ligature, and a long s.
    "\u{212A}elvin ﬁle viruſ.exe",
];
const QUERIES: [&str; 12] = [
    "malware virus",
    "\"malware\" \"virus\"",
    "\"malware virus\"",
    "virus.exe",
    "BUDGET",
    "\"virus list.docx\"",
    "\"readme\"",
    "STRASSE kelvin",
    "\"straße İSTANBUL.docx\"",
    "бюджет σίσυφος",
    "\"予算\u{3000}2021.xlsx\"",
    "\"RÉSUMÉ\" \"VIRUS\"",
];
const PREFIXES: [&str; 10] = [
    "m",
    "Bud",
    "",
    "readme",
    ".",
    "virus list.docx",
    "stras",
    "БЮДЖЕТ",
    "予",
    "re",
];
const ENDS: [&str; 8] = [
    "docx",
    "",
    "2021.XLSX",
    "l.docx",
    "тхт",
    "τχτ",
    "s.EXE",
    "\u{301}.PDF",
];
const GLOBS: [&str; 9] = [
    "*.docx",
    "**",
    "?udget*",
    "/sites/*/*",
    "*.example",
    "/**/Plan.*",
    "stra?e *",
    "?????? 2021.*",
    "*ſ*.*",
];
const EXPRESSIONS: [&str; 7] = [
    "virus",
    "^(my|budget)",
    "[0-9]{4}",
    "example$",
    "an|text",
    "бюджет|büro",
    "stra(ß|ss)e",
];
const PATHS: [&str; 4] = [
    "/sites/a/Plan.docx",
    "/sites/Plan.pdf",
    "/Virus 2021",
    "/Büro/Straße/Budget.docx",
];
const PARTS: [&str; 11] = [
    "", "a", "t", "dana", "Example", "fin", "/", "pdf", "BÜ", "SS", "u\u{308}",
];
const TEXTS: [&str; 4] = ["Finance", "legal", "HR", "Büro Straße"];
const DOMAINS: [&str; 4] = [
    "contoso.example",
    "Fabrikam.example",
    "northwind.example",
    "MÜNCHEN.example",
];
const FOLDERS: [&str; 4] = ["F-1", "f-2", "root", "Straße-É"];
const ADDRESSES: [&str; 3] = [
    "dana@contoso.example",
    "Lee@fabrikam.example",
    "jürgen@münchen.example",
];
const MIMES: [&str; 3] = ["application/pdf", "text/plain", "application/zip"];
const INSTANTS: [i64; 12] = [
    NOW_MS,
    NOW_MS - 1,
    NOW_MS + 1,
    NOW_MS - 90 * DAY_MS,
    NOW_MS - 90 * DAY_MS - 1,
    0,
    -1,
    PRESENTS[1] - 90 * DAY_MS,
    PRESENTS[2],
    PRESENTS[3] - 91 * DAY_MS,
    i64::MIN,
    i64::MAX,
];

/// When it may be: also before 1970, before the year 1, after 9999, and at the ends of time.
pub(crate) const PRESENTS: [i64; 6] = [
    NOW_MS,
    -1,
    -62_135_596_800_001,
    253_402_300_800_000,
    i64::MIN,
    i64::MAX,
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
        select(vec!["a1", "B2", "Größe"]),
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

pub(crate) fn records() -> impl Strategy<Value = FileRecord> {
    let who = (
        maybe(&TEXTS),
        maybe(&ADDRESSES),
        entities(),
        entities(),
        proptest::option::of(texts(&TEXTS)),
        texts(&DOMAINS),
        texts(&TEXTS),
        texts(&ADDRESSES),
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
        select(vec!["F-1", "F-1", "Ф-É"]),
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
        (
            some_of(vec!["P1", "p2", "Prüfung"]),
            maybe(&PATHS),
            any::<bool>(),
            // Also of a folder, and other than what the name ends with.
            proptest::option::weighted(0.3, select(vec!["pdf", "DOCX", "xlsx", "ΤΧΤ"])),
        ),
    );
    (who, place, state).prop_map(|(who, place, state)| {
        let key = FileKey::new(AppId(place.0), place.1, FileId::parse(place.8).unwrap());
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
        let (policies, path, with_organization, extension) = state.6;
        record.reported_extension = extension.map(Into::into);
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

pub(crate) fn operands(name: &'static str, operator: &'static str) -> BoxedStrategy<Value> {
    match (name, operator) {
        (_, "isset" | "isnotset") => any::<bool>().prop_map(|set| json!(set)).boxed(),
        (_, "gte_ndays" | "lte_ndays") => select(vec![0, 90, 91]).prop_map(|it| json!(it)).boxed(),
        (_, "range") => proptest::collection::vec((0..INSTANTS.len(), 0..INSTANTS.len()), 0..3)
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
        ("filename", "startswithsingle") => select(json_list(&PREFIXES)).boxed(),
        (_, "startswithsingle") => select(json_list(&PARTS)).boxed(),
        ("filename", "contains" | "ncontains") => lists(json_list(&QUERIES)),
        (_, "glob" | "nglob") => lists(json_list(&GLOBS)),
        (_, "regex" | "nregex") => lists(json_list(&EXPRESSIONS)),
        ("filename", "eq" | "neq") => {
            let mut names = json_list(&NAMES);
            names.push(json!("BUDGET 2021"));
            names.push(json!("strasse İSTANBUL"));
            names.push(json!("σίσυφος.τχτ"));
            lists(names)
        }
        ("filename", "endswith" | "doesnotendwith" | "substring" | "nsubstring") => {
            lists(json_list(&ENDS))
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
        ("owner.orgUnit" | "collaborators.groups", _) => {
            lists(json_list(&["finance", "HR", "x", "BÜRO STRASSE"]))
        }
        ("owner.username" | "collaborators.users", _) => lists(json_list(&[
            "DANA@contoso.example",
            "lee@fabrikam.example",
            "JÜRGEN@München.example",
        ])),
        ("owner.entity" | "collaborators.entity", _) => lists(vec![
            json!({"id": "A1"}),
            json!({"id": "b2", "saas": 11161}),
            json!({"id": "b2", "saas": 1, "inst": 0}),
            json!({"id": "GRÖSSE", "saas": 1}),
        ]),
        ("extension", _) => lists(json_list(&["exe", "pdf", "DOCX", "τχτ"])),
        ("parentFolder" | "fileId", _) => {
            lists(json_list(&["f-1", "F-2", "x", "ф-é", "STRASSE-é"]))
        }
        ("collaborators.withDomain" | "collaborators.domains", _) => lists(json_list(&[
            "contoso.example",
            "fabrikam.EXAMPLE",
            "münchen.example",
        ])),
        ("mimeType", _) => lists(json_list(&["Application/PDF", "text/plain"])),
        ("policy", _) => lists(json_list(&["p1", "P2", "PRÜFUNG"])),
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

pub(crate) fn conditions() -> impl Strategy<Value = (&'static str, &'static str, Value)> {
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

pub(crate) fn object(conditions: Vec<(&'static str, &'static str, Value)>) -> Value {
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
pub(crate) fn filters() -> impl Strategy<Value = Value> {
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

pub(crate) fn folders() -> impl Strategy<Value = Value> {
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

pub(crate) fn contents() -> impl Strategy<Value = ContentAnswer> {
    select(vec![
        ContentAnswer::Match { count: 3 },
        ContentAnswer::NoMatch,
        ContentAnswer::NotYet,
    ])
}
