//! Who asks, as handlers take it.

use super::error::{denied, identity_error};
use super::permissions::OfIdentity;
use crate::http::{ApiError, ClientAddress, Trace};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::net::IpAddr;
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
}

impl Client {
    pub(crate) fn org_id(&self) -> i64 {
        self.identity.org_id
    }

    /// Refuses what the client's role does not allow.
    pub(crate) fn may(&self, action: Action) -> Result<(), ApiError> {
        if self.identity.may(action) { Ok(()) } else { Err(denied(&self.identity, action)) }
    }

    /// As [`may`](Self::may), or by what was granted on this data source.
    pub(crate) fn may_with(
        &self,
        app: &AppState,
        action: Action,
        uid: &str,
        grant: Permission,
    ) -> Result<(), ApiError> {
        if self.identity.may(action) {
            return Ok(());
        }
        let granted = match &app.sign_in {
            Some(sign_in) => sign_in.identities.permission(&self.identity, self.org_id(), uid),
            None => Ok(None),
        };
        match granted.map_err(|error| identity_error(&error))? {
            Some(granted) if granted >= grant => Ok(()),
            _ => Err(denied(&self.identity, action)),
        }
    }

    /// Writes down what the client changed or tried to.
    pub(crate) fn audit<T>(&self, app: &AppState, action: &str, target: &str, result: &Result<T, ApiError>) {
        self.audit_with(app, action, target, &[], result);
    }

    /// As [`audit`](Self::audit), with what else there is to say, by name.
    pub(crate) fn audit_with<T>(
        &self,
        app: &AppState,
        action: &str,
        target: &str,
        details: &[(&str, &str)],
        result: &Result<T, ApiError>,
    ) {
        let Some(sign_in) = &app.sign_in else { return };
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
        let permissions = app.sign_in.as_ref().map(|sign_in| {
            let permissions = OfIdentity { identities: sign_in.identities.clone(), identity: identity.clone() };
            Arc::new(permissions) as Arc<dyn QueryPermissions>
        });
        let caller = Caller {
            org_id: identity.org_id,
            user: user(&identity),
            role: Role::named(identity.role.as_str()),
            permissions,
            headers: parts.headers.clone(),
            traceparent: parts.extensions.get::<Trace>().map(Trace::traceparent),
            timeout: None,
        };
        let address = parts.extensions.get::<ClientAddress>().map(|client| client.0);
        Ok(Self { caller, identity, address })
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
