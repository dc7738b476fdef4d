//! Frames as Grafana's own Prometheus plugin makes them: names, labels, kinds, what the query inspector shows.
//! Leaves reading answers to `answer`.

mod exemplars;
mod legend;
mod sampler;

use serde_json::{Value, json};
use wellhead_sdk::frame::{Field, FieldConfig, Frame, FrameError, FrameMeta, FrameType, Labels, Notice, Severity};

use crate::answer::{Answer, Histograms, QueryData, Series, SeriesKind};
use crate::query::Query;

pub use exemplars::exemplar_frame;
pub use legend::display_name;
pub use sampler::{Candidate, sample};

/// The version of Grafana's data plane contract that the frames of floats follow.
const DATAPLANE: [u32; 2] = [0, 1];

/// The frames of an answer, one a series. The first one says what was asked; an answer without series gives one empty
/// frame to say it.
pub fn query_frames(query: &Query, answer: Answer<QueryData>) -> Result<Vec<Frame>, FrameError> {
    let notices = notices(answer.warnings, answer.infos);
    let mut parts = frame_parts(query, answer.data);
    if parts.is_empty() {
        match (notices.is_empty(), query.exemplar) {
            (false, _) => parts.push(Parts::empty("Warnings")),
            (true, false) => parts.push(Parts::empty("")),
            // The exemplars' frame says it.
            (true, true) => {}
        }
    }
    if let Some(first) = parts.first_mut() {
        first.meta = first_frame_meta(std::mem::take(&mut first.meta), query);
    }
    parts.into_iter().map(|parts| parts.build(&notices)).collect()
}

/// The frame that says what was asked where the answer is an error.
pub fn error_frame(query: &Query) -> Result<Frame, FrameError> {
    let mut parts = Parts::empty("");
    parts.meta = first_frame_meta(parts.meta, query);
    parts.build(&[])
}

/// A frame before its notices are known.
struct Parts {
    name: &'static str,
    meta: FrameMeta,
    columns: Vec<(Field, wellhead_sdk::frame::Column)>,
}

impl Parts {
    fn empty(name: &'static str) -> Self {
        Self { name, meta: FrameMeta::default(), columns: Vec::new() }
    }

    fn build(mut self, notices: &[Notice]) -> Result<Frame, FrameError> {
        self.meta.notices = notices.to_vec();
        let builder = Frame::builder(self.name).meta(self.meta);
        self.columns.into_iter().fold(builder, |builder, (field, column)| builder.column(field, column)).build()
    }
}

fn frame_parts(query: &Query, data: QueryData) -> Vec<Parts> {
    let no_labels = Labels::new();
    match data {
        QueryData::Scalar(time, value) => vec![Parts {
            meta: meta(FrameType::NumericMulti, DATAPLANE, "scalar"),
            columns: vec![
                (time_field(query, "Time"), vec![time].into()),
                (value_field(query, "Value", &no_labels), vec![value].into()),
            ],
            name: "",
        }],
        QueryData::String(time, text) => vec![Parts {
            meta: meta(FrameType::TimeseriesMulti, [0, 0], "string"),
            columns: vec![
                (time_field(query, "Time"), vec![time].into()),
                (value_field(query, "Value", &no_labels), vec![text].into()),
            ],
            name: "",
        }],
        QueryData::Series { kind, series, stats } => {
            let mut parts: Vec<Parts> =
                series.into_iter().flat_map(|series| series_parts(query, kind, series)).collect();
            if let (Some(first), Some(stats)) = (parts.first_mut(), stats) {
                insert(&mut first.meta, "stats", serde_json::from_str(&stats).unwrap_or_default());
            }
            parts
        }
    }
}

/// The frame of a series' floats, of its histograms, or of both where it has both: Grafana's plugin would drop the floats.
fn series_parts(query: &Query, kind: SeriesKind, series: Series) -> impl Iterator<Item = Parts> {
    let Series { labels, times, values, histograms } = series;
    let floats = (histograms.is_none() || !times.is_empty()).then(|| {
        let (frame_type, result_type) = match kind {
            SeriesKind::Matrix => (FrameType::TimeseriesMulti, "matrix"),
            SeriesKind::Vector => (FrameType::NumericMulti, "vector"),
        };
        let name = labels.get("__name__").map_or("Value", String::as_str);
        Parts {
            meta: meta(frame_type, DATAPLANE, result_type),
            columns: vec![
                (time_field(query, "Time"), times.into()),
                (value_field(query, name, &labels), values.into()),
            ],
            name: "",
        }
    });
    let heatmap = histograms.map(|histograms| heatmap_parts(query, &labels, histograms));
    heatmap.into_iter().chain(floats)
}

/// The cells of a heatmap: each bucket with the time at its right, from `yMin` to `yMax`.
fn heatmap_parts(query: &Query, labels: &Labels, histograms: Histograms) -> Parts {
    let labelled = |name: &str| Field::new(name).labels(labels.clone());
    Parts {
        meta: FrameMeta::of(FrameType::from("heatmap-cells"), [0, 0]),
        columns: vec![
            (time_field(query, "xMax").labels(labels.clone()), histograms.time.into()),
            (value_field(query, "yMin", labels), histograms.y_min.into()),
            (labelled("yMax"), histograms.y_max.into()),
            (labelled("count"), histograms.count.into()),
            (labelled("yLayout"), histograms.y_layout.into()),
        ],
        name: "",
    }
}

fn time_field(query: &Query, name: &str) -> Field {
    let interval = Some(query.step_millis() as f64);
    Field::new(name).config(FieldConfig { interval, ..FieldConfig::default() })
}

fn value_field(query: &Query, name: &str, labels: &Labels) -> Field {
    let field = Field::new(name).labels(labels.clone());
    match display_name(&query.legend_format, labels, &query.expr) {
        None => field,
        display_name_from_ds => field.config(FieldConfig { display_name_from_ds, ..FieldConfig::default() }),
    }
}

fn meta(frame_type: FrameType, version: [u32; 2], result_type: &str) -> FrameMeta {
    FrameMeta { custom: Some(custom(result_type)), ..FrameMeta::of(frame_type, version) }
}

fn custom(result_type: &str) -> Value {
    json!({ "resultType": result_type })
}

/// What only the first frame of an answer carries: the query inspector's text, and the step by which clients that fetch
/// in increments put frames together.
fn first_frame_meta(mut meta: FrameMeta, query: &Query) -> FrameMeta {
    meta.executed_query_string = Some(query.executed());
    insert(&mut meta, "calculatedMinStep", query.step_millis().into());
    meta
}

fn insert(meta: &mut FrameMeta, key: &str, value: Value) {
    if let Value::Object(custom) = meta.custom.get_or_insert_with(|| json!({})) {
        custom.insert(key.to_owned(), value);
    }
}

fn notices(warnings: Vec<String>, infos: Vec<String>) -> Vec<Notice> {
    let warnings = warnings.into_iter().map(|text| Notice::new(Severity::Warning, text));
    warnings.chain(infos.into_iter().map(|text| Notice::new(Severity::Info, text))).collect()
}
