//! Verifiers that ask for less than rustls's own: any certificate will do (`tlsSkipVerify`), or any that the authority
//! signed. Whoever shows one must still hold its key.

use std::sync::Arc;

use rustls::{
    DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// What of a certificate must be right, beside the proof that whoever shows it holds its key.
#[derive(Debug)]
enum Demand {
    /// Nothing.
    Anyone,
    /// An authority's signature and the time, whatever the name.
    SignedBy(Arc<RootCertStore>),
}

/// A verifier that asks for less than the name.
#[derive(Debug)]
pub(crate) struct Lenient {
    provider: Arc<CryptoProvider>,
    demand: Demand,
}

impl Lenient {
    /// Whoever it is: `tlsSkipVerify`, and `require` of PostgreSQL.
    pub(crate) fn anyone(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, demand: Demand::Anyone }
    }

    /// Whoever the authority signed for: `verify-ca` of PostgreSQL and MySQL.
    pub(crate) fn signed_by(provider: Arc<CryptoProvider>, roots: Arc<RootCertStore>) -> Self {
        Self { provider, demand: Demand::SignedBy(roots) }
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Demand::SignedBy(roots) = &self.demand {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&certificate, roots, intermediates, now, algorithms)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
