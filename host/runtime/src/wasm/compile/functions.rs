//! Compiled functions of a plugin that is being written: most of the next build are those of this one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use wasmtime::CacheStore;

/// A plugin's functions take a few times its size. Past this, which takes hours of changes, all begins anew.
const MAX_BYTES: usize = 256 << 20;

/// Functions in memory, by what they were compiled from.
#[derive(Debug, Default)]
pub(crate) struct FunctionCache {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    functions: HashMap<Box<[u8]>, Box<[u8]>>,
    bytes: usize,
}

impl CacheStore for FunctionCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.functions.get(key).map(|function| Cow::Owned(function.to_vec()))
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = key.len().saturating_add(value.len());
        if kept.bytes.saturating_add(bytes) > MAX_BYTES {
            *kept = Kept::default();
        }
        kept.bytes = kept.bytes.saturating_add(bytes);
        kept.functions.insert(key.into(), value.into());
        true
    }
}
