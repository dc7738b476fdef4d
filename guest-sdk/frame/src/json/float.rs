//! Floats as Go's encoding/json writes them: the shortest digits that read back, an exponent below 1e-6 and from 1e21 up.

/// A float of either width.
pub(crate) trait Float: Copy {
    /// Whether it is a number that JSON can say.
    fn finite(self) -> bool;
    fn is_nan(self) -> bool;
    fn is_positive(self) -> bool;
    /// Appends a finite value.
    fn write(self, out: &mut Vec<u8>);
}

macro_rules! float {
    ($float:ty, $least:literal, $most:literal) => {
        impl Float for $float {
            #[inline]
            fn finite(self) -> bool {
                self.is_finite()
            }

            fn is_nan(self) -> bool {
                <$float>::is_nan(self)
            }

            fn is_positive(self) -> bool {
                self > 0.0
            }

            #[inline]
            fn write(self, out: &mut Vec<u8>) {
                let mut buffer = zmij::Buffer::new();
                let text = buffer.format_finite(self).as_bytes();
                // Within these bounds zmij writes plain decimals, as Go does.
                if ($least..$most).contains(&self.abs()) {
                    out.extend_from_slice(text.strip_suffix(b".0").unwrap_or(text));
                } else {
                    write_rare(text, out);
                }
            }
        }
    };
}

float!(f64, 1e-4, 1e15);
float!(f32, 1e-4, 1e12);

/// Any other finite number: zero, the small and the large. `text` is digits, maybe a point, maybe an exponent.
#[cold]
fn write_rare(text: &[u8], out: &mut Vec<u8>) {
    let (mantissa, exponent) = match text.iter().position(|byte| *byte == b'e') {
        Some(at) => (text.get(..at).unwrap_or_default(), parse_exponent(text.get(at + 1..).unwrap_or_default())),
        None => (text, 0),
    };
    let (sign, mantissa) = match mantissa.strip_prefix(b"-") {
        Some(rest) => (&b"-"[..], rest),
        None => (&b""[..], mantissa),
    };
    out.extend_from_slice(sign);
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let digits: Vec<u8> = mantissa.iter().copied().filter(|byte| *byte != b'.').collect();
    let leading = digits.iter().take_while(|byte| **byte == b'0').count();
    let significant = digits.get(leading..).unwrap_or_default();
    let trailing = significant.iter().rev().take_while(|byte| **byte == b'0').count();
    let significant = significant.get(..significant.len() - trailing).unwrap_or_default();
    // The value is 0.SIGNIFICANT times ten to this.
    let scale = point as i32 - leading as i32 + exponent;
    let Some((first, rest)) = significant.split_first() else {
        out.push(b'0');
        return;
    };
    match scale {
        // 1e-6 is 0.1 times ten to -5, 1e21 is 0.1 times ten to 22.
        -5..=0 => {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + scale.unsigned_abs() as usize, b'0');
            out.extend_from_slice(significant);
        }
        1..=21 => {
            let whole = scale.unsigned_abs() as usize;
            match significant.split_at_checked(whole) {
                Some((whole, fraction)) if !fraction.is_empty() => {
                    out.extend_from_slice(whole);
                    out.push(b'.');
                    out.extend_from_slice(fraction);
                }
                _ => {
                    out.extend_from_slice(significant);
                    out.resize(out.len() + whole.saturating_sub(significant.len()), b'0');
                }
            }
        }
        _ => {
            out.push(*first);
            if !rest.is_empty() {
                out.push(b'.');
                out.extend_from_slice(rest);
            }
            out.extend_from_slice(if scale > 0 { b"e+" } else { b"e-" });
            out.extend_from_slice(itoa::Buffer::new().format((scale - 1).unsigned_abs()).as_bytes());
        }
    }
}

fn parse_exponent(digits: &[u8]) -> i32 {
    let (negative, digits) = match digits.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, digits),
    };
    let value = digits.iter().fold(0_i32, |value, digit| value * 10 + i32::from(digit.wrapping_sub(b'0')));
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Float;

    fn text(value: impl Float) -> String {
        let mut out = Vec::new();
        value.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_look_as_go_writes_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-5.5, "-5.5"),
            (100.0, "100"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (9.9e-5, "0.000099"),
            (1e-6, "0.000001"),
            (1.25e-6, "0.00000125"),
            (9.99e-7, "9.99e-7"),
            (1e-7, "1e-7"),
            (-1e-10, "-1e-10"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (-9007199254740991.0, "-9007199254740991"),
            (123456789012345680.0, "123456789012345680"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected, "{value:e}");
        }
        assert_eq!(text(f32::MAX), "3.4028235e+38");
        assert_eq!(text(1e-45_f32), "1e-45");
        assert_eq!(text(0.1_f32), "0.1");
        assert_eq!(text(16_777_216_f32), "16777216");
        assert_eq!(text(1e13_f32), "10000000000000");
        assert_eq!(text(1e20_f32), "100000000000000000000");
    }

    proptest! {
        #[test]
        fn every_float_reads_back_as_itself(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn every_narrow_float_reads_back_as_itself(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f32>().unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn floats_of_every_size_are_json(mantissa in -1e6..1e6_f64, exponent in -30..30_i32) {
            let value = mantissa * 10_f64.powi(exponent);
            let read: f64 = serde_json::from_str(&text(value)).unwrap();
            prop_assert!((read - value).abs() <= value.abs() * 1e-15);
        }
    }
}
