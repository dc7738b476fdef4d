use crate::wasm::bindings::log::{Host, Level};
use crate::wasm::state::HostState;

impl Host for HostState {
    fn write(
        &mut self,
        level: Level,
        target: String,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.log.write(level, &target, &message, &fields);
        Ok(())
    }
}
