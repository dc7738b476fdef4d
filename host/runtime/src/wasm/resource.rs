//! A resource call of a wasm plugin: bodies stream both ways, and what the guest answers is checked to be HTTP.

use super::bindings::types::CancelReason;
use super::convert;
use super::instance::{Command, ResourceHead};
use super::plugin::WasmPlugin;
use crate::{CallResourceRequest, CallResourceResponse, PluginContext, PluginError, ResourceBody};
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;

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
        let body = futures::stream::unfold(Some((raw.body, call)), move |state| {
            let (source, plugin_id) = (source.clone(), plugin_id.clone());
            async move {
                let (mut chunks, mut call) = state?;
                match call.within(chunks.recv()).await {
                    Ok(Some(Ok(chunk))) => Some((Ok(Bytes::from(chunk)), Some((chunks, call)))),
                    Ok(Some(Err(error))) => {
                        Some((Err(PluginError::Guest(convert::guest_error(error, &source.secrets))), None))
                    }
                    Ok(None) => call.clean_end(&plugin_id).await.err().map(|error| (Err(error), None)),
                    Err(_) => {
                        call.guard.cancel(CancelReason::Deadline);
                        Some((Err(PluginError::Timeout { plugin_id, after: call.after }), None))
                    }
                }
            }
        });
        Ok(CallResourceResponse { status, headers, body: ResourceBody::stream(body) })
    }

    fn bad_resource(&self, reason: String) -> PluginError {
        let reason = format!("its resource response is not valid: {reason}");
        PluginError::RequestFailure { plugin_id: self.id.clone(), reason }
    }
}
