//! What every handler shares.

use crate::ServerConfig;
use crate::metrics::HttpMetrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wellhead::Wellhead;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) wellhead: Wellhead,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) metrics: Arc<HttpMetrics>,
    draining: Arc<AtomicBool>,
}

impl AppState {
    pub(crate) fn new(wellhead: Wellhead, config: ServerConfig) -> Self {
        Self { wellhead, config: Arc::new(config), metrics: Arc::default(), draining: Arc::default() }
    }

    pub(crate) fn start_draining(&self) {
        self.draining.store(true, Ordering::Release);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}
