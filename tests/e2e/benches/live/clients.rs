//! Subscribers as cheap as they come: bytes are read and frames counted, nothing is decoded, so that the server is what
//! is measured.

use anyhow::{Context, Result, bail, ensure};
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A WebSocket connection (RFC 6455), from the client's side.
pub(crate) struct Socket {
    stream: TcpStream,
    /// Of messages not yet whole.
    read: Vec<u8>,
}

impl Socket {
    pub(crate) async fn open(port: u16, path: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        ensure!(head.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", String::from_utf8_lossy(&head));
        Ok(Self { stream, read: Vec::new() })
    }

    /// Opens a connection of Centrifuge's and subscribes to a channel.
    pub(crate) async fn subscribed(port: u16, channel: &str, data: &str) -> Result<Self> {
        let mut socket = Self::open(port, "/api/live/ws").await?;
        let data = if data.is_empty() { String::new() } else { format!(",\"data\":{data}") };
        let commands =
            format!("{{\"id\":1,\"connect\":{{}}}}\n{{\"id\":2,\"subscribe\":{{\"channel\":\"{channel}\"{data}}}}}");
        socket.send(&commands).await?;
        loop {
            let message = socket.message().await?;
            if message.contains("\"error\"") {
                bail!("{channel}: {message}");
            }
            if message.contains("\"id\":2") {
                return Ok(socket);
            }
        }
    }

    /// Sends a text, masked with zeros.
    async fn send(&mut self, text: &str) -> Result<()> {
        let mut frame = vec![0x81];
        match text.len() {
            short @ ..126 => frame.push(0x80 | u8::try_from(short)?),
            long => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(long)?.to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        Ok(self.stream.write_all(&frame).await?)
    }

    /// The next text.
    pub(crate) async fn message(&mut self) -> Result<String> {
        loop {
            if let Some((text, end)) = payload(&self.read) {
                let text = String::from_utf8_lossy(text).into_owned();
                self.read.drain(..end);
                return Ok(text);
            }
            let read = self.stream.read_buf(&mut self.read).await?;
            ensure!(read > 0, "the server closed the connection");
        }
    }

    /// Counts bytes that are `mark` until the server closes the connection.
    pub(crate) async fn count(mut self, mark: u8, counted: Rc<Counted>) -> Result<()> {
        let mut buffer = vec![0; 32 << 10];
        counted.add(self.read.iter().filter(|byte| **byte == mark).count());
        loop {
            let read = self.stream.read(&mut buffer).await?;
            ensure!(read > 0, "the server closed the connection");
            let bytes = buffer.get(..read).context("more was read than there is room")?;
            counted.add(bytes.iter().filter(|byte| **byte == mark).count());
        }
    }
}

/// The payload of the message at the beginning, and where it ends, where it is whole.
fn payload(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let (length, start) = match bytes.get(1)? {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
        short => (usize::from(*short), 2),
    };
    let end = start + length;
    Some((bytes.get(start..end)?, end))
}

/// What all subscribers have seen together.
#[derive(Default)]
pub(crate) struct Counted {
    seen: Cell<usize>,
    wanted: Cell<usize>,
    reached: Notify,
}

impl Counted {
    fn add(&self, seen: usize) {
        self.seen.set(self.seen.get() + seen);
        if self.seen.get() >= self.wanted.get() {
            self.reached.notify_one();
        }
    }

    /// All so far.
    pub(crate) fn seen(&self) -> usize {
        self.seen.get()
    }

    /// Waits until so many more were seen.
    pub(crate) async fn more(&self, wanted: usize) -> Result<()> {
        self.wanted.set(self.wanted.get() + wanted);
        let all = async {
            while self.seen.get() < self.wanted.get() {
                self.reached.notified().await;
            }
        };
        let short = || format!("{} of {} frames came", self.seen.get(), self.wanted.get());
        tokio::time::timeout(PATIENCE, all).await.with_context(short)
    }
}
