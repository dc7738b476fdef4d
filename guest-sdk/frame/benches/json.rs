//! What does a frame as JSON cost, against what it cannot cost less than?
//!
//! 100,000 rows of time and float64, one thread, in memory. The floor is formatting the same 200,000 numbers into a
//! vector with itoa and zmij, no commas, no nulls, no checks. Reading Arrow and sending bytes are not measured.

use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use wellhead_frame::{Field, Frame, JsonOptions, Timestamp};

const ROWS: usize = 100_000;

fn numbers() -> (Vec<i64>, Vec<f64>) {
    let times = (0..ROWS).map(|row| 1_700_000_000_000 + row as i64 * 15_000).collect();
    let values = (0..ROWS).map(|row| (row as f64 * 0.37).sin() * 1e3).collect();
    (times, values)
}

fn frame() -> Frame {
    let (times, values) = numbers();
    let times: Vec<_> = times.into_iter().map(Timestamp::from_millis).collect();
    let frame = Frame::builder("bench").column(Field::new("time"), times).column(Field::new("value"), values);
    frame.build().unwrap_or_else(|_| Frame::empty("bench"))
}

fn format(times: &[i64], values: &[f64], out: &mut Vec<u8>) {
    for time in times {
        out.extend_from_slice(itoa::Buffer::new().format(*time).as_bytes());
    }
    for value in values {
        out.extend_from_slice(zmij::Buffer::new().format_finite(*value).as_bytes());
    }
}

#[divan::bench]
fn numbers_alone(bencher: Bencher<'_, '_>) {
    let (times, values) = numbers();
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        format(black_box(&times), black_box(&values), &mut out);
    });
}

#[divan::bench]
fn frame_as_json(bencher: Bencher<'_, '_>) {
    let frame = frame();
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        black_box(&frame).write_json(&mut out, &JsonOptions::default())
    });
}

/// The least of many runs, which is what other load on the machine disturbs least.
fn least(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..200).map(time).min().unwrap_or_default()
}

fn main() {
    let (frame, (times, values)) = (frame(), numbers());
    let mut out = Vec::new();
    let alone = least(|| {
        out.clear();
        format(black_box(&times), black_box(&values), &mut out);
    });
    let json = least(|| {
        out.clear();
        let _ = black_box(black_box(&frame).write_json(&mut out, &JsonOptions::default()));
    });
    let ratio = json.as_secs_f64() / alone.as_secs_f64();
    eprintln!("{ROWS} rows: {json:?} as JSON, {alone:?} for the numbers alone: {ratio:.2} times");
    divan::main();
}
