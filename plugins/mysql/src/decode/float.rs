//! Floating point numbers as the servers write them (`strings/dtoa.c` of both: `my_gcvt`, `my_fcvt`).

use std::fmt::Write;

/// Digits of a `FLOAT`.
const FLOAT_DIGITS: usize = 6;
/// Zeros that are written out before an exponent is.
const MOST_ZEROS: i32 = 15;
/// With so many digits at most, only one number of them can be meant.
const MOST_DIGITS_OF_ONE: usize = 15;
/// A column that does not say how many digits it has.
const ANY_DECIMALS: u8 = 31;

/// Appends the shortest digits that read as this number: with an exponent where otherwise more than 15 zeros, or zeros at
/// the end of a number of more than 15 digits, would be written.
pub(super) fn write(value: f64, out: &mut String) {
    // Of a zero they write no sign.
    let value = if value == 0.0 { 0.0 } else { value };
    let start = out.len();
    // Writing into a string cannot fail.
    let _ = write!(out, "{value:e}");
    let written = out.get(start..).unwrap_or_default();
    let Some((digits, exponent)) = written.split_once('e') else { return };
    let digits = digits.bytes().filter(u8::is_ascii_digit).count();
    let before_point = exponent.parse::<i32>().map_or(0, |exponent| exponent.saturating_add(1));
    let has_fraction = usize::try_from(before_point).is_ok_and(|before_point| digits > before_point);
    let is_fixed = before_point > -MOST_ZEROS && (before_point <= MOST_ZEROS || has_fraction);
    // Halfway between two that are as short, they take the even one; the library's shortest form does not, its exact does.
    let may_be_halfway = digits > MOST_DIGITS_OF_ONE;
    if is_fixed || may_be_halfway {
        out.truncate(start);
    }
    let digits = i32::try_from(digits).unwrap_or(0);
    let _ = match (is_fixed, may_be_halfway) {
        (true, false) => write!(out, "{value}"),
        (true, true) => write!(out, "{value:.*}", usize::try_from(digits - before_point).unwrap_or(0)),
        (false, true) => write!(out, "{value:.*e}", usize::try_from(digits - 1).unwrap_or(0)),
        (false, false) => Ok(()),
    };
}

/// What the server would write of a number it has in binary, read again: so many decimals where the column has them, of a
/// `FLOAT` six digits else.
pub(super) fn as_written(value: f64, decimals: u8, is_float: bool, scratch: &mut String) -> f64 {
    if !value.is_finite() || (decimals >= ANY_DECIMALS && !is_float) {
        return value;
    }
    scratch.clear();
    let _ = match decimals {
        0..ANY_DECIMALS => write!(scratch, "{value:.*}", usize::from(decimals)),
        _ => write!(scratch, "{value:.*e}", FLOAT_DIGITS - 1),
    };
    scratch.parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_mariadb_wrote_them() {
        for (value, expected) in [
            (-0.0, "0"),
            (1e14, "100000000000000"),
            (1e15, "1e15"),
            (1_234_567_890_123_456.0, "1.234567890123456e15"),
            (1_234_567_890_123_456.8, "1234567890123456.8"),
            (2_031_394_900_723_773.3, "2031394900723773.2"),
            (123_456_789_012_345.67, "123456789012345.67"),
            (-12_345_678_901_234_568.0, "-1.2345678901234568e16"),
            (1e-15, "0.000000000000001"),
            (1.5e-15, "0.0000000000000015"),
            (1e-16, "1e-16"),
            (1e308, "1e308"),
            (f64::MAX, "1.7976931348623157e308"),
            (5e-324, "5e-324"),
        ] {
            let mut out = "x".to_owned();
            write(value, &mut out);
            assert_eq!(out.strip_prefix('x'), Some(expected));
        }
    }

    #[test]
    fn a_float_has_six_digits_and_one_of_a_scale_its_decimals() {
        let mut scratch = String::new();
        for (value, decimals, expected) in [
            (1_234_567.8_f32, ANY_DECIMALS, 1_234_570.0),
            (0.1, ANY_DECIMALS, 0.1),
            (123_456.5, ANY_DECIMALS, 123_456.0),
            (1e-40, ANY_DECIMALS, 9.99995e-41),
            (1_234_567.9, 2, 1_234_567.88),
            (0.125, 2, 0.12),
        ] {
            assert_eq!(as_written(value.into(), decimals, true, &mut scratch), expected);
        }
        assert_eq!(as_written(0.1 + 0.2, 2, false, &mut scratch), 0.3);
        assert_eq!(as_written(0.1 + 0.2, ANY_DECIMALS, false, &mut scratch), 0.1 + 0.2);
    }
}
