//! The lies by name: sizes that overflow, offsets outside, few bytes that stand for very many.

use super::lie::{Lie, schema_message};
use arrow_schema::{DataType, Field, Schema};
use std::collections::HashMap;
use std::sync::Arc;

const HUGE: i64 = i64::MAX / 4;

/// Schema and batch messages of the lie `case`.
pub(super) fn messages(case: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let (schema, mut batches) = lie(case)?;
    Some((schema, batches.pop()?))
}

/// The lie `case` as one whole Arrow stream.
pub(super) fn stream(case: &str) -> Option<Vec<u8>> {
    let (mut bytes, batches) = lie(case)?;
    batches.iter().for_each(|message| bytes.extend(message));
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    Some(bytes)
}

/// A schema whose metadata is `bytes` long, and valid.
pub(super) fn schema_with_metadata(bytes: usize) -> Vec<u8> {
    let custom = format!(r#"{{"custom":{{"a":"{}"}}}}"#, "x".repeat(bytes));
    let metadata = HashMap::from([("meta".to_owned(), custom)]);
    schema_message(&Schema::new_with_metadata(vec![Field::new("x", DataType::Float64, true)], metadata))
}

fn lie(case: &str) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let int = || schema_of(DataType::Int64);
    let numbers = |rows: i64, offset: i64, length: i64| Lie {
        rows,
        nodes: vec![(rows, 0)],
        buffers: vec![(0, 0), (offset, length)],
        body: vec![0; 16],
        ..Lie::default()
    };
    let nulls = |rows: i64| Lie { rows, nodes: vec![(rows, rows)], ..Lie::default() };
    let (schema, batch) = match case {
        "rows" => (int(), numbers(HUGE, 0, 16)),
        "negative-rows" => (int(), numbers(-1, 0, 16)),
        "offset" => (int(), numbers(2, 8, 16)),
        "offset-overflow" => (int(), numbers(2, i64::MAX, 16)),
        "negative-length" => (int(), numbers(0, 0, -16)),
        "body-length" => (int(), Lie { body_length: Some(1 << 40), ..numbers(2, 0, 16) }),
        "null-rows" => (schema_of(DataType::Null), nulls(1_000_000_000)),
        "text-offsets" => {
            let body: Vec<u8> = [0_i32, 4, 99].iter().flat_map(|offset| offset.to_le_bytes()).collect();
            let buffers = vec![(0, 0), (0, 12), (12, 4)];
            let body = [body, b"abcd".to_vec()].concat();
            (schema_of(DataType::Utf8), Lie { rows: 2, nodes: vec![(2, 0)], buffers, body, ..Lie::default() })
        }
        "dictionary" => return Some(dictionary_bomb()),
        "nested" => (schema_of((0..200).fold(DataType::Int8, |kind, _| DataType::List(child(kind)))), nulls(1)),
        "columns" => {
            let fields: Vec<_> = (0..100_000).map(|n| Field::new(format!("c{n}"), DataType::Null, true)).collect();
            (schema_message(&Schema::new(fields)), nulls(1))
        }
        "overlap" => {
            let fields: Vec<_> = (0..64).map(|_| Field::new("x", DataType::Int64, true)).collect();
            let buffers = (0..64).flat_map(|_| [(0, 0), (0, 8_000)]).collect();
            let (nodes, body) = (vec![(1_000, 0); 64], vec![0; 8_000]);
            let batch = Lie { rows: 1_000, nodes, buffers, body, ..Lie::default() };
            (schema_message(&Schema::new(fields)), batch)
        }
        "metadata" => (schema_with_metadata(8 << 20), numbers(2, 0, 16)),
        _ => return None,
    };
    Some((schema, vec![batch.message()]))
}

/// One text of 1 MiB, named a hundred thousand times.
fn dictionary_bomb() -> (Vec<u8>, Vec<Vec<u8>>) {
    let text = 1_i32 << 20;
    let mut body: Vec<u8> = [0_i32, text].iter().flat_map(|offset| offset.to_le_bytes()).collect();
    body.resize(8 + text as usize, b'x');
    let buffers = vec![(0, 0), (0, 8), (8, i64::from(text))];
    let values = Lie { rows: 1, nodes: vec![(1, 0)], buffers, body, dictionary: Some(0), ..Lie::default() };
    let (rows, buffers) = (100_000, vec![(0, 0), (0, 100_000)]);
    let keys = Lie { rows, nodes: vec![(rows, 0)], buffers, body: vec![0; 100_000], ..Lie::default() };
    let kind = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    (schema_of(kind), vec![values.message(), keys.message()])
}

fn schema_of(kind: DataType) -> Vec<u8> {
    schema_message(&Schema::new(vec![Field::new("x", kind, true)]))
}

fn child(kind: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", kind, true))
}
