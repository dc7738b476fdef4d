//! A data source's server of a test's own: it answers as the path says, below `/base`.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use serde_json::json;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Stops answering when it is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    asked: Arc<AtomicUsize>,
    held: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, held) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (counted, holding) = (Arc::clone(&asked), Arc::clone(&held));
        let app = Router::new().fallback(move |request: Request| {
            counted.fetch_add(1, Ordering::SeqCst);
            answer(Arc::clone(&holding), request)
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, asked, held, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/base", self.address)
    }

    /// Requests that came so far.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until so many requests for `silence` are under way.
    pub(crate) async fn wait_for_held(&self, held: usize) {
        for _ in 0..4_000 {
            if self.held.load(Ordering::SeqCst) == held {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{} requests are held, not {held}", self.held.load(Ordering::SeqCst));
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Held(Arc<AtomicUsize>);

impl Held {
    fn one(held: Arc<AtomicUsize>) -> Self {
        held.fetch_add(1, Ordering::SeqCst);
        Self(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(held: Arc<AtomicUsize>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().strip_prefix("/base").unwrap_or("outside");
    let query = parts.uri.query().unwrap_or_default();
    match path.trim_start_matches('/') {
        "headers" => headers(),
        "upper" => {
            Body::from_stream(body.into_data_stream().map(|chunk| chunk.map(|chunk| chunk.to_ascii_uppercase())))
                .into_response()
        }
        "broken" => {
            let half = stream::iter([Ok(Bytes::from_static(b"half"))]);
            // What is written goes out when there is nothing more to write for a moment.
            let broken = stream::once(async {
                tokio::task::yield_now().await;
                Err(std::io::Error::other("as the test asked"))
            });
            Body::from_stream(half.chain(broken)).into_response()
        }
        "silence" => {
            let _held = Held::one(held);
            std::future::pending().await
        }
        "drip" => {
            let held = Held::one(held);
            let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b"drop"))]);
            let never = stream::pending().inspect(move |_| {
                let _ = &held;
            });
            Body::from_stream(first.chain(never)).into_response()
        }
        "status" => StatusCode::from_u16(query.parse().unwrap()).unwrap().into_response(),
        "redirect" => (StatusCode::TEMPORARY_REDIRECT, [("location", query.to_owned())]).into_response(),
        _ => {
            let body = body.collect().await.unwrap().to_bytes();
            let mut headers: Vec<String> = parts
                .headers
                .iter()
                .filter(|(name, _)| *name != "host")
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect();
            headers.sort_unstable();
            let body = String::from_utf8(body.to_vec()).unwrap();
            let (method, uri) = (parts.method.as_str(), parts.uri.to_string());
            Json(json!({"method": method, "uri": uri, "headers": headers, "body": body})).into_response()
        }
    }
}

fn headers() -> Response {
    let headers = [
        ("content-type", "text/html"),
        ("content-length", "3"),
        ("set-cookie", "session=1"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("access-control-allow-origin", "*"),
        ("strict-transport-security", "max-age=1"),
        ("content-security-policy", "script-src *"),
        ("x-kept", "1"),
    ];
    (headers, "<p>").into_response()
}
