//! Which servers the command believes: those that the system's CAs vouch for, and those of a CA that the user names.

use anyhow::{Context, Result, bail};
use reqwest::Certificate;
use rustls::CertificateError;
use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::path::Path;

/// The flag of every command that speaks to a server.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TrustArgs {
    /// CA to trust beside the system's, as PEM: for a server whose certificate a private CA signed
    #[arg(long, global = true, value_name = "FILE", env = "WELLHEAD_CA_CERT")]
    ca_cert: Option<OsString>,
}

impl TrustArgs {
    /// The CA's certificates: none where none is named, or where the variable is set but empty.
    pub(crate) fn certificates(&self) -> Result<Vec<Certificate>> {
        let Some(file) = self.ca_cert.as_deref().filter(|file| !file.is_empty()).map(Path::new) else {
            return Ok(Vec::new());
        };
        let at = || format!("--ca-cert {}", file.display());
        let pem = std::fs::read(file).with_context(at)?;
        let certificates = Certificate::from_pem_bundle(&pem).with_context(at)?;
        if certificates.is_empty() {
            bail!("{}: it holds no certificate: name the CA's, as PEM", at());
        }
        Ok(certificates)
    }
}

/// What to say where `server` was reached and not believed.
pub(crate) fn distrust(error: &reqwest::Error, server: &str) -> Option<String> {
    match tls_error(error)? {
        // A CA of the same name with another key has signed nothing, as far as this one's key can tell.
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => Some(
            format!("{server} has a certificate that no CA known here has signed: name its CA with --ca-cert FILE"),
        ),
        rustls::Error::InvalidCertificate(_) => Some(format!("{server} has a certificate that does not hold for it")),
        _ => None,
    }
}

/// The fault of TLS among the causes.
fn tls_error(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // What an I/O error was made of is not its source.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}
