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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{task, testing};

    /// Serves one connection on a thread of its own; answers with the address.
    fn server(serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || serve(listener.accept().unwrap().0));
        address
    }

    fn echo(mut stream: TcpStream) {
        let mut told = Vec::new();
        stream.read_to_end(&mut told).unwrap();
        stream.write_all(&told).unwrap();
    }

    #[test]
    fn what_is_written_before_the_half_close_comes_back() {
        testing::endpoint("server", &server(echo));
        let text = vec![b'x'; 1 << 20];
        let back = testing::block_on(async {
            let mut connection = Connection::connect("server").await.unwrap();
            connection.write_all(&text).await.unwrap();
            connection.shutdown().await.unwrap();
            let mut back = Vec::new();
            connection.read_to_end(&mut back).await.unwrap();
            let error = connection.write_all(b"more").await.unwrap_err();
            assert!(matches!(NetError::find(&error), Some(NetError::Closed(_))), "{error}");
            back
        });
        assert!(back == text);
    }

    #[test]
    fn a_read_that_is_given_up_loses_nothing() {
        let address = server(|mut stream| {
            for digit in b"0123456789" {
                std::thread::sleep(Duration::from_millis(5));
                stream.write_all(&[*digit]).unwrap();
            }
        });
        let (back, given_up) = testing::block_on(async {
            let mut connection = Connection::connect(&address).await.unwrap();
            let (mut back, mut given_up, mut buffer) = (Vec::new(), false, [0; 3]);
            loop {
                match task::timeout(Duration::from_millis(1), connection.read(&mut buffer)).await {
                    Ok(Ok(0)) => return (back, given_up),
                    Ok(read) => back.extend(buffer.iter().take(read.unwrap())),
                    Err(_) => given_up = true,
                }
            }
        });
        assert_eq!((back.as_slice(), given_up), (&b"0123456789"[..], true));
    }

    #[test]
    fn a_background_task_moves_beside_the_call() {
        let address = server(echo);
        let told = testing::block_on(async {
            let mut connection = Connection::connect(&address).await.unwrap();
            let (tell, told) = futures::channel::oneshot::channel();
            task::spawn(async move {
                let mut back = String::new();
                connection.write_all(b"driven").await.unwrap();
                connection.shutdown().await.unwrap();
                connection.read_to_string(&mut back).await.unwrap();
                let _ = tell.send(back);
            });
            told.await
        });
        assert_eq!(told.as_deref(), Ok("driven"));
    }

    #[test]
    fn tls_begins_only_where_nothing_is_unread_and_never_outside_a_host() {
        let greet = |mut stream: TcpStream| {
            stream.write_all(b"OK!").unwrap();
            let _ = stream.read(&mut [0; 1]);
        };
        let refused = |read: usize| {
            let address = server(greet);
            testing::block_on(async {
                let mut connection = Connection::connect(&address).await.unwrap();
                connection.read_exact(&mut vec![0; read]).await.unwrap();
                connection.start_tls(&TlsOptions::default()).await.unwrap_err().to_string()
            })
        };
        // The three bytes may come apart, in theory; they are one segment.
        assert!(refused(2).contains("something to read"));
        assert!(refused(3).contains("outside a host there is no TLS"));
    }

    #[test]
    fn nobody_there_is_said_so() {
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let error = testing::block_on(Connection::connect(&gone)).unwrap_err();
        assert_eq!(error, NetError::Refused(format!("{gone}: connection refused")));
    }
}
