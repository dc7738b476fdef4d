//! The transport outside a host: asks what [`testing::answer_http`](crate::testing::answer_http) was given.

use std::cell::RefCell;
use std::rc::Rc;

use super::{HeaderMap, HttpError, Outgoing, StatusCode};
use crate::testing::SentRequest;

/// What a stub answers: status and body.
pub(crate) type Answer = dyn Fn(&SentRequest) -> Result<(u16, Vec<u8>), HttpError>;

thread_local! {
    pub(crate) static ANSWER: RefCell<Option<Rc<Answer>>> = RefCell::default();
}

#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: std::io::Cursor<Vec<u8>>,
}

impl Incoming {
    /// Fills the spare capacity; false when that was the end.
    pub(crate) async fn read(&mut self, mut into: Vec<u8>) -> (Vec<u8>, Result<bool, HttpError>) {
        let room = (into.capacity() - into.len()) as u64;
        let result = std::io::Read::read_to_end(&mut std::io::Read::take(&mut self.body, room), &mut into);
        let more = self.body.position() < self.body.get_ref().len() as u64;
        (into, result.map(|_| more).map_err(|error| HttpError::Broken(error.to_string())))
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
    let (status, body) = answer(&request)?;
    let status = StatusCode::from_u16(status).map_err(|error| HttpError::Broken(error.to_string()))?;
    Ok(Incoming { status, headers: HeaderMap::new(), body: std::io::Cursor::new(body) })
}
