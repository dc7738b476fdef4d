//! The health check, when things are not well.

use crate::lab::{Lab, Upstream};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict, case};
use wellhead::{DataSource, HealthStatus, Limits, Otherwise, PluginError, Replay};

/// Asks before an upstream that is down, and with URLs that lead nowhere.
pub(super) async fn health(subject: &Subject) -> Result<Verdict, SuiteError> {
    let mut faults = Vec::new();
    let mut asks_upstream = false;
    let at = |url: &str| DataSource { url: url.to_owned(), ..subject.source.clone() };
    let sources = [
        ("an upstream that is down".to_owned(), subject.source.clone()),
        ("the URL \"not a url\"".to_owned(), at("not a url")),
        ("no URL".to_owned(), at("")),
    ];
    for (what, source) in sources {
        let replay = Replay::of_nothing(Otherwise::Refuse);
        let redactor = redactor_of(&source);
        let upstream = Upstream::Played(replay.clone());
        let mut lab = Lab::open(subject, source, upstream, redactor, case::standing(), Limits::default()).await?;
        let checked = lab.check_health().await;
        let crashes = lab.crashes();
        lab.close().await;
        asks_upstream |= replay.asked() > 0;
        match checked {
            Ok(health) if health.status == HealthStatus::Ok && asks_upstream => {
                faults.push(format!("with {what} it says that it is well: {:?}", health.message));
            }
            Ok(health) if health.message.trim().is_empty() => {
                faults.push(format!("with {what} it says {} and no word more: say what to do", health.status.as_str()));
            }
            Ok(_) | Err(PluginError::InvalidSettings { .. } | PluginError::Guest(_)) => {}
            Err(error) => {
                let why = crashes.first().cloned().unwrap_or_else(|| error.to_string());
                faults.push(format!("with {what} there is no answer: {why}"));
            }
        }
    }
    Ok(Verdict::unless((!faults.is_empty()).then(|| faults.join("\n"))))
}
