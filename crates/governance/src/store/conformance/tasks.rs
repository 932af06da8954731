//! The life of a task: identity, order, retries, the ledger, crashes.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use label_core::AppId;

use super::scene::{
    HOUR, MIDNIGHT, Scene, TENANT, admin, intent, label, locked, manual_wish, policy, success,
    suspended, version, wish, wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{Settings, Submitted, TaskOutcome, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::log::LogEvent;
use crate::quota::CountedAction;
use crate::reason::Reason;
use crate::state::{StateKind, Status, TaskState};
use crate::store::{LogFilter, PAGE_COUNT_MAX, PolicyState, TaskFilter};
use crate::task::{ActionKind, PolicyOrder, Repeat, TaskId, WriteIntent};
use crate::text::MatchId;

const NINE: i64 = MIDNIGHT + 9 * HOUR;

pub(super) fn r_143_submitting_again_is_harmless(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let twice = [wish(0)?, wish(0)?];
    let answers = scene.governance.submit(&twice, NINE)?;
    let id = TaskId(1);
    ensure_eq!(answers, [Submitted::Accepted(id), Submitted::Joined(id)]);
    ensure_eq!(scene.work_off(NINE)?, [id]);
    let mut scene = scene.restarted()?;
    let answers = scene.governance.submit(&twice, NINE)?;
    ensure_eq!(answers, [Submitted::AlreadyKnown(id); 2]);
    ensure_eq!(scene.work_off(NINE)?, []);
    // Each part of the key makes another task.
    let mut others = vec![wish(0)?; 6];
    for (part, other) in others.iter_mut().enumerate() {
        let key = &mut other.key;
        match part {
            0 => key.tenant = label_core::TenantId::from_u128(0x75),
            1 => key.file.instance = 1,
            2 => key.file_version = version("2")?,
            3 => key.policy = None,
            4 => key.action = ActionKind::Remove,
            _ => key.action = ActionKind::Apply(label(2)),
        }
    }
    for (answer, number) in scene.governance.submit(&others, NINE)?.iter().zip(2..) {
        ensure_eq!(*answer, Submitted::Accepted(TaskId(number)));
    }
    Ok(())
}

pub(super) fn r_019_a_task_names_its_policy_and_match(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut new = wish(0)?;
    new.matched = Some(MatchId::parse("match 17")?);
    let ids = scene.submit(&[new.clone()], NINE)?;
    let scene = scene.restarted()?;
    let task = scene
        .governance
        .task(ids.first().copied().unwrap_or_default())?;
    ensure_eq!((task.key, task.matched), (new.key, new.matched));
    Ok(())
}

pub(super) fn a_031_the_log_says_how_much_was_used(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(5, NINE)?;
    scene.submit(&wishes(0..4)?, NINE)?;
    for _ in 0..3 {
        let task = scene.claim_one(NINE)?;
        scene.begin(&task, NINE)?;
        scene
            .governance
            .finish(task.claim(), success(&task)?, NINE)?;
    }
    // Of the fourth nothing was written, and by hand nothing counts.
    let task = scene.claim_one(NINE)?;
    let outcome = TaskOutcome::Skipped {
        reason: Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(task.claim(), outcome, NINE)?;
    scene.submit(&[manual_wish(5)?], NINE)?;
    scene.work_off(NINE)?;
    let scene = scene.restarted()?;
    let entries = scene.governance.log(&LogFilter::default(), 0, 100)?;
    let over = entries
        .iter()
        .filter(|entry| entry.status() != Status::Pending);
    let found: Vec<_> = over
        .filter_map(|entry| entry.task.as_ref())
        .map(|task| task.quota.map(|quota| (quota.used, quota.limit.0)))
        .collect();
    let expected = [Some((1, 5)), Some((2, 5)), Some((3, 5)), None, None];
    ensure_eq!(found, expected);
    Ok(())
}

pub(super) fn one_task_of_a_thousand_runs_per_file(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let many = vec![manual_wish(0)?; PAGE_COUNT_MAX + 50];
    let asked = scene.governance.request(&many, NINE)?;
    let last = scene.submit(&[manual_wish(0)?], NINE)?;
    let running = scene.claim_one(NINE)?;
    ensure_eq!(vec![running.id], last);
    let asked: Vec<_> = asked.iter().map(|one| one.id()).collect();
    scene.governance.confirm(&asked, &admin()?, NINE)?;
    // It stands behind all those that a page has.
    ensure_eq!(scene.governance.claim(10, NINE)?, []);
    scene.begin(&running, NINE)?;
    scene
        .governance
        .finish(running.claim(), success(&running)?, NINE)?;
    let next = scene.governance.claim(10, NINE)?;
    ensure_eq!(next.iter().map(|task| task.id.0).collect::<Vec<_>>(), [1]);
    Ok(())
}

pub(super) fn r_092_the_ledger_knows_our_labels(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let new = wish(0)?;
    let file = new.key.file.clone();
    ensure_eq!(scene.governance.applied_by_us(TENANT, &file)?, None);
    scene.submit(&[new], NINE)?;
    scene.work_off(NINE)?;
    let mut scene = scene.restarted()?;
    let Some(applied) = scene.governance.applied_by_us(TENANT, &file)? else {
        return Err("the label is not in the ledger".into());
    };
    ensure_eq!((applied.label, applied.at_ms), (label(1), NINE));
    ensure_eq!(applied.version, version("after 1")?);
    ensure_eq!(applied.policy, Some(policy("p")?));
    let mut remove = manual_wish(0)?;
    remove.key.action = ActionKind::Remove;
    scene.submit(&[remove], NINE)?;
    scene.work_off(NINE)?;
    ensure_eq!(scene.governance.applied_by_us(TENANT, &file)?, None);
    Ok(())
}

pub(super) fn a_029_a_locked_file_is_tried_again(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    let tries = scene.governance.settings().retry.locked.tries_max;
    let mut now = NINE;
    for n in 1..tries {
        let task = scene.claim_one(now)?;
        ensure_eq!(task.custody.attempts, n - 1);
        let state = scene.governance.finish(task.claim(), locked(), now)?;
        let TaskState::Retrying { at, n: counted } = state else {
            return Err(format!("{state:?} after try {n}").into());
        };
        ensure_eq!(counted, n);
        ensure!(at > now, "try {n}: no pause");
        ensure!(
            scene.governance.claim(1, at - 1)?.is_empty(),
            "try {n}: too early"
        );
        now = at;
    }
    let task = scene.claim_one(now)?;
    let state = scene.governance.finish(task.claim(), locked(), now)?;
    let reason = Reason::new(Reason::RETRIES_EXHAUSTED).with_detail("locked");
    ensure_eq!(state, TaskState::Failed { reason });
    Ok(())
}

pub(super) fn a_030_failed_tasks_are_retried_by_hand(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    let outcome = TaskOutcome::Failed {
        reason: Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(task.claim(), outcome, NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    // Of a disabled policy it waits with the others.
    let p = policy("p")?;
    scene
        .governance
        .disable_policy(TENANT, &p, &admin()?, NINE)?;
    scene.governance.retry(task.id, &admin()?, NINE)?;
    ensure_eq!(scene.state(task.id)?, suspended());
    scene
        .governance
        .enable_policy(TENANT, &p, &admin()?, NINE)?;
    // It has all its tries again.
    let mut now = NINE;
    for _ in 0..2 {
        for _ in 0..scene.governance.settings().retry.locked.tries_max {
            let task = scene.claim_one(now)?;
            scene.governance.finish(task.claim(), locked(), now)?;
            now += 2 * HOUR;
        }
        ensure_eq!(scene.state(task.id)?.kind(), StateKind::Failed);
        scene.governance.retry(task.id, &admin()?, now)?;
    }
    ensure_eq!(scene.work_off(now)?, [task.id]);
    match scene.governance.retry(task.id, &admin()?, NINE) {
        Err(Error::NotAllowed { .. }) => Ok(()),
        other => Err(format!("{other:?} on retrying a success").into()),
    }
}

pub(super) fn a_031_the_log_has_all_columns(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut remove = manual_wish(1)?;
    remove.key.action = ActionKind::Remove;
    scene.submit(&[wish(0)?, remove], NINE)?;
    let task = scene.claim_one(NINE)?;
    let reason = Reason::new("outside_label").with_detail("set in Word");
    let outcome = TaskOutcome::Failed {
        reason: reason.clone(),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(task.claim(), outcome, NINE + 5)?;
    scene.work_off(NINE + 6)?;
    let scene = scene.restarted()?;
    let entries = scene.governance.log(&LogFilter::default(), 0, 100)?;
    let found: Vec<_> = entries
        .iter()
        .map(|entry| {
            let task = entry.task.as_ref().map(|task| (task.id.0, task.action));
            (entry.at_ms, task, entry.initiator.as_str(), entry.status())
        })
        .collect();
    let apply = Some((1, ActionKind::Apply(label(1))));
    let remove = Some((2, ActionKind::Remove));
    let expected = [
        (NINE, apply, "Policy p", Status::Pending),
        (NINE, remove, "admin@contoso.com", Status::Pending),
        (NINE + 5, remove, "admin@contoso.com", Status::Failed),
        (NINE + 6, apply, "Policy p", Status::Successful),
    ];
    ensure_eq!(found, expected);
    let target = entries.iter().find(|entry| entry.reason() == Some(&reason));
    let target = target.and_then(|entry| entry.task.as_ref().map(|task| task.file.clone()));
    ensure_eq!(target, Some(wish(1)?.key.file));
    Ok(())
}

pub(super) fn a_034_conflicting_labels_have_an_order(source: &mut dyn StoreSource) -> Verdict {
    // Explicit priority, then the higher label, then the older policy; whatever came first.
    let orders = [
        (None, 9, 0),
        (Some(2), 1, 0),
        (Some(1), 1, 7),
        (Some(1), 5, 8),
        (Some(1), 5, 6),
    ];
    let mut scene = Scene::new(source)?;
    let mut tasks = Vec::new();
    for (number, (priority, label_priority, created_ms)) in orders.into_iter().enumerate() {
        let mut task = wish(0)?;
        task.key.policy = Some(policy(&format!("p{number}"))?);
        task.key.action = ActionKind::Apply(label(number as u128));
        task.label_priority = label_priority;
        task.policy_order = PolicyOrder {
            priority,
            created_ms,
        };
        tasks.push(task);
    }
    scene.submit(&tasks, NINE)?;
    // They fail one after the other, so that each becomes the first in turn.
    for expected in [5, 4, 3, 2, 1] {
        let task = scene.claim_one(NINE)?;
        ensure_eq!(task.id, TaskId(expected));
        let outcome = TaskOutcome::Failed {
            reason: Reason::new("label_not_applicable"),
            effect: WriteEffect::Nothing,
        };
        scene.governance.finish(task.claim(), outcome, NINE)?;
    }
    Ok(())
}

pub(super) fn a_035_only_the_first_policy_labels(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut same_label = wish(0)?;
    same_label.key.policy = Some(policy("q")?);
    let mut other_label = wish(0)?;
    other_label.key.policy = Some(policy("r")?);
    other_label.key.action = ActionKind::Apply(label(2));
    let mut remove = wish(0)?;
    remove.key.policy = Some(policy("s")?);
    remove.key.action = ActionKind::Remove;
    let mut by_hand = manual_wish(0)?;
    by_hand.key.action = ActionKind::Apply(label(3));
    let tasks = [wish(0)?, same_label, other_label, remove, by_hand];
    let ids = scene.submit(&tasks, NINE)?;
    // By hand first; its label makes the three policies' labels idle, but not the removal.
    let written = scene.work_off(NINE)?;
    ensure_eq!(written, [TaskId(5), TaskId(4)]);
    let codes: Vec<_> = scene
        .states(&ids)?
        .iter()
        .map(|state| state.reason().map(|reason| reason.code().to_owned()))
        .collect();
    let ours = Some(Reason::LABELLED_BY_US.to_owned());
    ensure_eq!(codes, [ours.clone(), ours.clone(), ours, None, None]);

    // Two policies: the same label is there already, another one is not put over it. What comes
    // later, on the content that we wrote, is not handed out either.
    let mut tasks = [wish(1)?, wish(1)?, wish(1)?];
    for (task, name) in tasks.iter_mut().zip(["p", "q", "r"]) {
        task.key.policy = Some(policy(name)?);
        if name == "r" {
            task.key.action = ActionKind::Apply(label(2));
        }
    }
    let ids = scene.submit(&tasks, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    let mut late = wish(1)?;
    late.key.file_version = version(&format!("after {}", ids.first().map_or(0, |id| id.0)))?;
    let mut later = late.clone();
    later.key.policy = Some(policy("t")?);
    later.key.action = ActionKind::Apply(label(2));
    let mut ids = ids;
    ids.extend(scene.submit(&[late, later], NINE)?);
    ensure_eq!(scene.work_off(NINE)?, []);
    let codes: Vec<_> = scene
        .states(&ids)?
        .iter()
        .map(|state| state.reason().map(|reason| reason.code().to_owned()))
        .collect();
    let (already, ours) = (Reason::ALREADY_LABELLED, Reason::LABELLED_BY_US);
    let expected = [None, Some(already), Some(ours), Some(already), Some(ours)];
    ensure_eq!(codes, expected.map(|code| code.map(str::to_owned)));
    // Each is logged once as skipped.
    let log = scene.governance.log(&LogFilter::default(), 0, 1000)?;
    let skipped = log.iter().filter(
        |entry| matches!(&entry.event, LogEvent::Task { state } if state.kind() == StateKind::Skipped),
    );
    ensure_eq!(skipped.count(), 3 + 4);
    // On a content that is not ours, the caller looks.
    let mut changed = wish(1)?;
    changed.key.file_version = version("changed by a user")?;
    let ids = scene.submit(&[changed], NINE)?;
    ensure_eq!(scene.work_off(NINE)?, ids);
    Ok(())
}

pub(super) fn the_queue_is_bounded(source: &mut dyn StoreSource) -> Verdict {
    let settings = Settings {
        pending_max: 3,
        ..Settings::default()
    };
    let mut scene = Scene::with(source, settings)?;
    scene.submit(&wishes(0..2)?, NINE)?;
    match scene.governance.submit(&wishes(2..4)?, NINE) {
        Err(Error::QueueFull { pending: 2, .. }) => {}
        other => return Err(format!("{other:?} on a full queue").into()),
    }
    // All or none: nothing of it was taken in. What is known already takes no room.
    scene.submit(&wishes(0..3)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 3);
    scene.submit(&wishes(3..6)?, NINE)?;
    Ok(())
}

pub(super) fn one_task_runs_per_file(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut second = manual_wish(0)?;
    second.key.action = ActionKind::Apply(label(2));
    scene.submit(&[manual_wish(0)?, second, wish(1)?], NINE)?;
    let tasks = scene.governance.claim(10, NINE)?;
    let ids: Vec<_> = tasks.iter().map(|task| task.id.0).collect();
    ensure_eq!(ids, [1, 3]);
    let why = scene.governance.why(TaskId(2), NINE)?;
    ensure_eq!(why.sentence, "waits for task 1, which has the same file");
    for task in &tasks {
        scene.begin(task, NINE)?;
        scene
            .governance
            .finish(task.claim(), success(task)?, NINE)?;
    }
    // Two tasks by hand do not join (clarification 15).
    ensure_eq!(scene.work_off(NINE)?, [TaskId(2)]);
    Ok(())
}

pub(super) fn finished_tasks_can_not_be_cancelled(source: &mut dyn StoreSource) -> Verdict {
    // Clarifications 16 and 17.
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let ids = scene.submit(&wishes(0..2)?, NINE)?;
    scene.work_off(NINE)?;
    for (id, allowed) in ids.into_iter().zip([false, true]) {
        let before = scene.state(id)?;
        match scene.governance.cancel(id, &admin()?, NINE) {
            Ok(()) if allowed => {
                ensure_eq!(scene.state(id)?.kind(), StateKind::Cancelled);
            }
            Err(Error::NotAllowed { .. }) if !allowed => ensure_eq!(scene.state(id)?, before),
            other => return Err(format!("{other:?} on cancelling {before:?}").into()),
        }
    }
    match scene.governance.cancel(TaskId(99), &admin()?, NINE) {
        Err(Error::UnknownTask { .. }) => Ok(()),
        other => Err(format!("{other:?} for an unknown task").into()),
    }
}

pub(super) fn calls_are_made_together_or_not_at_all(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    // Submitted, claimed, granted and done in one; the next one in another, up to its deferral.
    let mut states = Vec::new();
    for new in [[wish(0)?], [wish(1)?]] {
        let intent = WriteIntent::new(version("after")?);
        let outcome = TaskOutcome::Succeeded {
            version: version("after")?,
        };
        states.push(scene.governance.together(|calls| {
            let ids = calls.submit(&new, NINE)?;
            for task in calls.claim(10, NINE)? {
                let claim = task.claim();
                if calls.begin_write(claim, intent.clone(), NINE)? == WriteGrant::Granted {
                    calls.finish(claim, outcome.clone(), NINE)?;
                }
            }
            ids.first().map(|id| calls.task(id.id())).transpose()
        })?);
    }
    let states: Vec<_> = states
        .into_iter()
        .map(|task| task.map(|task| task.state.kind()))
        .collect();
    ensure_eq!(
        states,
        [Some(StateKind::Succeeded), Some(StateKind::Deferred)]
    );
    // An error takes back what the calls before it did.
    let third = [wish(2)?];
    let by = admin()?;
    let made = scene.governance.together(|calls| {
        calls.submit(&third, NINE)?;
        calls.cancel(TaskId(99), &by, NINE)
    });
    ensure!(
        matches!(made, Err(Error::UnknownTask { id: TaskId(99) })),
        "{made:?} for an unknown task"
    );
    let mut scene = scene.restarted()?;
    let all = scene
        .governance
        .tasks(&TaskFilter::default(), TaskId(0), 10)?;
    ensure_eq!(all.len(), 2);
    ensure_eq!(scene.submit(&[wish(3)?], NINE)?, [TaskId(3)]);
    Ok(())
}

pub(super) fn a_panic_leaves_no_change_half_made(source: &mut dyn StoreSource) -> Verdict {
    if !cfg!(panic = "unwind") {
        return Ok(());
    }
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    let first = scene.claim_one(NINE)?;
    let (more, intent) = ([wish(1)?], intent(&first)?);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        scene.governance.together(|calls| {
            calls.submit(&more, NINE)?;
            calls.begin_write(first.claim(), intent.clone(), NINE)?;
            // No message is printed for this one.
            resume_unwind(Box::new("as planned"))
        })
    }));
    let ended: Result<Result<(), Error>, _> = ended;
    ensure!(ended.is_err(), "the panic was not passed on");
    let tasks = scene
        .governance
        .tasks(&TaskFilter::default(), TaskId(0), 10)?;
    ensure_eq!(tasks, [first]);
    let mut scene = scene.restarted()?;
    ensure_eq!(scene.submit(&more, NINE)?, [TaskId(2)]);
    Ok(())
}

pub(super) fn old_claims_are_refused(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    let old = scene.claim_one(NINE)?;
    let effect = WriteEffect::Nothing;
    scene.governance.requeue(old.claim(), effect, NINE)?;
    let new = scene.claim_one(NINE + 1000)?;
    ensure_eq!(new.id, old.id);
    for result in [
        scene
            .governance
            .begin_write(old.claim(), intent(&old)?, NINE)
            .map(drop),
        scene
            .governance
            .finish(old.claim(), success(&old)?, NINE)
            .map(drop),
        scene
            .governance
            .requeue(old.claim(), effect, NINE)
            .map(drop),
    ] {
        match result {
            Err(Error::StaleClaim { .. }) => {}
            other => return Err(format!("{other:?} for an old claim").into()),
        }
    }
    // Nor does a success count that no grant was given for.
    match scene.governance.finish(new.claim(), success(&new)?, NINE) {
        Err(Error::NoGrant { .. }) => {}
        other => return Err(format!("{other:?} without a grant").into()),
    }
    ensure_eq!(scene.begin(&new, NINE)?, WriteGrant::Granted);
    let state = scene.governance.finish(new.claim(), success(&new)?, NINE)?;
    ensure_eq!(state, TaskState::Succeeded);
    match scene.governance.finish(new.claim(), success(&new)?, NINE) {
        Err(Error::StaleClaim { .. }) => Ok(()),
        other => Err(format!("{other:?} on finishing twice").into()),
    }
}

pub(super) fn a_crash_before_the_write_repeats_it(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    scene.submit(&wishes(0..2)?, NINE)?;
    scene.claim_one(NINE)?;
    // What runs in this very process is not interrupted.
    ensure_eq!(scene.governance.interrupted()?, []);
    // Once after the claim, once after the grant; it is tried again at once, then after a while.
    let mut now = NINE;
    for (granted, pause) in [(false, 0), (true, 1000)] {
        scene = scene.restarted()?;
        let interrupted = scene.governance.interrupted()?;
        let [task] = interrupted.as_slice() else {
            return Err(format!("{} interrupted tasks", interrupted.len()).into());
        };
        ensure_eq!(task.intent.is_some(), granted);
        let (claim, effect) = (task.claim(), WriteEffect::Nothing);
        let state = scene.governance.requeue(claim, effect, now)?;
        let (at, n) = (now + pause, task.custody.attempts + 1);
        ensure_eq!(state, TaskState::Retrying { at, n });
        ensure_eq!(scene.governance.interrupted()?.len(), 0);
        ensure_eq!(scene.governance.next_due()?, Some(now + pause));
        now += pause;
        let task = scene.claim_one(now)?;
        ensure_eq!(task.id, TaskId(1));
        ensure_eq!(scene.begin(&task, now)?, WriteGrant::Granted);
    }
    scene = scene.restarted()?;
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 1);
    ensure_eq!(scene.work_off(NINE)?, []);
    Ok(())
}

pub(super) fn a_crash_after_the_write_counts_it_once(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    ensure_eq!(scene.begin(&task, NINE)?, WriteGrant::Granted);
    let mut scene = scene.restarted()?;
    // The claim of the dead process finds the task; the file has the intent's version.
    let Some(task) = scene.governance.interrupted()?.into_iter().next() else {
        return Err("the interrupted task is not listed".into());
    };
    ensure_eq!(task.intent, Some(intent(&task)?));
    ensure!(
        scene.governance.claim(10, NINE)?.is_empty(),
        "an interrupted task was handed out"
    );
    let state = scene
        .governance
        .finish(task.claim(), success(&task)?, NINE)?;
    ensure_eq!(state, TaskState::Succeeded);
    ensure_eq!(scene.governance.interrupted()?, []);
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 1);
    Ok(())
}

/// A worker that asks for leave when its task has gone on without it is told where the task is.
pub(super) fn leave_to_write_is_told_where_the_task_is(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let (p, by) = (policy("p")?, admin()?);
    scene.submit(&wishes(0..3)?, NINE)?;
    let tasks = scene.governance.claim(3, NINE)?;
    let [deferred, suspended, done] = tasks.as_slice() else {
        return Err("three tasks".into());
    };
    scene.limit(0, NINE)?;
    let until = WriteGrant::Deferred { until: None };
    ensure_eq!(scene.begin(deferred, NINE)?, until);
    ensure_eq!(scene.begin(deferred, NINE)?, until);
    scene.governance.disable_policy(TENANT, &p, &by, NINE)?;
    for task in [deferred, suspended, suspended] {
        ensure_eq!(scene.begin(task, NINE)?, WriteGrant::Suspended);
    }
    let outcome = TaskOutcome::Skipped {
        reason: Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(done.claim(), outcome, NINE)?;
    match scene
        .governance
        .begin_write(done.claim(), intent(done)?, NINE)
    {
        Err(Error::StaleClaim { .. }) => {}
        other => return Err(format!("{other:?} for a task that is over").into()),
    }
    scene.governance.delete_policy(TENANT, &p, &by, NINE)?;
    for task in [deferred, suspended] {
        ensure_eq!(scene.begin(task, NINE)?, WriteGrant::Cancelled);
    }
    ensure_eq!(
        scene.governance.policy_state(TENANT, &p)?,
        PolicyState::Deleted
    );
    Ok(())
}

/// What is asked for again while a failed task's like is open is not retried beside it.
pub(super) fn a_030_a_failed_task_waits_for_its_like(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let fail = |scene: &mut Scene<'_>| -> Result<TaskId, Cause> {
        let task = scene.claim_one(NINE)?;
        let outcome = TaskOutcome::Failed {
            reason: Reason::new("too_large"),
            effect: WriteEffect::Nothing,
        };
        scene.governance.finish(task.claim(), outcome, NINE)?;
        Ok(task.id)
    };
    let mut again = wish(0)?;
    again.repeat = Repeat::WhenOver;
    scene.submit(&[again.clone()], NINE)?;
    let first = fail(&mut scene)?;
    let second = scene.submit(&[again], NINE)?;
    match scene.governance.retry(first, &admin()?, NINE) {
        Err(Error::NotAllowed { id, .. }) => ensure_eq!(id, first),
        other => return Err(format!("{other:?} beside its like").into()),
    }
    // When that one is over, too, it may be retried.
    ensure_eq!(vec![fail(&mut scene)?], second);
    scene.governance.retry(first, &admin()?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?, [first]);
    // Administrators' tasks are each for itself.
    scene.submit(&[manual_wish(1)?], NINE)?;
    let manual = fail(&mut scene)?;
    let other = scene.submit(&[manual_wish(1)?], NINE)?;
    scene.governance.retry(manual, &admin()?, NINE)?;
    let both: Vec<_> = [manual].into_iter().chain(other).collect();
    let mut done = scene.work_off(NINE)?;
    done.sort();
    ensure_eq!(done, both);
    Ok(())
}

pub(super) fn reports_are_taken_together(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&wishes(0..3)?, NINE)?;
    let tasks = scene.governance.claim(3, NINE)?;
    let mut reports = Vec::new();
    for task in &tasks {
        let reason = Reason::new("too_large");
        let effect = WriteEffect::Nothing;
        reports.push((task.claim(), TaskOutcome::Skipped { reason, effect }));
    }
    // One that is refused does not keep the others from counting.
    let mut requests = Vec::new();
    for task in &tasks {
        requests.push((task.claim(), intent(task)?));
    }
    if let Some((claim, _)) = requests.get_mut(1) {
        claim.number = 7;
    }
    let mut answers = scene.governance.begin_all(&requests, NINE)?.into_iter();
    let granted = Some(Ok(WriteGrant::Granted));
    ensure_eq!(answers.next().map(|answer| answer.map_err(|_| ())), granted);
    ensure!(
        matches!(answers.next(), Some(Err(Error::StaleClaim { .. }))),
        "a claim that nobody has"
    );
    ensure_eq!(answers.next().map(|answer| answer.map_err(|_| ())), granted);
    ensure_eq!(answers.count(), 0);
    let under_way = |scene: &Scene<'_>, at: usize| -> Result<bool, Cause> {
        let id = tasks.get(at).ok_or("three tasks")?.id;
        Ok(scene.governance.task(id)?.intent.is_some())
    };
    ensure_eq!(
        [
            under_way(&scene, 0)?,
            under_way(&scene, 1)?,
            under_way(&scene, 2)?
        ],
        [true, false, true]
    );
    if let Some((claim, _)) = reports.get_mut(1) {
        claim.number = 7;
    }
    let answers = scene.governance.finish_all(&reports, NINE)?;
    let taken: Vec<_> = answers.iter().map(Result::is_ok).collect();
    ensure_eq!(taken, [true, false, true]);
    let counts = scene.governance.counts(TENANT, AppId::BOX)?;
    ensure_eq!(counts.of(StateKind::Skipped), 2);
    ensure_eq!(counts.of(StateKind::Running), 1);
    Ok(())
}
