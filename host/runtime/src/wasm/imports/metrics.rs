use crate::guest_metrics::Kind;
use crate::wasm::bindings::metrics::Host;
use crate::wasm::state::HostState;

type Labels = Vec<(String, String)>;

impl Host for HostState {
    fn add(&mut self, name: String, value: f64, labels: Labels) -> wasmtime::Result<()> {
        self.metrics.record(Kind::Counter, &name, value, labels);
        Ok(())
    }

    fn set(&mut self, name: String, value: f64, labels: Labels) -> wasmtime::Result<()> {
        self.metrics.record(Kind::Gauge, &name, value, labels);
        Ok(())
    }

    fn observe(&mut self, name: String, value: f64, labels: Labels) -> wasmtime::Result<()> {
        self.metrics.record(Kind::Histogram, &name, value, labels);
        Ok(())
    }
}
