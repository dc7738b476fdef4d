//! `data` of a query's answer: `{"resultType": …, "result": …, "stats": …}`.
//! The result is read by its shape, so that it does not matter whether its type comes before or after it: servers
//! other than Prometheus write it after.

use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer,
};
use serde_json::value::RawValue;
use wellhead_sdk::frame::Timestamp;

use super::MAX_SERIES;
use super::series::{Series, SeriesSeed};
use super::value::{Instant, InstantVisitor, end};

/// What kind of values the query gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultType {
    /// Series over a range.
    Matrix,
    /// Series at one instant.
    Vector,
    /// One number.
    Scalar,
    /// One text.
    String,
}

/// Which of the two kinds of series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeriesKind {
    /// Over a range.
    Matrix,
    /// At one instant.
    Vector,
}

/// The values of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryData {
    /// Series.
    Series {
        /// Over a range, or at one instant.
        kind: SeriesKind,
        /// In the order they came.
        series: Vec<Series>,
        /// The server's statistics about the query, JSON as it came.
        stats: Option<String>,
    },
    /// One number at one instant.
    Scalar(Timestamp, f64),
    /// One text at one instant.
    String(Timestamp, String),
}

/// The outcome of reading, before limits.
pub(super) enum Read {
    Data(QueryData),
    TooManySeries(usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataJson<'a> {
    result_type: ResultType,
    result: Shape,
    #[serde(borrow, default)]
    stats: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let DataJson { result_type, result, stats } = DataJson::deserialize(json)?;
        let stats = stats.map(|stats| stats.get().to_owned());
        let mismatch = |shape: &str| D::Error::custom(format_args!("a result of type {result_type:?} that is {shape}"));
        let kind = match result_type {
            ResultType::Matrix => Some(SeriesKind::Matrix),
            ResultType::Vector => Some(SeriesKind::Vector),
            ResultType::Scalar | ResultType::String => None,
        };
        match (result, kind) {
            (Shape::TooManySeries(actual), _) => Ok(Self::TooManySeries(actual)),
            (Shape::Series(series), Some(kind)) => Ok(Self::Data(QueryData::Series { kind, series, stats })),
            (Shape::Series(_), None) => Err(mismatch("an array of series")),
            (Shape::Pair(..), Some(_)) => Err(mismatch("a single value")),
            (Shape::Pair(time, text), None) if result_type == ResultType::String => {
                Ok(Self::Data(QueryData::String(time, text)))
            }
            (Shape::Pair(time, text), None) => {
                let value = text.parse().map_err(|_| mismatch("not a number"))?;
                Ok(Self::Data(QueryData::Scalar(time, value)))
            }
        }
    }
}

/// A result by its shape.
enum Shape {
    /// `[{…}, …]`; no element at all counts as none of these.
    Series(Vec<Series>),
    /// As `Series`, but with more than can be taken.
    TooManySeries(usize),
    /// `[instant, "text"]`
    Pair(Timestamp, String),
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        struct ShapeVisitor;
        impl<'de> Visitor<'de> for ShapeVisitor {
            type Value = Shape;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of series or [instant, \"value\"]")
            }

            /// Servers written in Go have been seen to write an empty array as null.
            fn visit_unit<E: Error>(self) -> Result<Shape, E> {
                Ok(Shape::Series(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Shape, A::Error> {
                match array.next_element_seed(FirstSeed)? {
                    None => Ok(Shape::Series(Vec::new())),
                    Some(First::Series(first)) => rest_of_series(array, first),
                    Some(First::Instant(Instant(time))) => {
                        let text = super::value::element(&mut array, 1, &self)?;
                        end(&mut array, 2, &self)?;
                        Ok(Shape::Pair(time, text))
                    }
                }
            }
        }
        json.deserialize_any(ShapeVisitor)
    }
}

fn rest_of_series<'de, A: SeqAccess<'de>>(mut array: A, first: Series) -> Result<Shape, A::Error> {
    let mut expected = first.times.len();
    let mut series = vec![first];
    while let Some(next) = array.next_element_seed(SeriesSeed { expected })? {
        expected = next.times.len();
        series.push(next);
        if series.len() == MAX_SERIES {
            break;
        }
    }
    let mut surplus = 0;
    while array.next_element::<IgnoredAny>()?.is_some() {
        surplus += 1;
    }
    Ok(match surplus {
        0 => Shape::Series(series),
        _ => Shape::TooManySeries(series.len() + surplus),
    })
}

/// The first element of a result tells what the others are.
enum First {
    Series(Series),
    Instant(Instant),
}

struct FirstSeed;

impl<'de> DeserializeSeed<'de> for FirstSeed {
    type Value = First;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<First, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FirstSeed {
    type Value = First;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series or an instant")
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<First, A::Error> {
        SeriesSeed { expected: 0 }.deserialize(MapAccessDeserializer::new(object)).map(First::Series)
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<First, E> {
        InstantVisitor.visit_f64(seconds).map(First::Instant)
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<First, E> {
        InstantVisitor.visit_u64(seconds).map(First::Instant)
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<First, E> {
        InstantVisitor.visit_i64(seconds).map(First::Instant)
    }
}
