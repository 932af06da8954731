//! What PDFs under rights management say without a key.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::time::Duration;

use label_formats::{
    CountingSource, Limits, Protection, PublishingLicence, RangeReader, ReadOptions, Reading,
    Status, Step, read,
};

use support::licence::{CONTENT, Licence, TEMPLATE, wide};
use support::pdf::{Pdf, cover, deflate, encrypt, info_of, payload};
use support::{A, B, L1, L2, L3, codes, effective, label, pairs, read_default, tenant, within};

const FLATE: &str = "/Filter/FlateDecode";

/// A compressed cover around this licence, with this label.
fn covered(info: Option<&str>, licence: &[u8]) -> Vec<u8> {
    let inside = payload(&encrypt(Some(licence)));
    cover(info, FLATE, &deflate(&inside))
}

fn check(reading: &Reading, what: &str) {
    assert_eq!(reading.status, Status::Protected, "{what}");
    assert_eq!(reading.protection, Some(Protection::IrmPdf), "{what}");
    assert!(reading.rights_management.is_some(), "{what}");
}

#[test]
fn p_007_a_pdf_has_its_licence_in_every_form() {
    let text = Licence::default().text();
    let expected = PublishingLicence::parse(text.as_bytes(), &Limits::default()).unwrap();
    let utf_8 = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let utf_16 = [b"\xff\xfe".to_vec(), wide(&text)].concat();
    for (encoding, licence) in [
        ("plain", text.as_bytes()),
        ("UTF-8", &utf_8),
        ("UTF-16", &utf_16),
    ] {
        let inside = payload(&encrypt(Some(licence)));
        for (form, bytes, shown) in [
            (
                "an uncompressed attachment",
                cover(Some(&info_of(L1, A)), "", &inside),
                pairs(&[(A, L1)]),
            ),
            (
                "a compressed attachment",
                covered(Some(&info_of(L1, A)), licence),
                pairs(&[(A, L1)]),
            ),
            ("no cover", inside, pairs(&[])),
        ] {
            let what = format!("{form}, {encoding}");
            let reading = read_default(&bytes);
            check(&reading, &what);
            assert_eq!(reading.licence(), Some(&expected), "{what}");
            // The label in the licence is reported beside the others, never as one of them.
            assert_eq!(effective(&reading), shown, "{what}");
            assert_eq!(codes(&reading), [""; 0], "{what}");
            assert_eq!(reading.protecting_tenant(), Some(tenant(A)), "{what}");
        }
    }
    let template = expected.template.as_ref().unwrap();
    assert_eq!(template.id.as_deref(), Some(TEMPLATE));
    assert_eq!(expected.content_id.as_deref(), Some(CONTENT));
}

#[test]
fn p_007_the_encryption_dictionary_may_stand_anywhere() {
    let licence = Licence::default().text().into_bytes();
    let text = String::from_utf8(encrypt(Some(&licence))).unwrap();
    let mut direct = Pdf::page("");
    direct.table(&format!("/Encrypt {text}"));
    let mut streamed = Pdf::page("");
    streamed.object_bytes(9, &encrypt(Some(&licence)));
    streamed.xref_stream(11, "/Encrypt 9 0 R", true);
    let referred = text.replace("/PublishingLicense(", "/PublishingLicense 12 0 R/X(");
    let mut behind = Pdf::page("");
    behind.object(9, &referred);
    behind.object_bytes(12, &support::pdf::literal(&licence));
    behind.table("/Encrypt 9 0 R");
    for (what, bytes) in [
        ("in the trailer", direct.bytes),
        ("named by a cross-reference stream", streamed.bytes),
        ("the licence behind a reference", behind.bytes),
    ] {
        for bytes in [cover(None, FLATE, &deflate(&bytes)), bytes] {
            let reading = read_default(&bytes);
            check(&reading, what);
            let found = reading.licence().map(|licence| licence.label);
            assert_eq!(found, Some(Some(label(L1))), "{what}");
        }
    }
}

#[test]
fn p_009_both_labels_of_a_pdf_are_shown_and_a_difference_is_told() {
    let licence = Licence::default().text();
    let disabled = info_of(L1, A).replace("(true)", "(false)");
    let contradicting = format!(
        "<<{}{}>>",
        support::pdf::info(L1, &[("Enabled", "true"), ("SiteId", A)]),
        support::pdf::info(L2, &[("Enabled", "true"), ("SiteId", A)]),
    );
    let told = |code: &'static str| vec![code];
    for (what, info, shown, expected) in [
        ("the same", Some(info_of(L1, A)), pairs(&[(A, L1)]), vec![]),
        (
            "another",
            Some(info_of(L2, A)),
            pairs(&[(A, L2)]),
            told("licence_disagrees"),
        ),
        (
            "another tenant's only",
            Some(info_of(L3, B)),
            pairs(&[(B, L3)]),
            told("licence_disagrees"),
        ),
        (
            "switched off",
            Some(disabled),
            pairs(&[]),
            told("licence_disagrees"),
        ),
        (
            "two that contradict each other",
            Some(contradicting),
            pairs(&[]),
            told("ambiguous"),
        ),
        ("none at all", None, pairs(&[]), vec![]),
    ] {
        let reading = read_default(&covered(info.as_deref(), licence.as_bytes()));
        check(&reading, what);
        assert_eq!(effective(&reading), shown, "{what}");
        let in_licence = reading.licence().unwrap().label;
        assert_eq!(in_licence, Some(label(L1)), "{what}");
        assert_eq!(codes(&reading), expected, "{what}");
    }
    let reading = read_default(&covered(Some(&info_of(L2, A)), licence.as_bytes()));
    assert_eq!(reading.diagnostics[0].place, "Info");
}

#[test]
fn p_007_p_014_a_licence_that_can_not_be_read_leaves_the_file_protected() {
    let licence = Licence::default().text();
    let sound = payload(&encrypt(Some(licence.as_bytes())));
    let other = payload(b"<</Filter/Standard/V 5>>");
    let inner_cover = covered(None, licence.as_bytes());
    let info = info_of(L1, A);
    let with = |entries: &str, content: &[u8]| cover(Some(&info), entries, content);
    let no_file = String::from_utf8_lossy(&with("", b"x")).replace("/EF<</F 10", "/XX<</F 10");
    for (what, bytes) in [
        ("empty", with("", b"")),
        ("no PDF", with("", b"cipher text")),
        ("cut off", with("", &sound[..sound.len() / 2])),
        ("not what the filter says", with(FLATE, &sound)),
        ("another filter", with("/Filter/LZWDecode", &sound)),
        ("no encryption", with("", &support::pdf::simple(None, None))),
        ("another handler", with("", &other)),
        ("no licence", with("", &payload(&encrypt(None)))),
        ("no XML", covered(Some(&info), b"words")),
        ("an empty one", covered(Some(&info), b"")),
        // One level deep only.
        ("a cover in the cover", with("", &inner_cover)),
        (
            "as long as no licence",
            covered(Some(&info), &vec![b' '; 5_000_000]),
        ),
        ("no attachment", no_file.into_bytes()),
    ] {
        let reading = read_default(&bytes);
        check(&reading, what);
        assert_eq!(reading.licence(), None, "{what}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{what}");
        let told: Vec<&str> = codes(&reading);
        assert!(told.contains(&"bad_licence"), "{what}: {told:?}");
        assert_eq!(reading.protecting_tenant(), Some(tenant(A)), "{what}");
    }
}

#[test]
fn p_007_large_attachments_are_bounded() {
    let licence = Licence::default().text();
    let mut pdf = Pdf::page("");
    pdf.stream(5, "", &vec![b'x'; 3 * 1_048_576]);
    pdf.object_bytes(9, &encrypt(Some(licence.as_bytes())));
    pdf.table("/Encrypt 9 0 R");
    let mut options = ReadOptions::default();
    options.limits.pdf_payload_bytes_max = 1_048_576;
    // Beyond the bound a compressed one is left alone.
    let compressed = cover(None, FLATE, &deflate(&pdf.bytes));
    let reading = read(compressed.as_slice(), &options);
    check(&reading, "compressed");
    assert_eq!(codes(&reading), ["bad_licence"]);
    assert!(read_default(&compressed).licence().is_some());
    // One that is not compressed is read by ranges.
    let plain = cover(None, "", &pdf.bytes);
    let source = CountingSource::new(plain.as_slice());
    let reading = read(&source, &options);
    assert!(reading.licence().is_some());
    assert!(source.bytes_read() < 300_000, "{}", source.bytes_read());
    // A bomb.
    let bomb = deflate(&vec![b' '; 64 * 1_048_576]);
    let bytes = cover(Some(&info_of(L1, A)), FLATE, &bomb);
    let reading = within(Duration::from_secs(30), "bomb", move || {
        read_default(&bytes)
    });
    check(&reading, "bomb");
    assert_eq!(codes(&reading), ["bad_licence"]);
    assert_eq!(effective(&reading), pairs(&[(A, L1)]));
}

#[test]
fn p_007_a_licence_is_read_by_ranges_too() {
    let licence = Licence::default().text();
    let mut pdf = Pdf::page("");
    pdf.stream(5, "", &vec![b'x'; 400_000]);
    pdf.object_bytes(9, &encrypt(Some(licence.as_bytes())));
    pdf.table("/Encrypt 9 0 R");
    for bytes in [
        cover(Some(&info_of(L1, A)), "", &pdf.bytes),
        cover(Some(&info_of(L1, A)), FLATE, &deflate(&pdf.bytes)),
    ] {
        let mut reader = RangeReader::new(bytes.len() as u64);
        let reading = loop {
            match reader.step(&ReadOptions::default()) {
                Step::Done(reading) => break reading,
                Step::Need(range) => {
                    let (start, end) = (range.start as usize, range.end as usize);
                    reader.supply(range.start, &bytes[start..end]);
                }
            }
        };
        assert!(reading.licence().is_some());
        assert_eq!(*reading, read_default(&bytes));
    }
}

#[test]
fn f_009_p_007_damaged_covers_are_survived() {
    let licence = Licence::default().text();
    let inside = payload(&encrypt(Some(licence.as_bytes())));
    for bytes in [
        cover(Some(&info_of(L1, A)), "", &inside),
        covered(Some(&info_of(L1, A)), licence.as_bytes()),
        inside,
    ] {
        within(Duration::from_secs(120), "damaged covers", move || {
            for at in (0..bytes.len()).step_by(3) {
                support::check_reading(&read_default(&bytes[..at]), "cut off");
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x01;
                support::check_reading(&read_default(&flipped), "flipped");
            }
        });
    }
}

/// The cover has a page with words on it. They are not the document's.
#[cfg(feature = "text")]
#[test]
fn p_010_the_cover_is_no_content() {
    use label_formats::text::{TextError, extract};

    let licence = Licence::default().text();
    let sound = covered(Some(&info_of(L1, A)), licence.as_bytes());
    let broken = cover(None, "", b"cipher text");
    for bytes in [&sound, &broken] {
        let refused = extract(bytes, &Limits::default());
        let Err(TextError::Unreadable(Status::Protected, cause)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(cause, "the content is an encrypted attachment");
    }
}

#[test]
fn p_007_p_009_p_010_p_013_genuine_documents() {
    let Some(folder) = std::env::var_os("LABEL_CORPUS") else {
        println!("corpus: LABEL_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&folder).join("protected");
    for name in [
        "testMicrosoftIRMServices.pdf",
        "20251020_090020_RFP_Security_Risk_Guidelines.pdf",
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let reading = read_default(&bytes);
        check(&reading, name);
        assert_eq!(reading.diagnostics, [], "{name}");
        let licence = reading.licence().expect(name);
        let [outside] = reading.effective.as_slice() else {
            panic!("{name}");
        };
        assert_eq!(licence.tenant(), outside.tenant, "{name}");
        assert_eq!(reading.protecting_tenant(), outside.tenant, "{name}");
        if licence.label.is_some() {
            assert_eq!(licence.label_key(), outside.key(), "{name}");
        }
        let facts = [
            licence.issued.is_some(),
            licence.owner.is_some(),
            licence.content_id.is_some(),
            licence.organisation().is_some(),
            licence.publisher.is_some(),
            licence.template.is_some(),
            !licence.service_urls.is_empty(),
            licence.rights_data_bytes.is_some(),
        ];
        assert_eq!(facts, [true; 8], "{name}: {licence:?}");
        #[cfg(feature = "licence-signature")]
        assert_eq!(
            licence.signature,
            label_formats::LicenceSignature::Valid,
            "{name}"
        );
        // The cover's words are not the document's.
        #[cfg(feature = "text")]
        assert!(label_formats::text::extract(&bytes, &Limits::default()).is_err());
        println!("{name}: {licence}, {} documents", licence.documents);
    }
}
