//! PostgreSQL's dates and instants as nanoseconds since the Unix epoch.
//!
//! Nanoseconds in 64 bits reach from 1677-09-21 to 2262-04-11. What lies beyond, `infinity` among it, has no place in a
//! data frame and becomes null.

/// 2000-01-01, from which PostgreSQL counts, in microseconds since the Unix epoch.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// Microseconds since 2000, in UTC or in no zone.
pub(super) fn from_micros(micros: i64) -> Option<i64> {
    micros.checked_add(EPOCH_MICROS)?.checked_mul(1_000)
}

/// Days since 2000.
pub(super) fn from_days(days: i32) -> Option<i64> {
    // The infinities are the ends of the range, and far outside of what nanoseconds can say.
    from_micros(i64::from(days).checked_mul(DAY_MICROS)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_count_from_2000_and_those_out_of_range_are_null() {
        assert_eq!(from_micros(0), Some(946_684_800_000_000_000));
        assert_eq!(from_micros(-EPOCH_MICROS), Some(0));
        assert_eq!(from_days(-10_957), Some(0));
        assert_eq!(from_days(1), Some(946_771_200_000_000_000));
        for infinity in [i64::MIN, i64::MAX] {
            assert_eq!(from_micros(infinity), None);
        }
        for infinity in [i32::MIN, i32::MAX] {
            assert_eq!(from_days(infinity), None);
        }
        assert_eq!(from_micros(i64::MAX / 1_000 - EPOCH_MICROS), Some(9_223_372_036_854_775_000));
        assert_eq!(from_micros(i64::MAX / 1_000 - EPOCH_MICROS + 1), None);
    }
}
