//! The real command, as a process: what it prints, how it ends, and a server that a test starts and ends by itself.
#![expect(dead_code, reason = "each test file uses its own part")]

pub(crate) mod data;
pub(crate) mod project;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for a machine with two busy cores to compile a plugin; a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Of the user `admin`, on every server of these tests that is not started without one.
pub(crate) const PASSWORD: &str = "a-password-of-the-tests";

/// The header by which `admin` signs in with [`PASSWORD`].
pub(crate) const AS_ADMIN: &str = "Authorization: Basic YWRtaW46YS1wYXNzd29yZC1vZi10aGUtdGVzdHM=";

/// The command with no environment of the caller's that could change what it does.
pub(crate) fn wellhead<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wellhead"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WELLHEAD_")) {
        command.env_remove(name);
    }
    // Plugins that run in the command's own process are compiled into the user's cache folder: not into the tester's.
    command.env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("WELLHEAD_ADMIN_PASSWORD", PASSWORD);
    command.args(args).current_dir(env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Runs the command to its end.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Ended {
    Ended::of(wellhead(args).output().unwrap())
}

/// Runs the command with text on standard input.
pub(crate) fn run_with_input(args: &[&str], input: &[u8]) -> Ended {
    let mut child = wellhead(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A command that refuses its input may close it early.
    let _ = writer.join().unwrap();
    Ended::of(output)
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout,
        }
    }

    /// Itself, if the command ended with this exit code.
    #[track_caller]
    pub(crate) fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Itself, if standard error has all of these.
    #[track_caller]
    pub(crate) fn complains(self, says: &[&str]) -> Self {
        for text in says {
            assert!(self.stderr.contains(text), "no {text:?} in: {}", self.stderr);
        }
        self
    }
}

/// The plugins that `make plugins` built.
pub(crate) fn plugins() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins").canonicalize();
    folder.expect("target/plugins is missing: run `make plugins` first")
}

/// A plugin that `make plugins` built.
pub(crate) fn plugin(name: &str) -> PathBuf {
    plugins().join(format!("{name}.wasm"))
}

/// A running `wellhead serve` on a free port; killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// There until it is waited for.
    stderr: Option<BufReader<ChildStderr>>,
    /// The log as far as it was read.
    log: String,
    /// The data folder, where it is this server's alone.
    data: Option<TempDir>,
    pub(crate) ready: String,
    pub(crate) url: String,
}

impl Server {
    /// Starts a server with the plugins of `make plugins` and these further flags, and waits until it is ready.
    pub(crate) fn start(flags: &[&str]) -> Self {
        Self::start_with_plugins(&plugins(), flags)
    }

    pub(crate) fn start_with_plugins(plugins: &Path, flags: &[&str]) -> Self {
        let data = own_data();
        let mut server = Self::start_in(data.path(), plugins, flags);
        server.data = Some(data);
        server
    }

    /// With a data folder that outlives it.
    pub(crate) fn start_in(data: &Path, plugins: &Path, flags: &[&str]) -> Self {
        let mut command = wellhead(["serve", "--listen", "127.0.0.1:0"]);
        command.arg("--plugins").arg(plugins).arg("--data").arg(data).args(flags);
        Self::of(command)
    }

    /// The server that this command is.
    pub(crate) fn of(command: Command) -> Self {
        let (server, before) = Self::after_what_it_says_first(command);
        assert_eq!(before, "", "it says nothing before it is ready");
        server
    }

    /// The server that this command is, and what it said before it was ready.
    pub(crate) fn after_what_it_says_first(mut command: Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut before = String::new();
        let ready = loop {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                let mut log = String::new();
                stderr.read_to_string(&mut log).unwrap();
                panic!("the server is not ready: {before:?}\n{log}");
            }
            if line.starts_with("wellhead is ready at ") {
                break line;
            }
            before.push_str(&line);
        };
        let url = ready.split_whitespace().find(|word| word.contains("://")).unwrap().to_owned();
        let server = Self { child, stdout, stderr: Some(stderr), log: String::new(), data: None, ready, url };
        (server, before)
    }

    /// The URL with the credentials of `admin` in it.
    pub(crate) fn as_admin(&self) -> String {
        self.as_user("admin", PASSWORD)
    }

    /// The URL with the credentials of a user in it.
    pub(crate) fn as_user(&self, login: &str, password: &str) -> String {
        self.url.replacen("://", &format!("://{login}:{password}@"), 1)
    }

    /// The next line on standard output, which must come.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(line.ends_with('\n'), "standard output ended: {line:?}");
        line
    }

    /// Waits until the log says this, which must come.
    pub(crate) fn logged(&mut self, text: &str) {
        while !self.log.contains(text) {
            let read = self.stderr.as_mut().unwrap().read_line(&mut self.log).unwrap();
            assert!(read > 0, "the log ended without {text:?}: {}", self.log);
        }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> &str {
        self.url.split_once("://").unwrap().1
    }

    /// Sends a signal by name, as `kill` does.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Waits for the end: the exit code, what else stood on standard output, and the log.
    pub(crate) fn wait(mut self) -> (Option<i32>, String, String) {
        let (mut stderr, mut log) = (self.stderr.take().unwrap(), std::mem::take(&mut self.log));
        let log = std::thread::spawn(move || {
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let start = Instant::now();
        let code = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None => assert!(start.elapsed() < PATIENCE, "the server does not end"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        (code, rest, log.join().unwrap())
    }

    /// Ends it politely; the log.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        self.wait().2
    }

    /// The status and body of a request that `admin` makes.
    pub(crate) fn http(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.http_with(&format!("Host: wellhead\r\n{AS_ADMIN}"), method, path, body)
    }

    /// The same of a request with these headers alone, of which `Host` is one.
    pub(crate) fn http_with(&self, headers: &str, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\n{headers}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `wait` there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A data folder for one server alone, but for the compiled code, which all share: a plugin is compiled once and not once
/// a test.
pub(crate) fn own_data() -> TempDir {
    let own = tempfile::tempdir().unwrap();
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wellhead-data/compiled");
    std::fs::create_dir_all(&compiled).unwrap();
    std::os::unix::fs::symlink(compiled, own.path().join("compiled")).unwrap();
    own
}

/// The plugin testdata, told apart from other builds of the same code by a custom section at its end.
pub(crate) fn build(number: u8) -> Vec<u8> {
    // Section id 0, its size, the length of its name, the name.
    [std::fs::read(plugin("testdata")).unwrap().as_slice(), &[0, 3, 1, b'b', number]].concat()
}

/// Asks again and again until it holds, which it must.
#[track_caller]
pub(crate) fn poll(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Puts a file in the place of another, by a rename as careful people do.
pub(crate) fn put(file: &Path, bytes: &[u8]) {
    let half = file.with_extension("half");
    std::fs::write(&half, bytes).unwrap();
    std::fs::rename(half, file).unwrap();
}

/// A folder with these files in it.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// The URL of an upstream that gives every request this JSON, for as long as the test runs.
pub(crate) fn answering(json: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut line = String::new();
            while request.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{json}", json.len());
        }
    });
    url
}

/// The path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A CA of a test's own, and a certificate it signed for 127.0.0.1, as PEM files.
pub(crate) struct Certificates {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    _folder: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let ca_key = KeyPair::generate().unwrap();
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap().pem();
        let folder = folder(&[("ca.pem", &ca_pem), ("tls.crt", &certificate), ("tls.key", &key.serialize_pem())]);
        let path = |name| folder.path().join(name);
        Self { ca: path("ca.pem"), certificate: path("tls.crt"), key: path("tls.key"), _folder: folder }
    }
}
