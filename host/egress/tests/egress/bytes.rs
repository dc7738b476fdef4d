//! Byte connections: where they may lead, how many there may be, and TLS in place.

use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use wellhead_egress::{
    Connection, EgressClient, EgressError, EgressLimits, Endpoint, Roots, TimeoutKind, TlsInfo, TlsOptions, Verify,
};

use crate::support::{Ca, Names, Settings, host, limits, tls_server};

/// A client whose endpoint `server` is at `address`.
fn client(settings: &Settings, address: &str, builder: wellhead_egress::EgressBuilder) -> EgressClient {
    let mut policy = settings.policy();
    policy.endpoints = vec![Endpoint::of_setting("server", "url", address, Some(5432))];
    builder.build().unwrap().client(policy).unwrap()
}

/// Says back what it is told, in TLS where there is a configuration.
async fn echo(tls: Option<ServerConfig>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                match tls {
                    None => {
                        let (mut read, mut write) = stream.split();
                        let _ = tokio::io::copy(&mut read, &mut write).await;
                    }
                    Some(tls) => {
                        let Ok(stream) = tls.accept(stream).await else { return };
                        let (mut read, mut write) = tokio::io::split(stream);
                        let _ = tokio::io::copy(&mut read, &mut write).await;
                        let _ = write.shutdown().await;
                    }
                }
            });
        }
    });
    address
}

async fn echoes(connection: &mut Connection) -> std::io::Result<()> {
    connection.write_all(b"hello").await?;
    connection.flush().await?;
    let mut back = [0; 5];
    connection.read_exact(&mut back).await?;
    assert_eq!(&back, b"hello");
    Ok(())
}

/// Settings that trust an authority.
fn trusting(ca: &Ca) -> Settings {
    Settings::of("").json(json!({ "tlsAuthWithCACert": true })).secret("tlsCACert", &*ca.pem)
}

/// What comes of TLS with a server.
async fn upgraded(
    settings: &Settings,
    address: &str,
    options: &TlsOptions,
) -> Result<(Connection, TlsInfo), EgressError> {
    client(settings, address, host()).connect("server").await.unwrap().start_tls(options).await
}

fn verifying(verify: Verify) -> TlsOptions {
    TlsOptions { verify, ..TlsOptions::default() }
}

#[tokio::test]
async fn an_endpoint_is_reached_by_its_name_or_its_address_and_nothing_else_is() {
    let address = echo(None).await;
    let client = client(&Settings::of(""), &address, host());
    for same in ["server", &address, &format!("tcp://{address}/")] {
        echoes(&mut client.connect(same).await.unwrap()).await.unwrap();
    }
    for other in ["127.0.0.1:1", "localhost", "169.254.169.254:80", "", "\u{0}", "server "] {
        let error = client.connect(other).await.unwrap_err();
        assert!(error.is_denied() && error.to_string().contains(&address), "{other}: {error}");
    }
}

#[tokio::test]
async fn names_are_judged_by_where_they_lead() {
    let names = || Names::of(&[("metadata.test", "169.254.169.254"), ("nowhere.test", "0.0.0.0")]);
    for name in ["metadata.test", "nowhere.test"] {
        let client = client(&Settings::of(""), name, host().resolver(names()));
        let error = client.connect("server").await.unwrap_err();
        assert!(matches!(error, EgressError::DeniedAddress { .. }), "{error}");
    }
    let error =
        client(&Settings::of(""), "unknown.test", host().resolver(names())).connect("server").await.unwrap_err();
    assert!(matches!(error, EgressError::Unresolved { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_refused_by_name() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let error = client(&Settings::of(""), &gone, host()).connect("server").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{gone}: connection refused; check that the server is up and listens on that port")
    );
}

#[tokio::test]
async fn the_limit_is_told_at_once_and_a_dropped_connection_makes_room() {
    let address = echo(None).await;
    let client = client(&Settings::of(""), &address, host().limits(EgressLimits { max_connections: 2, ..limits() }));
    let (first, _second) = (client.connect("server").await.unwrap(), client.connect("server").await.unwrap());
    let error = client.connect("server").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{address}: all 2 connections that this data source may have are open; keep fewer open (maxOpenConns of SQL \
             data sources), or raise the limit `connections`"
        )
    );
    drop(first);
    client.connect("server").await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_nobody_answers_ends_by_the_clock_and_gives_its_place_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let hurried =
        EgressLimits { max_connections: 1, connect_timeout: std::time::Duration::from_millis(50), ..limits() };
    let client = client(&Settings::of(""), &address, host().limits(hurried));
    let connection = client.connect("server").await.unwrap();
    let error = connection.start_tls(&TlsOptions::default()).await.unwrap_err();
    assert!(matches!(error, EgressError::Timeout { which: TimeoutKind::Handshake, .. }), "{error}");
    client.connect("server").await.unwrap();
}

#[tokio::test]
async fn a_trusted_certificate_with_the_right_name_is_taken_and_bound_to() {
    let ca = Ca::new("ca");
    let address = echo(Some(tls_server(ca.certificate("127.0.0.1"), None, &["a", "b"]))).await;
    let options = TlsOptions { alpn: vec!["b".to_owned()], ..TlsOptions::default() };
    let (mut connection, info) = upgraded(&trusting(&ca), &address, &options).await.unwrap();
    echoes(&mut connection).await.unwrap();
    assert_eq!((info.server_end_point.len(), info.alpn.as_deref()), (32, Some("b")));
    let again = connection.start_tls(&options).await.unwrap_err();
    assert!(again.to_string().contains("TLS already"), "{again}");
}

#[tokio::test]
async fn expired_misnamed_and_unknown_certificates_are_told_apart() {
    let (ca, other) = (Ca::new("ca"), Ca::new("other"));
    let expired = echo(Some(tls_server(ca.expired("127.0.0.1"), None, &[]))).await;
    let misnamed = echo(Some(tls_server(ca.certificate("db.internal"), None, &[]))).await;
    let unknown = echo(Some(tls_server(other.certificate("127.0.0.1"), None, &[]))).await;
    // What is verified, and which of the three then fails with what.
    for (verify, said) in [
        (Verify::Full, [Some("renew"), Some("`serverName`"), Some("`tlsCACert`")]),
        (Verify::CaOnly, [Some("renew"), None, Some("`tlsCACert`")]),
        (Verify::None, [None, None, None]),
    ] {
        for (address, said) in [&expired, &misnamed, &unknown].into_iter().zip(said) {
            let outcome = upgraded(&trusting(&ca), address, &verifying(verify)).await;
            match (outcome, said) {
                (Ok((mut connection, _)), None) => echoes(&mut connection).await.unwrap(),
                (Err(EgressError::Tls { reason, .. }), Some(said)) => assert!(reason.contains(said), "{reason}"),
                (outcome, said) => panic!("{verify:?}: {said:?} expected, {outcome:?} came"),
            }
        }
    }
}

#[tokio::test]
async fn the_name_is_the_callers_else_the_settings_else_the_hosts() {
    let ca = Ca::new("ca");
    let address = echo(Some(tls_server(ca.certificate("db.internal"), None, &[]))).await;
    let mut settings = trusting(&ca);
    let named = TlsOptions { server_name: Some("db.internal".to_owned()), ..TlsOptions::default() };
    upgraded(&settings, &address, &named).await.unwrap();
    settings.json_data = json!({ "tlsAuthWithCACert": true, "serverName": "db.internal" });
    upgraded(&settings, &address, &TlsOptions::default()).await.unwrap();
    let nonsense = TlsOptions { server_name: Some("a b".to_owned()), ..TlsOptions::default() };
    let error = upgraded(&settings, &address, &nonsense).await.unwrap_err();
    assert!(error.to_string().contains("set `serverName`"), "{error}");
}

#[tokio::test]
async fn the_hosts_roots_are_trusted_where_the_data_source_has_none() {
    let ca = Ca::new("ca");
    let address = echo(Some(tls_server(ca.certificate("127.0.0.1"), None, &[]))).await;
    let roots = host().tls_roots(Roots::Pem(ca.pem.clone().into_bytes()));
    let connection = client(&Settings::of(""), &address, roots).connect("server").await.unwrap();
    connection.start_tls(&TlsOptions::default()).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_that_is_asked_for_is_shown_or_its_want_is_said() {
    let (ca, clients) = (Ca::new("ca"), Ca::new("clients"));
    let address = echo(Some(tls_server(ca.certificate("127.0.0.1"), Some(&clients), &[]))).await;
    let (certificate, key) = clients.certificate("grafana");
    // As Grafana's PostgreSQL has it: contents, and no switches.
    let settings = Settings::of("")
        .json(json!({ "tlsConfigurationMethod": "file-content" }))
        .secret("tlsCACert", &*ca.pem)
        .secret("tlsClientCert", certificate)
        .secret("tlsClientKey", key);
    let (mut connection, _) = upgraded(&settings, &address, &TlsOptions::default()).await.unwrap();
    echoes(&mut connection).await.unwrap();

    // In TLS 1.3 the server's no comes with the first read.
    let (mut connection, _) = upgraded(&trusting(&ca), &address, &TlsOptions::default()).await.unwrap();
    let error = echoes(&mut connection).await.unwrap_err();
    let error = error.get_ref().unwrap().downcast_ref::<EgressError>().unwrap();
    assert!(matches!(error, EgressError::Tls { reason, .. } if reason.contains("`tlsClientCert`")), "{error}");
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_an_error_that_asks_about_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"200 what can I do for you?\n").await;
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let error = upgraded(&Settings::of(""), &address, &TlsOptions::default()).await.unwrap_err();
    assert!(
        matches!(&error, EgressError::Tls { reason, .. } if reason.contains("does the server speak TLS")),
        "{error}"
    );
    let settings = Settings::of("");
    let many = TlsOptions { alpn: vec!["x".to_owned(); 100], ..TlsOptions::default() };
    let error = upgraded(&settings, &address, &many).await.unwrap_err();
    assert!(error.to_string().contains("at most 16 protocols"), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_reset_says_so_and_a_dropped_one_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let client = client(&Settings::of(""), &address, host());
    let mut connection = client.connect("server").await.unwrap();
    let (mut peer, _) = listener.accept().await.unwrap();
    connection.write_all(b"unread").await.unwrap();
    peer.readable().await.unwrap();
    // Closing with something unread is what makes it a reset.
    drop(peer);
    let error = connection.read(&mut [0; 1]).await.unwrap_err();
    assert!(
        error.get_ref().unwrap().to_string().starts_with(&format!("{address}: the connection was lost: ")),
        "{error}"
    );

    let connection = client.connect("server").await.unwrap();
    (peer, _) = listener.accept().await.unwrap();
    drop(connection);
    assert_eq!(peer.read(&mut [0; 1]).await.unwrap(), 0);
}
