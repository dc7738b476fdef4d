//! Plugins in Python and JavaScript in the real host: they answer as the same plugin in Rust does, and do all else that a
//! plugin in Rust can.

mod cancelled;
mod cases;
mod faults;
mod patience;
mod same_answers;
mod support;
mod upstream;

/// Languages beside Rust: `target/guests/LANGUAGE_json_api.wasm` is an example, `LANGUAGE_cases.wasm` made for these tests.
const LANGUAGES: [&str; 2] = ["python", "js"];
