//! Imports that do nothing, and that nothing is paid for.

use crate::bindings::wellhead::plugin::{cache, fetch, log, metrics, types};
use wasmtime::component::{Access, FutureReader, HasSelf, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

/// What a Store holds.
#[derive(Default)]
pub(crate) struct Host {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    hooks: Nowhere,
}

#[derive(Default)]
struct Nowhere;

type Transmission = Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>;

impl WasiHttpHooks for Nowhere {
    fn send_request(
        &mut self,
        _: http::Request<wasmtime_wasi_http::WasiBody>,
        _: Option<wasmtime_wasi_http::RequestOptions>,
        _: Transmission,
    ) -> Box<
        dyn Future<
                Output = Result<
                    (http::Response<wasmtime_wasi_http::WasiBody>, Transmission),
                    wasmtime_wasi_http::Error,
                >,
            > + Send,
    > {
        Box::new(async { Err(wasmtime_wasi_http::Error::HttpRequestDenied) })
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Host {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

type Labels = Vec<(String, String)>;

impl types::Host for Host {}

impl log::Host for Host {
    fn write(&mut self, _: log::Level, _: String, _: String, _: Labels) {}
}

impl metrics::Host for Host {
    fn add(&mut self, _: String, _: f64, _: Labels) {}
    fn set(&mut self, _: String, _: f64, _: Labels) {}
    fn observe(&mut self, _: String, _: f64, _: Labels) {}
}

impl cache::Host for Host {
    fn get(&mut self, _: String) -> Option<Vec<u8>> {
        None
    }
    fn set(&mut self, _: String, _: Vec<u8>, _: u32) {}
    fn delete(&mut self, _: String) {}
}

impl fetch::Host for Host {}

impl<T: Send + 'static> fetch::HostWithStore<T> for HasSelf<Host> {
    fn send(
        mut access: Access<'_, T, Self>,
        request: fetch::Request,
    ) -> wasmtime::Result<FutureReader<Result<fetch::Response, fetch::FetchError>>> {
        FutureReader::new(&mut access, async { wasmtime::error::Ok(Err(fetch::FetchError::Denied(request.url))) })
    }
}
