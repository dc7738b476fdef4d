//! The host's connection, and when something last came over it: a long message that is still under way is a sign of life.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wellhead_sdk::net::Connection;
use wellhead_sdk::task;

/// A reading of the monotonic clock when something last came.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastHeard(Rc<Cell<Duration>>);

impl LastHeard {
    pub(crate) fn at(&self) -> Duration {
        self.0.get()
    }

    fn now(&self) {
        self.0.set(task::monotonic());
    }
}

#[derive(Debug)]
pub(crate) struct Wire {
    connection: Connection,
    heard: LastHeard,
}

impl Wire {
    pub(crate) fn new(connection: Connection) -> Self {
        let heard = LastHeard::default();
        heard.now();
        Self { connection, heard }
    }

    pub(crate) fn last_heard(&self) -> LastHeard {
        self.heard.clone()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(cx, into))?;
        if into.filled().len() > before {
            self.heard.now();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(cx)
    }
}
