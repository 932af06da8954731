//! Leases, forecasts, and why a task isn't running.

use label_core::AppId;

use super::scene::{
    HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, label, locked, manual_wish, policy, success,
    wish, wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{Waits, WriteEffect, WriteGrant};
use crate::error::{Cause, Error};
use crate::quota::{CountedAction, DAY_MS, DailyLimit};
use crate::state::TaskState;
use crate::task::{ActionKind, NewTask, TaskId};
use crate::text::Worker;

const NINE: i64 = MIDNIGHT + 9 * HOUR;
const APPLY: CountedAction = CountedAction::ApplyLabel;

pub(super) fn no_more_is_taken_over_than_was_asked_for(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let (one, two) = (Worker::parse("one")?, Worker::parse("two")?);
    scene.submit(&wishes(0..2)?, NINE)?;
    let (minute, far) = (60_000, NINE + 3_000 * DAY_MS);
    // One lease that ends, and one of a clock that was ahead.
    let mut leased = Vec::new();
    for at in [NINE, far] {
        leased.extend(scene.governance.claim_for(&one, minute, 1, at)?);
    }
    let later = NINE + 2 * minute;
    let mut taken = Vec::new();
    for count in [0, 1, 10] {
        let tasks = scene.governance.take_over(&two, minute, count, later)?;
        ensure_eq!(tasks.len(), count.min(1));
        taken.extend(tasks.iter().map(|task| task.id));
    }
    ensure_eq!(taken, leased.iter().map(|task| task.id).collect::<Vec<_>>());
    Ok(())
}

/// A try that will be repeated keeps its unit for the day: it waits for its time only.
pub(super) fn why_of_a_task_with_a_unit_names_no_limit(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let ids = scene.submit(&wishes(0..2)?, NINE)?;
    let task = scene.claim_one(NINE)?;
    scene.begin(&task, NINE)?;
    scene.governance.finish(task.claim(), locked(), NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    let mut found = Vec::new();
    for id in ids {
        let why = scene.governance.why(id, NINE)?;
        let limits = why
            .waits
            .iter()
            .filter(|waits| matches!(waits, Waits::DailyLimit { .. }));
        found.push((limits.count(), why.until == Some(RESUME)));
    }
    ensure_eq!(found, [(0, false), (1, true)]);
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
    let used = scene
        .governance
        .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?
        .used;
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
        let until = task.custody.lease.map(|lease| lease.until_ms);
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
    let forecast =
        scene
            .governance
            .forecast(TENANT, AppId::BOX, CountedAction::ApplyLabel, None, NINE)?;
    ensure_eq!(forecast.tasks.len(), 11);
    ensure_eq!(forecast.finished_at(), Some(RESUME + DAY_MS));
    // What if: with more a day it is done today, but for what is tried again.
    let more = Some(DailyLimit(50));
    let with_more =
        scene
            .governance
            .forecast(TENANT, AppId::BOX, CountedAction::ApplyLabel, more, NINE)?;
    ensure_eq!(with_more.finished_at(), Some(NINE + 60_000));
    let none = Some(DailyLimit(0));
    let with_none =
        scene
            .governance
            .forecast(TENANT, AppId::BOX, CountedAction::ApplyLabel, none, NINE)?;
    ensure_eq!(with_none.finished_at(), None);
    ensure_eq!(
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?
            .limit,
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

pub(super) fn a_write_of_yesterday_takes_nothing_from_the_forecast(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(2, NINE)?;
    let ids = scene.submit(&wishes(0..4)?, NINE)?;
    let under_way = scene.claim_one(NINE)?;
    scene.begin(&under_way, NINE)?;
    // The next day, its label has its unit of yesterday; today's two are for others.
    let tomorrow = NINE + DAY_MS;
    let forecast = scene
        .governance
        .forecast(TENANT, AppId::BOX, APPLY, None, tomorrow)?;
    let times = [tomorrow, tomorrow, tomorrow, RESUME + DAY_MS];
    let expected: Vec<_> = ids.iter().copied().zip(times.map(Some)).collect();
    ensure_eq!(forecast.tasks, expected);
    scene
        .governance
        .finish(under_way.claim(), success(&under_way)?, tomorrow)?;
    ensure_eq!(scene.work_off(tomorrow)?, ids.get(1..3).unwrap_or_default());
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
    // Once its time has come, a try waits like what is queued.
    for (at, until, waits) in [
        (NINE + HOUR / 60 - 1, Some(NINE + HOUR / 60), back_off),
        (NINE + HOUR / 60, None, "waits for its turn"),
        (NINE + HOUR, None, "waits for its turn"),
    ] {
        let why = scene.governance.why(TaskId(2), at)?;
        ensure_eq!((why.until, why.sentence.as_str()), (until, waits));
    }
    Ok(())
}

pub(super) fn why_goes_by_the_limit_when_the_time_has_come(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let ids = scene.submit(&wishes(0..40)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    let last = ids.last().copied().ok_or("no task")?;
    // Nobody has claimed since noon.
    let three = RESUME + 3 * HOUR;
    let why = scene.governance.why(last, three)?;
    ensure_eq!((why.waits, why.until), (vec![Waits::Turn], None));
    // One has, and used up the day; this one stands too far behind to be moved.
    let task = scene.claim_one(three)?;
    ensure_eq!(scene.begin(&task, three)?, WriteGrant::Granted);
    let until = Some(RESUME);
    ensure_eq!(scene.state(last)?, TaskState::Deferred { until });
    let why = scene.governance.why(last, three)?;
    let until = Some(RESUME + DAY_MS);
    let limit = Waits::DailyLimit {
        action: APPLY,
        app: AppId::BOX,
        limit: DailyLimit(1),
        until,
    };
    ensure_eq!((why.waits, why.until), (vec![limit], until));
    Ok(())
}
