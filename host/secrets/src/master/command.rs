//! A command that prints the master keys: bounded in time and output, and ended with all it started in its process group.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use zeroize::Zeroizing;

use super::LONGEST_TEXT;

/// How often a command that has closed its output is asked whether it has ended.
const ASK: Duration = Duration::from_millis(5);

/// What `program` prints; else what is wrong, in words that follow a name of the command.
pub(super) fn output(program: &str, arguments: &[String], time: Duration) -> Result<Zeroizing<String>, String> {
    let end = Instant::now() + time;
    // Its stderr is the host's, where the operator reads it. A group of its own, to end its children with it.
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
    let mut running = Running { child, is_over: false };

    let stdout = running.child.stdout.take();
    let (sender, receiver) = mpsc::sync_channel(1);
    let reader = thread::Builder::new().name("master-key-command".to_owned());
    let read = move || {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST_TEXT + 1));
        let result = stdout.map_or(Ok(0), |stdout| stdout.take(LONGEST_TEXT as u64 + 1).read_to_string(&mut text));
        // Nobody listens any more where it took too long.
        let _ = sender.send(result.map(|_| text));
    };
    reader.spawn(read).map_err(|error| format!("there is no thread to read its output: {error}"))?;

    let too_long = || format!("it has not ended after {} s; make it quicker", time.as_secs_f32());
    let text = receiver.recv_timeout(end.saturating_duration_since(Instant::now())).map_err(|_| too_long())?;
    let text = text.map_err(|error| format!("its output cannot be read as text: {error}"))?;
    if text.len() > LONGEST_TEXT {
        return Err(format!("it prints more than {LONGEST_TEXT} bytes; it has to print keys and nothing else"));
    }
    let status = running.ended_by(end)?.ok_or_else(too_long)?;
    if !status.success() {
        return Err(format!("it failed with {status}; its own message is in this host's stderr"));
    }
    Ok(text)
}

/// A started command, ended when dropped.
struct Running {
    child: Child,
    /// Its group was ended and it was waited for: from then on its id may be another's.
    is_over: bool,
}

impl Running {
    fn ended_by(&mut self, end: Instant) -> Result<Option<ExitStatus>, String> {
        // Only looked at and not waited for, so that its id stays its own until its group is ended.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            let ended = waitid(WaitId::Pid(Pid::from_child(&self.child)), look).map_err(|error| error.to_string())?;
            if ended.is_some() {
                return self.end().map(Some).map_err(|error| error.to_string());
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            thread::sleep(ASK);
        }
    }

    /// Ends what is left of its group, also where itself has ended and left children behind.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.is_over {
            // An error means that nobody is left.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            self.is_over = true;
        }
        self.child.wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
