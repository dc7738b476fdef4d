//! Wellhead's server: the testdata plugin, a channel that is published to, no sign-in.

use crate::child;
use crate::fan_out::{BATCH, CHANNEL, frame};
use anyhow::Result;
use tokio::net::TcpListener;
use wellhead::{DataSource, Limits, LiveLimits, MemoryStore, Wellhead};
use wellhead_e2e::host::{compile_cache, wasm};
use wellhead_server::{Server, ServerConfig};

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let wellhead = runtime.block_on(start())?;
    let frame = frame()?;
    while child::told()? {
        for _ in 0..BATCH {
            wellhead.publish(CHANNEL, frame.clone())?;
        }
    }
    Ok(())
}

async fn start() -> Result<Wellhead> {
    let source = DataSource::new("testdata", "TestData", "testdata");
    let wellhead = Wellhead::builder()
        .plugin_file(wasm("testdata")?)
        .compile_cache(compile_cache())
        .store(MemoryStore::new([source])?)
        .limits(Limits { streams: 2_000, calls_in_flight: 4_000, handles: 100_000, ..Limits::default() })
        .live_limits(LiveLimits { streams_per_org: 4_000, ..LiveLimits::default() })
        .build()
        .await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let config = ServerConfig { connections: 8_000, live_connections: 4_000, ..ServerConfig::default() };
    tokio::spawn(Server::new(wellhead.clone(), config).serve(listener, std::future::pending()));
    println!("{port}");
    Ok(wellhead)
}
