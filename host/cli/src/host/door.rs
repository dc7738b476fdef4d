//! Where a host listens, and what guards what is said there: on loopback nothing need; beyond it something must, unless
//! the operator says otherwise.

use crate::config::{Fault, Settings, Switch};
use std::net::{SocketAddr, ToSocketAddrs};
use wellhead_server::{Tls, TlsError};

/// What keeps others on the way from reading what is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Guard {
    /// The host speaks TLS itself.
    tls: bool,
    /// Something in front does.
    behind_proxy: bool,
    /// Nothing, and the operator knows.
    insecure: bool,
}

impl Guard {
    fn of(settings: &Settings) -> Self {
        Self {
            tls: settings.tls_files().is_some(),
            behind_proxy: settings.behind_proxy.value == Switch::On,
            insecure: settings.insecure.value == Switch::On,
        }
    }

    /// Whether a host may listen there.
    fn suffices_at(self, address: SocketAddr) -> bool {
        // An IPv4 address may come in IPv6 form.
        address.ip().to_canonical().is_loopback() || self.tls || self.behind_proxy || self.insecure
    }
}

/// Where a host may listen, and with which certificate.
#[derive(Debug)]
pub(crate) struct Door {
    /// Those that the setting's name stands for: the first that can be listened on is taken.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) tls: Option<Tls>,
}

impl Door {
    /// Resolves the address and reads the certificate. The faults are of both, so that all are mended in one go.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let addresses = addresses(settings).map_err(|fault| faults.push(fault)).unwrap_or_default();
        let tls = tls(settings).map_err(|fault| faults.push(fault)).unwrap_or_default();
        if faults.is_empty() { Ok(Self { addresses, tls }) } else { Err(faults) }
    }
}

fn addresses(settings: &Settings) -> Result<Vec<SocketAddr>, Fault> {
    let (listen, origin) = (&settings.listen.value, &settings.listen.origin);
    let addresses: Vec<SocketAddr> = match listen.as_str().to_socket_addrs() {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            let fault = Fault::new(origin, format!("{listen} cannot be resolved: {error}"));
            return Err(fault.cure("name an address of this machine with --listen"));
        }
    };
    let guard = Guard::of(settings);
    match addresses.iter().find(|address| !guard.suffices_at(**address)) {
        None => Ok(addresses),
        Some(address) => Err(Fault::new(
            origin,
            format!("{address} is not loopback, and what is said there could be read on the way"),
        )
        .cure(
            "give it a certificate with --tls-cert and --tls-key, say --behind-proxy where something in front terminates \
             TLS, or --insecure where it may be read",
        )),
    }
}

fn tls(settings: &Settings) -> Result<Option<Tls>, Fault> {
    let Some(files) = settings.tls_files() else { return Ok(None) };
    Tls::read(files).map(Some).map_err(|error| {
        let of_the_key = matches!(
            error,
            TlsError::Unreadable { what: "key", .. } | TlsError::NoKey { .. } | TlsError::Mismatch { .. }
        );
        let setting = if of_the_key { &settings.tls_key } else { &settings.tls_cert };
        Fault::new(&setting.origin, error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_needs_no_guard_and_every_other_address_needs_one() {
        let guards = [
            Guard { tls: true, ..Guard::default() },
            Guard { behind_proxy: true, ..Guard::default() },
            Guard { insecure: true, ..Guard::default() },
        ];
        for (address, is_loopback) in [
            ("127.0.0.1:3000", true),
            ("127.255.0.9:0", true),
            ("[::1]:3000", true),
            ("[::ffff:127.0.0.1]:3000", true),
            ("0.0.0.0:3000", false),
            ("[::]:3000", false),
            ("10.0.0.7:3000", false),
            ("192.168.1.2:3000", false),
            ("203.0.113.7:3000", false),
            ("[fe80::1]:3000", false),
            ("[fd00::1]:3000", false),
            ("[::ffff:10.0.0.7]:3000", false),
        ] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(Guard::default().suffices_at(address), is_loopback, "{address}");
            for guard in guards {
                assert!(guard.suffices_at(address), "{address} {guard:?}");
            }
        }
    }
}
