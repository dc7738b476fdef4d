//! Frames from a guest or a client that lies: whatever is accepted is sound, so that it can be written, read again and
//! is then the same.

use wellhead_frame::{Frame, JsonOptions, PieceReader, PieceWriter, ReadLimits, RecordBatch};

/// What stands between the messages of an input of [`frame_pieces`]. A mark and no lengths, as a fuzzer that puts bytes
/// in or takes some out would make every length wrong.
pub const PIECE_END: &[u8] = b"\n--piece--\n";

/// Bounds small enough that every one of them is reached, and that no input takes long.
fn limits() -> ReadLimits {
    ReadLimits::default()
        .with_max_bytes(64 << 10)
        .with_max_rows(4_096)
        .with_max_columns(64)
        .with_max_batches(64)
        .with_max_metadata_bytes(32 << 10)
        .with_max_cast_bytes(1 << 20)
}

/// An Arrow IPC stream or file, and several streams after one another.
pub fn frame_ipc(data: &[u8]) -> bool {
    let one = Frame::from_ipc(data.to_vec(), &limits());
    let all = Frame::all_from_ipc(data.to_vec(), &limits());
    match (&one, &all) {
        (Ok(one), Ok(all)) => assert_eq!(all.len(), 1, "one frame of {} rows is not one of many", one.num_rows()),
        (Ok(_), Err(error)) => panic!("one frame alone is read and among others is not: {error}"),
        _ => {}
    }
    one.as_ref().err().into_iter().chain(all.as_ref().err()).for_each(no_wall);
    let Ok(frames) = all else { return false };
    for frame in &frames {
        within(frame.batches());
        survives(frame);
    }
    !frames.is_empty()
}

/// Arrow's decoder has a wall around it, so that a panic in it is an error; here it must not come to that.
fn no_wall(error: &wellhead_frame::FrameError) {
    assert!(!error.to_string().contains("gave up"), "{error}");
}

/// What a guest sends piece by piece: the message of a schema, then record batches.
pub fn frame_pieces(data: &[u8]) -> bool {
    let mut pieces = split(data);
    let schema = pieces.next().unwrap_or_default();
    let mut reader = match PieceReader::new(schema.to_vec(), &limits()) {
        Ok(reader) => reader,
        Err(error) => {
            no_wall(&error);
            return false;
        }
    };
    let mut batches = Vec::new();
    for piece in pieces.take(limits().max_batches) {
        match reader.batch(piece.to_vec()) {
            Ok(batch) => {
                assert_eq!(batch.schema_ref(), reader.schema());
                within(std::slice::from_ref(&batch));
                batches.push(batch);
            }
            Err(error) => no_wall(&error),
        }
    }
    passes_on(reader.schema(), &batches);
    assert_eq!(reader.num_rows(), batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>());
    survives(&reader.finish(batches).expect("batches of the reader make its frame"));
    true
}

/// The parts of `data` between the marks.
fn split(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let end = data.windows(PIECE_END.len()).position(|window| window == PIECE_END);
        let (piece, rest) = data.split_at_checked(end.unwrap_or(data.len()))?;
        over = end.is_none();
        data = rest.get(PIECE_END.len()..).unwrap_or_default();
        Some(piece)
    })
}

/// A host that passes pieces on writes them itself; the next reader gets the same rows.
fn passes_on(schema: &wellhead_frame::SchemaRef, batches: &[RecordBatch]) {
    let (message, mut writer) = PieceWriter::new(schema).expect("a schema that was read can be written");
    let mut reader = PieceReader::new(message, &ReadLimits::default()).expect("a schema that was written can be read");
    assert_eq!(reader.schema(), schema);
    for batch in batches {
        let message = writer.batch(batch).expect("a batch that was read can be written");
        let again = reader.batch(message).expect("a batch that was written can be read");
        assert_eq!(&again, batch);
    }
}

/// Grafana's JSON.
pub fn frame_json(data: &[u8]) -> bool {
    let Ok(frame) = Frame::from_json(data, &limits()) else { return false };
    assert!(frame.num_rows() <= limits().max_rows);
    let json = frame.to_json(&JsonOptions::default()).expect("what was read from JSON can be written as such");
    let again = Frame::from_json(&json, &ReadLimits::default());
    let again = again.unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&json)));
    let twice = again.to_json(&JsonOptions::default()).expect("as the first time");
    assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&json));
    survives(&frame);
    true
}

fn within(batches: &[RecordBatch]) {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    assert!(rows <= limits().max_rows, "{rows} rows");
    let columns = batches.iter().map(RecordBatch::num_columns).max().unwrap_or_default();
    assert!(columns <= limits().max_columns, "{columns} columns");
}

/// Written as stream and as file and read again, it is the same; every value of it can be looked at; as JSON it is
/// written, or an error.
fn survives(frame: &Frame) {
    for bytes in [frame.to_ipc_stream(), frame.to_ipc_file()] {
        let bytes = bytes.expect("a frame that was read can be written");
        let again = Frame::from_ipc(bytes, &ReadLimits::default()).expect("a frame that was written can be read");
        assert_eq!(again.schema(), frame.schema());
        assert_eq!(again.batches(), frame.batches());
    }
    let values: usize = frame.fields().map(|field| field.values().count()).sum();
    assert_eq!(values, frame.num_rows() * frame.num_fields());
    // Documents are the guest's and may be none, which is the writer's to find; what it writes is one document.
    if let Ok(json) = frame.to_json(&JsonOptions::default()) {
        let read = Frame::from_json(&json, &ReadLimits::default());
        let read = read.unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&json)));
        assert_eq!(read.num_fields(), frame.num_fields());
        assert!(frame.num_fields() == 0 || read.num_rows() == frame.num_rows());
    }
}
