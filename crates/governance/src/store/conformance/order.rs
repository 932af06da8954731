//! In which order a store gives its tasks, and which of them.

use label_core::{AppId, FileId, TenantId};

use super::rows::{all_kinds_of_tasks, lease};
use super::scene::{MIDNIGHT, TENANT, label, manual_wish, policy, suspended, version, wish};
use super::{StoreSource, Verdict, ensure_eq};
use crate::error::{Cause, Error};
use crate::quota::CountedAction;
use crate::state::{StateKind, Status, TaskState};
use crate::store::{ActionType, Backlog, Rows, Store, TaskFilter};
use crate::task::{ActionKind, Task, TaskId};

pub(super) fn leases_come_by_their_end(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let mut tasks = Vec::new();
    for (number, until) in [Some(50), Some(-7), None, Some(49)].into_iter().enumerate() {
        let mut task = Task::new(TaskId(number as u64 + 1), wish(number)?, 0);
        task.state = TaskState::Running;
        task.custody.lease = until.map(lease).transpose()?;
        tasks.push(task);
    }
    store.transact(&mut |rows| tasks.iter().try_for_each(|task| rows.put_task(task)))?;
    for (now, expected) in [(-8, vec![]), (49, vec![2, 4]), (i64::MAX, vec![2, 4, 1])] {
        let mut found = Vec::new();
        store.view(&mut |rows| {
            found = rows
                .lease_ended(now, 1000)?
                .iter()
                .map(|task| task.id.0)
                .collect();
            Ok(())
        })?;
        ensure_eq!(found, expected);
    }
    let mut next = None;
    store.transact(&mut |rows| {
        for task in &mut tasks {
            task.custody.lease = None;
            rows.put_task(task)?;
        }
        next = rows.next_lease_end()?;
        Ok(())
    })?;
    ensure_eq!(next, None);
    Ok(())
}

pub(super) fn the_tasks_of_a_file_come_by_number(source: &mut dyn StoreSource) -> Verdict {
    const COUNT: u64 = 23;
    let mut store = source.fresh()?;
    let states = [TaskState::Queued, TaskState::Running, TaskState::Succeeded];
    let mut tasks = Vec::new();
    for id in (1..=COUNT).rev() {
        let mut new = manual_wish(usize::from(id % 5 == 0))?;
        // Versions that order them otherwise than their numbers do.
        new.key.file_version = version(&(id * 7 % COUNT).to_string())?;
        let mut task = Task::new(TaskId(id), new, MIDNIGHT);
        task.state = states
            .iter()
            .cycle()
            .nth(id as usize)
            .cloned()
            .unwrap_or(TaskState::Queued);
        tasks.push(task);
    }
    store.transact(&mut |rows| tasks.iter().try_for_each(|task| rows.put_task(task)))?;
    tasks.reverse();
    for kinds in [
        &[][..],
        &[StateKind::Queued],
        &[StateKind::Running, StateKind::Succeeded],
    ] {
        let mut filter = TaskFilter::of_tenant(TENANT, kinds);
        filter.file = Some(manual_wish(0)?.key.file);
        for (count, after) in [
            (1, 0),
            (2, 0),
            (3, 4),
            (5, 11),
            (usize::MAX, 1),
            (2, COUNT),
            (0, 0),
        ] {
            let after = TaskId(after);
            let wanted = tasks
                .iter()
                .filter(|task| filter.matches(task) && task.id > after);
            let expected: Vec<_> = wanted.take(count).cloned().collect();
            let mut found = Vec::new();
            store.view(&mut |rows| {
                found = rows.tasks(&filter, after, count)?;
                Ok(())
            })?;
            ensure_eq!(found, expected);
        }
    }
    // Of two, and of one that is alone, whatever was asked before.
    for (file, ids) in [(2, vec![101, 102]), (3, vec![103])] {
        let mut filter = TaskFilter::of_tenant(TENANT, &[StateKind::Queued]);
        filter.file = Some(manual_wish(file)?.key.file);
        let new = manual_wish(file)?;
        store.transact(&mut |rows| {
            ids.iter()
                .try_for_each(|id| rows.put_task(&Task::new(TaskId(*id), new.clone(), MIDNIGHT)))
        })?;
        for after in [101, 0, 103, 100, 102, 0, 101] {
            let expected: Vec<_> = ids.iter().filter(|id| **id > after).copied().collect();
            let mut found = Vec::new();
            store.view(&mut |rows| {
                let tasks = rows.tasks(&filter, TaskId(after), 1000)?;
                found = tasks.iter().map(|task| task.id.0).collect();
                Ok(())
            })?;
            ensure_eq!(found, expected);
        }
    }
    Ok(())
}

pub(super) fn tasks_are_filtered_and_paged(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let mut tasks = all_kinds_of_tasks()?;
    for (number, task) in tasks.iter_mut().enumerate() {
        if number % 3 == 0 {
            task.key.tenant = TenantId::from_u128(3);
        }
        if number % 4 == 0 {
            task.key.file.app = AppId::DROPBOX;
        }
        if number % 5 == 0 {
            task.key.file.file = FileId::parse("same")?;
        }
    }
    store.transact(&mut |rows| {
        tasks.iter().try_for_each(|task| {
            rows.next_task_id()?;
            rows.put_task(task)
        })
    })?;
    // Every combination of conditions, each set or not, against the plain meaning.
    for combination in 0_u32..256 {
        let set = |bit: u32| combination & (1 << bit) != 0;
        let first = wish(0)?.key;
        let filter = TaskFilter {
            tenant: set(0).then_some(TENANT),
            app: set(1).then_some(AppId::BOX),
            file: set(2).then(|| {
                let mut file = first.file.clone();
                file.app = AppId::DROPBOX;
                file.file
                    .clone_from(&FileId::parse("same").unwrap_or(first.file.file));
                file
            }),
            policy: set(3).then_some(policy("p")?),
            action: match (set(4), set(7)) {
                (false, _) => None,
                (true, false) => Some(ActionType::Remove),
                (true, true) => Some(ActionType::AdminQuarantine),
            },
            label: set(6).then_some(label(1)),
            states: if set(5) {
                vec![StateKind::Deferred, StateKind::Failed, StateKind::Queued]
            } else {
                Vec::new()
            },
        };
        let expected: Vec<_> = tasks.iter().filter(|task| filter.matches(task)).collect();
        let mut found = Vec::new();
        store.view(&mut |rows| {
            let mut after = TaskId(0);
            for _ in 0..=tasks.len() {
                let page = rows.tasks(&filter, after, 2)?;
                after = page.last().map_or(after, |task| task.id);
                found.extend(page);
            }
            Ok(())
        })?;
        ensure_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
    Ok(())
}

pub(super) fn the_queue_has_its_order(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let mut tasks = Vec::new();
    for number in 0..24_usize {
        let mut new = wish(number)?;
        new.label_priority = [3, 0, u32::MAX, 1].get(number % 4).copied().unwrap_or(0);
        if number % 5 == 0 {
            new.key.policy = None;
        }
        let mut task = Task::new(TaskId(number as u64 + 1), new, MIDNIGHT);
        if number % 7 == 0 {
            task.state = suspended();
        }
        tasks.push(task);
    }
    store.transact(&mut |rows| tasks.iter().try_for_each(|task| rows.put_task(task)))?;
    tasks.retain(|task| task.state == TaskState::Queued);
    tasks.sort_by_key(Task::place);
    for count in [1, 5, 1000] {
        let mut found = Vec::new();
        store.view(&mut |rows| {
            for _ in 0..=tasks.len() {
                let after = found.last().map(Task::place);
                found.extend(rows.queued(after, count)?);
            }
            Ok(())
        })?;
        ensure_eq!(found, tasks);
    }
    Ok(())
}

/// The numbers of the tasks that a look finds.
fn numbers(
    store: &dyn Store,
    look: impl Fn(&dyn Rows) -> Result<Vec<Task>, Error>,
) -> Result<Vec<u64>, Cause> {
    let mut found = Vec::new();
    store.view(&mut |rows| {
        found = look(rows)?.iter().map(|task| task.id.0).collect();
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn what_is_due_comes_by_time(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let times = [
        Some(50),
        Some(-7),
        None,
        Some(50),
        Some(i64::MAX),
        Some(49),
        Some(3),
        Some(50),
        Some(50),
    ];
    let mut tasks = Vec::new();
    for (number, time) in times.into_iter().enumerate() {
        let mut new = wish(number)?;
        new.label_priority = u32::try_from(number)?;
        if number == 8 {
            new.key.policy = None;
            new.label_priority = 0;
        }
        let mut task = Task::new(TaskId(number as u64 + 1), new, 0);
        task.state = match (number % 2, time) {
            (1, Some(at)) => TaskState::Retrying { at, n: 1 },
            _ => TaskState::Deferred { until: time },
        };
        tasks.push(task);
    }
    store.transact(&mut |rows| tasks.iter().try_for_each(|task| rows.put_task(task)))?;
    // Tries by their time, deferred tasks by their place in the queue, whatever their time.
    for (now, retries, deferred) in [
        (i64::MIN, vec![], vec![]),
        (3, vec![2], vec![7]),
        (49, vec![2, 6], vec![7]),
        (50, vec![2, 6, 4, 8], vec![9, 7, 1]),
        (i64::MAX, vec![2, 6, 4, 8], vec![9, 7, 5, 1]),
    ] {
        ensure_eq!(
            numbers(&store, |rows| rows.retries_due(now, 1000))?,
            retries
        );
        ensure_eq!(
            numbers(&store, |rows| rows.deferred_due(now, 1000))?,
            deferred
        );
        let first = deferred.get(..deferred.len().min(2)).unwrap_or_default();
        ensure_eq!(numbers(&store, |rows| rows.deferred_due(now, 2))?, first);
    }
    for (at, retries, deferred) in [
        (i64::MIN, vec![8, 4, 6, 2], vec![5, 1, 9, 7]),
        (49, vec![8, 4], vec![5, 1, 9]),
        (50, vec![], vec![5]),
        (i64::MAX, vec![], vec![]),
    ] {
        let found = numbers(&store, |rows| rows.retries_beyond(at, 1000))?;
        ensure_eq!(found, retries);
        let found = numbers(&store, |rows| rows.deferred_beyond(at, 1000))?;
        ensure_eq!(found, deferred);
    }
    let mut next = None;
    store.view(&mut |rows| {
        next = rows.next_due()?;
        Ok(())
    })?;
    ensure_eq!(next, Some(-7));
    // Put off as one: those of policies that are due, of this action, app and tenant.
    let mut other = tasks.get(6).cloned().ok_or("seven tasks")?;
    other.id = TaskId(10);
    other.key.action = ActionKind::AdminQuarantine;
    store.transact(&mut |rows| rows.put_task(&other))?;
    let apply = CountedAction::ApplyLabel;
    let by_hand = false;
    let due = |now| Backlog::Due { now, by_hand };
    let (mut none, mut put_off) = (0, 0);
    store.transact(&mut |rows| {
        none = rows.put_off(TENANT, AppId::DROPBOX, apply, due(50), Some(60))?;
        none += rows.put_off(TenantId::from_u128(9), AppId::BOX, apply, due(50), None)?;
        put_off = rows.put_off(TENANT, AppId::BOX, apply, due(50), Some(60))?;
        Ok(())
    })?;
    ensure_eq!((none, put_off), (0, 2));
    ensure_eq!(
        numbers(&store, |rows| rows.deferred_due(50, 1000))?,
        [9, 10]
    );
    ensure_eq!(
        numbers(&store, |rows| rows.deferred_due(60, 1000))?,
        [9, 7, 10, 1]
    );
    store = source.reopen(store)?;
    store.transact(&mut |rows| {
        rows.put_off(TENANT, AppId::BOX, apply, due(60), None)
            .map(drop)
    })?;
    ensure_eq!(
        numbers(&store, |rows| rows.deferred_due(60, 1000))?,
        [9, 10]
    );
    let seventh = TaskState::Deferred { until: None };
    let mut state = None;
    store.view(&mut |rows| {
        state = rows.task(TaskId(7))?.map(|task| task.state);
        Ok(())
    })?;
    ensure_eq!(state, Some(seventh));
    // Also by hand; and all of them, whatever they wait for.
    let (mut by_hand, mut all) = (0, 0);
    store.transact(&mut |rows| {
        let which = Backlog::Due {
            now: 50,
            by_hand: true,
        };
        by_hand = rows.put_off(TENANT, AppId::BOX, apply, which, Some(70))?;
        all = rows.put_off(TENANT, AppId::BOX, apply, Backlog::All, Some(5))?;
        Ok(())
    })?;
    ensure_eq!((by_hand, all), (1, 5));
    ensure_eq!(
        numbers(&store, |rows| rows.deferred_due(5, 1000))?,
        [9, 7, 10, 5, 3, 1]
    );
    Ok(())
}

pub(super) fn pending_tasks_are_counted(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let tasks = all_kinds_of_tasks()?;
    // Added, moved, taken back, removed; some of them in changes that fail.
    let mut expected = 0_u64;
    for round in 0..tasks.len() {
        let fails = round % 3 == 2;
        let mut count = expected;
        let made = store.transact(&mut |rows| {
            count = expected;
            for (number, task) in tasks.iter().enumerate() {
                let mut task = task.clone();
                let other = tasks.get((number + round) % tasks.len());
                task.state = other.map_or(TaskState::Queued, |other| other.state.clone());
                task.custody.lease = None;
                let before = rows.task(task.id)?;
                let was = before.is_some_and(|task| task.state.status() == Status::Pending);
                let is = task.state.status() == Status::Pending && number % 4 != 3;
                if number % 4 == 3 {
                    rows.remove_task(task.id)?;
                } else {
                    rows.put_task(&task)?;
                }
                count = count + u64::from(is) - u64::from(was);
            }
            if rows.pending()? != count {
                return Err(Error::unavailable("check", "counted wrongly inside"));
            }
            match fails {
                true => Err(Error::unavailable("check", "as planned")),
                false => Ok(()),
            }
        });
        match made {
            Ok(()) => expected = count,
            Err(_) if fails => {}
            Err(error) => return Err(error.into()),
        }
        let mut found = 0;
        store.view(&mut |rows| {
            found = rows.pending()?;
            Ok(())
        })?;
        ensure_eq!(found, expected);
        store = source.reopen(store)?;
    }
    Ok(())
}
