//! A resource call of a wasm plugin: bodies stream both ways, and what the guest answers is checked to be HTTP.

use super::bindings::types::CancelReason;
use super::call::Call;
use super::convert;
use super::http_hooks::{MAX_HEADER_BYTES, MAX_HEADERS};
use super::instance::{Answer, Command, ResourceHead};
use super::plugin::WasmPlugin;
use crate::{CallResourceRequest, CallResourceResponse, DataSourceSettings, PluginContext, PluginError, ResourceBody};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Chunks that may wait for their reader, beside those that wait in front of the guest.
const CHUNKS_WAITING: usize = 2;

impl WasmPlugin {
    /// Makes an HTTP-shaped call, where the component exports `resources`.
    pub(super) async fn resource(
        &self,
        context: Arc<PluginContext>,
        request: CallResourceRequest,
    ) -> Result<CallResourceResponse, PluginError> {
        if self.prepared().await?.resources.is_none() {
            let plugin_id = self.id.clone();
            return Err(PluginError::MethodNotImplemented { plugin_id, method: "call-resource" });
        }
        let CallResourceRequest { method, path, query, headers, body } = request;
        let headers = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let mut head = Some(ResourceHead { method: method.to_string(), path, query, headers });
        // An error of the client's body ends the guest's stream: the contract has no word for it.
        let body = body
            .into_stream()
            .take_while(|chunk| std::future::ready(chunk.is_ok()))
            .filter_map(async |chunk| chunk.ok());
        let mut body = Some(body.boxed());
        // Made once: a body that was read cannot be sent again.
        let command = |context, call, reply| {
            let (head, body) = head.take().zip(body.take())?;
            Some(Command::Resource { context, head, body, call, reply })
        };
        let (answer, call) = self.call(&context, command).await?;
        let secrets = &context.data_source.secrets;
        let raw = match answer {
            Ok(raw) => raw,
            Err(error) => {
                call.guard.finish();
                return Err(PluginError::Guest(convert::guest_error(error, secrets)));
            }
        };
        let status = StatusCode::from_u16(raw.status).ok().filter(|status| status.as_u16() >= 200);
        let status =
            status.ok_or_else(|| self.bad_resource(format!("status {} is not a final HTTP status", raw.status)))?;
        let bytes = raw.headers.iter().map(|(name, value)| name.len().saturating_add(value.len()));
        let bytes = bytes.fold(0, usize::saturating_add);
        if raw.headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
            return Err(self.bad_resource(format!(
                "it has {} headers of {bytes} bytes, {MAX_HEADERS} of {MAX_HEADER_BYTES} are allowed",
                raw.headers.len()
            )));
        }
        let mut headers = HeaderMap::with_capacity(raw.headers.len().min(64));
        for (name, value) in raw.headers {
            let legal = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_bytes(&value).ok());
            let Some((name, value)) = legal else {
                let shown: String = name.chars().take(64).collect();
                return Err(self.bad_resource(format!("header {shown:?} is not legal HTTP")));
            };
            headers.append(name, value);
        }
        let (source, plugin_id) = (context.data_source.clone(), self.id.clone());
        let (out, body) = mpsc::channel(CHUNKS_WAITING);
        tokio::spawn(async move {
            if let Err(error) = forward(raw.body, call, &out, &source, plugin_id).await {
                let _ = out.send(Err(error)).await;
            }
        });
        let body = futures::stream::unfold(body, async |mut body| body.recv().await.map(|chunk| (chunk, body)));
        Ok(CallResourceResponse { status, headers, body: ResourceBody::stream(body) })
    }

    fn bad_resource(&self, reason: String) -> PluginError {
        let reason = format!("its resource response is not valid: {reason}");
        PluginError::RequestFailure { plugin_id: self.id.clone(), reason }
    }
}

/// Hands chunks on as they come, until the guest is done, the deadline passes or the reader is gone. The deadline is kept
/// whether or not anybody reads: a body that is held pins no instance.
async fn forward(
    mut chunks: mpsc::Receiver<Answer<Vec<u8>>>,
    mut call: Call,
    out: &mpsc::Sender<Result<Bytes, PluginError>>,
    source: &DataSourceSettings,
    plugin_id: String,
) -> Result<(), PluginError> {
    let after = call.after;
    loop {
        let chunk = tokio::select! {
            biased;
            // Dropping the guard tells the guest.
            () = out.closed() => return Ok(()),
            chunk = call.within(chunks.recv()) => chunk,
        };
        let sent = match chunk {
            Ok(Some(Ok(chunk))) => call.within(out.send(Ok(Bytes::from(chunk)))).await,
            Ok(Some(Err(error))) => return Err(PluginError::Guest(convert::guest_error(error, &source.secrets))),
            Ok(None) => return call.clean_end(&plugin_id, &source.secrets).await,
            Err(elapsed) => Err(elapsed),
        };
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Ok(()),
            Err(_) => {
                call.guard.cancel(CancelReason::Deadline);
                return Err(PluginError::Timeout { plugin_id, after });
            }
        }
    }
}
