use label_core::{AppId, FileId, FileKey, LabelCatalog, LabelView, PolicyId, TenantId};
use proptest::prelude::*;

use super::*;
use crate::action::{Action, Notify};
use crate::{BuildContext, FileRecord, OwnerDigest, PolicySet};

const DAY_MS: i64 = 86_400_000;

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn line(file: &str, policy: &str, at_ms: i64) -> DigestMatch {
    DigestMatch {
        file: FileKey::new(AppId::BOX, 0, FileId::parse(file).unwrap()),
        file_name: format!("{file}.docx").into(),
        policy: PolicyId::parse(policy).unwrap(),
        policy_name: policy.to_uppercase(),
        message: None,
        at_ms,
    }
}

fn nobody() -> DigestCopies {
    DigestCopies::default()
}

fn copies(manager: Option<&str>, others: &[&str]) -> DigestCopies {
    DigestCopies {
        manager: manager.map(address),
        others: others.iter().map(|text| address(text)).collect(),
    }
}

/// The files and policies of a digest.
fn shown(digest: &Digest) -> Vec<(&str, &str)> {
    digest
        .matches
        .iter()
        .map(|line| (line.file.file.as_str(), line.policy.as_str()))
        .collect()
}

#[test]
fn a_028_one_notification_for_many_matches_of_one_owner() {
    let mut queue = DigestQueue::default();
    for (owner, line) in [
        ("ines@x", line("2", "p", 20)),
        ("INES@X", line("1", "q", 10)),
        ("omar@x", line("3", "p", 15)),
        ("ines@x", line("2", "q", 20)),
        // Waits already.
        ("ines@x", line("2", "p", 30)),
    ] {
        queue.add(&address(owner), &nobody(), line).unwrap();
    }
    let first = queue.take_due(2 * DAY_MS).unwrap();
    assert_eq!(first.kind, NotificationKind::OwnerDigest);
    assert_eq!(first.to, address("ines@x"));
    assert_eq!(shown(&first), [("1", "q"), ("2", "p"), ("2", "q")]);
    let second = queue.take_due(2 * DAY_MS).unwrap();
    assert_eq!(second.to, address("omar@x"));
    assert_eq!(queue.take_due(i64::MAX), None);
}

#[test]
fn a_028_a_digest_comes_a_day_after_its_oldest_match_or_as_configured() {
    for (interval_ms, due_ms) in [(DIGEST_INTERVAL_MS_DEFAULT, DAY_MS + 10), (1_000, 1_010)] {
        let mut queue = DigestQueue::new(DigestOptions {
            interval_ms,
            ..DigestOptions::default()
        });
        assert_eq!(queue.next_due_ms(), None);
        for at_ms in [500, 10, 700] {
            let line = line(&at_ms.to_string(), "p", at_ms);
            queue.add(&address("ines@x"), &nobody(), line).unwrap();
        }
        assert_eq!(queue.next_due_ms(), Some(due_ms));
        assert_eq!(queue.take_due(due_ms - 1), None);
        assert_eq!(queue.take_due(due_ms).unwrap().matches.len(), 3);
    }
}

#[test]
fn a_028_copies_go_to_manager_and_others_and_show_no_other_policy() {
    let mut queue = DigestQueue::default();
    let ines = address("ines@x");
    let with_boss = copies(Some("boss@x"), &["dlp@x", "legal@x"]);
    queue.add(&ines, &with_boss, line("1", "p", 1)).unwrap();
    let same = copies(Some("Boss@x"), &["LEGAL@x", "dlp@x"]);
    queue.add(&ines, &same, line("2", "p", 2)).unwrap();
    queue.add(&ines, &nobody(), line("1", "q", 3)).unwrap();

    let first = queue.take_due(2 * DAY_MS).unwrap();
    assert_eq!(first.copies, with_boss);
    assert_eq!(shown(&first), [("1", "p"), ("2", "p")]);
    let second = queue.take_due(2 * DAY_MS).unwrap();
    assert_eq!(second.copies, nobody());
    assert_eq!(shown(&second), [("1", "q")]);

    let many = DigestCopies {
        manager: None,
        others: (0..=COPIES_MAX)
            .map(|at| address(&format!("{at}@x")))
            .collect(),
    };
    assert_eq!(
        queue.add(&ines, &many, line("1", "p", 1)),
        Err(DigestError::TooManyCopies {
            count: COPIES_MAX + 1,
            limit: COPIES_MAX,
        })
    );
}

#[test]
fn a_028_what_is_given_back_comes_again_with_what_came_in_between() {
    let mut queue = DigestQueue::default();
    let ines = address("ines@x");
    queue.add(&ines, &nobody(), line("1", "p", 0)).unwrap();
    let first = queue.take_due(DAY_MS).unwrap();
    queue.add(&ines, &nobody(), line("2", "p", DAY_MS)).unwrap();
    queue.add(&ines, &nobody(), line("1", "p", DAY_MS)).unwrap();
    assert_eq!(queue.take_due(DAY_MS), None);

    queue.give_back(first.id).unwrap();
    let again = queue.take_due(DAY_MS).unwrap();
    assert_eq!(shown(&again), [("1", "p"), ("2", "p")]);
    assert_eq!(again.matches[0].at_ms, 0);
    assert_ne!(again.id, first.id);

    // Neither can the first one be settled twice, nor the second after it was sent.
    let not_taken = |id| Err(DigestError::NotTaken { id });
    assert_eq!(queue.sent(first.id), not_taken(first.id));
    queue.sent(again.id).unwrap();
    assert_eq!(queue.give_back(again.id), not_taken(again.id));
    assert_eq!(queue.pending().count(), 0);
}

#[test]
fn a_028_lines_and_copies_are_what_the_policy_says() {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let digest = serde_json::json!({
        "notifyOwner": true,
        "digestToManager": true,
        "digestTo": ["dlp@x", "legal@x"],
        "digestMessage": "Please have a look.",
    });
    let text = serde_json::json!({"format": "file-policies/1", "policies": [{
        "id": "p",
        "name": "Exposed",
        "governance": {"10489": digest},
    }]});
    let set = PolicySet::from_json(&text.to_string(), &BuildContext::new(&labels)).unwrap();
    let policy = &set.policies()[0];
    let Action::Notify(Notify::Owner(settings)) = &policy.actions(AppId::BOX)[0] else {
        panic!("no digest")
    };
    let boss = address("boss@x");
    let wanted = copies(Some("boss@x"), &["dlp@x", "legal@x"]);
    assert_eq!(DigestCopies::new(settings, Some(&boss)).unwrap(), wanted);
    let unknown = copies(None, &["dlp@x", "legal@x"]);
    assert_eq!(DigestCopies::new(settings, None).unwrap(), unknown);
    let broken = OwnerDigest {
        cc: vec!["dlp@x".to_owned(), " ".to_owned()],
        ..OwnerDigest::default()
    };
    assert_eq!(
        DigestCopies::new(&broken, None).unwrap_err().to_string(),
        "address 1 in copy: address: empty"
    );
    let silent = OwnerDigest::default();
    assert_eq!(DigestCopies::new(&silent, Some(&boss)).unwrap(), nobody());

    let mut expected = line("f", "p", 7);
    expected.policy_name = "Exposed".to_owned();
    expected.message = Some("Please have a look.".to_owned());
    let file = FileRecord::new(expected.file.clone(), "f.docx");
    assert_eq!(DigestMatch::new(policy, &file, settings, 7), expected);
}

#[test]
fn an_address_that_nobody_can_have_is_found_when_the_policy_is_built() {
    let labels = LabelView::new(LabelCatalog::empty(TenantId::from_u128(1)).into());
    let long = "x".repeat(2_049);
    let text = serde_json::json!({"format": "file-policies/1", "policies": [{
        "id": "p",
        "name": "P",
        "alerts": {"email": ["a@x", "", "a\nb"], "textMessage": ["+49 30 1234567", " "]},
        "governance": {"11770": {
            "notifyOwner": true,
            "digestTo": ["ok@x", ""],
            "notifyUsers": ["\t"],
            "removeCollaborators": ["ok@x", long],
            "grantReadToDomain": "  ",
            "transferOwnership": "",
        }},
    }]});
    let build = |text: &str| PolicySet::from_json(text, &BuildContext::new(&labels)).map(|_| ());
    let errors = build(&text.to_string()).unwrap_err();
    let pointers: Vec<&str> = errors
        .as_slice()
        .iter()
        .map(|error| error.pointer.strip_prefix("/policies/0/").unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "alerts/email/1",
            "alerts/email/2",
            "alerts/textMessage/1",
            "governance/11770/digestTo/1",
            "governance/11770/notifyUsers/0",
            "governance/11770/removeCollaborators/1",
            "governance/11770/grantReadToDomain",
            "governance/11770/transferOwnership",
        ]
    );
    assert_eq!(
        errors.as_slice()[0].cause.to_string(),
        "expected an address that is not blank, at most 2048 bytes, without control characters, \
         found `\"\"`"
    );
}

#[test]
fn two_people_never_share_a_digest() {
    let mut queue = DigestQueue::default();
    for (at, owner) in ["weiss@x", "weiß@x", "WEISS@X"].into_iter().enumerate() {
        let line = line(&at.to_string(), "p", 0);
        queue.add(&address(owner), &nobody(), line).unwrap();
    }
    let first = queue.take_due(DAY_MS).unwrap();
    assert_eq!(first.to.as_str(), "weiss@x");
    assert_eq!(shown(&first), [("0", "p"), ("2", "p")]);
    let second = queue.take_due(DAY_MS).unwrap();
    assert_eq!(second.to.as_str(), "weiß@x");
    assert_eq!(shown(&second), [("1", "p")]);
}

#[test]
fn a_full_queue_refuses_until_digests_are_sent() {
    let mut queue = DigestQueue::new(DigestOptions {
        queued_max: 2,
        ..DigestOptions::default()
    });
    let ines = address("ines@x");
    let add = |queue: &mut DigestQueue, id: &str| queue.add(&ines, &nobody(), line(id, "p", 0));
    add(&mut queue, "1").unwrap();
    // The same again takes no room.
    add(&mut queue, "1").unwrap();
    add(&mut queue, "2").unwrap();
    // Nor does it when there is none left.
    add(&mut queue, "2").unwrap();
    assert_eq!((queue.queued, queue.pending().count()), (2, 2));
    let full = Err(DigestError::Full { limit: 2 });
    assert_eq!(add(&mut queue, "3"), full);
    let digest = queue.take_due(DAY_MS).unwrap();
    assert_eq!(add(&mut queue, "3"), full);
    queue.sent(digest.id).unwrap();
    add(&mut queue, "3").unwrap();
}

#[test]
fn two_digests_of_one_number_are_refused() {
    let mut queue = DigestQueue::default();
    let ines = address("ines@x");
    queue.add(&ines, &nobody(), line("1", "p", 0)).unwrap();
    let digest = queue.take_due(DAY_MS).unwrap();
    let id = digest.id;
    let twice = [digest.clone(), digest].map(DigestEntry::Taken);
    let refused = DigestQueue::from_entries(DigestOptions::default(), twice);
    assert_eq!(refused.unwrap_err(), DigestError::Duplicate { id });
    let others = (0..=COPIES_MAX).map(|at| address(&format!("{at}@x")));
    let crowded = DigestEntry::Taken(Digest {
        id,
        kind: NotificationKind::OwnerDigest,
        to: ines.clone(),
        copies: DigestCopies {
            manager: None,
            others: others.collect(),
        },
        matches: Vec::new(),
    });
    let refused = DigestQueue::from_entries(DigestOptions::default(), [crowded]);
    assert!(matches!(
        refused.unwrap_err(),
        DigestError::TooManyCopies { .. }
    ));
    let twice = [DigestEntry::LastId(id), DigestEntry::LastId(id)];
    let refused = DigestQueue::from_entries(DigestOptions::default(), twice);
    assert_eq!(refused.unwrap_err(), DigestError::DuplicateLastId);
}

#[test]
fn r_203_the_kinds_of_notification() {
    for (notify, kind) in [
        (
            Notify::Owner(Default::default()),
            NotificationKind::OwnerDigest,
        ),
        (Notify::Users(vec![]), NotificationKind::Users),
        (Notify::LastEditor, NotificationKind::LastEditor),
    ] {
        assert_eq!(NotificationKind::from(&notify), kind);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8, u8),
    Take,
    Sent(usize),
    GiveBack(usize),
    Restore,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..3, 0_u8..3).prop_map(|(owner, copies)| Step::Add(owner, copies)),
        2 => Just(Step::Take),
        1 => (0_usize..4).prop_map(Step::Sent),
        1 => (0_usize..4).prop_map(Step::GiveBack),
        1 => Just(Step::Restore),
    ]
}

proptest! {
    /// Every match goes to its own owner and copies, and exactly once, whatever fails in between,
    /// and no two digests have the same number.
    #[test]
    fn a_028_nothing_is_lost_and_nothing_is_sent_twice(
        script in proptest::collection::vec((0_i64..DAY_MS, steps()), 0..60),
        matches_max in 0_usize..4,
    ) {
        let options = DigestOptions { matches_max, ..DigestOptions::default() };
        let mut queue = DigestQueue::new(options.clone());
        let (mut added, mut delivered) = (Vec::new(), Vec::new());
        let mut in_flight: Vec<Digest> = Vec::new();
        let mut numbers = BTreeSet::new();
        let mut deliver = |digest: &Digest| {
            for line in &digest.matches {
                let manager = digest.copies.manager.clone();
                delivered.push((digest.to.clone(), manager, line.file.clone()));
            }
        };
        let mut now_ms = 0;
        for (step_ms, step) in script {
            now_ms += step_ms;
            match step {
                Step::Add(owner, manager) => {
                    let owner = address(&format!("{owner}@x"));
                    let boss = format!("boss{manager}@x");
                    let copies = copies((manager > 0).then_some(boss.as_str()), &[]);
                    let line = line(&added.len().to_string(), "p", now_ms);
                    added.push((owner.clone(), copies.manager.clone(), line.file.clone()));
                    queue.add(&owner, &copies, line).unwrap();
                }
                Step::Take => {
                    let due_ms = queue.next_due_ms();
                    let taken = queue.take_due(now_ms);
                    prop_assert_eq!(taken.is_some(), due_ms.is_some_and(|due| due <= now_ms));
                    if let Some(digest) = &taken {
                        prop_assert!((1..=matches_max.max(1)).contains(&digest.matches.len()));
                        prop_assert!(numbers.insert(digest.id), "{} a second time", digest.id);
                    }
                    in_flight.extend(taken);
                }
                Step::Sent(at) if at < in_flight.len() => {
                    let digest = in_flight.remove(at);
                    queue.sent(digest.id).unwrap();
                    deliver(&digest);
                }
                Step::GiveBack(at) if at < in_flight.len() => {
                    queue.give_back(in_flight.remove(at).id).unwrap();
                }
                Step::Restore => {
                    let taken: Vec<_> = queue.taken().cloned().collect();
                    prop_assert_eq!(&taken, &in_flight);
                    let entries: Vec<_> = queue.entries().collect();
                    let backwards = entries.iter().rev().cloned();
                    queue = DigestQueue::from_entries(options.clone(), backwards).unwrap();
                    prop_assert_eq!(queue.entries().collect::<Vec<_>>(), entries);
                }
                Step::Sent(_) | Step::GiveBack(_) => {}
            }
            in_flight.sort_by_key(|digest| digest.id);
        }
        for digest in in_flight {
            queue.give_back(digest.id).unwrap();
        }
        while let Some(digest) = queue.take_due(i64::MAX) {
            queue.sent(digest.id).unwrap();
            deliver(&digest);
        }
        delivered.sort();
        added.sort();
        prop_assert_eq!(delivered, added);
        prop_assert_eq!((queue.queued, queue.taken.len()), (0, 0));
        prop_assert_eq!((queue.pending.len(), queue.oldest.len()), (0, 0));
    }
}
