//! A server, a data source, and what it answers. The way to the server is the plainest HTTP client there is, which reads
//! the answer's body as the plugin asks for it.

use clickhouse::{ClickHouse, QueryModel};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use wellhead_frame::JsonOptions;
use wellhead_sdk::frame::{Frame, Timestamp};
use wellhead_sdk::http::{HeaderMap, HeaderName, HeaderValue, HttpError};
use wellhead_sdk::testing::{self, HttpAnswer, SentRequest};
use wellhead_sdk::{
    DataQuery, DataSource, Error, InstanceSettings, QueryResult, RequestContext, ResourceRequest, Resources, Secrets,
    TimeRange,
};

/// Long enough for a machine that is busy with other tests.
pub(crate) const BUDGET: Duration = Duration::from_secs(60);

/// A data source before a server on this port.
pub(crate) fn source(port: u16, json_data: Value) -> Source {
    source_with(port, json_data, &[])
}

pub(crate) fn source_with(port: u16, json_data: Value, secrets: &[(&str, &str)]) -> Source {
    testing::answer_http_with(pass_on);
    Source(configured(&format!("http://127.0.0.1:{port}"), json_data, secrets).unwrap())
}

fn configured(url: &str, json_data: Value, secrets: &[(&str, &str)]) -> Result<ClickHouse, Error> {
    let settings = InstanceSettings::<()> {
        url: url.to_owned(),
        secrets: secrets.iter().copied().collect::<Secrets>(),
        ..InstanceSettings::default()
    };
    ClickHouse::configure(settings.with_json_data(serde_json::from_value(json_data).unwrap()))
}

pub(crate) struct Source(pub(crate) ClickHouse);

impl Source {
    /// Asks with a model.
    pub(crate) async fn ask(&self, model: Value) -> Result<QueryResult, Error> {
        let model: QueryModel = serde_json::from_value(model).unwrap();
        self.0.query(&RequestContext::new(1, BUDGET), query(model)).await
    }

    /// Asks for a table, and gives its frame as Grafana's JSON.
    pub(crate) async fn table(&self, sql: &str) -> Value {
        self.shown(json!({"rawSql": sql, "format": "table"})).await
    }

    pub(crate) async fn shown(&self, model: Value) -> Value {
        let frames = self.ask(model.clone()).await.unwrap().collect().await.unwrap_or_else(|e| panic!("{model}: {e}"));
        assert_eq!(frames.len(), 1, "{model}");
        shown(&frames[0])
    }

    /// The one value of a table's first row, and its type.
    pub(crate) async fn value(&self, expression: &str) -> (String, Value) {
        let frame = self.table(&format!("SELECT {expression} AS v")).await;
        let field = &frame["schema"]["fields"][0];
        let nullable = if field["typeInfo"]["nullable"] == json!(true) { "?" } else { "" };
        let name = format!("{}{nullable}", field["typeInfo"]["frame"].as_str().unwrap());
        (name, frame["data"]["values"][0][0].clone())
    }

    /// The error of a query.
    pub(crate) async fn error(&self, model: Value) -> Error {
        match self.ask(model.clone()).await.unwrap().collect().await {
            Err(error) => error,
            Ok(frames) => panic!("{model}: {frames:?}"),
        }
    }

    pub(crate) async fn resource(&self, path: &str, query: &str, body: &str) -> Value {
        let request = ResourceRequest {
            method: wellhead_sdk::http::Method::GET,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        };
        let answer = self.0.call_resource(&RequestContext::new(1, BUDGET), request).await.unwrap();
        serde_json::from_slice(&answer.body.collect(1 << 20).await.unwrap()).unwrap()
    }
}

/// A frame as Grafana's JSON.
pub(crate) fn shown(frame: &Frame) -> Value {
    serde_json::from_slice(&frame.to_json(&JsonOptions::default()).unwrap()).unwrap()
}

/// A query over the time range of the seeds.
fn query(model: QueryModel) -> DataQuery<QueryModel> {
    // 2024-03-15T09:45:00Z to 10:15:00Z.
    let time_range =
        TimeRange { from: Timestamp::from_seconds(1_710_495_900), to: Timestamp::from_seconds(1_710_497_700) };
    DataQuery { ref_id: "A".to_owned(), time_range, interval_ms: 60_000, model, ..DataQuery::default() }
}

/// Passes a request on to where its URL says.
pub(crate) fn pass_on(request: &SentRequest) -> Result<HttpAnswer, HttpError> {
    exchange(request).map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => HttpError::Refused(String::new()),
        _ => HttpError::Broken(error.to_string()),
    })
}

/// As [`pass_on`], to a server that knows no Arrow.
pub(crate) fn pass_on_without_arrow(request: &SentRequest) -> Result<HttpAnswer, HttpError> {
    if request.url.contains("ArrowStream") {
        let exception = "Code: 73. DB::Exception: Unknown format ArrowStream. (UNKNOWN_FORMAT)";
        return Ok(HttpAnswer::new(404, exception.as_bytes()));
    }
    pass_on(request)
}

/// Over HTTP/1.0, which ends a body by closing the connection.
fn exchange(request: &SentRequest) -> std::io::Result<HttpAnswer> {
    let rest = request.url.strip_prefix("http://").unwrap();
    let (authority, path) = rest.split_once('/').unwrap();
    let mut connection = TcpStream::connect(authority)?;
    let mut head = format!("{} /{path} HTTP/1.0\r\nHost: {authority}\r\n", request.method);
    head.push_str(&format!("Content-Length: {}\r\n", request.body.len()));
    for (name, value) in &request.headers {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    connection.write_all(format!("{head}\r\n").as_bytes())?;
    connection.write_all(&request.body)?;
    let mut answer = BufReader::new(connection);
    let mut line = String::new();
    answer.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other(format!("no HTTP: {line:?}")))?;
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        answer.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap());
    }
    let body: Box<dyn Read> = Box::new(answer);
    Ok(HttpAnswer::new(status, body).with_headers(headers))
}
