//! A thousand channels of one data source, each with a subscriber, a frame a second each.

use crate::child::Server;
use crate::clients::{Counted, Socket};
use anyhow::Result;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::sleep;

const CHANNELS: usize = 1_000;
/// Enough that the pushes of a second are spread, short of the first ping.
const LASTS: Duration = Duration::from_secs(10);
/// A channel that sends nothing for now.
const QUIET: &str = "{\"quiet\":\"1h\"}";

pub(crate) async fn measure() -> Result<()> {
    let server = Server::start("host")?;
    // What the plugin and the first of everything cost is not the channels'.
    let first = Socket::subscribed(server.port, "1/ds/testdata/random-walk/first", "{\"frequency\":1}").await?;
    sleep(Duration::from_secs(1)).await;
    let (cpu, frames) = LocalSet::new().run_until(busy(&server)).await?;
    let cpu = cpu.as_secs_f64() / LASTS.as_secs_f64();
    println!("channels: {CHANNELS} with a subscriber each, 1 frame/s each");
    println!("  the host's CPU, aim 25 %         {:>6.1} % of a core ({frames} frames in {LASTS:?})", cpu * 100.0);
    drop(first);
    drop(server);

    let server = Server::start("host")?;
    let _first = Socket::subscribed(server.port, "1/ds/testdata/bursty/first", QUIET).await?;
    let before = server.resident()?;
    let mut sockets = Vec::new();
    for number in 0..CHANNELS {
        sockets.push(Socket::subscribed(server.port, &format!("1/ds/testdata/bursty/{number}"), QUIET).await?);
    }
    let channels = server.resident()?;
    for _ in 0..CHANNELS {
        sockets.push(Socket::subscribed(server.port, "1/ds/testdata/bursty/0", QUIET).await?);
    }
    let subscribers = server.resident()?;
    let each = |more: u64| more as f64 / CHANNELS as f64;
    let a_subscriber = each(subscribers.saturating_sub(channels));
    println!(
        "  memory of an idle channel        {:>6.1} KiB beside its subscriber (aim 300)",
        each(channels.saturating_sub(before)) - a_subscriber
    );
    println!("  memory of a subscriber           {a_subscriber:>6.1} KiB (aim 32)");
    Ok(())
}

/// The host's CPU time for `LASTS`, and the frames that came.
async fn busy(server: &Server) -> Result<(Duration, usize)> {
    let counted = Rc::new(Counted::default());
    for number in 0..CHANNELS {
        let channel = format!("1/ds/testdata/random-walk/{number}");
        let socket = Socket::subscribed(server.port, &channel, "{\"frequency\":1}").await?;
        // Of `values`: no other word of a push has one.
        tokio::task::spawn_local(socket.count(b'v', counted.clone()));
    }
    let (before, seen) = (server.cpu()?, counted.seen());
    sleep(LASTS).await;
    Ok((server.cpu()? - before, counted.seen() - seen))
}
