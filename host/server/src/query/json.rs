//! Results as Grafana's JSON: `{"results":{"A":{"status":200,"frames":[…]}}}`, written straight from the Arrow arrays.

use serde_json::json;
use wellhead::{DataResponse, Frame, GuestError, QueryResults};
use wellhead_frame::{FrameError, JsonOptions};

/// Values that are written in well under a millisecond, so that moving to another thread would cost more.
const SMALL_VALUES: usize = 2_000;

/// A response body and whether any query in it failed.
pub(super) struct Written {
    pub(super) json: Vec<u8>,
    pub(super) has_failed: bool,
}

/// Whether the results are written quickly enough to do it on an I/O thread.
pub(super) fn is_small(results: &QueryResults) -> bool {
    let frames = results.responses.values().flat_map(|response| &response.frames);
    let values = frames.map(|frame| (frame.num_rows() + 1).saturating_mul(frame.schema().fields().len()));
    values.fold(0, usize::saturating_add) <= SMALL_VALUES
}

/// Writes all results. A query whose frames do not fit into what is left of `max_bytes` has failed; the others are
/// there.
pub(super) fn write(results: &QueryResults, max_bytes: usize) -> Written {
    let mut out = b"{\"results\":{".to_vec();
    let mut has_failed = false;
    for (index, (ref_id, response)) in results.responses.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(json!(ref_id).to_string().as_bytes());
        out.push(b':');
        let start = out.len();
        let written = write_response(&mut out, response.status, response.error.as_ref(), &response.frames, max_bytes);
        has_failed |= response.error.is_some() || written.is_err();
        if let Err(error) = written {
            out.truncate(start);
            let failed = failure(response, &error, max_bytes);
            // Without frames there is nothing left that could fail.
            let _ = write_response(&mut out, failed.status, Some(&failed), &[], usize::MAX);
        }
    }
    out.extend_from_slice(b"}}");
    Written { json: out, has_failed }
}

fn write_response(
    out: &mut Vec<u8>,
    status: u16,
    error: Option<&GuestError>,
    frames: &[Frame],
    max_bytes: usize,
) -> Result<(), FrameError> {
    out.extend_from_slice(format!("{{\"status\":{status}").as_bytes());
    if let Some(error) = error {
        let source = error.source_of_error.as_str();
        out.extend_from_slice(format!(",\"error\":{},\"errorSource\":\"{source}\"", json!(error.message)).as_bytes());
    }
    out.extend_from_slice(b",\"frames\":[");
    for (index, frame) in frames.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let left = max_bytes.saturating_sub(out.len());
        // Rows were counted when the frames were collected.
        frame.write_json(out, &JsonOptions::default().with_max_bytes(left).with_max_rows(usize::MAX))?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

fn failure(response: &DataResponse, error: &FrameError, max_bytes: usize) -> GuestError {
    if let FrameError::Limit { allowed, asked, .. } = error {
        // The frame was allowed what the frames before it had left.
        let asked = (max_bytes as u64).saturating_sub(*allowed).saturating_add(*asked);
        let message = format!(
            "limit \"JSON response, bytes\" exceeded: at least {asked} asked, {max_bytes} allowed; ask for fewer rows or \
             points, or take it as Arrow (Accept: {})",
            super::ARROW_STREAM
        );
        return GuestError::plugin(413, message);
    }
    GuestError::plugin(500, format!("the frames of query {:?} cannot be written: {error}", response.ref_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use wellhead_frame::Field;

    fn results(responses: Vec<DataResponse>) -> QueryResults {
        let responses: BTreeMap<_, _> =
            responses.into_iter().map(|response| (response.ref_id.clone(), response)).collect();
        QueryResults { responses }
    }

    fn frame(rows: i64) -> Frame {
        Frame::builder("n").column(Field::new("n"), (0..rows).collect::<Vec<_>>()).build().unwrap()
    }

    fn text(written: &Written) -> &str {
        std::str::from_utf8(&written.json).unwrap()
    }

    #[test]
    fn good_and_failed_queries_stand_side_by_side() {
        let failed = GuestError::downstream(400, "bad \"query\"");
        let written = write(
            &results(vec![DataResponse::failed("B", failed), DataResponse::ok("\"A\"", vec![frame(1), frame(0)])]),
            1 << 20,
        );
        assert!(written.has_failed);
        insta::assert_snapshot!(text(&written));
    }

    #[test]
    fn a_query_that_does_not_fit_fails_alone() {
        let written = write(
            &results(vec![DataResponse::ok("A", vec![frame(100_000)]), DataResponse::ok("B", vec![frame(1)])]),
            10_000,
        );
        assert!(written.has_failed);
        let json: serde_json::Value = serde_json::from_slice(&written.json).unwrap();
        assert_eq!((&json["results"]["A"]["status"], &json["results"]["B"]["status"]), (&json!(413), &json!(200)));
        assert_eq!(json["results"]["A"]["frames"], json!([]));
    }

    #[test]
    fn nothing_asked_is_still_an_object() {
        assert_eq!(text(&write(&results(vec![]), 100)), r#"{"results":{}}"#);
    }
}
