//! Exemplars as one frame in long form: time, value, and a field for each label of the series and of the exemplars.

use std::collections::BTreeSet;

use wellhead_sdk::frame::{Field, Frame, FrameError, FrameMeta, Timestamp};

use super::sampler::{Candidate, sample};
use super::{custom, first_frame_meta};
use crate::answer::{Exemplar, ExemplarSeries};
use crate::query::Query;

/// The frame of the exemplars; None where there are none.
pub fn exemplar_frame(query: &Query, series: &[ExemplarSeries]) -> Result<Option<Frame>, FrameError> {
    let candidates: Vec<Candidate<(&ExemplarSeries, &Exemplar)>> = series
        .iter()
        .flat_map(|series| series.exemplars.iter().map(move |exemplar| (series, exemplar)))
        .map(|item| Candidate { at: item.1.time.millis(), value: item.1.value, item })
        .collect();
    if candidates.is_empty() {
        return Ok(None);
    }
    let chosen = sample(candidates, query.step);
    let names: BTreeSet<&str> = series
        .iter()
        .flat_map(|series| series.series_labels.keys().chain(series.exemplars.iter().flat_map(|e| e.labels.keys())))
        .map(String::as_str)
        .collect();
    let mut meta = FrameMeta { custom: Some(custom("exemplar")), ..FrameMeta::default() };
    // Grafana hands the metadata of the last series on, and what the inspector shows is with the first.
    if series.len() == 1 {
        meta = first_frame_meta(meta, query);
    }
    let times: Vec<Timestamp> = chosen.iter().map(|candidate| candidate.item.1.time).collect();
    let values: Vec<f64> = chosen.iter().map(|candidate| candidate.value).collect();
    let mut frame =
        Frame::builder("exemplar").meta(meta).column(Field::new("Time"), times).column(Field::new("Value"), values);
    for name in names {
        let column: Vec<&str> = chosen
            .iter()
            .map(|candidate| {
                let (series, exemplar) = candidate.item;
                exemplar.labels.get(name).or_else(|| series.series_labels.get(name)).map_or("", String::as_str)
            })
            .collect();
        frame = frame.column(Field::new(name), column);
    }
    frame.build().map(Some)
}
