//! Numbers that float64 may not hold, as the nearest that it does.

use arrow_buffer::i256;

/// `digits` with the point so many places from their end.
pub(super) fn decimal_128(digits: i128, scale: i8) -> f64 {
    /// Powers of ten that float64 holds; a quotient of two numbers that it holds is rounded right.
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ];
    let power = usize::try_from(scale).ok().and_then(|scale| POWERS.get(scale));
    match power {
        Some(power) if digits.unsigned_abs() <= 1 << 53 => digits as f64 / power,
        _ => of_text(&digits, scale),
    }
}

/// As [`decimal_128`].
pub(super) fn decimal_256(digits: i256, scale: i8) -> f64 {
    match digits.to_i128() {
        Some(digits) => decimal_128(digits, scale),
        None => of_text(&digits, scale),
    }
}

fn of_text(digits: &impl std::fmt::Display, scale: i8) -> f64 {
    // Digits with an exponent are a float's own form.
    format!("{digits}e{}", -i32::from(scale)).parse().unwrap_or(f64::NAN)
}

/// An integer of 16 or 32 bytes, the lowest first; `None` for other lengths.
pub(super) fn wide(bytes: &[u8], signed: bool) -> Option<f64> {
    if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
        return Some(if signed { i128::from_le_bytes(bytes) as f64 } else { u128::from_le_bytes(bytes) as f64 });
    }
    let (low, high) = bytes.split_at_checked(16)?;
    let low = u128::from_le_bytes(low.try_into().ok()?);
    let high = u128::from_le_bytes(high.try_into().ok()?);
    if signed && high >> 127 == 1 {
        let (low, carry) = (!low).overflowing_add(1);
        return Some(-unsigned((!high).wrapping_add(u128::from(carry)), low));
    }
    Some(unsigned(high, low))
}

fn unsigned(high: u128, low: u128) -> f64 {
    if high == 0 {
        return low as f64;
    }
    let zeros = high.leading_zeros();
    let (top, rest) = match zeros {
        0 => (high, low),
        _ => (high << zeros | low >> (128 - zeros), low << zeros),
    };
    // A lowest bit that stands for all that is cut off makes the rounding right.
    let top = top | u128::from(rest != 0);
    top as f64 * 2_f64.powi(128 - zeros.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_are_the_nearest_float(digits in any::<i128>(), shift in 0_u32..127, scale in 0_i8..38) {
            let digits = digits >> shift;
            prop_assert_eq!(decimal_128(digits, scale), format!("{digits}e-{scale}").parse::<f64>().unwrap());
        }

        #[test]
        fn integers_of_256_bits_are_the_nearest_float(low in any::<u128>(), high in any::<i128>(), shift in 0_u32..128) {
            let number = i256::from_parts(low, high >> shift);
            let expected = number.to_string().parse::<f64>().unwrap();
            prop_assert_eq!(wide(&number.to_le_bytes(), true), Some(expected));
        }
    }

    #[test]
    fn the_ends_of_the_ranges_are_read() {
        assert_eq!(wide(&[0xff; 16], false), Some(u128::MAX as f64));
        assert_eq!(wide(&[0xff; 16], true), Some(-1.0));
        assert_eq!(wide(&[0xff; 32], true), Some(-1.0));
        assert_eq!(wide(&[0xff; 32], false), Some(2_f64.powi(256)));
        assert_eq!(wide(&[0; 3], false), None);
        assert_eq!(decimal_128(125, 2), 1.25);
    }
}
