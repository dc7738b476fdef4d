//! `wellhead stream` as a process: of a server, of a plugin in its own process, and what it says of what it cannot do.
#![cfg(test)]

mod common;

use common::{Server, plugin, run, text};
use wellhead_frame::{Frame, ReadLimits};

const FAST: &str = r#"{"frequency":100,"seed":7}"#;

/// Subscribes to a channel of a server's data source as its admin.
fn of(server: &Server, rest: &[&str]) -> Vec<String> {
    let as_admin = server.as_admin();
    let fixed = ["stream", "--server", &as_admin, "--query", FAST];
    fixed.iter().chain(rest).map(|&word| word.to_owned()).collect()
}

#[test]
fn frames_of_a_server_are_printed_as_they_come_in_every_form() {
    let server = Server::start(&[]);
    let rows = run(of(&server, &["-n", "3", "testdata", "random-walk"])).with_code(0).stdout;
    let lines: Vec<_> = rows.lines().collect();
    assert!(lines[0].starts_with("Time") && lines.len() >= 4, "{rows}");

    let csv = run(of(&server, &["-n", "3", "-o", "csv", "testdata", "random-walk"])).with_code(0).stdout;
    assert!(csv.lines().count() >= 4 && csv.lines().skip(1).all(|line| line.contains(',')), "{csv}");

    let json = run(of(&server, &["-n", "3", "-o", "json", "testdata", "random-walk"])).with_code(0).stdout;
    let frames: Vec<_> =
        json.lines().map(|line| Frame::from_json(line.as_bytes(), &ReadLimits::default()).unwrap()).collect();
    assert!(frames.iter().filter(|frame| frame.num_rows() > 0).count() == 3, "{json}");

    let arrow = run(of(&server, &["-n", "3", "-o", "arrow", "testdata", "random-walk"])).with_code(0).bytes;
    let arrow = Frame::all_from_ipc(arrow, &ReadLimits::default()).unwrap();
    assert_eq!(arrow.iter().filter(|frame| frame.num_rows() > 0).count(), 3);
    assert_eq!(arrow.last().unwrap().schema().fields(), frames.last().unwrap().schema().fields());
}

#[test]
fn a_plugin_in_its_own_process_streams_without_a_server() {
    let testdata = plugin("testdata");
    let words = ["stream", "--plugin", text(&testdata), "--query", FAST, "-n", "2", "-o", "csv", "random-walk"];
    let ended = run(words).with_code(0);
    assert!(ended.stdout.lines().count() >= 3, "{}", ended.stdout);
    run(["stream", "--plugin", text(&testdata), "no-such-stream"]).with_code(1).complains(&["no-such-stream"]);
    run(["stream", "--plugin", text(&testdata), "a", "b"]).with_code(1).complains(&["path alone"]);
}

#[test]
fn what_cannot_be_subscribed_to_is_named() {
    let server = Server::start(&[]);
    run(of(&server, &["testdata", "no-such-stream"])).with_code(1).complains(&["no-such-stream", "404"]);
    run(of(&server, &["nowhere", "random-walk"])).with_code(1).complains(&["nowhere"]);
    run(of(&server, &["testdata"])).with_code(1).complains(&["uid and the channel's path"]);
    let as_admin = server.as_admin();
    let bad = ["stream", "--server", &as_admin, "--query", "{", "testdata", "random-walk"];
    run(bad).with_code(1).complains(&["--query is not JSON"]);
}
