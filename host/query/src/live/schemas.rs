//! Numbers for the schemas of a channel, so that each subscriber is told one once.

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
    /// The number of a frame's schema.
    pub(super) fn data(&mut self, schema: &SchemaRef) -> u64 {
        if !self.of_data.as_ref().is_some_and(|of_data| Arc::ptr_eq(of_data, schema)) {
            self.of_data = Some(Arc::clone(schema));
        }
        self.number(schema)
    }

    /// The number of the schema of a frame that only says something: it has metadata of its own.
    pub(super) fn notice(&mut self, schema: &SchemaRef) -> u64 {
        self.number(schema)
    }

    /// What the channel's frames look like.
    pub(super) fn of_data(&self) -> Option<&SchemaRef> {
        self.of_data.as_ref()
    }

    fn number(&mut self, schema: &SchemaRef) -> u64 {
        if self.last.as_ref().is_some_and(|last| Arc::ptr_eq(last, schema)) {
            return self.number;
        }
        if self.last.as_ref() != Some(schema) {
            self.number = self.number.saturating_add(1);
        }
        // The one at hand, since frames of one run share it.
        self.last = Some(Arc::clone(schema));
        self.number
    }
}
