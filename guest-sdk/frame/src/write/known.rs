//! Schemas that were written lately, with their messages: what a plugin answers begins alike again and again.

use std::sync::Arc;

use arrow_schema::SchemaRef;

use super::PieceWriter;
use crate::FrameError;

/// Larger schemas are written each time: rows then cost more than they do.
const MAX_SCHEMA_BYTES: usize = 8 << 10;
/// So many are kept. They are looked through one after the other.
const MOST: usize = 8;

/// The one that was used last at the end.
#[derive(Debug, Default)]
pub(super) struct KnownSchemas(Vec<Known>);

#[derive(Debug)]
struct Known {
    schema: SchemaRef,
    /// Made when the schema comes again. Many never do: those that name the query's time range, say.
    written: Option<Written>,
}

/// A schema's message, and what writes batches under it.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) message: Vec<u8>,
    pub(super) batches: PieceWriter,
}

impl KnownSchemas {
    /// What is known of a schema that came before.
    pub(super) fn get(&mut self, schema: &SchemaRef) -> Result<Option<&mut Written>, FrameError> {
        let Some(place) = self.0.iter().rposition(|known| same(&known.schema, schema)) else { return Ok(None) };
        let mut known = self.0.remove(place);
        if known.written.is_none() {
            let (message, batches) = PieceWriter::new(schema)?;
            known.written = Some(Written { message, batches });
        }
        self.0.push(known);
        Ok(self.0.last_mut().and_then(|known| known.written.as_mut()))
    }

    /// Notes a schema that was written, in so many bytes.
    pub(super) fn note(&mut self, schema: &SchemaRef, bytes: usize) {
        if bytes <= MAX_SCHEMA_BYTES {
            if self.0.len() >= MOST {
                self.0.remove(0);
            }
            self.0.push(Known { schema: schema.clone(), written: None });
        }
    }
}

/// Those of one plugin differ in their metadata sooner than in their fields.
fn same(one: &SchemaRef, other: &SchemaRef) -> bool {
    Arc::ptr_eq(one, other) || (one.metadata() == other.metadata() && one.fields() == other.fields())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, Frame};

    fn schema(name: &str) -> SchemaRef {
        Frame::builder(name).column(Field::new("v"), vec![1]).build().unwrap().schema().clone()
    }

    /// Whether it was known.
    fn asked(known: &mut KnownSchemas, schema: &SchemaRef) -> bool {
        let is_known = known.get(schema).unwrap().is_some();
        if !is_known {
            known.note(schema, 300);
        }
        is_known
    }

    #[test]
    fn however_many_schemas_come_only_the_latest_are_kept() {
        let mut known = KnownSchemas::default();
        assert!(!asked(&mut known, &schema("in use")));
        for number in 0..1_000 {
            assert!(!asked(&mut known, &schema(&number.to_string())));
            // Another one that says the same.
            assert!(asked(&mut known, &schema("in use")), "{number}");
        }
        assert_eq!(known.0.len(), MOST);
        assert!(asked(&mut known, &schema("999")) && !asked(&mut known, &schema("0")));
    }

    #[test]
    fn a_large_schema_is_not_kept() {
        let mut known = KnownSchemas::default();
        known.note(&schema("large"), MAX_SCHEMA_BYTES + 1);
        assert!(known.0.is_empty());
    }

    #[test]
    fn fields_of_other_names_types_or_metadata_are_another_schema() {
        let build = |field| Frame::builder("f").column(field, vec![1.0]).build().unwrap().schema().clone();
        let one = build(Field::new("a"));
        let other_type = Frame::builder("f").column(Field::new("a"), vec![1]).build().unwrap().schema().clone();
        for other in [build(Field::new("b")), build(Field::new("a").label("k", "v")), other_type] {
            assert!(same(&one, &one.clone()) && !same(&one, &other));
        }
    }
}
