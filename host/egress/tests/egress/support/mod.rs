//! Servers, certificates and names for the tests, and a client that is set up in one line.

mod certificates;
mod names;
mod server;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use wellhead_egress::{
    Egress, EgressBuilder, EgressClient, EgressError, EgressLimits, EgressPolicy, Origin, ProxySettings, RequestBody,
    RequestOptions, ResponseBody, SecretValues, Upstream, Why,
};

pub(crate) use self::{
    certificates::{Ca, server as tls_server},
    names::Names,
    server::{Body, Server, reply},
};

/// A host that reads nothing from the environment, with limits a test can wait for.
pub(crate) fn host() -> EgressBuilder {
    Egress::builder().proxy(ProxySettings::None).limits(limits())
}

pub(crate) fn limits() -> EgressLimits {
    EgressLimits { max_retry_wait: Duration::from_millis(20), repin_after: Duration::ZERO, ..EgressLimits::default() }
}

/// A data source's settings, to be filled in by name.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) basic_auth: Option<&'static str>,
    pub(crate) json_data: Value,
    pub(crate) secrets: SecretValues,
    pub(crate) operators: Vec<String>,
    pub(crate) manifests: Vec<String>,
}

impl Settings {
    pub(crate) fn of(url: impl Into<String>) -> Self {
        Self { url: url.into(), json_data: json!({}), ..Self::default() }
    }

    pub(crate) fn secret(mut self, key: &str, value: impl Into<String>) -> Self {
        self.secrets.insert(key, value);
        self
    }

    pub(crate) fn json(mut self, json_data: Value) -> Self {
        self.json_data = json_data;
        self
    }

    pub(crate) fn policy(&self) -> EgressPolicy {
        let upstream = Upstream {
            url: &self.url,
            basic_auth: self.basic_auth.is_some(),
            basic_auth_user: self.basic_auth.unwrap_or_default(),
            json_data: &self.json_data,
            secrets: &self.secrets,
        };
        let manifests: Vec<Origin> = self.manifests.iter().map(|url| Origin::parse(url).unwrap()).collect();
        let mut policy = EgressPolicy::for_data_source(&upstream, &manifests).unwrap();
        for url in &self.operators {
            policy.allow(Origin::parse(url).unwrap(), Why::Operator);
        }
        policy
    }

    pub(crate) fn client(&self, host: EgressBuilder) -> EgressClient {
        host.build().unwrap().client(self.policy()).unwrap()
    }
}

/// A client of one URL under a host as tests want it.
pub(crate) fn client(url: &str) -> EgressClient {
    Settings::of(url).client(host())
}

pub(crate) fn request(url: impl AsRef<str>) -> Request<RequestBody> {
    Request::get(url.as_ref()).body(RequestBody::empty()).unwrap()
}

pub(crate) async fn send(
    client: &EgressClient,
    request: Request<RequestBody>,
) -> Result<Response<ResponseBody>, EgressError> {
    client.send(request, &RequestOptions::default()).await
}

/// Sends a GET and reads the answer whole.
pub(crate) async fn get(client: &EgressClient, url: impl AsRef<str>) -> Result<(StatusCode, Bytes), EgressError> {
    let response = send(client, request(url)).await?;
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

/// Waits, within bounds, for something that happens elsewhere.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited in vain for: {what}");
}
