//! Calls that overlap: a plugin is entered again while earlier calls wait.

use crate::lab::{Lab, Upstream};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict, case};
use futures::future::join_all;
use std::time::Duration;
use wellhead::{Limits, Otherwise, Replay};

/// Calls at once.
const AT_ONCE: usize = 16;
/// How long they have to be under way all together. Those that share one request never are: the time is spent then.
const TOGETHER: Duration = Duration::from_millis(500);
/// How often it is looked whether they are.
const LOOK: Duration = Duration::from_millis(2);

/// Many that wait at once, and many that are answered at once.
pub(super) async fn concurrency(subject: &Subject) -> Result<Verdict, SuiteError> {
    if let Some(verdict) = alone(subject).await? {
        return Ok(verdict);
    }
    if let Some(crash) = waiting(subject).await? {
        return Ok(Verdict::Failed(format!("while {AT_ONCE} queries waited for the upstream, {crash}")));
    }
    let fault = answered(subject).await?;
    Ok(Verdict::unless(fault))
}

/// One that fails alone is another rule's.
async fn alone(subject: &Subject) -> Result<Option<Verdict>, SuiteError> {
    let (source, replay, determinism) = subject.upstream();
    let redactor = redactor_of(&source);
    let mut lab =
        Lab::open(subject, source, Upstream::Played(replay), redactor, determinism, Limits::default()).await?;
    let answered = lab.ask_one(subject).await;
    lab.close().await;
    let crash = lab.crashes().into_iter().next().or_else(|| answered.err().map(|error| error.to_string()));
    Ok(crash.map(|crash| Verdict::Skipped(format!("it does not answer one query alone: {crash}"))))
}

/// Sixteen before an upstream that hangs.
async fn waiting(subject: &Subject) -> Result<Option<String>, SuiteError> {
    let replay = Replay::of_nothing(Otherwise::Stall);
    let (source, redactor) = (subject.source.clone(), redactor_of(&subject.source));
    // How late they are to go is another rule's.
    let limits = Limits { cancel_grace: TOGETHER.saturating_mul(20), ..Limits::default() };
    let upstream = Upstream::Played(replay.clone());
    let mut lab = Lab::open(subject, source, upstream, redactor, case::standing(), limits).await?;
    {
        let asked = join_all((0..AT_ONCE).map(|_| lab.ask_one(subject)));
        let together = async {
            while replay.asked() == 0 {
                tokio::time::sleep(LOOK).await;
            }
            let all = async {
                while replay.asked() < AT_ONCE {
                    tokio::time::sleep(LOOK).await;
                }
            };
            let _ = tokio::time::timeout(TOGETHER, all).await;
        };
        tokio::select! {
            biased;
            _ = asked => {}
            () = together => {}
        }
    }
    let crashes = lab.crashes();
    lab.close().await;
    Ok(crashes.into_iter().next())
}

/// Sixteen that are answered, and as the first was.
async fn answered(subject: &Subject) -> Result<Option<String>, SuiteError> {
    let (source, replay, determinism) = subject.upstream();
    let redactor = redactor_of(&source);
    let mut lab =
        Lab::open(subject, source, Upstream::Played(replay), redactor, determinism, Limits::default()).await?;
    let failed = |answers: &Result<Vec<crate::answer::Answered>, wellhead::PluginError>| match answers {
        Ok(answers) => answers.iter().any(|answer| answer.error.is_some()),
        Err(_) => true,
    };
    let first = failed(&lab.ask_one(subject).await);
    let all = join_all((0..AT_ONCE).map(|_| lab.ask_one(subject))).await;
    let crash = lab.crashes().into_iter().next();
    lab.close().await;
    if let Some(crash) = crash {
        return Ok(Some(format!("while it answered {AT_ONCE} queries at once, {crash}")));
    }
    let others = all.iter().filter(|answers| failed(answers) != first).count();
    let (alone, among) = if first { ("failed", "was answered") } else { ("was answered", "failed") };
    Ok((others > 0).then(|| format!("a query that {alone} alone {among} in {others} of {AT_ONCE} at once")))
}
