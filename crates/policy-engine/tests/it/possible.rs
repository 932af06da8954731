//! What can be done with a file.

use crate::shared::*;
use label_core::{AppId, Profile};
use policy_engine::{
    ActionKind, FileRecord, FileStatus, LABEL_EXTENSIONS, LabelScan, Obstacle, ScanWarning,
    TenantSetup, possible_actions,
};

fn of(kind: ActionKind, record: &FileRecord, setup: &TenantSetup) -> Option<Obstacle> {
    let actions = possible_actions(record, setup);
    assert_eq!(actions.len(), ActionKind::all().count());
    let found = actions.iter().find(|action| action.kind == kind);
    found.unwrap().obstacle
}

#[test]
fn r_125_every_action_of_the_app_is_listed_with_the_label_among_them() {
    let mut setup = TenantSetup::default();
    setup.has_quarantine_folder = true;
    for app in [
        AppId::BOX,
        AppId::GOOGLE_WORKSPACE,
        AppId::ONEDRIVE,
        AppId::SHAREPOINT_ONLINE,
    ] {
        for extension in LABEL_EXTENSIONS {
            let mut record = file(app);
            record.name = format!("a.{}", extension.to_uppercase()).into();
            record.labels.push(own(GENERAL));
            for action in possible_actions(&record, &setup) {
                let expected = (!action.kind.is_offered_by(app)).then_some(Obstacle::NotOffered);
                assert_eq!(
                    action.obstacle, expected,
                    "{app} {extension} {}",
                    action.kind
                );
            }
        }
    }
    let dropbox = file(AppId::DROPBOX);
    assert_eq!(
        of(ActionKind::ApplyLabel, &dropbox, &setup),
        Some(Obstacle::NotOffered)
    );
    assert_eq!(of(ActionKind::Trash, &dropbox, &setup), None);
}

type Change = fn(&mut FileRecord, &mut TenantSetup);

#[test]
fn r_127_what_is_not_possible_says_why() {
    let table: [(ActionKind, Change, Obstacle); 17] = [
        (
            ActionKind::ApplyLabel,
            |it, _| it.name = "a.txt".into(),
            Obstacle::FileType,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.is_folder = true,
            Obstacle::Folder,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.size_bytes = Some((50 << 20) + 1),
            Obstacle::TooLarge,
        ),
        (
            ActionKind::ApplyLabel,
            |it, setup| {
                it.size_bytes = Some((30 << 20) + 1);
                setup.profile = Profile::Current;
            },
            Obstacle::TooLarge,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.size_bytes = Some(0),
            Obstacle::Empty,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.quarantined = true,
            Obstacle::Quarantined,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.status = FileStatus::Trashed,
            Obstacle::Trashed,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.status = FileStatus::Deleted,
            Obstacle::Deleted,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.is_foreign = true,
            Obstacle::NoGovernance,
        ),
        (
            ActionKind::Trash,
            |it, _| it.no_governance = true,
            Obstacle::NoGovernance,
        ),
        (
            ActionKind::ApplyLabel,
            |it, _| it.warnings.insert(ScanWarning::PasswordEncrypted),
            Obstacle::Unreadable,
        ),
        (
            ActionKind::RemoveLabel,
            |_, setup| setup.labels_are_integrated = false,
            Obstacle::LabelsNotIntegrated,
        ),
        (
            ActionKind::RemoveLabel,
            |it, _| it.labels.clear(),
            Obstacle::NoLabel,
        ),
        (
            ActionKind::AdminQuarantine,
            |_, setup| setup.has_quarantine_folder = false,
            Obstacle::NoQuarantineFolder,
        ),
        (
            ActionKind::UserQuarantine,
            |it, _| it.quarantined = true,
            Obstacle::Quarantined,
        ),
        (
            ActionKind::Trash,
            |it, _| it.status = FileStatus::Trashed,
            Obstacle::Trashed,
        ),
        (
            ActionKind::ReducePublicAccess,
            |_, _| {},
            Obstacle::NotOffered,
        ),
    ];
    for (kind, change, expected) in table {
        let mut setup = TenantSetup::default();
        setup.has_quarantine_folder = true;
        let mut record = file(AppId::BOX);
        record.labels.push(own(GENERAL));
        record.size_bytes = Some(50 << 20);
        if kind.is_offered_by(AppId::BOX) {
            assert_eq!(of(kind, &record, &setup), None, "{kind}");
        }
        change(&mut record, &mut setup);
        assert_eq!(of(kind, &record, &setup), Some(expected), "{kind}");
        assert!(!expected.to_string().is_empty());
        // Whoever has to know can be told.
        assert_eq!(of(ActionKind::NotifyOwner, &record, &setup), None);
    }
    // Whether there is a label to take off is not known yet.
    let mut unread = file(AppId::BOX);
    unread.label_scan = LabelScan::Never;
    assert_eq!(
        of(ActionKind::RemoveLabel, &unread, &TenantSetup::default()),
        None
    );
}
