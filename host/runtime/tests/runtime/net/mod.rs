//! Byte connections: a guest reaches its data source's endpoints by them and nothing else, within limits, and nothing of
//! them outlives its instance.

mod counts;
mod hostile;
mod places;
mod plain;
mod server;
mod tls;

use crate::common::{ask, query, source};
use serde_json::{Value, json};
use wellhead_runtime::{DataSourceSettings, PluginContext, Runtime};

/// A data source of the net guest whose server is `url`.
fn data_source(url: &str) -> DataSourceSettings {
    let mut source = source("net", "net", json!({}));
    source.url = url.to_owned();
    source
}

/// What came of a deed.
async fn told(runtime: &Runtime, source: &DataSourceSettings, deed: Value) -> String {
    let context = PluginContext::for_data_source(source.clone());
    match ask(runtime, context, [query("A", deed)]).await {
        Ok(answers) => answers[0].error.as_ref().map_or_else(String::new, |error| error.message.clone()),
        Err(error) => format!("call: {error}"),
    }
}
