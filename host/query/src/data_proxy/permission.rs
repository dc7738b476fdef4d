//! Who may send what: the routes of the plugin's manifest, then what its kind of server must be kept from.
//!
//! Grafana's rules, with two differences. A route's path is compared segment by segment, decoded, so that no spelling of
//! a path escapes its role. And Loki's servers are guarded as Prometheus's are: both take samples and deletions over the
//! same URL that queries go to.

use super::ProxyError;
use crate::Caller;
use http::Method;
use wellhead_runtime::{Manifest, Route};

/// Plugins whose servers also write: of them only reading methods pass that no route lists.
const GUARDED: [&str; 2] = ["prometheus", "loki"];
/// Keys of a route that change what is sent, and how: they are not carried out.
const UNSUPPORTED: [&str; 6] = ["url", "headers", "urlParams", "body", "tokenAuth", "jwtTokenAuth"];

/// Whether the caller may send this method to this path, which is decoded and split.
pub(super) fn check(
    caller: &Caller,
    manifest: &Manifest,
    method: &Method,
    segments: &[String],
) -> Result<(), ProxyError> {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        return Err(ProxyError::Method { method: method.clone() });
    }
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let not_listed = || ProxyError::NotListed {
        method: method.clone(),
        plugin_id: manifest.id.clone(),
        plugin_name: manifest.name.clone(),
    };
    if manifest.answers_to("elasticsearch") && !elasticsearch(method, &path) {
        return Err(not_listed());
    }
    // HEAD says what GET would.
    let listed_as = if *method == Method::HEAD { Method::GET.as_str() } else { method.as_str() };
    if let Some(route) = manifest.routes.iter().find(|route| route.matches(listed_as, &path)) {
        return on_route(caller, manifest, route);
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let guarded = GUARDED.iter().any(|id| manifest.answers_to(id));
    if guarded && !reads { Err(not_listed()) } else { Ok(()) }
}

fn on_route(caller: &Caller, manifest: &Manifest, route: &Route) -> Result<(), ProxyError> {
    let plugin_id = || manifest.id.clone();
    if let Some(needed) = route.req_role.filter(|needed| caller.role < Some(*needed)) {
        let needed = needed.as_str();
        return Err(ProxyError::Role { plugin_id: plugin_id(), route: route.path.clone(), needed });
    }
    match UNSUPPORTED.into_iter().find(|key| route.other.contains_key(*key)) {
        Some(key) => Err(ProxyError::RouteUnsupported { plugin_id: plugin_id(), route: route.path.clone(), key }),
        None => Ok(()),
    }
}

/// Elasticsearch's searches are POSTs to one path.
fn elasticsearch(method: &Method, path: &[&str]) -> bool {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => true,
        Method::POST => path == ["_msearch"],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource_path::segments;
    use serde_json::json;
    use wellhead_runtime::Role;

    fn manifest(id: &str) -> Manifest {
        let routes = json!([
            {"path": "api/v1/status/flags", "method": "GET", "reqRole": "Admin"},
            {"path": "api/v1/query", "method": "POST", "reqRole": "Viewer"},
            {"path": "/rules", "method": "DELETE", "reqRole": "Editor"},
            {"path": "token", "tokenAuth": {"url": "http://x"}},
        ]);
        Manifest { routes: serde_json::from_value(routes).unwrap(), ..Manifest::core(id, id, "1") }
    }

    fn may(role: &str, id: &str, method: &str, path: &str) -> Result<(), ProxyError> {
        let caller = Caller { role: Role::named(role), ..Caller::default() };
        check(&caller, &manifest(id), &method.parse().unwrap(), &segments(path))
    }

    #[test]
    fn a_server_that_also_writes_takes_only_the_writing_methods_that_are_listed() {
        for id in ["prometheus", "loki"] {
            assert!(may("Viewer", id, "POST", "api/v1/query").is_ok());
            for (method, path) in [
                ("POST", "api/v1/admin/tsdb/delete_series"),
                ("POST", "api/v1/query_range"),
                ("POST", "-/quit"),
                ("PUT", "api/v1/query"),
                ("DELETE", "api/v1/query"),
                ("PATCH", "api/v1/query"),
                ("PROPFIND", "api/v1/query"),
            ] {
                let refused = may("Admin", id, method, path);
                assert!(matches!(refused, Err(ProxyError::NotListed { .. })), "{id} {method} {path}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                assert!(may("Viewer", id, method, "api/v1/labels").is_ok(), "{id} {method}");
            }
        }
        assert!(may("Viewer", "other", "DELETE", "anything").is_ok());
    }

    #[test]
    fn no_spelling_of_a_path_escapes_the_role_of_its_route() {
        for path in [
            "api/v1/status/flags",
            "api/v1/status/flags/",
            "api//v1/./status/flags",
            "api/v1/%73tatus/flags",
            "api/v1/status%2Fflags",
            "api/v1/%2573tatus/flags",
        ] {
            for method in ["GET", "HEAD"] {
                let refused = may("Editor", "prometheus", method, path);
                assert!(matches!(refused, Err(ProxyError::Role { needed: "Admin", .. })), "{method} {path}");
                assert!(may("Admin", "prometheus", method, path).is_ok(), "{method} {path}");
            }
        }
        assert!(may("Editor", "other", "DELETE", "rules/group").is_ok());
        assert!(may("Viewer", "other", "DELETE", "rules/group").is_err());
        assert!(may("nobody", "other", "DELETE", "rules/group").is_err());
    }

    #[test]
    fn a_route_that_asks_for_more_than_is_carried_out_is_refused() {
        let refused = may("Admin", "other", "GET", "token/x");
        assert!(matches!(refused, Err(ProxyError::RouteUnsupported { key: "tokenAuth", .. })));
    }

    #[test]
    fn methods_that_speak_of_a_connection_are_refused() {
        for method in ["CONNECT", "TRACE"] {
            assert!(matches!(may("Admin", "other", method, "x"), Err(ProxyError::Method { .. })));
        }
    }

    #[test]
    fn elasticsearch_is_searched_and_not_written() {
        assert!(may("Viewer", "elasticsearch", "POST", "_msearch").is_ok());
        assert!(may("Viewer", "elasticsearch", "GET", "index/_mapping").is_ok());
        for (method, path) in [("POST", "_bulk"), ("POST", "_msearch/x"), ("PUT", "i"), ("DELETE", "i"), ("PATCH", "i")]
        {
            assert!(may("Admin", "elasticsearch", method, path).is_err(), "{method} {path}");
        }
    }
}
