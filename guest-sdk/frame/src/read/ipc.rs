//! The checks of this crate's reader for readers of other data than frames: what a server writes as Arrow, say. Framing,
//! and which types are taken, is theirs; a message that passes here is decoded without a panic, in memory that the bytes
//! that came account for. Unions, which no frame has, are read too.

use std::collections::HashMap;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::Message;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_schema::SchemaRef;

use super::decode::{name, walled};
use super::message::{options, verify};
use super::schema::Unions;
use super::{malformed, plain, shape};
use crate::{FrameError, ReadLimits};

/// The message of a flatbuffer (the metadata of an encapsulated message, without its prefix), verified: it may be walked
/// as far as `max_depth`, `max_columns` and `max_bytes` allow.
///
/// # Errors
/// Bytes that are no message, and versions of the format before 4.
pub fn message<'a>(metadata: &'a [u8], limits: &ReadLimits) -> Result<Message<'a>, FrameError> {
    verify(metadata, &options(limits))
}

/// The schema of a message, within `max_columns`, `max_depth` and `max_metadata_bytes`.
///
/// # Errors
/// Another message than a schema, and types whose parameters contradict themselves or that nothing reads.
pub fn schema(message: Message<'_>, limits: &ReadLimits) -> Result<SchemaRef, FrameError> {
    let schema = message
        .header_as_schema()
        .ok_or_else(|| malformed(format!("a {} message where the schema should be", name(message.header_type()))))?;
    super::schema::read(schema, Unions::Read, limits)
}

/// The rows of a message and its body, under a schema that [`schema`] has let through, within `max_rows`. Dictionaries
/// are not kept: a column that needs one is an error.
///
/// # Errors
/// Another message than a record batch, compression, and row counts, buffers, offsets or texts that are not as the format
/// wants them.
pub fn batch(
    message: Message<'_>,
    body: &Buffer,
    schema: &SchemaRef,
    limits: &ReadLimits,
) -> Result<RecordBatch, FrameError> {
    match message.header_type() {
        arrow_ipc::MessageHeader::RecordBatch => decoded(message, body, schema, &HashMap::new(), limits),
        other => Err(malformed(format!("a {} message among the record batches", name(other)))),
    }
}

/// Checks a record batch, then decodes it, or lets Arrow do it.
pub(super) fn decoded(
    message: Message<'_>,
    body: &Buffer,
    schema: &SchemaRef,
    dictionaries: &HashMap<i64, ArrayRef>,
    limits: &ReadLimits,
) -> Result<RecordBatch, FrameError> {
    let batch = message.header_as_record_batch().ok_or_else(|| malformed("a record batch without its header"))?;
    let version = message.version();
    let fields = schema.fields().iter().map(AsRef::as_ref);
    shape::check(batch, version, fields, body, dictionaries, limits)?;
    if plain::is_plain(schema) {
        return walled(|| plain::decode(batch, body, schema));
    }
    walled(|| RecordBatchDecoder::try_new(body, batch, schema.clone(), dictionaries, &version)?.read_record_batch())
}
