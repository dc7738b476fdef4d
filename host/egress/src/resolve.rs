//! Names to addresses, once: a name is looked up when it is first needed, judged by the destination table, and pinned
//! for the life of its client, so that a name server cannot turn an allowed host into another one later.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::time::Instant;

use crate::{Allowed, EgressError, destination::check_name};

/// The future a resolver returns.
pub type Resolving = BoxFuture<'static, io::Result<Vec<IpAddr>>>;

/// Looks host names up. What it answers is judged afterwards; it need not judge anything itself.
///
/// ```
/// use wellhead_egress::{Egress, Resolve, Resolving};
///
/// /// A hosts file of one line.
/// struct One;
///
/// impl Resolve for One {
///     fn resolve(&self, host: &str) -> Resolving {
///         let known = host == "prometheus.test";
///         Box::pin(async move {
///             if known { Ok(vec![[127, 0, 0, 1].into()]) } else { Err(std::io::ErrorKind::NotFound.into()) }
///         })
///     }
/// }
///
/// let egress = Egress::builder().resolver(One).build()?;
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a host, most preferred first. A trailing dot means "search no domains".
    fn resolve(&self, host: &str) -> Resolving;
}

/// The operating system's resolver: hosts file, search domains, name servers, in the order the system says.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> Resolving {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// What an origin was resolved to, and whether that still holds.
#[derive(Debug, Default)]
pub(crate) struct Pin {
    // Held across the lookup: the first of many at once asks, the others take its answer.
    pinned: tokio::sync::Mutex<Option<Pinned>>,
    failed: AtomicBool,
}

#[derive(Debug)]
struct Pinned {
    addresses: Arc<[SocketAddr]>,
    since: Instant,
}

impl Pin {
    /// The addresses to dial, looked up and judged where they are not pinned, or where the pin failed and is old.
    pub(crate) async fn addresses(
        &self,
        allowed: &Allowed,
        resolver: &dyn Resolve,
        repin_after: Duration,
    ) -> Result<Arc<[SocketAddr]>, EgressError> {
        let mut pinned = self.pinned.lock().await;
        if let Some(known) = pinned.as_ref()
            && !(self.failed.load(Ordering::Relaxed) && known.since.elapsed() >= repin_after)
        {
            return Ok(known.addresses.clone());
        }
        let addresses = look_up(allowed, resolver).await?;
        tracing::debug!(origin = %allowed.origin, ?addresses, "resolved and pinned");
        *pinned = Some(Pinned { addresses: addresses.clone(), since: Instant::now() });
        self.failed.store(false, Ordering::Relaxed);
        Ok(addresses)
    }

    /// No address of the pin took a connection.
    pub(crate) fn failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

/// Asks the resolver, and keeps the addresses the destination table allows. If it allows none, its first no is the error.
async fn look_up(allowed: &Allowed, resolver: &dyn Resolve) -> Result<Arc<[SocketAddr]>, EgressError> {
    let Allowed { origin, why } = allowed;
    check_name(origin, *why)?;
    if let Some(address) = origin.literal() {
        return Ok(Arc::new([SocketAddr::new(address, origin.port())]));
    }
    let unresolved = |reason: String| EgressError::Unresolved { origin: origin.clone(), reason };
    let found = resolver.resolve(&origin.resolver_name()).await.map_err(|error| unresolved(error.to_string()))?;
    let mut good = Vec::with_capacity(found.len());
    let mut denied = None;
    for address in found {
        match allowed.check_address(address) {
            Ok(()) => good.push(SocketAddr::new(address, origin.port())),
            Err(error) => denied = denied.or(Some(error)),
        }
    }
    match denied {
        Some(denied) if good.is_empty() => Err(denied),
        None if good.is_empty() => Err(unresolved("the name has no address".to_owned())),
        _ => Ok(good.into()),
    }
}
