//! Loads, isolates, calls and replaces data-source plugins: wasmtime behind one trait.
