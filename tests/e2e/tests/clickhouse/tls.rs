//! TLS with a real server: what is trusted, what is not, and what is said then.

use crate::settings;
use anyhow::Result;
use serde_json::{Value, json};
use wellhead_e2e::certificates::{Authority, Certificate};
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::sql::{error, health, value};
use wellhead_test_servers::ClickHouse;

fn server(certificate: &Certificate) -> Result<ClickHouse> {
    ClickHouse::start_with_tls(&certificate.pem, &certificate.key)
}

async fn host(server: &ClickHouse, json_data: &Value, ca: &str) -> Result<Host> {
    let url = format!("https://127.0.0.1:{}", server.https_port()?);
    Host::start_with(&wasm("clickhouse")?, settings(&url, json_data, &[("tlsCACert", ca)])).await
}

/// What the health check says of the way; a query must say so, too.
async fn problem(host: &Host, expected: &str) -> Result<()> {
    let (is_well, message) = health(host).await?;
    assert!(!is_well, "{message}");
    for said in [message, error(host, "SELECT 1").await?] {
        assert!(said.contains(expected), "{said}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_authority_is_known_is_trusted_and_another_is_not() -> Result<()> {
    let authority = Authority::new("ours")?;
    let good = server(&authority.server("127.0.0.1")?)?;
    let verified = json!({"tlsAuthWithCACert": true});
    for json_data in [&verified, &json!({"tlsSkipVerify": true})] {
        assert_eq!(value(&host(&good, json_data, authority.pem()).await?, "SELECT 1").await?, 1, "{json_data}");
    }
    let (stranger, impostor) = (Authority::new("stranger")?, Authority::new("ours")?);
    problem(&host(&good, &verified, stranger.pem()).await?, "the server's CA is not trusted here").await?;
    problem(&host(&good, &verified, impostor.pem()).await?, "it is another one").await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_servers_certificate_and_one_that_has_expired_are_told_apart() -> Result<()> {
    let authority = Authority::new("ours")?;
    let (verified, skipped) = (json!({"tlsAuthWithCACert": true}), json!({"tlsSkipVerify": true}));
    let other = server(&authority.server("other.example")?)?;
    for expected in ["name", "127.0.0.1"] {
        problem(&host(&other, &verified, authority.pem()).await?, expected).await?;
    }
    let expired = server(&authority.expired("127.0.0.1")?)?;
    problem(&host(&expired, &verified, authority.pem()).await?, "expired").await?;
    for server in [&other, &expired] {
        assert_eq!(value(&host(server, &skipped, authority.pem()).await?, "SELECT 1").await?, 1);
    }
    Ok(())
}
