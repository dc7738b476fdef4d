//! Words a crash for the person who has to mend it.

use super::guest_log::GuestLog;
use wasmtime::{FrameInfo, WasmBacktrace};

/// Function names shown of a backtrace, innermost first.
const NAMES: usize = 4;

/// The guest's own panic message, the trap, the functions it was in.
pub(super) fn report(log: &GuestLog, error: &wasmtime::Error, refused_memory: Option<usize>) -> String {
    let mut parts = Vec::new();
    parts.extend(log.panic_message());
    parts.push(error.root_cause().to_string());
    if let Some(asked) = refused_memory {
        parts.push(format!("it had asked for {asked} bytes of memory, more than its limit"));
    }
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        let places = backtrace.frames().iter().flat_map(places);
        let names: Vec<String> = places.filter(|place| !is_machinery(place)).take(NAMES).collect();
        if !names.is_empty() {
            parts.push(format!("in {}", names.join(" < ")));
        }
    }
    parts.join("; ")
}

/// The functions of a frame, innermost first: those that were inlined too, with their source lines, where the component has
/// what is needed to tell.
fn places(frame: &FrameInfo) -> Vec<String> {
    let symbols = frame.symbols().iter().filter_map(|symbol| {
        let name = demangled(symbol.name()?);
        Some(match (symbol.file(), symbol.line()) {
            (Some(file), Some(line)) => format!("{name} ({file}:{line})"),
            _ => name,
        })
    });
    let places: Vec<String> = symbols.collect();
    if places.is_empty() { frame.func_name().map(demangled).into_iter().collect() } else { places }
}

/// Without the hash that Rust appends.
fn demangled(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(name))
}

/// Functions through which every panic goes: they say nothing about this one.
fn is_machinery(name: &str) -> bool {
    let name = name.trim_start_matches('<');
    ["std::", "core::", "alloc::", "__rust", "rust_", "abort", "dlmalloc", "panic", "wit_bindgen::rt"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_demangled_and_the_panic_machinery_is_left_out() {
        assert_eq!(demangled("_ZN8testdata8scenario3run17h0123456789abcdefE"), "testdata::scenario::run");
        assert!(is_machinery("std::panicking::begin_panic_handler") && is_machinery("__rustc::rust_panic"));
        assert!(!is_machinery("testdata::scenario::run"));
    }
}
