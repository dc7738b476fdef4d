//! The ratios that say how good this is, each beside its aim.

use crate::bench::names::{
    ACTOR, ARROW_UDF, BARE, CHECKED, EMBEDDED, EXTISM, GRAFANA_SDK, GRPC, INTERRUPTIBLE, SERVER, SPREAD, WELLHEAD,
};
use crate::figures::Metric::{Cpu, HostCpu, Memory, P50, Rate, Time};
use crate::figures::{Figures, Metric};
use crate::tables_of::{ROWS, case as table_case};
use crate::works::{calls, frames, growth, memory, over_http, sql, start};
use serde::Serialize;
use wellhead_peer::Table;

/// What is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Bound {
    /// No more than that.
    AtMost(f64),
    /// No less than that.
    AtLeast(f64),
    /// Not further than that from 1, as a part of 1.
    Flat(f64),
    /// Nothing is aimed at: it is there to be seen.
    Shown,
}

/// A ratio and its aim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Aim {
    /// Of what to what.
    pub ratio_of: String,
    /// `None` where a figure of it is missing.
    pub ratio: Option<f64>,
    /// What is aimed at.
    pub bound: Bound,
    /// Whether it is met; `None` where there is no aim, or no ratio.
    pub met: Option<bool>,
}

impl Aim {
    fn new(ratio_of: impl Into<String>, ratio: Option<f64>, bound: Bound) -> Self {
        let ratio = ratio.filter(|ratio| ratio.is_finite());
        let met = ratio.and_then(|ratio| match bound {
            Bound::AtMost(most) => Some(ratio <= most),
            Bound::AtLeast(least) => Some(ratio >= least),
            Bound::Flat(part) => Some((ratio - 1.0).abs() <= part),
            Bound::Shown => None,
        });
        Self { ratio_of: ratio_of.into(), ratio, bound, met }
    }
}

/// One figure over another.
fn over(above: Option<f64>, below: Option<f64>) -> Option<f64> {
    Some(above? / below?)
}

/// All of them.
#[must_use]
pub fn all(figures: &Figures) -> Vec<Aim> {
    let mut aims = floor(figures);
    aims.extend(child_process(figures));
    aims.extend(http(figures));
    aims.extend(wasm_frameworks(figures));
    aims.extend(flatness(figures));
    aims.extend(database(figures));
    aims
}

fn floor(figures: &Figures) -> Vec<Aim> {
    let mut aims = Vec::new();
    for call in [calls::ONE_ROW, calls::HEALTH] {
        let [at_64, at_256, at_1] = [1.5, 1.3, 2.0].map(Bound::AtMost);
        let floors = [
            (64, BARE, at_64),
            (64, INTERRUPTIBLE, Bound::Shown),
            (64, CHECKED, Bound::Shown),
            (256, BARE, at_256),
            (256, INTERRUPTIBLE, Bound::Shown),
            (256, CHECKED, Bound::Shown),
            (1, ACTOR, at_1),
        ];
        for (at_once, floor, bound) in floors {
            let case = calls::case(call, at_once);
            let cpu = |peer| figures.median(calls::WORK, &case, peer, Cpu);
            let of = format!("CPU a call, {case}: {WELLHEAD} / {floor}");
            aims.push(Aim::new(of, over(cpu(WELLHEAD), cpu(floor)), bound));
        }
    }
    aims
}

/// Beside each what no host on wasmtime can be better than.
fn child_process(figures: &Figures) -> Vec<Aim> {
    let mut aims = Vec::new();
    let mut pair = |of: &str, figure: &dyn Fn(&str) -> Option<f64>, least: f64| {
        for (peer, bound) in [(WELLHEAD, Bound::AtLeast(least)), (BARE, Bound::Shown)] {
            aims.push(Aim::new(format!("{of}: {GRPC} / {peer}"), over(figure(GRPC), figure(peer)), bound));
        }
    };
    for at_once in [1, 32, 256] {
        let case = calls::case(calls::ONE_ROW, at_once);
        pair(&format!("CPU a call, {case}"), &|peer| figures.median(calls::WORK, &case, peer, Cpu), 10.0);
    }
    let one_more = |peer: &str| {
        let held = |plugins| figures.median(memory::WORK, &memory::idle_case(plugins, 1), peer, Memory);
        Some((held(10)? - held(1)?) / 9.0)
    };
    pair("memory of one plugin more", &one_more, 10.0);
    let case = start::case(false, true);
    pair(&case, &|peer| figures.median(start::WORK, &case, peer, Time), 3.0);
    aims
}

fn http(figures: &Figures) -> Vec<Aim> {
    use over_http::{ARROW, BARE, FORMATTING, GRAFANA, GRAFANA_ROWS, JSON, JSON_ALONE};
    let case = table_case(Table::Series, GRAFANA_ROWS);
    let cpu = |peer| figures.median(JSON, &case, peer, Cpu);
    let host = figures.median(JSON, &case, SERVER, HostCpu);
    let json = |of: &str, ratio, bound| Aim::new(format!("CPU of JSON, {case}: {of}"), ratio, bound);
    let mut aims = vec![
        json(&format!("{SERVER} / {FORMATTING}"), over(cpu(SERVER), cpu(FORMATTING)), Bound::AtMost(1.3)),
        json(&format!("{SERVER} without its guest / {FORMATTING}"), over(host, cpu(FORMATTING)), Bound::Shown),
        json(&format!("{JSON_ALONE} / {FORMATTING}"), over(cpu(JSON_ALONE), cpu(FORMATTING)), Bound::Shown),
        // What the bytes cost on their way to a client, whoever makes them.
        json(&format!("{BARE} / {FORMATTING}"), over(cpu(BARE), cpu(FORMATTING)), Bound::Shown),
        json(&format!("{GRAFANA_SDK} / {SERVER}"), over(cpu(GRAFANA_SDK), cpu(SERVER)), Bound::AtLeast(2.0)),
        json(&format!("{GRAFANA_SDK} / {JSON_ALONE}"), over(cpu(GRAFANA_SDK), cpu(JSON_ALONE)), Bound::Shown),
        json(&format!("{SERVER} / {GRAFANA}"), over(cpu(SERVER), cpu(GRAFANA)), Bound::AtMost(0.1)),
    ];
    for table in [Table::Series, Table::Mixed] {
        let case = table_case(table, GRAFANA_ROWS);
        let cpu = |peer, metric| figures.median(ARROW, &case, peer, metric);
        let least = cpu(frames::MEMCPY, Cpu).zip(cpu(BARE, Cpu)).map(|(copy, socket)| copy + socket);
        let of = |server: &str| format!("CPU of Arrow, {case}: {server} / one memcpy and {BARE}");
        let without = format!("{SERVER} without its guest");
        aims.push(Aim::new(of(&without), over(cpu(SERVER, HostCpu), least), Bound::AtMost(1.5)));
        aims.push(Aim::new(of(SERVER), over(cpu(SERVER, Cpu), least), Bound::Shown));
    }
    aims
}

/// Against those that call into wasm directly: where more than one call is under way they use every core, and are compared
/// with a host that is called from as many tasks.
fn wasm_frameworks(figures: &Figures) -> Vec<Aim> {
    let mut aims = Vec::new();
    for peer in [EXTISM, ARROW_UDF] {
        let mut pair = |work, case: &str, own: &str| {
            let figure = |peer, metric| figures.median(work, case, peer, metric);
            // What a peer cannot run is not compared.
            if figure(peer, Rate).is_none() {
                return;
            }
            let rate = over(figure(own, Rate), figure(peer, Rate));
            aims.push(Aim::new(format!("calls/s, {case}: {own} / {peer}"), rate, Bound::AtLeast(1.0)));
            let cpu = over(figure(peer, Cpu), figure(own, Cpu));
            aims.push(Aim::new(format!("CPU a call, {case}: {peer} / {own}"), cpu, Bound::AtLeast(1.0)));
        };
        for call in [calls::HEALTH, calls::ONE_ROW] {
            for at_once in calls::IN_FLIGHT.into_iter().filter(|at_once| *at_once >= 32) {
                pair(calls::WORK, &calls::case(call, at_once), SPREAD);
            }
        }
        for table in [Table::Series, Table::Mixed] {
            for rows in ROWS.into_iter().filter(|rows| *rows >= 1_000) {
                pair(frames::WORK, &table_case(table, rows), WELLHEAD);
                pair(frames::WORK, &frames::case_in_flight(table, rows), SPREAD);
            }
        }
        for call in [calls::HEALTH, calls::ONE_ROW] {
            let case = calls::case(call, 1);
            let p50 = |peer| figures.median(calls::WORK, &case, peer, P50);
            let of = format!("p50 of a direct call, {case}: {WELLHEAD} / {peer}");
            aims.push(Aim::new(of, over(p50(WELLHEAD), p50(peer)), Bound::Shown));
        }
    }
    aims
}

fn flatness(figures: &Figures) -> Vec<Aim> {
    let [first, others @ ..] = growth::CONFIGURED;
    let aim = |configured: usize, peer, bound| {
        let cost = |configured| figures.median(growth::SOURCES, &growth::sources_case(configured), peer, Cpu);
        let (more, one) = (growth::sources_case(configured), growth::sources_case(first));
        Aim::new(format!("CPU a query, {peer}: {more} / {one}"), over(cost(configured), cost(first)), bound)
    };
    let mut aims = others.map(|configured| aim(configured, EMBEDDED, Bound::Flat(0.2))).to_vec();
    // As many Stores without a host.
    aims.push(aim(growth::LIVE, ACTOR, Bound::Shown));
    aims
}

fn database(figures: &Figures) -> Option<Aim> {
    let key = figures.keys().find(|key| key.work == sql::WORK && key.peer != sql::SANDBOXED)?;
    let time = |peer: &str, metric: Metric| figures.median(sql::WORK, &key.case, peer, metric);
    let ratio = over(time(sql::SANDBOXED, Time), time(&key.peer, Time));
    Some(Aim::new(format!("{}: {} / {}", key.case, sql::SANDBOXED, key.peer), ratio, Bound::AtMost(1.25)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aim<'a>(aims: &'a [Aim], part: &str) -> &'a Aim {
        aims.iter().find(|aim| aim.ratio_of.contains(part)).unwrap_or_else(|| panic!("no aim has {part:?}"))
    }

    #[test]
    fn an_aim_is_met_at_its_bound_and_missed_beyond() {
        let met = |ratio, bound| Aim::new("", Some(ratio), bound).met;
        assert_eq!([met(1.5, Bound::AtMost(1.5)), met(1.51, Bound::AtMost(1.5))], [Some(true), Some(false)]);
        assert_eq!([met(3.0, Bound::AtLeast(3.0)), met(2.9, Bound::AtLeast(3.0))], [Some(true), Some(false)]);
        assert_eq!([met(0.81, Bound::Flat(0.2)), met(0.79, Bound::Flat(0.2))], [Some(true), Some(false)]);
        assert_eq!(met(7.0, Bound::Shown), None);
        assert_eq!(Aim::new("", over(Some(1.0), Some(0.0)), Bound::AtMost(1.0)).ratio, None);
    }

    #[test]
    fn a_ratio_is_of_the_medians_and_none_where_a_figure_is_missing() {
        let mut figures = Figures::default();
        let case = calls::case(calls::ONE_ROW, 64);
        for (peer, cpu) in [(WELLHEAD, 12e-6), (BARE, 10e-6), (WELLHEAD, 14e-6), (WELLHEAD, 90e-6)] {
            figures.add(calls::WORK, &case, peer, Cpu, cpu);
        }
        let aims = all(&figures);
        let found = aim(&aims, "one row, 64 in flight: Wellhead / bare wasmtime");
        assert!((found.ratio.unwrap() - 1.4).abs() < 1e-9, "{found:?}");
        assert_eq!(found.met, Some(true));
        let missing = aim(&aims, "health, 64 in flight: Wellhead / bare wasmtime");
        assert_eq!((missing.ratio, missing.met), (None, None));
    }

    #[test]
    fn memory_of_a_plugin_is_what_nine_more_of_them_take() {
        let mut figures = Figures::default();
        for (peer, one, ten) in [(WELLHEAD, 50.0, 59.0), (GRPC, 10.0, 118.0)] {
            figures.add(memory::WORK, &memory::idle_case(1, 1), peer, Memory, one);
            figures.add(memory::WORK, &memory::idle_case(10, 1), peer, Memory, ten);
        }
        assert_eq!(aim(&all(&figures), "memory of one plugin more").ratio, Some(12.0));
    }

    #[test]
    fn frameworks_are_compared_where_they_can_run_what_is_asked() {
        let mut figures = Figures::default();
        let case = table_case(Table::Series, 1_000);
        figures.add(frames::WORK, &case, EXTISM, Rate, 100.0);
        figures.add(frames::WORK, &case, WELLHEAD, Rate, 90.0);
        let aims = all(&figures);
        assert_eq!(aim(&aims, "calls/s, series, 1,000 rows: Wellhead / extism").met, Some(false));
        assert!(!aims.iter().any(|aim| aim.ratio_of.starts_with("calls/s") && aim.ratio_of.ends_with(ARROW_UDF)));
    }
}
