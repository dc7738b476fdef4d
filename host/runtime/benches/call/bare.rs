//! The peer: wasmtime and nothing else, calling the same component.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use std::path::Path;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Access, Accessor, Component, FutureReader, HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: { "wellhead:plugin/fetch": store | trappable },
    exports: { default: async },
});

use exports::wellhead::plugin::datasource::Guest;
use wellhead::plugin::types::{CancelReason, DataQuery, InstanceSettings, Instant, RequestContext, TimeRange};
use wellhead::plugin::{cache, fetch, log, metrics, types};

pub(crate) struct Bare {
    linker: Linker<Host>,
    component: Component,
}

#[derive(Default)]
struct Host {
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

impl Bare {
    pub(crate) fn new(wasm: &Path) -> Self {
        let engine = Engine::default();
        let mut linker = Linker::<Host>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi::p3::add_to_linker(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p3::add_to_linker(&mut linker).unwrap();
        Plugin::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host).unwrap();
        Self { component: Component::from_file(&engine, wasm).unwrap(), linker }
    }

    /// Calls inside one `run_concurrent`.
    pub(crate) async fn calls(&self, model: &str, calls: usize, in_flight: usize) {
        let (mut store, plugin) = self.instance().await;
        store
            .run_concurrent(async |accessor| {
                let guest = plugin.wellhead_plugin_datasource();
                configure(accessor, guest).await;
                let one = |_| call(accessor, guest, model.to_owned());
                futures::stream::iter(0..calls).for_each_concurrent(in_flight, one).await;
            })
            .await
            .unwrap();
    }

    /// Calls through a channel to the task that has the Store.
    pub(crate) async fn actor(&self, model: &str, calls: usize, in_flight: usize) {
        let (mut store, plugin) = self.instance().await;
        let (inbox, mut requests) = mpsc::channel::<(String, oneshot::Sender<()>)>(256);
        let task = tokio::spawn(async move {
            store
                .run_concurrent(async |accessor| {
                    let guest = plugin.wellhead_plugin_datasource();
                    configure(accessor, guest).await;
                    let mut running = FuturesUnordered::new();
                    loop {
                        tokio::select! {
                            request = requests.recv() => match request {
                                Some((model, reply)) => running.push(async move {
                                    call(accessor, guest, model).await;
                                    reply.send(()).unwrap();
                                }),
                                None => break,
                            },
                            Some(()) = running.next() => {}
                        }
                    }
                })
                .await
                .unwrap();
        });
        let one = |_| async {
            let (reply, answered) = oneshot::channel();
            inbox.send((model.to_owned(), reply)).await.unwrap();
            answered.await.unwrap();
        };
        futures::stream::iter(0..calls).for_each_concurrent(in_flight, one).await;
        drop(inbox);
        task.await.unwrap();
    }

    async fn instance(&self) -> (Store<Host>, Plugin) {
        let mut store = Store::new(self.linker.engine(), Host::default());
        let plugin = Plugin::instantiate_async(&mut store, &self.component, &self.linker).await.unwrap();
        (store, plugin)
    }
}

async fn configure(accessor: &Accessor<Host>, guest: &Guest) {
    let settings = InstanceSettings {
        id: 1,
        uid: "bench".into(),
        org_id: 1,
        name: String::new(),
        url: String::new(),
        user: String::new(),
        database: String::new(),
        basic_auth: false,
        basic_auth_user: String::new(),
        json_data: "{}".into(),
        secrets: Vec::new(),
        version: 1,
        extensions: Vec::new(),
    };
    guest.call_configure(accessor, settings).await.unwrap().unwrap();
}

async fn call(accessor: &Accessor<Host>, guest: &Guest, model: String) {
    // A token that resolves when the call is over, as a real one does.
    let (over, is_over) = oneshot::channel::<()>();
    let token = async move {
        let _ = is_over.await;
        wasmtime::error::Ok(CancelReason::CallerGone)
    };
    let cancel = accessor.with(|store| FutureReader::new(store, token)).unwrap();
    let context = RequestContext {
        org_id: 1,
        user: None,
        headers: Vec::new(),
        traceparent: None,
        budget_ms: 30_000,
        extensions: Vec::new(),
    };
    let epoch = Instant { seconds: 0, nanoseconds: 0 };
    let query = DataQuery {
        ref_id: "A".into(),
        query_type: String::new(),
        max_data_points: 0,
        interval_ms: 1,
        time_range: TimeRange { from: epoch, to: epoch },
        model,
    };
    let reply = guest.call_query_data(accessor, context, vec![query], cancel).await.unwrap().unwrap();
    assert!(reply.ready.len() == 1 && reply.rest.is_none());
    drop(over);
}
