//! What a peer of `make bench-peers` is: a process that takes one [`Order`] at a time on standard input, a line of JSON
//! each, does the work, and writes an [`Answer`] as a line on standard output; it ends where its input ends.
//!
//! A peer measures what a clock of its own can tell: how long the work took, and each call of it. What its processes cost
//! in CPU time and in memory the runner reads from outside, by the pids in the answer: so nobody measures himself there,
//! and all are measured alike. What the works are for, and what they are compared to, is the runner's.

mod answer;
#[cfg(feature = "drive")]
mod drive;
mod latencies;
mod order;
mod serve;

pub use answer::{Answer, Hello};
#[cfg(feature = "drive")]
pub use drive::{Driven, drive, drive_some};
pub use latencies::Latencies;
pub use order::{Call, Order, Table};
pub use serve::serve;
