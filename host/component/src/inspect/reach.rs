//! What a plugin may reach and see, of its manifest and its imports. Asking is not getting: the operator's grants are elsewhere.

use super::Interface;
use serde::Serialize;
use wellhead_manifest::{Auth, Endpoint, Forward, Manifest};

/// What a plugin asks of a host beyond answering queries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reach {
    /// Whether it asks HTTP at all: its data source's own URL needs no grant.
    pub http: bool,
    /// Origins besides the data source's own URL; each wants the operator's grant.
    pub origins: Vec<String>,
    /// Servers it opens byte connections to: the name it has for one, and the setting that says where that is.
    pub endpoints: Vec<(String, Endpoint)>,
    /// What of the caller it sees.
    pub forward: Vec<Forward>,
    /// Who puts credentials on requests.
    pub auth: Auth,
    /// Whether a call may be made again after a crash.
    pub idempotent: bool,
}

impl Reach {
    pub(super) fn of(manifest: &Manifest, imports: &[Interface]) -> Self {
        let capabilities = manifest.capabilities();
        let endpoints = manifest.endpoints().iter().map(|(name, endpoint)| (name.clone(), endpoint.clone()));
        let asks = |import: &Interface| {
            import.name.starts_with("wasi:http/") || import.name.starts_with("wellhead:plugin/fetch@")
        };
        Self {
            http: imports.iter().any(asks),
            origins: capabilities.origins.clone(),
            endpoints: endpoints.collect(),
            forward: capabilities.forward.clone(),
            auth: capabilities.auth,
            idempotent: capabilities.idempotent,
        }
    }

    /// A sentence for each thing that it may reach or see.
    pub fn sentences(&self) -> Vec<String> {
        let mut said = Vec::new();
        if self.http {
            said.push("HTTP to the URL of its data source".to_owned());
        }
        let granted = |origin: &String| format!("HTTP to {origin}, where the operator grants it");
        said.extend(self.origins.iter().map(granted));
        for (name, endpoint) in &self.endpoints {
            let port = endpoint.default_port.map(|port| format!(", port {port} by default")).unwrap_or_default();
            said.push(format!("byte connections to {name}: {} of its data source{port}", endpoint.address));
        }
        for forward in &self.forward {
            said.push(match forward {
                Forward::User => "it sees who asks".to_owned(),
                Forward::Headers => "it sees the caller's forwarded headers".to_owned(),
            });
        }
        said.push(match self.auth {
            Auth::Guest => "it is given the data source's secrets".to_owned(),
            Auth::Host => "no secret enters it: the host puts credentials on its requests".to_owned(),
        });
        if self.idempotent {
            said.push("a call may be made again after a crash".to_owned());
        }
        said
    }
}
