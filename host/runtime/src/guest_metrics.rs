//! Counters, gauges and histograms that guests keep, exported beside the host's own with plugin and data source as
//! labels.
//!
//! A gauge says how its instance is now: those of a data source's instances are added up, and an instance takes its own
//! with it when it ends. Counters and histograms stay, as they say what happened.
//!
//! Names and labels come from a sandbox: illegal ones are dropped, the number of series of a data source is limited,
//! and what was dropped is counted in `wellhead_guest_series_dropped`.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::histogram::Histogram;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// By instance.
    Gauge(BTreeMap<u64, f64>),
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
    last_instance: u64,
    dropped: u64,
}

/// All guests' series of one runtime.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuestMetrics(Arc<Mutex<Families>>);

impl GuestMetrics {
    /// The part that one instance of a data source writes to, until it is dropped.
    pub(crate) fn of_instance(&self, plugin: &str, org: i64, uid: &str, max_series: usize) -> InstanceMetrics {
        let mut all = self.lock();
        all.last_instance = all.last_instance.wrapping_add(1);
        let instance = all.last_instance;
        drop(all);
        InstanceMetrics {
            all: self.clone(),
            instance,
            source: [plugin.into(), org.to_string(), uid.into()],
            max_series,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One instance's view of the guest metrics.
#[derive(Debug)]
pub(crate) struct InstanceMetrics {
    all: GuestMetrics,
    instance: u64,
    source: [String; 3],
    max_series: usize,
}

impl InstanceMetrics {
    /// What all series of its data source begin with.
    fn labels(&self) -> Labels {
        let [plugin, org, uid] = &self.source;
        vec![("plugin".into(), plugin.clone()), ("org".into(), org.clone()), ("datasource".into(), uid.clone())]
    }

    /// Records `value` in the series `name` with `labels`; drops what is illegal or beyond the limit.
    pub(crate) fn record(&self, kind: Kind, name: &str, value: f64, labels: Labels) {
        let legal = is_name(name)
            && labels.len() <= MAX_LABELS
            && labels.iter().all(|(key, value)| is_name(key) && value.len() <= MAX_LABEL_VALUE)
            && (kind != Kind::Counter || value >= 0.0);
        // Guests end a counter's name as convention has it, and the text format adds that ending by itself.
        let name = match name.strip_suffix("_total") {
            Some(stem) if kind == Kind::Counter && !stem.is_empty() => stem,
            _ => name,
        };
        let mut all = self.all.lock();
        if !legal || all.record(self, kind, name, value, labels).is_none() {
            all.dropped = all.dropped.saturating_add(1);
        }
    }
}

impl Drop for InstanceMetrics {
    fn drop(&mut self) {
        self.all.lock().forget_gauges(self);
    }
}

impl Families {
    fn record(&mut self, source: &InstanceMetrics, kind: Kind, name: &str, value: f64, guest: Labels) -> Option<()> {
        let mut labels = source.labels();
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
            Kind::Gauge => Series::Gauge(BTreeMap::new()),
            Kind::Histogram => Series::Histogram(Histogram::new(BUCKETS)),
        });
        match series {
            Series::Counter(total) => *total += value,
            Series::Gauge(instances) => {
                instances.insert(source.instance, value);
            }
            Series::Histogram(histogram) => histogram.observe(value),
        }
        Some(())
    }

    /// What an instance said of itself is not so any more.
    fn forget_gauges(&mut self, of: &InstanceMetrics) {
        let ours = of.labels();
        let mut forgotten = 0_usize;
        for family in self.families.values_mut().filter(|family| family.kind == Kind::Gauge) {
            let mut emptied = Vec::new();
            let of_source = family.series.range_mut(ours.clone()..).take_while(|(labels, _)| labels.starts_with(&ours));
            for (labels, series) in of_source {
                if let Series::Gauge(instances) = series
                    && instances.remove(&of.instance).is_some()
                    && instances.is_empty()
                {
                    emptied.push(labels.clone());
                }
            }
            forgotten = forgotten.saturating_add(emptied.len());
            emptied.iter().for_each(|labels| drop(family.series.remove(labels)));
        }
        if let Some(count) = self.count.get_mut(&of.source) {
            *count = count.saturating_sub(forgotten);
        }
        self.families.retain(|_, family| !family.series.is_empty());
    }
}

impl Collector for GuestMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let all = self.lock();
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
                    Series::Gauge(instances) => member.encode_gauge(&instances.values().sum::<f64>())?,
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
        let source = metrics.of_instance("prometheus", 1, "prod", 10);
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
    fn a_counter_ends_in_total_once_whether_its_guest_says_so_or_not() {
        let metrics = GuestMetrics::default();
        let source = metrics.of_instance("p", 1, "u", 2);
        source.record(Kind::Counter, "connects_total", 1.0, vec![]);
        source.record(Kind::Counter, "connects", 1.0, vec![]);
        source.record(Kind::Gauge, "of_total", 7.0, vec![]);
        let text = text(&metrics);
        let labels = r#"{plugin="p",org="1",datasource="u"}"#;
        for line in [format!("wellhead_guest_connects_total{labels} 2"), format!("wellhead_guest_of_total{labels} 7")] {
            assert!(text.lines().any(|found| found.starts_with(&line)), "{line}\n{text}");
        }
        assert!(!text.contains("total_total"), "{text}");
    }

    #[test]
    fn gauges_of_a_data_sources_instances_are_added_up_and_go_with_them() {
        let metrics = GuestMetrics::default();
        let line = |uid: &str, value: u32| {
            let line = format!(r#"wellhead_guest_open{{plugin="p",org="1",datasource="{uid}",state="idle"}} {value}"#);
            let text = text(&metrics);
            assert_eq!(text.lines().any(|found| found.starts_with(&line)), value > 0, "{line}\n{text}");
            text
        };
        let set = |of: &InstanceMetrics, value| {
            of.record(Kind::Gauge, "open", value, vec![("state".into(), "idle".into())]);
        };
        let [one, two] = [1, 2].map(|_| metrics.of_instance("p", 1, "u", 1));
        let other = metrics.of_instance("p", 1, "u2", 1);
        set(&one, 3.0);
        set(&one, 4.0);
        set(&two, 5.0);
        set(&other, 8.0);
        line("u", 9);
        drop(one);
        line("u", 5);
        drop(two);
        assert!(!line("u2", 8).contains("datasource=\"u\""), "nobody's any more");
        // What is gone makes room under the limit.
        let three = metrics.of_instance("p", 1, "u", 1);
        three.record(Kind::Counter, "done", 1.0, vec![]);
        assert!(text(&metrics).contains("wellhead_guest_series_dropped_total 0"));
        drop((three, other));
        let text = text(&metrics);
        assert!(text.contains("wellhead_guest_done_total") && !text.contains("wellhead_guest_open"), "{text}");
    }

    #[test]
    fn illegal_names_second_types_and_surplus_series_are_dropped_and_counted() {
        let metrics = GuestMetrics::default();
        let source = metrics.of_instance("p", 1, "u", 2);
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
