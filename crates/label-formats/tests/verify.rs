//! Comparing two files: what a writer may change, and every way of changing more.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_formats::{
    DifferenceKind as Kind, Side, TenantStorage, Verification, VerifyOptions, verify,
};

use support::archive::parse;
use support::package::{
    KINDS, Package, element, label_list, modern, modern_part, properties, property, small,
};
use support::relabelled::{after, before};
use support::surgery::rebuilt;
use support::{
    A, B, L1, L2, L3, STORAGES, applied, compound, forced, removed, request, tenant, write_with,
};

fn compared(before: &[u8], after: &[u8]) -> Verification {
    verify(&before, &after, &VerifyOptions::default()).unwrap()
}

/// The tenants whose label changed, with the ids before and after.
fn changes(verification: &Verification) -> Vec<(String, Option<String>, Option<String>)> {
    let list = verification.changes.iter();
    list.map(|one| {
        let id = |label: &Option<label_core::EffectiveLabel>| {
            label.as_ref().map(|label| label.id_text.clone())
        };
        (
            one.tenant.unwrap().to_string(),
            id(&one.previous),
            id(&one.new),
        )
    })
    .collect()
}

fn only_labels(before: &[u8], after: &[u8], what: &str) -> Verification {
    let verification = compared(before, after);
    let found: Vec<String> = verification
        .differences
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(verification.only_labels_changed(), "{what}: {found:#?}");
    verification
}

#[test]
fn identical_files_have_no_differences() {
    for bytes in [before(), after()] {
        let verification = only_labels(bytes, bytes, "identical");
        assert!(verification.identical);
        assert!(verification.changes.is_empty());
    }
    let verification = only_labels(before(), after(), "relabelled");
    assert!(!verification.identical);
    let wanted = (A.to_owned(), Some(L1.to_owned()), Some(L2.to_owned()));
    assert_eq!(changes(&verification), [wanted]);
}

#[test]
fn f_052_f_065_f_084_f_100_real_writes_change_labels_only() {
    let mut count = 0;
    for (kind, _, _) in KINDS {
        for storage in STORAGES {
            for streaming in [false, true] {
                let what = format!("{kind} {storage:?} {streaming}");
                let mut plain = Package::new(kind).file("media/x.bin", &[7; 4000]);
                plain.streaming = streaming;
                let labelled = plain
                    .clone()
                    .custom(properties(
                        &(modern(2, L1, A) + &small(30, L3, B) + &property(50, "Sensitivity", L1)),
                    ))
                    .label_info(label_list(&element(L1, A, "Privileged")));
                for bytes in [plain.build(), labelled.build()] {
                    let options = write_with(storage);
                    let mut now = bytes.clone();
                    for id in [L2, L1] {
                        let (_, next) = applied(&now, &request(A, id), &options).unwrap();
                        only_labels(&now, &next, &what);
                        only_labels(&bytes, &next, &what);
                        now = next;
                    }
                    let (_, gone) = removed(&now, A, &options).unwrap();
                    only_labels(&now, &gone, &what);
                    only_labels(&bytes, &gone, &what);
                    let (_, again) = applied(&gone, &request(A, L1), &forced(storage)).unwrap();
                    only_labels(&gone, &again, &what);
                    count += 1;
                }
            }
        }
    }
    println!("verify: {count} packages written five times each");
}

#[test]
fn labels_of_several_tenants_are_differences_unless_one_is_named() {
    let options = write_with(TenantStorage::Unknown);
    let (_, both) = applied(after(), &request(B, L1), &options).unwrap();
    let verification = compared(before(), &both);
    assert_eq!(verification.changes.len(), 2);
    let kinds: Vec<Kind> = verification
        .differences
        .iter()
        .map(|one| one.kind)
        .collect();
    assert!(!kinds.is_empty());
    assert!(
        kinds.iter().all(|kind| *kind == Kind::OtherTenantLabel),
        "{kinds:?}"
    );
    let mut asked = VerifyOptions::default();
    for (of, is_fine) in [(A, true), (B, false)] {
        asked.tenant = Some(tenant(of));
        let verification = verify(&before(), &after(), &asked).unwrap();
        assert_eq!(verification.only_labels_changed(), is_fine, "{of}");
    }
}

#[test]
fn f_069_a_hint_may_go_with_its_label_only() {
    for (value, may_go) in [(L1, true), ("Label", true), ("Other", false)] {
        let group = modern(2, L1, A).replace("R&amp;D only", "Label");
        let hint = property(50, "Sensitivity", value);
        let with = Package::docx()
            .custom(properties(&(group.clone() + &hint)))
            .build();
        let without = Package::docx().custom(properties(&group)).build();
        let options = write_with(TenantStorage::Unknown);
        let (_, labelled) = applied(&without, &request(A, L2), &options).unwrap();
        let verification = compared(&with, &labelled);
        assert_eq!(
            verification.only_labels_changed(),
            may_go,
            "{value}: {verification:?}"
        );
    }
}

#[test]
fn differences_are_bounded_and_counted() {
    let plain = Package::docx().build();
    let mut many = Package::docx();
    for at in 0..300 {
        many = many.file(&format!("x{at}"), b"x");
    }
    let mut options = VerifyOptions::default();
    options.differences_max = 5;
    let bytes = many.build();
    let verification = verify(&plain.as_slice(), &bytes.as_slice(), &options).unwrap();
    assert_eq!(verification.differences.len(), 5);
    assert_eq!(verification.differences_count, 300);
}

#[test]
fn files_that_are_not_compared_say_which_and_why() {
    let document = Package::docx().custom(modern_part()).build();
    let protected = compound::rights_managed(b"hidden", None);
    let password = compound::compound(&[(compound::PACKAGE, b"x"), ("/EncryptionInfo", b"y")]);
    let overlapping = rebuilt(&document, |_| ());
    let overlapping = {
        let mut bytes = overlapping;
        let first = parse(&bytes).entries[0].offset;
        let entry = parse(&bytes).entries[2].record_at;
        let other = u32::try_from(first).unwrap().to_le_bytes();
        bytes[entry + 42..entry + 46].copy_from_slice(&other);
        bytes
    };
    let cut = &document[..document.len() / 2];
    let cases: [(&str, &[u8], &str); 5] = [
        ("rights", &protected, "protected"),
        ("password", &password, "protected"),
        ("cut", cut, "malformed"),
        ("overlapping", &overlapping, "malformed"),
        ("text", b"not a document", "type_unsupported"),
    ];
    for (what, bytes, code) in cases {
        for side in [Side::Before, Side::After] {
            let (before, after): (&[u8], &[u8]) = match side {
                Side::Before => (bytes, &document),
                Side::After => (&document, bytes),
            };
            let error = verify(&before, &after, &VerifyOptions::default()).unwrap_err();
            assert_eq!(
                (error.code(), error.side()),
                (code, side),
                "{what}: {error}"
            );
            assert!(error.to_string().starts_with(&side.to_string()), "{error}");
        }
    }
}
