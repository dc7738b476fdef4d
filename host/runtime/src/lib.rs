//! Loads, isolates, calls and replaces data-source plugins: wasmtime behind one trait.
//!
//! A [`Runtime`] owns the engine and the threads guests run on. It loads `.wasm` files (and takes core plugins),
//! keeps them in a registry, and answers calls through its [`PluginClient`]. Who may ask what of which data source is
//! the query service's business; every byte that leaves a guest for the network is egress's.
//!
//! This is the only crate that names wasmtime.

mod call_metrics;
mod client;
mod connection_metrics;
mod core_plugin;
mod determinism;
mod error;
mod events;
mod follow;
mod guest_cache;
mod guest_metrics;
mod limits;
mod load;
mod loader;
mod model;
mod pages;
mod plugin;
mod plugin_store;
mod registry;
mod runtime;
mod status;
mod vitals;
mod wasm;

pub use client::PluginClient;
pub use core_plugin::CorePlugin;
pub use determinism::Determinism;
pub use error::{ErrorSource, GuestError, PluginError};
pub use events::{GenerationId, PluginChange, PluginEvent, PluginEvents};
pub use limits::{LimitOverrides, Limits};
pub use load::LoadError;
pub use model::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, DataQuery, DataResponse, DataSourceSettings,
    EpochTime, FrameSender, HealthStatus, NoReader, Piece, PieceStream, PluginContext, PublishStreamResponse,
    QueryDataReply, QueryDataRequest, ResourceBody, RunEnd, SecretValues, StreamAccess, StreamRequest, StreamRun,
    SubscribeStreamResponse, TimeRange, User,
};
pub use plugin::{Plugin, Target};
pub use plugin_store::{PluginOrigin, PluginRecord, PluginStore, Rejection};
pub use registry::{Registry, RegistryError};
pub use runtime::{Runtime, RuntimeBuilder, RuntimeError};
pub use status::{GenerationStatus, OperatorState, PluginRejection, PluginState, PluginStatus, QuarantinedSource};
pub use wasm::{CompileCommand, CompileError, CompileFor, GuestProfile, compile_worker};
pub use wellhead_manifest::{
    Auth, Capabilities, Forward, Info, Manifest, ManifestError, PluginType, Role, Route, WellheadSection,
};
/// How a plugins folder is followed, and why it cannot be.
pub use wellhead_watch::{Options as FollowOptions, WatchError};
