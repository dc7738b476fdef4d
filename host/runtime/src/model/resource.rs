//! HTTP-shaped calls that editors and tools make of a data source.

use crate::PluginError;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, Method, StatusCode};
use std::fmt;

/// A body in chunks; an error is its last item and marks it as broken.
pub struct ResourceBody(BoxStream<'static, Result<Bytes, PluginError>>);

impl ResourceBody {
    /// A body with nothing in it.
    pub fn empty() -> Self {
        Self(stream::empty().boxed())
    }

    /// A body that is already there.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self(stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed())
    }

    /// A body that comes chunk by chunk.
    pub fn stream(chunks: impl futures::Stream<Item = Result<Bytes, PluginError>> + Send + 'static) -> Self {
        Self(chunks.boxed())
    }

    /// The chunks.
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes, PluginError>> {
        self.0
    }

    /// The whole body, at most `limit` bytes of it: past that an error, and the rest is not read.
    pub async fn collect(self, limit: usize) -> Result<Bytes, PluginError> {
        let mut chunks = self.0;
        let mut whole = Vec::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            let size = whole.len().saturating_add(chunk.len());
            if size > limit {
                return Err(PluginError::limit("resource body bytes", limit as u64, size as u64));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }
}

impl fmt::Debug for ResourceBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourceBody")
    }
}

/// What a client asks of `/api/datasources/uid/:uid/resources/*`.
#[derive(Debug)]
pub struct CallResourceRequest {
    /// Any method.
    pub method: Method,
    /// Without leading slash, still percent-encoded, never with a `..` segment: the client refuses those.
    pub path: String,
    /// Without `?`.
    pub query: String,
    /// The client's headers, hop-by-hop ones removed.
    pub headers: HeaderMap,
    /// The client's body.
    pub body: ResourceBody,
}

/// What the plugin answers.
#[derive(Debug)]
pub struct CallResourceResponse {
    /// Any final status, 200 to 599.
    pub status: StatusCode,
    /// As the plugin gave them, illegal ones refused.
    pub headers: HeaderMap,
    /// Chunk by chunk.
    pub body: ResourceBody,
}
