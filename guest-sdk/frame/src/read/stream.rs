//! The stream format: schema, dictionaries and record batches in order, end mark.
//! The mark is required: without it a stream that was cut between two batches would pass for a whole one.

use std::sync::Arc;

use arrow_buffer::Buffer;

use super::decode::Decoder;
use super::malformed;
use super::message::{Encapsulated, Next};
use super::plan::Plan;
use super::schemas::Schemas;
use crate::{Frame, FrameError, ReadLimits};

/// Reads the stream that starts at `at`. Answers where it ends.
pub(super) fn read(bytes: &Buffer, at: usize, limits: &ReadLimits) -> Result<(Frame, usize), FrameError> {
    read_on(bytes, at, limits).map(|(frame, end, _)| (frame, end))
}

/// As [`read`], by what is known of schemas, and as the answer to a query.
pub(super) fn read_of_query(
    bytes: &Buffer,
    at: usize,
    limits: &ReadLimits,
    known: &Schemas,
    ref_id: Option<&str>,
) -> Result<(Frame, usize), FrameError> {
    let (plan, at) = known.or_read(bytes, at, || schema(bytes, at, limits))?;
    let plan = match ref_id {
        Some(ref_id) => plan.of_query(ref_id),
        None => plan,
    };
    rows(plan, bytes, at, limits).map(|(frame, end, _)| (frame, end))
}

/// As [`read`], with the decoder of further batches of the same schema.
pub(super) fn read_on(bytes: &Buffer, at: usize, limits: &ReadLimits) -> Result<(Frame, usize, Decoder), FrameError> {
    let (plan, at) = schema(bytes, at, limits)?;
    rows(plan, bytes, at, limits)
}

/// What follows the schema, to the end mark.
fn rows(
    plan: Arc<Plan>,
    bytes: &Buffer,
    mut at: usize,
    limits: &ReadLimits,
) -> Result<(Frame, usize, Decoder), FrameError> {
    let mut decoder = Decoder::new(plan, limits);
    let mut frame = decoder.frame();
    loop {
        match Encapsulated::next(bytes, at, limits)? {
            Next::Message(message, end) => {
                decoder.count_message()?;
                if let Some(batch) = decoder.decode(&message)? {
                    decoder.count_rows(&batch)?;
                    frame.push_batch(batch)?;
                }
                at = end;
            }
            Next::End(end) => return Ok((frame, end, decoder)),
        }
    }
}

/// What the schema says, which comes first, and where it ends.
fn schema(bytes: &Buffer, at: usize, limits: &ReadLimits) -> Result<(Arc<Plan>, usize), FrameError> {
    let (message, end) = first(bytes, at, limits)?;
    Ok((Arc::new(Plan::read(&message, limits)?), end))
}

/// The first message. Bytes that are something else altogether mostly fail here, so that the error says so.
fn first<'a>(bytes: &'a Buffer, at: usize, limits: &ReadLimits) -> Result<(Encapsulated<'a>, usize), FrameError> {
    match Encapsulated::next(bytes, at, limits) {
        Ok(Next::Message(message, end)) => Ok((message, end)),
        Ok(Next::End(_)) => Err(malformed("an end mark where the schema should be")),
        Err(error @ (FrameError::Truncated { .. } | FrameError::Malformed { .. })) => {
            Err(FrameError::NotIpc { problem: format!("no schema message at its start ({error})") })
        }
        Err(other) => Err(other),
    }
}
