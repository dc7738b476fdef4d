//! A server, data sources before it, and runs of their channels.

use serde_json::{Value, json};
use std::time::Duration;
use websocket::WebSocket;
use wellhead_frame::JsonOptions;
use wellhead_sdk::frame::Frame;
use wellhead_sdk::testing::{self, CollectedStream};
use wellhead_sdk::{
    DataQuery, DataSource, Error, InstanceSettings, Published, RequestContext, Secrets, StreamRequest, Streaming, task,
};
use wellhead_test_servers::WebSocketServer;

/// A server, and a data source before it.
pub(crate) struct Source {
    pub(crate) server: WebSocketServer,
    pub(crate) plugin: WebSocket,
}

impl Source {
    pub(crate) fn with(json_data: Value) -> Self {
        let server = WebSocketServer::start().unwrap();
        let plugin = plugin(server.port(), json_data).unwrap();
        Self { server, plugin }
    }

    pub(crate) fn start() -> Self {
        Self::with(json!({}))
    }

    /// The first frames of a channel's run.
    pub(crate) async fn run(&self, path: &str, data: Value, frames: usize) -> CollectedStream {
        let (context, request) = (RequestContext::default(), request(path, data));
        testing::collect_stream(|sender| self.plugin.run_stream(&context, request, sender), frames).await
    }

    /// The same of a channel that its subscriber describes.
    pub(crate) async fn frames(&self, query: Value, frames: usize) -> Vec<Frame> {
        self.run("any", query, frames).await.into_frames().unwrap()
    }

    /// How a run ends by itself.
    pub(crate) async fn failure(&self, query: Value) -> Error {
        self.run("any", query, usize::MAX).await.end.unwrap().unwrap_err()
    }

    pub(crate) async fn publish(&self, path: &str, data: Value) -> Result<Published, Error> {
        self.plugin.publish_stream(&RequestContext::default(), request(path, data)).await
    }

    /// Asks a query, for the channel it answers with.
    pub(crate) async fn channel_of(&self, model: Value) -> Result<String, Error> {
        let query = DataQuery { model: model.to_string(), ..DataQuery::default() }.typed()?;
        let frames = self.plugin.query(&RequestContext::default(), query).await?.collect().await?;
        Ok(frames[0].meta().unwrap().channel.clone().unwrap())
    }

    pub(crate) fn seen(&self) -> Value {
        serde_json::from_str(&self.server.seen().unwrap()).unwrap()
    }

    /// Waits until what the server has seen is as it should be.
    pub(crate) async fn until(&self, what: impl Fn(&Value) -> bool) {
        for _ in 0..1_000 {
            if what(&self.seen()) {
                return;
            }
            task::sleep(Duration::from_millis(10)).await;
        }
        assert!(what(&self.seen()), "{}", self.seen());
    }
}

pub(crate) fn request(path: &str, data: Value) -> StreamRequest {
    let data = if data.is_null() { String::new() } else { data.to_string() };
    StreamRequest { path: path.to_owned(), data }
}

/// A data source before a server on this port of the machine.
pub(crate) fn plugin(port: u16, json_data: Value) -> Result<WebSocket, Error> {
    testing::endpoint("server", &format!("127.0.0.1:{port}"));
    let settings = InstanceSettings::<()> {
        uid: "feed".to_owned(),
        url: format!("ws://127.0.0.1:{port}"),
        basic_auth: true,
        basic_auth_user: "u".to_owned(),
        secrets: Secrets::from_iter([("basicAuthPassword", "p"), ("httpHeaderValue1", "right"), ("token", "s3cret")]),
        ..InstanceSettings::default()
    };
    WebSocket::configure(settings.with_json_data(json_data))
}

/// A field's values over all frames.
pub(crate) fn values(frames: &[Frame], field: &str) -> Vec<Value> {
    let values = frames.iter().flat_map(|frame| {
        let json: Value = serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap();
        let place = json["schema"]["fields"].as_array().unwrap().iter().position(|found| found["name"] == field);
        place.map(|place| json["data"]["values"][place].as_array().unwrap().clone()).unwrap_or_default()
    });
    values.collect()
}

/// The texts of all notices.
pub(crate) fn notices(frames: &[Frame]) -> Vec<String> {
    let metas = frames.iter().filter_map(Frame::meta);
    metas.flat_map(|meta| meta.notices.iter().map(|notice| notice.text.clone())).collect()
}
