//! What all series have in common: the instants of their points, their names and their labels.

use wellhead_sdk::frame::Timestamp;
use wellhead_sdk::prelude::*;

use crate::query::Query;

/// The most points of one series, as in Grafana.
const MAX_POINTS: i64 = 10_000;

/// The instants of a query: from its start, a step apart, to before its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    start: i64,
    step: i64,
    count: i64,
}

impl Steps {
    /// The step is the query's interval, longer where that would give more points than the panel shows.
    pub(crate) fn of(query: &DataQuery<Query>) -> Self {
        let start = query.time_range.from.millis();
        let range = query.time_range.to.millis().saturating_sub(start).max(0);
        let points = match query.max_data_points {
            0 => MAX_POINTS,
            points => i64::from(points).min(MAX_POINTS),
        };
        let step = i64::from(query.interval_ms).max(ceil_div(range, points)).max(1);
        Self { start, step, count: ceil_div(range, step) }
    }

    pub(crate) fn count(self) -> usize {
        usize::try_from(self.count).unwrap_or(0)
    }

    /// Milliseconds.
    pub(crate) fn step(self) -> i64 {
        self.step
    }

    pub(crate) fn instants(self) -> impl Iterator<Item = Timestamp> {
        (0..self.count).map(move |i| Timestamp::from_millis(self.start + i * self.step))
    }
}

/// `a / b`, rounded up, for what is not negative.
fn ceil_div(a: i64, b: i64) -> i64 {
    a / b + i64::from(a % b != 0)
}

/// Name of a series: its alias, or what Grafana calls it.
pub(crate) fn name(query: &DataQuery<Query>, index: u32) -> String {
    match query.model.alias.as_deref() {
        Some(alias) if !alias.is_empty() => alias.replace("$seriesIndex", &index.to_string()),
        _ if index == 0 => format!("{}-series", query.ref_id),
        _ => format!("{}-series{index}", query.ref_id),
    }
}

/// A field of this name with the query's labels, which are `{key="value", n=$seriesIndex}`.
pub(crate) fn field(query: &DataQuery<Query>, name: String, index: u32) -> Field {
    let text = query.model.labels.as_deref().unwrap_or_default();
    labels(text, index).into_iter().fold(Field::new(name), |field, (key, value)| field.label(key, value))
}

pub(crate) fn labels(text: &str, index: u32) -> Vec<(String, String)> {
    let pairs = text.trim().trim_matches(['{', '}']).split(',');
    pairs
        .filter_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let value = value.trim().trim_matches('"').replace("$seriesIndex", &index.to_string());
            Some((key.trim().to_owned(), value))
        })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use wellhead_sdk::TimeRange;

    /// A query of the hour after the epoch, a point a minute.
    pub(crate) fn an_hour(model: Query) -> DataQuery<Query> {
        let time_range = TimeRange { from: Timestamp::from_seconds(0), to: Timestamp::from_seconds(3_600) };
        DataQuery {
            ref_id: "A".into(),
            max_data_points: 100,
            interval_ms: 60_000,
            time_range,
            model,
            ..DataQuery::default()
        }
    }

    #[test]
    fn points_are_an_interval_apart_and_end_before_the_range_does() {
        let steps = Steps::of(&an_hour(Query::default()));
        let instants: Vec<_> = steps.instants().collect();
        assert_eq!((instants.len(), steps.count()), (60, 60));
        assert_eq!(instants.last(), Some(&Timestamp::from_seconds(3_540)));
    }

    #[test]
    fn there_are_no_more_points_than_the_panel_shows() {
        let query = DataQuery { max_data_points: 7, interval_ms: 1, ..an_hour(Query::default()) };
        assert!(Steps::of(&query).count() <= 7);
        let query = DataQuery { max_data_points: 0, interval_ms: 0, ..an_hour(Query::default()) };
        assert!(Steps::of(&query).count() <= 10_000);
    }

    #[test]
    fn a_range_without_length_has_no_points() {
        let mut query = an_hour(Query::default());
        query.time_range.to = query.time_range.from;
        assert_eq!(Steps::of(&query).instants().count(), 0);
    }

    #[test]
    fn labels_are_read_as_grafana_writes_them() {
        let read: Vec<_> =
            labels(r#"{job="foo", n=$seriesIndex}"#, 3).into_iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(read, ["job=foo", "n=3"]);
        assert!(labels("nonsense", 0).is_empty());
    }
}
