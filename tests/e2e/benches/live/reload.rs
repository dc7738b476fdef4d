//! The longest a subscriber waits for a frame while the plugin's code is replaced under it.

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wellhead::{Caller, Channel, DataSource, MemoryStore, Wellhead};
use wellhead_e2e::host::{compile_cache, wasm};

const RELOADS: u8 = 20;

pub(crate) async fn measure() -> Result<()> {
    let code = std::fs::read(wasm("testdata")?)?;
    let source = DataSource::new("testdata", "TestData", "testdata");
    let wellhead = Wellhead::builder()
        .plugin_bytes("testdata", code.clone())
        .compile_cache(compile_cache())
        .store(MemoryStore::new([source])?)
        .build()
        .await?;
    let channel = Channel::in_org(1, "ds/testdata/random-walk")?;
    let caller = Arc::new(Caller::default());
    let subscription = wellhead.live().subscribe(caller, &channel, r#"{"frequency":100}"#).await?;
    let mut frames = subscription.into_frames();
    let reloads = async {
        for build in 1..=RELOADS {
            // The same code, told apart by a custom section at its end.
            let other = [code.as_slice(), &[0, 3, 1, b'b', build]].concat();
            wellhead.runtime().load_bytes("testdata", other, None).await?;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        anyhow::Ok(())
    };
    let mut reloads = std::pin::pin!(reloads);
    let (mut longest, mut last) = (Duration::ZERO, Instant::now());
    loop {
        tokio::select! {
            biased;
            frame = frames.next() => {
                let frame = frame.context("the subscriber was let down")?;
                ensure!(frame.meta().is_none_or(|meta| meta.notices.is_empty()), "a notice: {:?}", frame.meta());
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            reloaded = &mut reloads => {
                reloaded?;
                break;
            }
        }
    }
    println!("reload: {RELOADS} times under a subscriber of 100 frames/s");
    println!("  longest gap between two frames   {:>6.0} ms (aim 1,000)", longest.as_secs_f64() * 1e3);
    wellhead.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
