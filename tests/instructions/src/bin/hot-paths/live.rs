//! Live channels: their names, and a frame on its way to those who subscribe.

use crate::path::{HotPath, Repeat};
use crate::tables::Series;
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use std::sync::Arc;
use wellhead::{Caller, Channel, ProxySettings, Subscription, Wellhead, Wire};

const CHANNEL: &str = "stream/measured/walk";
const SUBSCRIBERS: usize = 100;
/// Rows of a frame, as a sensor sends them.
const ROWS: usize = 10;

pub(crate) const PATHS: &[HotPath] = &[
    HotPath {
        name: "live/channel-names",
        repetition: "4 names of channels, as clients subscribe to them, to channels",
        repetitions: 1_000,
        prepare: names,
    },
    HotPath {
        name: "live/publish-to-100",
        repetition: "a frame of 10 rows published, and read by 100 subscribers as WebSocket messages",
        repetitions: 50,
        prepare: publish,
    },
];

fn names() -> Result<Repeat> {
    let names = [
        "ds/testdata/random-2s-stream",
        "ds/prometheus-eu-west-1/tail/http_requests_total",
        "stream/builds/main",
        "ds/P8E80F9AEF21F6940/logs/app=api/level=error",
    ];
    Ok(Box::new(move || {
        for name in black_box(names) {
            black_box(Channel::in_org(1, name)?);
        }
        Ok(())
    }))
}

fn publish() -> Result<Repeat> {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (wellhead, mut subscriptions) = tokio.block_on(async {
        let wellhead = Wellhead::builder().proxy(ProxySettings::None).guest_threads(1).build().await?;
        let channel = Channel::in_org(1, CHANNEL)?;
        let mut subscriptions = Vec::new();
        for _ in 0..SUBSCRIBERS {
            subscriptions.push(wellhead.live().subscribe(Arc::new(Caller::default()), &channel, "").await?);
        }
        Ok::<_, anyhow::Error>((wellhead, subscriptions))
    })?;
    let frame = Series::new(ROWS).build()?;
    Ok(Box::new(move || {
        let _entered = tokio.enter();
        wellhead.publish(CHANNEL, frame.clone())?;
        subscriptions.iter_mut().try_for_each(read)
    }))
}

/// What the server does for a subscriber.
fn read(subscription: &mut Subscription) -> Result<()> {
    let update = subscription.try_next().context("nothing came")??;
    let message = update.wire(Wire::WebSocket, |_, json| [b"{\"push\":", json, b"}"].concat());
    ensure!(!black_box(message).is_empty(), "an empty message came");
    Ok(())
}
