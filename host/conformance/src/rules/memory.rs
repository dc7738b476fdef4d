//! Memory over many queries: a guest's memory never shrinks, so what leaks shows.

use crate::lab::{Lab, Upstream};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict};
use std::time::{Duration, Instant};
use wellhead::Limits;
use wellhead_component::{Inspection, PluginFile};

/// After so many whatever is made once has been made.
const WARM: usize = 1000;
const ALL: usize = 10_000;
/// Growth between them that counts as none: four of the pages by which a guest's memory grows, as an allocator may find
/// itself short of one late, and caches fill up. It is less than 30 bytes a query.
const ALLOWED: u64 = 256 << 10;
/// What an author cannot mend: bytes that glue between a language and the contract loses with every query, by the name of
/// a tool that leaves its name in the component. wit-bindgen 0.63 never frees the area of an async export's parameters
/// (some 110 bytes; this project's SDK does), componentize-py 0.25 loses more with every answer that it reads by `fetch`
/// (some 880 bytes, while Python's own heap stays as it is).
const LOST_BY: [(&str, u64); 2] = [("component-init-transform", 1_024), ("wit-bindgen-rust", 128)];
/// How long it may take: a query of a good plugin takes well below a millisecond here.
const PATIENCE: Duration = Duration::from_secs(120);
/// The figure is of the instance as it is: one that was made anew has forgotten.
const FIGURE: &str = "wellhead_plugin_memory_bytes";

/// Asks one after another, and looks twice.
pub(super) async fn memory(subject: &Subject) -> Result<Verdict, SuiteError> {
    let (source, replay, determinism) = subject.upstream();
    let redactor = redactor_of(&source);
    let upstream = Upstream::Played(replay);
    let mut lab = Lab::open(subject, source, upstream, redactor, determinism, Limits::default()).await?;
    let started = Instant::now();
    let mut warm = 0;
    let mut asked = 0;
    while asked < ALL && started.elapsed() < PATIENCE {
        let _ = lab.ask_one(subject).await;
        asked += 1;
        if asked == WARM {
            warm = lab.figure(FIGURE);
        }
        if let Some(crash) = lab.crashes().first() {
            lab.close().await;
            return Ok(match crash.contains("memory") {
                true => Verdict::Failed(format!("after {asked} queries, {crash}")),
                false => Verdict::Skipped(format!("after {asked} queries, {crash}")),
            });
        }
    }
    let now = lab.figure(FIGURE);
    lab.close().await;
    if asked < ALL {
        return Ok(Verdict::Skipped(format!("{PATIENCE:?} were over after {asked} of {ALL} queries")));
    }
    let grown = now.saturating_sub(warm);
    let queries = u64::try_from(ALL - WARM).unwrap_or(1);
    let allowed = ALLOWED.saturating_add(queries.saturating_mul(lost_by_tools(subject)));
    Ok(Verdict::unless((grown > allowed).then(|| {
        let each = grown / queries;
        format!(
            "its memory grew from {} KiB after {WARM} queries to {} KiB after {ALL}, some {each} bytes a query: what is \
             kept for each, and never let go?",
            warm >> 10,
            now >> 10
        )
    })))
}

/// Bytes a query that are not the author's to mend.
fn lost_by_tools(subject: &Subject) -> u64 {
    // It was loaded: what cannot be read now is another file's fault.
    let Ok(file) = PluginFile::read(&subject.file) else { return 0 };
    let Ok(inspection) = Inspection::of(&file, file.wasm.len()) else { return 0 };
    let made_by = |tool: &&(&str, u64)| inspection.tools.iter().any(|made_by| made_by.name == tool.0);
    let lost = LOST_BY.iter().find(made_by).map_or(0, |(_, lost)| *lost);
    // An SDK that says who it is has mended what its generated code loses.
    if inspection.sdk.is_some() { 0 } else { lost }
}
