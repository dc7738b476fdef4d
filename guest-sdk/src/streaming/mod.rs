//! Live channels: who may subscribe, the run that feeds a channel, what a client publishes. Optional. Fanning a run out
//! to its subscribers, and starting it again when it failed, is the host's.

mod run;
mod sender;

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wellhead_frame::Frame;

use crate::{DataSource, Error, RequestContext, json};

pub(crate) use run::run;
pub use sender::StreamSender;
#[cfg(target_family = "wasm")]
pub(crate) use sender::encode;
pub(crate) use sender::{Packet, PacketSink, ReaderGone};

/// A data source that feeds live channels too.
///
/// A channel is one path of the data source. The host asks [`subscribe_stream`](Self::subscribe_stream) for every
/// subscriber, and starts one [`run_stream`](Self::run_stream) for all who asked for the same path with the same data.
///
/// ```
/// # use std::time::Duration;
/// # use wellhead_sdk::{prelude::*, task};
/// # struct Clock;
/// # impl DataSource for Clock {
/// #     type Settings = serde_json::Value;
/// #     type Query = serde_json::Value;
/// #     fn configure(_: InstanceSettings<Self::Settings>) -> Result<Self, Error> { Ok(Self) }
/// #     async fn query(&self, _: &RequestContext, _: DataQuery<Self::Query>) -> Result<QueryResult, Error> {
/// #         Ok(QueryResult::empty())
/// #     }
/// # }
/// impl Streaming for Clock {
///     async fn subscribe_stream(&self, _: &RequestContext, request: StreamRequest) -> Result<Subscribed, Error> {
///         Ok(if request.path == "clock" { Subscribed::ok() } else { Subscribed::not_found() })
///     }
///
///     async fn run_stream(&self, _: &RequestContext, _: StreamRequest, mut sender: StreamSender) -> Result<(), Error> {
///         loop {
///             sender.send(Frame::builder("clock").column(Field::new("time"), vec![task::now()]).build()?).await?;
///             task::sleep(Duration::from_secs(1)).await;
///         }
///     }
/// }
/// // wellhead_sdk::export!(Clock, "plugin.json", streaming);
/// ```
pub trait Streaming: DataSource {
    /// Says whether a caller may subscribe to a channel, and what to show before its next frame. Asked for every
    /// subscriber, with that subscriber's user where the manifest asks for users, and again while he stays. An error is
    /// his to see; say [`Subscribed::not_found`] where there is no such channel.
    fn subscribe_stream(
        &self,
        ctx: &RequestContext,
        request: StreamRequest,
    ) -> impl Future<Output = Result<Subscribed, Error>>;

    /// Feeds a channel until nobody wants it any more: then the future is dropped, and whatever it waits for with it.
    ///
    /// One run serves all subscribers, so `ctx` has no user. Returning `Ok` ends the stream for all of them. An error is
    /// shown to them, and the host starts another run after a pause that grows while runs die young; unless it is the
    /// plugin's own of status 4xx before any frame, such as [`Error::bad_request`]: that path, or data, makes no sense.
    fn run_stream(
        &self,
        ctx: &RequestContext,
        request: StreamRequest,
        sender: StreamSender,
    ) -> impl Future<Output = Result<(), Error>>;

    /// Takes what a client publishes: [`StreamRequest::data`]. Unless implemented, nobody may.
    fn publish_stream(
        &self,
        _ctx: &RequestContext,
        _request: StreamRequest,
    ) -> impl Future<Output = Result<Published, Error>> {
        async { Ok(Published::permission_denied()) }
    }
}

/// A channel of this data source, and what was sent along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamRequest {
    /// What comes after the data source's uid in the channel's name.
    pub path: String,
    /// What the subscriber sent along, or what is published: a JSON document, or empty.
    pub data: String,
}

impl StreamRequest {
    /// Reads [`data`](Self::data), where empty means `{}`. An error is of status 400 and names the key.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Error> {
        json::read("data", &self.data).map_err(Error::bad_request)
    }
}

/// What is said of a channel and a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StreamAccess {
    /// Go on.
    Ok,
    /// There is no such channel.
    NotFound,
    /// There is, and not for this caller.
    PermissionDenied,
}

/// What comes of asking to subscribe.
#[derive(Clone, Debug)]
pub struct Subscribed {
    access: StreamAccess,
    initial: Option<Frame>,
}

impl Subscribed {
    const fn with_access(access: StreamAccess) -> Self {
        Self { access, initial: None }
    }

    /// The caller may.
    pub const fn ok() -> Self {
        Self::with_access(StreamAccess::Ok)
    }

    /// There is no such channel.
    pub const fn not_found() -> Self {
        Self::with_access(StreamAccess::NotFound)
    }

    /// The caller may not.
    pub const fn permission_denied() -> Self {
        Self::with_access(StreamAccess::PermissionDenied)
    }

    /// Shows this subscriber a frame before the channel's next one: its last rows, or its fields without rows.
    #[must_use]
    pub fn with_initial(mut self, frame: Frame) -> Self {
        self.initial = Some(frame);
        self
    }

    /// Whether the caller may.
    pub fn access(&self) -> StreamAccess {
        self.access
    }

    /// The frame to begin with, if any.
    pub fn initial(&self) -> Option<&Frame> {
        self.initial.as_ref()
    }
}

/// What comes of publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    access: StreamAccess,
    data: Option<String>,
}

impl Published {
    const fn with_access(access: StreamAccess) -> Self {
        Self { access, data: None }
    }

    /// The subscribers get what was published, as it is.
    pub const fn ok() -> Self {
        Self::with_access(StreamAccess::Ok)
    }

    /// There is no such channel.
    pub const fn not_found() -> Self {
        Self::with_access(StreamAccess::NotFound)
    }

    /// The caller may not.
    pub const fn permission_denied() -> Self {
        Self::with_access(StreamAccess::PermissionDenied)
    }

    /// The subscribers get this, as JSON, in the place of what was published. Fails where serde cannot write it.
    pub fn with_data(mut self, data: &impl Serialize) -> Result<Self, Error> {
        let text = serde_json::to_string(data);
        self.data =
            Some(text.map_err(|error| Error::plugin(format_args!("writing what is published as JSON: {error}")))?);
        Ok(self)
    }

    /// Whether the caller may.
    pub fn access(&self) -> StreamAccess {
        self.access
    }

    /// What the subscribers get in the place of what was published: a JSON document.
    pub fn data(&self) -> Option<&str> {
        self.data.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Wish {
        hz: f64,
    }

    fn wish(data: &str) -> Result<Wish, Error> {
        StreamRequest { path: "walk".into(), data: data.into() }.data()
    }

    #[test]
    fn data_is_read_with_errors_that_name_the_key_and_empty_is_an_empty_object() {
        assert_eq!(wish(r#"{"hz":2}"#).unwrap(), Wish { hz: 2.0 });
        assert_eq!(wish("").unwrap(), Wish::default());
        let error = wish(r#"{"hz":"often"}"#).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().starts_with("data.hz: invalid type"), "{error}");
    }

    #[test]
    fn what_is_published_may_be_replaced() {
        let published = Published::ok().with_data(&serde_json::json!({"said": "hello"})).unwrap();
        assert_eq!((published.access(), published.data()), (StreamAccess::Ok, Some(r#"{"said":"hello"}"#)));
        assert_eq!(Published::permission_denied().data(), None);
    }
}
