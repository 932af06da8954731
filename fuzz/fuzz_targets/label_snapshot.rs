//! Stored label lists, with checksums that fit or not, and refusals of Graph: refused, or a list
//! that agrees with itself, is written and read without a loss, and can be kept up to date.
#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;
use std::{env, fs, process};

use label_core::source::LabelList;
use label_core::sync::{
    ChangeSet, GraphError, KeeperOptions, LabelSnapshot, Origin, Outcome, SnapshotError,
    SnapshotKeeper, SnapshotStore, diff,
};
use label_core::{Label, LabelCatalog, LabelState, TenantId};
use label_fuzz::snapshots::{mended, sealed};
use libfuzzer_sys::fuzz_target;

const TENANT: TenantId = TenantId::from_u128(0x74f7_1239_3dea_461b_910f_15d1_5a71_655a);

/// Deepest nesting of a catalogue, the label itself counted.
const DEPTH_MAX: usize = 17;

const CODES_MAX: usize = 16;
const TEXT_CHARS_MAX: usize = 200;

fuzz_target!(|input: &[u8]| {
    let Some((&head, body)) = input.split_first() else {
        return;
    };
    if head & 3 == 3 {
        return refusal(body);
    }
    let text = String::from_utf8_lossy(body);
    let mended = (head & 3 == 2).then(|| mended(TENANT, &text)).flatten();
    let is_mended = mended.is_some();
    let document = match mended {
        _ if head & 3 == 0 => body.to_vec(),
        Some(mended) => mended.into_bytes(),
        None => sealed(&text).into_bytes(),
    };
    match LabelSnapshot::from_json(TENANT, &document) {
        Ok(snapshot) => check(&snapshot, head & 4 != 0),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty());
            assert!(!is_mended || !text.contains("hash of the labels"), "{text}");
            let again = LabelSnapshot::from_json(TENANT, &document).map(|_| ());
            assert_eq!(again, Err(error.clone()), "another answer");
            // Damage is told from a version that is not known only if the checksum is looked at
            // first.
            if matches!(error, SnapshotError::OtherFormat { .. }) {
                let changed = [&document[..], b" "].concat();
                let changed = LabelSnapshot::from_json(TENANT, &changed);
                assert!(matches!(changed, Err(SnapshotError::Damaged { .. })));
            }
        }
    }
});

fn refusal(body: &[u8]) {
    let error = GraphError::parse(body);
    assert_eq!(GraphError::parse(body), error, "another answer");
    let Some(error) = error else {
        return;
    };
    assert!(error.codes.len() <= CODES_MAX);
    let ids = [&error.request_id, &error.client_request_id];
    let texts = error.codes.iter().chain(ids.into_iter().flatten());
    for text in texts {
        assert!(!text.is_empty());
        assert!(text.chars().count() <= TEXT_CHARS_MAX);
    }
    assert!(error.message.chars().count() <= TEXT_CHARS_MAX);
    match error.code() {
        Some(code) => assert!(error.codes.iter().any(|one| one == code)),
        None => assert!(error.codes.is_empty()),
    }
}

fn check(snapshot: &LabelSnapshot, keep_rights_identities: bool) {
    check_catalog(&snapshot.catalog);
    let text = snapshot.to_json();
    let back = read_back(&text);
    assert_eq!(back.version, snapshot.version);
    assert_eq!(back.previous_version, snapshot.previous_version);
    assert_eq!(back.fetched_ms, snapshot.fetched_ms);
    assert_eq!(back.origin, snapshot.origin);
    assert_eq!(back.content_hash, snapshot.content_hash);
    assert!(back.catalog.labels().eq(snapshot.catalog.labels()));
    check_catalog(&back.catalog);

    let catalog = &snapshot.catalog;
    let changes = diff(&LabelCatalog::empty(TENANT), catalog);
    assert_eq!(changes.changes().len(), snapshot.live_count());
    let made = changes
        .apply(&LabelCatalog::empty(TENANT))
        .expect("from nothing");
    assert!(made.with_deleted().eq(catalog.with_deleted()));
    assert!(diff(catalog, catalog).is_empty());
    keep(snapshot, keep_rights_identities);
}

fn read_back(text: &str) -> LabelSnapshot {
    let back = LabelSnapshot::from_json(TENANT, text.as_bytes()).expect("what was written");
    assert_eq!(back.to_json(), text, "another text");
    back
}

/// The list goes into a keeper, and its own labels come as news.
fn keep(snapshot: &LabelSnapshot, keep_rights_identities: bool) {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        env::temp_dir().join(format!("label-snapshot-fuzz-{}.json", process::id()))
    });
    // Only a store gives what a keeper resumes from.
    fs::write(path, snapshot.to_json()).expect("a temporary file");
    let loaded = SnapshotStore::new(path).load(TENANT);
    let _ = fs::remove_file(path);
    let loaded = loaded.expect("what was written").expect("the file");
    assert_eq!(loaded.version_floor, snapshot.version);
    let options = KeeperOptions {
        keep_rights_identities,
        ..KeeperOptions::default()
    };
    let mut keeper = SnapshotKeeper::resume(TENANT, options, loaded).expect("the same tenant");
    if let Some((next, changes)) = offer(&mut keeper, snapshot.catalog.labels()) {
        // Nobody counts that far.
        assert!(next.version > snapshot.version || snapshot.version == u64::MAX);
        assert_eq!(next.previous_version, Some(snapshot.version));
        check_catalog(&next.catalog);
        for label in snapshot.catalog.with_deleted() {
            assert!(next.catalog.by_id(label.key.label).is_some(), "forgotten");
        }
        let made = changes.apply(&snapshot.catalog).expect("from the old one");
        assert!(made.with_deleted().eq(next.catalog.with_deleted()));
        let back = read_back(&next.to_json());
        assert!(back.catalog.with_deleted().eq(next.catalog.with_deleted()));
        assert_eq!(back.tombstones, next.tombstones);
        assert!(offer(&mut keeper, snapshot.catalog.labels()).is_none());
        assert!(offer(&mut keeper, next.catalog.labels()).is_none());
    }
}

/// The new list and what is different, where the labels are not those in force.
fn offer<'l>(
    keeper: &mut SnapshotKeeper,
    labels: impl Iterator<Item = &'l Label>,
) -> Option<(LabelSnapshot, ChangeSet)> {
    let mut list = LabelList::new(TENANT);
    list.labels = labels.cloned().collect();
    let outcome = keeper.offer(1_609_066_802_000, list, Origin::new("fuzz"));
    match outcome.expect("labels of a catalogue") {
        Outcome::Unchanged => None,
        Outcome::Replaced { snapshot, changes } => Some(((*snapshot).clone(), changes)),
        held => panic!("nothing is lost: {held:?}"),
    }
}

fn check_catalog(catalog: &LabelCatalog) {
    let mut last_place = None;
    let mut next_level = 0;
    let mut next_position = 0;
    for label in catalog.with_deleted() {
        let id = label.key.label;
        assert_eq!(label.key.tenant, TENANT);
        assert!(!label.name().is_empty());
        assert_eq!(catalog.by_id(id), Some(label));
        let place = catalog.place(id).expect("a place");
        assert!(last_place < Some(place), "not in order");
        last_place = Some(place);
        let mut above = label.parent;
        let mut depth = 1;
        while let Some(parent) = above {
            let parent = catalog.by_id(parent).expect("parents are there");
            let parent_place = catalog.place(parent.key.label).expect("a place");
            assert!(parent_place < place, "a parent behind its child");
            above = parent.parent;
            depth += 1;
            assert!(depth <= DEPTH_MAX, "too deep, or a circle");
        }
        if label.state == LabelState::Deleted {
            continue;
        }
        // Either the next of its family, or the first of the next one.
        let order = catalog.order(id).expect("an order");
        if order == (next_level, 0) {
            next_level += 1;
            next_position = 1;
        } else {
            assert_eq!(Some(order.0), next_level.checked_sub(1), "a gap in levels");
            assert_eq!(order.1, next_position, "a gap in positions");
            next_position += 1;
        }
    }
}
