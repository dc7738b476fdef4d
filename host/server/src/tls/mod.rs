//! TLS of the listener: a certificate and its key from files, and the same again when the files change.
//!
//! It owns files and handshakes' settings; when a handshake is done, and how long it may take, is the socket side's.

mod follow;
mod pair;

pub(crate) use follow::follow;
use pair::Pair;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a certificate and its key stand, both as PEM (RFC 7468).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, and after it those between it and its CA.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
}

/// A certificate and a key that belong together, for [`Server::tls`](crate::Server::tls).
///
/// ```no_run
/// use wellhead_server::{Tls, TlsFiles};
///
/// let files = TlsFiles { certificate: "/etc/wellhead/tls.crt".into(), key: "/etc/wellhead/tls.key".into() };
/// let tls = Tls::read(files)?;
/// # Ok::<(), wellhead_server::TlsError>(())
/// ```
pub struct Tls {
    pub(crate) files: TlsFiles,
    pair: Pair,
    pub(crate) config: Arc<rustls::ServerConfig>,
}

impl Tls {
    /// Reads the files and sees to it that a server can use them: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// [`TlsError`] where a file cannot be read or does not hold what it should, and where the two do not belong
    /// together.
    pub fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let pair = Pair::read(&files)?;
        let config = pair.config(&files)?;
        Ok(Self { files, pair, config })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file is not there, or not for this process.
    #[error("{}: the TLS {what} cannot be read: {source}: see that the file is there and that this user may read it", path.display())]
    Unreadable {
        /// `certificate` or `key`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No certificate in the file, or one whose PEM is broken.
    #[error(
        "{}: no TLS certificate can be read from it ({reason}): write PEM, the server's certificate first, then those \
         between it and its CA",
        path.display()
    )]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No private key in the file, or one whose PEM is broken.
    #[error(
        "{}: no TLS key can be read from it ({reason}): write PEM with an unencrypted key as PKCS#8, PKCS#1 or SEC1",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key is another certificate's.
    #[error(
        "{}: the TLS key is not that of the certificate in {}: name the key with which the certificate was requested",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Certificate or key are of a kind that cannot be served.
    #[error(
        "{}: the TLS certificate cannot be used with the key in {}: {source}: make one with an ECDSA (P-256, P-384), \
         RSA or Ed25519 key",
        certificate.display(), key.display()
    )]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        source: rustls::Error,
    },
}
