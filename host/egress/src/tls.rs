//! TLS: the host's roots, shared by every data source that has no TLS settings of its own, and the settings of those
//! that have. Everything runs on rustls with ring, chosen here and installed nowhere globally.

use std::sync::{Arc, OnceLock};

use rustls::{
    ClientConfig, RootCertStore,
    client::Resumption,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use serde_json::Value;

use crate::{EgressError, Secret, SecretValues, Verify, tls_verify::Lenient};

/// The certificate authorities a host trusts.
///
/// ```
/// use wellhead_egress::{Egress, Roots};
///
/// let egress = Egress::builder().tls_roots(Roots::System).build()?;
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Roots {
    /// The system's, and what `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Read at the first TLS connection.
    #[default]
    System,
    /// These, in PEM, and no others.
    Pem(Vec<u8>),
    /// A store the embedder made.
    Store(Arc<RootCertStore>),
}

/// The TLS settings of one data source, by Grafana's keys. The default is the host's own.
///
/// ```
/// use wellhead_egress::TlsSettings;
///
/// let tls = TlsSettings { server_name: Some("prometheus.internal".to_owned()), ..TlsSettings::default() };
/// assert!(!tls.skip_verify);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// `tlsSkipVerify`: any certificate will do. The connection is then encrypted to whoever answers.
    pub skip_verify: bool,
    /// `tlsCACert` under `tlsAuthWithCACert`, or under `tlsConfigurationMethod: "file-content"`: PEM of the authorities to
    /// trust *instead of* the host's.
    pub ca: Option<Secret>,
    /// `tlsClientCert` and `tlsClientKey` under the same or `tlsAuth`: PEM of the certificate chain and of its key.
    pub client: Option<(Secret, Secret)>,
    /// `serverName`: the name the certificate must bear, where it is not the URL's host.
    pub server_name: Option<String>,
}

impl TlsSettings {
    pub(crate) fn from_settings(json: &Value, secrets: &SecretValues) -> Result<Self, EgressError> {
        let on = |key: &str| match json.get(key) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(text)) => text == "true",
            _ => false,
        };
        let secret = |key: &'static str, switch: &str| match secrets.get(key) {
            Some(pem) if !pem.trim().is_empty() => Ok(Secret::new(pem)),
            _ => Err(invalid(
                key,
                format!("`{switch}` is on, but secureJsonData has no `{key}`; add it or turn that off"),
            )),
        };
        // Grafana's PostgreSQL has no switches: what is there under this setting is used.
        let contents = json.get("tlsConfigurationMethod").and_then(Value::as_str) == Some("file-content");
        let there = |key: &str| contents && secrets.get(key).is_some_and(|pem| !pem.trim().is_empty());
        let ca = on("tlsAuthWithCACert") || there("tlsCACert");
        let ca = ca.then(|| secret("tlsCACert", "tlsAuthWithCACert")).transpose()?;
        let client = match (there("tlsClientCert"), there("tlsClientKey")) {
            (true, false) => {
                return Err(invalid("tlsClientKey", "it goes with `tlsClientCert`; add it or remove that"));
            }
            (false, true) => {
                return Err(invalid("tlsClientCert", "it goes with `tlsClientKey`; add it or remove that"));
            }
            (both, _) if both || on("tlsAuth") => {
                Some((secret("tlsClientCert", "tlsAuth")?, secret("tlsClientKey", "tlsAuth")?))
            }
            _ => None,
        };
        let server_name = json.get("serverName").and_then(Value::as_str).map(str::trim);
        let server_name = server_name.filter(|name| !name.is_empty()).map(str::to_owned);
        Ok(Self { skip_verify: on("tlsSkipVerify"), ca, client, server_name })
    }

    /// The name to ask for and to verify, where it is not the URL's host.
    pub(crate) fn server_name(&self) -> Result<Option<ServerName<'static>>, EgressError> {
        let parse = |name: &String| {
            ServerName::try_from(name.clone())
                .map_err(|_| invalid("serverName", format!("`{name}` is neither a host name nor an address")))
        };
        self.server_name.as_ref().map(parse).transpose()
    }

    /// Whether a connection differs from the host's default in more than the name.
    fn is_custom(&self) -> bool {
        self.skip_verify || self.ca.is_some() || self.client.is_some()
    }
}

/// The TLS of one host.
#[derive(Debug)]
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    roots: Roots,
    store: OnceLock<Arc<RootCertStore>>,
    shared: OnceLock<Arc<ClientConfig>>,
    proxy: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// # Errors
    /// [`EgressError::InvalidTls`] for PEM without a usable certificate.
    pub(crate) fn new(roots: Roots) -> Result<Self, EgressError> {
        let tls = Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            roots,
            store: OnceLock::new(),
            shared: OnceLock::new(),
            proxy: OnceLock::new(),
        };
        if let Roots::Pem(pem) = &tls.roots {
            let store = Arc::new(store_of_pem("roots", pem)?);
            tls.store.get_or_init(|| store);
        }
        Ok(tls)
    }

    /// The configuration of every data source without TLS settings: one for all, made when the first connects.
    ///
    /// # Errors
    /// [`EgressError::InvalidTls`] where rustls takes no protocol version, which its ring provider rules out.
    pub(crate) fn shared(&self) -> Result<Arc<ClientConfig>, EgressError> {
        self.once(&self.shared, &[b"h2", b"http/1.1"])
    }

    /// The configuration towards `https` proxies: CONNECT is spoken in HTTP/1.1.
    ///
    /// # Errors
    /// As [`Tls::shared`].
    pub(crate) fn proxy(&self) -> Result<Arc<ClientConfig>, EgressError> {
        self.once(&self.proxy, &[b"http/1.1"])
    }

    /// The configuration of a data source with settings of its own; `None` where the shared one will do.
    ///
    /// # Errors
    /// [`EgressError::InvalidTls`] for PEM that cannot be used; the message names the setting.
    pub(crate) fn custom(&self, settings: &TlsSettings) -> Result<Option<Arc<ClientConfig>>, EgressError> {
        if !settings.is_custom() {
            return Ok(None);
        }
        let builder = self.builder()?;
        let builder = if settings.skip_verify {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Lenient::anyone(self.provider.clone())))
        } else if let Some(ca) = &settings.ca {
            builder.with_root_certificates(store_of_pem("tlsCACert", ca.expose().as_bytes())?)
        } else {
            builder.with_root_certificates(self.store())
        };
        let mut config = with_client(builder, settings)?;
        // One server, a few tickets: the default keeps room for 256.
        config.resumption = Resumption::in_memory_sessions(4);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Some(Arc::new(config)))
    }

    /// The configuration of one byte connection: authority and client certificate are the data source's, how much is
    /// verified and which protocols are offered is the caller's to say.
    ///
    /// # Errors
    /// As [`Tls::custom`]; where the authority alone is to be verified and any public one would do.
    pub(crate) fn bytes(
        &self,
        settings: &TlsSettings,
        verify: Verify,
        protocols: Vec<Vec<u8>>,
    ) -> Result<ClientConfig, EgressError> {
        let builder = self.builder()?;
        let roots = || match &settings.ca {
            Some(ca) => store_of_pem("tlsCACert", ca.expose().as_bytes()).map(Arc::new),
            None => Ok(self.store()),
        };
        let builder = match verify {
            Verify::Full => builder.with_root_certificates(roots()?),
            Verify::CaOnly if settings.ca.is_none() && matches!(self.roots, Roots::System) => {
                return Err(invalid(
                    "tlsCACert",
                    "it is empty, and without the name every server passes that has a certificate from any public \
                     authority; set the server's own authority, or verify the name too",
                ));
            }
            Verify::CaOnly => {
                let verifier = Lenient::signed_by(self.provider.clone(), roots()?);
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
            Verify::None => {
                let verifier = Lenient::anyone(self.provider.clone());
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = with_client(builder, settings)?;
        config.resumption = Resumption::disabled();
        config.alpn_protocols = protocols;
        Ok(config)
    }

    fn once(&self, cell: &OnceLock<Arc<ClientConfig>>, protocols: &[&[u8]]) -> Result<Arc<ClientConfig>, EgressError> {
        if let Some(config) = cell.get() {
            return Ok(config.clone());
        }
        let mut config = self.builder()?.with_root_certificates(self.store()).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(cell.get_or_init(|| Arc::new(config)).clone())
    }

    fn builder(&self) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, EgressError> {
        ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("roots", error.to_string()))
    }

    fn store(&self) -> Arc<RootCertStore> {
        let read = || match &self.roots {
            Roots::Store(store) => store.clone(),
            // PEM was read when the host was made.
            Roots::System | Roots::Pem(_) => Arc::new(system_roots()),
        };
        self.store.get_or_init(read).clone()
    }
}

fn with_client(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    settings: &TlsSettings,
) -> Result<ClientConfig, EgressError> {
    match &settings.client {
        Some((certificate, key)) => {
            let chain = certificates("tlsClientCert", certificate.expose().as_bytes())?;
            let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
                invalid("tlsClientKey", "this is not an unencrypted private key in PEM (PKCS #8, PKCS #1 or SEC 1)")
            })?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| invalid("tlsClientKey", format!("it does not go with `tlsClientCert`: {error}")))
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

/// The system's roots. None at all (a bare container) is a warning and not an error: hosts that speak plain HTTP or
/// bring their own CA go on working, and the others get a TLS error that says what is missing.
fn system_roots() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        tracing::warn!(errors = ?found.errors, "the system has no CA certificates; install the package `ca-certificates`");
    }
    store
}

fn store_of_pem(setting: &'static str, pem: &[u8]) -> Result<RootCertStore, EgressError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(setting, pem)? {
        store
            .add(certificate)
            .map_err(|error| invalid(setting, format!("a certificate in it cannot be used: {error}")))?;
    }
    Ok(store)
}

fn certificates(setting: &'static str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, EgressError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(setting, format!("this is not PEM: {error}")))?;
    if found.is_empty() {
        return Err(invalid(setting, "there is no certificate in it; it must hold `-----BEGIN CERTIFICATE-----`"));
    }
    Ok(found)
}

fn invalid(setting: &'static str, reason: impl Into<String>) -> EgressError {
    EgressError::InvalidTls { setting, reason: reason.into() }
}

const WANTS_CLIENT_CERTIFICATE: &str =
    "if the server wants a client certificate, turn `tlsAuth` on and set `tlsClientCert` and `tlsClientKey`";

/// What went wrong in a handshake, and the setting that cures it.
pub(crate) fn explain(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error};
    let cure = match error {
        Error::InvalidCertificate(Bad::UnknownIssuer) => {
            "the server's CA is not trusted here; put it into `tlsCACert` and turn `tlsAuthWithCACert` on"
        }
        Error::InvalidCertificate(Bad::BadSignature) => {
            "a CA of that name is trusted here, but it is another one; put the server's CA into `tlsCACert`"
        }
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the certificate is for another name; use that name in the URL or set `serverName`"
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => "renew the server's certificate",
        Error::InvalidCertificate(Bad::Other(other)) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the server shows its authority's certificate as its own; give it one that its authority signed"
        }
        Error::InvalidCertificate(Bad::UnknownRevocationStatus | Bad::Revoked) => "renew the server's certificate",
        Error::InvalidMessage(_) => "does the server speak TLS on this port, or is its URL http://?",
        Error::AlertReceived(
            Alert::CertificateRequired | Alert::BadCertificate | Alert::UnknownCA | Alert::AccessDenied,
        ) => WANTS_CLIENT_CERTIFICATE,
        _ => return error.to_string(),
    };
    format!("{error}; {cure}")
}

/// The same for an error of which only the text is left, as HTTP/2 leaves it. In TLS 1.3 a server says only after the
/// handshake that it did not like the client's certificate, so its alert comes up through HTTP.
pub(crate) fn explain_text(text: &str) -> Option<String> {
    text.starts_with("received fatal alert").then(|| format!("{text}; {WANTS_CLIENT_CERTIFICATE}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_sources_without_settings_share_one_configuration() {
        let tls = Tls::new(Roots::Store(Arc::new(RootCertStore::empty()))).unwrap();
        assert!(Arc::ptr_eq(&tls.shared().unwrap(), &tls.shared().unwrap()));
        let named = TlsSettings { server_name: Some("a.example".to_owned()), ..TlsSettings::default() };
        assert!(tls.custom(&named).unwrap().is_none());
    }

    #[test]
    fn a_switch_without_its_secret_is_an_error_that_names_both() {
        let error = TlsSettings::from_settings(&json!({ "tlsAuth": true }), &SecretValues::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "TLS setting `tlsClientCert`: `tlsAuth` is on, but secureJsonData has no `tlsClientCert`; add it or turn that off"
        );
    }

    #[test]
    fn half_a_client_certificate_is_an_error_that_names_the_other_half() {
        let json = json!({ "tlsConfigurationMethod": "file-content" });
        for (there, missing) in [("tlsClientCert", "tlsClientKey"), ("tlsClientKey", "tlsClientCert")] {
            let error = TlsSettings::from_settings(&json, &SecretValues::from_iter([(there, "x")])).unwrap_err();
            let said = format!("TLS setting `{missing}`: it goes with `{there}`; add it or remove that");
            assert_eq!(error.to_string(), said);
        }
    }

    #[test]
    fn an_authority_that_signs_for_anybody_is_not_enough_without_the_name() {
        let tls = Tls::new(Roots::System).unwrap();
        let error = tls.bytes(&TlsSettings::default(), Verify::CaOnly, Vec::new()).unwrap_err();
        assert!(error.to_string().starts_with("TLS setting `tlsCACert`: it is empty"), "{error}");
        tls.bytes(&TlsSettings::default(), Verify::Full, Vec::new()).unwrap();
    }

    #[test]
    fn settings_are_read_by_grafanas_keys_and_secrets_only_where_switched_on() {
        let secrets = SecretValues::from_iter([("tlsCACert", "x")]);
        let json = json!({ "tlsSkipVerify": "true", "serverName": " a.example ", "tlsAuthWithCACert": false });
        let settings = TlsSettings::from_settings(&json, &secrets).unwrap();
        assert!(settings.skip_verify && settings.ca.is_none() && settings.client.is_none());
        assert_eq!(settings.server_name.as_deref(), Some("a.example"));
    }

    #[test]
    fn material_that_is_no_pem_is_an_error_that_hides_it() {
        let tls = Tls::new(Roots::Store(Arc::new(RootCertStore::empty()))).unwrap();
        let junk = || Secret::new("s3cret junk");
        let ca = TlsSettings { ca: Some(junk()), ..TlsSettings::default() };
        let client = TlsSettings { client: Some((junk(), junk())), ..TlsSettings::default() };
        let name = TlsSettings { server_name: Some("a b".to_owned()), ..TlsSettings::default() };
        for error in [tls.custom(&ca).unwrap_err(), tls.custom(&client).unwrap_err(), name.server_name().unwrap_err()] {
            assert!(
                matches!(error, EgressError::InvalidTls { .. }) && !error.to_string().contains("s3cret"),
                "{error}"
            );
        }
        assert!(matches!(
            Tls::new(Roots::Pem(b"junk".to_vec())),
            Err(EgressError::InvalidTls { setting: "roots", .. })
        ));
    }
}
