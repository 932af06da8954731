//! Exports of administrators and what several documents say together, of a made-up tenant.
#![cfg(feature = "sources")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

use std::fs;
use std::path::Path;

use label_core::migration::MigrationRule;
use label_core::protection::{ContentExpiry, OfflineAccess};
use label_core::source::{Combined, Document, Import, LabelList, OrderDirection, combine, graph};
use label_core::{
    EncryptionKind, Label, LabelCatalog, LabelId, LabelProtection, LabelScheme, LabelState,
    LabelView, MarkingPlace, Publication, SourceError, TenantId, UsageRights,
};
use serde_json::{Value, json};

fn tenant() -> TenantId {
    TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap()
}

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    fs::read(folder.join(name)).unwrap()
}

fn read(body: &[u8]) -> Result<Document, SourceError> {
    let mut documents = Document::read(tenant(), body)?;
    assert_eq!(documents.len(), 1);
    Ok(documents.remove(0))
}

fn exported(body: &[u8]) -> LabelList {
    match read(body).unwrap() {
        Document::PowerShell(list) => list,
        other => panic!("{other:?}"),
    }
}

fn combined(names: &[&str], import: Import) -> Combined {
    let documents = names
        .iter()
        .flat_map(|name| Document::read(tenant(), &sample(name)).unwrap())
        .collect();
    combine(tenant(), documents, import).unwrap()
}

fn catalog(list: &LabelList) -> LabelCatalog {
    LabelCatalog::build(tenant(), list.labels.clone())
        .unwrap()
        .0
}

fn id(text: &str) -> LabelId {
    LabelId::parse(text).unwrap()
}

fn by_path<'c>(catalog: &'c LabelCatalog, path: &str) -> &'c Label {
    catalog.find(path).unwrap()
}

#[test]
fn l_010_powershell_and_graph_give_the_same_order() {
    let list = exported(&sample("get-label.json"));
    assert!(list.notes.is_empty(), "{:?}", list.notes);
    let graph = graph::parse(tenant(), &sample("graph-v1-labels.json")).unwrap();
    let ordered = |list: &LabelList| -> Vec<String> {
        let catalog = catalog(list);
        let ids = catalog.labels().map(|label| label.key.label);
        ids.map(|id| {
            format!(
                "{} {:?}",
                catalog.path(id).unwrap(),
                catalog.order(id).unwrap()
            )
        })
        .collect()
    };
    assert_eq!(ordered(&list), ordered(&graph));
}

#[test]
fn l_013_the_other_direction_gives_the_mirrored_levels() {
    let list = exported(&sample("get-label.json"));
    let usual = catalog(&list);
    let mirrored = catalog(&list.clone().directed(OrderDirection::Descending));
    let top = usual.labels().filter(|label| label.parent.is_none());
    let last = u32::try_from(top.count() - 1).unwrap();
    for label in usual.labels() {
        let id = label.key.label;
        let (level, _) = usual.order(id).unwrap();
        assert_eq!(mirrored.order(id).unwrap().0, last - level);
    }
}

#[test]
fn l_060_every_encoding_and_wrapper_of_an_export() {
    let windows = exported(&sample("get-label-winps51-utf16.json"));
    assert!(windows.labels.len() > 1 && windows.notes.is_empty());
    // Dates of either form are kept as they are written.
    let dates: Vec<&String> = windows
        .labels
        .iter()
        .filter_map(|label| label.extras.get("WhenChangedUTC"))
        .collect();
    assert!(
        dates.iter().any(|date| date.contains("/Date(")),
        "{dates:?}"
    );
    let list = exported(&sample("get-label.json"));
    assert!(list.labels[0].extras["WhenChangedUTC"].contains("2020-12-18T"));
    // The same labels in both, as far as they are in both.
    for label in &windows.labels {
        let other = list.labels.iter().find(|one| one.key == label.key).unwrap();
        assert_eq!(label.name(), other.name());
        assert_eq!(label.protection, other.protection);
        assert_eq!(label.markings, other.markings);
    }
    let value: Value = serde_json::from_slice(&sample("get-label.json")).unwrap();
    let text = value.to_string();
    let wide = |mark: [u8; 2], to_bytes: fn(u16) -> [u8; 2], text: &str| -> Vec<u8> {
        let units = text.encode_utf16().flat_map(to_bytes);
        mark.into_iter().chain(units).collect()
    };
    let wrapped = json!({"value": value, "Count": 14}).to_string();
    for (what, body) in [
        ("UTF-8", text.clone().into_bytes()),
        (
            "UTF-8 with a mark",
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        ),
        ("UTF-16 LE", wide([0xff, 0xfe], u16::to_le_bytes, &text)),
        ("UTF-16 BE", wide([0xfe, 0xff], u16::to_be_bytes, &text)),
        ("wrapped", wrapped.clone().into_bytes()),
        (
            "wrapped UTF-16",
            wide([0xff, 0xfe], u16::to_le_bytes, &wrapped),
        ),
    ] {
        assert_eq!(exported(&body).labels, list.labels, "{what}");
    }
    // One label is an object and not a list of one.
    let one = exported(value[2].to_string().as_bytes());
    assert_eq!(one.labels, list.labels[2..3]);
    for (what, body) in [
        (
            "half a unit",
            [wide([0xff, 0xfe], u16::to_le_bytes, &text), vec![0]].concat(),
        ),
        (
            "half a pair",
            wide([0xff, 0xfe], u16::to_le_bytes, "x")
                .into_iter()
                .chain([0x00, 0xd8])
                .collect(),
        ),
        ("cut off", text.as_bytes()[..500].to_vec()),
        ("nested too deeply", "[".repeat(100_000).into_bytes()),
    ] {
        assert!(
            matches!(read(&body), Err(SourceError::Document { .. })),
            "{what}"
        );
    }
}

#[test]
fn l_061_what_was_cut_off_is_unknown_and_explained() {
    let value: Value = serde_json::from_slice(&sample("get-label.json")).unwrap();
    let whole = value
        .as_array()
        .unwrap()
        .iter()
        .find(|label| {
            label["LabelActions"]
                .as_array()
                .is_some_and(|list| !list.is_empty())
        })
        .unwrap();
    for cut in [
        json!("System.Object[]"),
        json!(["@{Type=encrypt; SubType=}"]),
        json!([{"Type": "encrypt", "SubType": null, "Settings": "System.Object[]"}]),
        json!([{"Type": "encrypt", "SubType": null, "Settings": ["@{Key=disabled; Value=false}"]}]),
    ] {
        let mut label = whole.clone();
        label["LabelActions"] = cut.clone();
        let list = exported(label.to_string().as_bytes());
        assert_eq!(list.labels[0].protection, LabelProtection::Unknown, "{cut}");
        assert_eq!(list.labels[0].markings, None, "{cut}");
        assert!(list.notes[0].contains("-Depth 8"), "{:?}", list.notes);
    }
    for member in ["Settings", "LocaleSettings"] {
        let mut label = whole.clone();
        label[member] = json!("System.Object[]");
        let list = exported(label.to_string().as_bytes());
        assert!(list.notes[0].contains(member) && list.notes[0].contains("-Depth 8"));
    }
}

#[test]
fn l_015_actions_say_the_same_in_every_form() {
    let setting = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let encrypt = json!({"Type": "encrypt", "SubType": null, "Settings": [
        setting("protectiontype", "template"), setting("disabled", "false"), setting("templateid", "t-1"),
        setting("contentexpiredondateindaysornever", "Never"), setting("offlineaccessdays", "7"),
        setting("rightsdefinitions", "[{\"Identity\":\"contoso.example\",\"Rights\":\"VIEW,EDIT\"}]"),
    ]});
    let header = json!({"Type": "applycontentmarking", "SubType": "header", "Settings": [
        setting("disabled", "false"), setting("text", "Secret"), setting("fontsize", "10"),
        setting("fontcolor", "#FF0000"), setting("alignment", "Center"), setting("margin", "15"),
    ]});
    let watermark = json!({"Type": "applywatermarking", "SubType": null, "Settings": [
        setting("disabled", "true"), setting("text", "off"),
    ]});
    let label = |actions: Value| {
        let label =
            json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502", "LabelActions": actions});
        exported(label.to_string().as_bytes()).labels.remove(0)
    };
    let texts = json!([
        encrypt.to_string(),
        header.to_string(),
        watermark.to_string()
    ]);
    let expected = label(texts.clone());
    let encryption = expected.encryption.clone().unwrap();
    assert_eq!(expected.protection, LabelProtection::Template);
    assert_eq!(encryption.kind, EncryptionKind::Template);
    assert_eq!(encryption.template_id.as_deref(), Some("t-1"));
    assert_eq!(encryption.expiry, Some(ContentExpiry::Never));
    assert_eq!(encryption.offline, Some(OfflineAccess::Days(7)));
    let rights = UsageRights::VIEW.with(UsageRights::EDIT);
    assert_eq!(encryption.grants[0].rights, rights);
    let [marking] = expected.markings.as_deref().unwrap() else {
        panic!("{:?}", expected.markings)
    };
    assert_eq!(
        (marking.place, marking.text.as_str()),
        (MarkingPlace::Header, "Secret")
    );
    assert_eq!((marking.font_size, marking.margin), (Some(10), Some(15)));
    for actions in [
        json!([encrypt, header, watermark]),
        json!(format!("[{encrypt},{header},{watermark}]")),
        json!([header.to_string(), encrypt]),
    ] {
        let other = label(actions.clone());
        assert_eq!(other.encryption, expected.encryption, "{actions}");
        assert_eq!(other.markings, expected.markings, "{actions}");
    }
    // One action alone, as one text and as one object.
    assert_eq!(
        label(json!(encrypt.to_string())).encryption,
        expected.encryption
    );
    assert_eq!(label(json!(encrypt)).encryption, expected.encryption);
    // No list says nothing; an empty one says that there is none.
    assert_eq!(label(json!([])).protection, LabelProtection::None);
    assert_eq!(label(json!("")).markings, Some(Vec::new()));
    // Damage is unknown, not none.
    for broken in [
        json!(["{\"Type\":"]),
        json!([7]),
        json!("[{"),
        json!([encrypt, "x"]),
    ] {
        let other = label(broken.clone());
        assert_eq!(other.protection, LabelProtection::Unknown, "{broken}");
        assert_eq!((other.encryption, other.markings), (None, None), "{broken}");
    }
    // The flat properties, and both together: the flat one counts.
    let flat = json!({
        "Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502", "EncryptionEnabled": true,
        "EncryptionProtectionType": "Template", "EncryptionTemplateId": "t-1",
        "EncryptionContentExpiredOnDateInDaysOrNever": "Never", "EncryptionOfflineAccessDays": 7,
        "EncryptionRightsDefinitions": "contoso.example:VIEW,EDIT",
        "ApplyContentMarkingHeaderEnabled": "True", "ApplyContentMarkingHeaderText": "Secret",
        "ApplyContentMarkingHeaderFontSize": 10, "ApplyContentMarkingHeaderFontColor": "#FF0000",
        "ApplyContentMarkingHeaderAlignment": "Center", "ApplyContentMarkingHeaderMargin": 15,
        "ApplyWaterMarkingEnabled": false,
    });
    let other = exported(flat.to_string().as_bytes()).labels.remove(0);
    assert_eq!(
        (&other.encryption, &other.markings),
        (&expected.encryption, &expected.markings)
    );
    let mut both = flat;
    both["LabelActions"] = texts;
    both["EncryptionEnabled"] = json!("False");
    let other = exported(both.to_string().as_bytes()).labels.remove(0);
    assert_eq!(
        (other.protection, other.encryption),
        (LabelProtection::None, None)
    );
    assert_eq!(other.markings, expected.markings);
}

#[test]
fn l_015_l_062_the_sample_has_what_it_should() {
    let list = exported(&sample("get-label.json"));
    let catalog = catalog(&list);
    let general = by_path(&catalog, "General");
    assert_eq!(general.localized("de-DE").0, "Allgemein");
    assert_eq!(general.localized("de").0, "Allgemein");
    assert_eq!(general.localized("de-AT").0, "Allgemein");
    assert_eq!(general.localized("es-ES").0, "General");
    assert_eq!(
        general.localized("fr-fr").1,
        Some("Document de travail courant.")
    );
    let confidential = by_path(&catalog, "Confidential");
    let sublabel = id("58e36f80-be96-48f3-abc1-b4ce0d6bca3a");
    assert_eq!(confidential.default_sublabel, Some(sublabel));
    let protected = catalog.labels().filter(|label| label.protection.encrypts());
    let kinds: Vec<String> = protected
        .map(|label| {
            format!(
                "{}: {:?}",
                label.name(),
                label.encryption.as_ref().unwrap().kind
            )
        })
        .collect();
    assert_eq!(kinds.len(), 5, "{kinds:#?}");
    assert!(catalog.labels().any(|label| label.conditions.is_some()));
    let retired = by_path(&catalog, "Board Papers (retired)");
    assert_eq!(retired.state, LabelState::Disabled);
    assert!(
        retired
            .markings
            .iter()
            .flatten()
            .any(|one| one.place == MarkingPlace::Watermark)
    );
}

#[test]
fn l_003_unknown_members_survive() {
    let label = json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502", "Brand": {"new": [1, 2]}, "Empty": null});
    let list = exported(label.to_string().as_bytes());
    assert_eq!(list.labels[0].extras["Brand"], r#"{"new":[1,2]}"#);
    assert_eq!(list.labels[0].extras.len(), 1);
    let text =
        r#"[{"id":"247d25b6-53f6-440e-9853-7b0b7f86f502","brand":{"new":7},"isDefault":true}]"#;
    let list = graph::parse(tenant(), text.as_bytes()).unwrap();
    assert_eq!(list.labels[0].extras["brand"], r#"{"new":7}"#);
    // Through our own form and back.
    let json = serde_json::to_string(&list.labels[0]).unwrap();
    let back: Label = serde_json::from_str(&json).unwrap();
    assert_eq!(back, list.labels[0]);
}

#[test]
fn l_003_l_016_who_has_rights_is_no_unknown_member() {
    // Graph: the rights of one person, also in the copy of a parent, and addresses of the answer.
    let rights = json!({"id": "dana@contoso.example", "ownerEmail": "dana@contoso.example",
        "userEmail": "dana@contoso.example", "value": "view,edit"});
    let people = "https://graph.example/users('dana@contoso.example')/labels";
    let label = |number: u32, parent: Value| {
        json!({"id": format!("00000000-0000-0000-0000-{number:012}"), "name": "L", "brandNew": 1,
            "rights": rights, "rights@odata.context": people, "rights@odata.navigationLink": people,
            "@odata.id": people, "parent": parent})
    };
    let labels = json!([label(1, json!(null)), label(2, label(3, json!(null)))]);
    let list = graph::parse(tenant(), labels.to_string().as_bytes()).unwrap();
    assert_eq!(list.labels.len(), 3);
    assert_eq!(list.notes[0], "`rights`: left out, it names people");
    assert_eq!(list.notes.len(), 2, "{:?}", list.notes);
    assert!(!format!("{list:?}").contains("dana"));
    for label in &list.labels {
        assert_eq!(Vec::from_iter(label.extras.keys()), ["brandNew"]);
    }
    // Nothing was left out where there is nothing.
    let none = br#"[{"id":"00000000-0000-0000-0000-000000000001","rights":null}]"#;
    assert!(graph::parse(tenant(), none).unwrap().notes.is_empty());

    // Exports: grants are kept in their place, and other lists of people nowhere.
    let grants = json!([{"Identity": "dana@contoso.example", "Rights": "VIEW"}]);
    let (text, flat) = (grants.to_string(), "dana@contoso.example:VIEW");
    for (member, value) in [
        ("EncryptionRightsDefinitions", json!(flat)),
        ("EncryptionRightsDefinitions", json!(text)),
        ("EncryptionRightsDefinitions", grants.clone()),
        ("encryptionRightsDefinitions", json!(flat)),
    ] {
        let mut label = json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502",
            "EncryptionEnabled": true, "EncryptionProtectionType": "Template"});
        label[member] = value;
        let list = exported(label.to_string().as_bytes());
        let label = &list.labels[0];
        let granted = &label.encryption.as_ref().unwrap().grants;
        assert_eq!(granted[0].identity, "dana@contoso.example", "{member}");
        assert!(label.extras.is_empty() && list.notes.is_empty(), "{member}");
    }
    for (member, value) in [
        (
            "EncryptionAipTemplateScopes",
            json!("[\"dana@contoso.example\"]"),
        ),
        (
            "EncryptionAipTemplateScopes",
            json!(["dana@contoso.example"]),
        ),
        ("encryptionaiptemplatescopes", json!("dana@contoso.example")),
        ("RightsDefinitions", json!(flat)),
    ] {
        let label = json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502", member: value,
            "EncryptionRightsUrl": "u"});
        let list = exported(json!([label, label]).to_string().as_bytes());
        assert_eq!(
            list.notes,
            [format!("`{member}`: left out, it names people")]
        );
        let kept = Vec::from_iter(list.labels[0].extras.keys());
        assert_eq!(kept, ["EncryptionRightsUrl"], "{member}");
    }
    let label = json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502",
        "Settings": ["[aiptemplatescopes, dana@contoso.example]", "[color, #FF0000]"]});
    let list = exported(label.to_string().as_bytes());
    assert_eq!(
        list.notes,
        ["`aiptemplatescopes`: left out, it names people"]
    );
    assert_eq!(Vec::from_iter(list.labels[0].settings.keys()), ["color"]);
}

#[test]
fn l_018_settings_in_both_forms_of_a_policy() {
    let Document::Policies(policies, notes) = read(&sample("get-label-policy.json")).unwrap()
    else {
        panic!()
    };
    assert!(notes.is_empty(), "{notes:?}");
    assert_eq!(policies.len(), 2);
    assert_eq!(policies[0].labels.len(), 12);
    assert_eq!(policies[0].locations, ["All"]);
    assert_eq!(policies[1].locations, ["falcon-team@contoso.example"]);
    let settings = &policies[0].settings;
    assert_eq!(settings.mandatory, Some(true));
    assert_eq!(
        settings.more_information_url.as_deref(),
        Some("https://intranet.contoso.example/labels")
    );
    let policy = |settings: Value, blob: &str| {
        let policy = json!([{"Name": "P", "Labels": "One", "Settings": settings, "PolicySettingsBlob": blob}]);
        match read(policy.to_string().as_bytes()).unwrap() {
            Document::Policies(mut policies, notes) => (policies.remove(0), notes),
            other => panic!("{other:?}"),
        }
    };
    let blob = "<settings><setting key=\"Mandatory\" value=\"false\" /><setting key=\"customurl\" value=\"a&amp;b, c\" /></settings>";
    let (read, notes) = policy(json!(["[mandatory, true]"]), blob);
    assert_eq!(
        read.settings.mandatory,
        Some(false),
        "what Office reads counts"
    );
    assert_eq!(
        read.settings.more_information_url.as_deref(),
        Some("a&b, c")
    );
    assert_eq!(read.labels, ["One"]);
    assert!(
        notes[0].contains("differ from `PolicySettingsBlob`"),
        "{notes:?}"
    );
    let (read, notes) = policy(json!("[customurl, a, b]"), "");
    assert_eq!(read.settings.more_information_url.as_deref(), Some("a, b"));
    assert!(notes.is_empty());
    for broken in [
        "<settings><setting key=\"a\"",
        "<settings><setting key=\"a\" /></settings>",
        "words",
    ] {
        let (read, notes) = policy(json!(["[mandatory, true]"]), broken);
        assert_eq!(read.settings.mandatory, Some(true), "{broken}");
        assert_eq!(notes.len(), 1, "{broken}");
    }
}

#[test]
fn l_020_l_063_r_035_graph_with_what_the_exports_know() {
    let combined = combined(
        &[
            "graph-v1-labels.json",
            "get-label.json",
            "get-label-policy.json",
        ],
        Import::default(),
    );
    assert!(combined.notes.is_empty(), "{:#?}", combined.notes);
    let list = combined.chosen.list.unwrap();
    let catalog = catalog(&list);
    let employees = by_path(&catalog, "Highly Confidential/All Employees");
    assert_eq!(employees.protection, LabelProtection::Template);
    assert!(
        employees
            .markings
            .as_ref()
            .is_some_and(|list| !list.is_empty())
    );
    assert_eq!(employees.published_in, ["Global"]);
    let published = catalog
        .labels()
        .filter(|label| label.publication == Publication::Published);
    assert_eq!(published.count(), 13);
    assert_eq!(
        combined.settings.requires_downgrade_justification,
        Some(true)
    );
    // Falcon's default label, whose order is the higher one, is for one group only.
    let general = id("247d25b6-53f6-440e-9853-7b0b7f86f502");
    assert_eq!(combined.settings.default_label, Some(Some(general)));
}

#[test]
fn l_020_l_055_a_label_that_is_listed_twice_is_published_once_and_for_all() {
    let graph = br#"[{"id":"00000000-0000-0000-0000-000000000001","name":"Conf","sublabels":
        [{"id":"00000000-0000-0000-0000-000000000002","name":"Fin"}]},
        {"id":"00000000-0000-0000-0000-000000000002","name":"Fin"}]"#;
    for named in ["Fin", "00000000-0000-0000-0000-000000000002"] {
        let policies = json!([{"Name": "P", "Labels": [named], "PolicySettingsBlob": null}]);
        let documents = vec![
            read(graph).unwrap(),
            read(policies.to_string().as_bytes()).unwrap(),
        ];
        let combined = combine(tenant(), documents, Import::default()).unwrap();
        assert!(
            combined.notes.iter().all(|one| !one.contains("names")),
            "{:?}",
            combined.notes
        );
        let catalog = catalog(&combined.chosen.list.unwrap());
        let sublabel = by_path(&catalog, "Conf/Fin");
        assert_eq!(sublabel.publication, Publication::Published, "{named}");
    }
}

#[test]
fn l_014_what_is_nested_in_a_bad_label_counts_too() {
    let good: Vec<Value> = (0..20)
        .map(|at| json!({"id": format!("00000000-0000-0000-0000-0000000000{at:02}"), "name": "L"}))
        .collect();
    for (sublabels, accepted) in [(0, true), (1, true), (12, false)] {
        let inside: Vec<Value> = (0..sublabels)
            .map(|at| json!({"id": format!("00000000-0000-0000-0001-0000000000{at:02}")}))
            .collect();
        let bad = json!({"id": "00000000-0000-0000-0000-000000000099", "priority": 3.5, "sublabels": inside});
        let body = json!([good.clone(), vec![bad]].concat()).to_string();
        let list = graph::parse(tenant(), body.as_bytes());
        assert_eq!(list.is_ok(), accepted, "{sublabels}");
    }
}

#[test]
fn l_014_l_040_bad_labels_are_counted_over_all_pages() {
    let page = |from: u32, good: u32, bad: u32, is_last: bool| {
        let id = |at: u32| json!({"id": format!("00000000-0000-0000-0000-{at:012}"), "name": "L"});
        let items: Vec<Value> = (from..from + good)
            .map(id)
            .chain((0..bad).map(|at| json!({"id": format!("bad {at}")})))
            .collect();
        match is_last {
            true => json!({"value": items}),
            false => json!({"value": items, "@odata.nextLink": "https://graph.example/next"}),
        }
    };
    for (bad, accepted) in [(1, true), (2, true), (3, false)] {
        let pages = [page(0, 18, 0, false), page(100, 0, bad, true)];
        // In files of their own, and as answers in one list.
        let files = pages.iter().map(|page| page.to_string());
        let files: Vec<Document> = files.map(|text| read(text.as_bytes()).unwrap()).collect();
        let listed = Document::read(tenant(), json!(pages).to_string().as_bytes()).unwrap();
        for (documents, place) in [(files, "/value/0/id"), (listed, "/1/value/0/id")] {
            match combine(tenant(), documents, Import::default()) {
                Ok(combined) => {
                    assert!(accepted, "{bad}");
                    assert_eq!(combined.chosen.list.unwrap().labels.len(), 18);
                    let note = &combined.notes[0];
                    assert!(note.starts_with(&format!("left out: {place}: ")), "{note}");
                }
                Err(error) => {
                    assert!(!accepted, "{bad}: {error}");
                    assert!(error.to_string().starts_with(place), "{error}");
                }
            }
        }
    }
}

#[test]
fn l_063_what_graph_protects_stays_so() {
    let graph = br#"[{"id":"00000000-0000-0000-0000-000000000001","displayName":"","name":"General","hasProtection":true}]"#;
    let export = br#"[{"Guid":"00000000-0000-0000-0000-000000000001","DisplayName":"General",
        "Name":"00000000-0000-0000-0000-000000000001","LabelActions":[]}]"#;
    let documents = [&graph[..], export]
        .map(|body| read(body).unwrap())
        .to_vec();
    let combined = combine(tenant(), documents, Import::default()).unwrap();
    let label = &combined.chosen.list.unwrap().labels[0];
    assert_eq!(label.protection, LabelProtection::Unspecified);
    assert!(
        combined
            .notes
            .join("")
            .contains("protects by Graph and not by")
    );
    // A name that says nothing is none.
    assert_eq!(label.name(), "General");
}

#[test]
fn r_013_each_kind_of_labels_has_its_own_policies() {
    let classic = String::from_utf8(sample("classic-aip-labels.neutral.json"))
        .unwrap()
        .replace("\"NotActivated\"", "\"Activated\"");
    let documents = vec![
        read(classic.as_bytes()).unwrap(),
        read(&sample("graph-v1-labels.json")).unwrap(),
        read(br#"[{"Name":"P","Labels":["Personal"],"ExchangeLocation":"All","PolicySettingsBlob":null}]"#).unwrap(),
    ];
    let combined = combine(tenant(), documents, Import::default()).unwrap();
    let published: Vec<String> = combined
        .chosen
        .list
        .unwrap()
        .labels
        .iter()
        .filter(|label| label.publication == Publication::Published)
        .map(|label| label.name().to_owned())
        .collect();
    assert_eq!(published, ["Personal"]);
    assert_eq!(combined.policies.len(), 1);
    assert_eq!(combined.settings.requires_downgrade_justification, None);
}

#[test]
fn l_015_what_can_not_be_read_is_not_nothing() {
    let label = |actions: Value| {
        let label =
            json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502", "LabelActions": actions});
        exported(label.to_string().as_bytes()).labels.remove(0)
    };
    // Settings as texts with JSON say the same as objects.
    let texts = json!([{"Type": "encrypt", "Settings": [
        "{\"Key\":\"disabled\",\"Value\":\"false\"}", "[protectiontype, template]"]}]);
    assert_eq!(label(texts).protection, LabelProtection::Template);
    for unread in [
        json!([{"Type": "encrypt", "Settings": ["disabled: false"]}]),
        json!([{"Type": "encrypt", "Settings": [7]}]),
        json!(vec![json!({"Type": "protectgroup", "Settings": []}); 1_001]),
    ] {
        assert_eq!(label(unread).protection, LabelProtection::Unknown);
    }
    // Members that only look like those that are read.
    let label = json!({"Guid": "247d25b6-53f6-440e-9853-7b0b7f86f502", "EncryptionRightsUrl": "u"});
    let list = exported(label.to_string().as_bytes());
    assert_eq!(list.labels[0].extras["EncryptionRightsUrl"], "\"u\"");
}

#[test]
fn l_043_an_empty_list_says_nothing() {
    let error = read(b"[]").unwrap_err().to_string();
    assert!(error.contains("doesn't say of what"), "{error}");
}

/// Small documents that would take much time or memory if something were done once too often.
#[test]
fn l_057_much_of_one_thing_is_bounded() {
    let started = std::time::Instant::now();
    let id = "00000000-0000-0000-0000-000000000001";
    let long = "x".repeat(2_000_000);
    let many: Vec<Value> = (0..9_000).map(|_| json!({"id": id, "name": "L"})).collect();
    let export = json!([{"Guid": id, "Comment": long, "DisplayName": "L"}]);
    let documents = [json!(many), export].map(|body| read(body.to_string().as_bytes()).unwrap());
    let combined = combine(tenant(), documents.to_vec(), Import::default()).unwrap();
    assert_eq!(combined.chosen.list.unwrap().labels.len(), 1);
    let labels: Vec<Value> = (0..2_000)
        .map(|at| json!({"id": format!("00000000-0000-0000-0000-00000000{at:04}"), "displayName": "L"}))
        .collect();
    let ids = vec!["a"; 1_000_000];
    let classic = json!({"format": "classic-aip-labels/1", "labels": labels,
        "policies": [{"name": long, "labelIds": ids}]});
    let Document::Classic(read) = read(classic.to_string().as_bytes()).unwrap() else {
        panic!()
    };
    assert!(read.list.notes.len() < 2_000);
    assert!(read.policies[0].name.len() < 1_000 && read.policies[0].labels.len() == 1);
    let cut = json!([{"Name": "P", "Labels": vec!["@{"; 500_000], "ScopedLabels": []}]);
    match Document::read(tenant(), cut.to_string().as_bytes())
        .unwrap()
        .as_slice()
    {
        [Document::Policies(_, notes)] => assert_eq!(notes.len(), 1),
        other => panic!("{other:?}"),
    }
    // Ten times what it takes unoptimised.
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
}

#[test]
fn l_063_differences_are_reported() {
    let graph =
        br#"[{"id":"00000000-0000-0000-0000-000000000001","name":"General","isEnabled":true},
        {"id":"00000000-0000-0000-0000-000000000002","name":"Only Graph"}]"#;
    let export = br#"[{"Guid":"00000000-0000-0000-0000-000000000001","DisplayName":"Common","Name":"g","Disabled":true,"Priority":4},
        {"Guid":"00000000-0000-0000-0000-000000000003","DisplayName":"Only PowerShell"}]"#;
    let documents = [&graph[..], export]
        .map(|body| read(body).unwrap())
        .to_vec();
    let combined = combine(tenant(), documents, Import::default()).unwrap();
    let labels = combined.chosen.list.unwrap().labels;
    assert_eq!(labels.len(), 2);
    // Graph decides what there is, its state and its name for people.
    assert_eq!(labels[0].name(), "General");
    assert_eq!(labels[0].back_end_name.as_deref(), Some("g"));
    assert_eq!(labels[0].state, LabelState::Active);
    let notes = combined.notes.join("\n");
    for expected in [
        "called `General` by Graph and `Common` by `Get-Label`",
        "active by Graph and disabled by `Get-Label`",
        "000000000002`: not in the export",
        "000000000003`: only in the export",
    ] {
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
}

#[test]
fn l_013_a_mirrored_order_of_graph_is_seen_beside_an_export() {
    let graph: Vec<Value> = (0..4)
        .map(|at| json!({"id": format!("00000000-0000-0000-0000-00000000000{at}"), "name": format!("L{at}"), "priority": 10 - at}))
        .collect();
    let export: Vec<Value> = (0..4)
        .map(|at| json!({"Guid": format!("00000000-0000-0000-0000-00000000000{at}"), "DisplayName": format!("L{at}"), "Priority": at}))
        .collect();
    let documents = [json!(graph), json!(export)]
        .map(|body| read(body.to_string().as_bytes()).unwrap())
        .to_vec();
    let combined = combine(tenant(), documents, Import::default()).unwrap();
    assert!(combined.notes[0].contains("mirrored"));
    let list = combined.chosen.list.unwrap();
    let names: Vec<String> = catalog(&list)
        .labels()
        .map(|one| one.name().to_owned())
        .collect();
    assert_eq!(names, ["L0", "L1", "L2", "L3"]);
}

#[test]
fn l_040_pages_in_files_make_a_list_only_together() {
    let pages = [
        "graph-beta-labels-page1.json",
        "graph-beta-labels-page2.json",
    ];
    let whole = combined(&pages, Import::default()).chosen.list.unwrap();
    assert_eq!(whole.labels.len(), 14);
    let first = Document::read(tenant(), &sample(pages[0])).unwrap();
    let error = combine(tenant(), first, Import::default()).unwrap_err();
    assert!(
        error.to_string().contains("the list is not complete"),
        "{error}"
    );
    // Several answers in one list.
    let answers: Vec<Value> = pages
        .iter()
        .map(|name| serde_json::from_slice(&sample(name)).unwrap())
        .collect();
    let documents = Document::read(tenant(), json!(answers).to_string().as_bytes()).unwrap();
    let again = combine(tenant(), documents, Import::default()).unwrap();
    assert_eq!(again.chosen.list.unwrap(), whole);
}

#[test]
fn l_030_r_014_r_016_classic_labels_of_a_tenant_that_has_not_migrated() {
    let names = ["classic-aip-labels.neutral.json", "graph-v1-labels.json"];
    let seed = combined(&names, Import::default());
    let list = seed.chosen.list.unwrap();
    assert_eq!(list.labels.len(), 7);
    assert!(
        list.labels
            .iter()
            .all(|label| label.scheme == LabelScheme::Classic)
    );
    assert_eq!(seed.chosen.shadowed.len(), 7);
    let classic = catalog(&list);
    assert_eq!(by_path(&classic, "Personal").state, LabelState::Disabled);
    let employees = by_path(&classic, "Confidential/All Employees");
    assert_eq!(employees.protection, LabelProtection::Template);
    assert_eq!(employees.publication, Publication::Published);
    assert_eq!(
        employees.markings.as_ref().unwrap()[0].place,
        MarkingPlace::Footer
    );
    let mut import = Import::default();
    import.rule = MigrationRule::PreferUnifiedIfAny;
    let list = combined(&names, import).chosen.list.unwrap();
    assert_eq!(list.labels.len(), 14);
    assert!(
        list.labels
            .iter()
            .all(|label| label.scheme == LabelScheme::Unified)
    );
    // Another tenant's file.
    let other = String::from_utf8(sample(names[0]))
        .unwrap()
        .replace("74f71239", "74f71230");
    let error = read(other.as_bytes()).unwrap_err();
    assert!(
        error.to_string().starts_with("/tenantId: labels of tenant"),
        "{error}"
    );
}

/// A classic label is published by the classic policies that name it or what is above it.
#[test]
fn r_034_classic_policies_publish_classic_labels() {
    let text = String::from_utf8(sample("classic-aip-labels.neutral.json")).unwrap();
    let publications = |text: &str| {
        let combined = combine(
            tenant(),
            vec![read(text.as_bytes()).unwrap()],
            Import::default(),
        );
        let list = combined.unwrap().chosen.list.unwrap();
        let catalog = catalog(&list);
        ["General", "Confidential", "Confidential/All Employees"]
            .map(|path| by_path(&catalog, path).publication)
    };
    assert_eq!(publications(&text), [Publication::Published; 3]);
    let mut document: Value = serde_json::from_str(&text).unwrap();
    let ids = document["policies"][0]["labelIds"].as_array_mut().unwrap();
    ids.retain(|id| id == "247d25b6-53f6-440e-9853-7b0b7f86f502");
    let no = Publication::NotPublished;
    assert_eq!(
        publications(&document.to_string()),
        [Publication::Published, no, no]
    );
    // Without policies nothing is known.
    document["policies"] = json!([]);
    assert_eq!(
        publications(&document.to_string()),
        [Publication::Unknown; 3]
    );
}

/// What a label list says of protection, in each kind of list.
#[test]
fn r_007_each_kind_of_protection_is_read_from_lists() {
    use LabelProtection::{None, Template, Unknown, Unspecified, UserDefined};
    let guid = "247d25b6-53f6-440e-9853-7b0b7f86f502";
    let exported_kind = |more: Value| {
        let mut label = json!({"Guid": guid});
        let members = more.as_object().unwrap().clone();
        label.as_object_mut().unwrap().extend(members);
        exported(label.to_string().as_bytes())
            .labels
            .remove(0)
            .protection
    };
    let graph_kind = |more: Value| {
        let mut label = json!({"id": guid, "name": "General"});
        let members = more.as_object().unwrap().clone();
        label.as_object_mut().unwrap().extend(members);
        let body = json!({"value": [label]}).to_string();
        let list = graph::parse(tenant(), body.as_bytes()).unwrap();
        list.labels[0].protection
    };
    let encrypt = |kind: &str| json!({"EncryptionEnabled": true, "EncryptionProtectionType": kind});
    assert_eq!(exported_kind(encrypt("Template")), Template);
    assert_eq!(exported_kind(encrypt("UserDefined")), UserDefined);
    assert_eq!(exported_kind(json!({"EncryptionEnabled": false})), None);
    assert_eq!(graph_kind(json!({"hasProtection": true})), Unspecified);
    assert_eq!(graph_kind(json!({"hasProtection": false})), None);
    assert_eq!(graph_kind(json!({})), Unknown);
}

#[test]
fn l_033_r_017_after_migration_an_id_is_the_same_label() {
    let classic = combined(&["classic-aip-labels.neutral.json"], Import::default());
    let before = catalog(&classic.chosen.list.unwrap());
    let unified = graph::parse(tenant(), &sample("graph-v1-labels.json")).unwrap();
    let (after, _) = before.refresh(unified.labels).unwrap();
    for label in before.labels() {
        let same = after.label(label.key).unwrap();
        assert_ne!(same.state, LabelState::Deleted, "{}", label.name());
        assert_eq!(same.name(), label.name());
        assert_eq!(same.scheme, LabelScheme::Unified);
    }
    // Files that carry one show it as before.
    let shown = |catalog: &LabelCatalog| {
        let view = LabelView::new(catalog.clone().into());
        let keys = before.labels().map(|label| label.key);
        let names = keys.map(|key| view.display_name(key).unwrap().replace(" (disabled)", ""));
        names.collect::<Vec<String>>()
    };
    assert_eq!(shown(&before), shown(&after));
}

#[test]
fn l_064_policy_files_of_the_classic_client_are_named() {
    for body in [
        &b"PK\x03\x04rest"[..],
        b"<?xml version=\"1.0\"?>",
        b"\xef\xbb\xbf<?xml",
    ] {
        let error = read(body).unwrap_err().to_string();
        assert!(error.contains("`classic-aip-labels/1`"), "{error}");
    }
    let error = Document::read_file(tenant(), Path::new("Policy1.4.MSIP")).unwrap_err();
    assert!(error.to_string().contains(".msip"), "{error}");
}

#[test]
fn l_043_what_is_no_label_document_is_refused_with_the_place() {
    for (body, expected) in [
        (json!({}), "there is no `value`"),
        (
            json!({"format": "classic-aip-labels/9"}),
            "/format: `classic-aip-labels/9` is not known",
        ),
        (
            json!({"format": "classic-aip-labels/1"}),
            "/labels: not a list",
        ),
        (
            json!([{"Guid": "x"}]),
            "/0/Guid: label id: `x` is not a GUID",
        ),
        (json!({"Guid": 7}), "/0: a label without `Guid`"),
        (json!([{"Labels": []}]), "/0: a policy without `Name`"),
        (json!([{"value": [{"id": "x"}]}]), "/0/value/0/id: label id"),
        (
            json!({"isMandatory": "yes"}),
            "/isMandatory: neither true nor false",
        ),
        (json!(7), "neither a list nor an object"),
    ] {
        let error = Document::read(tenant(), body.to_string().as_bytes())
            .and_then(|documents| combine(tenant(), documents, Import::default()))
            .unwrap_err();
        assert!(error.to_string().contains(expected), "{body}: {error}");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_give_an_answer(body: Vec<u8>) {
        let _ = Document::read(tenant(), &body);
    }

    /// Members of any type in any place.
    #[test]
    fn any_members_give_an_answer(
        members in proptest::collection::vec((0_usize..18, 0_usize..12), 0..12)
    ) {
        let names = ["Guid", "Name", "DisplayName", "Priority", "ParentId", "Disabled", "ContentType",
            "Settings", "LabelActions", "LocaleSettings", "Conditions", "Labels", "PolicySettingsBlob",
            "EncryptionEnabled", "value", "id", "sublabels", "parent"];
        let values = [json!(null), json!(7), json!(-1.5), json!(""), json!("text"), json!(true), json!([]),
            json!({}), json!(["[a, b]"]), json!("247d25b6-53f6-440e-9853-7b0b7f86f502"),
            json!([{"Type": "encrypt", "Settings": [{"Key": "disabled", "Value": "false"}]}]),
            json!({"id": "247d25b6-53f6-440e-9853-7b0b7f86f502", "parent": {"id": 3}})];
        let item: serde_json::Map<String, Value> = members
            .iter()
            .map(|&(name, value)| (names[name].to_owned(), values[value].clone()))
            .collect();
        for body in [json!(item), json!([item]), json!({"value": [item]})] {
            if let Ok(documents) = Document::read(tenant(), body.to_string().as_bytes()) {
                let _ = combine(tenant(), documents, Import::default());
            }
        }
    }
}

/// `labelActions` of an early beta, which are read and never written.
#[test]
fn l_015_r_007_actions_of_an_early_beta() {
    let label = |more: Value| {
        let mut label = json!({"id": "247d25b6-53f6-440e-9853-7b0b7f86f502", "name": "General"});
        let members = more.as_object().unwrap().clone();
        label.as_object_mut().unwrap().extend(members);
        let body = json!({"value": [label]}).to_string();
        let mut list = graph::parse(tenant(), body.as_bytes()).unwrap();
        (list.labels.remove(0), list.notes)
    };
    let header = json!({
        "@odata.type": "#microsoft.graph.addHeader", "text": "Secret", "fontSize": 10,
        "fontColor": "#FF0000", "alignment": "center", "margin": 15,
    });
    let template = json!({
        "@odata.type": "#microsoft.graph.encryptWithTemplate", "templateId": "t-1",
        "availableForEncryption": true,
    });
    let user = json!({
        "@odata.type": "#microsoft.graph.encryptWithUserDefinedRights",
        "allowAdHocPermissions": true, "allowMailForwarding": false,
        "decryptionRightsManagementTemplateId": "t-2",
    });
    let site = json!({"@odata.type": "#microsoft.graph.protectSite", "accessType": "x"});
    let (read, notes) = label(json!({"labelActions": [header, template, site]}));
    assert_eq!(notes, [""; 0]);
    assert_eq!(read.protection, LabelProtection::Template);
    let encryption = read.encryption.unwrap();
    assert_eq!(encryption.template_id.as_deref(), Some("t-1"));
    let marking = &read.markings.unwrap()[0];
    assert_eq!(
        (marking.place, marking.text.as_str()),
        (MarkingPlace::Header, "Secret")
    );
    assert_eq!((marking.font_size, marking.margin), (Some(10), Some(15)));
    assert!(read.extras.is_empty());
    let (read, _) = label(json!({"hasProtection": true, "labelActions": [user]}));
    assert_eq!(read.protection, LabelProtection::UserDefined);
    assert_eq!(
        read.encryption.unwrap().kind,
        EncryptionKind::UserDefined {
            prompt: true,
            do_not_forward: true,
            encrypt_only: false
        }
    );
    // The flag says whether, the actions how.
    for (more, expected) in [
        (
            json!({"hasProtection": false, "labelActions": [template]}),
            LabelProtection::None,
        ),
        (
            json!({"hasProtection": true, "labelActions": [header]}),
            LabelProtection::Unspecified,
        ),
        (json!({"labelActions": [header]}), LabelProtection::None),
        (json!({"labelActions": []}), LabelProtection::None),
        (json!({"labelActions": null}), LabelProtection::Unknown),
    ] {
        let (read, _) = label(more.clone());
        assert_eq!(read.protection, expected, "{more}");
    }
    // What can't be read is unknown, not none.
    for broken in [
        json!([7]),
        json!([{"text": "no type"}]),
        json!([template, "x"]),
    ] {
        let (read, notes) = label(json!({"labelActions": broken}));
        assert_eq!(read.protection, LabelProtection::Unknown);
        assert_eq!((read.markings, read.encryption), (None, None));
        assert!(notes[0].contains("/labelActions"), "{notes:?}");
    }
}

/// A label that waits to be deleted is there, and not to be applied any more.
#[test]
fn r_186_a_label_that_waits_to_be_deleted_counts_as_disabled() {
    let guid = "247d25b6-53f6-440e-9853-7b0b7f86f502";
    for (mode, disabled, expected, notes) in [
        ("Enforce", Some(false), LabelState::Active, 0),
        ("PendingDeletion", Some(false), LabelState::Disabled, 1),
        ("pendingdeletion", None, LabelState::Disabled, 1),
        ("PendingDeletion", Some(true), LabelState::Disabled, 0),
        ("Something", None, LabelState::Unknown, 0),
    ] {
        let export = json!({"Guid": guid, "Mode": mode, "Disabled": disabled});
        let list = exported(export.to_string().as_bytes());
        assert_eq!(list.labels[0].state, expected, "{mode}");
        assert_eq!(list.notes.len(), notes, "{:?}", list.notes);
        assert!(list.labels[0].extras["Mode"].contains(mode));
    }
}
