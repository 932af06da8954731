use proptest::prelude::*;

use super::*;

/// 2021-01-05 00:00 UTC.
const MIDNIGHT: i64 = 1_609_804_800_000;
const HOUR: i64 = 3_600_000;

fn spent(limit: u32, now: i64) -> Quota {
    let mut quota = Quota::new(DailyLimit(limit));
    for unit in 1..=limit {
        let taken = Unit::Taken {
            day: day_of(now),
            last: unit == limit,
        };
        assert_eq!(quota.take(now), taken);
    }
    quota
}

#[test]
fn r_163_the_table_of_resumptions() {
    // Section 4.6, reading 1: when the limit is reached, and when work resumes.
    let table = [
        (
            "2021-01-05 09:00:00 UTC",
            9 * HOUR,
            "2021-01-06 12:00:00 UTC",
        ),
        (
            "2021-01-05 12:00:00 UTC",
            12 * HOUR,
            "2021-01-06 12:00:00 UTC",
        ),
        (
            "2021-01-05 23:59:00 UTC",
            24 * HOUR - 60_000,
            "2021-01-06 12:00:00 UTC",
        ),
        (
            "2021-12-31 15:00:00 UTC",
            360 * DAY_MS + 15 * HOUR,
            "2022-01-01 12:00:00 UTC",
        ),
    ];
    for (reached_text, reached, resumes_text) in table {
        let reached = MIDNIGHT + reached;
        assert_eq!(utc_text(reached), reached_text);
        let quota = spent(100, reached);
        let until = quota.pause(reached).unwrap().until.unwrap();
        assert_eq!(utc_text(until), resumes_text);
        // "The first instant that is allowed is 12:00:00.000 itself."
        assert!(quota.pause(until - 1).is_some());
        assert!(quota.pause(until).is_none());
        assert_eq!(quota.left(until), 100);
    }
}

#[test]
fn r_163_the_pause_begins_with_the_last_unit_not_with_the_next_wish() {
    let quota = spent(100, MIDNIGHT + 23 * HOUR);
    let morning = MIDNIGHT + DAY_MS + 8 * HOUR;
    assert!(quota.pause(morning).is_some());
    assert_eq!(quota.left(morning), 0);
}

#[test]
fn r_166_a_pause_is_lifted_exactly_when_the_days_count_is_below_the_new_limit() {
    for (limit, lifted) in [(99, false), (100, false), (101, true), (0, false)] {
        for now in [MIDNIGHT + 9 * HOUR, MIDNIGHT + DAY_MS + 8 * HOUR] {
            let mut quota = spent(100, MIDNIGHT + 9 * HOUR);
            quota.set_limit(DailyLimit(limit), now);
            assert_eq!(quota.pause(now).is_none(), lifted, "{limit} at {now}");
        }
    }
}

#[test]
fn r_167_lowering_pauses_at_once_by_the_count_of_the_current_day() {
    let now = MIDNIGHT + 9 * HOUR;
    let morning = MIDNIGHT + DAY_MS + 8 * HOUR;
    for (limit, paused) in [(79, true), (80, true), (81, false)] {
        let mut quota = spent(100, now - DAY_MS);
        quota.set_limit(DailyLimit(200), now);
        for _ in 0..80 {
            quota.take(now);
        }
        quota.set_limit(DailyLimit(limit), now);
        assert_eq!(quota.pause(now).is_some(), paused, "{limit}");
        assert_eq!(quota.pause(morning).is_some(), paused, "{limit}");
    }
    // On the next day, the count of the day before pauses nothing that ran on.
    let mut quota = Quota::default();
    for _ in 0..80 {
        quota.take(now);
    }
    quota.set_limit(DailyLimit(50), morning);
    assert_eq!(quota.pause(morning), None);
}

#[test]
fn limit_zero_stands_until_it_is_raised_and_then_today_counts() {
    let now = MIDNIGHT + 9 * HOUR;
    let mut quota = spent(3, now);
    quota.set_limit(DailyLimit(0), now);
    for later in [now, MIDNIGHT + 100 * DAY_MS] {
        assert_eq!(quota.pause(later), Some(Pause { until: None }));
        assert_eq!(quota.take(later), Unit::Refused(Pause { until: None }));
    }
    let mut same_day = quota.clone();
    same_day.set_limit(DailyLimit(3), now);
    assert_eq!(
        same_day.pause(now).unwrap().until,
        Some(resume_at(day_of(now)))
    );
    let mut next_day = quota;
    let morning = MIDNIGHT + DAY_MS + 8 * HOUR;
    next_day.set_limit(DailyLimit(3), morning);
    assert_eq!(next_day.pause(morning), None);
}

#[test]
fn a_clock_that_goes_back_does_not_open_a_spent_day_and_one_from_the_future_locks_nothing() {
    let now = MIDNIGHT + 9 * HOUR;
    let mut quota = spent(5, now);
    let noon = resume_at(day_of(now));
    assert!(matches!(quota.take(noon), Unit::Taken { .. }));
    assert!(matches!(quota.take(now), Unit::Refused(_)));
    let mut future = spent(5, now + 50_000 * DAY_MS);
    assert!(matches!(future.take(now), Unit::Taken { .. }));
}

#[test]
fn days_that_were_forgotten_grant_nothing() {
    let mut quota = Quota::new(DailyLimit(5));
    for day in 0..=DAYS_KEPT_MAX as i64 {
        quota.take(day * DAY_MS);
    }
    assert_eq!(quota.days().count(), DAYS_KEPT_MAX);
    assert!(matches!(quota.take(0), Unit::Refused(_)));
    assert!(matches!(quota.take(DAY_MS), Unit::Taken { .. }));
    assert_eq!(Quota::from_parts(DailyLimit(5), None, quota.days()), quota);
}

#[test]
fn times_before_1970_and_at_the_ends_of_the_range() {
    assert_eq!(day_of(-1), -1);
    assert_eq!(utc_text(-1), "1969-12-31 23:59:59.999 UTC");
    assert_eq!(utc_text(951_782_400_000), "2000-02-29 00:00:00 UTC");
    assert_eq!(resume_at(i64::MAX), i64::MAX);
    assert_eq!(resume_at(day_of(i64::MIN)) / DAY_MS, day_of(i64::MIN) + 2);
    for now in [i64::MIN, -1, 0, i64::MAX] {
        let mut quota = spent(1, now);
        assert!(matches!(quota.take(now), Unit::Refused(_)));
        quota.give_back(day_of(now), now);
        quota.give_back(i64::MIN, now);
        quota.set_limit(DailyLimit(u32::MAX), now);
        assert!(matches!(quota.take(now), Unit::Taken { .. }));
        assert!(!utc_text(now).is_empty());
    }
}

/// What may happen to an allowance.
#[derive(Clone, Debug)]
enum Event {
    Take,
    GiveBack(usize),
    SetLimit(u32),
    Jump(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        8 => Just(Event::Take),
        2 => any::<usize>().prop_map(Event::GiveBack),
        2 => (0_u32..6).prop_map(Event::SetLimit),
        3 => (-3_i64..9).prop_map(|steps| Event::Jump(steps * 4 * HOUR)),
    ];
    proptest::collection::vec(event, 0..120)
}

/// The slow, obvious twin: it keeps every unit ever taken and looks for noon hour by hour.
struct Twin {
    limit: usize,
    units: Vec<i64>,
    reached: Option<i64>,
}

impl Twin {
    fn count(&self, day: i64) -> usize {
        self.units.iter().filter(|unit| **unit == day).count()
    }

    fn noon_after(day: i64) -> i64 {
        let mut instant = day * DAY_MS;
        while instant.div_euclid(DAY_MS) == day || instant.rem_euclid(DAY_MS) != 12 * HOUR {
            instant += HOUR;
        }
        instant
    }

    fn paused_until(&self, now: i64) -> Option<Option<i64>> {
        let today = now.div_euclid(DAY_MS);
        if self.limit == 0 {
            Some(None)
        } else if self.count(today) >= self.limit {
            Some(Some(Self::noon_after(today)))
        } else {
            match self.reached {
                Some(day) if day <= today && now < Self::noon_after(day) => {
                    Some(Some(Self::noon_after(day)))
                }
                _ => None,
            }
        }
    }

    fn take(&mut self, now: i64) -> bool {
        let today = now.div_euclid(DAY_MS);
        let free = self.paused_until(now).is_none();
        if free {
            self.units.push(today);
        }
        if self.limit > 0 && self.count(today) >= self.limit {
            self.reached = Some(today);
        }
        free
    }

    fn give_back(&mut self, unit: usize, now: i64) -> i64 {
        let day = self.units.remove(unit);
        let same_day = day == now.div_euclid(DAY_MS);
        if self.reached == Some(day) && same_day && self.count(day) < self.limit {
            self.reached = None;
        }
        day
    }

    fn set_limit(&mut self, limit: usize, now: i64) {
        self.limit = limit;
        let today = now.div_euclid(DAY_MS);
        self.reached = match self.reached {
            _ if limit == 0 => None,
            _ if self.count(today) >= limit => Some(today),
            Some(day) if self.count(day) < limit => None,
            stands => stands,
        };
    }
}

proptest! {
    #[test]
    fn r_155_agrees_with_the_twin_and_never_exceeds_the_limit(events in events()) {
        let mut now = MIDNIGHT;
        let mut quota = Quota::new(DailyLimit(3));
        let mut twin = Twin { limit: 3, units: Vec::new(), reached: None };
        for event in events {
            match event {
                Event::Take => {
                    let taken = matches!(quota.take(now), Unit::Taken { .. });
                    prop_assert_eq!(taken, twin.take(now));
                    if taken {
                        prop_assert!(twin.count(day_of(now)) <= twin.limit);
                    }
                }
                Event::GiveBack(_) if twin.units.is_empty() => {}
                Event::GiveBack(unit) => {
                    let day = twin.give_back(unit % twin.units.len(), now);
                    quota.give_back(day, now);
                }
                Event::SetLimit(limit) => {
                    quota.set_limit(DailyLimit(limit), now);
                    twin.set_limit(limit as usize, now);
                }
                // Fewer days than are kept, so that the twin's long memory is no advantage.
                Event::Jump(by) => now = (now + by).min(MIDNIGHT + 25 * DAY_MS),
            }
            let until = quota.pause(now).map(|pause| pause.until);
            prop_assert_eq!(until, twin.paused_until(now));
            prop_assert_eq!(quota.used_on(day_of(now)) as usize, twin.count(day_of(now)));
        }
    }

    #[test]
    fn no_time_makes_it_panic(times in proptest::collection::vec(any::<i64>(), 0..60)) {
        let mut quota = Quota::new(DailyLimit(1));
        for now in times {
            quota.take(now);
            quota.pause(now);
            quota.give_back(day_of(now.wrapping_add(DAY_MS)), now);
            quota.set_limit(DailyLimit(2), now.wrapping_mul(3));
            utc_text(now);
        }
    }
}
