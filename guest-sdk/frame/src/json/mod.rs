//! Grafana's JSON form of a frame, both ways (`frame.schema.json`, and `data/frame_json.go` of Grafana's plugin SDK).
//! It is written straight from the Arrow arrays, column by column as the form wants it.

mod compact;
mod float;
mod read;
mod read_column;
mod schema;
mod text;
mod write;

#[cfg(feature = "cast")]
pub(crate) use {float::Float, text::write_string};

use std::io;

use crate::limits::within;
use crate::{Frame, FrameError};

/// Bounds on a frame that is written as JSON. A frame above them is an error, and the output is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonOptions {
    /// Bytes of the document. 64 MiB. The error may come a few hundred kilobytes late.
    pub max_bytes: usize,
    /// Rows of the frame. 1,000,000.
    pub max_rows: usize,
}

/// What of a frame is written.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Whole,
    /// Without the schema.
    Data,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_rows: 1_000_000 }
    }
}

impl JsonOptions {
    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub const fn with_max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets [`max_rows`](Self::max_rows).
    #[must_use]
    pub const fn with_max_rows(mut self, max_rows: usize) -> Self {
        self.max_rows = max_rows;
        self
    }
}

impl Frame {
    /// Appends the frame as Grafana's JSON: `{"schema":{…},"data":{"values":[…]}}`.
    ///
    /// Times are milliseconds with the remainder in `nanos`; NaN and the infinities are null and listed in `entities`.
    /// A json.RawMessage value is checked before it is put into the document, since a guest could otherwise end the
    /// document early and go on with one of its own; an empty one is null. The whole is on one line.
    ///
    /// # Errors
    /// More rows or bytes than allowed; a json.RawMessage that is not one JSON document. `out` is then as it was.
    pub fn write_json(&self, out: &mut Vec<u8>, options: &JsonOptions) -> Result<(), FrameError> {
        self.write(out, Part::Whole, options)
    }

    /// Appends the frame's values alone, for a reader who has the schema: `{"data":{"values":[…]}}`, as Grafana Live sends
    /// every frame after the first of a schema (`data/frame_json.go`, `IncludeDataOnly`). Otherwise as
    /// [`write_json`](Self::write_json).
    ///
    /// ```
    /// use wellhead_frame::{Field, Frame, JsonOptions};
    ///
    /// let frame = Frame::builder("cpu").column(Field::new("value"), vec![0.5, f64::NAN]).build()?;
    /// let mut out = Vec::new();
    /// frame.write_data_json(&mut out, &JsonOptions::default())?;
    /// assert_eq!(out, br#"{"data":{"values":[[0.5,null]],"entities":[{"NaN":[1]}]}}"#);
    /// # Ok::<(), wellhead_frame::FrameError>(())
    /// ```
    ///
    /// # Errors
    /// As [`write_json`](Self::write_json).
    pub fn write_data_json(&self, out: &mut Vec<u8>, options: &JsonOptions) -> Result<(), FrameError> {
        self.write(out, Part::Data, options)
    }

    fn write(&self, out: &mut Vec<u8>, part: Part, options: &JsonOptions) -> Result<(), FrameError> {
        let start = out.len();
        within("max_rows", self.num_rows() as u64, options.max_rows)?;
        let written = write::frame(self, part, out, start, options);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    /// The frame as Grafana's JSON.
    ///
    /// # Errors
    /// As [`write_json`](Self::write_json).
    pub fn to_json(&self, options: &JsonOptions) -> Result<Vec<u8>, FrameError> {
        let mut out = Vec::new();
        self.write_json(&mut out, options)?;
        Ok(out)
    }

    /// Writes the frame as Grafana's JSON to anything that takes bytes, after it was written in memory.
    ///
    /// # Errors
    /// As [`write_json`](Self::write_json), and the writer's own.
    pub fn write_json_to(&self, mut writer: impl io::Write, options: &JsonOptions) -> Result<(), FrameError> {
        Ok(writer.write_all(&self.to_json(options)?)?)
    }
}
