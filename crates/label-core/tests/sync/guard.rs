//! The list in force: what replaces it, what is held back, versions and hashes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use label_core::source::{GraphFile, LabelList};
use label_core::sync::{
    Freshness, KeeperOptions, MemoryLabels, Origin, Outcome, SnapshotKeeper, SyncError, conformance,
};
use label_core::{
    Encryption, EncryptionKind, Grant, Label, LabelState, SourceError, TenantId, UsageRights,
};
use proptest::prelude::*;

use super::changes::any_labels;
use super::{HOUR, body, content, id, label, taxonomy, tenant};

fn keeper() -> SnapshotKeeper {
    SnapshotKeeper::new(tenant(), KeeperOptions::default())
}

fn list(labels: Vec<Label>) -> LabelList {
    let mut list = LabelList::new(tenant());
    list.labels = labels;
    list
}

fn offer(keeper: &mut SnapshotKeeper, now: i64, labels: Vec<Label>) -> Outcome {
    keeper
        .offer(now, list(labels), Origin::new("test"))
        .unwrap()
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Unchanged => "unchanged",
        Outcome::Replaced { .. } => "replaced",
        Outcome::Held(_) => "held",
        _ => "new",
    }
}

#[test]
fn l_047_the_same_content_makes_no_version() {
    let mut keeper = keeper();
    let mut labels = taxonomy();
    labels[0].published_in = vec!["a".to_owned(), "b".to_owned()];
    labels[0].targets = label_core::Targets::parse("file,y,x");
    labels[0]
        .extras
        .insert("new".to_owned(), r#"{"b":1,"a":[2]}"#.to_owned());
    assert_eq!(word(&offer(&mut keeper, 0, labels.clone())), "replaced");
    let first = keeper.current().unwrap();
    labels.reverse();
    for label in &mut labels {
        label.source_order *= 3;
    }
    let last = labels.last_mut().unwrap();
    last.published_in.reverse();
    last.targets = label_core::Targets::parse("x, FILE, y");
    last.extras
        .insert("new".to_owned(), "{\"a\": [2], \"b\": 1}".to_owned());
    assert_eq!(word(&offer(&mut keeper, HOUR, labels.clone())), "unchanged");
    assert!(Arc::ptr_eq(&keeper.current().unwrap(), &first));
    assert_eq!(keeper.status().last_success_ms, Some(HOUR));
    labels[3].tooltip = Some("t".to_owned());
    assert_eq!(word(&offer(&mut keeper, 2 * HOUR, labels)), "replaced");
    let second = keeper.current().unwrap();
    assert_eq!((second.version, second.previous_version), (2, Some(1)));
    assert_ne!(second.content_hash, first.content_hash);
}

#[test]
fn l_045_an_empty_list_is_held_until_it_comes_again() {
    for count in [1, 2, 7] {
        let mut keeper = keeper();
        offer(&mut keeper, 0, taxonomy()[..count].to_vec());
        let first = keeper.current().unwrap();
        let Outcome::Held(held) = offer(&mut keeper, 1, Vec::new()) else {
            panic!("{count}");
        };
        assert_eq!((held.lost, held.of, held.since_ms), (count, count, 1));
        assert!(Arc::ptr_eq(&keeper.current().unwrap(), &first));
        assert_eq!(keeper.status().last_success_ms, Some(0));
        assert_eq!(word(&offer(&mut keeper, 2, Vec::new())), "replaced");
        let second = keeper.current().unwrap();
        assert_eq!((second.version, second.live_count()), (2, 0));
        assert_eq!(second.catalog.len(), count);
        assert_eq!(keeper.status().held, None);
    }
    // The first list may be empty: there is nothing to lose.
    let mut keeper = keeper();
    assert_eq!(word(&offer(&mut keeper, 0, Vec::new())), "replaced");
    assert_eq!(word(&offer(&mut keeper, 1, Vec::new())), "unchanged");
    assert_eq!(word(&offer(&mut keeper, 2, taxonomy())), "replaced");
}

#[test]
fn l_046_losing_more_than_half_of_four_or_more_is_held() {
    for (before, after, expected) in [
        (7, 4, "replaced"),
        (7, 3, "held"),
        (6, 3, "replaced"),
        (4, 2, "replaced"),
        (4, 1, "held"),
        (3, 1, "replaced"),
        (3, 0, "held"),
    ] {
        let mut keeper = keeper();
        offer(&mut keeper, 0, taxonomy()[..before].to_vec());
        let outcome = offer(&mut keeper, 1, taxonomy()[..after].to_vec());
        assert_eq!(word(&outcome), expected, "{before} to {after}");
    }
    // As many labels, but others.
    let mut keeper = keeper();
    offer(&mut keeper, 0, taxonomy());
    let others: Vec<Label> = (100..110)
        .map(|number| label(number, "x", 0, None))
        .collect();
    assert_eq!(word(&offer(&mut keeper, 1, others)), "held");
}

#[test]
fn l_046_only_the_next_equal_read_confirms() {
    let some = |count: usize| taxonomy()[..count].to_vec();
    let mut keeper = keeper();
    offer(&mut keeper, 0, taxonomy());
    assert_eq!(word(&offer(&mut keeper, 1, some(2))), "held");
    assert_eq!(word(&offer(&mut keeper, 2, some(1))), "held");
    assert_eq!(word(&offer(&mut keeper, 3, some(2))), "held");
    // A failure in between: the reads are not in a row.
    let mut source = MemoryLabels::new(tenant(), some(2));
    source.fail_next(SourceError::TooLarge { limit_bytes: 1 });
    assert!(keeper.sync_from(&mut source, 4).is_err());
    assert!(keeper.status().held.is_some());
    assert_eq!(word(&keeper.sync_from(&mut source, 5).unwrap()), "held");
    // The full list is back: nothing is held any more, and nothing changed.
    assert_eq!(word(&offer(&mut keeper, 6, taxonomy())), "unchanged");
    assert!(keeper.confirm().unwrap().is_none());
    assert_eq!(word(&offer(&mut keeper, 8, some(2))), "held");
    assert_eq!(keeper.current().unwrap().version, 1);
    let confirmed = keeper.confirm().unwrap().unwrap();
    assert_eq!(word(&confirmed), "replaced");
    assert_eq!(keeper.current().unwrap().live_count(), 2);
    // It is as old as the read that brought it.
    assert_eq!(keeper.current().unwrap().fetched_ms, 8);
    assert_eq!(keeper.status().last_success_ms, Some(8));
}

#[test]
fn a_045_l_054_tombstones_know_their_versions() {
    let mut keeper = keeper();
    offer(&mut keeper, 0, taxonomy());
    offer(&mut keeper, 1, taxonomy()[..6].to_vec());
    let second = keeper.current().unwrap();
    let board = second.catalog.by_id(id(41)).unwrap();
    assert_eq!((board.name(), board.state), ("Board", LabelState::Deleted));
    let tombstone = second.tombstones[&id(41)];
    assert_eq!(
        (tombstone.last_seen_version, tombstone.deleted_in_version),
        (1, 2)
    );
    let mut labels = taxonomy()[..6].to_vec();
    labels[0].tooltip = Some("t".to_owned());
    offer(&mut keeper, 2, labels);
    assert_eq!(keeper.current().unwrap().tombstones[&id(41)], tombstone);
    let Outcome::Replaced { changes, snapshot } = offer(&mut keeper, 3, taxonomy()) else {
        panic!("the list changed");
    };
    assert!(changes.to_string().contains("`Secret/Board`: back again\n"));
    assert!(snapshot.tombstones.is_empty());
}

#[test]
fn l_050_r_062_readers_in_other_threads_see_one_or_the_other() {
    let mut keeper = keeper();
    let named = |name: &str| {
        let mut labels = taxonomy();
        for label in &mut labels {
            label.display_name = Some(name.to_owned());
        }
        labels
    };
    offer(&mut keeper, 0, named("even"));
    let held = keeper.current().unwrap();
    let is_over = AtomicBool::new(false);
    let seen: usize = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let (reader, is_over) = (keeper.reader(), &is_over);
                scope.spawn(move || {
                    let (mut seen, mut last) = (0, 0);
                    while !is_over.load(Ordering::Acquire) || seen == 0 {
                        let snapshot = reader.current().unwrap();
                        let wanted = match snapshot.version % 2 {
                            0 => "odd",
                            _ => "even",
                        };
                        assert!(
                            snapshot
                                .catalog
                                .labels()
                                .all(|label| label.name() == wanted)
                        );
                        assert_eq!(snapshot.live_count(), 7);
                        assert!(snapshot.version >= last);
                        last = snapshot.version;
                        seen += 1;
                    }
                    seen
                })
            })
            .collect();
        for at in 1..200 {
            offer(
                &mut keeper,
                at,
                named(if at % 2 == 0 { "even" } else { "odd" }),
            );
        }
        is_over.store(true, Ordering::Release);
        readers.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert!(seen >= 3);
    assert!(held.catalog.labels().all(|label| label.name() == "even"));
}

#[test]
fn r_063_failures_are_counted_and_the_list_grows_old() {
    let mut keeper = keeper();
    assert_eq!(keeper.status().freshness(0), Freshness::Expired);
    let mut source = MemoryLabels::new(tenant(), taxonomy());
    keeper.sync_from(&mut source, 0).unwrap();
    for (hours, expected) in [
        (0, Freshness::Fresh),
        (2, Freshness::Fresh),
        (3, Freshness::Stale),
        (24, Freshness::Stale),
        (25, Freshness::Expired),
    ] {
        assert_eq!(keeper.status().freshness(hours * HOUR), expected, "{hours}");
    }
    // Set back, the clock makes nothing older.
    assert_eq!(keeper.status().freshness(-HOUR), Freshness::Fresh);
    for _ in 0..3 {
        source.fail_next(SourceError::TooLarge { limit_bytes: 1 });
        keeper.sync_from(&mut source, HOUR).unwrap_err();
    }
    let status = keeper.status();
    assert_eq!((status.consecutive_failures, status.failures), (3, 3));
    assert_eq!(status.last_attempt_ms, Some(HOUR));
    assert_eq!(
        status.last_error.as_ref().unwrap().to_string(),
        "larger than 1 bytes"
    );
    keeper.sync_from(&mut source, 2 * HOUR).unwrap();
    assert_eq!(keeper.status().consecutive_failures, 0);
    assert_eq!(keeper.status().last_error, None);
    assert_eq!(source.fetches(), 5);
}

#[test]
fn another_tenants_list_and_one_too_long_are_refused() {
    let mut keeper = SnapshotKeeper::new(
        tenant(),
        KeeperOptions {
            labels_max: 6,
            ..KeeperOptions::default()
        },
    );
    let origin = || Origin::new("test");
    let other = LabelList::new(TenantId::from_u128(1));
    assert!(matches!(
        keeper.offer(0, other, origin()),
        Err(SyncError::OtherTenant { .. })
    ));
    assert_eq!(
        keeper
            .offer(0, list(taxonomy()), origin())
            .unwrap_err()
            .to_string(),
        "more than 6 labels"
    );
    let mut stray = taxonomy()[..2].to_vec();
    stray[1] = Label::new(TenantId::from_u128(1), id(2), "x");
    assert!(matches!(
        keeper.offer(0, list(stray), origin()),
        Err(SyncError::Catalog(_))
    ));
    assert!(keeper.current().is_none());
}

#[test]
fn who_has_which_rights_is_kept_on_request_only() {
    let mut labels = taxonomy();
    let mut encryption = Encryption::new(EncryptionKind::Template);
    encryption.template_id = Some("t".to_owned());
    encryption.grants = Grant::parse_list("dana@contoso.example:VIEW").unwrap();
    assert_ne!(encryption.grants[0].rights, UsageRights::default());
    labels[0].encryption = Some(encryption);
    for keep_rights_identities in [false, true] {
        let options = KeeperOptions {
            keep_rights_identities,
            ..KeeperOptions::default()
        };
        let mut keeper = SnapshotKeeper::new(tenant(), options);
        offer(&mut keeper, 0, labels.clone());
        let snapshot = keeper.current().unwrap();
        assert_eq!(snapshot.to_json().contains("dana"), keep_rights_identities);
        let kept = snapshot.catalog.by_id(id(1)).unwrap();
        let kept = kept.encryption.as_ref().unwrap();
        assert_eq!(kept.template_id.as_deref(), Some("t"));
        assert_eq!(kept.grants.is_empty(), !keep_rights_identities);
        assert_eq!(word(&offer(&mut keeper, 1, labels.clone())), "unchanged");
    }
}

#[test]
fn r_061_r_063_r_065_the_twin_in_memory_conforms_and_bad_ones_do_not() {
    let make = |tenant, labels: &[Label]| MemoryLabels::new(tenant, labels.to_vec());
    let fail = |source: &mut MemoryLabels| {
        source.fail_next(SourceError::TooLarge { limit_bytes: 1 });
    };
    conformance::check(make).unwrap();
    conformance::shows_changes(make, |source, labels| source.set(labels.to_vec()), fail).unwrap();
    conformance::fails_as_a_whole(|tenant, labels| {
        let mut source = make(tenant, labels);
        fail(&mut source);
        source
    })
    .unwrap();
    let short = |tenant, labels: &[Label]| {
        MemoryLabels::new(tenant, labels.iter().skip(1).cloned().collect())
    };
    assert_eq!(
        conformance::check(short).unwrap_err().to_string(),
        "a source gives the whole list: one label: there is no `General` \
         (aaaaaaaa-0000-4000-8000-000000000001) at level 0 place 0"
    );
    let foreign = |_, labels: &[Label]| MemoryLabels::new(TenantId::from_u128(1), labels.to_vec());
    assert!(conformance::check(foreign).is_err());
    assert!(conformance::fails_as_a_whole(make).is_err());
    let deaf = conformance::shows_changes(make, |_, _| {}, fail).unwrap_err();
    assert!(deaf.to_string().ends_with("the change does not show"));
    let sound = conformance::shows_changes(make, |_, _| {}, |_| {}).unwrap_err();
    assert!(
        sound
            .to_string()
            .ends_with("the read that should fail did not")
    );
}

#[test]
fn r_061_saved_graph_answers_conform() {
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    conformance::check(|tenant, labels| {
        count += 1;
        let path = folder.path().join(format!("{count}.json"));
        std::fs::write(&path, body(labels, None)).unwrap();
        GraphFile::new(tenant, &path)
    })
    .unwrap();
    conformance::fails_as_a_whole(|tenant, labels| {
        let path = folder.path().join("cut.json");
        let whole = body(labels, None);
        std::fs::write(&path, &whole[..whole.len() - 2]).unwrap();
        GraphFile::new(tenant, &path)
    })
    .unwrap();
}

proptest! {
    /// The hash and the changes agree on whether anything happened.
    #[test]
    fn l_047_l_049_a_version_for_each_change_and_for_nothing_else(
        lists in proptest::collection::vec(any_labels(), 1..6)
    ) {
        let mut keeper = keeper();
        let mut version = 0;
        for (now, labels) in (0..).zip(lists) {
            let before = keeper.current();
            let outcome = match offer(&mut keeper, now, labels) {
                Outcome::Held(_) => keeper.confirm().unwrap().unwrap(),
                outcome => outcome,
            };
            let after = keeper.current().unwrap();
            match outcome {
                Outcome::Replaced { snapshot, changes } => {
                    prop_assert_eq!(snapshot.version, version + 1);
                    prop_assert_eq!(changes.is_empty(), before.is_none() && after.live_count() == 0);
                    version += 1;
                }
                _ => prop_assert!(Arc::ptr_eq(&before.unwrap(), &after)),
            }
            let reread =
                label_core::sync::LabelSnapshot::from_json(tenant(), after.to_json().as_bytes())
                    .unwrap();
            prop_assert_eq!(content(&reread.catalog), content(&after.catalog));
            prop_assert_eq!(reread.to_json(), after.to_json());
        }
    }
}
