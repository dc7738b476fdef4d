//! What travels between callers and plugins: context, queries, replies, health, resources, streams.
//!
//! Plain data, free of wasmtime: core plugins, embedders and the query service speak these types. Their shapes
//! follow Grafana's plugin protocol (`backend.proto`, pluginv2) and `wit/plugin.wit`.

mod context;
mod health;
mod query;
mod reply;
mod resource;
mod stream;

pub use context::{DataSourceSettings, PluginContext, User};
pub use health::{CheckHealthResult, HealthStatus};
pub use query::{DataQuery, EpochTime, QueryDataRequest, TimeRange};
pub use reply::{DataResponse, Piece, PieceStream, QueryDataReply};
pub use resource::{CallResourceRequest, CallResourceResponse, ResourceBody};
pub use stream::{
    FrameSender, NoReader, PublishStreamResponse, RunEnd, StreamAccess, StreamRequest, StreamRun,
    SubscribeStreamResponse,
};
pub use wellhead_secrets::SecretValues;
