//! Writes `modules.wasm`: a component of nothing but two hundred core modules that wasm-smith made, always the same.
//!
//! `cargo run --release --manifest-path tests/made-modules/Cargo.toml --target-dir target/made-modules`

use anyhow::Context;
use std::path::Path;
use wasm_encoder::{Component, ComponentSectionId, RawSection};
use wellhead_test_support::Random;

const MODULES: usize = 200;

/// Bytes of randomness a module is made of, at most. Modules become about as large.
const BYTES: usize = 1_536;

fn main() -> anyhow::Result<()> {
    let mut random = Random::new(3);
    let mut component = Component::new();
    for _ in 0..MODULES {
        let size = 64 + random.below(BYTES - 64);
        let bytes = random.bytes(size);
        // No imports, so that the runtime gets as far as instantiating them.
        let config = wasm_smith::Config { max_imports: 0, ..Default::default() };
        let module = wasm_smith::Module::new(config, &mut arbitrary::Unstructured::new(&bytes))?.to_bytes();
        component.section(&RawSection { id: ComponentSectionId::CoreModule.into(), data: &module });
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules.wasm");
    std::fs::write(&file, component.finish()).with_context(|| file.display().to_string())
}
