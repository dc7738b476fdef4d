//! A stream whose client must begin to speak.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// What a client of HTTP/2 says first (RFC 9113, 3.4). As long as what came is a beginning of it, nobody knows which HTTP
/// is spoken, and so nobody else keeps the time.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Fails a read once `patience` is over and the client has not said which HTTP it speaks. Later reads are others' to judge.
pub(super) struct Opening<S> {
    stream: S,
    patience: Duration,
    /// Bytes that came, while all are a beginning of [`PREFACE`].
    came: usize,
    /// `None` once it is known.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Opening<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self { stream, patience, came: 0, deadline: Some(Box::pin(tokio::time::sleep(patience))) }
    }

    /// Looks at what has come.
    fn note(&mut self, read: &[u8]) {
        let expected = PREFACE.get(self.came..).unwrap_or_default();
        self.came += read.len();
        if read.is_empty() || read.len() >= expected.len() || !expected.starts_with(read) {
            self.deadline = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opening<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.deadline.is_none() {
            return outcome;
        }
        if outcome.is_ready() {
            self.note(buf.filled().get(before..).unwrap_or_default());
            return outcome;
        }
        if let Some(deadline) = &mut self.deadline {
            ready!(deadline.as_mut().poll(cx));
        }
        let message = format!("the client sent no request within {:?}", self.patience);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// Reads on after the client said `parts`, and until an hour is over.
    async fn read_after(parts: &[&[u8]]) -> Option<io::Result<usize>> {
        let (ours, mut theirs) = duplex(64);
        let mut stream = Opening::new(ours, PATIENCE);
        let mut buf = [0; 64];
        for part in parts {
            theirs.write_all(part).await.unwrap();
            stream.read_exact(&mut buf[..part.len()]).await.unwrap();
        }
        tokio::time::timeout(Duration::from_secs(3_600), stream.read(&mut buf)).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_say_what_it_speaks_is_cut_off() {
        let unclear: [&[&[u8]]; 3] = [&[], &[b"P"], &[b"PRI", b" * HTTP/2.0\r\n\r\nSM\r\n\r"]];
        for parts in unclear {
            let error = read_after(parts).await.unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{parts:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_has_said_so_is_not() {
        let clear: [&[&[u8]]; 3] = [&[b"G"], &[b"P", b"O"], &[b"PRI * ", b"HTTP/2.0\r\n\r\nSM\r\n\r\n"]];
        for parts in clear {
            assert!(read_after(parts).await.is_none(), "{parts:?}");
        }
    }
}
