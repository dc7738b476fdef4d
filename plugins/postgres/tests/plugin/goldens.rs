//! Grafana's own golden frames.

use crate::support::Source;
use wellhead_test_sql::goldens;

#[test]
fn grafanas_golden_frames_are_matched() {
    goldens("postgres", &Source::start(), |server, script| {
        // The plugin has a connection of its own.
        server.ask(&format!("DROP TABLE IF EXISTS tbl; {}", script.replace("TEMPORARY", ""))).unwrap();
    });
}
