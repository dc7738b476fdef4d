//! One run of a channel.

use std::future::pending;
use std::time::Duration;

use wellhead_sdk::prelude::*;
use wellhead_sdk::task;

use super::channel::Channel;
use super::frames::{LabeledWalk, Walk};
use super::not_found;
use super::options::Options;
use super::pace::Pace;
use crate::rng::Rng;

/// After so many frames of a burst other calls get a turn, even where the host takes everything at once.
const FRAMES_A_TURN: u32 = 64;

/// Feeds a channel, for ever or until it fails.
pub(crate) async fn run(request: StreamRequest, sender: StreamSender) -> Result<(), Error> {
    let path = request.path.as_str();
    let channel = Channel::of(path).ok_or_else(|| not_found(path))?;
    let options = channel.options(&request)?;
    let seed = options.seed(path);
    let mood = match channel {
        Channel::Every2s => Mood::steady(Duration::from_secs(2)),
        Channel::Every50ms => Mood::steady(Duration::from_millis(50)),
        Channel::Flakey => Mood { drop: 0.75, ..Mood::steady(Duration::from_millis(100)) },
        Channel::Walk => Mood::steady(options.period(1.0)),
        Channel::Flaky => {
            let steady = Mood::steady(options.period(10.0));
            Mood { drop: options.drop_share(), fail: options.fail_share(), seed, ..steady }
        }
        Channel::Labeled => return labeled(LabeledWalk::new(seed), sender).await,
        Channel::Bursty => return bursts(options, seed, sender).await,
        Channel::Talk => return pending().await,
    };
    walk(Walk::new(options, seed), mood, sender).await
}

/// How regular a walk is.
struct Mood {
    period: Duration,
    /// Share of the frames that are left out.
    drop: f64,
    /// Share of the frames that a failure follows.
    fail: f64,
    seed: u64,
}

impl Mood {
    fn steady(period: Duration) -> Self {
        Self { period, drop: 0.0, fail: 0.0, seed: 0 }
    }
}

async fn walk(mut walk: Walk, mood: Mood, mut sender: StreamSender) -> Result<(), Error> {
    let (mut pace, mut rng) = (Pace::new(mood.period), Rng::new(mood.seed));
    loop {
        pace.tick().await;
        let frame = walk.next(task::now(), mood.period)?;
        if rng.unit() >= mood.drop {
            sender.send(frame).await?;
        }
        if rng.unit() < mood.fail {
            return Err(Error::downstream("the upstream, which is made up, hung up: flaky streams do"));
        }
    }
}

async fn labeled(mut walk: LabeledWalk, mut sender: StreamSender) -> Result<(), Error> {
    let (mut pace, mut rng) = (Pace::new(Duration::from_millis(200)), Rng::new(0));
    loop {
        pace.tick().await;
        let frame = walk.next(task::now())?;
        if rng.unit() >= 0.2 {
            sender.send(frame).await?;
        }
    }
}

async fn bursts(options: Options, seed: u64, mut sender: StreamSender) -> Result<(), Error> {
    let (quiet, burst) = (options.quiet()?, options.burst());
    let mut walk = Walk::new(options, seed);
    loop {
        task::sleep(quiet).await;
        for sent in 1..=burst {
            sender.send(walk.next(task::now(), Duration::ZERO)?).await?;
            if sent.is_multiple_of(FRAMES_A_TURN) {
                task::yield_now().await;
            }
        }
        // Even where `quiet` is nothing at all.
        task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellhead_sdk::ErrorSource;
    use wellhead_sdk::frame::Value;
    use wellhead_sdk::testing::{CollectedStream, block_on, collect_stream};

    fn collect(path: &str, data: &str, count: usize) -> CollectedStream {
        let request = StreamRequest { path: path.into(), data: data.into() };
        block_on(collect_stream(|sender| run(request, sender), count))
    }

    fn values(stream: &CollectedStream) -> Vec<Value> {
        stream.frames.iter().flat_map(|frame| frame.field(1).unwrap().values()).collect()
    }

    #[test]
    fn a_walk_has_the_fields_of_its_first_word_and_is_the_same_every_time() {
        let of = |data| collect("random-walk/x", data, 5);
        let (one, other) = (of(r#"{"frequency":1000,"seed":7}"#), of(r#"{"frequency":1000,"seed":7,"rows":1}"#));
        assert_eq!(values(&one), values(&other));
        assert_ne!(values(&one), values(&of(r#"{"frequency":1000,"seed":8}"#)));
        let subscribed =
            crate::streams::subscribe(&StreamRequest { path: "random-walk/x".into(), data: String::new() });
        assert_eq!(one.frames[4].schema(), subscribed.unwrap().initial().unwrap().schema());
        assert_eq!(one.end, None);
    }

    #[test]
    fn grafanas_streams_take_no_options() {
        let stream = collect("random-20Hz-stream-2", r#"{"rows":5,"frequency":0.01}"#, 2).into_frames().unwrap();
        assert_eq!(stream.iter().map(Frame::num_rows).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(collect("random-labeled-stream", "", 1).frames[0].num_rows(), 2);
    }

    #[test]
    fn a_flaky_stream_fails_as_downstreams_do_after_frames_of_which_some_are_missing() {
        let data = |drop| format!(r#"{{"frequency":1000,"seed":1,"dropPercent":{drop},"failPercent":10}}"#);
        let whole = collect("flaky", &data(0), 1_000);
        let error = whole.end.unwrap().unwrap_err();
        assert_eq!((error.status(), error.error_source()), (502, ErrorSource::Downstream));
        let part = collect("flaky", &data(50), 1_000);
        assert!(part.frames.len() < whole.frames.len(), "{} {}", part.frames.len(), whole.frames.len());
    }

    #[test]
    fn a_burst_has_as_many_frames_as_asked_for() {
        let stream = collect("bursty", r#"{"quiet":"0s","burst":200,"fields":["Value"]}"#, 500);
        assert_eq!(stream.frames.len(), 500);
    }

    #[test]
    fn a_channel_that_is_not_there_fails_with_404() {
        assert_eq!(collect("nope", "", 1).into_frames().unwrap_err().status(), 404);
    }
}
