//! TLS on the listener: what it speaks, whom it does not wait for, and a certificate that changes under way.

use crate::support::{Answer, Ca, Gate, Host, Mounted, PATIENCE, exchange, over_the_last_hour, query_request, request};
use axum::http::{Method, Request, StatusCode, Version};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::CertificateDer;
use serde_json::json;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wellhead_server::{Server, ServerConfig, Tls, TlsError, TlsFiles};

/// A host behind TLS, the files its certificate is read from, and the CA that signed it.
struct Secured {
    host: Host,
    mounted: Mounted,
    ca: Ca,
}

impl Secured {
    async fn start() -> Self {
        Self::start_with(ServerConfig::default()).await
    }

    async fn start_with(config: ServerConfig) -> Self {
        let ca = Ca::new();
        let mounted = Mounted::new(&ca.issue());
        let host = serve(config, mounted.files()).await;
        Self { host, mounted, ca }
    }

    async fn get(&self, path: &str) -> Answer {
        let stream = self.ca.connect(self.host.address, &["http/1.1"]).await.unwrap();
        exchange(stream, get(path)).await.unwrap()
    }

    /// The certificate that a new connection is shown.
    async fn shown(&self) -> CertificateDer<'static> {
        let stream = self.ca.connect(self.host.address, &[]).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    }

    async fn wait_to_be_shown(&self, wanted: &CertificateDer<'static>) {
        let started = Instant::now();
        while self.shown().await != *wanted {
            assert!(started.elapsed() < PATIENCE, "the certificate does not change");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn serve(config: ServerConfig, files: TlsFiles) -> Host {
    let gate = Arc::new(Gate::default());
    let server = Server::new(Host::wellhead(&gate).await, config).tls(Tls::read(files).unwrap());
    Host::serve(server, TcpListener::bind("127.0.0.1:0").await.unwrap(), gate)
}

fn get(path: &str) -> Request<Full<Bytes>> {
    request(Method::GET, path).body(Full::default()).unwrap()
}

fn waiting() -> Request<Full<Bytes>> {
    query_request(over_the_last_hour(&json!([{"refId": "A", "datasource": {"uid": "one"}, "do": "wait"}])))
}

#[tokio::test]
async fn http_1_1_and_http_2_are_spoken_as_the_handshake_agreed() {
    let secured = Secured::start().await;
    assert_eq!(secured.get("/api/health").await.status, StatusCode::OK);

    let stream = secured.ca.connect(secured.host.address, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("https://{}/api/health", secured.host.address));
    let response = sender.send_request(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
    assert_eq!((response.status(), response.version()), (StatusCode::OK, Version::HTTP_2));
    assert!(response.into_body().collect().await.unwrap().to_bytes().starts_with(b"{"));
}

#[tokio::test]
async fn a_client_that_does_not_know_the_ca_ends_the_handshake() {
    let secured = Secured::start().await;
    let error = Ca::new().connect(secured.host.address, &[]).await.unwrap_err();
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
    assert_eq!(secured.get("/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn plain_http_is_closed_and_not_answered() {
    let secured = Secured::start().await;
    let mut stream = TcpStream::connect(secured.host.address).await.unwrap();
    stream.write_all(b"GET /api/health HTTP/1.1\r\nHost: test\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    assert!(read.is_ok(), "closed in order: {read:?}");
    // An alert record of TLS (RFC 8446, 5.1), and nothing of HTTP.
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
    assert_eq!(secured.get("/livez").await.status, StatusCode::OK);
}

#[tokio::test]
async fn clients_that_never_speak_delay_nobody() {
    let secured = Secured::start().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(secured.host.address).await.unwrap());
    }
    // Half of them begin a handshake, and leave it at that.
    for stream in silent.iter_mut().step_by(2) {
        stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    }
    assert_eq!(secured.get("/livez").await.status, StatusCode::OK);
    let mut nothing = [0];
    for stream in &silent {
        let read = stream.try_read(&mut nothing);
        assert!(read.is_err(), "answered before those who were silent were given up: {read:?}");
    }
}

#[tokio::test]
async fn a_handshake_that_is_not_done_in_time_is_closed() {
    let config = ServerConfig { handshake_timeout: Duration::from_millis(50), ..ServerConfig::default() };
    let secured = Secured::start_with(config).await;
    let mut stream = TcpStream::connect(secured.host.address).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn a_drain_waits_for_requests_and_for_no_handshake() {
    let config = ServerConfig { handshake_timeout: Duration::from_secs(3600), ..ServerConfig::default() };
    let mut secured = Secured::start_with(config).await;
    let mut silent = TcpStream::connect(secured.host.address).await.unwrap();
    let stream = secured.ca.connect(secured.host.address, &[]).await.unwrap();
    let client = tokio::spawn(exchange(stream, waiting()));
    secured.host.gate.wait_for(1).await;
    secured.host.shut_down();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, silent.read_to_end(&mut answer)).await.unwrap().unwrap();
    secured.host.gate.open.add_permits(1);
    assert_eq!(client.await.unwrap().unwrap().status, StatusCode::OK);
    tokio::time::timeout(PATIENCE, &mut secured.host.served).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_serves_new_connections_and_breaks_none() {
    let secured = Secured::start().await;
    let in_flight = {
        let stream = secured.ca.connect(secured.host.address, &[]).await.unwrap();
        tokio::spawn(exchange(stream, waiting()))
    };
    secured.host.gate.wait_for(1).await;
    let stream = secured.ca.connect(secured.host.address, &[]).await.unwrap();
    let (mut kept_open, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);

    let renewed = secured.ca.issue();
    secured.mounted.put(&renewed);
    secured.wait_to_be_shown(&renewed.der()).await;

    assert_eq!(kept_open.send_request(get("/livez")).await.unwrap().status(), StatusCode::OK);
    secured.host.gate.open.add_permits(1);
    assert_eq!(in_flight.await.unwrap().unwrap().status, StatusCode::OK);
}

#[tokio::test]
async fn files_that_are_renewed_by_turning_a_symlink_are_followed() {
    let ca = Ca::new();
    let (old, new) = (ca.issue(), ca.issue());
    let (first, second, mount) = (Mounted::new(&old), Mounted::new(&new), tempfile::tempdir().unwrap());
    // As Kubernetes mounts a secret: the files are links into a folder that is a link itself.
    let (data, next) = (mount.path().join("..data"), mount.path().join("..data_tmp"));
    symlink(first.path(), &data).unwrap();
    let files = TlsFiles { certificate: mount.path().join("tls.crt"), key: mount.path().join("tls.key") };
    symlink("..data/tls.crt", &files.certificate).unwrap();
    symlink("..data/tls.key", &files.key).unwrap();
    let host = serve(ServerConfig::default(), files).await;
    let secured = Secured { host, mounted: first, ca };
    assert_eq!(secured.shown().await, old.der());
    symlink(second.path(), &next).unwrap();
    std::fs::rename(&next, &data).unwrap();
    secured.wait_to_be_shown(&new.der()).await;
}

#[test]
fn a_pair_that_cannot_be_used_is_refused_with_the_file_and_what_to_do() {
    let ca = Ca::new();
    let (one, other) = (ca.issue(), ca.issue());
    let mounted = Mounted::new(&one);
    let TlsFiles { certificate, key } = mounted.files();
    let refused = |says: &[&str]| {
        let error = Tls::read(mounted.files()).unwrap_err();
        for part in says {
            assert!(error.to_string().contains(part), "no {part:?} in {error}");
        }
        error
    };
    std::fs::write(&key, &other.key).unwrap();
    let error =
        refused(&["tls.key: the TLS key is not that of the certificate in", "tls.crt", "name the key with which"]);
    assert!(matches!(error, TlsError::Mismatch { .. }));
    std::fs::write(&key, &one.certificate).unwrap();
    refused(&["tls.key: no TLS key can be read from it", "unencrypted"]);
    std::fs::write(&key, one.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY")).unwrap();
    refused(&["tls.key: no TLS key can be read from it", "unencrypted"]);
    std::fs::remove_file(&key).unwrap();
    refused(&["tls.key: the TLS key cannot be read: No such file", "this user may read it"]);
    mounted.put(&one);
    for broken in ["", "-----BEGIN CERTIFICATE-----\nMII", &one.key] {
        std::fs::write(&certificate, broken).unwrap();
        refused(&["tls.crt: no TLS certificate can be read from it", "the server's certificate first"]);
    }
    std::fs::write(&certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert!(matches!(refused(&["tls.crt: the TLS certificate cannot be used"]), TlsError::Unusable { .. }));
    std::fs::write(&certificate, vec![b'x'; (1 << 20) + 1]).unwrap();
    refused(&["tls.crt: the TLS certificate cannot be read: it has more than 1048576 bytes"]);
}
