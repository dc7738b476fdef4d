//! A data source in front of a stubbed server, and its answers as Grafana's JSON.

use std::cell::RefCell;
use std::rc::Rc;

use prometheus::Prometheus;
use prometheus::run::Outcome;
use serde_json::{Value, json};
use wellhead_frame::{Frame, JsonOptions};
use wellhead_sdk::frame::Timestamp;
use wellhead_sdk::testing::block_on;
use wellhead_sdk::testing::{self, SentRequest};
use wellhead_sdk::{DataQuery, DataSource, Error, InstanceSettings, RequestContext, TimeRange};

/// A request as the stub saw it: `POST http://prom/api/v1/query` and its parameters, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) request: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    fn of(request: &SentRequest) -> Self {
        let (url, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let mut parameters = prometheus::settings::pairs(query);
        parameters.extend(prometheus::settings::pairs(std::str::from_utf8(&request.body).unwrap()));
        Self { request: format!("{} {url}", request.method), parameters }
    }
}

/// What a stub answers: status and body.
pub(crate) type Answered = (u16, Vec<u8>);

/// Answers every request from now on, and keeps what was asked.
pub(crate) fn server(answer: impl Fn(&Seen) -> Answered + 'static) -> Rc<RefCell<Vec<Seen>>> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let keep = seen.clone();
    testing::answer_http(move |request| {
        let asked = Seen::of(request);
        let answered = answer(&asked);
        keep.borrow_mut().push(asked);
        Ok(answered)
    });
    seen
}

/// A good answer with this `data`.
pub(crate) fn success(data: Value) -> Answered {
    (200, json!({ "status": "success", "data": data }).to_string().into_bytes())
}

pub(crate) fn source(json_data: Value) -> Prometheus {
    try_source("http://prom/", json_data).unwrap()
}

pub(crate) fn try_source(url: &str, json_data: Value) -> Result<Prometheus, Error> {
    let settings = InstanceSettings { url: url.to_owned(), json_data: json_data.to_string(), ..Default::default() };
    Prometheus::configure(settings.typed()?)
}

/// A query over these seconds.
pub(crate) fn query(model: Value, from: i64, to: i64) -> DataQuery<prometheus::query::QueryModel> {
    DataQuery {
        ref_id: "A".to_owned(),
        query_type: String::new(),
        max_data_points: 1_000,
        interval_ms: 1_000,
        time_range: TimeRange { from: Timestamp::from_seconds(from), to: Timestamp::from_seconds(to) },
        model: serde_json::from_value(model).unwrap(),
    }
}

pub(crate) fn ask(source: &Prometheus, model: Value, from: i64, to: i64) -> Result<Outcome, Error> {
    block_on(source.answer(&RequestContext::default(), query(model, from, to)))
}

/// The frames of an answer as Grafana's JSON.
pub(crate) fn frames(outcome: &Outcome) -> Value {
    outcome.frames.iter().map(frame_json).collect()
}

fn frame_json(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap()
}
