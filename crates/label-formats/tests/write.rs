//! Applying, replacing and removing labels: what is written into which storage, and what stays.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_core::{AssignmentMethod, LabelStorage};
use label_formats::{FileKind, TenantStorage, read, remove};

use support::archive::{compare, contents, nowhere, part, text};
use support::package::{
    CUSTOM, CUSTOM_RELATIONSHIP, CUSTOM_TYPE, LABEL_INFO, LABEL_PARTS, Package, RELS, TYPES,
    USER_DEFINED, element, group, label_list, modern, modern_part, properties, property,
    property_of, tombstone,
};
use support::{
    A, B, L1, L2, L3, NOW_MS, STORAGES, applied, apply_refused, codes, effective, forced, label,
    pairs, read_default, read_with, removed, request, tenant, write_with,
};

const C: &str = "cccccccc-0000-4000-8000-00000000000c";

// The table of section 2.6, writing.

struct Case {
    name: &'static str,
    element: bool,
    group: bool,
}

const CASES: [Case; 4] = [
    Case {
        name: "element and group",
        element: true,
        group: true,
    },
    Case {
        name: "element",
        element: true,
        group: false,
    },
    Case {
        name: "group",
        element: false,
        group: true,
    },
    Case {
        name: "neither",
        element: false,
        group: false,
    },
];

/// A package in one of the states, alone or beside the labels of two other tenants.
fn in_case(case: &Case, others: bool) -> Vec<u8> {
    let mut package = Package::docx();
    let mut body = String::new();
    if others {
        body.push_str(&property_of(4, "Count", "<vt:i4>7</vt:i4>"));
        body.push_str(&modern(30, L3, B));
    }
    if case.group {
        body.push_str(&modern(10, L1, A));
    }
    if !body.is_empty() {
        package = package.custom(properties(&body));
    }
    let mut list = String::new();
    if case.element {
        list.push_str(&element(L1, A, "Privileged"));
    }
    if others {
        list.push_str(&element(L3, C, "Standard"));
    }
    if !list.is_empty() {
        package = package.label_info(label_list(&list));
    }
    package.build()
}

#[test]
fn f_087_f_086_f_053_r_139_every_state_of_the_file_and_the_tenant() {
    for others in [false, true] {
        for case in &CASES {
            for storage in STORAGES {
                let what = format!("{} {others} {storage:?}", case.name);
                let bytes = in_case(case, others);
                let mut options = write_with(TenantStorage::Unknown);
                options.read.storages.insert(tenant(A), storage);
                let (outcome, after) = applied(&bytes, &request(A, L2), &options).unwrap();
                assert_eq!(outcome.kind, FileKind::Docx);
                let into_part = match storage {
                    TenantStorage::OptedIn => true,
                    TenantStorage::Unknown => case.element,
                    TenantStorage::NotOptedIn => false,
                };
                let changed = compare(&bytes, &after, &LABEL_PARTS);
                let has = |name: &str| changed.iter().any(|one| one == name);
                // Only one storage is written; the other stays byte for byte, except that a
                // tenant without opt-in loses its element.
                assert_eq!(has(CUSTOM), !into_part, "{what}");
                let drops_element = storage == TenantStorage::NotOptedIn && case.element;
                assert_eq!(has(LABEL_INFO), into_part || drops_element, "{what}");
                let reading = read(after.as_slice(), &options.read);
                let found = reading.effective_for(tenant(A)).unwrap();
                assert_eq!(found.id, Some(label(L2)), "{what}");
                let expected = if into_part {
                    LabelStorage::LabelInfo
                } else {
                    LabelStorage::CustomProperties
                };
                assert_eq!(found.storage, expected, "{what}");
                if others {
                    let theirs = reading.effective_for(tenant(B)).unwrap();
                    assert_eq!(theirs.id, Some(label(L3)), "{what}");
                    let theirs = reading.effective_for(tenant(C)).unwrap();
                    assert_eq!(theirs.id, Some(label(L3)), "{what}");
                }
                if drops_element {
                    let left = part(&after, LABEL_INFO).map(String::from_utf8);
                    let expected = others.then(|| Ok(label_list(&element(L3, C, "Standard"))));
                    assert_eq!(left, expected, "{what}");
                }
                if into_part && !others {
                    assert_eq!(
                        text(&after, LABEL_INFO),
                        label_list(&element(L2, A, "Standard")),
                        "{what}"
                    );
                }
                // Again: not a byte.
                let mut again = request(A, L2);
                again.name = Some("another name".to_owned());
                again.date_ms += 1_000_000;
                let (second, same) = applied(&after, &again, &options).unwrap();
                assert!(!second.changed, "{what}");
                assert_eq!(second.previous, second.new, "{what}");
                assert_eq!(same, after, "{what}");
                // Back to nothing, and again: not a byte.
                let (outcome, gone) = removed(&after, A, &options).unwrap();
                assert_eq!(outcome.previous.unwrap().id, Some(label(L2)), "{what}");
                assert_eq!(outcome.new, None, "{what}");
                compare(&after, &gone, &LABEL_PARTS);
                assert!(nowhere(&gone, L2), "{what}: L2 is left somewhere");
                let reading = read(gone.as_slice(), &options.read);
                assert_eq!(reading.effective_for(tenant(A)), None, "{what}");
                assert_eq!(
                    reading.effective.len(),
                    if others { 2 } else { 0 },
                    "{what}"
                );
                if storage != TenantStorage::OptedIn {
                    assert!(nowhere(&gone, L1), "{what}: L1 is left somewhere");
                }
                let (second, same) = removed(&gone, A, &options).unwrap();
                assert!(!second.changed, "{what}: removed twice");
                assert_eq!(same, gone, "{what}");
            }
        }
    }
}

#[test]
fn f_085_f_086_removal_where_only_stale_properties_exist() {
    let bytes = in_case(&CASES[2], false);
    // Opted in: a tombstone keeps the properties from counting; they stay byte for byte.
    let (_, after) = removed(&bytes, A, &write_with(TenantStorage::OptedIn)).unwrap();
    assert_eq!(text(&after, LABEL_INFO), label_list(&tombstone(A)));
    assert_eq!(part(&after, CUSTOM), part(&bytes, CUSTOM));
    let reading = read(after.as_slice(), &read_with(TenantStorage::OptedIn));
    assert!(reading.effective.is_empty());
    assert_eq!(codes(&reading), ["shadowed"]);
    // Else there is no tombstone, and nothing is left at all.
    for storage in [TenantStorage::Unknown, TenantStorage::NotOptedIn] {
        let (_, after) = removed(&bytes, A, &write_with(storage)).unwrap();
        assert_eq!(part(&after, LABEL_INFO), None);
        assert_eq!(part(&after, CUSTOM), None);
        assert!(nowhere(&after, A) && nowhere(&after, "custom"));
    }
}

#[test]
fn f_055_the_same_input_gives_the_same_bytes() {
    for storage in STORAGES {
        for custom in [None, Some(modern_part())] {
            let mut package = Package::docx();
            if let Some(part) = custom {
                package = package.custom(part);
            }
            let bytes = package.build();
            let results: Vec<_> = (0..2)
                .map(|_| {
                    applied(&bytes, &request(B, L2), &write_with(storage))
                        .unwrap()
                        .1
                })
                .collect();
            assert!(results[0] == results[1], "{storage:?}");
            assert_ne!(results[0], bytes);
            let removals: Vec<_> = (0..2)
                .map(|_| {
                    let mut out = Vec::new();
                    remove(&results[0], tenant(B), &write_with(storage), &mut out).unwrap();
                    out
                })
                .collect();
            assert!(removals[0] == removals[1], "{storage:?}");
        }
    }
}

#[test]
fn f_053_a_removal_without_label_changes_nothing() {
    for bytes in [
        Package::docx().build(),
        Package::docx()
            .custom(properties(&modern(2, L1, B)))
            .build(),
        Package::docx()
            .label_info(label_list(&tombstone(A)))
            .build(),
        Package::docx()
            .custom(modern_part())
            .label_info(label_list(&tombstone(A)))
            .build(),
    ] {
        let (outcome, after) = removed(&bytes, A, &write_with(TenantStorage::OptedIn)).unwrap();
        assert!(!outcome.changed);
        assert_eq!(after, bytes);
    }
}

#[test]
fn f_053_force_writes_all_the_same() {
    let bytes = Package::docx().custom(modern_part()).build();
    let mut wanted = request(A, L1);
    wanted.date_ms += 1000;
    let (outcome, after) = applied(&bytes, &wanted, &forced(TenantStorage::Unknown)).unwrap();
    assert!(outcome.changed);
    let reading = read_default(&after);
    assert_eq!(
        reading.labels[0].set_date.as_deref(),
        Some("2024-05-06T07:08:10Z")
    );
    assert_eq!(reading.labels.len(), 1);
}

#[test]
fn f_088_f_090_an_element_never_becomes_properties_and_claims_nothing() {
    let bytes = Package::docx()
        .label_info(label_list(
            &element(L1, A, "Standard").replace("contentBits=\"0\"", "contentBits=\"15\""),
        ))
        .build();
    for storage in [TenantStorage::Unknown, TenantStorage::OptedIn] {
        for (_, after) in [
            applied(&bytes, &request(A, L2), &write_with(storage)).unwrap(),
            removed(&bytes, A, &write_with(storage)).unwrap(),
        ] {
            assert_eq!(part(&after, CUSTOM), None);
            assert!(!text(&after, LABEL_INFO).contains("15"));
        }
        for (bits, expected) in [
            (Some(0), Some(" contentBits=\"0\"")),
            (Some(5), Some(" contentBits=\"5\"")),
            (None, None),
        ] {
            let mut wanted = request(A, L2);
            wanted.content_bits = bits;
            let (_, after) = applied(&bytes, &wanted, &write_with(storage)).unwrap();
            let list = text(&after, LABEL_INFO);
            assert_eq!(list.contains("contentBits"), expected.is_some());
            assert!(list.contains(expected.unwrap_or_default()));
        }
    }
}

// The old storage, written.

#[test]
fn f_050_f_060_f_061_f_062_f_070_a_new_group_as_office_writes_it() {
    let upper = "{ABCDEF01-1111-4111-8111-ABCDEFABCDEF}";
    let mut wanted = request(&A.to_uppercase(), upper);
    wanted.name = Some("R&D <\"only\">\tÄ\u{1f512}".to_owned());
    wanted.method = AssignmentMethod::Privileged;
    wanted.action_id = Some("action".to_owned());
    wanted.content_bits = Some(2);
    wanted.date_ms = NOW_MS + 999;
    let bytes = Package::docx().build();
    let (_, after) = applied(&bytes, &wanted, &write_with(TenantStorage::Unknown)).unwrap();
    let id = "abcdef01-1111-4111-8111-abcdefabcdef";
    let name = |attribute: &str| format!("MSIP_Label_{id}_{attribute}");
    let expected = properties(
        &[
            property(2, &name("Enabled"), "true"),
            property(3, &name("SetDate"), "2024-05-06T07:08:09Z"),
            property(4, &name("Method"), "Privileged"),
            property(
                5,
                &name("Name"),
                "R&amp;D &lt;&quot;only&quot;&gt;&#9;Ä\u{1f512}",
            ),
            property(6, &name("SiteId"), A),
            property(7, &name("ActionId"), "action"),
            property(8, &name("ContentBits"), "2"),
        ]
        .concat(),
    );
    assert_eq!(text(&after, CUSTOM), expected);
    let reading = read_default(&after);
    assert_eq!(reading.labels[0].name, wanted.name);
    assert!(codes(&reading).is_empty());
    // Without name and action neither is written.
    let (_, after) = applied(
        &bytes,
        &request(A, id),
        &write_with(TenantStorage::NotOptedIn),
    )
    .unwrap();
    let custom = text(&after, CUSTOM);
    assert!(!custom.contains("_Name\"") && !custom.contains("_ActionId\""));
}

#[test]
fn f_060_property_ids_are_never_reused() {
    for (pids, first) in [
        (vec![2, 9, 5], 10),
        (vec![], 2),
        (vec![0, 1], 2),
        // Up to the end of the range: the lowest free run of five.
        (vec![2, 5, 2_147_483_647], 6),
    ] {
        let body: String = pids
            .iter()
            .map(|pid| property(*pid, &format!("p{pid}"), "x"))
            .collect();
        let bytes = Package::docx()
            .custom(properties(&(body.clone() + "<!-- kept -->")))
            .build();
        let (_, after) =
            applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
        let custom = text(&after, CUSTOM);
        assert!(custom.contains(&body), "existing ids stay");
        for (at, attribute) in ["Enabled", "SetDate", "Method", "SiteId", "ContentBits"]
            .iter()
            .enumerate()
        {
            let expected = format!(
                "<property fmtid=\"{USER_DEFINED}\" pid=\"{}\" name=\"MSIP_Label_{L1}_{attribute}\"><vt:lpwstr>",
                first + at
            );
            assert!(custom.contains(&expected), "{pids:?}: {custom}");
        }
    }
}

#[test]
fn f_061_f_067_roots_of_every_form() {
    let custom = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties";
    let values = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes";
    for (root, opening, value) in [
        (
            format!("<Properties xmlns=\"{custom}\"/>"),
            "<property ",
            format!("<vt:lpwstr xmlns:vt=\"{values}\">true</vt:lpwstr>"),
        ),
        (
            format!("<Properties xmlns=\"{custom}\" xmlns:vt=\"{values}\" />"),
            "<property ",
            "<vt:lpwstr>true</vt:lpwstr>".to_owned(),
        ),
        (
            format!("<p:Properties xmlns:p='{custom}' xmlns:v = '{values}'></p:Properties>"),
            "<p:property ",
            "<v:lpwstr>true</v:lpwstr>".to_owned(),
        ),
        (
            format!(
                "<Properties xmlns=\"{custom}\"><property fmtid=\"{USER_DEFINED}\" pid=\"2\" name=\"x\"><vt:i4 xmlns:vt=\"{values}\">1</vt:i4></property>\n</Properties>\n<!-- end -->"
            ),
            "<property ",
            format!("<vt:lpwstr xmlns:vt=\"{values}\">true</vt:lpwstr>"),
        ),
    ] {
        let utf16: Vec<u8> = format!("\u{feff}{root}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let with_mark = format!("\u{feff}{root}").into_bytes();
        for (source, wide) in [
            (root.clone().into_bytes(), false),
            (with_mark, false),
            (utf16, true),
        ] {
            let bytes = Package::docx().custom(source.clone()).build();
            let (_, after) =
                applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
            assert_eq!(
                effective(&read_default(&after)),
                pairs(&[(A, L1)]),
                "{root}"
            );
            let written = part(&after, CUSTOM).unwrap();
            // Stored as it came: the same mark, the same encoding.
            assert_eq!(written[..2], source[..2]);
            let written = if wide {
                let units: Vec<u16> = written
                    .chunks_exact(2)
                    .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                    .collect();
                String::from_utf16(&units).unwrap()
            } else {
                String::from_utf8(written).unwrap()
            };
            let property = format!(
                "{opening}fmtid=\"{USER_DEFINED}\" pid=\"{}\" name=\"MSIP_Label_{L1}_Enabled\">{value}",
                if root.contains("pid") { 3 } else { 2 }
            );
            assert!(written.contains(&property), "{written}");
            // Removed again: a part with nothing of others goes.
            let (_, gone) = removed(&after, A, &write_with(TenantStorage::Unknown)).unwrap();
            let kept = root.contains("pid");
            assert_eq!(part(&gone, CUSTOM).is_some(), kept, "{root}");
        }
    }
}

#[test]
fn f_063_values_that_can_not_be_stored_are_refused() {
    let bytes = Package::docx().build();
    // Two UTF-16 units each.
    let long = "\u{1f512}".repeat(128);
    let fits = format!("{}x", "\u{1f512}".repeat(127));
    for storage in STORAGES {
        let options = write_with(storage);
        for bad in [
            long.as_str(),
            "a\u{0}b",
            "a\u{1}b",
            "\u{b}",
            "\u{1f}",
            "\u{fffe}",
            "\u{ffff}",
        ] {
            let mut wanted = request(A, L1);
            wanted.name = Some(bad.to_owned());
            assert_eq!(apply_refused(&bytes, &wanted, &options), "bad_value");
            let mut wanted = request(A, L1);
            wanted.action_id = Some(bad.to_owned());
            assert_eq!(apply_refused(&bytes, &wanted, &options), "bad_value");
        }
        for good in [fits.as_str(), "", "]]>", "a\r\nb\tc", "&amp;"] {
            let mut wanted = request(A, L1);
            wanted.name = Some(good.to_owned());
            let (_, after) = applied(&bytes, &wanted, &options).unwrap();
            let reading = read(after.as_slice(), &options.read);
            assert_eq!(effective(&reading), pairs(&[(A, L1)]));
            if storage != TenantStorage::OptedIn {
                assert_eq!(reading.labels[0].name.as_deref(), Some(good));
            }
        }
    }
}

#[test]
fn f_064_replacing_deletes_everything_of_the_old_groups() {
    let body = group(
        2,
        L1,
        &[
            ("Enabled", "true"),
            ("SiteId", A),
            ("Tag", "10, 3, 0, 1"),
            ("Vendor_GeneratedBy", "x"),
            ("EnabledV2", "y"),
        ],
    ) + &group(20, L2, &[("Enabled", "true"), ("Owner", "someone")])
        + &property(30, "MSIP_Label_odd", "not ours");
    let bytes = Package::docx().custom(properties(&body)).build();
    // L2's group names no tenant; it goes because L2 is what is applied.
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    let custom = text(&after, CUSTOM);
    assert!(
        !custom.contains(L1) && !custom.contains("someone"),
        "{custom}"
    );
    assert!(custom.contains(&property(30, "MSIP_Label_odd", "not ours")));
    assert_eq!(read_default(&after).labels.len(), 1);
    // Else it stays: nobody knows whose it is.
    let (_, after) = applied(&bytes, &request(A, L3), &write_with(TenantStorage::Unknown)).unwrap();
    assert!(text(&after, CUSTOM).contains("someone"));
}

#[test]
fn f_068_the_part_goes_only_if_nothing_else_is_in_it() {
    for (rest, stays) in [
        ("", false),
        ("<!-- a comment -->", true),
        ("<?target data?>", true),
        (
            "<property fmtid=\"{00000000-0000-0000-0000-000000000000}\" pid=\"99\" name=\"x\"/>",
            true,
        ),
        ("<e:ext xmlns:e=\"urn:e\"/>", true),
    ] {
        let body = modern(2, L1, A) + rest;
        let bytes = Package::docx().custom(properties(&body)).build();
        let (_, after) = removed(&bytes, A, &write_with(TenantStorage::Unknown)).unwrap();
        let left = part(&after, CUSTOM);
        assert_eq!(left.is_some(), stays, "{rest}");
        let plumbed = text(&after, RELS).contains(CUSTOM_RELATIONSHIP);
        assert_eq!(plumbed, stays, "{rest}");
        assert_eq!(text(&after, TYPES).contains(CUSTOM_TYPE), stays, "{rest}");
        if let Some(left) = left {
            assert_eq!(String::from_utf8(left).unwrap(), properties(rest));
            assert_eq!(compare(&bytes, &after, &[CUSTOM]), [CUSTOM]);
        } else {
            let plain = Package::docx().build();
            assert_eq!(contents(&after), contents(&plain));
        }
    }
}

#[test]
fn f_069_the_sensitivity_hint_goes_with_its_label() {
    for (value, goes) in [
        ("R&amp;D only", true),
        (L1, true),
        ("{11111111-1111-4111-8111-111111111111}", true),
        ("Secret", false),
        (L2, false),
    ] {
        let hint = property(20, "Sensitivity", value);
        let bytes = Package::docx()
            .custom(properties(&(modern(2, L1, A) + &hint)))
            .build();
        let unknown = write_with(TenantStorage::Unknown);
        let (_, replaced) = applied(&bytes, &request(A, L3), &unknown).unwrap();
        assert_eq!(text(&replaced, CUSTOM).contains(&hint), !goes, "{value}");
        let (_, gone) = removed(&bytes, A, &unknown).unwrap();
        let left = part(&gone, CUSTOM).map(|part| String::from_utf8(part).unwrap());
        assert_eq!(left, (!goes).then(|| properties(&hint)), "{value}");
    }
    // It is never written.
    let (_, after) = applied(
        &Package::docx().build(),
        &request(A, L1),
        &write_with(TenantStorage::Unknown),
    )
    .unwrap();
    assert!(!text(&after, CUSTOM).contains("Sensitivity"));
}
