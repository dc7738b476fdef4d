//! The transport inside a host: the contract's `net`.

use std::rc::Rc;

use super::{NetError, TlsInfo, TlsOptions, Verify};
use crate::glue::bindings::net::wellhead::plugin::net;

#[derive(Debug)]
pub(super) struct Transport(net::Connection);

impl Transport {
    pub(super) async fn connect(endpoint: &str) -> Result<Self, NetError> {
        Ok(Self(net::connect(endpoint.to_owned()).await?))
    }

    pub(super) async fn read(self: Rc<Self>, most: u32) -> Result<Vec<u8>, NetError> {
        Ok(self.0.read(most).await?)
    }

    pub(super) async fn write(self: Rc<Self>, data: Vec<u8>) -> Result<(), NetError> {
        Ok(self.0.write(data).await?)
    }

    pub(super) async fn finish(self: Rc<Self>) -> Result<(), NetError> {
        Ok(self.0.finish().await?)
    }

    pub(super) async fn start_tls(&self, options: &TlsOptions) -> Result<TlsInfo, NetError> {
        let verify = match options.verify {
            Verify::Full => net::Verify::Full,
            Verify::CaOnly => net::Verify::CaOnly,
            Verify::None => net::Verify::None,
        };
        let (server_name, alpn) = (options.server_name.clone(), options.alpn.clone());
        let info = self.0.start_tls(net::TlsOptions { server_name, verify, alpn }).await?;
        Ok(TlsInfo { server_end_point: info.server_end_point, alpn: info.alpn })
    }
}

impl From<net::NetError> for NetError {
    fn from(error: net::NetError) -> Self {
        match error {
            net::NetError::Denied(text) => Self::Denied(text),
            net::NetError::Unresolved(text) => Self::Unresolved(text),
            net::NetError::Refused(text) => Self::Refused(text),
            net::NetError::Timeout(text) => Self::Timeout(text),
            net::NetError::InvalidSetting(text) => Self::InvalidSetting(text),
            net::NetError::Tls(text) => Self::Tls(text),
            net::NetError::Closed(text) => Self::Closed(text),
            net::NetError::Limit(text) => Self::Limit(text),
            net::NetError::Other(text) => Self::Other(text),
        }
    }
}
