use super::*;
use wellhead_runtime::EpochTime;

fn parse(body: &str) -> Result<QueryRequest, QueryError> {
    QueryRequest::from_json_at(body.as_bytes(), "2026-08-12T14:35:56Z".parse().unwrap(), false)
}

fn one(query: &str) -> Result<Query, QueryError> {
    let request = parse(&format!(r#"{{"from":"now-1h","to":"now","queries":[{query}]}}"#))?;
    Ok(request.into_queries().remove(0))
}

fn millis(range: TimeRange) -> (i64, i64) {
    (range.from.as_millis(), range.to.as_millis())
}

#[test]
fn what_a_query_leaves_out_is_grafanas_default() {
    let text = r#"{ "datasource":{"uid":"prom"},  "expr":"up" }"#;
    let query = one(text).unwrap();
    assert_eq!(query.data_source, DataSourceKey::uid("prom"));
    assert_eq!((query.query.ref_id.as_str(), query.query.interval_ms, query.query.max_data_points), ("A", 1000, 100));
    assert_eq!(
        (query.query.query_type.as_str(), query.query.model.as_str()),
        ("", text),
        "the model is the text as sent"
    );
}

#[test]
fn what_a_query_says_arrives() {
    let query = one(
        r#"{"refId":"Büro 1","datasource":{"uid":"prom","type":"prometheus"},"intervalMs":1500.5,"maxDataPoints":7,"queryType":"range","hide":true}"#,
    )
    .unwrap();
    assert_eq!(
        (query.query.ref_id.as_str(), query.query.interval_ms, query.query.max_data_points),
        ("Büro 1", 1500, 7)
    );
    assert_eq!(query.query.query_type, "range");
}

#[test]
fn zero_is_no_step_and_no_width() {
    let query = one(r#"{"datasource":"p","intervalMs":0,"maxDataPoints":0}"#).unwrap();
    assert_eq!((query.query.interval_ms, query.query.max_data_points), (1, 100));
}

#[test]
fn a_data_source_is_named_in_each_of_grafanas_ways() {
    for (text, key) in [
        (r#"{"datasource":{"uid":"a"}}"#, DataSourceKey::uid("a")),
        (r#"{"datasource":"a"}"#, DataSourceKey::uid("a")),
        (r#"{"datasourceId":7}"#, DataSourceKey::Id(7)),
        (r#"{"datasource":null,"datasourceId":7}"#, DataSourceKey::Id(7)),
        (r#"{"datasource":{"type":"prometheus"},"datasourceId":7}"#, DataSourceKey::Id(7)),
        (r#"{"datasource":{"uid":"a"},"datasourceId":7}"#, DataSourceKey::uid("a")),
    ] {
        assert_eq!(one(text).unwrap().data_source, key, "{text}");
    }
}

#[test]
fn a_query_without_a_data_source_is_refused() {
    for text in [
        r#"{}"#,
        r#"{"datasource":null}"#,
        r#"{"datasource":""}"#,
        r#"{"datasource":{}}"#,
        r#"{"datasource":{"uid":5}}"#,
        r#"{"datasource":["a"]}"#,
        r#"{"datasource":7}"#,
        r#"{"datasourceId":"7"}"#,
        r#"{"datasourceId":0}"#,
        r#"{"datasourceId":1.5}"#,
    ] {
        let error = one(text).unwrap_err();
        assert!(matches!(error, QueryError::InvalidDataSource { .. }), "{text}: {error}");
    }
}

#[test]
fn expressions_are_refused_by_name() {
    for text in [
        r#"{"refId":"B","datasource":{"uid":"__expr__","type":"__expr__"}}"#,
        r#"{"refId":"B","datasource":{"type":"__expr__"}}"#,
        r#"{"refId":"B","datasource":"__expr__"}"#,
        r#"{"refId":"B","datasourceId":-100}"#,
        r#"{"refId":"B","datasource":{"uid":"-100"}}"#,
    ] {
        let error = one(text).unwrap_err();
        assert!(
            matches!(&error, QueryError::ExpressionsUnsupported { query } if query.contains("\"B\"")),
            "{text}: {error}"
        );
    }
}

#[test]
fn a_key_of_the_wrong_type_or_out_of_range_names_query_and_key() {
    for (text, expected) in [
        (r#"{"refId":5}"#, "queries[0]: refId is 5: send a string"),
        (r#"{"refId":{"a":1}}"#, "queries[0]: refId is {\"a\":1}: send a string"),
        (r#"{"refId":"a\u0000"}"#, "queries[0]: refId has a control character: send letters and digits"),
        (r#"[]"#, "queries[0]: the query is not a JSON object"),
        (r#"null"#, "queries[0]: the query is not a JSON object"),
        (
            r#"{"refId":"B","datasource":"p","intervalMs":"1s"}"#,
            "queries[0] (refId \"B\"): intervalMs is \"1s\": send a number",
        ),
        (
            r#"{"refId":"B","datasource":"p","intervalMs":-1}"#,
            "queries[0] (refId \"B\"): intervalMs is -1: 0 to 4294967295 are allowed",
        ),
        (
            r#"{"refId":"B","datasource":"p","maxDataPoints":1e99}"#,
            "queries[0] (refId \"B\"): maxDataPoints is 1e99: 0 to 4294967295 are allowed",
        ),
        (
            r#"{"refId":"B","datasource":"p","queryType":[]}"#,
            "queries[0] (refId \"B\"): queryType is []: send a string",
        ),
    ] {
        assert_eq!(one(text).unwrap_err().to_string(), expected, "{text}");
    }
    let long = format!(r#"{{"refId":"{}"}}"#, "x".repeat(300));
    assert_eq!(one(&long).unwrap_err().to_string(), "queries[0]: refId has 300 bytes, 255 are allowed");
    let twice = one(r#"{"refId":"A","refId":"B"}"#).unwrap_err();
    assert!(twice.to_string().contains("duplicate field `refId`"), "{twice}");
}

#[test]
fn a_ladder_of_brackets_is_refused_before_a_plugin_sees_it() {
    let deep = format!(r#"{{"datasource":"p","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(one(&deep).unwrap_err().to_string(), "queries[0]: the query nests 100001 levels deep, 100 are allowed");
}

#[test]
fn a_body_that_is_not_a_request_is_refused() {
    for text in
        ["", "[]", "null", "{", "{\"queries\":5}", "{\"queries\":{}}", "\u{feff}{}", "[\"now-1h\",\"now\",[{}]]"]
    {
        let error = parse(text).unwrap_err();
        assert!(matches!(error, QueryError::MalformedBody(_)), "{text}: {error}");
    }
    let error = QueryRequest::from_json(b"{\"from\":\"\xff\"}", false).unwrap_err();
    assert!(matches!(error, QueryError::MalformedBody(_)), "{error}");
}

#[test]
fn no_queries_too_many_and_two_of_one_name_are_refused() {
    for text in [r#"{}"#, r#"{"from":"now-1h","to":"now","queries":[]}"#, r#"{"queries":null}"#] {
        assert!(matches!(parse(text), Err(QueryError::NoQueries)), "{text}");
    }
    let many = vec!["{}"; MAX_QUERIES + 1].join(",");
    let error = parse(&format!(r#"{{"from":"now-1h","to":"now","queries":[{many}]}}"#)).unwrap_err();
    assert!(matches!(error, QueryError::TooManyQueries { actual: 501, limit: MAX_QUERIES }), "{error}");
    let twice = r#"{"from":"now-1h","to":"now","queries":[{"datasource":"p"},{"refId":"A","datasource":"q"}]}"#;
    assert!(matches!(parse(twice), Err(QueryError::DuplicateRefId { ref_id }) if ref_id == "A"));
}

#[test]
fn the_range_is_text_or_number_and_runs_forwards() {
    let range = |from: &str, to: &str| {
        let body = format!(r#"{{"from":{from},"to":{to},"queries":[{{"datasource":"p"}}]}}"#);
        parse(&body).map(|request| millis(request.queries[0].query.time_range))
    };
    assert_eq!(range("1000", "\"2000\"").unwrap(), (1000, 2000));
    assert_eq!(range("\"now-1h\"", "\"now\"").unwrap(), (1_786_541_756_000, 1_786_545_356_000));
    for (from, to) in [("true", "1"), ("null", "1"), ("{}", "1"), ("\"x\"", "1"), ("2", "1"), ("\"now\"", "\"now-1h\"")]
    {
        let error = range(from, to).unwrap_err();
        assert!(matches!(error, QueryError::InvalidTimeRange(_)), "{from}..{to}: {error}");
    }
}

#[test]
fn a_querys_own_range_counts_only_with_the_header() {
    let body = br#"{"from":"0","to":"1","queries":[{"datasource":"p","timeRange":{"from":"5","to":6}}]}"#;
    let range = |v2| {
        let request = QueryRequest::from_json(body, v2).unwrap();
        millis(request.queries[0].query.time_range)
    };
    assert_eq!((range(false), range(true)), ((0, 1), (5, 6)));
    let faulty = br#"{"from":"0","to":"1","queries":[{"datasource":"p","timeRange":{"from":"5"}}]}"#;
    let error = QueryRequest::from_json(faulty, true).unwrap_err().to_string();
    assert!(error.starts_with("queries[0] (refId \"A\"): timeRange "), "{error}");
}

#[test]
fn a_request_built_in_code_names_its_data_source_itself() {
    let request = QueryRequest::over("0", "5").unwrap().query("prom", serde_json::json!({"expr":"up"})).unwrap();
    let [query] = request.queries() else { panic!("{request:?}") };
    assert_eq!(query.data_source, DataSourceKey::uid("prom"));
    assert_eq!(query.query.time_range.to, EpochTime::from_millis(5));
    assert!(request.query("loki", serde_json::json!({"expr":"x"})).is_err(), "both would be A");
}
