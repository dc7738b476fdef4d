//! The contract, generated once for the widest world this host serves. Optional exports are looked up per component.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin-net",
    imports: {
        "wellhead:plugin/fetch": store | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "wellhead:plugin/net.connection": crate::wasm::imports::net::Connection },
});

pub(crate) use exports::wellhead::plugin::{datasource, resources, streaming};
pub(crate) use wellhead::plugin::{cache, fetch, log, metrics, net, types};
