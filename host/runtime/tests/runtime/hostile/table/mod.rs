//! The rows, a file a kind of misdeed.

pub(super) mod answers;
pub(super) mod computing;
pub(super) mod crashing;
pub(super) mod cured;
pub(super) mod deadlines;
pub(super) mod frames;
pub(super) mod handles;
pub(super) mod imports;
pub(super) mod memory;
pub(super) mod modules;
pub(super) mod network;
pub(super) mod resources;
pub(super) mod wasi;
