//! What keeps tasks and lets them go: labels, confirmations, frozen files, leases, reverts.

use label_core::AppId;

use super::scene::{
    HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, label, locked, manual_wish, policy, success,
    version, wish, wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{NotReverted, Settings, Submitted, Waits, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::log::LogEvent;
use crate::quota::{DAY_MS, DailyLimit};
use crate::state::{StateKind, Suspension, SuspensionReason, TaskState};
use crate::store::LogFilter;
use crate::task::{ActionKind, NewTask, PreviousLabel, Repeat, Task, TaskId, WriteIntent};
use crate::text::Worker;

const NINE: i64 = MIDNIGHT + 9 * HOUR;

fn held(reasons: &[SuspensionReason]) -> TaskState {
    let reasons = reasons
        .iter()
        .fold(Suspension::NONE, |set, one| set.with(*one));
    TaskState::Suspended { reasons }
}

pub(super) fn a_task_goes_on_when_all_reasons_have_ended(source: &mut dyn StoreSource) -> Verdict {
    use SuspensionReason::{LabelDisabled, PolicyDisabled};
    let mut scene = Scene::new(source)?;
    let (p, by) = (policy("p")?, admin()?);
    scene.limit(1, NINE)?;
    // One done, one deferred, one that retries, and one of another label.
    let mut other = wish(3)?;
    other.key.action = ActionKind::Apply(label(2));
    let ids = scene.submit(&[wish(0)?, wish(1)?, wish(2)?, other], NINE)?;
    let mut written = Vec::new();
    for task in scene.governance.claim(1, NINE)? {
        scene.begin(&task, NINE)?;
        scene
            .governance
            .finish(task.claim(), success(&task)?, NINE)?;
        written.push(task.id);
    }
    let retried = scene.claim_one(NINE)?;
    scene.governance.finish(retried.claim(), locked(), NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    ensure_eq!(scene.governance.disable_label(label(1), &by, NINE)?, 2);
    ensure_eq!(scene.governance.disable_label(label(1), &by, NINE)?, 0);
    ensure_eq!(scene.governance.disable_policy(TENANT, &p, &by, NINE)?, 3);
    // By hand too, for no label can be applied that is disabled.
    let late = scene.submit(&[manual_wish(4)?, wish(5)?], NINE)?;
    let mut scene = scene.restarted()?;
    let both = held(&[PolicyDisabled, LabelDisabled]);
    let [_, waiting, retrying, of_other] = ids.as_slice() else {
        return Err("four tasks".into());
    };
    ensure_eq!(
        scene.states(&[*waiting, *retrying])?,
        [both.clone(), both.clone()]
    );
    ensure_eq!(scene.state(*of_other)?, held(&[PolicyDisabled]));
    ensure_eq!(scene.states(&late)?, [held(&[LabelDisabled]), both]);
    ensure_eq!(scene.governance.enable_policy(TENANT, &p, &by, NINE)?, 4);
    ensure_eq!(scene.state(*waiting)?, held(&[LabelDisabled]));
    ensure_eq!(scene.work_off(RESUME)?, [*of_other]);
    ensure_eq!(scene.governance.enable_label(label(1), &by, RESUME)?, 4);
    ensure_eq!(scene.governance.enable_label(label(1), &by, RESUME)?, 0);
    scene.limit(10, RESUME)?;
    let [by_hand, last] = late.as_slice() else {
        return Err("two tasks".into());
    };
    ensure_eq!(
        scene.work_off(RESUME)?,
        [*by_hand, *waiting, *retrying, *last]
    );
    let log = scene.governance.log(&LogFilter::default(), 0, 1000)?;
    for event in [
        LogEvent::LabelDisabled {
            label: label(1),
            tasks: 2,
        },
        LogEvent::LabelEnabled {
            label: label(1),
            tasks: 4,
        },
    ] {
        let count = log.iter().filter(|entry| entry.event == event).count();
        ensure_eq!(count, 1);
    }
    Ok(())
}

pub(super) fn a_label_disabled_meanwhile_stops_the_write(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    scene.governance.disable_label(label(1), &admin()?, NINE)?;
    ensure_eq!(scene.state(task.id)?.kind(), StateKind::Running);
    ensure_eq!(scene.begin(&task, NINE)?, WriteGrant::Suspended);
    ensure_eq!(scene.begin(&task, NINE)?, WriteGrant::Suspended);
    ensure_eq!(
        scene.state(task.id)?,
        held(&[SuspensionReason::LabelDisabled])
    );
    Ok(())
}

pub(super) fn r_132_nothing_is_queued_before_it_is_confirmed(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    let asked = scene
        .governance
        .request(&[manual_wish(0)?, wish(1)?, wish(2)?], NINE)?;
    let ids: Vec<_> = asked.iter().map(|one| one.id()).collect();
    let [first, second, third] = ids.as_slice() else {
        return Err("three tasks".into());
    };
    let mut scene = scene.restarted()?;
    ensure_eq!(scene.work_off(NINE)?, []);
    ensure_eq!(
        scene.states(&ids)?,
        vec![held(&[SuspensionReason::Unconfirmed]); 3]
    );
    ensure_eq!(
        scene.governance.why(*first, NINE)?.waits,
        [Waits::Unconfirmed]
    );
    // Switching the policy off and on again confirms nothing.
    let p = policy("p")?;
    scene.governance.disable_policy(TENANT, &p, &by, NINE)?;
    scene.governance.enable_policy(TENANT, &p, &by, NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    // The same asked again is the same request; asked without a question, it still waits.
    ensure_eq!(
        scene.governance.submit(&[wish(1)?], NINE)?,
        [Submitted::Joined(*second)]
    );
    scene.governance.cancel(*third, &by, NINE)?;
    ensure_eq!(scene.governance.confirm(&ids, &by, NINE)?, 2);
    ensure_eq!(scene.governance.confirm(&ids, &by, NINE)?, 0);
    ensure_eq!(scene.work_off(NINE)?, [*first, *second]);
    ensure_eq!(scene.state(*third)?.kind(), StateKind::Cancelled);
    match scene.governance.confirm(&[*first, TaskId(99)], &by, NINE) {
        Err(Error::UnknownTask { id: TaskId(99) }) => Ok(()),
        other => Err(format!("{other:?} on confirming an unknown task").into()),
    }
}

/// A policy's wish for a file as it is after so many changes.
fn turn(number: usize, name: &str) -> Result<NewTask, Cause> {
    let mut new = wish(0)?;
    new.key.file_version = version(&format!("changed {number}"))?;
    new.key.policy = Some(policy(name)?);
    let is_q = u128::from(name == "q");
    new.key.action = ActionKind::Apply(label(1 + is_q));
    Ok(new)
}

pub(super) fn policies_that_take_turns_at_a_file_are_stopped(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let file = wish(0)?.key.file;
    let turns = scene.governance.settings().freeze.turns_max as usize;
    let mut now = NINE;
    for number in 0..=turns {
        ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, None);
        let name = if number % 2 == 0 { "p" } else { "q" };
        let ids = scene.submit(&[turn(number, name)?], now)?;
        ensure_eq!(scene.work_off(now)?, ids);
        if number < turns {
            // A policy that comes again after itself takes no turn.
            let again = scene.submit(&[turn(number + 100, name)?], now)?;
            ensure_eq!(scene.work_off(now)?, again);
        }
        now += HOUR;
    }
    ensure_eq!(
        scene.governance.frozen_since(TENANT, &file)?,
        Some(now - HOUR)
    );
    let mut scene = scene.restarted()?;
    let ids = scene.submit(&[turn(50, "p")?, turn(51, "q")?], now)?;
    let mut by_hand = turn(52, "p")?;
    by_hand.key.policy = None;
    let manual = scene.submit(&[by_hand], now)?;
    ensure_eq!(
        scene.states(&ids)?,
        vec![held(&[SuspensionReason::FileFrozen]); 2]
    );
    ensure_eq!(scene.work_off(now)?, manual);
    ensure_eq!(
        scene
            .governance
            .unfreeze_file(TENANT, &file, &admin()?, now)?,
        2
    );
    ensure_eq!(
        scene
            .governance
            .unfreeze_file(TENANT, &file, &admin()?, now)?,
        0
    );
    ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, None);
    let log = scene.governance.log(&LogFilter::default(), 0, 1000)?;
    let frozen: Vec<_> = log
        .iter()
        .filter(|entry| entry.event.frozen_file() == Some(&file))
        .map(|entry| (entry.app, entry.task.is_some()))
        .collect();
    ensure_eq!(frozen, [(Some(AppId::BOX), false); 2]);
    Ok(())
}

pub(super) fn turns_far_apart_freeze_nothing(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let file = wish(0)?.key.file;
    let window = scene.governance.settings().freeze.window_ms;
    for number in 0..12_usize {
        let now = NINE + i64::try_from(number)? * (window / 2);
        let name = if number % 2 == 0 { "p" } else { "q" };
        scene.submit(&[turn(number, name)?], now)?;
        ensure_eq!(scene.work_off(now)?.len(), 1);
        ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, None);
    }
    Ok(())
}

/// Writes all that can be claimed; the file had this label before.
fn write_over(
    scene: &mut Scene<'_>,
    previous: PreviousLabel,
    now: i64,
) -> Result<Vec<Task>, Cause> {
    let tasks = scene.governance.claim(100, now)?;
    for task in &tasks {
        let mut intent = WriteIntent::new(version(&format!("after {}", task.id))?);
        intent.previous = previous;
        let grant = scene.governance.begin_write(task.claim(), intent, now)?;
        ensure_eq_cause(grant == WriteGrant::Granted)?;
        scene.governance.finish(task.claim(), success(task)?, now)?;
    }
    Ok(tasks)
}

fn ensure_eq_cause(granted: bool) -> Result<(), Cause> {
    ensure!(granted, "a write was not granted");
    Ok(())
}

pub(super) fn a_030_a_label_is_taken_back(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    scene.submit(&[wish(0)?, wish(1)?, wish(2)?], NINE)?;
    let refused =
        |scene: &mut Scene<'_>, id: u64| match scene.governance.revert(TaskId(id), &admin()?, NINE)
        {
            Err(Error::NotReverted { reason, .. }) => Ok::<_, Cause>(Some(reason)),
            _ => Ok(None),
        };
    ensure_eq!(refused(&mut scene, 1)?, Some(NotReverted::NotDone));
    write_over(&mut scene, PreviousLabel::Label(label(9)), NINE)?;
    let mut scene = scene.restarted()?;
    let undoing = scene.governance.revert(TaskId(1), &by, NINE)?;
    let task = scene.governance.task(undoing)?;
    ensure_eq!(task.key.action, ActionKind::Apply(label(9)));
    ensure_eq!(task.reverts, Some(TaskId(1)));
    ensure!(task.key.is_manual(), "a revert is by hand");
    ensure_eq!(refused(&mut scene, 1)?, Some(NotReverted::UnderWay));
    write_over(&mut scene, PreviousLabel::Label(label(1)), NINE)?;
    ensure_eq!(scene.state(TaskId(1))?, TaskState::Reverted { by: undoing });
    ensure_eq!(refused(&mut scene, 1)?, Some(NotReverted::NotDone));
    // The revert can be taken back in its turn.
    let redoing = scene.governance.revert(undoing, &by, NINE)?;
    write_over(&mut scene, PreviousLabel::Label(label(9)), NINE)?;
    ensure_eq!(scene.state(undoing)?, TaskState::Reverted { by: redoing });
    // What was labelled again since is left alone, and what nobody knows.
    let mut manual = manual_wish(1)?;
    manual.key.action = ActionKind::Apply(label(5));
    scene.submit(&[manual], NINE)?;
    write_over(&mut scene, PreviousLabel::Unknown, NINE)?;
    ensure_eq!(refused(&mut scene, 2)?, Some(NotReverted::LabelledSince));
    let last = scene
        .governance
        .tasks(&Default::default(), TaskId(0), 100)?
        .len() as u64;
    ensure_eq!(
        refused(&mut scene, last)?,
        Some(NotReverted::PreviousUnknown)
    );
    // A revert that fails leaves the task as it was.
    let undoing = scene.governance.revert(TaskId(3), &by, NINE)?;
    scene.governance.cancel(undoing, &by, NINE)?;
    ensure_eq!(scene.state(TaskId(3))?, TaskState::Succeeded);
    let log = scene.governance.log(&LogFilter::default(), 0, 1000)?;
    let undone = TaskState::Reverted { by: TaskId(4) };
    let entry = log.iter().find(|entry| {
        entry.event
            == LogEvent::Task {
                state: undone.clone(),
            }
    });
    let previous = entry
        .and_then(|entry| entry.task.as_ref())
        .map(|task| task.previous);
    ensure_eq!(previous, Some(PreviousLabel::Label(label(9))));
    Ok(())
}

pub(super) fn everything_a_policy_did_since_is_taken_back(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let (p, by) = (policy("p")?, admin()?);
    scene.submit(&wishes(0..2)?, NINE)?;
    write_over(&mut scene, PreviousLabel::None, NINE)?;
    let mut of_other = wish(7)?;
    of_other.key.policy = Some(policy("q")?);
    scene.submit(&[wish(2)?, wish(3)?, of_other], NINE + HOUR)?;
    write_over(&mut scene, PreviousLabel::None, NINE + HOUR)?;
    scene.submit(&[wish(4)?], NINE + 2 * HOUR)?;
    write_over(&mut scene, PreviousLabel::Unknown, NINE + 2 * HOUR)?;
    let later = NINE + 3 * HOUR;
    let since = NINE + HOUR;
    let undone = scene
        .governance
        .revert_policy(TENANT, &p, since, TaskId(0), &by, later)?;
    ensure_eq!(undone.tasks, [TaskId(7), TaskId(8)]);
    ensure_eq!(undone.refused, [(TaskId(6), NotReverted::PreviousUnknown)]);
    ensure_eq!(undone.after, None);
    let removals = write_over(&mut scene, PreviousLabel::Label(label(1)), later)?;
    ensure!(
        removals
            .iter()
            .all(|task| task.key.action == ActionKind::Remove),
        "where there was no label, ours is taken off"
    );
    let kinds: Vec<_> = scene
        .states(&[1, 2, 3, 4, 5, 6].map(TaskId))?
        .iter()
        .map(TaskState::kind)
        .collect();
    use StateKind::{Reverted, Succeeded};
    ensure_eq!(
        kinds,
        [
            Succeeded, Succeeded, Reverted, Reverted, Succeeded, Succeeded
        ]
    );
    ensure_eq!(
        scene.governance.applied_by_us(TENANT, &wish(2)?.key.file)?,
        None
    );
    Ok(())
}

pub(super) fn a_lease_ends_and_the_task_is_taken_over_once(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let (one, two) = (Worker::parse("one")?, Worker::parse("two")?);
    scene.submit(&wishes(0..3)?, NINE)?;
    let minute = 60_000;
    let tasks = scene.governance.claim_for(&one, minute, 10, NINE)?;
    let [first, second, third] = tasks.as_slice() else {
        return Err("three tasks".into());
    };
    ensure_eq!(scene.governance.next_lease_end()?, Some(NINE + minute));
    ensure_eq!(scene.begin(first, NINE)?, WriteGrant::Granted);
    ensure_eq!(scene.begin(second, NINE)?, WriteGrant::Granted);
    let why = scene.governance.why(third.id, NINE)?;
    let leased = Waits::Leased {
        worker: Some(one.clone()),
        until: Some(NINE + minute),
        writing: false,
    };
    ensure_eq!(why.waits, [leased]);
    // The first is renewed, the others fall silent.
    let until = scene
        .governance
        .renew(first.claim(), 10 * minute, NINE + 30_000)?;
    ensure_eq!(until, NINE + 30_000 + 10 * minute);
    ensure_eq!(
        scene
            .governance
            .take_over(&two, minute, 10, NINE + minute - 1)?,
        []
    );
    let end = NINE + minute;
    match scene.begin(third, end) {
        Err(error)
            if error
                .to_string()
                .contains("the lease ended at 2021-01-05 09:01:00 UTC") => {}
        other => return Err(format!("{other:?} on a lease that has ended").into()),
    }
    let taken = scene.governance.take_over(&two, minute, 10, end)?;
    let ids: Vec<_> = taken.iter().map(|task| task.id).collect();
    ensure_eq!(ids, [second.id, third.id]);
    // Fenced: what the old worker says counts no more.
    for old in [second, third] {
        match scene.governance.finish(old.claim(), success(old)?, end) {
            Err(Error::StaleClaim { .. }) => {}
            other => return Err(format!("{other:?} by a worker that was fenced").into()),
        }
        ensure!(
            matches!(
                scene.governance.renew(old.claim(), minute, end),
                Err(Error::StaleClaim { .. })
            ),
            "a lease that was lost is not renewed"
        );
    }
    ensure_eq!(scene.governance.take_over(&two, minute, 10, end)?, []);
    // The second had been written, the third had not.
    for task in &taken {
        if task.intent.is_some() {
            scene.governance.finish(task.claim(), success(task)?, end)?;
        } else {
            let effect = WriteEffect::Nothing;
            scene.governance.requeue(task.claim(), effect, end)?;
        }
    }
    scene
        .governance
        .finish(first.claim(), success(first)?, end)?;
    ensure_eq!(scene.governance.next_lease_end()?, None);
    ensure_eq!(scene.work_off(end + HOUR)?, [third.id]);
    let used = scene.governance.allowance(TENANT, AppId::BOX, NINE)?.used;
    ensure_eq!(used, 3);
    // Without a lease there is none to renew; an absurd one is cut to a day.
    scene.submit(&wishes(10..12)?, NINE)?;
    let task = scene.claim_one(NINE)?;
    ensure!(
        matches!(
            scene.governance.renew(task.claim(), minute, NINE),
            Err(Error::NotAllowed { .. })
        ),
        "no lease"
    );
    for task in scene.governance.claim_for(&one, i64::MAX, 1, NINE)? {
        let until = task.lease.map(|lease| lease.until_ms);
        ensure_eq!(until, Some(NINE + DAY_MS));
    }
    Ok(())
}

pub(super) fn a_forecast_comes_true(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    scene.limit(3, NINE)?;
    let mut tasks = wishes(0..9)?;
    for (number, task) in tasks.iter_mut().enumerate() {
        task.label_priority = u32::try_from(number % 3)?;
    }
    tasks.push(manual_wish(20)?);
    let mut removal = wish(21)?;
    removal.key.action = ActionKind::Remove;
    tasks.push(removal);
    let mut suspended = wish(22)?;
    suspended.key.policy = Some(policy("q")?);
    tasks.push(suspended);
    scene
        .governance
        .disable_policy(TENANT, &policy("q")?, &by, NINE)?;
    scene.submit(&tasks, NINE)?;
    // One keeps its unit until its next try, one has lost it.
    let first = scene.claim_one(NINE)?;
    scene.governance.finish(first.claim(), locked(), NINE)?;
    let second = scene.claim_one(NINE)?;
    scene.begin(&second, NINE)?;
    scene.governance.finish(second.claim(), locked(), NINE)?;
    let forecast = scene.governance.forecast(TENANT, AppId::BOX, None, NINE)?;
    ensure_eq!(forecast.tasks.len(), 11);
    ensure_eq!(forecast.finished_at(), Some(RESUME + DAY_MS));
    // What if: with more a day it is done today, but for what is tried again.
    let more = Some(DailyLimit(50));
    let with_more = scene.governance.forecast(TENANT, AppId::BOX, more, NINE)?;
    ensure_eq!(with_more.finished_at(), Some(NINE + 60_000));
    let none = Some(DailyLimit(0));
    let with_none = scene.governance.forecast(TENANT, AppId::BOX, none, NINE)?;
    ensure_eq!(with_none.finished_at(), None);
    ensure_eq!(
        scene.governance.allowance(TENANT, AppId::BOX, NINE)?.limit,
        DailyLimit(3)
    );
    // And so it happens.
    let mut happened = Vec::new();
    let mut now = NINE;
    for _ in 0..20 {
        for id in scene.work_off(now)? {
            happened.push((id, Some(now)));
        }
        match scene.governance.next_due()? {
            Some(due) => now = due,
            None => break,
        }
    }
    let mut expected = forecast.tasks;
    expected.sort();
    happened.sort();
    ensure_eq!(happened, expected);
    Ok(())
}

pub(super) fn why_names_every_reason(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let by_hand = || -> Result<NewTask, Cause> {
        let mut new = manual_wish(0)?;
        new.key.action = ActionKind::Remove;
        Ok(new)
    };
    scene.submit(&[wish(9)?, by_hand()?, by_hand()?, wish(1)?], NINE)?;
    let removal = scene.claim_one(NINE)?;
    let labelled = scene.claim_one(NINE)?;
    scene.begin(&labelled, NINE)?;
    scene
        .governance
        .finish(labelled.claim(), success(&labelled)?, NINE)?;
    let sentence = |scene: &Scene<'_>, id: u64| -> Result<String, Cause> {
        Ok(scene.governance.why(TaskId(id), NINE)?.sentence)
    };
    ensure_eq!(sentence(&scene, 1)?, "done at 2021-01-05 09:00:00 UTC");
    ensure_eq!(removal.id, TaskId(2));
    ensure_eq!(sentence(&scene, 2)?, "the file is being looked at");
    ensure_eq!(
        sentence(&scene, 3)?,
        "waits for task 2, which has the same file"
    );
    let limit = "waits until 2021-01-06 12:00:00 UTC: the daily limit of 1 in Box is reached";
    ensure_eq!(sentence(&scene, 4)?, limit);
    // All of them at once.
    scene.governance.finish(removal.claim(), locked(), NINE)?;
    let p = policy("p")?;
    scene
        .governance
        .disable_policy(TENANT, &p, &admin()?, NINE)?;
    scene.governance.disable_label(label(1), &admin()?, NINE)?;
    let everything = format!(
        "waits until policy `p` is enabled; it waits until label `{}` is enabled; it {limit}",
        label(1)
    );
    ensure_eq!(sentence(&scene, 4)?, everything);
    let back_off = "waits until 2021-01-05 09:01:00 UTC after failed try 1: locked";
    ensure_eq!(sentence(&scene, 2)?, back_off);
    ensure_eq!(sentence(&scene, 3)?, "waits for its turn");
    Ok(())
}

pub(super) fn a_finished_task_is_done_again_only_on_request(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::with(source, Settings::default())?;
    let by = admin()?;
    let ids = scene.submit(&[wish(0)?], NINE)?;
    let first = ids.first().copied().unwrap_or_default();
    scene.governance.cancel(first, &by, NINE)?;
    ensure_eq!(
        scene.governance.submit(&[wish(0)?], NINE)?,
        [Submitted::AlreadyKnown(first)]
    );
    let mut again = wish(0)?;
    again.repeat = Repeat::WhenOver;
    let answer = scene
        .governance
        .submit(&[again.clone(), again.clone(), wish(0)?], NINE)?;
    let second = TaskId(2);
    let joined = Submitted::Joined(second);
    ensure_eq!(answer, [Submitted::Accepted(second), joined, joined]);
    // While the same is open, an earlier failure can't be retried beside it.
    let task = scene.claim_one(NINE)?;
    let outcome = crate::engine::TaskOutcome::Failed {
        reason: crate::reason::Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(task.claim(), outcome, NINE)?;
    scene.submit(&[again.clone()], NINE)?;
    match scene.governance.retry(second, &by, NINE) {
        Err(Error::NotAllowed { .. }) => {}
        other => return Err(format!("{other:?} beside an open task").into()),
    }
    scene.governance.cancel(TaskId(3), &by, NINE)?;
    scene.governance.retry(second, &by, NINE)?;
    // The one that is open is joined, though a later one is over.
    ensure_eq!(scene.governance.submit(&[again], NINE)?, [joined]);
    ensure_eq!(scene.work_off(NINE)?, [second]);
    Ok(())
}
