//! Retention of tasks that are over.

use super::scene::{
    DAY, HOUR, MIDNIGHT, Scene, TENANT, admin, label, manual_wish, policy, success, version, wish,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{Submitted, TaskOutcome, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::reason::Reason;
use crate::state::StateKind;
use crate::store::{PAGE_COUNT_MAX, TaskFilter};
use crate::task::{NewTask, Task, TaskId, WriteIntent};

const NINE: i64 = MIDNIGHT + 9 * HOUR;
const KEPT: i64 = 120 * DAY;

/// Trims to the end; gives how many were removed, and in how many calls.
fn trim(scene: &mut Scene<'_>, now: i64) -> Result<(u64, u64), Cause> {
    let (mut removed, mut calls, mut after) = (0, 0, TaskId(0));
    loop {
        let trimmed = scene.governance.trim_tasks(after, now)?;
        removed += trimmed.removed;
        calls += 1;
        match trimmed.after {
            Some(next) if next > after => after = next,
            Some(_) => return Err("it goes on where it has been".into()),
            None => return Ok((removed, calls)),
        }
    }
}

fn ids(scene: &Scene<'_>) -> Result<Vec<u64>, Cause> {
    let page = scene
        .governance
        .tasks(&TaskFilter::default(), TaskId(0), PAGE_COUNT_MAX)?;
    Ok(page.iter().map(|task| task.id.0).collect())
}

fn failed() -> TaskOutcome {
    TaskOutcome::Failed {
        reason: Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    }
}

pub(super) fn a_038_finished_tasks_are_removed_after_their_retention(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    // More than a page of them, and among them tasks that are not over.
    let wishes: Result<Vec<_>, _> = (0..PAGE_COUNT_MAX + 4).map(manual_wish).collect();
    let all = scene.submit(&wishes?, NINE)?;
    let skipped = scene.claim_one(NINE)?;
    let outcome = TaskOutcome::Skipped {
        reason: Reason::new("folder"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(skipped.claim(), outcome, NINE)?;
    let dead_letter = scene.claim_one(NINE)?;
    scene
        .governance
        .finish(dead_letter.claim(), failed(), NINE)?;
    let running = scene.claim_one(NINE)?;
    for id in all.iter().skip(4) {
        scene.governance.cancel(*id, &by, NINE)?;
    }
    // Not before the time, and then for good; numbers are not given again.
    ensure_eq!(trim(&mut scene, NINE + KEPT)?, (0, 2));
    let (removed, calls) = trim(&mut scene, NINE + KEPT + 1)?;
    ensure_eq!((removed, calls), (PAGE_COUNT_MAX as u64 + 2, 2));
    ensure_eq!(ids(&scene)?, [3, 4]);
    ensure_eq!(running.id, TaskId(3));
    ensure!(
        matches!(
            scene.governance.why(dead_letter.id, NINE),
            Err(Error::UnknownTask { .. })
        ),
        "it is forgotten"
    );
    let mut scene = scene.restarted()?;
    ensure_eq!(ids(&scene)?, [3, 4]);
    let next = scene.submit(&[wish(0)?], NINE + KEPT)?;
    ensure_eq!(next, [TaskId(PAGE_COUNT_MAX as u64 + 5)]);
    Ok(())
}

/// A wish about another version of its file.
fn of_version(number: usize, text: &str) -> Result<NewTask, Cause> {
    let mut new = wish(number)?;
    new.key.file_version = version(text)?;
    Ok(new)
}

fn write(scene: &mut Scene<'_>, task: &Task, intent: WriteIntent, now: i64) -> Verdict {
    let grant = scene.governance.begin_write(task.claim(), intent, now)?;
    ensure_eq!(grant, WriteGrant::Granted);
    scene.governance.finish(task.claim(), success(task)?, now)?;
    Ok(())
}

pub(super) fn a_038_what_is_still_needed_stays(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    let late = NINE + KEPT + 1;
    // A policy's dead letter: the same evaluation must not queue it again.
    scene.submit(&[wish(0)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    scene.governance.finish(task.claim(), failed(), NINE)?;
    ensure_eq!(trim(&mut scene, late)?.0, 0);
    let again = scene.governance.submit(&[wish(0)?], late)?;
    ensure_eq!(again, [Submitted::AlreadyKnown(TaskId(1))]);
    // The file has another version since: the old one is asked for no more.
    let newer = scene.submit(&[of_version(0, "2")?], NINE)?;
    ensure_eq!(newer, [TaskId(2)]);
    scene.governance.cancel(TaskId(2), &by, NINE)?;
    ensure_eq!(trim(&mut scene, late)?.0, 1);
    ensure_eq!(ids(&scene)?, [2]);
    // Asked for again and over again, the last one stands for all.
    let mut repeated = of_version(0, "2")?;
    repeated.repeat = crate::task::Repeat::WhenOver;
    scene.submit(&[repeated], NINE)?;
    scene.governance.cancel(TaskId(3), &by, NINE)?;
    ensure_eq!(trim(&mut scene, late)?.0, 1);
    ensure_eq!(ids(&scene)?, [3]);
    // What can be taken back, and what is being taken back.
    scene.submit(&[manual_wish(1)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    let intent = WriteIntent::new(version("after 4")?).replacing(Some(label(9)));
    write(&mut scene, &task, intent, NINE)?;
    ensure_eq!(trim(&mut scene, late)?.0, 0);
    let undoing = scene.governance.revert(TaskId(4), &by, late)?;
    let other = scene.submit(&[manual_wish(1)?], late)?;
    let task = scene.claim_one(late)?;
    ensure_eq!(task.id, undoing);
    ensure_eq!(trim(&mut scene, late + KEPT)?.0, 0);
    write(
        &mut scene,
        &task,
        WriteIntent::new(version("after 5")?),
        late,
    )?;
    ensure_eq!(scene.state(TaskId(4))?.kind(), StateKind::Reverted);
    for id in other {
        scene.governance.cancel(id, &by, late)?;
    }
    // Undone, nobody asks for them any more; and of a deleted policy nothing is asked for.
    ensure_eq!(trim(&mut scene, late + KEPT + 1)?.0, 3);
    scene
        .governance
        .delete_policy(TENANT, &policy("p")?, &by, late)?;
    ensure_eq!(trim(&mut scene, late + KEPT + 1)?.0, 1);
    ensure_eq!(ids(&scene)?, Vec::<u64>::new());
    Ok(())
}

pub(super) fn a_038_a_version_that_was_put_back_is_still_known(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    // Versions are hashes of the content: without our label, the file is what it was before.
    let (plain, labelled) = (version("sha256:0a")?, version("sha256:0b")?);
    let mut new = wish(0)?;
    new.key.file_version = plain.clone();
    scene.submit(&[new.clone()], NINE)?;
    // Labelled, undone, done again by hand, and undone for good.
    let rounds = [(&labelled, None), (&plain, Some(label(1)))];
    for (number, (after, previous)) in rounds.into_iter().cycle().take(4).enumerate() {
        if number > 0 {
            scene.governance.revert(TaskId(number as u64), &by, NINE)?;
        }
        let task = scene.claim_one(NINE)?;
        let intent = WriteIntent::new(after.clone()).replacing(previous);
        let grant = scene.governance.begin_write(task.claim(), intent, NINE)?;
        ensure_eq!(grant, WriteGrant::Granted);
        let outcome = TaskOutcome::Succeeded {
            version: after.clone(),
        };
        scene.governance.finish(task.claim(), outcome, NINE)?;
    }
    let late = NINE + KEPT + 1;
    trim(&mut scene, late)?;
    // The same evaluation of the same content does not label it once more.
    let again = scene.governance.submit(&[new], late)?;
    ensure_eq!(again, [Submitted::AlreadyKnown(TaskId(1))]);
    Ok(())
}

pub(super) fn a_038_the_ledger_knows_our_label_without_the_task(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&[wish(0)?], NINE)?;
    scene.work_off(NINE)?;
    // The label before is unknown, so that it can't be taken back, and the file is another since.
    let late = NINE + KEPT + 1;
    ensure_eq!(trim(&mut scene, late)?.0, 1);
    let mut scene = scene.restarted()?;
    let file = wish(0)?.key.file;
    let ours = scene.governance.applied_by_us(TENANT, &file)?;
    ensure_eq!(ours.map(|applied| applied.task), Some(TaskId(1)));
    // Another policy that finds our label still leaves it.
    let mut other = of_version(0, "after 1")?;
    other.key.policy = Some(policy("q")?);
    let ids = scene.submit(&[other], late)?;
    ensure_eq!(scene.work_off(late)?, []);
    for state in scene.states(&ids)? {
        let code = state.reason().map(Reason::code);
        ensure_eq!(code, Some(Reason::ALREADY_LABELLED));
    }
    Ok(())
}
