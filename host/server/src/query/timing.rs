//! Where a query's time went, for the header `Server-Timing`.

use std::fmt::Write;
use std::time::Instant;

pub(super) struct Timing {
    last: Instant,
    laps: Vec<(&'static str, f64)>,
}

impl Timing {
    pub(super) fn start() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    /// Books the time since the last lap under `name`.
    pub(super) fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, now.duration_since(self.last).as_secs_f64() * 1000.0));
        self.last = now;
    }

    /// `parse;dur=0.1, plugins;dur=12.3`, in milliseconds.
    pub(super) fn header(&self) -> String {
        let mut header = String::new();
        for (name, milliseconds) in &self.laps {
            let comma = if header.is_empty() { "" } else { ", " };
            // Writing to a String cannot fail.
            let _ = write!(header, "{comma}{name};dur={milliseconds:.3}");
        }
        header
    }
}
