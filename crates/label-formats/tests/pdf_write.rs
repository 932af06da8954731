//! Labels written into PDFs: appended or anew, in both places, and nothing else.
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

use label_core::LabelStorage;
use label_formats::{
    ApplyRequest, ByteSource, PdfPlaces, PdfSave, PdfSignatureOutlook, Reading, Status,
    TenantStorage, WriteError, WriteOptions, apply, plan_apply, read,
};

use support::pdf::{Pdf, deflate, description, info_of, oracle, packet, simple};
use support::pdf_forms::{OTHER_XMP, variants};
use support::{
    A, B, L1, L2, L3, applied, apply_refused, codes, effective, label, pairs, read_default,
    remove_refused, removed, request, tenant, within, write_with,
};

fn appended() -> WriteOptions<'static> {
    write_with(TenantStorage::Unknown)
}

fn rewritten() -> WriteOptions<'static> {
    let mut options = appended();
    options.pdf_save = PdfSave::Rewritten;
    options
}

fn named(of: &str, id: &str, name: &str) -> ApplyRequest {
    let mut request = request(of, id);
    request.name = Some(name.to_owned());
    request
}

/// What is not a label in the information dictionary, as the PDF library sees it.
fn other_info(bytes: &[u8]) -> BTreeMap<String, String> {
    let document = lopdf::Document::load_mem(bytes).unwrap();
    let Ok(info) = document.trailer.get(b"Info") else {
        return BTreeMap::new();
    };
    let Ok((_, lopdf::Object::Dictionary(info))) = document.dereference(info) else {
        return BTreeMap::new();
    };
    info.iter()
        .map(|(key, value)| (String::from_utf8_lossy(key).into_owned(), value))
        .filter(|(key, _)| !key.starts_with("MSIP"))
        .map(|(key, value)| (key, format!("{:?}", document.dereference(value).unwrap().1)))
        .collect()
}

/// The XMP packet, as the PDF library sees it.
fn xmp_of(bytes: &[u8]) -> String {
    let document = lopdf::Document::load_mem(bytes).unwrap();
    let metadata = document.catalog().unwrap().get(b"Metadata").unwrap();
    let (_, stream) = document.dereference(metadata).unwrap();
    let stream = stream.as_stream().unwrap();
    let content = if stream.dict.has(b"Filter") {
        stream.decompressed_content().unwrap()
    } else {
        stream.content.clone()
    };
    if content.starts_with(&[0xfe, 0xff]) {
        let units: Vec<u16> = content[2..]
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect();
        return String::from_utf16(&units).unwrap();
    }
    String::from_utf8(content).unwrap()
}

fn has_both_places(reading: &Reading, id: &str) {
    let storages: Vec<LabelStorage> = reading
        .labels
        .iter()
        .filter(|record| record.id == Some(label(id)))
        .map(|record| record.storage)
        .collect();
    assert_eq!(storages, [LabelStorage::Xmp, LabelStorage::Info]);
}

#[test]
fn f_128_f_055_appended_in_every_form_of_cross_reference() {
    for (name, before) in variants() {
        assert_eq!(
            effective(&read_default(&before)),
            pairs(&[(A, L1)]),
            "{name}"
        );
        let (outcome, after) =
            applied(&before, &named(A, L2, "Öffentlich (neu)"), &appended()).unwrap();
        assert!(after.starts_with(&before), "{name}");
        let new = &after[before.len()..];
        let text = String::from_utf8_lossy(new);
        assert!(!text.contains("%PDF-"), "{name}");
        assert!(!text.contains("/XRefStm"), "{name}");
        assert!(text.ends_with("%%EOF\n"), "{name}");
        let is_stream = name.contains("stream");
        assert_eq!(text.contains("/Type /XRef"), is_stream, "{name}: {text}");
        assert_eq!(text.contains("trailer\n"), !is_stream, "{name}");
        // `/Prev` leads to the section that counted before.
        let start = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let rest = text.rsplit("startxref").next().unwrap().trim().to_owned();
            rest.lines().next().unwrap().to_owned()
        };
        let previous = format!("/Prev {}", start(&before));
        assert!(text.contains(&previous), "{name}");

        let reading = read_default(&after);
        assert_eq!(reading.status, Status::Ok, "{name}");
        assert_eq!(effective(&reading), pairs(&[(A, L2)]), "{name}");
        has_both_places(&reading, L2);
        // Only the label that is gone is odd.
        assert_eq!(codes(&reading), ["stale_revision"], "{name}");
        let pdf = outcome.pdf.unwrap();
        assert_eq!((pdf.save, pdf.places), (PdfSave::Appended, PdfPlaces::Both));
        assert!(pdf.previous_remains && !pdf.was_linearized);
        assert_eq!(outcome.previous.unwrap().id_text, L1);

        let info = oracle(&after).unwrap();
        let key = |attribute: &str| format!("MSIP_Label_{L2}_{attribute}");
        assert_eq!(info[&key("Name")], "Öffentlich (neu)", "{name}");
        assert_eq!(info[&key("SetDate")], "2024-05-06T07:08:09Z", "{name}");
        assert!(info.keys().all(|key| key.contains(L2)), "{name}");
        assert_eq!(other_info(&after), other_info(&before), "{name}");
    }
}

#[test]
fn f_053_f_128_twice_is_once_and_further_updates_chain() {
    for (name, before) in variants() {
        let (_, one) = applied(&before, &request(A, L2), &appended()).unwrap();
        let (outcome, again) = applied(&one, &request(A, L2), &appended()).unwrap();
        assert!(!outcome.changed && again == one, "{name}");
        let (_, two) = applied(&one, &request(B, L3), &appended()).unwrap();
        assert!(two.starts_with(&one), "{name}");
        assert_eq!(
            effective(&read_default(&two)),
            pairs(&[(A, L2), (B, L3)]),
            "{name}"
        );
        let (_, three) = removed(&two, A, &appended()).unwrap();
        assert_eq!(
            effective(&read_default(&three)),
            pairs(&[(B, L3)]),
            "{name}"
        );
        assert_eq!(
            oracle(&three).unwrap().len(),
            oracle(&two).unwrap().len() / 2
        );
    }
}

#[test]
fn f_130_both_places_say_the_same_each_in_its_encoding() {
    let plain = simple(Some("<<>>"), Some(packet("").as_bytes()));
    for (value, in_info) in [
        ("General", "(General)"),
        ("a (b) \\ c", "(a \\(b\\) \\\\ c)"),
        (
            "Ö & <x> \"y\"",
            "<FEFF00D6002000260020003C0078003E0020002200790022>",
        ),
        ("line\nbreak", "<FEFF"),
        ("𝄞", "<FEFFD834DD1E>"),
        ("", "()"),
    ] {
        let (_, after) = applied(&plain, &named(A, L1, value), &appended()).unwrap();
        let text = String::from_utf8_lossy(&after[plain.len()..]).into_owned();
        let key = format!("/MSIP_Label_{L1}_Name ");
        let written = text.split(&key).nth(1).unwrap();
        assert!(written.starts_with(in_info), "{value}: {written}");
        let reading = read_default(&after);
        for record in &reading.labels {
            assert_eq!(record.name.as_deref(), Some(value));
        }
        has_both_places(&reading, L1);
        assert_eq!(oracle(&after).unwrap()[&key[1..key.len() - 1]], value);
    }
}

#[test]
fn f_131_missing_places_are_made() {
    let with_info = simple(Some(OTHER_ONLY), None);
    let with_xmp = simple(None, Some(packet(OTHER_XMP).as_bytes()));
    let neither = simple(None, None);
    let gone = {
        let mut pdf = Pdf::page("/Metadata 77 0 R");
        pdf.table("/Info 78 0 R");
        pdf.bytes
    };
    let nothing = {
        let mut pdf = Pdf::page("/Metadata null");
        pdf.object(4, "null");
        pdf.table("/Info 4 0 R");
        pdf.bytes
    };
    for before in [with_info, with_xmp, neither, gone, nothing] {
        for options in [appended(), rewritten()] {
            let (outcome, after) = applied(&before, &named(A, L1, "x"), &options).unwrap();
            let reading = read_default(&after);
            assert_eq!(effective(&reading), pairs(&[(A, L1)]));
            has_both_places(&reading, L1);
            assert_eq!(codes(&reading), [""; 0]);
            assert!(!outcome.pdf.unwrap().previous_remains);
            assert_eq!(oracle(&after).unwrap().len(), 6);
            assert!(xmp_of(&after).contains(&format!("<pdfx:MSIP_Label_{L1}_Enabled>true<")));
            assert_eq!(other_info(&after), other_info(&before));
            // What is made anew has no other metadata than the label.
            let (_, bare) = removed(&after, A, &options).unwrap();
            assert_eq!(effective(&read_default(&bare)), []);
        }
    }
}

const OTHER_ONLY: &str = "<</Title(T)>>";

#[test]
fn f_132_xmp_around_the_label_stays_byte_for_byte() {
    let before = packet(&format!("{OTHER_XMP}{}", description(L1, A)));
    let file = simple(None, Some(before.as_bytes()));
    let (_, after) = applied(&file, &request(A, L2), &appended()).unwrap();
    let after = xmp_of(&after);
    let (head, tail) = before.split_once(&description(L1, A)).unwrap();
    assert!(after.starts_with(head), "{after}");
    assert!(after.ends_with(tail), "{after}");
    // In the same description, with the prefix that is declared there.
    let label = &after[head.len()..after.len() - tail.len()];
    assert_eq!(label.matches("xmlns:pdfx").count(), 1, "{label}");
    assert_eq!(label.matches("rdf:Description").count(), 2, "{label}");
    assert!(!label.contains(L1), "{label}");

    // Another prefix, declared further out, and reused.
    let body = "<rdf:Description rdf:about=\"uuid:1\"/>";
    let before = packet(body).replace(
        "<rdf:RDF ",
        "<rdf:RDF xmlns:q=\"http://ns.adobe.com/pdfx/1.3/\" ",
    );
    let file = simple(None, Some(before.as_bytes()));
    let (_, after) = applied(&file, &request(A, L2), &appended()).unwrap();
    let after = xmp_of(&after);
    let opened = format!("<rdf:Description rdf:about=\"uuid:1\"><q:MSIP_Label_{L2}_Enabled>true<");
    assert!(after.contains(&opened), "{after}");
    assert!(!after.contains("xmlns:pdfx"), "{after}");

    // A prefix that means something else inside is not mistaken, and a new description is about the
    // same thing.
    let body = "<rdf:Description rdf:about=\"uuid:1\" xmlns:q=\"urn:other\"/>";
    let before = packet(body).replace(
        "<rdf:RDF ",
        "<rdf:RDF xmlns:q=\"http://ns.adobe.com/pdfx/1.3/\" ",
    );
    let file = simple(None, Some(before.as_bytes()));
    let (_, after) = applied(&file, &request(A, L2), &appended()).unwrap();
    let after = xmp_of(&after);
    assert!(after.contains(body), "{after}");
    assert!(
        after.contains("<rdf:Description rdf:about=\"uuid:1\" xmlns:pdfx="),
        "{after}"
    );

    // Zeros behind the packet stay too.
    let padded = [packet(OTHER_XMP).as_bytes(), &[0; 40]].concat();
    let file = simple(None, Some(&padded));
    let (_, after) = applied(&file, &request(A, L2), &appended()).unwrap();
    assert!(xmp_of(&after).ends_with(&"\0".repeat(40)));
}

#[test]
fn f_133_removal_clears_both_places_in_every_spelling_and_nothing_else() {
    let xmp = packet(&format!(
        "{OTHER_XMP}<rdf:Description rdf:about='' xmlns:p='http://ns.adobe.com/pdfx/1.3/' p:MSIP_Label_{L1}_Enabled='true' p:Company=\"x\" p:MSIP_Label_{L1}_SiteId = \"{A}\"><p:msip_label_{{{L1}}}_Name>n</p:msip_label_{{{L1}}}_Name><p:Other>o</p:Other><p:MSIP_Label_{L3}_Enabled>true</p:MSIP_Label_{L3}_Enabled><p:MSIP_Label_{L3}_SiteId>{B}</p:MSIP_Label_{L3}_SiteId></rdf:Description>"
    ));
    let info = format!(
        "<</Company(x) /MSIP#5FLabel_{L1}_Enabled(true)/MSIP_Label_{L1}_SiteId({A}) /msip_label_{L1}_name <FEFF006E>%c\n/MSIP_Label_x 1/Sensitivity(n)/MSIP_Label_{L3}_Enabled(true)/MSIP_Label_{L3}_SiteId({B})>>"
    );
    let before = simple(Some(&info), Some(xmp.as_bytes()));
    assert_eq!(
        effective(&read_default(&before)),
        pairs(&[(A, L1), (B, L3)])
    );
    for options in [appended(), rewritten()] {
        let (outcome, after) = removed(&before, A, &options).unwrap();
        assert_eq!(outcome.new, None);
        assert_eq!(effective(&read_default(&after)), pairs(&[(B, L3)]));
        let new_xmp = xmp_of(&after);
        let expected = xmp
            .replace(&format!(" p:MSIP_Label_{L1}_Enabled='true'"), "")
            .replace(&format!(" p:MSIP_Label_{L1}_SiteId = \"{A}\""), "")
            .replace(
                &format!("<p:msip_label_{{{L1}}}_Name>n</p:msip_label_{{{L1}}}_Name>"),
                "",
            );
        assert_eq!(new_xmp, expected);
        let other = other_info(&before);
        let mut expected: Vec<&String> = other.keys().collect();
        expected.retain(|key| !key.starts_with("msip") && *key != "Sensitivity");
        assert_eq!(other_info(&after).keys().collect::<Vec<_>>(), expected);
        // Whoever has no label changes nothing.
        let (outcome, same) = removed(&after, A, &appended()).unwrap();
        assert!(!outcome.changed && same == after);
    }
}

#[test]
fn f_064_r_139_a_parent_goes_with_its_child_and_other_tenants_stay() {
    let info = format!(
        "<</MSIP_Label_{L1}_Enabled(true)/MSIP_Label_{L1}_SiteId({A})/MSIP_Label_{L1}_Parent({L2})/MSIP_Label_{L2}_Enabled(true)/MSIP_Label_{L2}_SiteId({A})/MSIP_Label_{L3}_Enabled(true)/MSIP_Label_{L3}_SiteId({B})>>"
    );
    // One place has the label without its tenant.
    let xmp = packet(&description(L1, A).replace(
        &format!("<pdfx:MSIP_Label_{L1}_SiteId>{A}</pdfx:MSIP_Label_{L1}_SiteId>"),
        "",
    ));
    let before = simple(Some(&info), Some(xmp.as_bytes()));
    let (_, after) = removed(&before, A, &rewritten()).unwrap();
    assert_eq!(effective(&read_default(&after)), pairs(&[(B, L3)]));
    assert!(!holds(&after, L1) && !holds(&after, L2));
    // V-04: the names have room for one tenant's label only.
    let collision = apply_refused(&before, &request(A, L3), &appended());
    assert_eq!(collision, "name_collision");
}

#[test]
fn f_122_r_139_of_a_tenant_that_is_named_twice_the_last_counts_when_writing_too() {
    let info = format!(
        "<</MSIP_Label_{L1}_Enabled(false)/MSIP_Label_{L1}_SiteId({A})/MSIP_Label_{L1}_SiteId({B})>>"
    );
    let before = simple(Some(&info), None);
    for options in [appended(), rewritten()] {
        let (_, labelled) = applied(&before, &request(A, L2), &options).unwrap();
        let (_, after) = removed(&labelled, A, &options).unwrap();
        let owner = |bytes: &[u8]| read_default(bytes).labels[0].tenant_text.clone();
        assert_eq!(owner(&after).as_deref(), Some(B));
        assert_eq!(other_info(&after), other_info(&before));
    }
    let collision = apply_refused(&before, &request(A, L1), &appended());
    assert_eq!(collision, "name_collision");
}

fn holds(bytes: &[u8], needle: &str) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    text.contains(needle)
}

#[test]
fn f_136_rewritten_files_hold_nothing_of_the_label_before() {
    for (name, before) in variants() {
        // An earlier revision with the label, and one without.
        let (_, twice) = applied(&before, &request(B, L3), &appended()).unwrap();
        for (what, bytes) in [(name, before), ("and an update", twice)] {
            let (outcome, after) = removed(&bytes, A, &rewritten()).unwrap();
            let pdf = outcome.pdf.unwrap();
            assert!(!pdf.previous_remains, "{name} {what}");
            assert!(!holds(&after, L1), "{name} {what}");
            let reading = read_default(&after);
            assert!(
                codes(&reading).is_empty(),
                "{name} {:?}",
                reading.diagnostics
            );
            // Object streams too, which have to be looked into.
            let document = lopdf::Document::load_mem(&after).unwrap();
            for object in document.objects.values() {
                assert!(!format!("{object:?}").contains(L1), "{name} {what}");
            }
            assert_eq!(document.get_pages().len(), 1);
            assert_eq!(other_info(&after), other_info(&bytes), "{name} {what}");
            assert!(after.starts_with(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"));
            assert_eq!(after.windows(5).filter(|five| five == b"%%EOF").count(), 1);
        }
    }
    // Nothing of the current revision, and the history has it.
    let (_, labelled) = applied(&simple(None, None), &request(A, L1), &appended()).unwrap();
    let (_, unlabelled) = removed(&labelled, A, &appended()).unwrap();
    assert!(holds(&unlabelled, L1));
    assert_eq!(codes(&read_default(&unlabelled)), ["stale_revision"]);
    let (outcome, clean) = removed(&unlabelled, A, &rewritten()).unwrap();
    assert!(outcome.changed && !holds(&clean, L1));
    assert!(codes(&read_default(&clean)).is_empty());
}

/// Files whose current revision says nothing more of L3, and where somebody would still find it.
fn haunted() -> Vec<(&'static str, Vec<u8>)> {
    let mut list = Vec::new();
    let mut pdf = Pdf::page("");
    pdf.table(&format!("/Info {}", info_of(L3, A)));
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    list.push(("a direct Info in an earlier revision", pdf.bytes));
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L3, A));
    pdf.table("/Info 4 0 R");
    for _ in 0..20 {
        pdf.object(4, &info_of(L1, A));
        pdf.table("/Info 4 0 R");
    }
    list.push(("twenty revisions back", pdf.bytes));
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    pdf.object(6, &info_of(L3, A));
    pdf.table("/Info 4 0 R");
    list.push(("an object that nothing refers to", pdf.bytes));
    let mut pdf = Pdf::page("");
    pdf.object_stream(8, &[(4, &info_of(L1, A)), (6, &info_of(L3, A))]);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    list.push(("the same in an object stream", pdf.bytes));
    let mut pdf = Pdf::page("");
    let metadata = "/Type/Metadata/Subtype/XML/Filter/FlateDecode";
    pdf.stream(
        5,
        metadata,
        &deflate(packet(&description(L3, A)).as_bytes()),
    );
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    list.push(("a packed packet that nothing refers to", pdf.bytes));
    list
}

/// Whether a label's id is anywhere, packed or not.
fn mentions(bytes: &[u8], id: &str) -> bool {
    holds(bytes, id)
        || lopdf::Document::load_mem(bytes)
            .unwrap()
            .objects
            .values()
            .any(|object| {
                let unpacked = object
                    .as_stream()
                    .ok()
                    .and_then(|one| one.decompressed_content().ok());
                format!("{object:?}").contains(id)
                    || unpacked.is_some_and(|bytes| holds(&bytes, id))
            })
}

#[test]
fn f_136_f_053_rewriting_clears_what_no_longer_counts_and_then_changes_nothing() {
    for (what, bytes) in haunted() {
        assert!(mentions(&bytes, L3) || what.contains("stream"), "{what}");
        assert_eq!(
            effective(&read_default(&bytes)),
            pairs(&[(A, L1)]),
            "{what}"
        );
        // The label that is there already; none of another tenant.
        for result in [
            applied(&bytes, &request(A, L1), &rewritten()),
            removed(&bytes, B, &rewritten()),
        ] {
            let (outcome, after) = result.unwrap();
            assert!(outcome.changed, "{what}");
            assert!(!outcome.pdf.unwrap().previous_remains, "{what}");
            assert!(!mentions(&after, L3), "{what}");
            assert_eq!(
                effective(&read_default(&after)),
                pairs(&[(A, L1)]),
                "{what}"
            );
            assert_eq!(outcome.previous, outcome.new);
            // Nothing is left to do.
            for result in [
                applied(&after, &request(A, L1), &rewritten()),
                removed(&after, B, &rewritten()),
            ] {
                let (outcome, same) = result.unwrap();
                assert!(!outcome.changed && same == after, "{what}");
            }
        }
        // What is appended has nothing to change.
        let (outcome, _) = applied(&bytes, &request(A, L1), &appended()).unwrap();
        assert!(!outcome.changed, "{what}");
    }
    // A file without any label stays as it is, however it would be written.
    for (name, bytes) in variants() {
        let (_, bare) = removed(&bytes, A, &rewritten()).unwrap();
        let (outcome, _) = removed(&bare, A, &rewritten()).unwrap();
        assert!(!outcome.changed, "{name}");
    }
}

#[test]
fn f_136_what_remains_of_the_label_before_is_told() {
    let note = |id: &str| format!("<</Type/Annot/Contents(was {id})>>");
    let with_note = |body: &[u8], packed: bool| {
        let mut pdf = Pdf::page("/Extra 6 0 R/Metadata 7 0 R");
        pdf.object(4, &info_of(L1, A));
        if packed {
            pdf.object_stream(8, &[(6, std::str::from_utf8(body).unwrap())]);
        } else {
            pdf.object_bytes(6, body);
        }
        pdf.stream(7, "/Type/Metadata/Subtype/XML", packet("").as_bytes());
        pdf.xref_stream(9, "/Info 4 0 R", false);
        pdf.bytes
    };
    let wide: Vec<u8> = format!("\u{feff}{L1}")
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let wide = [b"<</Contents(".as_slice(), &wide, b")>>"].concat();
    for (what, bytes, remains) in [
        ("a note", with_note(note(L1).as_bytes(), false), true),
        ("a packed note", with_note(note(L1).as_bytes(), true), true),
        ("a note in UTF-16", with_note(&wide, false), true),
        (
            "a note of something else",
            with_note(note(L3).as_bytes(), true),
            false,
        ),
    ] {
        let (outcome, _) = applied(&bytes, &request(A, L2), &rewritten()).unwrap();
        assert_eq!(outcome.pdf.unwrap().previous_remains, remains, "{what}");
        // Appended, the earlier revision has it.
        let (outcome, _) = applied(&bytes, &request(A, L2), &appended()).unwrap();
        assert!(outcome.pdf.unwrap().previous_remains, "{what}");
        // The same label with another name is no earlier one.
        for options in [appended(), rewritten()] {
            let mut options = options;
            options.force = true;
            let (outcome, _) = applied(&bytes, &named(A, L1, "new"), &options).unwrap();
            assert!(!outcome.pdf.unwrap().previous_remains, "{what}");
        }
    }
}

#[test]
fn f_136_rewriting_keeps_every_object_that_counts_byte_for_byte() {
    let mut pdf = Pdf::page("/Metadata 5 0 R/Names<</Weird#20name 12 0 R>>");
    pdf.object(
        12,
        "[1.50 -0.0 +3 (a\\\n b) <4 1> /N#41 null true 13 0 R 99 0 R]",
    );
    // Shares an object, and a length that stands behind the stream.
    pdf.stream(13, "/Data[12 0 R]", b"data endobj 4 0 obj");
    pdf.object_bytes(14, b"<</Length 15 0 R/X 16 0 R>>stream\nabc\nendstream");
    pdf.object(15, "3");
    pdf.object(16, "(reached by 14 only)");
    pdf.object(17, "(never reached)");
    pdf.object_stream(
        8,
        &[(18, "(in a stream)"), (19, "(in a stream, never reached)")],
    );
    pdf.object(20, "[14 0 R 18 0 R]");
    pdf.stream(
        5,
        "/Type/Metadata/Subtype/XML/Of 20 0 R",
        packet("").as_bytes(),
    );
    pdf.xref_stream(9, "/Custom[1 2]", true);
    let before = pdf.bytes;
    let (_, after) = applied(&before, &request(A, L1), &rewritten()).unwrap();
    let text = String::from_utf8_lossy(&after).into_owned();
    for kept in [
        "12 0 obj\n[1.50 -0.0 +3 (a\\\n b) <4 1> /N#41 null true 13 0 R 99 0 R]\nendobj",
        "data endobj 4 0 obj\nendstream\nendobj",
        "14 0 obj\n<</Length 15 0 R/X 16 0 R>>stream\nabc\nendstream\nendobj",
        "(reached by 14 only)",
        "/Custom [1 2]",
        "/Of 20 0 R",
    ] {
        assert!(text.contains(kept), "{kept}\n{text}");
    }
    assert!(!text.contains("never reached"));
    let one = lopdf::Document::load_mem(&before).unwrap();
    let two = lopdf::Document::load_mem(&after).unwrap();
    for number in [1, 2, 3, 12, 13, 14, 15, 16, 18, 20] {
        let id = (number, 0);
        let (old, new) = (one.get_object(id).unwrap(), two.get_object(id).unwrap());
        assert_eq!(format!("{old:?}"), format!("{new:?}"), "{number}");
    }
    assert!(two.get_object((17, 0)).is_err() && two.get_object((19, 0)).is_err());
}

/// Pages that are their own parents, and other circles, are followed once.
#[test]
fn f_009_f_136_circles_of_references_come_to_an_end() {
    let mut pdf = Pdf::new();
    pdf.object(1, "<</Type/Catalog/Pages 2 0 R/Self 1 0 R/Chain 8 0 R>>");
    pdf.object(
        2,
        "<</Type/Pages/Kids[2 0 R 3 0 R 2 0 R]/Parent 3 0 R/Count 99>>",
    );
    pdf.object(
        3,
        "<</Type/Page/Parent 2 0 R/Kids[2 0 R]/MediaBox[0 0 9 9]>>",
    );
    pdf.object(8, "9 0 R");
    pdf.object(9, "8 0 R");
    pdf.table("");
    for options in [appended(), rewritten()] {
        let (_, after) = applied(&pdf.bytes, &request(A, L1), &options).unwrap();
        assert_eq!(effective(&read_default(&after)), pairs(&[(A, L1)]));
        let text = String::from_utf8_lossy(&after).into_owned();
        assert_eq!(text.matches("/Kids[2 0 R 3 0 R 2 0 R]").count(), 1);
    }
}

#[test]
fn nothing_is_written_where_a_hidden_section_is_damaged() {
    let mut pdf = Pdf::new();
    pdf.object(1, "<</Type/Catalog/Pages 2 0 R>>");
    pdf.object(4, &info_of(L1, A));
    let page = "<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>";
    pdf.object_stream(8, &[(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>"), (3, page)]);
    pdf.hybrid(9, "/Info 4 0 R");
    let (_, after) = applied(&pdf.bytes, &request(A, L2), &rewritten()).unwrap();
    let document = lopdf::Document::load_mem(&after).unwrap();
    assert_eq!(document.get_pages().len(), 1);
    let mark = b"/Type/XRef";
    let at = pdf.bytes.windows(mark.len()).position(|ten| ten == mark);
    pdf.bytes[at.unwrap() + 2] = b'n';
    assert_eq!(effective(&read_default(&pdf.bytes)), pairs(&[(A, L1)]));
    // Other programs may not find the pages, which are in no other section.
    for options in [appended(), rewritten()] {
        let refused = apply_refused(&pdf.bytes, &request(A, L2), &options);
        assert_eq!(refused, "malformed");
    }
}

#[test]
fn a_number_at_the_end_of_an_object_stream_is_read_and_kept() {
    let mut pdf = Pdf::page("/Extra 19 0 R");
    pdf.object_stream(8, &[(4, &info_of(L1, A)), (19, "10")]);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    let (_, after) = applied(&pdf.bytes, &request(A, L2), &rewritten()).unwrap();
    let document = lopdf::Document::load_mem(&after).unwrap();
    let number = document.get_object((19, 0)).unwrap();
    assert_eq!(number.as_i64().unwrap(), 10);
    // As the value of a property too.
    let mut pdf = Pdf::page("");
    let info = info_of(L1, A).replace(">>", &format!("/MSIP_Label_{L1}_ContentBits 19 0 R>>"));
    pdf.object_stream(8, &[(4, &info), (19, "8")]);
    pdf.xref_stream(9, "/Info 4 0 R", false);
    assert_eq!(read_default(&pdf.bytes).labels[0].content_bits, Some(8));
}

#[test]
fn f_129_what_can_not_be_appended_to_is_rewritten_on_request_only() {
    let plain = simple(Some(&info_of(L1, A)), None);
    let behind = |from_header: bool| {
        let mut pdf = Pdf::behind(b"junk\n", from_header);
        pdf.page_objects("");
        pdf.object(4, &info_of(L1, A));
        pdf.table("/Info 4 0 R");
        pdf.bytes
    };
    let no_table = {
        let text = String::from_utf8_lossy(&plain).into_owned();
        let at = text.rfind("startxref\n").unwrap();
        // Offsets of bytes, which the replacement of the mark would move.
        let at = plain.len() - (text.len() - at);
        [&plain[..at], b"startxref\n7\n%%EOF\n"].concat()
    };
    for before in [behind(false), behind(true), no_table] {
        assert_eq!(effective(&read_default(&before)), pairs(&[(A, L1)]));
        assert_eq!(
            apply_refused(&before, &request(A, L2), &appended()),
            "malformed"
        );
        assert_eq!(remove_refused(&before, A, &appended()), "malformed");
        let (_, after) = applied(&before, &request(A, L2), &rewritten()).unwrap();
        assert!(after.starts_with(b"%PDF-1.7\n"));
        let reading = read_default(&after);
        assert_eq!(effective(&reading), pairs(&[(A, L2)]));
        assert!(codes(&reading).is_empty(), "{:?}", reading.diagnostics);
        assert_eq!(oracle(&after).unwrap().len(), 5);
        assert!(!holds(&after, L1));
    }
}

#[test]
fn f_129_rewriting_mends_lengths_and_missing_ends() {
    let mut pdf = Pdf::page("/Extra[21 0 R 22 0 R]");
    pdf.object_bytes(21, b"<</Length 9999/Keep(x)>>stream\nshort\nendstream");
    pdf.bytes.extend(b"22 0 obj\n(no end)\n");
    pdf.object(23, "null");
    pdf.table("");
    // The table has no 22: it is found by looking at the file.
    let at = pdf.bytes.len() - 12;
    pdf.bytes.truncate(at);
    let before = pdf.bytes;
    assert_eq!(codes(&read_default(&before)), ["rebuilt"]);
    let (_, after) = applied(&before, &request(A, L1), &rewritten()).unwrap();
    let text = String::from_utf8_lossy(&after).into_owned();
    assert!(
        text.contains("/Keep(x)/Length 6\n>>\nstream\nshort\n"),
        "{text}"
    );
    assert!(text.contains("22 0 obj\n(no end)\nendobj\n"), "{text}");
    let document = lopdf::Document::load_mem(&after).unwrap();
    assert_eq!(
        document.get_object((22, 0)).unwrap().as_str().unwrap(),
        b"no end"
    );
}

/// A packet of a PDF/A document.
fn pdf_a(part: u8, more: &str) -> String {
    packet(&format!(
        "<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"><pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>{more}"
    ))
}

fn described(name: &str) -> String {
    format!("<pdfaProperty:name>{name}</pdfaProperty:name>")
}

#[test]
fn f_134_pdf_a_1_to_3_describe_every_property() {
    for part in 1..=3 {
        for options in [appended(), rewritten()] {
            let before = simple(Some("<</Title(T)>>"), Some(pdf_a(part, "").as_bytes()));
            let (outcome, after) = applied(&before, &named(A, L1, "n"), &options).unwrap();
            let pdf = outcome.pdf.unwrap();
            assert_eq!((pdf.pdf_a_part, pdf.places), (Some(part), PdfPlaces::Both));
            let xmp = xmp_of(&after);
            for attribute in [
                "Enabled",
                "SetDate",
                "Method",
                "Name",
                "SiteId",
                "ContentBits",
            ] {
                let name = format!("MSIP_Label_{L1}_{attribute}");
                assert_eq!(xmp.matches(&described(&name)).count(), 1, "{xmp}");
            }
            assert_eq!(xmp.matches("<pdfaExtension:schemas>").count(), 1);
            assert!(xmp.contains(&format!(
                "<pdfaid:part>{part}</pdfaid:part><pdfaid:conformance>B<"
            )));
            // Another label: the descriptions change with it. No label: no list.
            let (_, other) = applied(&after, &request(A, L2), &options).unwrap();
            let xmp = xmp_of(&other);
            assert!(!xmp.contains(L1), "{xmp}");
            assert_eq!(xmp.matches("<pdfaProperty:name>").count(), 5, "{xmp}");
            assert_eq!(xmp.matches("<pdfaExtension:schemas>").count(), 1);
            let (_, none) = removed(&other, A, &options).unwrap();
            let xmp = xmp_of(&none);
            assert!(!xmp.contains("pdfaExtension") && !xmp.contains(L2), "{xmp}");
            assert!(xmp.contains("pdfaid:part"));
        }
    }
}

#[test]
fn f_132_f_134_odd_packets_get_a_label_where_others_look_for_it() {
    let pdfx = "xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\"";
    let rdf = "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"";
    let id = "xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"";
    for (what, xmp) in [
        // One element that is opened for two additions.
        (
            "an empty RDF",
            format!("<x {id} pdfaid:part=\"2\"><rdf:RDF {rdf}/></x>"),
        ),
        // Inside a structure it would be a label of something else.
        (
            "a description further in",
            format!(
                "<rdf:RDF {rdf}><rdf:Bag><rdf:li><rdf:Description {pdfx}><pdfx:a>b</pdfx:a></rdf:Description></rdf:li></rdf:Bag></rdf:RDF>"
            ),
        ),
    ] {
        let before = simple(Some("<<>>"), Some(xmp.as_bytes()));
        let (_, after) = applied(&before, &request(A, L1), &appended()).unwrap();
        has_both_places(&read_default(&after), L1);
        let new = xmp_of(&after);
        let way = way_to_label(&new);
        assert_eq!(way, ["Description"], "{what}: {new}");
        let (_, bare) = removed(&after, A, &appended()).unwrap();
        assert!(!xmp_of(&bare).contains("MSIP"), "{what}");
    }
}

/// What the elements are in which a label's properties stand, right inside the RDF.
fn way_to_label(xmp: &str) -> Vec<String> {
    let body = xmp.split_once("<rdf:RDF").unwrap().1;
    let place = body.find("<pdfx:MSIP_Label_").unwrap();
    let open = &body[..place];
    // Everything that was opened before it and not closed again.
    let mut way: Vec<String> = Vec::new();
    for tag in open.split('<').skip(1) {
        let name: String = tag.chars().take_while(|c| !" />".contains(*c)).collect();
        if let Some(stripped) = tag.strip_prefix('/') {
            let _ = stripped;
            way.pop();
        } else if !tag.split('>').next().unwrap().ends_with('/') {
            way.push(name.trim_start_matches("rdf:").to_owned());
        }
    }
    way
}

#[test]
fn f_133_a_packet_whose_label_stays_is_not_said_to_follow() {
    // Not RDF, though it looks like it: nothing in it is a property.
    let xmp = packet(&description(L1, A)).replace("www.w3.org", "www.w1.org");
    let before = simple(Some(&info_of(L1, A)), Some(xmp.as_bytes()));
    let (outcome, after) = removed(&before, A, &appended()).unwrap();
    assert_eq!(outcome.pdf.unwrap().places, PdfPlaces::InfoOnly);
    assert_eq!(xmp_of(&after), xmp);
    // One that doesn't name the label has nothing to follow.
    let before = simple(Some(&info_of(L1, A)), Some(packet("").as_bytes()));
    let (outcome, _) = removed(&before, A, &appended()).unwrap();
    assert_eq!(outcome.pdf.unwrap().places, PdfPlaces::Both);
}

#[test]
fn an_information_dictionary_that_is_the_catalog_is_refused() {
    for metadata in ["", "/Metadata 5 0 R"] {
        let mut pdf = Pdf::page(metadata);
        pdf.stream(5, "/Type/Metadata/Subtype/XML", packet("").as_bytes());
        pdf.table("/Info 1 0 R");
        for options in [appended(), rewritten()] {
            let refused = apply_refused(&pdf.bytes, &request(A, L1), &options);
            assert_eq!(refused, "malformed", "{metadata}");
        }
    }
}

#[test]
fn f_136_rewritten_rows_point_at_the_digit() {
    let mut pdf = Pdf::page("");
    pdf.object(4, &info_of(L1, A));
    pdf.table("/Info 4 0 R");
    // A row that points at the line end before its object.
    let at = pdf
        .bytes
        .windows(7)
        .position(|seven| seven == b"3 0 obj")
        .unwrap();
    let (right, wrong) = (
        format!("{at:010} 00000 n"),
        format!("{:010} 00000 n", at - 1),
    );
    let place = pdf
        .bytes
        .windows(18)
        .position(|row| row == right.as_bytes())
        .unwrap();
    pdf.bytes[place..place + 18].copy_from_slice(wrong.as_bytes());
    let (_, after) = applied(&pdf.bytes, &request(A, L2), &rewritten()).unwrap();
    let text = String::from_utf8_lossy(&after).into_owned();
    let table = &text[text.rfind("\nxref").unwrap()..];
    let mut rows = 0;
    for row in table.lines().filter(|row| row.ends_with(" n ")) {
        let offset: usize = row[..10].parse().unwrap();
        assert!(after[offset].is_ascii_digit(), "{row}");
        rows += 1;
    }
    assert!(rows >= 4);
}

#[test]
fn f_134_descriptions_of_properties_that_are_gone_go_too() {
    let before = simple(None, Some(pdf_a(2, "").as_bytes()));
    let (_, labelled) = applied(&before, &request(A, L1), &rewritten()).unwrap();
    // Another program takes the property off, and leaves its description and the Info entry.
    let xmp = xmp_of(&labelled);
    let name = format!("MSIP_Label_{L1}_SetDate");
    let start = xmp.find(&format!("<pdfx:{name}>")).unwrap();
    let end = xmp.find(&format!("</pdfx:{name}>")).unwrap() + name.len() + 8;
    let without = format!("{}{}", &xmp[..start], &xmp[end..]);
    let mut pdf = Pdf::page("/Metadata 5 0 R");
    pdf.object(4, &info_of(L1, A));
    pdf.stream(5, "/Type/Metadata/Subtype/XML", without.as_bytes());
    pdf.table("/Info 4 0 R");
    assert!(xmp_of(&pdf.bytes).contains(&described(&name)));
    let (_, bare) = removed(&pdf.bytes, A, &appended()).unwrap();
    assert!(!xmp_of(&bare).contains("MSIP"), "{}", xmp_of(&bare));
    assert!(!xmp_of(&bare).contains("pdfaExtension"));
}

#[test]
fn f_134_a_list_of_schemas_is_continued() {
    let item = |name: &str| {
        format!(
            "<rdf:li rdf:parseType=\"Resource\">{}<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>",
            described(name)
        )
    };
    let schema = |namespace: &str, items: &str| {
        format!(
            "<rdf:li rdf:parseType=\"Resource\"><pdfaSchema:namespaceURI>{namespace}</pdfaSchema:namespaceURI><pdfaSchema:property><rdf:Seq>{items}</rdf:Seq></pdfaSchema:property></rdf:li>"
        )
    };
    let list = |schemas: &str| {
        format!(
            "<rdf:Description rdf:about=\"\" xmlns:pdfaExtension=\"http://www.aiim.org/pdfa/ns/extension/\" xmlns:pdfaSchema=\"http://www.aiim.org/pdfa/ns/schema#\" xmlns:pdfaProperty=\"http://www.aiim.org/pdfa/ns/property#\"><pdfaExtension:schemas><rdf:Bag>{schemas}</rdf:Bag></pdfaExtension:schemas></rdf:Description>"
        )
    };
    let pdfx = "http://ns.adobe.com/pdfx/1.3/";
    let foreign = schema("urn:other", &item("x"));
    let own = schema(pdfx, &item("Company"));
    for schemas in [foreign.clone(), format!("{foreign}{own}")] {
        let before = pdf_a(2, &list(&schemas));
        let file = simple(None, Some(before.as_bytes()));
        let (_, after) = applied(&file, &request(A, L1), &appended()).unwrap();
        let xmp = xmp_of(&after);
        assert_eq!(xmp.matches("<rdf:Bag>").count(), 1, "{xmp}");
        // The namespace of the elements, and its name in the list.
        assert_eq!(xmp.matches(pdfx).count(), 2, "{xmp}");
        assert_eq!(xmp.matches("<pdfaProperty:name>MSIP").count(), 5, "{xmp}");
        assert!(xmp.contains(&foreign), "{xmp}");
        let (_, none) = removed(&after, A, &appended()).unwrap();
        let xmp = xmp_of(&none);
        assert!(!xmp.contains(L1), "{xmp}");
        assert!(xmp.contains(&list(&schemas)), "{xmp}");
    }
}

#[test]
fn f_134_pdf_a_4_has_its_label_in_xmp_only() {
    let before = simple(None, Some(pdf_a(4, "").as_bytes()));
    let (outcome, after) = applied(&before, &request(A, L1), &appended()).unwrap();
    assert_eq!(outcome.pdf.unwrap().places, PdfPlaces::XmpOnly);
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L1)]));
    assert!(oracle(&after).unwrap().is_empty());
    assert!(!xmp_of(&after).contains("pdfaExtension"));
    assert!(!String::from_utf8_lossy(&after).contains("/Info"));
    // A label that stands in one all the same is taken off it.
    let before = simple(Some(&info_of(L1, A)), Some(pdf_a(4, "").as_bytes()));
    let (_, after) = applied(&before, &request(A, L2), &appended()).unwrap();
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L2)]));
    assert!(oracle(&after).unwrap().is_empty());
}

/// PDF/A-4 allows no information dictionary, and a packet without RDF has no place for a label.
#[test]
fn f_052_f_134_a_label_that_has_no_place_is_refused_and_not_called_unchanged() {
    let packet = "<x:xmpmeta xmlns:x='adobe:ns:meta/' xmlns:i='http://www.aiim.org/pdfa/ns/id/' i:part='4'/>";
    let file = simple(None, Some(packet.as_bytes()));
    assert_eq!(
        apply_refused(&file, &request(A, L1), &appended()),
        "malformed"
    );
}

#[test]
fn f_124_f_130_a_packet_that_can_not_be_read_is_left_alone() {
    for packet in [
        &b"<broken"[..],
        b"\xff\xff\xff",
        b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
    ] {
        let before = simple(Some("<</Title(T)>>"), Some(packet));
        let (outcome, after) = applied(&before, &request(A, L1), &appended()).unwrap();
        assert_eq!(outcome.pdf.unwrap().places, PdfPlaces::InfoOnly);
        assert_eq!(effective(&read_default(&after)), pairs(&[(A, L1)]));
        let new = &after[before.len()..];
        assert!(!String::from_utf8_lossy(new).contains("/Metadata"));
        let (_, none) = removed(&after, A, &appended()).unwrap();
        assert_eq!(effective(&read_default(&none)), []);
    }
    // Others may see a label where we can't: then nothing is written.
    let broken = format!("<broken><MSIP_Label_{L1}_Enabled>");
    let before = simple(None, Some(broken.as_bytes()));
    assert_eq!(
        apply_refused(&before, &request(A, L2), &appended()),
        "malformed"
    );
}

#[test]
fn f_138_offsets_beyond_32_bits_are_refused() {
    /// A table's file with zeros between the objects and the cross-reference.
    struct Huge {
        head: Vec<u8>,
        tail: Vec<u8>,
        len: u64,
    }
    impl ByteSource for Huge {
        fn len(&self) -> u64 {
            self.len
        }
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            let start = self.len - self.tail.len() as u64;
            if offset < self.head.len() as u64 {
                return self.head.read_at(offset, buffer);
            }
            if offset >= start {
                return self.tail.read_at(offset - start, buffer);
            }
            let count = buffer.len().min((start - offset) as usize);
            buffer[..count].fill(0);
            Ok(count)
        }
    }
    let with_len = |len: u64| {
        let mut pdf = Pdf::page("");
        let head = std::mem::take(&mut pdf.bytes);
        let whole = {
            let mut pdf = Pdf::page("");
            pdf.table("");
            pdf.bytes
        };
        let tail = whole[head.len()..].to_vec();
        let at = len - tail.len() as u64;
        let tail = String::from_utf8(tail).unwrap();
        let old = format!("startxref\n{}\n", head.len());
        // As many digits as the number has now.
        let new = format!("startxref\n{at}\n");
        let more = new.len() - old.len();
        let tail = tail.replace(&old, &format!("startxref\n{}\n", at - more as u64));
        Huge {
            head,
            tail: tail.into_bytes(),
            len,
        }
    };
    let mut options = appended();
    options.read.limits.write_bytes_max = u64::MAX;
    let limit = u64::from(u32::MAX);
    for (len, fits) in [
        (limit - 100_000, true),
        (limit - 10, false),
        (limit + 1, false),
    ] {
        let source = with_len(len);
        let reading = read(&source, &options.read);
        assert_eq!(reading.status, Status::Ok, "{len}: {:?}", reading.error);
        let planned = plan_apply(&source, &request(A, L1), &options);
        match planned {
            Ok(plan) => assert!(fits && plan.file().unwrap().len() > len),
            Err(WriteError::TooLarge { limit_bytes, .. }) => {
                assert!(!fits && limit_bytes == limit);
            }
            Err(other) => panic!("{len}: {other}"),
        }
    }
}

const FORM: &str = "/AcroForm<</SigFlags 3/Fields[20 0 R]>>";
const FIELD: &str = "<</FT/Sig/T(S)/V 21 0 R>>";

fn signed(catalog: &str, signature: &str, metadata: bool) -> Vec<u8> {
    let metadata_key = if metadata { "/Metadata 5 0 R" } else { "" };
    let mut pdf = Pdf::page(&format!("{FORM}{catalog}{metadata_key}"));
    pdf.object(20, FIELD);
    pdf.object(21, signature);
    pdf.object(4, &info_of(L1, A));
    if metadata {
        pdf.stream(5, "/Type/Metadata/Subtype/XML", packet("").as_bytes());
    }
    pdf.table("/Info 4 0 R");
    pdf.bytes
}

fn certifying(level: u8) -> String {
    format!("<</Type/Sig/Reference[<</TransformMethod/DocMDP/TransformParams<</P {level}>>>>]>>")
}

#[test]
fn f_135_f_127_signed_files_are_appended_to_where_that_is_allowed() {
    let allowed = {
        let mut options = appended();
        options.allow_signed = true;
        options
    };
    let approval = "<</Type/Sig/ByteRange[0 1 2 3]/Contents<00>>>";
    for (catalog, signature, expected) in [
        (
            "",
            approval.to_owned(),
            "validators report metadata changed since",
        ),
        ("/Perms<</DocMDP 21 0 R>>", certifying(2), "level 2"),
        ("/Perms<</DocMDP 21 0 R>>", certifying(3), "level 3"),
    ] {
        for metadata in [true, false] {
            let bytes = signed(catalog, &signature, metadata);
            assert_eq!(
                apply_refused(&bytes, &request(A, L2), &appended()),
                "signed"
            );
            assert_eq!(remove_refused(&bytes, A, &appended()), "signed");
            let mut anew = allowed.clone();
            anew.pdf_save = PdfSave::Rewritten;
            assert_eq!(apply_refused(&bytes, &request(A, L2), &anew), "signed");
            let (outcome, after) = applied(&bytes, &request(A, L2), &allowed).unwrap();
            assert!(after.starts_with(&bytes), "what is signed is not touched");
            let reading = read_default(&after);
            assert_eq!(effective(&reading), pairs(&[(A, L2)]));
            assert_eq!(reading.pdf_signatures, read_default(&bytes).pdf_signatures);
            let new = String::from_utf8_lossy(&after[bytes.len()..]).into_owned();
            // The catalog changes only where it has to.
            assert_eq!(new.contains("1 0 obj"), !metadata, "{new}");
            assert!(outcome.signed);
            let outlook = outcome.pdf.unwrap().signatures.unwrap();
            assert!(outlook.to_string().contains(expected), "{outlook}");
            assert_eq!(
                matches!(outlook, PdfSignatureOutlook::ChangedSinceSigned),
                catalog.is_empty()
            );
        }
    }
    for (catalog, signature) in [
        ("/Perms<</DocMDP 21 0 R>>", certifying(1)),
        ("/Perms<</UR3 21 0 R>>", approval.to_owned()),
        ("/Perms<</DocMDP 99 0 R/UR3 21 0 R>>", certifying(2)),
    ] {
        let bytes = signed(catalog, &signature, true);
        let mut out = Vec::new();
        let refused = apply(&bytes, &request(A, L2), &allowed, &mut out).unwrap_err();
        assert!(
            matches!(refused, WriteError::SignatureForbids(_)),
            "{refused}"
        );
        assert_eq!(refused.code(), "signed");
        assert!(out.is_empty());
    }
}

#[test]
fn v_24_f_128_a_hybrid_file_gets_a_table_of_its_own() {
    let mut pdf = Pdf::page("/Metadata 6 0 R");
    pdf.object_stream(8, &[(5, &info_of(L1, A))]);
    pdf.stream(6, "/Type/Metadata/Subtype/XML", packet("").as_bytes());
    pdf.hybrid(9, "/Info 5 0 R");
    let before = pdf.bytes;
    let (_, after) = applied(&before, &request(A, L2), &appended()).unwrap();
    let new = String::from_utf8_lossy(&after[before.len()..]).into_owned();
    assert!(new.contains("xref\n5 2\n"), "{new}");
    assert!(new.contains("/Prev ") && !new.contains("/XRefStm"), "{new}");
    assert_eq!(oracle(&after).unwrap().len(), 5);
    assert_eq!(effective(&read_default(&after)), pairs(&[(A, L2)]));
}

#[test]
fn f_128_the_identity_changes_in_its_second_part_only() {
    let bytes = variants()
        .into_iter()
        .find_map(|(name, bytes)| (name == "table").then_some(bytes))
        .unwrap();
    let id = |bytes: &[u8]| {
        let document = lopdf::Document::load_mem(bytes).unwrap();
        let id = document
            .trailer
            .get(b"ID")
            .unwrap()
            .as_array()
            .unwrap()
            .clone();
        [0, 1].map(|at| id[at].as_str().unwrap().to_vec())
    };
    let (_, one) = applied(&bytes, &request(A, L2), &appended()).unwrap();
    let (_, two) = applied(&bytes, &request(A, L3), &appended()).unwrap();
    assert_eq!(id(&bytes)[0], id(&one)[0]);
    assert_ne!(id(&bytes)[1], id(&one)[1]);
    assert_ne!(id(&one)[1], id(&two)[1]);
    assert_eq!(id(&one)[1].len(), 16);
}

#[test]
fn f_009_f_054_writing_survives_any_damage() {
    let files: Vec<Vec<u8>> = variants().into_iter().map(|(_, bytes)| bytes).collect();
    within(
        std::time::Duration::from_secs(120),
        "damaged files",
        move || {
            for bytes in files {
                for at in (0..bytes.len()).step_by(7) {
                    let mut flipped = bytes.clone();
                    flipped[at] ^= 0x15;
                    for damaged in [&bytes[..at], &flipped] {
                        for options in [appended(), rewritten()] {
                            let mut out = Vec::new();
                            match apply(&damaged, &request(A, L2), &options, &mut out) {
                                Ok(outcome) => {
                                    let reading = read_default(&out);
                                    assert_eq!(
                                        reading.effective_for(tenant(A)),
                                        outcome.new.as_ref()
                                    );
                                }
                                Err(_) => assert!(out.is_empty()),
                            }
                        }
                    }
                }
            }
        },
    );
}

#[test]
fn f_009_numbers_beyond_the_bound_are_refused() {
    let mut pdf = Pdf::page("");
    pdf.table("");
    let text = String::from_utf8_lossy(&pdf.bytes).into_owned();
    for size in ["4294967295", "8388608", "99999999999999999999"] {
        let bytes = text.replace("/Size 4", &format!("/Size {size}"));
        // The mark of a binary file is not text.
        let bytes = bytes.replace("%\u{fffd}\u{fffd}\u{fffd}\u{fffd}\n", "%abcd\n");
        let mut out = Vec::new();
        match apply(&bytes.as_bytes(), &request(A, L1), &appended(), &mut out) {
            Err(error) => assert_eq!(error.code(), "malformed", "{size}"),
            // Too long for a number, so it says nothing.
            Ok(_) => assert_eq!(effective(&read_default(&out)), pairs(&[(A, L1)])),
        }
    }
}
