//! Prometheus' atoms in JSON: instants are numbers of seconds, sample values are strings, since JSON has no NaN.
//! Promises that nothing is built on the way from the text to a column.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, SeqAccess, Unexpected, Visitor};
use wellhead_sdk::frame::Timestamp;

/// Milliseconds on either side of the epoch that nanoseconds in 64 bits can hold.
const FURTHEST_MILLIS: f64 = (i64::MAX / 1_000_000) as f64;

/// An instant in seconds, exact to the millisecond, which is all that Prometheus knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instant(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_f64(InstantVisitor)
    }
}

pub(super) struct InstantVisitor;

impl Visitor<'_> for InstantVisitor {
    type Value = Instant;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since the epoch, between the years 1677 and 2262")
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Instant, E> {
        // An f64 holds today's seconds to a quarter of a microsecond: rounding finds the millisecond that was meant.
        let millis = (seconds * 1e3).round();
        if millis.abs() < FURTHEST_MILLIS {
            Ok(Instant(Timestamp::from_millis(millis as i64)))
        } else {
            Err(E::invalid_value(Unexpected::Float(seconds), &self))
        }
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Instant, E> {
        self.visit_f64(seconds as f64)
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Instant, E> {
        self.visit_f64(seconds as f64)
    }
}

/// A sample value: `"1.5"`, `"NaN"`, `"+Inf"`. Plain numbers are taken too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(pub(super) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number as a string")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map(Number).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(number as f64))
            }
        }
        json.deserialize_any(NumberVisitor)
    }
}

/// Reads `[[instant, "value"], …]` or, with [`PairInto`], one such pair, straight into two columns.
pub(super) struct PairsInto<'c> {
    pub(super) times: &'c mut Vec<Timestamp>,
    pub(super) values: &'c mut Vec<f64>,
    /// How many pairs there may be: the number the series before this one had.
    pub(super) expected: usize,
}

impl<'de> DeserializeSeed<'de> for PairsInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PairsInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of [instant, \"value\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pairs: A) -> Result<(), A::Error> {
        while pairs.next_element_seed(PairInto { times: self.times, values: self.values })?.is_some() {
            if self.times.len() == 1 {
                self.times.reserve(self.expected);
                self.values.reserve(self.expected);
            }
        }
        // A guess that was far off would cost every short series the memory of a long one.
        if self.times.capacity() / 2 > self.times.len() {
            self.times.shrink_to_fit();
            self.values.shrink_to_fit();
        }
        Ok(())
    }
}

/// Reads `[instant, "value"]` into two columns.
pub(super) struct PairInto<'c> {
    pub(super) times: &'c mut Vec<Timestamp>,
    pub(super) values: &'c mut Vec<f64>,
}

impl<'de> DeserializeSeed<'de> for PairInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for PairInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[instant, \"value\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<(), A::Error> {
        let Instant(time) = element(&mut pair, 0, &self)?;
        let Number(value) = element(&mut pair, 1, &self)?;
        end(&mut pair, 2, &self)?;
        self.times.push(time);
        self.values.push(value);
        Ok(())
    }
}

/// The next element of an array of fixed length.
pub(super) fn element<'de, T, A>(array: &mut A, at: usize, expected: &dyn serde::de::Expected) -> Result<T, A::Error>
where
    T: Deserialize<'de>,
    A: SeqAccess<'de>,
{
    array.next_element()?.ok_or_else(|| A::Error::invalid_length(at, expected))
}

/// Checks that an array of fixed length is over.
pub(super) fn end<'de, A>(array: &mut A, length: usize, expected: &dyn serde::de::Expected) -> Result<(), A::Error>
where
    A: SeqAccess<'de>,
{
    match array.next_element::<IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(A::Error::invalid_length(length + 1, expected)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(json: &str) -> Result<(Vec<i64>, Vec<f64>), serde_json::Error> {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        let seed = PairsInto { times: &mut times, values: &mut values, expected: 4 };
        seed.deserialize(&mut serde_json::Deserializer::from_str(json))?;
        Ok((times.into_iter().map(Timestamp::nanos).collect(), values))
    }

    #[test]
    fn instants_are_exact_to_the_millisecond() {
        // 1.001 times 1000 lies just below 1001: cutting off would lose a millisecond.
        for millis in
            [1_641_889_530_123_i64, 1_700_000_000_001, 1_700_000_000_999, 4_102_444_800_009, -1_500, 1_001, 1, 0]
        {
            let json = format!("[[{}.{:03},\"1\"]]", millis / 1_000, (millis % 1_000).abs());
            assert_eq!(pairs(&json).unwrap().0, [millis * 1_000_000], "{json}");
        }
        assert_eq!(
            pairs("[[1641889530,\"1\"],[1.5e9,\"1\"]]").unwrap().0,
            [1_641_889_530_000_000_000, 1_500_000_000_000_000_000]
        );
    }

    #[test]
    fn values_are_read_bit_by_bit() {
        let (_, values) = pairs(
            r#"[[1,"21"],[1,"+Inf"],[1,"-Inf"],[1,"NaN"],[1,"-0"],[1,"1.7976931348623157e+308"],[1,"5e-324"],[1,0.1],[1,"0.1"]]"#,
        )
        .unwrap();
        let expected =
            [21.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0, f64::MAX, f64::from_bits(1), 0.1, 0.1_f64];
        for (value, expected) in values.into_iter().zip(expected) {
            assert!(
                value.to_bits() == expected.to_bits() || (value.is_nan() && expected.is_nan()),
                "{value} {expected}"
            );
        }
    }

    #[test]
    fn pairs_of_another_shape_are_errors() {
        for json in [
            "[[1]]",
            "[[]]",
            "[[1,\"2\",3]]",
            "[1,\"2\"]",
            "[[\"1\",\"2\"]]",
            "[[1,\"x\"]]",
            "[[1,\"\"]]",
            "[[1,null]]",
            "[[1e30,\"1\"]]",
            "[[1,\"1\"]",
            "{}",
            "null",
        ] {
            assert!(pairs(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_short_series_after_a_long_one_keeps_no_spare_memory() {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        let seed = PairsInto { times: &mut times, values: &mut values, expected: 10_000 };
        seed.deserialize(&mut serde_json::Deserializer::from_str("[[1,\"2\"]]")).unwrap();
        assert!(times.capacity() < 10 && values.capacity() < 10);
    }
}
