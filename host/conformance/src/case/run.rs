//! A case is replayed and compared; or recorded, replayed to see that it can be, and kept.

use super::stamp::Stamp;
use super::{Case, CaseError, expected, query, read_json, write_json};
use crate::difference::difference;
use crate::lab::{Lab, Upstream};
use crate::subject::{Given, Subject, redactor_of};
use crate::{SuiteError, Update, Verdict, settings};
use serde_json::Value;
use std::borrow::Cow;
use wellhead::{Caller, DataSource, Limits, QueryRequest, Recorder, Recording, Redactor, Replay, ResultLimits};

/// What came of one run of the queries.
enum Ran {
    Answered(Value),
    /// The queries cannot be asked, or not as a whole.
    Not(String),
}

impl Case {
    /// Runs the case. What is `given` of a data source is recorded with, in the place of the case's own.
    pub(crate) async fn run(&self, subject: &Subject, given: &Given, update: Update) -> Result<Verdict, SuiteError> {
        let verdict = match update {
            Update::Recording => self.record(subject, given).await,
            Update::Compare | Update::Expected => self.replay(subject, update).await,
        };
        match verdict {
            // A case that cannot be read is its own fault, and no other's.
            Err(SuiteError::Cases(error)) => Ok(Verdict::Failed(error.to_string())),
            verdict => verdict,
        }
    }

    async fn replay(&self, subject: &Subject, update: Update) -> Result<Verdict, SuiteError> {
        let stamp = Stamp::read(&self.folder)?;
        let recording = Recording::read(&self.folder).map_err(CaseError::from)?;
        let mut source = self.source(&subject.manifest.id)?;
        stamp.apply(&mut source);
        settings::blank_secrets(&mut source);
        let replay = Replay::new(recording, redactor_of(&source));
        let ran = self.ask(subject, &source, Upstream::Played(replay.clone()), &stamp).await?;
        let mut faults = replay.misses();
        let actual = match ran {
            Ran::Answered(actual) => actual,
            Ran::Not(why) => return Ok(Verdict::Failed(why)),
        };
        let unused = replay.unused();
        if !unused.is_empty() {
            faults.push(format!("recorded and not asked for: {}", unused.join(", ")));
        }
        let path = self.folder.join("expected.json");
        if update == Update::Expected && faults.is_empty() {
            write_json(&path, &actual)?;
            return Ok(Verdict::Passed);
        }
        let Some(expected) = read_json(&path)? else {
            // Mostly why what was written by hand is not asked for.
            faults.extend(expected::errors(&actual));
            faults
                .push("it expects nothing: have expected.json written with --update, or --record the case".to_owned());
            return Ok(Verdict::Failed(faults.join("\n")));
        };
        faults.extend(difference(&expected::text(&expected), &expected::text(&actual)));
        Ok(Verdict::unless((!faults.is_empty()).then(|| faults.join("\n"))))
    }

    async fn record(&self, subject: &Subject, given: &Given) -> Result<Verdict, SuiteError> {
        let own = self.source(&subject.manifest.id)?;
        let own_url = own.url.clone();
        let source = given.over(own);
        let stamp = Stamp::now(Some(source.url.as_str()).filter(|url| *url != own_url));
        let redactor = redactor_of(&source);
        let recorder = Recorder::new(redactor);
        let ran = self.ask(subject, &source, Upstream::Live(recorder.clone()), &stamp).await?;
        let actual = match ran {
            Ran::Answered(actual) => actual,
            Ran::Not(why) => return Ok(Verdict::Failed(why)),
        };
        let recording = recorder.recording();
        if recording.reaches_nobody() {
            // A case of an upstream that is down is written by hand; nobody means to record one.
            let mut faults: Vec<String> = expected::errors(&actual).collect();
            faults.push("nothing is recorded: start the upstream, or name one that runs with --url".to_owned());
            return Ok(Verdict::Failed(faults.join("\n")));
        }
        recording.write(&self.folder).map_err(CaseError::from)?;
        stamp.write(&self.folder)?;
        write_json(&self.folder.join("expected.json"), &actual)?;
        // What does not replay is better known now than by the next person.
        match self.replay(subject, Update::Compare).await? {
            Verdict::Failed(why) => Ok(Verdict::Failed(format!("recorded, but its replay is another: {why}"))),
            verdict => Ok(verdict),
        }
    }

    async fn ask(
        &self,
        subject: &Subject,
        source: &DataSource,
        upstream: Upstream,
        stamp: &Stamp,
    ) -> Result<Ran, SuiteError> {
        let determinism = stamp.determinism();
        let body = query::body(&self.folder.join("query.json"), &source.uid)?;
        let request = match QueryRequest::from_json_as_of(body.to_string().as_bytes(), determinism.now, false) {
            Ok(request) => request,
            Err(error) => return Ok(Ran::Not(format!("query.json: {error}"))),
        };
        let redactor = redactor_of(source);
        let lab =
            Lab::open(subject, source.clone(), upstream, redactor.clone(), determinism, Limits::default()).await?;
        let answered = lab.wellhead.service().query_data(&Caller::default(), request).await;
        let ran = match answered {
            Ok(replies) => match expected::shown(&replies.collect(ResultLimits::default()).await) {
                Ok(shown) => Ran::Answered(blanked(shown, &redactor)),
                Err(why) => Ran::Not(why),
            },
            Err(error) => Ran::Not(error.to_string()),
        };
        lab.close().await;
        Ok(ran)
    }
}

/// An upstream may repeat a secret in its rows; it would stand in `expected.json` for all to see. Value by value, because
/// blanking the whole text would break it where a number has the secret's digits; such a number becomes text.
fn blanked(shown: Value, redactor: &Redactor) -> Value {
    let text = |text: &str| redactor.redact(text).into_owned();
    match shown {
        Value::String(string) => text(&string).into(),
        Value::Number(number) => match redactor.redact(&number.to_string()) {
            Cow::Borrowed(_) => number.into(),
            Cow::Owned(blank) => blank.into(),
        },
        Value::Array(items) => items.into_iter().map(|item| blanked(item, redactor)).collect(),
        Value::Object(entries) => {
            entries.into_iter().map(|(key, value)| (text(&key), blanked(value, redactor))).collect()
        }
        nothing @ (Value::Null | Value::Bool(_)) => nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_blanked_wherever_it_stands_even_among_digits() {
        let source = DataSource::new("p", "P", "p").with_secret("pin", "54321");
        let shown = json!({
            "A": { "values": [[54321, 9543210.5, 7, true, null]], "says": "54321 is wrong", "54321": "\"54321\"" }
        });
        let blanked = blanked(shown, &redactor_of(&source));
        assert_eq!(
            blanked,
            json!({
                "A": {
                    "values": [["[secret]", "9[secret]0.5", 7, true, null]],
                    "says": "[secret] is wrong",
                    "[secret]": "\"[secret]\"",
                }
            })
        );
    }
}
