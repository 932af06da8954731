//! Applying, replacing and removing labels in packages: what changes, and that nothing else does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::cell::Cell;
use std::io;

use label_core::{AssignmentMethod, LabelKey, LabelProtection, LabelStorage};
use label_formats::{
    ByteSource, Decrypted, Decryptor, EncryptingIdentity, FileKind, FileSource, ProtectRequest,
    Protected, Protection, Protector, Status, TEMPORARY_PREFIX, TenantStorage, WriteError,
    WriteOptions, apply, plan_apply, plan_remove, read, remove, replace_file,
};
use proptest::prelude::*;

use support::archive::{self, compare, contents, part, patch, rename, text};
use support::compound::{Loop, compound, rights_managed};
use support::package::{
    CUSTOM, CUSTOM_RELATIONSHIP, CUSTOM_TYPE, Entry, KINDS, LABEL_INFO, LABEL_INFO_RELATIONSHIP,
    LABEL_INFO_TYPE, LABEL_PARTS, Package, RELS, SIGNATURE_RELATIONSHIP, TYPES, USER_DEFINED,
    element, group, label_list, modern, modern_part, properties, property, property_of,
    relationship, relationships, small, tombstone,
};
use support::{
    A, B, L1, L2, L3, NOW_MS, STORAGES, applied, apply_refused, codes, effective, label, pairs,
    read_default, read_with, remove_refused, removed, request, tenant, write_with,
};

const C: &str = "cccccccc-0000-4000-8000-00000000000c";

fn forced(storage: TenantStorage) -> WriteOptions<'static> {
    let mut options = write_with(storage);
    options.force = true;
    options
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// The compressed bytes of an entry.
fn compressed(bytes: &[u8], name: &str) -> Vec<u8> {
    let archive = archive::parse(bytes);
    let entry = archive.find(name).unwrap();
    let name_len = usize::from(u16::from_le_bytes([entry.local[26], entry.local[27]]));
    let extra_len = usize::from(u16::from_le_bytes([entry.local[28], entry.local[29]]));
    let len = u32::from_le_bytes(entry.record[20..24].try_into().unwrap());
    let start = 30 + name_len + extra_len;
    entry.local[start..start + len as usize].to_vec()
}

/// No entry holds the text, in whatever part.
fn nowhere(bytes: &[u8], needle: &str) -> bool {
    contents(bytes)
        .iter()
        .all(|(_, content)| !contains(content, needle.as_bytes()))
        && !contains(bytes, needle.as_bytes())
}

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

// The archive.

/// Everything that an archive may hold: macros, media, stored and packed entries, comments, extra
/// fields, wide sizes, folders, names beyond ASCII.
fn rich(streaming: bool) -> Package {
    let noise: Vec<u8> = (0..5000_u32)
        .map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3])
        .collect();
    let mut vba = Entry::new("word/vbaProject.bin", &noise);
    vba.comment = "macros";
    vba.extra = true;
    let mut media = Entry::new("word/media/image1.png", &noise[..999]);
    media.stored = true;
    let mut large = Entry::new("word/embeddings/large.bin", &[b'x'; 3000]);
    large.large = true;
    large.extra = true;
    let mut package = Package::new(FileKind::Docm)
        .entry(vba)
        .entry(media)
        .file("docProps/", b"")
        .file("word/Übersicht \u{1f512}.xml", b"<x/>")
        .entry(large)
        .file("empty", b"")
        .file("customXml/item1.xml", b"<item>custom XML data</item>");
    package.comment = "the archive's own comment";
    package.streaming = streaming;
    package
}

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

// Refusals.

fn refused_everywhere(bytes: &[u8], expected: &str, what: &str) {
    for storage in STORAGES {
        for options in [write_with(storage), forced(storage)] {
            let refused = apply_refused(bytes, &request(A, L2), &options);
            assert_eq!(refused, expected, "{what} {storage:?}");
            let refused = remove_refused(bytes, A, &options);
            assert_eq!(refused, expected, "{what} {storage:?}");
            assert!(plan_apply(&bytes, &request(A, L2), &options).is_err());
            assert!(plan_remove(&bytes, tenant(A), &options).is_err());
        }
    }
}

#[test]
fn f_051_f_108_duplicate_names() {
    let base = Package::docx()
        .custom(modern_part())
        .file("word/documenX.xml", b"<second/>")
        .file("docProps/cusXom.xml", modern_part().as_bytes())
        .file("_rels/.rXls", b"")
        .file("[Content_TypXs].xml", b"")
        .build();
    for (from, to, needed) in [
        ("docProps/cusXom.xml", CUSTOM, true),
        ("docProps/cusXom.xml", "DocProps/Custom.xml", true),
        ("_rels/.rXls", RELS, true),
        ("[Content_TypXs].xml", "[content_types].XML", true),
        ("word/documenX.xml", "word/document.xml", false),
        ("word/documenX.xml", "Word/Document.xml", false),
    ] {
        let mut bytes = base.clone();
        rename(&mut bytes, from, to);
        let reading = read_default(&bytes);
        if needed {
            assert_eq!(reading.status, Status::Malformed, "{to}");
            assert!(reading.effective.is_empty(), "{to}");
        } else {
            assert_eq!(reading.status, Status::Ok, "{to}");
            assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{to}");
            assert_eq!(codes(&reading), ["duplicate_entry"], "{to}");
        }
        refused_everywhere(&bytes, "malformed", to);
    }
}

#[test]
fn f_051_bytes_around_the_archive() {
    let plain = Package::docx().custom(modern_part()).build();
    for bytes in [
        [b"#!/bin/sh\n".as_slice(), &plain].concat(),
        [plain.as_slice(), b"appended"].concat(),
        [plain.as_slice(), &[0; 4]].concat(),
    ] {
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Ok);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(codes(&reading), ["stray_bytes"]);
        refused_everywhere(&bytes, "malformed", "stray bytes");
    }
}

#[test]
fn f_051_a_046_encrypted_entries_and_other_methods() {
    let base = Package::docx()
        .custom(modern_part())
        .file("word/media/x.bin", b"content content content")
        .build();
    let flag = |bytes: &mut [u8], at: usize| bytes[at] |= 1;
    let method = |bytes: &mut [u8], at: usize| bytes[at] = 12;
    for name in ["word/media/x.bin", CUSTOM, TYPES] {
        for encrypted in [true, false] {
            let mut bytes = base.clone();
            if encrypted {
                patch(&mut bytes, name, |b| flag(b, 6), |b| flag(b, 8));
            } else {
                patch(&mut bytes, name, |b| method(b, 8), |b| method(b, 10));
            }
            let reading = read_default(&bytes);
            assert!(codes(&reading).contains(&"unsupported_entry"), "{name}");
            if name == "word/media/x.bin" {
                assert_eq!(reading.status, Status::Ok);
                assert_eq!(effective(&reading), pairs(&[(A, L1)]));
                refused_everywhere(&bytes, "malformed", name);
            } else {
                assert_eq!(reading.status, Status::Unsupported, "{name}");
                refused_everywhere(&bytes, "type_unsupported", name);
            }
        }
    }
}

#[test]
fn f_051_several_disks_interleaved_parts_and_overlaps() {
    let base = Package::docx()
        .custom(modern_part())
        .file("word/a.bin", &[7; 100])
        .file("word/b.bin", &[7; 100])
        .build();
    let mut disks = base.clone();
    let end = archive::end_record(&disks);
    disks[end + 4] = 1;
    refused_everywhere(&disks, "malformed", "several disks");
    let pieces = Package::docx()
        .custom(modern_part())
        .file("word/a.xml/[0].piece", b"x")
        .build();
    assert_eq!(effective(&read_default(&pieces)), pairs(&[(A, L1)]));
    refused_everywhere(&pieces, "malformed", "interleaved");
    let first = archive::parse(&base).find("word/a.bin").unwrap().offset;
    let last = base.len() - 8;
    for offset in [first, last, u32::MAX as usize - 1] {
        let mut overlap = base.clone();
        patch(
            &mut overlap,
            "word/b.bin",
            |_| {},
            |record| record[42..46].copy_from_slice(&u32::try_from(offset).unwrap().to_le_bytes()),
        );
        refused_everywhere(&overlap, "malformed", "overlap");
    }
    let backslash = Package::docx()
        .custom(modern_part())
        .file("word\\media\\x.bin", b"x")
        .build();
    let reading = read_default(&backslash);
    assert_eq!(codes(&reading), ["backslash_entry"]);
}

#[test]
fn f_051_signed_packages_are_refused() {
    let origin = relationship("rId9", SIGNATURE_RELATIONSHIP, "_xmlsignatures/origin.sigs");
    let bytes = Package::docx()
        .custom(modern_part())
        .relationship(&origin)
        .file("_xmlsignatures/origin.sigs", b"")
        .file("_xmlsignatures/sig1.xml", b"<Signature/>")
        .build();
    let reading = read_default(&bytes);
    assert!(reading.signed);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    refused_everywhere(&bytes, "signed", "signed");
    // The label that is there already is no change, and so no refusal.
    let (outcome, _) =
        applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
    assert!(!outcome.changed);
}

#[test]
fn f_007_f_051_p_001_p_014_compound_files_are_refused() {
    let inside = Package::docx().custom(modern_part()).build();
    let list = label_list(&element(L1, A, "Privileged"));
    let password = compound(&[("/EncryptedPackage", &inside), ("/EncryptionInfo", b"x")]);
    let unknown = compound(&[("/EncryptedPackage", &inside)]);
    for (bytes, protection) in [
        (
            rights_managed(&inside, Some(&list)),
            Protection::RightsManaged,
        ),
        (rights_managed(&inside, None), Protection::RightsManaged),
        (password, Protection::Password),
        (unknown, Protection::EncryptedUnknown),
    ] {
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Protected);
        assert_eq!(reading.protection, Some(protection));
        refused_everywhere(&bytes, "protected", protection.as_str());
    }
}

#[test]
fn f_002_r_051_other_types_are_refused() {
    for stream in ["/WordDocument", "/Workbook", "/PowerPoint Document"] {
        refused_everywhere(&compound(&[(stream, b"x")]), "type_unsupported", stream);
    }
    refused_everywhere(
        &compound(&[("/__properties_version1.0", b"x")]),
        "type_unsupported",
        "msg",
    );
    for (extension, content_type) in [
        (
            "xlsb",
            "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
        ),
        (
            "xltm",
            "application/vnd.ms-excel.template.macroEnabled.main+xml",
        ),
        (
            "ppam",
            "application/vnd.ms-powerpoint.addin.macroEnabled.main+xml",
        ),
        ("vsdx", "application/vnd.ms-visio.drawing.main+xml"),
    ] {
        let bytes = Package::docx().main_type(content_type).build();
        refused_everywhere(&bytes, "type_unsupported", extension);
    }
    let other_archive = Package::docx()
        .relationships_part(relationships(""))
        .build();
    refused_everywhere(&other_archive, "type_unsupported", "no main document");
    for text in [&b"plain text"[..], b"", b"{\\rtf1 text}", b"<?xml?><x/>"] {
        refused_everywhere(text, "type_unsupported", "text");
    }
}

#[test]
fn r_128_the_size_limit_is_inclusive() {
    let bytes = Package::docx().custom(modern_part()).build();
    for storage in STORAGES {
        let mut options = write_with(storage);
        options.read.limits.write_bytes_max = bytes.len() as u64;
        assert!(applied(&bytes, &request(A, L2), &options).is_ok());
        assert!(removed(&bytes, A, &options).is_ok());
        options.read.limits.write_bytes_max -= 1;
        let mut out = Vec::new();
        let error = apply(&bytes, &request(A, L2), &options, &mut out).unwrap_err();
        let WriteError::TooLarge {
            size_bytes,
            limit_bytes,
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!((size_bytes, limit_bytes + 1), (size_bytes, size_bytes));
        assert_eq!(remove_refused(&bytes, A, &options), "too_large");
        // Also where nothing would change, and for anything else of that size.
        assert_eq!(
            apply_refused(&bytes, &request(A, L1), &options),
            "too_large"
        );
        // Reading has no such limit.
        assert_eq!(read(&bytes, &options.read).status, Status::Ok);
    }
    assert_eq!(label_formats::Limits::default().write_bytes_max, 52_428_800);
}

#[test]
fn f_042_f_051_label_parts_beyond_the_limit() {
    let body = modern(2, L1, A) + &format!("<!--{}-->", "x".repeat(1_048_576));
    let bytes = Package::docx().custom(properties(&body)).build();
    assert_eq!(read_default(&bytes).status, Status::TooLarge);
    refused_everywhere(&bytes, "too_large", "custom properties");
    // Exactly the limit is read.
    let part = modern_part();
    let padding = 1_048_576 - part.len() - "<!---->".len();
    let padded = part.replace(
        "</Properties>",
        &format!("<!--{}--></Properties>", "x".repeat(padding)),
    );
    assert_eq!(padded.len(), 1_048_576);
    let bytes = Package::docx().custom(padded).build();
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
}

// Protection.

fn protecting(of: &str, id: &str) -> label_formats::ApplyRequest {
    let mut wanted = request(of, id);
    wanted.protection = LabelProtection::Template;
    wanted
}

fn apply_once(
    bytes: &[u8],
    request: &label_formats::ApplyRequest,
    options: &WriteOptions<'_>,
) -> (label_formats::WriteOutcome, Vec<u8>) {
    let mut out = Vec::new();
    let outcome = apply(&bytes, request, options, &mut out).unwrap();
    (outcome, out)
}

#[test]
fn r_006_a_label_with_protection_needs_a_protector() {
    let bytes = Package::docx().custom(modern_part()).build();
    for storage in STORAGES {
        for protection in [
            LabelProtection::Template,
            LabelProtection::UserDefined,
            LabelProtection::Unspecified,
        ] {
            let mut wanted = request(A, L2);
            wanted.protection = protection;
            let refused = apply_refused(&bytes, &wanted, &write_with(storage));
            assert_eq!(refused, "protection_required");
            let protector = Loop::default();
            let mut options = write_with(storage);
            options.protector = Some(&protector);
            let (outcome, out) = apply_once(&bytes, &wanted, &options);
            assert_eq!(protector.protects.get(), 1);
            let asked = protector.asked.get().unwrap();
            assert_eq!(asked.label, LabelKey::new(tenant(A), label(L2)));
            assert_eq!(asked.protection, protection);
            assert_eq!(
                outcome.encrypting_identity,
                Some(EncryptingIdentity::Service)
            );
            assert!(outcome.changed);
            assert_eq!(outcome.new.unwrap().id, Some(label(L2)));
            let reading = read_default(&out);
            assert_eq!(reading.status, Status::Protected);
            assert_eq!(reading.protection, Some(Protection::RightsManaged));
            assert!(!contains(&out, b"PK\x03\x04"), "nothing in clear");
            // Inside is the labelled document.
            let inside = protector.decrypt(&out).unwrap().unwrap().bytes;
            let reading = read(inside.as_slice(), &read_with(storage));
            assert_eq!(effective(&reading), pairs(&[(A, L2)]));
            compare(&bytes, &inside, &LABEL_PARTS);
        }
        // Without protection the protector is not asked.
        let protector = Loop::default();
        let mut options = write_with(storage);
        options.protector = Some(&protector);
        let (outcome, out) = apply_once(&bytes, &request(A, L2), &options);
        assert_eq!(protector.protects.get(), 0);
        assert_eq!(outcome.encrypting_identity, None);
        assert_eq!(read_default(&out).status, Status::Ok);
    }
}

#[test]
fn r_006_the_label_that_is_there_is_protected_all_the_same() {
    let bytes = Package::docx().custom(modern_part()).build();
    let protector = Loop::default();
    let mut options = write_with(TenantStorage::Unknown);
    options.protector = Some(&protector);
    let (outcome, out) = apply_once(&bytes, &protecting(A, L1), &options);
    assert!(outcome.changed);
    assert_eq!(protector.protects.get(), 1);
    assert_eq!(read_default(&out).status, Status::Protected);
}

/// A protector that goes wrong in one of several ways.
struct Broken(Option<Vec<u8>>);

impl Protector for Broken {
    fn protect(&self, _: &[u8], _: ProtectRequest) -> Result<Protected, String> {
        self.0
            .clone()
            .map(|bytes| Protected {
                bytes,
                identity: EncryptingIdentity::User,
            })
            .ok_or_else(|| "the service is away".to_owned())
    }
}

#[test]
fn r_006_f_052_a_failing_protector_leaves_nothing() {
    let bytes = Package::docx().build();
    let clear = Package::docx().custom(modern_part()).build();
    for (result, expected) in [
        (None, "protector_failed"),
        (Some(clear), "verification_failed"),
        (Some(Vec::new()), "verification_failed"),
        (Some(b"cipher text".to_vec()), "verification_failed"),
    ] {
        let protector = Broken(result);
        let mut options = write_with(TenantStorage::Unknown);
        options.protector = Some(&protector);
        let refused = apply_refused(&bytes, &protecting(A, L2), &options);
        assert_eq!(refused, expected);
    }
}

#[test]
fn r_089_r_093_r_094_a_protected_label_from_outside_is_overridden() {
    let inside = Package::docx()
        .custom(properties(&(modern(2, L1, A) + &modern(20, L3, B))))
        .label_info(label_list(&element(L1, A, "Privileged")))
        .file("word/media/x.png", b"picture")
        .build();
    for outside in [
        None,
        Some(label_list(&element(L1, A, "Privileged"))),
        Some(label_list(
            &(element(L1, A, "Privileged") + &element(L3, B, "Standard")),
        )),
    ] {
        let bytes = rights_managed(&inside, outside.as_deref());
        for storage in STORAGES {
            let both = Loop::default();
            let mut options = write_with(storage);
            options.protector = Some(&both);
            // The key is missing, or the protector.
            let refused = apply_refused(&bytes, &protecting(A, L2), &options);
            assert_eq!(refused, "protected");
            options.protector = None;
            options.read.decryptor = Some(&both);
            let refused = apply_refused(&bytes, &request(A, L2), &options);
            assert_eq!(refused, "protected");
            assert_eq!(both.protects.get(), 0);
            options.protector = Some(&both);
            let (outcome, out) = apply_once(&bytes, &protecting(A, L2), &options);
            assert_eq!(both.protects.get(), 1);
            assert_eq!(outcome.previous.unwrap().id, Some(label(L1)));
            assert_eq!(outcome.new.unwrap().id, Some(label(L2)));
            assert_eq!(read_default(&out).status, Status::Protected);
            let inner = both.decrypt(&out).unwrap().unwrap().bytes;
            let reading = read(inner.as_slice(), &read_with(storage));
            assert_eq!(effective(&reading), pairs(&[(A, L2), (B, L3)]));
            let own = reading
                .effective
                .iter()
                .filter(|one| one.tenant == Some(tenant(A)));
            assert_eq!(own.count(), 1);
            compare(&inside, &inner, &LABEL_PARTS);
            // A label without protection takes the protection away.
            let (outcome, out) = apply_once(&bytes, &request(A, L2), &options);
            assert_eq!(outcome.encrypting_identity, None);
            let reading = read(out.as_slice(), &read_with(storage));
            assert_eq!(reading.status, Status::Ok);
            assert_eq!(effective(&reading), pairs(&[(A, L2), (B, L3)]));
        }
    }
}

#[test]
fn r_094_a_label_that_stands_only_outside_is_not_lost() {
    let inside = Package::docx().custom(modern_part()).build();
    let list = label_list(&(element(L1, A, "Privileged") + &element(L3, B, "Standard")));
    let bytes = rights_managed(&inside, Some(&list));
    let both = Loop::default();
    let mut options = write_with(TenantStorage::Unknown);
    options.protector = Some(&both);
    options.read.decryptor = Some(&both);
    for wanted in [request(A, L2), protecting(A, L2)] {
        let refused = apply_refused(&bytes, &wanted, &options);
        assert_eq!(refused, "verification_failed");
    }
    assert_eq!(both.protects.get(), 0);
}

#[test]
fn r_090_r_138_removal_from_a_protected_file_is_refused() {
    let inside = Package::docx().custom(modern_part()).build();
    let list = label_list(&element(L1, A, "Privileged"));
    for bytes in [
        rights_managed(&inside, Some(&list)),
        rights_managed(&inside, None),
    ] {
        let both = Loop::default();
        let mut options = write_with(TenantStorage::Unknown);
        options.protector = Some(&both);
        options.read.decryptor = Some(&both);
        assert_eq!(remove_refused(&bytes, A, &options), "protected");
        assert_eq!((both.opens.get(), both.protects.get()), (0, 0));
    }
}

#[test]
fn r_095_r_097_a_048_inside_labels_are_read_with_the_key() {
    let inside = Package::docx().custom(modern_part()).build();
    let key = Loop::default();
    let mut options = read_with(TenantStorage::Unknown);
    options.decryptor = Some(&key);
    let closed = rights_managed(&inside, None);
    // Without a key: protected, the label unknown.
    let reading = read_default(&closed);
    assert_eq!(reading.status, Status::Protected);
    assert!(reading.labels.is_empty() && reading.effective.is_empty());
    // With it: what is inside, and still known as protected.
    let reading = read(closed.as_slice(), &options);
    assert_eq!(key.opens.get(), 1);
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(reading.kind, Some(FileKind::Docx));
    assert_eq!(reading.protection, Some(Protection::RightsManaged));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    // What stands outside decides, with or without the key.
    let list = label_list(&element(L2, A, "Privileged"));
    let labelled = rights_managed(&inside, Some(&list));
    for options in [&read_with(TenantStorage::Unknown), &options] {
        let reading = read(labelled.as_slice(), options);
        assert_eq!(effective(&reading), pairs(&[(A, L2)]));
        assert_eq!(reading.labels[0].storage, LabelStorage::CompoundLabelInfo);
    }
    // An open file is not given to the decryptor.
    let key = Loop::default();
    options.decryptor = Some(&key);
    assert_eq!(effective(&read(&inside, &options)), pairs(&[(A, L1)]));
    assert_eq!(key.opens.get(), 0);
}

/// A decryptor that can't.
struct Locked(Result<Option<Vec<u8>>, String>);

impl Decryptor for Locked {
    fn decrypt(&self, _: &[u8]) -> Result<Option<Decrypted>, String> {
        self.0.clone().map(|bytes| {
            bytes.map(|bytes| Decrypted {
                bytes,
                identity: None,
            })
        })
    }
}

#[test]
fn r_096_a_key_that_does_not_fit_leaves_the_file_protected() {
    let inside = Package::docx().custom(modern_part()).build();
    let list = label_list(&element(L2, A, "Privileged"));
    let bytes = rights_managed(&inside, Some(&list));
    let protector = Loop::default();
    for (result, refusal) in [
        (Err("no network".to_owned()), "protector_failed"),
        (Ok(None), "protected"),
        (Ok(Some(bytes.clone())), "protected"),
    ] {
        let key = Locked(result);
        let mut options = write_with(TenantStorage::Unknown);
        options.read.decryptor = Some(&key);
        let reading = read(bytes.as_slice(), &options.read);
        assert_eq!(reading.status, Status::Protected);
        assert_eq!(reading.protection, Some(Protection::RightsManaged));
        assert_eq!(effective(&reading), pairs(&[(A, L2)]));
        options.protector = Some(&protector);
        let refused = apply_refused(&bytes, &protecting(A, L1), &options);
        assert_eq!(refused, refusal);
        assert_eq!(protector.protects.get(), 0);
    }
}

#[test]
fn f_004_f_005_f_031_r_097_labels_outside_the_encrypted_package() {
    use support::compound::{LABEL_STREAM, PACKAGE, PRIMARY, summary};

    let list = label_list(&element(L1, A, "Privileged"));
    let name = |id: &str, attribute: &str| format!("MSIP_Label_{id}_{attribute}");
    let set = summary(&[
        (&name(L2, "Enabled"), "true"),
        (&name(L2, "SiteId"), A),
        (&name(L2, "Name"), "Öffentlich"),
        (&name(L3, "Enabled"), "true"),
        (&name(L3, "SiteId"), B),
    ]);
    const SUMMARY: &str = "/\u{5}DocumentSummaryInformation";
    let base = [(PACKAGE, &b"cipher"[..]), (PRIMARY, b"x")];
    let with = |more: &[(&'static str, &[u8])]| {
        let all: Vec<(&str, &[u8])> = base.iter().chain(more).copied().collect();
        read_default(&compound(&all))
    };
    // The stream decides for its tenant, the summary for the others.
    let reading = with(&[(LABEL_STREAM, list.as_bytes()), (SUMMARY, &set)]);
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(effective(&reading), pairs(&[(A, L1), (B, L3)]));
    assert_eq!(codes(&reading), ["shadowed"]);
    let reading = with(&[(SUMMARY, &set)]);
    assert_eq!(effective(&reading), pairs(&[(A, L2), (B, L3)]));
    assert_eq!(reading.labels[0].storage, LabelStorage::CompoundSummary);
    assert_eq!(reading.labels[0].name.as_deref(), Some("Öffentlich"));
    // A damaged summary leaves the stream.
    let reading = with(&[(LABEL_STREAM, list.as_bytes()), (SUMMARY, &set[..90])]);
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(codes(&reading), ["bad_part"]);
    // A damaged stream: no label counts, but the file is known as protected and what the summary
    // says is listed.
    for broken in ["<x", "<list xmlns=\"urn:other\"/>"] {
        let reading = with(&[(LABEL_STREAM, broken.as_bytes()), (SUMMARY, &set)]);
        assert_eq!(reading.status, Status::Malformed);
        assert_eq!(reading.protection, Some(Protection::RightsManaged));
        assert!(reading.effective.is_empty());
        assert_eq!(reading.labels.len(), 2);
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

// Failing media.

/// Fails from a certain read on.
struct Failing {
    bytes: Vec<u8>,
    reads_left: Cell<u32>,
}

impl ByteSource for Failing {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reads_left.get().checked_sub(1) {
            Some(left) => self.reads_left.set(left),
            None => return Err(io::Error::other("the disk is gone")),
        }
        self.bytes.read_at(offset, buffer)
    }
}

/// Takes a number of bytes and then fails.
struct Full(usize);

impl io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self
            .0
            .checked_sub(bytes.len())
            .ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn f_054_r_135_every_failing_read_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.docx");
    let bytes = rich(false).custom(modern_part()).build();
    std::fs::write(&path, &bytes).unwrap();
    let mut reads = 0;
    loop {
        let source = Failing {
            bytes: bytes.clone(),
            reads_left: Cell::new(reads),
        };
        let result = plan_apply(
            &source,
            &request(A, L2),
            &write_with(TenantStorage::Unknown),
        )
        .and_then(|plan| replace_file(&path, plan.file().unwrap()));
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["a.docx"], "no temporary file is left");
        let now = std::fs::read(&path).unwrap();
        match result {
            Ok(()) => {
                assert_eq!(effective(&read_default(&now)), pairs(&[(A, L2)]));
                break;
            }
            Err(error) => {
                assert_eq!(error.code(), "io_error", "after {reads} reads: {error}");
                assert_eq!(now, bytes, "after {reads} reads");
            }
        }
        reads += 1;
    }
    assert!(reads > 5, "{reads}");
    assert!(TEMPORARY_PREFIX.starts_with('.'));
}

#[test]
fn f_054_a_full_output_is_an_error() {
    let bytes = Package::docx().build();
    let options = write_with(TenantStorage::Unknown);
    let (_, after) = applied(&bytes, &request(A, L1), &options).unwrap();
    for room in [0, 1, after.len() / 2, after.len() - 1] {
        let result = apply(&bytes, &request(A, L1), &options, &mut Full(room));
        assert_eq!(result.unwrap_err().code(), "io_error");
    }
    assert!(apply(&bytes, &request(A, L1), &options, &mut Full(after.len())).is_ok());
}

#[test]
fn r_133_the_file_is_replaced_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Budget 2021.xlsx");
    let bytes = Package::new(FileKind::Xlsx).build();
    std::fs::write(&path, &bytes).unwrap();
    let options = write_with(TenantStorage::OptedIn);
    let source = FileSource::open(&path).unwrap();
    let plan = plan_apply(&source, &request(A, L1), &options).unwrap();
    // A plan changes nothing.
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    replace_file(&path, plan.file().unwrap()).unwrap();
    let source = FileSource::open(&path).unwrap();
    assert_eq!(effective(&read(&source, &options.read)), pairs(&[(A, L1)]));
    let mut out = Vec::new();
    let outcome = remove(&source, tenant(A), &options, &mut out).unwrap();
    assert!(outcome.changed && !out.is_empty());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
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
