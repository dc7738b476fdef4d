//! What must hold for **any** bytes, as functions of bytes. Each reads its input as the host reads what a stranger
//! wrote, and panics where a promise is broken. `fuzz/` calls them with inputs it makes up; `tests/corpus.rs` calls
//! them with those that were worth keeping.
//!
//! Each answers whether the input was accepted, so that a corpus of nothing but rubbish is noticed.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a panic is how a fuzzer is told, and how a test that replays its corpus fails"
)]

mod addresses;
mod component;
mod egress;
mod frame;
mod manifest;

pub use component::component;
pub use egress::{destination, origin};
pub use frame::{PIECE_END, frame_ipc, frame_json, frame_pieces};
pub use manifest::{manifest, outline};

/// A function of any bytes; says whether they were accepted.
pub type Target = fn(&[u8]) -> bool;

/// Every target by its name, which is also its file's in `fuzz/fuzz_targets` and its folder's in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 8] = [
    ("component", component),
    ("destination", destination),
    ("frame_ipc", frame_ipc),
    ("frame_json", frame_json),
    ("frame_pieces", frame_pieces),
    ("manifest", manifest),
    ("origin", origin),
    ("outline", outline),
];
