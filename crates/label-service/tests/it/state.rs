//! Damaged state, documents that are refused, and dry runs.

use governance::ActionKind;
use label_core::source::FixedLabels;
use label_service::{Mode, Service, ServiceError, ServiceOptions};

use crate::world::*;

#[test]
fn damaged_and_foreign_state_is_refused_and_left_alone() {
    let world = World::new("");
    drop(world.open());
    for name in ["tasks.db", "inventory.db"] {
        let folder = tempfile::tempdir().unwrap();
        for file in ["tasks.db", "inventory.db"] {
            std::fs::copy(world.state.path().join(file), folder.path().join(file)).unwrap();
        }
        let path = folder.path().join(name);
        for damage in [
            &b"not a database at all, but long enough to look at"[..],
            &[0; 5000],
        ] {
            std::fs::write(&path, damage).unwrap();
            let source = FixedLabels::new(own(), labels());
            let error = Service::open(
                folder.path(),
                own(),
                Box::new(source),
                Vec::new(),
                ServiceOptions::default(),
                MONDAY,
            )
            .unwrap_err();
            let text = error.to_string();
            assert!(text.contains(name), "{text}");
            assert_eq!(std::fs::read(&path).unwrap(), damage);
        }
    }
}

#[test]
fn policies_are_refused_as_a_whole_and_the_old_ones_stay() {
    let world = World::new(label_external_files());
    let mut service = world.open();
    let bad = world.policies.replace("Confidential", "Confidentail");
    let Err(ServiceError::Policies(errors)) = service.load_policies(&bad, MONDAY) else {
        panic!()
    };
    let text = errors.to_string();
    assert!(
        text.contains("/policies/0/governance/10489/applyLabel"),
        "{text}"
    );
    assert!(text.contains("`Confidential`"), "{text}");
    assert_eq!(service.policies().policies().len(), 1);
}

#[test]
fn a_deleted_policys_id_is_refused_at_loading_and_the_service_goes_on() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let none = r#"{"format":"file-policies/1","policies":[]}"#;
    service.load_policies(none, MONDAY).unwrap();
    let error = service.load_policies(&world.policies, MONDAY).unwrap_err();
    assert!(
        matches!(error, ServiceError::PolicyDeleted { .. }),
        "{error}"
    );
    world.app().put("b.docx", "1", document("text", None));
    service.tick(MONDAY + HOUR).unwrap();
}

/// A dry run writes nothing, not even what an earlier run left queued, and what it saw counts
/// again once the service is opened to apply.
#[test]
fn a_dry_run_writes_nothing_and_hides_nothing() {
    let mut world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    world.app().conflicts_left.set(1);
    world.open().tick(MONDAY).unwrap();
    world.app().put("b.docx", "1", document("text", None));
    world.options.mode = Mode::DryRun;
    let mut service = world.open();
    let report = service.tick(MONDAY + 12 * HOUR).unwrap();
    assert_eq!(report.actions.len(), 1, "{report:?}");
    assert_eq!(report.actions[0].file, box_file("b.docx"));
    let asked = service.request(&box_file("a.docx"), ActionKind::Remove, "dana", MONDAY);
    assert!(matches!(asked, Err(ServiceError::DryRun)));
    drop(service);
    assert!(world.app().writes.borrow().is_empty());
    world.options.mode = Mode::Apply;
    world.open().tick(MONDAY + 13 * HOUR).unwrap();
    for file in ["a.docx", "b.docx"] {
        assert_eq!(
            world.app().label_of(file),
            Some(key(CONFIDENTIAL)),
            "{file}"
        );
    }
}

/// A process that ended while it made the state: the file has a length, and no tables.
#[test]
fn a_state_that_was_begun_is_a_new_one() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let path = world.state.path().join("inventory.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    drop(connection);
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
    world.open().tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}
