//! `numeric` as the nearest float64.
//!
//! The format (`numeric_send`): number of digits, weight of the first, sign, digits after the point that are shown, then
//! the digits in base 10,000, all big-endian 16-bit words.

use std::fmt::Write;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEGATIVE_INFINITY: u16 = 0xf000;

/// The largest integer up to which float64 has every one.
const EXACT: u64 = 1 << 53;
/// Powers of 10,000 that float64 has exactly: up to 10^20.
const POWERS: [f64; 6] = [1.0, 1e4, 1e8, 1e12, 1e16, 1e20];

/// The nearest float64, `None` where this is no numeric. `text` is where long ones are put together.
pub(super) fn to_f64(raw: &[u8], text: &mut String) -> Option<f64> {
    let mut words = raw.as_chunks::<2>().0.iter().map(|word| u16::from_be_bytes(*word));
    let count = usize::from(words.next()?);
    let weight = i32::from(words.next()? as i16);
    let sign = words.next()?;
    words.next()?;
    if raw.len() != 8 + 2 * count {
        return None;
    }
    let sign = match sign {
        0 => 1.0,
        NEGATIVE => -1.0,
        NAN => return Some(f64::NAN),
        INFINITY => return Some(f64::INFINITY),
        NEGATIVE_INFINITY => return Some(f64::NEG_INFINITY),
        _ => return None,
    };
    let digits = words;
    if digits.clone().any(|digit| digit > 9_999) {
        return None;
    }
    // The place of the last digit: the value is an integer times 10,000 to this power.
    let exponent = weight + 1 - i32::try_from(count).ok()?;
    let mantissa =
        digits.clone().try_fold(0_u64, |sum, digit| Some(sum * 10_000 + u64::from(digit)).filter(|sum| *sum <= EXACT));
    // Both parts are exact, so that the one operation rounds once, to the nearest.
    let power = usize::try_from(exponent.unsigned_abs()).ok().and_then(|power| POWERS.get(power));
    if let (Some(mantissa), Some(power)) = (mantissa, power) {
        let mantissa = mantissa as f64;
        return Some(sign * if exponent < 0 { mantissa / power } else { mantissa * power });
    }
    text.clear();
    for digit in digits {
        let _ = write!(text, "{digit:04}");
    }
    let _ = write!(text, "e{}", exponent * 4);
    text.parse::<f64>().ok().map(|value| sign * value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(words: &[u16]) -> Option<f64> {
        let raw: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        to_f64(&raw, &mut String::new())
    }

    #[test]
    fn numbers_are_read_to_the_nearest_float() {
        for (words, expected) in [
            (vec![0, 0, 0, 0], 0.0),
            (vec![2, 0, 0, 2, 81, 7_500], 81.75),
            (vec![2, 0, NEGATIVE, 2, 81, 7_500], -81.75),
            (vec![1, 0xffff, 0, 1, 1_000], 0.1),
            (vec![1, 2, 0, 0, 3], 3e8),
            (vec![5, 0, 0, 16, 3, 1_415, 9_265, 3_589, 7_932], std::f64::consts::PI),
            (vec![1, 76, 0, 0, 1], 1e304),
            (vec![1, 0xffb0, 0, 320, 1], 1e-320),
            (vec![1, 200, 0, 0, 1], f64::INFINITY),
        ] {
            assert_eq!(read(&words), Some(expected), "{words:?}");
        }
        assert!(read(&[0, 0, NAN, 0]).unwrap().is_nan());
        assert_eq!(read(&[0, 0, INFINITY, 0]), Some(f64::INFINITY));
        assert_eq!(read(&[0, 0, NEGATIVE_INFINITY, 0]), Some(f64::NEG_INFINITY));
    }

    #[test]
    fn what_is_no_numeric_is_refused() {
        for words in [vec![], vec![1, 0, 0, 0], vec![0, 0, 0, 0, 1], vec![1, 0, 0, 0, 10_000], vec![0, 0, 1, 0]] {
            assert_eq!(read(&words), None, "{words:?}");
        }
    }

    proptest! {
        /// The same digits written out and read by the standard library.
        #[test]
        fn it_is_what_the_decimal_text_says(
            digits in proptest::collection::vec(0_u16..10_000, 1..12),
            weight in -40_i16..40,
            negative: bool,
        ) {
            let mut words = vec![digits.len() as u16, weight as u16, if negative { NEGATIVE } else { 0 }, 0];
            words.extend(&digits);
            let mut text = String::from(if negative { "-0." } else { "0." });
            for digit in &digits {
                text.push_str(&format!("{digit:04}"));
            }
            text.push_str(&format!("e{}", (i32::from(weight) + 1) * 4));
            prop_assert_eq!(read(&words).unwrap(), text.parse::<f64>().unwrap());
        }

        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = to_f64(&raw, &mut String::new());
        }
    }
}
