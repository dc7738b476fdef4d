//! Wellhead beside what people would use instead: peers, each a process, do the same work in turns, and how they compare
//! goes into `target/peers.md` and, with every figure of every round, into `target/peers.json`.
//!
//! Measured: the wall time of a work and of each call in it, by the peer's own clock; CPU time of the peer's processes,
//! read from outside, threads that ended included; memory of those processes. A round is as many calls as take some
//! tenths of a second; a contestant runs twice before its rounds count, so that compilers, caches and connections are
//! ready. Rounds are in turns, medians are compared, the least and the most are shown.
//!
//! Not measured: what a real upstream or a network costs (but for [`works::sql`] and the sockets of
//! [`works::over_http`], on loopback); more cores than the machine has; what a peer loses where its guests misbehave:
//! bare wasmtime has no limits, no deadlines and no second chance, and of the others some have none either. CPU time
//! holds the few hundred microseconds that a peer takes to read an order and to sort its latencies. Wall time depends on
//! who else uses the machine: the load is told. One machine: ratios travel better than figures, and none is a promise.
//! Instruction counts are a gate of their own, in CI.

pub mod aims;
pub mod alone;
pub mod bench;
pub mod contest;
pub mod cpu;
pub mod figures;
pub mod http;
pub mod machine;
pub mod memory;
pub mod peer;
pub mod tables;
pub mod tables_of;
pub mod works;
