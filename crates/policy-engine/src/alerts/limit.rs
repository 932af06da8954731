//! The daily limit of alerts.

use std::collections::BTreeMap;

use label_core::PolicyId;

use super::alert::PolicyKind;
use super::error::AlertError;
use crate::program::DAY_MS;

/// Most days that alerts are counted for, all policies together. When there are more, the oldest
/// goes; on a day as old, or older, no alert is raised any more.
pub const DAY_COUNTS_MAX: usize = 100_000;

/// The alerts of one policy on one UTC day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// What kind of policy it is. Each kind has ids of its own.
    pub kind: PolicyKind,
    /// The policy.
    pub policy: PolicyId,
    /// When the day began, milliseconds UTC.
    pub day_start_ms: i64,
    /// How many were raised.
    pub raised: u32,
    /// How many were not, because of the limit: the number for the day's summary.
    pub over_limit: u64,
}

/// Whether one more may be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    OverLimit,
}

type Key = (i64, PolicyKind, PolicyId);

/// Counts by day and policy, oldest day first.
#[derive(Clone, Debug)]
pub(super) struct DayCounts {
    counts: BTreeMap<Key, DayCount>,
    /// The first day that nothing was forgotten of, so that a clock that goes back can't have a
    /// day's alerts twice.
    first_day: i64,
}

impl Default for DayCounts {
    fn default() -> Self {
        Self {
            counts: BTreeMap::new(),
            first_day: i64::MIN,
        }
    }
}

impl DayCounts {
    pub(super) fn iter(&self) -> impl Iterator<Item = &DayCount> {
        self.counts.values()
    }

    /// The first day that nothing was forgotten of; `None` when nothing ever was.
    pub(super) fn first_day(&self) -> Option<i64> {
        (self.first_day > i64::MIN).then_some(self.first_day)
    }

    pub(super) fn restore_first_day(&mut self, day: i64) {
        self.first_day = self.first_day.max(day);
    }

    pub(super) fn room(
        &self,
        kind: PolicyKind,
        policy: &PolicyId,
        limit: u32,
        now_ms: i64,
    ) -> Room {
        let day = day_of(now_ms);
        let raised = self
            .counts
            .get(&(day, kind, policy.clone()))
            .map_or(0, |count| count.raised);
        if day < self.first_day || raised >= limit {
            Room::OverLimit
        } else {
            Room::Free
        }
    }

    pub(super) fn count(&mut self, kind: PolicyKind, policy: &PolicyId, room: Room, now_ms: i64) {
        let day = day_of(now_ms);
        let count = self
            .counts
            .entry((day, kind, policy.clone()))
            .or_insert_with(|| DayCount {
                kind,
                policy: policy.clone(),
                day_start_ms: day.saturating_mul(DAY_MS),
                raised: 0,
                over_limit: 0,
            });
        match room {
            Room::Free => count.raised = count.raised.saturating_add(1),
            Room::OverLimit => count.over_limit = count.over_limit.saturating_add(1),
        }
        self.keep_bound();
    }

    pub(super) fn restore(&mut self, count: DayCount) -> Result<(), AlertError> {
        let (policy, day_start_ms) = (count.policy.clone(), count.day_start_ms);
        let key = (day_of(day_start_ms), count.kind, policy.clone());
        if self.counts.insert(key, count).is_some() {
            return Err(AlertError::DuplicateDay {
                policy,
                day_start_ms,
            });
        }
        self.keep_bound();
        Ok(())
    }

    /// Whether the oldest day was over at an instant. The newest day that has counts is never said
    /// to be: under a clock that is ahead for a moment it is today, and to forget it would silence
    /// the rest of it.
    pub(super) fn is_oldest_over_by(&self, instant_ms: i64) -> bool {
        let (Some((oldest, ..)), Some((newest, ..))) =
            (self.counts.keys().next(), self.counts.keys().next_back())
        else {
            return false;
        };
        let end_ms = oldest.saturating_add(1).saturating_mul(DAY_MS);
        oldest < newest && end_ms <= instant_ms
    }

    /// Forgets the oldest day of one policy.
    pub(super) fn forget_oldest(&mut self) {
        if let Some(((day, ..), _)) = self.counts.pop_first() {
            self.first_day = self.first_day.max(day.saturating_add(1));
        }
    }

    fn keep_bound(&mut self) {
        while self.counts.len() > DAY_COUNTS_MAX {
            self.forget_oldest();
        }
    }
}

/// The UTC day of an instant.
fn day_of(now_ms: i64) -> i64 {
    now_ms.div_euclid(DAY_MS)
}
