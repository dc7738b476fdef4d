//! The runtime with real guests: those that behave and one that does not.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests may end where something is not as expected, in helpers too"
)]

mod bad_files;
mod calls;
mod common;
mod compile;
mod follow;
mod hostile;
mod imports;
mod lives;
mod made_files;
mod misdeeds;
mod model;
mod net;
mod operator_state;
mod profile;
mod reload;
mod streams;
