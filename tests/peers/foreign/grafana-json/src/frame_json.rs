//! 100,000 rows of time and float64 as Grafana's JSON: this project's frame against that of the crate
//! `grafana-plugin-sdk`, both built beforehand, both into fresh memory, one thread, least of many runs.
//!
//! Through serde_json the peer formats floats with zmij too, and those take half of its time: with that floor under both,
//! no writer can be twice as fast. What is left to gain or lose is what stands around the numbers.
//!
//! cargo run --release --manifest-path tests/peers/foreign/Cargo.toml --bin frame-json

use grafana_plugin_sdk::data::Frame;
use grafana_plugin_sdk::prelude::*;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wellhead_frame::JsonOptions;
use wellhead_peer_table::{time, value};

const ROWS: usize = 100_000;

fn least(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..50).map(time).min().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instants = (0..ROWS).filter_map(|row| chrono::DateTime::from_timestamp_millis(time(row)));
    let values: Vec<f64> = (0..ROWS).map(value).collect();
    let peer: Frame = [instants.into_field("time"), values.into_field("value")].into_frame("series");
    let ours = wellhead_peer_table::series(ROWS)?;

    let data = |json: &[u8]| -> Result<serde_json::Value, serde_json::Error> {
        let mut frame: serde_json::Value = serde_json::from_slice(json)?;
        Ok(frame.pointer_mut("/data/values").map(serde_json::Value::take).unwrap_or_default())
    };
    let same = data(&serde_json::to_vec(&peer)?)? == data(&ours.to_json(&JsonOptions::default())?)?;

    let theirs = least(|| drop(black_box(serde_json::to_vec(black_box(&peer)))));
    let us = least(|| drop(black_box(black_box(&ours).to_json(&JsonOptions::default()))));
    let ratio = theirs.as_secs_f64() / us.as_secs_f64();
    eprintln!(
        "{ROWS} rows: {us:?} here, {theirs:?} in grafana-plugin-sdk: {ratio:.2} times as much; same values: {same}"
    );
    Ok(())
}
