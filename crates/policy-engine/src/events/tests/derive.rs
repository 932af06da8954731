//! What happened between two readings.

use super::*;

fn reading(scan: LabelScan, labels: &[LabelKey]) -> LabelReading<'_> {
    LabelReading {
        scan,
        labels,
        is_protected: None,
    }
}

/// Kinds with labels before and after.
fn derive(
    before: LabelReading<'_>,
    after: LabelReading<'_>,
    actor: &Actor,
) -> Vec<(LabelEventKind, Option<LabelKey>, Option<LabelKey>)> {
    let (file, labels) = (file("f"), labels());
    let context = EventContext {
        file: &file,
        actor,
        at_ms: 7,
        labels: &labels,
    };
    label_events(before, after, &context)
        .into_iter()
        .map(|event| {
            assert_eq!((&event.file, event.at_ms), (&file, 7));
            assert_eq!(&event.actor, actor);
            let key = |label: Option<EventLabel>| label.map(|label| label.key);
            (event.kind, key(event.before), key(event.after))
        })
        .collect()
}

#[test]
fn r_183_labels_before_and_after_make_events() {
    use ChangeDirection::{Downgrade, Lateral, Upgrade};
    use LabelEventKind::{LabelApplied, LabelChanged, LabelDiscovered, LabelRemoved};
    use LabelScan::{Done, Failed, Never, Pending};
    let outside = Actor::Outside(Some(address("omar@x")));
    let ours = Actor::Policy(policy("p"));
    let admin = Actor::Administrator(address("admin@x"));
    let (none, general) = (&[][..], &[GENERAL][..]);
    let cases: &[(_, _, _, _, &Actor, &[_])] = &[
        // Known before.
        (Done, none, Done, none, &outside, &[]),
        (Done, general, Done, general, &outside, &[]),
        (
            Done,
            none,
            Done,
            general,
            &outside,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (
            Done,
            none,
            Done,
            general,
            &ours,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (
            Done,
            general,
            Done,
            none,
            &admin,
            &[(LabelRemoved, Some(GENERAL), None)],
        ),
        (
            Done,
            general,
            Done,
            &[SECRET],
            &outside,
            &[(LabelChanged(Upgrade), Some(GENERAL), Some(SECRET))],
        ),
        (
            Done,
            &[TOP_SECRET],
            Done,
            &[FINANCE],
            &outside,
            &[(LabelChanged(Downgrade), Some(TOP_SECRET), Some(FINANCE))],
        ),
        (
            Done,
            &[FINANCE],
            Done,
            &[LEGAL],
            &outside,
            &[(LabelChanged(Lateral), Some(FINANCE), Some(LEGAL))],
        ),
        (
            Done,
            &[LEGAL],
            Done,
            &[FINANCE],
            &outside,
            &[(LabelChanged(Lateral), Some(LEGAL), Some(FINANCE))],
        ),
        // Not in the list, and of another tenant: the order isn't known.
        (
            Done,
            general,
            Done,
            &[own(77)],
            &outside,
            &[(LabelChanged(Lateral), Some(GENERAL), Some(own(77)))],
        ),
        (
            Done,
            &[FOREIGN],
            Done,
            &[FOREIGN_OTHER],
            &outside,
            &[(LabelChanged(Lateral), Some(FOREIGN), Some(FOREIGN_OTHER))],
        ),
        // Labels of two tenants have nothing to do with one another.
        (
            Done,
            general,
            Done,
            &[FOREIGN],
            &outside,
            &[
                (LabelRemoved, Some(GENERAL), None),
                (LabelApplied, None, Some(FOREIGN)),
            ],
        ),
        (
            Done,
            &[FOREIGN, GENERAL],
            Done,
            &[FOREIGN, GENERAL, GENERAL],
            &outside,
            &[],
        ),
        // Not known before.
        (
            Never,
            none,
            Done,
            general,
            &outside,
            &[(LabelDiscovered, None, Some(GENERAL))],
        ),
        (
            Pending,
            none,
            Done,
            &[FOREIGN, GENERAL],
            &outside,
            &[
                (LabelDiscovered, None, Some(GENERAL)),
                (LabelDiscovered, None, Some(FOREIGN)),
            ],
        ),
        (
            Failed,
            none,
            Done,
            general,
            &outside,
            &[(LabelDiscovered, None, Some(GENERAL))],
        ),
        (
            Never,
            none,
            Done,
            general,
            &ours,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        (
            Never,
            none,
            Done,
            general,
            &admin,
            &[(LabelApplied, None, Some(GENERAL))],
        ),
        // We write labels of our own tenant only: what else is there was there before.
        (
            Never,
            none,
            Done,
            &[FOREIGN, GENERAL],
            &ours,
            &[
                (LabelApplied, None, Some(GENERAL)),
                (LabelDiscovered, None, Some(FOREIGN)),
            ],
        ),
        (
            Failed,
            none,
            Done,
            &[FOREIGN],
            &admin,
            &[(LabelDiscovered, None, Some(FOREIGN))],
        ),
        (
            Done,
            none,
            Done,
            &[FOREIGN],
            &ours,
            &[(LabelApplied, None, Some(FOREIGN))],
        ),
        (Never, none, Done, none, &outside, &[]),
        // Not known afterwards.
        (Done, general, Failed, none, &outside, &[]),
        (Done, general, Pending, none, &outside, &[]),
        (Done, none, Never, general, &outside, &[]),
    ];
    for (scan_before, before, scan_after, after, actor, expected) in cases {
        let found = derive(
            reading(*scan_before, before),
            reading(*scan_after, after),
            actor,
        );
        let place = format!("{scan_before:?} {before:?} {scan_after:?} {after:?} {actor}");
        assert_eq!(found, *expected, "{place}");
    }
}

#[test]
fn r_183_a_reading_that_failed_makes_nothing_new() {
    let (general, secret) = (&[GENERAL][..], &[SECRET][..]);
    let outside = Actor::Outside(None);
    let with = |is_protected, reading| LabelReading {
        is_protected,
        ..reading
    };
    let read = with(Some(true), reading(LabelScan::Done, general));
    let failed = reading(LabelScan::Failed, &[]);
    let known = failed.known_or(read);
    // The same label as before the flake, and the same protection.
    assert_eq!(derive(known, read, &outside), []);
    assert_eq!(derive(known, failed, &outside), []);
    let changed = with(Some(true), reading(LabelScan::Done, secret));
    let upgrade = LabelEventKind::LabelChanged(ChangeDirection::Upgrade);
    assert_eq!(
        derive(known, changed, &outside),
        [(upgrade, Some(GENERAL), Some(SECRET))]
    );
    // What a reading knows counts, each thing for itself.
    let known = changed.known_or(read);
    assert_eq!((known.labels, known.is_protected), (secret, Some(true)));
    let known = reading(LabelScan::Done, secret).known_or(read);
    assert_eq!((known.labels, known.is_protected), (secret, Some(true)));
    let known = with(Some(false), failed).known_or(read);
    assert_eq!((known.labels, known.is_protected), (general, Some(false)));
}

#[test]
fn r_183_protection_is_detected_once() {
    for (before, after, is_detected) in [
        (None, Some(true), true),
        (Some(false), Some(true), true),
        (Some(true), Some(true), false),
        (Some(true), Some(false), false),
        (Some(true), None, false),
        (None, Some(false), false),
        (None, None, false),
    ] {
        let reading = |is_protected| LabelReading {
            is_protected,
            ..reading(LabelScan::Never, &[])
        };
        let found = derive(reading(before), reading(after), &Actor::Outside(None));
        let expected = [(LabelEventKind::ProtectionDetected, None, None)];
        assert_eq!(found, expected[..usize::from(is_detected)], "{before:?}");
    }
}

#[test]
fn r_183_a_record_says_what_is_known_of_it() {
    let mut record = crate::FileRecord::new(file("f"), "f.docx");
    assert_eq!(LabelReading::of(&record).is_protected, None);
    record.label_scan = LabelScan::Done;
    record.labels = vec![GENERAL];
    let read = LabelReading::of(&record);
    assert_eq!((read.scan, read.labels), (LabelScan::Done, &[GENERAL][..]));
    assert_eq!(read.is_protected, Some(false));
    record
        .warnings
        .insert(crate::ScanWarning::AzureRmsEncrypted);
    assert_eq!(LabelReading::of(&record).is_protected, Some(true));
}

#[test]
fn r_183_a_failed_action_names_the_label_and_its_priority() {
    let (file, labels) = (file("f"), labels());
    let context = EventContext {
        file: &file,
        actor: &Actor::Policy(policy("p")),
        at_ms: 7,
        labels: &labels,
    };
    let failed = context.label_action_failed(Some(FOREIGN), Some(LEGAL));
    assert_eq!(failed.kind, LabelEventKind::LabelActionFailed);
    assert_eq!(failed.before.unwrap().priority, None);
    let (level, position) = (1, 2);
    assert_eq!(
        failed.after,
        Some(EventLabel {
            key: LEGAL,
            priority: Some(LabelPriority { level, position }),
        })
    );
}
