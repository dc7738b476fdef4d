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
    // What cannot be read is passed over, for its end is to be waited for in any case.
    for text in
        child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).split(b'\n').map_while(Result::ok))
    {
        // A tool may print any bytes: one that runs the author's code does.
        let text = String::from_utf8_lossy(&text);
        line(text.strip_suffix('\r').unwrap_or(&text));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_may_print_any_bytes_and_is_waited_for() {
        let mut lines = Vec::new();
        let mut tool = Command::new("sh");
        tool.args(["-c", r"printf 'a\377b\r\nno end'; exit 7"]);
        let status = run(&mut tool, &Stop::default(), |line| lines.push(line.to_owned())).unwrap();
        assert_eq!((status.code(), lines), (Some(7), vec!["a\u{fffd}b".to_owned(), "no end".to_owned()]));
    }

    #[test]
    fn what_was_stopped_starts_nothing_more() {
        let stop = Stop::default();
        stop.stop();
        assert!(run(&mut Command::new("true"), &stop, |_| ()).is_err());
    }
}
