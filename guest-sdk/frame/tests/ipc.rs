//! Arrow IPC out and in again.

mod common;

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use common::{assert_same_frame, every_type, fixture, series};
use wellhead_frame::{Frame, PieceReader, PieceWriter, ReadLimits};

#[test]
fn stream_and_file_read_back_as_the_same_frame() {
    let frame = every_type();
    for bytes in [frame.to_ipc_stream().unwrap(), frame.to_ipc_file().unwrap()] {
        let read = Frame::from_ipc(bytes, &ReadLimits::default()).unwrap();
        assert_eq!(read.schema(), frame.schema());
        assert_same_frame(&read, &frame, "round trip");
    }
}

#[test]
fn values_are_not_copied_out_of_a_vector() {
    let bytes = series(1_000).to_ipc_stream().unwrap();
    let range = bytes.as_ptr_range();
    let (start, end) = (range.start as usize, range.end as usize);
    let frame = Frame::from_ipc(bytes, &ReadLimits::default()).unwrap();
    let values = frame.batches()[0].column(1).as_primitive::<Float64Type>().values().as_ptr() as usize;
    assert!((start..end).contains(&values));
}

#[test]
fn misaligned_bytes_read_as_well() {
    let frame = every_type();
    let bytes = frame.to_ipc_stream().unwrap();
    for shift in 1..8 {
        let mut shifted = vec![0; shift];
        shifted.extend(&bytes);
        let buffer = arrow_buffer::Buffer::from_vec(shifted).slice(shift);
        assert_same_frame(&Frame::from_ipc(buffer, &ReadLimits::default()).unwrap(), &frame, "shifted");
    }
}

#[test]
fn pieces_read_back_as_the_same_frame() {
    let frame = series(10_000);
    let (schema, mut writer) = PieceWriter::new(frame.schema()).unwrap();
    let mut reader = PieceReader::new(schema, &ReadLimits::default()).unwrap();
    assert_eq!(reader.schema(), frame.schema());
    let pieces: Vec<_> = PieceWriter::split(&frame.batches()[0], 16 << 10).collect();
    assert!(pieces.len() > 5, "{} pieces", pieces.len());
    let batches = pieces.iter().map(|piece| reader.batch(writer.batch(piece).unwrap()).unwrap()).collect::<Vec<_>>();
    assert_eq!(reader.num_rows(), 10_000);
    assert_same_frame(&reader.finish(batches).unwrap(), &frame, "pieces");
}

#[test]
fn streams_in_a_row_are_frames_in_a_row() {
    let frames = [every_type(), Frame::empty("no data"), series(3)];
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.to_ipc_stream().unwrap()).collect();
    let read = Frame::all_from_ipc(bytes, &ReadLimits::default()).unwrap();
    assert_eq!(read.iter().map(Frame::name).collect::<Vec<_>>(), ["every type", "no data", "series"]);
    assert_same_frame(&read[0], &frames[0], "first of three");
}

#[test]
fn another_writer_s_stream_reads() {
    let modern = Frame::from_ipc(fixture("plain.arrows"), &ReadLimits::default()).unwrap();
    // No continuation markers, and metadata version 4.
    let legacy = Frame::from_ipc(fixture("legacy_v4.arrows"), &ReadLimits::default()).unwrap();
    assert_eq!(modern.num_rows(), 2);
    assert_same_frame(&modern, &legacy, "legacy format");
    assert_eq!(modern.schema().field(0).metadata()["tstype"], "time");
}
