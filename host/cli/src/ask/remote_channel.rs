//! Subscribing to a live channel of a server, by Server-Sent Events.

use crate::answer::limits;
use crate::client::event_stream::{Event, EventStream};
use crate::client::http::{Server, read, refused};
use anyhow::{Context, Result, anyhow, bail};
use futures::Stream;
use futures::stream;
use reqwest::{Method, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::VecDeque;
use wellhead_frame::Frame;

/// A channel that is subscribed to.
pub(crate) struct RemoteChannel {
    response: Response,
    events: EventStream,
    waiting: VecDeque<Event>,
    schema: Option<Box<RawValue>>,
}

/// A frame as it comes: the schema stands in those where it is new.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// What ends a subscription.
#[derive(Deserialize)]
struct End {
    reason: String,
}

impl RemoteChannel {
    /// Subscribes; `data` is JSON for the plugin, or empty.
    pub(crate) async fn subscribe(server: &Server, uid: &str, path: &str, data: &str) -> Result<Self> {
        let mut segments = vec!["api", "live", "subscribe", "ds", uid];
        segments.extend(path.split('/'));
        let mut url = server.url(&segments);
        if !data.is_empty() {
            url.query_pairs_mut().append_pair("data", data);
        }
        let response = server.send(server.request(Method::GET, &url)).await?;
        if !response.status().is_success() {
            let status = response.status();
            return Err(refused(status, &read(response).await?, &url));
        }
        Ok(Self { response, events: EventStream::default(), waiting: VecDeque::new(), schema: None })
    }

    /// The frames as they come; an error is the last item.
    pub(crate) fn frames(self) -> impl Stream<Item = Result<Frame>> {
        stream::try_unfold(self, async |mut channel| Ok(channel.next().await?.map(|frame| (frame, channel))))
    }

    /// `None` where the server ended it and nothing is wrong.
    async fn next(&mut self) -> Result<Option<Frame>> {
        loop {
            while let Some(event) = self.waiting.pop_front() {
                match event.kind.as_str() {
                    "frame" => {
                        if let Some(frame) = self.frame(&event.data)? {
                            return Ok(Some(frame));
                        }
                    }
                    "end" => {
                        let End { reason } = serde_json::from_str(&event.data).unwrap_or(End { reason: event.data });
                        bail!("the server ended the subscription: {reason}");
                    }
                    _ => {}
                }
            }
            let Some(chunk) = self.response.chunk().await.context("the server broke off")? else { return Ok(None) };
            self.waiting.extend(self.events.push(&chunk)?);
        }
    }

    /// A document that is no frame is passed over.
    fn frame(&mut self, text: &str) -> Result<Option<Frame>> {
        let Ok(Part { schema, data: Some(data) }) = serde_json::from_str::<Part<'_>>(text) else { return Ok(None) };
        if let Some(schema) = schema {
            self.schema = Some(schema.to_owned());
        }
        let schema = self.schema.as_ref().ok_or_else(|| anyhow!("the server sent rows before their schema"))?;
        let whole = format!(r#"{{"schema":{},"data":{}}}"#, schema.get(), data.get());
        Ok(Some(Frame::from_json(whole.as_bytes(), &limits()).context("the server sent a frame that is none")?))
    }
}
