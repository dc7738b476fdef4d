//! What is wrong with a macro, and where. Its author is the one to mend it.

use serde_json::json;
use wellhead_sdk::{Error, ErrorSource};

/// A macro that cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("macro {name} at line {line}, column {column}: {problem}")]
pub struct MacroError {
    /// The macro, as it is written.
    pub name: String,
    /// What is wrong, and what to do.
    pub problem: String,
    /// Line of the macro in the SQL, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl MacroError {
    /// At a byte of the SQL.
    pub(super) fn at(sql: &str, start: usize, name: &str, problem: String) -> Self {
        let before = sql.get(..start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            name: name.to_owned(),
            problem,
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: line.chars().count() + 1,
        }
    }
}

/// Status 400, and downstream's as Grafana has it: the query came from there.
impl From<MacroError> for Error {
    fn from(error: MacroError) -> Self {
        let details = json!({ "macro": error.name, "line": error.line, "column": error.column });
        Self::new(400, ErrorSource::Downstream, format_args!("interpolation failed: {error}")).with_details(details)
    }
}
