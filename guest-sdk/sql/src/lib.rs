//! The SQL kit: what every SQL data source needs and no driver has.
//!
//! A query's way through it: [`SqlQuery`] is the model; [`expand`] puts the time range into its macros, in the server's
//! [`Dialect`]; a connection comes from the [`pool`]; the plugin's driver runs the text and hands back record batches;
//! [`answer`] makes Grafana's frames of them, a table batch by batch. [`SqlError`] is what the server says no with, and
//! [`page`] and [`explain`] are for views of tables and for cost.
//!
//! Grafana's own SQL plugins are the measure: the same SQL goes out, the same frames come back.

mod dialect;
mod error;
mod instant;
mod macros;
mod model;
mod page;
mod period;
mod recent;
mod result;
mod statements;
mod tokens;

pub mod pool;

pub use dialect::Dialect;
pub use error::{SqlError, SqlErrorKind};
pub use instant::rfc3339_nano;
pub use macros::{Expanded, Fill, MacroContext, MacroError, expand};
pub use model::{Format, Page, SqlQuery, SqlSettings};
pub use page::{ExplainRequest, explain, page};
pub use period::{PeriodError, format_period, parse_period};
pub use recent::RecentStatements;
pub use result::{AnswerOptions, DEFAULT_ROW_LIMIT, answer, failed};
pub use statements::{Statement, statements};
pub use tokens::{Token, TokenKind, Tokens};
pub use wellhead_sdk::frame::FillMode;
