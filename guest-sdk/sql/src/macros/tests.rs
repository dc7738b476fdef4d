//! What Grafana's own tests expect of its macro engines, and what those cannot do: quotes, brackets, nesting, errors.

use proptest::prelude::*;
use wellhead_sdk::ErrorSource;

use super::*;

const POSTGRES: Dialect = Dialect::postgres();
const TIMESCALE: Dialect = Dialect::Postgres { timescaledb: true };
const MYSQL: Dialect = Dialect::mysql();
const CLICKHOUSE: Dialect = Dialect::ClickHouse;

/// 2018-04-12T18:00:00Z and five minutes later; an interval of a minute.
fn context() -> MacroContext {
    let seconds = Timestamp::from_seconds;
    MacroContext {
        time_range: TimeRange { from: seconds(1_523_556_000), to: seconds(1_523_556_300) },
        interval: Duration::from_secs(60),
        table: "my_table".to_owned(),
        column: "my_col".to_owned(),
        ..MacroContext::default()
    }
}

#[track_caller]
fn becomes(dialect: Dialect, sql: &str, expected: &str) {
    becomes_with(&context(), dialect, sql, expected);
}

#[track_caller]
fn becomes_with(context: &MacroContext, dialect: Dialect, sql: &str, expected: &str) {
    assert_eq!(expand(dialect, sql, context).map(|expanded| expanded.sql), Ok(expected.to_owned()), "{sql}");
}

#[track_caller]
fn fails(dialect: Dialect, sql: &str) -> String {
    expand(dialect, sql, &context()).expect_err(sql).to_string()
}

#[test]
fn postgres_macros_become_what_grafana_makes_of_them() {
    for (sql, expected) in [
        ("select $__time(time_column)", "select time_column AS \"time\""),
        ("select min($__time(time_column))", "select min(time_column AS \"time\")"),
        ("select $__timeEpoch(t)", "select extract(epoch from t) as \"time\""),
        ("WHERE $__timeFilter(t)", "WHERE t BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'"),
        ("select $__timeFrom()", "select '2018-04-12T18:00:00Z'"),
        ("select $__timeTo()", "select '2018-04-12T18:05:00Z'"),
        ("SELECT $__timeGroup(t,'5m'), value", "SELECT floor(extract(epoch from t)/300)*300 AS \"time\", value"),
        ("SELECT $__timeGroup(t,'5m') as time, value", "SELECT floor(extract(epoch from t)/300)*300 as time, value"),
        ("SELECT $__timeGroup(t,'5m')", "SELECT floor(extract(epoch from t)/300)*300"),
        ("$__timeGroupAlias(t , '5m')", "floor(extract(epoch from t)/300)*300 AS \"time\""),
        ("$__timeGroup(t, 12d)", "floor(extract(epoch from t)/1.0368e+06)*1.0368e+06"),
        ("select $__unixEpochFilter(time)", "select time >= 1523556000 AND time <= 1523556300"),
        ("select $__unixEpochFrom(), $__unixEpochTo()", "select 1523556000, 1523556300"),
        ("select $__unixEpochNanoFilter(time)", "select time >= 1523556000000000000 AND time <= 1523556300000000000"),
        ("select $__unixEpochNanoFrom()", "select 1523556000000000000"),
        ("select $__unixEpochNanoTo()", "select 1523556300000000000"),
        ("SELECT $__unixEpochGroup(a+b,'5m')", "SELECT floor((a+b)/300)*300"),
        ("SELECT $__unixEpochGroupAlias(a+b,'5m')", "SELECT floor((a+b)/300)*300 AS \"time\""),
    ] {
        becomes(POSTGRES, sql, expected);
    }
    becomes(TIMESCALE, "GROUP BY $__timeGroup(t , '5m')", "GROUP BY time_bucket('300.000s',t)");
    becomes(TIMESCALE, "GROUP BY $__timeGroup(t , '12d')", "GROUP BY time_bucket('1036800.000s',t)");
    becomes(TIMESCALE, "GROUP BY $__timeGroup(t , '20ms')", "GROUP BY time_bucket('0.020s',t)");
}

#[test]
fn mysql_macros_become_what_grafana_makes_of_them() {
    for (sql, expected) in [
        ("select min($__time(t))", "select min(UNIX_TIMESTAMP(t) as time_sec)"),
        ("select $__timeEpoch(t)", "select UNIX_TIMESTAMP(t) as time_sec"),
        ("GROUP BY $__timeGroup(t , '5m')", "GROUP BY UNIX_TIMESTAMP(t) DIV 300 * 300"),
        ("SELECT $__timeGroup(t,\"5m\"), v", "SELECT UNIX_TIMESTAMP(t) DIV 300 * 300, v"),
        ("GROUP BY $__timeGroupAlias(t,'12d')", "GROUP BY UNIX_TIMESTAMP(t) DIV 1036800 * 1036800 AS \"time\""),
        ("WHERE $__timeFilter(t)", "WHERE t BETWEEN FROM_UNIXTIME(1523556000) AND FROM_UNIXTIME(1523556300)"),
        ("select $__timeFrom(), $__timeTo()", "select FROM_UNIXTIME(1523556000), FROM_UNIXTIME(1523556300)"),
        ("select $__unixEpochFilter(time)", "select time >= 1523556000 AND time <= 1523556300"),
        ("SELECT $__unixEpochGroup(t,'5m')", "SELECT t DIV 300 * 300"),
        ("SELECT $__unixEpochGroupAlias(t,'5m')", "SELECT t DIV 300 * 300 AS \"time\""),
    ] {
        becomes(MYSQL, sql, expected);
    }
}

#[test]
fn bounds_are_rounded_down_to_a_period() {
    let at = |seconds: i64| Timestamp::from_nanos(seconds * 1_000_000_000 + 500);
    let time_range = TimeRange { from: at(1_523_556_123), to: at(1_523_556_423) };
    let context = MacroContext { time_range, ..context() };
    for (sql, expected) in [
        ("$__timeFilter(t, '5m')", "t BETWEEN FROM_UNIXTIME(1523556000) AND FROM_UNIXTIME(1523556300)"),
        ("$__timeFrom('5m') $__timeTo('5m')", "FROM_UNIXTIME(1523556000) FROM_UNIXTIME(1523556300)"),
        ("$__unixEpochFilter(t, '5m')", "t >= 1523556000 AND t <= 1523556300"),
        ("$__unixEpochFrom('5m') $__unixEpochTo('5m')", "1523556000 1523556300"),
        ("$__unixEpochNanoFrom('5m')", "1523556000000000000"),
        ("$__unixEpochNanoFilter(t, '5m')", "t >= 1523556000000000000 AND t <= 1523556300000000000"),
    ] {
        becomes_with(&context, MYSQL, sql, expected);
    }
    becomes_with(&context, POSTGRES, "$__timeFrom()", "'2018-04-12T18:02:03.0000005Z'");
    assert!(fails(MYSQL, "$__timeFrom('bogus')").contains("\"bogus\" is no period"));
}

#[test]
fn times_before_1970_are_written_so_that_the_server_knows_them() {
    let seconds = Timestamp::from_seconds;
    let time_range = TimeRange { from: seconds(-312_915_600), to: seconds(-154_886_400) };
    let context = MacroContext { time_range, ..context() };
    becomes_with(
        &context,
        MYSQL,
        "$__timeFilter(t)",
        "t BETWEEN DATE_ADD(FROM_UNIXTIME(0), INTERVAL -312915600 SECOND) AND FROM_UNIXTIME(-154886400)",
    );
    becomes_with(&context, POSTGRES, "$__unixEpochFilter(t)", "t >= -312915600 AND t <= -154886400");
    becomes_with(&context, POSTGRES, "$__timeFilter(t)", "t BETWEEN '1960-02-01T07:00:00Z' AND '1965-02-03T08:00:00Z'");
}

#[test]
fn clickhouse_macros_become_what_its_plugin_makes_of_them() {
    let millis = Timestamp::from_millis;
    let time_range = TimeRange { from: millis(1_415_792_726_123), to: millis(1_447_328_726_456) };
    let context = MacroContext { time_range, ..context() };
    let (from, to) = ("toDateTime(1415792726)", "toDateTime(1447328726)");
    let (from_ms, to_ms) = ("fromUnixTimestamp64Milli(1415792726123)", "fromUnixTimestamp64Milli(1447328726456)");
    let column = "cast(sth as timestamp)";
    for (sql, expected) in [
        ("$__timeFilter(cast(sth as timestamp) )", format!("{column} >= {from} AND {column} <= {to}")),
        ("$__timeFilter_ms(cast(sth as timestamp))", format!("{column} >= {from_ms} AND {column} <= {to_ms}")),
        ("( date >= $__fromTime and date <= $__toTime )", format!("( date >= {from} and date <= {to} )")),
        ("$__fromTime_ms $__toTime_ms", format!("{from_ms} {to_ms}")),
        ("$__dateFilter(d)", "d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')".to_owned()),
        (
            "$__dt(d, t)",
            format!("(d >= toDate('2014-11-12') AND d <= toDate('2015-11-12')) AND (t >= {from} AND t <= {to})"),
        ),
        ("$__timeInterval($__fromTime)", format!("toStartOfInterval(toDateTime({from}), INTERVAL 60 second)")),
        ("$__timeInterval_ms(c)", "toStartOfInterval(toDateTime64(c, 3), INTERVAL 60000 millisecond)".to_owned()),
        ("$__interval_s", "60".to_owned()),
        ("$__timeFrom(ts) $__timeTo(ts)", format!("ts >= {from} ts <= {to}")),
        ("$__timeFrom() $__timeTo()", format!("{from} {to}")),
        ("$__timeGroup(ts, 5m)", "toStartOfInterval(toDateTime(ts), INTERVAL 300 second)".to_owned()),
        (
            "$__timeFilter(coalesce(closed_at, $__toTime))",
            format!("coalesce(closed_at, {to}) >= {from} AND coalesce(closed_at, {to}) <= {to}"),
        ),
        (r"msg = 'it\'s -- fine' and $__fromTime", format!(r"msg = 'it\'s -- fine' and {from}")),
        ("SELECT `it's` AS x, $doc$a--b$doc$ AS y WHERE $__toTime", {
            format!("SELECT `it's` AS x, $doc$a--b$doc$ AS y WHERE {to}")
        }),
        ("$__conditionalAll(a IN ('x', 'y'), 'x', 'y')", "a IN ('x', 'y')".to_owned()),
        ("$__conditionalAll(a IN (), )", "1=1".to_owned()),
        ("$__conditionalAll(a IN ($__all), $__all)", "1=1".to_owned()),
    ] {
        becomes_with(&context, CLICKHOUSE, sql, &expected);
    }
    assert!(fails(MYSQL, "$__dateFilter(d)").contains("there is no such macro"));
}

#[test]
fn intervals_tables_and_columns_need_no_brackets() {
    for dialect in [POSTGRES, MYSQL, CLICKHOUSE] {
        becomes(dialect, "$__interval $__interval_ms", "1m 60000");
        becomes(dialect, "$__column FROM $__table()", "my_col FROM my_table");
    }
    becomes(POSTGRES, "$__timeGroupAlias(time,$__interval)", "floor(extract(epoch from time)/60)*60 AS \"time\"");
    becomes(POSTGRES, "$__timeGroup(time,'$__interval')", "floor(extract(epoch from time)/60)*60");
    let without = expand(POSTGRES, "FROM $__table", &MacroContext::default()).unwrap_err().to_string();
    assert_eq!(without, "macro $__table at line 1, column 6: the query names no table: set its key `table`");
}

#[test]
fn a_fill_is_kept_for_the_result() {
    let fill =
        |sql: &str| expand(POSTGRES, sql, &context()).unwrap().fill.map(|fill| (fill.period.as_secs(), fill.mode));
    assert_eq!(fill("$__timeGroup(t, 5m)"), None);
    assert_eq!(fill("$__timeGroup(t, 5m, NULL)"), Some((300, FillMode::Null)));
    assert_eq!(fill("$__timeGroupAlias(t, 1h, previous)"), Some((3600, FillMode::Previous)));
    assert_eq!(fill("$__unixEpochGroupAlias(t, $__interval, -1.5)"), Some((60, FillMode::Value(-1.5))));
    for wrong in ["nothing", "NaN", "1e999"] {
        let error = fails(POSTGRES, &format!("$__timeGroup(t, 5m, {wrong})"));
        assert!(error.ends_with(&format!("{wrong:?} is no fill: write NULL, previous or a number")), "{error}");
    }
}

#[test]
fn arguments_hold_brackets_quotes_commas_comments_and_macros() {
    becomes(MYSQL, "$__time(f(a, b))", "UNIX_TIMESTAMP(f(a, b)) as time_sec");
    becomes(MYSQL, "$__time(f('a)', `,`, \"(\"))", "UNIX_TIMESTAMP(f('a)', `,`, \"(\")) as time_sec");
    becomes(MYSQL, "$__time(t -- the ) time\n)", "UNIX_TIMESTAMP(t) as time_sec");
    becomes(POSTGRES, "$__time((ARRAY[a, b])[1])", "(ARRAY[a, b])[1] AS \"time\"");
    becomes(POSTGRES, "$__time(f($$),$$))", "f($$),$$) AS \"time\"");
    becomes(POSTGRES, "$__time(greatest(t, $__timeFrom()))", "greatest(t, '2018-04-12T18:00:00Z') AS \"time\"");
}

#[test]
fn a_group_before_a_comma_is_named_in_postgres_except_among_what_is_grouped_by() {
    let group = "floor(extract(epoch from t)/300)*300";
    becomes(
        POSTGRES,
        "SELECT $__timeGroup(t,5m), h FROM a GROUP BY $__timeGroup(t,5m), h",
        &format!("SELECT {group} AS \"time\", h FROM a GROUP BY {group}, h"),
    );
    becomes(
        POSTGRES,
        "SELECT sum(x) OVER (PARTITION BY $__timeGroup(t,5m), h), $__timeGroup(t,5m), h",
        &format!("SELECT sum(x) OVER (PARTITION BY {group}, h), {group} AS \"time\", h"),
    );
}

#[test]
fn what_is_quoted_stays_unless_intervals_in_strings_are_asked_for() {
    let sql = "time_bucket('$__interval', t), '$__interval_ms ms', '$__timeFrom()', \"$__interval\" -- $__interval";
    becomes(POSTGRES, sql, sql);
    let context = MacroContext { intervals_in_strings: true, ..context() };
    let expected = "time_bucket('1m', t), '60000 ms', '$__timeFrom()', \"$__interval\" -- $__interval";
    becomes_with(&context, POSTGRES, sql, expected);
}

#[test]
fn an_error_says_which_macro_what_is_wrong_and_where() {
    for (sql, expected) in [
        (
            "SELECT 'ü',\n  $__timeFiltre(t)",
            "macro $__timeFiltre at line 2, column 3: there is no such macro: did you mean $__timeFilter?",
        ),
        (
            "$__timefilter(t)",
            "macro $__timefilter at line 1, column 1: there is no such macro: did you mean $__timeFilter?",
        ),
        ("$__foo()", "macro $__foo at line 1, column 1: there is no such macro"),
        (
            "$__timeFilter()",
            "macro $__timeFilter at line 1, column 1: it has 0 arguments: it takes a time column and perhaps a period to round to",
        ),
        (
            "WHERE $__timeFilter",
            "macro $__timeFilter at line 1, column 7: it has 0 arguments: it takes a time column and perhaps a period to round to",
        ),
        ("$__time(a, b)", "macro $__time at line 1, column 1: it has 2 arguments: it takes a time column"),
        (
            "$__timeGroup(t)",
            "macro $__timeGroup at line 1, column 1: it has 1 arguments: it takes a time column, a period and perhaps a fill",
        ),
        (
            "$__timeGroup(t, )",
            "macro $__timeGroup at line 1, column 1: argument 2 is empty: it takes a time column, a period and perhaps a fill",
        ),
        ("f($__time(t", "macro $__time at line 1, column 3: its bracket is not closed: add a `)`"),
        (
            "$__timeGroup(t, 'x')",
            "macro $__timeGroup at line 1, column 1: \"x\" is no period: it has no number; write it like 30s, 5m, 1h30m, 1d or 200ms",
        ),
    ] {
        assert_eq!(fails(POSTGRES, sql), expected);
    }
    assert!(fails(MYSQL, "$__timeGroup(t, 200ms)").contains("200ms is too short a period"));
    assert!(fails(CLICKHOUSE, "$__timeGroup(t, 200ms)").contains("use $__timeInterval_ms"));
}

#[test]
fn a_macro_error_is_a_bad_request_and_downstreams() {
    let error = wellhead_sdk::Error::from(expand(POSTGRES, "x $__foo()", &context()).unwrap_err());
    assert_eq!((error.status(), error.error_source()), (400, ErrorSource::Downstream));
    assert_eq!(error.details().unwrap()["column"], 3);
}

#[test]
fn macros_in_macros_end_before_they_fill_the_memory() {
    let nested = |depth: usize| "$__unixEpochFilter(".repeat(depth) + &"t".repeat(1 << 12) + &")".repeat(depth);
    assert!(expand(MYSQL, &nested(8), &context()).is_ok());
    assert!(fails(MYSQL, &nested(16)).contains("the SQL has grown past 16777216 bytes here"));
    assert!(fails(MYSQL, &nested(17)).contains("more than 16 deep"));
}

fn sql() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        r"[a-zA-Z0-9_$ü ,().*='\x22`\\#/\[\]\n-]{0,6}",
        Just("$__".to_owned()),
        Just("'5m'".to_owned()),
        Just("/*".to_owned()),
        Just("*/".to_owned()),
        Just("$$".to_owned()),
        prop::sample::select(vec!["timeFilter", "timeGroup", "interval", "timeFrom", "conditionalAll", "dt", "table"])
            .prop_map(|name| format!("$__{name}(")),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_the_expander(sql in sql(), dialect in prop::sample::select(vec![POSTGRES, TIMESCALE, MYSQL, CLICKHOUSE])) {
        let expanded = expand(dialect, &sql, &context());
        if let Err(error) = &expanded {
            prop_assert!(error.line >= 1 && error.column >= 1 && sql.contains(&error.name));
        }
        if !sql.contains("$__") {
            prop_assert_eq!(expanded.map(|expanded| expanded.sql), Ok(sql));
        }
    }

    #[test]
    fn text_without_macros_is_unchanged(sql in r"\PC{0,60}", dialect in prop::sample::select(vec![POSTGRES, MYSQL, CLICKHOUSE])) {
        prop_assume!(!sql.contains("$__"));
        prop_assert_eq!(expand(dialect, &sql, &context()), Ok(Expanded { sql, fill: None }));
    }
}
