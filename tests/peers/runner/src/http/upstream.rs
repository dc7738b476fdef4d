//! An upstream that answers every request after a while.

use anyhow::Result;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

/// It, on a thread of this process; ends when dropped.
pub struct Upstream {
    _io: Runtime,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Upstream {
    /// Starts one that waits so long.
    ///
    /// # Errors
    /// Where no port is free.
    pub fn start(after: Duration) -> Result<Self> {
        let io = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = io.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let url = format!("http://{}", listener.local_addr()?);
        io.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let answer = |_: Request<Incoming>| async move {
                        tokio::time::sleep(after).await;
                        Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from_static(b"waited"))))
                    };
                    // A client that breaks off is its own business.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
                });
            }
        });
        Ok(Self { _io: io, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::Client;

    #[test]
    fn it_answers_after_a_while_and_not_before() {
        let upstream = Upstream::start(Duration::from_millis(30)).unwrap();
        let mut client = Client::connect(upstream.url.strip_prefix("http://").unwrap()).unwrap();
        let read = client.post("/", "*/*", "").unwrap();
        assert_eq!(read.bytes, 6);
        assert!(read.took >= Duration::from_millis(30), "{read:?}");
    }
}
