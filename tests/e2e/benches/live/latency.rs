//! From the guest's clock to the subscriber's.

use crate::child::Server;
use crate::clients::{PATIENCE, Socket};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio::time::Instant;

const SUBSCRIBERS: usize = 100;
const HERTZ: usize = 100;
const LASTS: Duration = Duration::from_secs(10);

pub(crate) async fn measure() -> Result<()> {
    let server = Server::start("host")?;
    let data = format!("{{\"frequency\":{HERTZ}}}");
    let mut subscribers = JoinSet::new();
    let port = server.port;
    for _ in 0..SUBSCRIBERS {
        let socket = Socket::subscribed(port, "1/ds/testdata/random-walk", &data).await?;
        subscribers.spawn(read(socket));
    }
    let mut all = Vec::new();
    let mut fewest = usize::MAX;
    while let Some(latencies) = subscribers.join_next().await {
        let latencies = latencies??;
        fewest = fewest.min(latencies.len());
        all.extend(latencies);
    }
    all.sort_unstable();
    let at = |part: usize| all.get(all.len() * part / 1_000).copied().unwrap_or_default();
    let expected = HERTZ * usize::try_from(LASTS.as_secs())?;
    println!(
        "latency: guest to {SUBSCRIBERS} subscribers, {HERTZ} frames/s: {} deliveries/s for {LASTS:?}",
        SUBSCRIBERS * HERTZ
    );
    println!("  p50 {} ms, p99 {} ms (aim 20), p99.9 {} ms", at(500), at(990), at(999));
    println!("  fewest frames of a subscriber   {fewest} of about {expected}, none of them dropped");
    Ok(())
}

/// The age of each frame when it was read, in milliseconds. The time in a frame is one of whole milliseconds, so that its
/// age is up to one too high.
async fn read(mut socket: Socket) -> Result<Vec<i128>> {
    let mut ages = Vec::new();
    let until = Instant::now() + LASTS;
    while Instant::now() < until {
        let message = tokio::time::timeout(PATIENCE, socket.message()).await??;
        let now = i128::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
        ensure!(!message.contains("notices"), "a subscriber was too slow: {message}");
        for line in message.lines().filter(|line| line.contains("\"values\"")) {
            let (_, values) = line.split_once("\"values\":[[").context("a frame has values")?;
            let digits: String = values.chars().take_while(char::is_ascii_digit).collect();
            ages.push(now - digits.parse::<i128>()?);
        }
    }
    Ok(ages)
}
