//! Numbers about the plugin itself. The host exports them with plugin and data source as labels; it limits the number of
//! series, so labels take few values.
//!
//! ```
//! use wellhead_sdk::metrics::{Counter, Histogram};
//!
//! static RETRIES: Counter = Counter::new("retries_total");
//! static PARSE: Histogram = Histogram::new("parse_seconds");
//!
//! RETRIES.add(1.0, &[("reason", "timeout")]);
//! PARSE.observe(0.012, &[]);
//! ```

use crate::imports::{self, MetricKind};

/// A number that only grows; its name ends in `_total`.
#[derive(Clone, Copy, Debug)]
pub struct Counter(&'static str);

impl Counter {
    /// A counter of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Adds a value that is not negative.
    pub fn add(&self, value: f64, labels: &[(&str, &str)]) {
        imports::metric(MetricKind::Add, self.0, value, labels);
    }
}

/// A number that goes up and down: how this instance is now. The host adds up those of a data source's instances, and
/// forgets an instance's when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Gauge(&'static str);

impl Gauge {
    /// A gauge of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Sets the value.
    pub fn set(&self, value: f64, labels: &[(&str, &str)]) {
        imports::metric(MetricKind::Set, self.0, value, labels);
    }
}

/// How numbers are distributed; its name ends in the unit, `_seconds` or `_bytes`.
#[derive(Clone, Copy, Debug)]
pub struct Histogram(&'static str);

impl Histogram {
    /// A histogram of this name.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Adds an observation.
    pub fn observe(&self, value: f64, labels: &[(&str, &str)]) {
        imports::metric(MetricKind::Observe, self.0, value, labels);
    }
}
