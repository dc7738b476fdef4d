//! Cases recorded from a real HTTP server and replayed with it gone; cases written by hand; cases that go wrong.
#![cfg(test)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::thread;
use wellhead::DataSource;
use wellhead_conformance::{Suite, TestResult, Update, Verdict};
use wellhead_test_support::guest;

const SECRET: &str = "hunter2-of-old";

/// Compiled once for all tests, and for the next run.
fn suite(file: impl Into<PathBuf>) -> Suite {
    Suite::new(file).compile_cache(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled"))
}

/// A Prometheus as far as one query goes; it repeats the credentials it was shown.
fn prometheus() -> (String, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        // One connection for each client, and one client for each recording.
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            loop {
                let (mut line, mut length, mut shown) = (String::new(), 0, String::new());
                if reader.read_line(&mut line).unwrap_or_default() == 0 {
                    break;
                }
                if line.starts_with("STOP") {
                    return;
                }
                loop {
                    let mut header = String::new();
                    reader.read_line(&mut header).unwrap();
                    let Some((name, value)) = header.trim_end().split_once(": ") else { break };
                    match name.to_ascii_lowercase().as_str() {
                        "content-length" => length = value.parse().unwrap(),
                        "authorization" => shown = value.to_owned(),
                        _ => {}
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let text = format!(
                    r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"__name__":"up","shown":"{shown}"}},"value":[1700000000,"1"]}}]}}}}"#
                );
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    text.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(text.as_bytes()).unwrap();
            }
        }
    };
    (url, thread::spawn(serve))
}

fn case(folder: &Path, query: &str, settings: &str) {
    let case = folder.join("up");
    fs::create_dir_all(&case).unwrap();
    fs::write(case.join("query.json"), query).unwrap();
    fs::write(case.join("settings.json"), settings).unwrap();
}

async fn run(folder: &Path, update: Update, given: Option<(DataSource, &str)>) -> TestResult {
    let mut suite = suite(guest("prometheus")).cases(folder).only("case/up").update(update);
    if let Some((source, url)) = given {
        suite = suite.data_source(source).url(url);
    }
    suite.run(|_| ()).await.unwrap().results.remove(0)
}

fn stored(folder: &Path, texts: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            stored(&path, texts);
        } else {
            texts.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_recorded_and_replays_alike_with_the_server_gone_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    case(
        folder.path(),
        r#"{"expr":"up","instant":true}"#,
        r#"{"secureJsonData":{"basicAuthPassword":"$NOT_SET_ANYWHERE"}}"#,
    );
    let (url, server) = prometheus();
    let mut source = DataSource::new("p", "P", "prometheus").with_secret("basicAuthPassword", SECRET);
    (source.basic_auth, source.basic_auth_user) = (true, "reader".to_owned());
    let recorded = run(folder.path(), Update::Recording, Some((source.clone(), &url))).await;
    assert_eq!(recorded.verdict, Verdict::Passed, "{recorded}");
    std::net::TcpStream::connect(url.trim_start_matches("http://")).unwrap().write_all(b"STOP\n").unwrap();
    server.join().unwrap();

    let mut texts = String::new();
    stored(folder.path(), &mut texts);
    assert!(!texts.contains("hunter2") && !texts.contains("cmVhZGVyOmh1bnRlcjI"), "{texts}");
    assert!(texts.contains("up") && texts.contains("[secret]"), "{texts}");
    // That nobody is there is no recording, and does not take the place of one.
    let down = run(folder.path(), Update::Recording, Some((source, &url))).await.to_string();
    assert!(down.contains("refused") && down.contains("nothing is recorded: start the upstream"), "{down}");
    let replayed = run(folder.path(), Update::Compare, None).await;
    assert_eq!(replayed.verdict, Verdict::Passed, "{replayed}");

    // Another question is another request.
    case(folder.path(), r#"{"expr":"down","instant":true}"#, "{}");
    let Verdict::Failed(why) = run(folder.path(), Update::Compare, None).await.verdict else { panic!("it passed") };
    assert!(why.contains("-  query=up\n+  query=down\n"), "{why}");

    // And another answer is another answer.
    case(folder.path(), r#"{"expr":"up","instant":true}"#, "{}");
    let expected = folder.path().join("up/expected.json");
    let text = fs::read_to_string(&expected).unwrap();
    fs::write(&expected, text.replace("1700000000000", "1600000000000")).unwrap();
    let Verdict::Failed(why) = run(folder.path(), Update::Compare, None).await.verdict else { panic!("it passed") };
    assert!(why.contains("1600000000000") && why.contains("1700000000000"), "{why}");
    assert_eq!(run(folder.path(), Update::Expected, None).await.verdict, Verdict::Passed);
    assert_eq!(fs::read_to_string(&expected).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_written_by_hand_needs_no_recording_and_no_clock() {
    let folder = tempfile::tempdir().unwrap();
    case(
        folder.path(),
        r#"{"expr":"up","instant":true}"#,
        r#"{"url":"http://prometheus.example.com","jsonData":{"httpMethod":"GET"}}"#,
    );
    let http = folder.path().join("up/http");
    fs::create_dir_all(&http).unwrap();
    let exchange = r#"{"request":{"url":"/api/v1/query?query=up&time=1735689600"},"response":{"body":{"text":"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}"}}}"#;
    fs::write(http.join("up.json"), exchange).unwrap();
    let missing = run(folder.path(), Update::Compare, None).await;
    assert!(missing.to_string().contains("have expected.json written with --update"), "{missing}");
    assert!(!missing.to_string().contains("not in the recording"), "{missing}");
    // A stranger's case may have a link there: it is replaced, and what it leads to stays.
    let (expected, theirs) = (folder.path().join("up/expected.json"), folder.path().join("theirs"));
    fs::write(&theirs, "{}").unwrap();
    std::os::unix::fs::symlink(&theirs, &expected).unwrap();
    let written = run(folder.path(), Update::Expected, None).await;
    assert_eq!(written.verdict, Verdict::Passed, "{written}");
    assert!(!expected.is_symlink());
    assert_eq!(fs::read_to_string(&theirs).unwrap(), "{}");
    assert_eq!(run(folder.path(), Update::Compare, None).await.verdict, Verdict::Passed);

    fs::write(http.join("zz.json"), exchange.replace("query=up", "query=other")).unwrap();
    let unused = run(folder.path(), Update::Compare, None).await;
    assert!(unused.to_string().contains("recorded and not asked for: http/zz.json"), "{unused}");
    fs::write(http.join("zz.json"), "{").unwrap();
    let broken = run(folder.path(), Update::Compare, None).await;
    assert!(broken.to_string().contains("zz.json: EOF"), "{broken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_need_not_name_its_upstream_and_says_what_was_answered_where_it_expects_nothing() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path(), r#"{"expr":"up","instant":true}"#, r#"{"jsonData":{"httpMethod":"GET"}}"#);
    let http = folder.path().join("up/http");
    fs::create_dir_all(&http).unwrap();
    let exchange = r#"{"request":{"url":"/api/v1/query?query=up&time=1735689600"},"response":{"status":418,"body":{"text":"a teapot"}}}"#;
    fs::write(http.join("up.json"), exchange).unwrap();
    let failed = run(folder.path(), Update::Compare, None).await.to_string();
    assert!(failed.contains("query \"A\" was answered with status ") && failed.contains("a teapot"), "{failed}");
    assert!(!failed.contains("not asked for"), "{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_told_the_same_instant_the_same_durations_and_the_same_random_numbers_every_time() {
    let folder = tempfile::tempdir().unwrap();
    case(folder.path(), "{}", r#"{"url":"http://upstream.example.com/value"}"#);
    let http = folder.path().join("up/http");
    fs::create_dir_all(&http).unwrap();
    fs::write(http.join("value.json"), r#"{"request":{"url":"/value"},"response":{}}"#).unwrap();
    let run = async |update| {
        let suite = suite(guest("nonconforming")).cases(folder.path()).only("case/up").update(update);
        suite.run(|_| ()).await.unwrap().results.remove(0)
    };
    let (written, again) = (run(Update::Expected).await, run(Update::Compare).await);
    assert_eq!((&written.verdict, &again.verdict), (&Verdict::Passed, &Verdict::Passed), "{written}\n{again}");
    let expected = fs::read_to_string(folder.path().join("up/expected.json")).unwrap();
    // 2025-01-01: what cases that were written by hand are told.
    assert!(expected.contains("1735689600"), "{expected}");
    // Nothing was waited for by the clock.
    assert!(expected.contains("0 0"), "{expected}");

    let stamp = r#"{"recordedAt":"2026-02-03T04:05:06Z","seed":7}"#;
    fs::write(folder.path().join("up/recording.json"), stamp).unwrap();
    let other = run(Update::Compare).await.to_string();
    assert!(other.contains("1770091506"), "{other}");
    assert_eq!(run(Update::Expected).await.verdict, Verdict::Passed);
    assert_eq!(run(Update::Compare).await.verdict, Verdict::Passed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cases_of_the_example_that_logs_in_and_pages_are_what_it_answers() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/paged-api-plugin/tests/cases");
    let report = suite(guest("paged_api_plugin")).cases(cases).run(|_| ()).await.unwrap();
    let results: String = report.results.iter().map(|result| format!("{result}\n")).collect();
    let (passed, failed, skipped) = report.counts();
    assert_eq!((passed, failed, skipped), (wellhead_conformance::RULES.len() + 1, 0, 0), "{results}");
}
