//! Tables from CSV text. The type of a column is guessed from its values as Grafana does: bool, int64, float64, else
//! string; a column whose name has `time` in it becomes times where its values are milliseconds or RFC 3339.

use wellhead_sdk::frame::Column;
use wellhead_sdk::prelude::*;

use crate::query::Query;
use crate::{rfc3339, series};

/// The query's `csvContent` as a frame.
pub(super) fn content(query: &DataQuery<Query>) -> Result<QueryResult, Error> {
    let text = query.model.csv_content.as_deref().unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(QueryResult::empty());
    }
    let wrong = |error: csv::Error| Error::bad_request(format_args!("csvContent: {error}"));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(wrong)?.clone();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); names.len()];
    for record in reader.records() {
        for (column, value) in columns.iter_mut().zip(&record.map_err(wrong)?) {
            column.push(value.to_owned());
        }
    }
    let frame = Frame::builder(query.model.alias.as_deref().unwrap_or_default());
    let frame = names.iter().zip(&columns).fold(frame, |frame, (name, values)| {
        let (name, labels) = name.split_at(name.find('{').unwrap_or(name.len()));
        let column = times(name, values).unwrap_or_else(|| guessed(values));
        frame.column(Field::new(name).labels(series::labels(labels, 0)), column)
    });
    Ok(frame.build()?.into())
}

/// The values in the query's `stringInput`, spread over its time range.
pub(super) fn metric_values(query: &DataQuery<Query>) -> Result<QueryResult, Error> {
    let text = query.model.string_input.as_deref().unwrap_or_default();
    let values: Vec<String> = text.split(',').map(|value| value.trim().to_owned()).collect();
    if text.trim().is_empty() {
        return Ok(QueryResult::empty());
    }
    let (from, to) = (query.time_range.from.millis(), query.time_range.to.millis());
    let gaps = i64::try_from(values.len()).unwrap_or(i64::MAX) - 1;
    let step = to.saturating_sub(from) / gaps.max(1);
    let times: Vec<_> = (0..=gaps).map(|i| Timestamp::from_millis(from + i * step)).collect();
    let name = series::name(query, 0);
    let frame =
        Frame::builder("").column(Field::new("time"), times).column(series::field(query, name, 0), guessed(&values));
    Ok(frame.build()?.into())
}

fn is_null(text: &str) -> bool {
    text.is_empty() || text == "null"
}

/// The values, null where there is none; nothing where one does not parse, or none is there.
fn parsed<T>(values: &[String], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<Option<T>>> {
    let parsed: Option<Vec<Option<T>>> =
        values.iter().map(|text| if is_null(text) { Some(None) } else { parse(text).map(Some) }).collect();
    parsed.filter(|values| values.iter().any(Option::is_some))
}

fn guessed(values: &[String]) -> Column {
    let boolean = |text: &str| match text.to_ascii_uppercase().as_str() {
        "T" | "TRUE" => Some(true),
        "F" | "FALSE" => Some(false),
        _ => None,
    };
    if let Some(values) = parsed(values, boolean) {
        return values.into();
    }
    if let Some(values) = parsed(values, |text| text.parse::<i64>().ok()) {
        return values.into();
    }
    if let Some(values) = parsed(values, |text| text.parse::<f64>().ok()) {
        return values.into();
    }
    values.iter().map(|text| (!is_null(text)).then(|| text.clone())).collect::<Vec<_>>().into()
}

fn times(name: &str, values: &[String]) -> Option<Column> {
    if !name.to_ascii_lowercase().contains("time") {
        return None;
    }
    let instant = |text: &str| match text.parse::<i64>() {
        Ok(millis) => Some(Timestamp::from_millis(millis)),
        Err(_) => rfc3339::parse(text),
    };
    parsed(values, instant).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::tests::an_hour;
    use wellhead_sdk::frame::{FieldType, Value};
    use wellhead_sdk::testing::block_on;

    fn read(text: &str) -> Result<Frame, Error> {
        let query = an_hour(Query { csv_content: Some(text.to_owned()), ..Query::default() });
        Ok(block_on(content(&query)?.collect())?.remove(0))
    }

    #[test]
    fn types_are_guessed_column_by_column() {
        let frame =
            read("b, i ,f,s,time,Time of day{k=v}\nT,1,1,x,0,2024-02-29T12:00:00Z\nfalse,null,1.5,,1000,\n").unwrap();
        let types: Vec<_> = frame.fields().map(|field| field.field_type()).collect();
        use FieldType::{Bool, Float64, Int64, String, Time};
        assert_eq!(types, [Bool, Int64, Float64, String, Time, Time]);
        assert_eq!(frame.field(1).unwrap().values().collect::<Vec<_>>(), [Value::Int64(1), Value::Null]);
        assert_eq!(frame.field(3).unwrap().values().nth(1), Some(Value::Null));
        let last = frame.field(5).unwrap();
        assert_eq!((last.name(), last.labels()["k"].as_str()), ("Time of day", "v"));
    }

    #[test]
    fn a_ragged_table_is_refused_with_the_line() {
        let error = read("a,b\n1,2\n3\n").unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().contains("line: 3"), "{error}");
    }

    #[test]
    fn nothing_gives_no_frame() {
        let query = an_hour(Query { csv_content: Some(" ".to_owned()), ..Query::default() });
        assert!(block_on(content(&query).unwrap().collect()).unwrap().is_empty());
    }

    #[test]
    fn metric_values_are_spread_over_the_range() {
        let query = an_hour(Query { string_input: Some("1, 20,null".to_owned()), ..Query::default() });
        let frame = block_on(metric_values(&query).unwrap().collect()).unwrap().remove(0);
        assert_eq!(
            frame.field(0).unwrap().values().collect::<Vec<_>>(),
            [0, 1_800, 3_600].map(|seconds| Value::Time(Timestamp::from_seconds(seconds)))
        );
        assert_eq!(frame.field(1).unwrap().field_type(), FieldType::Int64);
        assert_eq!(frame.field(1).unwrap().values().nth(2), Some(Value::Null));
    }
}
