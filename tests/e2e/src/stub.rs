//! A server that answers whatever a test wants, however wrong: for what no real server can be brought to say.

use std::sync::Arc;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a stub does with every request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Answers with this status and body.
    Answer(u16, Arc<[u8]>),
    /// Answers 200 and so many spaces, without saying how many.
    Endless(usize),
    /// Takes the request and never answers.
    Silent,
    /// Closes the connection in the middle of a body of the announced length.
    BreakOff,
}

/// A running stub, gone when dropped.
#[derive(Debug)]
pub struct Stub {
    port: u16,
    task: JoinHandle<()>,
}

impl Stub {
    /// Starts a stub on a free port of 127.0.0.1.
    pub async fn start(behaviour: Behaviour) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let behaviour = behaviour.clone();
                // A client that goes away early is what some tests are about.
                tokio::spawn(async move { serve(connection, behaviour).await.ok() });
            }
        });
        Ok(Self { port, task })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut connection: TcpStream, behaviour: Behaviour) -> Result<()> {
    read_request(&mut connection).await?;
    let head = |status: u16, more: &str| format!("HTTP/1.1 {status} X\r\nConnection: close\r\n{more}\r\n");
    match behaviour {
        Behaviour::Answer(status, body) => {
            let head = head(status, &format!("Content-Length: {}\r\n", body.len()));
            connection.write_all(head.as_bytes()).await?;
            connection.write_all(&body).await?;
        }
        Behaviour::Endless(bytes) => {
            connection.write_all(head(200, "").as_bytes()).await?;
            let spaces = vec![b' '; 1 << 20];
            for _ in 0..bytes.div_ceil(spaces.len()) {
                connection.write_all(&spaces).await?;
            }
        }
        Behaviour::Silent => std::future::pending::<()>().await,
        Behaviour::BreakOff => {
            connection.write_all(head(200, "Content-Length: 1000\r\n").as_bytes()).await?;
            connection.write_all(b"{\"status\":\"success\"").await?;
        }
    }
    connection.shutdown().await?;
    Ok(())
}

/// Reads head and body, so that closing the connection afterwards is not a reset.
async fn read_request(connection: &mut TcpStream) -> Result<()> {
    let mut request = Vec::new();
    loop {
        connection.read_buf(&mut request).await?;
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| head.split("\r\n").find_map(|line| line.strip_prefix(name)).map(str::trim);
        let whole = match header("transfer-encoding:") {
            // The last chunk is empty.
            Some(_) => body.ends_with("0\r\n\r\n"),
            None => body.len() >= header("content-length:").and_then(|length| length.parse().ok()).unwrap_or(0),
        };
        if whole {
            return Ok(());
        }
    }
}
