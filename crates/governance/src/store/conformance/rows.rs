//! The trait's own contract: what is put comes back, whole, in order, and after a restart.

use label_core::{AppId, TenantId};

use super::scene::{MIDNIGHT, TENANT, admin, label, policy, version, wish};
use super::{StoreSource, Verdict, ensure, ensure_eq};
use crate::custody::Lease;
use crate::error::{Cause, Error};
use crate::jobs::JobName;
use crate::ledger::{AppliedLabel, Turns};
use crate::log::{LogEntry, LogEvent, QuotaPosition};
use crate::quota::{CountedAction, DailyLimit, HalfDay, Quota};
use crate::reason::Reason;
use crate::state::{StateKind, Suspension, SuspensionReason, TaskState};
use crate::store::{Backlog, LogFilter, PolicyState, RowsMut, Store, TaskFilter};
use crate::task::{ActionKind, NewTask, PolicyOrder, PreviousLabel, Task, TaskId, WriteIntent};
use crate::text::{MatchId, Worker};
use crate::work::{DeadLetter, NewWork, WorkId, WorkItem, WorkKey, WorkKind};

const APPLY: CountedAction = CountedAction::ApplyLabel;

/// Everything that can be read, as text: two stores with the same content give the same.
fn content(store: &dyn Store) -> Result<String, Cause> {
    let mut text = String::new();
    let (p, file) = (policy("p")?, wish(0)?.key.file);
    let (kind, key, job) = (
        WorkKind::parse("k")?,
        WorkKey::parse("1")?,
        JobName::parse("j")?,
    );
    store.view(&mut |rows| {
        text = format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n\
             {:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
            rows.tasks(&TaskFilter::default(), TaskId(0), 1000)?,
            rows.queued(None, 1000)?,
            (rows.retries_due(i64::MAX, 1000)?, rows.deferred_due(i64::MAX, 1000)?),
            rows.next_due()?,
            rows.lease_ended(i64::MAX, 1000)?,
            rows.next_lease_end()?,
            rows.pending()?,
            rows.counts(TENANT, AppId::BOX)?,
            rows.last_task_id()?,
            rows.quota(TENANT, AppId::BOX, APPLY)?,
            rows.policy(TENANT, &p)?,
            rows.is_label_disabled(&label(1))?,
            rows.frozen_since(TENANT, &file)?,
            (rows.applied(TENANT, &file)?, rows.turns(TENANT, &file)?),
            rows.log(&LogFilter::default(), 0, 1000)?,
            rows.opening()?,
            rows.ready_work(&kind, i64::MAX, i64::MAX, 1000)?,
            rows.dead_work(&kind, WorkId(0), 1000)?,
            (rows.work_counts(&kind)?, rows.pieces()?),
            (rows.next_work(i64::MIN)?, rows.is_work_ready(0, i64::MAX)?),
            rows.work_with_key(&kind, &key)?,
            rows.job_ran(&job)?,
        );
        Ok(())
    })?;
    Ok(text)
}

fn applied() -> Result<AppliedLabel, Cause> {
    let p = Some(policy("p")?);
    let (task, known_up_to) = (TaskId(3), TaskId(9));
    let (label, version) = (label(1), version("2")?);
    Ok(AppliedLabel::new(label, version, p, -5, task, known_up_to))
}

fn turns() -> Result<Turns, Cause> {
    Ok(Turns {
        policy: policy("q")?,
        count: u32::MAX,
        since_ms: i64::MIN,
    })
}

fn quota() -> Quota {
    let halves = [(-3, 4), (37_264, 100), (37_265, 7)].map(|(half, used)| (HalfDay(half), used));
    Quota::from_parts(DailyLimit(u32::MAX), [18_632, -1, 18_700], halves)
}

/// One of each write.
fn write_everything(rows: &mut dyn RowsMut) -> Result<(), Cause> {
    let id = rows.next_task_id()?;
    let mut task = Task::new(id, wish(id.0 as usize)?, MIDNIGHT);
    rows.put_task(&task)?;
    task.state = TaskState::Deferred { until: Some(7) };
    rows.put_task(&task)?;
    rows.put_quota(TENANT, AppId::BOX, APPLY, &quota())?;
    // Fewer parts than before: what is gone must not come back.
    rows.put_quota(TENANT, AppId::BOX, APPLY, &Quota::new(DailyLimit(3)))?;
    task.state = TaskState::Running;
    task.custody.lease = Some(lease(5)?);
    rows.put_task(&task)?;
    let gone = rows.next_task_id()?;
    rows.put_task(&Task::new(gone, wish(gone.0 as usize)?, MIDNIGHT))?;
    rows.remove_task(gone)?;
    rows.remove_task(gone)?;
    rows.put_policy(TENANT, &policy("p")?, PolicyState::Disabled)?;
    rows.put_label_disabled(&label(1), true)?;
    rows.put_label_disabled(&label(1), true)?;
    rows.put_frozen(TENANT, &wish(0)?.key.file, Some(-5))?;
    rows.put_applied(TENANT, &wish(0)?.key.file, Some(&applied()?))?;
    rows.put_turns(TENANT, &wish(0)?.key.file, Some(&turns()?))?;
    rows.append_log(&LogEntry::of_task(&task, MIDNIGHT, admin()?))?;
    let mut item = work(rows.next_work_id()?)?;
    rows.put_work(&item)?;
    item.dead = Some(DeadLetter {
        reason: Reason::new("too_large").with_detail("x"),
        at_ms: i64::MIN + 1,
    });
    rows.put_work(&item)?;
    let next = work(rows.next_work_id()?)?;
    rows.put_work(&next)?;
    rows.put_job_ran(&JobName::parse("j")?, 5)?;
    rows.put_job_ran(&JobName::parse("j")?, -5)?;
    rows.begin_opening()?;
    Ok(())
}

/// A piece of work, full where its number is odd.
fn work(id: WorkId) -> Result<WorkItem, Cause> {
    let new = NewWork::new(WorkKind::parse("k")?, WorkKey::parse(&id.to_string())?);
    let mut item = WorkItem::new(id, new);
    if id.0 % 2 == 1 {
        item.new.priority = u32::MAX;
        item.new.not_before = i64::MAX;
        item.new.payload = "' \u{1f512}".to_owned();
        item.custody.attempts = u32::MAX;
        item.custody.claims = u32::MAX;
        item.custody.opening = 77;
        item.custody.lease = Some(lease(i64::MIN)?);
        item.again = true;
    }
    Ok(item)
}

pub(super) fn lease(until_ms: i64) -> Result<Lease, Cause> {
    let worker = Worker::parse("labeller 2")?;
    Ok(Lease { worker, until_ms })
}

/// A cause inside a change, as the store's error.
fn carried(cause: Cause) -> Error {
    Error::unavailable("check", cause)
}

pub(super) fn a_change_is_made_whole_or_not_at_all(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    // On an empty store, and on one where every write replaces something.
    for _ in 0..2 {
        let before = content(&store)?;
        let result = store.transact(&mut |rows| {
            write_everything(rows).map_err(carried)?;
            let file = wish(0).map_err(carried)?.key.file;
            rows.put_applied(TENANT, &file, None)?;
            rows.put_label_disabled(&label(1), false)?;
            rows.put_frozen(TENANT, &file, None)?;
            rows.remove_work(WorkId(1))?;
            rows.remove_work(WorkId(77))?;
            rows.trim_dead_work(i64::MAX, 10)?;
            rows.trim_log(i64::MAX, 10)?;
            Err(Error::UnknownTask { id: TaskId(77) })
        });
        match result {
            Err(Error::UnknownTask { id: TaskId(77) }) => {}
            other => return Err(format!("{other:?} instead of the work's error").into()),
        }
        ensure_eq!(content(&store)?, before);
        store = source.reopen(store)?;
        ensure_eq!(content(&store)?, before);
        store.transact(&mut |rows| {
            rows.put_policy(TENANT, &policy("p").map_err(carried)?, PolicyState::Deleted)?;
            if rows.task(TaskId(1))?.is_none() {
                write_everything(rows).map_err(carried)?;
            }
            Ok(())
        })?;
    }
    let before = content(&store)?;
    let store = source.reopen(store)?;
    ensure_eq!(content(&store)?, before);
    Ok(())
}

pub(super) fn a_write_that_fails_takes_the_change_back_also_where_its_error_is_dropped(
    source: &mut dyn StoreSource,
) -> Verdict {
    let mut store = source.fresh()?;
    store.transact(&mut |rows| {
        let id = rows.next_work_id()?;
        rows.put_work(&work(id).map_err(carried)?)
    })?;
    let before = content(&store)?;
    let (first, second) = (JobName::parse("j")?, JobName::parse("k")?);
    let result = store.transact(&mut |rows| {
        rows.put_job_ran(&first, 5)?;
        // The key of another piece.
        let mut twin = work(WorkId(1)).map_err(carried)?;
        twin.id = rows.next_work_id()?;
        if rows.put_work(&twin).is_ok() {
            return Ok(());
        }
        // What comes behind it does not stay, either.
        drop(rows.put_job_ran(&second, 5));
        Ok(())
    });
    ensure!(
        matches!(result, Err(Error::TakenBack)),
        "the error was dropped"
    );
    ensure_eq!(content(&store)?, before);
    let store = source.reopen(store)?;
    ensure_eq!(content(&store)?, before);
    Ok(())
}

pub(super) fn an_allowance_is_replaced_whole(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let used = |halves: &[(i64, u32)]| {
        let halves = halves.iter().map(|(half, used)| (HalfDay(*half), *used));
        Quota::from_parts(DailyLimit(9), [7, 8], halves)
    };
    for quota in [
        used(&[(10, 1), (11, 2), (13, 3)]),
        used(&[(10, 1), (13, 4)]),
        used(&[(13, 4), (14, 1)]),
        Quota::new(DailyLimit(3)),
    ] {
        store.transact(&mut |rows| rows.put_quota(TENANT, AppId::BOX, APPLY, &quota))?;
        store = source.reopen(store)?;
        let mut found = None;
        store.view(&mut |rows| {
            found = Some(rows.quota(TENANT, AppId::BOX, APPLY)?);
            Ok(())
        })?;
        ensure_eq!(found, Some(quota));
    }
    Ok(())
}

type ChangeOfRows<'a> = Box<dyn FnMut(&mut dyn RowsMut) -> Result<(), Cause> + 'a>;

pub(super) fn what_was_changed_reads_like_after_a_restart(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let file = wish(0)?.key.file;
    let all = all_kinds_of_tasks()?;
    let mut changes: Vec<ChangeOfRows<'_>> = vec![
        Box::new(|rows| write_everything(rows)),
        Box::new(|rows| Ok(all.iter().try_for_each(|task| rows.put_task(task))?)),
        Box::new(|rows| {
            let until = Some(MIDNIGHT + 5);
            rows.put_off(TENANT, AppId::BOX, APPLY, Backlog::All, until)?;
            Ok(())
        }),
        Box::new(|rows| Ok(all.iter().try_for_each(|task| rows.put_task(task))?)),
        // Deferred tasks get the time back that they were last read with.
        Box::new(|rows| {
            let until = Some(MIDNIGHT + 7);
            rows.put_off(TENANT, AppId::BOX, APPLY, Backlog::All, until)?;
            for task in &all {
                let mut task = task.clone();
                task.custody.attempts = task.custody.attempts.wrapping_add(1);
                rows.put_task(&task)?;
            }
            Ok(())
        }),
        Box::new(|rows| {
            for task in all.iter().filter(|task| task.state == TaskState::Running) {
                let mut task = task.clone();
                task.custody.attempts = task.custody.attempts.wrapping_add(2);
                task.custody.lease = None;
                rows.put_task(&task)?;
            }
            Ok(())
        }),
        Box::new(|rows| Ok(rows.put_frozen(TENANT, &file, None)?)),
        Box::new(|rows| Ok(rows.put_frozen(TENANT, &file, Some(3))?)),
        Box::new(|rows| Ok(rows.put_turns(TENANT, &file, None)?)),
        Box::new(|rows| Ok(rows.put_turns(TENANT, &file, Some(&turns()?))?)),
        Box::new(|rows| Ok(rows.put_applied(TENANT, &file, None)?)),
        Box::new(|rows| Ok(rows.put_applied(TENANT, &file, Some(&applied()?))?)),
        Box::new(|rows| Ok(rows.put_label_disabled(&label(1), false)?)),
        Box::new(|rows| Ok(rows.put_policy(TENANT, &policy("p")?, PolicyState::Deleted)?)),
        Box::new(|rows| Ok(rows.put_quota(TENANT, AppId::BOX, APPLY, &quota())?)),
        Box::new(|rows| Ok(all.iter().try_for_each(|task| rows.remove_task(task.id))?)),
        Box::new(|rows| Ok(all.iter().try_for_each(|task| rows.put_task(task))?)),
    ];
    let read = |store: &dyn Store| -> Result<_, Cause> {
        let mut each = Vec::new();
        store.view(&mut |rows| {
            each = all
                .iter()
                .map(|task| rows.task(task.id))
                .collect::<Result<_, _>>()?;
            Ok(())
        })?;
        Ok((content(store)?, each))
    };
    // Each in an opening of its own, and read in the next one.
    let mut expected = Vec::new();
    for (number, change) in changes.iter_mut().enumerate() {
        store.transact(&mut |rows| change(rows).map_err(carried))?;
        store = source.reopen(store)?;
        let after = read(&store)?;
        // Every change changes something, or it shows nothing.
        if expected.last() == Some(&after) {
            return Err(format!("change {number} changes nothing").into());
        }
        expected.push(after);
        store = source.reopen(store)?;
    }
    // All in one opening, and everything is read after each.
    let mut store = source.fresh()?;
    for (change, expected) in changes.iter_mut().zip(&expected) {
        store.transact(&mut |rows| change(rows).map_err(carried))?;
        ensure_eq!(read(&store)?, *expected);
    }
    Ok(())
}

pub(super) fn a_key_belongs_to_one_open_task(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let mut first = Task::new(TaskId(1), wish(0)?, MIDNIGHT);
    let second = Task::new(TaskId(2), wish(0)?, MIDNIGHT);
    let key = first.key.clone();
    store.transact(&mut |rows| rows.put_task(&first))?;
    let before = content(&store)?;
    if store.transact(&mut |rows| rows.put_task(&second)).is_ok() {
        return Err("a second task was taken under the key of the first".into());
    }
    ensure_eq!(content(&store)?, before);
    // When the first is over, its key is free; of two that are over, the later counts.
    let mut found = Vec::new();
    for over in [TaskState::Succeeded, TaskState::Queued] {
        let is_over = over != TaskState::Queued;
        first.state = over;
        let mut second = second.clone();
        if !is_over {
            second.state = TaskState::Succeeded;
        }
        store.transact(&mut |rows| {
            // The one that is over first, so that both are never open.
            let in_order = if is_over {
                [&first, &second]
            } else {
                [&second, &first]
            };
            in_order
                .into_iter()
                .try_for_each(|task| rows.put_task(task))?;
            found.push(rows.task_with_key(&key)?);
            Ok(())
        })?;
    }
    first.state = TaskState::Succeeded;
    store.transact(&mut |rows| {
        rows.put_task(&first)?;
        found.push(rows.task_with_key(&key)?);
        Ok(())
    })?;
    let (one, two) = (Some(TaskId(1)), Some(TaskId(2)));
    ensure_eq!(found, [two, one, two]);
    // Administrators may ask for the same as often as they like.
    let by_hand = [3, 4].map(|id| {
        let mut task = Task::new(TaskId(id), second_by_hand(&second), MIDNIGHT);
        task.submitted_ms = MIDNIGHT;
        task
    });
    store.transact(&mut |rows| by_hand.iter().try_for_each(|task| rows.put_task(task)))?;
    Ok(())
}

fn second_by_hand(task: &Task) -> NewTask {
    let mut key = task.key.clone();
    key.policy = None;
    NewTask::new(key, 0, task.initiator.clone())
}

/// A task in each state, with everything set that can be, and one with nothing.
pub(super) fn all_kinds_of_tasks() -> Result<Vec<Task>, Cause> {
    let reason = || Reason::new("locked").with_detail("by `Mara`, 'now' \u{1f512}");
    let states = [
        TaskState::Queued,
        TaskState::Deferred {
            until: Some(i64::MAX),
        },
        TaskState::Deferred { until: None },
        TaskState::Suspended {
            reasons: Suspension::of(SuspensionReason::PolicyDisabled)
                .with(SuspensionReason::FileFrozen),
        },
        TaskState::Retrying {
            at: i64::MIN,
            n: u32::MAX,
        },
        TaskState::Running,
        TaskState::Succeeded,
        TaskState::Skipped { reason: reason() },
        TaskState::Failed {
            reason: Reason::new("too_large"),
        },
        TaskState::Cancelled { reason: reason() },
        TaskState::Reverted { by: TaskId(4) },
    ];
    let mut tasks = Vec::new();
    for (number, state) in states.into_iter().enumerate() {
        let mut new = wish(number)?;
        let is_full = number % 2 == 0;
        if is_full {
            new.policy_order = PolicyOrder {
                priority: Some(u32::MAX),
                created_ms: i64::MIN,
            };
            new.matched = Some(MatchId::parse("' OR 1=1 --")?);
            new.label_priority = u32::MAX;
        } else {
            new.key.policy = None;
            new.key.action = match number % 4 {
                1 => ActionKind::AdminQuarantine,
                _ => ActionKind::Remove,
            };
        }
        let mut task = Task::new(TaskId(number as u64 + 1), new, i64::MIN);
        task.state = state;
        match task.state_kind() {
            StateKind::Running => task.custody.lease = Some(lease(i64::MIN)?),
            StateKind::Skipped => task.previous = PreviousLabel::None,
            _ => {}
        }
        if is_full {
            task.changed_ms = i64::MAX;
            task.custody.attempts = u32::MAX;
            task.last_error = Some(reason());
            task.previous = PreviousLabel::Label(label(9));
            task.intent = Some(WriteIntent::new(version("after")?).replacing(Some(label(9))));
            task.unit = Some(HalfDay(-1));
            task.reverts = Some(TaskId(4));
            task.custody.claims = u32::MAX;
            task.custody.opening = 77;
            task.looked_at = true;
            task.recheck = true;
        }
        tasks.push(task);
    }
    Ok(tasks)
}

pub(super) fn rows_come_back_as_they_were_put(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let tasks = all_kinds_of_tasks()?;
    let file = wish(0)?.key.file;
    let (p, applied, turns) = (policy("p")?, applied()?, turns()?);
    let other = wish(1)?.key.file;
    let quarantine = Quota::from_parts(DailyLimit(5), [3], [(HalfDay(7), 5)]);
    let events = [
        LogEvent::LimitChanged {
            action: APPLY,
            from: DailyLimit(100),
            to: DailyLimit(u32::MAX),
        },
        LogEvent::LimitReached {
            action: CountedAction::AdminQuarantine,
            limit: DailyLimit(0),
            until: i64::MIN,
        },
        LogEvent::PolicyDisabled {
            policy: p.clone(),
            tasks: 3,
        },
        LogEvent::PolicyEnabled {
            policy: p.clone(),
            tasks: 0,
        },
        LogEvent::PolicyDeleted {
            policy: p.clone(),
            tasks: 1,
        },
        LogEvent::LabelDisabled {
            label: label(1),
            tasks: u64::from(u32::MAX),
        },
        LogEvent::LabelEnabled {
            label: label(2),
            tasks: 0,
        },
        LogEvent::FileFrozen {
            file: file.clone(),
            tasks: 1,
        },
        LogEvent::FileUnfrozen {
            file: file.clone(),
            tasks: 1,
        },
    ];
    let by = admin()?;
    let mut entries: Vec<_> = events
        .into_iter()
        .map(|event| {
            let app = event.frozen_file().map(|file| file.app);
            let mut entry = LogEntry::new(MIDNIGHT, TENANT, by.clone(), event);
            entry.app = app;
            entry
        })
        .collect();
    for task in &tasks {
        let mut entry = LogEntry::of_task(task, MIDNIGHT, by.clone());
        if let Some(logged) = &mut entry.task
            && task.state_kind() == StateKind::Succeeded
        {
            logged.quota = Some(QuotaPosition {
                used: 7,
                limit: DailyLimit(u32::MAX),
            });
        }
        entries.push(entry);
    }
    store.transact(&mut |rows| {
        for task in &tasks {
            rows.next_task_id()?;
            rows.put_task(task)?;
        }
        rows.put_quota(TENANT, AppId::BOX, APPLY, &quota())?;
        rows.put_quota(
            TENANT,
            AppId::BOX,
            CountedAction::AdminQuarantine,
            &quarantine,
        )?;
        rows.put_label_disabled(&label(1), true)?;
        rows.put_label_disabled(&label(2), true)?;
        rows.put_label_disabled(&label(2), false)?;
        rows.put_frozen(TENANT, &file, Some(i64::MIN))?;
        rows.put_applied(TENANT, &file, Some(&applied))?;
        rows.put_turns(TENANT, &file, Some(&turns))?;
        rows.put_turns(TENANT, &other, Some(&turns))?;
        rows.put_turns(TENANT, &other, None)?;
        for entry in &mut entries {
            entry.sequence = rows.append_log(entry)?;
        }
        Ok(())
    })?;
    for _ in 0..2 {
        let (mut found, mut log) = (Vec::new(), Vec::new());
        let (mut facts, mut switches) = (None, None);
        store.view(&mut |rows| {
            found = rows.tasks(&TaskFilter::default(), TaskId(0), 1000)?;
            for task in &tasks {
                let single = rows.task(task.id)?;
                let known = rows.task_with_key(&task.key)?;
                if single.as_ref() != Some(task) || known != Some(task.id) {
                    found.clear();
                }
            }
            log = rows.log(&LogFilter::default(), 0, 1000)?;
            facts = Some((
                rows.quota(TENANT, AppId::BOX, APPLY)?,
                rows.quota(TENANT, AppId::BOX, CountedAction::AdminQuarantine)?,
                rows.quota(TENANT, AppId::DROPBOX, APPLY)?,
                rows.applied(TENANT, &file)?,
                rows.applied(TenantId::from_u128(9), &file)?,
                rows.policy(TENANT, &p)?,
                rows.task(TaskId(u64::MAX))?,
            ));
            switches = Some((
                rows.is_label_disabled(&label(1))?,
                rows.is_label_disabled(&label(2))?,
                rows.frozen_since(TENANT, &file)?,
                rows.frozen_since(TenantId::from_u128(9), &file)?,
                rows.turns(TENANT, &file)?,
                rows.turns(TENANT, &other)?,
            ));
            Ok(())
        })?;
        ensure_eq!(found, tasks);
        ensure_eq!(log, entries);
        ensure_eq!(
            switches,
            Some((true, false, Some(i64::MIN), None, Some(turns.clone()), None))
        );
        let enabled = PolicyState::Enabled;
        let expected = (
            quota(),
            quarantine.clone(),
            Quota::default(),
            Some(applied.clone()),
            None,
            enabled,
            None,
        );
        ensure_eq!(facts, Some(expected));
        store = source.reopen(store)?;
    }
    Ok(())
}
