//! 100,000 rows of time and float64 as Grafana's JSON: this project's frame against that of the crate
//! `grafana-plugin-sdk`, both built beforehand, both into fresh memory, one thread, least of many runs.
//!
//! Through serde_json (1.0.154) the peer formats floats with zmij too, and those take half of its time: with that floor under
//! both, no writer can be twice as fast. What is left to gain or lose is what stands around the numbers.
//!
//! cargo run --release --manifest-path tests/peers/frame-json/Cargo.toml

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::DateTime;
use grafana_plugin_sdk::prelude::*;
use wellhead_frame::{Field, Frame, JsonOptions, Timestamp};

const ROWS: i64 = 100_000;

fn least(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..50).map(time).min().unwrap_or_default()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let times: Vec<i64> = (0..ROWS).map(|row| 1_700_000_000_000 + row * 15_000).collect();
    let values: Vec<f64> = (0..ROWS).map(|row| (row as f64 * 0.37).sin() * 1e3).collect();

    let instants: Vec<_> = times.iter().filter_map(|millis| DateTime::from_timestamp_millis(*millis)).collect();
    let peer = [instants.into_field("time"), values.clone().into_field("value")].into_frame("bench");
    let ours = Frame::builder("bench")
        .column(Field::new("time"), times.into_iter().map(Timestamp::from_millis).collect::<Vec<_>>())
        .column(Field::new("value"), values)
        .build()?;

    let data = |json: &[u8]| -> Result<Vec<Vec<f64>>, serde_json::Error> {
        let mut frame: serde_json::Value = serde_json::from_slice(json)?;
        serde_json::from_value(frame["data"]["values"].take())
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
