//! How much of a result may be held in memory at once.

use wellhead_frame::RecordBatch;
use wellhead_runtime::PluginError;

/// Bounds of a result that is collected whole. What is streamed is bounded by its pieces instead.
///
/// ```
/// use wellhead_query::ResultLimits;
///
/// assert_eq!(ResultLimits::default().frame_rows, 1_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResultLimits {
    /// Rows of one frame. Default 1,000,000.
    pub frame_rows: usize,
    /// Arrow buffers of one query's frames, in bytes. Default 256 MiB.
    pub query_bytes: usize,
}

impl Default for ResultLimits {
    fn default() -> Self {
        Self { frame_rows: 1_000_000, query_bytes: 256 << 20 }
    }
}

impl ResultLimits {
    pub(super) fn check_rows(&self, rows: usize) -> Result<(), PluginError> {
        within("rows of a frame", self.frame_rows, rows)
    }

    pub(super) fn check_bytes(&self, bytes: usize) -> Result<(), PluginError> {
        within("bytes of a query's frames", self.query_bytes, bytes)
    }
}

fn within(name: &'static str, limit: usize, actual: usize) -> Result<(), PluginError> {
    if actual > limit { Err(PluginError::limit(name, limit as u64, actual as u64)) } else { Ok(()) }
}

/// What a batch holds in memory.
pub(super) fn bytes_of(batch: &RecordBatch) -> usize {
    batch.get_array_memory_size()
}
