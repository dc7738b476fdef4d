//! Log lines, the latest first: Grafana's frame kind `log-lines`.

use wellhead_sdk::frame::{FrameType, RawJson};
use wellhead_sdk::prelude::*;

use super::random_walk::seed;
use crate::query::Query;
use crate::rfc3339;
use crate::rng::Rng;

/// The most lines, as in Grafana.
const MAX_LINES: u32 = 10_000;

const LEVELS: [&str; 8] = ["trace", "debug", "info", "notice", "warning", "error", "critical", ""];
const HOSTS: [&str; 2] = ["srv-001", "srv-002"];
const PATHS: [&str; 3] = ["/api/ds/query", "/api/datasources", "/healthz"];

pub(super) fn frame(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let mut rng = Rng::new(seed(query));
    let (from, to) = (query.time_range.from.millis(), query.time_range.to.millis());
    let lines = i64::from(query.model.lines.unwrap_or(10).min(MAX_LINES));
    let step = i64::from(query.interval_ms.max(1));
    let (mut times, mut bodies, mut severities) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ids, mut labels, mut types) = (Vec::new(), Vec::new(), Vec::new());
    for instant in (0..lines).map(|line| to - line * step).take_while(|instant| *instant > from) {
        let (time, level) = (Timestamp::from_millis(instant), rng.pick(&LEVELS));
        let (host, path, status) = (rng.pick(&HOSTS), rng.pick(&PATHS), rng.pick(&[200, 404, 502]));
        times.push(time);
        let at = rfc3339::format(time);
        bodies.push(format!("t={at} lvl={level} msg=\"Request Completed\" method=GET path={path} status={status}"));
        severities.push(level);
        ids.push(format!("{}_{:08x}", time.nanos(), rng.next_u64() as u32));
        labels.push(RawJson::from(&serde_json::json!({ "hostname": host, "path": path })));
        types.push(RawJson::from(&serde_json::json!({ "hostname": "Indexed label", "path": "Parsed field" })));
    }
    let mut meta = FrameMeta::of(FrameType::LogLines, [0, 0]);
    meta.preferred_visualisation_type = Some("logs".to_owned());
    let hidden = FieldConfig { custom: Some(serde_json::json!({ "hidden": true })), ..FieldConfig::default() };
    let frame = Frame::builder(&query.ref_id)
        .meta(meta)
        .column(Field::new("timestamp"), times)
        .column(Field::new("body"), bodies)
        .column(Field::new("severity"), severities)
        .column(Field::new("id"), ids)
        .column(Field::new("labels"), labels)
        .column(Field::new("labelTypes").config(hidden), types);
    Ok(frame.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::tests::an_hour;
    use std::collections::BTreeSet;
    use wellhead_sdk::frame::Value;

    #[test]
    fn lines_go_back_from_the_end_of_the_range_and_no_further_than_its_start() {
        let frame_of = |lines| frame(&an_hour(Query { lines, ..Query::default() })).unwrap();
        assert_eq!(frame_of(None).num_rows(), 10);
        assert_eq!(frame_of(Some(1_000)).num_rows(), 60);
        let first = frame_of(None).field(0).unwrap().values().next();
        assert_eq!(first, Some(Value::Time(Timestamp::from_seconds(3_600))));
    }

    #[test]
    fn every_line_has_an_id_of_its_own() {
        let frame = frame(&an_hour(Query { lines: Some(60), ..Query::default() })).unwrap();
        let ids: BTreeSet<_> = frame.field_named("id").unwrap().values().map(|id| format!("{id:?}")).collect();
        assert_eq!(ids.len(), 60);
    }
}
