//! What "the same origin" means: scheme, host and port after the WHATWG URL parser has normalised them. Every comparison
//! and every dial in this crate uses this one form, so no second parser can read a URL differently.

use std::{
    fmt,
    hash::{Hash, Hasher},
    net::IpAddr,
    str::FromStr,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use url::{Host, Url};

use crate::{EgressError, endpoint};

/// What is spoken there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Speaks {
    Http,
    Https,
    /// Bytes, of which this crate knows nothing: see [`Origin::endpoint`].
    Bytes,
}

/// Scheme, host and port of a URL: lower-case, international names in their ASCII form, IPv4 in dotted form whatever
/// way it was written, default ports made explicit. A trailing dot of a host name does not make another origin (it is
/// remembered for the resolver, to which it means "no search domains").
///
/// ```
/// use wellhead_egress::Origin;
///
/// let origin = Origin::parse("HTTPS://Bücher.Example.:443/any/path?q")?;
/// assert_eq!(origin, Origin::parse("https://xn--bcher-kva.example")?);
/// assert_eq!(origin.to_string(), "https://xn--bcher-kva.example");
/// assert_ne!(origin, Origin::parse("http://bücher.example:443")?);
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Origin {
    speaks: Speaks,
    host: Host<String>,
    port: u16,
    rooted: bool,
}

impl Origin {
    /// Reads the origin of an `http` or `https` URL; path, query and user are not kept.
    ///
    /// # Errors
    /// [`EgressError::InvalidUrl`] where it is no URL, has another scheme, no host, or port 0.
    pub fn parse(url: &str) -> Result<Self, EgressError> {
        let url = Url::parse(url).map_err(|error| EgressError::InvalidUrl {
            reason: format!("{error}; write it as http://HOST:PORT/PATH or https://…"),
        })?;
        Self::of_url(&url)
    }

    /// The origin of a URL that is parsed already.
    pub(crate) fn of_url(url: &Url) -> Result<Self, EgressError> {
        let invalid = |reason: String| EgressError::InvalidUrl { reason };
        let speaks = match url.scheme() {
            "http" => Speaks::Http,
            "https" => Speaks::Https,
            // Not quoted: in `user:password@host` the "scheme" is a user.
            _ => return Err(invalid("it does not start with http:// or https://".to_owned())),
        };
        let host = url.host().ok_or_else(|| invalid("it has no host".to_owned()))?;
        let (host, rooted) = unrooted(host.to_owned()).map_err(invalid)?;
        let port = url.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or_else(|| invalid("port 0 is not a port".to_owned()))?;
        Ok(Self { speaks, host, port, rooted })
    }

    /// Reads the address of a server that speaks something other than HTTP, as people write it: `host:port`, `host`,
    /// `[v6]:port`, or a URL of whatever scheme (`tcp://host:port`), of which user, path and query are not kept.
    ///
    /// `default_port` is for addresses without one; those of `http`, `https`, `ws` and `wss` URLs have their scheme's.
    ///
    /// ```
    /// use wellhead_egress::Origin;
    ///
    /// let origin = Origin::endpoint("DB.example.com", Some(5432))?;
    /// assert_eq!(origin.to_string(), "db.example.com:5432");
    /// assert_eq!(origin, Origin::endpoint("tcp://db.example.com.:5432/ignored", None)?);
    /// # Ok::<(), wellhead_egress::EgressError>(())
    /// ```
    ///
    /// # Errors
    /// [`EgressError::InvalidEndpoint`] where there is no host, or no port.
    pub fn endpoint(text: &str, default_port: Option<u16>) -> Result<Self, EgressError> {
        let invalid = |reason: &str| EgressError::InvalidEndpoint { reason: reason.to_owned() };
        let (host, port) = endpoint::split(text, default_port).map_err(|reason| invalid(&reason))?;
        let (host, rooted) = unrooted(host).map_err(|reason| invalid(&reason))?;
        Ok(Self { speaks: Speaks::Bytes, host, port, rooted })
    }

    /// The origin of a request's URI, and the user part if it has one.
    ///
    /// `http`'s parser is laxer than `url`'s; only scheme and authority are taken from it, as text, and what `url` then
    /// reads must be those and nothing more.
    pub(crate) fn of_uri(uri: &Uri) -> Result<(Self, Option<String>), EgressError> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
        let (user, host_port) = match authority.rsplit_once('@') {
            Some((user, host_port)) => (Some(user.to_owned()), host_port),
            None => (None, authority),
        };
        if scheme.is_empty() || host_port.is_empty() {
            return Err(EgressError::InvalidUrl {
                reason: "a request needs an absolute URL with scheme and host".into(),
            });
        }
        let url = Url::parse(&format!("{scheme}://{host_port}/"))
            .map_err(|error| EgressError::InvalidUrl { reason: error.to_string() })?;
        let more = url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty();
        if more {
            return Err(EgressError::InvalidUrl { reason: "its host holds characters no host has".into() });
        }
        Ok((Self::of_url(&url)?, user))
    }

    /// `http`, `https`, or `tcp` for an [endpoint](Self::endpoint).
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match self.speaks {
            Speaks::Http => "http",
            Speaks::Https => "https",
            Speaks::Bytes => "tcp",
        }
    }

    /// Whether HTTP is spoken, in TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.speaks == Speaks::Https
    }

    /// The port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The host without brackets: a name without trailing dot, or an address.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// The address, where the host is written as one.
    #[must_use]
    pub fn literal(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// `localhost` and the names below it, which mean this machine (RFC 6761).
    #[must_use]
    pub fn is_localhost(&self) -> bool {
        matches!(&self.host, Host::Domain(name) if name == "localhost" || name.ends_with(".localhost"))
    }

    /// The name as the resolver is asked for it.
    pub(crate) fn resolver_name(&self) -> String {
        let dot = if self.rooted { "." } else { "" };
        format!("{}{dot}", self.host())
    }

    /// This origin with a path and query, as the URI of a request.
    pub(crate) fn uri(&self, path_and_query: &str) -> Result<Uri, EgressError> {
        let scheme = if self.is_https() { Scheme::HTTPS } else { Scheme::HTTP };
        Uri::builder()
            .scheme(scheme)
            .authority(self.authority())
            .path_and_query(path_and_query)
            .build()
            .map_err(|error| EgressError::InvalidUrl { reason: error.to_string() })
    }

    /// `host` or `host:port`, with brackets where needed and the default port left out.
    pub(crate) fn authority(&self) -> String {
        let default = match self.speaks {
            Speaks::Http => Some(80),
            Speaks::Https => Some(443),
            Speaks::Bytes => None,
        };
        if Some(self.port) == default { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }

    /// `host:port`, always with the port.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.speaks == other.speaks && self.port == other.port && self.host == other.host
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.speaks, self.port, &self.host).hash(state);
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.speaks {
            Speaks::Bytes => f.write_str(&self.authority()),
            _ => write!(f, "{}://{}", self.scheme(), self.authority()),
        }
    }
}

impl FromStr for Origin {
    type Err = EgressError;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        Self::parse(url)
    }
}

/// A host without its trailing dot, and whether it had one.
fn unrooted(host: Host<String>) -> Result<(Host<String>, bool), String> {
    let Host::Domain(name) = host else { return Ok((host, false)) };
    let (name, rooted) = name.strip_suffix('.').map_or((name.as_str(), false), |name| (name, true));
    if name.is_empty() || name.ends_with('.') {
        return Err(format!("`{name}.` is not a host name"));
    }
    Ok((Host::Domain(name.to_owned()), rooted))
}
