//! The daily limit of alerts.

use std::collections::BTreeMap;

use label_core::PolicyId;

/// One day, milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Most days that alerts are counted for, all policies together. When there are more, the oldest
/// goes; on a day as old, or older, no alert is raised any more.
pub const DAY_COUNTS_MAX: usize = 100_000;

/// The alerts of one policy on one UTC day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount {
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

/// Counts by day and policy, oldest day first.
#[derive(Clone, Debug)]
pub(super) struct DayCounts {
    counts: BTreeMap<(i64, PolicyId), DayCount>,
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

    pub(super) fn room(&self, policy: &PolicyId, limit: u32, now_ms: i64) -> Room {
        let day = day_of(now_ms);
        let raised = self
            .counts
            .get(&(day, policy.clone()))
            .map_or(0, |count| count.raised);
        if day < self.first_day || raised >= limit {
            Room::OverLimit
        } else {
            Room::Free
        }
    }

    pub(super) fn count(&mut self, policy: &PolicyId, room: Room, now_ms: i64) {
        let day = day_of(now_ms).max(self.first_day);
        let count = self
            .counts
            .entry((day, policy.clone()))
            .or_insert_with(|| DayCount {
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

    pub(super) fn restore(&mut self, count: DayCount) {
        let key = (day_of(count.day_start_ms), count.policy.clone());
        self.counts.insert(key, count);
        self.keep_bound();
    }

    /// Whether the oldest day began at or before an instant.
    pub(super) fn first_began_by(&self, instant_ms: i64) -> bool {
        let oldest = self.counts.values().next();
        oldest.is_some_and(|count| count.day_start_ms <= instant_ms)
    }

    /// Forgets the oldest day of one policy.
    pub(super) fn forget_oldest(&mut self) {
        if let Some(((day, _), _)) = self.counts.pop_first() {
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
