//! What an outcome tells: the kind of a file that carries no labels, the place of a label, and
//! the label before and after a write.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::collections::BTreeSet;

use label_core::{EffectiveLabel, LabelStorage};
use label_formats::{Protection, Reading, Status, TenantStorage, WriteOutcome};

use support::compound::{LABEL_STREAM, PACKAGE, PRIMARY, compound, summary};
use support::package::{
    LABEL_INFO_RELATIONSHIP, MAIN_RELATIONSHIP, MAIN_RELATIONSHIP_STRICT, Package, element,
    label_list, modern, modern_part, properties, relationship, relationships, small,
};
use support::pdf::{description, info_of, packet, simple};
use support::{
    A, B, L1, L2, L3, STORAGES, applied, apply_refused, forced, label, read_default, removed,
    request, tenant, write_with,
};

#[test]
fn f_002_a_package_without_a_known_main_part_is_unsupported_not_unlabelled() {
    let main = relationship("rId1", MAIN_RELATIONSHIP, "word/document.xml");
    let others = relationship("rId2", "urn:example:other", "word/document.xml");
    let outside = main.replace("/>", " TargetMode=\"External\"/>");
    let label_info = relationship("rId3", LABEL_INFO_RELATIONSHIP, "docMetadata/LabelInfo.xml");
    let wrong_case = main.replace("officeDocument\"", "OfficeDocument\"");
    let strict = relationship("rId1", MAIN_RELATIONSHIP_STRICT, "word/document.xml");
    // Near misses, and at the end two that do name one.
    let cases = [
        ("none at all", String::new(), false),
        ("another type", others.clone(), false),
        ("only a label part", label_info, false),
        ("outside", outside, false),
        ("another letter case", wrong_case, false),
        ("transitional", main + &others, true),
        ("strict", strict, true),
    ];
    for (what, list, is_there) in cases {
        // The label is in the file, and must not be reported from what is no document.
        let bytes = Package::docx()
            .custom(modern_part())
            .label_info(label_list(&element(L1, A, "Standard")))
            .relationships_part(relationships(&list))
            .build();
        let reading = read_default(&bytes);
        let expected = if is_there {
            Status::Ok
        } else {
            Status::Unsupported
        };
        assert_eq!(reading.status, expected, "{what}");
        assert_eq!(reading.error.is_none(), is_there, "{what}");
        assert_eq!(reading.kind.is_some(), is_there, "{what}");
        if !is_there {
            assert!(
                !reading.is_labelled() && reading.labels.is_empty(),
                "{what}"
            );
            let code = apply_refused(&bytes, &request(A, L1), &write_with(STORAGES[0]));
            assert_eq!(code, "type_unsupported", "{what}");
        }
    }
}

#[test]
fn f_003_p_001_the_outcome_says_which_compound_file_it_is() {
    // The streams, the protection, and a word that the text for a person must hold.
    let cases: [(&[&str], Option<Protection>, &str); 10] = [
        (
            &[PACKAGE, PRIMARY],
            Some(Protection::RightsManaged),
            "rights",
        ),
        (
            &["/\u{9}DRMContent", "/WordDocument"],
            Some(Protection::RightsManaged),
            "older",
        ),
        (
            &[PACKAGE, "/EncryptionInfo"],
            Some(Protection::Password),
            "password",
        ),
        (
            &[PACKAGE],
            Some(Protection::EncryptedUnknown),
            "not recognised",
        ),
        (&["/WordDocument"], None, "word"),
        (&["/Workbook"], None, "excel"),
        (&["/PowerPoint Document"], None, "powerpoint"),
        (&["/VisioDocument"], None, "visio"),
        (&["/__properties_version1.0"], None, "message"),
        (&["/Anything"], None, "another kind"),
    ];
    let mut texts = BTreeSet::new();
    for (names, protection, word) in cases {
        let streams: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &b"x"[..])).collect();
        let reading = read_default(&compound(&streams));
        let text = reading.error.unwrap();
        assert_eq!(reading.protection, protection, "{names:?}");
        let expected = if protection.is_some() {
            Status::Protected
        } else {
            Status::Unsupported
        };
        assert_eq!(reading.status, expected, "{names:?}");
        assert!(text.to_lowercase().contains(word), "{names:?}: {text}");
        assert!(
            texts.insert(text.clone()),
            "{names:?}: said of another kind too: {text}"
        );
    }
}

#[test]
fn f_043_every_label_says_where_it_was_found() {
    let name = |id: &str, attribute: &str| format!("MSIP_Label_{id}_{attribute}");
    let set = summary(&[(&name(L2, "Enabled"), "true"), (&name(L2, "SiteId"), B)]);
    let list = label_list(&element(L1, A, "Standard"));
    let both_parts = Package::docx()
        .custom(properties(&small(2, L2, B)))
        .label_info(list.clone())
        .build();
    let both_streams = compound(&[
        (PACKAGE, b"x"),
        (PRIMARY, b"x"),
        (LABEL_STREAM, list.as_bytes()),
        ("/\u{5}DocumentSummaryInformation", &set),
    ]);
    let both_places = simple(
        Some(&info_of(L1, A)),
        Some(packet(&description(L2, B)).as_bytes()),
    );
    use LabelStorage as Storage;
    let cases: [(&[u8], [Storage; 2]); 3] = [
        (&both_parts, [Storage::LabelInfo, Storage::CustomProperties]),
        (
            &both_streams,
            [Storage::CompoundLabelInfo, Storage::CompoundSummary],
        ),
        (&both_places, [Storage::Info, Storage::Xmp]),
    ];
    let mut seen = BTreeSet::new();
    for (bytes, [of_a, of_b]) in cases {
        let reading = read_default(bytes);
        for (of, id, storage) in [(A, L1, of_a), (B, L2, of_b)] {
            let found = reading.effective_for(tenant(of)).unwrap();
            assert_eq!((found.id_text.as_str(), found.storage), (id, storage));
            let records: Vec<Storage> = of_label(&reading, id);
            assert_eq!(records, [storage], "the record says so too");
            seen.insert(storage.as_str());
        }
    }
    assert_eq!(seen.len(), 6, "every storage: {seen:?}");
}

fn of_label(reading: &Reading, id: &str) -> Vec<LabelStorage> {
    let records = reading.labels.iter().filter(|one| one.id_text == id);
    records.map(|one| one.storage).collect()
}

#[test]
fn f_056_the_result_has_the_old_and_the_new_label() {
    type Label<'a> = Option<(&'a str, LabelStorage)>;
    fn shown(label: &Option<EffectiveLabel>) -> Label<'_> {
        label
            .as_ref()
            .map(|one| (one.id_text.as_str(), one.storage))
    }
    let check = |outcome: &WriteOutcome, previous: Label<'_>, new: Label<'_>, what: &str| {
        assert_eq!(shown(&outcome.previous), previous, "{what}: before");
        assert_eq!(shown(&outcome.new), new, "{what}: after");
        for label in [&outcome.previous, &outcome.new].into_iter().flatten() {
            assert_eq!(label.tenant, Some(tenant(A)), "{what}: whose");
        }
    };
    use LabelStorage::{CustomProperties as Properties, LabelInfo as Part};
    for storage in STORAGES {
        let what = format!("{storage:?}");
        let options = write_with(storage);
        let into = if storage == TenantStorage::OptedIn {
            Part
        } else {
            Properties
        };
        // Another tenant's label is never in the result.
        let bytes = Package::docx()
            .custom(properties(&modern(2, L3, B)))
            .build();
        let (outcome, one) = applied(&bytes, &request(A, L1), &options).unwrap();
        check(&outcome, None, Some((L1, into)), &what);
        let (outcome, two) = applied(&one, &request(A, L2), &options).unwrap();
        check(&outcome, Some((L1, into)), Some((L2, into)), &what);
        let (outcome, _) = applied(&two, &request(A, L2), &options).unwrap();
        check(&outcome, Some((L2, into)), Some((L2, into)), "unchanged");
        let (outcome, _) = applied(&two, &request(A, L2), &forced(storage)).unwrap();
        check(&outcome, Some((L2, into)), Some((L2, into)), "forced");
        let (outcome, gone) = removed(&two, A, &options).unwrap();
        check(&outcome, Some((L2, into)), None, &what);
        let (outcome, _) = removed(&gone, A, &options).unwrap();
        check(&outcome, None, None, "nothing to remove");
    }
    // Old properties, and a tenant that has opted in since: the label moves to the part.
    let old = Package::docx().custom(modern_part()).build();
    let options = write_with(TenantStorage::OptedIn);
    let (outcome, _) = applied(&old, &request(A, L2), &options).unwrap();
    check(
        &outcome,
        Some((L1, Properties)),
        Some((L2, Part)),
        "converted",
    );
    let previous = outcome.previous.unwrap();
    assert_eq!(previous.id, Some(label(L1)));
    assert_eq!(previous.name.as_deref(), Some("R&D only"));
}
