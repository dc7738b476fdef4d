//! Live channels: Grafana's four random ones by their names, and walks, flaky and bursty ones at whatever pace a
//! subscriber asks for. One seed, one walk; only the times are those of the clock.

mod channel;
mod frames;
mod options;
mod pace;
mod run;

use wellhead_sdk::prelude::*;

pub(crate) use channel::Channel;
pub(crate) use run::run;

use frames::Shape;
use options::Options;

/// The channel, or not found; with the fields it has, and no rows yet.
pub(crate) fn subscribe(request: &StreamRequest) -> Result<Subscribed, Error> {
    let Some(channel) = Channel::of(&request.path) else { return Ok(Subscribed::not_found()) };
    // What cannot be run is told to whoever asked for it.
    let options = channel.options(request)?;
    match channel.shape(&options) {
        Some(shape) => Ok(Subscribed::ok().with_initial(shape.no_rows()?)),
        None => Ok(Subscribed::ok()),
    }
}

/// Clients may talk where there is nothing else to hear.
pub(crate) fn publish(request: &StreamRequest) -> Published {
    match Channel::of(&request.path) {
        Some(Channel::Talk) => Published::ok(),
        Some(_) => Published::permission_denied(),
        None => Published::not_found(),
    }
}

/// A frame of this channel's fields, without rows, whose `meta.channel` says where they come: `ds/UID/PATH`.
pub(crate) fn pointer(uid: &str, path: &str) -> Result<Frame, Error> {
    let channel = Channel::of(path).ok_or_else(|| not_found(path))?;
    let shape = channel.shape(&Options::default()).unwrap_or(Shape::Walk(Options::default()));
    let mut frame = shape.no_rows()?;
    frame.set_meta(Some(FrameMeta { channel: Some(format!("ds/{uid}/{path}")), ..FrameMeta::default() }))?;
    Ok(frame)
}

fn not_found(path: &str) -> Error {
    let names = channel::NAMES.join(", ");
    Error::bad_request(format_args!("there is no channel {path:?}: there are {names}")).with_status(404)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::StreamAccess;

    fn request(path: &str, data: &str) -> StreamRequest {
        StreamRequest { path: path.into(), data: data.into() }
    }

    #[test]
    fn subscribers_are_shown_the_fields_first_and_unknown_channels_are_not_found() {
        let subscribed = subscribe(&request("random-2s-stream", "")).unwrap();
        let names: Vec<_> = subscribed.initial().unwrap().fields().map(|field| field.name().to_owned()).collect();
        assert_eq!(names, ["Time", "Value", "Min", "Max"]);
        assert_eq!(subscribed.initial().unwrap().num_rows(), 0);
        assert_eq!(subscribe(&request("nope", "")).unwrap().access(), StreamAccess::NotFound);
        assert!(subscribe(&request("chat/lobby", "")).unwrap().initial().is_none());
    }

    #[test]
    fn options_that_make_no_sense_are_the_subscribers_to_mend() {
        let error = subscribe(&request("random-walk", r#"{"frequency":5000}"#)).unwrap_err();
        assert_eq!(error.status(), 400);
        assert!(error.message().contains("frequency") && error.message().contains("5000"), "{error}");
    }

    #[test]
    fn clients_publish_where_they_talk_and_nowhere_else() {
        let access = |path| publish(&request(path, "{}")).access();
        assert_eq!(access("chat"), StreamAccess::Ok);
        assert_eq!(access("echo/1"), StreamAccess::Ok);
        assert_eq!(access("random-walk"), StreamAccess::PermissionDenied);
        assert_eq!(access("nope"), StreamAccess::NotFound);
    }

    #[test]
    fn a_pointer_names_the_channel_and_has_its_fields() {
        let frame = pointer("u", "random-labeled-stream").unwrap();
        assert_eq!(frame.meta().unwrap().channel.as_deref(), Some("ds/u/random-labeled-stream"));
        assert_eq!((frame.name(), frame.num_fields()), ("labeled", 3));
        let error = pointer("u", "nope").unwrap_err();
        assert_eq!(error.status(), 404);
        assert!(error.message().contains("bursty"), "{error}");
    }
}
