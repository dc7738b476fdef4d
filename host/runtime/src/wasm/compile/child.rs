//! The host's end of a compile in a child process: starts the worker, and sees to it that it ends.

use super::CompileFor;
use super::command::CompileCommand;
use super::error::CompileError;
use super::protocol::{Answer, AnswerReader, Order, Progress};
use crate::Limits;
use crate::wasm::deadlines;
use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

/// Threads of one worker. Each costs address space (its stack, its heap), which is bounded.
const MAX_THREADS: usize = 4;
/// Longest compiled code: the largest file allowed grows about fourfold.
const MAX_CODE: u64 = 512 << 20;
/// How much of what a worker said on its standard error is read.
const MAX_LAST_WORDS: u64 = 16 << 10;
/// What Rust's runtime says before it aborts because memory ran out.
const ALLOCATION_FAILED: &str = "memory allocation of ";

/// Compiles `wasm` in a process of its own and waits for it, up to the compile deadline. Whatever happens, that process
/// and those it started are gone afterwards.
///
/// Ends early once the other end of `wanted` is closed.
pub(super) fn compile(
    command: &CompileCommand,
    wasm: &[u8],
    purpose: CompileFor,
    limits: &Limits,
    wanted: &UnixStream,
) -> Result<Bytes, CompileError> {
    let threads = available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    let order = Order {
        memory_bytes: limits.compile_memory_bytes as u64,
        // A backstop for a host that is stopped itself: the deadline comes first.
        cpu_seconds: limits.compile_deadline.as_secs().saturating_add(1).saturating_mul(threads as u64),
        wasm_bytes: wasm.len() as u64,
        purpose,
    };
    let deadline = deadlines::after(Instant::now(), limits.compile_deadline);
    let not_started =
        |error: io::Error| CompileError::NotStarted { program: command.shown(), reason: error.to_string() };
    let mut worker = command.to_std().and_then(|command| Worker::start(command, threads)).map_err(not_started)?;
    match worker.exchange(&order, wasm, deadline, wanted) {
        Ok(Ending::Answered(Answer::Code(code))) => Ok(code),
        Ok(Ending::Answered(Answer::DoesNotCompile(reason))) => Err(CompileError::DoesNotCompile { reason }),
        Ok(Ending::Answered(Answer::OutOfMemory)) => Err(CompileError::too_much_memory(limits)),
        Ok(Ending::Answered(Answer::Unable(reason))) => Err(CompileError::failed(reason)),
        Ok(Ending::Silent) => Err(worker.last_words(limits)),
        Ok(Ending::Nonsense) => {
            let reason = format!("{} answered with something else than a compile worker does", command.shown());
            Err(CompileError::failed(reason))
        }
        Ok(Ending::TooLong) => Err(CompileError::LimitExceeded { name: "compiled code, bytes", limit: MAX_CODE }),
        Ok(Ending::Late) => Err(CompileError::too_long(limits)),
        Ok(Ending::Unwanted) => Err(CompileError::Stopped),
        Err(error) => Err(CompileError::failed(format!("its worker cannot be talked to: {error}"))),
    }
}

/// How talking to a worker ended.
enum Ending {
    Answered(Answer),
    /// It ended before it answered.
    Silent,
    Nonsense,
    TooLong,
    Late,
    Unwanted,
}

/// A process that is killed and waited for when dropped.
struct Worker {
    process: Child,
    /// Was waited for, so that its id may be another's by now.
    ended: bool,
}

impl Worker {
    fn start(mut command: Command, threads: usize) -> io::Result<Self> {
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // glibc makes an arena of 64 MiB of address space a thread otherwise.
        command.env("MALLOC_ARENA_MAX", "2").env("RAYON_NUM_THREADS", threads.to_string());
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        // A group of its own: a terminal's interrupt is the host's to act on, and a wrapper is killed with what it started.
        command.process_group(0);
        Ok(Self { process: command.spawn()?, ended: false })
    }

    fn exchange(&mut self, order: &Order, wasm: &[u8], deadline: Instant, wanted: &UnixStream) -> io::Result<Ending> {
        let (Some(input), Some(output)) = (&mut self.process.stdin, &mut self.process.stdout) else {
            return Ok(Ending::Silent);
        };
        let mut unsent = wasm;
        // So few bytes fit the empty pipe without blocking.
        sent(input.write_all(&order.encode()), &mut unsent)?;
        ioctl_fionbio(&*input, true)?;
        ioctl_fionbio(&*output, true)?;
        let mut answer = AnswerReader::new(MAX_CODE)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Ending::Late);
            }
            let ready = Ready::wait(input, output, wanted, !unsent.is_empty(), left)?;
            if ready.unwanted {
                return Ok(Ending::Unwanted);
            }
            if ready.input {
                let written = input.write(unsent).map(|written| unsent = unsent.get(written..).unwrap_or_default());
                sent(written, &mut unsent)?;
            }
            if ready.output {
                let mut buffer = [0; 64 << 10];
                let read = match output.read(&mut buffer) {
                    Ok(0) => return Ok(Ending::Silent),
                    Ok(read) => buffer.get(..read).unwrap_or_default(),
                    Err(error) => {
                        again(error)?;
                        continue;
                    }
                };
                match answer.push(read)? {
                    Progress::Partial => {}
                    Progress::Whole(answer) => return Ok(Ending::Answered(answer)),
                    Progress::Nonsense => return Ok(Ending::Nonsense),
                    Progress::TooLong => return Ok(Ending::TooLong),
                }
            }
        }
    }

    /// Why it ended before it answered.
    fn last_words(&mut self, limits: &Limits) -> CompileError {
        let status = match self.end() {
            Ok(status) => status,
            Err(error) => return CompileError::failed(format!("its worker cannot be waited for: {error}")),
        };
        let mut said = Vec::new();
        if let Some(errors) = &mut self.process.stderr {
            // A process that left the group may still hold the other end: what is not there yet is not waited for.
            let _ = ioctl_fionbio(&*errors, true);
            let _ = errors.take(MAX_LAST_WORDS).read_to_end(&mut said);
        }
        let said = String::from_utf8_lossy(&said);
        if said.contains(ALLOCATION_FAILED) {
            return CompileError::too_much_memory(limits);
        }
        if status.signal() == Some(Signal::XCPU.as_raw()) {
            return CompileError::too_long(limits);
        }
        let hint = match status.signal() {
            Some(signal) if signal == Signal::KILL.as_raw() => {
                "; somebody killed it, or the system did because memory ran out"
            }
            _ => "",
        };
        // The last line of a panic is about how to see more of it.
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with("note: "));
        let last = last.map(|line| format!(", saying {line:?}")).unwrap_or_default();
        CompileError::failed(format!("its worker ended with {status} before it answered{last}{hint}"))
    }

    /// Kills it, with what it started, and waits. One that is ending by itself keeps the status it ends with.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.ended {
            // Fails only where nothing is left to kill.
            let _ = kill_process_group(Pid::from_child(&self.process), Signal::KILL);
            self.ended = true;
        }
        self.process.wait()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            tracing::warn!(target: "wellhead::runtime", "a compile worker cannot be waited for: {error}");
        }
    }
}

/// What can be done without blocking.
struct Ready {
    input: bool,
    output: bool,
    unwanted: bool,
}

impl Ready {
    fn wait(
        input: &ChildStdin,
        output: &ChildStdout,
        wanted: &UnixStream,
        sending: bool,
        left: Duration,
    ) -> io::Result<Self> {
        let left = Timespec::try_from(left).ok();
        let output = PollFd::new(output, PollFlags::IN);
        let wanted = PollFd::new(wanted, PollFlags::IN);
        // Last, to be left out once all is sent: a pipe that nobody reads any more is always ready.
        let input = PollFd::new(input, PollFlags::OUT);
        let mut watched = [output, wanted, input];
        let count = if sending { 3 } else { 2 };
        match poll(watched.get_mut(..count).unwrap_or_default(), left.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let [output, wanted, input] = watched.map(|watched| !watched.revents().is_empty());
        Ok(Self { input, output, unwanted: wanted })
    }
}

/// A worker that reads no more is sent no more: what it has to say, or its end, comes by the other pipe.
fn sent(written: io::Result<()>, unsent: &mut &[u8]) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            *unsent = &[];
            Ok(())
        }
        Err(error) => again(error),
        Ok(()) => Ok(()),
    }
}

/// Errors that only say to try again later are none.
fn again(error: io::Error) -> io::Result<()> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}
