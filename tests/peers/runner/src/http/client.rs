//! A client that reads every byte of an answer and keeps none. It costs what it costs: only servers are measured.

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};

/// A connection to one server, kept open.
pub struct Client {
    io: Runtime,
    requests: SendRequest<Full<Bytes>>,
    address: String,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// From the request's first byte to the answer's last.
    pub took: Duration,
    /// Of the answer's body.
    pub bytes: u64,
}

impl Client {
    /// Connects to `127.0.0.1:PORT`.
    ///
    /// # Errors
    /// Where nobody listens.
    pub fn connect(address: &str) -> Result<Self> {
        let io = runtime::Builder::new_current_thread().enable_all().build()?;
        let requests = io.block_on(async {
            let stream = TcpStream::connect(address).await.with_context(|| format!("nobody listens at {address}"))?;
            stream.set_nodelay(true)?;
            let (requests, connection) = handshake(TokioIo::new(stream)).await?;
            // What is wrong with it is told by the request that needs it.
            tokio::spawn(connection);
            anyhow::Ok(requests)
        })?;
        Ok(Self { io, requests, address: address.to_owned() })
    }

    /// Posts a query and reads the answer.
    ///
    /// # Errors
    /// Where there is none, or none that is good.
    pub fn post(&mut self, path: &str, accept: &str, body: &str) -> Result<Read> {
        let request = Request::post(path)
            .header("host", &self.address)
            .header("content-type", "application/json")
            .header("accept", accept)
            .body(Full::from(body.to_owned()))?;
        let mut bytes = 0;
        let began = Instant::now();
        self.exchange(request, |chunk| bytes += chunk.len() as u64)?;
        Ok(Read { took: began.elapsed(), bytes })
    }

    /// Gets a text.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub fn get(&mut self, path: &str, authorization: &str) -> Result<String> {
        let request = Request::get(path).header("host", &self.address).header("authorization", authorization);
        let mut text = Vec::new();
        self.exchange(request.body(Full::default())?, |chunk| text.extend_from_slice(chunk))?;
        String::from_utf8(text).context("the answer is no text")
    }

    fn exchange(&mut self, request: Request<Full<Bytes>>, mut chunk: impl FnMut(&[u8])) -> Result<()> {
        let Self { io, requests, .. } = self;
        io.block_on(async {
            requests.ready().await?;
            let response = requests.send_request(request).await?;
            let status = response.status();
            let mut body = response.into_body();
            if !status.is_success() {
                let said = body.collect().await?.to_bytes();
                let shown: String = String::from_utf8_lossy(&said).chars().take(500).collect();
                bail!("{status}: {shown}");
            }
            while let Some(frame) = body.frame().await {
                if let Some(data) = frame?.data_ref() {
                    chunk(data);
                }
            }
            Ok(())
        })
    }
}
