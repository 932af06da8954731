//! The list of labels, and policies whose labels change.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use governance::StateKind;
use label_core::source::{FixedLabels, LabelList};
use label_core::{
    AppId, IntegrationState, Label, LabelKey, LabelScheme, LabelSource, LabelState, PolicyId,
    Publication, SourceError,
};
use label_service::Service;

use crate::world::*;

#[test]
fn r_077_an_own_label_that_the_list_lacks_is_resolved_when_it_appears() {
    let mut world = World::new("");
    let late = world.labels.remove(CONFIDENTIAL as usize - 1);
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let content = document("text", Some(key(CONFIDENTIAL)));
    world.app().put("a.docx", "1", content);
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(
        service.files().unwrap()[0].labels[0].key,
        Some(key(CONFIDENTIAL))
    );
    let name = service.labels().display_name(key(CONFIDENTIAL)).unwrap();
    assert!(name.ends_with(" (unknown)"), "{name}");
    // The label arrives with the next list; a policy for it finds the file without another read.
    drop(service);
    world.labels.push(late);
    world.policies = r#"{"format":"file-policies/1","policies":[
        {"id":"p","name":"Confidential","filters":{"fileLabels":{"eq":["11111111-1111-4111-8111-000000000002"]}}}]}"#
        .to_owned();
    let source = FixedLabels::new(own(), world.labels.clone());
    let mut service = Service::open(
        world.state.path(),
        own(),
        Box::new(source),
        world.boxed(),
        world.options.clone(),
        MONDAY + 2 * HOUR,
    )
    .unwrap();
    let opens = world.app().opens.get();
    service.tick(MONDAY + 2 * HOUR).unwrap();
    service
        .load_policies(&world.policies, MONDAY + 3 * HOUR)
        .unwrap();
    let report = service.tick(MONDAY + 3 * HOUR).unwrap();
    let name = service.labels().display_name(key(CONFIDENTIAL));
    assert_eq!(name.as_deref(), Some("Confidential"));
    assert_eq!(report.matches.len(), 1);
    assert_eq!(world.app().opens.get(), opens);
}

#[test]
fn r_032_r_033_labels_that_are_not_published_have_names_and_a_warning() {
    let mut world = World::new("");
    for label in &mut world.labels {
        label.publication = Publication::NotPublished;
    }
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    let notes = report.sync.unwrap().notes;
    assert!(
        notes
            .iter()
            .any(|note| note.contains("no label is published")),
        "{notes:?}"
    );
    let content = document("text", Some(key(GENERAL)));
    world.app().put("a.docx", "1", content);
    service.tick(MONDAY + HOUR).unwrap();
    let found = service.files().unwrap()[0].labels[0].key.unwrap();
    let name = service.labels().display_name(found);
    assert_eq!(name.as_deref(), Some("General"));
}

/// A list that changes and fails as it is told.
struct Script(
    Rc<RefCell<Result<Vec<Label>, SourceError>>>,
    Rc<Cell<usize>>,
);

impl LabelSource for Script {
    fn fetch(&mut self) -> Result<LabelList, SourceError> {
        self.1.set(self.1.get() + 1);
        let labels = self.0.borrow().clone()?;
        Ok(LabelList {
            tenant: own(),
            labels,
            notes: Vec::new(),
        })
    }
}

#[test]
fn r_028_r_063_r_064_labels_come_every_hour_and_a_failure_keeps_them() {
    let mut world = World::new("");
    world.options.schedule.jitter_ms = 0;
    let list = Rc::new(RefCell::new(Ok(labels())));
    let fetches = Rc::new(Cell::new(0));
    let mut service = world.open_with(Box::new(Script(list.clone(), fetches.clone())));
    for minute in 0..24 * 60 {
        service.tick(MONDAY + minute * 60_000).unwrap();
    }
    assert_eq!(fetches.get(), 24);
    let failure = SourceError::Document {
        pointer: "/value".to_owned(),
        cause: "null instead of a list".to_owned(),
    };
    *list.borrow_mut() = Err(failure);
    let report = service.tick(MONDAY + 24 * HOUR).unwrap();
    assert!(report.sync.unwrap().error.unwrap().contains("/value"));
    assert_eq!(service.labels().catalog().len(), 3);
    // It is tried again in a few minutes, not in an hour.
    let report = service.tick(MONDAY + 24 * HOUR + 5 * 60_000).unwrap();
    assert!(report.sync.unwrap().error.is_some());
    // An empty list over a full one is held back, until somebody confirms it.
    *list.borrow_mut() = Ok(Vec::new());
    let report = service.tick(MONDAY + 25 * HOUR).unwrap();
    assert_eq!(report.sync.unwrap().held.unwrap().lost, 3);
    assert_eq!(service.labels().catalog().labels().count(), 3);
    let report = service.confirm_labels().unwrap().unwrap();
    assert_eq!((report.labels, report.removed.len()), (0, 3));
    assert_eq!(service.labels().catalog().labels().count(), 0);
    assert!(service.confirm_labels().unwrap().is_none());
}

/// A licence that comes starts the fetching at once; one that goes ends it, and the list stays.
#[test]
fn r_028_r_029_licences_come_and_go() {
    let mut world = World::new("");
    world.options.schedule.jitter_ms = 0;
    world.options.integration.label_service_licence = false;
    let fetches = Rc::new(Cell::new(0));
    let list = Rc::new(RefCell::new(Ok(labels())));
    let mut service = world.open_with(Box::new(Script(list, fetches.clone())));
    let mut now = MONDAY;
    let mut run = |service: &mut Service, minutes: i64| {
        for _ in 0..minutes {
            service.tick(now).unwrap();
            now += 60_000;
        }
    };
    run(&mut service, 90);
    assert_eq!((fetches.get(), service.labels().catalog().len()), (0, 0));
    service.set_integration(IntegrationState::READY);
    run(&mut service, 1);
    assert_eq!((fetches.get(), service.labels().catalog().len()), (1, 3));
    run(&mut service, 90);
    assert_eq!(fetches.get(), 2);
    let without = IntegrationState {
        product_licence: false,
        ..IntegrationState::READY
    };
    service.set_integration(without);
    run(&mut service, 300);
    assert_eq!((fetches.get(), service.labels().catalog().len()), (2, 3));
    // Back again, at once.
    service.set_integration(IntegrationState::READY);
    run(&mut service, 1);
    assert_eq!(fetches.get(), 3);
}

/// The list survives a restart, and an hour is an hour over restarts too.
#[test]
fn r_063_r_064_the_list_is_there_after_a_restart() {
    let mut world = World::new("");
    world.options.schedule.jitter_ms = 0;
    let fetches = Rc::new(Cell::new(0));
    let list = Rc::new(RefCell::new(Ok(labels())));
    let open = || {
        let script = Script(list.clone(), fetches.clone());
        world.open_with(Box::new(script))
    };
    let mut service = open();
    service.tick(MONDAY).unwrap();
    let version = service.sync_status().version;
    drop(service);
    *list.borrow_mut() = Err(SourceError::Document {
        pointer: String::new(),
        cause: "down".to_owned(),
    });
    let mut service = open();
    assert_eq!(service.labels().catalog().len(), 3);
    assert_eq!(service.sync_status().version, version);
    service.tick(MONDAY + HOUR - 1).unwrap();
    assert_eq!(fetches.get(), 1);
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!((fetches.get(), service.labels().catalog().len()), (2, 3));
}

/// What a file carries may be newer than the list: one early fetch, not one a file.
#[test]
fn l_093_r_060_an_unknown_own_label_asks_for_the_list_early() {
    let mut world = World::new("");
    let late = world.labels.split_off(1);
    let fetches = Rc::new(Cell::new(0));
    let list = Rc::new(RefCell::new(Ok(world.labels.clone())));
    let mut service = world.open_with(Box::new(Script(list.clone(), fetches.clone())));
    service.tick(MONDAY).unwrap();
    list.borrow_mut().as_mut().unwrap().extend(late);
    for file in 0..5 {
        let content = document("text", Some(key(CONFIDENTIAL)));
        world.app().put(&format!("{file}.docx"), "1", content);
    }
    let foreign = LabelKey::new(other_tenant(), label_id(GENERAL));
    world
        .app()
        .put("theirs.docx", "1", document("text", Some(foreign)));
    service.tick(MONDAY + 60_000).unwrap();
    for minute in 2..10 {
        service.tick(MONDAY + minute * 60_000).unwrap();
    }
    assert_eq!(fetches.get(), 2);
    let name = |service: &Service, key| service.labels().display_name(key);
    assert_eq!(
        name(&service, key(CONFIDENTIAL)).as_deref(),
        Some("Confidential")
    );
    // What was found on files before the list came is kept (R-060).
    let external = name(&service, foreign).unwrap();
    assert!(external.ends_with("(external)"), "{external}");
}

/// R-058, R-059, R-078, R-186: what the list shows, and what files show of it.
#[test]
fn r_058_r_059_r_078_r_186_the_list_and_the_files_that_carry_its_labels() {
    let mut world = World::new("");
    world.labels[1].parent = Some(label_id(GENERAL));
    world.labels[2].scheme = LabelScheme::Classic;
    let list = Rc::new(RefCell::new(Ok(world.labels.clone())));
    let mut service = world.open_with(Box::new(Script(list.clone(), Rc::default())));
    service.tick(MONDAY).unwrap();
    let foreign = LabelKey::new(other_tenant(), label_id(GENERAL));
    for (name, label) in [
        ("a.docx", Some(key(GENERAL))),
        ("b.docx", Some(key(GENERAL))),
        ("c.docx", Some(foreign)),
        ("d.docx", None),
    ] {
        world.app().put(name, "1", document("text", label));
    }
    let mut disabled = world.labels.clone();
    disabled[0].state = LabelState::Disabled;
    *list.borrow_mut() = Ok(disabled);
    service.tick(MONDAY + HOUR).unwrap();
    let catalog = service.labels().catalog();
    let shown: Vec<_> = catalog
        .labels()
        .map(|label| {
            let id = label.key.label;
            let parent = label.parent;
            let order = catalog.order(id).unwrap();
            (
                id,
                label.name(),
                parent,
                order,
                label.key.tenant,
                label.scheme,
                label.state,
            )
        })
        .collect();
    let (unified, classic) = (LabelScheme::Unified, LabelScheme::Classic);
    let general = label_id(GENERAL);
    assert_eq!(
        shown,
        [
            (
                general,
                "General",
                None,
                (0, 0),
                own(),
                unified,
                LabelState::Disabled
            ),
            (
                label_id(CONFIDENTIAL),
                "Confidential",
                Some(general),
                (0, 1),
                own(),
                unified,
                LabelState::Active
            ),
            (
                label_id(SECRET),
                "Secret",
                None,
                (1, 0),
                own(),
                classic,
                LabelState::Active
            ),
        ]
    );
    // In each file's record, and disabled there too.
    let files = service.files().unwrap();
    let labels: Vec<Vec<Option<String>>> = files
        .iter()
        .map(|file| {
            let keys = file.labels.iter().filter_map(|label| label.key);
            keys.map(|key| service.labels().display_name(key)).collect()
        })
        .collect();
    let text = |text: &str| vec![Some(text.to_owned())];
    assert_eq!(
        labels,
        [
            text("General (disabled)"),
            text("General (disabled)"),
            text("set outside (external)"),
            vec![]
        ]
    );
    // The labels in use are a list of their own.
    let in_use: Vec<_> = service.labels_in_use().unwrap().into_iter().collect();
    assert_eq!(in_use, [(key(GENERAL), 2), (foreign, 1)]);
}

/// The check boxes are remembered, and so is who changed them.
#[test]
fn r_085_r_106_settings_are_kept_and_their_changes_logged() {
    let policy = r#"{"id":"p","name":"Theirs","filters":{"fileLabels":{"isset":true}}}"#;
    let world = World::new(policy);
    let foreign = LabelKey::new(other_tenant(), label_id(GENERAL));
    world
        .app()
        .put("theirs.docx", "1", document("text", Some(foreign)));
    let mut service = world.open();
    assert_eq!(service.tick(MONDAY).unwrap().matches.len(), 1);
    let mut settings = service.settings();
    assert!(settings.automatic_scan);
    settings.automatic_scan = false;
    settings.only_this_tenant = true;
    let changes = service
        .change_settings(settings, "dana", MONDAY + 1)
        .unwrap();
    assert_eq!(changes.len(), 2);
    assert_eq!(
        service
            .change_settings(settings, "dana", MONDAY + 2)
            .unwrap(),
        []
    );
    assert!(service.change_settings(settings, "", MONDAY + 2).is_err());
    // Labels of others are hidden, from filters too.
    assert_eq!(service.labels_in_use().unwrap().len(), 0);
    assert_eq!(service.tick(MONDAY + 3).unwrap().ended_matches.len(), 1);
    drop(service);
    let mut service = world.open();
    assert_eq!(service.settings(), settings);
    settings.only_this_tenant = false;
    service
        .change_settings(settings, "alex", MONDAY + 4)
        .unwrap();
    assert_eq!(service.labels_in_use().unwrap().len(), 1);
    assert_eq!(service.tick(MONDAY + 5).unwrap().matches.len(), 1);
    let log: Vec<_> = service
        .setting_changes()
        .unwrap()
        .into_iter()
        .map(|change| {
            (
                change.at_ms - MONDAY,
                change.administrator,
                change.setting,
                change.on,
            )
        })
        .collect();
    let row = |at, who: &str, what: &str, on| (at, who.to_owned(), what.to_owned(), on);
    assert_eq!(
        log,
        [
            row(1, "dana", "allowAzIP", false),
            row(1, "dana", "ignoreExternalAzIP", true),
            row(4, "alex", "ignoreExternalAzIP", false),
        ]
    );
}

#[test]
fn r_187_r_191_a_policy_whose_label_is_gone_or_disabled_is_disabled_and_says_why() {
    let mut gone = labels();
    gone.remove(1);
    let mut disabled = labels();
    disabled[1].state = LabelState::Disabled;
    for changed in [gone, disabled] {
        let world = World::new(label_external_files());
        world.app().put("a.docx", "1", document("text", None));
        let list = Rc::new(RefCell::new(Ok(labels())));
        let mut service = world.open_with(Box::new(Script(list.clone(), Rc::default())));
        limit_labels(&mut service, 0);
        service.tick(MONDAY).unwrap();
        *list.borrow_mut() = Ok(changed);
        let report = service.tick(MONDAY + HOUR).unwrap();
        assert_eq!(report.disabled_policies.len(), 1);
        assert_eq!(report.disabled_policies[0].0, PolicyId::parse("p").unwrap());
        assert_eq!(states(&service), [StateKind::Suspended]);
    }
}

/// R-188: with the label enabled again, the policy works again, also across restarts.
#[test]
fn r_188_a_label_disabled_and_enabled_again_over_restarts() {
    let mut world = World::new(label_external_files());
    let enabled = world.labels.clone();
    world.app().put("a.docx", "1", document("text", None));
    drop(world.open());
    world.labels[1].state = LabelState::Disabled;
    let later = MONDAY + 2 * HOUR;
    let open_at = |world: &World, now: i64| {
        let source = FixedLabels::new(own(), world.labels.clone());
        let mut service = Service::open(
            world.state.path(),
            own(),
            Box::new(source),
            world.boxed(),
            world.options.clone(),
            now,
        )
        .unwrap();
        service.load_policies(&world.policies, now).unwrap();
        service
    };
    let mut service = open_at(&world, later);
    assert!(!service.policies().policies()[0].is_enabled());
    service.tick(later).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    // Seen without the policy; counts once it works again.
    world.app().put("b.docx", "1", document("text", None));
    service.tick(later + HOUR).unwrap();
    drop(service);
    world.labels = enabled;
    let later = later + 3 * HOUR;
    let mut service = open_at(&world, later);
    assert!(service.policies().policies()[0].is_enabled());
    service.tick(later).unwrap();
    for file in ["a.docx", "b.docx"] {
        assert_eq!(world.app().label_of(file), Some(key(CONFIDENTIAL)));
    }
}

/// The same within one process: the list disables the label under a running service.
#[test]
fn r_188_what_changed_while_a_label_was_disabled_is_looked_at_again() {
    let world = World::new(label_external_files());
    let list = Rc::new(RefCell::new(Ok(labels())));
    let mut service = world.open_with(Box::new(Script(list.clone(), Rc::default())));
    service.tick(MONDAY).unwrap();
    let mut disabled = labels();
    disabled[1].state = LabelState::Disabled;
    *list.borrow_mut() = Ok(disabled);
    world.app().put("a.docx", "1", document("text", None));
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(report.disabled_policies.len(), 1);
    service.tick(MONDAY + 2 * HOUR).unwrap();
    *list.borrow_mut() = Ok(labels());
    service.tick(MONDAY + 3 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    service
        .load_policies(&world.policies, MONDAY + 3 * HOUR)
        .unwrap();
    service.tick(MONDAY + 4 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

/// One identity, from the list through filters, tasks and files, and back.
#[test]
fn r_018_labelling_and_governing_know_a_label_by_one_key() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let listed: LabelKey = service.labels().find("Confidential").unwrap();
    let Some(policy_engine::Action::ApplyLabel { label, .. }) = service.policies().policies()[0]
        .actions(AppId::BOX)
        .first()
        .cloned()
    else {
        panic!("no label action");
    };
    let applied = service
        .governance()
        .applied_by_us(own(), &box_file("a.docx"));
    let applied: LabelKey = applied.unwrap().unwrap().label;
    let written: LabelKey = world.app().label_of("a.docx").unwrap();
    let recorded: LabelKey = service.files().unwrap()[0].labels[0].key.unwrap();
    assert_eq!([label, applied, written, recorded], [listed; 4]);
}

/// A label that was deleted takes its policy out of force, and no other, over restarts too.
#[test]
fn r_191_a_deleted_label_disables_its_policy_over_restarts() {
    let both = format!(
        "{},{}",
        label_external_files(),
        r#"{"id":"q","name":"General","filters":{"sharing":{"eq":[1]}},
            "governance":{"10489":{"applyLabel":"General"}}}"#
    );
    for by_id in [false, true] {
        let id = label_id(CONFIDENTIAL).to_string();
        let policies = match by_id {
            true => both.replace("\"Confidential\"", &format!("\"{id}\"")),
            false => both.clone(),
        };
        let mut world = World::new(&policies);
        drop(world.open());
        world.labels.remove(CONFIDENTIAL as usize - 1);
        let source = FixedLabels::new(own(), world.labels.clone());
        let mut service = Service::open(
            world.state.path(),
            own(),
            Box::new(source),
            world.boxed(),
            world.options.clone(),
            MONDAY + 2 * HOUR,
        )
        .unwrap();
        service
            .load_policies(&world.policies, MONDAY + 2 * HOUR)
            .unwrap();
        let enabled: Vec<bool> = service
            .policies()
            .policies()
            .iter()
            .map(|policy| policy.is_enabled())
            .collect();
        assert_eq!(enabled, [false, true], "{by_id}");
        // What never was a label is a mistake as before.
        let wrong = world.policies.replace("\"General\"}", "\"Generel\"}");
        assert!(service.load_policies(&wrong, MONDAY + 2 * HOUR).is_err());
    }
}

/// A clock that was ahead when the list came does not keep short-lived processes from fetching.
#[test]
fn r_064_a_clock_that_was_ahead_delays_no_fetch() {
    let world = World::new("");
    let fetches = Rc::new(Cell::new(0));
    let list = Rc::new(RefCell::new(Ok(labels())));
    for (at, expected) in [
        (MONDAY + 365 * 24 * HOUR, 1),
        (MONDAY, 2),
        (MONDAY + 60_000, 2),
        (MONDAY + HOUR, 3),
    ] {
        let mut service = Service::open(
            world.state.path(),
            own(),
            Box::new(Script(list.clone(), fetches.clone())),
            world.boxed(),
            world.options.clone(),
            at,
        )
        .unwrap();
        service.tick(at).unwrap();
        assert_eq!(fetches.get(), expected, "{at}");
    }
}

/// What a check box passed over is looked at again when it is cleared.
#[test]
fn r_085_r_123_clearing_the_box_brings_labels_and_warnings_back() {
    let mut world = World::new("");
    world.options.settings.only_this_tenant = true;
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let foreign = LabelKey::new(other_tenant(), label_id(GENERAL));
    let content = document("text", Some(foreign));
    world.app().put("theirs.docx", "1", content);
    service.tick(MONDAY + 1).unwrap();
    assert_eq!(service.labels_in_use().unwrap().len(), 0);
    let mut settings = service.settings();
    settings.only_this_tenant = false;
    service
        .change_settings(settings, "dana", MONDAY + 2)
        .unwrap();
    service.tick(MONDAY + 3).unwrap();
    assert_eq!(service.labels_in_use().unwrap().len(), 1);
    // Over a restart the external label is still there.
    drop(service);
    assert_eq!(world.open().labels().external().count(), 1);
}
