//! The bytes of certificate and key, and what they come to.

use super::{TlsError, TlsFiles};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Far more than any chain has; a file that never ends is not one.
const FILE_BYTES: u64 = 1 << 20;
/// What is offered in a handshake (RFC 7301), the best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// What the two files hold, whether it is any good or not.
#[derive(PartialEq, Eq)]
pub(super) struct Pair {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl Pair {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |what: &'static str, path: &Path| {
            read_file(path).map_err(|source| TlsError::Unreadable { what, path: path.to_owned(), source })
        };
        Ok(Self { certificate: read("certificate", &files.certificate)?, key: read("key", &files.key)?.into() })
    }

    /// A server's settings with this certificate.
    pub(super) fn config(&self, files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
        let TlsFiles { certificate, key } = files;
        let no_certificate = |reason: String| TlsError::NoCertificate { path: certificate.clone(), reason };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| no_certificate(error.to_string()))?;
        if chain.is_empty() {
            return Err(no_certificate("it has no section BEGIN CERTIFICATE".to_owned()));
        }
        let private_key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| TlsError::NoKey { path: key.clone(), reason: error.to_string() })?;
        let refused = |error| match error {
            rustls::Error::InconsistentKeys(_) => {
                TlsError::Mismatch { certificate: certificate.clone(), key: key.clone() }
            }
            source => TlsError::Unusable { certificate: certificate.clone(), key: key.clone(), source },
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_no_client_auth()
            .with_single_cert(chain, private_key)
            .map_err(refused)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(Arc::new(config))
    }
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES} bytes")));
    }
    Ok(bytes)
}
