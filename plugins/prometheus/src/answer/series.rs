//! The series of a matrix or a vector, each with its samples in columns.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use wellhead_sdk::frame::{Labels, Timestamp};

use super::Key;
use super::histogram::{HistogramInto, Histograms, HistogramsInto};
use super::value::{PairInto, PairsInto};

/// One series: its labels, its float samples, its histograms.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Labels, `__name__` among them where the result has a name.
    pub labels: Labels,
    /// Instants of the float samples.
    pub times: Vec<Timestamp>,
    /// Values of the float samples.
    pub values: Vec<f64>,
    /// Buckets of the histogram samples; None where the series has no such samples.
    pub histograms: Option<Histograms>,
}

impl Series {
    /// Adds the samples of a later part of the same series.
    pub fn append(&mut self, mut later: Self) {
        self.times.append(&mut later.times);
        self.values.append(&mut later.values);
        match (&mut self.histograms, later.histograms) {
            (Some(histograms), Some(later)) => histograms.append(later),
            (None, later) => self.histograms = later,
            (Some(_), None) => {}
        }
    }
}

/// Reads `{"metric": …, "values": …, "histograms": …}`, or the singular of a vector.
pub(super) struct SeriesSeed {
    /// How many samples the series before this one had.
    pub(super) expected: usize,
}

impl<'de> DeserializeSeed<'de> for SeriesSeed {
    type Value = Series;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Series, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for SeriesSeed {
    type Value = Series;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a series with metric and values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Series, A::Error> {
        let mut series = Series::default();
        while let Some(key) = object.next_key::<Key<'de>>()? {
            let Series { labels, times, values, histograms } = &mut series;
            match &*key {
                "metric" => *labels = object.next_value()?,
                "value" => object.next_value_seed(PairInto { times, values })?,
                "values" => object.next_value_seed(PairsInto { times, values, expected: self.expected })?,
                "histogram" => object.next_value_seed(HistogramInto(histograms.get_or_insert_default()))?,
                "histograms" => object.next_value_seed(HistogramsInto(histograms.get_or_insert_default()))?,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(series)
    }
}

/// Joins the answers to the parts of a split range, in the order of the parts: samples of the same series one after
/// the other, series in the order Prometheus gives them, which is that of their labels.
pub fn join(parts: impl IntoIterator<Item = Vec<Series>>) -> Vec<Series> {
    let mut parts = parts.into_iter();
    let Some(first) = parts.next() else { return Vec::new() };
    let mut joined: std::collections::BTreeMap<Labels, Series> = std::collections::BTreeMap::new();
    let mut add = |mut series: Series| {
        let labels = std::mem::take(&mut series.labels);
        match joined.entry(labels) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(series);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => place.get_mut().append(series),
        }
    };
    first.into_iter().for_each(&mut add);
    parts.flatten().for_each(&mut add);
    joined.into_iter().map(|(labels, series)| Series { labels, ..series }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(host: &str, samples: &[(i64, f64)]) -> Series {
        Series {
            labels: Labels::from([("host".to_owned(), host.to_owned())]),
            times: samples.iter().map(|&(at, _)| Timestamp::from_seconds(at)).collect(),
            values: samples.iter().map(|&(_, value)| value).collect(),
            histograms: None,
        }
    }

    #[test]
    fn joined_parts_keep_every_sample_and_the_order_of_labels() {
        let parts = [
            vec![series("b", &[(1, 1.0), (2, 2.0)])],
            vec![],
            vec![series("a", &[(3, 3.0)]), series("b", &[(4, 4.0)])],
        ];
        let expected = vec![series("a", &[(3, 3.0)]), series("b", &[(1, 1.0), (2, 2.0), (4, 4.0)])];
        assert_eq!(join(parts), expected);
    }
}
