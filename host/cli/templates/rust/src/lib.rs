//! {{title}}: readings from a JSON API, a table a place.

#[cfg(test)]
mod tests;

use wellhead_sdk::http::path_segment;
use wellhead_sdk::prelude::*;

/// One configured data source. It lives as long as its settings stay the same, and its calls overlap.
struct Source {
    http: Http,
    settings: Settings,
}

/// The plugin's own settings: `jsonDataSchema` of plugin.json describes them for editors.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Settings {
    /// The most rows of an answer.
    max_rows: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_rows: 1000 }
    }
}

/// A query: `querySchema` of plugin.json describes it for editors.
#[derive(Deserialize)]
struct Query {
    /// Whose readings.
    place: String,
}

/// The API answers `readings/PLACE` with an array of these.
#[derive(Deserialize)]
struct Reading {
    /// Seconds since 1970.
    time: i64,
    celsius: Option<f64>,
}

impl DataSource for Source {
    type Settings = Settings;
    type Query = Query;

    /// Contacts nobody: a data source can be configured while its API is down.
    fn configure(settings: InstanceSettings<Settings>) -> Result<Self, Error> {
        Ok(Self { http: Http::for_settings(&settings)?, settings: settings.json_data })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        let place = query.model.place;
        let path = format!("readings/{}", path_segment(&place));
        let mut readings: Vec<Reading> = self.http.get(ctx, &path).send().await?.json().await?;
        readings.truncate(self.settings.max_rows);
        let times: Vec<_> = readings.iter().map(|reading| Timestamp::from_seconds(reading.time)).collect();
        let temperatures: Vec<_> = readings.iter().map(|reading| reading.celsius).collect();
        let frame = Frame::builder(&place)
            .column(Field::new("time"), times)
            .column(Field::new("temperature").label("place", &place), temperatures);
        Ok(frame.build()?.into())
    }

    async fn check_health(&self, ctx: &RequestContext) -> Result<Health, Error> {
        self.http.get(ctx, "readings/oslo").send().await?;
        Ok(Health::ok("The API answers."))
    }
}

wellhead_sdk::export!(Source, "plugin.json");
