//! A compiled component, ready to be instantiated: imports resolved, exports looked up once.

use super::bindings::{datasource, resources, streaming};
use super::compile::CompileError;
use super::state::HostState;
use std::sync::Arc;
use wasmtime::component::{Component, InstancePre, Linker};

/// One loaded version of a plugin's code.
pub(crate) struct Prepared {
    pub(super) instance: InstancePre<HostState>,
    pub(super) datasource: datasource::GuestIndices,
    /// Only where the component exports it.
    pub(super) resources: Option<resources::GuestIndices>,
    /// Only where the component exports it.
    pub(super) streaming: Option<streaming::GuestIndices>,
}

impl Prepared {
    /// Links compiled code: looks up what it imports and what it exports. Takes milliseconds.
    pub(super) fn link(linker: &Linker<HostState>, component: &Component) -> Result<Arc<Self>, CompileError> {
        let instance =
            linker.instantiate_pre(component).map_err(|error| CompileError::Import { reason: format!("{error:#}") })?;
        let datasource =
            datasource::GuestIndices::new(&instance).map_err(|error| not_the_contracts("datasource", &error))?;
        // Whether an export is there was settled by the outline; here one that is there but of another type is told.
        let exports = |name: &str| component.get_export_index(None, name).is_some();
        let resources = exports("wellhead:plugin/resources@0.1.0")
            .then(|| resources::GuestIndices::new(&instance))
            .transpose()
            .map_err(|error| not_the_contracts("resources", &error))?;
        let streaming = exports("wellhead:plugin/streaming@0.1.0")
            .then(|| streaming::GuestIndices::new(&instance))
            .transpose()
            .map_err(|error| not_the_contracts("streaming", &error))?;
        Ok(Arc::new(Self { instance, datasource, resources, streaming }))
    }
}

fn not_the_contracts(export: &'static str, error: &wasmtime::Error) -> CompileError {
    CompileError::Export { export, reason: format!("{error:#}") }
}
