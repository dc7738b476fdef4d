//! What the host promises about load and misbehaving plugins, measured: a plugin replaced hundreds of times under full
//! load, a thousand data sources on one host, guests that spin, an answer of ten million rows.
//!
//! A scenario ends in a [`Report`]: a table of what was aimed at and what was seen. Figures are printed and not judged,
//! as they depend on the machine; promises that must hold on any machine are, and the report says which were broken.

#![expect(
    clippy::indexing_slicing,
    reason = "a measuring tool with tables of its own: out of bounds is a fault of its plan"
)]

pub mod data_sources;
mod host;
pub mod large_answer;
pub mod latency;
mod load;
pub mod process;
pub mod reload;
mod report;
pub mod watchdog;

pub use report::Report;
