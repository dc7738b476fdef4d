//! What a frame keeps in memory, which may be far more than its rows take: columns are views of the message they came in,
//! and what else was in that message is its writer's to choose.

use arrow_array::{ArrayRef, RecordBatch, make_array};
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;
use std::collections::HashSet;
use std::sync::Arc;
use wellhead_frame::Frame;

/// What a frame may keep beside its rows without being copied: headers of messages, and padding of small columns.
const SLACK: usize = 4 << 10;

/// The frame, and the bytes it keeps. One that keeps more than twice its rows is copied and lets go of the rest.
pub(super) fn lean(frame: Frame) -> (Frame, usize) {
    let size = Size::of(&frame);
    if size.held <= size.rows.saturating_mul(2).saturating_add(SLACK) {
        return (frame, size.larger());
    }
    let batches = frame.batches().iter().map(copied).collect();
    // Of the same columns: where that does not do, the frame is weighed as it is.
    match Frame::try_new(Arc::clone(frame.schema()), batches) {
        Ok(copy) => {
            let size = Size::of(&copy);
            (copy, size.larger())
        }
        Err(_) => (frame, size.larger()),
    }
}

struct Size {
    rows: usize,
    held: usize,
}

impl Size {
    fn of(frame: &Frame) -> Self {
        let (mut rows, mut held, mut seen) = (0_usize, 0_usize, HashSet::new());
        for column in frame.batches().iter().flat_map(RecordBatch::columns) {
            let data = column.to_data();
            rows = rows.saturating_add(data.get_slice_memory_size().unwrap_or_default());
            held = held.saturating_add(held_by(&data, &mut seen));
        }
        Self { rows, held }
    }

    /// Columns that share an allocation are sent one by one all the same.
    fn larger(&self) -> usize {
        self.rows.max(self.held)
    }
}

/// Bytes of the allocations that are not `seen` yet.
fn held_by(data: &ArrayData, seen: &mut HashSet<usize>) -> usize {
    let buffers = data.buffers().iter().chain(data.nulls().map(|nulls| nulls.buffer()));
    let own = buffers.filter(|buffer| seen.insert(buffer.data_ptr().as_ptr() as usize)).map(|buffer| buffer.capacity());
    let own = own.fold(0, usize::saturating_add);
    data.child_data().iter().map(|child| held_by(child, seen)).fold(own, usize::saturating_add)
}

fn copied(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| copy(column).unwrap_or_else(|| Arc::clone(column))).collect();
    // Nothing but the columns differs; without any, the number of rows is the batch's alone.
    RecordBatch::try_new(batch.schema(), columns).unwrap_or_else(|_| batch.clone())
}

fn copy(column: &ArrayRef) -> Option<ArrayRef> {
    let data = column.to_data();
    let mut copy = MutableArrayData::try_new(vec![&data], false, data.len()).ok()?;
    copy.try_extend(0, 0, data.len()).ok()?;
    Some(make_array(copy.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::Field;

    /// The first rows of a longer frame.
    fn first(rows: usize, of: usize) -> Frame {
        let words: Vec<_> = (0..of).map(|n| (n % 2 == 0).then(|| format!("w{n}"))).collect();
        let numbers: Vec<_> = (0..of).map(|n| n as f64).collect();
        let long = Frame::builder("f").column(Field::new("w"), words).column(Field::new("n"), numbers).build().unwrap();
        let batches = long.batches().iter().map(|batch| batch.slice(0, rows)).collect();
        Frame::try_new(Arc::clone(long.schema()), batches).unwrap()
    }

    #[test]
    fn a_frame_that_keeps_far_more_than_its_rows_is_copied_with_all_that_is_in_it() {
        let padded = first(3, 100_000);
        assert!(Size::of(&padded).held > 1_000_000);
        let (lean, bytes) = lean(padded.clone());
        assert!(bytes < 1_000, "{bytes}");
        assert_eq!(lean.batches(), padded.batches());
        assert!(Arc::ptr_eq(lean.schema(), padded.schema()));
    }

    #[test]
    fn a_frame_that_keeps_little_more_is_not_copied_and_weighs_what_it_keeps() {
        let little = first(10, 200);
        let (same, bytes) = lean(little.clone());
        assert_eq!(bytes, Size::of(&little).held);
        assert!(bytes > 2_000, "{bytes}");
        let place = |frame: &Frame| frame.batches()[0].column(1).to_data().buffers()[0].as_ptr();
        assert_eq!(place(&same), place(&little));
    }

    #[test]
    fn what_two_columns_share_is_counted_once() {
        let values = arrow_array::Int64Array::from(vec![7; 1_000]);
        let halves: [ArrayRef; 2] = [Arc::new(values.slice(0, 500)), Arc::new(values.slice(500, 500))];
        let batch = RecordBatch::try_from_iter([("a", halves[0].clone()), ("b", halves[1].clone())]).unwrap();
        let frame = Frame::try_new(batch.schema(), vec![batch]).unwrap();
        assert_eq!(lean(frame).1, 8_000);
    }
}
