//! Policies that are disabled, enabled, deleted.

use label_core::AppId;

use super::scene::{
    HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, locked, manual_wish, policy, success, suspended,
    wish, wishes,
};
use super::{StoreSource, Verdict, ensure_eq};
use crate::engine::{TaskOutcome, WriteEffect, WriteGrant};
use crate::error::Error;
use crate::quota::CountedAction;
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::task::TaskId;

const NINE: i64 = MIDNIGHT + 9 * HOUR;

pub(super) fn r_168_disabling_suspends_all_waiting_tasks(source: &mut dyn StoreSource) -> Verdict {
    // One queued, one deferred, one retrying: all three kinds of waiting.
    let mut scene = Scene::new(source)?;
    let ids = scene.submit(&wishes(0..3)?, NINE)?;
    let tasks = scene.governance.claim(2, NINE)?;
    let [first, second] = tasks.as_slice() else {
        return Err("two tasks were expected".into());
    };
    ensure_eq!(scene.begin(first, NINE)?, WriteGrant::Granted);
    scene.governance.finish(first.claim(), locked(), NINE)?;
    scene.limit(1, NINE)?;
    let until = Some(RESUME);
    ensure_eq!(scene.begin(second, NINE)?, WriteGrant::Deferred { until });
    let kinds: Vec<_> = scene.states(&ids)?.iter().map(TaskState::kind).collect();
    let waiting = [StateKind::Retrying, StateKind::Deferred, StateKind::Queued];
    ensure_eq!(kinds, waiting);
    let count = scene
        .governance
        .disable_policy(TENANT, &policy("p")?, &admin()?, NINE)?;
    ensure_eq!(count, 3);
    for state in scene.states(&ids)? {
        ensure_eq!(state, suspended());
    }
    // The unit of the retrying one is not kept for the time of the suspension.
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 0);
    // What is submitted now is suspended from the start.
    let late = scene.submit(&[wish(9)?], NINE)?;
    ensure_eq!(scene.states(&late)?, [suspended()]);
    let again = scene
        .governance
        .disable_policy(TENANT, &policy("p")?, &admin()?, NINE)?;
    ensure_eq!(again, 0);
    Ok(())
}

pub(super) fn r_169_other_tasks_are_untouched(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut other = wish(1)?;
    other.key.policy = Some(policy("q")?);
    let ids = scene.submit(&[wish(0)?, other, manual_wish(2)?], NINE)?;
    scene
        .governance
        .disable_policy(TENANT, &policy("p")?, &admin()?, NINE)?;
    let kinds: Vec<_> = scene.states(&ids)?.iter().map(TaskState::kind).collect();
    let expected = [StateKind::Suspended, StateKind::Queued, StateKind::Queued];
    ensure_eq!(kinds, expected);
    ensure_eq!(scene.work_off(NINE)?.len(), 2);
    Ok(())
}

pub(super) fn r_170_suspended_tasks_never_run(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let ids = scene.submit(&wishes(0..3)?, NINE)?;
    scene.work_off(NINE)?;
    scene
        .governance
        .disable_policy(TENANT, &policy("p")?, &admin()?, NINE)?;
    ensure_eq!(scene.work_off(RESUME)?, []);
    scene.limit(100, RESUME)?;
    ensure_eq!(scene.work_off(RESUME)?, []);
    let mut scene = scene.restarted()?;
    ensure_eq!(scene.work_off(RESUME)?, []);
    for state in scene.states(&ids)?.into_iter().skip(1) {
        ensure_eq!(state, suspended());
    }
    // A task that was handed out before may not begin to write either.
    let mut other = wish(5)?;
    other.key.policy = Some(policy("q")?);
    scene.submit(&[other], RESUME)?;
    let task = scene.claim_one(RESUME)?;
    scene
        .governance
        .disable_policy(TENANT, &policy("q")?, &admin()?, RESUME)?;
    ensure_eq!(scene.begin(&task, RESUME)?, WriteGrant::Suspended);
    ensure_eq!(scene.state(task.id)?, suspended());
    Ok(())
}

pub(super) fn r_171_enabling_resumes_in_the_old_order(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let ids = scene.submit(&wishes(0..3)?, NINE)?;
    let p = policy("p")?;
    scene
        .governance
        .disable_policy(TENANT, &p, &admin()?, NINE)?;
    let back = scene
        .governance
        .enable_policy(TENANT, &p, &admin()?, NINE + 1)?;
    ensure_eq!(back, 3);
    // Each comes with the mark that the file has to be matched again.
    let tasks = scene.governance.claim(1, NINE + 1)?;
    let [first] = tasks.as_slice() else {
        return Err("one task was expected".into());
    };
    ensure_eq!((Some(&first.id), first.recheck), (ids.first(), true));
    let reason = Reason::new(Reason::NO_LONGER_MATCHES);
    let outcome = TaskOutcome::Skipped {
        reason: reason.clone(),
        effect: WriteEffect::Nothing,
    };
    let state = scene.governance.finish(first.claim(), outcome, NINE + 1)?;
    ensure_eq!(state, TaskState::Skipped { reason });
    let rest: Vec<TaskId> = ids.into_iter().skip(1).collect();
    ensure_eq!(scene.work_off(NINE + 1)?, rest);
    let again = scene
        .governance
        .enable_policy(TENANT, &p, &admin()?, NINE + 1)?;
    ensure_eq!(again, 0);
    // A task that waits for the allowance is looked at again all the same, because the file may
    // no longer match.
    scene.limit(0, NINE + 2)?;
    scene.submit(&[wish(5)?], NINE + 2)?;
    ensure_eq!(scene.work_off(NINE + 2)?, []);
    for switch in [false, true] {
        let (policy, by) = (&p, &admin()?);
        if switch {
            scene
                .governance
                .enable_policy(TENANT, policy, by, NINE + 3)?;
        } else {
            scene
                .governance
                .disable_policy(TENANT, policy, by, NINE + 3)?;
        }
    }
    ensure_eq!(scene.claim_one(NINE + 3)?.recheck, true);
    Ok(())
}

pub(super) fn r_172_deleting_cancels(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let mut ids = scene.submit(&wishes(0..2)?, NINE)?;
    scene.work_off(NINE)?;
    let p = policy("p")?;
    scene
        .governance
        .disable_policy(TENANT, &p, &admin()?, NINE)?;
    ids.extend(scene.submit(&[wish(3)?], NINE)?);
    let cancelled = scene
        .governance
        .delete_policy(TENANT, &p, &admin()?, NINE)?;
    ensure_eq!(cancelled, 2);
    for state in scene.states(&ids)?.into_iter().skip(1) {
        let reason = Reason::new(Reason::POLICY_DELETED);
        ensure_eq!(state, TaskState::Cancelled { reason });
    }
    // Clarification 16: an error, and nothing of the submission is kept.
    let before = scene.governance.counts(TENANT, AppId::BOX)?;
    match scene.governance.submit(&[manual_wish(8)?, wish(9)?], NINE) {
        Err(Error::PolicyDeleted { .. }) => {}
        other => return Err(format!("{other:?} for a deleted policy").into()),
    }
    ensure_eq!(scene.governance.counts(TENANT, AppId::BOX)?, before);
    match scene.governance.enable_policy(TENANT, &p, &admin()?, NINE) {
        Err(Error::PolicyDeleted { .. }) => {}
        other => return Err(format!("{other:?} on enabling a deleted policy").into()),
    }
    Ok(())
}

pub(super) fn a_granted_write_of_a_disabled_policy_finishes(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&wishes(0..3)?, NINE)?;
    let tasks = scene.governance.claim(3, NINE)?;
    let [first, second, third] = tasks.as_slice() else {
        return Err("three tasks were expected".into());
    };
    ensure_eq!(scene.begin(first, NINE)?, WriteGrant::Granted);
    ensure_eq!(scene.begin(second, NINE)?, WriteGrant::Granted);
    let p = policy("p")?;
    scene
        .governance
        .disable_policy(TENANT, &p, &admin()?, NINE)?;
    let state = scene
        .governance
        .finish(first.claim(), success(first)?, NINE)?;
    ensure_eq!(state, TaskState::Succeeded);
    // A further try is not a running one: it waits with the policy.
    let state = scene.governance.finish(second.claim(), locked(), NINE)?;
    ensure_eq!(state, suspended());
    scene
        .governance
        .delete_policy(TENANT, &p, &admin()?, NINE)?;
    ensure_eq!(scene.begin(third, NINE)?, WriteGrant::Cancelled);
    ensure_eq!(scene.state(third.id)?.kind(), StateKind::Cancelled);
    Ok(())
}
