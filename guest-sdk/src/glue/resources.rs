//! The call of the contract's `resources` interface. Bodies stream through; nothing is held whole.

use std::future::IntoFuture;
use std::pin::pin;

use futures::future::{Either, select};
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use wit_bindgen::{FutureReader, StreamReader, StreamResult};

use super::bindings::datasource::wellhead::plugin::types;
use super::bindings::resources::exports::wellhead::plugin::resources as exports;
use super::bindings::resources::wit_stream;
use super::{Slot, cancelled, instance};
use crate::{Body, Error, RequestContext, ResourceRequest, Resources, imports};

/// What one read of the client's body asks for.
const READ: usize = 64 << 10;

type Chunk = Result<Vec<u8>, types::PluginError>;

/// Answers one resource call.
pub async fn call_resource<S: Resources>(
    slot: &'static Slot<S>,
    context: types::RequestContext,
    request: exports::ResourceRequest,
    cancel: FutureReader<types::CancelReason>,
) -> Result<exports::ResourceResponse, types::PluginError> {
    let source = instance(slot)?;
    let context = RequestContext::from(context);
    let request = resource_request(request)?;
    // Not `until_cancelled`: what is cancelled may be the body, after this call has returned.
    let mut cancel = Box::pin(IntoFuture::into_future(cancel));
    let answered = match select(pin!(source.call_resource(&context, request)), &mut cancel).await {
        Either::Left((answered, _)) => answered,
        Either::Right((reason, _)) => return Err(cancelled(reason).into()),
    };
    let mut response = answered?;
    let (mut writer, reader) = wit_stream::new::<Chunk>();
    imports::spawn(async move {
        let copy = async {
            while let Some(chunk) = response.body.chunk().await {
                let last = chunk.is_err();
                if writer.write_one(chunk.map_err(Into::into)).await.is_some() || last {
                    return;
                }
            }
        };
        let _ = select(pin!(copy), cancel).await;
    });
    let headers = response.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    Ok(exports::ResourceResponse { status: response.status.as_u16(), headers: headers.collect(), body: reader })
}

fn resource_request(request: exports::ResourceRequest) -> Result<ResourceRequest, Error> {
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| Error::bad_request(format_args!("{:?} is not an HTTP method", request.method)))?;
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for (name, value) in request.headers {
        let name: HeaderName =
            name.parse().map_err(|_| Error::bad_request(format_args!("{name:?} is not a header name")))?;
        let value = HeaderValue::from_bytes(&value)
            .map_err(|_| Error::bad_request(format_args!("header {name} has bytes no header may have")))?;
        headers.append(name, value);
    }
    Ok(ResourceRequest { method, path: request.path, query: request.query, headers, body: body_of(request.body) })
}

fn body_of(reader: StreamReader<u8>) -> Body {
    Body::stream(stream::unfold(Some(reader), async |reader| {
        let mut reader = reader?;
        let (result, chunk) = reader.read(Vec::with_capacity(READ)).await;
        let next = (result != StreamResult::Dropped).then_some(reader);
        (next.is_some() || !chunk.is_empty()).then_some((Ok(chunk), next))
    }))
}
