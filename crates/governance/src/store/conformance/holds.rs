//! What keeps tasks and lets them go: labels, confirmations, frozen files.

use label_core::AppId;

use super::scene::{
    HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, label, locked, manual_wish, policy, success,
    version, wish,
};
use super::{StoreSource, Verdict, ensure_eq};
use crate::engine::{Settings, Submitted, Waits, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::log::LogEvent;
use crate::state::{StateKind, Suspension, SuspensionReason, TaskState};
use crate::store::LogFilter;
use crate::task::{ActionKind, NewTask, Repeat, TaskId};

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

/// The policy whose turn it is: two of them, one after the other.
fn whose(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "p" } else { "q" }
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
        let name = whose(number);
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

/// What waits by hand while policies fight goes on; while its label is disabled it doesn't.
pub(super) fn what_waits_by_hand_is_held_for_its_label_only(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let file = wish(0)?.key.file;
    let turns = scene.governance.settings().freeze.turns_max as usize;
    let mut now = NINE;
    for number in 0..turns {
        scene.submit(&[turn(number, whose(number))?], now)?;
        scene.work_off(now)?;
        now += HOUR;
    }
    // The last turn is being written when two more come: one by hand, one of a policy.
    scene.submit(&[turn(turns, whose(turns))?], now)?;
    let last = scene.claim_one(now)?;
    ensure_eq!(scene.begin(&last, now)?, WriteGrant::Granted);
    let mut by_hand = turn(50, "p")?;
    by_hand.key.policy = None;
    let mut taking_off = turn(51, "p")?;
    taking_off.key.action = ActionKind::Remove;
    let ids = scene.submit(&[by_hand, taking_off], now)?;
    scene
        .governance
        .finish(last.claim(), success(&last)?, now)?;
    ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, Some(now));
    let frozen = held(&[SuspensionReason::FileFrozen]);
    ensure_eq!(scene.states(&ids)?, [TaskState::Queued, frozen.clone()]);
    let ActionKind::Apply(label) = turn(50, "p")?.key.action else {
        return Err("a label".into());
    };
    ensure_eq!(scene.governance.disable_label(label, &admin()?, now)?, 1);
    let without_label = held(&[SuspensionReason::LabelDisabled]);
    ensure_eq!(scene.states(&ids)?, [without_label, frozen]);
    ensure_eq!(scene.work_off(now)?, []);
    Ok(())
}

pub(super) fn policies_that_apply_and_take_off_are_stopped(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let file = wish(0)?.key.file;
    let turns = scene.governance.settings().freeze.turns_max as usize;
    let mut now = NINE;
    // One applies, the other takes off, whoever begins.
    for first in [0, 1] {
        for number in first..=first + turns {
            ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, None);
            let mut new = turn(
                number + 100 * first,
                if number % 2 == 0 { "p" } else { "q" },
            )?;
            if number % 2 == 1 {
                new.key.action = ActionKind::Remove;
            }
            let ids = scene.submit(&[new], now)?;
            ensure_eq!(scene.work_off(now)?, ids);
            now += HOUR;
        }
        ensure_eq!(
            scene.governance.frozen_since(TENANT, &file)?,
            Some(now - HOUR)
        );
        let held_back = scene.submit(&[turn(90 + first, "q")?], now)?;
        ensure_eq!(
            scene.states(&held_back)?,
            [held(&[SuspensionReason::FileFrozen])]
        );
        let by = admin()?;
        scene.governance.unfreeze_file(TENANT, &file, &by, now)?;
        for id in held_back {
            scene.governance.cancel(id, &by, now)?;
        }
        // Begins with nothing: an administrator has cleaned the file up.
        let mut clean = turn(95 + first, "p")?;
        clean.key.policy = None;
        clean.key.action = ActionKind::Remove;
        let ids = scene.submit(&[clean], now)?;
        ensure_eq!(scene.work_off(now)?, ids);
        scene = scene.restarted()?;
    }
    // An administrator in between ends the turns.
    for number in 0..=2 * turns {
        let mut new = turn(200 + number, if number % 2 == 0 { "q" } else { "p" })?;
        if number == turns {
            new.key.policy = None;
        }
        let ids = scene.submit(&[new], now)?;
        ensure_eq!(scene.work_off(now)?, ids);
        ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, None);
    }
    Ok(())
}

pub(super) fn turns_far_apart_freeze_nothing(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let file = wish(0)?.key.file;
    let window = scene.governance.settings().freeze.window_ms;
    for number in 0..12_usize {
        let now = NINE + i64::try_from(number)? * (window / 2);
        let name = whose(number);
        scene.submit(&[turn(number, name)?], now)?;
        ensure_eq!(scene.work_off(now)?.len(), 1);
        ensure_eq!(scene.governance.frozen_since(TENANT, &file)?, None);
    }
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
