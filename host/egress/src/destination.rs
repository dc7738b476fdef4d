//! The destination policy: which addresses a request may reach, given how the host was named and by whom.
//!
//! | class of the address | data source's URL or operator's origin: address literal | …: `localhost` | …: another name | manifest's origin |
//! |---|---|---|---|---|
//! | public | yes | no | yes | yes |
//! | private (RFC 1918, ULA, CGNAT, benchmarking, IPv6 for protocols) | yes | no | yes | no |
//! | loopback | yes | yes | yes | no |
//! | link-local | yes | no | no | no |
//! | metadata service of a cloud | yes | no | no | no |
//! | IPv6 form of an IPv4 address (`::ffff:a.b.c.d`) | as the IPv4 address | no | no | as the IPv4 address, literal only |
//! | 6to4, NAT64 | as the IPv4 address inside | as that | as that | as that |
//! | unspecified, multicast, broadcast, reserved | no | no | no | no |
//!
//! Why a *name* in the data source's URL may lead to a private address: the operator wrote it, and inside clusters
//! `prometheus.monitoring.svc` is 10.x. Why it never leads to link-local or metadata addresses: nobody serves a data
//! source there, and that is where a rebinding name server would point. Why a manifest's origin never leads inside: a
//! plugin's author, not the operator, chose the name. Behind a proxy the proxy resolves, and only literals and
//! `localhost` are judged here.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::{EgressError, Origin, Why};

/// What an address is for, as far as egress cares.
///
/// ```
/// use wellhead_egress::{AddressClass, address_class};
///
/// assert_eq!(address_class("10.1.2.3".parse().unwrap()), AddressClass::Private);
/// assert_eq!(address_class("::ffff:169.254.169.254".parse().unwrap()), AddressClass::Metadata);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressClass {
    /// Routed on the internet.
    Public,
    /// RFC 1918, unique local IPv6, carrier-grade NAT, benchmarking, IPv6 for protocols (2001::/23).
    Private,
    /// This machine.
    Loopback,
    /// 169.254.0.0/16 and `fe80::/10`.
    LinkLocal,
    /// Where a cloud keeps the credentials of its machines.
    Metadata,
    /// Unspecified, multicast, broadcast, documentation, reserved: no server has such an address.
    Unusable,
}

impl fmt::Display for AddressClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Loopback => "loopback",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Unusable => "unusable",
        })
    }
}

/// The class of an address; an IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) has the class of that one.
#[must_use]
pub fn address_class(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    }
}

/// AWS, Azure, GCP and most others; AWS for containers; Alibaba; Azure's wire server; Oracle.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// AWS, AWS for Kubernetes pods, GCP.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

fn class_v4(address: Ipv4Addr) -> AddressClass {
    if METADATA_V4.contains(&address) {
        return AddressClass::Metadata;
    }
    match address.octets() {
        [127, ..] => AddressClass::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18..=19, ..] => {
            AddressClass::Private
        }
        [169, 254, ..] => AddressClass::LinkLocal,
        [0, ..] | [224..=255, ..] | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Unusable,
        _ => AddressClass::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> AddressClass {
    if METADATA_V6.contains(&address) {
        return AddressClass::Metadata;
    }
    if address == Ipv6Addr::LOCALHOST {
        return AddressClass::Loopback;
    }
    if let Some(inner) = address.to_ipv4_mapped() {
        return class_v4(inner);
    }
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        class_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0x2002, high, low, ..] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // NAT64 for local use (RFC 8215), unique local, the retired site-local.
        [0x64, 0xff9b, 1, ..] | [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressClass::Private,
        // 2001::/23 is for protocols (RFC 2928): Teredo's tunnels, benchmarking, identifiers. Servers have none of it.
        [0x2001, 0..=0x1ff, ..] => AddressClass::Private,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        // Only 2000::/3 is given out; 2001:db8::/32 and 3fff::/20 are for books.
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressClass::Unusable,
        [0x2000..=0x3fff, ..] => AddressClass::Public,
        _ => AddressClass::Unusable,
    }
}

/// Judges one address of an allowed origin by the table above.
///
/// # Errors
/// [`EgressError::DeniedAddress`], with the rule in words.
pub(crate) fn check_address(origin: &Origin, why: Why, address: IpAddr) -> Result<(), EgressError> {
    let class = address_class(address);
    let denied =
        |reason: &'static str| Err(EgressError::DeniedAddress { origin: origin.clone(), address, class, reason });
    let literal = origin.literal().is_some();
    match class {
        AddressClass::Unusable => denied("no server can have; correct the URL or the name server's answer"),
        _ if origin.is_localhost() && (class != AddressClass::Loopback || is_mapped(address)) => {
            denied("`localhost` may not mean; correct the hosts file or the name server")
        }
        _ if why == Why::Manifest && class != AddressClass::Public => denied(
            "an origin from a plugin's manifest never reaches; name the server in the data source's own URL instead",
        ),
        AddressClass::LinkLocal | AddressClass::Metadata if !literal => {
            denied("no name may lead to; if it is really meant, write the address itself into the data source's URL")
        }
        _ if is_mapped(address) && !literal => {
            denied("no name server has a reason to answer with in its IPv6 form; correct its AAAA record")
        }
        _ => Ok(()),
    }
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

/// The names that need no resolver: a literal is its own address, `localhost` under a manifest is refused unseen.
///
/// # Errors
/// [`EgressError::DeniedAddress`] where the name alone decides.
pub(crate) fn check_name(origin: &Origin, why: Why) -> Result<(), EgressError> {
    match origin.literal() {
        Some(address) => check_address(origin, why, address),
        None if origin.is_localhost() => check_address(origin, why, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str, why: Why, address: &str) -> bool {
        check_address(&Origin::parse(url).unwrap(), why, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn addresses_have_the_class_their_range_is_for() {
        use AddressClass::{LinkLocal, Loopback, Metadata, Private, Public, Unusable};
        let rows = [
            ("8.8.8.8", Public),
            ("172.15.0.1", Public),
            ("172.32.0.1", Public),
            ("100.63.0.1", Public),
            ("10.0.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.0.1", Private),
            ("100.64.0.1", Private),
            ("198.18.0.1", Private),
            ("127.0.0.1", Loopback),
            ("127.255.0.1", Loopback),
            ("169.254.0.1", LinkLocal),
            ("169.254.169.254", Metadata),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("0.0.0.0", Unusable),
            ("0.1.2.3", Unusable),
            ("224.0.0.1", Unusable),
            ("255.255.255.255", Unusable),
            ("192.0.2.1", Unusable),
            ("::1", Loopback),
            ("::", Unusable),
            ("::7f00:1", Unusable),
            ("2606:4700::1", Public),
            ("2001:db8::1", Unusable),
            ("2001:0:1::1", Private),
            ("2001:2::1", Private),
            ("2001:1ff:ffff::1", Private),
            ("2001:200::1", Public),
            ("fc00::1", Private),
            ("fd12::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fe80::1", LinkLocal),
            ("fec0::1", Private),
            ("ff02::1", Unusable),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:8.8.8.8", Public),
            ("2002:a9fe:a9fe::", Metadata),
            ("2002:808:808::", Public),
            ("64:ff9b::8.8.8.8", Public),
            ("64:ff9b::10.0.0.1", Private),
            ("64:ff9b:1::1", Private),
        ];
        for (address, class) in rows {
            assert_eq!(address_class(address.parse().unwrap()), class, "{address}");
        }
    }

    #[test]
    fn an_address_for_benchmarking_is_no_public_one_in_ipv6_either() {
        assert!(verdict("http://api.example.com", Why::Manifest, "2001:4860::1"));
        assert!(!verdict("http://api.example.com", Why::Manifest, "2001:2::1"));
        assert!(!verdict("http://api.example.com", Why::Manifest, "198.18.0.1"));
    }

    #[test]
    fn every_row_of_the_table_holds() {
        // Address, then: literal, `localhost`, a name of the data source; a name of the manifest.
        let rows = [
            ("8.8.8.8", [true, false, true, true]),
            ("10.0.0.1", [true, false, true, false]),
            ("fd12::1", [true, false, true, false]),
            ("127.0.0.1", [true, true, true, false]),
            ("::1", [true, true, true, false]),
            ("169.254.7.7", [true, false, false, false]),
            ("fe80::1", [true, false, false, false]),
            ("169.254.169.254", [true, false, false, false]),
            ("fd00:ec2::254", [true, false, false, false]),
            ("::ffff:8.8.8.8", [true, false, false, false]),
            ("::ffff:10.0.0.1", [true, false, false, false]),
            ("::ffff:127.0.0.1", [true, false, false, false]),
            ("::ffff:169.254.169.254", [true, false, false, false]),
            ("2002:a00:1::", [true, false, true, false]),
            ("64:ff9b::8.8.8.8", [true, false, true, true]),
            ("0.0.0.0", [false, false, false, false]),
            ("255.255.255.255", [false, false, false, false]),
            ("ff02::1", [false, false, false, false]),
        ];
        for (address, expected) in rows {
            let literal =
                if address.contains(':') { format!("http://[{address}]") } else { format!("http://{address}") };
            for why in [Why::DataSource, Why::Operator] {
                let actual = [
                    verdict(&literal, why, address),
                    verdict("http://localhost:1", why, address),
                    verdict("http://db.example.com", why, address),
                    verdict("http://api.example.com", Why::Manifest, address),
                ];
                assert_eq!(actual, expected, "{address} {why:?}");
            }
        }
    }

    #[test]
    fn a_manifests_literal_reaches_public_addresses_only() {
        for (url, address, expected) in [
            ("http://8.8.8.8", "8.8.8.8", true),
            ("http://[::ffff:8.8.8.8]", "::ffff:8.8.8.8", true),
            ("http://10.0.0.1", "10.0.0.1", false),
            ("http://[::ffff:10.0.0.1]", "::ffff:10.0.0.1", false),
            ("http://localhost", "127.0.0.1", false),
        ] {
            assert_eq!(verdict(url, Why::Manifest, address), expected, "{url}");
        }
    }

    #[test]
    fn a_denial_says_the_rule_and_the_cure() {
        let origin = Origin::parse("http://prom.example.com:9090").unwrap();
        let error = check_address(&origin, Why::DataSource, "169.254.169.254".parse().unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "http://prom.example.com:9090: its host is at 169.254.169.254, a cloud metadata address, which no name may \
             lead to; if it is really meant, write the address itself into the data source's URL"
        );
    }
}
