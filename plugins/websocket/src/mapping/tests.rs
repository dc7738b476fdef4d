//! What messages become, as tables: a query, messages, the frames.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use wellhead_frame::JsonOptions;
use wellhead_sdk::frame::Frame;

/// When every message of these tests comes.
const ARRIVED: i64 = 1_700_000_000_000_000_000;

fn map(query: &Value, messages: &[&str]) -> (Vec<String>, Option<String>) {
    let mut mapper = Mapper::new(&serde_json::from_value(query.clone()).unwrap());
    let (mut rows, mut tally) = (Rows::new(Budget::default()), Tally::default());
    for message in messages {
        mapper.take(&Json::read(message).unwrap(), ARRIVED, &mut rows, &mut tally);
    }
    let mut frames = Vec::new();
    while let Some((frame, _)) = rows.next() {
        frames.push(shown(&frame.unwrap()));
    }
    (frames, tally.tell(std::time::Duration::ZERO).map(|notice| notice.text))
}

/// Every field as `name type [values]`.
fn shown(frame: &Frame) -> String {
    let json: Value = serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap();
    let fields = json["schema"]["fields"].as_array().unwrap().iter().zip(json["data"]["values"].as_array().unwrap());
    let shown = fields.map(|(field, values)| {
        format!("{} {} {values}", field["name"].as_str().unwrap(), field["typeInfo"]["frame"].as_str().unwrap())
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Without times of arrival, which the others are only longer for.
fn frames_of(query: Value, messages: &[&str]) -> Vec<String> {
    let mut query = query;
    query.as_object_mut().unwrap().entry("time").or_insert(json!("none"));
    map(&query, messages).0
}

#[test]
fn where_nothing_is_said_every_value_of_a_message_is_a_field() {
    for (messages, expected) in [
        (&[r#"{"a":1,"b":"x"}"#, r#"{"b":"y","a":2}"#][..], &[r#"a int64 [1,2], b string ["x","y"]"#][..]),
        (&[r#"[{"a":1},{"a":2}]"#], &["a int64 [1,2]"]),
        (&["1", "[2,3]"], &["value int64 [1,2,3]"]),
        (&["[[1,\"x\"],[2,\"y\"]]"], &[r#"0 int64 [1,2], 1 string ["x","y"]"#]),
        (&[r#"{"a":{"b":1,"c":{"d":true}}}"#], &["a.b int64 [1], a.c.d bool [true]"]),
        (&[r#"{"a":[1,2]}"#], &["a json.RawMessage [[1,2]]"]),
        (&[r#"{"a":null,"b":1}"#], &["b int64 [1]"]),
        (&[r#"{"t":"2023-11-14T22:13:20Z","v":1}"#], &["t time.Time [1700000000000], v int64 [1]"]),
        (&[r#"{"ts":1700000000,"v":1700000000}"#], &["ts time.Time [1700000000000], v int64 [1700000000]"]),
        (&[r#"{"a":1}"#, r#"{"b":2}"#, r#"{"a":3}"#], &["a int64 [1]", "a int64 [null,3], b int64 [2,null]"]),
        (&["null", "[]", "[null]"], &[]),
    ] {
        assert_eq!(frames_of(json!({}), messages), expected, "{messages:?}");
    }
}

#[test]
fn a_type_widens_as_messages_teach_and_what_came_before_stays() {
    for (messages, expected) in [
        (&[r#"{"a":1}"#, r#"{"a":1.5}"#, r#"{"a":2}"#][..], &["a int64 [1]", "a float64 [1.5,2]"][..]),
        (&[r#"{"a":1}"#, r#"{"a":"x"}"#, r#"{"a":2}"#], &["a int64 [1]", r#"a string ["x","2"]"#]),
        (&[r#"{"a":true}"#, r#"{"a":1}"#], &["a bool [true]", r#"a string ["1"]"#]),
        (&[r#"{"a":[1]}"#, r#"{"a":1}"#], &["a json.RawMessage [[1]]", r#"a string ["1"]"#]),
        (&[r#"{"a":"x"}"#, r#"{"a":[1]}"#, r#"{"a":false}"#], &[r#"a string ["x","[1]","false"]"#]),
        (
            &[r#"{"a":"2023-11-14T22:13:20Z"}"#, r#"{"a":"soon"}"#],
            &["a time.Time [1700000000000]", r#"a string ["soon"]"#],
        ),
        (&[r#"{"a":null}"#, r#"{"a":1}"#, r#"{"a":null,"b":1}"#], &["a int64 [1]", "a int64 [null], b int64 [1]"]),
        (&[r#"{"a":1}"#, r#"{"a":18446744073709551615}"#], &["a int64 [1]", "a float64 [1.8446744073709552e+19]"]),
    ] {
        assert_eq!(frames_of(json!({}), messages), expected, "{messages:?}");
    }
}

#[test]
fn fields_say_name_place_and_type() {
    let row = r#"{"p":"1.5","q":{"r":[7,"x"]},"t":1700000000000,"flag":1,"a.b":2}"#;
    for (field, expected) in [
        (json!({"name": "price", "path": "p", "type": "number"}), "price float64 [1.5]"),
        (json!({"path": "q.r[0]"}), "0 int64 [7]"),
        (json!({"name": "x", "path": "/q/r/1"}), r#"x string ["x"]"#),
        (json!({"name": "q", "type": "string"}), r#"q string ["{\"r\":[7,\"x\"]}"]"#),
        (json!({"name": "q", "type": "json"}), r#"q json.RawMessage [{"r":[7,"x"]}]"#),
        (json!({"name": "p", "type": "json"}), r#"p json.RawMessage ["1.5"]"#),
        (json!({"name": "t", "type": "time"}), "t time.Time [1700000000000]"),
        (json!({"name": "t", "timeFormat": "us"}), "t time.Time [1700000000]"),
        (json!({"name": "flag", "type": "boolean"}), "flag bool [true]"),
        (json!({"name": "a.b"}), "a.b int64 [2]"),
    ] {
        assert_eq!(frames_of(json!({"fields": [field]}), &[row]), [expected], "{field}");
    }
}

#[test]
fn a_value_of_another_type_than_its_field_is_null_and_told() {
    let fields = json!({"fields": [{"name": "n", "type": "number"}, {"name": "t", "type": "time"}], "time": "none"});
    let (frames, told) = map(&fields, &[r#"{"n":"many","t":"soon"}"#, r#"{"n":null,"t":null}"#, r#"{"n":2}"#]);
    assert_eq!(frames, ["n float64 [null,null,2], t time.Time [null,null,null]"]);
    assert_eq!(told.unwrap(), r#"2 values are not of their field's type, and null (the first: "n")"#);
}

#[test]
fn other_fields_are_left_out_unless_they_are_asked_for() {
    let message = r#"{"a":1,"b":{"c":2,"d":3}}"#;
    let fields = json!([{"name": "first", "path": "a"}, {"name": "c", "path": "b.c"}]);
    assert_eq!(frames_of(json!({"fields": fields}), &[message]), ["first int64 [1], c int64 [2]"]);
    let all = frames_of(json!({"fields": fields, "otherFields": true}), &[message]);
    assert_eq!(all, ["first int64 [1], c int64 [2], b.d int64 [3]"]);
}

#[test]
fn rows_are_found_where_the_query_says() {
    for (rows, message, expected) in [
        ("data", r#"{"data":[{"a":1},{"a":2}],"z":0}"#, &["a int64 [1,2]"][..]),
        ("data.items", r#"{"data":{"items":{"a":1}}}"#, &["a int64 [1]"]),
        ("/data/0", r#"{"data":[[1,2]]}"#, &["value int64 [1,2]"]),
        ("$", "[1,[2,3]]", &["0 int64 [1], 1 json.RawMessage [[2,3]]"]),
        ("data", r#"{"data":null}"#, &[]),
    ] {
        assert_eq!(frames_of(json!({"rows": rows}), &[message]), expected, "{rows} {message}");
    }
    let fields = json!({"rows": "$", "fields": [{"name": "t", "path": "[0]"}, {"name": "v", "path": "[1].x"}]});
    assert_eq!(frames_of(fields, &[r#"[5,{"x":6}]"#]), ["t int64 [5], v int64 [6]"]);
}

#[test]
fn messages_of_another_shape_are_passed_over_and_told() {
    let query = json!({"rows": "data", "fields": [{"name": "a"}], "time": "none"});
    let (frames, told) = map(&query, &[r#"{"ok":true}"#, r#"{"data":[{"b":1},{"a":2}]}"#, "[]"]);
    assert_eq!(frames, ["a int64 [2]"]);
    let expected =
        "2 messages have nothing where the rows are to be (the first: \"data\"); 1 rows have none of the fields";
    assert_eq!(told.unwrap(), expected);
}

#[test]
fn rows_have_the_time_they_came_at_where_the_first_has_no_time_or_it_is_asked_for() {
    const TIME: &str = "time time.Time [1700000000000]";
    for (time, message, expected) in [
        ("auto", r#"{"a":1}"#, format!("{TIME}, a int64 [1]")),
        ("auto", r#"{"ts":1600000000}"#, "ts time.Time [1600000000000]".to_owned()),
        ("arrival", r#"{"ts":1600000000}"#, format!("{TIME}, ts time.Time [1600000000000]")),
        ("none", r#"{"a":1}"#, "a int64 [1]".to_owned()),
    ] {
        assert_eq!(map(&json!({"time": time}), &[message]).0, [expected], "{time} {message}");
    }
    // What is decided stays: a time that comes later changes nothing.
    let late = map(&json!({}), &[r#"{"a":1}"#, r#"{"ts":1600000000}"#]).0;
    assert!(late.iter().all(|frame| frame.starts_with(TIME)), "{late:?}");
}

#[test]
fn a_frame_has_so_many_fields_and_no_more() {
    let entries: Vec<String> = (0..300).map(|n| format!("\"k{n}\":{n}")).collect();
    let message = format!("{{{}}}", entries.join(","));
    let (frames, told) = map(&json!({"time": "none"}), &[&message]);
    assert_eq!(frames.concat().matches("int64").count(), MOST_FIELDS);
    assert!(told.unwrap().starts_with("44 values are left out"));
}

#[test]
fn a_field_whose_name_is_too_long_is_left_out() {
    let message = format!(r#"{{"{}":1,"b":2}}"#, "a".repeat(513));
    let (frames, told) = map(&json!({"time": "none"}), &[&message]);
    assert_eq!(frames, ["b int64 [2]"]);
    assert!(told.unwrap().starts_with("1 values are left out, as a field's name has 512 bytes at most"));
}

#[test]
fn rows_of_which_each_has_other_fields_are_bounded_as_others_are() {
    let (mut rows, mut tally) = (Rows::new(Budget::default()), Tally::default());
    let mut mapper = Mapper::new(&Query::default());
    for n in 0..MOST_FIELDS {
        mapper.take(&Json::read(&format!("{{\"k{n}\":{n}}}")).unwrap(), ARRIVED, &mut rows, &mut tally);
    }
    let mut left = 0;
    while let Some((frame, _)) = rows.next() {
        left += frame.unwrap().num_fields();
    }
    assert!(left * 512 <= rows::CHANNEL_BYTES + MOST_FIELDS * 512, "{left} columns");
}

#[test]
fn frames_of_one_layout_share_their_schema() {
    let mut mapper = Mapper::new(&Query::default());
    let (mut rows, mut tally) = (Rows::new(Budget::default()), Tally::default());
    let mut next = |message: &str| {
        mapper.take(&Json::read(message).unwrap(), ARRIVED, &mut rows, &mut tally);
        rows.next().unwrap().0.unwrap()
    };
    let (first, second, third) = (next(r#"{"a":1}"#), next(r#"{"a":2}"#), next(r#"{"a":2.5}"#));
    assert!(std::sync::Arc::ptr_eq(first.schema(), second.schema()));
    assert_ne!(first.schema(), third.schema());
}

#[test]
fn what_nobody_takes_is_dropped_the_oldest_first_and_counted() {
    let budget = Budget::default();
    let mut mapper = Mapper::new(&Query::default());
    let (mut rows, mut tally) = (Rows::new(budget.clone()), Tally::default());
    let text = format!("{{\"text\":\"{}\"}}", "x".repeat(100_000));
    let message = Json::read(&text).unwrap();
    for _ in 0..200 {
        mapper.take(&message, ARRIVED, &mut rows, &mut tally);
    }
    let (mut taken, mut dropped) = (0, 0);
    while let Some((frame, lost)) = rows.next() {
        taken += frame.unwrap().num_rows() as u64;
        dropped += lost;
    }
    assert_eq!(taken + dropped, 200);
    assert!((60..=rows::CHANNEL_BYTES as u64 / 100_000).contains(&taken), "{taken}");
    drop(rows);
    assert!(format!("{budget:?}").contains("value: 0"), "{budget:?}");
}

/// JSON of any shape.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        r"\PC{0,8}|2023-11-14T22:13:20Z|1.5".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-d]|time|data", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_message_makes_it_panic_and_every_frame_is_whole(
        messages in prop::collection::vec(any_json(), 1..12),
        query in prop::sample::select(vec![
            json!({}),
            json!({"rows": "data"}),
            json!({"rows": "$"}),
            json!({"rows": "data.a[0]", "time": "arrival"}),
            json!({"fields": [{"name": "a"}, {"name": "t", "type": "time"}, {"path": "[0]"}], "otherFields": true}),
            json!({"fields": [{"name": "a", "type": "number"}, {"name": "b", "type": "json"},
                              {"name": "c", "type": "boolean"}, {"path": "", "type": "string"}]}),
        ]),
    ) {
        let texts: Vec<String> = messages.iter().map(Value::to_string).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (frames, _) = map(&query, &texts);
        prop_assert!(frames.iter().all(|frame| !frame.is_empty()));
    }
}
