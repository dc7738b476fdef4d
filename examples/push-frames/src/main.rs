//! Pushes a program's own frames to whoever subscribes, with no plugin: to pages over HTTP, and to the program itself.
//!
//! `cargo run --release -p push-frames`, and beside it
//! `curl -N http://127.0.0.1:3000/api/live/subscribe/stream/process/uptime`
#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use futures::StreamExt;
use std::{pin::pin, time::Duration, time::Instant};
use tokio::{net::TcpListener, time};
use wellhead::{Frame, Wellhead};
use wellhead_frame::Field;
use wellhead_server::{Server, ServerConfig};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wellhead = Wellhead::builder().build().await?;
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    // As it stands it trusts everybody who reaches its socket.
    let server = Server::new(wellhead.clone(), ServerConfig::default());
    tokio::spawn(server.serve(listener, std::future::pending()));

    tokio::spawn(publish_uptime(wellhead.clone()));
    let mut frames = pin!(wellhead.subscribe("stream/process/uptime").await?);
    while let Some(frame) = frames.next().await {
        println!("{}: {} row", frame.name(), frame.num_rows());
    }
    Ok(())
}

async fn publish_uptime(wellhead: Wellhead) -> anyhow::Result<()> {
    let started = Instant::now();
    let mut seconds = time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        let uptime = vec![started.elapsed().as_secs_f64()];
        wellhead.publish(
            "stream/process/uptime",
            Frame::builder("uptime").column(Field::new("seconds"), uptime).build()?,
        )?;
    }
}
