//! Metrics and cache: used as they are meant, and filled beyond every bound.

use crate::deed::{Deed, Outcome};
use crate::wellhead::plugin::log::{self, Level};
use crate::wellhead::plugin::{cache, metrics};

const MINUTE: u32 = 60_000;

pub(crate) fn query(deed: &Deed) -> Option<Outcome> {
    let words = match deed.name() {
        "imports" => use_each(),
        "metric-series" => {
            (0..100_000).for_each(|n| metrics::add("endless", 1.0, &[("n".into(), n.to_string())]));
            (0..10_000).for_each(|n| metrics::set(&format!("family_{n}"), 1.0, &[]));
            "counted".into()
        }
        "metric-names" => {
            let long = "n".repeat(1 << 20);
            for name in ["", "a b", "a\nb 1", "1a", "é", "wellhead_plugin_crashes", &long] {
                metrics::add(name, 1.0, &[]);
                metrics::set("hostile_label", 1.0, &[(name.into(), name.into())]);
            }
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX] {
                metrics::add("odd_counter", value, &[]);
                metrics::set("odd_gauge", value, &[]);
                metrics::observe("odd_histogram", value, &[]);
            }
            let quotes = "\"} 1\nforged 2\\";
            metrics::set("hostile_quotes", 1.0, &[("le".into(), quotes.into()), ("le".into(), "twice".into())]);
            "counted".into()
        }
        "metric-labels" => {
            let labels: Vec<_> = (0..10_000).map(|n| (format!("l{n}"), "v".repeat(1_000))).collect();
            metrics::observe("labels", 1.0, &labels);
            "counted".into()
        }
        "cache-fill" => {
            let value = vec![1_u8; 1 << 20];
            (0..500).for_each(|n| cache::set(&n.to_string(), &value, MINUTE));
            let kept = (0..500).filter(|n: &u32| cache::get(&n.to_string()).is_some()).count();
            format!("at most 16 of 500 MiB are kept: {}", kept <= 16)
        }
        "cache-entries" => {
            (0..500_000).for_each(|n| cache::set(&n.to_string(), &[], MINUTE));
            "set".into()
        }
        "cache-large" => {
            let (key, value) = ("k".repeat(1 << 20), vec![1_u8; 10 << 20]);
            cache::set(&key, &[1], MINUTE);
            cache::set("value", &value, u32::MAX);
            let kept = cache::get(&key).is_some() || cache::get("value").is_some();
            format!("kept: {kept}")
        }
        _ => return None,
    };
    Some(Outcome::Told(words))
}

/// Every import once; tells what the cache gave back.
fn use_each() -> String {
    log::write(Level::Info, "hostile", "a line", &[("key".into(), "value".into())]);
    metrics::add("hostile_calls", 1.0, &[]);
    metrics::set("hostile_level", 0.5, &[("kind".into(), "test".into())]);
    metrics::observe("hostile_wait_seconds", 0.2, &[]);
    let before = cache::get("seen").is_some();
    cache::set("seen", &[1], MINUTE);
    format!("seen before: {before}, now: {}", cache::get("seen").is_some())
}
