//! What is done to files, by policies and by administrators, and what is not.

use governance::{ActionKind, CountedAction, StateKind, TaskFilter, TaskId, TaskState};
use label_core::{AppId, FileId, LabelScheme, PolicyId};
use label_service::{ActionResult, CloudApp, Mode};

use crate::world::*;

#[test]
fn r_003_r_142_a_match_is_labelled_without_a_human_step() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    // A later file too (R-142).
    world.app().put("b.docx", "1", document("text", None));
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("b.docx"), Some(key(CONFIDENTIAL)));
    assert_eq!(*world.app().writes.borrow(), ["a.docx", "b.docx"]);
}

/// The seed's rule: a PDF takes labels of the unified list only; any document takes those.
#[test]
fn r_050_r_053_a_pdf_is_labelled_unless_the_label_is_a_classic_one() {
    for (scheme, expected) in [
        (LabelScheme::Unified, Some(key(CONFIDENTIAL))),
        (LabelScheme::Classic, None),
    ] {
        let mut world = World::new(label_external_files());
        for label in &mut world.labels {
            label.scheme = scheme;
        }
        world.app().put("a.pdf", "1", pdf());
        world.app().put("b.docx", "1", document("text", None));
        let mut service = world.open();
        let report = service.tick(MONDAY).unwrap();
        assert_eq!(world.app().label_of("a.pdf"), expected, "{report:?}");
        assert_eq!(world.app().label_of("b.docx"), Some(key(CONFIDENTIAL)));
        let refused = reasons(&report);
        match expected {
            Some(_) => assert!(refused.is_empty(), "{refused:?}"),
            None => assert_eq!(refused, ["pdf_needs_unified"]),
        }
    }
}

#[test]
fn r_004_no_match_no_task() {
    let world = World::new(label_external_files());
    let mut inside = metadata("a.docx", "1");
    inside.access_level = Some(1);
    world.app().files.put(inside, document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert!(states(&service).is_empty());
}

#[test]
fn r_140_a_policy_removes_labels_too() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    let removing = r#"{"format":"file-policies/1","policies":[{"id":"r","name":"No longer shared",
        "filters":{"sharing":{"eq":[1]}},"governance":{"10489":{"removeLabel":true}}}]}"#;
    service.load_policies(removing, MONDAY + HOUR).unwrap();
    let id = FileId::parse("a.docx").unwrap();
    let mut inside = world.app().files.metadata(&id).unwrap();
    inside.access_level = Some(1);
    let content = world.app().files.content(&id).unwrap();
    world.app().files.put(inside, content);
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None, "{report:?}");
}

#[test]
fn r_134_a_conflict_is_tried_again_and_never_written_over() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    world.app().conflicts_left.set(1);
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    assert_eq!(states(&service), [StateKind::Retrying]);
    service.tick(MONDAY + 12 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    assert_eq!(states(&service), [StateKind::Succeeded]);
}

#[test]
fn r_136_a_039_our_own_write_is_known_at_once_and_no_reason_to_relabel() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let files = service.files().unwrap();
    assert_eq!(files[0].labels[0].key, Some(key(CONFIDENTIAL)));
    let opens = world.app().opens.get();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert!(report.is_quiet());
    assert_eq!(world.app().opens.get(), opens);
    assert_eq!(states(&service), [StateKind::Succeeded]);
    // After a restart too.
    drop(service);
    let mut service = world.open();
    assert!(service.tick(MONDAY + 2 * HOUR).unwrap().actions.is_empty());
    assert_eq!(world.app().writes.borrow().len(), 1);
}

#[test]
fn r_110_r_126_an_administrators_request_takes_the_same_path() {
    let world = World::new("");
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let file = box_file("a.docx");
    service
        .request(
            &file,
            ActionKind::Apply(key(GENERAL)),
            "dana@contoso.example",
            MONDAY,
        )
        .unwrap();
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(GENERAL)));
    let tasks = service
        .governance()
        .tasks(&TaskFilter::default(), TaskId(0), 10)
        .unwrap();
    assert_eq!(tasks[0].initiator.as_str(), "dana@contoso.example");
    assert_eq!(tasks[0].key.policy, None);
    // Removing what we set (R-137).
    service
        .request(
            &file,
            ActionKind::Remove,
            "dana@contoso.example",
            MONDAY + HOUR,
        )
        .unwrap();
    service.tick(MONDAY + 2 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
}

#[test]
fn a_039_a_label_that_was_taken_off_is_not_applied_again() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    service
        .request(&box_file("a.docx"), ActionKind::Remove, "dana", MONDAY)
        .unwrap();
    for hour in 1..4 {
        service.tick(MONDAY + hour * HOUR).unwrap();
        assert_eq!(world.app().label_of("a.docx"), None, "{hour}");
    }
    // And after a restart.
    drop(service);
    let mut service = world.open();
    service.tick(MONDAY + 5 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), None);
    // Somebody works on it: the policy looks at it afresh.
    world.app().put("a.docx", "new", document("more", None));
    service.tick(MONDAY + 6 * HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

/// Sharing or moving a file gives it another version. That is no work on its content, whatever
/// became of the process or of the app's answers after our write.
#[test]
fn a_039_another_version_with_our_content_is_no_reason_to_relabel() {
    for (silent, dies) in [(false, false), (true, false), (false, true)] {
        let world = World::new(label_external_files());
        let app = world.app();
        app.put("a.docx", "1", document("text", None));
        let mut service = world.open();
        service.tick(MONDAY).unwrap();
        assert_eq!(app.label_of("a.docx"), Some(key(CONFIDENTIAL)));
        let before = app.files.metadata(&box_file("a.docx").file).unwrap();
        service
            .request(&box_file("a.docx"), ActionKind::Remove, "dana", MONDAY)
            .unwrap();
        app.silent_after_write.set(silent);
        app.dies_after_write.set(dies);
        let tick = std::panic::AssertUnwindSafe(|| service.tick(MONDAY + HOUR).map(drop));
        assert_eq!(std::panic::catch_unwind(tick).is_err(), dies);
        drop(service);
        app.dies_after_write.set(false);
        assert_eq!(app.label_of("a.docx"), None);
        let after = app.files.metadata(&box_file("a.docx").file).unwrap();
        assert_ne!(before.version, after.version);
        let mut service = world.open();
        for hour in 2..5 {
            app.touch("a.docx", &format!("shared {hour}"));
            service.tick(MONDAY + hour * HOUR).unwrap();
            assert_eq!(app.label_of("a.docx"), None, "{silent} {dies} {hour}");
        }
        assert_eq!(app.writes.borrow().len(), 2);
        // Then somebody works on it.
        app.put("a.docx", "new", document("more", None));
        service.tick(MONDAY + 6 * HOUR).unwrap();
        assert_eq!(app.label_of("a.docx"), Some(key(CONFIDENTIAL)));
    }
}

/// What is superseded by an action of the other kind is not carried out after it.
#[test]
fn a_034_a_superseded_removal_is_dropped() {
    let world = World::new(
        r#"{"id":"p","name":"Label","priority":1,"filters":{"sharing":{"eq":[2]}},
            "governance":{"10489":{"applyLabel":"Confidential"}}},
           {"id":"r","name":"Unlabel","priority":0,"filters":{"sharing":{"eq":[2]}},
            "governance":{"10489":{"removeLabel":true}}}"#,
    );
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    for hour in 0..4 {
        service.tick(MONDAY + hour * HOUR).unwrap();
        assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    }
    // Somebody works on it and keeps the label.
    let edited = document("more", Some(key(CONFIDENTIAL)));
    world.app().put("a.docx", "edited", edited.clone());
    for hour in 4..8 {
        service.tick(MONDAY + hour * HOUR).unwrap();
        let file = box_file("a.docx").file;
        assert_eq!(world.app().files.content(&file).unwrap(), edited);
    }
    assert_eq!(world.app().writes.borrow().len(), 1);
}

#[test]
fn a_034_a_042_policies_that_apply_and_remove_do_not_take_turns() {
    for (priority, left) in [(0, Some(key(CONFIDENTIAL))), (1, None)] {
        let world = World::new(&format!(
            "{},{}",
            label_external_files(),
            r#"{"id":"r","name":"Unlabel","priority":PRIORITY,"filters":{"fileLabels":{"eq":["Confidential"]}},
                "governance":{"10489":{"removeLabel":true}}}"#
                .replace("PRIORITY", &priority.to_string())
        ));
        world.app().put("a.docx", "1", document("text", None));
        let mut service = world.open();
        for hour in 0..6 {
            service.tick(MONDAY + hour * HOUR).unwrap();
        }
        assert_eq!(world.app().label_of("a.docx"), left, "{priority}");
        let writes = world.app().writes.borrow().len();
        assert_eq!(writes, if left.is_some() { 1 } else { 2 });
    }
}

#[test]
fn r_137_r_138_a_label_set_outside_is_not_removed() {
    let world = World::new("");
    let bytes = document("text", Some(key(GENERAL)));
    world.app().put("a.docx", "1", bytes.clone());
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let file = box_file("a.docx");
    service
        .request(&file, ActionKind::Remove, "dana", MONDAY)
        .unwrap();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(reasons(&report), ["outside_label"]);
    assert_eq!(world.app().files.content(&file.file).unwrap(), bytes);
}

#[test]
fn r_092_relabelled_outside_is_outside_again() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    // Somebody sets General in Office: the policy's label may go over it, as A14 says.
    world
        .app()
        .put("a.docx", "9", document("text", Some(key(GENERAL))));
    service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}

#[test]
fn a_035_a_042_the_first_policy_labels_and_the_second_is_skipped() {
    let world = World::new(
        r#"{"id":"low","name":"Low","priority":1,"filters":{"sharing":{"eq":[2]}},"governance":{"10489":{"applyLabel":"General"}}},
           {"id":"high","name":"High","priority":5,"filters":{"sharing":{"neq":[0]}},"governance":{"10489":{"applyLabel":"Confidential"}}}"#,
    );
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    let mut states = states(&service);
    states.sort_by_key(|state| format!("{state:?}"));
    assert_eq!(states, [StateKind::Skipped, StateKind::Succeeded]);
    assert_eq!(world.app().writes.borrow().len(), 1);
}

#[test]
fn r_151_actions_of_another_app_are_not_carried_out() {
    let mut world = World::new(label_external_files());
    world.apps.push(TestApp::new(AppId::ONEDRIVE));
    world.apps[1].put("a.docx", "1", document("text", None));
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert!(states(&service).is_empty());
}

#[test]
fn r_155_r_162_r_163_the_limit_pauses_and_noon_resumes() {
    let world = World::new(label_external_files());
    for number in 0..5 {
        world
            .app()
            .put(&format!("{number}.docx"), "1", document("text", None));
    }
    let mut service = world.open();
    limit_labels(&mut service, 3);
    let report = service.tick(MONDAY).unwrap();
    let noon = 1_609_848_000_000;
    let waiting: Vec<&TaskState> = report
        .actions
        .iter()
        .filter_map(|action| match &action.result {
            ActionResult::State(state) => Some(state),
            _ => None,
        })
        .collect();
    assert_eq!(waiting, [&TaskState::Deferred { until: Some(noon) }; 2]);
    assert_eq!(world.app().writes.borrow().len(), 3);
    // A restart and the time until noon change nothing (R-160).
    drop(service);
    let mut service = world.open();
    assert!(service.tick(noon - 1).unwrap().actions.is_empty());
    service.tick(noon).unwrap();
    assert_eq!(world.app().writes.borrow().len(), 5);
}

#[test]
fn r_168_r_171_a_disabled_policy_suspends_and_resumes_what_still_matches() {
    let policy = |enabled: bool| {
        format!(
            "{{\"format\":\"file-policies/1\",\"policies\":[{}]}}",
            label_external_files().replacen(
                "\"name\"",
                &format!("\"enabled\":{enabled},\"name\""),
                1
            )
        )
    };
    let world = World::new(label_external_files());
    for name in ["a.docx", "b.docx"] {
        world.app().put(name, "1", document("text", None));
    }
    let mut service = world.open();
    limit_labels(&mut service, 0);
    service.tick(MONDAY).unwrap();
    assert_eq!(states(&service), [StateKind::Deferred; 2]);
    service.load_policies(&policy(false), MONDAY).unwrap();
    assert_eq!(states(&service), [StateKind::Suspended; 2]);
    limit_labels(&mut service, 100);
    service.tick(MONDAY + 48 * HOUR).unwrap();
    assert_eq!(states(&service), [StateKind::Suspended; 2]);
    // One file no longer matches when the policy is enabled again.
    let mut inside = metadata("b.docx", "1");
    inside.access_level = Some(1);
    world.app().files.put(inside, document("text", None));
    service
        .load_policies(&policy(true), MONDAY + 49 * HOUR)
        .unwrap();
    service.tick(MONDAY + 49 * HOUR).unwrap();
    assert_eq!(states(&service), [StateKind::Succeeded, StateKind::Skipped]);
    assert_eq!(world.app().label_of("b.docx"), None);
}

#[test]
fn r_172_tasks_of_a_deleted_policy_are_cancelled() {
    let world = World::new(label_external_files());
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    limit_labels(&mut service, 0);
    service.tick(MONDAY).unwrap();
    service
        .load_policies("{\"format\":\"file-policies/1\",\"policies\":[]}", MONDAY)
        .unwrap();
    assert_eq!(states(&service), [StateKind::Cancelled]);
    assert!(service.matches().unwrap().is_empty());
}

#[test]
fn r_006_r_129_refusals_use_nothing_and_say_why() {
    let world = World::new(
        r#"{"id":"p","name":"P","filters":{"sharing":{"eq":[2]}},"governance":{"10489":{"applyLabel":"Secret"}}}"#,
    );
    world.app().put("plain.docx", "1", document("text", None));
    world.app().put("note.txt", "1", b"text".to_vec());
    world.app().put("empty.docx", "1", Vec::new());
    let mut service = world.open();
    let report = service.tick(MONDAY).unwrap();
    let mut codes = reasons(&report);
    codes.sort();
    assert_eq!(
        codes,
        ["empty_file", "protection_required", "type_unsupported"]
    );
    let allowance = service
        .governance()
        .allowance(own(), AppId::BOX, CountedAction::ApplyLabel, MONDAY)
        .unwrap();
    assert_eq!(allowance.used, 0);
    assert!(world.app().writes.borrow().is_empty());
}

#[test]
fn r_154_the_preview_counts_what_is_carried_out() {
    let mut world = World::new(label_external_files());
    for number in 0..4 {
        world
            .app()
            .put(&format!("{number}.docx"), "1", document("text", None));
    }
    world.app().put("note.txt", "1", b"text".to_vec());
    world.options.mode = Mode::DryRun;
    let would = world
        .open()
        .tick(MONDAY)
        .unwrap()
        .actions
        .iter()
        .filter(|action| action.result == ActionResult::WouldWrite)
        .count();
    assert!(world.app().writes.borrow().is_empty());
    world.options.mode = Mode::Apply;
    world.state = tempfile::tempdir().unwrap();
    world.open().tick(MONDAY).unwrap();
    assert_eq!(world.app().writes.borrow().len(), would);
    assert_eq!(would, 4);
}

#[test]
fn r_025_a_label_that_we_wrote_makes_other_policies_match() {
    let see = r#"{"id":"see","name":"Labelled and outside","filters":{"fileLabels":{"eq":["Confidential"]},"sharing":{"eq":[2]}}}"#;
    let world = World::new(&format!("{},{see}", label_external_files()));
    world.app().put("a.docx", "1", document("text", None));
    let mut service = world.open();
    service.tick(MONDAY).unwrap();
    let report = service.tick(MONDAY + HOUR).unwrap();
    assert_eq!(report.matches.len(), 1);
    assert_eq!(report.matches[0].policy, PolicyId::parse("see").unwrap());
    assert!(report.actions.is_empty());
}

/// A policy keeps a more sensitive label of the own tenant, unless it says that it lowers labels.
#[test]
fn a_policy_keeps_a_more_sensitive_label_unless_it_says_otherwise() {
    for (permission, expected, kept) in [
        ("", vec!["would_downgrade"], SECRET),
        (r#","allowDowngrade":true"#, vec![], GENERAL),
    ] {
        let world = World::new(&format!(
            r#"{{"id":"p","name":"P","filters":{{"sharing":{{"eq":[2]}}}},"alerts":{{"eachMatch":false}},
                "governance":{{"10489":{{"applyLabel":"General"{permission}}}}}}}"#
        ));
        let content = document("text", Some(key(SECRET)));
        world.app().put("a.docx", "1", content);
        let mut service = world.open();
        let report = service.tick(MONDAY).unwrap();
        assert_eq!(reasons(&report), expected);
        assert_eq!(world.app().label_of("a.docx"), Some(key(kept)));
        // What was kept used nothing of the daily limit.
        let allowance =
            service
                .governance()
                .allowance(own(), AppId::BOX, CountedAction::ApplyLabel, MONDAY);
        let used = allowance.unwrap().used;
        assert_eq!(used, u32::from(expected.is_empty()));
        // A person may lower it all the same.
        let manual = ActionKind::Apply(key(CONFIDENTIAL));
        service
            .request(&box_file("a.docx"), manual, "dana", MONDAY)
            .unwrap();
        service.tick(MONDAY + HOUR).unwrap();
        assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
    }
}

/// A file whose labels contradict one another is labelled, though none of them counts: a policy does
/// not lower what may be the higher one. So it is with a label that names no tenant and is ours.
#[test]
fn a_policy_lowers_no_label_that_the_file_does_not_say_clearly() {
    let group = |label: u128, site: bool| {
        let id = label_id(label);
        let mut properties = vec![(format!("MSIP_Label_{id}_Enabled"), "true".to_owned())];
        if site {
            properties.push((format!("MSIP_Label_{id}_SiteId"), own().to_string()));
        }
        properties
    };
    for (case, properties) in [
        (
            "two labels",
            [group(CONFIDENTIAL, true), group(SECRET, true)].concat(),
        ),
        ("no tenant", group(SECRET, false)),
    ] {
        let world = World::new(
            r#"{"id":"p","name":"P","filters":{"sharing":{"eq":[2]}},"alerts":{"eachMatch":false},
                "governance":{"10489":{"applyLabel":"General"}}}"#,
        );
        let content = with_properties(&properties);
        world.app().put("a.docx", "1", content.clone());
        let mut service = world.open();
        let report = service.tick(MONDAY).unwrap();
        assert_eq!(reasons(&report), ["would_downgrade"], "{case}");
        let file = FileId::parse("a.docx").unwrap();
        let now = world.app().files.content(&file).unwrap();
        assert_eq!(now, content, "{case}");
        // A person may.
        let manual = ActionKind::Apply(key(GENERAL));
        service
            .request(&box_file("a.docx"), manual, "dana", MONDAY)
            .unwrap();
        service.tick(MONDAY + HOUR).unwrap();
        assert_eq!(world.app().label_of("a.docx"), Some(key(GENERAL)), "{case}");
    }
}

/// Files that can't be opened stay queued, and don't keep the others waiting.
#[test]
fn files_that_can_not_be_opened_starve_no_others() {
    let mut world = World::new(label_external_files());
    world.options.scans_per_tick_max = 2;
    let mut service = world.open();
    service.tick(MONDAY - 1).unwrap();
    // New files, which are read as soon as they are listed.
    for name in ["a.docx", "b.docx", "c.docx", "d.docx", "e.docx"] {
        world.app().put(name, "1", document("text", None));
    }
    for name in ["a.docx", "b.docx"] {
        let id = FileId::parse(name).unwrap();
        world.app().closed.borrow_mut().insert(id);
    }
    for tick in 0..4 {
        service.tick(MONDAY + tick).unwrap();
    }
    for (name, expected) in [
        ("a.docx", None),
        ("b.docx", None),
        ("c.docx", Some(key(CONFIDENTIAL))),
        ("d.docx", Some(key(CONFIDENTIAL))),
        ("e.docx", Some(key(CONFIDENTIAL))),
    ] {
        assert_eq!(world.app().label_of(name), expected, "{name}");
    }
    world.app().closed.borrow_mut().clear();
    for tick in 4..8 {
        service.tick(MONDAY + tick).unwrap();
    }
    assert_eq!(world.app().label_of("a.docx"), Some(key(CONFIDENTIAL)));
}
