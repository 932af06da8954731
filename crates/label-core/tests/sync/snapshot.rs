//! Snapshots as documents and files.

use std::fs;
use std::path::Path;

use label_core::source::{LabelList, graph};
use label_core::sync::{
    Freshness, KeeperOptions, LabelSnapshot, Origin, Outcome, SnapshotError, SnapshotKeeper,
    SnapshotStore, SyncError,
};
use label_core::{Label, LabelState, TenantId};

use super::{content, id, sample, taxonomy, tenant};

fn keeper() -> SnapshotKeeper {
    SnapshotKeeper::new(tenant(), KeeperOptions::default())
}

fn offer(keeper: &mut SnapshotKeeper, labels: Vec<Label>) -> LabelSnapshot {
    let mut list = LabelList::new(tenant());
    list.labels = labels;
    match keeper.offer(1_609_066_802_000, list, Origin::new("test")) {
        Ok(Outcome::Replaced { snapshot, .. }) => (*snapshot).clone(),
        other => panic!("{other:?}"),
    }
}

/// Two versions, the second with a tombstone.
fn two() -> (LabelSnapshot, LabelSnapshot) {
    two_of(taxonomy())
}

fn two_of(mut labels: Vec<Label>) -> (LabelSnapshot, LabelSnapshot) {
    let mut keeper = keeper();
    labels[0]
        .extras
        .insert("new".to_owned(), "{\"a\":\"ü\"}".to_owned());
    let first = offer(&mut keeper, labels.clone());
    labels.remove(1);
    (first, offer(&mut keeper, labels))
}

#[test]
fn l_047_l_054_a_document_in_the_shape_of_the_sample() {
    let list = graph::parse(tenant(), &sample("graph-v1-labels.json")).unwrap();
    let snapshot = offer(&mut keeper(), list.labels);
    let ours: serde_json::Value = serde_json::from_str(&snapshot.to_json()).unwrap();
    let sample: serde_json::Value = serde_json::from_slice(&sample("label-snapshot.json")).unwrap();
    for member in sample.as_object().unwrap().keys() {
        // Labels of other tenants are found on files, not synced.
        let is_there = ours.get(member).is_some();
        assert_eq!(is_there, member != "external", "{member}");
    }
    assert_eq!(ours["format"], sample["format"]);
    assert_eq!(ours["tenantId"], sample["tenantId"]);
    assert_eq!(ours["taxonomy"], sample["taxonomy"]);
    assert_eq!(ours["fetchedAt"], "2020-12-27T11:00:02.000Z");
    for (our, theirs) in ours["labels"]
        .as_array()
        .unwrap()
        .iter()
        .zip(sample["labels"].as_array().unwrap())
    {
        for member in ["id", "parentId", "order", "level", "state", "appliable"] {
            assert_eq!(our[member], theirs[member], "{member} of {theirs}");
        }
        assert!(our["protection"]["kind"].is_string());
    }
    let (_, second) = two();
    let second: serde_json::Value = serde_json::from_str(&second.to_json()).unwrap();
    assert_eq!(second["tombstones"][0]["displayName"], "General");
    assert_eq!(second["tombstones"][0]["deletedInVersion"], 2);
    assert_eq!(second["tombstones"][0]["lastSeenVersion"], 1);
}

#[test]
fn l_053_documents_are_read_back_whole() {
    let (first, second) = two();
    for snapshot in [first, second] {
        let text = snapshot.to_json();
        let read = LabelSnapshot::from_json(tenant(), text.as_bytes()).unwrap();
        assert_eq!(content(&read.catalog), content(&snapshot.catalog));
        assert_eq!(read.to_json(), text);
        assert_eq!(read.tombstones, snapshot.tombstones);
        assert_eq!(read.content_hash, snapshot.content_hash);
        let public = read.catalog.by_id(id(1)).unwrap();
        assert_eq!(public.extras["new"], "{\"a\":\"ü\"}");
    }
}

#[test]
fn l_053_cut_off_or_changed_at_any_byte_a_document_is_damaged() {
    let text = two().1.to_json();
    let bytes = text.as_bytes();
    for at in 0..bytes.len() {
        let cut = LabelSnapshot::from_json(tenant(), &bytes[..at]);
        assert!(matches!(cut, Err(SnapshotError::Damaged { .. })), "{at}");
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let changed = LabelSnapshot::from_json(tenant(), &changed);
        assert!(
            matches!(changed, Err(SnapshotError::Damaged { .. })),
            "{at}"
        );
    }
}

/// The text with another checksum that fits, as another program or version would write it.
pub(super) fn sealed(text: &str) -> String {
    use sha2::{Digest, Sha256};

    let (body, _) = text.rsplit_once(",\n  \"checksum\"").unwrap();
    let digits: String = Sha256::digest(body.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{body},\n  \"checksum\": \"sha256:{digits}\"\n}}\n")
}

#[test]
fn l_053_foreign_and_newer_documents_are_refused() {
    let text = two().1.to_json();
    assert_eq!(sealed(&text), text);
    let other = TenantId::from_u128(7);
    for (from, to, tenant, expected) in [
        (
            "",
            "",
            other,
            "belongs to tenant `74f71239-3dea-461b-910f-15d15a71655a`",
        ),
        (
            "label-snapshot/1",
            "label-snapshot/2",
            tenant(),
            "of the format `label-snapshot/2`, which this version does not know",
        ),
        (
            "label-snapshot/1",
            "something/1",
            tenant(),
            "damaged: not a label snapshot",
        ),
        (
            "\"Confidential\"",
            "\"Public\"",
            tenant(),
            "damaged: the hash of the labels is another",
        ),
        (
            "11:00:02.000Z",
            "25:00:02.000Z",
            tenant(),
            "damaged: fetchedAt: no time",
        ),
        (
            "\"version\": 2",
            "\"version\": -2",
            tenant(),
            "damaged: invalid value",
        ),
        (
            "\"tombstones\"",
            "\"graves\"",
            tenant(),
            "damaged: missing field `tombstones`",
        ),
    ] {
        let changed = sealed(&text.replace(from, to));
        let error = LabelSnapshot::from_json(tenant, changed.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    // A later minor version may have more members.
    let minor = text
        .replace("snapshot/1\"", "snapshot/1.2\"")
        .replace("  \"version\"", "  \"more\": [1],\n  \"version\"");
    LabelSnapshot::from_json(tenant(), sealed(&minor).as_bytes()).unwrap();
    for text in ["", "{}", "null", "[[[[", "\u{feff}{}"] {
        let error = LabelSnapshot::from_json(tenant(), text.as_bytes()).unwrap_err();
        assert!(matches!(error, SnapshotError::Damaged { .. }), "{text}");
    }
}

#[test]
fn l_053_a_document_that_contradicts_itself_is_damaged() {
    let text = two().1.to_json();
    let deleted = text.replacen("\"state\": \"active\"", "\"state\": \"deleted\"", 1);
    let at = text.rfind("\"state\": \"deleted\"").unwrap();
    let (labels, tombstone) = text.split_at(at);
    let raised = format!("{labels}{}", tombstone.replacen("deleted", "active", 1));
    let listed = id(1).to_string();
    let (labels, tombstone) = text.split_at(text.find("\"tombstones\"").unwrap());
    let twice = format!(
        "{labels}{}",
        tombstone.replacen(&id(2).to_string(), &listed, 1)
    );
    for (text, expected) in [
        (sealed(&deleted), "a deleted label among the others"),
        (
            sealed(&raised),
            "a tombstone of a label that is not deleted",
        ),
        (sealed(&twice), "a label is there twice"),
    ] {
        let error = LabelSnapshot::from_json(tenant(), text.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), format!("damaged: {expected}"));
    }
}

fn file(folder: &Path, ending: &str) -> std::path::PathBuf {
    folder.join(format!("labels.json{ending}"))
}

#[test]
fn l_053_a_crash_at_any_byte_of_the_write_leaves_one_or_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::new(&file(folder.path(), ""));
    // Small ones: each of their bytes is a run of the test.
    let (first, second) = two_of(taxonomy()[..2].to_vec());
    store.save(&first).unwrap();
    let old = fs::read(file(folder.path(), "")).unwrap();
    let new = second.to_json();
    let loaded_version = || {
        let loaded = store.load(tenant()).unwrap().unwrap();
        (loaded.snapshot.version, loaded.version_floor)
    };
    let cut_down = |ending: &str, expected: (u64, u64)| {
        fs::write(file(folder.path(), ending), &new).unwrap();
        let cut = fs::File::options()
            .write(true)
            .open(file(folder.path(), ending))
            .unwrap();
        for at in (0..new.len() as u64).rev() {
            cut.set_len(at).unwrap();
            assert_eq!(loaded_version(), expected, "{at}");
        }
    };
    // While the new file is written.
    cut_down(".new", (1, 1));
    // Between the two renames: what is lost had a version that is not given again.
    fs::rename(file(folder.path(), ""), file(folder.path(), ".previous")).unwrap();
    assert_eq!(loaded_version(), (1, 2));
    // A file system that keeps a rename and loses bytes.
    cut_down("", (1, 2));
    // The next save goes through. Its text stands in both files: were the new one lost too, the
    // first would not tell that there had been a second.
    store.save(&second).unwrap();
    assert_eq!(loaded_version(), (2, 2));
    let previous = fs::read_to_string(file(folder.path(), ".previous")).unwrap();
    assert_eq!(previous.len(), new.len());
    assert!(previous == new && previous.as_bytes() != old);
    assert!(!file(folder.path(), ".new").exists());
}

#[test]
fn l_053_what_is_there_is_replaced_only_by_a_later_version_of_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let store = SnapshotStore::new(&path);
    assert!(store.load(tenant()).unwrap().is_none());
    let (first, second) = two();
    store.save(&first).unwrap();
    store.save(&second).unwrap();
    store.save(&second).unwrap();
    let previous = fs::read_to_string(file(folder.path(), ".previous")).unwrap();
    assert_eq!(previous, first.to_json());
    assert_eq!(
        store.save(&first).unwrap_err().to_string(),
        "version 1 is to replace the later version 2"
    );
    let newer = sealed(&second.to_json().replace("snapshot/1", "snapshot/2"));
    fs::write(&path, &newer).unwrap();
    for result in [store.save(&second), store.load(tenant()).map(drop)] {
        assert!(matches!(result, Err(SnapshotError::OtherFormat { .. })));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), newer);
    fs::write(&path, second.to_json()).unwrap();
    let other = TenantId::from_u128(7);
    assert!(matches!(
        store.load(other),
        Err(SnapshotError::OtherTenant { .. })
    ));
    // Both files damaged: there is nothing to go on with, and the caller decides.
    fs::write(&path, "x").unwrap();
    fs::write(file(folder.path(), ".previous"), "y").unwrap();
    assert!(matches!(
        store.load(tenant()),
        Err(SnapshotError::Damaged { .. })
    ));
    let nowhere = SnapshotStore::new(&folder.path().join("none/labels.json"));
    let error = nowhere.save(&first).unwrap_err();
    assert!(matches!(error, SnapshotError::Io { .. }), "{error}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        store.save(&first).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn l_049_versions_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::new(&file(folder.path(), ""));
    let (first, second) = two();
    store.save(&first).unwrap();
    store.save(&second).unwrap();
    let resume = || {
        let loaded = store.load(tenant()).unwrap().unwrap();
        SnapshotKeeper::resume(tenant(), KeeperOptions::default(), loaded).unwrap()
    };
    let mut keeper = resume();
    assert_eq!(keeper.status().version, Some(2));
    assert_eq!(keeper.status().last_success_ms, Some(second.fetched_ms));
    let third = offer(&mut keeper, taxonomy());
    assert_eq!((third.version, third.previous_version), (3, Some(2)));
    let general = third.catalog.by_id(id(2)).unwrap();
    assert_eq!(general.state, LabelState::Active);
    // The latest file is lost: its version is not given again.
    fs::write(file(folder.path(), ""), "").unwrap();
    let third = offer(&mut resume(), taxonomy());
    assert_eq!((third.version, third.previous_version), (3, Some(1)));
    let loaded = store.load(tenant()).unwrap().unwrap();
    let other = SnapshotKeeper::resume(TenantId::from_u128(7), KeeperOptions::default(), loaded);
    assert!(matches!(other, Err(SyncError::OtherTenant { .. })));
}

/// Two times in a row the latest file is lost: no version is given twice all the same.
#[test]
fn l_049_versions_go_on_whatever_files_are_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let open = || {
        let store = SnapshotStore::new(&path);
        SnapshotKeeper::open(tenant(), KeeperOptions::default(), store).unwrap()
    };
    let mut labels = taxonomy();
    let mut versions = Vec::new();
    for round in 0..8 {
        labels[0].description = Some(format!("round {round}"));
        versions.push(offer(&mut open(), labels.clone()).version);
        if round > 0 {
            fs::write(&path, "").unwrap();
        }
    }
    assert!(
        versions.is_sorted_by(|one, other| one < other),
        "{versions:?}"
    );
}

#[test]
fn l_049_l_053_nobody_sees_a_list_before_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let store = || SnapshotStore::new(&path);
    let mut keeper = SnapshotKeeper::open(tenant(), KeeperOptions::default(), store()).unwrap();
    let reader = keeper.reader();
    let first = offer(&mut keeper, taxonomy());
    // Where the file should be there is a folder: nothing can be stored.
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(path.join("full")).unwrap();
    let mut list = LabelList::new(tenant());
    list.labels = taxonomy();
    list.labels[0].description = Some("new".to_owned());
    let error = keeper
        .offer(1, list.clone(), Origin::new("test"))
        .unwrap_err();
    assert!(matches!(error, SyncError::Store(_)), "{error}");
    assert_eq!(reader.current().unwrap().version, first.version);
    assert_eq!(keeper.status().last_error, Some(error));
    // The number is used up: the list may have reached the disk.
    fs::remove_dir_all(&path).unwrap();
    let Ok(Outcome::Replaced { snapshot, .. }) = keeper.offer(2, list, Origin::new("test")) else {
        panic!("not replaced");
    };
    assert_eq!(snapshot.version, 3);
    assert_eq!(store().load(tenant()).unwrap().unwrap().snapshot.version, 3);
    // What is held back goes in by confirmation only if it can be stored.
    let held = keeper.offer(3, LabelList::new(tenant()), Origin::new("test"));
    assert!(matches!(held, Ok(Outcome::Held(_))));
    fs::remove_file(&path).unwrap();
    fs::create_dir_all(path.join("full")).unwrap();
    assert!(keeper.confirm().is_err());
    fs::remove_dir_all(&path).unwrap();
    assert!(matches!(
        keeper.confirm(),
        Ok(Some(Outcome::Replaced { .. }))
    ));
    assert_eq!(reader.current().unwrap().live_count(), 0);
}

#[test]
fn when_the_list_was_confirmed_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let open = || {
        let store = SnapshotStore::new(&path);
        SnapshotKeeper::open(tenant(), KeeperOptions::default(), store).unwrap()
    };
    let mut keeper = open();
    let first = offer(&mut keeper, taxonomy());
    let month = first.fetched_ms + 30 * 24 * 3_600_000;
    let mut list = LabelList::new(tenant());
    list.labels = taxonomy();
    let unchanged = keeper.offer(month, list, Origin::new("test"));
    assert!(matches!(unchanged, Ok(Outcome::Unchanged)));
    let status = open().status().clone();
    assert_eq!(status.last_success_ms, Some(month));
    assert_eq!(status.freshness(month), Freshness::Fresh);
    // What does not fit, or can't be read, counts as not there.
    for text in [
        "",
        "x",
        "7 2021-01-26T11:00:02.000Z",
        "1 yesterday",
        "\u{fffd}",
    ] {
        fs::write(file(folder.path(), ".confirmed"), text).unwrap();
        let status = open().status().clone();
        assert_eq!(status.last_success_ms, Some(first.fetched_ms), "{text}");
    }
    // A clock that was a year ahead does not make the list fresh for a year.
    let mut keeper = open();
    let mut list = LabelList::new(tenant());
    list.labels = taxonomy();
    keeper.offer(month * 2, list, Origin::new("test")).unwrap();
    assert_eq!(keeper.status().freshness(month), Freshness::Expired);
}

/// Who touched a label last, and when, is kept and makes no new version (section 1.2).
#[test]
fn l_047_members_that_move_by_themselves_make_no_version() {
    let mut keeper = keeper();
    let mut list = LabelList::new(tenant());
    list.labels = taxonomy();
    let mut offer = |name: &str, value: &str| {
        list.labels[0]
            .extras
            .insert(name.to_owned(), value.to_owned());
        keeper.offer(0, list.clone(), Origin::new("test")).unwrap()
    };
    let first = offer("WhenChangedUTC", "\"2020-12-27T11:00:02Z\"");
    let Outcome::Replaced { snapshot, .. } = first else {
        panic!("{first:?}");
    };
    assert!(snapshot.to_json().contains("WhenChangedUTC"));
    for (name, value) in [
        ("WhenChangedUTC", "\"2021-01-04T08:00:00Z\""),
        ("LastModifiedBy", "\"somebody\""),
    ] {
        let second = offer(name, value);
        assert!(matches!(second, Outcome::Unchanged), "{second:?}");
    }
    let third = offer("Something", "1");
    let Outcome::Replaced { changes, .. } = third else {
        panic!("{third:?}");
    };
    assert_eq!(changes.changes().len(), 1);
}

/// A list that is held back is known in the next process, so that two short ones can agree on it.
#[test]
fn l_045_l_046_a_held_list_outlasts_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let open = || {
        let store = SnapshotStore::new(&path);
        SnapshotKeeper::open(tenant(), KeeperOptions::default(), store).unwrap()
    };
    let read = |labels: Vec<Label>| {
        let mut list = LabelList::new(tenant());
        list.labels = labels;
        open().offer(0, list, Origin::new("test"))
    };
    let is_held = |outcome| matches!(outcome, Ok(Outcome::Held(_)));
    offer(&mut open(), taxonomy());
    let few = || taxonomy()[..1].to_vec();
    assert!(is_held(read(few())));
    // Another list, and one that was not read, let it wait on.
    assert!(is_held(read(Vec::new())));
    assert!(is_held(read(few())));
    let failed = open().sync_from(&mut Failing, 0);
    assert!(failed.is_err());
    assert!(is_held(read(few())));
    assert!(matches!(read(taxonomy()), Ok(Outcome::Unchanged)));
    assert!(is_held(read(few())));
    assert!(matches!(read(few()), Ok(Outcome::Replaced { .. })));
    assert!(!file(folder.path(), ".held").exists());
    // What can't be read counts as none.
    assert!(is_held(read(Vec::new())));
    fs::write(file(folder.path(), ".held"), "sha256:0 yesterday").unwrap();
    assert!(is_held(read(Vec::new())));
}

struct Failing;

impl label_core::LabelSource for Failing {
    fn fetch(&mut self) -> Result<LabelList, label_core::SourceError> {
        Err(label_core::SourceError::TooLarge { limit_bytes: 1 })
    }
}

/// Where saving failed for some versions, the file before is not left that far behind.
#[test]
fn l_049_versions_that_could_not_be_stored_leave_no_gap_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "");
    let store = SnapshotStore::new(&path);
    let mut memory = keeper();
    let mut labels = taxonomy();
    let mut versions: Vec<LabelSnapshot> = Vec::new();
    for round in 0..5 {
        labels[0].description = Some(format!("round {round}"));
        versions.push(offer(&mut memory, labels.clone()));
    }
    store.save(&versions[0]).unwrap();
    store.save(&versions[4]).unwrap();
    fs::write(&path, "").unwrap();
    let loaded = store.load(tenant()).unwrap().unwrap();
    assert!(loaded.version_floor >= 5, "{}", loaded.version_floor);
}
