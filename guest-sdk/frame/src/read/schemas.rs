//! Schema messages that were read lately, by their bytes: a dashboard asks the same queries every few seconds, and the
//! frames of a query begin alike.
//!
//! What a guest can make it keep is bounded: past a bound, the older half is forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::message;
use super::plan::Plan;
use crate::FrameError;

/// Larger schemas are read each time: rows then cost more than they do.
const MAX_SCHEMA_BYTES: usize = 8 << 10;
/// Bytes of schema messages in each half. What is made of them takes a few times that.
const HALF_BYTES: usize = 128 << 10;

/// Shared by the readers of one source of frames.
#[derive(Default)]
pub(super) struct Schemas(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    young: Half,
    old: Half,
}

#[derive(Default)]
struct Half {
    plans: HashMap<Box<[u8]>, Arc<Plan>>,
    bytes: usize,
}

impl Schemas {
    /// What the schema message at `at` says, and where it ends: what is known of its bytes, or what `read` says.
    pub(super) fn or_read(
        &self,
        bytes: &[u8],
        at: usize,
        read: impl FnOnce() -> Result<(Arc<Plan>, usize), FrameError>,
    ) -> Result<(Arc<Plan>, usize), FrameError> {
        // What is wrong with it, the reading tells.
        let Ok((Some(metadata), metadata_end)) = message::metadata(bytes, at) else { return read() };
        if let Some(plan) = self.get(metadata) {
            return Ok((plan, metadata_end));
        }
        let (plan, end) = read()?;
        // A schema has no body. One that came with one is read again the next time.
        if end == metadata_end {
            self.insert(metadata, &plan);
        }
        Ok((plan, end))
    }

    /// What a schema message says, where it was read before.
    fn get(&self, metadata: &[u8]) -> Option<Arc<Plan>> {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = halves.young.plans.get(metadata) {
            return Some(plan.clone());
        }
        let (metadata, plan) = halves.old.plans.remove_entry(metadata)?;
        halves.insert(metadata, plan.clone());
        Some(plan)
    }

    /// Remembers what a schema message says.
    fn insert(&self, metadata: &[u8], plan: &Arc<Plan>) {
        if metadata.len() <= MAX_SCHEMA_BYTES {
            let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            halves.insert(metadata.into(), plan.clone());
        }
    }
}

impl Halves {
    fn insert(&mut self, metadata: Box<[u8]>, plan: Arc<Plan>) {
        if self.young.bytes + metadata.len() > HALF_BYTES {
            self.old = std::mem::take(&mut self.young);
        }
        let bytes = metadata.len();
        if self.young.plans.insert(metadata, plan).is_none() {
            self.young.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_schema::Schema;

    fn key(number: usize) -> Vec<u8> {
        let mut key = number.to_le_bytes().to_vec();
        key.resize(1 << 10, 0);
        key
    }

    fn plan() -> Arc<Plan> {
        Arc::new(Plan::of_schema(Arc::new(Schema::empty())).unwrap())
    }

    fn kept(schemas: &Schemas) -> (usize, usize) {
        let halves = schemas.0.lock().unwrap();
        let counted = [&halves.young, &halves.old].map(|half| half.plans.keys().map(|key| key.len()).sum::<usize>());
        assert_eq!(counted[0], halves.young.bytes);
        (halves.young.plans.len() + halves.old.plans.len(), counted[0] + counted[1])
    }

    #[test]
    fn however_many_schemas_come_only_the_latest_are_kept() {
        let (schemas, plan) = (Schemas::default(), plan());
        for number in 0..10_000 {
            schemas.insert(&key(number), &plan);
        }
        let (schemas_kept, bytes) = kept(&schemas);
        assert!((128..=256).contains(&schemas_kept), "{schemas_kept}");
        assert!(bytes <= 2 * HALF_BYTES);
        assert!(schemas.get(&key(9_999)).is_some());
        assert!(schemas.get(&key(0)).is_none());
        schemas.insert(&vec![0; MAX_SCHEMA_BYTES + 1], &plan);
        assert!(schemas.get(&vec![0; MAX_SCHEMA_BYTES + 1]).is_none());
    }

    #[test]
    fn a_schema_in_use_outlives_those_that_come_once() {
        let (schemas, plan) = (Schemas::default(), plan());
        schemas.insert(b"in use", &plan);
        for number in 0..10_000 {
            schemas.insert(&key(number), &plan);
            assert!(schemas.get(b"in use").is_some(), "{number}");
        }
        assert!(kept(&schemas).1 <= 2 * HALF_BYTES);
    }
}
