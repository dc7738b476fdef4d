//! How much a reader takes from bytes nobody vouches for.
//! Each bound is a count that can be checked before memory is spent on what it counts.

use crate::FrameError;

/// Bounds on a frame that is read. The defaults are those of the plugin contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadLimits {
    /// Bytes of one stream, file, message or JSON document. 16 MiB: the contract's largest piece.
    pub max_bytes: usize,
    /// Rows of a frame that is read whole, and of each record batch that comes as a piece. 1,000,000.
    pub max_rows: usize,
    /// Fields, those nested in others included. 10,000.
    pub max_columns: usize,
    /// Record batches and dictionaries of a frame that is read whole. 4,096.
    pub max_batches: usize,
    /// Levels of nesting of a field's type; a plain field has one. 16.
    pub max_depth: usize,
    /// Bytes of all metadata (frame meta, labels, configs, names) together. 4 MiB.
    pub max_metadata_bytes: usize,
    /// Bytes that the casts of one record batch may make. 64 MiB. Dictionaries and views name one value many times, so
    /// that a small message can stand for very much text.
    pub max_cast_bytes: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            max_bytes: 16 << 20,
            max_rows: 1_000_000,
            max_columns: 10_000,
            max_batches: 4_096,
            max_depth: 16,
            max_metadata_bytes: 4 << 20,
            max_cast_bytes: 64 << 20,
        }
    }
}

macro_rules! with {
    ($($with:ident => $limit:ident),* $(,)?) => {
        impl ReadLimits {$(
            #[doc = concat!("Sets [`", stringify!($limit), "`](Self::", stringify!($limit), ").")]
            #[must_use]
            pub const fn $with(mut self, $limit: usize) -> Self {
                self.$limit = $limit;
                self
            }
        )*}
    };
}

with!(
    with_max_bytes => max_bytes,
    with_max_rows => max_rows,
    with_max_columns => max_columns,
    with_max_batches => max_batches,
    with_max_depth => max_depth,
    with_max_metadata_bytes => max_metadata_bytes,
    with_max_cast_bytes => max_cast_bytes,
);

/// An error unless `asked` is within `allowed`.
pub(crate) fn within(limit: &'static str, asked: u64, allowed: usize) -> Result<(), FrameError> {
    let allowed = allowed as u64;
    if asked <= allowed { Ok(()) } else { Err(FrameError::Limit { limit, allowed, asked }) }
}
