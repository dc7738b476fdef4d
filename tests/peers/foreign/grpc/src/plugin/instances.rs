//! What a plugin keeps of its data sources.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use peer_grpc::proto::{DataSourceInstanceSettings, PluginContext};
use prost::bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// By org and data source: made when one is first heard of, and again when it was changed since.
#[derive(Default)]
pub(crate) struct Instances(Mutex<HashMap<(i64, String), Arc<Instance>>>);

impl Instances {
    /// The one that a request is for.
    pub(crate) fn of(&self, context: Option<PluginContext>) -> Result<Arc<Instance>> {
        let context = context.context("a request without its context")?;
        let settings = context.data_source_instance_settings.context("a request for no data source")?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (context.org_id, settings.uid.clone());
        if let Some(instance) = known.get(&key).filter(|instance| instance.updated == settings.last_updated_ms) {
            return Ok(instance.clone());
        }
        let instance = Arc::new(Instance::new(settings)?);
        known.insert(key, instance.clone());
        Ok(instance)
    }
}

/// A data source.
pub(crate) struct Instance {
    updated: i64,
    url: String,
    http: Client<HttpConnector, Empty<Bytes>>,
}

impl Instance {
    fn new(settings: DataSourceInstanceSettings) -> Result<Self> {
        let _: serde_json::Value = serde_json::from_slice(&settings.json_data).context("its settings are no JSON")?;
        let http = Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { updated: settings.last_updated_ms, url: settings.url, http })
    }

    /// Asks its URL, to the end of the answer.
    pub(crate) async fn get(&self) -> Result<()> {
        let answer =
            self.http.get(self.url.parse().context("its URL is none")?).await.context("upstream cannot be asked")?;
        ensure!(answer.status().is_success(), "upstream answered {}", answer.status());
        answer.into_body().collect().await.context("upstream broke off")?;
        Ok(())
    }
}
