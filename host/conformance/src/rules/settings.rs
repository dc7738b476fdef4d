//! Settings that somebody got wrong.

use crate::lab::{Lab, Upstream};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict, case, sample};
use serde_json::{Map, Value};
use wellhead::{DataSource, Limits, Otherwise, PluginError, Replay};

/// Keys of a schema that are tried one by one.
const MOST_KEYS: usize = 24;

/// Every key of the schema with a value it refuses, no settings at all, URLs that are none.
pub(super) async fn settings_errors(subject: &Subject) -> Result<Verdict, SuiteError> {
    let mut faults = Vec::new();
    for (what, source) in wrong(subject) {
        let upstream = Upstream::Played(Replay::of_nothing(Otherwise::Refuse));
        let redactor = redactor_of(&source);
        let mut lab = Lab::open(subject, source, upstream, redactor, case::standing(), Limits::default()).await?;
        let answered = lab.ask_one(subject).await;
        let crashes = lab.crashes();
        lab.close().await;
        match (answered, crashes.first()) {
            (Err(PluginError::InvalidSettings { error, .. }), _) if error.is_silent() => {
                faults.push(format!("with {what} it refuses the settings without a word: say what is wrong with them"));
            }
            (Err(PluginError::InvalidSettings { .. }), _) => {}
            (_, Some(crash)) => faults.push(format!("with {what}, {crash}")),
            _ => {}
        }
    }
    Ok(Verdict::unless((!faults.is_empty()).then(|| faults.join("\n"))))
}

fn wrong(subject: &Subject) -> Vec<(String, DataSource)> {
    let source = &subject.source;
    let with = |key: &str, value: Value| {
        let mut source = source.clone();
        source.json_data.insert(key.to_owned(), value);
        source
    };
    let schema = subject.manifest.wellhead.as_ref().and_then(|section| section.json_data_schema.as_ref());
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let mut all: Vec<_> = properties
        .into_iter()
        .flatten()
        .take(MOST_KEYS)
        .map(|(key, schema)| {
            let value = sample::refused(schema);
            (format!("jsonData.{key} = {value}"), with(key, value))
        })
        .collect();
    all.push(("a key of jsonData that nobody knows".to_owned(), with("conformanceUnknownKey", Value::Bool(true))));
    all.push(("an empty jsonData".to_owned(), DataSource { json_data: Map::new(), ..source.clone() }));
    for url in ["", "not a url", "http://", "ftp://127.0.0.1:9/x"] {
        all.push((format!("the URL {url:?}"), DataSource { url: url.to_owned(), ..source.clone() }));
    }
    all
}
