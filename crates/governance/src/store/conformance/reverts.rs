//! What was done is taken back.

use super::scene::{
    DAY, HOUR, MIDNIGHT, Scene, TENANT, admin, label, manual_wish, policy, success, version, wish,
    wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{NotReverted, TaskOutcome, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::log::LogEvent;
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::LogFilter;
use crate::task::{ActionKind, PreviousLabel, Task, TaskId, WriteIntent};

const NINE: i64 = MIDNIGHT + 9 * HOUR;

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
    // It starts from the version that the task left, not from the one that it found.
    let undone = scene.governance.task(TaskId(1))?;
    ensure!(
        task.key.file == undone.key.file && task.key.file_version != undone.key.file_version,
        "the version that the task left"
    );
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

pub(super) fn a_030_a_revert_succeeds_although_its_task_was_forgotten(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let by = admin()?;
    scene.submit(&[wish(0)?], NINE)?;
    write_over(&mut scene, PreviousLabel::Label(label(9)), NINE)?;
    // The revert fails a day later, and an administrator labels the file.
    let later = NINE + DAY;
    let undoing = scene.governance.revert(TaskId(1), &by, later)?;
    let task = scene.claim_one(later)?;
    let outcome = TaskOutcome::Failed {
        reason: Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(task.claim(), outcome, later)?;
    scene.submit(&[manual_wish(0)?], later)?;
    write_over(&mut scene, PreviousLabel::Unknown, later)?;
    // Of the three, only the task that was to be undone is old enough to be forgotten.
    let late = NINE + scene.governance.settings().task_retention_ms + 1;
    let trimmed = scene.governance.trim_tasks(TaskId(0), late)?;
    ensure_eq!(trimmed.removed, 1);
    scene.governance.retry(undoing, &by, late)?;
    let task = scene.claim_one(late)?;
    ensure_eq!((task.id, task.reverts), (undoing, Some(TaskId(1))));
    ensure_eq!(scene.begin(&task, late)?, WriteGrant::Granted);
    let report = [(task.claim(), success(&task)?)];
    for answer in scene.governance.finish_all(&report, late)? {
        ensure_eq!(answer?, TaskState::Succeeded);
    }
    let file = wish(0)?.key.file;
    let ours = scene.governance.applied_by_us(TENANT, &file)?;
    ensure_eq!(ours.map(|applied| applied.task), Some(undoing));
    Ok(())
}
