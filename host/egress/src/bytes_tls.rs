//! TLS on a byte connection: what its caller may choose, and what it learns.

use std::io;

use rustls::pki_types::ServerName;

use crate::{EgressError, Origin, TlsSettings, channel_binding};

/// How much of a server's certificate is verified: `verify-full`, `verify-ca` and `require` of PostgreSQL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// The authority signed it, it has not expired, it bears the server's name.
    #[default]
    Full,
    /// The data source's or the host's own authority signed it and it has not expired, whatever the name. The system's
    /// authorities do not count: they sign for anybody.
    CaOnly,
    /// Nothing: the connection is encrypted to whoever answers.
    None,
}

/// What a caller may choose of TLS. Authority and client certificate are the data source's.
///
/// ```
/// use wellhead_egress::{TlsOptions, Verify};
///
/// let options = TlsOptions { verify: Verify::CaOnly, ..TlsOptions::default() };
/// assert_eq!(options.server_name, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// The name to ask for and to verify; `None`: the data source's `serverName`, else the endpoint's host.
    pub server_name: Option<String>,
    /// What is verified.
    pub verify: Verify,
    /// Protocols to offer (ALPN), the best first.
    pub alpn: Vec<String>,
}

/// What a caller learns of a TLS session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// RFC 5929 `tls-server-end-point`; empty where it is not defined for the server's certificate.
    pub server_end_point: Vec<u8>,
    /// The protocol the server chose of those offered.
    pub alpn: Option<String>,
}

impl TlsInfo {
    pub(crate) fn of(session: &rustls::ClientConnection) -> Self {
        let certificate = session.peer_certificates().and_then(<[_]>::first);
        Self {
            server_end_point: certificate.map(|der| channel_binding::server_end_point(der)).unwrap_or_default(),
            alpn: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        }
    }
}

impl TlsOptions {
    /// The name to ask for, and to verify where names are verified.
    pub(crate) fn name(&self, settings: &TlsSettings, origin: &Origin) -> Result<ServerName<'static>, EgressError> {
        let named = self.server_name.as_ref().or(settings.server_name.as_ref());
        let name = named.map_or_else(|| origin.host(), Clone::clone);
        ServerName::try_from(name).map_err(|_| EgressError::Tls {
            origin: origin.clone(),
            reason: "no certificate can bear the server's name as it is given; set `serverName`".to_owned(),
        })
    }

    /// The protocols as TLS has them: each has 1 to 255 bytes.
    pub(crate) fn protocols(&self, origin: &Origin) -> Result<Vec<Vec<u8>>, EgressError> {
        const MOST: usize = 16;
        if self.alpn.len() > MOST || self.alpn.iter().any(|name| name.is_empty() || name.len() > 255) {
            let reason = format!("ALPN takes at most {MOST} protocols, with names of 1 to 255 bytes");
            return Err(EgressError::Tls { origin: origin.clone(), reason });
        }
        Ok(self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect())
    }
}

/// What an error of a byte connection means.
pub(crate) fn lost(origin: &Origin, error: &io::Error) -> EgressError {
    let origin = origin.clone();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        // In TLS 1.3 a server says only after the handshake that it did not like the client's certificate.
        Some(error) => EgressError::Tls { origin, reason: crate::tls::explain(error) },
        None => EgressError::Lost { origin, reason: error.to_string() },
    }
}
