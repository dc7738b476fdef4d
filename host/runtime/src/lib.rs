//! Loads, isolates, calls and replaces data-source plugins: wasmtime behind one trait.
//!
//! A [`Runtime`] owns the engine and the threads guests run on. It loads `.wasm` files (and takes core plugins),
//! keeps them in a registry, and answers calls through its [`PluginClient`]. Who may ask what of which data source is
//! the query service's business; every byte that leaves a guest for the network is egress's.
//!
//! This is the only crate that names wasmtime.

mod error;
mod manifest;
mod model;
mod plugin;

pub use error::{ErrorSource, GuestError, PluginError};
pub use manifest::{Auth, Capabilities, Forward, Info, Manifest, ManifestError, PluginType, WellheadSection};
pub use model::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, DataQuery, DataResponse, DataSourceSettings, EpochTime,
    HealthStatus, Piece, PieceStream, PluginContext, QueryDataReply, QueryDataRequest, QueryDataResponse, ResourceBody,
    Secrets, TimeRange, User,
};
pub use plugin::{Plugin, Target};
