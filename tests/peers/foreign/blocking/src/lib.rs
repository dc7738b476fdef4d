//! What peers share whose calls block: threads that make them, and the guest's file.

mod files;
mod threads;

pub use files::{Files, replace};
pub use threads::{cores, drive};
