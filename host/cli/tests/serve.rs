//! `wellhead serve` as a process: what it says, how it ends, and what it says when it cannot start.
#![cfg(test)]

mod common;

use common::{AS_ADMIN, Server, folder, own_data, plugin, plugins, poll, put, run, text, wellhead};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

/// A query that stays in flight for as long as a test could need.
const SLOW: &str = r#"{"from":"now-1m","to":"now","queries":[{"refId":"A","datasource":{"uid":"testdata"},"scenarioId":"slow_query","stringInput":"20s"}]}"#;

#[test]
fn it_says_one_line_when_it_answers_and_ends_well_on_sigterm() {
    let server = Server::start(&[]);
    assert!(server.ready.starts_with("wellhead is ready at http://127.0.0.1:"), "{}", server.ready);
    assert!(server.ready.ends_with("1 data source)\n"), "{}", server.ready);
    assert_eq!(server.http("GET", "/readyz", "").0, 200);
    server.signal("TERM");
    let (code, rest, log) = server.wait();
    assert_eq!((code, rest.as_str()), (Some(0), ""), "{log}");
    assert!(log.contains("draining"), "{log}");
}

#[test]
fn an_interrupt_drains_too() {
    let server = Server::start(&[]);
    server.signal("INT");
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_second_signal_does_not_wait_for_what_is_in_flight() {
    let server = Server::start(&[]);
    let address = server.address().to_owned();
    let in_flight = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = SLOW.len();
        let head = "POST /api/ds/query HTTP/1.1\r\nHost: w\r\nContent-Type: application/json";
        write!(stream, "{head}\r\n{AS_ADMIN}\r\nContent-Length: {length}\r\n\r\n{SLOW}").unwrap();
        // The server is gone before it answers: that is an end of the stream or a reset.
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    });
    // The request for the metrics is in flight itself.
    poll("two requests in flight", || {
        server.http("GET", "/metrics", "").1.lines().any(|line| line == "wellhead_http_requests_in_flight 2")
    });
    server.signal("TERM");
    poll("refusing connections", || TcpStream::connect(server.address()).is_err());
    server.signal("INT");
    let (code, _, log) = server.wait();
    assert_eq!(code, Some(130), "{log}");
    assert_eq!(in_flight.join().unwrap(), "");
}

#[test]
fn a_port_in_use_is_named_with_a_cure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = own_data();
    let ended =
        run(["serve", "--listen", &address, "--plugins", text(&plugins()), "--data", text(data.path())]).with_code(1);
    let ended = ended.complains(&["cannot listen on", &address, "from --listen", "another program listens there"]);
    assert_eq!(ended.stdout, "");
}

#[test]
fn a_folder_that_is_missing_is_named_with_a_cure() {
    let here = folder(&[]);
    let missing = here.path().join("nowhere");
    let flags = ["serve", "--listen", "127.0.0.1:0", "--data", text(here.path())];
    let ended = run(flags.into_iter().chain(["--plugins", text(&missing)])).with_code(2);
    ended.complains(&[text(&missing), "the plugins folder (from --plugins) cannot be read", "put .wasm files into it"]);
    let provisioning = ["--plugins", text(here.path()), "--provisioning", text(&missing)];
    let ended = run(flags.into_iter().chain(provisioning)).with_code(2);
    ended.complains(&[text(&missing), "the folder cannot be read"]);
}

#[test]
fn the_data_folder_is_made_for_its_owner_alone_wherever_it_is_counted_from() {
    let here = folder(&[("plugins/notes.txt", "no plugin")]);
    for data in [here.path().join("a/b"), "relative/c".into()] {
        let mut command = wellhead(["serve", "--listen", "127.0.0.1:0", "--data", text(&data)]);
        let mut child = command.current_dir(here.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(ready.contains("(0 plugins, 0 data sources)"), "{ready}");
        for folder in [data.clone(), data.join("compiled")] {
            let mode = std::fs::metadata(here.path().join(&folder)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
        }
        for file in ["wellhead.redb", "master.key", "audit.log"] {
            let mode = std::fs::metadata(here.path().join(&data).join(file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}

#[test]
fn a_bad_plugin_is_reported_and_the_others_serve() {
    let mixed = folder(&[("broken.wasm", "not wasm"), ("other.wasm", ""), ("other.plugin.json", "{\"id\": 5}")]);
    std::fs::copy(plugin("testdata"), mixed.path().join("testdata.wasm")).unwrap();
    let server = Server::start_with_plugins(mixed.path(), &[]);
    assert!(server.ready.contains("(1 plugin, 1 data source)"), "{}", server.ready);
    let body = SLOW.replace("slow_query", "random_walk");
    assert_eq!(server.http("POST", "/api/ds/query", &body).0, 200);
    let log = server.stop();
    assert!(log.contains("broken.wasm") && log.contains("other.wasm"), "{log}");
}

#[test]
fn what_provisioning_says_is_what_there_is() {
    let provisioning = folder(&[(
        "datasources/ds.yaml",
        "apiVersion: 1\ndatasources:\n- {name: One, uid: one, type: testdata}\n- {name: Lost, uid: lost, type: nosuch}\n",
    )]);
    let server = Server::start(&["--provisioning", text(provisioning.path())]);
    assert!(server.ready.ends_with("2 data sources)\n"), "{}", server.ready);
    let (status, list) = server.http("GET", "/api/datasources", "");
    assert_eq!(status, 200);
    assert!(list.contains("\"one\"") && list.contains("\"lost\""), "{list}");
    let log = server.stop();
    assert!(log.contains("Lost") && log.contains("no plugin \"nosuch\""), "{log}");
}

#[test]
fn provisioning_files_that_change_take_effect_while_it_serves_and_bad_ones_do_not() {
    let file = |entries: &str| format!("apiVersion: 1\nprune: true\ndatasources:\n{entries}");
    let (one, two) = ("- {name: One, uid: one, type: testdata}\n", "- {name: Two, uid: two, type: nosuch}\n");
    let provisioning = folder(&[("ds.yaml", &file(one))]);
    let mut server = Server::start(&["--provisioning", text(provisioning.path())]);
    let path = provisioning.path().join("ds.yaml");
    let uids = |server: &Server| {
        let list: serde_json::Value = serde_json::from_str(&server.http("GET", "/api/datasources", "").1).unwrap();
        let uids = list.as_array().unwrap().iter().map(|item| item["uid"].as_str().unwrap().to_owned());
        uids.collect::<Vec<_>>()
    };
    assert_eq!(uids(&server), ["one"]);
    put(&path, file(&[one, two].concat()).as_bytes());
    poll("the second", || uids(&server) == ["one", "two"]);
    put(&path, file("- {name: Three, type: testdata, access: sideways}\n").as_bytes());
    server.logged("write proxy or direct");
    assert_eq!(uids(&server), ["one", "two"]);
    put(&path, file(two).as_bytes());
    poll("the first to be gone", || uids(&server) == ["two"]);
    let log = server.stop();
    assert!(log.contains("no plugin \"nosuch\""), "{log}");
    assert!(log.contains("0 added, 0 updated, 1 deleted (\"One\"), 1 unchanged"), "{log}");
}

#[test]
fn provisioning_with_faults_is_refused_with_all_of_them() {
    let provisioning = folder(&[
        ("a.yaml", "apiVersion: 1\ndatasources:\n- {type: testdata}\n"),
        ("b.yaml", "apiVersion: 1\ndatasources:\n- {name: B, type: testdata, access: sideways}\n"),
    ]);
    let data = own_data();
    let flags = ["serve", "--listen", "127.0.0.1:0", "--data", text(data.path())];
    let ended =
        run(flags.into_iter().chain(["--plugins", text(&plugins()), "--provisioning", text(provisioning.path())]));
    ended.with_code(2).complains(&["2 faults", "a.yaml:3", "b.yaml:3", "write proxy or direct"]);
}

#[test]
fn log_lines_are_json_where_that_is_asked() {
    let server = Server::start(&["--log-format", "json", "--log-level", "info"]);
    let log = server.stop();
    assert!(!log.is_empty());
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(entry["timestamp"].is_string() && entry["level"].is_string() && entry["message"].is_string(), "{line}");
    }
}
