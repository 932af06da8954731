//! Every way of changing more than a label is named.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use label_formats::{DifferenceKind as Kind, Verification, VerifyOptions, verify};
use proptest::prelude::*;

use support::archive::{parse, patch};
use support::package::{
    CUSTOM, CUSTOM_RELATIONSHIP, KINDS, LABEL_INFO, LABEL_INFO_RELATIONSHIP, RELS, TYPES, property,
    relationship,
};
use support::relabelled::{after, before};
use support::surgery::{entry, rebuilt, store, stored_range, with_content, with_text};
use support::{A, L2, L3, tenant};

fn compared(before: &[u8], after: &[u8]) -> Verification {
    verify(&before, &after, &VerifyOptions::default()).unwrap()
}

/// A planted difference: its name, the change to the finished file, the kind and the place that
/// must be named.
type Planted = (&'static str, fn(&[u8]) -> Vec<u8>, Kind, &'static str);

const IMAGE: &str = "word/media/image1.png";
const MACROS: &str = "word/vbaProject.bin";

fn patched(name: &str, local: impl FnOnce(&mut [u8]), record: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = after().to_vec();
    patch(&mut bytes, name, local, record);
    bytes
}

const PLANTED: &[Planted] = &[
    (
        "entry added",
        |bytes| {
            rebuilt(bytes, |archive| {
                let mut new = archive.entries[2].clone();
                for (bytes, at) in [(&mut new.local, 30), (&mut new.record, 46)] {
                    bytes[at] = b'q';
                }
                new.name[0] = b'q';
                new.offset = usize::MAX;
                archive.entries.push(new);
            })
        },
        Kind::EntryAdded,
        "qord/document.xml",
    ),
    (
        "entry removed",
        |bytes| {
            rebuilt(bytes, |archive| {
                archive.entries.retain(|one| one.name() != IMAGE);
            })
        },
        Kind::EntryRemoved,
        IMAGE,
    ),
    (
        "entries swapped in the directory",
        |bytes| {
            rebuilt(bytes, |archive| {
                archive.entries.swap(5, 6);
            })
        },
        Kind::EntryReordered,
        "word/",
    ),
    (
        "entries swapped in the file",
        |bytes| {
            rebuilt(bytes, |archive| {
                let last = archive.entries.iter().map(|one| one.offset).max().unwrap();
                entry(archive, IMAGE).offset = last + 1;
            })
        },
        Kind::EntryReordered,
        IMAGE,
    ),
    (
        "label part moved in the file",
        |bytes| {
            rebuilt(bytes, |archive| {
                let last = archive.entries.iter().map(|one| one.offset).max().unwrap();
                entry(archive, CUSTOM).offset = last + 1;
            })
        },
        Kind::EntryReordered,
        CUSTOM,
    ),
    (
        "content of another size",
        |bytes| with_content(bytes, "empty", b"x"),
        Kind::ContentChanged,
        "empty",
    ),
    (
        "content of the same size",
        |bytes| with_text(bytes, "customXml/item1.xml", "data", "date"),
        Kind::ContentChanged,
        "customXml/item1.xml",
    ),
    (
        "content with a forged checksum",
        |bytes| {
            let mut bytes = bytes.to_vec();
            let range = stored_range(&bytes, IMAGE);
            bytes[range.start + 5] ^= 1;
            bytes
        },
        Kind::ContentChanged,
        IMAGE,
    ),
    (
        "recompressed",
        |bytes| {
            rebuilt(bytes, |archive| {
                let content = [b'x'; 3000];
                let crc = crc32fast::hash(&content);
                store(
                    entry(archive, "word/embeddings/large.bin"),
                    0,
                    crc,
                    3000,
                    &content,
                );
            })
        },
        Kind::Recompressed,
        "word/embeddings/large.bin",
    ),
    (
        "time stamp of a local header",
        |_| patched(MACROS, |local| local[10] ^= 1, |_| ()),
        Kind::TimeStamp,
        MACROS,
    ),
    (
        "time stamp of the directory",
        |_| patched(MACROS, |_| (), |record| record[12] ^= 1),
        Kind::TimeStamp,
        MACROS,
    ),
    (
        "time stamp of a label part",
        |_| patched(CUSTOM, |_| (), |record| record[14] ^= 1),
        Kind::TimeStamp,
        CUSTOM,
    ),
    (
        "flags of a local header",
        |_| patched(MACROS, |local| local[6] ^= 2, |_| ()),
        Kind::LocalHeader,
        MACROS,
    ),
    (
        "checksum of a local header",
        |_| patched(IMAGE, |local| local[14] ^= 2, |_| ()),
        Kind::LocalHeader,
        IMAGE,
    ),
    (
        "size of a label part's local header",
        |_| patched(CUSTOM, |local| local[22] ^= 1, |_| ()),
        Kind::LocalHeader,
        CUSTOM,
    ),
    (
        "flags of the directory",
        |_| patched(MACROS, |_| (), |record| record[8] ^= 2),
        Kind::DirectoryRecord,
        MACROS,
    ),
    (
        "needed version",
        |_| patched(MACROS, |_| (), |record| record[6] ^= 1),
        Kind::DirectoryRecord,
        MACROS,
    ),
    (
        "extra field of a local header",
        |_| {
            patched(
                MACROS,
                |local| {
                    let at = 30 + MACROS.len() + 5;
                    local[at] ^= 1;
                },
                |_| (),
            )
        },
        Kind::ExtraField,
        MACROS,
    ),
    (
        "extra field of the directory",
        |_| {
            patched(
                MACROS,
                |_| (),
                |record| {
                    let at = 46 + MACROS.len() + 5;
                    record[at] ^= 1;
                },
            )
        },
        Kind::ExtraField,
        MACROS,
    ),
    (
        "external attributes",
        |_| patched(IMAGE, |_| (), |record| record[40] ^= 1),
        Kind::Attributes,
        IMAGE,
    ),
    (
        "internal attributes of a label part",
        |_| patched(TYPES, |_| (), |record| record[36] ^= 1),
        Kind::Attributes,
        TYPES,
    ),
    (
        "made-by version",
        |_| patched(RELS, |_| (), |record| record[5] ^= 1),
        Kind::Attributes,
        RELS,
    ),
    (
        "comment of an entry",
        |bytes| {
            rebuilt(bytes, |archive| {
                *entry(archive, MACROS).record.last_mut().unwrap() = b'S';
            })
        },
        Kind::EntryComment,
        MACROS,
    ),
    (
        "comment of the archive",
        |bytes| {
            rebuilt(bytes, |archive| {
                archive.comment = b"another comment".to_vec();
            })
        },
        Kind::ArchiveComment,
        "ZIP archive",
    ),
    (
        "gap between entries",
        |bytes| {
            rebuilt(bytes, |archive| {
                entry(archive, IMAGE).local.extend(b"gap");
            })
        },
        Kind::ArchiveStructure,
        IMAGE,
    ),
    (
        "the old part left behind the new one",
        |bytes| {
            rebuilt(bytes, |archive| {
                entry(archive, CUSTOM).local.extend(b"old bytes");
            })
        },
        Kind::ArchiveStructure,
        CUSTOM,
    ),
    (
        "property added",
        |bytes| {
            with_text(
                bytes,
                CUSTOM,
                "</Properties>",
                &(property(200, "New", "x") + "</Properties>"),
            )
        },
        Kind::PropertyAdded,
        CUSTOM,
    ),
    (
        "property removed",
        |bytes| with_text(bytes, CUSTOM, &property(91, "Client", "Example"), ""),
        Kind::PropertyRemoved,
        CUSTOM,
    ),
    (
        "property reordered",
        |bytes| {
            let one = property(91, "Client", "Example");
            let without = with_text(bytes, CUSTOM, &one, "");
            with_text(&without, CUSTOM, "</Properties>", &(one + "</Properties>"))
        },
        Kind::PropertyReordered,
        CUSTOM,
    ),
    (
        "value of a property",
        |bytes| with_text(bytes, CUSTOM, "<vt:i4>7<", "<vt:i4>8<"),
        Kind::PropertyChanged,
        CUSTOM,
    ),
    (
        "number of a property",
        |bytes| with_text(bytes, CUSTOM, "pid=\"90\"", "pid=\"89\""),
        Kind::PropertyChanged,
        CUSTOM,
    ),
    (
        "a property written in another way",
        |bytes| with_text(bytes, CUSTOM, "<vt:i4>7<", "<vt:i4 >7<"),
        Kind::PropertyChanged,
        CUSTOM,
    ),
    (
        "another label's hint",
        |bytes| with_text(bytes, CUSTOM, &property(92, "Sensitivity", "Other"), ""),
        Kind::PropertyRemoved,
        CUSTOM,
    ),
    (
        "a hint added",
        |bytes| {
            with_text(
                bytes,
                CUSTOM,
                "</Properties>",
                &(property(200, "Sensitivity", L2) + "</Properties>"),
            )
        },
        Kind::PropertyAdded,
        CUSTOM,
    ),
    (
        "a property number twice",
        |bytes| {
            let text = support::archive::text(bytes, CUSTOM);
            let place = text
                .find(&format!("name=\"MSIP_Label_{L2}_Enabled"))
                .unwrap();
            let start = text[..place].rfind("pid=\"").unwrap();
            let changed = format!("{}pid=\"90\" {}", &text[..start], &text[place..]);
            with_content(bytes, CUSTOM, changed.as_bytes())
        },
        Kind::PropertyChanged,
        CUSTOM,
    ),
    (
        "a property of the label with a link",
        |bytes| {
            let name = format!("name=\"MSIP_Label_{L2}_Enabled\"");
            with_text(bytes, CUSTOM, &name, &format!("{name} linkTarget=\"x\""))
        },
        Kind::UnknownAttribute,
        CUSTOM,
    ),
    (
        "another tenant's property",
        |bytes| {
            with_text(
                bytes,
                CUSTOM,
                &format!("{L3}_Enabled"),
                &format!("{L3}_Enabler"),
            )
        },
        Kind::OtherTenantLabel,
        CUSTOM,
    ),
    (
        "another tenant's element",
        |bytes| {
            with_text(
                bytes,
                LABEL_INFO,
                "method=\"Standard\"",
                "method=\"Privileged\"",
            )
        },
        Kind::OtherTenantLabel,
        LABEL_INFO,
    ),
    (
        "another tenant's element gone",
        |bytes| {
            let text = support::archive::text(bytes, LABEL_INFO);
            let start = text.find("<clbl:label ").unwrap();
            let stop = text.find("<clbl:extLst").unwrap();
            with_content(
                bytes,
                LABEL_INFO,
                (text[..start].to_owned() + &text[stop..]).as_bytes(),
            )
        },
        Kind::OtherTenantLabel,
        LABEL_INFO,
    ),
    (
        "an unknown attribute of another tenant's element",
        |bytes| with_text(bytes, LABEL_INFO, " mark=\"1\"", ""),
        Kind::OtherTenantLabel,
        LABEL_INFO,
    ),
    (
        "extension changed",
        |bytes| with_text(bytes, LABEL_INFO, "keep", "lose"),
        Kind::Extension,
        LABEL_INFO,
    ),
    (
        "extension removed",
        |bytes| {
            let text = support::archive::text(bytes, LABEL_INFO);
            let start = text.find("<clbl:extLst").unwrap();
            let stop = text.find("</clbl:labelList").unwrap();
            with_content(
                bytes,
                LABEL_INFO,
                (text[..start].to_owned() + &text[stop..]).as_bytes(),
            )
        },
        Kind::Extension,
        LABEL_INFO,
    ),
    (
        "attribute of the root",
        |bytes| {
            with_text(
                bytes,
                LABEL_INFO,
                "<clbl:labelList ",
                "<clbl:labelList more=\"1\" ",
            )
        },
        Kind::UnknownAttribute,
        LABEL_INFO,
    ),
    (
        "type of another part",
        |bytes| {
            with_text(
                bytes,
                TYPES,
                "application/x-settings",
                "application/y-settings",
            )
        },
        Kind::ContentType,
        TYPES,
    ),
    (
        "another default type",
        |bytes| {
            with_text(
                bytes,
                TYPES,
                "ContentType=\"application/xml\"",
                "ContentType=\"text/xml\"",
            )
        },
        Kind::ContentType,
        TYPES,
    ),
    (
        "wrong type of a label part",
        |bytes| {
            with_text(
                bytes,
                TYPES,
                "application/vnd.ms-office.classificationlabels+xml",
                "application/xml",
            )
        },
        Kind::ContentType,
        TYPES,
    ),
    (
        "another relationship",
        |bytes| with_text(bytes, RELS, "urn:example:other", "urn:example:else"),
        Kind::Relationship,
        RELS,
    ),
    (
        "another relationship gone",
        |bytes| {
            with_text(
                bytes,
                RELS,
                &relationship("rId9", "urn:example:other", "other.xml"),
                "",
            )
        },
        Kind::Relationship,
        RELS,
    ),
    (
        "relationship of a label part with another id",
        |bytes| with_text(bytes, RELS, "rId2", "rId7"),
        Kind::Relationship,
        RELS,
    ),
    (
        "relationship of a label part gone, but not the part",
        |bytes| {
            with_text(
                bytes,
                RELS,
                &relationship("rId3", LABEL_INFO_RELATIONSHIP, LABEL_INFO),
                "",
            )
        },
        Kind::Relationship,
        RELS,
    ),
    (
        "a label part that is another part now",
        |bytes| {
            with_text(
                bytes,
                RELS,
                &relationship("rId2", CUSTOM_RELATIONSHIP, CUSTOM),
                &relationship("rId2", CUSTOM_RELATIONSHIP, "missing.xml"),
            )
        },
        Kind::Relationship,
        RELS,
    ),
    (
        "declaration",
        |bytes| with_text(bytes, CUSTOM, "standalone=\"yes\"", "standalone=\"no\""),
        Kind::Markup,
        CUSTOM,
    ),
    (
        "comment in a label part",
        |bytes| with_text(bytes, CUSTOM, "<!-- kept -->", "<!-- lost -->"),
        Kind::Markup,
        CUSTOM,
    ),
    (
        "white space in a label part",
        |bytes| with_text(bytes, CUSTOM, "-->\n", "--> "),
        Kind::Markup,
        CUSTOM,
    ),
    (
        "encoding of a label part",
        |bytes| {
            let text = support::archive::text(bytes, CUSTOM);
            let wide: Vec<u8> = [0xff, 0xfe]
                .into_iter()
                .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
                .collect();
            with_content(bytes, CUSTOM, &wide)
        },
        Kind::Markup,
        CUSTOM,
    ),
    (
        "another kind of file",
        |bytes| with_text(bytes, TYPES, KINDS[0].2, KINDS[2].2),
        Kind::FileKind,
        "main part",
    ),
];

#[test]
fn f_065_f_084_f_100_every_planted_difference_is_named() {
    let mut named: Vec<&str> = Vec::new();
    for (what, plant, kind, place) in PLANTED {
        let planted = plant(after());
        assert_ne!(planted, after(), "{what}");
        assert!(
            !compared(before(), &planted).only_labels_changed(),
            "{what}"
        );
        let mut options = VerifyOptions::default();
        options.tenant = Some(tenant(A));
        let verification = verify(&before(), &planted.as_slice(), &options).unwrap();
        let found: Vec<String> = verification
            .differences
            .iter()
            .map(ToString::to_string)
            .collect();
        assert!(
            verification
                .differences
                .iter()
                .any(|one| one.kind == *kind && one.place.starts_with(place)),
            "{what}: {found:#?}"
        );
        // Little else is named.
        assert!(found.len() <= 8, "{what}: {found:#?}");
        named.push(kind.as_str());
    }
    named.sort_unstable();
    named.dedup();
    println!(
        "verify: {} planted differences of {} kinds",
        PLANTED.len(),
        named.len()
    );
    assert!(named.len() >= 20, "{named:?}");
}

proptest! {
    #[test]
    fn f_100_any_byte_of_an_untouched_entry_is_noticed(
        which in 0_usize..100, place: proptest::sample::Index, change in 1_u8..=255,
    ) {
        let mut bytes = after().to_vec();
        let untouched: Vec<String> = parse(&bytes)
            .names()
            .into_iter()
            .filter(|name| ![CUSTOM, LABEL_INFO, RELS, TYPES].contains(&name.as_str()))
            .filter(|name| !stored_range(&bytes, name).is_empty())
            .collect();
        let name = &untouched[which % untouched.len()];
        let range = stored_range(&bytes, name);
        let at = range.start + place.index(range.len());
        bytes[at] ^= change;
        let verification = compared(before(), &bytes);
        let is_named = verification.differences.iter().any(|one| {
            one.place == *name && matches!(one.kind, Kind::ContentChanged | Kind::Recompressed)
        });
        prop_assert!(is_named, "{name}: {:?}", verification.differences);
    }

    #[test]
    fn f_009_damage_anywhere_is_an_answer_or_a_typed_error(
        at: proptest::sample::Index, byte: u8, cut in 0_usize..300,
    ) {
        let mut bytes = after().to_vec();
        let at = at.index(bytes.len());
        let was = std::mem::replace(&mut bytes[at], byte);
        let cut = cut.saturating_sub(200);
        bytes.truncate(bytes.len() - cut);
        // Of a label part that is written anew, how it is packed may change.
        prop_assume!(![10, 20].contains(&byte));
        if let Ok(verification) = verify(&after(), &bytes.as_slice(), &VerifyOptions::default()) {
            // Against the undamaged file: either it is the same, or something is said.
            let same = was == byte && cut == 0;
            let said = !verification.only_labels_changed() || !verification.changes.is_empty();
            let in_label_part = [CUSTOM, LABEL_INFO, RELS, TYPES]
                .iter()
                .any(|name| stored_range(after(), name).contains(&at));
            prop_assert!(same || said || in_label_part, "{at} of {}, was {was:02x}", bytes.len());
        }
    }
}
