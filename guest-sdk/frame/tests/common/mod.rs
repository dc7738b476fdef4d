//! What the tests share: frames, lying messages, comparison by value.

#![expect(dead_code, reason = "each test file uses its part")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]
#![expect(unreachable_pub, reason = "a module of several test crates")]

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Int32Array, ListArray, RecordBatch, StringArray, UnionArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_ipc::writer::{StreamEncoder, StreamWriter};
use arrow_ipc::{
    BodyCompressionBuilder, BodyCompressionMethod, Buffer, CompressionType, DictionaryBatchBuilder, FieldNode,
    MessageBuilder, MessageHeader, MetadataVersion, RecordBatchBuilder,
};
use arrow_schema::{DataType, Field as ArrowField, Schema, UnionFields};
use flatbuffers::FlatBufferBuilder;
use serde_json::Value;
use wellhead_frame::{
    Column, EnumValue, Field, FieldConfig, Frame, FrameMeta, FrameType, Notice, RawJson, Severity, Stat, Timestamp,
    Value as CellValue,
};

/// A file of the project's own.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Grafana's own fixtures, where this machine has them.
pub fn grafana_fixtures() -> Option<PathBuf> {
    let given = std::env::var_os("WELLHEAD_FIXTURES").map(PathBuf::from);
    let path = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures"));
    path.join("frames").is_dir().then_some(path)
}

/// A field of every type, nullable and not, and all the metadata.
pub fn every_type() -> Frame {
    let meta = FrameMeta {
        executed_query_string: Some("SELECT 1".into()),
        custom: Some(serde_json::json!({"a": [1, 2.5, null]})),
        stats: vec![Stat::new("rows", 3.0), Stat::new("nothing", f64::NAN)],
        channel: Some("ds/1/x".into()),
        other: [("madeUp".to_owned(), Value::from(1))].into_iter().collect(),
        ..FrameMeta::of(FrameType::TimeseriesWide, [0, 1])
    }
    .with_notice(Notice::new(Severity::Warning, "partial \"data\"\n"));
    let config = FieldConfig {
        display_name_from_ds: Some("ü".into()),
        decimals: Some(2),
        min: Some(f64::NEG_INFINITY),
        max: Some(100.0),
        interval: Some(1000.0),
        ..FieldConfig::default()
    };
    let json = |text: &str| RawJson::from(text);
    let builder = Frame::builder("every type")
        .ref_id("A")
        .meta(meta)
        .column(Field::new("time").config(config), [0, -1, 1_664_901_845_976_000_123].map(Timestamp).to_vec())
        .column(Field::new("time?"), vec![Some(Timestamp::from_millis(1)), None, Some(Timestamp(-1_000_001))])
        .column(Field::new("f64").label("host", "a\"b"), vec![f64::NAN, f64::INFINITY, -0.0])
        .column(Field::new("f64?"), vec![Some(f64::NEG_INFINITY), None, Some(1e300)])
        .column(Field::new("f32"), vec![0.1_f32, f32::MAX, 1e-45])
        .column(Field::new("f32?"), vec![Some(f32::NAN), None, Some(16_777_216.0)])
        .column(Field::new("text"), vec!["", "\u{0}\u{1f}\"\\/\u{2028}ü🦥", "x"])
        .column(Field::new("text?"), vec![Some("a".to_owned()), None, Some("b".to_owned())])
        .column(Field::new("bool"), vec![true, false, true])
        .column(Field::new("bool?"), vec![Some(true), None, Some(false)])
        .column(Field::new("json"), vec![json("{\"a\":[1]}"), json("null"), json("\"s\"")])
        .column(Field::new("json?"), vec![Some(json("[]")), None, Some(json("1e5"))])
        .column(
            Field::new("enum").config(FieldConfig::with_enum_texts(["off", "on"])),
            vec![EnumValue(0), EnumValue(1), EnumValue(0)],
        )
        .column(
            Field::new("enum?").config(FieldConfig::with_enum_texts(["off", "on"])),
            vec![Some(EnumValue(1)), None, Some(EnumValue(0))],
        );
    macro_rules! integers {
        ($builder:expr, $($native:ident),*) => {{
            let builder = $builder;
            $(let builder = builder
                .column(Field::new(stringify!($native)), vec![$native::MIN, 0, $native::MAX])
                .column(Field::new("nullable").label("of", stringify!($native)), vec![Some($native::MAX), None, Some(1)]);)*
            builder
        }};
    }
    integers!(builder, i8, i16, i32, i64, u8, u16, u32, u64).build().unwrap()
}

/// A stream of unions of both modes, one of them in a list.
pub fn unions() -> Vec<u8> {
    let members = UnionFields::from_fields(vec![
        ArrowField::new("i", DataType::Int32, true),
        ArrowField::new("s", DataType::Utf8, true),
    ]);
    let ids = || ScalarBuffer::from(vec![0_i8, 1, 0]);
    let numbers = || Arc::new(Int32Array::from(vec![Some(1), None, Some(3)])) as ArrayRef;
    let texts = || Arc::new(StringArray::from(vec!["a", "b", "c"])) as ArrayRef;
    let union = |offsets| UnionArray::try_new(members.clone(), ids(), offsets, vec![numbers(), texts()]).unwrap();
    let (sparse, dense) = (union(None), union(Some(ScalarBuffer::from(vec![2, 2, 0]))));
    let items = Arc::new(ArrowField::new("item", dense.data_type().clone(), true));
    let list = ListArray::new(items, OffsetBuffer::from_lengths([2, 0, 1]), Arc::new(dense.clone()), None);
    let columns: [(&str, ArrayRef); 3] =
        [("sparse", Arc::new(sparse)), ("dense", Arc::new(dense)), ("list", Arc::new(list))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), batch.schema_ref()).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

/// Two columns of so many rows.
pub fn series(rows: usize) -> Frame {
    let times: Column = (0..rows).map(|row| Timestamp::from_millis(1_700_000_000_000 + row as i64 * 1_000)).collect();
    let values: Column = (0..rows).map(|row| (row as f64 * 0.37).sin() * 1e3).collect();
    Frame::builder("series").column(Field::new("time"), times).column(Field::new("value"), values).build().unwrap()
}

/// Equal as JSON values, numbers as numbers, whatever the order of keys.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.as_f64() == right.as_f64() && (left.is_f64() || right.is_f64()))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

/// Fails with the first place where they differ.
pub fn assert_same(left: &Value, right: &Value, what: &str) {
    fn difference(left: &Value, right: &Value, path: &str) -> Option<String> {
        match (left, right) {
            (Value::Array(l), Value::Array(r)) if l.len() == r.len() => {
                l.iter().zip(r).enumerate().find_map(|(i, (l, r))| difference(l, r, &format!("{path}/{i}")))
            }
            (Value::Object(l), Value::Object(r)) if l.keys().eq(r.keys()) => {
                l.iter().zip(r.values()).find_map(|((key, l), r)| difference(l, r, &format!("{path}/{key}")))
            }
            (left, right) if same(left, right) => None,
            (left, right) => Some(format!("{path}: {left} against {right}")),
        }
    }
    if let Some(difference) = difference(left, right, "") {
        panic!("{what}: {difference}");
    }
}

/// Two frames, by their metadata as JSON values and their rows as Arrow arrays.
pub fn assert_same_frame(left: &Frame, right: &Frame, what: &str) {
    let metadata = |frame: &Frame| {
        let parse = |map: &arrow_schema::Metadata| {
            map.iter()
                .map(|(key, text)| {
                    let parsed = serde_json::from_str(text)
                        .ok()
                        .filter(|_| matches!(key.as_str(), "meta" | "labels" | "config"));
                    (key.clone(), parsed.unwrap_or_else(|| text.clone().into()))
                })
                .collect::<serde_json::Map<_, _>>()
        };
        let mut all = vec![Value::Object(parse(frame.schema().metadata()))];
        for field in frame.schema().fields() {
            let kind = format!("{} {} {}", field.name(), field.data_type(), field.is_nullable());
            all.push(serde_json::json!([kind, parse(field.metadata())]));
        }
        Value::Array(all)
    };
    assert_same(&metadata(left), &metadata(right), what);
    for (left, right) in left.fields().zip(right.fields()) {
        // By bits, so that NaN is equal to itself; documents by what they hold.
        let said = |value: CellValue| match value {
            CellValue::Json(document) => serde_json::from_slice::<Value>(document.as_bytes()).unwrap().to_string(),
            other => format!("{other:?}"),
        };
        let (l, r): (Vec<_>, Vec<_>) = (left.values().map(said).collect(), right.values().map(said).collect());
        assert_eq!(l, r, "{what}: field {}", left.name());
    }
}

/// The encapsulated message of a schema.
pub fn schema_message(fields: Vec<(&str, DataType)>) -> Vec<u8> {
    let fields: Vec<_> = fields.into_iter().map(|(name, kind)| ArrowField::new(name, kind, true)).collect();
    schema_message_of(&Schema::new(fields))
}

pub fn schema_message_of(schema: &Schema) -> Vec<u8> {
    let parts = StreamEncoder::try_new(schema).unwrap().finish().unwrap();
    let mut bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
    bytes.truncate(bytes.len() - 8);
    bytes
}

/// A record batch message that says whatever it is told to.
#[derive(Clone)]
pub struct Lie {
    pub rows: i64,
    pub nodes: Vec<(i64, i64)>,
    pub buffers: Vec<(i64, i64)>,
    pub body: Vec<u8>,
    pub body_length: Option<i64>,
    pub variadic: Option<Vec<i64>>,
    pub compression: bool,
    pub version: MetadataVersion,
    /// Id and whether it is a delta: the batch is then a dictionary.
    pub dictionary: Option<(i64, bool)>,
}

impl Lie {
    pub fn new(rows: i64, nodes: &[(i64, i64)], buffers: &[(i64, i64)], body: usize) -> Self {
        Self {
            rows,
            nodes: nodes.to_vec(),
            buffers: buffers.to_vec(),
            body: vec![0; body],
            body_length: None,
            variadic: None,
            compression: false,
            version: MetadataVersion::V5,
            dictionary: None,
        }
    }

    pub fn message(&self) -> Vec<u8> {
        let mut fbb = FlatBufferBuilder::new();
        let nodes: Vec<_> = self.nodes.iter().map(|(length, nulls)| FieldNode::new(*length, *nulls)).collect();
        let buffers: Vec<_> = self.buffers.iter().map(|(offset, length)| Buffer::new(*offset, *length)).collect();
        let (nodes, buffers) = (fbb.create_vector(&nodes), fbb.create_vector(&buffers));
        let variadic = self.variadic.as_ref().map(|counts| fbb.create_vector(counts));
        let compression = self.compression.then(|| {
            let mut builder = BodyCompressionBuilder::new(&mut fbb);
            builder.add_method(BodyCompressionMethod::BUFFER);
            builder.add_codec(CompressionType::ZSTD);
            builder.finish()
        });
        let mut builder = RecordBatchBuilder::new(&mut fbb);
        builder.add_length(self.rows);
        builder.add_nodes(nodes);
        builder.add_buffers(buffers);
        if let Some(variadic) = variadic {
            builder.add_variadicBufferCounts(variadic);
        }
        if let Some(compression) = compression {
            builder.add_compression(compression);
        }
        let batch = builder.finish();
        let (header, kind) = match self.dictionary {
            Some((id, delta)) => {
                let mut builder = DictionaryBatchBuilder::new(&mut fbb);
                builder.add_id(id);
                builder.add_data(batch);
                builder.add_isDelta(delta);
                (builder.finish().as_union_value(), MessageHeader::DictionaryBatch)
            }
            None => (batch.as_union_value(), MessageHeader::RecordBatch),
        };
        let mut builder = MessageBuilder::new(&mut fbb);
        builder.add_version(self.version);
        builder.add_header_type(kind);
        builder.add_bodyLength(self.body_length.unwrap_or(self.body.len() as i64));
        builder.add_header(header);
        let root = builder.finish();
        fbb.finish(root, None);
        let mut metadata = fbb.finished_data().to_vec();
        metadata.resize(metadata.len().next_multiple_of(8), 0);
        let mut message = vec![0xff; 4];
        message.extend((metadata.len() as u32).to_le_bytes());
        message.extend(metadata);
        message.extend(&self.body);
        message
    }
}

/// A stream of these messages, with its end mark.
pub fn stream(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = messages.concat();
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    bytes
}

/// A child field for nested types.
pub fn child(kind: DataType) -> Arc<ArrowField> {
    Arc::new(ArrowField::new("item", kind, true))
}
