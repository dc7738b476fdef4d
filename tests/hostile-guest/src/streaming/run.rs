//! Runs: too fast, too slow, too large, without end and without sense. All but those that say otherwise end when they
//! are canceled.

use super::HOUR_MS;
use super::packets::{Counter, batch, whole, words};
use crate::cancel::sleep_ms;
use crate::deed::{self, error};
use crate::exports::wellhead::plugin::streaming::Packet;
use crate::frames::valid;
use crate::wellhead::plugin::types::{CancelReason, PluginError};
use crate::{spin, wit_stream};
use std::future::{IntoFuture, pending, poll_fn};
use std::hint::black_box;
use std::pin::pin;
use std::task::Poll;
use wasip3::clocks::monotonic_clock;
use wit_bindgen::{FutureReader, StreamReader, spawn_local};

pub(crate) async fn run(path: String, cancel: FutureReader<CancelReason>) -> Result<StreamReader<Packet>, PluginError> {
    match path.as_str() {
        "late" => loop {
            sleep_ms(HOUR_MS).await;
        },
        "run-error" => return Err(error(503, format!("no stream with {}", deed::secret()))),
        "run-trap" => panic!("asked to panic in run-stream"),
        "run-spin" => spin::forever(),
        _ => {}
    }
    let (packets, reader) = wit_stream::new();
    spawn_local(async move {
        let counter = Counter::new(packets);
        if path == "ignore-cancel" {
            // It holds the token and never looks, whoever reads.
            ticks(counter, 100, false).await;
            drop(cancel);
            return;
        }
        until(cancel, feed(&path, counter)).await;
    });
    Ok(reader)
}

/// Does what the path says. Its parameter, if it takes one, comes after `:`, or after `=` or `/`, which channels may
/// have in their names.
async fn feed(path: &str, mut counter: Counter) {
    let (misdeed, parameter) = path.split_once([':', '=', '/']).unwrap_or((path, ""));
    let number: i64 = parameter.parse().unwrap_or(10);
    match misdeed {
        "ticks" => ticks(counter, number, true).await,
        "burst" => {
            counter.count_to(number).await;
            pending().await
        }
        "spin" => {
            counter.count().await;
            spin::forever()
        }
        "flood" => while counter.count().await {},
        "schema-flood" => while counter.send(whole(&words())).await {},
        "empty-flood" => while counter.send(Packet::Batch(vec![])).await {},
        "schema-change" => {
            while counter.count_in_thirds().await {
                sleep_ms(10).await;
            }
        }
        "bad-frame" => after_one(counter, Packet::Frame(vec![0xff; 64])).await,
        "empty-frame" => after_one(counter, Packet::Frame(vec![])).await,
        "bad-batch" => {
            counter.send(batch(&words())).await;
            pending().await
        }
        "garbage-batch" => after_one(counter, Packet::Batch(vec![0xff; 64])).await,
        "wrong-schema-batch" => after_one(counter, batch(&words())).await,
        "huge" => after_one(counter, Packet::Frame(valid::frame(9 << 18))).await,
        "huge-batch" => after_one(counter, Packet::Batch(valid::messages(9 << 18).1)).await,
        "end" => counter.count_to(3).await,
        "end-at-once" => {}
        "fail" => {
            counter.count_to(3).await;
            counter.send(failure()).await;
        }
        "fail-at-once" => drop(counter.send(failure()).await),
        // What comes after the last packet.
        "fail-goes-on" => {
            counter.send(failure()).await;
            ticks(counter, 100, true).await;
        }
        "trap" => {
            counter.count_to(3).await;
            panic!("asked to panic after three frames")
        }
        // 8 MiB a frame, never given back.
        "alloc" => {
            let mut hoard = Vec::new();
            while counter.count().await {
                hoard.push(black_box(vec![1_u8; 8 << 20]));
            }
        }
        // `quiet` among them: it holds the stream and never sends.
        _ => pending().await,
    }
}

/// A good packet, a bad one, and good ones again.
async fn after_one(mut counter: Counter, packet: Packet) {
    counter.count().await;
    counter.send(packet).await;
    ticks(counter, 100, true).await;
}

/// So many numbers a second, for as long as somebody reads, or for ever.
async fn ticks(mut counter: Counter, per_second: i64, while_read: bool) {
    let period = 1_000_000_000 / per_second.clamp(1, 1_000_000).unsigned_abs();
    let mut next = monotonic_clock::now();
    while counter.count().await || !while_read {
        next += period;
        monotonic_clock::wait_until(next).await;
    }
}

fn failure() -> Packet {
    let secret = deed::secret();
    let mut error = error(502, format!("cannot log in with the password {secret}"));
    error.details = Some(format!(r#"{{"password":"{secret}"}}"#));
    Packet::Failed(error)
}

/// Does the work until it is done or nobody wants it any more.
async fn until(cancel: FutureReader<CancelReason>, work: impl Future<Output = ()>) {
    let (mut work, mut cancel) = (pin!(work), pin!(cancel.into_future()));
    poll_fn(|cx| {
        let over = work.as_mut().poll(cx).is_ready() || cancel.as_mut().poll(cx).is_ready();
        if over { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
