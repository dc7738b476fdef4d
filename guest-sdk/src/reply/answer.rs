//! One query's way from the contract's text to the final word on its refId.

use std::cell::RefCell;

use tracing::Instrument;
use wellhead_frame::{Frame, FrameError, FrameWriter, RecordBatch};

use crate::query::Output;
use crate::{DataQuery, DataSource, Error, QueryResult, RequestContext};

/// What became of one query.
pub(crate) struct Answer {
    pub(crate) ref_id: String,
    pub(crate) result: Result<QueryResult, Error>,
}

/// The final word on one refId, as the contract has it.
#[derive(Debug, PartialEq)]
pub(crate) struct DataResponse {
    pub(crate) ref_id: String,
    /// 0 means 200, or the error's.
    pub(crate) status: u16,
    /// Arrow IPC streams.
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) error: Option<Error>,
}

impl DataResponse {
    pub(crate) fn failed(ref_id: String, error: Error) -> Self {
        Self { ref_id, status: 0, frames: Vec::new(), error: Some(error) }
    }
}

/// Reads the model and asks the data source; its log lines bear the refId.
pub(crate) async fn answer<S: DataSource>(source: &S, ctx: &RequestContext, query: DataQuery<String>) -> Answer {
    let ref_id = query.ref_id.clone();
    let span = tracing::info_span!("query", refId = ref_id.as_str());
    let result = async {
        match query.typed() {
            Ok(query) => source.query(ctx, query).await,
            Err(error) => Err(error),
        }
    };
    Answer { result: result.instrument(span).await, ref_id }
}

impl Answer {
    /// About how many bytes its frames have, `None` where that is not known yet.
    pub(crate) fn bytes(&self) -> Option<usize> {
        let Ok(result) = &self.result else { return Some(0) };
        result.outputs.iter().try_fold(0, |sum, output| match output {
            Output::Frame(frame) => Some(sum + frame_bytes(frame)),
            Output::Stream(_) => None,
        })
    }

    /// The whole answer at once; for what [`bytes`](Self::bytes) says is small.
    pub(crate) fn into_response(self) -> DataResponse {
        let ref_id = self.ref_id;
        let result = match self.result {
            Ok(result) => result,
            Err(error) => return DataResponse::failed(ref_id, error),
        };
        let mut response = DataResponse { ref_id, status: result.status, frames: Vec::new(), error: result.error };
        for output in result.outputs {
            let Output::Frame(frame) = output else { continue };
            match written(&frame) {
                Ok(bytes) => response.frames.push(bytes),
                Err(error) => {
                    response.error.get_or_insert(error.into());
                }
            }
        }
        response
    }
}

thread_local! {
    /// Answers begin alike: a dashboard asks the same queries every few seconds.
    static WRITER: RefCell<FrameWriter> = RefCell::default();
}

fn written(frame: &Frame) -> Result<Vec<u8>, FrameError> {
    WRITER.with_borrow_mut(|writer| writer.stream(frame))
}

/// What a frame takes in memory, which its IPC form exceeds by little.
fn frame_bytes(frame: &Frame) -> usize {
    frame.batches().iter().map(RecordBatch::get_array_memory_size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InstanceSettings;
    use pollster::block_on;
    use serde::Deserialize;
    use wellhead_frame::Field;

    struct Counting;

    #[derive(Deserialize)]
    struct Query {
        to: i64,
    }

    impl DataSource for Counting {
        type Settings = serde_json::Value;
        type Query = Query;

        fn configure(_: InstanceSettings<Self::Settings>) -> Result<Self, Error> {
            Ok(Self)
        }

        async fn query(&self, _: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
            Ok(Frame::builder("n").column(Field::new("n"), (0..query.model.to).collect::<Vec<_>>()).build()?.into())
        }
    }

    fn asked(model: &str) -> Answer {
        let query = DataQuery { ref_id: "A".to_owned(), model: model.to_owned(), ..DataQuery::default() };
        block_on(answer(&Counting, &RequestContext::default(), query))
    }

    #[test]
    fn a_query_is_answered_under_its_ref_id() {
        let response = asked(r#"{"to":3,"refId":"A"}"#).into_response();
        assert_eq!((response.ref_id.as_str(), response.frames.len(), response.error), ("A", 1, None));
    }

    #[test]
    fn a_wrong_model_is_a_bad_request_that_names_the_key() {
        let response = asked(r#"{"to":"x"}"#).into_response();
        let error = response.error.unwrap();
        assert_eq!((response.ref_id.as_str(), error.status()), ("A", 400));
        assert!(error.message().starts_with("query.to: invalid type"), "{error}");
    }
}
