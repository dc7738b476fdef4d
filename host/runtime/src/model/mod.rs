//! What travels between callers and plugins: context, queries, replies, health, resources.
//!
//! Plain data, free of wasmtime: core plugins, embedders and the query service speak these types. Their shapes
//! follow Grafana's plugin protocol (`backend.proto`, pluginv2) and `wit/plugin.wit`.

mod context;
mod health;
mod query;
mod reply;
mod resource;

pub use context::{DataSourceSettings, PluginContext, User};
pub use health::{CheckHealthResult, HealthStatus};
pub use query::{DataQuery, EpochTime, QueryDataRequest, TimeRange};
pub use reply::{DataResponse, Piece, PieceStream, QueryDataReply};
pub use resource::{CallResourceRequest, CallResourceResponse, ResourceBody};
pub use wellhead_secrets::SecretValues;
