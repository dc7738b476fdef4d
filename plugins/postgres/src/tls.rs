//! TLS for the driver: the host's, begun where the server agreed to it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use wellhead_sdk::net::{Connection, NetError, TlsOptions, Verify};

/// Begins TLS on a connection, if the settings want it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostTls {
    pub(crate) verify: Verify,
}

impl TlsConnect<Connection> for HostTls {
    type Stream = Encrypted;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Encrypted, NetError>>>>;

    fn connect(self, mut connection: Connection) -> Self::Future {
        Box::pin(async move {
            let options = TlsOptions { verify: self.verify, ..TlsOptions::default() };
            let info = connection.start_tls(&options).await?;
            Ok(Encrypted { connection, server_end_point: info.server_end_point })
        })
    }
}

/// A connection under TLS.
#[derive(Debug)]
pub(crate) struct Encrypted {
    connection: Connection,
    /// What SCRAM binds the password's proof to, so that nobody in the middle can pass it on.
    server_end_point: Vec<u8>,
}

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        if self.server_end_point.is_empty() {
            return ChannelBinding::none();
        }
        ChannelBinding::tls_server_end_point(self.server_end_point.clone())
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, into)
    }
}

impl AsyncWrite for Encrypted {
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
