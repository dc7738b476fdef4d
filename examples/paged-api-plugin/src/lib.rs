//! A data source for an API that asks for a token and answers page by page: the events of services.
//!
//! The two ideas have a file each: `token` logs in, `pages` follows the cursor. This one says what a row is.

mod pages;
#[cfg(test)]
mod tests;
mod token;

use pages::Pages;
use token::Tokens;
use wellhead_sdk::FrameStream;
use wellhead_sdk::prelude::*;

struct PagedApi {
    tokens: Tokens,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    client_id: String,
    token_url: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Query {
    service: Option<String>,
    limit: Option<usize>,
}

/// The API answers `api/events` with these.
#[derive(Deserialize)]
struct Event {
    /// Milliseconds since 1970.
    time: i64,
    service: String,
    text: String,
}

impl DataSource for PagedApi {
    type Settings = Settings;
    type Query = Query;

    fn configure(settings: InstanceSettings<Settings>) -> Result<Self, Error> {
        Ok(Self { tokens: Tokens::new(&settings)? })
    }

    async fn query(&self, ctx: &RequestContext, query: DataQuery<Query>) -> Result<QueryResult, Error> {
        let pages = Pages::new(self.tokens.clone(), ctx.clone(), &query);
        Ok(FrameStream::new(pages.into_frames()).into())
    }

    async fn check_health(&self, ctx: &RequestContext) -> Result<Health, Error> {
        self.tokens.send(ctx, |http| http.get(ctx, "api/events").query("limit", 1)).await?;
        Ok(Health::ok("The API lets this client in."))
    }
}

fn frame(events: &[Event]) -> Result<Frame, Error> {
    fn column<T>(events: &[Event], cell: impl Fn(&Event) -> T) -> Vec<T> {
        events.iter().map(cell).collect()
    }
    let frame = Frame::builder("events")
        .column(Field::new("time"), column(events, |event| Timestamp::from_millis(event.time)))
        .column(Field::new("service"), column(events, |event| event.service.clone()))
        .column(Field::new("text"), column(events, |event| event.text.clone()));
    Ok(frame.build()?)
}

wellhead_sdk::export!(PagedApi, "plugin.json");
