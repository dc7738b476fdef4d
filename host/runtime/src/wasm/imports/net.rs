//! Byte connections. What a guest holds is a number in the table; the connection is a [`Socket`].

use crate::wasm::bindings::net::{
    Host, HostConnection, HostConnectionWithStore, HostWithStore, NetError, TlsInfo, TlsOptions, Verify,
};
use crate::wasm::socket::{Socket, SocketError};
use crate::wasm::state::HostState;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf, Resource};
use wellhead_egress::EgressError;

/// Most bytes of one read or write: what a guest hands over is in the host's memory until it is sent.
const MAX_BYTES: usize = 1 << 20;

/// An entry of the table. Calls under way share the socket, so that none of them holds the table.
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Connection(Arc<Socket>);

type Answer<T> = wasmtime::Result<Result<T, NetError>>;

impl Host for HostState {}

impl<T: Send + 'static> HostWithStore<T> for HasSelf<HostState> {
    async fn connect(accessor: &Accessor<T, Self>, endpoint: String) -> Answer<Resource<Connection>> {
        let connecting = accessor.with(|mut access| access.get().hooks.connect(&endpoint));
        let socket = match connecting.await {
            Ok(socket) => Connection(Arc::new(socket)),
            Err(error) => return Ok(Err(net_error(&error))),
        };
        let entered = accessor.with(|mut access| access.get().table().push(socket));
        Ok(entered.map_err(|error| NetError::Limit(format!("limit \"handles\" exceeded: {error}"))))
    }
}

impl HostConnection for HostState {
    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table().delete(connection)?;
        Ok(())
    }
}

impl<T: Send + 'static> HostConnectionWithStore<T> for HasSelf<HostState> {
    async fn read(accessor: &Accessor<T, Self>, connection: Resource<Connection>, max: u32) -> Answer<Vec<u8>> {
        let most = usize::try_from(max).unwrap_or(MAX_BYTES).min(MAX_BYTES);
        Ok(socket(accessor, &connection)?.read(most).await.map_err(|error| answered(&error)))
    }

    async fn write(accessor: &Accessor<T, Self>, connection: Resource<Connection>, data: Vec<u8>) -> Answer<()> {
        if data.len() > MAX_BYTES {
            let text = format!("limit \"bytes of a write\" exceeded: {} asked, {MAX_BYTES} allowed", data.len());
            return Ok(Err(NetError::Limit(text)));
        }
        Ok(socket(accessor, &connection)?.write(&data).await.map_err(|error| answered(&error)))
    }

    async fn start_tls(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        options: TlsOptions,
    ) -> Answer<TlsInfo> {
        let TlsOptions { server_name, verify, alpn } = options;
        let verify = match verify {
            Verify::Full => wellhead_egress::Verify::Full,
            Verify::CaOnly => wellhead_egress::Verify::CaOnly,
            Verify::None => wellhead_egress::Verify::None,
        };
        let options = wellhead_egress::TlsOptions { server_name, verify, alpn };
        let upgraded = socket(accessor, &connection)?.start_tls(options).await;
        let info = upgraded.map(|info| TlsInfo { server_end_point: info.server_end_point, alpn: info.alpn });
        Ok(info.map_err(|error| answered(&error)))
    }

    async fn finish(accessor: &Accessor<T, Self>, connection: Resource<Connection>) -> Answer<()> {
        Ok(socket(accessor, &connection)?.finish().await.map_err(|error| answered(&error)))
    }
}

fn socket<T>(
    accessor: &Accessor<T, HasSelf<HostState>>,
    connection: &Resource<Connection>,
) -> wasmtime::Result<Arc<Socket>> {
    accessor.with(|mut access| Ok(access.get().table().get(connection)?.0.clone()))
}

fn answered(error: &SocketError) -> NetError {
    match error {
        SocketError::Egress(error) => net_error(error),
        SocketError::Misused(text) => NetError::Other((*text).to_owned()),
        SocketError::Closed(text) => NetError::Closed(text.clone()),
    }
}

fn net_error(error: &EgressError) -> NetError {
    let text = error.to_string();
    match error {
        error if error.is_timeout() => NetError::Timeout(text),
        error if error.is_denied() => NetError::Denied(text),
        error if error.is_limit() => NetError::Limit(text),
        EgressError::Unresolved { .. } => NetError::Unresolved(text),
        EgressError::Refused { .. } | EgressError::Unreachable { .. } => NetError::Refused(text),
        EgressError::InvalidSetting { .. } | EgressError::InvalidEndpoint { .. } => NetError::InvalidSetting(text),
        EgressError::Tls { .. } | EgressError::InvalidTls { .. } => NetError::Tls(text),
        EgressError::Lost { .. } => NetError::Closed(text),
        _ => NetError::Other(text),
    }
}
