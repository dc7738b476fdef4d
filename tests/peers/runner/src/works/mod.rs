//! What is measured, a module each.

pub mod calls;
pub mod frames;
pub mod growth;
pub mod memory;
pub mod over_http;
pub mod sql;
pub mod start;
pub mod waiting;

use crate::bench::{Options, Slot};
use crate::figures::Figures;
use anyhow::Result;
use clap::ValueEnum;

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    /// What a call costs.
    Calls,
    /// Frames to Arrow bytes at the host.
    Frames,
    /// Frames to a client, over HTTP.
    Http,
    /// First answers and reloads.
    Start,
    /// Memory, idle and at most.
    Memory,
    /// Calls that wait.
    Waiting,
    /// How cost grows.
    Growth,
    /// A database query in the sandbox and natively.
    Sql,
}

impl Work {
    /// Does it. What a peer cannot do is among the figures that are missing.
    ///
    /// # Errors
    /// Where the runner itself cannot go on with it.
    pub fn run(self, options: &Options, slots: &mut [Slot], figures: &mut Figures) -> Result<()> {
        match self {
            Self::Calls => calls::run(options, slots, figures),
            Self::Frames => frames::run(options, slots, figures),
            Self::Http => over_http::run(options, figures)?,
            Self::Start => start::run(options, slots, figures),
            Self::Memory => memory::run(options, figures),
            Self::Waiting => waiting::run(options, slots, figures)?,
            Self::Growth => growth::run(options, slots, figures),
            Self::Sql => sql::run(options, figures)?,
        }
        Ok(())
    }
}
