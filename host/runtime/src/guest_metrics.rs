//! Counters, gauges and histograms that guests keep, exported beside the host's own with plugin and data source as
//! labels.
//!
//! Names and labels come from a sandbox: illegal ones are dropped, the number of series of a data source is limited,
//! and what was dropped is counted in `wellhead_guest_series_dropped`.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Upper bounds that serve for seconds and, crudely, for counts.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 100.0, 1_000.0, 10_000.0];
const MAX_NAME: usize = 128;
const MAX_LABELS: usize = 16;
const MAX_LABEL_VALUE: usize = 256;

type Labels = Vec<(String, String)>;

/// What a guest does to a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Adds to a counter.
    Counter,
    /// Sets a gauge.
    Gauge,
    /// Adds an observation to a histogram.
    Histogram,
}

#[derive(Clone, Debug)]
enum Series {
    Counter(f64),
    Gauge(f64),
    Histogram(Histogram),
}

#[derive(Debug)]
struct Family {
    kind: Kind,
    series: BTreeMap<Labels, Series>,
}

#[derive(Debug, Default)]
struct Families {
    families: BTreeMap<String, Family>,
    /// Series by data source, as its two labels name it.
    count: BTreeMap<[String; 3], usize>,
    dropped: u64,
}

/// All guests' series of one runtime.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuestMetrics(Arc<Mutex<Families>>);

impl GuestMetrics {
    /// The part one data source writes to.
    pub(crate) fn of_source(&self, plugin: &str, org: i64, uid: &str, max_series: usize) -> SourceMetrics {
        SourceMetrics { all: self.clone(), source: [plugin.into(), org.to_string(), uid.into()], max_series }
    }
}

/// One data source's view of the guest metrics.
#[derive(Clone, Debug)]
pub(crate) struct SourceMetrics {
    all: GuestMetrics,
    source: [String; 3],
    max_series: usize,
}

impl SourceMetrics {
    /// Records `value` in the series `name` with `labels`; drops what is illegal or beyond the limit.
    pub(crate) fn record(&self, kind: Kind, name: &str, value: f64, labels: Labels) {
        let legal = is_name(name)
            && labels.len() <= MAX_LABELS
            && labels.iter().all(|(key, value)| is_name(key) && value.len() <= MAX_LABEL_VALUE)
            && (kind != Kind::Counter || value >= 0.0);
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !legal || all.record(self, kind, name, value, labels).is_none() {
            all.dropped = all.dropped.saturating_add(1);
        }
    }
}

impl Families {
    fn record(&mut self, source: &SourceMetrics, kind: Kind, name: &str, value: f64, guest: Labels) -> Option<()> {
        let [plugin, org, uid] = &source.source;
        let mut labels: Labels =
            vec![("plugin".into(), plugin.clone()), ("org".into(), org.clone()), ("datasource".into(), uid.clone())];
        labels.extend(guest.into_iter().filter(|(key, _)| !matches!(key.as_str(), "plugin" | "org" | "datasource")));
        let known = match self.families.get(name) {
            // One name has one type in the text format: the first to use it decides.
            Some(family) if family.kind != kind => return None,
            Some(family) => family.series.contains_key(&labels),
            None => false,
        };
        if !known {
            let count = self.count.entry(source.source.clone()).or_default();
            if *count >= source.max_series {
                return None;
            }
            *count = count.saturating_add(1);
        }
        let family = self.families.entry(name.to_owned()).or_insert_with(|| Family { kind, series: BTreeMap::new() });
        let series = family.series.entry(labels).or_insert_with(|| match kind {
            Kind::Counter => Series::Counter(0.0),
            Kind::Gauge => Series::Gauge(0.0),
            Kind::Histogram => Series::Histogram(Histogram::new(BUCKETS)),
        });
        match series {
            Series::Counter(total) => *total += value,
            Series::Gauge(now) => *now = value,
            Series::Histogram(histogram) => histogram.observe(value),
        }
        Some(())
    }
}

impl Collector for GuestMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, family) in &all.families {
            let kind = match family.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            let name = format!("wellhead_guest_{name}");
            let mut metric = encoder.encode_descriptor(&name, "Kept by a plugin.", None, kind)?;
            for (labels, series) in &family.series {
                let mut member = metric.encode_family(labels)?;
                match series {
                    Series::Counter(total) => member.encode_counter::<NoLabelSet, _, u64>(total, None)?,
                    Series::Gauge(now) => member.encode_gauge(now)?,
                    Series::Histogram(histogram) => histogram.encode(member)?,
                }
            }
        }
        let help = "Series and samples of plugins that were illegal or beyond the limit.";
        let mut metric = encoder.encode_descriptor("wellhead_guest_series_dropped", help, None, MetricType::Counter)?;
        metric.encode_counter::<NoLabelSet, _, u64>(&all.dropped, None)
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    fn text(metrics: &GuestMetrics) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(metrics.clone()));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn a_guests_series_carry_its_plugin_and_data_source_and_it_cannot_pose_as_another() {
        let metrics = GuestMetrics::default();
        let source = metrics.of_source("prometheus", 1, "prod", 10);
        source.record(
            Kind::Counter,
            "requests",
            2.0,
            vec![("code".into(), "200".into()), ("plugin".into(), "x".into())],
        );
        let text = text(&metrics);
        let line = r#"wellhead_guest_requests_total{plugin="prometheus",org="1",datasource="prod",code="200"} 2"#;
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn illegal_names_second_types_and_surplus_series_are_dropped_and_counted() {
        let metrics = GuestMetrics::default();
        let source = metrics.of_source("p", 1, "u", 2);
        source.record(Kind::Counter, "bad name", 1.0, vec![]);
        source.record(Kind::Counter, "negative", -1.0, vec![]);
        source.record(Kind::Gauge, "a", 1.0, vec![]);
        source.record(Kind::Counter, "a", 1.0, vec![]);
        source.record(Kind::Histogram, "b", 0.02, vec![]);
        source.record(Kind::Gauge, "c", 1.0, vec![]);
        let text = text(&metrics);
        assert!(text.contains("wellhead_guest_series_dropped_total 4"), "{text}");
        assert!(!text.contains("wellhead_guest_c"), "{text}");
        assert!(text.contains(r#"le="0.05"} 1"#) || text.contains(r#"le="0.05",plugin"#), "{text}");
    }
}
