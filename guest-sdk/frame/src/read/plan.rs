//! What a schema message says of the batches under it: how they are decoded, what they are cast to, the frame without
//! rows. Read once, and shared by all frames that begin with the same bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::SchemaRef;

use super::decode::name;
use super::message::Encapsulated;
use super::schema::{self, Unions};
use super::{ipc, malformed};
use crate::canonical::Canonical;
use crate::{Frame, FrameError, ReadLimits};

/// Queries whose frames begin with the same bytes, and whose names are kept.
const MOST_NAMES: usize = 8;

/// Never changes once it is read.
pub(super) struct Plan {
    raw: SchemaRef,
    canonical: Canonical,
    frame: Frame,
    /// The same for frames that are told which query they answer; the one made last at the end.
    of_queries: Mutex<Vec<Arc<Plan>>>,
}

impl Plan {
    /// From the message that must come first.
    pub(super) fn read(message: &Encapsulated, limits: &ReadLimits) -> Result<Self, FrameError> {
        let header = message.message;
        let schema = header
            .header_as_schema()
            .ok_or_else(|| malformed(format!("a {} message where the schema should be", name(header.header_type()))))?;
        Self::of_schema(schema::read(schema, Unions::Refused, limits)?)
    }

    /// From a schema that is checked. Metadata that does not parse is told here, not when the last row is in.
    pub(super) fn of_schema(raw: SchemaRef) -> Result<Self, FrameError> {
        let canonical = Canonical::of(&raw)?;
        let frame = Frame::of_schema(canonical.schema().clone())?;
        Ok(Self { raw, canonical, frame, of_queries: Mutex::default() })
    }

    /// The plan of frames that answer this query, whatever query they name themselves.
    pub(super) fn of_query(self: Arc<Self>, ref_id: &str) -> Arc<Self> {
        let is_it = |plan: &Self| plan.frame.ref_id() == ref_id;
        if is_it(&self) {
            return self;
        }
        let mut of_queries = self.of_queries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = of_queries.iter().find(|plan| is_it(plan)) {
            return plan.clone();
        }
        let frame = self.frame.clone().with_ref_id(ref_id);
        let canonical = self.canonical.to(frame.schema().clone());
        let plan = Arc::new(Self { raw: self.raw.clone(), canonical, frame, of_queries: Mutex::default() });
        if of_queries.len() >= MOST_NAMES {
            of_queries.remove(0);
        }
        of_queries.push(plan.clone());
        plan
    }

    /// Whether a batch is decoded in a time that does not grow with its rows: numbers and times are taken as they are,
    /// texts are looked through and other types cast.
    pub(super) fn is_light(&self) -> bool {
        self.canonical.keeps_types() && self.schema().fields().iter().all(|field| field.data_type().is_primitive())
    }

    /// The schema that came.
    pub(super) fn raw(&self) -> &SchemaRef {
        &self.raw
    }

    /// The schema of the batches that come out.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.canonical.schema()
    }

    /// A frame of that schema without rows.
    pub(super) fn frame(&self) -> Frame {
        self.frame.clone()
    }

    /// The rows of a record batch message.
    pub(super) fn batch(
        &self,
        Encapsulated { message, body }: &Encapsulated,
        dictionaries: &HashMap<i64, ArrayRef>,
        limits: &ReadLimits,
    ) -> Result<RecordBatch, FrameError> {
        // Where nothing is cast, the batch is decoded under the schema it is to have.
        let schema = if self.canonical.keeps_types() { self.schema() } else { &self.raw };
        let batch = ipc::decoded(*message, body, schema, dictionaries, limits)?;
        self.canonical.batch(batch, limits)
    }
}
