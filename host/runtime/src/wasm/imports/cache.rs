use crate::wasm::bindings::cache::Host;
use crate::wasm::state::HostState;
use std::time::Duration;

impl Host for HostState {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.cache.get(&key).map(|value| value.to_vec()))
    }

    fn set(&mut self, key: String, value: Vec<u8>, ttl_ms: u32) -> wasmtime::Result<()> {
        self.cache.set(key, &value, Duration::from_millis(u64::from(ttl_ms)));
        Ok(())
    }

    fn delete(&mut self, key: String) -> wasmtime::Result<()> {
        self.cache.delete(&key);
        Ok(())
    }
}
