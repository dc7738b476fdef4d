//! Who asks.

use http::HeaderMap;
use std::time::Duration;
use wellhead_runtime::{Role, User};

/// On whose behalf a call is made.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The org whose data sources are seen.
    pub org_id: i64,
    /// The signed-in user, if any.
    pub user: Option<User>,
    /// The headers of the request; which of them travel on is decided per data source.
    pub headers: HeaderMap,
    /// W3C trace context of the caller's span.
    pub traceparent: Option<String>,
    /// How long the caller waits; the host's call deadline where that is shorter.
    pub timeout: Option<Duration>,
}

impl Caller {
    /// Whether the caller has this role or a greater one. A caller without a user is the host itself, or reaches a server
    /// where nobody signs in: it has every role.
    pub(crate) fn has_role(&self, needed: Role) -> bool {
        self.user.as_ref().is_none_or(|user| Role::named(&user.role).is_some_and(|role| role >= needed))
    }
}

impl Default for Caller {
    /// Org 1, which a host without orgs has everything in.
    fn default() -> Self {
        Self { org_id: 1, user: None, headers: HeaderMap::new(), traceparent: None, timeout: None }
    }
}
