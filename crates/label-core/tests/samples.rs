//! Saved label lists of a made-up tenant, in the shapes that Graph v1.0 answers with.
#![cfg(feature = "sources")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail loudly"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use label_core::source::{GraphFile, graph};
use label_core::{
    EffectiveLabel, FileLabel, Label, LabelCatalog, LabelId, LabelOrigin, LabelSource, LabelState,
    LabelStorage, LabelView, NotAppliable, TenantId,
};

fn tenant() -> TenantId {
    TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap()
}

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    fs::read(folder.join(name)).unwrap()
}

fn catalog(name: &str) -> LabelCatalog {
    let list = graph::parse(tenant(), &sample(name)).unwrap();
    LabelCatalog::build(tenant(), list.labels).unwrap().0
}

#[test]
fn r_013_r_058_the_whole_list_is_there() {
    let catalog = catalog("graph-v1-labels.json");
    let listed: Vec<String> = catalog
        .labels()
        .map(|label| {
            let id = label.key.label;
            format!(
                "{} {:?}",
                catalog.path(id).unwrap(),
                catalog.order(id).unwrap()
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            "Personal (0, 0)",
            "Public (1, 0)",
            "General (2, 0)",
            "Confidential (3, 0)",
            "Confidential/Anyone (not protected) (3, 1)",
            "Confidential/All Employees (3, 2)",
            "Confidential/Trusted People (3, 3)",
            "Highly Confidential (4, 0)",
            "Highly Confidential/Anyone (not protected) (4, 1)",
            "Highly Confidential/All Employees (4, 2)",
            "Highly Confidential/Recipients Only (4, 3)",
            "Highly Confidential/Project Falcon (4, 4)",
            "Highly Confidential/Board Papers (retired) (4, 5)",
            "Internal Site (5, 0)",
        ]
    );
    let retired = catalog.find("Board Papers (retired)").unwrap();
    assert_eq!(retired.state, LabelState::Disabled);
    // The colour of the parent is the one thing that a sublabel inherits.
    let employees = catalog.find("Confidential/All Employees").unwrap();
    assert_eq!(catalog.color(employees.key.label), Some("#FF8C00"));
    assert!(employees.protection.encrypts());
}

#[test]
fn r_130_r_131_what_can_be_applied_and_why_the_rest_cannot() {
    let catalog = catalog("graph-v1-labels.json");
    for (path, expected) in [
        ("General", None),
        ("Confidential", Some(NotAppliable::Heading)),
        ("Confidential/Trusted People", None),
        (
            "Highly Confidential/Recipients Only",
            Some(NotAppliable::NotForFiles),
        ),
        (
            "Highly Confidential/Board Papers (retired)",
            Some(NotAppliable::Disabled),
        ),
        ("Internal Site", Some(NotAppliable::NotForFiles)),
    ] {
        let label = catalog.find(path).unwrap();
        assert_eq!(catalog.not_appliable(label.key.label), expected, "{path}");
    }
    assert_eq!(catalog.appliable().count(), 9);
}

#[test]
fn l_003_l_010_the_minimal_form_of_a_part_gives_the_same_relative_order() {
    let full = catalog("graph-v1-labels.json");
    let minimal = catalog("graph-v1-labels-minimal.json");
    let ids: Vec<LabelId> = minimal.labels().map(|label| label.key.label).collect();
    assert!(ids.len() > 3);
    for id in &ids {
        assert_eq!(minimal.path(*id), full.path(*id));
    }
    let mut by_full = ids.clone();
    by_full.sort_by_key(|id| full.order(*id));
    assert_eq!(ids, by_full);
    // What the form doesn't say counts as usable.
    assert!(
        minimal
            .labels()
            .all(|label| label.state == LabelState::Unknown && label.state.is_active())
    );
}

#[test]
fn l_055_sublabels_listed_twice_keep_the_nested_parent() {
    let list = graph::parse(
        tenant(),
        &sample("graph-v1-labels-duplicated-sublabels.json"),
    )
    .unwrap();
    assert!(list.notes.iter().any(|note| note.contains("listed twice")));
    let (catalog, _) = LabelCatalog::build(tenant(), list.labels).unwrap();
    assert!(catalog.find("Confidential/Anyone (not protected)").is_ok());
    let general = catalog.find("General").unwrap();
    // An unknown flag means that the targets are unknown, so the label can be used for files.
    assert!(!general.targets.known && general.targets.usable_for_files());
}

#[test]
fn l_043_l_056_failed_answers_are_errors_and_never_an_empty_list() {
    for (name, expected) in [
        (
            "graph-empty-value-null.json",
            "/value: null instead of a list",
        ),
        (
            "graph-error-404-no-labels.json",
            "/error: the answer is an error: `itemNotFound`",
        ),
        (
            "graph-error-429.json",
            "/error: the answer is an error: `TooManyRequests`",
        ),
        (
            "graph-error-empty-message.json",
            "/error: the answer is an error: `UnknownError`",
        ),
    ] {
        let error = graph::parse(tenant(), &sample(name))
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

#[test]
fn r_062_readers_hold_one_snapshot() {
    let old = Arc::new(catalog("graph-v1-labels.json"));
    let held = LabelView::new(old.clone());
    let (new, _) = old.refresh(Vec::new()).unwrap();
    let new = LabelView::new(Arc::new(new));
    let general = held.find("General").unwrap();
    assert_eq!(held.origin_of(general), LabelOrigin::Own(general));
    assert_eq!(new.origin_of(general), LabelOrigin::OwnDeleted(general));
}

#[test]
fn a_saved_file_is_read_at_each_fetch() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/graph-v1-labels.json");
    let mut source = GraphFile::new(tenant(), &path);
    assert_eq!(source.fetch().unwrap().labels.len(), 14);
    assert_eq!(source.fetch().unwrap().tenant, tenant());
}

/// The four files of the sample: the label id alone does not say whose a label is.
#[test]
fn l_001_the_same_id_in_two_tenants_has_two_origins() {
    let text = sample("file-metadata-same-id-two-tenants.json");
    let document: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let shared = LabelId::parse("defa4170-0d19-0005-0004-bc88714345d2").unwrap();
    let general = LabelId::parse("247d25b6-53f6-440e-9853-7b0b7f86f502").unwrap();
    let labels = vec![
        Label::new(tenant(), shared, "All Employees"),
        Label::new(tenant(), general, "General"),
    ];
    let (catalog, _) = LabelCatalog::build(tenant(), labels).unwrap();
    let view = LabelView::new(Arc::new(catalog));
    let mut seen = 0;
    for file in document["files"].as_array().unwrap() {
        let mut record: Option<FileLabel> = None;
        for entry in file["metadata"].as_array().unwrap() {
            let name = entry["name"].as_str().unwrap();
            let value = entry["value"].as_str().unwrap();
            let (id, attribute) = name
                .strip_prefix("MSIP_Label_")
                .and_then(|rest| rest.split_once('_'))
                .unwrap();
            let record =
                record.get_or_insert_with(|| FileLabel::new(id, LabelStorage::CustomProperties));
            if attribute == "SiteId" {
                record.set_tenant(value);
            }
        }
        let origin = view.origin(&EffectiveLabel::from(&record.unwrap()));
        let expected = file["expectedOrigin"].as_str().unwrap();
        let found = match origin {
            LabelOrigin::Own(_) => "Own",
            LabelOrigin::External(_) => "External",
            other => panic!("{other:?}"),
        };
        assert!(expected.starts_with(found), "{}: {expected}", file["file"]);
        seen += 1;
    }
    assert_eq!(seen, 4);
}

#[test]
fn l_010_l_040_every_form_of_one_taxonomy_gives_the_same_order() {
    let full = catalog("graph-v1-labels.json");
    let mut labels = Vec::new();
    for (name, is_last) in [
        ("graph-beta-labels-page1.json", false),
        ("graph-beta-labels-page2.json", true),
    ] {
        // One page is not the list.
        assert_eq!(graph::parse(tenant(), &sample(name)).is_ok(), is_last);
        let page = graph::parse_page(tenant(), &sample(name)).unwrap();
        assert_eq!(page.next_link.is_none(), is_last, "{name}");
        labels.extend(page.list.labels);
    }
    let (beta, _) = LabelCatalog::build(tenant(), labels).unwrap();
    let ordered = |catalog: &LabelCatalog| -> Vec<(String, (u32, u32))> {
        catalog
            .labels()
            .map(|label| label.key.label)
            .map(|id| {
                (
                    catalog.path(id).unwrap().to_owned(),
                    catalog.order(id).unwrap(),
                )
            })
            .collect()
    };
    assert_eq!(ordered(&beta), ordered(&full));
    // A part of it, without formats and states of headings.
    let legacy = catalog("graph-beta-legacy-labels.json");
    let ids: Vec<LabelId> = legacy.labels().map(|label| label.key.label).collect();
    let mut by_full = ids.clone();
    by_full.sort_by_key(|id| full.order(*id));
    assert_eq!(ids, by_full);
    assert!(ids.len() > 3);
    for id in ids {
        assert_eq!(legacy.path(id), full.path(id));
    }
}

#[test]
fn l_019_the_settings_of_a_tenant_are_read() {
    let body = sample("graph-beta-label-policy-settings.json");
    let settings = graph::parse_policy_settings(&body).unwrap();
    assert_eq!(settings.mandatory, Some(true));
    assert_eq!(settings.requires_downgrade_justification, Some(true));
    let general = LabelId::parse("247d25b6-53f6-440e-9853-7b0b7f86f502").unwrap();
    assert_eq!(settings.default_label, Some(Some(general)));
}

#[test]
fn l_014_a_tenth_of_bad_labels_is_left_out_and_more_is_a_failed_read() {
    let list = |good: usize, bad: usize| {
        let good = (0..good).map(|at| {
            format!(r#"{{"id":"00000000-0000-0000-0000-0000000{at:05}","name":"L{at}"}}"#)
        });
        let bad = (0..bad).map(|at| format!(r#"{{"id":"bad {at}"}}"#));
        let items: Vec<String> = good.chain(bad).collect();
        graph::parse(tenant(), format!("[{}]", items.join(",")).as_bytes())
    };
    let read = list(18, 2).unwrap();
    assert_eq!(read.labels.len(), 18);
    assert_eq!(
        read.notes,
        ["left out: /18/id: label id: `bad 0` is not a GUID, and 1 more"]
    );
    assert!(list(17, 2).is_err());
}
