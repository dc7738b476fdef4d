//! Which channels there are, by their paths.

use wellhead_sdk::prelude::*;

use super::frames::Shape;
use super::options::Options;

/// What a channel carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    /// A row every two seconds.
    Every2s,
    /// Ten times a second, or not: three of four rows are left out.
    Flakey,
    /// Two rows at a time, told apart by a column of labels that change.
    Labeled,
    /// Twenty rows a second.
    Every50ms,
    /// A walk as the subscriber wants it.
    Walk,
    /// A walk of which frames go missing, and which fails now and then.
    Flaky,
    /// Nothing for a while, then many frames at once.
    Bursty,
    /// Only what clients publish.
    Talk,
}

/// The names there are; all but Grafana's may go on after a slash, each such path a channel of its own.
pub(super) const NAMES: [&str; 9] = [
    "random-2s-stream",
    "random-flakey-stream",
    "random-labeled-stream",
    "random-20Hz-stream",
    "random-walk",
    "flaky",
    "bursty",
    "echo",
    "chat",
];

impl Channel {
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "random-2s-stream" => return Some(Self::Every2s),
            "random-flakey-stream" => return Some(Self::Flakey),
            "random-labeled-stream" => return Some(Self::Labeled),
            _ => {}
        }
        // Grafana numbers these where a dashboard wants several.
        if let Some(rest) = path.strip_prefix("random-20Hz-stream") {
            let number = rest.strip_prefix('-').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
            return (rest.is_empty() || number).then_some(Self::Every50ms);
        }
        match path.split_once('/').map_or(path, |(family, _)| family) {
            "random-walk" => Some(Self::Walk),
            "flaky" => Some(Self::Flaky),
            "bursty" => Some(Self::Bursty),
            "echo" | "chat" => Some(Self::Talk),
            _ => None,
        }
    }

    /// The frames it has, where it has any of its own.
    pub(super) fn shape(self, options: &Options) -> Option<Shape> {
        match self {
            Self::Labeled => Some(Shape::Labeled),
            Self::Talk => None,
            _ => Some(Shape::Walk(options.clone())),
        }
    }

    /// What was asked of it. Grafana's channels are always the same, and talk may be about anything.
    pub(super) fn options(self, request: &StreamRequest) -> Result<Options, Error> {
        match self {
            Self::Walk | Self::Flaky | Self::Bursty => Options::of(request),
            _ => Ok(Options::default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_channel() {
        for name in NAMES {
            assert!(Channel::of(name).is_some(), "{name}");
        }
    }

    #[test]
    fn families_go_on_after_a_slash_and_grafanas_streams_after_a_number() {
        assert_eq!(Channel::of("random-walk/a/b"), Some(Channel::Walk));
        assert_eq!(Channel::of("random-20Hz-stream-12"), Some(Channel::Every50ms));
        for path in ["", "random-walks", "random-2s-stream/a", "random-20Hz-stream-", "random-20Hz-streams"] {
            assert_eq!(Channel::of(path), None, "{path}");
        }
    }
}
