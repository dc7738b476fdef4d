//! The command wellhead.
fn main() {}
