//! When to read the list again (R-064, R-066, L-052).

use crate::sync::error::SyncOptionsError;
use crate::sync::random::Random;

/// How often to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleOptions {
    /// Between the starts of two reads, in milliseconds: from a minute to a week; an hour by
    /// default.
    pub period_ms: i64,
    /// By how much a read may come earlier, in milliseconds: from 0 to half of the period; five
    /// minutes by default. Never later, so that a change shows within the period (R-065).
    pub jitter_ms: i64,
    /// Least time between the starts of two reads, also of those asked for, in milliseconds: from 0
    /// to the period; five minutes by default.
    pub spacing_ms: i64,
}

impl Default for ScheduleOptions {
    fn default() -> Self {
        Self {
            period_ms: 3_600_000,
            jitter_ms: 300_000,
            spacing_ms: 300_000,
        }
    }
}

const PERIOD_MS_MIN: i64 = 60_000;
const PERIOD_MS_MAX: i64 = 7 * 86_400_000;

impl ScheduleOptions {
    fn check(&self) -> Result<(), SyncOptionsError> {
        for (name, value, min, max) in [
            ("period_ms", self.period_ms, PERIOD_MS_MIN, PERIOD_MS_MAX),
            ("jitter_ms", self.jitter_ms, 0, self.period_ms / 2),
            ("spacing_ms", self.spacing_ms, 0, self.period_ms),
        ] {
            if !(min..=max).contains(&value) {
                return Err(SyncOptionsError::Time {
                    name,
                    value,
                    min,
                    max,
                });
            }
        }
        Ok(())
    }
}

/// Says when the next read is due.
///
/// Reads start on a grid of whole periods from the first one, each up to the jitter earlier, and
/// never later than a period after the one before. So they don't drift, and each tenant has its own
/// minute. What was missed while the machine slept is made up for by one read. A clock that is set
/// back delays the next one by at most a period.
///
/// # Examples
///
/// ```
/// use label_core::sync::{Schedule, ScheduleOptions};
///
/// let mut schedule = Schedule::new(ScheduleOptions::default(), 7)?;
/// assert_eq!(schedule.due_ms(1_000), 1_000);
/// schedule.started(1_000);
/// let due = schedule.due_ms(1_000);
/// assert!((3_301_000..=3_601_000).contains(&due));
/// # Ok::<(), label_core::sync::SyncOptionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Schedule {
    options: ScheduleOptions,
    random: Random,
    started: Option<Started>,
    is_forced: bool,
    not_before_ms: Option<i64>,
    /// When an unknown label last asked for an early read.
    unknown_ms: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Started {
    anchor_ms: i64,
    last_ms: i64,
    due_ms: i64,
}

impl Schedule {
    /// A schedule whose first read is due at once. `seed` chooses the jitter: give each process
    /// another one.
    ///
    /// # Errors
    ///
    /// [`SyncOptionsError`] if a length of time makes no sense.
    pub fn new(options: ScheduleOptions, seed: u64) -> Result<Self, SyncOptionsError> {
        options.check()?;
        Ok(Self {
            options,
            random: Random::new(seed),
            started: None,
            is_forced: false,
            not_before_ms: None,
            unknown_ms: None,
        })
    }

    /// When the next read is due; `now_ms` or earlier: now.
    pub fn due_ms(&mut self, now_ms: i64) -> i64 {
        let latest = now_ms.saturating_add(self.options.period_ms);
        let due = match &mut self.started {
            None => now_ms,
            Some(started) => {
                if now_ms < started.last_ms {
                    // The clock was set back: the old grid is at times that are not to be waited for.
                    started.anchor_ms = now_ms;
                    started.last_ms = now_ms;
                }
                started.due_ms = started.due_ms.min(latest);
                let forced = started.last_ms.saturating_add(self.options.spacing_ms);
                match self.is_forced {
                    true => started.due_ms.min(forced),
                    false => started.due_ms,
                }
            }
        };
        let not_before = self.not_before_ms.map(|at| at.min(latest));
        self.not_before_ms = not_before;
        not_before.map_or(due, |at| due.max(at))
    }

    /// Notes that a read starts now.
    pub fn started(&mut self, now_ms: i64) {
        let period = self.options.period_ms;
        let anchor_ms = self.started.map_or(now_ms, |started| started.anchor_ms);
        // A read that came early by the jitter stands for the place on the grid that follows it.
        let (now, anchor) = (i128::from(now_ms), i128::from(anchor_ms));
        let passed = (now + i128::from(self.options.jitter_ms) - anchor).div_euclid(period.into());
        let place = anchor + (passed + 1) * i128::from(period);
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        let earlier = self.random.up_to(self.options.jitter_ms);
        let due_ms = place
            .saturating_sub(earlier)
            .min(now_ms.saturating_add(period))
            .max(now_ms.saturating_add(self.options.spacing_ms));
        self.started = Some(Started {
            anchor_ms,
            last_ms: now_ms,
            due_ms,
        });
        self.is_forced = false;
        self.not_before_ms = None;
    }

    /// Asks for a read as soon as the spacing allows.
    pub fn force(&mut self) {
        self.is_forced = true;
    }

    /// A file carries a label of this tenant that the list doesn't have
    /// ([`LabelOrigin::OwnUnknown`](crate::LabelOrigin::OwnUnknown)): it may be new. Asks for an early
    /// read, once in a period, however many such files there are (L-093); whether it did.
    pub fn unknown_label(&mut self, now_ms: i64) -> bool {
        let period_ms = self.options.period_ms;
        // A clock that was set back doesn't stop this for long.
        let is_recent = |asked: i64| (0..period_ms).contains(&now_ms.saturating_sub(asked));
        if self.unknown_ms.is_some_and(is_recent) {
            return false;
        }
        self.unknown_ms = Some(now_ms);
        self.force();
        true
    }

    /// The service asked not to be called before this time. It counts for a period at most.
    pub fn not_before(&mut self, at_ms: i64) {
        self.not_before_ms = Some(self.not_before_ms.map_or(at_ms, |known| known.max(at_ms)));
    }

    /// Notes that the read failed, for the how manieth time in a row: the next one comes after the
    /// spacing, then after twice as long and so on, and never later than it would have anyway
    /// (R-066).
    pub fn failed(&mut self, now_ms: i64, consecutive_failures: u32) {
        let doublings = consecutive_failures.saturating_sub(1).min(16);
        let wait_ms = self.options.spacing_ms.saturating_mul(1 << doublings);
        if let Some(started) = &mut self.started {
            started.due_ms = started.due_ms.min(now_ms.saturating_add(wait_ms));
        }
    }

    pub(super) const fn period_ms(&self) -> i64 {
        self.options.period_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn schedule(seed: u64) -> Schedule {
        Schedule::new(ScheduleOptions::default(), seed).unwrap()
    }

    #[test]
    fn r_064_l_052_hourly_for_a_day_without_drift() {
        for seed in 0..200 {
            let mut schedule = schedule(seed);
            let begin = 1_609_066_800_000 + i64::try_from(seed).unwrap() * 77_777;
            let mut starts = Vec::new();
            let mut now = begin;
            while now <= begin + 24 * HOUR {
                let due = schedule.due_ms(now);
                if due > now {
                    now = due;
                    continue;
                }
                starts.push(now);
                schedule.started(now);
            }
            let after_the_first: Vec<i64> = (starts.iter().skip(1))
                .map(|start| start - begin)
                .filter(|after| *after <= 24 * HOUR)
                .collect();
            assert_eq!(after_the_first.len(), 24, "seed {seed}");
            for (at, after) in (1..).zip(&after_the_first) {
                let early = at * HOUR - after;
                assert!((0..=5 * MINUTE).contains(&early), "seed {seed}: {early}");
            }
            for pair in starts.windows(2) {
                let gap = pair[1] - pair[0];
                assert!((55 * MINUTE..=HOUR).contains(&gap), "seed {seed}: {gap}");
            }
        }
    }

    #[test]
    fn r_066_what_failed_is_tried_again_ever_later_and_within_the_period() {
        let mut schedule = schedule(7);
        let mut now = 0;
        let mut waits = Vec::new();
        for failures in 1..8 {
            schedule.started(now);
            let regular = schedule.due_ms(now);
            schedule.failed(now, failures);
            let due = schedule.due_ms(now);
            assert!(due <= regular, "{failures}");
            waits.push((due - now) / MINUTE);
            now = due;
        }
        assert_eq!(waits[..3], [5, 10, 20]);
        let is_within = |wait: &i64| (5..=60).contains(wait);
        assert!(waits[3..].iter().all(is_within), "{waits:?}");
    }

    #[test]
    fn r_065_a_period_counts_from_the_start_whenever_it_is_asked_for() {
        for seed in 0..200 {
            let mut schedule = schedule(seed);
            schedule.started(0);
            // Early by the whole jitter, so that the next place is more than a period away.
            schedule.started(55 * MINUTE);
            assert!(schedule.due_ms(110 * MINUTE) <= 115 * MINUTE, "{seed}");
        }
    }

    #[test]
    fn l_052_one_read_after_ten_hours_of_sleep() {
        let mut schedule = schedule(1);
        schedule.started(0);
        let now = 10 * HOUR + 20 * MINUTE;
        assert!(schedule.due_ms(now) <= now);
        schedule.started(now);
        let due = schedule.due_ms(now);
        // Back on the grid, and not at once.
        assert!(
            (10 * HOUR + 55 * MINUTE..=11 * HOUR).contains(&due),
            "{due}"
        );
    }

    #[test]
    fn l_052_a_clock_set_back_waits_a_period_at_most() {
        for back in [MINUTE, HOUR, 1_000 * HOUR] {
            let mut schedule = schedule(2);
            let now = 2_000 * HOUR;
            schedule.started(now);
            let now = now - back;
            let due = schedule.due_ms(now);
            assert!(due <= now + HOUR, "{back}");
            schedule.started(due);
            assert!(schedule.due_ms(due) <= due + HOUR);
        }
        // Forward: one read at once, then the usual.
        let mut schedule = schedule(3);
        schedule.started(0);
        let now = 50_000 * HOUR + 1;
        assert!(schedule.due_ms(now) <= now);
        schedule.started(now);
        assert!(schedule.due_ms(now) > now + 50 * MINUTE);
    }

    #[test]
    fn l_052_forced_reads_keep_their_distance() {
        let mut schedule = schedule(4);
        schedule.force();
        assert_eq!(schedule.due_ms(0), 0);
        schedule.started(0);
        schedule.force();
        assert_eq!(schedule.due_ms(MINUTE), 5 * MINUTE);
        schedule.started(5 * MINUTE);
        assert!(schedule.due_ms(5 * MINUTE) >= 55 * MINUTE);
        schedule.not_before(90 * MINUTE);
        schedule.force();
        assert_eq!(schedule.due_ms(40 * MINUTE), 90 * MINUTE);
        // However long the service asks for, it is a period at most.
        schedule.not_before(i64::MAX);
        assert_eq!(schedule.due_ms(40 * MINUTE), 100 * MINUTE);
    }

    #[test]
    fn r_066_the_period_can_be_set_within_reason() {
        let every_minute = ScheduleOptions {
            period_ms: MINUTE,
            jitter_ms: 0,
            spacing_ms: MINUTE,
        };
        let mut schedule = Schedule::new(every_minute, 0).unwrap();
        schedule.started(0);
        assert_eq!(schedule.due_ms(0), MINUTE);
        let too_often = ScheduleOptions {
            period_ms: 1_000,
            ..ScheduleOptions::default()
        };
        assert_eq!(
            Schedule::new(too_often, 0).unwrap_err().to_string(),
            "period_ms: 1000 ms, must be from 60000 to 604800000"
        );
        let all_jitter = ScheduleOptions {
            jitter_ms: 2_000_000,
            ..ScheduleOptions::default()
        };
        assert_eq!(
            Schedule::new(all_jitter, 0).unwrap_err().to_string(),
            "jitter_ms: 2000000 ms, must be from 0 to 1800000"
        );
    }

    proptest::proptest! {
        #[test]
        fn l_052_no_clock_stalls_it(times: Vec<i64>, seed: u64) {
            let mut schedule = schedule(seed);
            for now in times {
                let due = schedule.due_ms(now);
                proptest::prop_assert!(due <= now.saturating_add(HOUR));
                if due <= now {
                    schedule.started(now);
                    let next = schedule.due_ms(now);
                    proptest::prop_assert!(next >= now.saturating_add(5 * MINUTE));
                }
            }
        }
    }
}
