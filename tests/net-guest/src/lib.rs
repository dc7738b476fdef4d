//! A guest that opens byte connections, for tests of what comes of it: a query names a deed, and is told in words (an
//! error of status 418) what came of that.
//!
//! `well` goes through the SDK as a driver would; `raw` through the bare contract, as nobody should.

#![cfg(target_family = "wasm")]

mod raw;
mod well;

use serde::Deserialize;
use wellhead_sdk::prelude::*;

struct Net;

/// A deed and its parameters; each takes some of them.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Deed {
    deed: String,
    endpoint: String,
    text: String,
    count: usize,
    verify: String,
    server_name: Option<String>,
}

impl DataSource for Net {
    type Settings = serde_json::Value;
    type Query = Deed;

    fn configure(_: InstanceSettings<Self::Settings>) -> Result<Self, Error> {
        Ok(Self)
    }

    async fn query(&self, _: &RequestContext, query: DataQuery<Deed>) -> Result<QueryResult, Error> {
        let told = |words: String| Error::new(418, wellhead_sdk::ErrorSource::Plugin, words);
        if let Some(words) = raw::commit(&query.model).await {
            return Err(told(words));
        }
        match well::commit(&query.model).await {
            Ok(words) => Err(told(words)),
            Err(error) => Err(told(format!("{error:?}"))),
        }
    }
}

wellhead_sdk::export!(Net, "plugin.json");
