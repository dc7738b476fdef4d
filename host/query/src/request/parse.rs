//! Grafana's JSON of a query request, read strictly: a key of the wrong type is an error that names the query.
//!
//! The query itself is the plugin's: it is handed on as the text that was sent.

use super::{MAX_QUERIES, Query, depth, time_range};
use crate::QueryError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use wellhead_runtime::{DataQuery, TimeRange};
use wellhead_store::DataSourceKey;

/// Nesting of a query model. Parsers of plugins recurse; serde_json's gives up at 128.
const MAX_DEPTH: usize = 100;
/// A ref-id is a letter or a short word; it comes back in every frame.
const MAX_REF_ID_BYTES: usize = 255;
/// Uid or type of Grafana's server-side expressions, in its old and new spelling.
const EXPRESSIONS: [&str; 2] = ["__expr__", "-100"];

/// The body with its parts still unread.
pub(super) struct Body<'a> {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) queries: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawBody<'a> {
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    to: Option<&'a RawValue>,
    #[serde(borrow)]
    queries: Option<&'a RawValue>,
}

/// Splits the body of `POST /api/ds/query`.
pub(super) fn body(json: &[u8]) -> Result<Body<'_>, QueryError> {
    let text = std::str::from_utf8(json).map_err(|error| malformed(error.to_string()))?;
    if !text.trim_start().starts_with('{') {
        return Err(malformed("not a JSON object: send {\"from\":…,\"to\":…,\"queries\":[…]}"));
    }
    let raw: RawBody<'_> = serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
    let queries = raw.queries.map_or("[]", RawValue::get);
    let queries: Vec<&RawValue> =
        serde_json::from_str(queries).map_err(|_| malformed("\"queries\" is not an array"))?;
    match queries.len() {
        0 => Err(QueryError::NoQueries),
        actual if actual > MAX_QUERIES => Err(QueryError::TooManyQueries { actual, limit: MAX_QUERIES }),
        _ => Ok(Body { from: instant_text("from", raw.from)?, to: instant_text("to", raw.to)?, queries }),
    }
}

fn malformed(reason: impl Into<String>) -> QueryError {
    QueryError::MalformedBody(reason.into())
}

/// A string's content or a number's digits.
fn instant_text(name: &str, raw: Option<&RawValue>) -> Result<String, QueryError> {
    let raw = raw.ok_or_else(|| {
        QueryError::InvalidTimeRange(format!("{name:?} is missing: send \"now-1h\" or epoch milliseconds"))
    })?;
    let text = raw.get();
    match text.bytes().next() {
        Some(b'"') => serde_json::from_str(text).map_err(|error| malformed(error.to_string())),
        Some(b'-' | b'0'..=b'9') => Ok(text.to_owned()),
        _ => Err(QueryError::InvalidTimeRange(format!("{name:?} is neither a string nor a number"))),
    }
}

/// Where a query comes from, and what follows from that.
pub(super) enum Origin {
    /// A client: the query names its data source.
    Http { now: Timestamp, per_query_range: bool },
    /// An embedder, who named it.
    Code { data_source: DataSourceKey },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawQuery<'a> {
    #[serde(borrow)]
    ref_id: Option<&'a RawValue>,
    #[serde(borrow)]
    datasource: Option<&'a RawValue>,
    #[serde(borrow)]
    datasource_id: Option<&'a RawValue>,
    #[serde(borrow)]
    interval_ms: Option<&'a RawValue>,
    #[serde(borrow)]
    max_data_points: Option<&'a RawValue>,
    #[serde(borrow)]
    query_type: Option<&'a RawValue>,
    #[serde(borrow)]
    time_range: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawRange<'a> {
    #[serde(borrow)]
    from: Option<&'a RawValue>,
    #[serde(borrow)]
    to: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawDataSource {
    uid: Option<String>,
    #[serde(rename = "type")]
    plugin_id: Option<String>,
}

/// Reads the query at `index`, whose text is `model`.
pub(super) fn query(index: usize, model: &str, origin: &Origin, range: TimeRange) -> Result<Query, QueryError> {
    let unnamed = Reader { label: format!("queries[{index}]") };
    if !model.trim_start().starts_with('{') {
        return Err(unnamed.wrong("the query", "is not a JSON object"));
    }
    let deepest = depth::of(model);
    if deepest > MAX_DEPTH {
        return Err(unnamed.wrong("the query", format!("nests {deepest} levels deep, {MAX_DEPTH} are allowed")));
    }
    let raw: RawQuery<'_> =
        serde_json::from_str(model).map_err(|error| unnamed.wrong("the query", format!("cannot be read: {error}")))?;
    let ref_id = unnamed.ref_id(raw.ref_id)?;
    let reader = Reader { label: format!("queries[{index}] (refId {ref_id:?})") };
    let data_source = match origin {
        Origin::Code { data_source } => data_source.clone(),
        Origin::Http { .. } => reader.data_source(raw.datasource, raw.datasource_id)?,
    };
    let time_range = match (origin, raw.time_range) {
        (Origin::Http { now, per_query_range: true }, Some(own)) => reader.range(own, *now)?,
        _ => range,
    };
    let query = DataQuery {
        query_type: reader.string("queryType", raw.query_type)?.unwrap_or_default(),
        max_data_points: reader
            .number("maxDataPoints", raw.max_data_points)?
            .filter(|points| *points > 0)
            .unwrap_or(100),
        interval_ms: reader.number("intervalMs", raw.interval_ms)?.unwrap_or(1000).max(1),
        time_range,
        model: model.to_owned(),
        ref_id,
    };
    Ok(Query { data_source, query })
}

/// Reads the keys of one query; knows how to name it in an error.
struct Reader {
    label: String,
}

impl Reader {
    fn wrong(&self, key: &'static str, reason: impl Into<String>) -> QueryError {
        QueryError::InvalidQuery { query: self.label.clone(), key, reason: reason.into() }
    }

    fn string(&self, key: &'static str, raw: Option<&RawValue>) -> Result<Option<String>, QueryError> {
        raw.map(|raw| {
            serde_json::from_str(raw.get()).map_err(|_| self.wrong(key, format!("is {}: send a string", shown(raw))))
        })
        .transpose()
    }

    fn ref_id(&self, raw: Option<&RawValue>) -> Result<String, QueryError> {
        let ref_id = self.string("refId", raw)?.filter(|ref_id| !ref_id.is_empty()).unwrap_or_else(|| "A".to_owned());
        if ref_id.len() > MAX_REF_ID_BYTES {
            return Err(self.wrong("refId", format!("has {} bytes, {MAX_REF_ID_BYTES} are allowed", ref_id.len())));
        }
        if ref_id.chars().any(char::is_control) {
            return Err(self.wrong("refId", "has a control character: send letters and digits"));
        }
        Ok(ref_id)
    }

    /// A number of 0 to 2^32-1; fractions, which browsers compute, are cut.
    fn number(&self, key: &'static str, raw: Option<&RawValue>) -> Result<Option<u32>, QueryError> {
        let Some(raw) = raw else { return Ok(None) };
        let value: f64 = serde_json::from_str(raw.get())
            .map_err(|_| self.wrong(key, format!("is {}: send a number", shown(raw))))?;
        if !(0.0..=f64::from(u32::MAX)).contains(&value) {
            return Err(self.wrong(key, format!("is {}: 0 to {} are allowed", shown(raw), u32::MAX)));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within range by the line above")]
        Ok(Some(value as u32))
    }

    fn range(&self, raw: &RawValue, now: Timestamp) -> Result<TimeRange, QueryError> {
        let wrong = |error: QueryError| self.wrong("timeRange", error.to_string());
        let range: RawRange<'_> = serde_json::from_str(raw.get())
            .map_err(|_| self.wrong("timeRange", format!("is {}: send {{\"from\":…,\"to\":…}}", shown(raw))))?;
        let from = instant_text("from", range.from).map_err(wrong)?;
        let to = instant_text("to", range.to).map_err(wrong)?;
        time_range(&from, &to, now).map_err(wrong)
    }

    /// `{"uid":…}`, a bare uid (Grafana before 8.3), or the legacy numeric `datasourceId`.
    fn data_source(&self, named: Option<&RawValue>, id: Option<&RawValue>) -> Result<DataSourceKey, QueryError> {
        let invalid = |reason: String| QueryError::InvalidDataSource { query: self.label.clone(), reason };
        let (uid, plugin_id) = match named.map(RawValue::get) {
            None => (None, None),
            Some(text) if text.starts_with('"') => (serde_json::from_str(text).ok(), None),
            Some(text) if text.starts_with('{') => {
                let object: RawDataSource =
                    serde_json::from_str(text).map_err(|error| invalid(format!("\"datasource\": {error}")))?;
                (object.uid, object.plugin_id)
            }
            Some(_) => return Err(invalid("\"datasource\" is neither an object nor a uid".into())),
        };
        let is_expression = |name: &Option<String>| name.as_deref().is_some_and(|name| EXPRESSIONS.contains(&name));
        let id = id.map(|raw| {
            serde_json::from_str::<i64>(raw.get())
                .map_err(|_| invalid(format!("\"datasourceId\" is {}: send a whole number", shown(raw))))
        });
        let id = id.transpose()?;
        if is_expression(&uid) || is_expression(&plugin_id) || id == Some(-100) {
            return Err(QueryError::ExpressionsUnsupported { query: self.label.clone() });
        }
        match (uid.filter(|uid| !uid.is_empty()), id) {
            (Some(uid), _) => Ok(DataSourceKey::Uid(uid)),
            (None, Some(id)) if id > 0 => Ok(DataSourceKey::Id(id)),
            _ => Err(invalid("name it with \"datasource\":{\"uid\":…}".into())),
        }
    }
}

/// A value short enough for an error message.
fn shown(raw: &RawValue) -> String {
    const MAX_CHARS: usize = 40;
    let text = raw.get();
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
