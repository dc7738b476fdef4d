//! Valid bytes, changed at random: whatever comes in, a frame or an error comes out.
//! What a changed frame holds must be sound too, so every one that still reads is written again.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::{every_type, fixture, series, unions};
use proptest::prelude::*;
use wellhead_frame::{Frame, FrameError, JsonOptions, PieceReader, PieceWriter, ReadLimits, ipc};
use wellhead_test_support::Change;

/// A change, of which numbers as flatbuffers keep them are many.
fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    let length = 1..64_usize;
    let edge = prop_oneof![
        Just(-1),
        Just(0),
        Just(1),
        Just(i64::from(i32::MAX)),
        Just(i64::MAX),
        Just(i64::MIN),
        any::<i64>()
    ];
    prop_oneof![
        4 => (at.clone(), 0..8_u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        3 => (at.clone(), any::<u8>()).prop_map(|(at, value)| Change::Set { at, value }),
        3 => (at.clone(), edge.clone()).prop_map(|(at, value)| Change::Word { at, value: value as i32 }),
        3 => (at.clone(), edge).prop_map(|(at, value)| Change::Long { at, value }),
        1 => at.clone().prop_map(|at| Change::Cut { at }),
        1 => (at.clone(), length.clone()).prop_map(|(at, length)| Change::Remove { at, length }),
        1 => (at.clone(), length.clone()).prop_map(|(at, length)| Change::Repeat { at, length }),
        2 => (at.clone(), at, length).prop_map(|(from, to, length)| Change::Copy { from, to, length }),
    ]
}

/// Frames as bytes, of both formats and with types that are cast.
fn seeds() -> Vec<Vec<u8>> {
    vec![
        every_type().to_ipc_stream().unwrap(),
        every_type().to_ipc_file().unwrap(),
        series(50).to_ipc_stream().unwrap(),
        fixture("casts.arrows"),
        fixture("casts.arrow"),
        fixture("legacy_v4.arrows"),
        fixture("dictionary_replaced.arrows"),
    ]
}

/// Arrow's decoder has a wall around it, so that a panic in it is an error; here it must not come to that.
fn explore(frame: Result<Frame, FrameError>) {
    match frame {
        Ok(frame) => {
            let again = Frame::from_ipc(frame.to_ipc_stream().unwrap(), &ReadLimits::default()).unwrap();
            assert_eq!(again.num_rows(), frame.num_rows());
            // Documents may have become invalid, which is the writer's to find.
            let _ = frame.to_json(&JsonOptions::default());
        }
        Err(error) => assert!(!error.to_string().contains("gave up"), "{error}"),
    }
}

/// The flatbuffers and bodies of a valid stream.
fn messages(mut stream: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut messages = Vec::new();
    while let Some((prefix, rest)) = stream.split_first_chunk::<8>() {
        let length = u32::from_le_bytes(*prefix.last_chunk::<4>().unwrap()) as usize;
        if length == 0 {
            break;
        }
        let (metadata, rest) = rest.split_at(length);
        let body = ipc::message(metadata, &ReadLimits::default()).unwrap().bodyLength() as usize;
        let (body, rest) = rest.split_at(body);
        messages.push((metadata.to_vec(), body.to_vec()));
        stream = rest;
    }
    messages
}

/// Rows of messages that are read by the checks alone.
fn read_message_by_message(messages: &[(Vec<u8>, Vec<u8>)]) -> Result<usize, FrameError> {
    let limits = ReadLimits::default();
    let (first, batches) = messages.split_first().unwrap();
    let schema = ipc::schema(ipc::message(&first.0, &limits)?, &limits)?;
    let mut rows = 0;
    for (metadata, body) in batches {
        rows += ipc::batch(ipc::message(metadata, &limits)?, &body.clone().into(), &schema, &limits)?.num_rows();
    }
    Ok(rows)
}

#[test]
fn the_checks_let_valid_messages_through_unions_too() {
    assert_eq!(read_message_by_message(&messages(&every_type().to_ipc_stream().unwrap())).unwrap(), 3);
    assert_eq!(read_message_by_message(&messages(&unions())).unwrap(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_read_or_are_an_error(seed in 0..7_usize, changes in prop::collection::vec(change(), 1..4)) {
        let mut bytes = seeds().swap_remove(seed);
        for change in &changes {
            change.apply(&mut bytes);
        }
        explore(Frame::from_ipc(bytes, &ReadLimits::default()));
    }

    #[test]
    fn changed_pieces_read_or_are_an_error(changes in prop::collection::vec(change(), 1..4), first: bool) {
        let frame = every_type();
        let (mut schema, mut writer) = PieceWriter::new(frame.schema()).unwrap();
        let mut batch = writer.batch(&frame.batches()[0]).unwrap();
        for change in &changes {
            change.apply(if first { &mut schema } else { &mut batch });
        }
        if let Ok(mut reader) = PieceReader::new(schema, &ReadLimits::default()) {
            match reader.batch(batch) {
                Ok(batch) => explore(reader.finish(vec![batch])),
                Err(error) => explore(Err(error)),
            }
        }
    }

    #[test]
    fn changed_messages_pass_the_checks_or_are_an_error(
        seed in 0..2_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), change()), 1..4),
    ) {
        let mut messages = messages(&if seed == 0 { unions() } else { every_type().to_ipc_stream().unwrap() });
        for (message, metadata, change) in &changes {
            let (flatbuffer, body) = &mut messages[message.index(2)];
            change.apply(if *metadata { flatbuffer } else { body });
        }
        if let Err(error) = read_message_by_message(&messages) {
            prop_assert!(!error.to_string().contains("gave up"), "{}", error);
        }
    }

    #[test]
    fn arbitrary_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200), file: bool) {
        let mut bytes = bytes;
        if file {
            bytes.splice(0..0, *b"ARROW1\0\0");
            bytes.extend(*b"ARROW1");
        }
        prop_assert!(Frame::from_ipc(bytes, &ReadLimits::default()).is_err());
    }

    #[test]
    fn changed_json_reads_or_is_an_error(changes in prop::collection::vec(change(), 1..4)) {
        let mut bytes = every_type().to_json(&JsonOptions::default()).unwrap();
        for change in &changes {
            change.apply(&mut bytes);
        }
        if let Ok(frame) = Frame::from_json(&bytes, &ReadLimits::default()) {
            frame.to_json(&JsonOptions::default()).unwrap();
        }
    }
}
