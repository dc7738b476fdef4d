//! HTTP as every route speaks it: error bodies, trace ids, who asks, which form is wanted, bodies that do not wait
//! for ever, answers that others wrote.

mod after;
mod body;
mod chunks;
mod error;
mod failures;
mod foreign;
mod headers;
mod json_body;
mod negotiate;
mod observe;
mod origin;
mod paced;
mod path;
mod peer;
mod segment;
mod trace;

pub(crate) use after::AfterHttp;
pub(crate) use body::{BodyBudget, WholeBody, read_body, streamed_body};
pub(crate) use chunks::body_of;
pub(crate) use error::{ApiError, ErrorBody};
pub(crate) use failures::{BadBody, Conflict, Missing, Refused};
pub(crate) use foreign::{foreign_response, has_body};
pub(crate) use headers::remove_hop_by_hop;
pub(crate) use json_body::{JsonBody, read_json};
pub(crate) use negotiate::{accepts, check_json, is_json};
pub(crate) use observe::observe;
pub(crate) use origin::{Pages, check_origin};
pub(crate) use paced::PacesHttp2;
pub(crate) use path::PathOf;
pub(crate) use peer::{ClientAddress, ClientScheme, KnowsClient, Peer};
pub(crate) use segment::Segment;
pub(crate) use trace::{Trace, random};
