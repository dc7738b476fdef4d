//! Answers in one form, from Prometheus' JSON and from frames, to be compared value for value.
//! Read independently of the plugin's own code.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value as Json;
use wellhead_frame::{Frame, Value};

/// A float by its bits, so that -0 is not 0; all NaN are one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(u64);

impl From<f64> for Exact {
    fn from(value: f64) -> Self {
        Self(if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() })
    }
}

impl fmt::Debug for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&f64::from_bits(self.0), f)
    }
}

/// What a sample is: a float, a text, or a bucket of a native histogram.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sample {
    /// A float.
    Float(Exact),
    /// A text.
    Text(String),
    /// Boundaries, lower bound, upper bound, count.
    Bucket(i64, Exact, Exact, Exact),
}

/// Labels, and samples by millisecond.
pub type Series = (BTreeMap<String, String>, Vec<(i64, Sample)>);

/// The series of `data` in an answer to `api/v1/query` or `query_range`, in order. A series of floats and histograms is
/// two.
pub fn of_answer(body: &[u8]) -> Result<Vec<Series>> {
    let answer: Json = serde_json::from_slice(body)?;
    let data = answer.get("data").context("no data")?;
    let result = data["result"].as_array().context("no result")?;
    match data["resultType"].as_str() {
        Some("matrix" | "vector") => {
            result.iter().map(of_json_series).collect::<Result<Vec<_>>>().map(|all| all.concat())
        }
        Some("scalar") => {
            let (at, value) = pair(&data["result"])?;
            Ok(vec![(BTreeMap::new(), vec![(at, Sample::Float(float(value)?))])])
        }
        Some("string") => {
            let (at, value) = pair(&data["result"])?;
            let text = value.as_str().context("no text")?.to_owned();
            Ok(vec![(BTreeMap::new(), vec![(at, Sample::Text(text))])])
        }
        other => bail!("a result of type {other:?}"),
    }
}

fn of_json_series(series: &Json) -> Result<Vec<Series>> {
    let labels: BTreeMap<String, String> = serde_json::from_value(series["metric"].clone())?;
    let either = |one: &str, many: &str| match &series[one] {
        Json::Null => series[many].as_array().cloned().unwrap_or_default(),
        one => vec![one.clone()],
    };
    let mut buckets = Vec::new();
    for histogram in either("histogram", "histograms") {
        let (at, histogram) = pair(&histogram)?;
        for bucket in histogram["buckets"].as_array().into_iter().flatten() {
            let Some([layout, low, high, count]) = bucket.as_array().map(Vec::as_slice) else {
                bail!("bucket {bucket}")
            };
            let layout = layout.as_i64().context("boundaries")?;
            buckets.push((at, Sample::Bucket(layout, float(low)?, float(high)?, float(count)?)));
        }
    }
    let mut floats = Vec::new();
    for sample in either("value", "values") {
        let (at, value) = pair(&sample)?;
        floats.push((at, Sample::Float(float(value)?)));
    }
    let has_histograms = !(series["histogram"].is_null() && series["histograms"].is_null());
    let mut all = Vec::new();
    if has_histograms {
        all.push((labels.clone(), buckets));
    }
    if !has_histograms || !floats.is_empty() {
        all.push((labels, floats));
    }
    Ok(all)
}

fn pair(json: &Json) -> Result<(i64, &Json)> {
    let Some([seconds, value]) = json.as_array().map(Vec::as_slice) else { bail!("no pair: {json}") };
    // The text of the number, not a float of it, says which millisecond is meant.
    let seconds = seconds.to_string();
    let (whole, fraction) = seconds.split_once('.').unwrap_or((&seconds, ""));
    let millis: i64 = format!("{fraction:0<3}").parse()?;
    ensure!(
        !whole.starts_with('-') && fraction.len() <= 3,
        "an instant before 1970, or finer than milliseconds: {seconds}"
    );
    Ok((whole.parse::<i64>()? * 1_000 + millis, value))
}

fn float(json: &Json) -> Result<Exact> {
    Ok(json.as_str().context("a value that is no string")?.parse::<f64>()?.into())
}

/// The series of frames, in order. Frames without fields, which say that there is nothing, are none.
pub fn of_frames(frames: &[Frame]) -> Result<Vec<Series>> {
    frames.iter().filter(|frame| frame.num_fields() > 0).map(of_frame).collect()
}

fn of_frame(frame: &Frame) -> Result<Series> {
    let fields: Vec<_> = frame.fields().collect();
    let labels = fields.get(1).context("a frame of one field")?.labels().clone();
    let columns: Vec<Vec<Value>> = fields.iter().map(|field| field.values().collect()).collect();
    let mut samples = Vec::new();
    for row in 0..frame.num_rows() {
        let cells: Vec<&Value> = columns.iter().filter_map(|column| column.get(row)).collect();
        let (at, sample) = match cells.as_slice() {
            [Value::Time(at), Value::Float64(value)] => (at, Sample::Float((*value).into())),
            [Value::Time(at), Value::String(text)] => (at, Sample::Text(text.clone())),
            [
                Value::Time(at),
                Value::Float64(low),
                Value::Float64(high),
                Value::Float64(count),
                Value::Int8(layout),
            ] => (at, Sample::Bucket((*layout).into(), (*low).into(), (*high).into(), (*count).into())),
            other => bail!("a row of {other:?}"),
        };
        ensure!(at.nanos() % 1_000_000 == 0, "{at:?} is no whole millisecond");
        samples.push((at.millis(), sample));
    }
    Ok((labels, samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_to_the_millisecond_and_the_bit() {
        let body = br#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"a":"b"},"values":[[1.5,"NaN"],[1714521600.001,"-0"]]}]}}"#;
        let series = of_answer(body).unwrap();
        let samples = vec![(1_500, Sample::Float(f64::NAN.into())), (1_714_521_600_001, Sample::Float((-0.0).into()))];
        assert_eq!(series, [(BTreeMap::from([("a".to_owned(), "b".to_owned())]), samples)]);
        assert_ne!(Exact::from(0.0), Exact::from(-0.0));
    }
}
