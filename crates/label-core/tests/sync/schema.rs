//! The JSON Schema of snapshots, beside what is written and read.

use jsonschema::Validator;
use label_core::source::{Document, Import, LabelList, combine};
use label_core::sync::{KeeperOptions, LabelSnapshot, Origin, Outcome, SnapshotKeeper};
use label_core::{
    ApplicationMode, ContentMarking, Encryption, EncryptionKind, Grant, Label, LabelId,
    LabelProtection, LocalizedTexts, MarkingPlace, Publication, TenantId, protection,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::changes::any_labels;
use super::snapshot::sealed;
use super::{label, sample, tenant};

fn schema() -> Value {
    serde_json::from_str(LabelSnapshot::JSON_SCHEMA).unwrap()
}

fn validator() -> Validator {
    jsonschema::validator_for(&schema()).unwrap()
}

/// The schema with no room for members that it doesn't name: what is written has none.
fn strict() -> Validator {
    let mut schema = schema();
    schema["unevaluatedProperties"] = json!(false);
    for list in ["labels", "tombstones"] {
        schema["properties"][list]["items"]["unevaluatedProperties"] = json!(false);
    }
    schema["properties"]["source"]["additionalProperties"] = json!(false);
    let definitions = &mut schema["$defs"];
    for place in ["/marking", "/encryption", "/days"] {
        definitions.pointer_mut(place).unwrap()["additionalProperties"] = json!(false);
    }
    for place in [
        "/label/properties/protection",
        "/label/properties/locales/additionalProperties",
        "/encryption/properties/grants/items",
        "/encryption/properties/kind/anyOf/1",
        "/encryption/properties/kind/anyOf/1/properties/user_defined",
    ] {
        definitions.pointer_mut(place).unwrap()["additionalProperties"] = json!(false);
    }
    jsonschema::validator_for(&schema).unwrap()
}

fn check(validator: &Validator, document: &Value) {
    let faults: Vec<String> = validator
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}

/// Two versions of a list, so that there are tombstones.
fn documents(mut labels: Vec<Label>) -> Vec<Value> {
    let options = KeeperOptions {
        keep_rights_identities: true,
        ..KeeperOptions::default()
    };
    let tenant = labels.first().map_or_else(tenant, |label| label.key.tenant);
    let mut keeper = SnapshotKeeper::new(tenant, options);
    let mut documents = Vec::new();
    for now_ms in [-1, i64::MAX] {
        let mut list = LabelList::new(tenant);
        list.labels.clone_from(&labels);
        keeper.offer(now_ms, list, Origin::new("test")).unwrap();
        keeper.confirm().unwrap();
        let text = keeper.current().map(|snapshot| snapshot.to_json());
        documents.extend(text.map(|text| serde_json::from_str(&text).unwrap()));
        labels.pop();
    }
    documents
}

/// A label with everything that one can have.
fn full(kind: EncryptionKind) -> Label {
    let mut full = label(1, "Everything", 0, None);
    full.back_end_name = Some("everything".to_owned());
    full.description = Some("d".to_owned());
    full.tooltip = Some("t".to_owned());
    full.auto_tooltip = Some("a".to_owned());
    full.color = Some("#C00000".to_owned());
    full.publication = Publication::NotPublished;
    full.published_in = vec!["P".to_owned()];
    full.is_appliable = Some(true);
    full.is_group = true;
    full.default_sublabel = Some(LabelId::from_u128(2));
    full.application_mode = Some(ApplicationMode::Recommended);
    full.protection = LabelProtection::UserDefined;
    let mut encryption = Encryption::new(kind);
    encryption.template_id = Some("x".to_owned());
    let mut grant = Grant::new("contoso.example", "VIEW,FLY");
    grant.other_rights.push("SWIM".to_owned());
    encryption.set_grants(vec![grant]);
    encryption.expiry = Some(protection::ContentExpiry::Days(7));
    encryption.offline = Some(protection::OfflineAccess::Always);
    encryption.double_key_url = Some("https://keys.contoso.example".to_owned());
    full.encryption = Some(encryption);
    let mut marking = ContentMarking::new(MarkingPlace::Watermark, "${Item.Label}");
    marking.font_size = Some(12);
    marking.margin = Some(5);
    marking.font_name = Some("Calibri".to_owned());
    full.markings = Some(vec![marking]);
    let mut texts = LocalizedTexts::default();
    texts.display_name = Some("Alles".to_owned());
    full.locales.insert("de".to_owned(), texts);
    full.settings.insert("key".to_owned(), "value".to_owned());
    full.extras.insert("More".to_owned(), "[1]".to_owned());
    full.conditions = Some("{}".to_owned());
    full
}

#[test]
fn what_is_written_is_described_member_by_member() {
    let (open, strict) = (validator(), strict());
    let mut lists: Vec<Vec<Label>> = Vec::new();
    for kind in [
        EncryptionKind::Template,
        EncryptionKind::Remove,
        EncryptionKind::UserDefined {
            prompt: true,
            do_not_forward: false,
            encrypt_only: true,
        },
    ] {
        lists.push(vec![full(kind), label(2, "Child", 1, Some(1))]);
        lists.push(vec![label(2, "Other", 1, None), full(kind)]);
    }
    for name in [
        "get-label.json",
        "graph-v1-labels.json",
        "graph-beta-legacy-labels.json",
        "classic-aip-labels.neutral.json",
    ] {
        let tenant = TenantId::parse("74f71239-3dea-461b-910f-15d15a71655a").unwrap();
        let documents = Document::read(tenant, &sample(name)).unwrap();
        let combined = combine(tenant, documents, Import::default()).unwrap();
        lists.push(combined.chosen.list.unwrap().labels);
    }
    let mut seen = 0;
    for labels in lists {
        for document in documents(labels) {
            check(&open, &document);
            check(&strict, &document);
            seen += 1;
        }
    }
    assert_eq!(seen, 20);
}

/// What the schema refuses, the reader refuses too, though the checksum fits.
#[test]
fn l_053_what_the_schema_refuses_is_not_read() {
    let validator = validator();
    let labels = vec![
        full(EncryptionKind::Template),
        label(3, "Left", 1, None),
        label(4, "Going", 2, None),
    ];
    let document = documents(labels).pop().unwrap();
    let mut wrong: Vec<(String, Value)> = Vec::new();
    for (place, members) in [
        ("", schema()["required"].clone()),
        ("/source", json!(["kind", "pages"])),
        ("/labels/0", schema()["$defs"]["label"]["required"].clone()),
        ("/labels/0/protection", json!(["kind"])),
        ("/labels/0/protection/encryption", json!(["kind", "grants"])),
        ("/labels/0/markings/0", json!(["place", "text"])),
        (
            "/tombstones/0",
            json!(["deletedInVersion", "lastSeenVersion"]),
        ),
    ] {
        for member in members.as_array().unwrap() {
            let member = member.as_str().unwrap();
            // What may be null may be missing, where the reader is concerned.
            let may_be_null = [
                "displayName",
                "name",
                "parentId",
                "targets",
                "published",
                "previousVersion",
            ];
            let mut without = document.clone();
            let object = without.pointer_mut(place).unwrap().as_object_mut().unwrap();
            object.remove(member).unwrap();
            if !may_be_null.contains(&member) && member != "checksum" {
                wrong.push((format!("{place}/{member} is missing"), without));
            } else {
                assert!(!validator.is_valid(&without), "{place}/{member}");
            }
        }
    }
    for (place, value) in [
        ("/version", json!("2")),
        ("/tenantId", json!("contoso")),
        ("/taxonomy", json!("mixed")),
        ("/contentHash", json!("sha256:0")),
        ("/labels", json!({})),
        ("/labels/0/id", json!(7)),
        ("/labels/0/order", json!(1.5)),
        ("/labels/0/state", json!("asleep")),
        ("/labels/0/protection/kind", json!("some")),
        ("/labels/0/published", json!("yes")),
        ("/labels/0/isGroup", json!(1)),
        ("/labels/0/settings/key", json!(1)),
        ("/labels/0/markings/0/place", json!("margin")),
        ("/labels/0/protection/encryption/expiry", json!("soon")),
    ] {
        let mut changed = document.clone();
        *changed.pointer_mut(place).unwrap() = value;
        wrong.push((place.to_owned(), changed));
    }
    for (what, document) in wrong {
        assert!(!validator.is_valid(&document), "{what}");
        let text = serde_json::to_string_pretty(&document).unwrap();
        let text = match document.get("checksum") {
            Some(_) => sealed(&reordered(&text)),
            None => text,
        };
        let read = LabelSnapshot::from_json(tenant(), text.as_bytes());
        assert!(read.is_err(), "{what}");
    }
    // The way the text is put together here does no harm by itself.
    let text = serde_json::to_string_pretty(&document).unwrap();
    let sealed = sealed(&reordered(&text));
    LabelSnapshot::from_json(tenant(), sealed.as_bytes()).unwrap();
}

/// With the checksum at the end, where the parser sorts it away from.
fn reordered(text: &str) -> String {
    let mut document: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    let checksum = document.remove("checksum").unwrap();
    let body = serde_json::to_string_pretty(&document).unwrap();
    let body = body.strip_suffix("\n}").unwrap();
    format!("{body},\n  \"checksum\": {checksum}\n}}\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_list_is_written_as_the_schema_says(labels in any_labels()) {
        let strict = strict();
        for document in documents(labels) {
            check(&strict, &document);
        }
    }
}

#[test]
fn the_outcome_of_a_first_list_is_a_snapshot() {
    // So that the tests above can't pass for want of documents.
    let mut keeper = SnapshotKeeper::new(tenant(), KeeperOptions::default());
    let mut list = LabelList::new(tenant());
    list.labels = vec![label(1, "A", 0, None)];
    let outcome = keeper.offer(0, list, Origin::new("test")).unwrap();
    assert!(matches!(outcome, Outcome::Replaced { .. }));
    assert_eq!(documents(vec![label(1, "A", 0, None)]).len(), 2);
}
