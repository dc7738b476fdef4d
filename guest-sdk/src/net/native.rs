//! The transport outside a host, for an author's tests: a socket of the operating system. One thread watches all of them,
//! so that they work under any executor.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::OnceLock;

use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::{Builder, Handle, Runtime};

use super::{NetError, TlsInfo, TlsOptions};

thread_local! {
    /// Addresses by the names that the manifest would have for them.
    pub(crate) static ENDPOINTS: RefCell<HashMap<String, String>> = RefCell::default();
}

#[derive(Debug)]
pub(super) struct Transport {
    reader: OwnedReadHalf,
    /// Taken by whoever writes; dropping it closes that direction.
    writer: RefCell<Option<OwnedWriteHalf>>,
}

impl Transport {
    pub(super) async fn connect(endpoint: &str) -> Result<Self, NetError> {
        let named = ENDPOINTS.with_borrow(|endpoints| endpoints.get(endpoint).cloned());
        let address = named.unwrap_or_else(|| endpoint.to_owned());
        let at = address.split_once("://").map_or(address.as_str(), |(_, rest)| rest).to_owned();
        let connected = reactor().map_err(lost)?.spawn(TcpStream::connect(at)).await;
        let stream = connected.map_err(io::Error::other).and_then(|stream| stream);
        let stream = stream.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => NetError::Refused(format!("{address}: connection refused")),
            _ => NetError::Other(format!("{address}: {error}")),
        })?;
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        Ok(Self { reader, writer: RefCell::new(Some(writer)) })
    }

    pub(super) async fn read(self: Rc<Self>, most: u32) -> Result<Vec<u8>, NetError> {
        let mut piece = Vec::with_capacity(usize::try_from(most).unwrap_or(usize::MAX));
        loop {
            self.reader.readable().await.map_err(lost)?;
            match self.reader.try_read_buf(&mut piece) {
                Ok(_) => return Ok(piece),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(lost(error)),
            }
        }
    }

    pub(super) async fn write(self: Rc<Self>, data: Vec<u8>) -> Result<(), NetError> {
        let writer = self.writer.take().ok_or_else(closed)?;
        let mut left = data.as_slice();
        while !left.is_empty() {
            writer.writable().await.map_err(lost)?;
            match writer.try_write(left) {
                Ok(written) => left = left.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(lost(error)),
            }
        }
        self.writer.replace(Some(writer));
        Ok(())
    }

    pub(super) async fn finish(self: Rc<Self>) -> Result<(), NetError> {
        self.writer.take().map(drop).ok_or_else(closed)
    }

    pub(super) async fn start_tls(&self, _: &TlsOptions) -> Result<TlsInfo, NetError> {
        Err(NetError::Other("outside a host there is no TLS: test against a server without".to_owned()))
    }
}

fn closed() -> NetError {
    NetError::Closed("this side of the connection is closed".to_owned())
}

fn lost(error: io::Error) -> NetError {
    NetError::Closed(format!("the connection was lost: {error}"))
}

/// The thread that watches sockets.
fn reactor() -> io::Result<&'static Handle> {
    static RUNTIME: OnceLock<io::Result<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(1).enable_all().build());
    runtime.as_ref().map(Runtime::handle).map_err(|error| io::Error::other(error.to_string()))
}
