//! Opens one TCP connection to the first of several addresses that takes it.

use std::{io, net::SocketAddr, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use tokio::net::TcpStream;

/// The head start each address has over the next (RFC 8305, "Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);

/// Tries the addresses in their order: the next one starts when the last has failed, or has kept silent for
/// [`HEAD_START`]. The first connection wins; the last error is the error.
pub(crate) async fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut left = addresses.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "there is no address to connect to");
    attempts.extend(left.next().map(TcpStream::connect));
    while !attempts.is_empty() {
        let patience = tokio::time::sleep(HEAD_START);
        tokio::select! {
            Some(done) = attempts.next() => match done {
                Ok(stream) => {
                    // Requests are small and written whole; waiting to fill a segment only costs latency.
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Err(error) => {
                    last = error;
                    attempts.extend(left.next().map(TcpStream::connect));
                }
            },
            () = patience, if left.len() > 0 => attempts.extend(left.next().map(TcpStream::connect)),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn an_address_that_refuses_does_not_hide_one_that_answers() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = listener.local_addr().unwrap();
        assert_eq!(dial(&[gone, there]).await.unwrap().peer_addr().unwrap(), there);
        assert_eq!(dial(&[gone]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    }
}
