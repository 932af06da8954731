//! The daily limit: and the clarifications 11, 12 and 14.

use label_core::{AppId, TenantId};

use super::scene::{
    HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, intent, label, locked, manual_wish, success,
    wish, wishes,
};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::engine::{ManualTasks, Settings, TaskOutcome, WriteEffect, WriteGrant};
use crate::log::LogEvent;
use crate::quota::{CountedAction, DAY_MS, DailyLimit};
use crate::reason::Reason;
use crate::state::{StateKind, TaskState};
use crate::store::LogFilter;
use crate::task::ActionKind;

const NINE: i64 = MIDNIGHT + 9 * HOUR;

pub(super) fn r_155_one_hundred_a_day(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let ids = scene.submit(&wishes(0..101)?, NINE)?;
    let written = scene.work_off(NINE)?;
    ensure_eq!(written.len(), 100);
    let counts = scene.governance.counts(TENANT, AppId::BOX)?;
    ensure_eq!(counts.of(StateKind::Succeeded), 100);
    ensure_eq!(counts.of(StateKind::Deferred), 1);
    let last = ids.last().copied().unwrap_or_default();
    let until = Some(RESUME);
    ensure_eq!(scene.state(last)?, TaskState::Deferred { until });
    Ok(())
}

pub(super) fn r_156_apps_have_their_own_allowance(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(2, NINE)?;
    let mut elsewhere = wish(3)?;
    elsewhere.key.file.app = AppId::ONEDRIVE;
    let mut tasks = wishes(0..3)?;
    tasks.push(elsewhere);
    scene.submit(&tasks, NINE)?;
    scene.work_off(NINE)?;
    let there = scene.governance.counts(TENANT, AppId::ONEDRIVE)?;
    ensure_eq!(there.of(StateKind::Succeeded), 1);
    let here = scene.governance.counts(TENANT, AppId::BOX)?;
    ensure_eq!(here.of(StateKind::Deferred), 1);
    // Two instances of one app share its allowance.
    let mut instance = wish(4)?;
    instance.key.file.instance = 1;
    scene.submit(&[instance], NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    Ok(())
}

pub(super) fn r_157_tenants_have_their_own_allowance(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(2, NINE)?;
    let mut elsewhere = wish(0)?;
    elsewhere.key.tenant = TenantId::from_u128(0x75);
    let mut tasks = wishes(0..3)?;
    tasks.push(elsewhere);
    scene.submit(&tasks, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 3);
    let there = scene
        .governance
        .counts(TenantId::from_u128(0x75), AppId::BOX)?;
    ensure_eq!(there.of(StateKind::Succeeded), 1);
    Ok(())
}

pub(super) fn r_158_policies_share_the_allowance(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    let mut tasks = wishes(0..120)?;
    for task in tasks.iter_mut().skip(60) {
        task.key.policy = Some(super::scene::policy("q")?);
    }
    scene.submit(&tasks, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 100);
    let counts = scene.governance.counts(TENANT, AppId::BOX)?;
    ensure_eq!(counts.of(StateKind::Deferred), 20);
    Ok(())
}

pub(super) fn r_159_only_apply_counts(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let mut remove = wish(2)?;
    remove.key.action = ActionKind::Remove;
    let ids = scene.submit(&[wish(0)?, wish(1)?, remove], NINE)?;
    scene.work_off(NINE)?;
    let states: Vec<_> = scene.states(&ids)?.iter().map(TaskState::kind).collect();
    let expected = [
        StateKind::Succeeded,
        StateKind::Deferred,
        StateKind::Succeeded,
    ];
    ensure_eq!(states, expected);
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 1);
    Ok(())
}

pub(super) fn r_160_the_count_survives_a_restart(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(2, NINE)?;
    scene.submit(&wishes(0..4)?, NINE)?;
    let first = scene.claim_one(NINE)?;
    ensure_eq!(scene.begin(&first, NINE)?, WriteGrant::Granted);
    // The unit is used before the write: it must be there although the process ends now.
    let mut scene = scene.restarted()?;
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!((allowance.used, allowance.limit), (1, DailyLimit(2)));
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    let scene = scene.restarted()?;
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.left, 0);
    ensure_eq!(allowance.pause.and_then(|pause| pause.until), Some(RESUME));
    Ok(())
}

pub(super) fn r_162_the_rest_is_deferred(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(2, NINE)?;
    let ids = scene.submit(&wishes(0..5)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 2);
    for state in scene.states(&ids)?.into_iter().skip(2) {
        let until = Some(RESUME);
        ensure_eq!(state, TaskState::Deferred { until });
    }
    // What is submitted the next morning waits for the same noon.
    let morning = MIDNIGHT + DAY_MS + 8 * HOUR;
    let late = scene.submit(&[wish(9)?], morning)?;
    ensure_eq!(scene.work_off(morning)?, []);
    let until = Some(RESUME);
    ensure_eq!(scene.states(&late)?, [TaskState::Deferred { until }]);
    let entries = scene.governance.log(&LogFilter::default(), 0, 100)?;
    let reached = LogEvent::LimitReached {
        action: CountedAction::ApplyLabel,
        limit: DailyLimit(2),
        until: RESUME,
    };
    let logged = entries.iter().filter(|entry| entry.event == reached);
    ensure_eq!(logged.count(), 1);
    Ok(())
}

pub(super) fn r_163_resumes_at_noon_of_the_next_day(source: &mut dyn StoreSource) -> Verdict {
    // The table of section 4.6: hours after 2021-01-05 00:00 at which the limit is reached and at
    // which work resumes. 2021-12-31 is 360 days later.
    let minute = 60_000;
    let table = [
        (9 * HOUR, 36 * HOUR),
        (12 * HOUR, 36 * HOUR),
        (23 * HOUR + 59 * minute, 36 * HOUR),
        (360 * DAY_MS + 15 * HOUR, 361 * DAY_MS + 12 * HOUR),
    ];
    for (reached, resumes) in table {
        let (reached, resumes) = (MIDNIGHT + reached, MIDNIGHT + resumes);
        let mut scene = Scene::new(&mut *source)?;
        scene.limit(1, reached)?;
        let ids = scene.submit(&wishes(0..2)?, reached)?;
        ensure_eq!(scene.work_off(reached)?.len(), 1);
        ensure_eq!(scene.governance.next_due()?, Some(resumes));
        ensure_eq!(scene.work_off(resumes - 1)?, []);
        let rest: Vec<_> = ids.into_iter().skip(1).collect();
        ensure_eq!(scene.work_off(resumes)?, rest);
    }
    Ok(())
}

pub(super) fn r_164_resumes_in_the_old_order(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let ids = scene.submit(&wishes(0..6)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    // A more sensitive one comes first, also when it came last.
    let mut secret = wish(7)?;
    secret.label_priority = 9;
    let secret = scene.submit(&[secret], NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    // Seen once, they wait through the next day's pause without being handed out again.
    let task = scene.claim_one(RESUME)?;
    ensure_eq!(secret, [task.id]);
    ensure_eq!(scene.begin(&task, RESUME)?, WriteGrant::Granted);
    ensure_eq!(scene.governance.claim(10, RESUME)?, []);
    let until = Some(RESUME + DAY_MS);
    for state in scene.states(&ids)?.into_iter().skip(1) {
        ensure_eq!(state, TaskState::Deferred { until });
    }
    scene.governance.finish(task.claim(), locked(), RESUME)?;
    scene.limit(10, RESUME)?;
    let expected: Vec<_> = secret.into_iter().chain(ids.into_iter().skip(1)).collect();
    ensure_eq!(scene.work_off(RESUME + HOUR)?, expected);
    Ok(())
}

pub(super) fn r_166_raising_is_logged_and_lifts_the_pause(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(3, NINE)?;
    scene.submit(&wishes(0..6)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 3);
    // To the count itself lifts nothing, one above it does.
    scene.limit(3, NINE + 1)?;
    ensure_eq!(scene.work_off(NINE + 1)?.len(), 0);
    scene.limit(5, NINE + 2)?;
    ensure_eq!(scene.work_off(NINE + 2)?.len(), 2);
    let entries = scene.governance.log(&LogFilter::default(), 0, 100)?;
    let raised = entries.iter().find(|entry| {
        let changed = LogEvent::LimitChanged {
            action: CountedAction::ApplyLabel,
            from: DailyLimit(3),
            to: DailyLimit(5),
        };
        entry.event == changed
    });
    let Some(raised) = raised else {
        return Err("the change is not logged".into());
    };
    ensure_eq!((raised.at_ms, raised.app), (NINE + 2, Some(AppId::BOX)));
    ensure_eq!(raised.initiator, admin()?);
    // On the next morning, yesterday's count decides: 5 of 5, so 6 lifts and the new day counts
    // from zero.
    let morning = MIDNIGHT + DAY_MS + 8 * HOUR;
    ensure_eq!(scene.work_off(morning)?.len(), 0);
    scene.limit(6, morning)?;
    ensure_eq!(scene.work_off(morning)?.len(), 1);
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, morning)?;
    ensure_eq!((allowance.used, allowance.left), (1, 5));
    Ok(())
}

pub(super) fn r_167_lowering_stops_at_once(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.submit(&wishes(0..80)?, NINE)?;
    let last = scene.governance.claim(80, NINE)?;
    for task in &last {
        ensure_eq!(scene.begin(task, NINE)?, WriteGrant::Granted);
    }
    scene.limit(50, NINE)?;
    scene.submit(&wishes(80..82)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    // What is being written is finished, none of it breaks.
    for task in &last {
        scene
            .governance
            .finish(task.claim(), success(task)?, NINE)?;
    }
    let counts = scene.governance.counts(TENANT, AppId::BOX)?;
    ensure_eq!(counts.of(StateKind::Succeeded), 80);
    ensure_eq!(counts.of(StateKind::Deferred), 2);
    scene.limit(81, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    Ok(())
}

pub(super) fn r_167_a_lowered_limit_stops_further_tries_too(
    source: &mut dyn StoreSource,
) -> Verdict {
    // Two tasks keep the unit of a try that wrote nothing: one waits for its next try, the other
    // was interrupted. With the limit at 0, neither may begin to write again.
    let mut scene = Scene::new(source)?;
    let ids = scene.submit(&wishes(0..2)?, NINE)?;
    let tasks = scene.governance.claim(2, NINE)?;
    for task in &tasks {
        ensure_eq!(scene.begin(task, NINE)?, WriteGrant::Granted);
    }
    if let [first, second] = tasks.as_slice() {
        scene.governance.finish(first.claim(), locked(), NINE)?;
        let effect = WriteEffect::Nothing;
        scene.governance.requeue(second.claim(), effect, NINE)?;
    }
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 2);
    scene.limit(0, NINE)?;
    ensure_eq!(scene.work_off(NINE + HOUR)?, []);
    for state in scene.states(&ids)? {
        ensure_eq!(state, TaskState::Deferred { until: None });
    }
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 0);
    Ok(())
}

pub(super) fn limit_zero_pauses_until_raised(source: &mut dyn StoreSource) -> Verdict {
    // Clarification 12.
    let mut scene = Scene::new(source)?;
    scene.limit(0, NINE)?;
    let ids = scene.submit(&wishes(0..3)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    for state in scene.states(&ids)? {
        ensure_eq!(state, TaskState::Deferred { until: None });
    }
    ensure_eq!(scene.governance.next_due()?, None);
    let later = NINE + 10 * DAY_MS;
    ensure_eq!(scene.work_off(later)?, []);
    scene.limit(2, later)?;
    ensure_eq!(scene.work_off(later)?.len(), 2);
    // Through 0 and back on one day: today's count, 2 of 2, still stands.
    scene.limit(0, later)?;
    scene.limit(2, later)?;
    ensure_eq!(scene.work_off(later)?, []);
    Ok(())
}

pub(super) fn manual_tasks_are_exempt_or_counted(source: &mut dyn StoreSource) -> Verdict {
    // Clarification 11 for the profile `seed`; the other one counts both.
    let mut scene = Scene::new(&mut *source)?;
    scene.limit(1, NINE)?;
    scene.submit(&[wish(0)?, wish(1)?], NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    scene.submit(&[manual_wish(2)?, manual_wish(3)?], NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 2);
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?;
    ensure_eq!(allowance.used, 1);

    let settings = Settings {
        manual_tasks: ManualTasks::Counted,
        ..Settings::default()
    };
    let mut scene = Scene::with(source, settings)?;
    scene.limit(1, NINE)?;
    scene.submit(&[manual_wish(2)?, manual_wish(3)?], NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    Ok(())
}

pub(super) fn already_labelled_is_skipped_while_paused(source: &mut dyn StoreSource) -> Verdict {
    // Clarification 14: whether there is anything to write is seen before the allowance is asked.
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    scene.submit(&wishes(0..2)?, NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    let ids = scene.submit(&[wish(5)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    ensure_eq!(ids, [task.id]);
    let reason = Reason::new(Reason::ALREADY_LABELLED);
    let outcome = TaskOutcome::Skipped {
        reason: reason.clone(),
        effect: WriteEffect::Nothing,
    };
    let state = scene.governance.finish(task.claim(), outcome, NINE)?;
    ensure_eq!(state, TaskState::Skipped { reason });
    // A task that would write is handed out once and then not before noon.
    scene.submit(&[wish(6)?], NINE)?;
    let task = scene.claim_one(NINE)?;
    let until = Some(RESUME);
    ensure_eq!(scene.begin(&task, NINE)?, WriteGrant::Deferred { until });
    ensure!(
        scene.governance.claim(10, RESUME - 1)?.is_empty(),
        "a deferred task was handed out before noon"
    );
    // The same for what a success of ours makes idle, although it is deferred already.
    let mut other = wish(6)?;
    other.key.policy = None;
    other.key.action = ActionKind::Apply(label(1));
    scene.submit(&[other], NINE)?;
    ensure_eq!(scene.work_off(NINE)?.len(), 1);
    ensure_eq!(scene.state(task.id)?.kind(), StateKind::Skipped);
    Ok(())
}

pub(super) fn one_label_uses_one_unit(source: &mut dyn StoreSource) -> Verdict {
    // "A retry after a failed write: none the second time if the first wrote nothing".
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    scene.submit(&wishes(0..2)?, NINE)?;
    let first = scene.claim_one(NINE)?;
    ensure_eq!(scene.begin(&first, NINE)?, WriteGrant::Granted);
    // To ask again uses nothing more.
    ensure_eq!(scene.begin(&first, NINE)?, WriteGrant::Granted);
    let state = scene.governance.finish(first.claim(), locked(), NINE)?;
    let TaskState::Retrying { at, n: 1 } = state else {
        return Err(format!("{state:?} instead of the first retry").into());
    };
    // The unit stays with the task, so the other one waits although it comes next.
    ensure_eq!(scene.work_off(NINE)?, []);
    ensure_eq!(scene.work_off(at)?, [first.id]);
    let allowance =
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, at)?;
    ensure_eq!(allowance.used, 1);
    // A try that may have written something has used its unit up.
    let second = scene.claim_one(RESUME)?;
    ensure_eq!(scene.begin(&second, RESUME)?, WriteGrant::Granted);
    let outcome = TaskOutcome::Retry {
        reason: Reason::new("timeout"),
        effect: WriteEffect::Possible,
        not_before: None,
    };
    scene.governance.finish(second.claim(), outcome, RESUME)?;
    // It is looked at again before it waits for another: the label may be there.
    let second = scene.claim_one(RESUME + HOUR)?;
    let until = Some(RESUME + DAY_MS);
    let grant = scene.begin(&second, RESUME + HOUR)?;
    ensure_eq!(grant, WriteGrant::Deferred { until });
    Ok(())
}

pub(super) fn a_unit_is_given_back_when_the_task_is_called_off(
    source: &mut dyn StoreSource,
) -> Verdict {
    // Each keeps the unit of a try that wrote nothing: until it is cancelled, until it is made
    // idle by a label set by hand, until its policy is deleted.
    let mut scene = Scene::new(source)?;
    scene.submit(&wishes(0..3)?, NINE)?;
    let tasks = scene.governance.claim(3, NINE)?;
    for task in &tasks {
        ensure_eq!(scene.begin(task, NINE)?, WriteGrant::Granted);
        scene.governance.finish(task.claim(), locked(), NINE)?;
    }
    let mut used = vec![
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?
            .used,
    ];
    let first = tasks.first().map(|task| task.id).unwrap_or_default();
    scene.governance.cancel(first, &admin()?, NINE)?;
    used.push(
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?
            .used,
    );
    scene.submit(&[manual_wish(1)?], NINE)?;
    scene.work_off(NINE)?;
    used.push(
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?
            .used,
    );
    let p = super::scene::policy("p")?;
    scene
        .governance
        .delete_policy(TENANT, &p, &admin()?, NINE)?;
    used.push(
        scene
            .governance
            .allowance(TENANT, AppId::BOX, CountedAction::ApplyLabel, NINE)?
            .used,
    );
    ensure_eq!(used, [3, 2, 1, 0]);
    Ok(())
}

pub(super) fn a_unit_that_was_not_used_is_given_back(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    scene.submit(&wishes(0..4)?, NINE)?;
    let outcome = |effect| TaskOutcome::Failed {
        reason: Reason::new("checkout_required"),
        effect,
    };
    // Nothing written: the day's only unit is free again, and what was deferred goes on.
    let tasks = scene.governance.claim(2, NINE)?;
    let [first, second] = tasks.as_slice() else {
        return Err("two tasks were expected".into());
    };
    ensure_eq!(scene.begin(first, NINE)?, WriteGrant::Granted);
    let until = Some(RESUME);
    ensure_eq!(scene.begin(second, NINE)?, WriteGrant::Deferred { until });
    scene
        .governance
        .finish(first.claim(), outcome(WriteEffect::Nothing), NINE)?;
    let until = Some(NINE);
    ensure_eq!(scene.state(second.id)?, TaskState::Deferred { until });
    // Perhaps written: the unit stays used.
    let again = scene.claim_one(NINE)?;
    ensure_eq!(again.id, second.id);
    let grant = scene
        .governance
        .begin_write(again.claim(), intent(&again)?, NINE)?;
    ensure_eq!(grant, WriteGrant::Granted);
    scene
        .governance
        .finish(again.claim(), outcome(WriteEffect::Possible), NINE)?;
    ensure_eq!(scene.work_off(NINE)?, []);
    // A unit of yesterday that comes back after midnight does not end the wait for noon.
    let mut held = scene.work_off(RESUME)?;
    ensure_eq!(held.len(), 1);
    scene.limit(2, RESUME)?;
    held.clear();
    scene.submit(&wishes(10..13)?, RESUME)?;
    let task = scene.claim_one(RESUME)?;
    ensure_eq!(scene.begin(&task, RESUME)?, WriteGrant::Granted);
    let midnight = MIDNIGHT + 2 * DAY_MS;
    scene
        .governance
        .finish(task.claim(), outcome(WriteEffect::Nothing), midnight)?;
    ensure_eq!(scene.work_off(midnight)?, []);
    ensure!(
        !scene.work_off(RESUME + DAY_MS)?.is_empty(),
        "nothing resumed at noon"
    );
    Ok(())
}
