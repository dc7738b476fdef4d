//! Messages that lie: each is a typed error that says what is wrong, and costs no memory to speak of.

mod common;

use arrow_schema::{DataType, Field as ArrowField, Fields, Schema, TimeUnit, UnionFields, UnionMode};
use common::{Lie, child, every_type, fixture, schema_message, schema_message_of, series, stream};
use wellhead_frame::{Frame, FrameError, PieceReader, ReadLimits, ipc};

/// What a reader of these columns says to this batch.
fn read(columns: Vec<(&str, DataType)>, lie: &Lie) -> Result<usize, FrameError> {
    let mut reader = PieceReader::new(schema_message(columns), &ReadLimits::default())?;
    reader.batch(lie.message()).map(|batch| batch.num_rows())
}

fn one(kind: DataType, lie: Lie) -> Result<usize, FrameError> {
    read(vec![("x", kind)], &lie)
}

#[test]
fn the_messages_of_these_tests_can_tell_the_truth() {
    assert_eq!(one(DataType::Int64, Lie::new(2, &[(2, 0)], &[(0, 0), (0, 16)], 16)).unwrap(), 2);
    assert_eq!(one(DataType::Utf8, Lie::new(2, &[(2, 0)], &[(0, 0), (0, 16), (16, 0)], 16)).unwrap(), 2);
    assert_eq!(one(DataType::Null, Lie::new(5, &[(5, 5)], &[], 0)).unwrap(), 5);
    let views = Lie { variadic: Some(vec![0]), ..Lie::new(1, &[(1, 0)], &[(0, 0), (0, 16)], 16) };
    assert_eq!(one(DataType::Utf8View, views).unwrap(), 1);
    let list = Lie::new(1, &[(1, 0), (0, 0)], &[(0, 0), (0, 8), (0, 0), (0, 0)], 8);
    assert_eq!(one(DataType::List(child(DataType::Int32)), list).unwrap(), 1);
}

#[test]
fn lying_record_batches_are_errors() {
    let truth = Lie::new(2, &[(2, 0)], &[(0, 0), (0, 16)], 16);
    let huge = i64::MAX / 4;
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let text = |body: &[u8], buffers: &[(i64, i64)], rows: i64| Lie {
        body: body.to_vec(),
        ..Lie::new(rows, &[(rows, 0)], buffers, 0)
    };
    let offsets = |offsets: &[i32], values: &[u8]| {
        let mut body: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let buffers = [(0, 0), (0, body.len() as i64), (body.len() as i64, values.len() as i64)];
        body.extend(values);
        text(&body, &buffers, offsets.len() as i64 - 1)
    };
    let mut view = vec![200, 0, 0, 0, b'a', b'b', b'c', b'd', 9, 0, 0, 0, 0, 0, 0, 0];
    view.extend([0; 8]);
    let view = Lie { variadic: Some(vec![1]), body: view, ..Lie::new(1, &[(1, 0)], &[(0, 0), (0, 16), (16, 8)], 0) };
    let list = DataType::List(child(DataType::Int32));
    let list_body: Vec<u8> = [0_i32, 99].iter().flat_map(|offset| offset.to_le_bytes()).collect();
    let cases: Vec<(&str, DataType, Lie)> = vec![
        ("billions of rows", DataType::Int64, Lie::new(huge, &[(huge, 0)], &[(0, 0), (0, 16)], 16)),
        ("billions of nulls", DataType::Null, Lie::new(huge, &[(huge, huge)], &[], 0)),
        ("two million nulls", DataType::Null, Lie::new(2_000_000, &[(2_000_000, 2_000_000)], &[], 0)),
        ("negative rows", DataType::Int64, Lie::new(-1, &[(-1, 0)], &[(0, 0), (0, 16)], 16)),
        ("rows unlike the node's", DataType::Int64, Lie::new(3, &[(2, 0)], &[(0, 0), (0, 16)], 16)),
        ("short values", DataType::Int64, Lie::new(3, &[(3, 0)], &[(0, 0), (0, 16)], 16)),
        ("a value and a half", DataType::Int64, Lie::new(1, &[(1, 0)], &[(0, 0), (0, 12)], 16)),
        ("offsets and a half", DataType::Utf8, Lie::new(1, &[(1, 0)], &[(0, 0), (0, 10), (10, 0)], 16)),
        ("short bits", DataType::Boolean, Lie::new(9, &[(9, 0)], &[(0, 0), (0, 1)], 8)),
        ("short validity", DataType::Int64, Lie::new(2, &[(2, 1)], &[(0, 0), (0, 16)], 16)),
        ("more nulls than rows", DataType::Int64, Lie::new(2, &[(2, 3)], &[(0, 8), (8, 16)], 24)),
        ("negative nulls", DataType::Int64, Lie::new(2, &[(2, -1)], &[(0, 8), (8, 16)], 24)),
        ("wrong count of nulls", DataType::Int64, Lie::new(2, &[(2, 1)], &[(0, 8), (8, 16)], 24)),
        ("buffer past the body", DataType::Int64, Lie::new(2, &[(2, 0)], &[(0, 0), (8, 16)], 16)),
        ("negative offset", DataType::Int64, Lie::new(2, &[(2, 0)], &[(0, 0), (-8, 16)], 16)),
        ("negative length", DataType::Int64, Lie::new(0, &[(0, 0)], &[(0, 0), (0, -16)], 16)),
        ("offset that overflows", DataType::Int64, Lie::new(2, &[(2, 0)], &[(0, 0), (i64::MAX, 16)], 16)),
        ("no buffers", DataType::Int64, Lie::new(2, &[(2, 0)], &[], 16)),
        ("no nodes", DataType::Int64, Lie::new(2, &[], &[(0, 0), (0, 16)], 16)),
        ("surplus nodes", DataType::Int64, Lie::new(2, &[(2, 0), (2, 0)], &[(0, 0), (0, 16)], 16)),
        ("compressed", DataType::Int64, Lie { compression: true, ..truth.clone() }),
        ("body longer than the bytes", DataType::Int64, Lie { body_length: Some(1 << 40), ..truth.clone() }),
        ("negative body", DataType::Int64, Lie { body_length: Some(-8), ..truth.clone() }),
        ("old version", DataType::Int64, Lie { version: arrow_ipc::MetadataVersion::V1, ..truth.clone() }),
        ("offsets go back", DataType::Utf8, offsets(&[0, 4, 2], b"abcdefgh")),
        ("offsets past the values", DataType::Utf8, offsets(&[0, 4, 99], b"abcdefgh")),
        ("negative text offsets", DataType::Utf8, offsets(&[-4, 0, 2], b"abcdefgh")),
        ("short offsets", DataType::Utf8, Lie::new(4, &[(4, 0)], &[(0, 0), (0, 8), (8, 0)], 8)),
        ("invalid UTF-8", DataType::Utf8, offsets(&[0, 2], &[0xc3, 0x28, 0, 0])),
        ("UTF-8 cut by an offset", DataType::Utf8, offsets(&[0, 1, 2], "ü".as_bytes())),
        ("view past its buffer", DataType::Utf8View, view),
        ("no count of view buffers", DataType::Utf8View, Lie::new(1, &[(1, 0)], &[(0, 0), (0, 16)], 16)),
        (
            "negative count of view buffers",
            DataType::Utf8View,
            Lie { variadic: Some(vec![-1]), ..Lie::new(1, &[(1, 0)], &[(0, 0), (0, 16)], 16) },
        ),
        ("dictionary that never came", dictionary.clone(), Lie::new(2, &[(2, 0)], &[(0, 0), (0, 8)], 8)),
        (
            "list past its items",
            list.clone(),
            Lie { body: list_body, ..Lie::new(1, &[(1, 0), (1, 0)], &[(0, 0), (0, 8), (0, 0), (0, 0)], 0) },
        ),
        (
            "billions of nulls in a list",
            DataType::List(child(DataType::Null)),
            Lie::new(1, &[(1, 0), (huge, huge)], &[(0, 0), (0, 8)], 8),
        ),
        (
            "struct members of other length",
            DataType::Struct(Fields::from(vec![ArrowField::new("m", DataType::Int8, true)])),
            Lie::new(1, &[(1, 0), (9, 0)], &[(0, 0), (0, 0), (0, 16)], 16),
        ),
        (
            "fixed list of other length",
            DataType::FixedSizeList(child(DataType::Int8), i32::MAX),
            Lie::new(2, &[(2, 0), (2, 0)], &[(0, 0), (0, 0), (0, 8)], 8),
        ),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|(case, kind, lie)| match one(kind, lie) {
            Ok(rows) => panic!("{case}: read as {rows} rows"),
            Err(error) => format!("{case}: {error}"),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn buffers_that_lie_on_one_another_are_an_error() {
    let columns = (0..64).map(|_| ("x", DataType::Int64)).collect();
    let nodes = vec![(1_000, 0); 64];
    let buffers: Vec<_> = (0..64).flat_map(|_| [(0, 0), (0, 8_000)]).collect();
    let error = read(columns, &Lie::new(1_000, &nodes, &buffers, 8_000)).unwrap_err();
    assert_eq!(error.to_string(), "Arrow IPC is malformed: the buffers up to field `x` overlap");
}

#[test]
fn lying_unions_are_errors() {
    let limits = ReadLimits::default();
    let members = UnionFields::from_fields(vec![ArrowField::new("m", DataType::Int8, true)]);
    let read = |mode, lie: &Lie| {
        let schema = schema_message(vec![("x", DataType::Union(members.clone(), mode))]);
        let schema = ipc::schema(ipc::message(&schema[8..], &limits)?, &limits)?;
        let message = lie.message();
        let (metadata, body) = message[8..].split_at(message.len() - 8 - lie.body.len());
        ipc::batch(ipc::message(metadata, &limits)?, &body.to_vec().into(), &schema, &limits)
            .map(|rows| rows.num_rows())
    };
    let dense = |ids, places, values| Lie::new(2, &[(2, 0), (2, 0)], &[ids, places, (0, 0), values], 24);
    let sparse = |ids, values, rows| Lie::new(2, &[(2, 0), (rows, 0)], &[ids, (0, 0), values], 16);
    assert_eq!(read(UnionMode::Dense, &dense((0, 2), (8, 8), (16, 2))).unwrap(), 2);
    assert_eq!(read(UnionMode::Sparse, &sparse((0, 2), (8, 2), 2)).unwrap(), 2);
    let old = Lie { version: arrow_ipc::MetadataVersion::V4, ..dense((0, 2), (8, 8), (16, 2)) };
    let said: Vec<_> = [
        ("short ids", UnionMode::Sparse, sparse((0, 1), (8, 2), 2)),
        ("ids past the body", UnionMode::Sparse, sparse((15, 2), (8, 2), 2)),
        ("members of other length", UnionMode::Sparse, sparse((0, 2), (8, 2), 1)),
        ("short places", UnionMode::Dense, dense((0, 2), (8, 4), (16, 2))),
        ("places that lie askew", UnionMode::Dense, dense((0, 2), (9, 8), (17, 2))),
        ("no nulls of its own in version 4", UnionMode::Dense, old),
        ("compressed", UnionMode::Sparse, Lie { compression: true, ..sparse((0, 2), (8, 2), 2) }),
    ]
    .into_iter()
    .map(|(case, mode, lie)| format!("{case}: {}", read(mode, &lie).unwrap_err()))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn refused_schemas_are_errors() {
    let nested = |depth: usize| (0..depth).fold(DataType::Int8, |kind, _| DataType::List(child(kind)));
    let union =
        DataType::Union(UnionFields::from_fields(vec![ArrowField::new("u", DataType::Int8, true)]), UnionMode::Sparse);
    let map = |members: Vec<ArrowField>| {
        DataType::Map(std::sync::Arc::new(ArrowField::new("entries", DataType::Struct(members.into()), false)), false)
    };
    let cases = vec![
        ("nested 40 deep", nested(40)),
        ("nested 200 deep", nested(200)),
        ("union", union),
        ("binary of no width", DataType::FixedSizeBinary(0)),
        ("binary of negative width", DataType::FixedSizeBinary(-5)),
        ("lists of no size", DataType::FixedSizeList(child(DataType::Int8), 0)),
        ("lists of negative size", DataType::FixedSizeList(child(DataType::Int8), -1)),
        ("decimal of 200 digits", DataType::Decimal128(200, 3)),
        ("interval", DataType::Interval(arrow_schema::IntervalUnit::DayTime)),
        ("list view", DataType::ListView(child(DataType::Int8))),
        ("struct of nothing", DataType::Struct(Fields::empty())),
        ("map of one", map(vec![ArrowField::new("k", DataType::Utf8, false)])),
        (
            "dictionary of lists",
            DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::List(child(DataType::Int8)))),
        ),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|(case, kind)| match PieceReader::new(schema_message(vec![("x", kind)]), &ReadLimits::default()) {
            Ok(_) => panic!("{case}: read"),
            Err(error) => format!("{case}: {error}"),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn metadata_that_is_not_json_is_an_error() {
    let schema = |schema: (&str, &str), field: (&str, &str)| {
        let pair = |(key, value): (&str, &str)| std::collections::HashMap::from([(key.to_owned(), value.to_owned())]);
        let field = ArrowField::new("x", DataType::Int8, true).with_metadata(pair(field));
        schema_message_of(&Schema::new_with_metadata(vec![field], pair(schema)))
    };
    let cases = [
        schema(("meta", "{"), ("", "")),
        schema(("meta", "[1]"), ("", "")),
        schema(("", ""), ("labels", "{\"a\":1}")),
        schema(("", ""), ("config", "\"x\"")),
    ];
    let said: Vec<_> = cases
        .into_iter()
        .map(|message| PieceReader::new(message, &ReadLimits::default()).unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn every_limit_is_kept_and_named() {
    let bytes = every_type().to_ipc_stream().unwrap();
    let none = ReadLimits::default();
    let deep = schema_message(vec![("x", DataType::List(child(DataType::List(child(DataType::Int8)))))]);
    let three = series(3);
    let mut batches = Frame::try_new(three.schema().clone(), vec![three.batches()[0].clone(); 3]).unwrap();
    batches.set_ref_id("A");
    let batches = batches.to_ipc_file().unwrap();
    let casts = fixture("casts.arrows");
    let errors = [
        Frame::from_ipc(bytes.clone(), &none.with_max_bytes(100)).unwrap_err(),
        Frame::from_ipc(bytes.clone(), &none.with_max_rows(2)).unwrap_err(),
        Frame::from_ipc(bytes.clone(), &none.with_max_columns(7)).unwrap_err(),
        Frame::from_ipc(bytes, &none.with_max_metadata_bytes(99)).unwrap_err(),
        PieceReader::new(deep, &none.with_max_depth(2)).unwrap_err(),
        Frame::from_ipc(batches.clone(), &none.with_max_batches(2)).unwrap_err(),
        Frame::from_ipc(batches, &none.with_max_rows(8)).unwrap_err(),
        Frame::from_ipc(casts, &none.with_max_cast_bytes(50)).unwrap_err(),
    ];
    assert!(errors.iter().all(FrameError::is_limit));
    let said: Vec<_> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_dictionary_of_much_text_named_often_is_an_error() {
    let kind = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let text = 1 << 20;
    let mut body: Vec<u8> = [0_i32, text].iter().flat_map(|offset| offset.to_le_bytes()).collect();
    body.resize(8 + text as usize, b'x');
    let buffers = [(0, 0), (0, 8), (8, i64::from(text))];
    let dictionary = Lie { dictionary: Some((0, false)), body, ..Lie::new(1, &[(1, 0)], &buffers, 0) };
    let batch = Lie::new(100_000, &[(100_000, 0)], &[(0, 0), (0, 100_000)], 100_000);
    let bytes = stream(&[schema_message(vec![("x", kind)]), dictionary.message(), batch.message()]);
    let error = Frame::from_ipc(bytes, &ReadLimits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "frame exceeds the limit max_cast_bytes: 104858000000 asked, 67108864 allowed; make it smaller or raise the limit"
    );
}

#[test]
fn a_dictionary_in_the_wrong_place_is_an_error() {
    let kind = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Int64));
    let schema = schema_message(vec![("x", kind)]);
    let values = Lie { dictionary: Some((0, false)), ..Lie::new(2, &[(2, 0)], &[(0, 0), (0, 16)], 16) };
    let unknown = Lie { dictionary: Some((77, false)), ..values.clone() };
    let delta = Lie { dictionary: Some((0, true)), ..values.clone() };
    let keys = Lie { body: vec![0, 9], ..Lie::new(2, &[(2, 0)], &[(0, 0), (0, 2)], 0) };
    let negative = Lie { body: vec![0, 0xff], ..keys.clone() };
    let said: Vec<_> = [
        vec![schema.clone(), unknown.message()],
        vec![schema.clone(), delta.message()],
        vec![schema.clone(), values.message(), keys.message()],
        vec![schema.clone(), values.message(), negative.message()],
        vec![schema.clone(), schema.clone()],
        vec![values.message()],
        vec![],
    ]
    .iter()
    .map(|messages| Frame::from_ipc(stream(messages), &ReadLimits::default()).unwrap_err().to_string())
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_is_cut_or_followed_by_more_is_an_error() {
    let frame = series(10);
    for bytes in [frame.to_ipc_stream().unwrap(), frame.to_ipc_file().unwrap()] {
        for end in 0..bytes.len() {
            assert!(Frame::from_ipc(&bytes[..end], &ReadLimits::default()).is_err(), "cut at {end}");
        }
    }
    let mut more = frame.to_ipc_stream().unwrap();
    more.push(0);
    let more = Frame::from_ipc(more, &ReadLimits::default()).unwrap_err().to_string();
    let cut = frame.to_ipc_stream().unwrap();
    let cut = Frame::from_ipc(&cut[..cut.len() - 8], &ReadLimits::default()).unwrap_err().to_string();
    let json = Frame::from_ipc(&b"{\"schema\":{}}"[..], &ReadLimits::default()).unwrap_err().to_string();
    let empty = Frame::from_ipc(&b""[..], &ReadLimits::default()).unwrap_err().to_string();
    insta::assert_snapshot!([more, cut, json, empty].join("\n"));
}

#[test]
fn compressed_bodies_are_refused_and_not_inflated() {
    let zstd = Frame::from_ipc(fixture("compressed_zstd.arrows"), &ReadLimits::default()).unwrap_err();
    let lz4 = Frame::from_ipc(fixture("compressed_lz4.arrow"), &ReadLimits::default()).unwrap_err();
    assert_eq!(zstd.to_string(), "Arrow IPC body is compressed (ZSTD): write it uncompressed");
    assert_eq!(lz4.to_string(), "Arrow IPC body is compressed (LZ4_FRAME): write it uncompressed");
}

#[test]
fn other_writers_refused_types_are_named() {
    let said: Vec<_> = ["union.arrows", "run_end.arrows", "dictionary_deltas.arrows"]
        .iter()
        .map(|name| Frame::from_ipc(fixture(name), &ReadLimits::default()).unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_reader_of_pieces_survives_a_bad_piece() {
    let mut reader = PieceReader::new(schema_message(vec![("x", DataType::Int64)]), &ReadLimits::default()).unwrap();
    let good = Lie::new(2, &[(2, 0)], &[(0, 0), (0, 16)], 16).message();
    reader.batch(&good[..20]).unwrap_err();
    assert_eq!(reader.batch(good).unwrap().num_rows(), 2);
}

#[test]
fn an_instant_out_of_reach_is_an_error_and_not_another_instant() {
    let body = vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let lie = Lie { body, ..Lie::new(1, &[(1, 0)], &[(0, 0), (0, 8)], 0) };
    let error = one(DataType::Timestamp(TimeUnit::Second, None), lie).unwrap_err().to_string();
    assert_eq!(
        error,
        "field `x` row 0: Timestamp(s) 9223372036854775807 is outside the years 1677 to 2262, which is what nanoseconds reach"
    );
}
