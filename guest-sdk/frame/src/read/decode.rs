//! From checked messages to record batches of Grafana's types: one decoder for stream, file and pieces.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::MessageHeader;
use arrow_ipc::reader::read_dictionary;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::message::Encapsulated;
use super::schema::Unions;
use super::{ipc, malformed, shape};
use crate::canonical::Canonical;
use crate::limits::within;
use crate::{FrameError, ReadLimits};

/// State of reading one frame.
pub(super) struct Decoder {
    raw: SchemaRef,
    canonical: Canonical,
    dictionaries: HashMap<i64, ArrayRef>,
    limits: ReadLimits,
    messages: u64,
    rows: u64,
}

impl Decoder {
    /// From the message that must come first.
    pub(super) fn new(message: &Encapsulated, limits: &ReadLimits) -> Result<Self, FrameError> {
        let header = message.message()?;
        let schema = header
            .header_as_schema()
            .ok_or_else(|| malformed(format!("a {} message where the schema should be", name(header.header_type()))))?;
        Self::of_schema(super::schema::read(schema, Unions::Refused, limits)?, limits)
    }

    /// From a schema that is checked.
    pub(super) fn of_schema(raw: SchemaRef, limits: &ReadLimits) -> Result<Self, FrameError> {
        let canonical = Canonical::of(&raw)?;
        Ok(Self { raw, canonical, dictionaries: HashMap::new(), limits: *limits, messages: 0, rows: 0 })
    }

    /// The schema of the batches that come out.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.canonical.schema()
    }

    /// Counts a message of a frame that is read whole.
    pub(super) fn count_message(&mut self) -> Result<(), FrameError> {
        self.messages += 1;
        within("max_batches", self.messages, self.limits.max_batches)
    }

    /// Counts the rows of a frame that is read whole.
    pub(super) fn count_rows(&mut self, batch: &RecordBatch) -> Result<(), FrameError> {
        self.rows += batch.num_rows() as u64;
        within("max_rows", self.rows, self.limits.max_rows)
    }

    /// Decodes a record batch, or takes a dictionary and answers none.
    pub(super) fn decode(&mut self, message: &Encapsulated) -> Result<Option<RecordBatch>, FrameError> {
        match message.kind()? {
            MessageHeader::RecordBatch => self.batch(message).map(Some),
            MessageHeader::DictionaryBatch => self.dictionary(message).map(|()| None),
            other => Err(malformed(format!("a {} message among the record batches", name(other)))),
        }
    }

    fn batch(&self, encapsulated: &Encapsulated) -> Result<RecordBatch, FrameError> {
        let (message, body) = (encapsulated.message()?, &encapsulated.body);
        let batch = ipc::decoded(message, body, &self.raw, &self.dictionaries, &self.limits)?;
        self.canonical.batch(&batch, &self.limits)
    }

    fn dictionary(&mut self, encapsulated: &Encapsulated) -> Result<(), FrameError> {
        let message = encapsulated.message()?;
        let dictionary =
            message.header_as_dictionary_batch().ok_or_else(|| malformed("a dictionary without its header"))?;
        let id = dictionary.id();
        // Each delta copies all that came before: a long chain of small ones would cost without bound.
        if dictionary.isDelta() {
            return Err(malformed(format!("dictionary {id} comes as a delta: write it whole")));
        }
        let values = values_of(&self.raw, id)?;
        let batch = dictionary.data().ok_or_else(|| malformed(format!("dictionary {id} has no values")))?;
        let (body, version) = (&encapsulated.body, message.version());
        shape::check(batch, version, std::iter::once(&values), body, &self.dictionaries, &self.limits)?;
        let (raw, dictionaries) = (&self.raw, &mut self.dictionaries);
        walled(|| read_dictionary(body, dictionary, raw, dictionaries, &version))
    }
}

/// The field that a dictionary's values stand for.
fn values_of(schema: &Schema, id: i64) -> Result<Field, FrameError> {
    #[expect(deprecated, reason = "arrow's own reader finds the type of a dictionary by this")]
    let fields = schema.fields_with_dict_id(id);
    match fields.first().map(|field| field.data_type()) {
        Some(DataType::Dictionary(_, values)) => Ok(Field::new("dictionary values", (**values).clone(), true)),
        _ => Err(malformed(format!("dictionary {id} belongs to no field"))),
    }
}

/// Runs Arrow's decoding. The checks before it are meant to leave it nothing to panic about; should they miss something,
/// the panic is an error here and no more.
pub(super) fn walled<T>(decode: impl FnOnce() -> Result<T, arrow_schema::ArrowError>) -> Result<T, FrameError> {
    match std::panic::catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => Ok(decoded?),
        Err(_) => Err(malformed("Arrow's decoder gave up on it")),
    }
}

pub(super) fn name(header: MessageHeader) -> &'static str {
    header.variant_name().unwrap_or("unknown")
}
