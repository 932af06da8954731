//! What would happen, before it does.

use crate::shared::*;
use label_core::{AppId, TenantId};
use policy_engine::{
    AccessLevel, ActionKind, ChangePreview, ContentAnswer, FileRecord, Inspection, LabelScan,
    Obstacle, Outcome, Preview, PreviewOptions,
};
use serde_json::json;

fn tenant() -> TenantId {
    TenantId::parse(CONTOSO).unwrap()
}

fn files() -> Vec<FileRecord> {
    let mut files = Vec::new();
    for (app, labels) in [
        (AppId::BOX, vec![]),
        (AppId::BOX, vec![own(GENERAL)]),
        (AppId::BOX, vec![own(PLAIN)]),
        (AppId::BOX, vec![foreign(1)]),
        (AppId::ONEDRIVE, vec![own(GENERAL)]),
        (AppId::DROPBOX, vec![]),
    ] {
        let mut record = file(app);
        record.labels = labels;
        files.push(record);
    }
    let mut folder = file(AppId::BOX);
    folder.is_folder = true;
    files.push(folder);
    files
}

#[test]
fn a_011_a_preview_counts_what_would_be_done() {
    let policy = build(json!({
        "enabled": false,
        "governance": {
            "10489": {"applyLabel": "Plain", "notifyOwner": true},
            "15600": {"removeLabel": true, "trash": true},
        },
    }));
    let mut options = PreviewOptions::default();
    options.samples_max = 2;
    let mut preview = Preview::new(&policy, tenant(), options);
    for record in files() {
        preview.add(&record, NOW_MS, &mut no_content);
    }
    assert_eq!((preview.files, preview.matches), (7, 7));
    let count = |app, kind| preview.actions.get(&(app, kind)).copied();
    // Not the one that has it, and not the folder.
    assert_eq!(count(AppId::BOX, ActionKind::ApplyLabel), Some(3));
    assert_eq!(count(AppId::BOX, ActionKind::NotifyOwner), Some(5));
    assert_eq!(count(AppId::ONEDRIVE, ActionKind::RemoveLabel), Some(1));
    assert_eq!(count(AppId::ONEDRIVE, ActionKind::Trash), Some(1));
    assert_eq!(count(AppId::DROPBOX, ActionKind::NotifyOwner), None);
    let (general, plain) = (Some(own(GENERAL)), Some(own(PLAIN)));
    let labels: Vec<_> = preview.labels.iter().collect();
    assert_eq!(
        labels,
        [
            (&(AppId::BOX, None, plain), &2),
            (&(AppId::BOX, general, plain), &1),
            (&(AppId::ONEDRIVE, general, None), &1),
        ]
    );
    assert_eq!(preview.label_changes(), 4);
    // Taking labels off costs none.
    let days = preview.quota_days(|app, tasks| {
        assert_eq!((app, tasks), (AppId::BOX, 3));
        tasks.div_ceil(2)
    });
    assert_eq!(days, 2);
    assert_eq!(preview.samples.len(), 2);
    assert_eq!(preview.samples[0].explanation.outcome, Outcome::Match);
    // The policy itself is as it was.
    assert!(!policy.is_enabled());
}

#[test]
fn a_011_label_changes_that_cannot_be_are_counted_apart() {
    let policy = build(json!({
        "governance": {"10489": {"applyLabel": "Plain", "adminQuarantine": false, "trash": true}},
    }));
    let mut preview = Preview::new(&policy, tenant(), PreviewOptions::default());
    let mut add = |change: fn(&mut FileRecord)| {
        let mut record = file(AppId::BOX);
        change(&mut record);
        preview.add(&record, NOW_MS, &mut no_content);
    };
    add(|_| {});
    add(|it| it.name = "notes.txt".into());
    add(|it| it.quarantined = true);
    add(|it| it.no_governance = true);
    add(|it| it.size_bytes = Some((50 << 20) + 1));
    add(|it| it.size_bytes = Some(0));
    add(|it| it.is_folder = true);
    add(|it| it.label_scan = LabelScan::Never);
    // The wanted label is there, beside another.
    add(|it| it.labels = vec![own(GENERAL), own(PLAIN)]);
    assert_eq!(preview.matches, 9);
    assert_eq!(preview.label_changes(), 1);
    let apply = (AppId::BOX, ActionKind::ApplyLabel);
    assert_eq!(preview.actions.get(&apply), Some(&1));
    assert_eq!(
        preview.actions.get(&(AppId::BOX, ActionKind::Trash)),
        Some(&8)
    );
    assert_eq!(preview.labels_not_read.get(&apply), Some(&1));
    let impossible: Vec<_> = preview
        .impossible
        .iter()
        .map(|(key, count)| (key.1, key.2, *count))
        .collect();
    let apply = ActionKind::ApplyLabel;
    assert_eq!(
        impossible,
        [
            (apply, Obstacle::NoGovernance, 1),
            (apply, Obstacle::Folder, 1),
            (apply, Obstacle::Quarantined, 1),
            (apply, Obstacle::FileType, 1),
            (apply, Obstacle::Empty, 1),
            (apply, Obstacle::TooLarge, 1),
            (ActionKind::Trash, Obstacle::NoGovernance, 1),
        ]
    );
}

#[test]
fn a_011_what_is_not_known_is_counted_apart() {
    let policy = build(json!({
        "filters": {"fileLabels": {"eq": ["General"]}},
        "inspection": {"method": "built_in", "preset": "iban"},
        "governance": {"10489": {"applyLabel": "Plain"}},
    }));
    let mut preview = Preview::new(&policy, tenant(), PreviewOptions::default());
    let mut unread = file(AppId::BOX);
    unread.label_scan = LabelScan::Never;
    let mut not_yet = |_: &Inspection| ContentAnswer::NotYet;
    for record in files().iter().chain([&unread]) {
        preview.add(record, NOW_MS, &mut not_yet);
    }
    assert_eq!((preview.needs_scan, preview.needs_content), (1, 2));
    assert_eq!((preview.matches, preview.label_changes()), (0, 0));
    assert_eq!(preview.quota_days(|_, _| 7), 0);
}

#[test]
fn a_011_a_change_shows_what_begins_goes_on_and_ends() {
    let policy = |filters| build(json!({"filters": filters}));
    let before = policy(json!({"sharing": {"eq": [1, 2]}}));
    let after = policy(json!({"sharing": {"eq": [2, 3, 4]}, "fileLabels": {"isnotset": true}}));
    let mut preview = ChangePreview::new(&before, &after, PreviewOptions::default());
    for level in AccessLevel::ALL {
        for (scan, labels) in [
            (LabelScan::Done, vec![]),
            (LabelScan::Done, vec![own(GENERAL)]),
            (LabelScan::Never, vec![]),
        ] {
            let mut record = file(AppId::BOX);
            record.access_level = Some(level);
            record.label_scan = scan;
            record.labels = labels;
            preview.add(&record, NOW_MS, &mut no_content);
        }
    }
    let counts = [
        &preview.begins,
        &preview.goes_on,
        &preview.ends,
        &preview.undecided,
    ];
    assert_eq!(counts.map(|changed| changed.count), [2, 1, 4, 3]);
    let outcome = preview.ends.samples[0].explanation.outcome;
    assert_eq!(outcome, Outcome::NoMatch);
}
