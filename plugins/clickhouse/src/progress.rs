//! What the server says of its work in an answer's headers: `X-ClickHouse-Summary`, which current servers always send, and
//! `X-ClickHouse-Progress`, which the user may switch on. Both tell how far the query was when its answer began.

use serde::Deserialize;
use wellhead_sdk::frame::{FieldConfig, Stat};
use wellhead_sdk::http::HeaderMap;

const SUMMARY: &str = "x-clickhouse-summary";
const PROGRESS: &str = "x-clickhouse-progress";

/// The figures that are shown; the server writes numbers as texts.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Progress<'a> {
    read_rows: &'a str,
    read_bytes: &'a str,
    total_rows_to_read: &'a str,
    elapsed_ns: &'a str,
}

/// Figures for the frame's meta; none where the server tells nothing that can be read.
pub(crate) fn stats(headers: &HeaderMap) -> Vec<Stat> {
    // Of several reports of progress, the last is the latest.
    let told = headers.get(SUMMARY).or_else(|| headers.get_all(PROGRESS).iter().next_back());
    let Some(progress) = told.and_then(|told| serde_json::from_slice::<Progress<'_>>(told.as_bytes()).ok()) else {
        return Vec::new();
    };
    let stat = |name: &str, unit: &str, figure: &str| {
        let value = figure.parse::<u64>().ok().filter(|value| *value > 0)?;
        let mut stat = Stat::new(name, value as f64);
        stat.config = FieldConfig { unit: (!unit.is_empty()).then(|| unit.to_owned()), ..stat.config };
        Some(stat)
    };
    let figures = [
        stat("Rows read", "", progress.read_rows),
        stat("Bytes read", "decbytes", progress.read_bytes),
        stat("Rows to read", "", progress.total_rows_to_read),
        stat("Elapsed", "ns", progress.elapsed_ns),
    ];
    figures.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::http::HeaderValue;

    fn shown(headers: &[(&'static str, &'static str)]) -> Vec<(String, f64, Option<String>)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let stats = stats(&map).into_iter();
        stats.map(|stat| (stat.config.display_name.unwrap_or_default(), stat.value, stat.config.unit)).collect()
    }

    #[test]
    fn the_summary_of_a_current_server_becomes_figures_and_zeros_are_left_out() {
        let summary = r#"{"read_rows":"1000","read_bytes":"8000","written_rows":"0","total_rows_to_read":"0","result_rows":"0","elapsed_ns":"662334"}"#;
        let expected = [
            ("Rows read".to_owned(), 1_000.0, None),
            ("Bytes read".to_owned(), 8_000.0, Some("decbytes".to_owned())),
            ("Elapsed".to_owned(), 662_334.0, Some("ns".to_owned())),
        ];
        assert_eq!(shown(&[(PROGRESS, r#"{"read_rows":"1"}"#), (SUMMARY, summary)]), expected);
    }

    #[test]
    fn of_several_reports_of_progress_the_last_counts() {
        let reports = [(PROGRESS, r#"{"read_rows":"1"}"#), (PROGRESS, r#"{"read_rows":"2","total_rows":"9"}"#)];
        assert_eq!(shown(&reports), [("Rows read".to_owned(), 2.0, None)]);
    }

    #[test]
    fn what_cannot_be_read_is_no_figure_and_no_error() {
        for told in ["", "{", "[]", r#"{"read_rows":5}"#, r#"{"read_rows":"-1"}"#, r#"{"read_rows":"many"}"#] {
            assert_eq!(shown(&[(SUMMARY, told)]), [], "{told}");
        }
    }
}
