//! The macros there are: names, and how many arguments each takes in which dialect.

use std::ops::RangeInclusive;

use crate::Dialect;

/// A macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Macro {
    Time,
    TimeEpoch,
    TimeFilter,
    TimeFilterMs,
    TimeFrom,
    TimeTo,
    TimeGroup,
    TimeGroupAlias,
    TimeInterval,
    TimeIntervalMs,
    DateFilter,
    DateTimeFilter,
    FromTime,
    ToTime,
    FromTimeMs,
    ToTimeMs,
    UnixEpochFilter,
    UnixEpochFrom,
    UnixEpochTo,
    UnixEpochGroup,
    UnixEpochGroupAlias,
    UnixEpochNanoFilter,
    UnixEpochNanoFrom,
    UnixEpochNanoTo,
    ConditionalAll,
    Interval,
    IntervalMs,
    IntervalSeconds,
    Table,
    Column,
}

/// Names without `$__`; true for those that only ClickHouse has.
const NAMES: &[(&str, Macro, bool)] = &[
    ("time", Macro::Time, false),
    ("timeEpoch", Macro::TimeEpoch, false),
    ("timeFilter", Macro::TimeFilter, false),
    ("timeFrom", Macro::TimeFrom, false),
    ("timeTo", Macro::TimeTo, false),
    ("timeGroup", Macro::TimeGroup, false),
    ("timeGroupAlias", Macro::TimeGroupAlias, false),
    ("unixEpochFilter", Macro::UnixEpochFilter, false),
    ("unixEpochFrom", Macro::UnixEpochFrom, false),
    ("unixEpochTo", Macro::UnixEpochTo, false),
    ("unixEpochGroup", Macro::UnixEpochGroup, false),
    ("unixEpochGroupAlias", Macro::UnixEpochGroupAlias, false),
    ("unixEpochNanoFilter", Macro::UnixEpochNanoFilter, false),
    ("unixEpochNanoFrom", Macro::UnixEpochNanoFrom, false),
    ("unixEpochNanoTo", Macro::UnixEpochNanoTo, false),
    ("interval", Macro::Interval, false),
    ("interval_ms", Macro::IntervalMs, false),
    ("interval_s", Macro::IntervalSeconds, false),
    ("table", Macro::Table, false),
    ("column", Macro::Column, false),
    ("timeFilter_ms", Macro::TimeFilterMs, true),
    ("timeInterval", Macro::TimeInterval, true),
    ("timeInterval_ms", Macro::TimeIntervalMs, true),
    ("dateFilter", Macro::DateFilter, true),
    ("dateTimeFilter", Macro::DateTimeFilter, true),
    ("dt", Macro::DateTimeFilter, true),
    ("fromTime", Macro::FromTime, true),
    ("toTime", Macro::ToTime, true),
    ("fromTime_ms", Macro::FromTimeMs, true),
    ("toTime_ms", Macro::ToTimeMs, true),
    ("conditionalAll", Macro::ConditionalAll, true),
];

impl Macro {
    /// The macro of a name that starts with `$__`.
    pub(super) fn named(dialect: Dialect, name: &str) -> Option<Self> {
        let name = name.strip_prefix("$__")?;
        let known = |clickhouse_only: bool| !clickhouse_only || dialect == Dialect::ClickHouse;
        NAMES.iter().find(|(known_as, _, only)| *known_as == name && known(*only)).map(|(_, found, _)| *found)
    }

    /// What a misspelt name may have meant: the nearest, if at most two letters are wrong.
    pub(super) fn meant(dialect: Dialect, name: &str) -> Option<&'static str> {
        let name = name.strip_prefix("$__").filter(|name| name.len() <= 30)?.to_ascii_lowercase();
        let known = NAMES.iter().filter(|(.., only)| !only || dialect == Dialect::ClickHouse);
        known
            .map(|(known, ..)| (distance(&name, &known.to_ascii_lowercase()), *known))
            .filter(|(distance, _)| *distance <= 2 && *distance < name.len() / 2)
            .min()
            .map(|(_, known)| known)
    }

    /// How many arguments it takes.
    pub(super) fn arity(self, dialect: Dialect) -> RangeInclusive<usize> {
        let clickhouse = dialect == Dialect::ClickHouse;
        match self {
            Self::Time | Self::TimeEpoch | Self::TimeInterval | Self::TimeIntervalMs => 1..=1,
            Self::TimeFilterMs | Self::DateFilter => 1..=1,
            Self::TimeFilter if clickhouse => 1..=1,
            // The second argument is a period to which the bounds are rounded down.
            Self::TimeFilter | Self::UnixEpochFilter | Self::UnixEpochNanoFilter => 1..=2,
            Self::TimeFrom | Self::TimeTo => 0..=1,
            Self::UnixEpochFrom | Self::UnixEpochTo | Self::UnixEpochNanoFrom | Self::UnixEpochNanoTo => 0..=1,
            Self::TimeGroup | Self::TimeGroupAlias | Self::UnixEpochGroup | Self::UnixEpochGroupAlias => 2..=3,
            Self::DateTimeFilter => 2..=2,
            // The values of a variable may be many, or none.
            Self::ConditionalAll => 2..=usize::MAX,
            Self::FromTime | Self::ToTime | Self::FromTimeMs | Self::ToTimeMs => 0..=0,
            Self::Interval | Self::IntervalMs | Self::IntervalSeconds | Self::Table | Self::Column => 0..=0,
        }
    }

    /// The arguments, in words.
    pub(super) fn arguments(self) -> &'static str {
        match self {
            Self::TimeGroup | Self::TimeGroupAlias | Self::UnixEpochGroup | Self::UnixEpochGroupAlias => {
                "a time column, a period and perhaps a fill"
            }
            Self::DateTimeFilter => "a date column and a time column",
            Self::ConditionalAll => "a condition and a variable",
            Self::TimeFrom | Self::TimeTo => "nothing, or one argument",
            Self::UnixEpochFrom | Self::UnixEpochTo | Self::UnixEpochNanoFrom | Self::UnixEpochNanoTo => {
                "nothing, or a period"
            }
            Self::TimeFilter | Self::UnixEpochFilter | Self::UnixEpochNanoFilter => {
                "a time column and perhaps a period to round to"
            }
            Self::Interval | Self::IntervalMs | Self::IntervalSeconds | Self::Table | Self::Column => "nothing",
            Self::FromTime | Self::ToTime | Self::FromTimeMs | Self::ToTimeMs => "nothing",
            _ => "a time column",
        }
    }
}

/// Letters to change, add or drop (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (place, letter) in left.bytes().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), place + 1);
        let mut before = place + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right.bytes()) {
            let changed = diagonal + usize::from(letter != other);
            diagonal = *cell;
            *cell = changed.min(diagonal + 1).min(before + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or_default()
}
