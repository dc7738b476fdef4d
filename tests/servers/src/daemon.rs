//! One process of a server, from its folder to its end.

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, geteuid, kill_process, waitid};
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take to come up or to end. Generous: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// `nobody` and `nogroup` of Debian: servers do not run as root, even where tests do.
const NOBODY: u32 = 65_534;

/// A folder of a server's own, removed when dropped.
#[derive(Debug)]
pub struct Folder(TempDir);

impl Folder {
    /// An empty one.
    pub fn new() -> Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.path().join(name);
        std::fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// Makes everything in it the server's, where the test runs as root.
    pub fn give_away(&self) -> Result<()> {
        if !geteuid().is_root() {
            return Ok(());
        }
        let status = Command::new("chown").arg("-R").arg(format!("{NOBODY}:{NOBODY}")).arg(self.path()).status()?;
        ensure!(status.success(), "chown {}: {status}", self.path().display());
        Ok(())
    }

    /// A command that runs in the folder as the server's user; what it says goes to the file `log`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let mut command = self.own_command(program)?;
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        Ok(command)
    }

    /// As [`command`](Self::command), as the user of the tests: for programs that only that user may reach.
    pub fn own_command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let log = OpenOptions::new().create(true).append(true).open(self.path().join("log"))?;
        let mut command = Command::new(program);
        command.current_dir(self.path()).env("HOME", self.path());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Runs such a command to its end.
    pub fn run(&self, mut command: Command) -> Result<()> {
        let status = command.status().with_context(|| missing(&command))?;
        ensure!(status.success(), "{:?}: {status}; its log:\n{}", command.get_program(), self.log());
        Ok(())
    }

    /// What was said so far.
    pub fn log(&self) -> String {
        std::fs::read(self.path().join("log")).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }
}

fn missing(command: &Command) -> String {
    format!("{:?} cannot be run: `make test` installs it", command.get_program())
}

/// A running server on a port of its own, ended when dropped.
#[derive(Debug)]
pub struct Daemon {
    process: Child,
    /// What ends it at once, with the processes it started.
    end: Signal,
    command: Command,
    port: u16,
    // Last: removed after the process is gone.
    folder: Folder,
}

impl Daemon {
    /// Starts what `command` makes for a free port, and waits until `is_ready` says so.
    pub fn start(
        folder: Folder,
        end: Signal,
        command: impl Fn(&Folder, u16) -> Result<Command>,
        is_ready: impl Fn(u16) -> bool,
    ) -> Result<Self> {
        folder.give_away()?;
        // Between finding a port and the server's taking it another process may be faster: then the next one is tried.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let mut command = command(&folder, port)?;
            let mut process = command.spawn().with_context(|| missing(&command))?;
            if becomes_ready(&mut process, port, &folder, &is_ready)? {
                return Ok(Self { process, end, command, port, folder });
            }
        }
        bail!("the server does not stay up; its log:\n{}", folder.log());
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Ends it as a crash would, without a word to anybody.
    pub fn kill(&mut self) -> Result<()> {
        self.signal(self.end)?;
        self.wait()
    }

    /// Starts it again on its port and its data, after [`Self::kill`].
    pub fn restart(&mut self, is_ready: impl Fn(u16) -> bool) -> Result<()> {
        self.process = self.command.spawn()?;
        let up = becomes_ready(&mut self.process, self.port, &self.folder, &is_ready)?;
        ensure!(up, "the server does not come up again; its log:\n{}", self.folder.log());
        Ok(())
    }

    /// Sends it a signal: `STOP` makes a server that is there and says nothing, `CONT` ends that.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(pid, signal)?;
        // On a busy machine its threads may go on for a moment, and answer.
        let is_stopping = signal == Signal::STOP;
        let deadline = Instant::now() + PATIENCE;
        while is_stopping && waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG)?.is_none() {
            ensure!(Instant::now() < deadline, "does not stop; its log:\n{}", self.folder.log());
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.process.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "does not end; its log:\n{}", self.folder.log());
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It is ours to reap, whether or not it was still alive.
        let ended = self.process.try_wait().is_ok_and(|status| status.is_some()) || self.kill().is_ok();
        if !ended {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

/// False where the process ended, as it does when its port is taken.
fn becomes_ready(process: &mut Child, port: u16, folder: &Folder, is_ready: &impl Fn(u16) -> bool) -> Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    while process.try_wait()?.is_none() {
        if is_ready(port) {
            return Ok(true);
        }
        if Instant::now() > deadline {
            process.kill()?;
            process.wait()?;
            bail!("not ready after {PATIENCE:?}; its log:\n{}", folder.log());
        }
        std::thread::sleep(POLL);
    }
    Ok(false)
}
