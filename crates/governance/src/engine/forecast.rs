//! When what waits will run, as far as that follows from the daily limit.

use std::collections::BTreeSet;

use label_core::{AppId, TenantId};

use super::claim::OUT_OF_ORDER;
use super::{Governance, Settings};
use crate::error::Error;
use crate::quota::{CountedAction, DailyLimit, Quota, Unit};
use crate::store::{Store, WAITING_COUNT_MAX, Waiting};
use crate::task::{QueuePlace, TaskId};

/// When the tasks of an app will run, if nothing happens that changes it: those that count against
/// one daily limit, and those that count against none.
///
/// It takes every task that waits to be executed at once when the limit allows, successfully, one
/// unit each: tasks that turn out to have nothing to write make everything after them earlier,
/// retries and new tasks of higher rank later. Suspended tasks are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forecast {
    /// The limit that was reckoned with.
    pub limit: DailyLimit,
    /// Each task with its time in milliseconds UTC, in the order in which they run; those that
    /// will never run come last, without one.
    pub tasks: Vec<(TaskId, Option<i64>)>,
}

impl Forecast {
    /// When the last task is done, in milliseconds UTC: `None` where some will never run. Without
    /// any task it is no time either.
    pub fn finished_at(&self) -> Option<i64> {
        self.tasks.last().and_then(|(_, at)| *at)
    }

    /// When a task will run; `None` if it won't or isn't waiting.
    pub fn at(&self, id: TaskId) -> Option<i64> {
        let found = self.tasks.iter().find(|(task, _)| *task == id);
        found.and_then(|(_, at)| *at)
    }
}

impl<S: Store> Governance<S> {
    /// When each pending task of an app will run and when the backlog is done, with the limit that
    /// stands or, as a question, with another one.
    ///
    /// `action` says which limit. Tasks that count against the other one don't wait for it and are
    /// left out.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::store::MemoryStore;
    /// use governance::{CountedAction, DailyLimit, Governance, Settings};
    /// use label_core::{AppId, TenantId};
    ///
    /// let governance = Governance::open(MemoryStore::new(), Settings::default())?;
    /// let tenant = TenantId::from_u128(1);
    /// let action = CountedAction::ApplyLabel;
    /// let now = governance.forecast(tenant, AppId::BOX, action, None, 1_000)?;
    /// assert_eq!((now.limit, now.finished_at()), (DailyLimit(100), None));
    /// let more = Some(DailyLimit(500));
    /// let with_more = governance.forecast(tenant, AppId::BOX, action, more, 1_000)?;
    /// assert!(with_more.tasks.is_empty());
    /// # Ok::<(), governance::Error>(())
    /// ```
    pub fn forecast(
        &self,
        tenant: TenantId,
        app: AppId,
        action: CountedAction,
        what_if: Option<DailyLimit>,
        now: i64,
    ) -> Result<Forecast, Error> {
        let (mut quota, mut waiting) = (Quota::default(), Vec::new());
        self.view(|rows| {
            quota = rows.quota(tenant, app, action)?;
            waiting.clear();
            let mut after = None;
            // Places rise, so it ends where the queue ends.
            loop {
                let page = rows.waiting(tenant, app, after, WAITING_COUNT_MAX)?;
                let Some(last) = page.last() else { break };
                if after.is_some_and(|after| last.place <= after) {
                    return Err(OUT_OF_ORDER);
                }
                after = Some(last.place);
                let is_other = |one: &Waiting| one.counted.is_some_and(|other| other != action);
                waiting.extend(page.into_iter().filter(|one| !is_other(one)));
            }
            Ok(())
        })?;
        let mut quota = quota.read_by(self.settings.day);
        if let Some(limit) = what_if {
            quota.set_limit(limit, now);
        }
        Ok(forecast(&waiting, quota, &self.settings, now))
    }
}

/// Plays the days to come.
fn forecast(waiting: &[Waiting], mut quota: Quota, settings: &Settings, now: i64) -> Forecast {
    let exempt = |one: &Waiting| {
        settings
            .counted(!one.place.automatic, one.counted)
            .is_none()
    };
    let limit = quota.limit();
    let mut tasks = Vec::with_capacity(waiting.len());
    // By time and place what is tried again later, by place what only the limit keeps.
    let mut later: BTreeSet<(i64, QueuePlace)> = BTreeSet::new();
    let mut at_once: Vec<QueuePlace> = Vec::with_capacity(waiting.len());
    for one in waiting {
        let at = one.retry_at.map_or(now, |at| at.max(now));
        // What is being written has its unit, be it of an earlier day; and a unit that is held already
        // is enough for the rest of its day.
        let holds_unit = one.unit.is_some_and(|half| quota.is_of_today(half, at));
        if exempt(one) || one.writing || holds_unit && quota.covers(at) {
            tasks.push((at, one.place));
        } else if at > now {
            later.insert((at, one.place));
        } else {
            at_once.push(one.place);
        }
    }
    // Stores give them in their order; the sort is for those that don't keep to it.
    at_once.sort_unstable();
    let mut at_once = at_once.into_iter().peekable();
    let mut come: BTreeSet<QueuePlace> = BTreeSet::new();
    let mut now = now;
    // Each turn runs a task, or goes on to the end of a pause or to a retry; the first happens once
    // for each task, and so does the last; the second begins a day with units.
    loop {
        while let Some((_, place)) = later.first().copied().filter(|(at, _)| *at <= now) {
            later.pop_first();
            come.insert(place);
        }
        let first = come.first().copied();
        let next = at_once.peek().copied();
        let Some(place) = first.into_iter().chain(next).min() else {
            // Nothing is ready; perhaps something is tried again later.
            match later.first() {
                Some((at, _)) => now = *at,
                None => break,
            }
            continue;
        };
        match quota.take(now) {
            Unit::Taken { .. } => {
                if first == Some(place) {
                    come.pop_first();
                } else {
                    at_once.next();
                }
                tasks.push((now, place));
            }
            Unit::Refused(pause) => match pause.until.filter(|until| *until > now) {
                Some(until) => now = until,
                None => break,
            },
        }
    }
    tasks.sort_unstable();
    let later = later.into_iter().map(|(_, place)| place);
    let mut never: Vec<_> = later.chain(come).chain(at_once).collect();
    never.sort_unstable();
    let run = tasks.into_iter().map(|(at, place)| (place.id, Some(at)));
    let stay = never.into_iter().map(|place| (place.id, None));
    Forecast {
        limit,
        tasks: run.chain(stay).collect(),
    }
}
