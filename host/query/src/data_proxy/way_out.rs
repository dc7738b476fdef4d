//! One version of a data source's settings, made ready to send requests with.

use super::ProxyError;
use super::target::Target;
use serde_json::Value;
use std::time::Duration;
use wellhead_egress::{Egress, EgressClient, EgressError};
use wellhead_runtime::DataSourceSettings;

/// How long a server may take to begin its answer where `jsonData.timeout` says nothing: Grafana's default.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where requests go, by which connections, and how long they may take.
pub(super) struct WayOut {
    pub(super) target: Target,
    pub(super) client: EgressClient,
    /// Until the answer begins. What the host allows at most is egress's.
    pub(super) patience: Duration,
}

impl WayOut {
    pub(super) fn new(egress: &Egress, settings: &DataSourceSettings) -> Result<Self, ProxyError> {
        let policy = settings.egress_policy(&[]).map_err(|error| match error {
            EgressError::InvalidUrl { .. } => {
                ProxyError::NoHttpUrl { uid: settings.uid.clone(), reason: "cannot be read" }
            }
            error => error.into(),
        })?;
        let target = Target::of(&settings.uid, &settings.url, &policy)?;
        let patience = settings.json_data.get("timeout").and_then(seconds).unwrap_or(PATIENCE);
        Ok(Self { target, client: egress.client(policy)?, patience })
    }
}

/// `jsonData.timeout` is whole seconds, as a number or, from Grafana's settings page, as text. Zero: the default.
fn seconds(timeout: &Value) -> Option<Duration> {
    let seconds = timeout.as_u64().or_else(|| timeout.as_str()?.trim().parse().ok())?;
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_timeout_is_whole_seconds_in_either_form() {
        for (timeout, expected) in [(json!(5), Some(5)), (json!(" 7"), Some(7)), (json!(0), None), (json!(-1), None)] {
            assert_eq!(seconds(&timeout), expected.map(Duration::from_secs), "{timeout}");
        }
        for nonsense in [json!("soon"), json!(null), json!([1]), json!(1.5)] {
            assert_eq!(seconds(&nonsense), None, "{nonsense}");
        }
    }
}
