use super::*;
use futures::{FutureExt, stream};
use wellhead_frame::{Field, Frame, RecordBatch};

fn frame(rows: i64) -> Frame {
    Frame::builder("n").column(Field::new("n"), (0..rows).collect::<Vec<_>>()).build().unwrap()
}

fn begin(ref_id: &str, number: u32) -> Piece {
    Piece::Begin { ref_id: ref_id.into(), frame: number, schema: frame(0).schema().clone() }
}

fn batch(number: u32, rows: i64) -> Piece {
    let batches = frame(rows).into_batches();
    Piece::Batch { frame: number, batch: batches.into_iter().next().unwrap() }
}

fn done(ref_id: &str, frames: Vec<Frame>) -> Piece {
    Piece::Done(DataResponse::ok(ref_id, frames))
}

fn running(ref_ids: &[&str], pieces: Vec<Result<Piece, PluginError>>) -> Running {
    Running { ref_ids: ref_ids.iter().map(|id| (*id).to_owned()).collect(), pieces: stream::iter(pieces).boxed() }
}

fn failure() -> PluginError {
    PluginError::RequestFailure { plugin_id: "p".into(), reason: "it trapped".into() }
}

fn collected(running: Vec<Running>, limits: ResultLimits) -> QueryResults {
    Replies { ready: BTreeMap::new(), running }.collect(limits).now_or_never().unwrap()
}

/// Status and rows of every frame, by ref-id.
fn shape(results: &QueryResults) -> Vec<(&str, u16, Vec<usize>)> {
    let rows = |response: &DataResponse| response.frames.iter().map(Frame::num_rows).collect();
    results.responses.iter().map(|(ref_id, response)| (ref_id.as_str(), response.status, rows(response))).collect()
}

#[test]
fn interleaved_pieces_become_frames_in_the_order_they_began() {
    let pieces = vec![
        Ok(begin("A", 7)),
        Ok(begin("B", 3)),
        Ok(batch(3, 2)),
        Ok(begin("A", 1)),
        Ok(batch(7, 1)),
        Ok(batch(1, 5)),
        Ok(batch(7, 3)),
        Ok(done("A", vec![frame(9)])),
        Ok(done("B", vec![])),
    ];
    let results = collected(vec![running(&["A", "B"], pieces)], ResultLimits::default());
    assert_eq!(shape(&results), [("A", 200, vec![4, 5, 9]), ("B", 200, vec![2])]);
}

#[test]
fn a_reply_that_breaks_off_fails_what_is_open_and_keeps_what_is_done() {
    let pieces = |end: Option<PluginError>| {
        let whole = [Ok(done("A", vec![frame(1)])), Ok(begin("B", 0)), Ok(batch(0, 2))];
        whole.into_iter().chain(end.map(Err)).collect()
    };
    for end in [Some(failure()), None] {
        let results = collected(vec![running(&["A", "B"], pieces(end))], ResultLimits::default());
        assert_eq!(shape(&results), [("A", 200, vec![1]), ("B", 500, vec![2])]);
        assert!(results.has_failed() && results.frames("A").is_ok() && results.frames("B").is_err());
    }
}

#[test]
fn a_query_over_a_limit_fails_alone_and_lets_its_rows_go() {
    let pieces = || {
        vec![
            Ok(begin("A", 0)),
            Ok(batch(0, 3)),
            Ok(batch(0, 3)),
            Ok(batch(0, 3)),
            Ok(done("A", vec![])),
            Ok(done("B", vec![frame(5)])),
        ]
    };
    let rows = ResultLimits { frame_rows: 5, ..ResultLimits::default() };
    let results = collected(vec![running(&["A", "B"], pieces())], rows);
    assert_eq!(shape(&results), [("A", 413, vec![]), ("B", 200, vec![5])]);
    let error = results.frames("A").unwrap_err();
    assert!(error.message.starts_with("limit \"rows of a frame\" exceeded: 6 asked, 5 allowed; "), "{error}");
    let bytes = ResultLimits { query_bytes: 10, ..ResultLimits::default() };
    assert_eq!(
        shape(&collected(vec![running(&["A", "B"], pieces())], bytes)),
        [("A", 413, vec![]), ("B", 413, vec![])]
    );
}

#[test]
fn nobody_reads_on_once_every_open_query_is_over_a_limit() {
    let endless = stream::iter([Ok(begin("A", 0))]).chain(stream::repeat_with(|| Ok(batch(0, 3))));
    let running = vec![Running { ref_ids: vec!["A".into()], pieces: endless.boxed() }];
    let results = collected(running, ResultLimits { frame_rows: 1_000, ..ResultLimits::default() });
    assert_eq!(shape(&results), [("A", 413, vec![])]);
}

#[test]
fn the_stream_gives_every_ref_id_one_done_and_every_frame_its_own_number() {
    let ready = BTreeMap::from([("Z".to_owned(), DataResponse::ok("Z", vec![frame(1)]))]);
    let first = vec![Ok(begin("A", 0)), Ok(batch(0, 2)), Ok(done("A", vec![])), Ok(begin("A", 1)), Ok(batch(9, 1))];
    let second = vec![Ok(begin("B", 0)), Ok(batch(0, 4)), Err(failure())];
    let replies = Replies { ready, running: vec![running(&["A"], first), running(&["B", "C"], second)] };
    let pieces: Vec<_> = replies.into_pieces().collect().now_or_never().unwrap();
    let shown: Vec<_> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Begin { ref_id, frame, .. } => format!("begin {ref_id} {frame}"),
            Piece::Batch { frame, batch } => format!("batch {frame} {}", RecordBatch::num_rows(batch)),
            Piece::Done(response) => format!("done {} {}", response.ref_id, response.status),
        })
        .collect();
    assert_eq!(
        shown,
        ["done Z 200", "begin A 0", "batch 0 2", "done A 200", "begin B 1", "batch 1 4", "done B 500", "done C 500"]
    );
}
