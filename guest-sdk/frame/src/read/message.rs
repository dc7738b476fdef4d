//! One encapsulated message: prefix, flatbuffer, body. Lengths are checked against the bytes there are and the
//! flatbuffer is verified; what the message means is left to others.

use std::ops::Range;

use arrow_buffer::Buffer;
use arrow_ipc::{Message, MetadataVersion};
use flatbuffers::VerifierOptions;

use super::malformed;
use crate::{FrameError, ReadLimits};

const CONTINUATION: [u8; 4] = [0xff; 4];

/// A message whose flatbuffer is verified and whose body is there.
pub(super) struct Encapsulated<'a> {
    pub(super) message: Message<'a>,
    pub(super) body: Buffer,
}

/// What stands at a place in a stream.
pub(super) enum Next<'a> {
    /// A message, and where it ends.
    Message(Encapsulated<'a>, usize),
    /// The end mark, and where it ends.
    End(usize),
}

impl<'a> Encapsulated<'a> {
    /// Reads what starts at `at`.
    pub(super) fn next(bytes: &'a Buffer, at: usize, limits: &ReadLimits) -> Result<Next<'a>, FrameError> {
        let (metadata, start) = metadata(bytes, at)?;
        let Some(metadata) = metadata else { return Ok(Next::End(start)) };
        let message = verify(metadata, &options(limits))?;
        let body_length = u64::try_from(message.bodyLength())
            .map_err(|_| malformed(format!("body length {} is negative", message.bodyLength())))?;
        let body = slice(bytes, start, body_length, "message body")?;
        let end = start + body.len();
        Ok(Next::Message(Self { message, body }, end))
    }

    /// Reads bytes that are one message and nothing else.
    pub(super) fn only(bytes: &'a Buffer, limits: &ReadLimits) -> Result<Self, FrameError> {
        match Self::next(bytes, 0, limits)? {
            Next::Message(message, end) => only_message(bytes, end).map(|()| message),
            Next::End(_) => Err(malformed("an end mark where a message should be")),
        }
    }
}

/// That nothing follows a message which ends at `end`.
pub(super) fn only_message(bytes: &Buffer, end: usize) -> Result<(), FrameError> {
    match bytes.len() - end {
        0 => Ok(()),
        left => Err(malformed(format!("{left} bytes follow the message"))),
    }
}

/// The flatbuffer of the message at `at`, not yet looked into, and where it ends; none at an end mark.
pub(super) fn metadata(bytes: &[u8], at: usize) -> Result<(Option<&[u8]>, usize), FrameError> {
    let (length, start) = prefix(bytes, at)?;
    if length == 0 {
        return Ok((None, start));
    }
    let place = place(bytes, start, length.into(), "message metadata")?;
    let end = place.end;
    Ok((bytes.get(place), end))
}

/// Length of the metadata at `at`, and where it starts. Before Arrow 0.15 there was no continuation marker.
fn prefix(bytes: &[u8], at: usize) -> Result<(u32, usize), FrameError> {
    let mut rest = bytes.get(at..).unwrap_or_default();
    let mut word = || match rest.split_first_chunk::<4>() {
        Some((word, after)) => {
            rest = after;
            Ok(*word)
        }
        None => Err(FrameError::Truncated { what: "message prefix", needed: 4, left: rest.len() as u64 }),
    };
    let (length, start) = match word()? {
        CONTINUATION => (word()?, at + 8),
        legacy => (legacy, at + 4),
    };
    let length = i32::from_le_bytes(length);
    let length = u32::try_from(length).map_err(|_| malformed(format!("metadata length {length} is negative")))?;
    Ok((length, start))
}

/// `length` bytes from `start`, shared.
pub(super) fn slice(bytes: &Buffer, start: usize, length: u64, what: &'static str) -> Result<Buffer, FrameError> {
    let place = place(bytes, start, length, what)?;
    Ok(bytes.slice_with_length(place.start, place.len()))
}

/// Where `length` bytes from `start` are, if they are there.
fn place(bytes: &[u8], start: usize, length: u64, what: &'static str) -> Result<Range<usize>, FrameError> {
    let left = bytes.len().saturating_sub(start);
    match usize::try_from(length) {
        Ok(length) if length <= left => {
            let start = start.min(bytes.len());
            Ok(start..start + length)
        }
        _ => Err(FrameError::Truncated { what, needed: length, left: left as u64 }),
    }
}

/// How far a flatbuffer may be walked. Tables can be shared, so that few bytes unfold into very many tables: the bounds
/// are on the unfolded tree. Nested fields take two levels each, beside the message's own.
pub(super) fn options(limits: &ReadLimits) -> VerifierOptions {
    VerifierOptions {
        max_depth: limits.max_depth.saturating_mul(2).saturating_add(8),
        // A field is itself, its type, its dictionary and a table for each key of its metadata.
        max_tables: limits.max_columns.saturating_mul(16).saturating_add(1_024),
        max_apparent_size: limits.max_bytes.saturating_mul(2),
        ignore_missing_null_terminator: true,
    }
}

pub(super) fn verify<'a>(metadata: &'a [u8], options: &VerifierOptions) -> Result<Message<'a>, FrameError> {
    let message = arrow_ipc::root_as_message_with_opts(options, metadata)
        .map_err(|problem| malformed(format!("message metadata: {}", first_line(&problem))))?;
    version(message.version())?;
    Ok(message)
}

/// Versions before 4 laid buffers out differently.
pub(super) fn version(version: MetadataVersion) -> Result<(), FrameError> {
    match version {
        MetadataVersion::V4 | MetadataVersion::V5 => Ok(()),
        other => Err(malformed(format!("metadata version {} is neither V4 nor V5", other.0))),
    }
}

/// The verifier's messages go on with a trace of many lines.
pub(super) fn first_line(problem: &impl ToString) -> String {
    problem.to_string().lines().next().unwrap_or_default().trim_end_matches(['.', ' ']).to_owned()
}
