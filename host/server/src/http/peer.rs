//! Who the client is, where a proxy may stand in front: its address and the scheme it spoke.
//!
//! The proxy's headers count only where the operator said there is a proxy, and of them only what that proxy itself
//! added, which is the last: all before it came with the request, from whoever wrote it.

use super::AfterHttp;
use axum::http::{HeaderMap, Request};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};
use tower_service::Service;

/// The address of the client, an extension of every request. An IPv4 address is never in IPv6 form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// What the client spoke, an extension of every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientScheme {
    Http,
    Https,
}

impl fmt::Display for ClientScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

/// What is known of a connection before anything was said on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) scheme: ClientScheme,
    /// Whether it is a proxy that speaks for others.
    pub(crate) is_proxy: bool,
}

impl Peer {
    /// The client of a request with these headers. Where a proxy says nothing that can be read, it is the client
    /// itself: what stands before its word is not looked at.
    fn client(&self, headers: &HeaderMap) -> (ClientAddress, ClientScheme) {
        let said = |name| if self.is_proxy { last_of(headers, name) } else { None };
        let address = said("x-forwarded-for").and_then(address).unwrap_or(self.address);
        let scheme = said("x-forwarded-proto").and_then(scheme).unwrap_or(self.scheme);
        (ClientAddress(address.to_canonical()), scheme)
    }
}

/// The last member of a list, which may go over several lines.
fn last_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// An address as proxies write it: some add the port, some put IPv6 into brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    bare().or_else(with_port).or_else(bracketed)
}

fn scheme(text: &str) -> Option<ClientScheme> {
    match text.to_ascii_lowercase().as_str() {
        "http" => Some(ClientScheme::Http),
        "https" => Some(ClientScheme::Https),
        _ => None,
    }
}

/// A service that tells the one below it who the client of each request is, and where to go on after HTTP.
#[derive(Clone, Debug)]
pub(crate) struct KnowsClient<S> {
    pub(crate) peer: Peer,
    pub(crate) after: AfterHttp,
    pub(crate) service: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for KnowsClient<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let (address, scheme) = self.peer.client(request.headers());
        request.extensions_mut().insert(address);
        request.extensions_mut().insert(scheme);
        request.extensions_mut().insert(self.after.clone());
        self.service.call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    const PEER: &str = "10.0.0.1";

    fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| (HeaderName::from_static(name), HeaderValue::from_bytes(line.as_bytes()).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            headers.append(name, value);
        }
        headers
    }

    fn peer(is_proxy: bool) -> Peer {
        Peer { address: PEER.parse().unwrap(), scheme: ClientScheme::Http, is_proxy }
    }

    #[test]
    fn behind_a_proxy_the_client_is_the_last_that_was_forwarded_and_else_the_peer() {
        for (lines, expected) in [
            (&["203.0.113.7"][..], "203.0.113.7"),
            (&["198.51.100.9, 203.0.113.7"], "203.0.113.7"),
            (&["198.51.100.9,203.0.113.7 "], "203.0.113.7"),
            (&["198.51.100.9", "203.0.113.7"], "203.0.113.7"),
            (&["203.0.113.7:51234"], "203.0.113.7"),
            (&["2001:db8::7"], "2001:db8::7"),
            (&["[2001:db8::7]"], "2001:db8::7"),
            (&["[2001:db8::7]:51234"], "2001:db8::7"),
            (&["::ffff:203.0.113.7"], "203.0.113.7"),
            (&[], PEER),
            (&[""], PEER),
            (&["198.51.100.9, unknown"], PEER),
            (&["198.51.100.9, "], PEER),
            (&["198.51.100.9", "_hidden"], PEER),
            (&["198.51.100.9", "ü"], PEER),
            (&["999.0.0.1"], PEER),
        ] {
            let headers = headers("x-forwarded-for", lines);
            assert_eq!(peer(true).client(&headers).0, ClientAddress(expected.parse().unwrap()), "{lines:?}");
            assert_eq!(peer(false).client(&headers).0, ClientAddress(PEER.parse().unwrap()), "{lines:?}");
        }
    }

    #[test]
    fn behind_a_proxy_the_scheme_is_the_last_that_was_forwarded_and_else_the_connections() {
        use ClientScheme::{Http, Https};
        for (lines, expected) in [
            (&["https"][..], Https),
            (&["http, HTTPS"], Https),
            (&["https", "http"], Http),
            (&["wss"], Http),
            (&[], Http),
        ] {
            let headers = headers("x-forwarded-proto", lines);
            assert_eq!(peer(true).client(&headers).1, expected, "{lines:?}");
            assert_eq!(peer(false).client(&headers).1, Http, "{lines:?}");
        }
    }

    #[test]
    fn a_peer_that_came_over_ipv6_with_an_ipv4_address_has_that_address() {
        let mapped = Peer { address: "::ffff:10.0.0.1".parse().unwrap(), ..peer(false) };
        assert_eq!(mapped.client(&HeaderMap::new()).0, ClientAddress(PEER.parse().unwrap()));
    }
}
