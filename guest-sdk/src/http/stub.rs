//! The transport outside a host: asks what [`testing::answer_http`](crate::testing::answer_http) was given.

use std::cell::RefCell;
use std::fmt;
use std::io::Read;
use std::rc::Rc;

use super::{HeaderMap, HttpError, Outgoing, StatusCode};
use crate::testing::{HttpAnswer, SentRequest};

/// What a stub answers.
pub(crate) type Answer = dyn Fn(&SentRequest) -> Result<HttpAnswer, HttpError>;

thread_local! {
    pub(crate) static ANSWER: RefCell<Option<Rc<Answer>>> = RefCell::default();
}

pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Box<dyn Read>,
}

impl Incoming {
    /// Fills spare capacity with what is there; false at the end.
    pub(crate) async fn read(&mut self, mut into: Vec<u8>) -> (Vec<u8>, Result<bool, HttpError>) {
        let filled = into.len();
        into.resize(into.capacity(), 0);
        let room = into.get_mut(filled..).unwrap_or_default();
        let nothing_asked = room.is_empty();
        let read = self.body.read(room);
        into.truncate(filled + read.as_ref().map_or(0, |read| *read));
        let read = read.map_err(|error| HttpError::Broken(error.to_string()));
        (into, read.map(|read| read > 0 || nothing_asked))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("status", &self.status).finish_non_exhaustive()
    }
}

pub(crate) async fn send(outgoing: Outgoing) -> Result<Incoming, HttpError> {
    let Outgoing { method, address, headers, body, patience } = outgoing;
    let scheme = if address.https { "https" } else { "http" };
    let url = format!("{scheme}://{}{}", address.authority, address.path_and_query());
    let request = SentRequest { method, url, headers, body, timeout: patience };
    let Some(answer) = ANSWER.with_borrow(Clone::clone) else {
        return Err(HttpError::Invalid("outside a host: give testing::answer_http an answer".to_owned()));
    };
    let HttpAnswer { status, headers, body } = answer(&request)?;
    let status = StatusCode::from_u16(status).map_err(|error| HttpError::Broken(error.to_string()))?;
    Ok(Incoming { status, headers, body })
}
