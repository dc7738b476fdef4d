//! The file format: magic, messages, footer, magic. The footer is the table of contents, and as little to be trusted as
//! the rest: the blocks it lists must lie within the file and must not lie on one another.

use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_ipc::Block;

use super::decode::Decoder;
use super::malformed;
use super::message::{Encapsulated, first_line, options, slice, version};
use super::plan::Plan;
use super::schema::{self, Unions};
use crate::{Frame, FrameError, ReadLimits};

const MAGIC: &[u8] = b"ARROW1";
/// Length of the footer and magic, at the end.
const TAIL: usize = 10;

/// Whether these bytes mean to be a file.
pub(super) fn is_file(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn read(bytes: &Buffer, limits: &ReadLimits) -> Result<Frame, FrameError> {
    let footer = footer(bytes)?;
    let footer = arrow_ipc::root_as_footer_with_opts(&options(limits), &footer)
        .map_err(|problem| malformed(format!("file footer: {}", first_line(&problem))))?;
    version(footer.version())?;
    let ipc_schema = footer.schema().ok_or_else(|| malformed("the file footer has no schema"))?;
    let plan = Plan::of_schema(schema::read(ipc_schema, Unions::Refused, limits)?)?;
    let mut decoder = Decoder::new(Arc::new(plan), limits);
    let mut frame = decoder.frame();
    let mut left = bytes.len() as u64;
    let blocks = footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten());
    for block in blocks {
        // Before it is read: a footer may list one block a million times.
        decoder.count_message()?;
        let bytes = extent(bytes, block)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| malformed("the blocks of the file overlap"))?;
        let message = Encapsulated::only(&bytes, limits)?;
        if let Some(batch) = decoder.decode(&message)? {
            decoder.count_rows(&batch)?;
            frame.push_batch(batch)?;
        }
    }
    Ok(frame)
}

fn footer(bytes: &Buffer) -> Result<Buffer, FrameError> {
    let body = bytes.len().checked_sub(TAIL).filter(|end| *end >= MAGIC.len());
    let tail = body.and_then(|end| bytes.get(end..)).and_then(|tail| tail.split_first_chunk::<4>());
    let (Some(end), Some((length, MAGIC))) = (body, tail) else {
        return Err(FrameError::NotIpc { problem: "it starts as a file and does not end as one".to_owned() });
    };
    let length = i32::from_le_bytes(*length);
    let start = usize::try_from(length).ok().and_then(|length| end.checked_sub(length)).filter(|start| *start > 0);
    let start = start.ok_or_else(|| malformed(format!("a footer of {length} bytes in a file of {}", bytes.len())))?;
    slice(bytes, start, (end - start) as u64, "file footer")
}

/// The bytes of a block, prefix included.
fn extent(bytes: &Buffer, block: &Block) -> Result<Buffer, FrameError> {
    let start = usize::try_from(block.offset()).ok();
    let metadata = u64::try_from(block.metaDataLength()).ok();
    let body = u64::try_from(block.bodyLength()).ok();
    match (start, metadata.zip(body).and_then(|(metadata, body)| metadata.checked_add(body))) {
        (Some(start), Some(length)) => slice(bytes, start, length, "file block"),
        _ => Err(malformed(format!(
            "a file block at {} of {} and {} bytes",
            block.offset(),
            block.metaDataLength(),
            block.bodyLength()
        ))),
    }
}
