//! A way to a server on which things go wrong: for what happens between two machines and never on loopback.

use anyhow::Result;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of a connection's answers.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// After so many bytes of them the connection is cut, both ways.
    CutAfter(u64),
    /// They come in pieces of so many bytes, with a pause before each.
    Slow(u64, Duration),
    /// That they have ended is not passed on: the connection stays until the client ends it.
    EndUnseen,
}

/// Such a way, gone when dropped; its connections go on to their end.
#[derive(Debug)]
pub struct Proxy {
    address: String,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens one to a port of 127.0.0.1.
    pub async fn start(port: u16, fault: Fault) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A server that is down is a connection that ends at once.
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                tokio::spawn(join(client, server, fault));
            }
        });
        Ok(Self { address, task })
    }

    /// Where it begins: `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn join(client: TcpStream, server: TcpStream, fault: Fault) {
    let (mut from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let answers = async {
        match fault {
            Fault::CutAfter(bytes) => tokio::io::copy(&mut from_server.take(bytes), &mut to_client).await.map(|_| ()),
            Fault::Slow(bytes, pause) => trickle(from_server, &mut to_client, bytes, pause).await,
            Fault::EndUnseen => {
                let _ = tokio::io::copy(&mut { from_server }, &mut to_client).await;
                std::future::pending().await
            }
        }
    };
    // Whichever ends first ends both: the halves are dropped.
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = answers => {}
    }
    let _ = to_client.shutdown().await;
}

async fn trickle(
    mut from: impl AsyncRead + Unpin,
    to: &mut (impl AsyncWriteExt + Unpin),
    bytes: u64,
    pause: Duration,
) -> std::io::Result<()> {
    loop {
        tokio::time::sleep(pause).await;
        if tokio::io::copy(&mut (&mut from).take(bytes), to).await? == 0 {
            return Ok(());
        }
    }
}
