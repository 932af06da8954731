//! Rules that match too often are turned off.

use std::collections::BTreeMap;

use super::rule::EventRuleError;
use crate::program::DAY_MS;

/// Most days that are looked back on.
pub const OVERLOAD_DAYS_MAX: u32 = 366;

/// When a rule turns itself off: after more than so many matches a day on some of the last days.
/// Days are UTC days, by the time of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Overload {
    /// More matches than this make a day too many. Default: 50,000, the product's figure.
    pub matches_per_day_max: u32,
    /// So many such days turn the rule off. Default: 3. 0 never does.
    pub days: u32,
    /// Among so many days that end with the newest, 1 to [`OVERLOAD_DAYS_MAX`]; what is outside of
    /// that counts as the nearest in it. Default: 7.
    pub of_days: u32,
}

impl Default for Overload {
    fn default() -> Self {
        Self {
            matches_per_day_max: 50_000,
            days: 3,
            of_days: 7,
        }
    }
}

/// How often a rule matched on one UTC day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatchDay {
    /// When the day began, milliseconds UTC.
    pub day_start_ms: i64,
    /// How many matches there were.
    pub matches: u32,
}

/// Matches of the last days.
#[derive(Clone, Debug, Default)]
pub(super) struct MatchDays {
    counts: BTreeMap<i64, u32>,
}

impl MatchDays {
    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = MatchDay> {
        self.counts.iter().map(|(day, matches)| MatchDay {
            day_start_ms: day.saturating_mul(DAY_MS),
            matches: *matches,
        })
    }

    pub(super) fn restore(
        &mut self,
        overload: Overload,
        day: MatchDay,
    ) -> Result<(), EventRuleError> {
        let MatchDay {
            day_start_ms,
            matches,
        } = day;
        let key = day_start_ms.div_euclid(DAY_MS);
        if self.counts.insert(key, matches).is_some() {
            return Err(EventRuleError::Duplicate { day_start_ms });
        }
        self.keep_bound(overload);
        Ok(())
    }

    /// Counts a match. The start of the newest day if the rule has to be turned off.
    pub(super) fn count(&mut self, overload: Overload, at_ms: i64, now_ms: i64) -> Option<i64> {
        // Days that have not begun come from a clock that was ahead, and would hide all others.
        let today = now_ms.div_euclid(DAY_MS);
        self.counts.retain(|day, _| *day <= today);
        let count = self.counts.entry(at_ms.div_euclid(DAY_MS)).or_default();
        *count = count.saturating_add(1);
        self.keep_bound(overload);

        let newest = *self.counts.keys().next_back()?;
        let too_many = self
            .counts
            .values()
            .filter(|count| **count > overload.matches_per_day_max)
            .count();
        let days = usize::try_from(overload.days).unwrap_or(usize::MAX);
        (days > 0 && too_many >= days).then_some(newest.saturating_mul(DAY_MS))
    }
    /// Forgets days too old to count. At most one day more than `of_days` is there.
    fn keep_bound(&mut self, overload: Overload) {
        let Some(newest) = self.counts.keys().next_back().copied() else {
            return;
        };
        let of_days = i64::from(overload.of_days.clamp(1, OVERLOAD_DAYS_MAX));
        self.counts
            .retain(|day, _| newest.saturating_sub(*day) < of_days);
    }
}
