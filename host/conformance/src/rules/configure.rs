//! Starting: the first call, by which the others stand or fall.

use crate::lab::{Happened, Lab, Upstream, happens};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict, case};
use futures::future::{Either, select};
use std::time::Duration;
use wellhead::{DataSource, Limits, Otherwise, PluginError, Replay};

/// How long a plugin has to start. It reads settings: a thousandth of this is long.
const START: Duration = Duration::from_secs(3);
/// How long anything may take here, compiling included.
const PATIENCE: Duration = Duration::from_secs(180);

/// Starts the plugin before an upstream that hangs, and finds the data source it starts with.
pub(crate) async fn configure(subject: &mut Subject) -> Result<Verdict, SuiteError> {
    let mut refusals = Vec::new();
    for source in subject.candidates() {
        match start(subject, &source).await? {
            Start::Good => {
                subject.source = source;
                return Ok(Verdict::Passed);
            }
            Start::Refused(why) => refusals.push(why),
            Start::Failed(why) => return Ok(Verdict::Failed(why)),
        }
    }
    let why = refusals.into_iter().next().unwrap_or_default();
    Ok(match subject.is_given {
        true => Verdict::Failed(format!("it refuses the settings it was given: {why}")),
        false => Verdict::Skipped(format!(
            "it refuses settings that are made from its schema ({why}): name some with --settings or --url, or give \
             jsonDataSchema examples"
        )),
    })
}

enum Start {
    Good,
    Refused(String),
    Failed(String),
}

async fn start(subject: &Subject, source: &DataSource) -> Result<Start, SuiteError> {
    let upstream = Upstream::Played(Replay::of_nothing(Otherwise::Stall));
    let limits = Limits { configure_deadline: START, cancel_grace: PATIENCE, ..Limits::default() };
    let redactor = redactor_of(source);
    let lab = Lab::open(subject, source.clone(), upstream, redactor, case::standing(), limits).await?;
    let mut events = lab.watch();
    let started = async {
        let asked = lab.ask_one(subject);
        let happened = happens(&mut events);
        futures::pin_mut!(asked, happened);
        match select(happened, asked).await {
            Either::Left((happened, asked)) => match happened {
                Some(Happened::Configured) | None => Start::Good,
                // What its caller is told says more.
                Some(Happened::Crashed(why)) => match asked.await {
                    Err(error) => judged(&error),
                    Ok(_) => Start::Failed(why),
                },
            },
            Either::Right((Ok(_), _)) => Start::Good,
            Either::Right((Err(error), _)) => judged(&error),
        }
    };
    let start = tokio::time::timeout(PATIENCE, started).await;
    lab.close().await;
    Ok(start.unwrap_or_else(|_| Start::Failed(format!("it did not start within {PATIENCE:?}"))))
}

fn judged(error: &PluginError) -> Start {
    match error {
        PluginError::InvalidSettings { error, .. } if error.message.trim().is_empty() => {
            Start::Failed("it refuses settings without a word: say what is wrong with them".to_owned())
        }
        PluginError::InvalidSettings { error, .. } => Start::Refused(error.message.clone()),
        PluginError::Guest(_) => Start::Good,
        error => {
            let text = error.to_string();
            let waits = text.contains("configure took more than");
            let cure = if waits { "; `configure` contacts nobody: connect at the first query" } else { "" };
            Start::Failed(format!("{text}{cure}"))
        }
    }
}
