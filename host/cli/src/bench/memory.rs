//! What one more data source costs in memory: its instance, after it has answered once.

use super::host::{Asker, MORE};
use super::usage::resident_bytes;
use anyhow::{Context, Result};

/// Data sources that go first, so that what is made once for all of them is there.
const FIRST: usize = 4;

/// By how much the process grows with a data source that has an instance, on average.
pub(super) async fn of_a_data_source(asker: &Asker) -> Result<Option<u64>> {
    ask(asker, 1..=FIRST).await?;
    let before = resident_bytes();
    ask(asker, FIRST + 1..=MORE).await?;
    let Some((before, after)) = before.zip(resident_bytes()) else { return Ok(None) };
    Ok(after.saturating_sub(before).checked_div((MORE - FIRST) as u64))
}

async fn ask(asker: &Asker, numbers: impl Iterator<Item = usize>) -> Result<()> {
    for number in numbers {
        asker.ask(number).await.with_context(|| format!("data source {number} of {MORE} alike"))?;
    }
    Ok(())
}
