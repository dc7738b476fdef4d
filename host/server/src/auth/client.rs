//! Who asks, as handlers take it.

use super::error::{denied, identity_error};
use super::permissions::OfIdentity;
use crate::SignIn;
use crate::http::{ApiError, ClientAddress, Trace};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use wellhead::{Caller, QueryPermissions, Role, User};
use wellhead_identity::{Action, AuditEntry, Identity, Outcome, Permission, Who};

/// The client of a request, who was let in.
#[derive(Clone)]
pub(crate) struct Client {
    /// On whose behalf calls are made.
    pub(crate) caller: Caller,
    pub(crate) identity: Identity,
    address: Option<IpAddr>,
    /// What it asks: for the audit log.
    method: Method,
    path: String,
    sign_in: Option<SignIn>,
}

impl Client {
    pub(crate) fn org_id(&self) -> i64 {
        self.identity.org_id
    }

    /// Where the request comes from; this machine, where there is no socket.
    pub(crate) fn address(&self) -> IpAddr {
        self.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
    }

    /// Refuses what the client's role does not allow. Who is refused a change is written down.
    pub(crate) fn may(&self, action: Action) -> Result<(), ApiError> {
        if self.identity.may(action) { Ok(()) } else { Err(self.refused(action, denied(&self.identity, action))) }
    }

    /// As [`may`](Self::may), or by what was granted on this data source.
    pub(crate) fn may_with(&self, action: Action, uid: &str, grant: Permission) -> Result<(), ApiError> {
        match self.is_allowed(action, uid, grant)? {
            true => Ok(()),
            false => Err(self.refused(action, denied(&self.identity, action))),
        }
    }

    /// Whether the client's role allows it, or what was granted on this data source.
    pub(crate) fn is_allowed(&self, action: Action, uid: &str, grant: Permission) -> Result<bool, ApiError> {
        if self.identity.may(action) {
            return Ok(true);
        }
        let Some(sign_in) = &self.sign_in else { return Ok(false) };
        let granted = sign_in.identities.permission(&self.identity, self.org_id(), uid);
        Ok(granted.map_err(|error| identity_error(&error))?.is_some_and(|granted| granted >= grant))
    }

    /// `refusal`, written down where it is one of a change.
    pub(crate) fn refused(&self, action: Action, refusal: ApiError) -> ApiError {
        let Some(name) = action.audited_as() else { return refusal };
        self.audit_with(name, &self.path, &[("method", self.method.as_str())], &Err::<(), _>(refusal.clone()));
        refusal
    }

    /// Writes down what the client changed or tried to.
    pub(crate) fn audit<T>(&self, action: &str, target: &str, result: &Result<T, ApiError>) {
        self.audit_with(action, target, &[], result);
    }

    /// As [`audit`](Self::audit), with what else there is to say, by name.
    pub(crate) fn audit_with<T>(
        &self,
        action: &str,
        target: &str,
        details: &[(&str, &str)],
        result: &Result<T, ApiError>,
    ) {
        let Some(sign_in) = &self.sign_in else { return };
        let outcome = match result {
            Ok(_) => Outcome::Done,
            Err(error) if error.public().status == 403 => Outcome::Denied,
            Err(_) => Outcome::Failed,
        };
        let (who, client) = (Some(&self.identity), self.address);
        sign_in.audit.record(&AuditEntry { who, client, action, target, outcome, details });
    }
}

impl FromRequestParts<AppState> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        // Without it the route is not behind the gate, which is a fault of the router and not the client's.
        let identity = parts.extensions.get::<Identity>().cloned().ok_or_else(ApiError::internal)?;
        let traceparent = parts.extensions.get::<Trace>().map(Trace::traceparent);
        let caller = Caller { headers: parts.headers.clone(), traceparent, ..caller_of(app, &identity) };
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
        let (method, path) = (parts.method.clone(), parts.uri.path().to_owned());
        Ok(Self { caller, identity, address, method, path, sign_in: app.sign_in.clone() })
    }
}

/// On whose behalf calls are made for `identity`; headers and trace are the request's.
pub(crate) fn caller_of(app: &AppState, identity: &Identity) -> Caller {
    let permissions = app.sign_in.as_ref().map(|sign_in| {
        let permissions = OfIdentity { identities: sign_in.identities.clone(), identity: identity.clone() };
        Arc::new(permissions) as Arc<dyn QueryPermissions>
    });
    Caller {
        org_id: identity.org_id,
        user: user(identity),
        role: Role::named(identity.role.as_str()),
        permissions,
        ..Caller::default()
    }
}

/// The user as plugins see one. Nobody signed in where the host's own operator asks, or a stranger.
fn user(identity: &Identity) -> Option<User> {
    match identity.who {
        Who::Anonymous | Who::Operator => None,
        Who::User { .. } | Who::ServiceAccount { .. } => Some(User {
            login: identity.login.clone(),
            name: identity.name.clone(),
            email: identity.email.clone(),
            role: identity.role.as_str().to_owned(),
        }),
    }
}
