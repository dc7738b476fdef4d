//! A server that the command speaks to over HTTP: its URL, one client, and what it says when there is no answer.

use crate::answer::limits;
use crate::client::trust::{TrustArgs, distrust};
use crate::host::announced::Found;
use anyhow::{Context, Result, anyhow, bail};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use std::time::Duration;

/// Long enough for any network in reach; a host that drops packets should not hold a terminal for minutes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The header that names the org which a request is about.
pub(crate) const ORG: &str = "x-grafana-org-id";

/// A server by its base URL.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    base: Url,
    client: Client,
    /// Who asks, where that is not in the URL.
    authorization: Option<HeaderValue>,
    org: Option<u32>,
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

impl Server {
    /// A server by its base URL; a path in it, as behind a proxy, is kept. `timeout` is that of a whole answer.
    pub(crate) fn new(server: &str, timeout: Option<Duration>, trust: &TrustArgs) -> Result<Self> {
        let client = Client::builder().tls_certs_merge(trust.certificates()?);
        Self::with(server, timeout, client)
    }

    /// A server of this user on this machine, found in its data folder. Its certificate is for other names than its address;
    /// and whoever else listens there by now learns a token that only the one that is gone has known.
    pub(crate) fn found(found: &Found, timeout: Option<Duration>) -> Result<Self> {
        let client = Client::builder().no_proxy().tls_danger_accept_invalid_certs(true);
        Self::with(&found.url, timeout, client)?.with_token(found.token.text().expose())
    }

    /// Asks with a service account's token.
    pub(crate) fn with_token(mut self, token: &str) -> Result<Self> {
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).context("the token is no token")?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// Asks about this org; with `None` about the caller's own.
    pub(crate) fn for_org(self, org: Option<u32>) -> Self {
        Self { org, ..self }
    }

    fn with(server: &str, timeout: Option<Duration>, client: ClientBuilder) -> Result<Self> {
        let cure = "write it as http://127.0.0.1:3000";
        // Not shown back: it may hold a password.
        let base = Url::parse(server).with_context(|| format!("--server is not a URL: {cure}"))?;
        if !matches!(base.scheme(), "http" | "https") {
            bail!("--server is not an HTTP URL: {cure}");
        }
        if base.cannot_be_a_base() {
            bail!("--server {server:?} has no host: {cure}");
        }
        // Fails only where a provider is set already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            client.connect_timeout(CONNECT_TIMEOUT).user_agent(concat!("wellhead/", env!("CARGO_PKG_VERSION")));
        let client = match timeout {
            Some(timeout) => client.timeout(timeout),
            None => client,
        };
        Ok(Self {
            base,
            client: client.build().context("cannot set up an HTTP client")?,
            authorization: None,
            org: None,
        })
    }

    /// A path below the base URL, of segments that may hold anything.
    pub(crate) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // `new` has seen to it that there is a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// A request to be sent with [`send`](Self::send).
    pub(crate) fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let mut request = self.client.request(method, url.clone());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        match self.org {
            Some(org) => request.header(ORG, org),
            None => request,
        }
    }

    /// Sends it; the answer may be any.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response> {
        request.send().await.map_err(|error| self.unreachable(error))
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let server = self.base.origin().ascii_serialization();
        let problem = if error.is_timeout() {
            format!("{server} did not answer in time: ask for less, or give it longer with --timeout")
        } else if let Some(problem) = distrust(&error, &server) {
            problem
        } else if error.is_connect() {
            format!("cannot reach {server} (is `wellhead serve` running there?)")
        } else {
            format!("asking {server} failed")
        };
        anyhow!(error.without_url()).context(problem)
    }
}

/// The body, bounded as everything is that this command reads.
pub(crate) async fn read(mut response: Response) -> Result<Vec<u8>> {
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

/// What a server that refused said.
pub(crate) fn refused(status: StatusCode, body: &[u8], url: &Url) -> anyhow::Error {
    let mut shown = url.clone();
    // A password has no business in a message.
    let _ = shown.set_password(None).and_then(|()| shown.set_username(""));
    anyhow!("{shown} answered {status}: {}", said(status, body))
}

/// The words of a refusal.
pub(crate) fn said(status: StatusCode, body: &[u8]) -> String {
    let said = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(ErrorBody { message, extra: ErrorExtra { detail: Some(detail) } }) => format!("{message}: {detail}"),
        Ok(body) => body.message,
        Err(_) => String::from_utf8_lossy(body).trim().chars().take(500).collect(),
    };
    match status {
        StatusCode::UNAUTHORIZED => format!("{said} (give a token with --token, or login and password in the URL)"),
        _ => said,
    }
}
