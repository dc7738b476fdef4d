//! Write a Wellhead data-source plugin: one type, one trait, one export line.
//!
//! A plugin is a `cdylib` built for `wasm32-wasip2`. Its `Cargo.toml` needs this crate and `serde`, its source a type that
//! implements [`DataSource`], and its folder a manifest with Grafana's keys:
//!
//! ```no_run
//! use wellhead_sdk::prelude::*;
//!
//! struct Answers {
//!     http: Http,
//! }
//!
//! #[derive(Deserialize)]
//! struct Query {
//!     path: String,
//! }
//!
//! impl DataSource for Answers {
//!     type Settings = serde_json::Value;
//!     type Query = Query;
//!
//!     fn configure(settings: InstanceSettings<Self::Settings>) -> Result<Self, Error> {
//!         Ok(Self { http: Http::for_settings(&settings)? })
//!     }
//!
//!     async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
//!         let values: Vec<f64> = self.http.get(ctx, &query.model.path).send().await?.json().await?;
//!         Ok(Frame::builder("values").column(Field::new("value"), values).build()?.into())
//!     }
//! }
//!
//! // wellhead_sdk::export!(Answers, "plugin.json");
//! ```
//!
//! What the SDK takes care of: settings and queries are typed, with errors that name the key; all queries of a request
//! run side by side and fail apart; a call that nobody waits for any more is dropped; large results leave in pieces;
//! live channels ([`Streaming`]) send a schema once and then rows alone; `tracing` events and panics become lines of the host's log; failures of [`http`] have Grafana's statuses. Protocols other than HTTP are spoken over `net` (feature `net`).
//!
//! Everything compiles natively too, where [`testing`] stands in for the upstream.

mod context;
mod datasource;
mod error;
mod export;
mod imports;
mod json;
mod query;
mod resources;
mod settings;
mod streaming;

pub mod cache;
pub mod calendar;
pub mod duration;
pub mod http;
pub mod metrics;
#[cfg(feature = "net")]
pub mod net;
pub mod task;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

#[cfg(target_family = "wasm")]
mod glue;
// What only the glue calls; natively there is no glue, but there are tests.
#[cfg(any(test, target_family = "wasm"))]
mod log;
#[cfg(any(test, target_family = "wasm"))]
mod parameter_area;
#[cfg(any(test, target_family = "wasm"))]
mod reply;

pub use context::{RequestContext, User};
pub use datasource::{DataSource, Health, HealthStatus};
pub use error::{Error, ErrorSource, Result};
pub use query::{DataQuery, FrameStream, QueryResult, TimeRange};
pub use resources::{Body, ResourceRequest, ResourceResponse, Resources};
pub use settings::{InstanceSettings, Secrets};
pub use streaming::{Published, StreamAccess, StreamRequest, StreamSender, Streaming, Subscribed};

pub use futures;
pub use serde_json;
pub use tracing;
pub use wellhead_frame as frame;

/// What nearly every plugin uses.
pub mod prelude {
    pub use crate::frame::{Field, FieldConfig, Frame, FrameMeta, Timestamp};
    pub use crate::http::Http;
    pub use crate::{
        DataQuery, DataSource, Error, Health, InstanceSettings, Published, QueryResult, RequestContext,
        ResourceRequest, ResourceResponse, Resources, StreamRequest, StreamSender, Streaming, Subscribed, serde_json,
        tracing,
    };
    pub use serde::{Deserialize, Serialize};
}

/// For `export!` only.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
pub mod __private {
    pub use crate::glue::{bindings, datasource, exports, resources, streaming};
    pub use wit_bindgen::{FutureReader, StreamReader};

    /// Name and version, as `wellhead inspect` reads them.
    pub const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
}

/// For `export!` only.
#[doc(hidden)]
#[cfg(not(target_family = "wasm"))]
pub mod __private {
    pub fn is_data_source<S: crate::DataSource>() {}
    pub fn has_resources<S: crate::Resources>() {}
    pub fn has_streaming<S: crate::Streaming>() {}
}
