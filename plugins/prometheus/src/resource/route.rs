//! Which places of the Prometheus API editors and tools may reach through the data source.
//! Reading only: nothing that deletes, reloads or stops a server is forwarded.

/// What is known of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route {
    /// Takes its parameters as a form, too. The others know GET alone.
    pub(super) post: bool,
    /// Says what there is rather than how it is: the same for minutes, and asked for at every keystroke.
    pub(super) metadata: bool,
}

/// The names of all places, for messages.
pub(super) const PLACES: &str = "labels, label/NAME/values, series, metadata, targets, targets/metadata, rules, \
                                 alerts, query, query_range, query_exemplars, format_query, parse_query, \
                                 status/buildinfo, all under api/v1/";

/// The place at `path`, percent-encoded and without a leading slash; None where it is not one of ours.
pub(super) fn route(path: &str) -> Option<Route> {
    let route = |post, metadata| Some(Route { post, metadata });
    match path.strip_prefix("api/v1/")? {
        "labels" | "series" => route(true, true),
        "metadata" | "status/buildinfo" => route(false, true),
        "query" | "query_range" | "query_exemplars" | "format_query" | "parse_query" => route(true, false),
        "targets" | "targets/metadata" | "rules" | "alerts" => route(false, false),
        other => {
            let name = other.strip_prefix("label/")?.strip_suffix("/values")?;
            if name.is_empty() || name.contains('/') { None } else { route(false, true) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_ask_for_is_there() {
        for path in ["labels", "label/job/values", "label/a%2Fb/values", "series", "metadata", "targets", "rules"] {
            assert!(route(&format!("api/v1/{path}")).is_some(), "{path}");
        }
        assert_eq!(route("api/v1/labels"), Some(Route { post: true, metadata: true }));
        assert_eq!(route("api/v1/label/job/values"), Some(Route { post: false, metadata: true }));
        assert_eq!(route("api/v1/targets"), Some(Route { post: false, metadata: false }));
    }

    #[test]
    fn what_changes_a_server_is_not() {
        for path in [
            "",
            "labels",
            "-/quit",
            "api/v1/admin/tsdb/delete_series",
            "api/v1/write",
            "api/v1/status/config",
            "api/v1/label//values",
            "api/v1/label/a/b/values",
            "api/v1/labels/",
            "API/v1/labels",
        ] {
            assert_eq!(route(path), None, "{path}");
        }
    }
}
