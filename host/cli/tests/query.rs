//! `wellhead query` as a process: of a server, of a plugin in its own process, and what it says when there is no answer.
#![cfg(test)]

mod common;

use common::{PASSWORD, Server, folder, plugin, run, run_with_input, text, wellhead};
use wellhead_frame::{Frame, ReadLimits};

const CSV: &str = r#"{"scenarioId":"csv_content","csvContent":"name,score\nann,1.5\nbob,\n"}"#;
const ERROR: &str = r#"{"refId":"E","scenarioId":"error_with_source","errorSource":"downstream"}"#;

/// Asks the data source of a server as its admin.
fn of(server: &Server, rest: &[&str]) -> Vec<String> {
    let as_admin = server.as_admin();
    let fixed = ["query", "--server", &as_admin, "--datasource", "testdata"];
    fixed.iter().chain(rest).map(|&word| word.to_owned()).collect()
}

#[test]
fn a_server_is_asked_and_every_form_has_the_answer() {
    let server = Server::start(&[]);
    let table = run(of(&server, &[CSV])).with_code(0);
    for shown in ["A", "2 rows", "name", "score", "ann", "1.5", "null"] {
        assert!(table.stdout.contains(shown), "no {shown} in {}", table.stdout);
    }
    assert_eq!(run(of(&server, &["-o", "csv", CSV])).with_code(0).stdout, "name,score\nann,1.5\nbob,\n");

    let json = run(of(&server, &["-o", "json", CSV])).with_code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["results"]["A"]["frames"][0]["data"]["values"][1], serde_json::json!([1.5, null]));

    let arrow = run(of(&server, &["-o", "arrow", CSV])).with_code(0);
    let frames = Frame::all_from_ipc(arrow.bytes, &ReadLimits::default()).unwrap();
    assert_eq!((frames.len(), frames[0].ref_id(), frames[0].num_rows()), (1, "A", 2));
}

#[test]
fn several_queries_are_answered_and_a_failed_one_makes_the_exit_code_one() {
    let server = Server::start(&[]);
    let queries = format!("[{CSV},{ERROR}]");
    let ended = run(of(&server, &["-o", "csv", &queries])).with_code(1);
    assert_eq!(ended.stdout, "name,score\nann,1.5\nbob,\n");
    ended.complains(&["error in E", "downstream"]);
}

#[test]
fn a_large_result_arrives_whole() {
    let server = Server::start(&[]);
    let query = r#"{"scenarioId":"rows","rows":300000,"seriesCount":1}"#;
    let ended = run(of(&server, &["-o", "csv", query])).with_code(0);
    assert_eq!(ended.stdout.lines().count(), 300_001);
}

#[test]
fn queries_may_come_on_standard_input() {
    let server = Server::start(&["--anonymous-viewer"]);
    // Whoever comes without credentials is as good as anybody here.
    let strange = ["query", "--server", &server.url, "--datasource", "testdata", "-o", "csv", "-"];
    let ended = run_with_input(&strange, CSV.as_bytes()).with_code(0);
    assert!(ended.stdout.starts_with("name,score\n"));
}

#[test]
fn the_time_range_and_the_points_asked_for_arrive() {
    let server = Server::start(&[]);
    let range = ["--from", "1700000000000", "--to", "1700000600000", "--interval-ms", "60000", "-o", "csv"];
    let ended = run(of(&server, &[&range[..], &[r#"{"scenarioId":"random_walk","seed":1}"#]].concat())).with_code(0);
    let times: Vec<&str> = ended.stdout.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(times.first(), Some(&"2023-11-14T22:13:20Z"), "{}", ended.stdout);
    assert_eq!(times.get(1), Some(&"2023-11-14T22:14:20Z"), "{}", ended.stdout);
}

#[test]
fn what_a_server_refuses_is_said_in_its_words() {
    let server = Server::start(&[]);
    let as_admin = server.as_admin();
    let ended = run(["query", "--server", &as_admin, "--datasource", "nosuch", CSV]).with_code(1);
    ended.complains(&["/api/ds/query answered 404", "Data source not found: ", "uid \"nosuch\""]);
    let ended = run(of(&server, &["--from", "yesterday", CSV])).with_code(1);
    ended.complains(&["answered 400", "yesterday"]);
    let ended = run(["query", "--server", &server.url, "--datasource", "testdata", CSV]).with_code(1);
    let ended = ended.complains(&["answered 401", "Unauthorized", "--token", "login and password in the URL"]);
    assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
    let ended = run(["query", "--server", &as_admin, CSV]).with_code(1);
    ended.complains(&["query A names no data source", "--datasource UID"]);
}

#[test]
fn a_server_that_is_not_there_is_named_with_a_cure() {
    // Bound and dropped: nobody listens there now.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = format!("http://{address}");
    let ended = run(["query", "--server", &server, "--datasource", "x", CSV]).with_code(1);
    ended.complains(&["cannot reach", &server, "(is `wellhead serve` running there?)"]);
    let ended = run(["query", "--server", "localhost:3000", "--datasource", "x", CSV]).with_code(1);
    ended.complains(&["is not an HTTP URL", "http://127.0.0.1:3000"]);
}

#[test]
fn what_is_no_query_is_shown_back() {
    let server = Server::start(&[]);
    run(of(&server, &["{expr"])).with_code(1).complains(&["\"{expr\" is not JSON"]);
    run(["query", CSV]).with_code(1).complains(&["query A names no data source", "--datasource UID"]);
}

#[test]
fn a_plugin_answers_in_this_process() {
    let testdata = plugin("testdata");
    let cache = folder(&[("s.toml", "type = \"testdata\"\nname = \"Local\"\n")]);
    let settings = cache.path().join("s.toml");
    let mut command = wellhead(["query", "--plugin", text(&testdata), "--settings", text(&settings), "-o", "csv", CSV]);
    let output = command.env("XDG_CACHE_HOME", cache.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "name,score\nann,1.5\nbob,\n");
    assert!(cache.path().join("wellhead/compiled").is_dir());
}

#[test]
fn a_plugin_in_this_process_reports_errors_as_a_server_does() {
    let testdata = plugin("testdata");
    let offline = ["query", "--plugin", text(&testdata), "-o", "csv"];
    let ended = run(offline.into_iter().chain([CSV, ERROR])).with_code(1);
    assert_eq!(ended.stdout, "name,score\nann,1.5\nbob,\n");
    ended.complains(&["error in E", "downstream"]);
}

#[test]
fn settings_for_another_plugin_and_a_file_that_is_no_plugin_are_refused() {
    let files = folder(&[("s.yaml", "type: loki\n"), ("x.wasm", "not wasm")]);
    let (settings, junk) = (files.path().join("s.yaml"), files.path().join("x.wasm"));
    let testdata = plugin("testdata");
    let ended = run(["query", "--plugin", text(&testdata), "--settings", text(&settings), CSV]).with_code(1);
    ended.complains(&["\"loki\"", "grafana-testdata-datasource"]);
    run(["query", "--plugin", text(&junk), CSV]).with_code(1).complains(&["x.wasm"]);
    run(["query", "--server", "http://x", "--plugin", text(&testdata), CSV]).with_code(2);
}
