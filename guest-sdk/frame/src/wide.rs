//! Long time series to wide ones, by the rules of Grafana's `LongToWide`: strings and bools become labels, every set of
//! labels a field for every field of values.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};

use crate::time_series::{NO_ROW, Roles, gather, one_batch, row_number, times};
use crate::{Column, Field, FillMode, Frame, FrameError, FrameType, Labels, TimeSeriesKind, Timestamp};

/// Rows of the long frame under one set of labels, a place for every time; may be shorter than there are times.
struct Series {
    labels: Labels,
    rows: Vec<u32>,
}

impl Frame {
    /// The frame as a wide time series: one row a time, one field a series, sorted by name and then by the labels in the
    /// order of their fields. Where a series has two values at a time, the later row counts. Gaps become null unless
    /// `fill` says otherwise; config of fields is not kept.
    ///
    /// ```
    /// # use wellhead_frame::{Field, FillMode, Frame, Timestamp, TimeSeriesKind};
    /// let long = Frame::builder("cpu")
    ///     .column(Field::new("time"), vec![Timestamp(1), Timestamp(1), Timestamp(2)])
    ///     .column(Field::new("host"), vec!["b", "a", "a"])
    ///     .column(Field::new("load"), vec![1.0, 2.0, 3.0])
    ///     .build()?;
    /// let wide = long.long_to_wide(FillMode::Null, 1_000)?;
    /// assert_eq!(wide.time_series_kind(), TimeSeriesKind::Wide);
    /// let hosts: Vec<_> = wide.fields().skip(1).map(|field| field.labels()["host"].as_str()).collect();
    /// assert_eq!((wide.num_rows(), hosts), (2, vec!["a", "b"]));
    /// # Ok::<(), wellhead_frame::FrameError>(())
    /// ```
    ///
    /// # Errors
    /// A frame that is not a long time series or has no rows, a time that is null or before the one above it, more than
    /// `max_cells` values in the wide frame.
    pub fn long_to_wide(&self, fill: FillMode, max_cells: usize) -> Result<Self, FrameError> {
        let roles = Roles::of(self);
        let (kind, needed) = (roles.kind(), TimeSeriesKind::Long.as_str());
        let time = match roles.time {
            Some(time) if kind == TimeSeriesKind::Long && self.num_rows() > 0 => time,
            _ if kind == TimeSeriesKind::Long => {
                return Err(FrameError::NotTimeSeries { needed, found: "without rows" });
            }
            _ => return Err(FrameError::NotTimeSeries { needed, found: kind.as_str() }),
        };
        let batch = one_batch(self)?;
        let (times, series) = self.group(&batch, time, &roles, max_cells)?;
        let mut fields = self.gather_series(&batch, &roles, times.len(), series, fill)?;
        let keys: Vec<&str> = roles.factors.iter().filter_map(|place| Some(self.field(*place)?.name())).collect();
        fields.sort_by(|(left, _), (right, _)| {
            let label = |field: &Field, key: &str| field.labels.as_ref().and_then(|labels| labels.get(key)).cloned();
            let labels = |field: &Field| keys.iter().map(|key| label(field, key)).collect::<Vec<_>>();
            left.name.cmp(&right.name).then_with(|| labels(left).cmp(&labels(right)))
        });

        let mut meta = self.meta().cloned().unwrap_or_default();
        (meta.type_, meta.type_version) = (Some(FrameType::TimeseriesWide), [0, 1]);
        let name = self.field(time).map_or("", |field| field.name());
        let wide = Self::builder(self.name()).ref_id(self.ref_id()).meta(meta).column(Field::new(name), times);
        let add = |wide: crate::FrameBuilder, (field, values)| wide.column(field, Column::from(values).nullable());
        fields.into_iter().fold(wide, add).build()
    }

    /// The times there are, and the series with their rows.
    fn group(
        &self,
        batch: &RecordBatch,
        time: usize,
        roles: &Roles,
        max_cells: usize,
    ) -> Result<(Vec<Timestamp>, Vec<Series>), FrameError> {
        let at = times(self, batch, time)?;
        let (mut distinct, mut series) = (Vec::<Timestamp>::new(), Vec::<Series>::new());
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut key = String::new();
        for (row, now) in at.values().iter().copied().map(Timestamp).enumerate() {
            match distinct.last() {
                Some(last) if now < *last => {
                    let field = self.field(time).map_or("", |field| field.name()).to_owned();
                    return Err(FrameError::Unsorted { field, row });
                }
                Some(last) if now == *last => {}
                _ => distinct.push(now),
            }
            key.clear();
            for factor in roles.factors.iter().filter_map(|place| batch.columns().get(*place)) {
                let text = text_at(factor, row);
                // The length tells where one ends, whatever is in it.
                key.push_str(&text.len().to_string());
                key.push(':');
                key.push_str(text);
            }
            let place = match places.get(&key) {
                Some(place) => *place,
                None => {
                    places.insert(key.clone(), series.len());
                    series.push(Series { labels: self.labels_at(batch, roles, row), rows: Vec::new() });
                    series.len() - 1
                }
            };
            let cells = series.len().saturating_mul(distinct.len()).saturating_mul(roles.values.len());
            if cells > max_cells {
                let (allowed, asked) = (max_cells as u64, cells as u64);
                return Err(FrameError::Limit { limit: "values of a wide time series", allowed, asked });
            }
            if let Some(series) = series.get_mut(place) {
                series.rows.resize(distinct.len(), NO_ROW);
                if let Some(cell) = series.rows.last_mut() {
                    *cell = row_number(row);
                }
            }
        }
        Ok((distinct, series))
    }

    fn labels_at(&self, batch: &RecordBatch, roles: &Roles, row: usize) -> Labels {
        let label = |place: &usize| {
            Some((self.field(*place)?.name().to_owned(), text_at(batch.columns().get(*place)?, row).to_owned()))
        };
        roles.factors.iter().filter_map(label).collect()
    }

    fn gather_series(
        &self,
        batch: &RecordBatch,
        roles: &Roles,
        times: usize,
        series: Vec<Series>,
        fill: FillMode,
    ) -> Result<Vec<(Field, ArrayRef)>, FrameError> {
        let mut fields = Vec::with_capacity(series.len().saturating_mul(roles.values.len()));
        for Series { labels, mut rows } in series {
            rows.resize(times, NO_ROW);
            if fill == FillMode::Previous {
                let mut last = NO_ROW;
                for row in &mut rows {
                    last = if *row == NO_ROW { last } else { *row };
                    *row = last;
                }
            }
            for place in &roles.values {
                let (Some(field), Some(column)) = (self.field(*place), batch.columns().get(*place)) else { continue };
                let described = Field::new(field.name()).labels(&labels);
                fields.push((described, gather(column, &rows, fill)?));
            }
        }
        Ok(fields)
    }
}

/// A label's value: null is the empty string.
fn text_at(column: &ArrayRef, row: usize) -> &str {
    if column.is_null(row) {
        return "";
    }
    match (column.as_string_opt::<i32>(), column.as_boolean_opt()) {
        (Some(texts), _) => texts.value(row),
        (None, Some(bools)) if bools.value(row) => "true",
        (None, Some(_)) => "false",
        (None, None) => "",
    }
}
