//! `wellhead dev`, as an author uses it: a project is built, run and asked, and again at every save.
#![cfg(test)]

mod common;

use common::project::{builds_there, fresh, fresh_js, fresh_python};
use common::{Ended, PATIENCE, folder, plugin, poll, run, text, wellhead};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A first build of a plugin's dependencies, on two cores that have other things to do.
const FIRST_BUILD: Duration = Duration::from_secs(1_800);

fn dev(project: &Path) -> Command {
    let mut command = wellhead(["dev", text(project)]);
    builds_there(&mut command);
    command
}

/// A running `wellhead dev`, whose output is read as it comes.
struct Dev {
    child: Child,
    /// Both of its outputs, and how far each was looked at.
    out: Text,
    err: Text,
}

struct Text {
    said: Arc<Mutex<String>>,
    seen: usize,
}

impl Text {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let said = Arc::new(Mutex::new(String::new()));
        let writer = said.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                writer.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Self { said, seen: 0 }
    }

    fn all(&self) -> String {
        self.said.lock().unwrap().clone()
    }
}

impl Dev {
    fn start(project: &Path) -> Self {
        Self::of(dev(project))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, err) = (Text::of(child.stdout.take().unwrap()), Text::of(child.stderr.take().unwrap()));
        Self { child, out, err }
    }

    /// Waits until standard output says this, after what was waited for before; all that was said up to its line's end.
    #[track_caller]
    fn says(&mut self, what: &str) -> String {
        let (out, err) = (self.out.said.clone(), self.err.said.clone());
        let patience = if self.out.seen == 0 { FIRST_BUILD } else { PATIENCE };
        let said = wait(&out, &mut self.out.seen, what, patience);
        said.unwrap_or_else(|| panic!("not said: {what:?}\n{}\n{}", out.lock().unwrap(), err.lock().unwrap()))
    }

    /// The same of standard error.
    #[track_caller]
    fn complains(&mut self, what: &str) -> String {
        let err = self.err.said.clone();
        let said = wait(&err, &mut self.err.seen, what, PATIENCE);
        said.unwrap_or_else(|| panic!("not said: {what:?}\n{}", err.lock().unwrap()))
    }

    fn url(&self) -> String {
        let out = self.out.all();
        out.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned()
    }

    /// What the host answers to others, as CSV.
    fn answer(&self) -> String {
        let args = ["query", "--server", &self.url(), "--datasource", "dev", "-o", "csv", r#"{"place":"oslo"}"#];
        run(args).with_code(0).stdout
    }

    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
        let mut code = None;
        poll("its end", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        code.and_then(|code| code.code())
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Everything from `seen` to the end of the line that has `what`.
fn wait(said: &Mutex<String>, seen: &mut usize, what: &str, patience: Duration) -> Option<String> {
    let start = Instant::now();
    while start.elapsed() < patience {
        let text = said.lock().unwrap()[*seen..].to_owned();
        if let Some(at) = text.find(what) {
            let end = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
            *seen += end;
            return Some(text[..end].to_owned());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}

/// Saves as careful editors do: beside it under a hidden name, then in its place.
fn edit(file: &Path, from: &str, to: &str) {
    let before = fs::read_to_string(file).unwrap();
    assert!(before.contains(from), "{} has no {from:?}", file.display());
    let beside = file.with_file_name(".saving");
    fs::write(&beside, before.replace(from, to)).unwrap();
    fs::rename(beside, file).unwrap();
}

#[test]
fn a_save_is_built_loaded_and_shown_and_what_does_not_work_changes_nothing() {
    let project = fresh("dev-rust-source", "rust");
    let (source, manifest) = (project.join("src/lib.rs"), project.join("plugin.json"));
    let mut dev = Dev::start(&project);
    dev.says("generation 1");
    let first = dev.says("lima · lima · 3 rows");
    assert!(first.contains("oslo · oslo · 4 rows\n") && first.contains("-4.5"), "{first}");

    // A changed line is a changed row, told from those that are as they were.
    edit(&source, "reading.celsius)", "reading.celsius.map(|celsius| celsius + 1.0))");
    dev.says("changed: src/lib.rs");
    let changed = dev.says("lima · lima · 3 rows · 3 rows changed");
    assert!(changed.contains("oslo · oslo · 4 rows · 3 rows changed") && changed.contains("-4.5 → -3.5"), "{changed}");
    assert!(dev.answer().contains(",-3.5\n"), "the host serves it to others too");

    // What does not compile is told in the compiler's words, and what served goes on.
    edit(&source, "Ok(frame.build()?.into())", "Ok(frame.built()?.into())");
    dev.says("goes on serving");
    let complaint = dev.complains("src/lib.rs:");
    assert!(complaint.contains("no method named `built`"), "{complaint}");
    assert!(dev.answer().contains(",-3.5\n"));
    edit(&source, "frame.built()", "frame.build()");
    dev.says("lima · lima · 3 rows · as before");

    // So does what the host refuses; the manifest's fault is named with its line.
    edit(&manifest, "\"id\": \"dev-rust-source\"", "\"id\": 5");
    let refused = dev.says("goes on serving");
    assert!(refused.contains("\"id\" (line 2"), "{refused}");
    assert!(dev.answer().contains(",-3.5\n"));
    edit(&manifest, "\"id\": 5", "\"id\": \"dev-rust-source\"");
    dev.says("lima · lima · 3 rows · as before");

    // And what refuses the settings that the one before it takes: rows are the old ones', and it is said whose.
    let configures = "Ok(Self { http: Http::for_settings(&settings)?, settings: settings.json_data })";
    let refuses =
        format!("if settings.uid == \"dev\" {{ return Err(Error::bad_request(\"no more\")); }}\n        {configures}");
    edit(&source, configures, &refuses);
    let held_back = dev.says("lima · lima · 3 rows · as before");
    assert!(held_back.contains(" is not in use: dev-rust-source generation "), "{held_back}");
    assert!(held_back.contains("refuses it: no more"), "{held_back}");
    edit(&source, "Ok(frame.build()?.into())", "Ok(frame.built()?.into())");
    let serving = dev.says("goes on serving");
    let generation = |said: &str| said.split(": dev-rust-source generation ").nth(1).map(|it| it[..2].to_owned());
    let failed = serving.rsplit("; ").next().unwrap();
    assert!(failed.contains(&format!("generation {}", generation(&held_back).unwrap())), "{held_back}{serving}");
    edit(&source, "frame.built()", "frame.build()");
    dev.says("lima · lima · 3 rows · as before");
    edit(&source, &refuses, configures);
    let back = dev.says("lima · lima · 3 rows · as before");
    assert!(back.contains(" serves\n"), "{back}");

    // What is around the plugin is asked again without a build.
    let sample = project.join("sample/readings/lima.json");
    edit(&sample, "19.2", "29.2");
    let asked = dev.says("lima · lima · 3 rows · 1 row changed");
    assert!(asked.contains("asked in") && !asked.contains("cargo took"), "{asked}");
    edit(&project.join("dev.toml"), "maxRows = 100", "maxRows = 1");
    dev.says("oslo · oslo · 1 row · 3 rows removed");
    edit(&project.join("dev.toml"), "maxRows = 1", "maxRows = \"all\"");
    dev.says("jsonData.maxRows");
    edit(&project.join("dev.toml"), "[datasource]", "[datasource");
    dev.says("dev.toml:");
    edit(&project.join("dev.toml"), "[datasource\n", "[datasource]\n");
    edit(&project.join("dev.toml"), "maxRows = \"all\"", "maxRows = 100");
    dev.says("lima · lima · 3 rows");

    // What the plugin prints is shown, and where it panics.
    edit(
        &source,
        "let place = query.model.place;",
        "let place = query.model.place;\n        println!(\"asked for \\u{1b}[2J{place}\");\n        assert_ne!(place, \"lima\", \"too far\");",
    );
    let panicked = dev.says("error: plugin");
    assert!(panicked.contains("log info stdout: asked for \\u{1b}[2Joslo"), "{panicked}");
    assert!(panicked.contains("src/lib.rs:") && panicked.contains("too far"), "{panicked}");
    let crash = panicked.lines().last().unwrap();
    assert!(crash.contains("(src/lib.rs:") && crash.ends_with("frames of the SDK and the runtime"), "{crash}");

    // Nothing was built but for what this test saved.
    let told = dev.out.all();
    let told: Vec<&str> = told.lines().filter(|line| line.starts_with("changed: ")).collect();
    let mine = ["src/lib.rs", "plugin.json", "sample/readings/lima.json", "dev.toml"];
    assert!(told.iter().all(|line| mine.contains(&&line["changed: ".len()..])), "{told:?}");
    assert_eq!(told.iter().filter(|line| line.ends_with("src/lib.rs")).count(), 8, "{told:?}");
    assert_eq!(dev.interrupt(), Some(0));
}

/// What the loop does in a language whose SDK makes the component: `good` is changed to `better`, then to `broken`, about
/// which its tool says all of `complaint`, and nothing of how it was imported.
fn shows_what_a_save_changes(project: &Path, module: &str, [good, better, broken]: [&str; 3], complaint: [&str; 2]) {
    let source = project.join(module);
    let mut dev = Dev::start(project);
    dev.says("generation 1");
    // Of the first build alone its tool tells how far it has come.
    dev.complains(" bytes");
    let first = dev.says("lima · lima · 3 rows");
    assert!(first.contains("oslo · oslo · 4 rows\n") && first.contains("-4.5"), "{first}");
    edit(&source, good, better);
    let changed = dev.says("lima · lima · 3 rows · 3 rows changed");
    assert!(changed.contains("-4.5 → -3.5"), "{changed}");
    edit(&source, better, broken);
    dev.says("goes on serving");
    let said = complaint.map(|what| dev.complains(what)).concat();
    assert!(!said.contains("Traceback") && !said.contains("importlib") && !said.contains("node:"), "{said}");
    assert!(!said.contains(" bytes"), "a rebuild says nothing of its progress: {said}");
    assert!(dev.answer().contains(",-3.5\n"), "what served goes on");
    edit(&source, broken, better);
    dev.says("lima · lima · 3 rows · as before");
    let told = dev.out.all();
    let told: Vec<&str> = told.lines().filter(|line| line.starts_with("changed: ")).collect();
    assert_eq!(told, vec![format!("changed: {module}"); 3], "nothing was built but for what this test saved");
    assert_eq!(dev.interrupt(), Some(0));
}

#[test]
fn a_python_project_is_built_and_asked_again_at_every_save() {
    let project = fresh_python("dev-python-source");
    let good = "[reading.celsius for reading in readings]";
    let better = "[None if reading.celsius is None else reading.celsius + 1.0 for reading in readings]";
    let broken = "[reading.celsius for reading in readings";
    shows_what_a_save_changes(&project, "plugin.py", [good, better, broken], ["plugin.py\", line ", "SyntaxError: "]);
}

#[test]
fn a_javascript_project_is_built_and_asked_again_at_every_save() {
    let project = fresh_js("dev-js-source");
    let good = "({ celsius }) => celsius)";
    let better = "({ celsius }) => celsius === null ? null : celsius + 1)";
    let broken = "({ celsius }) => )";
    shows_what_a_save_changes(&project, "plugin.js", [good, better, broken], ["plugin.js:", "SyntaxError: "]);
}

#[test]
fn what_another_language_needs_is_named_with_the_command_that_installs_it() {
    let python = fresh("dev-python-bare", "python");
    let js = fresh("dev-js-bare", "js");
    let refused = |mut command: Command| Ended::of(command.output().unwrap()).with_code(1);
    refused(dev(&js)).complains(&["the SDK is not installed", "npm install"]);
    // A python3 that is there, and has nothing installed.
    let bin = folder(&[]);
    let own = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().unwrap();
    let own = String::from_utf8(own.stdout).unwrap();
    std::os::unix::fs::symlink(own.trim(), bin.path().join("python3")).unwrap();
    let mut command = dev(&python);
    command.env("PATH", bin.path());
    refused(command).complains(&["componentize-py is missing", "pip install -r requirements.txt"]);
    for project in [&python, &js] {
        let mut command = dev(project);
        command.env("PATH", "");
        refused(command).complains(&["is missing: install"]);
    }
}

/// Programs by these names, as shell scripts, and cargo where `cargo`; the `PATH` that has no others.
fn tools(cargo: bool, scripts: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = folder(&[]);
    for (name, script) in scripts {
        let file = folder.path().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    if cargo {
        std::os::unix::fs::symlink(env!("CARGO"), folder.path().join("cargo")).unwrap();
    }
    folder
}

#[test]
fn a_missing_tool_is_named_with_the_command_that_installs_it() {
    let project = folder(&[]);
    let project = made(project.path());
    let with =
        |tools: &tempfile::TempDir| Ended::of(dev(&project).env("PATH", tools.path()).output().unwrap()).with_code(1);
    with(&tools(false, &[])).complains(&["cargo is missing", "sh.rustup.rs | sh"]);
    with(&tools(true, &[])).complains(&["rustc is missing", "sh.rustup.rs | sh"]);
    let rustc = ("rustc", "echo /no/such/folder");
    with(&tools(true, &[rustc, ("rustup", "exit 0")])).complains(&["`rustup target add wasm32-wasip2`"]);
    with(&tools(true, &[rustc])).complains(&["wasm32-wasip2 is missing", "no rustup"]);
}

/// A new project that nobody builds.
fn made(place: &Path) -> PathBuf {
    let project = place.join("unbuilt-source");
    run(["new", text(&project)]).with_code(0);
    project
}

#[test]
fn what_is_no_plugin_project_is_told_with_what_would_make_it_one() {
    let empty = folder(&[]);
    let refused = |folder: &Path| Ended::of(dev(folder).output().unwrap()).with_code(1);
    refused(empty.path()).complains(&["there is no Cargo.toml", "wellhead new NAME"]);
    refused(&empty.path().join("gone")).complains(&["gone"]);
    let file = empty.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&file).complains(&["is no folder"]);
    let library = folder(&[("Cargo.toml", "[package]\nname = \"x\"\n[workspace]\n"), ("src/lib.rs", "")]);
    refused(library.path()).complains(&["builds no plugin", "crate-type = [\"cdylib\"]"]);
    let broken = folder(&[("Cargo.toml", "[package\n")]);
    refused(broken.path()).complains(&["cargo does not understand", "Cargo.toml"]);
}

#[test]
fn a_port_in_use_and_wrong_settings_are_told_before_anything_is_built() {
    let place = folder(&[]);
    let project = made(place.path());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let refused = dev(&project).args(["--listen", &address]).output().unwrap();
    Ended::of(refused).with_code(1).complains(&[&address, "another program listens there", "leave --listen out"]);
    fs::write(project.join("dev.toml"), "\nquerys = []\n").unwrap();
    Ended::of(dev(&project).output().unwrap()).with_code(2).complains(&["dev.toml:2: ", "unknown field `querys`"]);
    assert!(!project.join("target").exists());
}

/// `wellhead dev` on a project whose builds are a shell script's: `$source` is what src/lib.rs says when a build begins, and
/// `$made` a folder for what the script leaves, `begun` among it.
fn dev_with_builds(project: &Path, made: &Path, script: &str) -> (Command, tempfile::TempDir) {
    fs::write(project.join("dev.toml"), "").unwrap();
    let real = format!("[ \"$1\" = metadata ] && exec '{}' \"$@\"", env!("CARGO"));
    let script = format!("{real}\nmade='{}'\nsource=$(cat src/lib.rs)\n{script}", text(made));
    let tools = tools(false, &[("cargo", &script)]);
    let path = std::env::var("PATH").unwrap();
    let mut command = dev(project);
    command.env("PATH", format!("{}:{path}", text(tools.path())));
    (command, tools)
}

/// Such a script's last words: that the component in `$made` is what it built.
fn artifact(project: &Path) -> String {
    let message = format!(
        r#"{{"reason":"compiler-artifact","manifest_path":"{}","filenames":["'"$made"'/plugin.wasm"]}}"#,
        text(&project.join("Cargo.toml"))
    );
    format!("echo '{message}'")
}

#[test]
fn of_what_is_saved_during_a_build_the_last_is_built_once_and_nothing_older_is_loaded() {
    let (place, made_there) = (folder(&[]), folder(&[]));
    let (project, made_there) = (made(place.path()), made_there.path());
    let project = project.canonicalize().unwrap();
    let source = project.join("src/lib.rs");
    // The plugin is told from others by a custom section that bears what the source said.
    let script = format!(
        "echo $source >> $made/begun\nuntil [ -e $made/go-$source ]; do sleep 0.01; done\n\
         cat '{}' > $made/plugin.wasm\nprintf '\\000\\003\\001b'$source >> $made/plugin.wasm\n{}",
        text(&plugin("testdata")),
        artifact(&project)
    );
    let begun = || fs::read_to_string(made_there.join("begun")).unwrap();
    let go = |source: &str| fs::write(made_there.join(format!("go-{source}")), "").unwrap();

    fs::write(&source, "1").unwrap();
    let (command, _tools) = dev_with_builds(&project, made_there, &script);
    let mut dev = Dev::of(command);
    poll("a build", || made_there.join("begun").exists());
    for (before, after) in [("1", "2"), ("2", "3")] {
        edit(&source, before, after);
        dev.says("changed: src/lib.rs");
    }
    go("1");
    poll("the next build", || begun() == "1\n3\n");
    assert!(!dev.out.all().contains("generation"), "what was overtaken is not loaded: {}", dev.out.all());
    go("3");
    dev.says("generation 1");
    // The next save is the next build: nothing was built in between.
    edit(&source, "3", "4");
    go("4");
    dev.says("generation 2");
    assert_eq!(begun(), "1\n3\n4\n");
    assert_eq!(dev.interrupt(), Some(0));
}

#[test]
fn who_quits_during_a_build_leaves_nothing_running() {
    let (place, made_there) = (folder(&[]), folder(&[]));
    let project = made(place.path());
    let script = "sleep 1000 &\necho $$ $! > $made/starting; mv $made/starting $made/begun\nwait";
    let (command, _tools) = dev_with_builds(&project, made_there.path(), script);
    let dev = Dev::of(command);
    poll("a build", || made_there.path().join("begun").exists());
    let begun = fs::read_to_string(made_there.path().join("begun")).unwrap();
    let is_running = |pid: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Whoever inherits it may leave a dead one lying about.
        status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
    };
    let tools: Vec<&str> = begun.split_whitespace().collect();
    assert!(tools.len() == 2 && tools.iter().all(|pid| is_running(pid)), "{begun}");
    assert_eq!(dev.interrupt(), Some(0));
    poll("the end of what it had started", || !tools.iter().any(|pid| is_running(pid)));
}

/// The same command at a terminal of its own, whose modes are told when it has ended.
fn at_a_terminal(command: &Command) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("{}; code=$?; stty -a; exit $code", words.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("SHELL", "/bin/sh").stdin(Stdio::piped());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    script
}

#[test]
fn at_a_terminal_r_asks_again_and_q_ends_it_and_the_terminal_is_as_it_was() {
    let (place, made_there) = (folder(&[]), folder(&[]));
    let project = made(place.path()).canonicalize().unwrap();
    let script = format!("cp '{}' $made/plugin.wasm\n{}", text(&plugin("testdata")), artifact(&project));
    let (command, _tools) = dev_with_builds(&project, made_there.path(), &script);
    let mut dev = Dev::of(at_a_terminal(&command));
    let mut keyboard = dev.child.stdin.take().unwrap();
    let mut press = |key: &[u8]| keyboard.write_all(key).unwrap();
    dev.says("r asks again, q ends");
    dev.says("no queries: write some into dev.toml");
    for key in [b"r", b"R"] {
        press(key);
        dev.says("asked in ");
    }
    press(b"xq");
    // As `stty` shows a mode that is off: with a dash before it.
    let modes = dev.says("icanon");
    assert!(modes.contains(" icanon ") && modes.contains(" echo "), "{modes}");
    let mut code = None;
    poll("its end", || {
        code = dev.child.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.unwrap().code(), Some(0));
}
