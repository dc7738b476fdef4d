//! Notes what crosses the edge while it crosses it. Nothing waits for a recording: bodies are noted as the plugin reads
//! them, connections as their bytes go by. Secrets are blanked when the recording is taken.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use wellhead_secrets::Redactor;

use super::{
    Content, Fault, HttpExchange, HttpOutcome, RecordedRequest, RecordedResponse, Recording, StartTls, exchange,
    script::{RawScript, RawStep},
};
use crate::{EgressError, RequestBody, ResponseBody, TlsInfo};

/// Longest request body that a recording or a replay takes: it is held whole.
pub(super) const LONGEST_BODY: usize = 64 << 20;

/// Keeps what the clients of a host exchange with their upstreams. Clones keep it in one place.
///
/// See [`EgressBuilder::record`](crate::EgressBuilder::record).
#[derive(Clone, Default)]
pub struct Recorder(Arc<Shared>);

#[derive(Default)]
struct Shared {
    redactor: Redactor,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    http: Vec<RawExchange>,
    net: Vec<RawScript>,
}

struct RawExchange {
    request: RecordedRequest,
    body: Bytes,
    outcome: RawOutcome,
}

enum RawOutcome {
    /// Nothing so far.
    Asked,
    /// Decided by the host itself, so it is no part of the recording.
    Refused,
    Failed(Fault),
    Answered {
        head: RecordedResponse,
        body: Vec<u8>,
        is_over: bool,
    },
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noted = self.noted();
        f.debug_struct("Recorder").field("http", &noted.http.len()).field("net", &noted.net.len()).finish()
    }
}

impl Recorder {
    /// A recorder whose recordings have the values blanked that `redactor` knows when they are taken.
    #[must_use]
    pub fn new(redactor: Redactor) -> Self {
        Self(Arc::new(Shared { redactor, noted: Mutex::default() }))
    }

    /// What was exchanged so far. Of what is still under way, that which has come.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let noted = self.noted();
        let redactor = &self.0.redactor;
        let bytes = |bytes: &[u8]| Content::of(&redactor.redact_bytes(bytes));
        let text = |text: &str| redactor.redact(text).into_owned();
        let http = noted.http.iter().filter_map(|exchange| exchange.kept(&bytes, &text));
        let net = noted.net.iter().filter(|script| !script.steps.is_empty()).map(|script| script.kept(bytes, text));
        Recording::of(http, net)
    }

    /// Notes a request that is about to be sent.
    pub(crate) async fn asked(
        &self,
        request: Request<RequestBody>,
    ) -> Result<(Request<RequestBody>, NotedExchange), EgressError> {
        let (parts, body) = request.into_parts();
        let body = body.whole(LONGEST_BODY).await?;
        let asked = RecordedRequest {
            method: parts.method.to_string(),
            url: exchange::plain_url(&parts.uri),
            headers: exchange::of_request(&parts.headers),
            body: Content::default(),
        };
        let mut noted = self.noted();
        let number = noted.http.len();
        noted.http.push(RawExchange { request: asked, body: body.clone(), outcome: RawOutcome::Asked });
        drop(noted);
        Ok((Request::from_parts(parts, RequestBody::full(body)), NotedExchange { recorder: self.clone(), number }))
    }

    /// Notes a connection that is about to be opened.
    pub(crate) fn connects(&self, endpoint: &str) -> NotedScript {
        let mut noted = self.noted();
        let number = noted.net.len();
        noted.net.push(RawScript::new(endpoint));
        NotedScript { recorder: self.clone(), number }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RawExchange {
    fn kept(&self, bytes: &impl Fn(&[u8]) -> Content, text: &impl Fn(&str) -> String) -> Option<HttpExchange> {
        let outcome = match &self.outcome {
            RawOutcome::Refused => return None,
            RawOutcome::Asked => HttpOutcome::Error(Fault::Unanswered),
            RawOutcome::Failed(fault) => HttpOutcome::Error(fault.clone().redacted(text)),
            RawOutcome::Answered { head, body, is_over } => HttpOutcome::Response(RecordedResponse {
                status: head.status,
                headers: head.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
                body: bytes(body),
                broken: match &head.broken {
                    Some(fault) => Some(fault.clone().redacted(text)),
                    None => (!is_over).then_some(Fault::Unanswered),
                },
            }),
        };
        let request = RecordedRequest {
            method: self.request.method.clone(),
            url: text(&self.request.url),
            headers: self.request.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
            body: bytes(&self.body),
        };
        Some(HttpExchange { request, outcome })
    }
}

/// One exchange under way.
pub(crate) struct NotedExchange {
    recorder: Recorder,
    number: usize,
}

impl NotedExchange {
    /// Notes how it ended, or the head of the answer; its body is noted as it is read.
    pub(crate) fn answered(
        self,
        answer: Result<Response<ResponseBody>, EgressError>,
    ) -> Result<Response<ResponseBody>, EgressError> {
        let outcome = match &answer {
            Ok(response) => RawOutcome::Answered {
                head: RecordedResponse {
                    status: response.status().as_u16(),
                    headers: exchange::of_response(response.headers()),
                    body: Content::default(),
                    broken: None,
                },
                body: Vec::new(),
                is_over: false,
            },
            Err(error) => Fault::of(error).map_or(RawOutcome::Refused, RawOutcome::Failed),
        };
        if let Some(noted) = self.recorder.noted().http.get_mut(self.number) {
            noted.outcome = outcome;
        }
        answer.map(|response| response.map(|body| body.noted(NotedBody(self))))
    }
}

/// The body of an answer that is noted.
pub(crate) struct NotedBody(NotedExchange);

impl NotedBody {
    /// A frame of it, its error or its end; `is_last` where nothing comes after it.
    pub(crate) fn frame(&self, frame: Option<&Result<Frame<Bytes>, EgressError>>, is_last: bool) {
        match frame {
            None => self.over(None),
            Some(Err(error)) => self.over(Some(error)),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.change(|_, body, _| body.extend_from_slice(data));
                }
                if is_last {
                    self.over(None);
                }
            }
        }
    }

    pub(crate) fn over(&self, error: Option<&EgressError>) {
        self.change(|head, _, is_over| {
            head.broken = error.and_then(Fault::of);
            *is_over = true;
        });
    }

    fn change(&self, change: impl FnOnce(&mut RecordedResponse, &mut Vec<u8>, &mut bool)) {
        let NotedExchange { recorder, number } = &self.0;
        if let Some(RawExchange { outcome: RawOutcome::Answered { head, body, is_over }, .. }) =
            recorder.noted().http.get_mut(*number)
            && !*is_over
        {
            change(head, body, is_over);
        }
    }
}

/// One byte connection that is noted.
pub(crate) struct NotedScript {
    recorder: Recorder,
    number: usize,
}

impl NotedScript {
    pub(crate) fn wrote(&self, bytes: &[u8]) {
        self.change(|script| script.wrote(bytes));
    }

    pub(crate) fn read(&self, bytes: &[u8]) {
        self.change(|script| script.read(bytes));
    }

    pub(crate) fn finished(&self) {
        self.change(|script| script.push(RawStep::Finish));
    }

    pub(crate) fn secured(&self, info: &TlsInfo) {
        self.change(|script| script.push(RawStep::StartTls(StartTls::of(info))));
    }

    /// The end of what the server says, or the error that ended the connection.
    pub(crate) fn ended(&self, error: Option<&EgressError>) {
        self.change(|script| script.ended(error));
    }

    fn change(&self, change: impl FnOnce(&mut RawScript)) {
        if let Some(script) = self.recorder.noted().net.get_mut(self.number) {
            change(script);
        }
    }
}
