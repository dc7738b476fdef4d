//! Egress against real parts on loopback: HTTP and TLS servers, proxies, and servers that misbehave.

#[cfg(test)]
mod allow_list;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod destinations;
#[cfg(test)]
mod places;
#[cfg(test)]
mod pooling;
#[cfg(test)]
mod proxies;
#[cfg(test)]
mod recordings;
#[cfg(test)]
mod redirects;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
