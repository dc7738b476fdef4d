//! The question: queries for one data source over a time range.

/// An instant since the Unix epoch, UTC, to the nanosecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EpochTime {
    /// Whole seconds, floored: negative before 1970.
    pub seconds: i64,
    /// 0 to 999,999,999.
    pub nanoseconds: u32,
}

impl EpochTime {
    /// The instant `millis` milliseconds after (before, where negative) the epoch.
    pub fn from_millis(millis: i64) -> Self {
        let nanoseconds = u32::try_from(millis.rem_euclid(1000)).unwrap_or_default().saturating_mul(1_000_000);
        Self { seconds: millis.div_euclid(1000), nanoseconds }
    }

    /// Milliseconds since the epoch, floored; saturates far outside any calendar.
    pub fn as_millis(self) -> i64 {
        self.seconds.saturating_mul(1000).saturating_add(i64::from(self.nanoseconds / 1_000_000))
    }
}

/// `from` is never after `to` where the query service made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// Start, inclusive.
    pub from: EpochTime,
    /// End, inclusive.
    pub to: EpochTime,
}

/// One query, answered under its `ref_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataQuery {
    /// Unique within a request.
    pub ref_id: String,
    /// The plugin's own kind of query; may be empty.
    pub query_type: String,
    /// As many points as the panel can show.
    pub max_data_points: u32,
    /// Suggested step in milliseconds, at least 1.
    pub interval_ms: u32,
    /// The range asked for.
    pub time_range: TimeRange,
    /// The plugin's own query model: the text of a JSON object.
    pub model: String,
}

/// Queries for one data source, answered in one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryDataRequest {
    /// Each with its own `ref_id`.
    pub queries: Vec<DataQuery>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_millisecond_before_the_epoch_floors_the_second() {
        assert_eq!(EpochTime::from_millis(-1), EpochTime { seconds: -1, nanoseconds: 999_000_000 });
        assert_eq!(EpochTime::from_millis(-1).as_millis(), -1);
    }
}
