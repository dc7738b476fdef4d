//! A connection as tokio's `AsyncRead + AsyncWrite`: one read and one write under way at most, kept when the one who
//! asked for them goes away, so that cancelling loses nothing.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::transport::Transport;
use super::{NetError, TlsInfo, TlsOptions};

/// What one read asks for: the host hands out what it has, pieces of 64 KiB mostly.
const READ: u32 = 256 << 10;
/// The most that one write takes.
const WRITE: usize = 256 << 10;

type Doing<T> = Pin<Box<dyn Future<Output = Result<T, NetError>>>>;

/// A connection to one of the data source's servers. Dropping it closes it.
///
/// Writes go out at once; `flush` waits until the host has handed all to the network. What was written when the
/// connection is dropped unflushed may be lost.
pub struct Connection {
    transport: Rc<Transport>,
    /// Read and not yet handed out: from `at` on.
    piece: Vec<u8>,
    at: usize,
    reading: Option<Doing<Vec<u8>>>,
    writing: Option<Doing<()>>,
    at_end: bool,
    finished: bool,
}

impl Connection {
    /// Connects to a server: by the name that the manifest has for it (`wellhead.endpoints`), or by the address that one
    /// of those has, as the settings write it.
    pub async fn connect(endpoint: &str) -> Result<Self, NetError> {
        let transport = Rc::new(Transport::connect(endpoint).await?);
        Ok(Self { transport, piece: Vec::new(), at: 0, reading: None, writing: None, at_end: false, finished: false })
    }

    /// Speaks TLS from here on. Everything written is sent first; everything the server sent must have been read.
    ///
    /// An error that is [`NetError::Tls`] says which it was: expired, another name, an authority nobody trusts, a client
    /// certificate that is missing. The connection is of no more use then.
    pub async fn start_tls(&mut self, options: &TlsOptions) -> Result<TlsInfo, NetError> {
        poll_fn(|cx| self.poll_written(cx)).await?;
        if self.reading.is_some() || self.at < self.piece.len() {
            let text = "TLS cannot begin while there is something to read: read the server's agreement, and no more";
            return Err(NetError::Other(text.to_owned()));
        }
        self.transport.start_tls(options).await
    }

    /// Until no write is under way.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        let Some(writing) = &mut self.writing else { return Poll::Ready(Ok(())) };
        let written = ready!(writing.as_mut().poll(cx));
        self.writing = None;
        Poll::Ready(written)
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if into.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if this.at == this.piece.len() && !this.at_end {
            let transport = &this.transport;
            let reading = this.reading.get_or_insert_with(|| Box::pin(transport.clone().read(READ)));
            let read = ready!(reading.as_mut().poll(cx));
            this.reading = None;
            this.piece = read?;
            this.at = 0;
            this.at_end = this.piece.is_empty();
        }
        let left = this.piece.get(this.at..).unwrap_or_default();
        let (now, _) = left.split_at(left.len().min(into.remaining()));
        into.put_slice(now);
        this.at += now.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_written(cx))?;
        let (now, _) = data.split_at(data.len().min(WRITE));
        if !now.is_empty() {
            self.writing = Some(Box::pin(self.transport.clone().write(now.to_vec())));
            // Begun now: a driver that writes and then reads may never flush.
            if let Poll::Ready(Err(error)) = self.poll_written(cx) {
                return Poll::Ready(Err(error.into()));
            }
        }
        Poll::Ready(Ok(now.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_written(cx).map_err(Into::into)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_written(cx))?;
        if !self.finished {
            self.finished = true;
            self.writing = Some(Box::pin(self.transport.clone().finish()));
        }
        self.poll_written(cx).map_err(Into::into)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("at_end", &self.at_end).finish_non_exhaustive()
    }
}
