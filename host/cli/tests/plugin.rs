//! Plugins that change under `wellhead serve`, and `wellhead plugin`, as processes.
#![cfg(test)]

mod common;

use common::{Ended, PATIENCE, Server, build, folder, own_data, put, run, text, wellhead};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const ID: &str = "grafana-testdata-datasource";
const QUERY: &str = r#"{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"testdata"},"scenarioId":"random_walk"}]}"#;

/// A server with the first build of testdata in a folder of its own.
struct Host {
    server: Server,
    plugins: TempDir,
    data: TempDir,
}

impl Host {
    fn start(flags: &[&str]) -> Self {
        let (plugins, data) = (folder(&[]), own_data());
        std::fs::write(plugins.path().join("testdata.wasm"), build(1)).unwrap();
        let server = Server::start_in(data.path(), plugins.path(), flags);
        Self { server, plugins, data }
    }

    fn file(&self) -> PathBuf {
        self.plugins.path().join("testdata.wasm")
    }

    /// Ends the server and starts another on the same folders.
    fn restart(self) -> Self {
        let Self { server, plugins, data } = self;
        server.stop();
        let server = Server::start_in(data.path(), plugins.path(), &[]);
        Self { server, plugins, data }
    }

    fn plugin(&self, args: &[&str]) -> Ended {
        run(["plugin", "--data", text(self.data.path())].iter().chain(args))
    }

    /// `wellhead plugin show -o json`, under `wellhead`.
    fn life(&self) -> Value {
        let shown = self.plugin(&["show", ID, "-o", "json"]).with_code(0).stdout;
        serde_json::from_str::<Value>(&shown).unwrap()["wellhead"].clone()
    }
}

#[test]
fn reloads_rejections_and_ends_are_a_line_each_on_standard_output() {
    let mut host = Host::start(&[]);
    assert_eq!(host.server.http("POST", "/api/ds/query", QUERY).0, 200);
    put(&host.file(), &build(2));
    let line = host.server.line();
    assert!(line.starts_with(&format!("plugin {ID}: reloaded from generation 1 (")), "{line}");
    for part in [") to generation 2 (", ": compile ", ", configure ", ", drain "] {
        assert!(line.contains(part), "no {part:?} in {line}");
    }
    put(&host.file(), b"not wasm");
    let line = host.server.line();
    assert!(line.contains("rejected") && line.contains("not a readable WebAssembly file"), "{line}");
    assert_eq!(host.server.http("POST", "/api/ds/query", QUERY).0, 200);
    std::fs::remove_file(host.file()).unwrap();
    let line = host.server.line();
    assert!(line.contains("decommissioned: its file") && line.contains("was deleted"), "{line}");
    host.server.signal("TERM");
    let (code, rest, log) = host.server.wait();
    assert_eq!((code, rest.as_str()), (Some(0), ""), "{log}");
}

#[test]
fn the_list_and_the_details_are_for_people_and_the_json_is_the_servers() {
    let host = Host::start(&[]);
    let list = host.plugin(&["list"]).with_code(0);
    assert!(list.stdout.contains(ID) && list.stdout.contains("generation"), "{}", list.stdout);
    assert_eq!(list.stderr, "");
    let json: Value = serde_json::from_str(&host.plugin(&["list", "-o", "json"]).with_code(0).stdout).unwrap();
    assert_eq!(json[0]["id"], ID);
    let details = host.plugin(&["show", "testdata"]).with_code(0).stdout;
    assert!(
        details.contains(text(&host.file())) && details.contains("auto-reload     on"),
        "an alias will do: {details}"
    );
    host.plugin(&["show", "nope"]).with_code(1).complains(&["no plugin \"nope\"", ID]);
    std::fs::write(host.plugins.path().join("bad.wasm"), "not wasm").unwrap();
    let start = Instant::now();
    while !host.plugin(&["list"]).stderr.contains("bad.wasm: not a readable WebAssembly file") {
        assert!(start.elapsed() < PATIENCE, "the refused file is listed");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn rolled_back_and_pinned_by_the_command_as_over_the_api() {
    let mut host = Host::start(&[]);
    let first = host.life()["hash"].as_str().unwrap().to_owned();
    host.plugin(&["rollback", ID]).with_code(1).complains(&["409", "it has no generation before this one"]);
    put(&host.file(), &build(2));
    host.server.line();
    host.plugin(&["rollback", ID]).with_code(0);
    assert_eq!(host.life()["hash"], first);
    host.server.line();
    let pinned = host.plugin(&["pin", ID]).with_code(0).stdout;
    assert!(pinned.contains(&format!("pinned to {}", &first[..12])), "what serves is pinned: {pinned}");
    host.plugin(&["pin", ID, "0000"]).with_code(1).complains(&["409", "it has no code with hash \"0000\""]);
    host.plugin(&["unpin", ID]).with_code(0);
    host.plugin(&["release", ID]).with_code(0);
    host.plugin(&["decommission", ID]).with_code(0);
    let line = host.server.line();
    assert!(line.contains("decommissioned: it was taken out of service"), "{line}");
    host.plugin(&["reload", ID]).with_code(0);
    host.plugin(&["remove", ID]).with_code(0);
    assert_eq!(host.plugin(&["list", "-o", "json"]).with_code(0).stdout, "[]\n");
    host.plugin(&["reload", ID]).with_code(1).complains(&["404", "Plugin not found"]);
}

#[test]
fn what_an_operator_said_is_in_force_after_a_restart() {
    let host = Host::start(&[]);
    host.plugin(&["disable", ID]).with_code(0);
    host.plugin(&["auto-reload", ID, "off"]).with_code(0);
    let host = host.restart();
    assert_eq!((&host.life()["state"], &host.life()["autoReload"]), (&json!("disabled"), &json!(false)));
    assert_eq!(host.server.http("POST", "/api/ds/query", QUERY).0, 500);
    host.plugin(&["enable", ID]).with_code(0);
    host.plugin(&["auto-reload", ID, "on"]).with_code(0);
    host.plugin(&["pin", ID]).with_code(0);
    let pinned = host.life()["pinned"].clone();
    put(&host.file(), &build(2));
    let host = host.restart();
    let life = host.life();
    assert_eq!((&life["pinned"], &life["generation"]), (&pinned, &json!(null)), "{life:#}");
    assert!(!life["waiting"].is_null());
    host.plugin(&["unpin", ID]).with_code(0);
    assert_eq!(host.server.http("POST", "/api/ds/query", QUERY).0, 200);
    let host = host.restart();
    assert_eq!(host.life()["pinned"], json!(null));
}

#[test]
fn a_damaged_file_of_operators_words_keeps_the_host_from_starting() {
    let data = own_data();
    std::fs::write(data.path().join("plugins.json"), "{\"plugins\":").unwrap();
    let (plugins, flags) = (folder(&[]), ["--data", text(data.path()), "--plugins"]);
    let serve = ["serve", "--listen", "127.0.0.1:0"].into_iter().chain(flags).chain([text(plugins.path())]);
    run(serve).with_code(2).complains(&["plugins.json: ", "mend it, or delete it"]);
    let check = ["config", "check"].into_iter().chain(flags).chain([text(plugins.path())]);
    run(check).with_code(2).complains(&["plugins.json: "]);
}

#[test]
fn without_auto_reload_a_plugin_changes_when_somebody_says_so() {
    let mut host = Host::start(&["--auto-reload", "off"]);
    assert_eq!(host.life()["autoReload"], false);
    host.plugin(&["auto-reload", ID, "on"]).with_code(1).complains(&["409", "does not follow its plugins folder"]);
    put(&host.file(), &build(2));
    host.plugin(&["reload", ID]).with_code(0);
    assert!(host.server.line().contains("to generation 2"));
}

#[test]
fn a_folder_that_is_polled_is_followed_too() {
    let mut host = Host::start(&["--plugin-poll", "on"]);
    put(&host.file(), &build(2));
    assert!(host.server.line().contains("to generation 2"));
}

#[test]
fn where_plugins_may_not_be_changed_the_command_says_why() {
    let host = Host::start(&["--plugin-control", "off"]);
    host.plugin(&["list"]).with_code(0);
    host.plugin(&["disable", ID]).with_code(1).complains(&["403", "plugin-control is off"]);
    run(["serve", "--plugin-control", "maybe"])
        .with_code(2)
        .complains(&["--plugin-control: \"maybe\" is neither on nor off"]);
}

#[test]
fn events_are_printed_as_they_come_until_the_server_ends() {
    let host = Host::start(&[]);
    let mut command = wellhead(["plugin", "events", "--data", text(host.data.path())]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, received) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let start = Instant::now();
    // It listens from some moment on, which nobody tells.
    let line = loop {
        host.plugin(&["disable", ID]).with_code(0);
        host.plugin(&["enable", ID]).with_code(0);
        if let Ok(line) = received.recv_timeout(Duration::from_millis(200)) {
            break line;
        }
        assert!(start.elapsed() < PATIENCE, "no event is printed");
    };
    assert!(line.contains(&format!(" plugin {ID}: ")), "{line}");
    host.server.stop();
    assert!(child.wait().unwrap().success());
    drop(received);
    let _ = reader.join();
}

#[test]
fn limits_from_the_file_are_in_force() {
    let config = folder(&[(
        "wellhead.toml",
        "[limits]\njson-rows = 100\n[data-source.testdata.limits]\ncall-deadline = \"1s\"\n",
    )]);
    let host = Host::start(&["--config", text(&config.path().join("wellhead.toml"))]);
    // A call's time counts from when it comes, and the first ones wait for the compiler.
    let start = Instant::now();
    while host.life()["compileMs"].is_null() {
        assert!(start.elapsed() < PATIENCE, "the plugin is compiled");
        std::thread::sleep(Duration::from_millis(20));
    }
    let slow = QUERY.replace("random_walk", "slow_query\",\"stringInput\":\"20s");
    let (_, answer) = host.server.http("POST", "/api/ds/query", &slow);
    assert!(answer.contains("\"status\":504") && answer.contains("within 1s"), "{answer}");
    let long = QUERY.replace("random_walk", "rows\",\"rows\":101,\"alias\":\"1");
    let (_, answer) = host.server.http("POST", "/api/ds/query", &long);
    assert!(answer.contains("rows of a frame") && answer.contains("101 asked, 100 allowed"), "{answer}");
}

#[test]
fn limits_that_cannot_be_meant_are_named_with_their_lines() {
    let config = folder(&[(
        "wellhead.toml",
        "limits.memory = \"256\"\n[plugin.testdata.limits]\ncall-deadline = \"1s\"\n[data-source.lost.limits]\ncache = \"1MiB\"\n",
    )]);
    let (file, plugins) = (config.path().join("wellhead.toml"), common::plugins());
    let ended = run(["config", "check", "--config", text(&file), "--plugins", text(&plugins)]).with_code(2);
    ended.complains(&[
        "wellhead.toml:1: limits.memory: \"256\" is not a size",
        "wellhead.toml:3: [plugin.testdata.limits]: no plugin has the id \"testdata\"; there are",
        "wellhead.toml:5: [data-source.lost.limits]: org 1 has no data source with uid \"lost\"; there are testdata",
    ]);
    std::fs::write(&file, "limits.memory = \"1GiB\"\n").unwrap();
    let shown = run(["config", "show", "--config", text(&file)]).with_code(0).stdout;
    let row =
        |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(row("limits.memory")[1], "1GiB");
    assert!(row("limits.memory")[2].ends_with("wellhead.toml:1"), "{shown}");
    assert_eq!(row("limits.call-deadline")[1..], ["30s", "default"]);
}
