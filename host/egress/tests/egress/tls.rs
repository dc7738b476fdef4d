//! TLS: whom we trust, under which name, and who we say we are.

use serde_json::json;
use wellhead_egress::{EgressError, Roots, TlsSettings};

use crate::support::{Ca, Names, Server, Settings, client, get, host, reply, tls_server};

/// Settings that trust an authority.
fn trusting(url: String, ca: &Ca) -> Settings {
    Settings::of(url).json(json!({ "tlsAuthWithCACert": true })).secret("tlsCACert", &*ca.pem)
}

async fn server(ca: &Ca, name: &str) -> Server {
    Server::https(ca.server(name), |_| reply(200, "ok")).await
}

fn tls_reason(error: &EgressError) -> &str {
    match error {
        EgressError::Tls { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_authority_nobody_trusts_is_an_error_that_names_the_cure() {
    let server = server(&Ca::new("ca"), "127.0.0.1").await;
    let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
    assert!(tls_reason(&error).contains("`tlsCACert`"), "{error}");
    assert!(error.is_connect() && error.status_hint() == 502);
    assert_eq!(server.connections(), 1, "a certificate does not get better by asking again");
}

#[tokio::test]
async fn the_data_sources_authority_is_trusted_and_no_other() {
    let (ca, other) = (Ca::new("ca"), Ca::new("ca"));
    let server = server(&ca, "127.0.0.1").await;
    assert_eq!(get(&trusting(server.url(""), &ca).client(host()), server.url("/")).await.unwrap().1, "ok");
    let error = get(&trusting(server.url(""), &other).client(host()), server.url("/")).await.unwrap_err();
    tls_reason(&error);
}

#[tokio::test]
async fn the_hosts_roots_are_trusted_unless_the_data_source_brings_its_own() {
    let (ca, other) = (Ca::new("ca"), Ca::new("other"));
    let server = server(&ca, "127.0.0.1").await;
    let roots = || host().tls_roots(Roots::Pem(ca.pem.clone().into_bytes()));
    assert_eq!(get(&Settings::of(server.url("")).client(roots()), server.url("/")).await.unwrap().1, "ok");
    tls_reason(&get(&trusting(server.url(""), &other).client(roots()), server.url("/")).await.unwrap_err());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_an_error_until_that_name_is_set() {
    let ca = Ca::new("ca");
    let server = server(&ca, "prometheus.internal").await;
    let mut settings = trusting(server.url(""), &ca);
    let error = get(&settings.client(host()), server.url("/")).await.unwrap_err();
    assert!(tls_reason(&error).contains("`serverName`"), "{error}");
    settings.json_data = json!({ "tlsAuthWithCACert": true, "serverName": "prometheus.internal" });
    assert_eq!(get(&settings.client(host()), server.url("/")).await.unwrap().1, "ok");
}

#[tokio::test]
async fn the_name_is_asked_for_without_trailing_dot_and_in_ascii() {
    let ca = Ca::new("ca");
    for (host_name, resolved) in [("Prom.Example.", "prom.example."), ("bücher.example", "xn--bcher-kva.example")] {
        let certified = resolved.trim_end_matches('.');
        let server = server(&ca, certified).await;
        let url = server.url_as(host_name, "");
        let client = trusting(url.clone(), &ca).client(host().resolver(Names::of(&[(resolved, "127.0.0.1")])));
        // http's URIs are ASCII: that is how a guest writes them.
        assert_eq!(get(&client, server.url_as(certified, "/")).await.unwrap().1, "ok", "{host_name}");
    }
}

#[tokio::test]
async fn skip_verify_takes_any_certificate() {
    let ca = Ca::new("ca");
    let expired = tls_server(ca.expired("elsewhere.example"), None, &[]);
    let server = Server::https(expired, |_| reply(200, "ok")).await;
    let settings = Settings::of(server.url("")).json(json!({ "tlsSkipVerify": true }));
    assert_eq!(get(&settings.client(host()), server.url("/")).await.unwrap().1, "ok");
}

#[tokio::test]
async fn skip_verify_is_said_of_the_data_source_and_of_no_other_origin() {
    let server = server(&Ca::new("ca"), "127.0.0.1").await;
    let other = self::server(&Ca::new("ca"), "127.0.0.1").await;
    let mut settings = Settings::of(server.url("")).json(json!({ "tlsSkipVerify": true }));
    settings.operators = vec![other.url("")];
    let client = settings.client(host());
    get(&client, server.url("/")).await.unwrap();
    tls_reason(&get(&client, other.url("/")).await.unwrap_err());
}

#[tokio::test]
async fn an_expired_certificate_is_an_error_that_says_so() {
    let ca = Ca::new("ca");
    let server = Server::https(tls_server(ca.expired("127.0.0.1"), None, &[]), |_| reply(200, "ok")).await;
    let error = get(&trusting(server.url(""), &ca).client(host()), server.url("/")).await.unwrap_err();
    assert!(tls_reason(&error).contains("renew"), "{error}");
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_gets_the_configured_one() {
    let (ca, clients) = (Ca::new("ca"), Ca::new("clients"));
    let config = tls_server(ca.certificate("127.0.0.1"), Some(&clients), &["h2", "http/1.1"]);
    let server = Server::https(config, |_| reply(200, "ok")).await;
    let (certificate, key) = clients.certificate("grafana");
    let settings = trusting(server.url(""), &ca)
        .json(json!({ "tlsAuth": true, "tlsAuthWithCACert": true }))
        .secret("tlsClientCert", certificate)
        .secret("tlsClientKey", key);
    assert_eq!(get(&settings.client(host()), server.url("/")).await.unwrap().1, "ok");

    let error = get(&trusting(server.url(""), &ca).client(host()), server.url("/")).await.unwrap_err();
    assert!(tls_reason(&error).contains("`tlsClientCert`"), "{error}");
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused_when_the_client_is_made() {
    let ca = Ca::new("ca");
    let ((certificate, _), (_, key)) = (ca.certificate("a"), ca.certificate("b"));
    let settings = Settings::of("https://a.example")
        .json(json!({ "tlsAuth": true }))
        .secret("tlsClientCert", certificate)
        .secret("tlsClientKey", key);
    let error = host().build().unwrap().client(settings.policy()).unwrap_err();
    assert!(matches!(error, EgressError::InvalidTls { setting: "tlsClientKey", .. }), "{error}");
}

#[tokio::test]
async fn tls_towards_a_server_that_speaks_none_says_what_may_be_wrong() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let url = format!("https://{}", server.address);
    let error = get(&client(&url), &url).await.unwrap_err();
    assert!(tls_reason(&error).contains("http://"), "{error}");
}

#[test]
fn the_settings_of_a_data_source_hide_their_pem() {
    let settings = Settings::of("https://a.example")
        .json(json!({ "tlsAuth": true }))
        .secret("tlsClientCert", "s3cret")
        .secret("tlsClientKey", "s3cret");
    let tls: TlsSettings = settings.policy().tls;
    assert!(tls.client.is_some() && !format!("{tls:?}").contains("s3cret"));
}
