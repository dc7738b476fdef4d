use super::*;
use arrow_ipc::reader::StreamReader;
use std::io::Cursor;
use wellhead::GuestError;
use wellhead_frame::Field;

fn frame(name: &str, rows: i64) -> Frame {
    Frame::builder(name).ref_id("A").column(Field::new("n"), (0..rows).collect::<Vec<_>>()).build().unwrap()
}

fn begin(ref_id: &str, number: u32) -> Piece {
    let schema = frame(&format!("f{number}"), 0).with_ref_id(ref_id).schema().clone();
    Piece::Begin { ref_id: ref_id.into(), frame: number, schema }
}

fn batch(number: u32, rows: i64) -> Piece {
    Piece::Batch { frame: number, batch: frame("", rows).into_batches().remove(0) }
}

fn done(ref_id: &str, frames: Vec<Frame>) -> Piece {
    Piece::Done(DataResponse::ok(ref_id, frames))
}

/// Every stream in the bytes that the pieces become: what its metadata says, and the rows of its batches.
fn streams(pieces: impl IntoIterator<Item = Piece>) -> Vec<String> {
    let mut writer = ArrowWriter::default();
    let chunks = pieces.into_iter().flat_map(|piece| writer.write(piece));
    let bytes: Vec<u8> = chunks.flat_map(|chunk| chunk.unwrap().to_vec()).collect();
    let mut cursor = Cursor::new(bytes);
    let mut shown = Vec::new();
    while (cursor.position() as usize) < cursor.get_ref().len() {
        let mut reader = StreamReader::try_new(&mut cursor, None).unwrap();
        let schema = reader.schema();
        let rows: Vec<_> = reader.by_ref().map(|batch| batch.unwrap().num_rows()).collect();
        let mut metadata: Vec<_> = schema.metadata().iter().map(|(key, value)| format!("{key}={value}")).collect();
        metadata.sort();
        shown.push(format!("{} rows={rows:?}", metadata.join(" ")));
    }
    shown
}

#[test]
fn each_frame_is_a_stream_with_its_end_mark() {
    let shown = streams([
        done("A", vec![frame("x", 2), frame("y", 0)]),
        begin("B", 0),
        batch(0, 1),
        batch(0, 3),
        begin("B", 1),
        done("B", vec![]),
    ]);
    assert_eq!(
        shown,
        [
            "frame=0 name=x refId=A rows=[2]",
            "frame=1 name=y refId=A rows=[0]",
            "frame=2 name=f0 refId=B rows=[1, 3]",
            "frame=3 name=f1 refId=B rows=[]",
        ]
    );
}

#[test]
fn frames_sent_by_turns_go_on_under_their_number() {
    let shown = streams([begin("A", 0), begin("A", 1), batch(0, 1), batch(1, 2), batch(0, 3), done("A", vec![])]);
    assert_eq!(
        shown,
        ["frame=0 name=f0 refId=A rows=[1]", "frame=1 name=f1 refId=A rows=[2]", "frame=0 name=f0 refId=A rows=[3]"]
    );
}

#[test]
fn a_failed_query_and_one_without_frames_end_with_a_stream_of_their_own() {
    let failed = DataResponse::failed("A", GuestError::downstream(502, "gone"));
    let shown = streams([begin("A", 0), batch(0, 1), Piece::Done(failed), done("B", vec![])]);
    assert_eq!(
        shown,
        [
            "frame=0 name=f0 refId=A rows=[1]",
            "error=gone errorSource=downstream refId=A status=502 rows=[]",
            "refId=B status=200 rows=[]",
        ]
    );
}

#[test]
fn large_buffers_are_sent_as_they_are_and_small_ones_together() {
    let mut writer = ArrowWriter::default();
    let sizes = |chunks: Vec<Chunk>| chunks.into_iter().map(|chunk| chunk.unwrap().len()).collect::<Vec<_>>();
    assert_eq!(sizes(writer.write(done("A", vec![frame("x", 2)]))).len(), 1);
    let large = sizes(writer.write(done("A", vec![frame("x", 100_000)])));
    assert_eq!(large.iter().filter(|size| **size >= 800_000).count(), 1, "{large:?}");
}

#[test]
fn a_batch_that_is_too_large_leaves_in_pieces_with_every_row_in_order() {
    let rows = 5_000_000_i64;
    let mut writer = ArrowWriter::default();
    let chunks: Vec<u8> = [begin("A", 0), batch(0, rows), done("A", vec![])]
        .into_iter()
        .flat_map(|piece| writer.write(piece))
        .flat_map(|chunk| chunk.unwrap().to_vec())
        .collect();
    let reader = StreamReader::try_new(Cursor::new(&chunks), None).unwrap();
    let mut next = 0;
    for piece in reader {
        let piece = piece.unwrap();
        assert!(bytes_of(&piece).unwrap() <= PIECE_BYTES - FRAMING_BYTES);
        let numbers = piece.column(0).as_any().downcast_ref::<arrow_array::Int64Array>().unwrap();
        assert_eq!((numbers.value(0), numbers.len() as i64 >= rows / 8), (next, true));
        next += numbers.len() as i64;
    }
    assert_eq!(next, rows);
    let largest = chunks.len() / 4;
    assert!(largest < PIECE_BYTES, "four pieces: {largest} bytes each");
}
