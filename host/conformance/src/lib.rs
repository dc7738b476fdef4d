//! What every plugin must do, whatever it is a data source for, and the cases its author wrote: run against one `.wasm`
//! file, offline, in a host like any other.
//!
//! A rule knows nothing of the plugin. It asks what the manifest's schemas, the author's cases or the given settings say
//! can be asked, and plays the upstream itself: one that is down, one that hangs, one that was recorded. An error is an
//! answer; what is judged is the contract. A rule that cannot be applied says so, and never passes for that.
//!
//! ```no_run
//! # async fn example() -> Result<(), wellhead_conformance::SuiteError> {
//! use wellhead_conformance::Suite;
//!
//! let report = Suite::new("my_source.wasm").cases("tests/cases").run(|result| println!("{result}")).await?;
//! assert!(!report.has_failed());
//! # Ok(()) }
//! ```

mod answer;
mod case;
mod difference;
mod error;
mod junit;
mod lab;
mod report;
mod rules;
mod sample;
mod settings;
mod subject;
mod suite;

pub use case::{Case, CaseError};
pub use error::SuiteError;
pub use report::{Report, TestResult, Verdict};
pub use rules::{RULES, Rule};
pub use sample::least_query;
pub use suite::{Suite, Update};
