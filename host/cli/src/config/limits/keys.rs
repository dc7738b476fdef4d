//! Which limits can be set, under which names, and where they go.

use super::units;
use std::time::Duration;
use wellhead::{LimitOverrides, Limits, LiveLimits, ResultLimits};
use wellhead_server::ServerConfig;

/// What everybody lives within: instances, and the answers that leave the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostLimits {
    pub(crate) plugins: Limits,
    /// Bytes of a JSON response.
    pub(crate) json_bytes: usize,
    /// Rows of a frame in a JSON response.
    pub(crate) json_rows: usize,
    /// Bytes of a request's body.
    pub(crate) request_bytes: usize,
    pub(crate) live: LiveLimits,
    /// Connections that live channels are read on.
    pub(crate) live_connections: usize,
}

impl Default for HostLimits {
    fn default() -> Self {
        let ServerConfig { json_bytes, body_bytes: request_bytes, live_connections, .. } = ServerConfig::default();
        let (plugins, json_rows, live) = (Limits::default(), ResultLimits::default().frame_rows, LiveLimits::default());
        Self { plugins, json_bytes, json_rows, request_bytes, live, live_connections }
    }
}

/// A limit's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amount {
    Time(Duration),
    Number(usize),
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Count,
    Bytes,
}

/// A limit that can be set.
#[derive(Debug)]
pub(super) struct LimitKey {
    pub(super) name: &'static str,
    slot: Slot,
}

/// Where a limit is kept; `over` where plugins and data sources may have their own.
#[derive(Debug)]
enum Slot {
    Time {
        of: fn(&mut HostLimits) -> &mut Duration,
        over: Option<fn(&mut LimitOverrides) -> &mut Option<Duration>>,
    },
    /// Bytes of what may be larger than memory.
    Disk {
        of: fn(&mut HostLimits) -> &mut u64,
    },
    Number {
        unit: Unit,
        of: fn(&mut HostLimits) -> &mut usize,
        over: Option<fn(&mut LimitOverrides) -> &mut Option<usize>>,
    },
}

macro_rules! time {
    ($name:literal, $field:ident) => {
        LimitKey {
            name: $name,
            slot: Slot::Time { of: |all| &mut all.plugins.$field, over: Some(|own| &mut own.$field) },
        }
    };
}

macro_rules! number {
    ($name:literal, $unit:ident, $field:ident) => {{
        let over: fn(&mut LimitOverrides) -> &mut Option<usize> = |own| &mut own.$field;
        LimitKey {
            name: $name,
            slot: Slot::Number { unit: Unit::$unit, of: |all| &mut all.plugins.$field, over: Some(over) },
        }
    }};
}

/// Of the whole host: no plugin and no data source has its own.
macro_rules! of_the_host {
    ($name:literal, $unit:ident, $($path:ident).+) => {
        LimitKey { name: $name, slot: Slot::Number { unit: Unit::$unit, of: |all| &mut all.$($path).+, over: None } }
    };
}

macro_rules! time_of_the_host {
    ($name:literal, $($path:ident).+) => {
        LimitKey { name: $name, slot: Slot::Time { of: |all| &mut all.$($path).+, over: None } }
    };
}

pub(super) static KEYS: [LimitKey; 40] = [
    time!("call-deadline", call_deadline),
    time!("drain", drain),
    time!("cancel-grace", cancel_grace),
    time!("configure-deadline", configure_deadline),
    time_of_the_host!("shutdown-deadline", plugins.shutdown_deadline),
    time!("guest-cpu", guest_cpu),
    number!("calls-in-flight", Count, calls_in_flight),
    number!("replicas", Count, replicas),
    time!("idle-after", idle_after),
    number!("crashes", Count, crashes),
    time!("crash-window", crash_window),
    number!("memory", Bytes, memory_bytes),
    number!("table-elements", Count, table_elements),
    number!("handles", Count, handles),
    number!("transfer", Bytes, transfer_bytes),
    number!("frames", Count, frames),
    number!("log-rate", Bytes, log_bytes_per_second),
    number!("metric-series", Count, metric_series),
    number!("cache", Bytes, cache_bytes),
    number!("connections", Count, connections),
    number!("streams", Count, streams),
    of_the_host!("wasm-size", Bytes, plugins.wasm_bytes),
    time_of_the_host!("compile-deadline", plugins.compile_deadline),
    of_the_host!("compile-memory", Bytes, plugins.compile_memory_bytes),
    LimitKey { name: "compile-cache", slot: Slot::Disk { of: |all| &mut all.plugins.compile_cache_bytes } },
    of_the_host!("live-instances", Count, plugins.live_instances),
    of_the_host!("json-response", Bytes, json_bytes),
    of_the_host!("json-rows", Count, json_rows),
    of_the_host!("request-body", Bytes, request_bytes),
    of_the_host!("live-connections", Count, live_connections),
    of_the_host!("live-channels", Count, live.streams_per_org),
    of_the_host!("live-subscribers", Count, live.subscribers),
    of_the_host!("live-queue-frames", Count, live.queue_frames),
    of_the_host!("live-queue", Bytes, live.queue_bytes),
    of_the_host!("live-memory", Bytes, live.live_bytes),
    of_the_host!("live-frame", Bytes, live.frame_bytes),
    of_the_host!("live-retained-frames", Count, live.retained_frames),
    of_the_host!("live-publish", Bytes, live.publish_bytes),
    time_of_the_host!("live-linger", live.linger),
    time_of_the_host!("live-recheck", live.recheck),
];

impl LimitKey {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }

    /// Whether plugins and data sources may have their own.
    pub(super) fn has_exceptions(&self) -> bool {
        match &self.slot {
            Slot::Time { over, .. } => over.is_some(),
            Slot::Number { over, .. } => over.is_some(),
            Slot::Disk { .. } => false,
        }
    }

    pub(super) fn get(&self, all: &mut HostLimits) -> Amount {
        match &self.slot {
            Slot::Time { of, .. } => Amount::Time(*of(all)),
            Slot::Number { of, .. } => Amount::Number(*of(all)),
            Slot::Disk { of } => Amount::Number(usize::try_from(*of(all)).unwrap_or(usize::MAX)),
        }
    }

    pub(super) fn set(&self, all: &mut HostLimits, amount: Amount) {
        match (&self.slot, amount) {
            (Slot::Time { of, .. }, Amount::Time(time)) => *of(all) = time,
            (Slot::Number { of, .. }, Amount::Number(number)) => *of(all) = number,
            (Slot::Disk { of }, Amount::Number(number)) => *of(all) = number as u64,
            // An amount is of its key's kind: `parse` made it.
            _ => {}
        }
    }

    pub(super) fn set_over(&self, own: &mut LimitOverrides, amount: Amount) {
        match (&self.slot, amount) {
            (Slot::Time { over: Some(over), .. }, Amount::Time(time)) => *over(own) = Some(time),
            (Slot::Number { over: Some(over), .. }, Amount::Number(number)) => *over(own) = Some(number),
            _ => {}
        }
    }

    /// The amount that a text or a bare number stands for, or what would be right.
    pub(super) fn parse(&self, written: &str, is_bare: bool) -> Result<Amount, String> {
        match self.slot {
            Slot::Time { .. } => units::time(written).map(Amount::Time),
            Slot::Disk { .. } | Slot::Number { unit: Unit::Bytes, .. } => units::size(written).map(Amount::Number),
            Slot::Number { unit: Unit::Count, .. } => units::count(written, is_bare).map(Amount::Number),
        }
    }

    /// As it would be written in the file.
    pub(super) fn text(&self, amount: Amount) -> String {
        match (amount, &self.slot) {
            (Amount::Time(time), _) => units::time_text(time),
            (Amount::Number(number), Slot::Disk { .. } | Slot::Number { unit: Unit::Bytes, .. }) => {
                units::size_text(number)
            }
            (Amount::Number(number), _) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_goes_where_it_belongs_and_no_two_to_one_place() {
        let mut all = HostLimits::default();
        for key in &KEYS {
            let amount = match key.get(&mut HostLimits::default()) {
                Amount::Time(time) => Amount::Time(time * 2),
                Amount::Number(number) => Amount::Number(number * 2),
            };
            key.set(&mut all, amount);
            let changed = KEYS.iter().filter(|other| other.get(&mut HostLimits::default()) != other.get(&mut all));
            let so_far = KEYS.iter().take_while(|other| other.name != key.name).count() + 1;
            assert_eq!(changed.count(), so_far, "{}", key.name);
            assert_eq!(key.parse(&key.text(amount), true), Ok(amount), "{}", key.name);
            let mut own = LimitOverrides::default();
            key.set_over(&mut own, amount);
            assert_eq!(own != LimitOverrides::default(), key.has_exceptions(), "{}", key.name);
        }
    }
}
