//! The gate in front of every route but the open ones.

use super::Proof;
use crate::http::{ApiError, Pages, check_origin};
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use wellhead_identity::Identity;

/// Lets a request through with the [`Identity`] of its sender beside it, and the [`Proof`] of it, or answers it.
pub(crate) async fn authenticate(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match identity(&app, &parts).await {
        Ok((identity, proof)) => {
            if app.sign_in.is_some() {
                // They are for this host and nobody behind it, whatever a data source says of passing tokens on.
                parts.headers.remove(AUTHORIZATION);
            }
            parts.extensions.insert(identity);
            parts.extensions.insert(proof);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    }
}

async fn identity(app: &AppState, parts: &Parts) -> Result<(Identity, Proof), ApiError> {
    let proof = Proof::of(app, parts)?;
    // A server without sign-in trusts whoever reaches it, but not the pages they look at.
    if app.sign_in.is_none() && !parts.method.is_safe() {
        let pages = Pages::Named(&app.config.cors_origins, app.config.behind_proxy);
        check_origin(parts, pages, "change anything on")?;
    }
    Ok((proof.let_in(app).await?, proof))
}
