//! From checked messages to record batches of Grafana's types: one decoder for stream, file and pieces.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_ipc::MessageHeader;
use arrow_ipc::reader::read_dictionary;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::message::Encapsulated;
use super::plan::Plan;
use super::{malformed, shape};
use crate::limits::within;
use crate::{Frame, FrameError, ReadLimits};

/// State of reading one frame.
pub(super) struct Decoder {
    plan: Arc<Plan>,
    dictionaries: HashMap<i64, ArrayRef>,
    limits: ReadLimits,
    messages: u64,
    rows: u64,
}

impl Decoder {
    pub(super) fn new(plan: Arc<Plan>, limits: &ReadLimits) -> Self {
        Self { plan, dictionaries: HashMap::new(), limits: *limits, messages: 0, rows: 0 }
    }

    /// The schema of the batches that come out.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.plan.schema()
    }

    pub(super) fn is_light(&self) -> bool {
        self.plan.is_light()
    }

    /// A frame of that schema without rows.
    pub(super) fn frame(&self) -> Frame {
        self.plan.frame()
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
        match message.message.header_type() {
            MessageHeader::RecordBatch => self.plan.batch(message, &self.dictionaries, &self.limits).map(Some),
            MessageHeader::DictionaryBatch => self.dictionary(message).map(|()| None),
            other => Err(malformed(format!("a {} message among the record batches", name(other)))),
        }
    }

    fn dictionary(&mut self, encapsulated: &Encapsulated) -> Result<(), FrameError> {
        let message = encapsulated.message;
        let dictionary =
            message.header_as_dictionary_batch().ok_or_else(|| malformed("a dictionary without its header"))?;
        let id = dictionary.id();
        // Each delta copies all that came before: a long chain of small ones would cost without bound.
        if dictionary.isDelta() {
            return Err(malformed(format!("dictionary {id} comes as a delta: write it whole")));
        }
        let values = values_of(self.plan.raw(), id)?;
        let batch = dictionary.data().ok_or_else(|| malformed(format!("dictionary {id} has no values")))?;
        let (body, version) = (&encapsulated.body, message.version());
        shape::check(batch, version, std::iter::once(&values), body, &self.dictionaries, &self.limits)?;
        let (raw, dictionaries) = (self.plan.raw(), &mut self.dictionaries);
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
