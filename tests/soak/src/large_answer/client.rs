//! A query over HTTP whose answer is read as Arrow, batch by batch, or not to its end.

use super::server::{AS_ADMIN, SOURCE, Server};
use anyhow::{Context, Result, ensure};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpStream;

/// An answer that has begun.
pub(super) struct Answer {
    body: Incoming,
    /// The connection is there as long as this.
    _requests: SendRequest<Full<Bytes>>,
}

/// What was read of an answer.
pub(super) struct Read {
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Answer {
    /// Asks on a connection of its own for a table.
    pub(super) async fn ask(server: &Server, sql: &str) -> Result<Self> {
        let stream = TcpStream::connect(&server.address).await?;
        let (mut requests, connection) = handshake(TokioIo::new(stream)).await?;
        // What is wrong with it is told by the request that needs it.
        tokio::spawn(connection);
        let query = json!({"refId": "A", "datasource": {"uid": SOURCE}, "rawSql": sql, "format": "table"});
        let body = json!({"from": "now-1h", "to": "now", "queries": [query]}).to_string();
        let request = Request::post("/api/ds/query")
            .header(HOST, &server.address)
            .header(AUTHORIZATION, AS_ADMIN)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, wellhead_server::ARROW_STREAM)
            .body(Full::from(body))?;
        let response = requests.send_request(request).await?;
        let status = response.status();
        if !status.is_success() {
            let body = response.into_body().collect().await?.to_bytes();
            anyhow::bail!("{status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(Self { body: response.into_body(), _requests: requests })
    }

    /// Waits for the first bytes, and reads no further.
    pub(super) async fn begins(&mut self) -> Result<bool> {
        Ok(self.body.frame().await.transpose()?.is_some())
    }

    /// Reads to the end, and keeps nothing.
    pub(super) async fn drain(mut self) -> Result<Read> {
        let mut decoder = StreamDecoder::new();
        let mut read = Read { rows: 0, bytes: 0 };
        while let Some(frame) = self.body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            read.bytes += data.len() as u64;
            let mut buffer = Buffer::from(data);
            while !buffer.is_empty() {
                // A second stream would be a notice or an error, and neither is wanted.
                let batch = decoder.decode(&mut buffer).context("the answer is not one stream of Arrow")?;
                read.rows += batch.map_or(0, |batch| batch.num_rows() as u64);
            }
        }
        decoder.finish().context("the answer broke off")?;
        ensure!(read.bytes > 0, "the answer is empty");
        Ok(read)
    }
}
