//! The plugin that `peer-extism` asks, as an author writes one with extism's PDK: JSON in, Arrow IPC bytes out.
//!
//! For wasm32-wasip1: arrow's hash maps want random numbers, which wasm32-unknown-unknown has none of.

use extism_pdk::{FnResult, HttpRequest, Json, http, plugin_fn};
use serde::Deserialize;
use wellhead_peer_table::{mixed, series};

#[derive(Deserialize)]
#[serde(tag = "table", rename_all = "lowercase")]
enum Query {
    Series {
        rows: usize,
    },
    Mixed {
        rows: usize,
    },
    /// One row, after `url` has answered.
    Upstream {
        url: String,
    },
}

#[plugin_fn]
pub fn health(_: ()) -> FnResult<&'static str> {
    Ok("fine")
}

#[plugin_fn]
pub fn query(Json(query): Json<Query>) -> FnResult<Vec<u8>> {
    let frame = match query {
        Query::Series { rows } => series(rows)?,
        Query::Mixed { rows } => mixed(rows)?,
        Query::Upstream { url } => {
            http::request::<()>(&HttpRequest::new(url), None)?.into_memory().free();
            series(1)?
        }
    };
    Ok(frame.to_ipc_stream()?)
}
