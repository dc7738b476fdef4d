//! WebSocket endpoints as a Wellhead data source: JSON messages in, live frames out.
//!
//! A channel is a [`query::Query`] under a path. Its run takes a place on a connection, which channels share where they
//! may, and sends what its inbox has. A message goes the way `connection` → `inbox` → `mapping`; what an endpoint is told
//! is `outgoing`'s.

pub mod address;
pub mod channel_path;
mod connection;
pub mod document;
mod inbox;
pub mod interval;
mod mapping;
pub mod outgoing;
pub mod path;
pub mod query;
pub mod settings;

use connection::Connections;
use query::Query;
use serde_json::Value;
use settings::Settings;
use std::rc::Rc;
use wellhead_sdk::frame::{Frame, FrameMeta};
use wellhead_sdk::{
    DataQuery, DataSource, Error, Health, InstanceSettings, Published, QueryResult, RequestContext, StreamRequest,
    StreamSender, Streaming, Subscribed,
};

/// One configured endpoint.
#[derive(Debug)]
pub struct WebSocket {
    uid: String,
    settings: Rc<Settings>,
    connections: Connections,
}

impl DataSource for WebSocket {
    type Settings = Value;
    type Query = Query;

    fn configure(settings: InstanceSettings<Value>) -> Result<Self, Error> {
        let uid = settings.uid.clone();
        let settings = Rc::new(Settings::new(settings)?);
        Ok(Self { uid, connections: Connections::new(settings.clone()), settings })
    }

    /// Answers with the channel to subscribe to: a frame without rows, whose metadata names it.
    async fn query(&self, _: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        let query = query.model;
        let path = if query.channel.is_empty() { channel_path::of_query(&query)? } else { query.channel };
        // What subscribing would refuse is refused here, where the one who wrote it sees it.
        let request = StreamRequest { path, data: String::new() };
        let Some(query) = self.channel(&request)? else { return Err(self.no_channel(&request.path)) };
        self.settings.address.target(&query.path)?;
        let mut frame = Frame::empty("");
        let channel = format!("ds/{}/{}", self.uid, request.path);
        frame.set_meta(Some(FrameMeta { channel: Some(channel), ..FrameMeta::default() }))?;
        Ok(frame.into())
    }

    async fn check_health(&self, _: &RequestContext) -> Result<Health, Error> {
        // Some endpoints have nothing at the URL itself.
        let first = self.settings.channels.values().next();
        let url = self.connections.check(first.map_or("", |query| &query.path)).await?;
        Ok(Health::ok(format!("{url} speaks WebSocket.")))
    }

    async fn shutdown(&self) {
        self.connections.close().await;
    }
}

impl Streaming for WebSocket {
    async fn subscribe_stream(&self, _: &RequestContext, request: StreamRequest) -> Result<Subscribed, Error> {
        let Some(query) = self.channel(&request)? else { return Ok(Subscribed::not_found()) };
        self.settings.address.target(&query.path)?;
        Ok(Subscribed::ok())
    }

    async fn run_stream(
        &self,
        _: &RequestContext,
        request: StreamRequest,
        mut sender: StreamSender,
    ) -> Result<(), Error> {
        let query = self.channel(&request)?.ok_or_else(|| self.no_channel(&request.path))?;
        let mut channel = self.connections.join(&request.path, query)?;
        loop {
            sender.send(channel.next().await?).await?;
        }
    }

    async fn publish_stream(&self, _: &RequestContext, request: StreamRequest) -> Result<Published, Error> {
        // What a client says in its own query allows it nothing.
        let named = self.settings.channels.get(&request.path);
        if !self.settings.publish && !named.is_some_and(|query| query.publish) {
            return Ok(Published::permission_denied());
        }
        let message: Value = serde_json::from_str(&request.data)
            .map_err(|error| Error::bad_request(format_args!("what is published is no JSON: {error}")))?;
        self.connections.publish(&request.path, outgoing::text(&message)).await?;
        Ok(Published::ok())
    }
}

impl WebSocket {
    /// The query of a channel; `None` where there is no such channel.
    fn channel(&self, request: &StreamRequest) -> Result<Option<Query>, Error> {
        let path = &request.path;
        let sent: Value = request.data()?;
        let is_bare = sent.as_object().is_some_and(serde_json::Map::is_empty);
        if let Some(query) = self.settings.channels.get(path) {
            if !is_bare {
                return Err(Error::bad_request(format_args!(
                    "channel {path:?} has its query in jsonData.channels: subscribe to it without data"
                )));
            }
            return Ok(Some(query.clone()));
        }
        if self.settings.named_channels_only {
            return Ok(None);
        }
        match channel_path::query_in(path)? {
            Some(query) => Ok(Some(query)),
            None if is_bare => Ok(None),
            None => request.data().map(Some),
        }
    }

    fn no_channel(&self, path: &str) -> Error {
        let names: Vec<_> = self.settings.channels.keys().take(20).map(String::as_str).collect();
        let known =
            if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
        let cure = if self.settings.named_channels_only {
            "this data source has no others (jsonData.namedChannelsOnly)"
        } else {
            "or send its query along"
        };
        let text = format_args!("channel {path:?} is none of jsonData.channels: {known}; {cure}");
        Error::bad_request(text).with_status(404)
    }
}

wellhead_sdk::export!(WebSocket, "plugin.json", streaming);
