//! The way to the server as the driver has it: the host's connection, and TLS where it was agreed on. It promises that no
//! message is longer than an instance can hold, and that it is closed only when the server has closed it, too.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use wellhead_sdk::net::{Connection, NetError, TlsOptions, Verify};

/// The longest message: one row. An instance has 256 MiB, and what is in a row is there a few times until it has left.
const LONGEST: usize = 32 << 20;
/// A message's kind and length.
const HEAD: usize = 5;

/// A connection to the server.
#[derive(Debug)]
pub(crate) struct Way {
    connection: Connection,
    /// `None` while what comes is no message: the answer to whether there is TLS.
    messages: Option<Messages>,
    /// What SCRAM binds the password's proof to, so that nobody in the middle can pass it on; empty without TLS.
    server_end_point: Vec<u8>,
    is_shut: bool,
}

impl Way {
    /// A way on which TLS is asked for first, or not.
    pub(crate) fn new(connection: Connection, tls: HostTls) -> Self {
        let messages = tls.0.is_none().then(Messages::default);
        Self { connection, messages, server_end_point: Vec::new(), is_shut: false }
    }
}

/// Begins TLS on a way, where the server agreed to it: what is verified, `None` without TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostTls(pub(crate) Option<Verify>);

impl TlsConnect<Way> for HostTls {
    type Stream = Way;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Way, NetError>>>>;

    fn connect(self, mut way: Way) -> Self::Future {
        Box::pin(async move {
            let verify = self.0.ok_or_else(|| NetError::Other("no TLS was asked for".to_owned()))?;
            let options = TlsOptions { verify, ..TlsOptions::default() };
            let info = way.connection.start_tls(&options).await?;
            Ok(Way { messages: Some(Messages::default()), server_end_point: info.server_end_point, ..way })
        })
    }
}

impl TlsStream for Way {
    fn channel_binding(&self) -> ChannelBinding {
        if self.server_end_point.is_empty() {
            return ChannelBinding::none();
        }
        ChannelBinding::tls_server_end_point(self.server_end_point.clone())
    }
}

impl AsyncRead for Way {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.connection).poll_read(cx, into))?;
        let read = into.filled().get(before..).unwrap_or_default();
        if let Some(messages) = &mut self.messages {
            if read.is_empty() && messages.is_within_one() {
                let text = "the server closed the connection in the middle of its answer: its log says why";
                return Poll::Ready(Err(NetError::Closed(text.to_owned()).into()));
            }
            messages.see(read).map_err(io::Error::other)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Way {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(cx)
    }

    /// The driver says goodbye and shuts down. The server counts the connection until it has closed its side.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            ready!(Pin::new(&mut self.connection).poll_shutdown(cx))?;
            self.is_shut = true;
        }
        loop {
            let mut rest = [0; 1 << 10];
            let mut rest = ReadBuf::new(&mut rest);
            // Broken is as good as closed.
            if ready!(Pin::new(&mut self.connection).poll_read(cx, &mut rest)).is_err() || rest.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// A message that is too long to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a row, or a value in it, has more than {} MiB, which is the most: ask for less of it, as with left(column, 1000)",
            LONGEST >> 20
        )
    }
}

impl std::error::Error for TooLong {}

impl TooLong {
    /// The one that the driver's error comes from.
    pub(crate) fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref()
    }
}

/// Where in the server's messages one is: each has its kind in a byte, and its length, itself included, in four.
#[derive(Debug, Default)]
struct Messages {
    head: [u8; HEAD],
    /// Bytes of the head that have come.
    seen: usize,
    /// Bytes of the body that are still to come.
    left: usize,
}

impl Messages {
    /// Whether the end of a message is still to come.
    fn is_within_one(&self) -> bool {
        self.seen > 0 || self.left > 0
    }

    /// Follows what comes.
    fn see(&mut self, mut bytes: &[u8]) -> Result<(), TooLong> {
        loop {
            let (body, rest) = bytes.split_at(self.left.min(bytes.len()));
            self.left -= body.len();
            let Some((first, rest)) = rest.split_first() else { return Ok(()) };
            bytes = rest;
            if let Some(place) = self.head.get_mut(self.seen) {
                *place = *first;
            }
            self.seen += 1;
            if self.seen == HEAD {
                let [_, length @ ..] = self.head;
                let length = u32::from_be_bytes(length) as usize;
                if length > LONGEST {
                    return Err(TooLong);
                }
                (self.seen, self.left) = (0, length.saturating_sub(HEAD - 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(length: usize) -> Vec<u8> {
        let mut message = vec![b'D'];
        message.extend_from_slice(&(length as u32 + 4).to_be_bytes());
        message.resize(HEAD + length, 0xff);
        message
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_parted_a_message_that_is_too_long_is_met_at_its_head(
            lengths in prop::collection::vec(0..50_usize, 0..20),
            part in 1..70_usize,
        ) {
            let mut bytes: Vec<u8> = lengths.into_iter().flat_map(message).collect();
            let sound = bytes.len();
            bytes.extend_from_slice(&[b'D', 0x7f, 0, 0, 0]);
            let mut messages = Messages::default();
            let mut seen = 0;
            let refused = bytes.chunks(part).any(|chunk| {
                seen += chunk.len();
                messages.see(chunk).is_err()
            });
            prop_assert!(messages.is_within_one());
            prop_assert!(refused && seen >= sound + HEAD);
        }
    }

    #[test]
    fn a_length_that_is_none_is_left_to_the_driver() {
        let mut messages = Messages::default();
        assert_eq!(messages.see(b"D\0\0\0\0D\0\0\0\x04"), Ok(()));
        assert!(!messages.is_within_one());
    }
}
