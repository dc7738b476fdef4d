//! What the sandbox costs a real database query: what `make bench-sql` found in this run is taken over.

use crate::bench::Options;
use crate::figures::Figures;
use crate::figures::Metric::Time;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs;

/// Over its table.
pub const WORK: &str = "A database query to Arrow";
/// In the plugin.
pub const SANDBOXED: &str = "in the sandbox";
/// Where `make bench-sql` leaves what it found.
const FILE: &str = "bench-sql.json";

/// What that wrote of one database.
#[derive(Debug, Deserialize)]
struct Compared {
    server: String,
    rows: usize,
    peer: String,
    peer_seconds: Vec<f64>,
    sandboxed_seconds: Vec<f64>,
}

pub(super) fn run(options: &Options, figures: &mut Figures) -> Result<()> {
    let path = options.target_folder.join(FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) => {
            figures.miss(WORK, "PostgreSQL", SANDBOXED, format!("{}: {error}: run `make bench-sql`", path.display()));
            return Ok(());
        }
    };
    take_over(&text, figures).with_context(|| format!("{} is not what `make bench-sql` writes", path.display()))
}

fn take_over(text: &[u8], figures: &mut Figures) -> Result<()> {
    for Compared { server, rows, peer, peer_seconds, sandboxed_seconds } in serde_json::from_slice::<Vec<_>>(text)? {
        let case = case(&server, rows);
        for (name, seconds) in [(SANDBOXED, sandboxed_seconds), (peer.as_str(), peer_seconds)] {
            seconds.into_iter().for_each(|seconds| figures.add(WORK, &case, name, Time, seconds));
        }
    }
    Ok(())
}

/// `PostgreSQL, 1,000,000 rows x 4 columns`.
#[must_use]
pub fn case(server: &str, rows: usize) -> String {
    format!("{server}, {} rows x 4 columns", crate::tables_of::grouped(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_bench_found_is_taken_over_round_by_round() {
        let text = br#"[{"server":"PostgreSQL","rows":1000000,"peer":"native","peer_seconds":[2,1,3],
                         "sandboxed_seconds":[3,2,4]}]"#;
        let mut figures = Figures::default();
        take_over(text, &mut figures).unwrap();
        let case = "PostgreSQL, 1,000,000 rows x 4 columns";
        assert_eq!(figures.median(WORK, case, "native", Time), Some(2.0));
        assert_eq!(figures.median(WORK, case, SANDBOXED, Time), Some(3.0));
        assert!(take_over(b"{}", &mut figures).is_err());
    }
}
