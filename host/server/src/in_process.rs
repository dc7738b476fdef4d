//! The server without a socket: for commands that find no server running, and for tests.

use crate::router::router;
use crate::state::AppState;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use tower_service::Service;

/// Answers requests in this process. Who may ask is decided as over a socket; the client has no address.
#[derive(Clone, Debug)]
pub struct InProcess {
    router: Router,
}

impl InProcess {
    pub(crate) fn new(mut app: AppState) -> Self {
        app.in_process = true;
        Self { router: router(app) }
    }

    /// Answers one request, whole.
    ///
    /// # Errors
    /// A sentence, where the answer broke off.
    pub async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        // A router is always ready, and never fails.
        let Ok(response) = self.router.clone().call(request.map(Body::from)).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| format!("the answer broke off: {error}"))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}
