//! What a subscriber may ask for: the keys of the JSON that comes along, all of them optional.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use wellhead_sdk::prelude::*;

use super::frames::Row;
use crate::duration;

/// The options of `random-walk`, `flaky` and `bursty`. Grafana's channels have none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    /// Frames a second.
    frequency: Option<f64>,
    /// Another seed, another walk; without one the path is the seed.
    seed: Option<u64>,
    /// Rows of a frame, spread over the time since the one before.
    rows: Option<u32>,
    /// Walks in a frame, each with the fields.
    series: Option<u32>,
    /// Which fields a walk has.
    fields: Option<Vec<Column>>,
    /// How many frames of `flaky` go missing.
    drop_percent: Option<f64>,
    /// After how many of its frames `flaky` fails.
    fail_percent: Option<f64>,
    /// How many frames `bursty` sends at once.
    burst: Option<u32>,
    /// How long it waits before, as `1.5s`.
    quiet: Option<String>,
}

/// A field of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Column {
    Value,
    Min,
    Max,
}

/// The most values of a frame: an eighth of what the contract takes in one.
const MAX_VALUES: u32 = 1 << 18;

impl Options {
    /// Reads and checks what came with a request.
    pub(super) fn of(request: &StreamRequest) -> Result<Self, Error> {
        let options: Self = request.data()?;
        within("frequency", options.frequency, 0.01..=1_000.0)?;
        within("rows", options.rows, 1..=10_000)?;
        within("series", options.series, 1..=1_000)?;
        within("dropPercent", options.drop_percent, 0.0..=100.0)?;
        within("failPercent", options.fail_percent, 0.0..=100.0)?;
        within("burst", options.burst, 1..=100_000)?;
        let (rows, columns) = (options.rows(), options.fields().len() as u32);
        let values = rows.saturating_mul(options.series()).saturating_mul(columns);
        if columns == 0 || values > MAX_VALUES {
            let asked = format_args!(
                "data: rows × series × fields is {values}, and must be within 1 and {MAX_VALUES}: ask for smaller frames"
            );
            return Err(Error::bad_request(asked));
        }
        options.quiet()?;
        Ok(options)
    }

    /// Between frames.
    pub(super) fn period(&self, default_hz: f64) -> Duration {
        Duration::try_from_secs_f64(1.0 / self.frequency.unwrap_or(default_hz)).unwrap_or(Duration::MAX)
    }

    pub(super) fn seed(&self, path: &str) -> u64 {
        // FNV-1a, for paths that differ in a digit.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.seed.unwrap_or_else(|| path.bytes().fold(0xcbf2_9ce4_8422_2325, hash))
    }

    pub(super) fn rows(&self) -> u32 {
        self.rows.unwrap_or(1)
    }

    pub(super) fn series(&self) -> u32 {
        self.series.unwrap_or(1)
    }

    pub(super) fn fields(&self) -> &[Column] {
        self.fields.as_deref().unwrap_or(&[Column::Value, Column::Min, Column::Max])
    }

    /// Of 1.
    pub(super) fn drop_share(&self) -> f64 {
        self.drop_percent.unwrap_or(25.0) / 100.0
    }

    /// Of 1.
    pub(super) fn fail_share(&self) -> f64 {
        self.fail_percent.unwrap_or(2.0) / 100.0
    }

    pub(super) fn burst(&self) -> u32 {
        self.burst.unwrap_or(100)
    }

    pub(super) fn quiet(&self) -> Result<Duration, Error> {
        duration::parse(self.quiet.as_deref().unwrap_or("5s")).map_err(|error| error.context("data.quiet"))
    }
}

impl Column {
    /// This field's value in a row.
    pub(super) fn of(self, row: &Row) -> f64 {
        match self {
            Self::Value => row.value,
            Self::Min => row.min,
            Self::Max => row.max,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Value => "Value",
            Self::Min => "Min",
            Self::Max => "Max",
        }
    }
}

fn within<T: PartialOrd + Display + Copy>(key: &str, asked: Option<T>, range: RangeInclusive<T>) -> Result<(), Error> {
    match asked {
        Some(asked) if !range.contains(&asked) => {
            let (least, most) = range.into_inner();
            Err(Error::bad_request(format_args!("data.{key}: {asked} is not within {least} and {most}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(data: &str) -> Result<Options, Error> {
        Options::of(&StreamRequest { path: "random-walk".into(), data: data.into() })
    }

    #[test]
    fn what_is_out_of_bounds_is_named_with_its_bounds() {
        for (data, words) in [
            (r#"{"frequency":0}"#, "data.frequency: 0 is not within 0.01 and 1000"),
            (r#"{"frequency":1001}"#, "data.frequency: 1001 is not within"),
            (r#"{"rows":0}"#, "data.rows: 0 is not within 1 and 10000"),
            (r#"{"dropPercent":101}"#, "data.dropPercent: 101"),
            (r#"{"burst":0}"#, "data.burst: 0"),
            (r#"{"fields":[]}"#, "rows × series × fields is 0"),
            (r#"{"rows":10000,"series":1000}"#, "is 30000000, and must be within 1 and 262144"),
            (r#"{"fields":["Mean"]}"#, "data.fields[0]: unknown variant `Mean`"),
            (r#"{"quiet":"soon"}"#, "data.quiet: \"soon\" is not a duration"),
        ] {
            let error = of(data).unwrap_err();
            assert_eq!(error.status(), 400, "{data}");
            assert!(error.message().contains(words), "{data}: {error}");
        }
    }

    #[test]
    fn without_options_it_is_as_grafanas_streams_are() {
        let options = of("").unwrap();
        assert_eq!((options.rows(), options.series(), options.fields().len()), (1, 1, 3));
        assert_eq!(options.period(2.0), Duration::from_millis(500));
        assert_ne!(options.seed("random-walk/1"), options.seed("random-walk/2"));
    }
}
