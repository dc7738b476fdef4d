//! `routes` of `plugin.json`: which requests the data proxy takes for a data source, and from whom.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user's role in an org, the lesser first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Asks.
    Viewer,
    /// Asks, and changes what is shown.
    Editor,
    /// Changes everything in the org.
    Admin,
}

impl Role {
    /// The role with this name, as users and `reqRole` spell it.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Viewer, Self::Editor, Self::Admin].into_iter().find(|role| role.as_str() == name)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Editor => "Editor",
            Self::Admin => "Admin",
        }
    }
}

/// One entry of `routes`. The first that has a request's method and path speaks for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The path below the data source's URL: it and what lies beneath it. Empty: every path.
    #[serde(default)]
    pub path: String,
    /// The method; empty or `*` for any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// The least role that may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub req_role: Option<Role>,
    /// Grafana's other keys: `url`, `headers`, `tokenAuth`, `reqAction` and the like.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Route {
    /// Whether it speaks for requests of this method and path, which is decoded and split at its slashes.
    pub fn matches(&self, method: &str, path: &[&str]) -> bool {
        let any_method = self.method.is_empty() || self.method == "*";
        let mut mine = self.path.split('/').filter(|segment| !segment.is_empty());
        let mut path = path.iter();
        (any_method || self.method == method) && mine.all(|segment| path.next() == Some(&segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_speaks_for_its_path_and_what_lies_beneath_it() {
        let route = Route { path: "/api/v1/query".into(), method: "POST".into(), ..Route::default() };
        for (method, path, expected) in [
            ("POST", &["api", "v1", "query"][..], true),
            ("POST", &["api", "v1", "query", "more"], true),
            ("POST", &["api", "v1", "query_range"], false),
            ("POST", &["api", "v1"], false),
            ("POST", &[], false),
            ("GET", &["api", "v1", "query"], false),
        ] {
            assert_eq!(route.matches(method, path), expected, "{method} {path:?}");
        }
        assert!(Route { method: "*".into(), ..Route::default() }.matches("PURGE", &["anything"]));
    }

    #[test]
    fn roles_are_in_order_and_have_grafanas_names() {
        assert!(Role::Viewer < Role::Editor && Role::Editor < Role::Admin);
        for name in ["Viewer", "Editor", "Admin"] {
            assert_eq!(Role::named(name).unwrap().as_str(), name);
        }
        assert_eq!(Role::named("viewer"), None);
    }
}
