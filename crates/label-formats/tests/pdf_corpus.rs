//! Labels written into the PDFs of the corpus, and read back by the PDF library.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_core::LabelStorage;
use label_formats::{
    ApplyRequest, FileKind, PdfPlaces, PdfSave, ReadOptions, Reading, Status, TenantStorage,
    WriteOptions, apply, read,
};

use support::corpus::{Tally, each, manifest};
use support::{A, L1, L2, NOW_MS, applied, label, pdf, removed, tenant, write_with};

fn options(save: PdfSave) -> WriteOptions<'static> {
    let mut options = write_with(TenantStorage::Unknown);
    options.pdf_save = save;
    options
}

/// The labels of every tenant but ours.
fn others(reading: &Reading) -> Vec<(Option<label_core::TenantId>, String)> {
    let mut list: Vec<_> = reading
        .effective
        .iter()
        .filter(|one| one.tenant != Some(tenant(A)))
        .map(|one| (one.tenant, one.id_text.clone()))
        .collect();
    list.sort();
    list
}

/// The label as the library sees it in the information dictionary.
fn library_sees(bytes: &[u8], id: &str) -> bool {
    let keys = pdf::oracle(bytes).unwrap_or_default();
    keys.contains_key(&format!("MSIP_Label_{id}_Enabled"))
}

#[test]
fn r_050_f_128_f_136_every_pdf_that_may_be_written() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let before = read(bytes, &ReadOptions::default());
        if before.kind != Some(FileKind::Pdf) || before.status != Status::Ok {
            return;
        }
        for save in [PdfSave::Appended, PdfSave::Rewritten] {
            let options = options(save);
            let mut wanted = ApplyRequest::new(tenant(A), label(L1), NOW_MS);
            wanted.name = Some("Prüfung & \"x\"".to_owned());
            let (outcome, after) = match applied(bytes, &wanted, &options) {
                Ok(written) => written,
                Err(error) => {
                    let is_damaged = before
                        .diagnostics
                        .iter()
                        .any(|one| matches!(one.code.as_str(), "rebuilt" | "stray_bytes"));
                    let expected: &[&str] = match (before.protection, before.signed) {
                        (Some(_), _) => &["protected"],
                        (_, true) => &["signed"],
                        _ if is_damaged => &["malformed"],
                        _ => &[],
                    };
                    assert!(expected.contains(&error.code()), "{}: {error}", row.name);
                    tally.add(&format!("{save:?} refused: {}", error.code()));
                    continue;
                }
            };
            let pdf = outcome.pdf.unwrap();
            if save == PdfSave::Appended {
                assert!(after.starts_with(bytes), "{}", row.name);
            }
            let reading = read(&after[..], &ReadOptions::default());
            assert_eq!(others(&reading), others(&before), "{}", row.name);
            let has = |storage| {
                reading
                    .labels
                    .iter()
                    .any(|one| one.storage == storage && one.id == Some(label(L1)))
            };
            assert_eq!(has(LabelStorage::Info), pdf.places != PdfPlaces::XmpOnly);
            assert_eq!(has(LabelStorage::Xmp), pdf.places != PdfPlaces::InfoOnly);
            let is_seen = library_sees(&after, L1);
            assert_eq!(is_seen, has(LabelStorage::Info), "{}", row.name);
            tally.add(&format!("{save:?} applied, {:?}", pdf.places));

            let (_, replaced) = applied(
                &after,
                &ApplyRequest::new(tenant(A), label(L2), NOW_MS),
                &options,
            )
            .unwrap();
            let (_, bare) = removed(&replaced, A, &options).unwrap();
            let reading = read(&bare[..], &ReadOptions::default());
            assert_eq!(reading.effective_for(tenant(A)), None, "{}", row.name);
            assert_eq!(others(&reading), others(&before), "{}", row.name);
            assert!(!library_sees(&bare, L1) && !library_sees(&bare, L2));
            let is_residue =
                |id: &str| bare.windows(id.len()).any(|window| window == id.as_bytes());
            assert_eq!(is_residue(L1), save == PdfSave::Appended, "{}", row.name);
            tally.add(&format!("{save:?} replaced and removed"));
        }
    });
    tally.print("PDF written");
    assert!(tally.get("Appended applied, Both") >= 85);
    assert!(tally.get("Rewritten replaced and removed") >= 110);
}

/// A tenant's own label is replaced, and the old one is gone where that was asked for.
#[test]
fn r_050_f_136_real_labels_are_replaced_without_residue() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let before = read(bytes, &ReadOptions::default());
        let is_pdf = before.kind == Some(FileKind::Pdf) && before.status == Status::Ok;
        let [own] = before.effective.as_slice() else {
            return;
        };
        let (true, Some(of)) = (is_pdf && before.protection.is_none(), own.tenant) else {
            return;
        };
        for save in [PdfSave::Appended, PdfSave::Rewritten] {
            let mut out = Vec::new();
            let wanted = ApplyRequest::new(of, label(L1), NOW_MS);
            let outcome = apply(&bytes, &wanted, &options(save), &mut out).unwrap();
            assert_eq!(outcome.previous.as_ref(), Some(own));
            let remains = out
                .windows(36)
                .any(|window| window.eq_ignore_ascii_case(own.id_text.as_bytes()));
            let pdf = outcome.pdf.unwrap();
            if save == PdfSave::Rewritten {
                assert_eq!(pdf.previous_remains, remains, "{}", row.name);
            }
            tally.add(&format!(
                "{save:?}, the old label remains: {}",
                pdf.previous_remains
            ));
            let seen = pdf::oracle(&out).unwrap();
            assert!(
                seen.keys().all(|key| !key.contains(&own.id_text)),
                "{}",
                row.name
            );
        }
    });
    tally.print("labels replaced");
    assert_eq!(tally.get("Rewritten, the old label remains: false"), 24);
}

/// The label properties of the packet that the library finds, read with a general XML reader.
fn packet_of_the_library(bytes: &[u8]) -> Option<std::collections::BTreeMap<String, String>> {
    let document = std::panic::catch_unwind(|| lopdf::Document::load_mem(bytes).ok()).ok()??;
    if document.is_encrypted() || document.was_encrypted() {
        return None;
    }
    let metadata = document.catalog().ok()?.get(b"Metadata");
    let mut found = std::collections::BTreeMap::new();
    let Ok(metadata) = metadata else {
        return Some(found);
    };
    let (_, lopdf::Object::Stream(stream)) = document.dereference(metadata).ok()? else {
        return Some(found);
    };
    let content = if stream.dict.has(b"Filter") {
        stream.decompressed_content().ok()?
    } else {
        stream.content.clone()
    };
    let text = String::from_utf8(content).ok()?;
    let mut reader = quick_xml::NsReader::from_str(text.trim_end_matches('\0'));
    let mut inside: Option<(String, String)> = None;
    loop {
        use quick_xml::events::Event;
        use quick_xml::name::ResolveResult;
        let (resolved, event) = reader.read_resolved_event().ok()?;
        let is_pdfx = matches!(
            &resolved,
            ResolveResult::Bound(namespace) if namespace.as_ref() == "http://ns.adobe.com/pdfx/1.3/"
        );
        match event {
            Event::Start(start) if is_pdfx => {
                let name = start.local_name().as_ref().to_owned();
                inside = name
                    .to_lowercase()
                    .starts_with("msip_label_")
                    .then(|| (name, String::new()));
            }
            Event::Text(piece) => {
                if let Some((_, value)) = &mut inside {
                    value.push_str(&piece.xml10_content());
                }
            }
            Event::End(_) => {
                if let Some((name, value)) = inside.take() {
                    found.insert(name, value);
                }
            }
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

#[test]
fn f_120_f_123_every_packet_reads_as_the_library_finds_it() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        if reading.kind != Some(FileKind::Pdf) {
            return;
        }
        let Some(expected) = packet_of_the_library(bytes) else {
            tally.add("no second opinion");
            return;
        };
        let records: Vec<_> = reading
            .labels
            .iter()
            .filter(|record| record.storage == LabelStorage::Xmp)
            .collect();
        let ids: std::collections::BTreeSet<String> = expected
            .keys()
            .map(|key| key["MSIP_Label_".len()..][..36].to_lowercase())
            .collect();
        let read: std::collections::BTreeSet<String> = records
            .iter()
            .map(|record| record.id_text.clone())
            .collect();
        assert_eq!(read, ids, "{}", row.name);
        for record in &records {
            let value = |attribute: &str| {
                let key = format!("msip_label_{}_{attribute}", record.id_text);
                expected
                    .iter()
                    .find(|(name, _)| name.to_lowercase() == key)
                    .map(|(_, value)| value.clone())
            };
            assert_eq!(record.name, value("name"), "{}", row.name);
            assert_eq!(record.tenant_text, value("siteid"), "{}", row.name);
            assert_eq!(record.set_date, value("setdate"), "{}", row.name);
            assert_eq!(record.method, value("method"), "{}", row.name);
        }
        tally.add(if ids.is_empty() {
            "agree that there is none"
        } else {
            "agree on every label"
        });
    });
    tally.print("XMP");
    assert!(tally.get("agree on every label") >= 20);
    assert!(tally.get("agree that there is none") >= 90);
}
