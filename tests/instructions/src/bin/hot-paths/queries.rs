//! What a query pays between its HTTP body and its answer's, but for sockets and the plugin.

use crate::host::{Host, uid};
use crate::path::{HotPath, Repeat};
use crate::tables::{FEW, Mixed, Series};
use anyhow::{Result, ensure};
use bytes::Bytes;
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, SystemTime};
use wellhead::QueryRequest;
use wellhead_frame::Frame;

/// Rows of an answer that is routed: its own cost is not to hide the way's.
const ROWS: usize = 10;
const MANY_DATA_SOURCES: usize = 10_000;
const JSON: &str = "application/json";
const ARROW: &str = wellhead_server::ARROW_STREAM;

pub(crate) const PATHS: &[HotPath] = &[
    HotPath {
        name: "query/parse",
        repetition: "the body of /api/ds/query to a request: 8 queries of 4 data sources, a relative time range",
        repetitions: 100,
        prepare: parse,
    },
    HotPath {
        name: "query/service-of-1",
        repetition: "a request through the query service to the plugin and back, as an embedder asks: 1 query, 1 data source",
        repetitions: 200,
        prepare: || service(1),
    },
    HotPath {
        name: "query/service-of-10000",
        repetition: "the same, of 10,000 data sources, each time another one of 100",
        repetitions: 200,
        prepare: || service(MANY_DATA_SOURCES),
    },
    HotPath {
        name: "query/http-of-1",
        repetition: "POST /api/ds/query with a token to JSON: 1 query, 10 rows, 1 data source",
        repetitions: 100,
        prepare: || http(1, &series()?, JSON, 1),
    },
    HotPath {
        name: "query/http-of-10000",
        repetition: "the same, of 10,000 data sources, each time another one of 100",
        repetitions: 100,
        prepare: || http(MANY_DATA_SOURCES, &series()?, JSON, 1),
    },
    HotPath {
        name: "query/http-16-queries",
        repetition: "the same, 16 queries of 16 data sources",
        repetitions: 20,
        prepare: || http(MANY_DATA_SOURCES, &series()?, JSON, 16),
    },
    HotPath {
        name: "query/http-arrow-mixed-1k",
        repetition: "the same to Arrow, batches passed on as they are: 1 query, 1,000 rows of ten columns",
        repetitions: 50,
        prepare: || http(1, &Mixed::new(FEW).build()?, ARROW, 1),
    },
];

fn series() -> Result<Frame> {
    Series::new(ROWS).build()
}

fn body(queries: impl Iterator<Item = usize>) -> Bytes {
    let query = |(index, source): (usize, usize)| {
        json!({
            "refId": format!("Q{index}"),
            "datasource": {"type": "measured", "uid": uid(source)},
            "expr": "sum by (instance) (rate(http_requests_total{job=\"api\"}[5m]))",
            "legendFormat": "{{instance}}",
            "range": true,
            "intervalMs": 15_000,
            "maxDataPoints": 1_100,
        })
    };
    let queries: Vec<Value> = queries.enumerate().map(query).collect();
    json!({"from": "now-6h", "to": "now", "queries": queries}).to_string().into()
}

/// Bodies that ask one data source after the other, of 100 that lie far apart; each body `queries` of them.
fn bodies(data_sources: usize, queries: usize) -> Vec<Bytes> {
    let body = |start: usize| body((start..).take(queries).map(|number| number * 101 % data_sources));
    (0..data_sources.min(100)).map(body).collect()
}

fn parse() -> Result<Repeat> {
    let body = body((0..8).map(|query| query % 4));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    Ok(Box::new(move || {
        let request = black_box(QueryRequest::from_json_as_of(black_box(&body), now, false)?);
        ensure!(request.queries().len() == 8, "{} queries were read", request.queries().len());
        Ok(())
    }))
}

fn service(data_sources: usize) -> Result<Repeat> {
    let host = Host::new(data_sources, &series()?)?;
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let requests = bodies(data_sources, 1);
    let requests = requests.iter().map(|body| QueryRequest::from_json_as_of(body, now, false));
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    let ask = move |request: &QueryRequest| {
        let results = host.tokio.block_on(host.wellhead.query_data(request.clone()))?;
        let rows: usize = black_box(results).frames("Q0")?.iter().map(Frame::num_rows).sum();
        ensure!(rows == ROWS, "{rows} rows came back");
        Ok(())
    };
    in_turn(requests, ask)
}

fn http(data_sources: usize, frame: &Frame, accept: &'static str, queries: usize) -> Result<Repeat> {
    let host = Host::new(data_sources, frame)?;
    let ask = move |body: &Bytes| {
        let response = black_box(host.answer(host.post("/api/ds/query", accept, body)?)?);
        ensure!(response.body().len() > 100 * queries, "{:?}", response.body());
        Ok(())
    };
    in_turn(bodies(data_sources, queries), ask)
}

/// Repeats with one thing after the other. Each was asked once before it counts: what is cached is cached.
fn in_turn<T: 'static>(things: Vec<T>, ask: impl Fn(&T) -> Result<()> + 'static) -> Result<Repeat> {
    things.iter().try_for_each(&ask)?;
    let mut next = 0;
    Ok(Box::new(move || {
        let thing = things.get(next % things.len());
        next += 1;
        thing.map_or(Ok(()), &ask)
    }))
}
