//! Refuses memory and tables beyond an instance's limits.
//!
//! A refused growth is not a trap: the guest's allocator sees it fail, and fallible allocation (`try_reserve`) goes on.

use crate::Limits;
use crate::vitals::MemoryInUse;
use wasmtime::ResourceLimiter;

/// Wasm modules a component may nest. A component built by any of today's tools has fewer than ten.
const MAX_INSTANCES: usize = 64;

/// One per Store.
#[derive(Debug)]
pub(crate) struct InstanceLimiter {
    memory_limit: usize,
    memory_used: usize,
    in_use: MemoryInUse,
    table_elements: usize,
    elements_used: usize,
    /// Largest refused memory size, so that a crash that follows can say what it was about.
    refused: Option<usize>,
}

impl InstanceLimiter {
    pub(crate) fn new(limits: &Limits, in_use: MemoryInUse) -> Self {
        Self {
            memory_limit: limits.memory_bytes,
            memory_used: 0,
            in_use,
            table_elements: limits.table_elements,
            elements_used: 0,
            refused: None,
        }
    }

    /// Memory asked for beyond the limit, in bytes.
    pub(crate) fn refused(&self) -> Option<usize> {
        self.refused
    }
}

impl ResourceLimiter for InstanceLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory_used.saturating_add(desired.saturating_sub(current));
        if total > self.memory_limit {
            self.refused = Some(self.refused.unwrap_or(0).max(total));
            return Ok(false);
        }
        self.memory_used = total;
        self.in_use.set(total);
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.elements_used.saturating_add(desired.saturating_sub(current));
        if total > self.table_elements {
            return Ok(false);
        }
        self.elements_used = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_INSTANCES
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::vitals::Vitals;

    #[test]
    fn the_limit_is_on_the_sum_over_all_memories() {
        let vitals = Vitals::register(&mut Registry::default());
        let limits = Limits { memory_bytes: 100, ..Limits::default() };
        let mut limiter = InstanceLimiter::new(&limits, vitals.memory("p"));
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 60, None).unwrap(), "a second memory of 60 would make 120");
        assert_eq!(limiter.refused(), Some(120));
        assert!(limiter.memory_growing(60, 100, None).unwrap());
    }
}
