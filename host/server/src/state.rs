//! What every handler shares.

use crate::api::maintenance::Maintenance;
use crate::http::BodyBudget;
use crate::live::LivePlaces;
use crate::metrics::HttpMetrics;
use crate::{KeepOperatorStates, ServerConfig, SignIn};
use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore, watch};
use wellhead::Wellhead;

/// Streams of plugin events at once: pages and commands that look on, not clients that ask.
pub(crate) const EVENT_STREAMS: usize = 64;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) wellhead: Wellhead,
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) metrics: Arc<HttpMetrics>,
    /// Why plugins cannot be changed over HTTP, where they cannot.
    pub(crate) no_plugin_control: Option<Arc<str>>,
    /// `None`: whoever reaches the socket is trusted.
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) maintenance: Option<Maintenance>,
    pub(crate) keeper: Option<Arc<dyn KeepOperatorStates>>,
    /// Held while an operator's word is written down.
    pub(crate) keeping: Arc<Mutex<()>>,
    /// Held while permissions on a data source are read and changed.
    pub(crate) granting: Arc<Mutex<()>>,
    pub(crate) event_streams: Arc<Semaphore>,
    pub(crate) live_places: LivePlaces,
    pub(crate) bodies: BodyBudget,
    /// Whether there is no socket: whoever asks runs in this process.
    pub(crate) in_process: bool,
    draining: watch::Sender<bool>,
}

impl AppState {
    pub(crate) fn new(wellhead: Wellhead, config: ServerConfig) -> Self {
        let config = config.bounded();
        let bodies = BodyBudget::new(config.all_body_bytes.max(config.body_bytes));
        let live_places = LivePlaces::new(config.live_connections, config.connections);
        Self {
            wellhead,
            config: Arc::new(config),
            metrics: Arc::default(),
            no_plugin_control: None,
            sign_in: None,
            maintenance: None,
            keeper: None,
            keeping: Arc::default(),
            granting: Arc::default(),
            event_streams: Arc::new(Semaphore::new(EVENT_STREAMS)),
            live_places,
            bodies,
            in_process: false,
            draining: watch::Sender::new(false),
        }
    }

    pub(crate) fn start_draining(&self) {
        self.draining.send_replace(true);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Waits until [`is_draining`](Self::is_draining).
    pub(crate) fn drain_begins(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut draining = self.draining.subscribe();
        async move {
            // An error says that nobody is left to say so: then nobody serves, either.
            let _ = draining.wait_for(|draining| *draining).await;
        }
    }
}
