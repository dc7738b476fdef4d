//! What a real server says of itself while a plugin talks to it.

use anyhow::{Result, ensure};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use wellhead_test_servers::{ClickHouse, MariaDb, PostgreSql};

/// How long a state may take to come about on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const POLL: Duration = Duration::from_millis(20);

/// A server that can be asked beside the plugin.
pub trait Server {
    /// The rows of `sql` as its own client writes them.
    fn ask(&self, sql: &str) -> Result<String>;
}

impl Server for PostgreSql {
    fn ask(&self, sql: &str) -> Result<String> {
        Self::ask(self, sql)
    }
}

impl Server for MariaDb {
    fn ask(&self, sql: &str) -> Result<String> {
        Self::ask(self, sql)
    }
}

impl Server for ClickHouse {
    fn ask(&self, sql: &str) -> Result<String> {
        Self::ask(self, sql)
    }
}

/// Waits until the server answers so.
pub async fn until(server: &impl Server, sql: &str, expected: &str) -> Result<()> {
    within(PATIENCE, server, sql, expected).await
}

/// As [`until`], where something must come about in a bounded time.
pub async fn within(patience: Duration, server: &impl Server, sql: &str, expected: &str) -> Result<()> {
    let deadline = Instant::now() + patience;
    loop {
        let answer = server.ask(sql)?;
        if answer == expected {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{sql}: {answer:?} after {patience:?}, not {expected:?}");
        sleep(POLL).await;
    }
}

/// What comes of `work`, and the most that `count` gave meanwhile.
pub async fn most<T>(count: impl Fn() -> Result<u64>, work: impl Future<Output = T>) -> Result<(u64, T)> {
    let mut most = 0;
    let watch = async {
        loop {
            most = most.max(count()?);
            sleep(POLL / 2).await;
        }
    };
    let done = tokio::select! {
        watched = watch => { let watched: Result<Infallible> = watched; match watched? {} }
        done = work => done,
    };
    Ok((most, done))
}

/// Connections to a port of 127.0.0.1, counted by the operating system on the server's side.
pub fn connections(port: u16) -> Result<u64> {
    // The table may change while it is read, and then has one that is gone beside the one in its stead: what is not there
    // at the next look, either, was not too many.
    Ok(established(port)?.min(established(port)?))
}

fn established(port: u16) -> Result<u64> {
    // proc(5): local address, remote address, state; addresses and ports in hexadecimal, 01 is established.
    const ESTABLISHED: &str = "01";
    let table = std::fs::read_to_string("/proc/net/tcp")?;
    let ours = format!("0100007F:{port:04X}");
    let is_ours = |line: &&str| {
        let mut columns = line.split_whitespace().skip(1);
        columns.next() == Some(&ours) && columns.nth(1) == Some(ESTABLISHED)
    };
    Ok(table.lines().filter(is_ours).count().try_into()?)
}
