//! The soak's figures, beside what was aimed at.

use super::Options;
use super::driver::Took;
use super::plan::{Code, Fault, Step};
use crate::Report;
use crate::latency::Latencies;
use crate::load::{Kind, Tally};
use crate::process::Held;
use crate::report::{mib, ms};
use std::time::Duration;

/// What the watcher waits for before it tells of a file that is bad.
const QUIET: Duration = Duration::from_millis(500);

/// All that was seen.
pub(super) struct Seen {
    pub(super) options: Options,
    pub(super) quiet: Tally,
    pub(super) soak: Tally,
    pub(super) took: Vec<(Step, Took)>,
    pub(super) baseline: Held,
    pub(super) end: Held,
    pub(super) faults: Vec<String>,
    pub(super) lasted: Duration,
}

pub(super) fn report(seen: &Seen) -> Report {
    let Options { swaps, cold, bad, .. } = seen.options;
    let title = format!(
        "Reload under load: {swaps} replacements in {:.0} s, {cold} of them cold, {bad} bad files",
        seen.lasted.as_secs_f64()
    );
    let mut report = Report::new(title);
    requests(&mut report, seen);
    replacements(&mut report, seen);
    left_over(&mut report, seen);
    report
}

fn requests(report: &mut Report, seen: &Seen) {
    let Seen { options, quiet, soak, .. } = seen;
    for (kind, name, rate) in
        [(Kind::Library, "the library", options.library_rate), (Kind::Http, "HTTP", options.http_rate)]
    {
        let reached = format!("{:.0}/s, {} answers", soak.rate(kind), soak.of(kind).count);
        report.row(format!("queries through {name}"), format!("{rate}/s"), reached);
    }
    let failed = soak.failed.count + quiet.failed.count;
    report.promise("failed requests", "0", failed.to_string(), failed == 0);
    let wrong = soak.wrong.count + quiet.wrong.count;
    report.promise("answers of an older generation", "0", wrong.to_string(), wrong == 0);
    for fault in [&quiet.failed, &quiet.wrong, &soak.failed, &soak.wrong].into_iter().flat_map(|all| &all.first) {
        report.broke(fault);
    }
    for (kind, name) in
        [(Kind::Library, "the library"), (Kind::Http, "HTTP"), (Kind::Healthy, "the library, another plugin")]
    {
        report.row(format!("a query through {name}, nobody reloads"), "", quiet.of(kind).took.summary());
        report.row(format!("a query through {name}, during the soak"), "", soak.of(kind).took.summary());
    }
}

fn replacements(report: &mut Report, seen: &Seen) {
    let served = |wanted: bool| {
        seen.took.iter().filter_map(move |(step, took)| match (step.code, took) {
            (Code::Good { cold }, Took::Served { answer, compile }) if cold == wanted => Some((*answer, *compile)),
            _ => None,
        })
    };
    let answers: Latencies = served(false).map(|(answer, _)| answer).collect();
    report.row("renamed or closed → first new answer, warm", "< 100 ms", answers.summary());
    let answers: Latencies = served(true).map(|(answer, _)| answer).collect();
    report.row("the same, cold", "", answers.summary());
    let beyond: Latencies = served(true).map(|(answer, compile)| answer.saturating_sub(compile)).collect();
    report.row("the same, cold, without compiling", "≤ 50 ms", beyond.summary());

    let rejected = |faults: &'static [Fault]| {
        seen.took.iter().filter_map(move |(step, took)| match (step.code, took) {
            (Code::Bad { fault, .. }, Took::Rejected(took)) if faults.contains(&fault) => Some(*took),
            _ => None,
        })
    };
    let all = rejected(&[Fault::Truncated, Fault::OtherWorld, Fault::Traps]).count();
    let bad = seen.took.iter().filter(|(step, _)| matches!(step.code, Code::Bad { .. })).count();
    report.promise("bad files rejected", &bad.to_string(), all.to_string(), all == bad);
    if let Some(soonest) = rejected(&[Fault::Truncated]).min() {
        let seen: Latencies = rejected(&[Fault::Truncated]).collect();
        let shown = format!("min {}, {}", ms(soonest), seen.summary());
        report.promise("half a file: last write → told to be bad", "≥ 500 ms", shown, soonest >= QUIET);
    }
    let seen_of = |faults| rejected(faults).collect::<Latencies>().summary();
    report.row("another world's: the same", "≥ 500 ms", seen_of(&[Fault::OtherWorld]));
    report.row("a trap in configure: the same", "", seen_of(&[Fault::Traps]));
    let count = seen.faults.len();
    report.promise("other faults of the host", "0", count.to_string(), count == 0);
    seen.faults.iter().for_each(|fault| report.broke(fault));
}

fn left_over(report: &mut Report, seen: &Seen) {
    let Seen { options, baseline, end, .. } = seen;
    let then = format!("after swap {}", options.baseline);
    let growth = (end.memory as f64 / baseline.memory.max(1) as f64 - 1.0) * 100.0;
    let memory = format!("{} {then}, {} at the end: {growth:+.1} %", mib(baseline.memory), mib(end.memory));
    report.row("resident memory", "within 5 %", memory);
    for (name, then_held, held) in [
        ("threads", baseline.threads, end.threads),
        ("open files", baseline.files, end.files),
        ("tokio tasks", baseline.tasks, end.tasks),
    ] {
        let shown = format!("{then_held} {then}, {held} at the end");
        report.promise(name, "no more than then", shown, held <= then_held);
    }
}
