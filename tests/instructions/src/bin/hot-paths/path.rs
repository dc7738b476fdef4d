//! What a hot path is.

use anyhow::Result;

/// Something the host does often.
pub(crate) struct HotPath {
    /// `area/what`, as the baseline has it.
    pub(crate) name: &'static str,
    /// What one repetition is, for whoever reads the table.
    pub(crate) repetition: &'static str,
    /// How often it counts: enough that what happens now and then is in it, few enough that callgrind is done in a second.
    pub(crate) repetitions: u32,
    /// Makes everything that does not count.
    pub(crate) prepare: fn() -> Result<Repeat>,
}

/// One repetition. It looks at what came of it: an answer that is an error would be cheap, and pass.
pub(crate) type Repeat = Box<dyn FnMut() -> Result<()>>;
