//! HTTP for guests that cannot import anything `async`: a plain func that returns a future.

use super::super::http_hooks::MAX_HEADERS;
use crate::wasm::bindings::fetch::{FetchError, Host, HostWithStore, Request, Response};
use crate::wasm::http_hooks::chunks;
use crate::wasm::state::HostState;
use crate::wasm::streams::ChunkProducer;
use futures::StreamExt;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, Method, Uri};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use wasmtime::AsContextMut;
use wasmtime::component::{Access, Accessor, AccessorTask, FutureReader, HasSelf, StreamReader};
use wellhead_egress::{EgressError, RequestBody, RequestOptions, ResponseBody};

type Answer = Result<Response, FetchError>;

impl Host for HostState {}

impl<T: Send + 'static> HostWithStore<T> for HasSelf<HostState> {
    fn send(mut access: Access<'_, T, Self>, request: Request) -> wasmtime::Result<FutureReader<Answer>> {
        let (answer, answered) = oneshot::channel();
        match http_request(request) {
            Ok(request) => {
                let call = access.as_context_mut().async_call_stack()?.last();
                let state = access.get();
                let cancelled = call.and_then(|call| state.cancellable.of(call)).unwrap_or_default();
                let sent = state.hooks.send(request, RequestOptions::default());
                access.spawn(Fetch { sent, answer, cancelled })?;
            }
            Err(error) => drop(answer.send(Err(error))),
        }
        let gone = || Err(FetchError::Other("the instance is shutting down".into()));
        FutureReader::new(&mut access, async move { wasmtime::error::Ok(answered.await.unwrap_or_else(|_| gone())) })
    }
}

/// Waits for the response and hands it over, unless the guest drops its future or its call is cancelled first.
struct Fetch {
    sent: BoxFuture<'static, Result<http::Response<ResponseBody>, EgressError>>,
    answer: oneshot::Sender<Answer>,
    cancelled: CancellationToken,
}

impl<T: Send + 'static> AccessorTask<T, HasSelf<HostState>> for Fetch {
    async fn run(mut self, accessor: &Accessor<T, HasSelf<HostState>>) -> wasmtime::Result<()> {
        let sent = tokio::select! {
            biased;
            () = self.answer.closed() => return Ok(()),
            () = self.cancelled.cancelled() => {
                let _ = self.answer.send(Err(FetchError::Other("the call is cancelled".to_owned())));
                return Ok(());
            }
            sent = self.sent => sent,
        };
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                let _ = self.answer.send(Err(fetch_error(&error)));
                return Ok(());
            }
        };
        let (head, body) = response.into_parts();
        let headers =
            head.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec())).collect();
        let chunks = chunks(body).take_until(self.cancelled.cancelled_owned()).boxed();
        let body = accessor.with(|access| StreamReader::new(access, ChunkProducer::new(chunks)))?;
        let answer = Ok(Response { status: head.status.as_u16(), headers, body });
        if let Err(Ok(mut unwanted)) = self.answer.send(answer) {
            accessor.with(|access| unwanted.body.close(access))?;
        }
        Ok(())
    }
}

fn http_request(request: Request) -> Result<http::Request<RequestBody>, FetchError> {
    let invalid = |what: &str, error: &dyn std::fmt::Display| FetchError::Other(format!("invalid {what}: {error}"));
    let method = Method::from_bytes(request.method.as_bytes()).map_err(|error| invalid("method", &error))?;
    let uri = request.url.parse::<Uri>().map_err(|error| invalid("url", &error))?;
    let body = if request.body.is_empty() { RequestBody::empty() } else { RequestBody::full(request.body) };
    let mut built = http::Request::new(body);
    *built.method_mut() = method;
    *built.uri_mut() = uri;
    // Checked before they are taken: the map that holds them panics when it is full.
    if request.headers.len() > MAX_HEADERS {
        let (asked, allowed) = (request.headers.len(), MAX_HEADERS);
        return Err(FetchError::Limit(format!(
            "limit \"headers of a request\" exceeded: {asked} asked, {allowed} allowed"
        )));
    }
    for (name, value) in request.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid("header name", &error))?;
        let value = HeaderValue::from_bytes(&value).map_err(|error| invalid("header value", &error))?;
        built.headers_mut().append(name, value);
    }
    Ok(built)
}

fn fetch_error(error: &EgressError) -> FetchError {
    let text = error.to_string();
    match error {
        error if error.is_timeout() => FetchError::Timeout,
        error if error.is_denied() => FetchError::Denied(text),
        error if error.is_limit() => FetchError::Limit(text),
        EgressError::Unresolved { .. } => FetchError::Unresolved(text),
        EgressError::Refused { .. } => FetchError::Refused(text),
        EgressError::Tls { .. } => FetchError::Tls(text),
        _ => FetchError::Other(text),
    }
}
