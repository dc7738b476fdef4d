//! Why the data proxy did not answer with what the data source's server said.

use http::Method;
use wellhead_egress::{EgressError, Origin};

/// Why a request was not proxied, or its answer not handed on. No message holds a secret: of URLs only scheme, host and
/// port are named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The data source has no URL that HTTP could go to.
    #[error("data source {uid:?} cannot be proxied: its URL {reason}; write it as http://HOST:PORT/PATH or https://…")]
    NoHttpUrl {
        /// The data source.
        uid: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A method that speaks of a connection and not of a resource.
    #[error("the method {method} is not proxied: it speaks of a connection, not of a resource of the data source")]
    Method {
        /// The method.
        method: Method,
    },
    /// The plugin's manifest lets this method through on some paths, and this is none of them.
    #[error(
        "{method} on this path is not among the \"routes\" of plugin {plugin_id:?}, and what it does not list could write"
    )]
    NotListed {
        /// The method.
        method: Method,
        /// The plugin.
        plugin_id: String,
        /// Its display name.
        plugin_name: String,
    },
    /// A route of the manifest asks for a greater role.
    #[error("the route {route:?} of plugin {plugin_id:?} is for the role {needed} and above")]
    Role {
        /// The plugin.
        plugin_id: String,
        /// The path of the route.
        route: String,
        /// The role it takes.
        needed: &'static str,
    },
    /// A route of the manifest is of a kind this host does not know.
    #[error(
        "the route {route:?} of plugin {plugin_id:?} has the key {key:?}, which this host's proxy does not carry out"
    )]
    RouteUnsupported {
        /// The plugin.
        plugin_id: String,
        /// The path of the route.
        route: String,
        /// What it asks for.
        key: &'static str,
    },
    /// The server does not take the data source's credentials.
    #[error(
        "{origin} answered 401 Unauthorized: correct user, password, token or headers in the data source's settings"
    )]
    Unauthorized {
        /// The server.
        origin: Origin,
    },
    /// The server redirects to where the data source does not reach.
    #[error(
        "{origin} redirects to {to}, which is not below the data source's URL: correct the URL if that is where it lives now"
    )]
    RedirectsAway {
        /// The server.
        origin: Origin,
        /// Where to: an origin, or what kind of place it is.
        to: String,
    },
    /// The request did not get there, or the answer did not come.
    #[error(transparent)]
    Upstream(#[from] EgressError),
}
