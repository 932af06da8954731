use proptest::prelude::*;

use super::*;

/// 2021-01-05 00:00 UTC.
const MIDNIGHT: i64 = 1_609_804_800_000;
const HOUR: i64 = 3_600_000;

fn spent(limit: u32, now: i64) -> Quota {
    spent_by(DayReading::Calendar, limit, now)
}

fn spent_by(reading: DayReading, limit: u32, now: i64) -> Quota {
    let mut quota = Quota::new(DailyLimit(limit)).read_by(reading);
    for unit in 1..=limit {
        let taken = Unit::Taken {
            half: HalfDay::of(now),
            last: unit == limit,
        };
        assert_eq!(quota.take(now), taken);
    }
    quota
}

#[test]
fn r_163_the_table_of_resumptions() {
    // Section 4.6: when the limit is reached, and when work resumes by either reading; a leap day
    // and the hours around noon beside the table's own lines.
    let table = [
        (
            "2021-01-05 09:00:00 UTC",
            "2021-01-06 12:00:00 UTC",
            "2021-01-05 12:00:00 UTC",
        ),
        (
            "2021-01-05 12:00:00 UTC",
            "2021-01-06 12:00:00 UTC",
            "2021-01-06 12:00:00 UTC",
        ),
        (
            "2021-01-05 23:59:00 UTC",
            "2021-01-06 12:00:00 UTC",
            "2021-01-06 12:00:00 UTC",
        ),
        (
            "2021-12-31 15:00:00 UTC",
            "2022-01-01 12:00:00 UTC",
            "2022-01-01 12:00:00 UTC",
        ),
        (
            "2021-12-31 09:00:00 UTC",
            "2022-01-01 12:00:00 UTC",
            "2021-12-31 12:00:00 UTC",
        ),
        (
            "2021-01-05 00:00:00 UTC",
            "2021-01-06 12:00:00 UTC",
            "2021-01-05 12:00:00 UTC",
        ),
        (
            "2021-01-05 11:59:59.999 UTC",
            "2021-01-06 12:00:00 UTC",
            "2021-01-05 12:00:00 UTC",
        ),
        (
            "2021-01-05 23:59:59.999 UTC",
            "2021-01-06 12:00:00 UTC",
            "2021-01-06 12:00:00 UTC",
        ),
        (
            "2024-02-28 15:00:00 UTC",
            "2024-02-29 12:00:00 UTC",
            "2024-02-29 12:00:00 UTC",
        ),
        (
            "2024-02-29 09:00:00 UTC",
            "2024-03-01 12:00:00 UTC",
            "2024-02-29 12:00:00 UTC",
        ),
        (
            "2023-02-28 15:00:00 UTC",
            "2023-03-01 12:00:00 UTC",
            "2023-03-01 12:00:00 UTC",
        ),
        // The night in which clocks in New York go forward.
        (
            "2021-03-14 07:00:00 UTC",
            "2021-03-15 12:00:00 UTC",
            "2021-03-14 12:00:00 UTC",
        ),
        (
            "1969-12-31 15:00:00 UTC",
            "1970-01-01 12:00:00 UTC",
            "1970-01-01 12:00:00 UTC",
        ),
    ];
    for (reached, calendar, window) in table {
        let at = instant(reached);
        assert_eq!(utc_text(at), reached);
        for (reading, resumes) in [
            (DayReading::Calendar, calendar),
            (DayReading::Window, window),
        ] {
            let quota = spent_by(reading, 100, at);
            let until = quota.pause(at).unwrap().until.unwrap();
            assert_eq!(utc_text(until), resumes, "{reached} {reading:?}");
            // "The first instant that is allowed is 12:00:00.000 itself."
            assert!(quota.pause(until - 1).is_some());
            assert!(quota.pause(until).is_none());
            assert_eq!(quota.left(until), 100);
        }
    }
}

/// The instant that `utc_text` writes like this.
fn instant(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let days = label_core::calendar::days_from_date(number(0..4), number(5..7), number(8..10));
    let seconds = number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    let millis = if &text[19..20] == "." {
        number(20..23)
    } else {
        0
    };
    days * DAY_MS + seconds * 1000 + millis
}

#[test]
fn no_count_is_lost_when_days_are_read_otherwise() {
    let nine = MIDNIGHT + 9 * HOUR;
    let mut quota = Quota::new(DailyLimit(3));
    quota.take(nine);
    quota.take(nine + 6 * HOUR);
    // By the calendar both count today; by the window each is a day of its own.
    assert_eq!(quota.used_at(nine), 2);
    let quota = quota.read_by(DayReading::Window);
    assert_eq!(quota.used_at(nine), 1);
    assert_eq!(quota.used_at(nine + 6 * HOUR), 1);
    for day in [-3, 0, 7] {
        for reading in [DayReading::Calendar, DayReading::Window] {
            for half in reading.halves(day) {
                assert_eq!(reading.day_of_half(half), day);
            }
        }
    }
}

#[test]
fn a_day_that_was_reached_stays_so_when_the_clock_jumps_ahead_and_back() {
    let mut quota = spent(1, MIDNIGHT + 9 * HOUR);
    let ahead = MIDNIGHT + 5 * DAY_MS;
    assert!(matches!(quota.take(ahead), Unit::Taken { last: true, .. }));
    // Back on the morning after: still waiting for noon.
    let morning = MIDNIGHT + DAY_MS + 8 * HOUR;
    let noon = resume_at(day_of(MIDNIGHT));
    assert_eq!(quota.pause(morning), Some(Pause { until: Some(noon) }));
    assert!(matches!(quota.take(noon), Unit::Taken { .. }));
    // And the day that the clock was ahead at is spent when it comes.
    assert!(matches!(quota.take(ahead), Unit::Refused(_)));
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
    for half in 0..=HALVES_KEPT_MAX as i64 {
        quota.take(half * DAY_MS / 2);
    }
    assert_eq!(quota.halves().count(), HALVES_KEPT_MAX);
    // The first morning was forgotten, so the count of that day is not known any more.
    assert!(matches!(quota.take(0), Unit::Refused(_)));
    assert!(matches!(quota.take(DAY_MS / 2), Unit::Refused(_)));
    assert!(matches!(quota.take(DAY_MS), Unit::Taken { .. }));
    let copy = Quota::from_parts(DailyLimit(5), quota.reached(), quota.halves());
    assert_eq!(copy, quota);
    for day in 0..100 {
        quota.reach(day);
    }
    assert_eq!(quota.reached().count(), DAYS_KEPT_MAX);
    assert_eq!(quota.reached().last(), Some(99));
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
        quota.give_back(HalfDay::of(now), now);
        quota.give_back(HalfDay(i64::MIN), now);
        quota.give_back(HalfDay(i64::MAX), now);
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

/// The slow, obvious twin: it keeps the instant of every unit ever taken, finds the bounds of a day
/// hour by hour, and remembers every day that was reached.
struct Twin {
    window: bool,
    limit: usize,
    units: Vec<i64>,
    reached: Vec<i64>,
}

impl Twin {
    /// When the day of an instant begins.
    fn begin(&self, now: i64) -> i64 {
        let first_hour = if self.window { 12 } else { 0 };
        let mut hour = now - now.rem_euclid(HOUR);
        while hour.rem_euclid(DAY_MS) != first_hour * HOUR {
            hour -= HOUR;
        }
        hour
    }

    fn count(&self, now: i64) -> usize {
        let begin = self.begin(now);
        self.units
            .iter()
            .filter(|unit| self.begin(**unit) == begin)
            .count()
    }

    /// The first noon that lies in a later day than `now`.
    fn noon_after(&self, now: i64) -> i64 {
        let mut hour = now - now.rem_euclid(HOUR);
        while self.begin(hour) == self.begin(now) || hour.rem_euclid(DAY_MS) != 12 * HOUR {
            hour += HOUR;
        }
        hour
    }

    fn paused_until(&self, now: i64) -> Option<Option<i64>> {
        if self.limit == 0 {
            return Some(None);
        }
        if self.count(now) >= self.limit {
            return Some(Some(self.noon_after(now)));
        }
        let past = self.reached.iter().filter(|day| **day <= self.begin(now));
        let until = past.map(|day| self.noon_after(*day)).max()?;
        (now < until).then_some(Some(until))
    }

    fn reach(&mut self, now: i64) {
        let begin = self.begin(now);
        self.reached.push(begin);
    }

    fn take(&mut self, now: i64) -> bool {
        let free = self.paused_until(now).is_none();
        if free {
            self.units.push(now);
        }
        if self.limit > 0 && self.count(now) >= self.limit {
            self.reach(now);
        }
        free
    }

    fn give_back(&mut self, unit: usize, now: i64) -> HalfDay {
        let taken = self.units.remove(unit);
        let day = self.begin(taken);
        if day == self.begin(now) && self.count(now) < self.limit {
            self.reached.retain(|reached| *reached != day);
        }
        HalfDay::of(taken)
    }

    fn set_limit(&mut self, limit: usize, now: i64) {
        self.limit = limit;
        let stands: Vec<i64> = self
            .reached
            .iter()
            .copied()
            .filter(|day| limit > 0 && self.count(*day) >= limit)
            .collect();
        self.reached = stands;
        if limit > 0 && self.count(now) >= limit {
            self.reach(now);
        }
    }
}

proptest! {
    #[test]
    fn r_155_agrees_with_the_twin_and_never_exceeds_the_limit(
        window in any::<bool>(),
        events in events(),
    ) {
        let reading = if window { DayReading::Window } else { DayReading::Calendar };
        let mut now = MIDNIGHT;
        let mut quota = Quota::new(DailyLimit(3)).read_by(reading);
        let mut twin = Twin { window, limit: 3, units: Vec::new(), reached: Vec::new() };
        for event in events {
            match event {
                Event::Take => {
                    let taken = matches!(quota.take(now), Unit::Taken { .. });
                    prop_assert_eq!(taken, twin.take(now));
                    if taken {
                        prop_assert!(twin.count(now) <= twin.limit);
                    }
                }
                Event::GiveBack(_) if twin.units.is_empty() => {}
                Event::GiveBack(unit) => {
                    let half = twin.give_back(unit % twin.units.len(), now);
                    quota.give_back(half, now);
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
            prop_assert_eq!(quota.used_at(now) as usize, twin.count(now));
            // What a store keeps is all there is.
            let copy = Quota::from_parts(quota.limit(), quota.reached(), quota.halves());
            prop_assert_eq!(copy.read_by(reading), quota.clone());
        }
    }

    #[test]
    fn no_time_makes_it_panic(window in any::<bool>(), times in proptest::collection::vec(any::<i64>(), 0..60)) {
        let reading = if window { DayReading::Window } else { DayReading::Calendar };
        let mut quota = Quota::new(DailyLimit(1)).read_by(reading);
        for now in times {
            quota.take(now);
            quota.pause(now);
            quota.give_back(HalfDay::of(now.wrapping_add(DAY_MS)), now);
            quota.set_limit(DailyLimit(2), now.wrapping_mul(3));
            utc_text(now);
        }
    }
}
