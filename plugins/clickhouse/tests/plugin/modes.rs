//! What one query is refused for costs no other query anything.

use crate::support::{pass_on, source};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::Cursor;
use std::rc::Rc;
use wellhead_sdk::http::HttpError;
use wellhead_sdk::testing::{self, HttpAnswer, SentRequest, block_on};
use wellhead_test_servers::Chdb;

/// A server that says so to a request, or passes it on; and the URLs of what it was asked, with their texts.
fn asked(
    answer: impl Fn(&SentRequest, &str) -> Option<&'static str> + 'static,
    port: u16,
    custom: Value,
    queries: &[&str],
) -> (Vec<Result<Value, String>>, Vec<String>) {
    let source = source(port, json!({ "customSettings": custom }));
    let urls = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&urls);
    testing::answer_http_with(move |request| -> Result<HttpAnswer, HttpError> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        seen.borrow_mut().push(format!("{} {text}", request.url));
        match answer(request, &text) {
            Some(exception) => Ok(HttpAnswer::new(500, Cursor::new(exception.as_bytes()))),
            None => pass_on(request),
        }
    });
    let answers = queries.iter().map(|sql| {
        let model = json!({"rawSql": sql, "format": "table"});
        let collected = block_on(async { source.ask(model).await?.collect().await });
        collected.map(|frames| crate::support::shown(&frames[0])).map_err(|error| error.message().to_owned())
    });
    (answers.collect(), urls.take())
}

const LATER: &str = "SELECT 1.5 AS later";

/// The URL of the later query's last try.
fn later(urls: &[String]) -> &str {
    urls.iter().rfind(|url| url.ends_with(LATER)).unwrap()
}

#[test]
fn a_setting_in_the_text_of_one_query_is_no_news_of_the_server() {
    let Some(server) = Chdb::start().unwrap() else { return };
    let near = "SELECT 1 SETTINGS output_format_arrow_string_as_strin = 1";
    let (answers, urls) = asked(|_, _| None, server.port(), json!([]), &[near, LATER]);
    assert!(answers[0].as_ref().unwrap_err().contains("output_format_arrow_string_as_strin"), "{answers:?}");
    assert_eq!(answers[1].as_ref().unwrap()["data"]["values"], json!([[1.5]]));
    assert!(later(&urls).contains("ArrowStream"), "{urls:#?}");
}

#[test]
fn what_only_one_text_is_refused_for_is_that_texts_error() {
    let Some(server) = Chdb::start().unwrap() else { return };
    for exception in [
        "Code: 452. DB::Exception: Setting max_execution_time shouldn't be greater than 60. (SETTING_CONSTRAINT_VIOLATION)",
        "Code: 164. DB::Exception: Cannot modify 'output_format_arrow_compression_method' setting in readonly mode. (READONLY)",
        "Code: 115. DB::Exception: Setting output_format_arrow_string_as_string is neither a builtin setting. (UNKNOWN_SETTING)",
    ] {
        let refuses = move |_: &SentRequest, text: &str| text.contains("SETTINGS").then_some(exception);
        let sql = "SELECT 1 SETTINGS max_execution_time = 999999";
        let (answers, urls) = asked(refuses, server.port(), json!([]), &[sql, LATER]);
        let said = exception.split_once("DB::Exception: ").unwrap().1;
        assert!(answers[0].as_ref().unwrap_err().contains(said), "{answers:?}");
        assert_eq!(urls.iter().filter(|url| url.ends_with(sql)).count(), 1, "{urls:#?}");
        assert!(later(&urls).contains("ArrowStream") && later(&urls).contains("max_execution_time"), "{urls:#?}");
    }
}

#[test]
fn a_servers_own_limit_on_time_costs_the_time_limit_only() {
    let Some(server) = Chdb::start().unwrap() else { return };
    let refuses = |request: &SentRequest, _: &str| {
        let exception = "Code: 452. DB::Exception: Setting max_execution_time shouldn't be greater than 5.";
        request.url.contains("max_execution_time").then_some(exception)
    };
    let (answers, urls) = asked(refuses, server.port(), json!([]), &["SELECT 1", LATER]);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!(later(&urls).contains("ArrowStream") && later(&urls).contains("output_format_arrow"), "{urls:#?}");
    // Refused, shown to be the server's no, asked again; the second query is asked once.
    assert_eq!(urls.len(), 4, "{urls:#?}");
}

#[test]
fn the_data_sources_own_settings_are_to_blame_for_themselves() {
    let Some(server) = Chdb::start().unwrap() else { return };
    let custom = json!([
        {"setting": "max_execution_time", "value": "7"},
        {"setting": "output_format_arrow_compression_method", "value": "lz4_frame"},
        {"setting": "default_format", "value": "CSV"},
        {"setting": "max_threads", "value": "2"},
    ]);
    let (answers, urls) = asked(|_, _| None, server.port(), custom, &[LATER]);
    assert_eq!(answers[0].as_ref().unwrap()["data"]["values"], json!([[1.5]]));
    assert_eq!(urls[0].matches("max_execution_time=").count(), 1, "{urls:?}");
    assert!(urls[0].contains("max_execution_time=7") && urls[0].contains("max_threads=2"), "{urls:?}");
    assert!(!urls[0].contains("lz4") && !urls[0].contains("CSV"), "{urls:?}");
    let typo = json!([{"setting": "output_format_arrow_string_as_strin", "value": "1"}]);
    let (answers, urls) = asked(|_, _| None, server.port(), typo, &[LATER]);
    assert!(answers[0].as_ref().unwrap_err().contains("output_format_arrow_string_as_strin"), "{answers:?}");
    assert_eq!(urls.len(), 1, "{urls:?}");
}
