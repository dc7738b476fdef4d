//! The data frame: Grafana's fields over Arrow.
//!
//! A [`Frame`] is an Arrow schema that bears Grafana's metadata, and record batches under it. This crate builds frames,
//! writes and reads them as Arrow IPC and as Grafana's JSON, and casts what Grafana's reader refuses. Guests, hosts and
//! clients use it alike; what a query is, and how bytes travel, is left to others.
//!
//! ```
//! # #[cfg(feature = "build")] {
//! use wellhead_frame::{Field, Frame, Timestamp};
//!
//! let frame = Frame::builder("cpu")
//!     .ref_id("A")
//!     .column(Field::new("time"), vec![Timestamp::from_millis(0), Timestamp::from_millis(1_000)])
//!     .column(Field::new("value").label("host", "a"), vec![Some(0.5), None])
//!     .build()?;
//! assert_eq!(frame.num_rows(), 2);
//! let bytes = frame.to_ipc_stream()?;
//! # assert!(!bytes.is_empty());
//! # }
//! # Ok::<(), wellhead_frame::FrameError>(())
//! ```
//!
//! Features: `build` (builders, Arrow IPC out), `read` (Arrow IPC in, from writers nobody trusts), `json` (Grafana's
//! JSON, both ways), `cast` (other Arrow types in). Guests want `build`, at most `json`.

mod config;
mod error;
mod field;
mod field_type;
mod frame;
mod meta;
mod number_form;
mod values;

#[cfg(any(feature = "read", feature = "json"))]
mod limits;

#[cfg(feature = "build")]
mod builder;
#[cfg(feature = "build")]
mod column;
#[cfg(feature = "build")]
mod pick;
#[cfg(feature = "build")]
mod resample;
#[cfg(feature = "build")]
mod rows;
#[cfg(feature = "build")]
mod time_series;
#[cfg(feature = "build")]
mod wide;
#[cfg(feature = "build")]
mod write;

#[cfg(feature = "read")]
mod canonical;
#[cfg(feature = "cast")]
mod cast;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "read")]
mod read;

pub use arrow_array::{ArrayRef, RecordBatch};
pub use arrow_schema::{DataType, SchemaRef};

pub use config::{
    DataFrameType, DataLink, EnumType, FieldConfig, Threshold, ThresholdsConfig, ThresholdsMode, TypeConfig,
};
pub use error::FrameError;
pub use field::{Field, FieldView, Labels};
pub use field_type::{FieldType, UnknownFieldType};
pub use frame::Frame;
#[cfg(any(feature = "read", feature = "json"))]
pub use limits::ReadLimits;
pub use meta::{DataTopic, FrameMeta, FrameType, InspectTab, Notice, Severity, Stat};
pub use values::{EnumValue, RawJson, Timestamp, Value};

#[cfg(feature = "build")]
pub use builder::FrameBuilder;
#[cfg(feature = "build")]
pub use column::Column;
#[cfg(feature = "build")]
pub use resample::Grid;
#[cfg(feature = "build")]
pub use rows::RowsBuilder;
#[cfg(feature = "build")]
pub use time_series::{FillMode, TimeSeriesKind};
#[cfg(feature = "build")]
pub use write::{FrameWriter, PieceWriter};

#[cfg(feature = "json")]
pub use json::JsonOptions;
#[cfg(feature = "read")]
pub use read::{FrameReader, PieceReader, ipc};
