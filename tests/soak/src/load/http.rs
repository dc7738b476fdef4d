//! The way over HTTP: a connection a client, kept.

use super::ask::{Asker, model};
use super::tally::Kind;
use crate::host::SOAKED;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// Asks the plugin that is replaced, through `POST /api/ds/query`.
pub(crate) struct Http {
    requests: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Http {
    /// Opens the connection. It is never opened again: that one broke would be a request lost.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (requests, connection) = handshake(TokioIo::new(stream)).await?;
        // What is wrong with it is told by the request that needs it.
        tokio::spawn(connection);
        Ok(Self { requests, address })
    }
}

impl Asker for Http {
    fn kind(&self) -> Kind {
        Kind::Http
    }

    async fn ask(&mut self, wait: Duration) -> Result<Option<u32>> {
        let mut query = model(wait);
        if let Some(query) = query.as_object_mut() {
            query.insert("datasource".to_owned(), json!({ "uid": SOAKED }));
        }
        let body = json!({ "from": "now-1h", "to": "now", "queries": [query] }).to_string();
        let request = Request::post("/api/ds/query")
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))?;
        self.requests.ready().await?;
        let response = self.requests.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
        let answer: Value = serde_json::from_slice(&body)?;
        let build = answer.pointer("/results/A/frames/0/data/values/0/0").and_then(Value::as_u64);
        let build = build.with_context(|| format!("no build in {answer}"))?;
        Ok(Some(u32::try_from(build)?))
    }
}
