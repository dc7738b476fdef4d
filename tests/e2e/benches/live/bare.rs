//! The peer: accept, upgrade, a broadcast channel, a task a subscriber. What anybody writes who needs no more.

use crate::child;
use crate::fan_out::{BATCH, frame_json, push};
use anyhow::Result;
use futures::SinkExt;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

pub(crate) fn run() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (frames, _) = broadcast::channel::<Utf8Bytes>(4 * BATCH);
    let sender = frames.clone();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?.port());
        tokio::spawn(accept(listener, sender));
        anyhow::Ok(())
    })?;
    let bytes = Utf8Bytes::from(push(&frame_json()?));
    while child::told()? {
        for _ in 0..BATCH {
            // Without subscribers it goes nowhere.
            let _ = frames.send(bytes.clone());
        }
    }
    Ok(())
}

async fn accept(listener: TcpListener, frames: broadcast::Sender<Utf8Bytes>) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut subscribed = frames.subscribe();
        tokio::spawn(async move {
            let mut socket = tokio_tungstenite::accept_async(stream).await?;
            while let Ok(bytes) = subscribed.recv().await {
                socket.send(Message::Text(bytes)).await?;
            }
            anyhow::Ok(())
        });
    }
}
