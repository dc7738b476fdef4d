//! Health messages that a person can act on.

use crate::support::plugin;
use serde_json::json;
use wellhead_sdk::testing::{self, block_on};
use wellhead_sdk::{DataSource, HealthStatus, RequestContext};
use wellhead_test_servers::PostgreSql;
use wellhead_test_sql::BUDGET;

#[test]
fn each_reason_has_a_sentence_of_its_own_and_no_secret_in_it() {
    let server = PostgreSql::start_with(
        &["password_encryption=scram-sha-256", "hba_file=rules.conf"],
        &[(
            "rules.conf",
            "host all postgres 127.0.0.1/32 trust\nhost all md 127.0.0.1/32 md5\nhost all who 127.0.0.1/32 scram-sha-256\n",
        )],
    )
    .unwrap();
    server.ask("CREATE ROLE who LOGIN PASSWORD 'right'; CREATE ROLE stranger LOGIN").unwrap();
    server.ask("SET password_encryption = 'md5'; CREATE ROLE md LOGIN PASSWORD 'right'").unwrap();
    let check = |user: &str, password: &str, json_data| {
        let plugin = plugin(&server, user, password, json_data).unwrap();
        let health = block_on(plugin.check_health(&RequestContext::new(1, BUDGET))).unwrap();
        assert!(!health.message.contains("wrong-secret"), "{health:?}");
        (health.status == HealthStatus::Ok, health.message)
    };
    for user in ["who", "md"] {
        assert_eq!(check(user, "right", json!({})), (true, "Database Connection OK".to_owned()));
        let (ok, message) = check(user, "wrong-secret", json!({}));
        assert!(!ok && message.contains(&format!("refuses the password of user \"{user}\"")), "{message}");
    }
    let (_, message) = check("stranger", "", json!({}));
    assert!(message.contains("does not let user \"stranger\" in"), "{message}");
    let (_, message) = check("who", "right", json!({"database": "nowhere"}));
    assert!(message.contains("has no database \"nowhere\""), "{message}");
    let (_, message) = check("who", "right", json!({"sslmode": "require"}));
    assert!(message.contains("speaks no TLS: set sslmode to disable"), "{message}");

    let nobody = plugin(&server, "who", "right", json!({})).unwrap();
    drop(server);
    testing::endpoint("server", "127.0.0.1:1");
    let health = block_on(nobody.check_health(&RequestContext::new(1, BUDGET))).unwrap();
    assert!(health.message.contains("refused"), "{health:?}");
}
