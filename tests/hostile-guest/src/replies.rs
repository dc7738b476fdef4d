//! Answers that are none: to nobody's question, twice, with odd statuses and megabytes of words.

use crate::deed::{self, Deed, Outcome, error, failed, response};
use crate::exports::wellhead::plugin::datasource::QueryReply;
use crate::wellhead::plugin::types::{DataQuery, DataResponse};

pub(crate) fn query(deed: &Deed, query: &DataQuery) -> Option<Outcome> {
    let id = query.ref_id.as_str();
    let with_status = |status| DataResponse { status, ..response(id, vec![]) };
    let answers = match deed.name() {
        "no-answer" => vec![],
        "answer-twice" => vec![response(id, vec![]), response(id, vec![vec![0; 8]])],
        "wrong-ref-id" => vec![response("not-asked", vec![])],
        "long-ref-id" => vec![response(&"A".repeat(10 << 20), vec![]), response(id, vec![])],
        "many-answers" => (0..100_000).map(|n| response(&n.to_string(), vec![])).collect(),
        "strange-status" => vec![with_status(9_999)],
        "status" => vec![with_status(u16::try_from(deed.number("status")).unwrap_or_default())],
        // The status says well, the error does not.
        "status-and-error" => vec![DataResponse { status: 200, ..failed(id, 0, "well and not well") }],
        "error" => vec![failed(id, 9, format!("no {id} today"))],
        "error-empty" => vec![failed(id, 500, "")],
        "error-long" => vec![failed(id, 500, "x".repeat(10 << 20))],
        "error-secret" => {
            let secret = deed::secret();
            let mut answer = failed(id, 401, format!("{secret} is not {secret}{secret}"));
            if let Some(error) = &mut answer.error {
                error.details = Some(format!(r#"{{"password":"{secret}"}}"#));
            }
            vec![answer]
        }
        "details" => {
            let mut answer = failed(id, 500, "see the details");
            if let Some(error) = &mut answer.error {
                error.details = Some(deed.text("details").to_owned());
            }
            vec![answer]
        }
        "details-long" | "details-deep" => {
            let mut answer = failed(id, 500, "see the details");
            let deep = deed.name() == "details-deep";
            if let Some(error) = &mut answer.error {
                let (open, close) =
                    if deep { (r#"{"a":"#.repeat(20_000), "}".repeat(20_000)) } else { Default::default() };
                let text = "x".repeat(10 << 20);
                error.details = Some(if deep { format!("{open}1{close}") } else { format!(r#"{{"a":"{text}"}}"#) });
            }
            vec![answer]
        }
        "fail-call" => return Some(Outcome::Reply(Err(error(503, "nothing works")))),
        "transfer" => {
            let bytes = Some(deed.number("bytes")).filter(|bytes| *bytes > 0).unwrap_or(200 << 20);
            let answers = vec![response(id, vec![vec![0; bytes as usize]])];
            return Some(Outcome::Reply(Ok(QueryReply { ready: answers, rest: None })));
        }
        "answer-then-panic" => {
            wit_bindgen::spawn_local(async { panic!("asked to panic after the answer") });
            vec![response(id, vec![])]
        }
        _ => return None,
    };
    Some(Outcome::Answers(answers))
}
