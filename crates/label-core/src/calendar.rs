//! The Gregorian calendar, for the crates that write and read dates: days since 1970 and back.
//!
//! Years are counted from March, so that the leap day is the last of its year; 400 years have
//! 146,097 days.

/// Days from 1 March of the year 0 to 1 January 1970.
const EPOCH_DAYS: i64 = 719_468;

/// Days since 1970-01-01 of a date. Months are 1 to 12, days from 1 on; a day that the month doesn't
/// have counts on into the next.
///
/// # Examples
///
/// ```
/// use label_core::calendar::{date_from_days, days_from_date};
///
/// assert_eq!(days_from_date(2020, 12, 27), 18_623);
/// assert_eq!(date_from_days(18_623), (2020, 12, 27));
/// // There is no such day, and so it is not what comes back.
/// assert_eq!(date_from_days(days_from_date(2021, 2, 29)), (2021, 3, 1));
/// ```
pub const fn days_from_date(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 {
        year.saturating_sub(1)
    } else {
        year
    };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = month.saturating_add(9).rem_euclid(12);
    let day_of_year = ((153 * month_from_march + 2) / 5).saturating_add(day.saturating_sub(1));
    let before = year_of_era * 365 + year_of_era / 4 - year_of_era / 100;
    let day_of_era = before.saturating_add(day_of_year);
    era.saturating_mul(146_097)
        .saturating_add(day_of_era)
        .saturating_sub(EPOCH_DAYS)
}

/// Year, month and day of a day since 1970-01-01.
pub const fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(EPOCH_DAYS);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day by day, by the rule that everybody knows.
    #[test]
    fn counting_days_gives_the_same_dates() {
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let (mut year, mut month, mut day) = (1_599, 1, 1);
        let first = days_from_date(year, month, day);
        for at in first..first + 900 * 365 {
            assert_eq!(date_from_days(at), (year, month, day));
            assert_eq!(days_from_date(year, month, day), at);
            let length = match month {
                2 if is_leap(year) => 29,
                2 => 28,
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        assert_eq!(days_from_date(1970, 1, 1), 0);
    }

    proptest::proptest! {
        #[test]
        fn any_numbers_are_survived(year: i64, month: i64, day: i64) {
            let _ = date_from_days(days_from_date(year, month, day));
            let _ = date_from_days(year);
        }
    }
}
