//! What the SQL plugins tell of their connection pools, and the host of the same connections, as the real server's
//! `/metrics` has it, before real databases.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wellhead::{DataSource, MemoryStore, Wellhead};
use wellhead_e2e::host::{compile_cache, wasm};
use wellhead_e2e::http;
use wellhead_server::{Server, ServerConfig};
use wellhead_test_servers::{MariaDb, PostgreSql};

/// How long a state may take to come about on a busy machine. Below the minute after which a pool looks after itself:
/// what it holds is told when it changes, and not by and by.
const PATIENCE: Duration = Duration::from_secs(40);

/// A server with one SQL plugin, and before it the data source `db`.
struct Front {
    port: u16,
    plugin: &'static str,
    served: JoinHandle<()>,
}

impl Front {
    async fn start(file: &str, plugin: &'static str, source: DataSource) -> Result<Self> {
        let wellhead = Wellhead::builder().plugin_file(wasm(file)?).compile_cache(compile_cache());
        let wellhead = wellhead.store(MemoryStore::new([source])?).build().await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let server = Server::new(wellhead, ServerConfig::default());
        Ok(Self { port, plugin, served: tokio::spawn(server.serve(listener, std::future::pending())) })
    }

    /// Asks one query, and gives the status.
    async fn ask(&self, sql: &str) -> Result<u16> {
        let query = json!({"refId": "A", "datasource": {"uid": "db"}, "rawSql": sql, "format": "table"});
        let body = json!({"from": "now-1h", "to": "now", "queries": [query]}).to_string();
        let headers = [("Content-Type", "application/json")];
        Ok(http::post(self.port, "/api/ds/query", &headers, body.as_bytes()).await?.status)
    }

    /// Waits until a series of the data source's pool, with these further labels, has this value.
    async fn shows(&self, name: &str, labels: &str, value: u32) -> Result<()> {
        self.told(name, labels, |seen| seen == f64::from(value)).await
    }

    async fn told(&self, name: &str, labels: &str, holds: impl Fn(f64) -> bool) -> Result<()> {
        let source = format!("plugin=\"{}\",org=\"1\",datasource=\"db\"{labels}", self.plugin);
        self.until(&format!("wellhead_guest_sql_pool_{name}{{{source}}} "), holds).await
    }

    /// The same of what the host counts itself.
    async fn counts(&self, name: &str, labels: &str, holds: impl Fn(f64) -> bool) -> Result<()> {
        let source = format!("plugin=\"{}\",org=\"1\",uid=\"db\"{labels}", self.plugin);
        self.until(&format!("wellhead_plugin_{name}{{{source}}} "), holds).await
    }

    async fn until(&self, series: &str, holds: impl Fn(f64) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let metrics = String::from_utf8(http::get(self.port, "/metrics", &[]).await?.body)?;
            let found = metrics.lines().find_map(|line| line.strip_prefix(series));
            if found.map(str::parse::<f64>).transpose()?.is_some_and(&holds) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{series}{found:?} is not what should be\n{metrics}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A pool at rest, in use, and where calls wait for it; `sleep` takes some seconds.
    async fn shows_its_pool(&self, sleep: &str) -> Result<()> {
        assert_eq!(self.ask("SELECT 1").await?, 200);
        self.shows("connects_total", ",result=\"ok\"", 1).await?;
        self.shows("connections", ",state=\"open\"", 1).await?;
        self.shows("connections", ",state=\"in_use\"", 0).await?;
        self.shows("connections", ",state=\"idle\"", 1).await?;
        let (one, two, three, seen) = tokio::join!(self.ask(sleep), self.ask(sleep), self.ask(sleep), async {
            self.shows("connections", ",state=\"in_use\"", 2).await?;
            self.shows("waiting", "", 1).await
        });
        seen?;
        assert_eq!((one?, two?, three?), (200, 200, 200));
        self.shows("waiting", "", 0).await?;
        self.shows("wait_seconds_count", "", 1).await?;
        self.shows("connects_total", ",result=\"ok\"", 2).await?;
        self.shows("connections", ",state=\"in_use\"", 0).await?;
        // The host's own count of the same connections.
        self.counts("connections", "", |open| open == 2.0).await?;
        self.counts("connects_total", ",outcome=\"ok\"", |made| made == 2.0).await?;
        self.counts("connection_read_bytes_total", "", |bytes| bytes > 100.0).await?;
        self.counts("connection_written_bytes_total", "", |bytes| bytes > 100.0).await
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.served.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_of_the_postgresql_plugin_is_seen_from_outside_of_the_sandbox() -> Result<()> {
    const PLUGIN: &str = "grafana-postgresql-datasource";
    let server = PostgreSql::start()?;
    let source = DataSource { user: PostgreSql::USER.to_owned(), ..DataSource::new("db", "db", PLUGIN) }
        .with_url(format!("127.0.0.1:{}", server.port()))
        .with_json_data("database", "postgres")
        .with_json_data("sslmode", "disable")
        .with_json_data("maxOpenConns", 2);
    let front = Front::start("postgres", PLUGIN, source).await?;
    front.shows_its_pool("SELECT pg_sleep(2)").await?;
    // Ended by the server, they are found broken: at once, or by the query that is given one so soon after its last.
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'wellhead'";
    assert_eq!(server.ask(ended)?, "2");
    let mut statuses = Vec::new();
    while statuses.last() != Some(&200) && statuses.len() < 3 {
        statuses.push(front.ask("SELECT 1").await?);
    }
    assert_eq!(statuses.last(), Some(&200), "{statuses:?}");
    front.shows("discarded_total", ",reason=\"broken\"", 2).await?;
    let gone = server.port();
    drop(server);
    ensure!(std::net::TcpStream::connect(("127.0.0.1", gone)).is_err(), "the server is there still");
    // More often than there are connections, so that one is made anew.
    for _ in 0..3 {
        assert_ne!(front.ask("SELECT 1").await?, 200);
    }
    front.told("connects_total", ",result=\"error\"", |failed| failed >= 1.0).await?;
    front.counts("connects_total", ",outcome=\"refused\"", |refused| refused >= 1.0).await?;
    front.counts("connections", "", |open| open == 0.0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pool_of_the_mysql_plugin_is_seen_from_outside_of_the_sandbox() -> Result<()> {
    const PLUGIN: &str = "mysql";
    let server = MariaDb::start().context("MariaDB")?;
    let source = DataSource { user: "root".to_owned(), ..DataSource::new("db", "db", PLUGIN) }
        .with_url(format!("127.0.0.1:{}", server.port()))
        .with_json_data("database", "test")
        .with_json_data("maxOpenConns", 2);
    Front::start("mysql", PLUGIN, source).await?.shows_its_pool("SELECT SLEEP(2)").await
}
