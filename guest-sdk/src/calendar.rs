//! Dates and times of day as seconds since the Unix epoch, and back: UTC and the proleptic Gregorian calendar, without a
//! calendar library in the plugin. How they are written is left to others.
//!
//! The algorithms are Howard Hinnant's `days_from_civil` and its inverse.

const DAY: i64 = 86_400;
/// Far beyond what a timestamp holds, and far below where the arithmetic would overflow.
const MOST_YEARS: i64 = 1_000_000;

/// Days from 1970-01-01 to a date; `None` for what is no date.
///
/// ```
/// # use wellhead_sdk::calendar::days;
/// assert_eq!(days(2024, 2, 29), Some(19_782));
/// assert_eq!(days(2023, 2, 29), None);
/// ```
pub fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(-MOST_YEARS..=MOST_YEARS).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let days = days_unchecked(year, month, day);
    // A day past the month's end is found again as one of the next month.
    (date(days) == (year, month, day)).then_some(days)
}

fn days_unchecked(year: i64, month: i64, day: i64) -> i64 {
    // Years from March on, so that the day that comes and goes is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day so many days after 1970-01-01.
///
/// ```
/// # use wellhead_sdk::calendar::date;
/// assert_eq!(date(19_782), (2024, 2, 29));
/// ```
pub fn date(days: i64) -> (i64, i64, i64) {
    let days = days.clamp(-MOST_YEARS * 366, MOST_YEARS * 366) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Seconds from the epoch to `[year, month, day]` and `[hour, minute, second]`; `None` for what is no date or no time of
/// day. A leap second is one of the next minute.
///
/// ```
/// # use wellhead_sdk::calendar::seconds;
/// assert_eq!(seconds([2024, 2, 29], [12, 0, 0]), Some(1_709_208_000));
/// assert_eq!(seconds([2024, 2, 29], [24, 0, 0]), None);
/// ```
pub fn seconds(date: [i64; 3], clock: [i64; 3]) -> Option<i64> {
    let ([year, month, day], [hour, minute, second]) = (date, clock);
    let is_clock = (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second);
    let days = days(year, month, day).filter(|_| is_clock)?;
    Some(days * DAY + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_found_again_in_all_four_centuries_of_the_calendar() {
        for number in (-200_000..200_000).step_by(13) {
            let (year, month, day) = date(number);
            assert_eq!(days(year, month, day), Some(number));
        }
    }

    #[test]
    fn numbers_that_are_no_date_or_no_time_are_refused_however_large() {
        for date in [
            [i64::MAX, 1, 1],
            [i64::MIN, 1, 1],
            [2024, 0, 1],
            [2024, i64::MAX, 1],
            [2024, 1, 32],
            [2024, 1, -1],
            [2024, 1, 0],
            [2023, 2, 29],
            [2024, 4, 31],
        ] {
            assert_eq!(seconds(date, [0, 0, 0]), None, "{date:?}");
        }
        for clock in [[24, 0, 0], [i64::MAX, 0, 0], [0, 60, 0], [0, 0, 61], [0, 0, -1]] {
            assert_eq!(seconds([2024, 1, 1], clock), None, "{clock:?}");
        }
        for number in [i64::MIN, i64::MAX] {
            let _ = date(number);
        }
    }
}
