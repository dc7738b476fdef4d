//! Parts of the way of a frame, alone, on one thread of this process: what no host can do without.

use crate::contest::Sample;
use crate::cpu;
use anyhow::{Result, anyhow};
use std::hint::black_box;
use std::time::{Duration, Instant};
use wellhead_frame::{Frame, JsonOptions};
use wellhead_peer_table::{time, value};

/// One copy of `bytes`, into memory that is there.
pub fn memcpy(bytes: Vec<u8>) -> impl FnMut(usize) -> Result<Sample> {
    let mut copy = vec![0_u8; bytes.len()];
    move |calls| {
        timed(calls, || {
            copy.copy_from_slice(black_box(&bytes));
            black_box(&mut copy);
            Ok(bytes.len())
        })
    }
}

/// The numbers of a series as JSON writes them, with a comma after each, into memory that is there: what its JSON is but
/// for what stands around them.
pub fn formatting(rows: usize) -> impl FnMut(usize) -> Result<Sample> {
    let numbers: Vec<(i64, f64)> = (0..rows).map(|row| (time(row), value(row))).collect();
    let mut text = Vec::new();
    move |calls| {
        timed(calls, || {
            text.clear();
            let (mut whole, mut float) = (itoa::Buffer::new(), zmij::Buffer::new());
            for (time, _) in black_box(&numbers) {
                text.extend_from_slice(whole.format(*time).as_bytes());
                text.push(b',');
            }
            for (_, value) in black_box(&numbers) {
                text.extend_from_slice(float.format(*value).as_bytes());
                text.push(b',');
            }
            Ok(black_box(&text).len())
        })
    }
}

/// For tables of a million rows.
pub(crate) fn unbounded() -> JsonOptions {
    JsonOptions::default().with_max_bytes(1 << 31).with_max_rows(10_000_000)
}

/// A frame, built beforehand, as Grafana's JSON.
pub fn json(frame: Frame) -> impl FnMut(usize) -> Result<Sample> {
    let options = unbounded();
    move |calls| {
        timed(calls, || {
            let json = black_box(&frame).to_json(&options).map_err(|error| anyhow!("no JSON: {error}"))?;
            Ok(black_box(json).len())
        })
    }
}

/// `work` gives the bytes that came of it.
fn timed(calls: usize, mut work: impl FnMut() -> Result<usize>) -> Result<Sample> {
    let mut bytes = 0;
    let mut each = Vec::with_capacity(calls);
    let (began, before) = (Instant::now(), cpu::of_this_thread());
    for _ in 0..calls {
        let began = Instant::now();
        bytes += work()? as u64;
        each.push(began.elapsed());
    }
    let (wall, host_cpu) = (began.elapsed(), cpu::of_this_thread() - before);
    each.sort_unstable();
    let at = |part: f64| {
        let place = (each.len() as f64 * part).ceil() as usize;
        each.get(place.saturating_sub(1)).copied().unwrap_or(Duration::ZERO)
    };
    Ok(Sample { wall, calls: calls as u64, bytes, p50: at(0.5), p99: at(0.99), host_cpu, plugin_cpu: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables_of::frame;
    use wellhead_peer::Table;

    #[test]
    fn the_numbers_alone_are_those_of_the_json() {
        let numbers = formatting(1_000)(1).unwrap().bytes as usize;
        let json = json(frame(Table::Series, 1_000).unwrap())(1).unwrap().bytes as usize;
        assert!(numbers < json && json < numbers + 1_000, "{numbers} bytes of numbers, {json} of JSON");
    }

    #[test]
    fn every_call_is_counted() {
        let sample = memcpy(vec![7; 1_000])(5).unwrap();
        assert_eq!((sample.calls, sample.bytes), (5, 5_000));
        assert!(sample.p50 <= sample.p99 && sample.p99 <= sample.wall);
    }
}
