//! Why a data source is not well: a sentence for each reason, and no secret in any.

use crate::{PASSWORD, USER, address, server, settings};
use anyhow::Result;
use serde_json::{Value, json};
use std::net::TcpListener;
use wellhead_e2e::host::{Host, wasm};
use wellhead_e2e::sql::{error, health};

const WRONG: &str = "wrong-secret";

/// What the health check says; a query must fail, too.
async fn sentence(address: &str, password: &str, json_data: Value) -> Result<String> {
    let host = Host::start_with(&wasm("mysql")?, settings(address, USER, password, json_data)).await?;
    let (is_well, message) = health(&host).await?;
    let error = error(&host, "SELECT 1").await?;
    assert!(!is_well, "{message}");
    for text in [&message, &error] {
        assert!(!text.contains(WRONG) && !text.contains(PASSWORD), "{text}");
    }
    Ok(message)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_has_a_sentence_of_its_own_and_no_secret_in_it() -> Result<()> {
    let server = server(&[])?;
    let at = address(&server);
    let well = Host::start_with(&wasm("mysql")?, settings(&at, USER, PASSWORD, json!({}))).await?;
    assert_eq!(health(&well).await?, (true, "Database Connection OK".to_owned()));

    // A port that nobody listens on any more.
    let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    server.ask("CREATE DATABASE other")?;
    for (address, password, database, expected) in [
        (at.as_str(), WRONG, "test", "refuses the password of user \"who\": check user and password"),
        (&at, PASSWORD, "other", "does not let user \"who\" into database \"other\": grant"),
        (&nobody, PASSWORD, "test", "refused"),
        ("nowhere.invalid:3306", PASSWORD, "test", "nowhere.invalid"),
    ] {
        let message = sentence(address, password, json!({"database": database})).await?;
        assert!(message.contains(expected), "{message}");
    }
    // Who may see that a database is not there is told so.
    server.ask("GRANT SELECT ON *.* TO who@'127.0.0.1'")?;
    let message = sentence(&at, PASSWORD, json!({"database": "nowhere"})).await?;
    assert!(message.contains("has no database \"nowhere\": check the database's name"), "{message}");
    Ok(())
}
