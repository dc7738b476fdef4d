//! Series of one point each, as an instant query answers, put into one table: a series a row. A table a series would be
//! many times as long and say no more.

use super::text::FieldText;
use wellhead_frame::{Field, Frame, Timestamp, Value};

/// The one point of a series.
struct Point {
    ref_id: String,
    time: Option<Timestamp>,
    series: String,
    value: Option<f64>,
}

/// The frames, where those that hold one point each, of one refId and in a row, have become one.
pub(crate) fn gather(frames: &[Frame]) -> Vec<Frame> {
    let mut gathered = Vec::with_capacity(frames.len());
    let mut left = frames;
    while let Some((first, rest)) = left.split_first() {
        let ref_id = first.ref_id();
        let points: Vec<Point> = left.iter().map_while(Point::of).take_while(|point| point.ref_id == ref_id).collect();
        match one_frame(&points) {
            Some(frame) => {
                gathered.push(frame);
                left = left.get(points.len()..).unwrap_or_default();
            }
            None => {
                gathered.push(first.clone());
                left = rest;
            }
        }
    }
    gathered
}

impl Point {
    fn of(frame: &Frame) -> Option<Self> {
        let (Some(time), Some(value), 2, 1) = (frame.field(0), frame.field(1), frame.num_fields(), frame.num_rows())
        else {
            return None;
        };
        let series = FieldText::new(value).heading();
        let time = match time.values().next()? {
            Value::Time(time) => Some(time),
            _ => return None,
        };
        let value = match value.values().next()? {
            Value::Float64(value) => Some(value),
            Value::Null => None,
            _ => return None,
        };
        Some(Self { ref_id: frame.ref_id().to_owned(), time, series, value })
    }
}

/// A frame of at least two points.
fn one_frame(points: &[Point]) -> Option<Frame> {
    let [first, _, ..] = points else { return None };
    Frame::builder("")
        .ref_id(&first.ref_id)
        .column(Field::new("Time"), points.iter().map(|point| point.time).collect::<Vec<_>>())
        .column(Field::new("Series"), points.iter().map(|point| point.series.clone()).collect::<Vec<_>>())
        .column(Field::new("Value"), points.iter().map(|point| point.value).collect::<Vec<_>>())
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(ref_id: &str, job: &str, values: &[f64]) -> Frame {
        Frame::builder("")
            .ref_id(ref_id)
            .column(Field::new("Time"), vec![Timestamp::from_seconds(0); values.len()])
            .column(Field::new("up").label("job", job), values.to_vec())
            .build()
            .unwrap()
    }

    #[test]
    fn only_neighbours_of_one_point_and_one_ref_id_are_put_together() {
        let frames = [
            series("A", "a", &[1.0]),
            series("A", "b", &[2.0]),
            series("A", "c", &[1.0, 2.0]),
            series("A", "d", &[1.0]),
            series("B", "e", &[1.0]),
            series("B", "f", &[1.0]),
            Frame::empty("nothing"),
        ];
        let gathered = gather(&frames);
        let shape: Vec<_> =
            gathered.iter().map(|frame| (frame.ref_id(), frame.num_fields(), frame.num_rows())).collect();
        assert_eq!(shape, [("A", 3, 2), ("A", 2, 2), ("A", 2, 1), ("B", 3, 2), ("", 0, 0)]);
        let names: Vec<_> = gathered[0].field(1).unwrap().values().collect();
        assert_eq!(names, [Value::from("up{job=\"a\"}"), Value::from("up{job=\"b\"}")]);
    }
}
