//! Tables rather than series.

use wellhead_sdk::frame::EnumValue;
use wellhead_sdk::prelude::*;

use super::random_walk::seed;
use crate::query::Query;
use crate::rng::Rng;
use crate::series::Steps;

/// How far the bounds of a walk are from it, at most.
const SPREAD: f64 = 2.5;

/// Rows of the table that is always the same.
const STATIC_ROWS: usize = 10;

/// A walk with bounds, a remark and a state.
pub(super) fn random_walk(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let mut rng = Rng::new(seed(query));
    let with_nil = query.model.with_nil.unwrap_or(false);
    let mut walker = query.model.start_value.unwrap_or_else(|| rng.unit() * 100.0);
    let steps = Steps::of(query);
    let (mut infos, mut states) = (Vec::new(), Vec::new());
    let (mut values, mut mins, mut maxs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..steps.count() {
        let delta = rng.unit() - 0.5;
        walker += delta;
        let mut state = if delta > 0.0 { 1 } else { 2 };
        let direction = if delta > 0.0 { "up" } else { "down" };
        infos.push(Some(if delta.abs() > 0.4 { format!("{direction} fast") } else { direction.to_owned() }));
        let row = [walker, walker - rng.unit() * SPREAD - 0.01, walker + rng.unit() * SPREAD + 0.01];
        let gappy = with_nil && rng.unit() > 0.8;
        for (column, value) in [&mut values, &mut mins, &mut maxs].into_iter().zip(row) {
            let gone = gappy && rng.unit() > 0.2;
            if gone {
                state = 0;
            }
            column.push((!gone).then_some(value));
        }
        states.push(EnumValue(state));
    }
    let texts = FieldConfig::with_enum_texts(["Unknown", "Up", "Down"]);
    let frame = Frame::builder(&query.ref_id)
        .column(Field::new("Time"), steps.instants().map(Some).collect::<Vec<_>>())
        .column(Field::new("Value"), values)
        .column(Field::new("Min"), mins)
        .column(Field::new("Max"), maxs)
        .column(Field::new("Info"), infos)
        .column(Field::new("State").config(texts), states);
    Ok(frame.build()?)
}

/// Rows that are always the same, up to ten of them within the range.
pub(super) fn static_rows(query: &DataQuery<Query>) -> Result<Frame, Error> {
    let times: Vec<_> = Steps::of(query).instants().take(STATIC_ROWS).collect();
    let rows = times.len();
    let frame = Frame::builder(&query.ref_id)
        .column(Field::new("Time"), times)
        .column(Field::new("Message"), vec!["This is a message"; rows])
        .column(Field::new("Description"), vec!["Description"; rows])
        .column(Field::new("Value"), vec![23.1; rows]);
    Ok(frame.build()?)
}

/// Who asks: the name is there only where the host forwards users.
pub(super) fn query_meta(ctx: &RequestContext) -> Result<Frame, Error> {
    let name = ctx.user.as_ref().map(|user| user.name.clone()).unwrap_or_default();
    let frame = Frame::builder("")
        .column(Field::new("keys"), vec!["username", "orgId"])
        .column(Field::new("values"), vec![name, ctx.org_id.to_string()]);
    Ok(frame.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::series::tests::an_hour;
    use wellhead_sdk::frame::Value;

    #[test]
    fn the_bounds_lie_around_the_walk() {
        let frame = random_walk(&an_hour(Query::default())).unwrap();
        let column = |n| frame.field(n).unwrap().values().map(|v| if let Value::Float64(x) = v { x } else { panic!() });
        for ((value, min), max) in column(1).zip(column(2)).zip(column(3)) {
            assert!(min < value && value < max);
        }
    }

    #[test]
    fn nulls_come_only_when_asked_for() {
        let nulls = |with_nil| {
            let frame = random_walk(&an_hour(Query { with_nil, ..Query::default() })).unwrap();
            frame.fields().flat_map(|field| field.values().collect::<Vec<_>>()).filter(|v| *v == Value::Null).count()
        };
        assert_eq!(nulls(None), 0);
        assert!(nulls(Some(true)) > 0);
    }

    #[test]
    fn the_static_table_has_ten_rows_or_as_many_as_the_range() {
        let mut query = an_hour(Query::default());
        assert_eq!(static_rows(&query).unwrap().num_rows(), 10);
        query.time_range.to = Timestamp::from_seconds(180);
        assert_eq!(static_rows(&query).unwrap().num_rows(), 3);
    }
}
