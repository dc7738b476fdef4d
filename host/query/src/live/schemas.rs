//! Numbers for the schemas of a channel, so that each subscriber is told one once.

use super::charge::Charge;
use std::sync::Arc;
use wellhead_frame::SchemaRef;

/// The schema last sent, under a number that grows from 1.
#[derive(Default)]
pub(super) struct Schemas {
    last: Option<SchemaRef>,
    number: u64,
    /// The last that had data under it.
    of_data: Option<SchemaRef>,
}

impl Schemas {
    /// The number of a frame's schema. A schema that the frame before did not hold already is charged to the frame.
    pub(super) fn data(&mut self, schema: &SchemaRef, charge: &Charge) -> u64 {
        if !self.of_data.as_ref().is_some_and(|of_data| Arc::ptr_eq(of_data, schema)) {
            self.of_data = Some(Arc::clone(schema));
        }
        self.notice(schema, charge)
    }

    /// The number of the schema of a frame that only says something: it has metadata of its own.
    pub(super) fn notice(&mut self, schema: &SchemaRef, charge: &Charge) -> u64 {
        if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, schema)) {
            return self.number;
        }
        if self.last.as_ref() != Some(schema) {
            self.number = self.number.saturating_add(1);
        }
        // The one at hand, since frames of one run share it.
        self.last = Some(Arc::clone(schema));
        charge.add(bytes_of(schema));
        self.number
    }

    /// What the channel's frames look like.
    pub(super) fn of_data(&self) -> Option<&SchemaRef> {
        self.of_data.as_ref()
    }
}

/// Of names and metadata, which are a writer's to choose.
fn bytes_of(schema: &SchemaRef) -> usize {
    let text = |(key, value): (&String, &String)| key.len() + value.len();
    let field = schema
        .fields()
        .iter()
        .map(|field| size_of_val(&**field) + field.name().len() + field.metadata().iter().map(text).sum::<usize>());
    field.sum::<usize>() + schema.metadata().iter().map(text).sum::<usize>()
}
