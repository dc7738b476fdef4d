//! Native histograms: `[instant, {"count": …, "sum": …, "buckets": [[boundaries, "lower", "upper", "count"], …]}]`.
//! Promises one row for each bucket, in the columns that Grafana's heatmaps read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use wellhead_sdk::frame::Timestamp;

use super::value::{Instant, Number, element, end};

/// The buckets of a series' histograms, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Histograms {
    /// The instant of the histogram the bucket is of.
    pub time: Vec<Timestamp>,
    /// Lower boundary.
    pub y_min: Vec<f64>,
    /// Upper boundary.
    pub y_max: Vec<f64>,
    /// Observations in the bucket.
    pub count: Vec<f64>,
    /// Which boundaries belong to the bucket: 0 the upper, 1 the lower, 2 none, 3 both.
    pub y_layout: Vec<i8>,
}

impl Histograms {
    /// Adds the buckets of a later part of the same series.
    pub fn append(&mut self, mut later: Self) {
        self.time.append(&mut later.time);
        self.y_min.append(&mut later.y_min);
        self.y_max.append(&mut later.y_max);
        self.count.append(&mut later.count);
        self.y_layout.append(&mut later.y_layout);
    }
}

/// Reads `[instant, histogram]` into the columns.
pub(super) struct HistogramInto<'c>(pub(super) &'c mut Histograms);

impl<'de> DeserializeSeed<'de> for HistogramInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for HistogramInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[instant, histogram]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<(), A::Error> {
        let Instant(time) = element(&mut pair, 0, &self)?;
        let buckets = pair.next_element_seed(Buckets { into: self.0, time })?;
        let expected = "[instant, histogram]";
        buckets.ok_or_else(|| serde::de::Error::invalid_length(1, &expected))?;
        end(&mut pair, 2, &expected)
    }
}

/// Reads `[[instant, histogram], …]` into the columns.
pub(super) struct HistogramsInto<'c>(pub(super) &'c mut Histograms);

impl<'de> DeserializeSeed<'de> for HistogramsInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for HistogramsInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of [instant, histogram]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut histograms: A) -> Result<(), A::Error> {
        while histograms.next_element_seed(HistogramInto(self.0))?.is_some() {}
        Ok(())
    }
}

/// Reads the histogram object, of which the buckets count; count and sum are theirs.
struct Buckets<'c> {
    into: &'c mut Histograms,
    time: Timestamp,
}

impl<'de> DeserializeSeed<'de> for Buckets<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Buckets<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a histogram with count, sum and buckets")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut histogram: A) -> Result<(), A::Error> {
        while let Some(key) = histogram.next_key::<super::Key<'de>>()? {
            if &*key == "buckets" {
                histogram.next_value_seed(BucketsInto { into: self.into, time: self.time })?;
            } else {
                histogram.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct BucketsInto<'c> {
    into: &'c mut Histograms,
    time: Timestamp,
}

impl<'de> DeserializeSeed<'de> for BucketsInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for BucketsInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of [boundaries, \"lower\", \"upper\", \"count\"]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut buckets: A) -> Result<(), A::Error> {
        while let Some((y_layout, Number(y_min), Number(y_max), Number(count))) = buckets.next_element()? {
            self.into.time.push(self.time);
            self.into.y_layout.push(y_layout);
            self.into.y_min.push(y_min);
            self.into.y_max.push(y_max);
            self.into.count.push(count);
        }
        Ok(())
    }
}
