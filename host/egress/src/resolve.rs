//! Names to addresses, once: a name is looked up when it is first needed, judged by the destination table, and pinned
//! for the life of its client. Only where no address of the pin takes a connection is the name looked up again, and then
//! one that was public stays so: a name server cannot turn an allowed host into one inside later on.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{sync::Semaphore, time::Instant};

use crate::{
    AddressClass, Allowed, EgressError,
    destination::{address_class, check_name},
};

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

/// Lookups of one host under way at once. The operating system's take a thread each, and go on when nobody waits for them
/// any more: what is asked in vain must not take the threads of everything else.
const LOOKUPS_AT_ONCE: usize = 64;

/// A resolver, and a bound on how much is asked of it at once.
pub(crate) struct Resolver {
    resolver: Arc<dyn Resolve>,
    turns: Arc<Semaphore>,
}

impl Resolver {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, turns: Arc::new(Semaphore::new(LOOKUPS_AT_ONCE)) }
    }

    /// Looks a name up. Who gives it up leaves at most one lookup behind, which keeps its turn until it is over.
    pub(crate) async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.turns.clone().acquire_owned().await.map_err(io::Error::other)?;
        let lookup = self.resolver.resolve(host);
        let lookup = tokio::spawn(async move {
            let _turn = turn;
            lookup.await
        });
        lookup.await.map_err(io::Error::other)?
    }
}

type Found = Result<Pinned, EgressError>;

/// What an origin was resolved to, and whether that still holds.
#[derive(Debug, Default)]
pub(crate) struct Pin {
    state: Mutex<State>,
    failed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    pinned: Option<Pinned>,
    /// A lookup under way. It belongs to nobody: the first of many at once asks, the others take its answer, and however
    /// often it is given up and asked again, there is one.
    lookup: Option<Shared<BoxFuture<'static, Found>>>,
}

#[derive(Debug, Clone)]
struct Pinned {
    addresses: Arc<[SocketAddr]>,
    since: Instant,
}

impl Pin {
    /// The addresses to dial, looked up and judged where they are not pinned, or where the pin failed and is old.
    pub(crate) async fn addresses(
        &self,
        allowed: &Allowed,
        resolver: &Arc<Resolver>,
        repin_after: Duration,
    ) -> Result<Arc<[SocketAddr]>, EgressError> {
        let lookup = {
            let mut state = self.state();
            if let Some(known) = &state.pinned
                && !(self.failed.load(Ordering::Relaxed) && known.since.elapsed() >= repin_after)
            {
                return Ok(known.addresses.clone());
            }
            let before = state.pinned.as_ref().map(|pinned| pinned.addresses.clone());
            let begin = || begin(allowed.clone(), resolver.clone(), before);
            state.lookup.get_or_insert_with(begin).clone()
        };
        let found = lookup.clone().await;
        let mut state = self.state();
        // The first who learns of it keeps it; another lookup may have begun since.
        if state.lookup.as_ref().is_some_and(|current| current.ptr_eq(&lookup)) {
            state.lookup = None;
            if let Ok(pinned) = &found {
                tracing::debug!(origin = %allowed.origin, addresses = ?pinned.addresses, "resolved and pinned");
                state.pinned = Some(pinned.clone());
                self.failed.store(false, Ordering::Relaxed);
            }
        }
        found.map(|pinned| pinned.addresses)
    }

    /// No address of the pin took a connection.
    pub(crate) fn failed(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lookup in a task of its own, which is not ended by whoever gives it up.
fn begin(
    allowed: Allowed,
    resolver: Arc<Resolver>,
    before: Option<Arc<[SocketAddr]>>,
) -> Shared<BoxFuture<'static, Found>> {
    let origin = allowed.origin.clone();
    let lookup = tokio::spawn(async move {
        let addresses = look_up(&allowed, &resolver).await?;
        still_inside_or_out(&allowed, before.as_deref(), &addresses)?;
        Ok(Pinned { addresses, since: Instant::now() })
    });
    let stopped = move |_| EgressError::Unresolved { origin, reason: "the host is shutting down".to_owned() };
    lookup.map(move |found| found.map_err(stopped).and_then(|found| found)).boxed().shared()
}

/// A name that led to the internet does not lead inside later on. Whoever answers for it may be the server itself, which
/// refuses connections until it is asked for again; a data source that is really moved inside is made anew.
fn still_inside_or_out(
    allowed: &Allowed,
    before: Option<&[SocketAddr]>,
    after: &[SocketAddr],
) -> Result<(), EgressError> {
    let class = |address: &SocketAddr| address_class(address.ip());
    let was_outside = before.is_some_and(|before| before.iter().all(|address| class(address) == AddressClass::Public));
    let inside = after.iter().find(|address| class(address) != AddressClass::Public);
    match inside.filter(|_| was_outside) {
        None => Ok(()),
        Some(address) => Err(EgressError::DeniedAddress {
            origin: allowed.origin.clone(),
            address: address.ip(),
            class: class(address),
            reason: "a name that was public when it was first used may not turn to; if the server was moved, save the \
                     data source again",
        }),
    }
}

/// Asks the resolver, and keeps the addresses the destination table allows. If it allows none, its first no is the error.
async fn look_up(allowed: &Allowed, resolver: &Resolver) -> Result<Arc<[SocketAddr]>, EgressError> {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::{Origin, Why};

    /// Answers with what it is set to, or never.
    #[derive(Default)]
    struct Scripted {
        answer: Mutex<Option<IpAddr>>,
        asked: AtomicUsize,
    }

    impl Resolve for Arc<Scripted> {
        fn resolve(&self, _: &str) -> Resolving {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let answer = *self.answer.lock().unwrap();
            Box::pin(async move {
                match answer {
                    Some(address) => Ok(vec![address]),
                    None => std::future::pending().await,
                }
            })
        }
    }

    fn scripted() -> (Arc<Scripted>, Arc<Resolver>, Allowed) {
        let script = Arc::new(Scripted::default());
        let resolver = Arc::new(Resolver::new(Arc::new(script.clone())));
        let origin = Origin::parse("http://feed.example:6379").unwrap();
        (script, resolver, Allowed { origin, why: Why::DataSource })
    }

    #[tokio::test]
    async fn however_often_it_is_given_up_and_asked_again_there_is_one_lookup() {
        let (script, resolver, allowed) = scripted();
        let pin = Pin::default();
        for _ in 0..1_000 {
            let asking = pin.addresses(&allowed, &resolver, Duration::ZERO);
            assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
            tokio::task::yield_now().await;
        }
        assert_eq!(script.asked.load(Ordering::Relaxed), 1);
        // Another client's is another one, up to a bound.
        for _ in 0..2 * LOOKUPS_AT_ONCE {
            let other = Pin::default();
            let asking = other.addresses(&allowed, &resolver, Duration::ZERO);
            assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
            tokio::task::yield_now().await;
        }
        assert_eq!(script.asked.load(Ordering::Relaxed), LOOKUPS_AT_ONCE);
    }

    #[tokio::test]
    async fn a_name_that_was_public_does_not_lead_inside_later_on() {
        let (script, resolver, allowed) = scripted();
        let pin = Pin::default();
        let lead_to = async |address: &str| {
            *script.answer.lock().unwrap() = Some(address.parse().unwrap());
            pin.failed();
            pin.addresses(&allowed, &resolver, Duration::ZERO).await.map(|found| found[0].ip().to_string())
        };
        assert_eq!(lead_to("93.184.215.14").await.unwrap(), "93.184.215.14");
        assert_eq!(lead_to("8.8.8.8").await.unwrap(), "8.8.8.8");
        for inside in ["127.0.0.1", "10.0.0.1", "fd00::1"] {
            let error = lead_to(inside).await.unwrap_err();
            assert!(error.is_denied() && error.to_string().contains("save the data source again"), "{error}");
        }
        assert_eq!(lead_to("1.1.1.1").await.unwrap(), "1.1.1.1");

        let pin = Pin::default();
        for inside in ["10.0.0.1", "10.0.0.2", "127.0.0.1"] {
            *script.answer.lock().unwrap() = Some(inside.parse().unwrap());
            pin.failed();
            assert_eq!(pin.addresses(&allowed, &resolver, Duration::ZERO).await.unwrap()[0].ip().to_string(), inside);
        }
    }
}
