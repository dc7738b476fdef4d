//! How operations fail, for the OpenAPI document: each handler names the sets that it can answer with.

use super::ErrorBody;
use std::collections::BTreeMap;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Of every operation behind the gate.
pub(crate) enum Refused {}
/// Of one that needs something to be there.
pub(crate) enum Missing {}
/// Of one that reads a body.
pub(crate) enum BadBody {}
/// Of one that needs something not to be there, or to be as it was.
pub(crate) enum Conflict {}

type Responses = BTreeMap<String, RefOr<Response>>;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        bodies(&[
            ("400", "Something in the request cannot be read, or is not allowed as it is."),
            ("401", "No credentials, or wrong ones."),
            ("403", "The caller may not do this."),
            ("405", "The path has no such method."),
            ("429", "Too many failed sign-ins, or a limit of calls: `Retry-After` says when to come again."),
            ("500", "The server failed; its log has more under the trace id."),
            ("503", "Too busy just now, or stopping."),
        ])
    }
}

impl IntoResponses for Missing {
    fn responses() -> Responses {
        bodies(&[("404", "Nothing there under that name.")])
    }
}

impl IntoResponses for BadBody {
    fn responses() -> Responses {
        bodies(&[("408", "The body did not arrive in time."), ("413", "The body is too large.")])
    }
}

impl IntoResponses for Conflict {
    fn responses() -> Responses {
        bodies(&[("409", "Another one has that name, or somebody else was faster.")])
    }
}

fn bodies(statuses: &[(&str, &str)]) -> Responses {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(ErrorBody::name()))).build();
    let response = |description: &str| {
        ResponseBuilder::new().description(description).content("application/json", body.clone()).build()
    };
    statuses.iter().map(|(status, description)| ((*status).to_owned(), response(description).into())).collect()
}
