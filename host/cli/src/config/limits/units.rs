//! Times and sizes as people write them: a whole number and a unit.

use std::time::Duration;

const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
/// A day: longer is never.
const MAX_MILLISECONDS: u64 = 24 * 3_600_000;
const MIN_BYTES: u64 = 1 << 10;
const MAX_BYTES: u64 = 64 << 30;
const MAX_COUNT: usize = 1_000_000_000;

/// `30s`.
pub(super) fn time(written: &str) -> Result<Duration, String> {
    match measure(written, &TIMES) {
        Some(milliseconds) if (1..=MAX_MILLISECONDS).contains(&milliseconds) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!(
            "{written:?} is not a time: write a whole number of ms, s, m or h from 1ms to 24h, such as \"30s\""
        )),
    }
}

/// `256MiB`.
pub(super) fn size(written: &str) -> Result<usize, String> {
    let bytes = measure(written, &SIZES).filter(|bytes| (MIN_BYTES..=MAX_BYTES).contains(bytes));
    bytes.and_then(|bytes| usize::try_from(bytes).ok()).ok_or_else(|| {
        format!("{written:?} is not a size: write a whole number of B, KiB, MiB or GiB from 1KiB to 64GiB, such as \"256MiB\"")
    })
}

/// `256`, bare.
pub(super) fn count(written: &str, is_bare: bool) -> Result<usize, String> {
    let count = written.parse().ok().filter(|count| is_bare && (1..=MAX_COUNT).contains(count));
    count.ok_or_else(|| {
        let shown = if is_bare { written.to_owned() } else { format!("{written:?}") };
        format!("{shown} is not a count: write a whole number from 1 to {MAX_COUNT} without quotes, such as 256")
    })
}

/// As [`time`] reads it, in the largest unit that is exact.
pub(super) fn time_text(time: Duration) -> String {
    text(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), &TIMES)
}

/// As [`size`] reads it, in the largest unit that is exact.
pub(super) fn size_text(bytes: usize) -> String {
    text(bytes as u64, &SIZES)
}

fn measure(written: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = written.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = written.split_at_checked(digits)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn text(amount: u64, units: &[(&str, u64)]) -> String {
    let exact = units.iter().find_map(|(name, factor)| {
        let whole = amount.checked_div(*factor)?;
        (whole > 0 && whole.checked_mul(*factor) == Some(amount)).then(|| format!("{whole}{name}"))
    });
    exact.unwrap_or_else(|| amount.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_unit_are_read_and_written_alike() {
        for (written, seconds) in [("30s", 30), ("15m", 900), ("24h", 86_400), ("2 m", 120)] {
            assert_eq!(time(written), Ok(Duration::from_secs(seconds)), "{written}");
        }
        for written in ["30s", "15m", "1500ms", "1h", "61s"] {
            assert_eq!(time_text(time(written).unwrap()), written);
        }
        assert_eq!(
            (time_text(Duration::from_secs(60)), time_text(Duration::from_secs(90))),
            ("1m".into(), "90s".into())
        );
        for (written, bytes) in [("256MiB", 256 << 20), ("1KiB", 1024), ("1GiB", 1 << 30), ("1500B", 1500)] {
            assert_eq!(size(written), Ok(bytes), "{written}");
            assert_eq!(size_text(bytes), written);
        }
    }

    #[test]
    fn what_has_no_unit_or_is_out_of_bounds_is_shown_back_with_what_is_right() {
        for bad in ["", "30", "s", "-1s", "1.5s", "0s", "25h", "30 seconds", "1d", "99999999999999999999h"] {
            let reason = time(bad).unwrap_err();
            assert!(reason.contains(&format!("{bad:?}")) && reason.contains("from 1ms to 24h"), "{reason}");
        }
        for bad in ["256", "256MB", "1B", "65GiB", "MiB", "99999999999GiB"] {
            assert!(size(bad).unwrap_err().contains("from 1KiB to 64GiB"), "{bad}");
        }
        for (bad, is_bare) in [("0", true), ("-1", true), ("256", false), ("1_000", true), ("2000000000", true)] {
            assert!(count(bad, is_bare).unwrap_err().contains("without quotes"), "{bad}");
        }
    }
}
