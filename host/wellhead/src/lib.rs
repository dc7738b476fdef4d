//! Embed Wellhead: data-source plugins, each one `.wasm` file, behind one builder.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use serde_json::json;
//! use wellhead::{DataSource, MemoryStore, QueryRequest, Wellhead};
//!
//! let prometheus = DataSource::new("prom", "Prometheus", "prometheus").with_url("http://127.0.0.1:9090");
//! let wellhead = Wellhead::builder().plugins("plugins/").store(MemoryStore::new([prometheus])?).build().await?;
//!
//! let request = QueryRequest::over("now-1h", "now")?.query("prom", json!({"refId": "A", "expr": "up"}))?;
//! let results = wellhead.query_data(request).await?;
//! for frame in results.frames("A")? {
//!     println!("{} rows", frame.num_rows());
//! }
//! # Ok(()) }
//! ```
//!
//! There is no global state: a process may hold several hosts. Each uses the caller's tokio runtime for I/O, the
//! caller's `tracing` subscriber, and the TLS roots and proxies it is given; guests run on threads of the host's own.
//! The HTTP API over it is the crate `wellhead-server`.

mod builder;
mod host;
mod rows;

pub use builder::{BuildError, WellheadBuilder};
pub use host::Wellhead;
pub use rows::{QueryFailure, Rows};

pub use wellhead_egress::{
    Content, Egress, EgressBuilder, EgressError, Origin, Otherwise, ProxySettings, Recorder, Recording, RecordingError,
    Replay, ResponseBody, Roots,
};
pub use wellhead_frame::{Frame, RecordBatch};
pub use wellhead_query::{
    Authority, Caller, Channel, ChannelLease, ChannelLeases, ChannelStatus, DataProxyRequest, DataProxyResponse,
    Denied, FrameStream, InvalidChannel, LeaseRefused, LiveError, LiveHub, LiveLimits, LocalLeases, MAX_QUERIES,
    Operation, ProxyError, PublicError, Query, QueryError, QueryPermissions, QueryRequest, QueryResults, QueryService,
    Replies, ResultLimits, Scope, Subscription, SubscriptionEnd, Update, Wire, name_queries, without_password,
};
pub use wellhead_runtime::{
    CallResourceRequest, CallResourceResponse, CheckHealthResult, CompileCommand, CompileError, CompileFor, CorePlugin,
    DataQuery, DataResponse, DataSourceSettings, Determinism, EpochTime, ErrorSource, FollowOptions, FrameSender,
    GenerationId, GenerationStatus, GuestError, GuestProfile, HealthStatus, LimitOverrides, Limits, LoadError,
    Manifest, OperatorState, Piece, Plugin, PluginChange, PluginContext, PluginError, PluginEvent, PluginEvents,
    PluginOrigin, PluginRecord, PluginRejection, PluginState, PluginStatus, PluginStore, PluginType,
    PublishStreamResponse, QuarantinedSource, QueryDataReply, QueryDataRequest, RegistryError, Rejection, ResourceBody,
    Role, RunEnd, Runtime, RuntimeError, StreamAccess, StreamRequest, SubscribeStreamResponse, TimeRange, User,
    WatchError, compile_worker,
};
pub use wellhead_secrets::{
    EnvelopeSecrets, MasterKeySource, Redactor, Rotation, SecretError, SecretOwner, SecretService,
};
pub use wellhead_store::{
    Access, Applied, ApplyError, Author, CachedStore, Change, ChangeKind, DataSource, DataSourceKey, DataSourceStore,
    Database, DatabaseError, DeleteDataSource, Deletion, DuplicateError, InvalidField, MemoryStore, Problem,
    Provisioner, Provisioning, ProvisioningError, RedbStore, Revision, SecretValues, Secrets, StoreError,
    UpdateDataSource,
};
