//! Why a data source is not well: a sentence for each reason, and no secret in any.

use crate::{host, settings, url};
use anyhow::Result;
use serde_json::{Value, json};
use std::net::TcpListener;
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::sql::{error, health};
use wellhead_test_servers::ClickHouse;

const WRONG: &str = "wrong-secret";

/// What the health check says; a query must fail, too.
async fn sentence(url: &str, json_data: &Value, password: &str) -> Result<String> {
    let host = Host::start_with(&wasm("clickhouse")?, settings(url, json_data, &[("password", password)])).await?;
    let (is_well, message) = health(&host).await?;
    let error = error(&host, "SELECT 1").await?;
    assert!(!is_well, "{message}");
    for text in [&message, &error] {
        assert!(!text.contains(WRONG), "{text}");
    }
    Ok(message)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_has_a_sentence_of_its_own_and_no_secret_in_it() -> Result<()> {
    let server = ClickHouse::start()?;
    let at = url(&server);
    assert_eq!(health(&host(&at).await?).await?, (true, "Data source is working".to_owned()));

    // A port that nobody listens on any more.
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?);
    for (url, json_data, password, expected) in [
        (at.as_str(), json!({}), WRONG, "refuses user \"default\" with this password: check both"),
        (&at, json!({"username": "stranger"}), WRONG, "knows no user \"stranger\": check the user name"),
        (&at, json!({"defaultDatabase": "nowhere"}), "", "has no database \"nowhere\": check"),
        (&nobody, json!({}), WRONG, "cannot be reached: check host and port, and that the server runs"),
        ("http://nowhere.invalid:8123", json!({}), WRONG, "nowhere.invalid"),
    ] {
        let message = sentence(url, &json_data, password).await?;
        assert!(message.contains(expected), "{message}");
    }
    Ok(())
}
