//! TLS with a real server: what is trusted, what is not, and what is said then.

use crate::settings;
use anyhow::Result;
use serde_json::{Value, json};
use wellhead_e2e::certificates::{Authority, Certificate};
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::sql::{error, value};
use wellhead_test_servers::PostgreSql;

const RULES: &str = "host all postgres 127.0.0.1/32 trust\n\
                     hostssl all who 127.0.0.1/32 scram-sha-256\n\
                     hostssl all holder 127.0.0.1/32 cert\n";

/// A server with this certificate, which trusts the authority's clients.
fn server(certificate: &Certificate, authority: &Authority) -> Result<PostgreSql> {
    let on = ["ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key", "ssl_ca_file=ca.crt", "hba_file=rules"];
    let files = [
        ("server.crt", certificate.pem.as_str()),
        ("server.key", certificate.key.as_str()),
        ("ca.crt", authority.pem()),
        ("rules", RULES),
    ];
    let server = PostgreSql::start_with(&on, &files)?;
    server.ask("CREATE ROLE who LOGIN PASSWORD 'right'; CREATE ROLE holder LOGIN")?;
    Ok(server)
}

async fn host(server: &PostgreSql, user: &str, sslmode: &str, secrets: &[(&str, &str)]) -> Result<Host> {
    let json_data = json!({"sslmode": sslmode, "tlsConfigurationMethod": "file-content"});
    let mut settings = settings(&format!("127.0.0.1:{}", server.port()), user, "right", json_data);
    for (name, value) in secrets {
        settings.secrets.insert(*name, *value);
    }
    Host::start_with(&wasm("postgres")?, settings).await
}

const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

#[tokio::test(flavor = "multi_thread")]
async fn every_mode_encrypts_and_verifies_what_it_says() -> Result<()> {
    let authority = Authority::new("ours")?;
    let ca = ("tlsCACert", authority.pem());
    let good = server(&authority.server("127.0.0.1")?, &authority)?;
    for sslmode in ["require", "verify-ca", "verify-full"] {
        // The password goes by SCRAM, bound to the server's certificate.
        let host = host(&good, "who", sslmode, &[ca]).await?;
        assert_eq!(value(&host, ENCRYPTED).await?, Value::Bool(true), "{sslmode}");
    }
    let plain = host(&good, "who", "disable", &[]).await?;
    let refused = error(&plain, ENCRYPTED).await?;
    assert!(refused.contains("no encryption"), "{refused}");

    let (stranger, impostor) = (Authority::new("stranger")?, Authority::new("ours")?);
    for sslmode in ["verify-ca", "verify-full"] {
        let host = host(&good, "who", sslmode, &[("tlsCACert", stranger.pem())]).await?;
        let unknown = error(&host, ENCRYPTED).await?;
        assert!(unknown.contains("the server's CA is not trusted here"), "{sslmode}: {unknown}");
        let same_name = self::host(&good, "who", sslmode, &[("tlsCACert", impostor.pem())]).await?;
        let unknown = error(&same_name, ENCRYPTED).await?;
        assert!(unknown.contains("it is another one"), "{sslmode}: {unknown}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_servers_certificate_and_one_that_has_expired_are_told_apart() -> Result<()> {
    let authority = Authority::new("ours")?;
    let ca = ("tlsCACert", authority.pem());
    let other = server(&authority.server("other.example")?, &authority)?;
    let wrong_name = error(&host(&other, "who", "verify-full", &[ca]).await?, ENCRYPTED).await?;
    assert!(wrong_name.contains("name") && wrong_name.contains("127.0.0.1"), "{wrong_name}");
    assert_eq!(value(&host(&other, "who", "verify-ca", &[ca]).await?, ENCRYPTED).await?, true);

    let expired = server(&authority.expired("127.0.0.1")?, &authority)?;
    for sslmode in ["verify-ca", "verify-full"] {
        let message = error(&host(&expired, "who", sslmode, &[ca]).await?, ENCRYPTED).await?;
        assert!(message.contains("expired"), "{sslmode}: {message}");
    }
    assert_eq!(value(&host(&expired, "who", "require", &[ca]).await?, ENCRYPTED).await?, true);
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
    let host_with = host(&server, "holder", "verify-full", &secrets).await?;
    assert_eq!(value(&host_with, "SELECT current_user::text").await?, "holder");
    let without = host(&server, "holder", "verify-full", &secrets[..1]).await?;
    let message = error(&without, "SELECT 1").await?;
    assert!(message.contains("certificate"), "{message}");
    Ok(())
}
