//! A bearer token by OAuth 2.0's client credentials grant (RFC 6749, 4.4): fetched when it is first needed, kept until
//! shortly before it expires, fetched anew where the API does not take it any more.

use crate::Settings;
use std::time::Duration;
use wellhead_sdk::cache;
use wellhead_sdk::http::{RequestBuilder, Response, StatusCode};
use wellhead_sdk::prelude::*;

/// Its key in the cache, which is the data source's own: in memory alone, shared by replicas, and emptied when its
/// settings change.
const KEPT: &str = "token";
/// So long before it expires it is not used any more: it has to reach the API, whose clock may be another.
const MARGIN: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub(crate) struct Tokens {
    http: Http,
    url: String,
    client_id: String,
    client_secret: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// Seconds.
    expires_in: Option<u64>,
}

impl Tokens {
    /// Contacts nobody: a data source can be configured while the token server is down.
    pub(crate) fn new(settings: &InstanceSettings<Settings>) -> Result<Self, Error> {
        let missing = || Error::bad_request("the data source has no clientSecret: set it in secureJsonData");
        Ok(Self {
            http: Http::for_settings(settings)?.max_body(8 << 20),
            url: settings.json_data.token_url.clone().unwrap_or_else(|| "oauth2/token".into()),
            client_id: settings.json_data.client_id.clone(),
            client_secret: settings.secrets.get("clientSecret").ok_or_else(missing)?.to_owned(),
        })
    }

    /// Sends what `request` makes, with a token; once more, with a new one, where the API refuses the first.
    pub(crate) async fn send(
        &self,
        ctx: &RequestContext,
        request: impl Fn(&Http) -> RequestBuilder,
    ) -> Result<Response, Error> {
        let with_token = |token: String| request(&self.http).header("authorization", &format!("Bearer {token}"));
        let answer = with_token(self.token(ctx).await?).send_any_status().await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return answer.error_for_status().await;
        }
        cache::delete(KEPT);
        with_token(self.token(ctx).await?).send().await
    }

    /// Queries that come at once may each fetch one: that is rare, and costs less than having them wait for each other.
    async fn token(&self, ctx: &RequestContext) -> Result<String, Error> {
        if let Some(token) = cache::get_json(KEPT) {
            return Ok(token);
        }
        let asked = self.http.post(ctx, &self.url).form([
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
        ]);
        let granted: Granted = asked.send().await.map_err(|error| error.context("logging in"))?.json().await?;
        let lives = Duration::from_secs(granted.expires_in.unwrap_or(0));
        cache::set_json(KEPT, &granted.access_token, lives.saturating_sub(MARGIN));
        Ok(granted.access_token)
    }
}
