//! The test vectors V-01 to V-28, as far as they are about reading and about packages.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::collections::BTreeMap;

use label_core::{AssignmentMethod, LabelStorage};
use label_formats::{
    ByteSource, FileKind, Protection, ReadOptions, SetDate, Status, TenantStorage, read,
};

use support::archive::{self, compare, part, text};
use support::package::{
    CUSTOM, CUSTOM_RELATIONSHIP, CUSTOM_RELATIONSHIP_STRICT, CUSTOM_TYPE, Entry, KINDS, LABEL_INFO,
    LABEL_INFO_RELATIONSHIP, LABEL_INFO_TYPE, LABEL_NAMESPACE, LABEL_PARTS, Package, RELS, TYPES,
    USER_DEFINED, element, group, label_list, modern, modern_part, properties, properties_strict,
    property, property_of, relationship, small, tombstone,
};
use support::pdf::{self, Pdf, description, info_of, packet, simple};
use support::{
    A, B, L1, L2, L3, P, STORAGES, applied, apply_refused, codes, effective, label, pairs,
    read_default, read_with, removed, request, tenant, write_with,
};

/// V-10's bytes, spelled out.
const CANONICAL: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label id=\"{11111111-1111-4111-8111-111111111111}\" enabled=\"1\" method=\"Privileged\" siteId=\"{aaaaaaaa-0000-4000-8000-00000000000a}\" contentBits=\"0\" removed=\"0\" /></clbl:labelList>";

/// V-12's bytes, spelled out.
const TOMBSTONE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\"><clbl:label id=\"{aaaaaaaa-0000-4000-8000-00000000000a}\" enabled=\"0\" method=\"\" siteId=\"{aaaaaaaa-0000-4000-8000-00000000000a}\" removed=\"1\" /></clbl:labelList>";

fn name_of(label: &str, attribute: &str) -> String {
    format!("MSIP_Label_{label}_{attribute}")
}

/// A document with these custom properties.
fn with_custom(body: &str) -> Vec<u8> {
    Package::docx().custom(properties(body)).build()
}

/// All `property` elements of a custom properties part, by the words of the text alone.
fn property_elements(part: &str) -> Vec<String> {
    part.match_indices("<property ")
        .map(|(start, _)| {
            let end = part[start..].find("</property>").unwrap();
            part[start..start + end + "</property>".len()].to_owned()
        })
        .collect()
}

fn pids(part: &str) -> Vec<i64> {
    property_elements(part)
        .iter()
        .map(|element| {
            let rest = element.split_once(" pid=\"").unwrap().1;
            rest.split_once('"').unwrap().0.parse().unwrap()
        })
        .collect()
}

#[test]
fn f_010_f_014_f_043_v_01_modern_office() {
    let reading = read_default(&with_custom(&modern(2, L1, A)));
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(reading.kind, Some(FileKind::Docx));
    assert!(codes(&reading).is_empty(), "{:?}", reading.diagnostics);
    let [record] = reading.labels.as_slice() else {
        panic!("{:?}", reading.labels)
    };
    assert_eq!(record.id_text, L1);
    assert_eq!(record.tenant, Some(tenant(A)));
    assert_eq!(record.enabled, Some(true));
    assert_eq!(record.method.as_deref(), Some("Privileged"));
    assert_eq!(record.name.as_deref(), Some("R&D only"));
    assert_eq!(record.set_date.as_deref(), Some("2024-05-06T07:08:09Z"));
    assert_eq!(record.content_bits, Some(3));
    assert_eq!(record.removed, None);
    assert_eq!(record.storage, LabelStorage::CustomProperties);
    let found = reading.effective_for(tenant(A)).unwrap();
    assert_eq!(found.id, Some(label(L1)));
    assert_eq!(found.method, Some(AssignmentMethod::Privileged));
    assert_eq!(found.name.as_deref(), Some("R&D only"));
    assert_eq!(found.content_bits, Some(3));
    assert_eq!(found.storage, LabelStorage::CustomProperties);
}

#[test]
fn f_001_f_002_every_kind_is_told_by_its_main_part() {
    for (kind, _, _) in KINDS {
        let bytes = Package::new(kind).custom(modern_part()).build();
        let reading = read_default(&bytes);
        assert_eq!(reading.kind, Some(kind));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{kind}");
        // The name says nothing; a wrong one is a diagnostic.
        let mut options = read_with(TenantStorage::Unknown);
        options.name = Some("report.pdf");
        let named = read(bytes.as_slice(), &options);
        assert_eq!(named.kind, Some(kind));
        assert_eq!(codes(&named), ["extension_mismatch"]);
    }
    for other in [
        "application/vnd.ms-excel.sheet.binary.macroEnabled.main",
        "application/vnd.ms-excel.template.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.addin.macroEnabled.main+xml",
        "application/vnd.ms-visio.drawing.main+xml",
        "application/xml",
    ] {
        let bytes = Package::docx()
            .main_type(other)
            .custom(modern_part())
            .build();
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Unsupported, "{other}");
        assert!(reading.effective.is_empty(), "{other}");
        let refused = apply_refused(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown));
        assert_eq!(refused, "type_unsupported", "{other}");
    }
}

#[test]
fn f_016_f_020_f_022_f_025_v_02_aip_classic() {
    let body = group(
        2,
        L1,
        &[
            ("Enabled", "True"),
            (
                "Ref",
                "https://api.informationprotection.azure.com/api/aaaaaaaa-0000-4000-8000-00000000000a",
            ),
            ("Owner", "someone@example.org"),
            ("SetDate", "2017-09-05T13:44:33.6592363+03:00"),
            ("Name", "General"),
            ("Extended_MSFT_Method", "Manual"),
        ],
    ) + &property(8, "Sensitivity", "General");
    let reading = read_default(&with_custom(&body));
    let found = reading.effective_for(tenant(A)).unwrap();
    assert_eq!(found.id_text, L1);
    assert_eq!(found.method, Some(AssignmentMethod::Privileged));
    assert_eq!(found.content_bits, None);
    let record = &reading.labels[0];
    // Raw as it stands there: no method, no tenant.
    assert_eq!((record.method.as_deref(), record.tenant), (None, None));
    assert_eq!(record.extra("Owner"), Some("someone@example.org"));
    assert_eq!(record.extra("Extended_MSFT_Method"), Some("Manual"));
    let date = SetDate::parse(record.set_date.as_deref().unwrap()).unwrap();
    assert_eq!(date.to_string(), "2017-09-05T10:44:33Z");
    assert_eq!(date.nanoseconds, 659_236_300);
    let found = codes(&reading);
    assert_eq!(found, ["sensitivity_hint", "tenant_from_reference"]);
    // The hint alone is no label.
    let alone = read_default(&with_custom(&property(2, "Sensitivity", L1)));
    assert_eq!(alone.status, Status::Ok);
    assert!(alone.labels.is_empty() && alone.effective.is_empty());
    assert_eq!(codes(&alone), ["sensitivity_hint"]);
}

fn parent_and_child() -> String {
    group(
        2,
        P,
        &[("Enabled", "True"), ("SiteId", A), ("Name", "Confidential")],
    ) + &group(
        5,
        L1,
        &[
            ("Enabled", "True"),
            ("SiteId", A),
            ("Parent", P),
            ("Name", "Finance"),
        ],
    )
}

#[test]
fn f_017_f_064_f_089_v_03_parent_and_child() {
    let bytes = with_custom(&parent_and_child());
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.labels.len(), 2, "the parent is listed");
    assert_eq!(reading.labels[1].extra("Parent"), Some(P));
    assert!(!codes(&reading).contains(&"ambiguous"));
    // Converted to the part: one element, without name, date, owner, parent.
    let mut options = write_with(TenantStorage::OptedIn);
    options.force = true;
    let mut wanted = request(A, L1);
    wanted.name = Some("Finance".to_owned());
    let (outcome, after) = applied(&bytes, &wanted, &options).unwrap();
    assert_eq!(
        text(&after, LABEL_INFO),
        label_list(&element(L1, A, "Standard"))
    );
    assert_eq!(part(&after, CUSTOM), part(&bytes, CUSTOM));
    assert_eq!(
        outcome.previous.unwrap().storage,
        LabelStorage::CustomProperties
    );
    assert_eq!(outcome.new.unwrap().storage, LabelStorage::LabelInfo);
    // Replaced in the old storage: parent and child both go.
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    let custom = text(&after, CUSTOM);
    assert!(!custom.contains(P) && !custom.contains(L1), "{custom}");
    // A parent without tenant goes with its child.
    let body = parent_and_child().replacen(
        &property(3, &name_of(P, "SiteId"), A),
        &property(3, &name_of(P, "Owner"), "someone"),
        1,
    );
    let (_, after) = applied(
        &with_custom(&body),
        &request(A, L2),
        &write_with(TenantStorage::Unknown),
    )
    .unwrap();
    assert!(!text(&after, CUSTOM).contains(P));
}

#[test]
fn f_018_parents_that_go_round_are_ambiguous() {
    let body = group(2, P, &[("Enabled", "true"), ("SiteId", A), ("Parent", L1)])
        + &group(5, L1, &[("Enabled", "true"), ("SiteId", A), ("Parent", P)]);
    let reading = read_default(&with_custom(&body));
    assert!(reading.effective.is_empty());
    assert_eq!(codes(&reading), ["ambiguous"]);
    let unrelated = small(2, L1, A) + &small(4, L2, A);
    let bytes = with_custom(&unrelated);
    let reading = read_default(&bytes);
    assert!(reading.effective.is_empty());
    assert_eq!(codes(&reading), ["ambiguous"]);
    let candidates = &reading.diagnostics[0].detail;
    assert!(candidates.contains(L1) && candidates.contains(L2));
    // Applying one of them mends it.
    let (_, after) = applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
    let again = read_default(&after);
    assert_eq!(effective(&again), pairs(&[(A, L1)]));
    assert_eq!(again.labels.len(), 1);
}

#[test]
fn f_019_r_094_v_04_two_tenants() {
    let others = small(6, L2, B);
    let bytes = with_custom(&(small(2, L1, A) + &others));
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1), (B, L2)]));
    let unknown = write_with(TenantStorage::Unknown);
    let (outcome, after) = applied(&bytes, &request(A, L3), &unknown).unwrap();
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L3), (B, L2)]));
    let custom = text(&after, CUSTOM);
    assert!(custom.contains(&others), "{custom}");
    assert!(!custom.contains(L1));
    assert_eq!(outcome.previous.unwrap().id, Some(label(L1)));
    assert_eq!(outcome.new.unwrap().id, Some(label(L3)));
    // The other tenant's label id: no room in the old storage.
    for storage in [TenantStorage::Unknown, TenantStorage::NotOptedIn] {
        let refused = apply_refused(&bytes, &request(A, L2), &write_with(storage));
        assert_eq!(refused, "name_collision");
    }
    // The new storage has room.
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::OptedIn)).unwrap();
    let reading = read(after.as_slice(), &read_with(TenantStorage::OptedIn));
    assert_eq!(effective(&reading), pairs(&[(A, L2), (B, L2)]));
    let (_, both) = applied(&after, &request(B, L2), &write_with(TenantStorage::OptedIn)).unwrap();
    assert_eq!(both, after, "B has it already");
    let mut force = write_with(TenantStorage::OptedIn);
    force.force = true;
    let (_, both) = applied(&after, &request(B, L2), &force).unwrap();
    assert_eq!(
        text(&both, LABEL_INFO),
        label_list(&(element(L2, A, "Standard") + &element(L2, B, "Standard")))
    );
}

#[test]
fn f_015_v_05_not_in_effect() {
    let body = group(2, L1, &[("Enabled", "false"), ("SiteId", A)])
        + &group(4, L2, &[("SiteId", A), ("Name", "x")]);
    let bytes = with_custom(&body);
    let reading = read_default(&bytes);
    assert!(reading.effective.is_empty());
    let listed: Vec<(&str, Option<bool>)> = reading
        .labels
        .iter()
        .map(|record| (record.id_text.as_str(), record.enabled))
        .collect();
    assert_eq!(listed, [(L1, Some(false)), (L2, None)]);
    assert_eq!(codes(&reading), ["not_in_effect"]);
    // Removing clears them away.
    let (outcome, after) = removed(&bytes, A, &write_with(TenantStorage::Unknown)).unwrap();
    assert_eq!((outcome.previous, outcome.new), (None, None));
    assert!(read_default(&after).labels.is_empty());
    // Only `true`, in any letter case and with blanks around it, is in effect.
    for (value, counts) in [
        ("<vt:lpwstr> TRUE\n</vt:lpwstr>", true),
        ("<vt:lpwstr><![CDATA[true]]></vt:lpwstr>", true),
        ("<vt:bool>true</vt:bool>", true),
        ("<vt:bool>1</vt:bool>", false),
        ("<vt:lpwstr>1</vt:lpwstr>", false),
        ("<vt:lpwstr>yes</vt:lpwstr>", false),
        ("<vt:lpwstr/>", false),
        ("", false),
    ] {
        let body = property_of(2, &name_of(L1, "Enabled"), value)
            + &property(3, &name_of(L1, "SiteId"), A);
        let reading = read_default(&with_custom(&body));
        assert_eq!(!reading.effective.is_empty(), counts, "{value}");
    }
}

#[test]
fn f_012_f_014_f_033_v_06_type_and_case_tolerance() {
    let body = format!(
        "<property fmtid=\"{}\" pid=\"9\" name=\"msip_label_{{{L1}}}_enabled\"><vt:bool>true</vt:bool></property>",
        USER_DEFINED.to_lowercase()
    ) + &property_of(
        4,
        &name_of(L1, "SiteId"),
        "<vt:lpstr> {AAAAAAAA-0000-4000-8000-00000000000A} </vt:lpstr>",
    ) + &property_of(2, &name_of(L1, "ContentBits"), "<vt:i4>8</vt:i4>");
    let reading = read_default(&with_custom(&body));
    let found = reading.effective_for(tenant(A)).unwrap();
    assert_eq!((found.id_text.as_str(), found.method), (L1, None));
    assert_eq!(found.content_bits, Some(8));
    // The name's braces and case, the id's braces and case, three types.
    assert_eq!(codes(&reading), ["unusual_form"; 5]);
}

#[test]
fn f_023_f_024_f_027_odd_properties() {
    let body = modern(2, L1, A)
        + &property(20, &name_of(L1, "Some_Vendor_Key"), "Käse &#x1F9C0;")
        + &format!(
            "<property fmtid=\"{{00000000-0000-0000-0000-000000000000}}\" pid=\"21\" name=\"{}\"><vt:lpwstr>true</vt:lpwstr></property>",
            name_of(L2, "Enabled")
        )
        + &property(22, "MSIP_Label_no-guid_Enabled", "true");
    let reading = read_default(&with_custom(&body));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.labels.len(), 1);
    assert_eq!(
        reading.labels[0].extra,
        [("Some_Vendor_Key".to_owned(), "Käse 🧀".to_owned())]
    );
}

#[test]
fn f_060_f_062_f_065_v_07_preservation() {
    let kept = [
        property_of(7, "Num", "<vt:i4>7</vt:i4>"),
        property_of(3, "When", "<vt:filetime>2020-01-02T03:04:05Z</vt:filetime>"),
        format!(
            "<property fmtid=\"{USER_DEFINED}\" pid=\"5\" name=\"Linked\" linkTarget=\"bm1\"><vt:lpwstr>x</vt:lpwstr></property>"
        ),
        "<!-- a comment -->".to_owned(),
    ]
    .concat();
    let bytes = with_custom(&(kept.clone() + &modern(10, L1, A)));
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    let custom = text(&after, CUSTOM);
    assert!(custom.contains(&kept), "{custom}");
    assert!(!custom.contains(L1));
    let ids = pids(&custom);
    assert_eq!(ids[..3], [7, 3, 5]);
    assert!(ids[3..].iter().all(|pid| *pid > 15), "{ids:?}");
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    assert_eq!(
        compare(&bytes, &after, &LABEL_PARTS),
        [CUSTOM],
        "types and relationships stay as they are"
    );
}

#[test]
fn f_023_f_062_v_08_duplicate_by_case() {
    let body = modern(2, L1, A) + &property(20, &name_of(L1, "ENABLED"), "false");
    let bytes = with_custom(&body);
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(codes(&reading), ["duplicate_property"]);
    // Writing repairs it.
    let mut options = write_with(TenantStorage::Unknown);
    options.force = true;
    let (_, after) = applied(&bytes, &request(A, L1), &options).unwrap();
    let custom = text(&after, CUSTOM);
    assert!(!custom.contains("ENABLED"), "{custom}");
    assert_eq!(custom.to_lowercase().matches("_enabled\"").count(), 1);
    assert!(codes(&read_default(&after)).is_empty());
}

#[test]
fn f_010_f_066_v_09_strict_package() {
    let strict = Package::docx().strict();
    let bytes = strict
        .clone()
        .custom(properties_strict(&modern(2, L1, A)))
        .build();
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.labels[0].name.as_deref(), Some("R&D only"));
    // A new part has the package's own flavour.
    for (package, relationship_type, namespace) in [
        (
            strict,
            CUSTOM_RELATIONSHIP_STRICT,
            "xmlns=\"http://purl.oclc.org/ooxml/officeDocument/customProperties\" xmlns:vt=\"http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes\"",
        ),
        (
            Package::docx(),
            CUSTOM_RELATIONSHIP,
            "xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\"",
        ),
    ] {
        let bytes = package.build();
        let (_, after) =
            applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
        assert!(text(&after, CUSTOM).contains(namespace));
        assert!(text(&after, RELS).contains(relationship_type));
        assert!(text(&after, TYPES).contains(CUSTOM_TYPE));
        let changed = compare(&bytes, &after, &LABEL_PARTS);
        assert_eq!(changed, [TYPES, RELS, CUSTOM]);
        // The newer storage has one relationship type for both flavours.
        let (_, after) =
            applied(&bytes, &request(A, L1), &write_with(TenantStorage::OptedIn)).unwrap();
        assert!(text(&after, RELS).contains(LABEL_INFO_RELATIONSHIP));
    }
}

#[test]
fn f_080_f_081_f_082_f_083_v_10_canonical_part() {
    assert_eq!(CANONICAL.len(), 325);
    let reading = read_default(&Package::docx().label_info(CANONICAL).build());
    let found = reading.effective_for(tenant(A)).unwrap();
    assert_eq!(found.id, Some(label(L1)));
    assert_eq!(found.method, Some(AssignmentMethod::Privileged));
    assert_eq!(found.content_bits, Some(0));
    assert_eq!(found.storage, LabelStorage::LabelInfo);
    assert!(codes(&reading).is_empty());
    // As a writer: exactly these bytes, whatever the kind.
    for (kind, _, _) in KINDS {
        let bytes = Package::new(kind).build();
        let mut wanted = request(A, L1);
        wanted.method = AssignmentMethod::Privileged;
        wanted.name = Some("not carried".to_owned());
        let options = write_with(TenantStorage::OptedIn);
        let (_, after) = applied(&bytes, &wanted, &options).unwrap();
        assert_eq!(text(&after, LABEL_INFO), CANONICAL, "{kind}");
        assert_eq!(part(&after, CUSTOM), None, "{kind}");
        let rels = text(&after, RELS);
        assert_eq!(rels.matches(LABEL_INFO_RELATIONSHIP).count(), 1);
        assert_eq!(text(&after, TYPES).matches(LABEL_INFO_TYPE).count(), 1);
    }
    // The other three lengths.
    for (method, bits, length) in [
        (AssignmentMethod::Standard, Some(0), 323),
        (AssignmentMethod::Privileged, None, 309),
        (AssignmentMethod::Standard, None, 307),
    ] {
        let mut wanted = request(A, L1);
        wanted.method = method;
        wanted.content_bits = bits;
        let options = write_with(TenantStorage::OptedIn);
        let (_, after) = applied(&Package::docx().build(), &wanted, &options).unwrap();
        assert_eq!(part(&after, LABEL_INFO).unwrap().len(), length);
    }
}

#[test]
fn f_032_f_034_f_040_f_084_v_11_two_tenants_tombstone_extension() {
    let third = "<x:label id=\"{bbbbbbbb-0000-4000-8000-00000000000b}\" enabled=\"0\" method=\"\" siteId=\"{bbbbbbbb-0000-4000-8000-00000000000b}\" removed=\"1\"/>\n<x:extLst><x:ext uri=\"urn:example:1\"><e:data xmlns:e=\"urn:example\">keep</e:data></x:ext></x:extLst>\n</x:labelList>";
    let source = format!(
        "<x:labelList xmlns:x=\"{LABEL_NAMESPACE}\">\n<x:label id=\"{{{L1}}}\" enabled=\"true\" method=\"Standard\" siteId=\"{{{A}}}\" contentBits=\"12\" removed=\"false\"/>\n{third}"
    );
    let bytes = Package::docx().label_info(source).build();
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let found = reading.effective_for(tenant(A)).unwrap();
    assert_eq!(found.method, Some(AssignmentMethod::Standard));
    assert_eq!(found.content_bits, Some(12));
    assert_eq!(reading.labels[1].removed, Some(true));
    assert_eq!(reading.labels[1].tenant, Some(tenant(B)));
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    let new = element(L2, A, "Standard").replace("clbl:", "x:");
    assert_eq!(
        text(&after, LABEL_INFO),
        format!("<x:labelList xmlns:x=\"{LABEL_NAMESPACE}\">\n{new}\n{third}")
    );
}

#[test]
fn f_085_v_12_tombstone_golden() {
    assert_eq!(TOMBSTONE.len(), 299);
    let bytes = Package::docx().label_info(CANONICAL).build();
    for storage in [TenantStorage::Unknown, TenantStorage::OptedIn] {
        let (outcome, after) = removed(&bytes, A, &write_with(storage)).unwrap();
        assert_eq!(text(&after, LABEL_INFO), TOMBSTONE);
        assert_eq!(outcome.previous.unwrap().id, Some(label(L1)));
        assert_eq!(outcome.new, None);
        assert_eq!(compare(&bytes, &after, &LABEL_PARTS), [LABEL_INFO]);
        // A label set later takes the tombstone's place.
        let mut wanted = request(A, L1);
        wanted.method = AssignmentMethod::Privileged;
        let (_, again) = applied(&after, &wanted, &write_with(storage)).unwrap();
        assert_eq!(text(&again, LABEL_INFO), CANONICAL);
    }
}

#[test]
fn f_039_v_13_known_corruptions() {
    let source = format!(
        "<labelList xmlns=\"{LABEL_NAMESPACE}\"><label id=\"{L1}\" enabled=\"1\" siteId=\"AAAAAAAA-0000-4000-8000-00000000000A\" setDate=\"2020-11-01T00:00:00Z\" name=\"x\" removed=\"0\"/></labelList>"
    );
    let bytes = Package::docx().label_info(source).build();
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.effective[0].method, None);
    assert_eq!(
        reading.labels[0].extra,
        [
            ("setDate".to_owned(), "2020-11-01T00:00:00Z".to_owned()),
            ("name".to_owned(), "x".to_owned())
        ]
    );
    assert_eq!(codes(&reading), ["unusual_form"; 4]);
    let mut wanted = request(A, L1);
    wanted.method = AssignmentMethod::Privileged;
    let mut options = write_with(TenantStorage::Unknown);
    options.force = true;
    let (_, after) = applied(&bytes, &wanted, &options).unwrap();
    assert_eq!(text(&after, LABEL_INFO), CANONICAL);
}

#[test]
fn f_038_v_14_two_elements_of_a_tenant() {
    let list = element(L1, A, "Standard") + &element(L2, A, "Standard") + &element(L3, B, "");
    let bytes = Package::docx().label_info(label_list(&list)).build();
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(B, L3)]));
    assert_eq!(codes(&reading), ["ambiguous"]);
    let (_, after) = applied(&bytes, &request(A, L1), &write_with(TenantStorage::Unknown)).unwrap();
    assert_eq!(
        text(&after, LABEL_INFO),
        label_list(&(element(L1, A, "Standard") + &element(L3, B, "")))
    );
}

#[test]
fn f_035_f_036_f_037_f_041_f_044_v_15_precedence_matrix() {
    let one = |tenant: &str, id: &str| label_list(&element(id, tenant, "Standard"));
    let l1: &[(&str, &str)] = &[(A, L1)];
    let l2: &[(&str, &str)] = &[(A, L2)];
    let both: &[(&str, &str)] = &[(A, L1), (B, L2)];
    let unknown_and_opted_in = [TenantStorage::Unknown, TenantStorage::OptedIn];
    for (case, source, in_part, shadowed, not_opted_in) in [
        ("a", one(A, L2), l2, true, l1),
        ("b", label_list(&tombstone(A)), &[][..], true, l1),
        ("c", one(B, L2), both, false, both),
        ("d", label_list(""), l1, false, l1),
        (
            "d, empty tag",
            format!("<clbl:labelList xmlns:clbl=\"{LABEL_NAMESPACE}\" />"),
            l1,
            false,
            l1,
        ),
    ] {
        let bytes = Package::docx()
            .custom(modern_part())
            .label_info(source)
            .build();
        for storage in unknown_and_opted_in {
            let reading = read(bytes.as_slice(), &read_with(storage));
            assert_eq!(reading.status, Status::Ok, "{case}");
            assert_eq!(effective(&reading), pairs(in_part), "{case} {storage:?}");
            let expected: &[&str] = if shadowed { &["shadowed"] } else { &[] };
            assert_eq!(codes(&reading), expected, "{case} {storage:?}");
        }
        // The state is A's alone: B goes by its own, which is unknown.
        let mut options = read_with(TenantStorage::Unknown);
        options
            .storages
            .insert(tenant(A), TenantStorage::NotOptedIn);
        let reading = read(bytes.as_slice(), &options);
        assert_eq!(effective(&reading), pairs(not_opted_in), "{case}");
        assert!(codes(&reading).is_empty(), "{case}");
    }
    // e: a part that can't be read. The candidate is listed, and nothing counts.
    for source in ["<nonsense", "<other xmlns=\"urn:other\"/>"] {
        let bytes = Package::docx()
            .custom(modern_part())
            .label_info(source)
            .build();
        for storage in STORAGES {
            let reading = read(bytes.as_slice(), &read_with(storage));
            assert_eq!(reading.status, Status::Malformed);
            assert!(reading.error.as_ref().unwrap().contains(LABEL_INFO));
            assert_eq!(reading.labels.len(), 1);
            assert_eq!(reading.labels[0].id_text, L1);
            assert!(reading.effective.is_empty());
            let refused = apply_refused(&bytes, &request(A, L2), &write_with(storage));
            assert_eq!(refused, "malformed");
        }
    }
}

#[test]
fn f_036_a_disabled_element_decides_too() {
    let off = element(L2, A, "Standard").replace("enabled=\"1\"", "enabled=\"0\"");
    let bytes = Package::docx()
        .custom(modern_part())
        .label_info(label_list(&off))
        .build();
    let reading = read_default(&bytes);
    assert!(reading.effective.is_empty());
    assert_eq!(codes(&reading), ["shadowed"]);
    let reading = read(bytes.as_slice(), &read_with(TenantStorage::NotOptedIn));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
}

#[test]
fn f_031_f_042_v_16_hostile_xml() {
    let long = "x".repeat(2 * 1_048_576);
    for (source, status, code) in [
        (
            format!(
                "<!DOCTYPE a [<!ENTITY b \"x\">]><clbl:labelList xmlns:clbl=\"{LABEL_NAMESPACE}\"/>"
            ),
            Status::Malformed,
            "malformed",
        ),
        (
            format!("<clbl:labelList xmlns:clbl=\"{LABEL_NAMESPACE}\" a=\"{long}\"/>"),
            Status::TooLarge,
            "too_large",
        ),
        (
            CANONICAL.replace(LABEL_NAMESPACE, "urn:other"),
            Status::Malformed,
            "malformed",
        ),
        (
            CANONICAL.replace("labelList", "list"),
            Status::Malformed,
            "malformed",
        ),
    ] {
        let bytes = Package::docx().label_info(source).build();
        let reading = read_default(&bytes);
        assert_eq!(reading.status, status);
        assert!(reading.effective.is_empty());
        for storage in STORAGES {
            let options = write_with(storage);
            assert_eq!(apply_refused(&bytes, &request(A, L2), &options), code);
        }
    }
}

#[test]
fn f_020_v_17_set_dates() {
    for (value, expected, nanoseconds) in [
        ("2024-06-27T06:52:38Z", Some("2024-06-27T06:52:38Z"), 0),
        ("2018-11-08T21:13:16-0800", Some("2018-11-09T05:13:16Z"), 0),
        (
            "2021-09-07T12:28:15.7161147Z",
            Some("2021-09-07T12:28:15Z"),
            716_114_700,
        ),
        (
            "2017-09-05T13:44:33.6592363+03:00",
            Some("2017-09-05T10:44:33Z"),
            659_236_300,
        ),
        ("1/1/0001 12:00:00 AM", None, 0),
        ("last Tuesday", None, 0),
    ] {
        let body = small(2, L1, A) + &property(9, &name_of(L1, "SetDate"), value);
        let reading = read_default(&with_custom(&body));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{value}");
        let raw = reading.labels[0].set_date.as_deref().unwrap();
        assert_eq!(raw, value, "the raw text stays");
        let parsed = SetDate::parse(raw);
        assert_eq!(
            parsed.map(|date| date.to_string()).as_deref(),
            expected,
            "{value}"
        );
        assert_eq!(parsed.map_or(0, |date| date.nanoseconds), nanoseconds);
        let bad = value == "last Tuesday";
        assert_eq!(codes(&reading).contains(&"bad_date"), bad, "{value}");
    }
}

#[test]
fn f_021_v_18_content_bits() {
    for (value, expected, odd) in [
        ("0", Some(0), false),
        ("2", Some(2), false),
        ("15", Some(15), false),
        ("8", Some(8), false),
        ("256", Some(0), true),
        ("0x8", None, true),
        ("-1", None, true),
        ("two", None, true),
        ("", None, true),
        (" 4 ", Some(4), false),
    ] {
        let body = small(2, L1, A) + &property(9, &name_of(L1, "ContentBits"), value);
        let old = read_default(&with_custom(&body));
        let source = element(L1, A, "Standard")
            .replace("contentBits=\"0\"", &format!("contentBits=\"{value}\""));
        let new = read_default(&Package::docx().label_info(label_list(&source)).build());
        for reading in [old, new] {
            assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{value:?}");
            assert_eq!(reading.effective[0].content_bits, expected, "{value:?}");
            let expected: &[&str] = if odd { &["bad_content_bits"] } else { &[] };
            assert_eq!(codes(&reading), expected, "{value:?}");
        }
    }
}

// PDF.

fn v_19_info() -> String {
    format!(
        "<< /Producer (x)\n/MSIP_Label_{L1}_Enabled (True)\n/MSIP_Label_{L1}_SiteId <61616161616161612D303030302D343030302D383030302D303030303030303030303061>\n/MSIP_Label_{L1}_Name (Confidential \\\\ Finance \\(EU\\))\n/MSIP_Label_{L1}_Extended_MSFT_Method (Standard)\n/MSIP#5FLabel_{L2}_Name <FEFF00D60066002>\n>>"
    )
}

#[test]
fn f_120_f_122_v_19_information_dictionary() {
    let bytes = simple(Some(&v_19_info()), None);
    let reading = read_default(&bytes);
    assert_eq!(reading.kind, Some(FileKind::Pdf));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let found = &reading.effective[0];
    assert_eq!(found.name.as_deref(), Some("Confidential \\ Finance (EU)"));
    assert_eq!(found.method, Some(AssignmentMethod::Standard));
    assert_eq!(found.storage, LabelStorage::Info);
    let zombie = &reading.labels[1];
    assert_eq!(zombie.id_text, L2);
    assert_eq!(zombie.name.as_deref(), Some("Öf "));
    assert_eq!(zombie.enabled, None);
    assert_eq!(codes(&reading), ["not_in_effect", "bad_tenant"]);
}

#[test]
fn f_122_text_strings() {
    for (value, expected) in [
        (&b"(\xef\xbb\xbf\xc3\x96ffentlich)"[..], "Öffentlich"),
        (b"<FEFF00D60066>", "Öf"),
        (b"<FFFED6006600>", "Öf"),
        (b"(\\326ffentlich)", "Öffentlich"),
        (b"(a\\\nb\\053c)", "ab+c"),
        (b"(\\(x\\) (y))", "(x) (y)"),
        (b"(\x80\x92\xa0)", "•™€"),
        (b"/Name#20x", "Name x"),
        (b"6 0 R", "behind references"),
    ] {
        let mut pdf = Pdf::page("");
        let mut body = format!(
            "<</MSIP_Label_{L1}_Enabled(true)/MSIP_Label_{L1}_SiteId({A})/MSIP_Label_{L1}_Name "
        )
        .into_bytes();
        body.extend(value);
        body.extend(b">>");
        pdf.object_bytes(4, &body);
        pdf.object(6, "7 0 R");
        pdf.object(7, "(behind references)");
        pdf.table("/Info 4 0 R");
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(
            reading.effective[0].name.as_deref(),
            Some(expected),
            "{}",
            String::from_utf8_lossy(value)
        );
    }
}

fn v_20_first() -> String {
    let element = |attribute: &str, value: &str| {
        format!("<pdfx:MSIP_Label_{L1}_{attribute}>{value}</pdfx:MSIP_Label_{L1}_{attribute}>")
    };
    format!(
        "<rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\">{}{}{}</rdf:Description>",
        element("Enabled", "true"),
        element("SiteId", A),
        element("Name", "Öffentlich")
    )
}

#[test]
fn f_123_v_20_xmp_three_spellings() {
    let attributes = format!(
        "<rdf:Description rdf:about=\"\" xmlns:q=\"http://ns.adobe.com/pdfx/1.3/\" q:MSIP_Label_{L1}_Enabled=\"true\" q:MSIP_Label_{L1}_SiteId=\"{A}\" q:MSIP_Label_{L1}_Name=\"&#xD6;ffentlich\"/>"
    );
    let first = v_20_first();
    let split = first.replacen(
        &format!("<pdfx:MSIP_Label_{L1}_Name>"),
        &format!(
            "</rdf:Description><rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\"><pdfx:MSIP_Label_{L1}_Name>"
        ),
        1,
    );
    let mut wide = vec![0xfe, 0xff];
    for unit in packet(&split).replace('\u{feff}', "").encode_utf16() {
        wide.extend(unit.to_be_bytes());
    }
    let packets = [
        packet(&first).into_bytes(),
        packet(&attributes).into_bytes(),
        wide,
    ];
    for bytes in &packets {
        let reading = read_default(&simple(None, Some(bytes)));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(reading.effective[0].name.as_deref(), Some("Öffentlich"));
        assert_eq!(reading.effective[0].storage, LabelStorage::Xmp);
        // Compressed, and with the length behind a reference.
        let mut pdf = Pdf::page("/Metadata 5 0 R");
        let content = pdf::deflate(bytes);
        let mut body =
            b"<</Type/Metadata/Subtype/XML/Filter/FlateDecode/Length 6 0 R>>stream\n".to_vec();
        body.extend(&content);
        body.extend(b"\nendstream");
        pdf.object_bytes(5, &body);
        pdf.object(6, &content.len().to_string());
        pdf.table("");
        let again = read_default(&pdf.bytes);
        assert_eq!(again.effective, reading.effective);
    }
    let other = packet(&first.replace("http://ns.adobe.com/pdfx/1.3/", "urn:other"));
    let reading = read_default(&simple(None, Some(other.as_bytes())));
    assert_eq!(reading.status, Status::Ok);
    assert!(reading.labels.is_empty());
}

#[test]
fn f_124_malformed_xmp_leaves_the_other_place() {
    for broken in ["<x", "<!DOCTYPE x><x/>", "words"] {
        let reading = read_default(&simple(Some(&info_of(L1, A)), Some(broken.as_bytes())));
        assert_eq!(reading.status, Status::Ok);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(codes(&reading), ["bad_xmp"], "{broken}");
    }
}

#[test]
fn f_125_v_21_conflict_and_agreement() {
    let info = info_of(L1, A);
    let run = |description: &str| {
        read_default(&simple(Some(&info), Some(packet(description).as_bytes())))
    };
    let reading = run(&description(L2, A));
    assert!(reading.effective.is_empty());
    assert_eq!(reading.labels.len(), 2);
    assert_eq!(codes(&reading), ["conflict"]);
    let detail = &reading.diagnostics[0].detail;
    assert!(detail.contains(L1) && detail.contains(L2), "{detail}");
    // Both places agree, or only one speaks.
    for (other, records) in [(description(L1, A), 2), (String::new(), 1)] {
        let reading = run(&other);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(reading.effective[0].storage, LabelStorage::Info);
        assert_eq!(reading.labels.len(), records);
        assert!(codes(&reading).is_empty());
    }
    // Different tenants are no conflict, also with the same label id.
    let reading = run(&description(L2, B));
    assert_eq!(effective(&reading), pairs(&[(A, L1), (B, L2)]));
    let reading = run(&description(L1, B));
    assert_eq!(effective(&reading), pairs(&[(A, L1), (B, L1)]));
    // One place says that the label is in effect, the other that it is not.
    let disabled = description(L1, A).replace(">true<", ">false<");
    assert_ne!(disabled, description(L1, A));
    let reading = run(&disabled);
    assert!(reading.effective.is_empty());
    assert_eq!(codes(&reading), ["conflict"]);
}

#[test]
fn r_054_a_pdf_is_read_whatever_the_tenant_has() {
    let bytes = simple(Some(&info_of(L1, A)), None);
    for storage in STORAGES {
        let reading = read(bytes.as_slice(), &read_with(storage));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{storage:?}");
    }
}

/// Notes which bytes are asked for.
struct NotingSource {
    bytes: Vec<u8>,
    ranges: std::cell::RefCell<Vec<std::ops::Range<usize>>>,
}

impl ByteSource for NotingSource {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.bytes.as_slice().read_at(offset, buffer)?;
        let start = usize::try_from(offset).unwrap();
        self.ranges.borrow_mut().push(start..start + count);
        Ok(count)
    }
}

#[test]
fn r_068_no_other_part_is_opened() {
    // Larger than any read-ahead, and where nothing else is near.
    let noise: Vec<u8> = (0..400_000_u32)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let mut picture = Entry::new("word/media/image1.png", &noise);
    picture.stored = true;
    let bytes = Package::docx().custom(modern_part()).entry(picture).build();
    let start = bytes
        .windows(64)
        .position(|window| window == &noise[..64])
        .unwrap();
    let source = NotingSource {
        bytes,
        ranges: std::cell::RefCell::default(),
    };
    let reading = read(&source, &ReadOptions::default());
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let inside: usize = source
        .ranges
        .borrow()
        .iter()
        .map(|range| {
            let end = range.end.min(start + noise.len());
            end.saturating_sub(range.start.max(start))
        })
        .sum();
    // The ends of what lies beside it share a read with its edges.
    assert!(
        inside < 20 * 1024,
        "{inside} bytes of the picture were read"
    );
}

#[test]
fn f_121_v_22_revisions() {
    for streams in [false, true] {
        let end = |pdf: &mut Pdf, number: u32| {
            if streams {
                pdf.xref_stream(number, "/Info 4 0 R", true);
            } else {
                pdf.table("/Info 4 0 R");
            }
        };
        let mut pdf = Pdf::page("");
        pdf.object(4, &info_of(L1, A));
        end(&mut pdf, 10);
        assert_eq!(effective(&read_default(&pdf.bytes)), pairs(&[(A, L1)]));
        let mut second = pdf.clone();
        second.object(4, &info_of(L2, A));
        end(&mut second, 11);
        let reading = read_default(&second.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L2)]));
        assert_eq!(reading.labels.len(), 1);
        assert_eq!(codes(&reading), ["stale_revision"]);
        let mut emptied = pdf.clone();
        emptied.object(4, "<</Producer(x)>>");
        end(&mut emptied, 11);
        let reading = read_default(&emptied.bytes);
        assert!(reading.labels.is_empty() && reading.effective.is_empty());
        assert_eq!(reading.status, Status::Ok);
        for bytes in [&second.bytes, &emptied.bytes] {
            let expected = pdf::oracle(bytes).unwrap();
            assert_eq!(expected.is_empty(), bytes == &emptied.bytes);
        }
    }
}

#[test]
fn f_121_f_137_every_kind_of_cross_reference() {
    let info = info_of(L1, A);
    let mut files: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    files.insert("table", simple(Some(&info), None));
    for (name, predictor) in [("stream", false), ("stream with predictor", true)] {
        let mut pdf = Pdf::page("");
        pdf.object(4, &info);
        pdf.xref_stream(9, "/Info 4 0 R", predictor);
        files.insert(name, pdf.bytes);
    }
    let mut pdf = Pdf::new();
    pdf.object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>");
    pdf.object_stream(
        7,
        &[
            (1, "<</Type/Catalog/Pages 2 0 R>>"),
            (2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"),
            (4, "8 0 R"),
            (8, &info),
        ],
    );
    pdf.xref_stream(9, "/Info 4 0 R", true);
    files.insert("all in an object stream, behind a reference", pdf.bytes);
    let mut pdf = Pdf::page("");
    pdf.object_stream(7, &[(4, info.as_str())]);
    pdf.hybrid(9, "/Info 4 0 R");
    files.insert("hybrid", pdf.bytes);
    // Linearised: the end points at the first page's section, which stands near the start.
    let mut pdf = Pdf::new();
    pdf.object(8, "<</Linearized 1/L 1000/H[1 1]/O 3/E 500/N 1/T 600>>");
    pdf.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    let first = pdf.table("/Info 4 0 R/Prev 1234567890");
    pdf.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
    pdf.object(3, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>");
    pdf.object(4, &info);
    let mut linear = pdf.clone();
    // The main section has no older one.
    let main = linear.table("");
    let text = format!("/Prev {main:010}");
    let at = linear
        .bytes
        .windows(16)
        .position(|window| window == b"/Prev 1234567890")
        .unwrap();
    linear.bytes[at..at + 16].copy_from_slice(text.as_bytes());
    let own = format!("/Prev {first}");
    let at = linear
        .bytes
        .windows(own.len())
        .rposition(|window| window == own.as_bytes())
        .unwrap();
    linear.bytes[at..at + own.len()].fill(b' ');
    let end = format!("startxref\n{main}\n%%EOF\n");
    linear.bytes.truncate(linear.bytes.len() - end.len());
    linear
        .bytes
        .extend(format!("startxref\n{first}\n%%EOF\n").bytes());
    files.insert("linearised", linear.bytes);
    // A table, then a stream on top.
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L2, A));
    pdf.table("/Info 4 0 R");
    pdf.object(4, &info);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    files.insert("stream on a table", pdf.bytes);
    for (what, bytes) in &files {
        let reading = read_default(bytes);
        assert_eq!(reading.status, Status::Ok, "{what}: {:?}", reading.error);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        let told: &[&str] = match *what {
            "stream on a table" => &["stale_revision"],
            _ => &[],
        };
        assert_eq!(codes(&reading), told, "{what}");
        let expected = pdf::oracle(bytes).expect(what);
        assert_eq!(expected.get(&pdf::key("SiteId")).unwrap(), A, "{what}");
    }
}

#[test]
fn f_001_f_121_bytes_before_the_header_and_damage() {
    let info = info_of(L1, A);
    for from_header in [false, true] {
        let mut pdf = Pdf::behind(b"some mail header\r\n\r\n", from_header);
        pdf.page_objects("");
        pdf.object(4, &info);
        pdf.table("/Info 4 0 R");
        let reading = read_default(&pdf.bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{from_header}");
        assert_eq!(codes(&reading), ["stray_bytes"], "{from_header}");
    }
    // Further away than 1024 bytes it is no PDF.
    let mut pdf = Pdf::behind(&[b' '; 1024], false);
    pdf.page_objects("");
    pdf.table("");
    assert_eq!(read_default(&pdf.bytes).status, Status::Unsupported);
    // A lost or wrong end: objects are found by looking.
    let whole = simple(Some(&info), None);
    let at = whole.windows(9).rposition(|w| w == b"startxref").unwrap();
    let mut wrong = whole[..at].to_vec();
    wrong.extend(b"startxref\n99999999\n%%EOF\n");
    for bytes in [whole[..at].to_vec(), wrong] {
        let reading = read_default(&bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        assert_eq!(codes(&reading), ["rebuilt"]);
    }
}

#[test]
fn f_121_a_wrong_offset_of_the_information_dictionary_is_not_silence() {
    let whole = simple(Some(&info_of(L1, A)), None);
    let offset = whole.windows(8).position(|w| w == b"\n4 0 obj").unwrap() + 1;
    let entry = format!("{offset:010} 00000 n");
    let at = whole
        .windows(entry.len())
        .position(|w| w == entry.as_bytes())
        .unwrap();
    for wrong in [offset + 3, offset - 60, 9_999_999] {
        let mut bytes = whole.clone();
        bytes[at..at + 10].copy_from_slice(format!("{wrong:010}").as_bytes());
        let reading = read_default(&bytes);
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{wrong}");
        assert_eq!(codes(&reading), ["rebuilt"], "{wrong}");
    }
}

#[test]
fn f_126_f_127_r_097_p_010_v_23_cover_of_a_protected_document() {
    for (subtype, expected) in [
        ("MicrosoftIRMServices", Protection::IrmPdf),
        ("OtherCrypto", Protection::EncryptedPayload),
    ] {
        let mut pdf =
            Pdf::page("/AF[9 0 R]/Collection<</View/H/D(MicrosoftIRMServices Protected PDF.pdf)>>");
        pdf.object(4, &info_of(L1, A));
        pdf.object(9, &format!("<</Type/Filespec/F(MicrosoftIRMServices Protected PDF.pdf)/AFRelationship/EncryptedPayload/EP<</Type/EncryptedPayload/Subtype/{subtype}/Version 2>>/EF<</F 10 0 R>>>>"));
        pdf.stream(10, "/Type/EmbeddedFile", b"cipher text");
        pdf.table("/Info 4 0 R");
        let reading = read_default(&pdf.bytes);
        assert_eq!(reading.status, Status::Protected);
        assert_eq!(reading.protection, Some(expected));
        assert_eq!(effective(&reading), pairs(&[(A, L1)]));
        for storage in STORAGES {
            let options = write_with(storage);
            let refused = apply_refused(&pdf.bytes, &request(A, L2), &options);
            assert_eq!(refused, "protected");
            let refused = support::remove_refused(&pdf.bytes, A, &options);
            assert_eq!(refused, "protected");
        }
    }
}

#[test]
fn f_126_p_011_security_handlers_are_told_apart() {
    for (filter, expected) in [
        ("MicrosoftIRMServices", Protection::IrmPdf),
        ("Adobe.PubSec", Protection::PdfPublicKey),
        ("Standard", Protection::PdfPassword),
        ("Acme.Crypt", Protection::EncryptedUnknown),
    ] {
        let mut pdf = Pdf::page("");
        pdf.object(4, &info_of(L1, A));
        pdf.object(9, &format!("<</Filter/{filter}/V 5/R 6/Length 256>>"));
        pdf.table("/Info 4 0 R/Encrypt 9 0 R");
        let reading = read_default(&pdf.bytes);
        assert_eq!(reading.status, Status::Protected, "{filter}");
        assert_eq!(reading.protection, Some(expected), "{filter}");
        // Values are cipher text: no label, and nothing is claimed.
        assert!(reading.labels.is_empty(), "{filter}");
        let options = write_with(TenantStorage::Unknown);
        let refused = apply_refused(&pdf.bytes, &request(A, L2), &options);
        assert_eq!(refused, "protected", "{filter}");
    }
}

/// A labelled PDF encrypted by the PDF library.
fn encrypted(user: &str, clear_metadata: bool) -> Vec<u8> {
    use lopdf::encryption::crypt_filters::{Aes128CryptFilter, CryptFilter};
    use lopdf::{EncryptionState, EncryptionVersion, Permissions};
    use std::sync::Arc;

    let mut pdf = Pdf::page("/Metadata 5 0 R");
    pdf.object(4, &info_of(L1, A));
    pdf.stream(
        5,
        "/Type/Metadata/Subtype/XML",
        packet(&v_20_first()).as_bytes(),
    );
    pdf.table("/Info 4 0 R/ID[(0123456789abcdef)(0123456789abcdef)]");
    let mut document = lopdf::Document::load_mem(&pdf.bytes).unwrap();
    let filter: Arc<dyn CryptFilter> = Arc::new(Aes128CryptFilter);
    let state = EncryptionState::try_from(EncryptionVersion::V4 {
        document: &document,
        encrypt_metadata: !clear_metadata,
        crypt_filters: BTreeMap::from([(b"StdCF".to_vec(), filter)]),
        stream_filter: b"StdCF".to_vec(),
        string_filter: b"StdCF".to_vec(),
        owner_password: "owner",
        user_password: user,
        permissions: Permissions::empty(),
    })
    .unwrap();
    document.encrypt(&state).unwrap();
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn f_126_f_127_p_012_the_empty_password_opens_a_restricted_document() {
    let bytes = encrypted("", false);
    assert!(!String::from_utf8_lossy(&bytes).contains(A), "encrypted");
    let reading = read_default(&bytes);
    assert_eq!(reading.status, Status::Ok);
    assert_eq!(reading.protection, Some(Protection::PdfRestricted));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let storages: Vec<LabelStorage> = reading.labels.iter().map(|one| one.storage).collect();
    assert_eq!(storages, [LabelStorage::Xmp, LabelStorage::Info]);
    let options = write_with(TenantStorage::Unknown);
    let refused = apply_refused(&bytes, &request(A, L2), &options);
    assert_eq!(refused, "protected");
}

#[test]
fn f_126_a_password_leaves_clear_metadata_readable() {
    let reading = read_default(&encrypted("secret", false));
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(reading.protection, Some(Protection::PdfPassword));
    assert!(reading.labels.is_empty());
    let reading = read_default(&encrypted("secret", true));
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(reading.protection, Some(Protection::PdfPassword));
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    assert_eq!(reading.labels[0].storage, LabelStorage::Xmp);
}

// Plumbing.

#[test]
fn f_104_v_25_a_default_that_means_another_type() {
    let workbook = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
    let types = support::package::content_types(&format!(
        "<Default Extension=\"xml\" ContentType=\"{workbook}\"/><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
    ));
    let bytes = Package::new(FileKind::Xlsx)
        .types_part(types.clone())
        .build();
    assert_eq!(read_default(&bytes).kind, Some(FileKind::Xlsx));
    for (storage, name, content_type) in [
        (TenantStorage::OptedIn, LABEL_INFO, LABEL_INFO_TYPE),
        (TenantStorage::NotOptedIn, CUSTOM, CUSTOM_TYPE),
    ] {
        let (_, after) = applied(&bytes, &request(A, L1), &write_with(storage)).unwrap();
        let expected = types.replace(
            "</Types>",
            &format!("<Override PartName=\"/{name}\" ContentType=\"{content_type}\"/></Types>"),
        );
        assert_eq!(text(&after, TYPES), expected);
    }
}

#[test]
fn f_010_f_106_v_26_absolute_target() {
    let mut package = Package::docx().custom(modern_part());
    package.custom_target = "/docProps/Custom.xml".to_owned();
    let bytes = package.build();
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    // Item name, target and types stay as they are.
    assert_eq!(compare(&bytes, &after, &[CUSTOM]), [CUSTOM]);
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L2)]));
    for target in ["./docProps/custom.xml", "x/../docProps/%63ustom.xml"] {
        package.custom_target = target.to_owned();
        assert_eq!(
            effective(&read_default(&package.build())),
            pairs(&[(A, L1)]),
            "{target}"
        );
    }
}

#[test]
fn f_030_f_082_v_27_wrong_content_type_is_mended() {
    let mut package = Package::docx().label_info(CANONICAL);
    package.label_info_type = "application/xml".to_owned();
    let bytes = package.build();
    assert_eq!(effective(&read_default(&bytes)), pairs(&[(A, L1)]));
    for after in [
        applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)),
        applied(&bytes, &request(B, L2), &write_with(TenantStorage::OptedIn)),
        removed(&bytes, A, &write_with(TenantStorage::Unknown)),
    ] {
        let (_, after) = after.unwrap();
        let types = text(&after, TYPES);
        assert_eq!(types.matches("LabelInfo.xml").count(), 1, "{types}");
        assert!(types.contains(&support::package::content_type_override(
            LABEL_INFO,
            LABEL_INFO_TYPE
        )));
    }
}

#[test]
fn f_026_f_069_v_28_marking_properties() {
    let markings = property(20, "ClassificationContentMarkingHeaderText", "Internal")
        + &property(21, "ClassificationContentMarkingHeaderShapeIds", "1,2,d")
        + &property(22, "ClassificationContentMarkingHeaderShapeIds-1", "1f");
    let bytes = with_custom(&(modern(2, L1, A) + &markings));
    let reading = read_default(&bytes);
    assert_eq!(codes(&reading), ["markings_present"]);
    assert!(reading.diagnostics[0].detail.contains("Header"));
    let (_, after) = removed(&bytes, A, &write_with(TenantStorage::Unknown)).unwrap();
    assert_eq!(text(&after, CUSTOM), properties(&markings));
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    assert!(text(&after, CUSTOM).contains(&markings));
}

#[test]
fn f_011_a_part_without_relationship_is_ignored() {
    let bytes = Package::docx()
        .file(CUSTOM, modern_part().as_bytes())
        .file(LABEL_INFO, CANONICAL.as_bytes())
        .build();
    let reading = read_default(&bytes);
    assert_eq!(reading.status, Status::Ok);
    assert!(reading.labels.is_empty());
    assert_eq!(codes(&reading), ["part_without_relationship"; 2]);
    // A new part takes another name; the stray one stays.
    let (_, after) = applied(&bytes, &request(A, L2), &write_with(TenantStorage::Unknown)).unwrap();
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L2)]));
    assert_eq!(text(&after, CUSTOM), modern_part());
    assert_eq!(
        compare(&bytes, &after, &["docProps/custom2.xml", RELS, TYPES]),
        [TYPES, RELS, "docProps/custom2.xml"]
    );
}

#[test]
fn f_010_the_part_may_have_any_name() {
    let custom = relationship("rId9", CUSTOM_RELATIONSHIP, "/odd/my%20props.XML");
    let info = relationship("rIdA", LABEL_INFO_RELATIONSHIP, "l.bin");
    let bytes = Package::docx()
        .relationship(&custom)
        .relationship(&info)
        .file("odd/my%20props.XML", modern_part().as_bytes())
        .file("l.bin", label_list(&element(L2, B, "Standard")).as_bytes())
        .build();
    let reading = read_default(&bytes);
    assert_eq!(effective(&reading), pairs(&[(A, L1), (B, L2)]));
    let archive = archive::parse(&bytes);
    assert!(archive.find("odd/my%20props.XML").is_some());
}
