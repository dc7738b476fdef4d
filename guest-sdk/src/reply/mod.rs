//! From the queries of one request to the contract's reply: all run side by side, each refId is answered exactly once,
//! what is small goes out at once, what is large in pieces. Plain Rust; the contract's own types are the glue's.

pub(crate) mod answer;
pub(crate) mod fan_out;
pub(crate) mod pieces;
