//! Asking a server: Wellhead's own, or any that speaks Grafana's query API.

use super::Request;
use crate::answer::{Answer, limits};
use anyhow::{Context, Result, anyhow, bail};
use reqwest::{Client, Response, StatusCode, Url, header};
use serde::Deserialize;
use std::time::Duration;
use wellhead_frame::Frame;
use wellhead_server::ARROW_STREAM;

/// Long enough for any network in reach; a host that drops packets should not hold a terminal for minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that answers `/api/ds/query`.
#[derive(Debug)]
pub(crate) struct Remote {
    url: Url,
    client: Client,
}

/// The body of an error, Grafana's and Wellhead's.
#[derive(Deserialize)]
struct ErrorBody {
    message: String,
    #[serde(default)]
    extra: ErrorExtra,
}

/// What a person can use and a client must not depend on.
#[derive(Default, Deserialize)]
struct ErrorExtra {
    detail: Option<String>,
}

impl Remote {
    /// A server by its base URL; a path in it, as behind a proxy, is kept.
    pub(crate) fn new(server: &str, timeout: Duration) -> Result<Self> {
        let cure = "write it as http://127.0.0.1:3000";
        let mut url = Url::parse(server).with_context(|| format!("--server {server:?} is not a URL: {cure}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            bail!("--server {server:?} is not an HTTP URL: {cure}");
        }
        url.path_segments_mut()
            .map_err(|()| anyhow!("--server {server:?} has no host: {cure}"))?
            .pop_if_empty()
            .extend(["api", "ds", "query"]);
        // Fails only where a provider is set already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            .user_agent(concat!("wellhead/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot set up an HTTP client")?;
        Ok(Self { url, client })
    }

    /// Asks, and reads the answer whole. As Arrow where the server has it: that is exact, cheaper to read, and has no
    /// limit on its size.
    pub(crate) async fn ask(&self, request: &Request) -> Result<Vec<Answer>> {
        let sent = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, format!("{ARROW_STREAM}, application/json;q=0.5"))
            .body(request.body().to_string())
            .send()
            .await;
        let response = sent.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let is_arrow = response.headers().get(header::CONTENT_TYPE).is_some_and(|found| found == ARROW_STREAM);
        let body = read(response).await.with_context(|| format!("cannot read the answer of {}", self.url))?;
        if is_arrow {
            let frames = Frame::all_from_ipc(body, &limits()).with_context(|| format!("the answer of {}", self.url))?;
            return Answer::from_arrow(frames);
        }
        // 400 is also the status of an answer in which one refId of many failed.
        match Answer::from_response(&body) {
            Ok(answers) => Ok(answers),
            Err(error) if status.is_success() => Err(error.context(format!("the answer of {}", self.url))),
            Err(_) => Err(refused(status, &body, &self.url)),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let server = self.url.origin().ascii_serialization();
        let problem = if error.is_timeout() {
            format!("{server} did not answer in time: ask for less, or give it longer with --timeout")
        } else if error.is_connect() {
            format!("cannot reach {server} (is `wellhead serve` running there?)")
        } else {
            format!("asking {server} failed")
        };
        anyhow!(error.without_url()).context(problem)
    }
}

/// The body, bounded as everything is that this command reads.
async fn read(mut response: Response) -> Result<Vec<u8>> {
    let limit = limits().max_bytes;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > limit {
            bail!("larger than {limit} bytes, the most this command reads: ask for less");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a server that gave no results said instead.
fn refused(status: StatusCode, body: &[u8], url: &Url) -> anyhow::Error {
    let said = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { message, extra: ErrorExtra { detail: Some(detail) } }) => format!("{message}: {detail}"),
        Ok(body) => body.message,
        Err(_) => String::from_utf8_lossy(body).trim().chars().take(500).collect(),
    };
    anyhow!("{url} answered {status}: {said}")
}
