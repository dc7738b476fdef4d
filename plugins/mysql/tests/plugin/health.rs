//! Health messages that a person can act on.

use crate::support::{at, plugin};
use serde_json::json;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::{DataSource, HealthStatus, RequestContext};
use wellhead_test_servers::MariaDb;
use wellhead_test_sql::{BUDGET, query};

#[test]
fn each_reason_has_a_sentence_of_its_own_and_no_secret_in_it() {
    let server = MariaDb::start().unwrap();
    server
        .ask(
            "CREATE USER who@'127.0.0.1' IDENTIFIED BY 'right'; GRANT ALL ON test.* TO who@'127.0.0.1';
             CREATE USER tls@'127.0.0.1' IDENTIFIED BY 'right' REQUIRE SSL;
             CREATE USER locked@'127.0.0.1' IDENTIFIED BY 'right' ACCOUNT LOCK;
             CREATE USER one@'127.0.0.1' IDENTIFIED BY 'right' WITH MAX_USER_CONNECTIONS 1;
             GRANT ALL ON test.* TO one@'127.0.0.1';
             CREATE USER far@'10.1.2.3' IDENTIFIED BY 'right'; CREATE DATABASE other",
        )
        .unwrap();
    let check = |user: &str, password: &str, json_data| {
        let plugin = plugin(&server, user, password, json_data).unwrap();
        let health = block_on(plugin.check_health(&RequestContext::new(1, BUDGET))).unwrap();
        assert!(!health.message.contains("wrong-secret"), "{health:?}");
        (health.status == HealthStatus::Ok, health.message)
    };
    assert_eq!(check("who", "right", json!({})), (true, "Database Connection OK".to_owned()));
    assert!(check("who", "right", json!({"database": "", "timezone": "-07:00"})).0);
    for (user, password, json_data, expected) in [
        ("who", "wrong-secret", json!({}), "refuses the password of user \"who\": check"),
        ("far", "right", json!({}), "refuses the password of user \"far\": check"),
        ("tls", "right", json!({}), "refuses the password of user \"tls\": check"),
        ("who", "right", json!({"database": "other"}), "does not let user \"who\" into database \"other\": grant"),
        ("root", "", json!({"database": "nowhere"}), "has no database \"nowhere\": check"),
        ("locked", "right", json!({}), "is locked at"),
        ("who", "right", json!({"timezone": "Nowhere/Town"}), "does not know the time zone \"Nowhere/Town\": set"),
        ("who", "right", json!({"tlsAuthWithCACert": true}), "speaks no TLS: turn"),
    ] {
        let (ok, message) = check(user, password, json_data);
        assert!(!ok && message.contains(expected), "{user}: {message}");
    }
    // TLS where the server can, and it cannot.
    assert!(check("who", "right", json!({"tlsSkipVerify": true})).0);

    // The first one's session stays in its pool.
    let first = plugin(&server, "one", "right", json!({})).unwrap();
    let model = serde_json::from_value(json!({"rawSql": "SELECT 1", "format": "table"})).unwrap();
    let both = block_on(async {
        let held = first.query(&RequestContext::new(1, BUDGET), query(model)).await;
        let second = plugin(&server, "one", "right", json!({})).unwrap();
        let health = second.check_health(&RequestContext::new(1, BUDGET)).await.unwrap();
        drop(held);
        health
    });
    assert!(both.message.contains("has no connection left: raise"), "{both:?}");

    let nobody = at(1, "who", "right", json!({})).unwrap();
    drop(server);
    let health = block_on(nobody.check_health(&RequestContext::new(1, BUDGET))).unwrap();
    assert!(health.message.contains("refused"), "{health:?}");
}
