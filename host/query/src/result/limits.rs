//! How much of a result may be held in memory at once.

use arrow_array::{Array, ArrayRef};
use wellhead_frame::RecordBatch;
use wellhead_runtime::GuestError;

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
    pub(super) fn check_rows(&self, rows: usize) -> Result<(), GuestError> {
        within("rows of a frame", self.frame_rows, rows)
    }

    pub(super) fn check_bytes(&self, bytes: usize) -> Result<(), GuestError> {
        within("bytes of a query's frames", self.query_bytes, bytes)
    }
}

fn within(name: &str, limit: usize, actual: usize) -> Result<(), GuestError> {
    if actual <= limit {
        return Ok(());
    }
    let message = format!(
        "limit {name:?} exceeded: {actual} asked, {limit} allowed; ask for fewer rows or a coarser step, or read the \
         result as a stream of record batches (Arrow)"
    );
    Err(GuestError::plugin(413, message))
}

/// What the rows of a batch take. Not what the batch keeps alive: batches that came in one message share its buffer,
/// which would be counted for every column.
pub(super) fn bytes_of(batch: &RecordBatch) -> usize {
    let size =
        |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size());
    batch.columns().iter().map(size).fold(0, usize::saturating_add)
}
