//! The bounds of a pool, from the settings that Grafana's SQL data sources have.

use std::time::Duration;

use wellhead_sdk::tracing;

use crate::SqlSettings;

/// Connections that the host allows a data source unless its limit is raised.
const HOST_CONNECTIONS: usize = 32;

/// Of those, kept for what goes beside the pool: cancelling a query takes a connection of its own.
const KEPT_BACK: usize = 2;

/// The bounds of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// The most connections, at least one.
    pub max_open: usize,
    /// The most that stay open while nobody uses them.
    pub max_idle: usize,
    /// As many are kept by [`refresh`](super::Pool::refresh) for the next call.
    pub min_idle: usize,
    /// An idle connection is closed after so long.
    pub idle_time: Option<Duration>,
    /// A connection is closed once it is so old and free.
    pub life_time: Option<Duration>,
    /// Calls that may wait for a connection; more are refused at once.
    pub max_waiting: usize,
    /// How long one waits; `None` as long as the call lives.
    pub wait: Option<Duration>,
    /// A connection that was idle for so long is checked before it is given out.
    pub check_after: Duration,
    /// How long connecting and logging in may take.
    pub connect: Duration,
    /// How long a connection that was thrown away keeps its place, at most, while the server lets go of it.
    pub abandon: Duration,
}

impl Default for PoolConfig {
    /// Grafana's: connections live four hours. Idle ones go after ten minutes, before most firewalls forget them.
    fn default() -> Self {
        let max_open = HOST_CONNECTIONS - KEPT_BACK;
        Self {
            max_open,
            max_idle: max_open,
            min_idle: 0,
            idle_time: Some(Duration::from_secs(600)),
            life_time: Some(Duration::from_secs(14_400)),
            max_waiting: 1_024,
            wait: Some(Duration::from_secs(30)),
            check_after: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            abandon: Duration::from_secs(15),
        }
    }
}

impl PoolConfig {
    /// From a data source's settings. Grafana's default of 100 connections is above what the host allows, so
    /// 30 are the most here; where the settings ask for more, the log says so.
    pub fn of(settings: &SqlSettings) -> Self {
        let default = Self::default();
        let number = |setting: Option<i64>| setting.and_then(|number| usize::try_from(number).ok());
        // To Grafana, 0 open connections and a negative number are no limit.
        let asked = number(settings.max_open_conns).filter(|asked| *asked > 0);
        let max_open = asked.map_or(default.max_open, |asked| asked.min(default.max_open));
        if let Some(asked) = asked.filter(|asked| *asked > max_open) {
            tracing::info!(
                asked,
                used = max_open,
                "maxOpenConns is above what the host allows a data source, {HOST_CONNECTIONS} connections of which \
                 {KEPT_BACK} are kept back to cancel queries"
            );
        }
        Self {
            max_open,
            max_idle: number(settings.max_idle_conns).map_or(max_open, |idle| idle.min(max_open)),
            life_time: match settings.conn_max_lifetime {
                Some(seconds) => u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs),
                None => default.life_time,
            },
            connect: number(settings.connection_timeout)
                .and_then(|seconds| u64::try_from(seconds).ok())
                .filter(|seconds| *seconds > 0)
                .map_or(default.connect, Duration::from_secs),
            ..default
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_grafanas_and_capped_by_the_host() {
        let config = |open, idle, life| {
            let settings = SqlSettings {
                max_open_conns: open,
                max_idle_conns: idle,
                conn_max_lifetime: life,
                ..SqlSettings::default()
            };
            let config = PoolConfig::of(&settings);
            (config.max_open, config.max_idle, config.life_time.map(|time| time.as_secs()))
        };
        assert_eq!(config(None, None, None), (30, 30, Some(14_400)));
        assert_eq!(config(Some(100), Some(100), Some(14_400)), (30, 30, Some(14_400)));
        assert_eq!(config(Some(5), Some(2), Some(60)), (5, 2, Some(60)));
        assert_eq!(config(Some(5), Some(10), Some(0)), (5, 5, None));
        assert_eq!(config(Some(0), Some(0), Some(-1)), (30, 0, None));
    }
}
