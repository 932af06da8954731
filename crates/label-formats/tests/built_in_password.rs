//! Workbooks with the password that Excel has built in.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![cfg(feature = "built-in-password")]
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
    Decrypted, Decryptor, FileKind, Protection, ReadOptions, Reading, Status, TenantStorage,
    plan_remove, read,
};

use support::compound::{Loop, PACKAGE, compound};
use support::package::{Package, modern_part};
use support::password::{Agile, INFO, standard};
use support::{
    A, L1, L2, apply_refused, codes, effective, pairs, read_default, remove_refused, request,
    tenant, within, write_with,
};

fn workbook() -> Vec<u8> {
    Package::new(FileKind::Xlsx)
        .custom(modern_part())
        .file("xl/worksheets/sheet1.xml", &[b'x'; 9_000])
        .build()
}

fn read_named(bytes: &[u8], name: &str) -> Reading {
    let mut options = ReadOptions::default();
    options.name = Some(name);
    read(bytes, &options)
}

/// Readable without anybody's password, and still known as encrypted.
fn assert_open(reading: &Reading, what: &str) {
    assert_eq!(reading.status, Status::Ok, "{what}: {:?}", reading.error);
    assert_eq!(reading.kind, Some(FileKind::Xlsx), "{what}");
    assert_eq!(reading.protection, Some(Protection::BuiltInPassword));
    assert_eq!(effective(reading), pairs(&[(A, L1)]), "{what}");
    assert_eq!(codes(reading), [""; 0], "{what}");
}

fn assert_locked(reading: &Reading, what: &str) {
    assert_eq!(reading.status, Status::Protected, "{what}");
    assert_eq!(reading.protection, Some(Protection::Password), "{what}");
    assert!(reading.labels.is_empty(), "{what}");
}

#[test]
fn p_015_every_scheme_is_read() {
    let content = workbook();
    for key_bits in [128, 192, 256] {
        for hash in ["SHA1", "SHA256", "SHA384", "SHA512"] {
            for has_integrity in [true, false] {
                let agile = Agile {
                    key_bits,
                    hash,
                    has_integrity,
                    ..Agile::default()
                };
                let what = format!("agile {key_bits} {hash} {has_integrity}");
                assert_open(&read_default(&agile.file(&content)), &what);
            }
        }
        let key_bits = u32::try_from(key_bits).unwrap();
        let (info, package) = standard("VelvetSweatshop", key_bits, &content);
        let bytes = compound(&[(INFO, &info), (PACKAGE, &package)]);
        assert_open(&read_default(&bytes), &format!("standard {key_bits}"));
    }
    assert!(!Protection::BuiltInPassword.is_password());
    assert_eq!(Protection::BuiltInPassword.as_str(), "built_in_password");
}

#[test]
fn p_015_sizes_around_the_segments() {
    // The content is a package and a comment that makes it as long as wanted.
    let content = workbook();
    let base = content.len();
    for len in [4_096 * 3 - 1, 4_096 * 3, 4_096 * 3 + 1, 4_096 * 3 + 16] {
        let comment = len - base;
        let mut content = content.clone();
        let at = content.len() - 2;
        content[at..].copy_from_slice(&u16::try_from(comment).unwrap().to_le_bytes());
        content.extend(vec![b' '; comment]);
        let reading = read_default(&Agile::default().file(&content));
        assert_eq!(reading.status, Status::Ok, "{len}");
        assert_eq!(effective(&reading), pairs(&[(A, L1)]), "{len}");
    }
}

#[test]
fn p_001_p_014_p_015_another_password_stays_locked() {
    let content = workbook();
    let agile = |change: fn(&mut Agile)| {
        let mut agile = Agile::default();
        change(&mut agile);
        agile.file(&content)
    };
    let with_info = |from: &str, to: &str| {
        let (info, package) = Agile::default().streams(&content);
        let start = info[..8].to_vec();
        let xml = String::from_utf8(info[8..].to_vec()).unwrap();
        assert!(xml.contains(from), "{from}");
        let info = [start, xml.replace(from, to).into_bytes()].concat();
        compound(&[(INFO, &info), (PACKAGE, &package)])
    };
    let padded = |bytes: usize| {
        let (mut info, package) = Agile::default().streams(&content);
        info.resize(bytes, b' ');
        compound(&[(INFO, &info), (PACKAGE, &package)])
    };
    let (older, package) = standard("another", 128, &content);
    for (what, bytes) in [
        ("another", agile(|one| one.password = "another")),
        ("letter case", agile(|one| one.password = "velvetsweatshop")),
        (
            "another, the older way",
            compound(&[(INFO, &older), (PACKAGE, &package)]),
        ),
        (
            "a cipher that is not read",
            with_info("ChainingModeCBC", "ChainingModeCFB"),
        ),
        ("another cipher", with_info("\"AES\"", "\"RC2\"")),
        (
            "an absurd key",
            with_info("\"256\"", "\"18446744073709551608\""),
        ),
        ("an absurd salt", with_info("saltValue=\"", "saltValue=\"A")),
        (
            "too much work",
            with_info("spinCount=\"10\"", "spinCount=\"1000001\""),
        ),
        (
            "no number",
            with_info("spinCount=\"10\"", "spinCount=\"-1\""),
        ),
        (
            "entities",
            with_info("standalone=\"yes\"?>", "standalone=\"yes\"?><!DOCTYPE e>"),
        ),
        ("no XML", with_info("<encryption", "<<")),
        ("too long a description", padded(256 * 1024 + 1)),
    ] {
        let reading = within(Duration::from_secs(20), what, move || read_default(&bytes));
        assert_locked(&reading, what);
    }
    // Up to the bound a description is read, whatever fills it.
    assert_open(&read_default(&padded(256 * 1024)), "the longest");
}

#[test]
fn p_015_damage_is_told_before_anything_is_decrypted() {
    let content = workbook();
    let (info, package) = Agile::default().streams(&content);
    let read_with = |package: &[u8]| read_default(&compound(&[(INFO, &info), (PACKAGE, package)]));
    assert_open(&read_with(&package), "whole");
    for at in (0..package.len()).step_by(499) {
        let mut flipped = package.clone();
        flipped[at] ^= 1;
        let reading = read_with(&flipped);
        assert_eq!(reading.status, Status::Malformed, "{at}");
        assert_eq!(reading.protection, Some(Protection::BuiltInPassword));
        assert!(reading.labels.is_empty());
    }
    for cut in [
        &[][..],
        &package[..7],
        &package[..8],
        &package[..package.len() - 1],
    ] {
        assert_eq!(read_with(cut).status, Status::Malformed, "{}", cut.len());
    }
    // Without a code, what is decrypted has to make sense.
    let unchecked = Agile {
        has_integrity: false,
        ..Agile::default()
    };
    let (info, package) = unchecked.streams(&content);
    let (older, old_package) = standard("VelvetSweatshop", 128, &content);
    for (info, package) in [(&info, &package), (&older, &old_package)] {
        let mut longer = package.clone();
        longer[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let mut spoiled = package.clone();
        spoiled[8] ^= 1;
        for package in [longer, spoiled] {
            let reading = read_default(&compound(&[(INFO, info), (PACKAGE, &package)]));
            assert_eq!(reading.status, Status::Malformed);
        }
        // Anything behind the document is none of it.
        let more = [package.as_slice(), &[9; 21]].concat();
        let reading = read_default(&compound(&[(INFO, info), (PACKAGE, &more)]));
        assert_open(&reading, "more behind");
    }
}

#[test]
fn p_015_only_what_may_be_a_workbook_is_tried() {
    let bytes = Agile::default().file(&workbook());
    for (name, is_tried) in [
        ("a.xlsx", true),
        ("a.XLSM", true),
        ("a.xltx", true),
        ("a.xlam", true),
        ("a.xlsb", true),
        ("a", true),
        ("a.docx", false),
        ("a.pptm", false),
        ("a.pdf", false),
    ] {
        let reading = read_named(&bytes, name);
        if is_tried {
            assert_eq!(reading.status, Status::Ok, "{name}");
        } else {
            assert_locked(&reading, name);
        }
    }
    // Word asks for this password as for any other, whatever the file's name.
    let letter = Package::docx().custom(modern_part()).build();
    let letter = Agile::default().file(&letter);
    for name in ["a.docx", "a", "a.xlsx"] {
        assert_locked(&read_named(&letter, name), name);
    }
    // Nor what is too large to be opened in memory.
    let mut options = ReadOptions::default();
    options.limits.write_bytes_max = bytes.len() as u64 - 1;
    assert_locked(&read(bytes.as_slice(), &options), "too large");
    options.limits.write_bytes_max += 1;
    assert_open(&read(bytes.as_slice(), &options), "just not too large");
}

/// Opens everything as an unlabelled document, and counts.
#[derive(Default)]
struct Skeleton(std::cell::Cell<u32>);

impl Decryptor for Skeleton {
    fn decrypt(&self, _: &[u8]) -> Result<Option<Decrypted>, String> {
        self.0.set(self.0.get() + 1);
        Ok(Some(Decrypted {
            bytes: Package::docx().build(),
            identity: None,
        }))
    }
}

#[test]
fn p_015_the_callers_key_is_for_other_passwords() {
    let content = workbook();
    let other = Agile {
        password: "another",
        ..Agile::default()
    };
    for (agile, asked) in [(Agile::default(), 0), (other, 1)] {
        let key = Skeleton::default();
        let mut options = ReadOptions::default();
        options.decryptor = Some(&key);
        let reading = read(agile.file(&content).as_slice(), &options);
        assert_eq!(key.0.get(), asked);
        let expected = if asked == 0 {
            Protection::BuiltInPassword
        } else {
            Protection::Password
        };
        assert_eq!(reading.protection, Some(expected));
    }
}

#[test]
fn p_015_writing_is_refused() {
    let bytes = Agile::default().file(&workbook());
    let options = write_with(TenantStorage::Unknown);
    assert_eq!(
        apply_refused(&bytes, &request(A, L2), &options),
        "protected"
    );
    assert_eq!(remove_refused(&bytes, A, &options), "protected");
    let error = plan_remove(&bytes, tenant(A), &options).unwrap_err();
    assert_eq!(error.to_string(), "protected: built_in_password");
    // Also with a key and a protector that don't know the file.
    let both = Loop::default();
    let mut options = write_with(TenantStorage::Unknown);
    options.protector = Some(&both);
    assert_eq!(
        apply_refused(&bytes, &request(A, L2), &options),
        "protected"
    );
}

#[cfg(feature = "text")]
#[test]
fn p_015_the_text_is_read_too() {
    use label_formats::text::{TextError, extract};

    let sheet = "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>4111 1111</t></is></c></row></sheetData></worksheet>";
    let content = Package::new(FileKind::Xlsx)
        .file("xl/worksheets/sheet1.xml", sheet.as_bytes())
        .build();
    let limits = label_formats::Limits::default();
    let clear = extract(content.as_slice(), &limits).unwrap();
    assert!(clear.content.contains("4111 1111"), "{clear:?}");
    let closed = Agile::default().file(&content);
    assert_eq!(extract(closed.as_slice(), &limits).unwrap(), clear);
    let other = Agile {
        password: "another",
        ..Agile::default()
    };
    assert!(matches!(
        extract(other.file(&content).as_slice(), &limits),
        Err(TextError::Unreadable(Status::Protected, _))
    ));
}

#[test]
fn p_015_genuine_workbooks_open() {
    let Some(folder) = std::env::var_os("LABEL_CORPUS") else {
        println!("corpus: LABEL_CORPUS is not set");
        return;
    };
    let folder = std::path::Path::new(&folder).join("protected");
    let mut opened = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let reading = read_named(&std::fs::read(&path).unwrap(), &name);
        let has_built_in = reading.protection == Some(Protection::BuiltInPassword);
        assert_eq!(
            has_built_in,
            name.ends_with("-standardpassword.xlsm"),
            "{name}"
        );
        if has_built_in {
            assert_eq!(reading.status, Status::Ok, "{name}: {:?}", reading.error);
            assert_eq!(reading.kind, Some(FileKind::Xlsm), "{name}");
            opened += 1;
        }
    }
    assert_eq!(opened, 2);
    println!("workbooks: {opened} with the built-in password");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn p_015_any_damage_of_the_description_is_survived(
        places in proptest::collection::vec((0_usize..2_000, 0_u8..), 1..6),
        len in 0_usize..2_400,
        older: bool,
    ) {
        let (mut info, package) = if older {
            standard("VelvetSweatshop", 128, b"PK")
        } else {
            Agile { turns: 1, ..Agile::default() }.streams(b"PK")
        };
        for (at, byte) in places {
            if let Some(place) = info.get_mut(at) { *place = byte; }
        }
        info.truncate(len);
        let reading = read_default(&compound(&[(INFO, &info), (PACKAGE, &package)]));
        proptest::prop_assert_ne!(reading.status, Status::Ok);
    }
}
