//! The daily limit: how many labels may be applied in one app of one tenant on one day, and how
//! many files put in quarantine.
//!
//! 100 a day is the product's figure; what is left is done "the next day (after 12:00 UTC)". Two
//! readings of that sentence exist, [`DayReading`]. By the default, units count by UTC calendar
//! day, and once the limit is reached on day D, nothing runs until D+1 12:00:00.000. Everything
//! here is integer arithmetic on milliseconds: no time zone, no daylight saving, no clock (R-165).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use label_core::calendar::date_from_days;

/// One day, in milliseconds. UTC as computers count it has no other days.
pub const DAY_MS: i64 = 86_400_000;

/// Longest pause in milliseconds: from the start of a day to noon of the next.
pub const PAUSE_MS_MAX: i64 = DAY_MS + DAY_MS / 2;

/// When a paused app resumes, in milliseconds after midnight UTC: noon.
pub const RESUME_AFTER_MIDNIGHT_MS: i64 = 43_200_000;

/// How many days of counts are kept for one app.
///
/// Today's and yesterday's are needed; the others keep a clock that goes back from spending a day
/// twice. On days older than the oldest kept, nothing is granted.
pub const DAYS_KEPT_MAX: usize = 32;

/// How many half-days of counts are kept for one app: those of [`DAYS_KEPT_MAX`] days.
pub const HALVES_KEPT_MAX: usize = DAYS_KEPT_MAX * 2;

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
/// That instant itself is allowed. Beyond the range of the type it is the last instant. Both
/// readings share it: a day of the window reading ends right there.
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

/// From noon to midnight or from midnight to noon, UTC: what units are counted by.
///
/// The number of half-days since 1970-01-01 00:00; even ones are mornings. Days of both readings
/// are made of two halves each, so that no count is lost when the reading is changed.
///
/// # Examples
///
/// ```
/// use governance::quota::{DAY_MS, HalfDay};
///
/// assert_eq!(HalfDay::of(0), HalfDay(0));
/// assert_eq!(HalfDay::of(DAY_MS / 2), HalfDay(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HalfDay(pub i64);

impl HalfDay {
    /// The half-day of an instant in milliseconds UTC.
    pub const fn of(now: i64) -> Self {
        Self(now.div_euclid(RESUME_AFTER_MIDNIGHT_MS))
    }
}

/// What "a day" of the daily limit is: the documentation can be read in two ways.
///
/// They differ where the limit is reached before noon: by the window it resumes the same calendar
/// day, which the documentation's "next day" excludes. So the calendar is the default.
///
/// # Examples
///
/// ```
/// use governance::quota::{DAY_MS, DayReading};
///
/// let nine_o_clock = 9 * 3_600_000;
/// assert_eq!(DayReading::Calendar.day_of(nine_o_clock), 0);
/// assert_eq!(DayReading::Window.day_of(nine_o_clock), -1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DayReading {
    /// Units count by UTC calendar day; a reached limit pauses until noon of the next day.
    #[default]
    Calendar,
    /// A day runs from 12:00 to 12:00 UTC and has the name of the day on which it begins.
    Window,
}

impl DayReading {
    /// The day that an instant belongs to.
    pub const fn day_of(self, now: i64) -> i64 {
        self.day_of_half(HalfDay::of(now))
    }

    /// The day that a half-day belongs to.
    pub const fn day_of_half(self, half: HalfDay) -> i64 {
        match self {
            Self::Calendar => half.0.div_euclid(2),
            Self::Window => half.0.saturating_sub(1).div_euclid(2),
        }
    }

    /// The two half-days of a day, the earlier first.
    pub const fn halves(self, day: i64) -> [HalfDay; 2] {
        let first = match self {
            Self::Calendar => day.saturating_mul(2),
            Self::Window => day.saturating_mul(2).saturating_add(1),
        };
        [HalfDay(first), HalfDay(first.saturating_add(1))]
    }
}

/// The actions that have a daily limit, each its own for every app and tenant.
///
/// Labels that are applied have had one from the beginning (R-155), files that are put in admin
/// quarantine since 2022 (A-036). Nothing else is counted (R-159).
///
/// # Examples
///
/// ```
/// use governance::{ActionKind, CountedAction};
///
/// assert_eq!(ActionKind::AdminQuarantine.counted(), Some(CountedAction::AdminQuarantine));
/// assert_eq!(ActionKind::Remove.counted(), None);
/// assert_eq!(CountedAction::ApplyLabel.to_string(), "apply label");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CountedAction {
    /// A label is applied.
    ApplyLabel,
    /// A file is put in the quarantine of the administrators.
    AdminQuarantine,
}

impl CountedAction {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ApplyLabel, Self::AdminQuarantine];
}

/// `apply label` or `put in admin quarantine`.
impl fmt::Display for CountedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApplyLabel => "apply label",
            Self::AdminQuarantine => "put in admin quarantine",
        })
    }
}

/// How many actions of one kind may be done in one app of one tenant on one UTC day: 100 unless
/// changed, for labels (R-155) as for quarantine (A-036).
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
    /// The unit is taken; it counts in `half`.
    Taken {
        /// The half-day in which it counts.
        half: HalfDay,
        /// Whether this was the day's last one, so that the app is paused from now on.
        last: bool,
    },
    /// None is left.
    Refused(Pause),
}

/// The allowance of one action in one app of one tenant: its limit and what was used when.
///
/// The state behind R-155 to R-167, as plain data with the rules as methods. It knows nothing of
/// tasks. *Reached* means that a day's count equals the limit; from then on the app is paused until
/// noon of the next day, and the count of a new day starts at zero.
///
/// # Examples
///
/// ```
/// use governance::quota::{DAY_MS, HalfDay, Quota, Unit, resume_at};
/// use governance::DailyLimit;
///
/// let mut quota = Quota::new(DailyLimit(1));
/// assert_eq!(quota.take(0), Unit::Taken { half: HalfDay(0), last: true });
/// let midnight = quota.pause(DAY_MS).expect("paused until noon");
/// assert_eq!(midnight.until, Some(resume_at(0)));
/// assert!(quota.pause(resume_at(0)).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    limit: DailyLimit,
    /// How days are read. A setting of whoever asks; stores don't keep it.
    reading: DayReading,
    /// The days on which the limit was reached, until a change or a returned unit undoes it. More
    /// than one, because a clock that jumped ahead and back again has left one in the future.
    reached: BTreeSet<i64>,
    used: BTreeMap<HalfDay, u32>,
}

impl Default for Quota {
    fn default() -> Self {
        Self::new(DailyLimit::default())
    }
}

impl Quota {
    /// A fresh allowance, nothing used, by the calendar.
    pub fn new(limit: DailyLimit) -> Self {
        Self {
            limit,
            reading: DayReading::default(),
            reached: BTreeSet::new(),
            used: BTreeMap::new(),
        }
    }

    /// The allowance with these parts: for stores that read it back. Of `used`, pairs of half-day
    /// and count, the latest [`HALVES_KEPT_MAX`] are kept, and of `reached`, the latest
    /// [`DAYS_KEPT_MAX`] days.
    pub fn from_parts(
        limit: DailyLimit,
        reached: impl IntoIterator<Item = i64>,
        used: impl IntoIterator<Item = (HalfDay, u32)>,
    ) -> Self {
        let mut quota = Self::new(limit);
        for (half, count) in used {
            quota.used.insert(half, count);
            quota.forget_old_days();
        }
        for day in reached {
            quota.reach(day);
        }
        quota
    }

    /// The same allowance with days read otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use governance::DailyLimit;
    /// use governance::quota::{DayReading, Quota};
    ///
    /// let mut quota = Quota::new(DailyLimit(1)).read_by(DayReading::Window);
    /// let nine_o_clock = 9 * 3_600_000;
    /// quota.take(nine_o_clock);
    /// assert_eq!(quota.pause(nine_o_clock).and_then(|pause| pause.until), Some(43_200_000));
    /// ```
    #[must_use]
    pub fn read_by(mut self, reading: DayReading) -> Self {
        self.reading = reading;
        self
    }

    /// The limit that stands.
    pub fn limit(&self) -> DailyLimit {
        self.limit
    }

    /// The days on which the limit was reached, as far as that still stands, oldest first.
    pub fn reached(&self) -> impl Iterator<Item = i64> + '_ {
        self.reached.iter().copied()
    }

    /// The half-days that are kept and how much was used in each, oldest first.
    pub fn halves(&self) -> impl Iterator<Item = (HalfDay, u32)> + '_ {
        self.used.iter().map(|(half, count)| (*half, *count))
    }

    /// How many units were used on `day`.
    pub fn used_on(&self, day: i64) -> u32 {
        let count = |half| self.used.get(&half).copied().unwrap_or(0);
        let [first, second] = self.reading.halves(day);
        count(first).saturating_add(count(second))
    }

    /// How many units were used on the day of `now`.
    pub fn used_at(&self, now: i64) -> u32 {
        self.used_on(self.reading.day_of(now))
    }

    /// How many units were used on the day that `half` belongs to.
    pub fn used_with(&self, half: HalfDay) -> u32 {
        self.used_on(self.reading.day_of_half(half))
    }

    /// How many units are left at `now`: none while the app is paused.
    pub fn left(&self, now: i64) -> u32 {
        match self.pause(now) {
            Some(_) => 0,
            None => self.limit.0.saturating_sub(self.used_at(now)),
        }
    }

    /// Whether the app is paused at `now`, and until when.
    pub fn pause(&self, now: i64) -> Option<Pause> {
        if self.limit.0 == 0 {
            return Some(Pause { until: None });
        }
        let today = self.reading.day_of(now);
        if self.used_on(today) >= self.limit.0 || self.is_forgotten(today) {
            return Some(Pause {
                until: Some(resume_at(today)),
            });
        }
        // A day in the future was reached by a clock that has been set back since. It must not
        // pause the app until then; today's own count still protects today.
        let reached = self.reached.range(..=today).next_back()?;
        let until = resume_at(*reached);
        (now < until).then_some(Pause { until: Some(until) })
    }

    /// Takes one unit for a label applied at `now`.
    pub fn take(&mut self, now: i64) -> Unit {
        let today = self.reading.day_of(now);
        if let Some(pause) = self.pause(now) {
            if self.limit.0 > 0 && self.used_on(today) >= self.limit.0 {
                self.reach(today);
            }
            return Unit::Refused(pause);
        }
        let half = HalfDay::of(now);
        let count = self.used.entry(half).or_default();
        *count = count.saturating_add(1);
        self.forget_old_days();
        let last = self.used_on(today) >= self.limit.0;
        if last {
            self.reach(today);
        }
        Unit::Taken { half, last }
    }

    /// Whether a unit taken in `half` counts on the day of `now`.
    pub fn is_of_today(&self, half: HalfDay, now: i64) -> bool {
        self.reading.day_of_half(half) == self.reading.day_of(now)
    }

    /// Whether a unit taken earlier on the day of `now` may still be used: it may unless the limit
    /// was lowered below what is in use since.
    pub fn covers(&self, now: i64) -> bool {
        self.limit.0 > 0 && self.used_at(now) <= self.limit.0
    }

    /// Takes back, at `now`, a unit of `half` whose label was not applied.
    ///
    /// On the day itself that ends a pause, for the count no longer equals the limit. Once the day
    /// is over it does not: a day that has ended as reached is waited out until noon.
    pub fn give_back(&mut self, half: HalfDay, now: i64) {
        let Some(count) = self.used.get_mut(&half) else {
            return;
        };
        *count = count.saturating_sub(1);
        let day = self.reading.day_of_half(half);
        if self.used_on(day) < self.limit.0 && self.reading.day_of(now) == day {
            self.reached.remove(&day);
        }
    }

    /// Changes the limit at `now` (R-166, R-167).
    ///
    /// A pause ends if and only if the count of the day that caused it is below the new limit. A
    /// new limit at or below today's count pauses at once. After a limit of 0, only today's count
    /// matters.
    pub fn set_limit(&mut self, limit: DailyLimit, now: i64) {
        let today = self.reading.day_of(now);
        self.limit = limit;
        if limit.0 == 0 {
            self.reached.clear();
            return;
        }
        let below: Vec<i64> = self
            .reached()
            .filter(|day| self.used_on(*day) < limit.0)
            .collect();
        for day in below {
            self.reached.remove(&day);
        }
        if self.used_on(today) >= limit.0 {
            self.reach(today);
        }
    }

    /// Whether `day` is older than everything kept, so that its count is unknown.
    fn is_forgotten(&self, day: i64) -> bool {
        let [first, _] = self.reading.halves(day);
        self.used.len() >= HALVES_KEPT_MAX
            && self
                .used
                .first_key_value()
                .is_some_and(|(oldest, _)| first < *oldest)
    }

    fn reach(&mut self, day: i64) {
        self.reached.insert(day);
        while self.reached.len() > DAYS_KEPT_MAX {
            self.reached.pop_first();
        }
    }

    fn forget_old_days(&mut self) {
        while self.used.len() > HALVES_KEPT_MAX {
            self.used.pop_first();
        }
    }
}

/// An instant as programs write it, RFC 3339: `2021-01-06T12:00:00Z`.
pub(crate) fn utc_rfc3339(now: i64) -> String {
    let text = utc_text(now);
    text.replacen(' ', "T", 1).replacen(" UTC", "Z", 1)
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
