//! What is told of tasks: the log, its numbers, and why a task waits.

use label_core::{AppId, FileId, TenantId};

use super::rows::all_kinds_of_tasks;
use super::scene::{HOUR, MIDNIGHT, RESUME, Scene, TENANT, admin, policy, wish};
use super::{StoreSource, Verdict, ensure_eq};
use crate::log::{LogEntry, LogEvent};
use crate::quota::{CountedAction, DailyLimit};
use crate::state::Status;
use crate::store::{ActionType, LogFilter, Rows, Store};
use crate::text::Initiator;

const NINE: i64 = MIDNIGHT + 9 * HOUR;

pub(super) fn numbers_are_never_given_twice(source: &mut dyn StoreSource) -> Verdict {
    let mut store = source.fresh()?;
    let entry = LogEntry::new(
        0,
        TENANT,
        admin()?,
        LogEvent::LimitReached {
            action: CountedAction::ApplyLabel,
            limit: DailyLimit(1),
            until: 0,
        },
    );
    let (mut ids, mut sequences, mut openings) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        store.transact(&mut |rows| {
            ids.push(rows.next_task_id()?.0);
            ids.push(rows.next_task_id()?.0);
            sequences.push(rows.append_log(&entry)?);
            // Also when the last entry is gone.
            rows.trim_log(1, 1000)?;
            openings.push(rows.begin_opening()?);
            Ok(())
        })?;
        store = source.reopen(store)?;
    }
    ensure_eq!(ids, [1, 2, 3, 4, 5, 6]);
    ensure_eq!(sequences, [1, 2, 3]);
    ensure_eq!(openings, [1, 2, 3]);
    Ok(())
}

/// The store gives the entries that the filter's plain meaning gives, over two pages.
fn check_filter(store: &dyn Store, entries: &[LogEntry], filter: &LogFilter) -> Verdict {
    let expected: Vec<_> = entries
        .iter()
        .filter(|entry| filter.matches(entry))
        .collect();
    let mut found = Vec::new();
    store.view(&mut |rows| {
        found = rows.log(filter, 0, 2)?;
        let after = found.last().map_or(0, |entry| entry.sequence);
        found.extend(rows.log(filter, after, 1000)?);
        Ok(())
    })?;
    ensure_eq!(found.iter().collect::<Vec<_>>(), expected);
    Ok(())
}

pub(super) fn a_032_the_log_is_filtered_and_trimmed(source: &mut dyn StoreSource) -> Verdict {
    // by app, status and type.
    let mut store = source.fresh()?;
    let mut entries = Vec::new();
    let event = LogEvent::LimitReached {
        action: CountedAction::AdminQuarantine,
        limit: DailyLimit(1),
        until: 0,
    };
    for (number, mut task) in all_kinds_of_tasks()?.into_iter().enumerate() {
        if number % 3 == 0 {
            task.key.file.app = AppId::DROPBOX;
        }
        if number % 4 == 0 {
            task.key.tenant = TenantId::from_u128(3);
        }
        let by = if number % 2 == 0 {
            admin()?
        } else {
            Initiator::parse("Policy p")?
        };
        entries.push(LogEntry::of_task(&task, number as i64, by));
        if number % 5 == 0 {
            entries.push(LogEntry::new(
                number as i64,
                TENANT,
                admin()?,
                event.clone(),
            ));
        }
    }
    store.transact(&mut |rows| {
        for entry in &mut entries {
            entry.sequence = rows.append_log(entry)?;
        }
        Ok(())
    })?;
    let statuses = [
        None,
        Some(Status::Pending),
        Some(Status::Successful),
        Some(Status::Failed),
    ];
    for tenant in [None, Some(TENANT)] {
        for app in [None, Some(AppId::BOX)] {
            for action in [
                None,
                Some(ActionType::Apply),
                Some(ActionType::Remove),
                Some(ActionType::AdminQuarantine),
            ] {
                for status in statuses {
                    let filter = LogFilter {
                        tenant,
                        app,
                        action,
                        status,
                        ..LogFilter::default()
                    };
                    check_filter(&store, &entries, &filter)?;
                }
            }
        }
    }
    let file = entries.iter().find_map(|entry| entry.file().cloned());
    for combination in 0_u8..32 {
        let set = |bit: u8| combination & (1 << bit) != 0;
        let filter = LogFilter {
            file: file.clone().filter(|_| set(0)),
            initiator: set(1).then(admin).transpose()?,
            from_ms: set(2).then_some(2),
            until_ms: set(3).then_some(5),
            tenant: set(4).then_some(TENANT),
            ..LogFilter::default()
        };
        check_filter(&store, &entries, &filter)?;
    }
    // Times 0, 0, 1, 2, 3, 4, 5, 5, …: five are older than 4, but three at a time go.
    let mut removed = Vec::new();
    for _ in 0..3 {
        store.transact(&mut |rows| {
            removed.push(rows.trim_log(4, 3)?);
            Ok(())
        })?;
    }
    ensure_eq!(removed, [3, 2, 0]);
    let mut left = Vec::new();
    store.view(&mut |rows: &dyn Rows| {
        left = rows.log(&LogFilter::default(), 0, 1000)?;
        Ok(())
    })?;
    let expected: Vec<_> = entries.into_iter().skip(5).collect();
    ensure_eq!(left, expected);
    Ok(())
}

pub(super) fn why_is_one_sentence(source: &mut dyn StoreSource) -> Verdict {
    let mut scene = Scene::new(source)?;
    scene.limit(1, NINE)?;
    let mut other = wish(2)?;
    other.key.policy = Some(policy("q")?);
    other.key.file.file = FileId::parse("other")?;
    let ids = scene.submit(&[wish(0)?, wish(1)?, other], NINE)?;
    scene.work_off(NINE)?;
    scene
        .governance
        .disable_policy(TENANT, &policy("q")?, &admin()?, NINE)?;
    let mut found = Vec::new();
    for id in ids {
        let why = scene.governance.why(id, NINE)?;
        found.push((why.until, why.sentence));
    }
    let noon = "waits until 2021-01-06 12:00:00 UTC: the daily limit of 1 in Box is reached";
    let expected = [
        (None, "done at 2021-01-05 09:00:00 UTC".to_owned()),
        (Some(RESUME), noon.to_owned()),
        (
            None,
            format!("waits until policy `q` is enabled; it {noon}"),
        ),
    ];
    ensure_eq!(found, expected);
    let entries = scene.governance.log(&LogFilter::default(), 0, 100)?;
    let suspended = LogEvent::PolicyDisabled {
        policy: policy("q")?,
        tasks: 1,
    };
    ensure_eq!(entries.last().map(|entry| &entry.event), Some(&suspended));
    Ok(())
}
