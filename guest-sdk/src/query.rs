//! One query of a request, and what answers it: frames that are there, or frames whose rows still come.

use std::pin::Pin;
use std::time::Duration;

use futures::stream::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use wellhead_frame::{Frame, Timestamp};

use crate::{Error, json};

/// A span of time; `from` is not after `to`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant asked for.
    pub from: Timestamp,
    /// The last instant asked for.
    pub to: Timestamp,
}

impl TimeRange {
    /// How long it is.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.to.nanos().saturating_sub(self.from.nanos())).unwrap_or(0))
    }
}

/// One query. `Q` is what the author reads the query model into.
#[derive(Clone, Debug, Default)]
pub struct DataQuery<Q> {
    /// What the answer is to be filed under.
    pub ref_id: String,
    /// The plugin's own kind of query; often empty.
    pub query_type: String,
    /// How many points a panel can show.
    pub max_data_points: u32,
    /// Suggested step, at least 1.
    pub interval_ms: u32,
    /// The time asked for.
    pub time_range: TimeRange,
    /// The plugin's own query model.
    pub model: Q,
}

impl<Q> DataQuery<Q> {
    /// The suggested step, at least a millisecond.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_ms.max(1).into())
    }

    /// The same query with another model.
    pub fn with_model<T>(self, model: T) -> DataQuery<T> {
        DataQuery {
            model,
            ref_id: self.ref_id,
            query_type: self.query_type,
            max_data_points: self.max_data_points,
            interval_ms: self.interval_ms,
            time_range: self.time_range,
        }
    }
}

impl DataQuery<String> {
    /// Reads the model, still text, into the author's type. An error names the key and is the asker's to mend.
    pub fn typed<Q: DeserializeOwned>(self) -> Result<DataQuery<Q>, Error> {
        let model = json::read("query", &self.model).map_err(Error::bad_request)?;
        Ok(self.with_model(model))
    }
}

/// What answers a query: any number of frames, and an error where only a part could be had.
///
/// A [`Frame`], a `Vec<Frame>`, a [`FrameStream`] and an iterator of frames become one with `into()` or `collect()`.
#[derive(Debug, Default)]
pub struct QueryResult {
    pub(crate) outputs: Vec<Output>,
    pub(crate) status: u16,
    pub(crate) error: Option<Error>,
}

#[derive(Debug)]
pub(crate) enum Output {
    Frame(Frame),
    Stream(FrameStream),
}

impl QueryResult {
    /// An answer without a frame: there is nothing to show.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a frame.
    #[must_use]
    pub fn with_frame(mut self, frame: Frame) -> Self {
        self.outputs.push(Output::Frame(frame));
        self
    }

    /// Adds a frame whose rows still come.
    #[must_use]
    pub fn with_stream(mut self, stream: FrameStream) -> Self {
        self.outputs.push(Output::Stream(stream));
        self
    }

    /// Says that the frames are only what was read before this failure.
    #[must_use]
    pub fn with_error(mut self, error: Error) -> Self {
        self.error = Some(error);
        self
    }

    /// HTTP status of the answer, 200 unless set here or by an error.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// All frames, those that come part by part read to their end. Holds everything: for tests, and for plugins that
    /// work on their own answers.
    pub async fn collect(self) -> Result<Vec<Frame>, Error> {
        let mut frames = Vec::with_capacity(self.outputs.len());
        for output in self.outputs {
            match output {
                Output::Frame(frame) => frames.push(frame),
                Output::Stream(parts) => frames.extend(parts.collect().await?),
            }
        }
        self.error.map_or(Ok(frames), Err)
    }

    /// The failure that cut it short, if one did.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl From<Frame> for QueryResult {
    fn from(frame: Frame) -> Self {
        Self::empty().with_frame(frame)
    }
}

impl From<Vec<Frame>> for QueryResult {
    fn from(frames: Vec<Frame>) -> Self {
        frames.into_iter().collect()
    }
}

impl From<FrameStream> for QueryResult {
    fn from(stream: FrameStream) -> Self {
        Self::empty().with_stream(stream)
    }
}

impl FromIterator<Frame> for QueryResult {
    fn from_iter<I: IntoIterator<Item = Frame>>(frames: I) -> Self {
        Self { outputs: frames.into_iter().map(Output::Frame).collect(), ..Self::default() }
    }
}

/// One frame that comes part by part, for results larger than memory should hold.
///
/// Every part is a [`Frame`] of the same schema; the first one gives the whole its name, fields and metadata, and the
/// rows of each are appended. A part is made only when the host has taken those before it, so a slow reader slows the
/// upstream down. An error ends the frame and is the answer's error.
pub struct FrameStream(Pin<Box<dyn Stream<Item = Result<Frame, Error>>>>);

impl FrameStream {
    /// From parts that may have to be waited for.
    pub fn new(parts: impl Stream<Item = Result<Frame, Error>> + 'static) -> Self {
        Self(Box::pin(parts))
    }

    /// From parts that are computed one after the other.
    pub fn from_parts<I>(parts: I) -> Self
    where
        I: IntoIterator<Item = Result<Frame, Error>>,
        I::IntoIter: 'static,
    {
        Self::new(futures::stream::iter(parts))
    }

    /// The whole frame, `None` where there is no part.
    async fn collect(mut self) -> Result<Option<Frame>, Error> {
        let Some(mut whole) = self.next_part().await.transpose()? else { return Ok(None) };
        while let Some(part) = self.next_part().await {
            for batch in part?.into_batches() {
                whole.push_batch(batch)?;
            }
        }
        Ok(Some(whole))
    }

    /// The next part.
    pub async fn next_part(&mut self) -> Option<Result<Frame, Error>> {
        self.0.next().await
    }
}

impl std::fmt::Debug for FrameStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrameStream")
    }
}
