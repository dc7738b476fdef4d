//! A compiled component, ready to be instantiated: imports resolved, exports looked up once.

use super::bindings::{datasource, resources};
use super::state::HostState;
use std::sync::Arc;
use wasmtime::component::{Component, InstancePre, Linker};

/// One loaded version of a plugin's code.
pub(crate) struct Prepared {
    pub(super) instance: InstancePre<HostState>,
    pub(super) datasource: datasource::GuestIndices,
    /// Only where the component exports it.
    pub(super) resources: Option<resources::GuestIndices>,
}

impl Prepared {
    /// Compiles `wasm` (from the cache where it is there) and links it. Takes seconds of CPU: never on an async thread.
    ///
    /// The error is a sentence for the person who put the file there.
    pub(crate) fn compile(linker: &Linker<HostState>, wasm: &[u8]) -> Result<Arc<Self>, String> {
        let component =
            Component::new(linker.engine(), wasm).map_err(|error| format!("does not compile: {error:#}"))?;
        let instance = linker
            .instantiate_pre(&component)
            .map_err(|error| format!("asks for something this host does not offer: {error:#}"))?;
        let datasource = datasource::GuestIndices::new(&instance)
            .map_err(|error| format!("its datasource export is not the contract's: {error:#}"))?;
        // Whether the export is there was settled by the outline; here one that is there but of another type is told.
        let exports_resources = component.get_export_index(None, "wellhead:plugin/resources@0.1.0").is_some();
        let resources = exports_resources
            .then(|| resources::GuestIndices::new(&instance))
            .transpose()
            .map_err(|error| format!("its resources export is not the contract's: {error:#}"))?;
        Ok(Arc::new(Self { instance, datasource, resources }))
    }
}
