//! Sign-in: from a request's headers to the identity that handlers ask.
//!
//! Who there is and what a role may do is `wellhead-identity`'s; here stands how HTTP says it. A route that is not behind
//! [`authenticate`] is open to everybody, and the router has three of those; the WebSocket of live channels asks by itself.

mod authenticate;
mod client;
mod error;
mod permissions;
mod proof;
mod signed_in;

pub(crate) use authenticate::authenticate;
pub(crate) use client::{Client, caller_of};
pub(crate) use error::{auth_error, identity_error};
pub(crate) use proof::Proof;
pub(crate) use signed_in::{Entry, SignedIn, to_its_end};
use wellhead_identity::{AuditLog, Authenticator, Identities};

/// Who may ask, and where it is written down what they changed.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use wellhead::{Database, Wellhead};
/// use wellhead_identity::{AuditLog, Authenticator, Identities};
/// use wellhead_server::{Server, ServerConfig, SignIn};
///
/// let identities = Identities::open(Database::in_memory()?).await?;
/// identities.ensure_admin(Some("not-this-one")).await?;
/// let sign_in = SignIn::new(identities.clone(), Authenticator::new(identities)?, AuditLog::in_memory());
///
/// let wellhead = Wellhead::builder().build().await?;
/// let server = Server::new(wellhead.clone(), ServerConfig::default()).sign_in(sign_in);
/// # drop(server);
/// # wellhead.shutdown(std::time::Duration::ZERO).await;
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct SignIn {
    pub(crate) identities: Identities,
    pub(crate) authenticator: Authenticator,
    pub(crate) audit: AuditLog,
}

impl SignIn {
    /// Callers are those of `identities`, as `authenticator` recognises them; changes are written to `audit`.
    pub fn new(identities: Identities, authenticator: Authenticator, audit: AuditLog) -> Self {
        Self { identities, authenticator, audit }
    }
}
