//! A server of hyper alone that answers every request with the same bytes, prepared beforehand: the socket, and nothing
//! else. A process of its own, so that its CPU time is nobody else's.

use crate::alone::unbounded;
use crate::tables_of::frame;
use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use tokio::net::TcpListener;
use wellhead_peer::Table;

/// By which this program knows that it is the server.
pub const ROLE: &str = "bare-http";

/// As what it sends a table.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Format {
    /// An Arrow IPC stream.
    Arrow,
    /// Grafana's JSON of a frame.
    Json,
}

/// It, running; killed when dropped.
pub struct BareServer {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub address: String,
}

impl BareServer {
    /// Starts it with a table in a format.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(format: Format, table: Table, rows: usize) -> Result<Self> {
        let (format, table) = (serde_json::to_string(&format)?, serde_json::to_string(&table)?);
        let mut command = Command::new(std::env::current_exe()?);
        command.args([ROLE, &format, &table, &rows.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("cannot start the bare server")?;
        let mut line = String::new();
        let said = child.stdout.take().context("no output").and_then(|output| {
            BufReader::new(output).read_line(&mut line)?;
            Ok(())
        });
        let server = Self { child, address: line.trim().to_owned() };
        said.map(|()| server)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the server: says its address, and serves until it is killed.
///
/// # Errors
/// Where it cannot begin.
pub fn serve(format: &str, table: &str, rows: &str) -> Result<()> {
    let frame = frame(serde_json::from_str(table)?, rows.parse()?)?;
    let bytes = Bytes::from(match serde_json::from_str(format)? {
        Format::Arrow => frame.to_ipc_stream()?,
        Format::Json => frame.to_json(&unbounded())?,
    });
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let mut out = std::io::stdout();
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let answer = |request: Request<Incoming>| {
                    let bytes = bytes.clone();
                    async move {
                        request.into_body().collect().await?;
                        Ok::<_, hyper::Error>(Response::new(Full::new(bytes)))
                    }
                };
                // A client that breaks off is its own business.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
            });
        }
    })
}
