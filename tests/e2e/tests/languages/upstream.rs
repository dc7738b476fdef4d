//! A JSON API of a test's own: rows, an error, requests that are answered together, requests that never are, or not to
//! the end.

use anyhow::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Requests for `slow` that have to wait before the first of them is answered.
pub(crate) const TOGETHER: usize = 25;

const ROWS: &str = r#"[
    {"name": "ä", "n": 1, "nested": {"b": [1, 2.5], "a": null}, "truth": true, "mixed": 1},
    {"name": null, "n": -2.5, "truth": false, "mixed": "one"},
    {"n": 1e300, "big": 9007199254740991}
]"#;

/// The running server, gone when dropped.
pub(crate) struct Upstream {
    port: u16,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    slow: watch::Sender<usize>,
    silent: AtomicUsize,
}

impl Upstream {
    /// Starts on a free port of 127.0.0.1.
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(State { slow: watch::Sender::new(0), silent: AtomicUsize::new(0) });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = shared.clone();
                // A client that goes away early is what some tests are about.
                tokio::spawn(async move { serve(connection, &state).await.ok() });
            }
        });
        Ok(Self { port, state, task })
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Requests for `silent` or `half` whose connections are open.
    pub(crate) fn silent(&self) -> usize {
        self.state.silent.load(Ordering::SeqCst)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(connection: TcpStream, state: &State) -> Result<()> {
    let mut connection = BufReader::new(connection);
    let mut request = String::new();
    connection.read_line(&mut request).await?;
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).await?;
        if header.trim().is_empty() {
            break;
        }
    }
    let (status, body) = match request.split(' ').nth(1).unwrap_or_default() {
        "/" => ("200 OK", "{}"),
        "/rows" => ("200 OK", ROWS),
        "/empty" => ("200 OK", "[]"),
        "/object" => ("200 OK", r#"{"rows": []}"#),
        "/page" => ("200 OK", "<html>"),
        "/slow" => {
            state.slow.send_modify(|waiting| *waiting += 1);
            state.slow.subscribe().wait_for(|waiting| *waiting >= TOGETHER).await?;
            ("200 OK", "answered")
        }
        path @ ("/silent" | "/half") => {
            if path == "/half" {
                connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ").await?;
            }
            state.silent.fetch_add(1, Ordering::SeqCst);
            // Until the client closes the connection.
            let read = connection.read(&mut [0]).await;
            state.silent.fetch_sub(1, Ordering::SeqCst);
            read?;
            return Ok(());
        }
        _ => ("404 Not Found", r#"{"error": "no such thing"}"#),
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    connection.write_all(head.as_bytes()).await?;
    connection.write_all(body.as_bytes()).await?;
    Ok(connection.shutdown().await?)
}
