//! `inet` and `cidr` as the server writes them: a cast to text would add the length of the network to every address.
//!
//! The format (`network_send`): family, bits of the network, whether it is a `cidr`, bytes of the address, the address.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address as text, `None` where it is none.
pub(super) fn write<'a>(raw: &[u8], text: &'a mut String) -> Option<&'a str> {
    let [_, bits, is_cidr, length, address @ ..] = raw else { return None };
    if usize::from(*length) != address.len() {
        return None;
    }
    let (address, most) = match address.len() {
        4 => (IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(address).ok()?)), 32),
        16 => (IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(address).ok()?)), 128),
        _ => return None,
    };
    text.clear();
    // Writing into a string cannot fail.
    let _ = write!(text, "{address}");
    if *bits != most || *is_cidr != 0 {
        let _ = write!(text, "/{bits}");
    }
    Some(text)
}
