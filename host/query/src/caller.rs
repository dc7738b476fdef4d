//! Who asks.

use http::HeaderMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use wellhead_runtime::{Role, User};
use wellhead_store::DataSource;

/// Says which data sources a caller may query.
///
/// ```
/// use std::sync::Arc;
/// use wellhead_query::{Caller, Denied, QueryPermissions};
/// use wellhead_store::DataSource;
///
/// struct OnlyPublic;
///
/// impl QueryPermissions for OnlyPublic {
///     fn check(&self, source: &DataSource) -> Result<(), Denied> {
///         if source.uid.starts_with("public-") { Ok(()) } else { Err(Denied::new("it is not public")) }
///     }
/// }
///
/// let caller = Caller { permissions: Some(Arc::new(OnlyPublic)), ..Caller::default() };
/// # let _ = caller;
/// ```
pub trait QueryPermissions: Send + Sync + 'static {
    /// Whether the caller may query this one. Asked for every data source of a request, so that it should not wait.
    ///
    /// # Errors
    /// [`Denied`], with the reason.
    fn check(&self, source: &DataSource) -> Result<(), Denied>;
}

/// Why a caller may not query a data source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    reason: String,
}

impl Denied {
    /// A reason that a person can act on.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// On whose behalf a call is made.
#[derive(Clone)]
pub struct Caller {
    /// The org whose data sources are seen.
    pub org_id: i64,
    /// The signed-in user, if any.
    pub user: Option<User>,
    /// The role in the org, which routes of the data proxy ask for; `None`: not even the least. It stands beside the user
    /// because a caller who is nobody has one, too.
    pub role: Option<Role>,
    /// Which data sources may be queried; `None`: all of the org.
    pub permissions: Option<Arc<dyn QueryPermissions>>,
    /// The headers of the request; which of them travel on is decided per data source.
    pub headers: HeaderMap,
    /// W3C trace context of the caller's span.
    pub traceparent: Option<String>,
    /// How long the caller waits; the host's call deadline where that is shorter.
    pub timeout: Option<Duration>,
}

impl Default for Caller {
    /// The host itself, in org 1, which a host without orgs has everything in.
    fn default() -> Self {
        Self {
            org_id: 1,
            user: None,
            role: Some(Role::Admin),
            permissions: None,
            headers: HeaderMap::new(),
            traceparent: None,
            timeout: None,
        }
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the headers: they hold credentials.
        f.debug_struct("Caller").field("org_id", &self.org_id).field("user", &self.user).finish_non_exhaustive()
    }
}
