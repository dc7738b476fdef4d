//! What a whole host shares: roots, proxy, resolver, default limits. There is no global state; two hosts in one process
//! know nothing of each other.

use std::{fmt, sync::Arc};

use crate::{
    ConnectionPlaces, EgressClient, EgressError, EgressLimits, EgressPolicy, ProxySettings, Recorder, Replay, Resolve,
    Roots, SystemResolver, proxy::Proxies, recording::Way, resolve::Resolver, tls::Tls,
};

/// The way out of one host. Cheap to clone; makes the clients of data sources.
///
/// ```
/// use wellhead_egress::{Egress, EgressPolicy, ProxySettings, Roots};
///
/// let egress = Egress::builder().tls_roots(Roots::System).proxy(ProxySettings::None).build()?;
/// let reaches_nothing = egress.client(EgressPolicy::default())?;
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Egress {
    host: Arc<Host>,
    limits: EgressLimits,
}

/// What clients need of their host.
pub(crate) struct Host {
    pub(crate) tls: Tls,
    pub(crate) proxies: Proxies,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) way: Way,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

impl Egress {
    /// Starts from the system's roots, resolver and proxy variables, and the default limits.
    #[must_use]
    pub fn builder() -> EgressBuilder {
        EgressBuilder {
            roots: Roots::default(),
            proxy: ProxySettings::default(),
            limits: EgressLimits::default(),
            resolver: Arc::new(SystemResolver),
            way: Way::Live,
        }
    }

    /// The client of one plugin instance, whose byte connections are its own:
    /// [`max_connections`](EgressLimits::max_connections) of them, beside those for HTTP. It connects to nobody before its
    /// first request.
    ///
    /// # Errors
    /// [`EgressError::InvalidTls`] where the policy's TLS material cannot be used.
    pub fn client(&self, policy: EgressPolicy) -> Result<EgressClient, EgressError> {
        let limits = policy.limits.clone().unwrap_or_else(|| self.limits.clone());
        let places = ConnectionPlaces::new(limits.max_connections);
        EgressClient::new(self.host.clone(), policy, limits, &places)
    }

    /// As [`client`](Self::client), and its byte connections have their places among those of the same data source's
    /// other clients.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub fn client_among(&self, policy: EgressPolicy, places: &ConnectionPlaces) -> Result<EgressClient, EgressError> {
        let limits = policy.limits.clone().unwrap_or_else(|| self.limits.clone());
        EgressClient::new(self.host.clone(), policy, limits, places)
    }
}

/// Makes an [`Egress`].
///
/// ```
/// use wellhead_egress::{Egress, EgressLimits};
///
/// let limits = EgressLimits { max_connections: 8, ..EgressLimits::default() };
/// let egress = Egress::builder().limits(limits).build()?;
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
pub struct EgressBuilder {
    roots: Roots,
    proxy: ProxySettings,
    limits: EgressLimits,
    resolver: Arc<dyn Resolve>,
    way: Way,
}

impl EgressBuilder {
    /// The certificate authorities to trust; default: the system's.
    #[must_use]
    pub fn tls_roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// The proxies to go through; default: what the environment says.
    #[must_use]
    pub fn proxy(mut self, proxy: ProxySettings) -> Self {
        self.proxy = proxy;
        self
    }

    /// The limits of every client whose policy has none of its own.
    #[must_use]
    pub fn limits(mut self, limits: EgressLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The resolver; default: the operating system's.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Keeps in `recorder` what is exchanged over the network, without credentials and with secrets blanked.
    #[must_use]
    pub fn record(mut self, recorder: Recorder) -> Self {
        self.way = Way::Recorded(recorder);
        self
    }

    /// Answers from `replay` in the place of the network: no name is resolved, nobody is connected to. Policies and limits
    /// hold as ever.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.way = Way::Replayed(replay);
        self
    }

    /// Makes the host's way out.
    ///
    /// # Errors
    /// [`EgressError::InvalidTls`] for roots without a usable certificate, [`EgressError::InvalidProxy`] for a proxy URL
    /// that is not `http` or `https`.
    pub fn build(self) -> Result<Egress, EgressError> {
        let host = Host {
            tls: Tls::new(self.roots)?,
            proxies: Proxies::new(&self.proxy)?,
            resolver: Arc::new(Resolver::new(self.resolver)),
            way: self.way,
        };
        Ok(Egress { host: Arc::new(host), limits: self.limits })
    }
}

impl fmt::Debug for EgressBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressBuilder")
            .field("proxy", &self.proxy)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
