//! On whose behalf a subscription goes on: asked when it begins, and again as long as it lasts.

use crate::{Caller, Denied};
use futures::future::BoxFuture;

/// Says who a subscriber is by now. A token may be revoked, a role changed, while a subscription lasts.
pub trait Authority: Send + Sync + 'static {
    /// The caller as of now.
    ///
    /// # Errors
    /// [`Denied`] ends the subscription.
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Denied>>;
}

/// A caller whose word stands for as long as the subscription lasts; what it may see of the data source is asked again.
impl Authority for Caller {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Denied>> {
        Box::pin(async { Ok(self.clone()) })
    }
}
