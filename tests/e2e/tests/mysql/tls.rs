//! TLS with a real server: what is trusted, what is not, and what is said then.

use crate::{PASSWORD, USER, address, settings};
use anyhow::Result;
use serde_json::{Value, json};
use wellhead_e2e::certificates::{Authority, Certificate};
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::sql::{error, health, value};
use wellhead_test_servers::MariaDb;

/// A server with this certificate, which trusts the authority's clients.
fn server(certificate: &Certificate, authority: &Authority) -> Result<MariaDb> {
    // It looks for them from its folder of data on.
    let on = ["ssl-cert=../server.crt", "ssl-key=../server.key", "ssl-ca=../ca.crt"];
    let files = [
        ("server.crt", certificate.pem.as_str()),
        ("server.key", certificate.key.as_str()),
        ("ca.crt", authority.pem()),
    ];
    let server = MariaDb::start_with(&on, &files)?;
    server.ask(&format!(
        "CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL;
         CREATE USER holder@'127.0.0.1' IDENTIFIED BY '{PASSWORD}' REQUIRE X509;
         GRANT SELECT ON test.* TO {USER}@'127.0.0.1'; GRANT SELECT ON test.* TO holder@'127.0.0.1'"
    ))?;
    Ok(server)
}

async fn host(server: &MariaDb, user: &str, json_data: Value, secrets: &[(&str, &str)]) -> Result<Host> {
    let mut settings = settings(&address(server), user, PASSWORD, json_data);
    for (name, value) in secrets {
        settings.secrets.insert(*name, *value);
    }
    Host::start_with(&wasm("mysql")?, settings).await
}

/// What the health check and a query say of the way.
async fn problem(host: &Host, expected: &str) -> Result<()> {
    let (is_well, message) = health(host).await?;
    assert!(!is_well, "{message}");
    for said in [message, error(host, ENCRYPTED).await?] {
        assert!(said.contains(expected), "{said}");
    }
    Ok(())
}

const ENCRYPTED: &str =
    "SELECT VARIABLE_VALUE <> '' FROM information_schema.session_status WHERE VARIABLE_NAME = 'Ssl_cipher'";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_authority_is_known_is_trusted_and_another_is_not() -> Result<()> {
    let authority = Authority::new("ours")?;
    let good = server(&authority.server("127.0.0.1")?, &authority)?;
    let verified = json!({"tlsAuthWithCACert": true});
    for json_data in [&verified, &json!({"tlsSkipVerify": true})] {
        let host = host(&good, USER, json_data.clone(), &[("tlsCACert", authority.pem())]).await?;
        assert_eq!(value(&host, ENCRYPTED).await?, 1, "{json_data}");
    }
    let plain = host(&good, USER, json!({}), &[]).await?;
    problem(&plain, "Access denied").await?;

    let (stranger, impostor) = (Authority::new("stranger")?, Authority::new("ours")?);
    let unknown = host(&good, USER, verified.clone(), &[("tlsCACert", stranger.pem())]).await?;
    problem(&unknown, "the server's CA is not trusted here").await?;
    let same_name = host(&good, USER, verified, &[("tlsCACert", impostor.pem())]).await?;
    problem(&same_name, "it is another one").await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_servers_certificate_and_one_that_has_expired_are_told_apart() -> Result<()> {
    let authority = Authority::new("ours")?;
    let ca = ("tlsCACert", authority.pem());
    let (verified, skipped) = (json!({"tlsAuthWithCACert": true}), json!({"tlsSkipVerify": true}));
    let other = server(&authority.server("other.example")?, &authority)?;
    for expected in ["name", "127.0.0.1"] {
        problem(&host(&other, USER, verified.clone(), &[ca]).await?, expected).await?;
    }
    assert_eq!(value(&host(&other, USER, skipped.clone(), &[ca]).await?, ENCRYPTED).await?, 1);

    let expired = server(&authority.expired("127.0.0.1")?, &authority)?;
    problem(&host(&expired, USER, verified, &[ca]).await?, "expired").await?;
    assert_eq!(value(&host(&expired, USER, skipped, &[ca]).await?, ENCRYPTED).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_logs_in() -> Result<()> {
    let authority = Authority::new("ours")?;
    let server = server(&authority.server("127.0.0.1")?, &authority)?;
    let certificate = authority.client("holder")?;
    let secrets = [
        ("tlsCACert", authority.pem()),
        ("tlsClientCert", certificate.pem.as_str()),
        ("tlsClientKey", certificate.key.as_str()),
    ];
    let verified = json!({"tlsAuth": true, "tlsAuthWithCACert": true});
    let with = host(&server, "holder", verified, &secrets).await?;
    assert_eq!(value(&with, ENCRYPTED).await?, 1);
    let without = host(&server, "holder", json!({"tlsAuthWithCACert": true}), &secrets[..1]).await?;
    problem(&without, "Access denied").await
}
