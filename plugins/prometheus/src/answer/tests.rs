//! Answers in the forms Prometheus documents, and in forms no server should send.

use wellhead_sdk::frame::Timestamp;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn series(answer: Answer<QueryData>) -> (SeriesKind, Vec<Series>) {
    match answer.data {
        QueryData::Series { kind, series, .. } => (kind, series),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_matrix_becomes_columns() {
    let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"up","job":"a\"b"},"values":[[1700000000.5,"1"],[1700000015.5,"NaN"]]},
        {"metric":{},"values":[[1700000000.5,"-Inf"]]}]}}"#;
    let (kind, series) = series(read_query(body).unwrap());
    assert_eq!((kind, series.len()), (SeriesKind::Matrix, 2));
    assert_eq!(
        series[0].labels.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(),
        [("__name__", "up"), ("job", "a\"b")]
    );
    assert_eq!(series[0].times, [at(1_700_000_000_500), at(1_700_000_015_500)]);
    assert!(series[0].values[0] == 1.0 && series[0].values[1].is_nan());
    assert_eq!(series[1].values, [f64::NEG_INFINITY]);
}

#[test]
fn the_type_may_come_after_the_result() {
    let body =
        br#"{"data":{"result":[{"value":[1,"2"],"metric":{"a":"b"}}],"resultType":"vector"},"status":"success"}"#;
    let (kind, series) = series(read_query(body).unwrap());
    assert_eq!((kind, series[0].values.as_slice()), (SeriesKind::Vector, [2.0].as_slice()));
    let body = br#"{"data":{"result":[1.5,"text"],"resultType":"string"},"status":"success"}"#;
    assert_eq!(read_query(body).unwrap().data, QueryData::String(at(1_500), "text".to_owned()));
}

#[test]
fn scalars_and_strings_are_single_values() {
    let body = br#"{"status":"success","data":{"resultType":"scalar","result":[1435781430.781,"+Inf"]}}"#;
    assert_eq!(read_query(body).unwrap().data, QueryData::Scalar(at(1_435_781_430_781), f64::INFINITY));
}

#[test]
fn native_histograms_become_a_row_for_each_bucket() {
    let body = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"x"},
        "values":[[1,"7"]],
        "histograms":[[2,{"count":"5","sum":"3.5","buckets":[[3,"-0.1","0.1","1"],[0,"1","2","4"]]}],
                      [3,{"count":"0","sum":"0"}],
                      [4,{"buckets":[[1,"-4","-2","0.5"]],"count":"0.5","sum":"-1"}]]}]}}"#;
    let (_, series) = series(read_query(body).unwrap());
    assert_eq!(series[0].values, [7.0]);
    let histograms = series[0].histograms.as_ref().unwrap();
    assert_eq!(histograms.time, [at(2_000), at(2_000), at(4_000)]);
    assert_eq!(histograms.y_layout, [3, 0, 1]);
    assert_eq!(histograms.y_min, [-0.1, 1.0, -4.0]);
    assert_eq!(histograms.y_max, [0.1, 2.0, -2.0]);
    assert_eq!(histograms.count, [1.0, 4.0, 0.5]);
}

#[test]
fn warnings_infos_and_statistics_are_kept() {
    let body = br#"{"status":"success","warnings":["w1","w2"],"infos":["i"],"data":{"resultType":"vector","result":[],
        "stats":{"samples":{"totalQueryableSamples":3}}}}"#;
    let answer = read_query(body).unwrap();
    assert_eq!((answer.warnings.len(), answer.infos.as_slice()), (2, ["i".to_owned()].as_slice()));
    let QueryData::Series { stats, .. } = answer.data else { panic!() };
    assert_eq!(stats.as_deref(), Some(r#"{"samples":{"totalQueryableSamples":3}}"#));
}

#[test]
fn exemplars_have_labels_of_their_own() {
    let body = br#"{"status":"success","data":[{"seriesLabels":{"__name__":"m"},"exemplars":[
        {"labels":{"traceID":"abc"},"value":"6","timestamp":1600096945.479}]},{"seriesLabels":{}}]}"#;
    let series = read_exemplars(body).unwrap().data;
    assert_eq!(series.len(), 2);
    assert_eq!(series[0].exemplars[0].time, at(1_600_096_945_479));
    assert_eq!((series[0].exemplars[0].value, series[0].exemplars[0].labels["traceID"].as_str()), (6.0, "abc"));
}

#[test]
fn a_refusal_carries_kind_and_message() {
    let body = br#"{"status":"error","errorType":"bad_data","error":"1:1: parse error","data":{"resultType":"matrix","result":[]}}"#;
    assert_eq!(read_query(body).unwrap_err().to_string(), "bad_data: 1:1: parse error");
}

#[test]
fn what_is_no_answer_is_an_error_that_says_where() {
    let truncated = br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"2"],[2"#;
    let cases: [(&[u8], &str); 11] = [
        (b"", "EOF"),
        (b"<html><body>Sign in</body></html>", "expected value at line 1 column 1"),
        (b"\xff\xfe\x00", "expected value"),
        (truncated, "EOF"),
        (b"[]", "invalid length 0"),
        (b"{}", "missing field `status`"),
        (br#"{"status":"maybe"}"#, "\"maybe\""),
        (br#"{"status":"success"}"#, "no data"),
        (br#"{"status":"success","data":{"resultType":"streams","result":[]}}"#, "unknown variant `streams`"),
        (br#"{"status":"success","data":{"resultType":"matrix","result":[1,"2"]}}"#, "Matrix that is a single value"),
        (br#"{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}"#, "Scalar that is not a number"),
    ];
    for (body, expected) in cases {
        let error = read_query(body).unwrap_err().to_string();
        assert!(error.contains(expected), "{error:?} should contain {expected:?}");
    }
}

#[test]
fn every_truncation_of_an_answer_is_an_error_not_a_panic() {
    let body =
        br#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"\u00e9"},"values":[[1.5,"2"]],
        "histograms":[[2,{"count":"5","buckets":[[3,"-0.1","0.1","1"]]}]]}],"stats":{"x":[1]}},"warnings":["w"]}"#;
    assert!(read_query(body).is_ok());
    for length in 0..body.len() {
        assert!(read_query(&body[..length]).is_err(), "{length}");
        let _ = read_exemplars(&body[..length]);
    }
}

#[test]
fn deep_nesting_is_an_error_not_a_stack_overflow() {
    let deep = format!(r#"{{"status":"success","extra":{}"#, "[".repeat(100_000));
    assert!(read_query(deep.as_bytes()).is_err());
    let deep = format!(r#"{{"status":"success","data":{{"resultType":"matrix","result":{}"#, "[".repeat(100_000));
    assert!(read_query(deep.as_bytes()).is_err());
}

#[test]
fn more_series_than_fit_are_counted_not_kept() {
    let one = r#"{"metric":{},"value":[1,"1"]}"#;
    let body = |count: usize| {
        let all = vec![one; count].join(",");
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{all}]}}}}"#)
    };
    assert!(read_query(body(MAX_SERIES).as_bytes()).is_ok());
    let error = read_query(body(MAX_SERIES + 7).as_bytes()).unwrap_err().to_string();
    assert!(error.contains("20007 series, 20000 are the most"), "{error}");
}
