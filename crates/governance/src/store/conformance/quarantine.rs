//! Admin quarantine: a limit of its own, and no file that we labelled.

use label_core::AppId;

use super::scene::{
    DAY, HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, label, manual_wish, policy, suspended,
    version, wish, wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{NotReverted, TaskOutcome, Waits, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::log::LogEvent;
use crate::quota::{CountedAction, DailyLimit};
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::{ActionType, LogFilter};
use crate::task::{ActionKind, NewTask, Repeat, TaskId};

const NINE: i64 = MIDNIGHT + 9 * HOUR;
const QUARANTINE: CountedAction = CountedAction::AdminQuarantine;

fn quarantine(number: usize) -> Result<NewTask, Cause> {
    let mut new = wish(number)?;
    new.key.action = ActionKind::AdminQuarantine;
    new.label_priority = 0;
    Ok(new)
}

fn limit(scene: &mut Scene<'_>, limit: u32, now: i64) -> Verdict {
    let (by, limit) = (admin()?, DailyLimit(limit));
    scene
        .governance
        .set_limit(TENANT, AppId::BOX, QUARANTINE, limit, &by, now)?;
    Ok(())
}

fn used(scene: &Scene<'_>, action: CountedAction, now: i64) -> Result<u32, Cause> {
    let allowance = scene
        .governance
        .allowance(TENANT, AppId::BOX, action, now)?;
    Ok(allowance.used)
}

pub(super) fn a_036_quarantine_has_a_daily_limit_of_its_own(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&wishes(0..101)?, NINE)?;
    let files: Result<Vec<_>, _> = (200..301).map(quarantine).collect();
    let ids = scene.submit(&files?, NINE)?;
    // A hundred of each on one day, and neither takes from the other.
    ensure_eq!(scene.work_off(NINE)?.len(), 200);
    for action in CountedAction::ALL {
        ensure_eq!(used(&scene, action, NINE)?, 100);
    }
    let last = ids.last().copied().unwrap_or_default();
    let until = Some(RESUME);
    ensure_eq!(scene.state(last)?, TaskState::Deferred { until });
    // Also after a restart; at noon both go on.
    let mut scene = scene.restarted()?;
    ensure_eq!(used(&scene, QUARANTINE, NINE)?, 100);
    ensure_eq!(scene.work_off(RESUME - 1)?, []);
    ensure_eq!(scene.work_off(RESUME)?, [TaskId(101), last]);
    let reached = |action| {
        let limit = DailyLimit(100);
        let until = RESUME;
        LogEvent::LimitReached {
            action,
            limit,
            until,
        }
    };
    let entries = scene.governance.log(&LogFilter::default(), 0, 1000)?;
    for action in CountedAction::ALL {
        let logged = entries
            .iter()
            .filter(|entry| entry.event == reached(action));
        ensure_eq!(logged.count(), 1);
    }
    let filter = LogFilter {
        action: Some(ActionType::AdminQuarantine),
        ..LogFilter::default()
    };
    let entries = scene.governance.log(&filter, 0, 1000)?;
    // Submitted and done, a hundred and one times.
    ensure_eq!(entries.len(), 202);
    Ok(())
}

pub(super) fn a_036_the_limit_of_quarantine_is_set_told_and_foreseen_apart(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    limit(&mut scene, 2, NINE)?;
    let files: Result<Vec<_>, _> = (0..5).map(quarantine).collect();
    let ids = scene.submit(&files?, NINE)?;
    scene.submit(&wishes(10..13)?, NINE)?;
    let forecast = scene
        .governance
        .forecast(TENANT, AppId::BOX, QUARANTINE, None, NINE)?;
    ensure_eq!(forecast.limit, DailyLimit(2));
    let times = [NINE, NINE, RESUME, RESUME, RESUME + DAY];
    let expected: Vec<_> = ids.iter().copied().zip(times.map(Some)).collect();
    ensure_eq!(forecast.tasks, expected);
    ensure_eq!(scene.work_off(NINE)?.len(), 3);
    let third = ids.get(2).copied().unwrap_or_default();
    let why = scene.governance.why(third, NINE)?;
    let waits = Waits::DailyLimit {
        action: QUARANTINE,
        app: AppId::BOX,
        limit: DailyLimit(2),
        until: Some(RESUME),
    };
    ensure_eq!(why.waits, [waits]);
    ensure_eq!(
        why.sentence,
        "waits until 2021-01-06 12:00:00 UTC: the daily limit of 2 for quarantine in Box is reached"
    );
    // One limit that is raised lets only its own tasks go on.
    scene.limit(2, NINE + 1)?;
    ensure_eq!(scene.work_off(NINE + 1)?, [TaskId(7)]);
    limit(&mut scene, 3, NINE + 2)?;
    ensure_eq!(scene.work_off(NINE + 2)?, [third]);
    limit(&mut scene, 0, NINE + 3)?;
    let fourth = ids.get(3).copied().unwrap_or_default();
    ensure_eq!(scene.state(fourth)?, TaskState::Deferred { until: None });
    let until = Some(RESUME);
    ensure_eq!(scene.state(TaskId(8))?, TaskState::Deferred { until });
    let why = scene.governance.why(fourth, NINE + 3)?;
    ensure_eq!(
        why.sentence,
        "waits until the daily limit for quarantine in Box is raised: it is 0"
    );
    // What is called off gives its unit back to its own allowance.
    limit(&mut scene, 4, NINE + 4)?;
    let task = scene.claim_one(NINE + 4)?;
    ensure_eq!(scene.begin(&task, NINE + 4)?, WriteGrant::Granted);
    ensure_eq!(used(&scene, QUARANTINE, NINE + 4)?, 4);
    let effect = WriteEffect::Nothing;
    let reason = Reason::new("too_large");
    let outcome = TaskOutcome::Failed { reason, effect };
    scene.governance.finish(task.claim(), outcome, NINE + 4)?;
    ensure_eq!(used(&scene, QUARANTINE, NINE + 4)?, 3);
    ensure_eq!(used(&scene, CountedAction::ApplyLabel, NINE + 4)?, 2);
    // A quarantine is no label that could be taken back.
    let first = ids.first().copied().unwrap_or_default();
    match scene.governance.revert(first, &admin()?, NINE + 5) {
        Err(Error::NotReverted {
            reason: NotReverted::NoLabelAction,
            ..
        }) => Ok(()),
        other => Err(format!("{other:?}, though a quarantine is no label").into()),
    }
}

pub(super) fn a_037_a_file_with_our_label_is_not_quarantined(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let labelled = scene.submit(&[wish(1)?], NINE)?;
    ensure_eq!(scene.work_off(NINE)?, labelled);
    // By a policy or by hand: it is told at once, and costs nothing.
    let mut by_policy = quarantine(1)?;
    by_policy.key.file_version = version("after 1")?;
    let mut by_hand = manual_wish(1)?;
    by_hand.key = by_policy.key.clone();
    by_hand.key.policy = None;
    let refused = scene.submit(&[by_policy.clone(), by_hand], NINE + 1)?;
    let reason = Reason::new(Reason::LABELLED_FILE).with_detail("by task 1 of policy `p`");
    let skipped = TaskState::Skipped {
        reason: reason.clone(),
    };
    ensure_eq!(scene.states(&refused)?, [skipped.clone(), skipped.clone()]);
    ensure_eq!(used(&scene, QUARANTINE, NINE + 1)?, 0);
    let last = scene.governance.log(&LogFilter::default(), 0, 1000)?;
    ensure_eq!(last.last().and_then(|entry| entry.reason()), Some(&reason));
    // A suspended one is told when its policy comes back.
    let (p, by) = (policy("p")?, admin()?);
    scene.governance.disable_policy(TENANT, &p, &by, NINE + 2)?;
    by_policy.repeat = Repeat::WhenOver;
    let held = scene.submit(&[by_policy], NINE + 2)?;
    ensure_eq!(scene.states(&held)?, [suspended()]);
    scene.governance.enable_policy(TENANT, &p, &by, NINE + 3)?;
    ensure_eq!(scene.work_off(NINE + 3)?, []);
    ensure_eq!(scene.states(&held)?, [skipped]);
    // Without our label it goes ahead: another file, or one that was changed since, which the
    // caller looks into.
    let mut changed = quarantine(1)?;
    changed.key.file_version = version("by somebody else")?;
    let free = scene.submit(&[quarantine(2)?, changed], NINE + 4)?;
    ensure_eq!(scene.work_off(NINE + 4)?, free);
    Ok(())
}

pub(super) fn a_037_a_label_applied_meanwhile_keeps_the_file(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    // Submitted before the label: skipped when the label is applied, if it waits by then,
    let waiting = scene.submit(&[wish(1)?, quarantine(1)?], NINE)?;
    ensure_eq!(scene.work_off(NINE)?, waiting.get(..1).unwrap_or_default());
    ensure_eq!(
        scene
            .states(&waiting)?
            .iter()
            .map(TaskState::kind)
            .collect::<Vec<_>>(),
        [StateKind::Succeeded, StateKind::Skipped]
    );
    // and when it is claimed, if it was tried before and comes back by hand.
    let tried = scene.submit(&[quarantine(2)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    let effect = WriteEffect::Nothing;
    let reason = Reason::new("too_large");
    let outcome = TaskOutcome::Failed { reason, effect };
    scene.governance.finish(task.claim(), outcome, NINE)?;
    let labelled = scene.submit(&[wish(2)?], NINE)?;
    ensure_eq!(scene.work_off(NINE)?, labelled);
    let ours = scene
        .governance
        .applied_by_us(TENANT, &wish(2)?.key.file)?
        .map(|applied| applied.label);
    ensure_eq!(ours, Some(label(1)));
    for id in &tried {
        scene.governance.retry(*id, &admin()?, NINE + 1)?;
    }
    ensure!(
        scene.governance.claim(10, NINE + 1)?.is_empty(),
        "a labelled file is not handed out to be quarantined"
    );
    for state in scene.states(&tried)? {
        let code = state.reason().map(Reason::code);
        ensure_eq!(code, Some(Reason::LABELLED_FILE));
    }
    Ok(())
}
