//! Every way out of a Wellhead host: allow-list, pinning, TLS, credentials, connection pools.
//!
//! A sandboxed plugin has no network of its own; each HTTP request it makes is handed to an [`EgressClient`], which
//! sends it only to an [`Origin`] its [`EgressPolicy`] allows, at an address the destination table
//! ([`AddressClass`]) allows, within the [`EgressLimits`]. Protocols other than HTTP get a [`Connection`] for bytes, to an
//! [`Endpoint`] of the same policy, under the same table and limits. The crate knows nothing of WebAssembly, and it keeps no
//! global state: an embedder can have several [`Egress`] side by side.
//!
//! It stands on hyper-util's client and not on reqwest, because a data source is promised *at most so many
//! connections* and each request its *own connect time-out*; both need a connector of our own.
//!
//! ```no_run
//! use wellhead_egress::{Egress, EgressPolicy, RequestBody, RequestOptions, SecretValues, Upstream};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let egress = Egress::builder().build()?;
//! let settings = serde_json::json!({ "tlsSkipVerify": false });
//! let secrets = SecretValues::from_iter([("basicAuthPassword", "s3cret")]);
//! let upstream = Upstream {
//!     url: "https://prometheus.example.com:9090/prom",
//!     basic_auth: true,
//!     basic_auth_user: "grafana",
//!     json_data: &settings,
//!     secrets: &secrets,
//! };
//! let client = egress.client(EgressPolicy::for_data_source(&upstream, &[])?)?;
//!
//! let request = http::Request::get("https://prometheus.example.com:9090/prom/api/v1/labels").body(RequestBody::empty())?;
//! let response = client.send(request, &RequestOptions::default()).await?;
//! println!("{}", response.status());
//! # Ok(()) }
//! ```

mod body;
mod bytes_tls;
mod channel_binding;
mod client;
mod connect;
mod connection;
mod credentials;
mod decompress;
mod destination;
mod dial;
mod egress;
mod endpoint;
mod error;
mod headers;
mod limits;
mod options;
mod origin;
mod places;
mod policy;
mod proxy;
mod recording;
mod redirect;
mod resolve;
mod response;
mod retry;
mod tls;
mod tls_verify;

pub use body::{BoxError, RequestBody};
pub use bytes_tls::{TlsInfo, TlsOptions, Verify};
pub use client::EgressClient;
pub use connection::Connection;
pub use credentials::Credentials;
pub use destination::{AddressClass, address_class};
pub use egress::{Egress, EgressBuilder};
pub use endpoint::Endpoint;
pub use error::{EgressError, TimeoutKind};
pub use limits::EgressLimits;
pub use options::{Redirects, RequestOptions};
pub use origin::Origin;
pub use places::{ConnectionMeter, ConnectionPlaces};
pub use policy::{Allowed, EgressPolicy, Upstream, Why};
pub use proxy::ProxySettings;
pub use recording::{
    Clock, Content, Fault, HttpExchange, HttpOutcome, NetScript, NetStep, Otherwise, RecordedRequest, RecordedResponse,
    Recorder, Recording, RecordingError, Replay, StartTls,
};
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use response::ResponseBody;
pub use tls::{Roots, TlsSettings};
pub use wellhead_secrets::{Secret, SecretValues};
