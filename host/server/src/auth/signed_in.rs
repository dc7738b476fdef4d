//! Who administers orgs, users, service accounts and permissions: only where there is sign-in are there any.

use super::client::Client;
use crate::SignIn;
use crate::http::ApiError;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tracing::Instrument;
use wellhead_identity::{Action, Authenticator, Identities};

/// A client of a server that has sign-in; of another the answer is 404.
pub(crate) struct SignedIn {
    pub(crate) client: Client,
    pub(crate) app: AppState,
    sign_in: SignIn,
}

/// What is to be written down of a change.
pub(crate) struct Entry<'a> {
    /// What, as `org.create`.
    pub(crate) action: &'static str,
    /// To what, by its id or name.
    pub(crate) target: String,
    /// What else there is to say, by name. Never a secret.
    pub(crate) details: &'a [(&'static str, &'a str)],
}

impl SignedIn {
    pub(crate) fn identities(&self) -> &Identities {
        &self.sign_in.identities
    }

    pub(crate) fn authenticator(&self) -> &Authenticator {
        &self.sign_in.authenticator
    }

    /// Refuses what the client's role does not allow.
    pub(crate) fn may(&self, action: Action) -> Result<(), ApiError> {
        self.client.may(action)
    }

    /// Carries out `work` and writes it down however it ends, also where the client does not wait for it.
    pub(crate) async fn change<T, E, W>(
        &self,
        entry: Entry<'_>,
        work: impl FnOnce(Identities) -> W,
    ) -> Result<T, ApiError>
    where
        W: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<ApiError>,
    {
        let (client, work) = (self.client.clone(), work(self.identities().clone()));
        let Entry { action, target, details } = entry;
        let details: Vec<_> = details.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        to_its_end(async move {
            let done = work.await.map_err(E::into);
            let details: Vec<_> = details.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.audit_with(action, &target, &details, &done);
            done
        })
        .await
    }
}

/// Carries out a change, also where the client does not wait for it: what was begun is finished, and written down.
pub(crate) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::spawn(work.in_current_span()).await.map_err(|_| ApiError::internal())?
}

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let client = Client::from_request_parts(parts, app).await?;
        let Some(sign_in) = app.sign_in.clone() else {
            let detail = "this server has no sign-in, so it has no orgs, users, tokens or permissions to administer";
            return Err(ApiError::new(StatusCode::NOT_FOUND, "Not found").with_detail(detail));
        };
        Ok(Self { client, app: app.clone(), sign_in })
    }
}
