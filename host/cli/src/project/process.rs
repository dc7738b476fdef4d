//! Tools as child processes: run to their end, or ended with all that they started.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// Ends a tool from another thread. Clones end the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<Mutex<Stage>>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Ready,
    Running(Pid),
    Stopped,
}

impl Stop {
    /// Ends what runs, and whatever would be started after it.
    pub(crate) fn stop(&self) {
        let mut stage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Stage::Running(group) = *stage {
            // It may have ended just now.
            let _ = kill_process_group(group, Signal::TERM);
        }
        *stage = Stage::Stopped;
    }
}

/// Runs a tool with its errors on this process's standard error, gives each line of its output to `line`, and waits for its
/// end. It is a process group of its own: a Ctrl-C in the terminal is this process's to handle.
pub(super) fn run(command: &mut Command, stop: &Stop, mut line: impl FnMut(&str)) -> Result<ExitStatus> {
    let started = {
        let mut stage = stop.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*stage, Stage::Stopped) {
            return Err(io::Error::from(ErrorKind::Interrupted).into());
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn();
        let child = child.with_context(|| format!("cannot start {}", shown(command)))?;
        *stage = Stage::Running(Pid::from_child(&child));
        child
    };
    let mut child = started;
    let output = child.stdout.take();
    for text in output.into_iter().flat_map(|output| BufReader::new(output).lines()) {
        line(&text.with_context(|| format!("cannot read what {} says", shown(command)))?);
    }
    // Waits without taking its id away, which nobody else can have until the lock is held and nobody stops it any more.
    let id = WaitId::Pid(Pid::from_child(&child));
    while matches!(waitid(id.clone(), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT), Err(rustix::io::Errno::INTR)) {}
    let mut stage = stop.0.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*stage, Stage::Running(_)) {
        *stage = Stage::Ready;
    }
    child.wait().with_context(|| format!("cannot wait for {}", shown(command)))
}

/// What a tool prints, `None` where there is no such tool.
pub(super) fn output(command: &mut Command) -> Result<Option<Output>> {
    match command.stdin(Stdio::null()).output() {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot start {}", shown(command))),
    }
}

fn shown(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
