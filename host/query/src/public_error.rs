//! The one table from failures to what a client of Grafana's HTTP API sees: status, message id, message.
//!
//! Messages and ids are Grafana's, which clients compare; what helps a person stands in `detail`.

use crate::{ProxyError, QueryError};
use wellhead_egress::EgressError;
use wellhead_runtime::{ErrorSource, GuestError, PluginError};
use wellhead_store::StoreError;

/// What was asked for: the same failure has other words in other places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `POST /api/ds/query`.
    Query,
    /// `GET …/health`.
    Health,
    /// Any `…/resources/*`.
    Resource,
    /// Any `/api/datasources/proxy/…`.
    Proxy,
    /// Reading and writing `/api/datasources…`.
    DataSource,
    /// `DELETE /api/datasources/…`.
    DeleteDataSource,
    /// Any `/api/live/…`.
    Live,
    /// `POST /api/plugins/:id/…` and `DELETE /api/plugins/:id`: an operator's word.
    PluginControl,
}

/// A failure in Grafana's public form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicError {
    /// HTTP status.
    pub status: u16,
    /// Grafana's id of the message; empty where Grafana has none.
    pub message_id: &'static str,
    /// Grafana's message, or ours where Grafana has none.
    pub message: String,
    /// The thing, the limit, the cure, where the message does not say it.
    pub detail: Option<String>,
}

/// The client went away: nginx's code, which Grafana uses too. Nobody reads it but logs and metrics.
const CLIENT_CLOSED_REQUEST: u16 = 499;

impl PublicError {
    /// What a client sees of `error`.
    pub fn of(operation: Operation, error: &QueryError) -> Self {
        use Operation::{Health, Proxy, Query, Resource};
        use QueryError as E;
        let not_listed;
        // An empty message stands for the error's own words.
        let (status, message_id, message): (_, _, &str) = match (error, operation) {
            (E::MalformedBody(_), _) => (400, "query.badRequest", "bad request data"),
            (E::NoQueries, _) => (400, "query.noQueries", "No queries found"),
            (E::TooManyQueries { .. }, _) => (400, "query.tooManyQueries", ""),
            (E::InvalidQuery { .. }, _) => (400, "query.invalidQuery", ""),
            (E::InvalidDataSource { .. }, _) => {
                (400, "query.invalidDatasourceId", "Query does not contain a valid data source identifier")
            }
            (E::ExpressionsUnsupported { .. }, _) => (400, "query.expressionsUnsupported", ""),
            (E::DuplicateRefId { .. }, _) => {
                (400, "query.duplicateRefId", "Multiple queries using the same RefId is not allowed")
            }
            (E::InvalidTimeRange(_), _) => (400, "query.invalidTimeRange", ""),
            (E::ForbiddenPath { .. }, Proxy) => (400, "", "Invalid proxy path"),
            (E::ForbiddenPath { .. }, _) => (400, "", "Invalid resource path"),
            (E::AccessDenied { .. }, _) => (403, "", "Access denied to data source"),
            (E::Proxy(ProxyError::NotListed { method, plugin_name, .. }), _) => {
                not_listed = format!("non allow-listed {method}s not allowed on proxied {plugin_name} datasource");
                (403, "", &not_listed)
            }
            (E::Proxy(error), _) => proxy(error),
            (E::Store(StoreError::NotFound { .. }), Proxy) => (404, "", "Unable to find datasource"),
            (E::Store(_), Proxy) => (500, "", "Unable to load datasource meta data"),
            (E::Store(_), Health) => (500, "", "Unable to load datasource metadata"),
            (E::Store(error), _) => store(error, operation),
            (E::Plugin(error), Query | Operation::DataSource | Operation::DeleteDataSource) => plugin_in_query(error),
            (E::Plugin(error), Health) => plugin_in_health(error),
            // So is what it says of a channel.
            (E::Plugin(PluginError::Guest(said)), Operation::Live) => (said.status, "", ""),
            (E::Plugin(error), Operation::Live) => plugin_in_live(error),
            (E::Plugin(error), Operation::PluginControl) => plugin_in_control(error),
            // What a plugin itself says of a resource call is the answer.
            (E::Plugin(PluginError::Guest(said) | PluginError::InvalidSettings { error: said, .. }), Resource) => {
                (said.status, "", "")
            }
            (E::Plugin(error), Resource) => plugin_in_resource(error),
            (E::Plugin(error), Proxy) => plugin_in_proxy(error),
        };
        let detail = error.to_string();
        if message.is_empty() {
            return Self { status, message_id, message: detail, detail: None };
        }
        Self { status, message_id, message: message.to_owned(), detail: Some(detail) }
    }
}

type Row = (u16, &'static str, &'static str);

fn store(error: &StoreError, operation: Operation) -> Row {
    match error {
        StoreError::NotFound { .. } => (404, "", "Data source not found"),
        StoreError::UidExists { .. } => (409, "", "data source with the same uid already exists"),
        StoreError::NameExists { .. } => (409, "", "data source with the same name already exists"),
        StoreError::VersionConflict { .. } => {
            (409, "", "Datasource has already been updated by someone else. Please reload and try again")
        }
        StoreError::ReadOnly { .. } if operation == Operation::DeleteDataSource => {
            (403, "", "Cannot delete read-only data source")
        }
        StoreError::ReadOnly { .. } => (403, "", "Cannot update read-only data source"),
        StoreError::Invalid(_) => (400, "", ""),
        _ => (500, "", "Failed to query datasources"),
    }
}

fn plugin_in_query(error: &PluginError) -> Row {
    match error {
        PluginError::NotRegistered { .. } | PluginError::Unavailable { .. } => {
            (500, "plugin.unavailable", "Plugin unavailable")
        }
        PluginError::MethodNotImplemented { .. } => (404, "plugin.notImplemented", "Method not implemented"),
        PluginError::RequestCanceled { .. } => (CLIENT_CLOSED_REQUEST, "plugin.requestCanceled", "Request canceled"),
        _ => (500, "plugin.requestFailureError", "An error occurred within the plugin"),
    }
}

fn plugin_in_health(error: &PluginError) -> Row {
    match error {
        PluginError::NotRegistered { .. } => (404, "", "Plugin not found"),
        PluginError::MethodNotImplemented { .. } => (404, "", "Not found"),
        PluginError::Unavailable { .. } => (503, "", "Plugin unavailable"),
        PluginError::HealthCheckFailed { .. } => (500, "", "Plugin health check failed"),
        PluginError::RequestCanceled { .. } => (CLIENT_CLOSED_REQUEST, "", "Request canceled"),
        _ => (500, "", "Plugin request failed"),
    }
}

fn plugin_in_resource(error: &PluginError) -> Row {
    match error {
        PluginError::NotRegistered { .. } | PluginError::Unavailable { .. } => (503, "", "Plugin unavailable"),
        PluginError::MethodNotImplemented { .. } => (404, "", "Not found"),
        PluginError::RequestCanceled { .. } => (CLIENT_CLOSED_REQUEST, "", "Request canceled"),
        _ => (500, "", "Failed to call resource"),
    }
}

fn plugin_in_live(error: &PluginError) -> Row {
    match error {
        PluginError::NotRegistered { .. } | PluginError::Unavailable { .. } => (503, "", "Plugin unavailable"),
        PluginError::MethodNotImplemented { .. } => (501, "", "Plugin has no streams"),
        PluginError::LimitExceeded { .. } => (429, "", "Too many streams or calls"),
        PluginError::InvalidSettings { .. } => (502, "", "Data source's settings are refused"),
        PluginError::Timeout { .. } => (504, "", "Plugin did not answer in time"),
        PluginError::RequestCanceled { .. } => (CLIENT_CLOSED_REQUEST, "", "Request canceled"),
        _ => (500, "", "An error occurred within the plugin"),
    }
}

/// The proxy asks a plugin for its manifest only; the rest is of the client's body.
fn plugin_in_proxy(error: &PluginError) -> Row {
    match error {
        PluginError::NotRegistered { .. } => (404, "", "Unable to find datasource plugin"),
        PluginError::LimitExceeded { .. } => (413, "", "Request body too large"),
        PluginError::RequestCanceled { .. } => (CLIENT_CLOSED_REQUEST, "", "Request canceled"),
        _ => (500, "", "Failed creating data source proxy"),
    }
}

/// Where Grafana's proxy has a status and no words, the words are ours.
fn proxy(error: &ProxyError) -> Row {
    let upstream = match error {
        ProxyError::NoHttpUrl { .. } => return (400, "", "Invalid data source URL"),
        ProxyError::Method { .. } => return (405, "", "Method not allowed"),
        ProxyError::NotListed { .. } | ProxyError::Role { .. } => return (403, "", "plugin proxy route access denied"),
        ProxyError::RouteUnsupported { .. } => return (501, "", "plugin proxy route not supported"),
        ProxyError::Unauthorized { .. } => return (400, "", "Authentication to data source failed"),
        ProxyError::RedirectsAway { .. } => return (502, "", "Data source redirects elsewhere"),
        ProxyError::Upstream(error) => error,
    };
    match upstream {
        EgressError::InvalidTls { .. } => (400, "", "Unable to load TLS certificate"),
        EgressError::InvalidSetting { .. } | EgressError::InvalidProxy { .. } => {
            (500, "", "Failed creating data source proxy")
        }
        EgressError::LimitExceeded { .. } => (502, "", "Data source's response too large"),
        error => match error.status_hint() {
            504 => (504, "", "Data source did not answer in time"),
            403 => (403, "", "Access denied"),
            400 => (400, "", "Invalid proxy request"),
            _ if error.is_connect() => (502, "", "Data source cannot be reached"),
            _ => (502, "", "Data source gave no valid response"),
        },
    }
}

/// Grafana has no such calls: the words are the error's own.
fn plugin_in_control(error: &PluginError) -> Row {
    match error {
        PluginError::NotRegistered { .. } => (404, "", "Plugin not found"),
        // It is there, and not in a state in which this can be done.
        PluginError::Unavailable { .. } => (409, "", ""),
        // Its code was tried and is no good.
        PluginError::RequestFailure { .. } | PluginError::InvalidSettings { .. } => (422, "", ""),
        PluginError::RequestCanceled { .. } | PluginError::Timeout { .. } | PluginError::LimitExceeded { .. } => {
            (503, "", "")
        }
        _ => (500, "", ""),
    }
}

/// Whether a failed call of the only data source asked fails the whole request, as in Grafana. Time-outs, limits and
/// the plugin's own words are answers to each query instead.
pub(crate) fn fails_the_request(error: &PluginError) -> bool {
    !matches!(
        error,
        PluginError::Timeout { .. }
            | PluginError::LimitExceeded { .. }
            | PluginError::Guest(_)
            | PluginError::InvalidSettings { .. }
    )
}

/// A failed call as the failure of one of its queries.
pub(crate) fn of_ref_id(error: &PluginError) -> GuestError {
    let status = match error {
        PluginError::Guest(error) => return error.clone(),
        PluginError::InvalidSettings { error: said, .. } => {
            return GuestError { message: error.to_string(), ..said.clone() };
        }
        PluginError::Timeout { .. } => 504,
        PluginError::LimitExceeded { .. } => 429,
        PluginError::MethodNotImplemented { .. } => 404,
        PluginError::RequestCanceled { .. } => CLIENT_CLOSED_REQUEST,
        _ => 500,
    };
    GuestError { status, source_of_error: ErrorSource::Plugin, message: error.to_string(), details: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wellhead_egress::{Origin, TimeoutKind};
    use wellhead_store::DataSourceKey;

    fn plugin_errors() -> Vec<PluginError> {
        let plugin_id = || "prometheus".to_owned();
        vec![
            PluginError::NotRegistered { plugin_id: plugin_id() },
            PluginError::Unavailable { plugin_id: plugin_id(), reason: "it is disabled".into() },
            PluginError::MethodNotImplemented { plugin_id: plugin_id(), method: "query-data" },
            PluginError::RequestCanceled { plugin_id: plugin_id(), reason: "the caller went away" },
            PluginError::Timeout { plugin_id: plugin_id(), after: Duration::from_secs(30) },
            PluginError::RequestFailure { plugin_id: plugin_id(), reason: "it trapped".into() },
            PluginError::InvalidSettings {
                plugin_id: plugin_id(),
                uid: "p".into(),
                error: GuestError::downstream(400, "no URL"),
            },
            PluginError::Guest(GuestError::downstream(418, "a teapot")),
            PluginError::HealthCheckFailed { plugin_id: plugin_id(), reason: "no".into() },
            PluginError::limit("calls in flight", 256, 257),
        ]
    }

    #[test]
    fn the_table_of_plugin_failures() {
        let rows = plugin_errors().into_iter().flat_map(|error| {
            let ref_id = of_ref_id(&error);
            let fails = fails_the_request(&error);
            let error = QueryError::Plugin(error);
            let row = |operation| {
                let public = PublicError::of(operation, &error);
                format!("{operation:?}: {} {:?} {:?}", public.status, public.message_id, public.message)
            };
            use Operation::{Health, Live, PluginControl, Proxy, Query, Resource};
            let all = [Query, Health, Resource, Proxy, Live, PluginControl];
            let all = all.map(row);
            let one = format!("refId: {} {} {:?}", ref_id.status, ref_id.source_of_error.as_str(), ref_id.message);
            [format!("# {error} (fails the request: {fails})")].into_iter().chain(all).chain([one, String::new()])
        });
        insta::assert_snapshot!(rows.collect::<Vec<_>>().join("\n"));
    }

    #[test]
    fn a_missing_data_source_is_404_but_in_a_health_check() {
        let error = QueryError::Store(StoreError::NotFound { org_id: 1, key: DataSourceKey::uid("x") });
        for (operation, status, message) in [
            (Operation::Query, 404, "Data source not found"),
            (Operation::Resource, 404, "Data source not found"),
            (Operation::Proxy, 404, "Unable to find datasource"),
            (Operation::DataSource, 404, "Data source not found"),
            (Operation::Health, 500, "Unable to load datasource metadata"),
        ] {
            let public = PublicError::of(operation, &error);
            assert_eq!((public.status, public.message.as_str()), (status, message), "{operation:?}");
            assert!(public.detail.unwrap().contains("org 1 has no data source with uid \"x\""));
        }
    }

    #[test]
    fn the_table_of_proxy_failures() {
        let origin = || Origin::parse("http://prom:9090").unwrap();
        let (plugin_id, route) = (|| "prometheus".to_owned(), || "rules".to_owned());
        let seconds = Duration::from_secs;
        let errors = [
            ProxyError::NoHttpUrl { uid: "p".into(), reason: "is empty" },
            ProxyError::Method { method: http::Method::TRACE },
            ProxyError::NotListed {
                method: http::Method::DELETE,
                plugin_id: plugin_id(),
                plugin_name: "Prometheus".into(),
            },
            ProxyError::Role { plugin_id: plugin_id(), route: route(), needed: "Editor" },
            ProxyError::RouteUnsupported { plugin_id: plugin_id(), route: route(), key: "url" },
            ProxyError::Unauthorized { origin: origin() },
            ProxyError::RedirectsAway { origin: origin(), to: "https://prom:9090".into() },
            EgressError::Denied { origin: origin(), allowed: vec![], note: None }.into(),
            EgressError::Refused { origin: origin() }.into(),
            EgressError::Tls { origin: origin(), reason: "unknown issuer".into() }.into(),
            EgressError::Timeout { origin: origin(), which: TimeoutKind::Connect, after: seconds(10) }.into(),
            EgressError::Timeout { origin: origin(), which: TimeoutKind::FirstByte, after: seconds(30) }.into(),
            EgressError::Disconnected { origin: origin(), reason: "reset".into() }.into(),
            EgressError::InvalidResponse { origin: origin(), reason: "garbage".into() }.into(),
            EgressError::LimitExceeded { origin: origin(), name: "max_response_bytes", limit: 1, actual: 2 }.into(),
            EgressError::InvalidRequest { reason: "bad length".into() }.into(),
            EgressError::InvalidTls { setting: "tlsCACert", reason: "no PEM".into() }.into(),
            EgressError::InvalidSetting { setting: "httpHeaderName1".into(), reason: "no name".into() }.into(),
        ];
        let rows = errors.map(|error| {
            let public = PublicError::of(Operation::Proxy, &QueryError::Proxy(error));
            format!("{} {:?}\n    {}", public.status, public.message, public.detail.unwrap())
        });
        insta::assert_snapshot!(rows.join("\n"));
    }
}
