//! `GET /api/datasources/uid/:uid/health`.

use crate::support::Host;

#[tokio::test]
async fn the_table_of_health() {
    let host = Host::start().await;
    let mut shown = Vec::new();
    for uid in ["one", "two", "nope", "orphan"] {
        shown.push(format!("# {uid}\n{}\n", host.get(&format!("/api/datasources/uid/{uid}/health")).await.shown()));
    }
    insta::assert_snapshot!(shown.join("\n"));
}
