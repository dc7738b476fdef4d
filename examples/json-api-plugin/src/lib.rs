//! A data source for any JSON API: asks a path below the data source's URL for an array of objects, and shows it as a
//! table with a column a key.

use serde_json::{Map, Value};
use wellhead_sdk::frame::Column;
use wellhead_sdk::prelude::*;

struct JsonApi {
    http: Http,
}

#[derive(Deserialize)]
struct Query {
    /// Below the data source's URL: `users?active=true`.
    path: String,
}

impl DataSource for JsonApi {
    type Settings = Value;
    type Query = Query;

    fn configure(settings: InstanceSettings<Value>) -> Result<Self, Error> {
        // Small objects take twenty times their text in memory, and an instance has 256 MiB.
        Ok(Self { http: Http::for_settings(&settings)?.max_body(8 << 20) })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        let rows: Vec<Map<String, Value>> = self.http.get(ctx, &query.model.path).send().await?.json().await?;
        let mut keys: Vec<&String> = rows.iter().flat_map(Map::keys).collect();
        keys.sort();
        keys.dedup();
        let frame = keys.into_iter().fold(Frame::builder(&query.ref_id), |frame, key| {
            let values: Vec<_> = rows.iter().map(|row| row.get(key).unwrap_or(&Value::Null)).collect();
            frame.column(Field::new(key), column(&values))
        });
        Ok(frame.build()?.into())
    }

    async fn check_health(&self, ctx: &RequestContext) -> Result<Health, Error> {
        self.http.get(ctx, "").send().await?;
        Ok(Health::ok("The API answers."))
    }
}

/// Numbers where every value is one, else text; null stays null.
fn column(values: &[&Value]) -> Column {
    if values.iter().all(|value| value.is_number() || value.is_null()) {
        return values.iter().map(|value| value.as_f64()).collect();
    }
    let text = |value: &&Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    values.iter().map(text).collect()
}

wellhead_sdk::export!(JsonApi, "plugin.json");
