//! Answers: that there is one to each question, and that it is what it says it is.

use crate::answer::Answered;
use crate::lab::{Lab, Upstream};
use crate::subject::{Subject, redactor_of};
use crate::{SuiteError, Verdict, case, sample};
use serde_json::{Map, Value, json};
use wellhead::{GuestError, Limits, Otherwise, PluginError, Replay};

/// Names that clients give queries, and one that a careless plugin would trip over.
const REF_IDS: [&str; 4] = ["A", "B", "errors per second", "\"quoted\" {ref} Ünïcode"];
/// Keys of a schema that are tried one by one.
const MOST_KEYS: usize = 24;

async fn lab(subject: &Subject) -> Result<Lab, SuiteError> {
    let (source, replay, determinism) = subject.upstream();
    let redactor = redactor_of(&source);
    Ok(Lab::open(subject, source, Upstream::Played(replay), redactor, determinism, Limits::default()).await?)
}

/// Models that are none of the plugin's, and its own before an upstream that is down.
pub(super) async fn bad_queries(subject: &Subject) -> Result<Verdict, SuiteError> {
    let mut faults = Vec::new();
    let upstream = Upstream::Played(Replay::of_nothing(Otherwise::Refuse));
    let (source, redactor) = (subject.source.clone(), redactor_of(&subject.source));
    // Crashes have no say in when the next one is tried.
    let limits = Limits { crashes: 1000, ..Limits::default() };
    let mut lab = Lab::open(subject, source, upstream, redactor, case::standing(), limits).await?;
    for (what, model) in bad(subject) {
        let answered = lab.ask(&[("A".to_owned(), model)]).await;
        if let Some(crash) = lab.crashes().first() {
            faults.push(format!("with {what}, {crash}"));
            // One is enough to mend, and each costs a pause.
            break;
        }
        if let Ok(answers) = answered {
            let silent = |answer: &Answered| answer.error.as_ref().is_some_and(GuestError::is_silent);
            if answers.iter().any(silent) {
                faults.push(format!("with {what} it fails without a word: say what is wrong"));
            }
        }
    }
    lab.close().await;
    Ok(Verdict::unless((!faults.is_empty()).then(|| faults.join("\n"))))
}

fn bad(subject: &Subject) -> Vec<(String, Map<String, Value>)> {
    let with = |key: &str, value: Value| {
        let mut model = subject.query().clone();
        model.insert(key.to_owned(), value);
        model
    };
    let mut all = vec![
        ("its own query before an upstream that is down".to_owned(), subject.query().clone()),
        ("an empty query".to_owned(), Map::new()),
        ("a key that nobody knows".to_owned(), with("conformanceUnknownKey", json!({ "a": [1, null] }))),
    ];
    let schema = subject.manifest.wellhead.as_ref().and_then(|section| section.query_schema.as_ref());
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    for (key, schema) in properties.into_iter().flatten().take(MOST_KEYS) {
        for value in [sample::refused(schema), Value::Null] {
            all.push((format!("{key} = {value}"), with(key, value)));
        }
    }
    all
}

/// Four queries in one call.
pub(super) async fn ref_ids(subject: &Subject) -> Result<Verdict, SuiteError> {
    let mut lab = lab(subject).await?;
    let queries: Vec<_> = REF_IDS.iter().map(|id| ((*id).to_owned(), subject.query().clone())).collect();
    let answered = lab.ask(&queries).await;
    let crashes = lab.crashes();
    let unasked = lab.figure("wellhead_plugin_unasked_answers_total");
    lab.close().await;
    let answers = match answered {
        Ok(answers) => answers,
        Err(error) => return Ok(no_answer(&error)),
    };
    if let Some(crash) = crashes.first() {
        return Ok(Verdict::Skipped(crash.clone()));
    }
    let id = &subject.manifest.id;
    let left_out: Vec<_> = answers.iter().filter(|answer| answer.left_out(id).is_some()).collect();
    let mut faults: Vec<String> =
        left_out.iter().map(|answer| format!("the query {:?} is not answered", answer.ref_id)).collect();
    if unasked > 0 {
        faults.push(format!("{unasked} answers were to refIds that were not asked, or were answered already"));
    }
    Ok(Verdict::unless((!faults.is_empty()).then(|| faults.join("\n"))))
}

/// Whatever frames there are.
pub(super) async fn frames(subject: &Subject) -> Result<Verdict, SuiteError> {
    let lab = lab(subject).await?;
    let answered = lab.ask_one(subject).await;
    lab.close().await;
    let answers = match answered {
        Ok(answers) => answers,
        Err(error) => return Ok(no_answer(&error)),
    };
    let id = &subject.manifest.id;
    if let Some(fault) = answers.iter().find_map(|answer| answer.invalid_frame(id)) {
        return Ok(Verdict::Failed(fault.to_owned()));
    }
    if answers.iter().all(|answer| answer.frames == 0) {
        let said = answers.iter().find_map(|answer| answer.error.as_ref());
        let said = said.map(|error| format!(" ({})", error.message)).unwrap_or_default();
        return Ok(Verdict::Skipped(format!(
            "the query {} gave no frame{said}: record a case that does",
            Value::Object(subject.query().clone())
        )));
    }
    Ok(Verdict::Passed)
}

/// Another rule tells of it.
fn no_answer(error: &PluginError) -> Verdict {
    Verdict::Skipped(format!("there is no answer to judge: {error}"))
}
