//! One channel, a thousand subscribers.

use crate::child::Server;
use crate::clients::{Counted, Socket};
use anyhow::{Context, Result};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;
use wellhead_frame::{Field, Frame, JsonOptions, Timestamp};

/// Frames that are sent at a time.
pub(crate) const BATCH: usize = 32;
pub(crate) const CHANNEL: &str = "stream/bench/walk";

const SUBSCRIBERS: usize = 1_000;
const ROUNDS: usize = 7;
const BATCHES_A_ROUND: usize = 20;
/// Stands in every frame once, and nowhere else: not in the head of a WebSocket frame either, as `~` would, which is 126.
const MARK: u8 = b'^';

/// A row of a time, a few numbers and a name.
pub(crate) fn frame() -> Result<Frame> {
    let time = Timestamp::from_seconds(1_700_000_000);
    let numbers = ["min", "max", "mean", "last"];
    let frame = Frame::builder("walk").column(Field::new("time"), vec![time]);
    let frame = numbers.iter().fold(frame, |frame, name| frame.column(Field::new(*name), vec![1234.5678]));
    Ok(frame.column(Field::new("host"), vec![format!("web{}1", char::from(MARK))]).build()?)
}

/// The frame's rows, as a push has them once the schema is known.
pub(crate) fn frame_json() -> Result<String> {
    let whole = String::from_utf8(frame()?.to_json(&JsonOptions::default())?)?;
    let (_, data) = whole.split_once(",\"data\":").context("a frame has data")?;
    Ok(format!("{{\"data\":{data}"))
}

pub(crate) fn push(json: &str) -> String {
    format!("{{\"push\":{{\"channel\":\"1/{CHANNEL}\",\"pub\":{{\"data\":{json}}}}}}}")
}

pub(crate) async fn compare() -> Result<()> {
    let (mut host, mut bare) = (Seen::default(), Seen::default());
    for _ in 0..ROUNDS {
        // In turns, because what else the machine does changes.
        host.add(LocalSet::new().run_until(round("host")).await?);
        bare.add(LocalSet::new().run_until(round("bare")).await?);
    }
    let bytes = push(&frame_json()?).len();
    println!("fan-out: 1 channel, {SUBSCRIBERS} subscribers, {bytes} bytes a push, median of {ROUNDS} rounds");
    for (name, seen) in [("Wellhead", &mut host), ("bare tokio-tungstenite", &mut bare)] {
        let rate = seen.frames_per_second();
        println!("  {name:<31} {rate:>9.0} frames/s, {:>9.0} deliveries/s", rate * SUBSCRIBERS as f64);
    }
    println!("  ratio of frames/s, aim 0.8      {:>9.2}", host.frames_per_second() / bare.frames_per_second());
    println!("  ratio of the servers' CPU time  {:>9.2}", host.cpu.as_secs_f64() / bare.cpu.as_secs_f64());
    Ok(())
}

/// What the rounds of one server came to.
#[derive(Default)]
struct Seen {
    took: Vec<Duration>,
    cpu: Duration,
}

impl Seen {
    fn add(&mut self, (took, cpu): (Duration, Duration)) {
        self.took.push(took);
        self.cpu += cpu;
    }

    fn frames_per_second(&mut self) -> f64 {
        self.took.sort_unstable();
        let median = self.took.get(self.took.len() / 2).copied().unwrap_or_default();
        (BATCH * BATCHES_A_ROUND) as f64 / median.as_secs_f64()
    }
}

/// The time for all batches, and the server's CPU time.
async fn round(role: &str) -> Result<(Duration, Duration)> {
    let mut server = Server::start(role)?;
    let counted = Rc::new(Counted::default());
    for _ in 0..SUBSCRIBERS {
        let socket = match role {
            "bare" => Socket::open(server.port, "/").await?,
            _ => Socket::subscribed(server.port, &format!("1/{CHANNEL}"), "").await?,
        };
        tokio::task::spawn_local(socket.count(MARK, counted.clone()));
    }
    // The first batch has the schema.
    server.go()?;
    counted.more(SUBSCRIBERS * BATCH).await?;
    let (began, before) = (Instant::now(), server.cpu()?);
    for _ in 0..BATCHES_A_ROUND {
        server.go()?;
        counted.more(SUBSCRIBERS * BATCH).await?;
    }
    Ok((began.elapsed(), server.cpu()? - before))
}
