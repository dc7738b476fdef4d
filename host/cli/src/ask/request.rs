//! The question: the body of `/api/ds/query`, completed from what a person types.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use wellhead::name_queries;

/// What every query of a request gets unless it says otherwise itself.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct QueryDefaults {
    /// Start of the time range: now, now-1h, now-1d/d, epoch milliseconds, or RFC 3339
    #[arg(long, default_value = "now-1h", value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) from: String,
    /// End of the time range
    #[arg(long, default_value = "now", value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) to: String,
    /// Suggested step between points, in milliseconds
    #[arg(long, value_name = "MS")]
    interval_ms: Option<u32>,
    /// As many points as are wanted of a series
    #[arg(long, value_name = "N")]
    max_data_points: Option<u32>,
}

impl QueryDefaults {
    /// Nothing but a time range.
    pub(crate) fn over(from: String, to: String) -> Self {
        Self { from, to, ..Self::default() }
    }
}

/// Queries over a time range, each with a refId of its own.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) queries: Vec<Map<String, Value>>,
}

impl Request {
    /// Reads queries: each text is a JSON object, or an array of them.
    pub(crate) fn parse(texts: &[String], defaults: &QueryDefaults) -> Result<Self> {
        let mut queries = Vec::new();
        for text in texts {
            let value: Value =
                serde_json::from_str(text).with_context(|| format!("the query {} is not JSON", brief(text)))?;
            match value {
                Value::Object(query) => queries.push(query),
                Value::Array(several) => {
                    for value in several {
                        let Value::Object(query) = value else {
                            bail!("{value} in an array of queries is not a JSON object");
                        };
                        queries.push(query);
                    }
                }
                other => bail!("the query {other} is not a JSON object: write for example '{{\"expr\":\"up\"}}'"),
            }
        }
        if queries.is_empty() {
            bail!("no query: write for example '{{\"expr\":\"up\"}}'");
        }
        name_queries(&mut queries);
        for query in &mut queries {
            let mut or_default = |key: &str, value: Option<u32>| {
                if let Some(value) = value {
                    query.entry(key).or_insert(value.into());
                }
            };
            or_default("intervalMs", defaults.interval_ms);
            or_default("maxDataPoints", defaults.max_data_points);
        }
        Ok(Self { from: defaults.from.clone(), to: defaults.to.clone(), queries })
    }

    /// Names the data source in every query that names none.
    pub(crate) fn of_data_source(mut self, uid: &str) -> Self {
        for query in &mut self.queries {
            query.entry("datasource").or_insert_with(|| json!({ "uid": uid }));
        }
        self
    }

    /// The first query's refId that names no data source, if any.
    pub(crate) fn without_data_source(&self) -> Option<&str> {
        let bare =
            self.queries.iter().find(|query| !query.contains_key("datasource") && !query.contains_key("datasourceId"));
        bare.and_then(|query| query.get("refId")).and_then(Value::as_str)
    }

    /// The body of `POST /api/ds/query`.
    pub(crate) fn body(&self) -> Value {
        json!({ "from": self.from, "to": self.to, "queries": self.queries })
    }
}

fn brief(text: &str) -> String {
    const MOST: usize = 60;
    let start: String = text.chars().take(MOST).collect();
    if start.len() < text.len() { format!("{start:?}…") } else { format!("{start:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(texts: &[&str]) -> Result<Request> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Request::parse(&texts, &QueryDefaults { interval_ms: Some(15_000), ..QueryDefaults::default() })
    }

    fn ref_ids(request: &Request) -> Vec<&str> {
        request.queries.iter().map(|query| query["refId"].as_str().unwrap()).collect()
    }

    #[test]
    fn queries_without_a_ref_id_get_letters_nobody_has() {
        let request = parse(&[r#"[{"expr":"a"},{"refId":"A"}]"#, r#"{"expr":"c","refId":""}"#]).unwrap();
        assert_eq!(ref_ids(&request), ["B", "A", "C"]);
    }

    #[test]
    fn a_query_keeps_what_it_says_itself() {
        let request = parse(&[r#"[{"intervalMs":1,"datasource":{"uid":"own"}},{}]"#]).unwrap();
        assert_eq!(request.without_data_source(), Some("B"));
        let request = request.of_data_source("given");
        assert_eq!(request.queries[0]["intervalMs"], 1);
        assert_eq!(request.queries[0]["datasource"]["uid"], "own");
        assert_eq!(request.queries[1]["intervalMs"], 15_000);
        assert_eq!(request.queries[1]["datasource"]["uid"], "given");
        assert_eq!(request.without_data_source(), None);
    }

    #[test]
    fn what_is_no_query_is_shown_back() {
        for (text, says) in [
            ("{", "the query \"{\" is not JSON"),
            ("5", "the query 5 is not"),
            ("[1]", "1 in an array"),
            ("[]", "no query"),
        ] {
            let error = parse(&[text]).unwrap_err().to_string();
            assert!(error.starts_with(says), "{error}");
        }
    }
}
