//! The archive around the labels: everything else keeps its bytes, in any package.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_core::AssignmentMethod;
use label_formats::{FileKind, Status, TenantStorage, read};
use proptest::prelude::*;

use support::archive::{self, compare, compressed, contains, contents, nowhere, text};
use support::package::{
    CUSTOM, CUSTOM_RELATIONSHIP, CUSTOM_TYPE, Entry, KINDS, LABEL_INFO, LABEL_INFO_RELATIONSHIP,
    LABEL_INFO_TYPE, LABEL_PARTS, Package, RELS, TYPES, element, label_list, modern, modern_part,
    properties, property, property_of, relationship, rich, small, tombstone,
};
use support::{
    A, B, L1, L2, L3, STORAGES, applied, apply_refused, codes, effective, label, pairs,
    read_default, read_with, removed, request, tenant, write_with,
};

const C: &str = "cccccccc-0000-4000-8000-00000000000c";

// The archive.

#[test]
fn f_100_f_101_f_102_f_103_r_052_a_047_untouched_entries_stay_byte_for_byte() {
    for streaming in [false, true] {
        for storage in STORAGES {
            for labelled in [false, true] {
                let mut package = rich(streaming);
                if labelled {
                    package = package
                        .custom(properties(&(modern(2, L1, A) + &modern(20, L3, B))))
                        .label_info(label_list(&element(L1, A, "Standard")));
                }
                // Content types neither first nor last.
                let count = package.len();
                package.order = (0..count).map(|at| (at + 3) % count).collect();
                let bytes = package.build();
                let descriptors = contains(&bytes, b"PK\x07\x08");
                assert_eq!(descriptors, streaming);
                let (_, after) = applied(&bytes, &request(A, L2), &write_with(storage)).unwrap();
                let changed = compare(&bytes, &after, &LABEL_PARTS);
                assert!(!changed.is_empty());
                let (_, gone) = removed(&after, A, &write_with(storage)).unwrap();
                compare(&after, &gone, &LABEL_PARTS);
                // The zip library agrees about all the others.
                let others = |bytes: &[u8]| {
                    let mut list = contents(bytes);
                    list.retain(|(name, _)| !LABEL_PARTS.contains(&name.as_str()));
                    list
                };
                let expected = others(&bytes);
                assert_eq!(expected.len(), count - if labelled { 4 } else { 2 });
                assert_eq!(others(&after), expected);
                assert_eq!(others(&gone), expected);
                assert!(!contents(&gone).iter().any(|(name, _)| name == "mimetype"));
            }
        }
    }
}

#[test]
fn f_101_wide_label_parts_are_replaced_too() {
    let mut custom = Entry::new(CUSTOM, modern_part().as_bytes());
    custom.large = true;
    custom.extra = true;
    custom.comment = "kept";
    let bytes = Package::docx()
        .entry(custom)
        .relationship(&relationship("rId2", CUSTOM_RELATIONSHIP, CUSTOM))
        .content_type(&support::package::content_type_override(
            CUSTOM,
            CUSTOM_TYPE,
        ))
        .build();
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    compare(&bytes, &after, &[CUSTOM]);
    let archive = archive::parse(&after);
    let entry = archive.find(CUSTOM).unwrap();
    assert!(entry.record.ends_with(b"kept"), "the comment stays");
    assert!(contains(&entry.record, b"private"), "its extra field stays");
    assert!(contains(&entry.local, b"private"));
}

#[test]
fn f_101_a_wide_end_record_is_brought_up_to_date() {
    // Turn the end into one with a wide record, as writers to pipes leave it.
    let plain = rich(false).custom(modern_part()).build();
    let end = archive::end_record(&plain);
    let mut bytes = plain[..end].to_vec();
    let mut wide = b"PK\x06\x06".to_vec();
    wide.extend(44_u64.to_le_bytes());
    wide.extend([45, 0, 45, 0]);
    wide.extend([0; 8]);
    let count = u64::from(plain[end + 10]);
    wide.extend(count.to_le_bytes());
    wide.extend(count.to_le_bytes());
    wide.extend([&plain[end + 12..end + 16], &[0; 4]].concat());
    wide.extend([&plain[end + 16..end + 20], &[0; 4]].concat());
    bytes.extend(&wide);
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend((end as u64).to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xff; 12]);
    bytes.extend(&plain[end + 20..]);
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
    for storage in STORAGES {
        let (_, after) = applied(&bytes, &request(A, L2), &write_with(storage)).unwrap();
        compare(&bytes, &after, &LABEL_PARTS);
        let (_, gone) = removed(&after, A, &write_with(storage)).unwrap();
        compare(&after, &gone, &LABEL_PARTS);
        assert!(!contents(&gone).is_empty());
    }
}

#[test]
fn r_139_no_residue_of_the_old_part_is_left() {
    for streaming in [false, true] {
        for storage in [TenantStorage::Unknown, TenantStorage::NotOptedIn] {
            let mut package = rich(streaming)
                .custom(properties(&(modern(2, L1, A) + &small(30, L3, B))))
                .label_info(label_list(
                    &(element(L1, A, "Standard") + &element(L3, C, "Standard")),
                ));
            package.order = (0..package.len()).rev().collect();
            let bytes = package.build();
            let residue = [
                compressed(&bytes, CUSTOM),
                compressed(&bytes, LABEL_INFO),
                L1.as_bytes().to_vec(),
            ];
            let mut results = vec![removed(&bytes, A, &write_with(storage)).unwrap().1];
            if storage == TenantStorage::NotOptedIn {
                // Both parts are written; where the part counts, old properties stay.
                let wanted = request(A, L2);
                results.push(applied(&bytes, &wanted, &write_with(storage)).unwrap().1);
            }
            for after in results {
                for one in &residue {
                    assert!(!contains(&after, one));
                }
                assert!(nowhere(&after, L1));
                // The others' state is unknown, so both of their storages count.
                let reading = read_default(&after);
                let theirs: Vec<_> = effective(&reading)
                    .into_iter()
                    .filter(|(of, _)| of != A)
                    .collect();
                assert_eq!(theirs, pairs(&[(B, L3), (C, L3)]));
            }
        }
    }
}

#[test]
fn f_105_content_types_in_every_spelling() {
    let main = KINDS[1].2;
    let namespace = "http://schemas.openxmlformats.org/package/2006/content-types";
    for types in [
        format!(
            "\u{feff}<?xml version='1.0'?><Types xmlns='{namespace}'><Default Extension='XML' ContentType='{main}'/></Types>"
        ),
        format!(
            "<Types xmlns=\"{namespace}\">\n <Override PartName=\"/WORD/DOCUMENT.XML\" ContentType=\"{main}\"></Override>\n</Types>\n"
        ),
        format!(
            "<t:Types xmlns:t=\"{namespace}\"><t:Override PartName=\"/word/document.xml\" ContentType=\"{}\"/><t:Override PartName=\"/DOCPROPS/CUSTOM.XML\" ContentType=\"wrong\"/><t:Override PartName=\"/docProps/custom.xml\" ContentType=\"wrong too\"/></t:Types>",
            main.to_uppercase()
        ),
    ] {
        let bytes = Package::docx()
            .custom(properties(""))
            .types_part(types.clone())
            .build();
        assert_eq!(read_default(&bytes).kind, Some(FileKind::Docx), "{types}");
        let (_, after) =
            applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
        let written = text(&after, TYPES);
        assert_eq!(written.matches(CUSTOM_TYPE).count(), 1, "{written}");
        let overrides = written
            .to_lowercase()
            .matches("/docprops/custom.xml")
            .count();
        assert_eq!(overrides, 1, "{written}");
        assert_eq!(
            written.starts_with('\u{feff}'),
            types.starts_with('\u{feff}')
        );
        assert_eq!(read_default(&after).kind, Some(FileKind::Docx));
    }
}

#[test]
fn f_106_relationship_ids_do_not_collide() {
    let bytes = Package::docx()
        .relationship(&relationship("rId2", "urn:x", "x.xml"))
        .relationship(&relationship("R0a1b", "urn:y", "y.xml"))
        .relationship(&relationship("rId4", "urn:z", "z.xml"))
        .build();
    for (storage, relationship_type) in [
        (TenantStorage::OptedIn, LABEL_INFO_RELATIONSHIP),
        (TenantStorage::NotOptedIn, CUSTOM_RELATIONSHIP),
    ] {
        let (_, after) = applied(&bytes, &request(A, L1), &write_with(storage)).unwrap();
        let rels = text(&after, RELS);
        let ids: Vec<&str> = rels
            .split(" Id=\"")
            .skip(1)
            .map(|rest| rest.split_once('"').unwrap().0)
            .collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!((ids.len(), unique.len()), (5, 5), "{rels}");
        assert_eq!(rels.matches(relationship_type).count(), 1);
    }
}

#[test]
fn f_106_f_083_hostile_relationships_are_reported_and_never_written() {
    let external = |kind: &str| {
        relationship("rId7", kind, "docProps/custom.xml")
            .replace("/>", " TargetMode=\"External\"/>")
    };
    for (elements, label_counts) in [
        (external(CUSTOM_RELATIONSHIP), false),
        (external(LABEL_INFO_RELATIONSHIP), false),
        (
            relationship("rId7", CUSTOM_RELATIONSHIP, "http://example.org/x"),
            false,
        ),
        (
            relationship("rId7", CUSTOM_RELATIONSHIP, CUSTOM)
                + &relationship("rId8", CUSTOM_RELATIONSHIP, "other.xml"),
            true,
        ),
    ] {
        let bytes = Package::docx()
            .relationship(&elements)
            .file(CUSTOM, modern_part().as_bytes())
            .file("other.xml", properties("").as_bytes())
            .build();
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Ok);
        assert!(codes(&reading).contains(&"bad_relationship"), "{elements}");
        assert_eq!(!reading.effective.is_empty(), label_counts, "{elements}");
        for storage in STORAGES {
            let refused = apply_refused(&bytes, &request(A, L2), &write_with(storage));
            assert_eq!(refused, "malformed", "{elements}");
        }
    }
}

#[test]
fn f_107_dangling_relationships_are_repaired() {
    for (relationship_type, name, storage) in [
        (
            CUSTOM_RELATIONSHIP,
            "docProps/mine.xml",
            TenantStorage::NotOptedIn,
        ),
        (
            LABEL_INFO_RELATIONSHIP,
            "meta/labels.xml",
            TenantStorage::OptedIn,
        ),
    ] {
        let bytes = Package::docx()
            .relationship(&relationship("rId5", relationship_type, name))
            .build();
        let reading = read_default(&bytes);
        assert_eq!(codes(&reading), ["dangling_relationship"]);
        let (_, after) = applied(&bytes, &request(A, L1), &write_with(storage)).unwrap();
        assert_eq!(compare(&bytes, &after, &[name, TYPES]), [TYPES, name]);
        let reading = read(after.as_slice(), &read_with(storage));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert!(codes(&reading).is_empty());
        assert!(text(&after, TYPES).contains(&format!("/{name}\"")));
    }
}

#[test]
fn f_107_f_083_a_new_part_never_takes_a_name_that_a_relationship_misses() {
    // The other label part is missing, and its relationship leads to where the new one would go.
    for (relationship_type, name, storage) in [
        (CUSTOM_RELATIONSHIP, LABEL_INFO, TenantStorage::OptedIn),
        (
            LABEL_INFO_RELATIONSHIP,
            "docprops/CUSTOM.xml",
            TenantStorage::NotOptedIn,
        ),
        ("urn:other", LABEL_INFO, TenantStorage::OptedIn),
    ] {
        let bytes = Package::docx()
            .relationship(&relationship("rId5", relationship_type, name))
            .build();
        let (_, after) = applied(&bytes, &request(A, L1), &write_with(storage)).unwrap();
        let reading = read(after.as_slice(), &read_with(storage));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{name}");
        assert!(nowhere(&after, &format!("PartName=\"/{name}\"")));
    }
    // Both missing, under one name: what is written for one would be read as the other.
    let bytes = Package::docx()
        .relationship(&relationship("rId5", CUSTOM_RELATIONSHIP, "a.xml"))
        .relationship(&relationship("rId6", LABEL_INFO_RELATIONSHIP, "A.xml"))
        .build();
    assert!(codes(&read_default(&bytes)).contains(&"bad_relationship"));
    for storage in STORAGES {
        let refused = apply_refused(&bytes, &request(A, L2), &write_with(storage));
        assert_eq!(refused, "malformed");
    }
}

// Every kind.

fn round_trip(kind: FileKind) {
    assert_eq!(
        FileKind::from_name(&format!("a.{}", kind.extension())),
        Some(kind)
    );
    for strict in [false, true] {
        let mut package = Package::new(kind)
            .file("docProps/core.xml", b"<core/>")
            .file("macros/vbaProject.bin", &[3; 700]);
        if strict {
            package = package.strict();
        }
        let bytes = package.build();
        for storage in STORAGES {
            let options = write_with(storage);
            let mut wanted = request(A, L1);
            wanted.name = Some("General".to_owned());
            wanted.method = AssignmentMethod::Privileged;
            let (outcome, after) = applied(&bytes, &wanted, &options).unwrap();
            assert_eq!((outcome.kind, outcome.previous), (kind, None));
            let reading = read(after.as_slice(), &options.read);
            assert_eq!(reading.kind, Some(kind));
            let found = reading.effective_for(tenant(A)).unwrap();
            assert_eq!(found.id, Some(label(L1)));
            assert_eq!(found.method, Some(AssignmentMethod::Privileged));
            assert_eq!(found.content_bits, Some(0));
            let (_, replaced) = applied(&after, &request(A, L2), &options).unwrap();
            let reading = read(replaced.as_slice(), &options.read);
            assert_eq!(effective(&reading), pairs(&[(A, L2)]));
            let (_, gone) = removed(&replaced, A, &options).unwrap();
            let reading = read(gone.as_slice(), &options.read);
            assert!(reading.effective.is_empty());
            compare(&bytes, &gone, &LABEL_PARTS);
            if storage != TenantStorage::OptedIn {
                assert_eq!(contents(&gone), contents(&bytes));
            }
        }
    }
}

macro_rules! kinds {
    ($($name:ident: $kind:ident,)*) => {
        $(
            #[test]
            fn $name() {
                round_trip(FileKind::$kind);
            }
        )*
    };
}

kinds! {
    r_036_docm_round_trip: Docm,
    r_037_docx_round_trip: Docx,
    r_038_dotm_round_trip: Dotm,
    r_039_dotx_round_trip: Dotx,
    r_040_xlam_round_trip: Xlam,
    r_041_xlsm_round_trip: Xlsm,
    r_042_xlsx_round_trip: Xlsx,
    r_043_xltx_round_trip: Xltx,
    r_044_potm_round_trip: Potm,
    r_045_potx_round_trip: Potx,
    r_046_ppsx_round_trip: Ppsx,
    r_047_ppsm_round_trip: Ppsm,
    r_048_pptm_round_trip: Pptm,
    r_049_pptx_round_trip: Pptx,
}

// Any package.

/// What a random package is made of.
#[derive(Clone, Debug)]
struct Random {
    kind: usize,
    strict: bool,
    streaming: bool,
    comment: bool,
    own_group: bool,
    own_element: u8,
    /// Other tenants: number, in properties, in the part.
    others: Vec<(u8, bool, bool)>,
    plain: Vec<(u8, String)>,
    files: Vec<(Vec<u8>, bool, bool, bool, bool)>,
    seed: u64,
    storage: usize,
}

fn random() -> impl Strategy<Value = Random> {
    (
        (0..KINDS.len(), any::<bool>(), any::<bool>(), any::<bool>()),
        (any::<bool>(), 0..3_u8),
        proptest::collection::vec((0..4_u8, any::<bool>(), any::<bool>()), 0..4),
        proptest::collection::vec((0..5_u8, "[ -~äÖ\u{20ac}]{0,20}"), 0..6),
        proptest::collection::vec(
            (
                proptest::collection::vec(any::<u8>(), 0..300),
                any::<bool>(),
                any::<bool>(),
                any::<bool>(),
                any::<bool>(),
            ),
            0..6,
        ),
        any::<u64>(),
        0..3_usize,
    )
        .prop_map(
            |(
                (kind, strict, streaming, comment),
                (own_group, own_element),
                mut others,
                plain,
                files,
                seed,
                storage,
            )| {
                others.sort_unstable();
                others.dedup_by_key(|other| other.0);
                Random {
                    kind,
                    strict,
                    streaming,
                    comment,
                    own_group,
                    own_element,
                    others,
                    plain,
                    files,
                    seed,
                    storage,
                }
            },
        )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A permutation from a number.
fn shuffled(count: usize, mut seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from((seed >> 33) % (at as u64 + 1)).unwrap();
        order.swap(at, other);
    }
    order
}

/// The package, and the property and label elements of others.
fn assemble(random: &Random) -> (Vec<u8>, Vec<String>, Vec<String>) {
    let mut foreign = Vec::new();
    let mut elements = Vec::new();
    let mut pid = 2;
    let mut add = |body: String, count: usize| {
        pid += count + 1;
        foreign.push(body);
    };
    for (at, (kind, value)) in random.plain.iter().enumerate() {
        let name = format!("Property {at}");
        let at = 2 + at * 2;
        let value = escape(value);
        add(
            match kind {
                0 => property_of(at, &name, "<vt:i4>7</vt:i4>"),
                1 => property_of(at, &name, "<vt:filetime>2020-01-02T03:04:05Z</vt:filetime>"),
                2 => property_of(at, &name, &format!("<vt:lpstr>{value}</vt:lpstr>")),
                3 => format!("<!-- comment {at} -->"),
                _ => property(at, &name, &value),
            },
            2,
        );
    }
    let mut own = Vec::new();
    for (number, in_properties, in_part) in &random.others {
        let of = format!("bbbbbbbb-0000-4000-8000-00000000000{number}");
        let id = format!("55555555-0000-4000-8000-00000000000{number}");
        if *in_properties {
            foreign.push(modern(100 + usize::from(*number) * 10, &id, &of));
        }
        if *in_part {
            elements.push(element(&id, &of, "Standard"));
        }
    }
    if random.own_group {
        own.push(modern(60, L1, A));
    }
    let mut body: Vec<String> = foreign.iter().cloned().chain(own).collect();
    let order = shuffled(body.len(), random.seed);
    body = order.iter().map(|at| body[*at].clone()).collect();
    let mut list = elements.clone();
    match random.own_element {
        1 => list.insert(list.len() / 2, element(L1, A, "Privileged")),
        2 => list.insert(list.len() / 2, tombstone(A)),
        _ => {}
    }
    let mut package = Package::new(KINDS[random.kind].0);
    if random.strict {
        package = package.strict();
    }
    if !body.is_empty() {
        package = package.custom(properties(&body.concat()));
    }
    if !list.is_empty() {
        package = package.label_info(label_list(&list.concat()));
    }
    for (at, (content, stored, extra, large, comment)) in random.files.iter().enumerate() {
        let mut entry = Entry::new(&format!("parts/file {at} ä.bin"), content);
        entry.stored = *stored;
        entry.extra = *extra;
        entry.large = *large;
        entry.comment = if *comment { "an entry's comment" } else { "" };
        package = package.entry(entry);
    }
    package.streaming = random.streaming;
    package.comment = if random.comment { "a comment" } else { "" };
    package.order = shuffled(package.len(), random.seed ^ 0x5555);
    (package.build(), foreign, elements)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn f_052_f_065_f_084_f_100_r_139_any_package_is_labelled_and_cleaned(random in random()) {
        let (bytes, foreign, elements) = assemble(&random);
        let options = write_with(STORAGES[random.storage]);
        let theirs = |bytes: &[u8]| {
            let reading = read(bytes, &options.read);
            assert_eq!(reading.status, Status::Ok, "{:?}", reading.error);
            effective(&reading).into_iter().filter(|(of, _)| of != A).collect::<Vec<_>>()
        };
        let before = theirs(&bytes);
        let others = |bytes: &[u8]| {
            let mut list = contents(bytes);
            list.retain(|(name, _)| !LABEL_PARTS.contains(&name.as_str()));
            list
        };
        let check = |old: &[u8], new: &[u8]| {
            compare(old, new, &LABEL_PARTS);
            assert_eq!(others(old), others(new));
            assert_eq!(theirs(new), before);
            for one in &foreign {
                assert!(text(new, CUSTOM).contains(one), "{one}");
            }
            for one in &elements {
                assert!(text(new, LABEL_INFO).contains(one), "{one}");
            }
        };
        let (outcome, after) = applied(&bytes, &request(A, L2), &options).unwrap();
        prop_assert_eq!(outcome.new.unwrap().id, Some(label(L2)));
        check(&bytes, &after);
        let reading = read(after.as_slice(), &options.read);
        prop_assert_eq!(reading.effective_for(tenant(A)).unwrap().id, Some(label(L2)));
        let (_, same) = applied(&after, &request(A, L2), &options).unwrap();
        prop_assert_eq!(&same, &after);
        let (_, gone) = removed(&after, A, &options).unwrap();
        check(&after, &gone);
        let reading = read(gone.as_slice(), &options.read);
        prop_assert_eq!(reading.effective_for(tenant(A)), None);
        prop_assert!(nowhere(&gone, L2));
        let (_, same) = removed(&gone, A, &options).unwrap();
        prop_assert_eq!(&same, &gone);
        // Labelled once more it is as after the first time.
        let (_, again) = applied(&gone, &request(A, L2), &options).unwrap();
        check(&gone, &again);
        prop_assert!(text(&again, TYPES).matches(LABEL_INFO_TYPE).count() <= 1);
        prop_assert!(text(&again, RELS).matches(LABEL_INFO_RELATIONSHIP).count() <= 1);
    }
}
