//! Waiting: for an upstream that hangs, with a caller who goes, and with others who want to be served meanwhile.

use crate::lab::{Lab, Upstream};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict, case};
use std::time::Duration;
use wellhead::{Limits, Otherwise, Replay};

/// What a canceled call may still take.
const GRACE: Duration = Duration::from_millis(100);
/// A loaded machine makes anybody late once, and again.
const TRIES: usize = 3;
/// How long a plugin has to ask its upstream, compiling included.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(2);
/// How long a call may hold the others up.
const HELD_UP: Duration = Duration::from_millis(500);

async fn stalled(subject: &Subject, limits: Limits) -> Result<(Lab, Replay), SuiteError> {
    let replay = Replay::of_nothing(Otherwise::Stall);
    let (source, redactor) = (subject.source.clone(), redactor_of(&subject.source));
    let upstream = Upstream::Played(replay.clone());
    Ok((Lab::open(subject, source, upstream, redactor, case::standing(), limits).await?, replay))
}

/// Goes away while the plugin waits for its upstream, and sees whether the host had to end it.
pub(super) async fn cancellation(subject: &Subject) -> Result<Verdict, SuiteError> {
    let mut late = Vec::new();
    for _ in 0..TRIES {
        let limits = Limits { cancel_grace: GRACE, ..Limits::default() };
        let (mut lab, replay) = stalled(subject, limits).await?;
        let waits = {
            let asked = lab.ask_one(subject);
            let reached = async {
                while replay.asked() == 0 {
                    tokio::time::sleep(LOOK).await;
                }
            };
            // Whichever is not over is dropped: that is the caller who goes away.
            tokio::select! {
                biased;
                answered = asked => answered.map(|_| false),
                () = reached => Ok(true),
                () = tokio::time::sleep(PATIENCE) => Ok(false),
            }
        };
        // The instance ends once its calls are over, or once the host has ended them.
        lab.close().await;
        match waits {
            Ok(true) => {}
            Ok(false) => {
                return Ok(Verdict::Skipped(
                    "it does not ask an upstream, so that there is nothing to give up".to_owned(),
                ));
            }
            Err(error) => return Ok(Verdict::Skipped(format!("there is no call to give up: {error}"))),
        }
        match lab.crashes().into_iter().find(|crash| crash.contains("a canceled call went on")) {
            None => return Ok(Verdict::Passed),
            Some(crash) => late.push(crash),
        }
    }
    let why = late.pop().unwrap_or_default();
    Ok(Verdict::Failed(format!(
        "{why}: wait for the cancel token beside whatever you wait for, and return when it resolves"
    )))
}

/// Lets a deadline pass while the plugin waits, and sees whether its event loop heard of that.
pub(super) async fn no_blocking(subject: &Subject) -> Result<Verdict, SuiteError> {
    // The first call compiles and starts: the deadline is of the second.
    let mut held_up = Vec::new();
    for _ in 0..TRIES {
        let limits = Limits { call_deadline: HELD_UP, cancel_grace: PATIENCE, ..Limits::default() };
        let (mut lab, _) = stalled(subject, limits).await?;
        for _ in 0..2 {
            // Whatever it answers, or that it does not: what counts is whether it had to be ended.
            let _ = lab.ask_one(subject).await;
        }
        // The host's watch is over before the instance is.
        lab.close().await;
        match lab.crashes().into_iter().find(|crash| crash.contains("did not return to its event loop")) {
            None => return Ok(Verdict::Passed),
            Some(crash) => held_up.push(crash),
        }
    }
    let why = held_up.pop().unwrap_or_default();
    Ok(Verdict::Failed(format!("{why}: use the SDK's own sleep and I/O, and yield in long loops")))
}
