//! Days and clocks: which day a label counts on, noon, and clocks that were ahead.

use label_core::AppId;

use super::scene::{
    HOUR, MIDNIGHT, RESUME, Scene, TENANT, intent, label, locked, manual_wish, policy, success,
    version, wish, wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::custody::{CLOCK_MARGIN_MS, LEASE_MS_MAX};
use crate::engine::{ManualTasks, Settings, TaskOutcome, Waits, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::quota::{CountedAction, DAY_MS, DayReading};
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::LogFilter;
use crate::task::{ActionKind, PolicyOrder, TaskId, WriteIntent};
use crate::text::{WorkKind, Worker};
use crate::work::{NewWork, WorkKey, WorkOutcome};

const NINE: i64 = MIDNIGHT + 9 * HOUR;

/// The last millisecond of the day and the first of the next, by both readings.
const LAST: [(DayReading, i64); 2] = [
    (DayReading::Calendar, MIDNIGHT + DAY_MS - 1),
    (DayReading::Window, MIDNIGHT + 36 * HOUR - 1),
];

/// How much was used on the day of each instant.
fn used<const N: usize>(scene: &Scene<'_>, instants: [i64; N]) -> Result<[u32; N], Cause> {
    let mut used = [0; N];
    for (slot, at) in used.iter_mut().zip(instants) {
        let action = CountedAction::ApplyLabel;
        *slot = scene
            .governance
            .allowance(TENANT, AppId::BOX, action, at)?
            .used;
    }
    Ok(used)
}

pub(super) fn r_155_a_label_counts_on_the_day_of_its_grant(
    source: &mut dyn StoreSource,
) -> Verdict {
    for (day, last) in LAST {
        let settings = Settings {
            day,
            ..Settings::default()
        };
        let mut scene = Scene::with(&mut *source, settings)?;
        scene.submit(&wishes(0..2)?, last)?;
        let (one, two) = (scene.claim_one(last)?, scene.claim_one(last)?);
        ensure_eq!(scene.begin(&one, last)?, WriteGrant::Granted);
        ensure_eq!(used(&scene, [last, last + 1])?, [1, 0]);
        // The report comes a millisecond later, on the next day, and counts on neither.
        scene
            .governance
            .finish(one.claim(), success(&one)?, last + 1)?;
        ensure_eq!(used(&scene, [last, last + 1])?, [1, 0]);
        let log = scene.governance.log(&LogFilter::default(), 0, 100)?;
        let position = log.last().and_then(|entry| entry.task.as_ref()?.quota);
        ensure_eq!(position.map(|position| position.used), Some(1));
        // Leave that is given in that millisecond belongs to that day.
        ensure_eq!(scene.begin(&two, last + 1)?, WriteGrant::Granted);
        scene
            .governance
            .finish(two.claim(), success(&two)?, last + 1)?;
        ensure_eq!(used(&scene, [last, last + 1])?, [1, 1]);
    }
    Ok(())
}

pub(super) fn r_155_a_recovery_counts_no_other_day(source: &mut dyn StoreSource) -> Verdict {
    let last = MIDNIGHT + DAY_MS - 1;
    let later = last + 2 * DAY_MS - 10 * HOUR;
    let mut scene = Scene::new(source)?;
    scene.limit(2, last)?;
    scene.submit(&wishes(0..3)?, last)?;
    for _ in 0..2 {
        let task = scene.claim_one(last)?;
        ensure_eq!(scene.begin(&task, last)?, WriteGrant::Granted);
    }
    // The process ends right after the grants. One file was written, of one it can't be told.
    let mut scene = scene.restarted()?;
    for (place, task) in scene.governance.interrupted()?.iter().enumerate() {
        let claim = task.claim();
        if place == 0 {
            scene.governance.finish(claim, success(task)?, later)?;
        } else {
            scene
                .governance
                .requeue(claim, WriteEffect::Possible, later)?;
        }
    }
    ensure_eq!(used(&scene, [last, later])?, [2, 0]);
    // The second is written on the later day then, and takes a unit of that day.
    ensure_eq!(scene.work_off(later + HOUR)?.len(), 2);
    ensure_eq!(used(&scene, [last, later])?, [2, 2]);
    Ok(())
}

pub(super) fn a_write_under_way_keeps_its_intent_on_another_day(
    source: &mut dyn StoreSource,
) -> Verdict {
    let (last, first) = (MIDNIGHT + DAY_MS - 1, MIDNIGHT + DAY_MS);
    let mut scene = Scene::new(source)?;
    scene.limit(1, last)?;
    scene.submit(&wishes(0..1)?, last)?;
    let task = scene.claim_one(last)?;
    ensure_eq!(scene.begin(&task, last)?, WriteGrant::Granted);
    // Asked again at midnight, while the day before has reached its limit.
    let again = WriteIntent::new(version("another")?);
    match scene.governance.begin_write(task.claim(), again, first) {
        Err(error @ Error::WriteUnderWay { .. }) => ensure_eq!(
            error.to_string(),
            "task 1: a write of an earlier day is not reported yet, and the daily limit is \
             reached until 2021-01-06 12:00:00 UTC"
        ),
        other => return Err(format!("{other:?} for a write under way").into()),
    }
    let mut scene = scene.restarted()?;
    let interrupted = scene.governance.interrupted()?;
    let intents: Vec<_> = interrupted.iter().map(|task| task.intent.clone()).collect();
    ensure_eq!(intents, [Some(intent(&task)?)]);
    ensure_eq!(used(&scene, [last, first])?, [1, 0]);
    // Where the other day has room, it takes a unit there and leaves the first day's used.
    scene.limit(2, first)?;
    ensure_eq!(scene.begin(&task, first)?, WriteGrant::Granted);
    ensure_eq!(used(&scene, [last, first])?, [1, 1]);
    scene
        .governance
        .finish(task.claim(), success(&task)?, first)?;
    ensure_eq!(used(&scene, [last, first])?, [1, 1]);
    Ok(())
}

pub(super) fn a_clock_that_was_ahead_strands_no_task(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let far = NINE + 3_000 * DAY_MS;
    let ids = scene.submit(&wishes(0..2)?, far)?;
    ensure_eq!(scene.work_off(far)?, ids.get(..1).unwrap_or_default());
    // The clock is right again: what was deferred to a noon years ahead goes on now, in its order.
    let newer = scene.submit(&wishes(2..3)?, NINE)?;
    ensure!(
        scene.governance.next(&[], NINE)?.tasks,
        "there is something to claim"
    );
    let second = ids.get(1..).unwrap_or_default();
    ensure_eq!(scene.work_off(NINE)?, second);
    let newer = newer.first().copied().unwrap_or_default();
    let until = Some(RESUME);
    ensure_eq!(scene.state(newer)?, TaskState::Deferred { until });
    Ok(())
}

pub(super) fn tries_and_leases_of_a_clock_that_was_ahead_end(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let far = NINE + 3_000 * DAY_MS;
    let (worker, other) = (Worker::parse("one")?, Worker::parse("two")?);
    let scan = WorkKind::parse("scan")?;
    let keys = ["tried", "leased"].map(WorkKey::parse);
    for key in keys {
        let new = NewWork::new(scan.clone(), key?);
        scene.governance.enqueue(&[new], far)?;
    }
    let items = scene
        .governance
        .claim_work(&scan, &worker, 60_000, 2, far)?;
    for item in items.iter().take(1) {
        let reason = Reason::new("locked");
        let not_before = None;
        let outcome = WorkOutcome::Retry { reason, not_before };
        scene.governance.finish_work(item.claim(), outcome, far)?;
    }
    scene.submit(&wishes(0..2)?, far)?;
    let tried = scene.claim_one(far)?;
    scene.governance.finish(tried.claim(), locked(), far)?;
    let leased = scene.governance.claim_for(&worker, 60_000, 1, far)?;
    let leased = leased.first().ok_or("nothing to lease")?;
    // Just before, all of it stands; with the clock set right, none of it does.
    let next = scene.governance.next(&[], far)?;
    ensure!(next.is_idle(), "nothing has ended");
    let next = scene.governance.next(&[], NINE)?;
    ensure_eq!((next.tasks, next.leases), (true, true));
    match scene.begin(leased, NINE) {
        Err(error) if error.to_string().contains("the lease ended") => {}
        result => return Err(format!("{result:?} on a lease of years").into()),
    }
    let taken = scene.governance.take_over(&other, 60_000, 10, NINE)?;
    ensure_eq!(
        taken.iter().map(|task| task.id).collect::<Vec<_>>(),
        [leased.id]
    );
    let again = scene.claim_one(NINE)?;
    ensure_eq!(again.id, tried.id);
    // The piece that somebody had counts as a try that came to nothing.
    let items = scene
        .governance
        .claim_work(&scan, &other, 60_000, 10, NINE)?;
    ensure_eq!(
        items
            .iter()
            .map(|item| item.new.key.as_str())
            .collect::<Vec<_>>(),
        ["tried", "leased"]
    );
    Ok(())
}

pub(super) fn a_clock_that_goes_back_a_little_ends_nothing(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    let (worker, other) = (Worker::parse("one")?, Worker::parse("two")?);
    let scan = WorkKind::parse("scan")?;
    // The longest lease and the longest pause that there are.
    for key in ["tried", "leased"].map(WorkKey::parse) {
        scene
            .governance
            .enqueue(&[NewWork::new(scan.clone(), key?)], NINE)?;
    }
    let items = (scene.governance).claim_work(&scan, &worker, LEASE_MS_MAX, 2, NINE)?;
    let (reason, not_before) = (Reason::new("throttled"), Some(i64::MAX));
    for item in items.iter().take(1) {
        let reason = reason.clone();
        let outcome = WorkOutcome::Retry { reason, not_before };
        scene.governance.finish_work(item.claim(), outcome, NINE)?;
    }
    scene.submit(&wishes(0..2)?, NINE)?;
    let tried = scene.claim_one(NINE)?;
    let outcome = TaskOutcome::Retry {
        reason,
        effect: WriteEffect::Nothing,
        not_before,
    };
    scene.governance.finish(tried.claim(), outcome, NINE)?;
    let leased = scene.governance.claim_for(&worker, LEASE_MS_MAX, 1, NINE)?;
    let leased = leased.first().ok_or("nothing to lease")?;
    for now in [NINE - 1, NINE - CLOCK_MARGIN_MS] {
        ensure!(
            scene.governance.next(&[], now)?.is_idle(),
            "something has ended"
        );
        ensure_eq!((scene.governance).take_over(&other, 60_000, 10, now)?, []);
        ensure_eq!(scene.governance.claim(10, now)?, []);
        ensure_eq!(
            (scene.governance).claim_work(&scan, &other, 60_000, 10, now)?,
            []
        );
        ensure_eq!(scene.begin(leased, now)?, WriteGrant::Granted);
    }
    // Farther back, the clock was ahead.
    let next = (scene.governance).next(&[], NINE - CLOCK_MARGIN_MS - 1)?;
    ensure_eq!((next.tasks, next.leases), (true, true));
    Ok(())
}

pub(super) fn noon_moves_only_what_is_needed_and_in_order(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(2, NINE)?;
    scene.submit(&wishes(1000..1002)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 2);
    // A backlog of which the last is the most urgent, over two noons.
    let mut tasks = wishes(0..60)?;
    for (number, task) in tasks.iter_mut().enumerate() {
        task.label_priority = 10 + u32::try_from(number)?;
    }
    // Two policies for one file: the first in rank is the least urgent of all.
    let mut ranked = wish(59)?;
    ranked.key.policy = Some(policy("q")?);
    ranked.key.action = ActionKind::Apply(label(2));
    ranked.policy_order = PolicyOrder {
        priority: Some(1),
        created_ms: 0,
    };
    tasks.push(ranked);
    let ids = scene.submit(&tasks, NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    let deferred = |scene: &Scene<'_>, until: i64| -> Result<usize, Cause> {
        let until = Some(until);
        let states = scene.states(&ids)?;
        let waits = |state: &&TaskState| **state == TaskState::Deferred { until };
        Ok(states.iter().filter(waits).count())
    };
    ensure_eq!(deferred(&scene, RESUME)?, 61);
    // The first claim after noon moves one page, and hands out what comes first of all.
    let task = scene.claim_one(RESUME)?;
    ensure_eq!(Some(&task.id), ids.last());
    ensure!(
        deferred(&scene, RESUME)? >= 61 - 17,
        "more than a page was moved"
    );
    ensure_eq!(scene.begin(&task, RESUME)?, WriteGrant::Granted);
    scene
        .governance
        .finish(task.claim(), success(&task)?, RESUME)?;
    let urgent = ids.get(58).copied().unwrap_or_default();
    ensure_eq!(scene.work_off(RESUME)?, [urgent]);
    // With nothing left, the rest waits for the next noon: all but the one that lost its file.
    ensure_eq!(deferred(&scene, RESUME + DAY_MS)?, 58);
    let lost = ids.get(59).copied().unwrap_or_default();
    ensure_eq!(scene.state(lost)?.kind(), StateKind::Skipped);
    ensure_eq!(scene.governance.next_due()?, Some(RESUME + DAY_MS));
    // And so on, in the same order.
    let next: Vec<_> = [57, 56]
        .iter()
        .filter_map(|place| ids.get(*place))
        .copied()
        .collect();
    ensure_eq!(scene.work_off(RESUME + DAY_MS)?, next);
    Ok(())
}

/// How many of the tasks were moved since `NINE`, be it only to wait again.
fn moved(scene: &Scene<'_>, ids: &[TaskId]) -> Result<usize, Cause> {
    let mut moved = 0;
    for id in ids {
        moved += usize::from(scene.governance.task(*id)?.changed_ms != NINE);
    }
    Ok(moved)
}

/// Two claims move at most so many of a backlog: the one that finds work, and the one that finds the
/// limit reached.
const MOVED_MAX: usize = 2 * 16 + 1;

/// Works one by one until nothing can be claimed; gives the tasks that were written.
fn work_singly(scene: &mut Scene<'_>, now: i64) -> Result<Vec<TaskId>, Cause> {
    let mut written = Vec::new();
    while let Some(task) = scene.governance.claim(1, now)?.first() {
        if scene.begin(task, now)? == WriteGrant::Granted {
            written.push(task.id);
            scene.governance.finish(task.claim(), success(task)?, now)?;
        }
    }
    Ok(written)
}

pub(super) fn noon_moves_a_backlog_by_hand_as_one(source: &mut dyn StoreSource) -> Verdict {
    for manual_tasks in [ManualTasks::Counted, ManualTasks::Exempt] {
        let settings = Settings {
            manual_tasks,
            ..Settings::default()
        };
        let mut scene = Scene::with(&mut *source, settings)?;
        scene.limit(1, NINE)?;
        let by_hand: Result<Vec<_>, _> = (0..60).map(manual_wish).collect();
        let ids = scene.submit(&by_hand?, NINE)?;
        let policies = scene.submit(&wishes(100..160)?, NINE)?;
        let first = scene.work_off(NINE)?;
        if manual_tasks == ManualTasks::Exempt {
            // They don't wait; policies' tasks do.
            ensure_eq!(first.len(), 61);
            let all = policies.get(1..).unwrap_or_default();
            ensure_eq!(
                work_singly(&mut scene, RESUME)?,
                all.get(..1).unwrap_or_default()
            );
            ensure!(
                moved(&scene, all)? <= MOVED_MAX,
                "more than a page was moved"
            );
            continue;
        }
        ensure_eq!(first, ids.get(..1).unwrap_or_default());
        ensure_eq!(
            work_singly(&mut scene, RESUME)?,
            ids.get(1..2).unwrap_or_default()
        );
        let all = [ids, policies].concat();
        ensure!(
            moved(&scene, &all)? <= MOVED_MAX,
            "more than a page was moved"
        );
        let until = Some(RESUME + DAY_MS);
        for state in scene.states(all.get(2..).unwrap_or_default())? {
            ensure_eq!(state, TaskState::Deferred { until });
        }
    }
    Ok(())
}

pub(super) fn a_returned_unit_moves_only_what_is_needed(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let ids = scene.submit(&wishes(0..60)?, NINE)?;
    let task = scene.claim_one(NINE)?;
    ensure_eq!(scene.begin(&task, NINE)?, WriteGrant::Granted);
    ensure_eq!(scene.work_off(NINE)?, []);
    let later = NINE + HOUR;
    let outcome = TaskOutcome::Failed {
        reason: Reason::new("too_large"),
        effect: WriteEffect::Nothing,
    };
    scene.governance.finish(task.claim(), outcome, later)?;
    // All may run now, and nothing was moved but one time.
    let waiting = ids.get(1..).unwrap_or_default();
    ensure_eq!(moved(&scene, waiting)?, 0);
    let until = Some(later);
    for state in scene.states(waiting)? {
        ensure_eq!(state, TaskState::Deferred { until });
    }
    let [Some(second), Some(last)] = [waiting.first(), waiting.last()] else {
        return Err("60 tasks".into());
    };
    let why = scene.governance.why(*last, later)?;
    ensure_eq!((why.waits, why.until), (vec![Waits::Turn], None));
    ensure!(
        scene.governance.next(&[], later)?.tasks,
        "something to claim"
    );
    let action = CountedAction::ApplyLabel;
    let forecast = (scene.governance).forecast(TENANT, AppId::BOX, action, None, later)?;
    ensure_eq!(forecast.at(*second), Some(later));
    ensure_eq!(forecast.at(*last), Some(RESUME + 57 * DAY_MS));
    // The unit is used again, by the first in the queue; the rest waits for the same noon as one.
    ensure_eq!(work_singly(&mut scene, later)?, [*second]);
    ensure!(
        moved(&scene, waiting)? <= MOVED_MAX,
        "more than a page was moved"
    );
    let until = Some(RESUME);
    for state in scene.states(waiting.get(1..).unwrap_or_default())? {
        ensure_eq!(state, TaskState::Deferred { until });
    }
    // So it is when the limit is raised.
    scene.limit(2, later + 1)?;
    ensure_eq!(
        work_singly(&mut scene, later + 1)?,
        waiting.get(1..2).unwrap_or_default()
    );
    ensure!(
        moved(&scene, waiting)? <= MOVED_MAX + 1,
        "more than a page was moved"
    );
    Ok(())
}
