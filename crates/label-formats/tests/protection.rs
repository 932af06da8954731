//! Labels that protect and files that are protected: only through the pair that the caller gives.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_core::{LabelKey, LabelProtection, LabelStorage};
use label_formats::{
    Decrypted, Decryptor, EncryptingIdentity, FileKind, ProtectRequest, Protected, Protection,
    Protector, Status, TenantStorage, WriteOptions, apply, read,
};

use support::archive::{compare, contains};
use support::compound::{Loop, compound, rights_managed};
use support::licence::Licence;
use support::package::{
    LABEL_PARTS, Package, element, label_list, modern, modern_part, properties,
};
use support::{
    A, B, L1, L2, L3, STORAGES, apply_refused, codes, effective, label, pairs, read_default,
    read_with, remove_refused, request, tenant, write_with,
};

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
    let transform = Licence::without_label(A).transform();
    let base = [(PACKAGE, &b"cipher"[..]), (PRIMARY, &transform)];
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
