//! Which addresses no plugin may be led to, a second time: from IANA's registries of special-purpose addresses
//! (RFC 6890 and its updates) as plain lists of networks, so that a slip in egress's own table is seen as a difference.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The internet.
    Outside,
    /// A network that is somebody's own.
    Inside,
    /// This machine.
    Here,
    /// What no name may lead to: link-local, and where clouds keep credentials.
    OnlyByAddress,
    /// No server.
    Nowhere,
}

use Place::{Here, Inside, Nowhere, OnlyByAddress};

/// The longest prefix that fits decides.
const V4: &[(Ipv4Addr, u32, Place)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8, Nowhere),
    (Ipv4Addr::new(10, 0, 0, 0), 8, Inside),
    (Ipv4Addr::new(100, 64, 0, 0), 10, Inside),
    (Ipv4Addr::new(100, 100, 100, 200), 32, OnlyByAddress),
    (Ipv4Addr::new(127, 0, 0, 0), 8, Here),
    (Ipv4Addr::new(168, 63, 129, 16), 32, OnlyByAddress),
    (Ipv4Addr::new(169, 254, 0, 0), 16, OnlyByAddress),
    (Ipv4Addr::new(172, 16, 0, 0), 12, Inside),
    (Ipv4Addr::new(192, 0, 0, 0), 24, Nowhere),
    (Ipv4Addr::new(192, 0, 0, 192), 32, OnlyByAddress),
    (Ipv4Addr::new(192, 0, 2, 0), 24, Nowhere),
    (Ipv4Addr::new(192, 168, 0, 0), 16, Inside),
    (Ipv4Addr::new(198, 18, 0, 0), 15, Inside),
    (Ipv4Addr::new(198, 51, 100, 0), 24, Nowhere),
    (Ipv4Addr::new(203, 0, 113, 0), 24, Nowhere),
    (Ipv4Addr::new(224, 0, 0, 0), 3, Nowhere),
];

const fn v6(a: u16, b: u16, c: u16, d: u16, last: u16) -> Ipv6Addr {
    Ipv6Addr::new(a, b, c, d, 0, 0, 0, last)
}

const V6: &[(Ipv6Addr, u32, Place)] = &[
    (v6(0, 0, 0, 0, 0), 0, Nowhere),
    (v6(0, 0, 0, 0, 1), 128, Here),
    (v6(0x64, 0xff9b, 1, 0, 0), 48, Inside),
    (v6(0x2000, 0, 0, 0, 0), 3, Place::Outside),
    (v6(0x2001, 0, 0, 0, 0), 23, Inside),
    (v6(0x2001, 0xdb8, 0, 0, 0), 32, Nowhere),
    (v6(0x3fff, 0, 0, 0, 0), 20, Nowhere),
    (v6(0xfc00, 0, 0, 0, 0), 7, Inside),
    (v6(0xfd00, 0xec2, 0, 0, 0x23), 128, OnlyByAddress),
    (v6(0xfd00, 0xec2, 0, 0, 0x254), 128, OnlyByAddress),
    (v6(0xfd20, 0xce, 0, 0, 0x254), 128, OnlyByAddress),
    (v6(0xfe80, 0, 0, 0, 0), 10, OnlyByAddress),
    (v6(0xfec0, 0, 0, 0, 0), 10, Inside),
];

/// What is at an address; at one that carries an IPv4 address (mapped, 6to4, NAT64), what is at that.
pub(crate) fn place(address: IpAddr) -> Place {
    let longest = |fits: &mut dyn Iterator<Item = (u32, Place)>| {
        fits.max_by_key(|(prefix, _)| *prefix).map_or(Place::Outside, |(_, place)| place)
    };
    match address {
        IpAddr::V4(address) => {
            let within =
                |network: Ipv4Addr, prefix: u32| (u32::from(network) ^ u32::from(address)) >> (32 - prefix) == 0;
            longest(&mut V4.iter().filter(|row| within(row.0, row.1)).map(|row| (row.1, row.2)))
        }
        IpAddr::V6(address) => {
            if let Some(inner) = carried(address) {
                return place(IpAddr::V4(inner));
            }
            let differs = |network: Ipv6Addr| u128::from(network) ^ u128::from(address);
            let within = |network, prefix: u32| differs(network).checked_shr(128 - prefix).unwrap_or_default() == 0;
            longest(&mut V6.iter().filter(|row| within(row.0, row.1)).map(|row| (row.1, row.2)))
        }
    }
}

fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = u128::from(address);
    if bits >> 112 == 0x2002 {
        return Some(Ipv4Addr::from((bits >> 80) as u32));
    }
    let nat64 = bits >> 32 == 0x64_ff9b_0000_0000_0000_0000;
    (is_mapped(IpAddr::V6(address)) || nat64).then_some(Ipv4Addr::from(bits as u32))
}

/// `::ffff:a.b.c.d`.
pub(crate) fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if u128::from(address) >> 32 == 0xffff)
}
