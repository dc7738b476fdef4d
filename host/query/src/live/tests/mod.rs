//! The hub with core plugins in the place of wasm ones: what a plugin sends, and when, is the test's to say.

mod ending;
mod fixture;
mod leasing;
mod limiting;
mod permitting;
mod publishing;
mod reading;
mod running;
