//! The list of labels, and policies whose labels change.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use governance::{DailyLimit, Initiator, StateKind};
use label_core::source::{FixedLabels, LabelList};
use label_core::{AppId, Label, LabelSource, LabelState, PolicyId, Publication, SourceError};
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
    let world = World::new("");
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
    // An empty list over a full one is held back.
    *list.borrow_mut() = Ok(Vec::new());
    service.tick(MONDAY + 25 * HOUR).unwrap();
    assert_eq!(service.labels().catalog().len(), 3);
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
        let by = Initiator::parse("test").unwrap();
        service
            .governance_mut()
            .set_limit(own(), AppId::BOX, DailyLimit(0), &by, MONDAY)
            .unwrap();
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
