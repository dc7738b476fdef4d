//! Frames: built and written as a guest does, read and written as JSON as the host does for every answer.

use crate::path::{HotPath, Repeat};
use crate::tables::{FEW, MANY, Mixed, Series};
use anyhow::{Result, ensure};
use arrow_buffer::Buffer;
use std::hint::black_box;
use wellhead_frame::{Frame, FrameReader, FrameWriter, JsonOptions, PieceReader, PieceWriter, ReadLimits};

pub(crate) const PATHS: &[HotPath] = &[
    HotPath {
        name: "frame/decode-series-1k",
        repetition: "Arrow bytes to a frame, checked: 1,000 rows of time and float64",
        repetitions: 200,
        prepare: || decode(&Series::new(FEW).build()?),
    },
    HotPath {
        name: "frame/decode-again-series-1k",
        repetition: "the same, by a reader that knows the schema",
        repetitions: 200,
        prepare: || decode_again(&Series::new(FEW).build()?),
    },
    HotPath {
        name: "frame/decode-series-100k",
        repetition: "Arrow bytes to a frame, checked: 100,000 rows of time and float64",
        repetitions: 200,
        prepare: || decode(&Series::new(MANY).build()?),
    },
    HotPath {
        name: "frame/decode-mixed-1k",
        repetition: "the same, 1,000 rows of ten columns with texts and nulls",
        repetitions: 100,
        prepare: || decode(&Mixed::new(FEW).build()?),
    },
    HotPath {
        name: "frame/decode-mixed-100k",
        repetition: "the same, 100,000 rows",
        repetitions: 5,
        prepare: || decode(&Mixed::new(MANY).build()?),
    },
    HotPath {
        name: "frame/pieces-mixed-100k",
        repetition: "schema and batches of 1 MiB as a guest streams them, checked and passed on: 100,000 rows of ten columns",
        repetitions: 5,
        prepare: || pieces(&Mixed::new(MANY).build()?),
    },
    HotPath {
        name: "frame/build-series-100k",
        repetition: "vectors to a frame: 100,000 rows of time and float64",
        repetitions: 10,
        prepare: || {
            let series = Series::new(MANY);
            build(MANY, move || series.build())
        },
    },
    HotPath {
        name: "frame/build-mixed-1k",
        repetition: "the same, 1,000 rows of ten columns with texts and nulls",
        repetitions: 100,
        prepare: || {
            let mixed = Mixed::new(FEW);
            build(FEW, move || mixed.build())
        },
    },
    HotPath {
        name: "frame/encode-mixed-1k",
        repetition: "a frame to Arrow bytes: 1,000 rows of ten columns",
        repetitions: 100,
        prepare: || encode(Mixed::new(FEW).build()?),
    },
    HotPath {
        name: "frame/encode-again-series-1",
        repetition: "a row of time and float64, by a writer that knows the schema",
        repetitions: 200,
        prepare: || encode_again(&Series::new(1).build()?, Series::new(1).build()?),
    },
    HotPath {
        name: "frame/encode-series-1",
        repetition: "the same, by one that does not",
        repetitions: 200,
        prepare: || encode(Series::new(1).build()?),
    },
    HotPath {
        name: "frame/encode-series-100k",
        repetition: "the same, 100,000 rows of time and float64",
        repetitions: 20,
        prepare: || encode(Series::new(MANY).build()?),
    },
    HotPath {
        name: "frame/json-series-1k",
        repetition: "a frame to Grafana's JSON: 1,000 rows of time and float64",
        repetitions: 50,
        prepare: || json(Series::new(FEW).build()?),
    },
    HotPath {
        name: "frame/json-series-100k",
        repetition: "the same, 100,000 rows",
        repetitions: 1,
        prepare: || json(Series::new(MANY).build()?),
    },
    HotPath {
        name: "frame/json-mixed-1k",
        repetition: "the same, 1,000 rows of ten columns with texts and nulls",
        repetitions: 10,
        prepare: || json(Mixed::new(FEW).build()?),
    },
];

fn decode(frame: &Frame) -> Result<Repeat> {
    let (rows, bytes, limits) = (frame.num_rows(), Buffer::from_vec(frame.to_ipc_stream()?), ReadLimits::default());
    Ok(Box::new(move || {
        let frame = black_box(Frame::from_ipc(black_box(&bytes).clone(), &limits)?);
        ensure!(frame.num_rows() == rows, "{} rows were read, not {rows}", frame.num_rows());
        Ok(())
    }))
}

fn decode_again(frame: &Frame) -> Result<Repeat> {
    let (rows, bytes, reader) = (frame.num_rows(), Buffer::from_vec(frame.to_ipc_stream()?), FrameReader::default());
    reader.frame(bytes.clone())?;
    Ok(Box::new(move || {
        let frame = black_box(reader.frame(black_box(&bytes).clone())?);
        ensure!(frame.num_rows() == rows, "{} rows were read, not {rows}", frame.num_rows());
        Ok(())
    }))
}

fn pieces(frame: &Frame) -> Result<Repeat> {
    let (schema, mut writer) = PieceWriter::new(frame.schema())?;
    let pieces = frame.batches().iter().flat_map(|batch| PieceWriter::split(batch, PieceWriter::BEST_BYTES));
    let messages = pieces.map(|piece| Ok(writer.batch(&piece)?.into())).collect::<Result<Vec<Buffer>>>()?;
    let (rows, schema, limits) = (frame.num_rows() as u64, Buffer::from_vec(schema), ReadLimits::default());
    Ok(Box::new(move || {
        let mut reader = PieceReader::new(black_box(&schema).clone(), &limits)?;
        for message in &messages {
            black_box(reader.batch(black_box(message).clone())?);
        }
        ensure!(reader.num_rows() == rows, "{} rows were read, not {rows}", reader.num_rows());
        Ok(())
    }))
}

fn build(rows: usize, build: impl Fn() -> Result<Frame> + 'static) -> Result<Repeat> {
    Ok(Box::new(move || {
        let frame = black_box(build()?);
        ensure!(frame.num_rows() == rows, "{} rows were built, not {rows}", frame.num_rows());
        Ok(())
    }))
}

fn encode(frame: Frame) -> Result<Repeat> {
    let bytes = frame.to_ipc_stream()?.len();
    Ok(Box::new(move || {
        let written = black_box(black_box(&frame).to_ipc_stream()?);
        ensure!(written.len() == bytes, "{} bytes were written, not {bytes}", written.len());
        Ok(())
    }))
}

/// By a writer that has written another frame that says the same of its fields.
fn encode_again(one: &Frame, other: Frame) -> Result<Repeat> {
    let mut writer = FrameWriter::default();
    let bytes = writer.stream(one)?.len();
    writer.stream(one)?;
    Ok(Box::new(move || {
        let written = black_box(writer.stream(black_box(&other))?);
        ensure!(written.len() == bytes, "{} bytes were written, not {bytes}", written.len());
        Ok(())
    }))
}

fn json(frame: Frame) -> Result<Repeat> {
    let bytes = frame.to_json(&JsonOptions::default())?.len();
    Ok(Box::new(move || {
        let written = black_box(black_box(&frame).to_json(&JsonOptions::default())?);
        ensure!(written.len() == bytes, "{} bytes were written, not {bytes}", written.len());
        Ok(())
    }))
}
