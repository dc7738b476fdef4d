//! A channel as Arrow: IPC streams back to back in one body, each with its end mark.
//!
//! A stream goes on as long as frames are of one schema and none is missing; Grafana's keys are in the schema's metadata,
//! notices among them. Documents that are no frames are passed over. Where the channel ends for another reason than that its
//! plugin has nothing more to say, a last stream without fields has `status` and `error` in its metadata, as a query's has.

use super::Listener;
use crate::query::arrow::{Chunk, Chunks, encode, with_metadata};
use arrow_ipc::writer::StreamEncoder;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use futures::{Stream, StreamExt, stream};
use std::sync::Arc;
use wellhead::{Frame, SubscriptionEnd};

pub(super) fn chunks(mut listener: Listener) -> impl Stream<Item = Chunk> + Send {
    let initial = listener.subscription.take_initial();
    let start = (Some(listener), Writer::default(), initial);
    stream::unfold(start, |(listener, mut writer, initial)| async move {
        let mut listener = listener?;
        if let Some(initial) = initial {
            return Some((writer.frame(&initial, true), (Some(listener), writer, None)));
        }
        let update = tokio::select! {
            biased;
            () = &mut listener.draining => Err(SubscriptionEnd::ShutDown),
            update = listener.subscription.next() => update,
        };
        let (chunks, listener) = match update {
            Ok(update) => {
                let starts = update.starts_schema();
                let chunks = update.frame().map(|frame| writer.frame(&frame, starts)).unwrap_or_default();
                (chunks, Some(listener))
            }
            Err(end) => (writer.end(&end, listener.redacted(&end.to_string())), None),
        };
        Some((chunks, (listener, writer, None)))
    })
    .flat_map(stream::iter)
}

/// The stream that is being written.
#[derive(Default)]
struct Writer {
    current: Option<(SchemaRef, StreamEncoder)>,
}

impl Writer {
    /// The frame in the stream that is open, or in a new one where it must not go on.
    fn frame(&mut self, frame: &Frame, starts: bool) -> Vec<Chunk> {
        let mut out = Chunks::default();
        let outcome = self.write(frame, starts, &mut out);
        out.finish(outcome)
    }

    fn write(&mut self, frame: &Frame, starts: bool, out: &mut Chunks) -> Result<(), ArrowError> {
        let schema = frame.schema();
        let goes_on = |current: &SchemaRef| Arc::ptr_eq(current, schema) || current == schema;
        if starts || !self.current.as_ref().is_some_and(|(current, _)| goes_on(current)) {
            self.finish(out)?;
            self.current = Some((Arc::clone(schema), StreamEncoder::try_new(schema)?));
        }
        let Some((_, encoder)) = &mut self.current else { return Ok(()) };
        if frame.batches().is_empty() {
            // Whoever reads must see its schema now, with what it says: an encoder sends that with the first batch.
            encode(encoder, &arrow_array::RecordBatch::new_empty(Arc::clone(schema)), out)?;
        }
        for batch in frame.batches() {
            encode(encoder, batch, out)?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Chunks) -> Result<(), ArrowError> {
        if let Some((_, encoder)) = self.current.take() {
            out.extend(encoder.finish()?);
        }
        Ok(())
    }

    fn end(&mut self, end: &SubscriptionEnd, reason: String) -> Vec<Chunk> {
        let mut out = Chunks::default();
        let mut outcome = self.finish(&mut out);
        if outcome.is_ok() && *end != SubscriptionEnd::Finished {
            let metadata = [("status", end.code().to_string()), ("error", reason)];
            let last = StreamEncoder::try_new(&with_metadata(&Schema::empty(), metadata));
            outcome = last.and_then(StreamEncoder::finish).map(|buffers| out.extend(buffers));
        }
        out.finish(outcome)
    }
}
