//! What live channels cost, over real sockets. The servers run in processes of their own: this program, started again as
//! `host` (Wellhead's server with the testdata plugin) or `bare` (tokio-tungstenite and a broadcast channel, no more).
//!
//! - `fan_out`: a channel with 1,000 subscribers, beside the bare broadcaster of the same bytes; both get a batch of frames
//!   to send when every subscriber has the one before.
//! - `latency`: 10,000 deliveries a second; from the guest's clock as it makes a frame to the subscriber's as it reads it.
//! - `channels`: 1,000 channels of a frame a second each, a subscriber each: the host's CPU time and memory.
//! - `reload`: the longest gap between two frames while the plugin's code is replaced.
//!
//! Not measured: TLS, slow networks, browsers. `-- latency` runs that one alone.

#![expect(clippy::print_stdout, reason = "what a bench is for")]

mod bare;
mod channels;
mod child;
mod clients;
mod fan_out;
mod host;
mod latency;
mod reload;

use anyhow::Result;

fn main() -> Result<()> {
    // Cargo adds options of its own.
    let named: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    match named.first().map(String::as_str) {
        Some("bare") => return bare::run(),
        Some("host") => return host::run(),
        _ => {}
    }
    let is_meant = |name: &str| named.is_empty() || named.iter().any(|named| named == name);
    // Subscribers have one thread, the server under test has the rest of the machine.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if is_meant("fan_out") {
        runtime.block_on(fan_out::compare())?;
    }
    if is_meant("latency") {
        runtime.block_on(latency::measure())?;
    }
    if is_meant("channels") {
        runtime.block_on(channels::measure())?;
    }
    if is_meant("reload") {
        tokio::runtime::Runtime::new()?.block_on(reload::measure())?;
    }
    Ok(())
}
