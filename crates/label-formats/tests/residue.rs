//! What is left of a label that was removed or replaced: nothing; and a part that comes back is the
//! same to the byte.
#![cfg(all(feature = "ooxml", feature = "pdf"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod support;

use std::collections::BTreeSet;

use label_core::{AssignmentMethod, FileLabel, LabelStorage, TenantId};
use label_formats::{
    ApplyRequest, FileKind, ReadOptions, Reading, Status, TenantStorage, WriteOptions, read,
};

use support::archive::{compressed, contains, contents, part, try_contents};
use support::corpus::{Tally, each, manifest};
use support::package::{
    CUSTOM, KINDS, LABEL_INFO, LABEL_PARTS, Package, element, group, label_list, properties,
    property, rich,
};
use support::{A, B, L1, L2, L3, NOW_MS, applied, label, read_default, removed, tenant};

/// A label id that no file of the corpus has.
const NEW: &str = "0b9e7a54-8c1d-4e62-a3f7-d5c2946b1e08";

/// The shortest run of packed bytes whose absence proves something.
const PACKED_BYTES_MIN: usize = 32;

/// The label's name of the synthetic packages. It packs badly, so that its packed bytes are
/// unmistakable.
const BADLY_PACKED: &str = "Zq7 Wx1 Vp9 Jk4";

/// The label's id or name as it may stand in a part: in its own and two more letter cases and three
/// encodings.
fn needles(id: &str) -> Vec<Vec<u8>> {
    let mut needles = Vec::new();
    for text in [id.to_owned(), id.to_lowercase(), id.to_uppercase()] {
        needles.push(text.as_bytes().to_vec());
        needles.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        needles.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    needles
}

/// The names of the parts that hold one of the needles, and `raw` if the archive's bytes do.
fn holding(bytes: &[u8], needles: &[Vec<u8>]) -> BTreeSet<String> {
    let holds = |content: &[u8]| needles.iter().any(|needle| contains(content, needle));
    // A part that the library can't unpack is seen as it is stored.
    let mut found: BTreeSet<String> = try_contents(bytes)
        .unwrap_or_default()
        .into_iter()
        .filter(|(_, content)| holds(content))
        .map(|(name, _)| name)
        .collect();
    if holds(bytes) {
        found.insert("raw".to_owned());
    }
    found
}

/// The packed bytes of the label parts that are not the same afterwards.
fn old_packed(before: &[u8], after: &[u8]) -> Vec<Vec<u8>> {
    [CUSTOM, LABEL_INFO]
        .iter()
        .filter(|name| part(before, name).is_some() && part(before, name) != part(after, name))
        .map(|name| compressed(before, name))
        .filter(|packed| packed.len() >= PACKED_BYTES_MIN)
        .collect()
}

#[test]
fn what_is_contained_is_found() {
    for (needle, expected) in [("a", true), ("na", true), ("anana", true), ("nab", false)] {
        assert_eq!(contains(b"banana", needle.as_bytes()), expected, "{needle}");
    }
    assert!(!contains(b"", b"a") && !contains(b"bbb", b"a"));
}

/// What one write proved.
#[derive(Default)]
struct Proved {
    ids: usize,
    packed: usize,
}

/// The ids are in a label part before and nowhere afterwards, and so are the packed bytes of the
/// label parts that changed.
fn no_residue(before: &[u8], after: &[u8], ids: &[String], what: &str) -> Proved {
    let mut proved = Proved::default();
    for id in ids {
        let needles = needles(id);
        let was = holding(before, &needles);
        assert!(
            was.iter()
                .any(|name| [CUSTOM, LABEL_INFO].contains(&name.as_str())),
            "{what}: {id} is in no label part: {was:?}"
        );
        assert_eq!(holding(after, &needles), BTreeSet::new(), "{what}: {id}");
        proved.ids += 1;
    }
    for packed in old_packed(before, after) {
        assert!(contains(before, &packed), "{what}");
        assert!(!contains(after, &packed), "{what}: the old packed bytes");
        proved.packed += 1;
    }
    proved
}

fn options_for(of: TenantId, storage: TenantStorage) -> WriteOptions<'static> {
    let mut options = WriteOptions::default();
    options.read.storages.insert(of, storage);
    options
}

/// Removes and replaces a tenant's label in every storage state in which nothing of it may be left.
///
/// Where the tenant's storage is unknown or the part, replacing leaves stale properties beside it
/// alone (F-086): there, a replacement proves something only if there are none.
fn every_write(bytes: &[u8], of: TenantId, ids: &[String], what: &str) -> Result<Proved, String> {
    let reading = read_default(bytes);
    let places: BTreeSet<LabelStorage> = records_of(&reading, of)
        .map(|record| record.storage)
        .collect();
    let mut sum = Proved::default();
    let mut add = |after: &[u8], what: &str| {
        let proved = no_residue(bytes, after, ids, what);
        sum.ids += proved.ids;
        sum.packed += proved.packed;
    };
    for storage in [TenantStorage::Unknown, TenantStorage::NotOptedIn] {
        let options = options_for(of, storage);
        let (_, gone) =
            removed(bytes, &of.to_string(), &options).map_err(|error| error.code().to_owned())?;
        add(&gone, &format!("{what}, removed, {storage:?}"));
        if storage == TenantStorage::NotOptedIn || places.len() == 1 {
            let mut wanted = ApplyRequest::new(of, label(NEW), NOW_MS);
            wanted.name = Some("Replaced".to_owned());
            let (_, after) =
                applied(bytes, &wanted, &options).map_err(|error| error.code().to_owned())?;
            add(&after, &format!("{what}, replaced, {storage:?}"));
        }
    }
    Ok(sum)
}

fn records_of(reading: &Reading, of: TenantId) -> impl Iterator<Item = &FileLabel> {
    reading
        .labels
        .iter()
        .filter(move |record| record.tenant == Some(of))
}

#[test]
fn r_139_no_residue_in_any_kind_of_package() {
    let mut count = 0;
    let mut sum = Proved::default();
    let action = "9f3c0e51-77aa-4c0e-8a55-1d2b3c4d5e6f";
    let attributes = [
        ("Enabled", "true"),
        ("SiteId", A),
        ("Name", BADLY_PACKED),
        ("ActionId", action),
    ];
    let own = group(2, L1, &attributes);
    let theirs = group(30, L3, &[("Enabled", "true"), ("SiteId", B)]);
    let other = property(50, "Client", "Example");
    let mut packages: Vec<Package> = KINDS
        .iter()
        .map(|(kind, _, _)| Package::new(*kind))
        .collect();
    packages.extend([rich(false), rich(true)]);
    for package in packages {
        let both = package
            .clone()
            .custom(properties(&(own.clone() + &other + &theirs)))
            .label_info(label_list(&element(L2, A, "Privileged")));
        let variants = [
            (
                package.clone().custom(properties(&own)),
                vec![L1, BADLY_PACKED, action],
            ),
            (
                package.clone().custom(properties(&(theirs.clone() + &own))),
                vec![L1, BADLY_PACKED, action],
            ),
            (
                package.label_info(label_list(&element(L2, A, "Standard"))),
                vec![L2],
            ),
            (both, vec![L1, L2, BADLY_PACKED, action]),
        ];
        for (mut variant, ids) in variants {
            for reversed in [false, true] {
                if reversed {
                    variant.order = (0..variant.len()).rev().collect();
                }
                let bytes = variant.build();
                let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
                let proved = every_write(&bytes, tenant(A), &ids, "synthetic").unwrap();
                sum.ids += proved.ids;
                sum.packed += proved.packed;
                count += 1;
            }
        }
    }
    println!(
        "residue: {count} packages, {} ids and names and {} packed parts gone",
        sum.ids, sum.packed
    );
    assert!(sum.packed >= count);
}

#[test]
fn r_139_no_residue_in_the_corpus() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        let is_package = reading.kind.is_some_and(|kind| kind != FileKind::Pdf);
        if !is_package || reading.status != Status::Ok || reading.labels.is_empty() {
            return;
        }
        tally.add("files with labels");
        let tenants: BTreeSet<TenantId> = reading
            .labels
            .iter()
            .filter_map(|record| record.tenant)
            .collect();
        if tenants.is_empty() {
            tally.add("files whose labels name no tenant in the usual way");
        }
        for of in tenants {
            let belongs = |record: &&FileLabel| record.tenant == Some(of);
            let ids: BTreeSet<String> = records_of(&reading, of)
                .map(|record| record.id_text.clone())
                .collect();
            // One that another tenant has too stays in the file for it. A tombstone's id is the
            // tenant's, which the next one has again.
            let ids: Vec<String> = ids
                .into_iter()
                .filter(|id| *id != of.to_string())
                .filter(|id| {
                    let mut others = reading.labels.iter().filter(|record| !belongs(record));
                    !others.any(|record| record.id_text == *id)
                })
                // Some documents are about labels, and name theirs in their text.
                .filter(|id| {
                    let elsewhere = holding(bytes, &needles(id))
                        .iter()
                        .any(|name| !LABEL_PARTS.contains(&name.as_str()) && name != "raw");
                    if elsewhere {
                        tally.add("label ids that stand in the document itself, left out");
                    }
                    !elsewhere
                })
                .collect();
            match every_write(bytes, of, &ids, &row.name) {
                Ok(proved) => {
                    tally.add("tenants whose label was removed and replaced");
                    (0..proved.ids).for_each(|_| tally.add("label ids gone"));
                    (0..proved.packed).for_each(|_| tally.add("packed parts gone"));
                }
                Err(code) => tally.add(&format!("refused: {code}")),
            }
        }
    });
    tally.print("residue");
    assert!(tally.get("label ids gone") > 150);
    assert!(tally.get("packed parts gone") > 150);
}

/// The canonical bytes of a part with this one label (2.3), written down independently of the
/// writer; `None` for a record that can't be written so.
fn canonical(record: &FileLabel) -> Option<String> {
    let flag = |flag: bool| if flag { "1" } else { "0" };
    let bits = record
        .content_bits
        .map_or_else(String::new, |bits| format!(" contentBits=\"{bits}\""));
    let of = record.tenant?;
    let id = record.id?;
    let method = record.method.as_deref()?;
    let (enabled, removed) = (flag(record.enabled?), flag(record.removed?));
    Some(label_list(&format!(
        "<clbl:label id=\"{{{id}}}\" enabled=\"{enabled}\" method=\"{method}\" siteId=\"{{{of}}}\"{bits} removed=\"{removed}\" />"
    )))
}

#[test]
fn f_080_f_085_a_label_info_part_of_the_corpus_comes_back_identical() {
    let Some(rows) = manifest() else { return };
    let tally = Tally::default();
    each(&rows, |row, bytes| {
        let reading = read(bytes, &ReadOptions::default());
        let is_package = reading.kind.is_some_and(|kind| kind != FileKind::Pdf);
        let in_part = |record: &&FileLabel| record.storage == LabelStorage::LabelInfo;
        let elements: Vec<&FileLabel> = reading.labels.iter().filter(in_part).collect();
        let [record] = elements.as_slice() else {
            return;
        };
        if !is_package || reading.status != Status::Ok || reading.signed || !record.in_effect() {
            return;
        }
        tally.add("files with one element in effect");
        let list = contents(bytes);
        let Some(expected) = canonical(record) else {
            return;
        };
        // Its name may be another one; its bytes are what counts.
        let name = list
            .iter()
            .find(|(_, content)| *content == expected.as_bytes());
        let Some((name, part_before)) = name else {
            return;
        };
        tally.add("of them in canonical form");
        let of = record.tenant.unwrap();
        let mut options = options_for(of, TenantStorage::OptedIn);
        let mut wanted = ApplyRequest::new(of, record.id.unwrap(), NOW_MS);
        let method = record.method.as_deref().and_then(AssignmentMethod::parse);
        wanted.method = method.expect(&row.name);
        wanted.content_bits = record.content_bits;
        let (_, gone) = removed(bytes, &of.to_string(), &options).unwrap();
        assert_ne!(
            part(&gone, name).as_ref(),
            Some(part_before),
            "{}",
            row.name
        );
        let (_, again) = applied(&gone, &wanted, &options).unwrap();
        assert_eq!(
            part(&again, name).as_ref(),
            Some(part_before),
            "{}",
            row.name
        );
        // Written over itself it is the same too.
        options.force = true;
        let (_, over) = applied(bytes, &wanted, &options).unwrap();
        assert_eq!(
            part(&over, name).as_ref(),
            Some(part_before),
            "{}",
            row.name
        );
        tally.add("identical after removing and applying again");
    });
    tally.print("LabelInfo");
    assert!(tally.get("identical after removing and applying again") >= 20);
}
