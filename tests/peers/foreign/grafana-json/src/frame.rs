//! The tables as frames of `grafana-plugin-sdk`.

use chrono::{DateTime, Utc};
use grafana_plugin_sdk::data::Frame;
use grafana_plugin_sdk::prelude::*;
use wellhead_peer_table::{bytes, code, host, latency, load, message, ok, region, retried, time, value};

fn column<T>(rows: usize, cell: impl Fn(usize) -> T) -> Vec<T> {
    (0..rows).map(cell).collect()
}

fn instants(rows: usize) -> Vec<DateTime<Utc>> {
    column(rows, |row| DateTime::from_timestamp_millis(time(row)).unwrap_or_default())
}

/// Time and float64.
pub(crate) fn series(rows: usize) -> Frame {
    [instants(rows).into_field("time"), column(rows, value).into_field("value")].into_frame("series")
}

/// Ten columns with strings and nulls.
pub(crate) fn mixed(rows: usize) -> Frame {
    let fields = [
        instants(rows).into_field("time"),
        column(rows, host).into_field("host"),
        column(rows, message).into_opt_field("message"),
        column(rows, code).into_field("code"),
        column(rows, bytes).into_opt_field("bytes"),
        column(rows, latency).into_field("latency"),
        column(rows, load).into_opt_field("load"),
        column(rows, ok).into_field("ok"),
        column(rows, retried).into_opt_field("retried"),
        column(rows, region).into_opt_field("region"),
    ];
    fields.into_frame("mixed")
}
