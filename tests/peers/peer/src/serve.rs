//! A peer's main loop.

use crate::{Answer, Hello, Order};
use anyhow::{Context, Result};
use std::io::{BufRead, Write};

/// Says hello and does what it is told, until standard input ends.
///
/// # Errors
/// The first of an order that is none, of a work that failed, and of a runner that is gone.
pub fn serve(hello: &Hello, mut work: impl FnMut(Order) -> Result<Answer>) -> Result<()> {
    say(hello)?;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("cannot read orders")?;
        let order: Order = serde_json::from_str(&line).with_context(|| format!("no order: {line}"))?;
        say(&work(order).with_context(|| format!("cannot do {line}"))?)?;
    }
    Ok(())
}

fn say(line: &impl serde::Serialize) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, line).context("cannot write an answer")?;
    out.write_all(b"\n").and_then(|()| out.flush()).context("the runner is gone")
}
