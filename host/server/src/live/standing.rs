//! On whose behalf a connection listens, proved again as long as it does.

use crate::auth::{Client, Proof, caller_of};
use crate::state::AppState;
use axum::http::HeaderMap;
use futures::FutureExt;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard};
use wellhead::{Authority, Caller, Denied};
use wellhead_identity::{Action, AuthError, Identity};

/// How long an answer holds for: so the subscriptions of one connection, which all ask in the same minute, prove it once.
const FRESH: Duration = Duration::from_secs(1);

/// A client's standing. What it signed in with is asked for again each time, at most once a second; once that holds no
/// more, it never does again: a password that was changed is not tried on, which would shut its owner out.
pub(super) struct Standing {
    app: AppState,
    proof: Proof,
    headers: HeaderMap,
    traceparent: Option<String>,
    org_id: i64,
    known: Mutex<Known>,
    has_ended: AtomicBool,
}

struct Known {
    identity: Result<Identity, Denied>,
    at: Instant,
}

impl Standing {
    /// Of somebody who was just let in.
    pub(super) fn new(app: AppState, proof: Proof, identity: Identity, of_request: &Caller) -> Self {
        let (org_id, known) = (identity.org_id, Known { identity: Ok(identity), at: Instant::now() });
        Self {
            app,
            proof: proof.in_org(org_id),
            headers: of_request.headers.clone(),
            traceparent: of_request.traceparent.clone(),
            org_id,
            known: Mutex::new(known),
            has_ended: AtomicBool::new(false),
        }
    }

    /// Of whoever sent a request through the gate.
    pub(super) fn of(app: AppState, proof: Proof, client: &Client) -> Self {
        Self::new(app, proof, client.identity.clone(), &client.caller)
    }

    pub(super) fn org_id(&self) -> i64 {
        self.org_id
    }

    /// Whether what the client signed in with was found to hold no more.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    /// Asks again, where the last answer is not of this second.
    async fn renew(&self, known: &mut MutexGuard<'_, Known>) {
        if known.identity.is_err() || known.at.elapsed() < FRESH {
            return;
        }
        match self.proof.identity(&self.app).await {
            Ok(identity) => known.identity = Ok(identity),
            // Says nothing of this client: somebody else tried passwords, or the database is busy.
            Err(AuthError::TooManyTries { .. } | AuthError::Identity(_)) => {}
            Err(error) => {
                self.has_ended.store(true, Ordering::Relaxed);
                known.identity = Err(Denied::new(format!("the sign-in holds no more: {error}")));
            }
        }
        known.at = Instant::now();
    }
}

impl Authority for Standing {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Denied>> {
        async {
            let mut known = self.known.lock().await;
            self.renew(&mut known).await;
            let identity = known.identity.as_ref().map_err(Clone::clone)?;
            if !identity.may(Action::Query) {
                return Err(Denied::new("listening to channels needs the role Viewer"));
            }
            let (headers, traceparent) = (self.headers.clone(), self.traceparent.clone());
            Ok(Caller { headers, traceparent, ..caller_of(&self.app, identity) })
        }
        .boxed()
    }
}

/// Shared by the subscriptions of one client.
pub(super) type SharedStanding = Arc<Standing>;
