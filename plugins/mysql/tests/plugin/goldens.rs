//! Grafana's own golden frames.

use crate::support::Source;
use serde_json::json;
use wellhead_test_servers::MariaDb;
use wellhead_test_sql::goldens;

#[test]
fn grafanas_golden_frames_are_matched() {
    // As the server of Grafana's tests is set up.
    let server = MariaDb::start_with(&["sql-mode=ANSI_QUOTES"], &[]).unwrap();
    goldens("mysql", &Source::with(server, json!({})), |server, script| {
        server.ask(&format!("DROP TABLE IF EXISTS tbl; {script}")).unwrap();
    });
}
