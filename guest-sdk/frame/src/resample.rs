//! A time series on an even grid, by the rules of Grafana's `ResampleWideFrame`: a point of the grid has the last row of
//! the step that ends there.

use crate::time_series::{NO_ROW, Roles, gather, one_batch, row_number, times};
use crate::{Column, Field, FillMode, Frame, FrameError, TimeSeriesKind, Timestamp};

/// Times in even steps, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The first time.
    pub from: Timestamp,
    /// Nothing is after this.
    pub to: Timestamp,
    /// Nanoseconds, at least one.
    pub step: i64,
}

impl Grid {
    /// How many times it has.
    pub fn len(&self) -> u64 {
        let span = i128::from(self.to.nanos()) - i128::from(self.from.nanos());
        u64::try_from(span).map_or(0, |span| (span / self.step.max(1).unsigned_abs()).saturating_add(1))
    }

    /// True where it has none: its end is before its start.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn times(self) -> impl Iterator<Item = Timestamp> {
        let step = self.step.max(1);
        let next = move |at: &Timestamp| at.nanos().checked_add(step).map(Timestamp).filter(|at| *at <= self.to);
        std::iter::successors(Some(self.from).filter(|from| *from <= self.to), next)
    }
}

impl Frame {
    /// The frame with a row for every time of the grid: the last row that is after the time before it and not after it.
    /// Where there is none, values are filled; texts and bools go on as they were.
    ///
    /// # Errors
    /// A frame that is no time series, a time that is null, a grid of more than `max_rows` times.
    pub fn resampled(&self, grid: Grid, fill: FillMode, max_rows: usize) -> Result<Self, FrameError> {
        let roles = Roles::of(self);
        let (Some(time), true) = (roles.time, roles.kind() != TimeSeriesKind::Not) else {
            let found = TimeSeriesKind::Not.as_str();
            return Err(FrameError::NotTimeSeries { needed: "a time series", found });
        };
        if grid.len() > max_rows as u64 {
            return Err(FrameError::Limit { limit: "rows of a grid", allowed: max_rows as u64, asked: grid.len() });
        }
        let batch = one_batch(self)?;
        let at = times(self, &batch, time)?;
        let Picked { times, values, others } = pick(grid, at.values(), fill);

        let mut resampled = Self::builder(self.name()).ref_id(self.ref_id());
        if let Some(meta) = self.meta() {
            resampled = resampled.meta(meta.clone());
        }
        for (field, column) in self.fields().zip(batch.columns()) {
            let mut described = Field::new(field.name());
            described.labels.clone_from(&field.info.labels);
            described.config.clone_from(&field.info.config);
            let column = match field.index() {
                place if place == time && field.nullable() => Column::from(times.clone()).nullable(),
                place if place == time => Column::from(times.clone()),
                place if roles.values.contains(&place) => Column::from(gather(column, &values, fill)?).nullable(),
                _ => Column::from(gather(column, &others, FillMode::Null)?).nullable(),
            };
            resampled = resampled.column(described, column);
        }
        resampled.build()
    }
}

/// The rows to take for every time of a grid.
struct Picked {
    times: Vec<Timestamp>,
    values: Vec<u32>,
    others: Vec<u32>,
}

fn pick(grid: Grid, rows: &[i64], fill: FillMode) -> Picked {
    let mut picked = Picked { times: Vec::new(), values: Vec::new(), others: Vec::new() };
    let (mut next, mut last) = (0, NO_ROW);
    for now in grid.times() {
        let before = now.nanos().saturating_sub(grid.step.max(1));
        let mut within = NO_ROW;
        while let Some(at) = rows.get(next).filter(|at| **at <= now.nanos()) {
            last = row_number(next);
            if *at > before {
                within = last;
            }
            next += 1;
        }
        picked.times.push(now);
        picked.values.push(if within == NO_ROW && fill == FillMode::Previous { last } else { within });
        picked.others.push(last);
    }
    picked
}
