//! The envelope as an embedder uses it: what opens where, what a start does to key and store, and what a rotation does,
//! also one that is cut short.

#![expect(clippy::unwrap_used, reason = "tests may end where something is not as expected, in helpers too")]

mod opening;
mod places;
mod rotating;
mod support;
