//! HTTP from a recording.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, header::CONTENT_LENGTH};

use super::{
    HttpExchange, HttpOutcome, Otherwise, RecordedResponse, Replay, exchange, nearest, recorder::LONGEST_BODY,
};
use crate::{EgressError, Origin, RequestBody, ResponseBody};

/// A recorded exchange, ready to be looked for.
pub(super) struct KnownRequest {
    pub(super) name: String,
    exchange: HttpExchange,
    /// The URL in the form that is compared.
    url: String,
    /// For people.
    lines: String,
}

impl From<(String, HttpExchange)> for KnownRequest {
    fn from((name, exchange): (String, HttpExchange)) -> Self {
        let request = &exchange.request;
        let url = match request.url.parse::<Uri>() {
            Ok(uri) if !request.url.starts_with('/') => exchange::plain_url(&uri),
            _ => request.url.clone(),
        };
        let lines = nearest::request_lines(&request.method, &url, &request.body.bytes().unwrap_or_default());
        Self { name, exchange, url, lines }
    }
}

/// A request as it is compared: secrets blanked.
struct Asked {
    method: String,
    url: String,
    path: String,
    body: Vec<u8>,
}

impl KnownRequest {
    fn is(&self, asked: &Asked) -> bool {
        let request = &self.exchange.request;
        let url = if self.url.starts_with('/') { &asked.path } else { &asked.url };
        request.method.eq_ignore_ascii_case(&asked.method) && self.url == *url && request.body.is(&asked.body)
    }
}

impl Replay {
    /// What the recording has for `request`, which policy allows.
    pub(crate) async fn answer(
        &self,
        request: Request<RequestBody>,
        limit: u64,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let (parts, body) = request.into_parts();
        let (origin, _) = Origin::of_uri(&parts.uri)?;
        let body = body.whole(LONGEST_BODY).await?;
        self.asks();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let asked = Asked {
            method: parts.method.to_string(),
            url: self.redactor().redact(&exchange::plain_url(&parts.uri)).into_owned(),
            path: self.redactor().redact(path).into_owned(),
            body: self.redactor().redact_bytes(&body).into_owned(),
        };
        let Some(number) = self.next(&asked) else {
            return match self.otherwise() {
                Otherwise::Fail => Err(self.miss(self.why_not(&asked))),
                Otherwise::Stall => std::future::pending().await,
                Otherwise::Refuse => Err(EgressError::Refused { origin }),
            };
        };
        match self.http().get(number).map(|known| &known.exchange.outcome) {
            Some(HttpOutcome::Response(response)) => replayed(response, origin, limit),
            Some(HttpOutcome::Error(fault)) => match fault.error(&origin) {
                Some(error) => Err(error),
                None => std::future::pending().await,
            },
            None => Err(self.miss(self.why_not(&asked))),
        }
    }

    /// The number of the exchange that is next among those that are asked for, which counts as played.
    fn next(&self, asked: &Asked) -> Option<usize> {
        let mut played = self.played();
        let alike = self.http().iter().zip(&played.http).enumerate().filter(|(_, (known, _))| known.is(asked));
        // The first of those that were played least often.
        let next = alike.min_by_key(|(_, (_, times))| **times);
        let (number, times) = next.map(|(number, (_, times))| (number, *times))?;
        if !self.may_play(times) {
            return None;
        }
        *played.http.get_mut(number)? += 1;
        Some(number)
    }

    fn why_not(&self, asked: &Asked) -> String {
        let what = format!("{} {}", asked.method, asked.url);
        let alike = self.http().iter().filter(|known| known.is(asked)).count();
        if alike > 0 {
            return format!("{what}: asked for once more than the {alike} times it was recorded");
        }
        let lines = nearest::request_lines(&asked.method, &asked.url, &asked.body);
        let recorded = self.http().iter().map(|known| known.lines.as_str()).enumerate();
        let Some(known) = nearest::nearest(&lines, recorded).and_then(|number| self.http().get(number)) else {
            return format!("{what}: no request was recorded");
        };
        format!(
            "{what}: the nearest that was recorded is {}\n{}",
            known.name,
            nearest::difference(&known.name, &known.lines, &lines)
        )
    }
}

/// The answer as the recording has it. A header that is none is left out.
fn replayed(response: &RecordedResponse, origin: Origin, limit: u64) -> Result<Response<ResponseBody>, EgressError> {
    let invalid = |reason: String| EgressError::NotRecorded { reason };
    let bytes = Bytes::from(response.body.bytes().map_err(invalid)?);
    let status = StatusCode::from_u16(response.status).map_err(|error| invalid(error.to_string()))?;
    let length = HeaderValue::from(bytes.len());
    let body = ResponseBody::replayed(origin, limit, bytes, response.broken.clone());
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in &response.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    if response.broken.is_none() {
        answer.headers_mut().insert(CONTENT_LENGTH, length);
    }
    Ok(answer)
}
