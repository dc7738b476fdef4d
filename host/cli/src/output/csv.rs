//! Frames as CSV (RFC 4180): a heading line, then the rows; several frames stand apart by an empty line.
//! Null is an empty cell.

use super::text::FieldText;
use std::io::{self, Write};
use wellhead_frame::Frame;

pub(crate) fn write(out: &mut dyn Write, frames: &[Frame]) -> io::Result<()> {
    let mut first = true;
    for frame in frames.iter().filter(|frame| frame.num_fields() > 0) {
        if !first {
            writeln!(out)?;
        }
        first = false;
        write_rows(out, frame, true)?;
    }
    Ok(())
}

/// Writes the rows of one frame, under their heading where that is wanted.
pub(super) fn write_rows(out: &mut dyn Write, frame: &Frame, heading: bool) -> io::Result<()> {
    if frame.num_fields() > 0 {
        let texts: Vec<FieldText<'_>> = frame.fields().map(FieldText::new).collect();
        let mut csv = csv::Writer::from_writer(&mut *out);
        if heading {
            csv.write_record(texts.iter().map(FieldText::heading))?;
        }
        let mut columns: Vec<_> = frame.fields().map(|field| field.values()).collect();
        for _ in 0..frame.num_rows() {
            for (column, text) in columns.iter_mut().zip(&texts) {
                csv.write_field(column.next().and_then(|value| text.value(&value)).unwrap_or_default())?;
            }
            csv.write_record(None::<&[u8]>)?;
        }
        csv.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_frame::{Field, Timestamp};

    #[test]
    fn frames_stand_apart_and_cells_are_quoted_where_they_must_be() {
        let times = vec![Timestamp::from_nanos(1), Timestamp::from_seconds(1)];
        let one = Frame::builder("")
            .column(Field::new("time"), times)
            .column(Field::new("up").label("job", "a"), vec![Some(1.5), None])
            .build()
            .unwrap();
        let two = Frame::builder("").column(Field::new("line"), vec!["a,\"b\"\nc"]).build().unwrap();
        let mut out = Vec::new();
        write(&mut out, &[one, Frame::empty("no data"), two]).unwrap();
        let expected = "time,\"up{job=\"\"a\"\"}\"\n1970-01-01T00:00:00.000000001Z,1.5\n1970-01-01T00:00:01.000000000Z,\n\
            \nline\n\"a,\"\"b\"\"\nc\"\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
