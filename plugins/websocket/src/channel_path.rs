//! A channel's path: a name of `jsonData.channels`, `q/…` with a whole query in it, or whatever a subscriber chose whose
//! data has the query.

use crate::query::Query;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wellhead_sdk::{DataQuery, Error};

/// What the path of a query begins with.
const PREFIX: &str = "q/";
/// Longest path of a channel, in characters: Grafana's.
const LONGEST: usize = 160;

/// The path of a query that has no name.
///
/// # Errors
/// A query too long for it.
pub fn of_query(query: &Query) -> Result<String, Error> {
    let json =
        serde_json::to_string(query).map_err(|error| Error::plugin(format_args!("writing the query: {error}")))?;
    let path = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&json));
    if path.len() > LONGEST {
        return Err(Error::bad_request(format_args!(
            "the query makes a channel's path of {} characters, and {LONGEST} are allowed: give it a name in \
             jsonData.channels, and ask for that name with `channel`",
            path.len()
        )));
    }
    Ok(path)
}

/// The query in a path; `None` for any other path.
///
/// # Errors
/// A path that begins as a query's and has none.
pub fn query_in(path: &str) -> Result<Option<Query>, Error> {
    let Some(encoded) = path.strip_prefix(PREFIX) else { return Ok(None) };
    let json =
        URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let json = json.ok_or_else(|| {
        Error::bad_request(format_args!(
            "channel {path:?}: after `{PREFIX}` comes a query's JSON in base64url, and this is none"
        ))
    })?;
    let query = DataQuery { model: json, ..DataQuery::default() }.typed::<Query>();
    query.map(|query| Some(query.model)).map_err(|error| error.context(format_args!("channel {path:?}")))
}

/// Whether a name can be a channel's path. The reason, where it cannot.
pub fn check_name(name: &str) -> Result<(), &'static str> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./=".contains(&byte);
    if name.is_empty() || name.len() > LONGEST {
        return Err("it has 1 to 160 characters");
    }
    if !name.bytes().all(is_allowed) {
        return Err("it has letters, digits and _ - . / = only");
    }
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err("no part of it between slashes is empty, `.` or `..`");
    }
    if name.starts_with(PREFIX) {
        return Err("names that begin with q/ are those of queries");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_is_found_again_in_its_path() {
        let query: Query =
            serde_json::from_value(json!({"path": "/ticks", "fields": [{"name": "v", "path": "a"}]})).unwrap();
        let path = of_query(&query).unwrap();
        assert!(path.starts_with("q/") && path.len() <= 160, "{path}");
        assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/".contains(&byte)), "{path}");
        assert_eq!(query_in(&path).unwrap(), Some(query));
        assert_eq!(query_in("quotes").unwrap(), None);
    }

    #[test]
    fn a_query_too_long_for_a_path_is_told_to_take_a_name() {
        let query = Query { path: "/x".repeat(60), ..Query::default() };
        let error = of_query(&query).unwrap_err();
        assert!(error.status() == 400 && error.message().contains("jsonData.channels"), "{error}");
    }

    #[test]
    fn a_path_that_only_looks_like_a_querys_is_refused() {
        for path in ["q/W", "q/!", "q/AA", "q/eyJ0aW1lIjoieCJ9"] {
            let error = query_in(path).unwrap_err();
            assert!(error.status() == 400 && error.message().contains("channel"), "{path}: {error}");
        }
    }

    #[test]
    fn names_are_those_that_a_channel_can_have() {
        for name in ["ticks", "a/b.c-d_e=", "Q", "queries/1"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(161);
        for name in ["", "a b", "ü", "a//b", "/a", "a/", "../a", "a/.", "q/x", &long] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
