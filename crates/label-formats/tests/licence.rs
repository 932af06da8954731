//! What rights-managed documents say without a key.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_core::{LabelKey, LabelStorage};
use label_formats::{
    CountingSource, LicenceError, Limits, Protection, PublishingLicence, ReadOptions, Reading,
    Status, read,
};

use support::compound::{LABEL_STREAM, PACKAGE, PRIMARY, compound, summary};
use support::licence::{CONTENT, Licence, TEMPLATE, person, transform, use_licence, wide};
use support::package::{element, label_list};
use support::{A, B, L1, L2, L3, codes, effective, label, pairs, read_default, tenant};

const SUMMARY: &str = "/\u{5}DocumentSummaryInformation";
const TRANSFORM: &str = "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform";

fn parse(text: &str) -> PublishingLicence {
    PublishingLicence::parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// A rights-managed document with these further streams.
fn document(licence: &[u8], more: &[(&str, &[u8])]) -> Vec<u8> {
    let transform = transform(licence);
    let mut streams = vec![(PACKAGE, &b"cipher"[..]), (PRIMARY, &transform)];
    streams.extend(more);
    compound(&streams)
}

fn read_with(licence: &Licence, more: &[(&str, &[u8])]) -> Reading {
    read_default(&document(licence.text().as_bytes(), more))
}

#[test]
fn p_007_the_facts_of_a_licence() {
    let licence = parse(&Licence::default().text());
    assert_eq!(licence.issued.unwrap().to_string(), "2023-06-13T20:21:00Z");
    let template = licence.template.as_ref().unwrap();
    assert_eq!(template.id.as_deref(), Some(TEMPLATE));
    assert_eq!(template.version.as_deref(), Some("2023-05-01T08:00"));
    let texts: Vec<_> = template
        .texts
        .iter()
        .map(|text| {
            (
                text.locale_id,
                text.name.as_str(),
                text.description.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        texts,
        [
            (Some(1033), "Secret", Some("For us; not for you.")),
            (Some(1031), "Geheim", Some("Für uns.")),
        ]
    );
    assert_eq!(licence.owner.as_deref(), Some("ann@example.com"));
    assert_eq!(licence.content_id.as_deref(), Some(CONTENT));
    assert_eq!(licence.tenant(), Some(tenant(A)));
    assert_eq!(licence.organisation(), Some("Contoso & Söhne"));
    assert_eq!(
        licence.label_key(),
        Some(LabelKey::new(tenant(A), label(L1)))
    );
    let urls: Vec<_> = licence
        .service_urls
        .iter()
        .map(|one| (one.kind.as_str(), one.url.as_str()))
        .collect();
    assert_eq!(
        urls,
        [
            (
                "License-Acquisition-URL",
                "https://service.example.com/_wmcs/licensing"
            ),
            (
                "Extranet-License-Acquisition-URL",
                "https://outside.example.com/_wmcs/licensing"
            ),
        ]
    );
    assert_eq!(licence.referrals, ["mailto:help@example.com"]);
    let publisher = licence.publisher.as_ref().unwrap();
    assert_eq!(publisher.kind, "MS-DRM-Server");
    assert_eq!(publisher.addresses, ["https://service.example.com/_wmcs"]);
    assert_eq!(publisher.tenant, Some(tenant(A)));
    assert_eq!(licence.principals.len(), 1);
    assert_eq!(licence.principals[0].sealed_key_bytes, Some(6));
    assert_eq!(licence.rights_data_bytes, Some(8));
    let [data] = licence.application_data.as_slice() else {
        panic!("{licence:?}");
    };
    assert_eq!(
        (
            data.group.as_str(),
            data.name.as_deref(),
            data.value.as_str()
        ),
        (
            "APPSPECIFIC",
            Some("Example.RequireAwareApplication"),
            "true"
        )
    );
    assert_eq!(licence.documents, 1);
}

#[test]
fn p_007_a_licence_signed_by_a_client_names_the_person() {
    let licence = Licence {
        issuer: person(""),
        certificates: "<XrML><BODY type=\"LICENSE\"></BODY></XrML>".repeat(7),
        ..Licence::without_label(B)
    };
    let licence = parse(&licence.text());
    let publisher = licence.publisher.as_ref().unwrap();
    assert_eq!(publisher.kind, "Group-Identity");
    assert_eq!(publisher.name.as_deref(), Some("ben@example.com"));
    assert_eq!(
        publisher.id.as_deref(),
        Some("04040404-0000-4000-8000-000000000004")
    );
    assert_eq!(publisher.addresses, ["b@example.com"]);
    assert_eq!(licence.documents, 8);
    assert_eq!(licence.tenant(), Some(tenant(B)));
    assert_eq!((licence.label, licence.label_key()), (None, None));
}

#[test]
fn p_007_r_091_without_a_template_somebody_chose_the_rights() {
    let text = Licence::default().text();
    assert!(!parse(&text).is_user_defined());
    let (before, rest) = text.split_once("<DESCRIPTOR>").unwrap();
    let (_, after) = rest.split_once("</DESCRIPTOR>").unwrap();
    assert!(parse(&format!("{before}{after}")).is_user_defined());
}

#[test]
fn p_007_every_encoding_gives_the_same_facts() {
    let text = Licence::default().text();
    let expected = parse(&text);
    let marked = format!("\u{feff}{text}");
    let forms = [
        marked.clone().into_bytes(),
        wide(&text),
        wide(&marked),
        [text.as_bytes(), b"\0\0\0"].concat(),
    ];
    for bytes in forms {
        let licence = PublishingLicence::parse(&bytes, &Limits::default()).unwrap();
        assert_eq!(licence, expected);
    }
}

#[test]
fn p_007_what_is_no_licence_is_refused() {
    let body = Licence::default().body();
    for text in [
        String::new(),
        "no XML".to_owned(),
        "<XrML></XrML>".to_owned(),
        "<XrML><BODY></BODY></XrML>".to_owned(),
        "<XrML><BODY type=\"LICENSE\"></BODY></XrML>".to_owned(),
        format!("<Other>{body}</Other>"),
        format!("<XrML>{body}{body}</XrML>"),
        format!("<!DOCTYPE XrML [<!ENTITY a \"b\">]><XrML>{body}</XrML>"),
        format!("<XrML>{body}&a;</XrML>"),
        format!("<XrML>{body}</XrM></XrML>"),
    ] {
        let refused = PublishingLicence::parse(text.as_bytes(), &Limits::default());
        assert!(matches!(refused, Err(LicenceError::Malformed(_))), "{text}");
    }
    let at_most = |chars: usize| {
        let text = Licence::default().text();
        let padding = chars - text.chars().count();
        let long = text.replace("AAECAwQFBgc=", &("A".repeat(padding) + "AAECAwQFBgc="));
        PublishingLicence::parse(long.as_bytes(), &Limits::default())
    };
    assert!(at_most(1_000_000).is_ok());
    for refused in [
        at_most(1_000_001),
        PublishingLicence::parse(&[b' '; 5_000_000], &Limits::default()),
    ] {
        assert!(matches!(refused, Err(LicenceError::TooLarge(_))));
    }
}

#[test]
fn p_007_nothing_personal_is_in_debug_or_display() {
    let licence = Licence {
        issuer: person(""),
        ..Licence::default()
    };
    let reading = read_with(
        &licence,
        &[(&format!("{TRANSFORM}/EUL-ABC"), &use_licence())],
    );
    let licence = reading.licence().unwrap();
    let shown = format!("{licence} {licence:?} {reading:?}");
    for personal in [
        "ann",
        "ben",
        "example.com",
        "Contoso",
        "Secret",
        "Geheim",
        "us",
    ] {
        let found = shown
            .split(|c: char| !c.is_alphanumeric() && c != '.')
            .any(|word| word == personal);
        assert!(!found, "{personal}: {shown}");
    }
    assert_eq!(
        licence.to_string(),
        format!(
            "publishing licence of 2023-06-13T20:21:00Z, tenant {A}, template {TEMPLATE}, label {L1}, owner <redacted>"
        )
    );
}

#[test]
fn p_001_p_002_p_007_facts_come_without_key_and_content() {
    let package = vec![0x5a; 3_000_000];
    let transform = Licence::default().transform();
    let list = label_list(&element(L1, A, "Privileged"));
    let bytes = compound(&[
        (PACKAGE, package.as_slice()),
        (PRIMARY, &transform),
        (LABEL_STREAM, list.as_bytes()),
    ]);
    let source = CountingSource::new(bytes.as_slice());
    let reading = read(&source, &ReadOptions::default());
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(reading.protection, Some(Protection::RightsManaged));
    assert_eq!(reading.diagnostics, []);
    assert!(reading.licence().is_some());
    // The allocation table of so large a file has 24 kB.
    assert!(source.bytes_read() < 64_000, "{}", source.bytes_read());
}

#[test]
fn p_003_p_006_every_name_is_found_in_any_letter_case() {
    let transform = Licence::default().transform();
    let user = use_licence();
    for (package, primary, user_name) in [
        (
            PACKAGE.to_owned(),
            PRIMARY.to_owned(),
            format!("{TRANSFORM}/EUL-ABCDEFGH"),
        ),
        (
            PACKAGE.to_uppercase(),
            PRIMARY.to_uppercase(),
            format!("{TRANSFORM}/EUL-ABCDEFGH").to_uppercase(),
        ),
        (
            PACKAGE.to_lowercase(),
            PRIMARY.to_lowercase(),
            format!("{TRANSFORM}/EUL-ABCDEFGH").to_lowercase(),
        ),
    ] {
        let bytes = compound(&[
            (&package, b"cipher"),
            (&primary, &transform),
            (&user_name, &user),
        ]);
        let reading = read_default(&bytes);
        assert_eq!(reading.protection, Some(Protection::RightsManaged));
        assert!(reading.licence().is_some(), "{primary}");
        let users = &reading.rights_management.as_ref().unwrap().use_licences;
        assert_eq!(users.len(), 1, "{primary}");
    }
}

#[test]
fn p_006_licences_of_users_are_optional_and_name_them() {
    let names = |reading: &Reading| -> Vec<String> {
        let rights = reading.rights_management.as_ref().unwrap();
        rights
            .use_licences
            .iter()
            .map(|licence| licence.user.clone())
            .collect()
    };
    let licence = Licence::default();
    let none = read_with(&licence, &[]);
    assert_eq!(names(&none), [""; 0]);
    assert_eq!(none.diagnostics, []);
    let one = use_licence();
    let (first, second) = (format!("{TRANSFORM}/EUL-A"), format!("{TRANSFORM}/EUL-B"));
    let two = read_with(&licence, &[(&first, &one), (&second, &one)]);
    assert_eq!(names(&two), ["ann@example.com"; 2]);
    // A damaged one is told, and takes nothing else away.
    let damaged = read_with(&licence, &[(&first, b"x"), (&second, &one)]);
    assert_eq!(names(&damaged), ["ann@example.com"]);
    assert_eq!(codes(&damaged), ["bad_licence"]);
    assert!(damaged.licence().is_some());
    // Not without end.
    let many: Vec<String> = (0..120).map(|at| format!("{TRANSFORM}/EUL-{at}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &one[..])).collect();
    let reading = read_with(&licence, &many);
    assert_eq!(names(&reading).len(), 100);
    assert_eq!(codes(&reading), ["bad_licence"]);
}

#[test]
fn p_001_p_014_a_damaged_licence_leaves_the_file_protected() {
    let list = label_list(&element(L2, A, "Privileged"));
    let whole = Licence::default().transform();
    for (what, primary) in [
        ("nothing", &b""[..]),
        ("no transform", b"x"),
        ("cut off", &whole[..whole.len() / 2]),
        ("no licence in it", &transform(b"")),
        ("no XML in it", &transform(b"<XrML")),
    ] {
        let bytes = compound(&[
            (PACKAGE, b"cipher"),
            (PRIMARY, primary),
            (LABEL_STREAM, list.as_bytes()),
        ]);
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Protected, "{what}");
        assert_eq!(reading.protection, Some(Protection::RightsManaged));
        assert_eq!(effective(&reading), pairs(&[(A, L2)]), "{what}");
        assert_eq!(codes(&reading), ["bad_licence"], "{what}");
        assert!(reading.licence().is_none());
    }
    // The stream is missing, or is none.
    let list: &[u8] = list.as_bytes();
    let info = "/\u{6}DataSpaces/DataSpaceInfo/DRMEncryptedDataSpace";
    let folder = format!("{PRIMARY}/inside");
    for place in [info, &folder] {
        let bytes = compound(&[(PACKAGE, b"x"), (place, b"x"), (LABEL_STREAM, list)]);
        let reading = read_default(&bytes);
        assert_eq!(reading.status, Status::Protected, "{place}");
        assert_eq!(codes(&reading), ["bad_licence"], "{place}");
    }
}

#[test]
fn p_001_p_004_p_014_outcomes_are_told_apart() {
    let transform = Licence::default().transform();
    let strong = "/\u{6}DataSpaces/TransformInfo/StrongEncryptionTransform/\u{6}Primary";
    let managed = compound(&[(PACKAGE, b"cipher"), (PRIMARY, &transform)]);
    let password = compound(&[(PACKAGE, b"x"), ("/EncryptionInfo", b"x"), (strong, b"x")]);
    let mut corrupt = managed.clone();
    corrupt.truncate(700);
    for (what, bytes, status, protection) in [
        (
            "rights-managed",
            managed,
            Status::Protected,
            Some(Protection::RightsManaged),
        ),
        (
            "password",
            password,
            Status::Protected,
            Some(Protection::Password),
        ),
        (
            "password, without data spaces",
            compound(&[(PACKAGE, b"x"), ("/EncryptionInfo", b"x")]),
            Status::Protected,
            Some(Protection::Password),
        ),
        ("cut off", corrupt, Status::Malformed, None),
        (
            "a package alone",
            compound(&[(PACKAGE, b"x")]),
            Status::Protected,
            Some(Protection::EncryptedUnknown),
        ),
        (
            "a licence without package",
            compound(&[(PRIMARY, &transform)]),
            Status::Unsupported,
            None,
        ),
        ("an empty one", compound(&[]), Status::Unsupported, None),
        (
            "the signature alone",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(),
            Status::Malformed,
            None,
        ),
    ] {
        let reading = read_default(&bytes);
        assert_eq!(
            (reading.status, reading.protection),
            (status, protection),
            "{what}"
        );
        let has_rights = protection == Some(Protection::RightsManaged);
        assert_eq!(reading.rights_management.is_some(), has_rights, "{what}");
    }
}

#[test]
fn p_001_p_007_an_older_document_has_its_licence_too() {
    let transform = Licence::default().transform();
    let user = use_licence();
    let place = "/\u{6}DataSpaces/TransformInfo/\u{9}DRMTransform";
    let bytes = compound(&[
        ("/\u{9}DRMContent", b"cipher"),
        ("/WordDocument", b"placeholder"),
        (&format!("{place}/\u{6}Primary"), &transform),
        (&format!("{place}/EUL-A"), &user),
    ]);
    let reading = read_default(&bytes);
    assert_eq!(reading.status, Status::Protected);
    assert_eq!(reading.protection, Some(Protection::RightsManaged));
    assert_eq!(reading.licence().unwrap().label, Some(label(L1)));
    let users = &reading.rights_management.as_ref().unwrap().use_licences;
    assert_eq!(users[0].user, "ann@example.com");
}

#[test]
fn p_009_both_labels_are_shown_and_a_difference_is_told() {
    let list = |elements: &str| label_list(elements).into_bytes();
    let same = list(&element(L1, A, "Privileged"));
    let other = list(&element(L2, A, "Privileged"));
    let both = list(&(element(L1, A, "Privileged") + &element(L3, B, "Standard")));
    let foreign = list(&element(L3, B, "Standard"));
    let name = |attribute: &str| format!("MSIP_Label_{L2}_{attribute}");
    let mirrored = summary(&[(&name("Enabled"), "true"), (&name("SiteId"), A)]);
    let licence = Licence::default();
    let no_tenant = Licence {
        server_tenant: None,
        label_tenant: None,
        ..Licence::default()
    };
    let no_label = Licence::without_label(A);
    for (what, licence, streams, shown, told) in [
        (
            "the same label",
            &licence,
            vec![(LABEL_STREAM, &same)],
            pairs(&[(A, L1)]),
            false,
        ),
        (
            "and another tenant's",
            &licence,
            vec![(LABEL_STREAM, &both)],
            pairs(&[(A, L1), (B, L3)]),
            false,
        ),
        (
            "another label",
            &licence,
            vec![(LABEL_STREAM, &other)],
            pairs(&[(A, L2)]),
            true,
        ),
        (
            "taken off outside",
            &licence,
            vec![(LABEL_STREAM, &foreign)],
            pairs(&[(B, L3)]),
            true,
        ),
        (
            "another label in the summary",
            &licence,
            vec![(SUMMARY, &mirrored)],
            pairs(&[(A, L2)]),
            true,
        ),
        ("no label outside", &licence, vec![], pairs(&[]), false),
        (
            "a licence without tenant",
            &no_tenant,
            vec![(LABEL_STREAM, &other)],
            pairs(&[(A, L2)]),
            true,
        ),
        (
            "a licence without label",
            &no_label,
            vec![(LABEL_STREAM, &other)],
            pairs(&[(A, L2)]),
            false,
        ),
    ] {
        let streams: Vec<(&str, &[u8])> = streams
            .iter()
            .map(|(name, bytes)| (*name, &bytes[..]))
            .collect();
        let reading = read_with(licence, &streams);
        assert_eq!(reading.status, Status::Protected, "{what}");
        assert_eq!(effective(&reading), shown, "{what}");
        // The licence's label is reported beside them, never as one of them.
        assert_eq!(reading.labels.len(), shown.len(), "{what}");
        let in_licence = licence.label.as_deref().map(label);
        assert_eq!(reading.licence().unwrap().label, in_licence, "{what}");
        let expected: &[&str] = if told { &["licence_disagrees"] } else { &[] };
        assert_eq!(codes(&reading), expected, "{what}");
    }
    // A label stream that can't be read is damage, not disagreement.
    let reading = read_with(&licence, &[(LABEL_STREAM, b"<x")]);
    assert_eq!(reading.status, Status::Malformed);
    assert!(reading.licence().is_some());
    assert_eq!(codes(&reading), [""; 0]);
}

#[test]
fn p_013_the_tenant_is_told_without_a_key() {
    let list = |elements: &str| label_list(elements).into_bytes();
    let of_a = list(&element(L1, A, "Privileged"));
    let of_b = list(&element(L3, B, "Standard"));
    let of_both = list(&(element(L1, A, "Privileged") + &element(L3, B, "Standard")));
    let empty = list("");
    let licence = Licence::default().text().into_bytes();
    let by_label = Licence {
        server_tenant: None,
        ..Licence::of_label(B, L3)
    };
    let by_label = by_label.text().into_bytes();
    let nobody = Licence {
        server_tenant: None,
        label_tenant: None,
        ..Licence::default()
    };
    let nobody = nobody.text().into_bytes();
    for (what, licence, outside, expected) in [
        ("the licence alone", &licence[..], None, Some(A)),
        ("its label alone", &by_label, None, Some(B)),
        ("both", &licence, Some(&of_a), Some(A)),
        ("no label outside", &licence, Some(&empty), Some(A)),
        ("several labels", &licence, Some(&of_both), Some(A)),
        ("a contradiction", &licence, Some(&of_b), None),
        ("labels alone", b"damaged", Some(&of_b), Some(B)),
        ("labels of two tenants", b"damaged", Some(&of_both), None),
        ("nothing", b"damaged", None, None),
        ("a licence of nobody", &nobody, None, None),
        ("the label beside it", &nobody, Some(&of_b), Some(B)),
    ] {
        let streams: Vec<(&str, &[u8])> = outside
            .iter()
            .map(|bytes| (LABEL_STREAM, bytes.as_slice()))
            .collect();
        let reading = read_default(&document(licence, &streams));
        assert_eq!(reading.protecting_tenant(), expected.map(tenant), "{what}");
    }
    // Labels don't make a tenant the protector of a file that is not rights-managed.
    let clear = support::package::Package::docx()
        .label_info(label_list(&element(L1, A, "Privileged")))
        .build();
    let reading = read_default(&clear);
    assert!(reading.is_labelled());
    assert_eq!(reading.protecting_tenant(), None);
    // Nor is a password any tenant's.
    let password = compound(&[(PACKAGE, b"x"), ("/EncryptionInfo", b"x")]);
    assert_eq!(read_default(&password).protecting_tenant(), None);
}

#[test]
fn p_001_p_007_p_009_p_013_eight_genuine_documents() {
    let Some(folder) = std::env::var_os("LABEL_CORPUS") else {
        println!("corpus: LABEL_CORPUS is not set");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(std::path::Path::new(&folder).join("protected")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let reading = read_default(&std::fs::read(&path).unwrap());
        if reading.protection != Some(Protection::RightsManaged) {
            continue;
        }
        let licence = reading.licence().expect(&name);
        assert_eq!(reading.diagnostics, [], "{name}");
        let [outside] = reading.effective.as_slice() else {
            panic!("{name}");
        };
        assert_eq!(outside.storage, LabelStorage::CompoundLabelInfo);
        assert_eq!(licence.label_key(), outside.key(), "{name}");
        assert_eq!(licence.tenant(), outside.tenant, "{name}");
        assert_eq!(reading.protecting_tenant(), outside.tenant, "{name}");
        assert_eq!(licence.documents, 1, "{name}");
        let facts = [
            licence.issued.is_some(),
            licence.owner.is_some(),
            licence.content_id.is_some(),
            licence.organisation().is_some(),
            licence.publisher.is_some(),
            licence
                .template
                .as_ref()
                .is_some_and(|one| !one.texts.is_empty()),
            licence.service_urls.len() == 2,
            licence.referrals.len() == 1,
            licence.application_data.len() == 1,
            licence
                .rights_data_bytes
                .is_some_and(|bytes| bytes > 50_000),
            licence.principals[0].sealed_key_bytes == Some(352),
        ];
        assert_eq!(facts, [true; 11], "{name}");
        count += 1;
    }
    assert_eq!(count, 8);
    println!("licences: {count} genuine documents");
}

proptest::proptest! {
    #[test]
    fn p_005_any_damage_of_a_licence_is_survived(
        places in proptest::collection::vec((0_usize..5000, 0_u8..), 1..10),
        len in 0_usize..5000,
    ) {
        let mut bytes = Licence::default().text().into_bytes();
        for (at, byte) in places {
            if let Some(place) = bytes.get_mut(at) { *place = byte; }
        }
        bytes.truncate(len);
        let _ = PublishingLicence::parse(&bytes, &Limits::default());
        let reading = read_default(&document(&bytes, &[]));
        assert_eq!(reading.status, Status::Protected);
    }
}
