//! `wellhead frame` as a process: every form in, every form out.
#![cfg(test)]

mod common;

use common::{folder, run, run_with_input, text};
use wellhead_frame::{EnumValue, Field, FieldConfig, Frame, JsonOptions, RawJson, ReadLimits, Timestamp};

/// A frame with a field of every kind that is written in a way of its own.
fn every_kind() -> Frame {
    let texts = FieldConfig::with_enum_texts(["low", "high"]);
    Frame::builder("kinds")
        .ref_id("K")
        .column(Field::new("time"), vec![Timestamp::from_nanos(1_664_901_845_976_775_807), Timestamp::from_nanos(0)])
        .column(Field::new("float").label("host", "a"), vec![Some(f64::NAN), None])
        .column(Field::new("big"), vec![u64::MAX, 0])
        .column(Field::new("text"), vec![Some("a,\"b\""), None])
        .column(Field::new("truth"), vec![true, false])
        .column(Field::new("json"), vec![RawJson::from(r#"{"a":1}"#), RawJson::from("[]")])
        .column(Field::new("enum").config(texts), vec![EnumValue(1), EnumValue(0)])
        .build()
        .unwrap()
}

const AS_TABLE: &str = "\
K · kinds · 2 rows
┌────────────────────────────────┬─────────────────┬──────────────────────┬───────┬───────┬─────────┬──────┐
│ time                           ┆ float{host=\"a\"} ┆                  big ┆ text  ┆ truth ┆ json    ┆ enum │
╞════════════════════════════════╪═════════════════╪══════════════════════╪═══════╪═══════╪═════════╪══════╡
│ 2022-10-04T16:44:05.976775807Z ┆             NaN ┆ 18446744073709551615 ┆ a,\"b\" ┆ true  ┆ {\"a\":1} ┆ high │
│ 1970-01-01T00:00:00.000000000Z ┆            null ┆                    0 ┆ null  ┆ false ┆ []      ┆ low  │
└────────────────────────────────┴─────────────────┴──────────────────────┴───────┴───────┴─────────┴──────┘
";

const AS_CSV: &str = r#"time,"float{host=""a""}",big,text,truth,json,enum
2022-10-04T16:44:05.976775807Z,NaN,18446744073709551615,"a,""b""",true,"{""a"":1}",high
1970-01-01T00:00:00.000000000Z,,0,,false,[],low
"#;

#[test]
fn an_arrow_file_and_an_arrow_stream_are_shown_alike() {
    let frame = every_kind();
    for bytes in [frame.to_ipc_file().unwrap(), frame.to_ipc_stream().unwrap()] {
        let shown = run_with_input(&["frame", "-"], &bytes).with_code(0);
        assert_eq!(shown.stdout, AS_TABLE);
        assert_eq!(shown.stderr, "");
        assert_eq!(run_with_input(&["frame", "-", "-o", "csv"], &bytes).with_code(0).stdout, AS_CSV);
    }
}

#[test]
fn every_form_that_is_read_gives_the_same_frame_again() {
    let frame = every_kind();
    let json = frame.to_json(&JsonOptions::default()).unwrap();
    let mut bytes = frame.to_ipc_file().unwrap();
    for form in ["grafana", "arrow", "json", "arrow", "grafana"] {
        bytes = run_with_input(&["frame", "-", "-o", form], &bytes).with_code(0).bytes;
        assert_eq!(run_with_input(&["frame", "-"], &bytes).with_code(0).stdout, AS_TABLE, "by way of {form}");
    }
    assert_eq!(String::from_utf8(bytes).unwrap().trim_end(), String::from_utf8(json).unwrap());
}

#[test]
fn several_frames_stay_several_in_arrow() {
    let frame = every_kind();
    let mut two = frame.to_ipc_stream().unwrap();
    two.extend(frame.with_ref_id("L").to_ipc_stream().unwrap());
    let arrow = run_with_input(&["frame", "-", "-o", "arrow"], &two).with_code(0);
    let frames = Frame::all_from_ipc(arrow.bytes, &ReadLimits::default()).unwrap();
    let ref_ids: Vec<_> = frames.iter().map(Frame::ref_id).collect();
    assert_eq!(ref_ids, ["K", "L"]);
}

#[test]
fn an_answer_with_a_failed_query_shows_the_good_one_and_fails() {
    let frame = String::from_utf8(every_kind().to_json(&JsonOptions::default()).unwrap()).unwrap();
    let body = format!(
        r#"{{"results":{{"K":{{"status":200,"frames":[{frame}]}},"L":{{"status":502,"error":"upstream down","errorSource":"downstream","frames":[]}}}}}}"#
    );
    let files = folder(&[("answer.json", &body)]);
    let shown = run(["frame", text(&files.path().join("answer.json"))]).with_code(1);
    assert_eq!(shown.stdout, AS_TABLE);
    assert_eq!(shown.stderr, "error in L (status 502, downstream): upstream down\n");
}

#[test]
fn what_cannot_be_read_is_named() {
    let files = folder(&[("t.csv", "time,value\n"), ("cut.arrow", "ARROW1\0\0"), ("m.json", r#"{"message":"no"}"#)]);
    for (name, says) in [
        ("t.csv", "neither an Arrow file or stream nor a Grafana frame in JSON"),
        ("cut.arrow", "Arrow"),
        ("m.json", "none of the keys schema, frames and results, but message"),
        ("missing", "cannot read"),
    ] {
        let path = files.path().join(name);
        let ended = run(["frame", text(&path)]).with_code(1).complains(&["error: ", name, says]);
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn rows_are_cut_only_where_that_is_asked() {
    let frame = Frame::builder("").column(Field::new("n"), (0..100).collect::<Vec<i64>>()).build().unwrap();
    let bytes = frame.to_ipc_stream().unwrap();
    let piped = run_with_input(&["frame", "-"], &bytes).with_code(0);
    assert_eq!((piped.stdout.lines().count(), piped.stderr.as_str()), (105, ""));
    let cut = run_with_input(&["frame", "-", "--rows", "10"], &bytes).with_code(0);
    assert_eq!((cut.stdout.lines().count(), cut.stderr.as_str()), (15, "90 more rows: --rows 0 shows all\n"));
}
