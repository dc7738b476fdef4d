//! How many live connections there may be: past that a client is refused while it still speaks HTTP, and told when to come
//! again.

use crate::http::ApiError;
use axum::http::StatusCode;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// When to come again, in seconds: places come free as people close pages.
const RETRY_AFTER: u64 = 10;

/// Places for connections that stay.
#[derive(Clone, Debug)]
pub(crate) struct LivePlaces {
    allowed: usize,
    left: Arc<Semaphore>,
}

/// A place, until it is dropped.
pub(crate) type LivePlace = OwnedSemaphorePermit;

impl LivePlaces {
    /// As many as asked for, and at most half of all connections.
    pub(crate) fn new(asked: usize, connections: usize) -> Self {
        let allowed = asked.min(connections / 2).clamp(1, Semaphore::MAX_PERMITS);
        Self { allowed, left: Arc::new(Semaphore::new(allowed)) }
    }

    pub(crate) fn take(&self) -> Result<LivePlace, ApiError> {
        Arc::clone(&self.left).try_acquire_owned().map_err(|_| {
            let (allowed, asked) = (self.allowed, self.allowed.saturating_add(1));
            let message = format!(
                "limit \"live connections\" exceeded: {asked} asked, {allowed} allowed; read several channels over one \
                 connection, or raise live-connections"
            );
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, message).with_retry_after(RETRY_AFTER)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_all_connections_are_left_for_requests_and_a_place_comes_back() {
        let places = LivePlaces::new(2_000, 4);
        let (first, _second) = (places.take().unwrap(), places.take().unwrap());
        assert_eq!(places.take().unwrap_err().public().status, 503);
        drop(first);
        assert!(places.take().is_ok());
    }
}
