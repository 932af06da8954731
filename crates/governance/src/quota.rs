//! The daily limit: how many labels may be applied in one app of one tenant on one UTC day.
//!
//! 100 a day is the product's figure; what is left is done "the next day (after 12:00 UTC)". Two
//! readings of that sentence exist. This is the calendar reading: units count by UTC calendar day,
//! and once the limit is reached on day D, nothing runs until D+1 12:00:00.000. Everything here is
//! integer arithmetic on milliseconds: no time zone, no daylight saving, no clock (R-165).

use std::collections::BTreeMap;
use std::fmt;

use label_core::calendar::date_from_days;

/// One day, in milliseconds. UTC as computers count it has no other days.
pub const DAY_MS: i64 = 86_400_000;

/// When a paused app resumes, in milliseconds after midnight UTC: noon.
pub const RESUME_AFTER_MIDNIGHT_MS: i64 = 43_200_000;

/// How many days of counts are kept for one app.
///
/// Today's and yesterday's are needed; the others keep a clock that goes back from spending a day
/// twice. On days older than the oldest kept, nothing is granted.
pub const DAYS_KEPT_MAX: usize = 32;

/// The UTC calendar day of an instant: days since 1970-01-01, negative before.
///
/// # Examples
///
/// ```
/// use governance::quota::{DAY_MS, day_of};
///
/// assert_eq!(day_of(0), 0);
/// assert_eq!(day_of(DAY_MS - 1), 0);
/// assert_eq!(day_of(-1), -1);
/// ```
pub const fn day_of(now: i64) -> i64 {
    now.div_euclid(DAY_MS)
}

/// When an app that was paused on `day` resumes: 12:00:00.000 UTC of the next day.
///
/// That instant itself is allowed. Beyond the range of the type it is the last instant.
///
/// # Examples
///
/// ```
/// use governance::quota::{DAY_MS, resume_at};
///
/// assert_eq!(resume_at(0), DAY_MS + DAY_MS / 2);
/// ```
pub const fn resume_at(day: i64) -> i64 {
    day.saturating_add(1)
        .saturating_mul(DAY_MS)
        .saturating_add(RESUME_AFTER_MIDNIGHT_MS)
}

/// How many labels may be applied in one app of one tenant on one UTC day: 100 unless changed.
///
/// 0 pauses the app for as long as it stands.
///
/// # Examples
///
/// ```
/// use governance::DailyLimit;
///
/// assert_eq!(DailyLimit::default(), DailyLimit(100));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DailyLimit(pub u32);

impl Default for DailyLimit {
    fn default() -> Self {
        Self(100)
    }
}

impl fmt::Display for DailyLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A paused app: no further label is applied in it for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// The first instant at which labels are applied again, in milliseconds UTC; `None` while the
    /// limit is 0, which only a change of the limit ends.
    pub until: Option<i64>,
}

/// What came of asking for one unit of the day's allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The unit is taken; it counts on `day`.
    Taken {
        /// The UTC day on which it counts.
        day: i64,
        /// Whether this was the day's last one, so that the app is paused from now on.
        last: bool,
    },
    /// None is left.
    Refused(Pause),
}

/// The allowance of one app in one tenant: its limit and what was used on which day.
///
/// The state behind R-155 to R-167, as plain data with the rules as methods. It knows nothing of
/// tasks. The calendar reading in full: *reached* means that a day's count equals the limit; from
/// then on the app is paused until noon of the next day, and the count of a new day starts at zero.
///
/// # Examples
///
/// ```
/// use governance::quota::{DAY_MS, Quota, Unit, resume_at};
/// use governance::DailyLimit;
///
/// let mut quota = Quota::new(DailyLimit(1));
/// assert_eq!(quota.take(0), Unit::Taken { day: 0, last: true });
/// let midnight = quota.pause(DAY_MS).expect("paused until noon");
/// assert_eq!(midnight.until, Some(resume_at(0)));
/// assert!(quota.pause(resume_at(0)).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    limit: DailyLimit,
    /// The latest day on which the limit was reached, until a change or a returned unit undoes it.
    reached_on: Option<i64>,
    used: BTreeMap<i64, u32>,
}

impl Default for Quota {
    fn default() -> Self {
        Self::new(DailyLimit::default())
    }
}

impl Quota {
    /// A fresh allowance, nothing used.
    pub fn new(limit: DailyLimit) -> Self {
        Self {
            limit,
            reached_on: None,
            used: BTreeMap::new(),
        }
    }

    /// The allowance with these parts: for stores that read it back. Of `used`, pairs of day and
    /// count, the latest [`DAYS_KEPT_MAX`] are kept.
    pub fn from_parts(
        limit: DailyLimit,
        reached_on: Option<i64>,
        used: impl IntoIterator<Item = (i64, u32)>,
    ) -> Self {
        let mut quota = Self::new(limit);
        quota.reached_on = reached_on;
        for (day, count) in used {
            quota.used.insert(day, count);
            quota.forget_old_days();
        }
        quota
    }

    /// The limit that stands.
    pub fn limit(&self) -> DailyLimit {
        self.limit
    }

    /// The day on which the limit was reached, if that still stands.
    pub fn reached_on(&self) -> Option<i64> {
        self.reached_on
    }

    /// The days that are kept and how much was used on each, oldest first.
    pub fn days(&self) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.used.iter().map(|(day, count)| (*day, *count))
    }

    /// How many units were used on `day`.
    pub fn used_on(&self, day: i64) -> u32 {
        self.used.get(&day).copied().unwrap_or(0)
    }

    /// How many units are left at `now`: none while the app is paused.
    pub fn left(&self, now: i64) -> u32 {
        match self.pause(now) {
            Some(_) => 0,
            None => self.limit.0.saturating_sub(self.used_on(day_of(now))),
        }
    }

    /// Whether the app is paused at `now`, and until when.
    pub fn pause(&self, now: i64) -> Option<Pause> {
        if self.limit.0 == 0 {
            return Some(Pause { until: None });
        }
        let today = day_of(now);
        if self.used_on(today) >= self.limit.0 || self.is_forgotten(today) {
            return Some(Pause {
                until: Some(resume_at(today)),
            });
        }
        // A day in the future was reached by a clock that has been set back since. It must not
        // pause the app until then; today's own count still protects today.
        let reached = self.reached_on.filter(|day| *day <= today)?;
        let until = resume_at(reached);
        (now < until).then_some(Pause { until: Some(until) })
    }

    /// Takes one unit for a label applied at `now`.
    pub fn take(&mut self, now: i64) -> Unit {
        let today = day_of(now);
        if let Some(pause) = self.pause(now) {
            if self.limit.0 > 0 && self.used_on(today) >= self.limit.0 {
                self.reached_on = Some(today);
            }
            return Unit::Refused(pause);
        }
        let count = self.used_on(today).saturating_add(1);
        self.used.insert(today, count);
        self.forget_old_days();
        let last = count >= self.limit.0;
        if last {
            self.reached_on = Some(today);
        }
        Unit::Taken { day: today, last }
    }

    /// Whether a unit taken earlier on the day of `now` may still be used: it may unless the limit
    /// was lowered below what is in use since.
    pub fn covers(&self, now: i64) -> bool {
        self.limit.0 > 0 && self.used_on(day_of(now)) <= self.limit.0
    }

    /// Takes back, at `now`, a unit of `day` whose label was not applied.
    ///
    /// On the day itself that ends a pause, for the count no longer equals the limit. After
    /// midnight it does not: a day that has ended as reached is waited out until noon.
    pub fn give_back(&mut self, day: i64, now: i64) {
        let Some(count) = self.used.get_mut(&day) else {
            return;
        };
        *count = count.saturating_sub(1);
        let below = *count < self.limit.0;
        if below && self.reached_on == Some(day) && day_of(now) == day {
            self.reached_on = None;
        }
    }

    /// Changes the limit at `now` (R-166, R-167).
    ///
    /// A pause ends if and only if the count of the day that caused it is below the new limit. A
    /// new limit at or below today's count pauses at once. After a limit of 0, only today's count
    /// matters.
    pub fn set_limit(&mut self, limit: DailyLimit, now: i64) {
        let today = day_of(now);
        self.limit = limit;
        if limit.0 == 0 {
            self.reached_on = None;
        } else if self.used_on(today) >= limit.0 {
            self.reached_on = Some(today);
        } else if let Some(day) = self.reached_on
            && self.used_on(day) < limit.0
        {
            self.reached_on = None;
        }
    }

    /// Whether `day` is older than everything kept, so that its count is unknown.
    fn is_forgotten(&self, day: i64) -> bool {
        self.used.len() >= DAYS_KEPT_MAX
            && self
                .used
                .first_key_value()
                .is_some_and(|(oldest, _)| day < *oldest)
    }

    fn forget_old_days(&mut self) {
        while self.used.len() > DAYS_KEPT_MAX {
            self.used.pop_first();
        }
    }
}

/// An instant as people write it: `2021-01-06 12:00:00 UTC`; milliseconds only where there are any.
pub(crate) fn utc_text(now: i64) -> String {
    let (year, month, day) = date_from_days(day_of(now));
    let in_day = now.rem_euclid(DAY_MS);
    let (hour, minute, second) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60);
    let millis = in_day % 1000;
    let fraction = if millis == 0 {
        String::new()
    } else {
        format!(".{millis:03}")
    };
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction} UTC")
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
