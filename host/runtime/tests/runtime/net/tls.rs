//! TLS that begins in the middle of a connection, at the guest's word and with the host's keys.

use super::server::Server;
use super::{data_source, told};
use crate::common::runtime;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use wellhead_runtime::DataSourceSettings;

/// A server that says `agreement` to a first line and then speaks TLS, with a certificate for `name`; and the PEM of its
/// authority.
async fn server(name: &str, agreement: &'static [u8]) -> (Server, String) {
    let ca_key = KeyPair::generate().unwrap();
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = ca.self_signed(&ca_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let signed =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let chain = vec![CertificateDer::from(signed.der().to_vec())];
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).unwrap();
    config.alpn_protocols = vec![b"echo".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let server = Server::new(move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut line = [0; 9];
            let _ = stream.read_exact(&mut line).await;
            let _ = stream.write_all(agreement).await;
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let (mut read, mut write) = tokio::io::split(stream);
            let _ = tokio::io::copy(&mut read, &mut write).await;
            let _ = write.shutdown().await;
        }
    });
    (server.await, pem)
}

fn trusting(server: &Server, ca: &str) -> DataSourceSettings {
    let mut source = data_source(&server.address);
    source.json_data.insert("tlsAuthWithCACert".into(), json!(true));
    source.secrets.insert("tlsCACert", ca);
    source
}

fn start_tls(verify: &str) -> serde_json::Value {
    json!({ "deed": "starttls", "endpoint": "server", "text": "hello", "verify": verify })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_upgraded_in_place_and_bound_to_the_servers_certificate() {
    let (runtime, (server, ca)) = (runtime(&["net"]).await, server("127.0.0.1", b"OK").await);
    let source = trusting(&server, &ca);
    assert_eq!(told(&runtime, &source, start_tls("full")).await, "hello echo binding 32");
    let named = json!({ "deed": "starttls", "endpoint": "server", "text": "hello", "serverName": "db.internal" });
    let words = told(&runtime, &source, named).await;
    assert!(words.starts_with("Tls(") && words.contains("for another name"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_verified_is_the_plugins_choice_and_a_failure_says_which_it_was() {
    let (runtime, (server, ca)) = (runtime(&["net"]).await, server("db.internal", b"OK").await);
    let source = trusting(&server, &ca);
    for verify in ["ca-only", "none"] {
        assert_eq!(told(&runtime, &source, start_tls(verify)).await, "hello echo binding 32", "{verify}");
    }
    let words = told(&runtime, &source, start_tls("full")).await;
    assert!(words.contains("the certificate is for another name"), "{words}");
    let mut trusts_nobody = data_source(&server.address);
    trusts_nobody.version = 2;
    let words = told(&runtime, &trusts_nobody, start_tls("ca-only")).await;
    assert!(words.contains("`tlsCACert`: it is empty"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_somebody_slipped_in_before_tls_end_it() {
    let (runtime, (server, ca)) = (runtime(&["net"]).await, server("127.0.0.1", b"OK and more").await);
    let words = told(&runtime, &trusting(&server, &ca), start_tls("full")).await;
    assert!(words.contains("TLS cannot begin while there is something to read"), "{words}");
    // A guest that does not look is told by the host.
    let greeting = Server::new(|mut stream| async move {
        let _ = stream.write_all(b"OK").await;
        let _ = stream.read(&mut [0; 64]).await;
    });
    let source = DataSourceSettings { version: 2, ..data_source(&greeting.await.address) };
    let words = told(&runtime, &source, json!({ "deed": "tls-with-unread", "endpoint": "server" })).await;
    assert!(words.contains("the server sent more than its agreement before TLS began"), "{words}");
}
