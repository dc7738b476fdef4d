//! What live channels may cost.

use std::time::Duration;

/// Bounds on live channels. What plugins' runs may use beside is the runtime's `Limits::streams`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLimits {
    /// Channels of an org at once, those that wait for their first or next subscriber included. 1,000.
    pub streams_per_org: usize,
    /// Subscribers on this host at once. 10,000.
    pub subscribers: usize,
    /// Subscribers of one channel at once; `None`: as many as the host may have. None.
    pub subscribers_per_channel: Option<usize>,
    /// Updates that a subscriber may be behind before its oldest are dropped. 512.
    pub queue_frames: usize,
    /// Bytes of updates, as Arrow and in whatever forms they were sent, that wait for the slowest subscriber of a channel
    /// before the oldest are dropped. Also what one update may have as JSON. 16 MiB.
    pub queue_bytes: usize,
    /// Bytes of updates, as Arrow and in whatever forms they were sent, that the host holds for all its channels: they wait,
    /// are kept for subscribers to come, or are being sent. Where it is more, channels of the scope `stream` that nobody
    /// subscribes to are forgotten, and then a channel has no more than 1 MiB wait. 512 MiB.
    pub live_bytes: usize,
    /// Bytes of one frame's values, and of what it keeps in memory with them; of one JSON document that a plugin hands on.
    /// 4 MiB.
    pub frame_bytes: usize,
    /// Frames that a channel keeps and shows to a new subscriber; 0 for none. 1.
    pub retained_frames: usize,
    /// How long a plugin goes on feeding a channel that nobody subscribes to. 15 s.
    pub linger: Duration,
    /// How long a channel waits before it is run again after its run failed; doubles with every failure. 100 ms.
    pub restart_after: Duration,
    /// What [`restart_after`](Self::restart_after) grows to; a run that lived as long begins anew. 5 s.
    pub restart_after_at_most: Duration,
    /// How often a subscriber is asked for its permission again. 60 s.
    pub recheck: Duration,
    /// Bytes that a client may publish at once, or send along as it subscribes. 64 KiB.
    pub publish_bytes: usize,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            streams_per_org: 1_000,
            subscribers: 10_000,
            subscribers_per_channel: None,
            queue_frames: 512,
            queue_bytes: 16 << 20,
            live_bytes: 512 << 20,
            frame_bytes: 4 << 20,
            retained_frames: 1,
            linger: Duration::from_secs(15),
            restart_after: Duration::from_millis(100),
            restart_after_at_most: Duration::from_secs(5),
            recheck: Duration::from_secs(60),
            publish_bytes: 64 << 10,
        }
    }
}
