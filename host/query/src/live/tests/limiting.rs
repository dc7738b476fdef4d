use super::fixture::*;
use crate::live::*;
use std::time::Duration;
use wellhead_frame::Frame;

#[tokio::test(start_paused = true)]
async fn an_org_has_so_many_channels_and_the_next_is_told_the_limit_and_the_cure() {
    let test = TestHub::with(LiveLimits { streams_per_org: 2, ..LiveLimits::default() });
    let first = test.subscribe("1/ds/a/x").await.unwrap();
    let _second = test.subscribe("1/stream/app/y").await.unwrap();
    let _of_another_org = test.subscribe("2/ds/a/x").await.unwrap();
    let _again = test.subscribe("1/ds/a/x").await.unwrap();
    let (status, text) = test.refusal("1/ds/a/z").await;
    assert_eq!(status, 429);
    let said =
        "limit \"streams_per_org\" exceeded: 3 asked, 2 allowed: unsubscribe from what nobody looks at, or raise";
    assert!(text.starts_with(said), "{text}");
    drop(first);
    assert_eq!(test.refusal("1/ds/a/z").await.0, 429, "another listens");
}

#[tokio::test(start_paused = true)]
async fn the_channel_that_nobody_has_listened_to_for_longest_makes_room() {
    let mut test = TestHub::with(LiveLimits { streams_per_org: 2, ..LiveLimits::default() });
    test.hub.publish_frame(&channel("1/stream/app/old"), frame(&[1])).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(test.subscribe("1/ds/a/left").await.unwrap());
    let run = test.run().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    test.hub.publish_frame(&channel("1/stream/app/new"), frame(&[2])).unwrap();
    let names = || test.hub.channels(1).into_iter().map(|status| status.channel.to_string()).collect::<Vec<_>>();
    assert_eq!(names(), ["1/ds/a/left", "1/stream/app/new"]);
    test.hub.publish_frame(&channel("1/stream/app/newer"), frame(&[3])).unwrap();
    assert_eq!(names(), ["1/stream/app/new", "1/stream/app/newer"]);
    run.closed().await;
    assert_eq!(test.metric("wellhead_live_channels"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_host_and_a_channel_have_so_many_subscribers() {
    let limits = LiveLimits { subscribers: 3, subscribers_per_channel: Some(2), ..LiveLimits::default() };
    let test = TestHub::with(limits);
    let mut all = vec![test.subscribe("1/ds/a/x").await.unwrap(), test.subscribe("1/ds/a/x").await.unwrap()];
    let (status, text) = test.refusal("1/ds/a/x").await;
    assert_eq!(status, 429);
    assert!(text.starts_with("limit \"subscribers_per_channel\" exceeded: 3 asked, 2 allowed"), "{text}");
    all.push(test.subscribe("2/ds/a/x").await.unwrap());
    let (status, text) = test.refusal("1/ds/a/y").await;
    assert_eq!(status, 429);
    assert!(text.starts_with("limit \"subscribers\" exceeded: 4 asked, 3 allowed"), "{text}");
    drop(all.pop());
    all.push(test.subscribe("1/ds/a/y").await.unwrap());
    let none = TestHub::with(LiveLimits { subscribers_per_channel: Some(0), ..LiveLimits::default() });
    assert_eq!(none.refusal("1/ds/a/x").await.0, 429);
    assert!(none.hub.channels(1).is_empty(), "a channel that was made for nobody is gone");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_too_large_is_dropped_and_told_and_the_run_goes_on() {
    let mut test = TestHub::with(LiveLimits { frame_bytes: 1_000, ..LiveLimits::default() });
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    for rows in [1, 200, 200, 2] {
        run.send(frame(&vec![rows; usize::try_from(rows).unwrap()])).await;
    }
    test.settle().await;
    let trouble =
        "a frame was dropped: limit \"frame_bytes\" exceeded: 1600 asked, 1000 allowed: send fewer rows at once";
    assert_eq!(read(&mut subscription), ["1", trouble, "2"]);
    assert_eq!(test.metric("wellhead_live_dropped_total"), 2);
    let error = test.hub.publish_frame(&channel("1/stream/app/x"), frame(&[1; 200])).unwrap_err();
    assert_eq!(error.public().status, 413);
    let long = format!("\"{}\"", "x".repeat(2_000));
    for name in ["1/ds/a/echo", "1/stream/app/x"] {
        let error = test.hub.publish(&of_org(1), &channel(name), &long).await.unwrap_err();
        assert!(error.to_string().starts_with("limit \"frame_bytes\" exceeded: 2002 asked, 1000 allowed"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_channels_together_hold_so_much_and_what_is_kept_for_nobody_goes_first() {
    let test = TestHub::with(LiveLimits { live_bytes: 7 << 19, ..LiveLimits::default() });
    let (kept, waits, more) = (channel("1/stream/a/kept"), channel("1/stream/a/waits"), channel("1/stream/a/more"));
    test.hub.publish_frame(&kept, frame(&[1; 100_000])).unwrap();
    let mut first = test.subscribe("1/stream/a/waits").await.unwrap();
    let mut second = test.subscribe("1/stream/a/more").await.unwrap();
    let names = || test.hub.channels(1).into_iter().map(|status| status.channel).collect::<Vec<_>>();
    // Three wait, one of which is kept as well.
    (0..3).for_each(|n| test.hub.publish_frame(&waits, frame(&[n; 100_000])).unwrap());
    assert_eq!(names(), [kept, more.clone(), waits.clone()]);
    (0..3).for_each(|n| test.hub.publish_frame(&more, frame(&[n; 100_000])).unwrap());
    assert_eq!(names(), [more, waits]);
    let dropped = |subscription: &mut Subscription| subscription.try_next().unwrap().unwrap().dropped();
    assert_eq!((dropped(&mut first), dropped(&mut second)), (0, 2));
    assert!(test.metric("wellhead_live_bytes") > 3 * 800_000);
    drop((first, second));
    assert_eq!(test.metric("wellhead_live_bytes") / 800_000, 2, "two are kept");
    test.hub.shutdown();
    assert_eq!(test.metric("wellhead_live_bytes"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_plugin_publishes_makes_room_as_well() {
    let mut test = TestHub::with(LiveLimits { live_bytes: 1 << 20, ..LiveLimits::default() });
    test.hub.publish_frame(&channel("1/stream/a/kept"), frame(&[1; 100_000])).unwrap();
    let _subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    run.send(frame(&[1])).await;
    test.settle().await;
    assert_eq!(test.hub.channels(1).len(), 2);
    run.send(frame(&[1; 100_000])).await;
    test.settle().await;
    let names: Vec<_> = test.hub.channels(1).iter().map(|status| status.channel.to_string()).collect();
    assert_eq!(names, ["1/ds/a/ticks"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_counts_once_with_all_that_is_made_of_it_for_as_long_as_anybody_has_it() {
    let test = TestHub::new();
    let held = || test.metric("wellhead_live_bytes");
    let name = channel("1/stream/a/x");
    let mut subscription = test.subscribe("1/stream/a/x").await.unwrap();
    test.hub.publish_frame(&name, frame(&[7; 1_000])).unwrap();
    let waits_and_is_kept = held();
    assert_eq!(waits_and_is_kept / 8_000, 1);
    let update = subscription.try_next().unwrap().unwrap();
    let with_json = waits_and_is_kept + update.json().len() as u64;
    assert_eq!(held(), with_json);
    drop(update);
    assert_eq!(held(), with_json, "it is kept");
    let mut newcomer = test.subscribe("1/stream/a/x").await.unwrap();
    test.hub.publish_frame(&name, frame(&[8])).unwrap();
    assert!(held() > with_json, "somebody has yet to read it");
    let in_hand = newcomer.try_next().unwrap().unwrap();
    drop((subscription, newcomer));
    test.hub.shutdown();
    assert_eq!(held(), with_json);
    drop(in_hand);
    assert_eq!(held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kept_frame_does_not_keep_what_came_in_the_same_message() {
    let test = TestHub::new();
    let name = channel("1/stream/app/x");
    let message = frame(&vec![7; 100_000]);
    let values = || message.batches()[0].column(0).to_data().buffers()[0].strong_count();
    // One is looked at as it is counted.
    let before = values();
    let batches = vec![message.batches()[0].slice(0, 1)];
    test.hub.publish_frame(&name, Frame::try_new(message.schema().clone(), batches).unwrap()).unwrap();
    assert_eq!(read(&mut test.subscribe("1/stream/app/x").await.unwrap()), ["7"]);
    assert_eq!(values(), before);
}

#[tokio::test(start_paused = true)]
async fn a_first_frame_that_is_too_large_is_told_of_and_what_the_channel_keeps_is_shown() {
    let mut test = TestHub::with(LiveLimits { frame_bytes: 1_000, ..LiveLimits::default() });
    let mut first = test.subscribe("1/ds/a/long-greeting").await.unwrap();
    let told = first.take_initial().unwrap();
    let notice = told.meta().unwrap().notices[0].text.clone();
    let said =
        "the first frame of channel 1/ds/a/long-greeting was dropped: limit \"frame_bytes\" exceeded: 8000 asked";
    assert!(notice.starts_with(said), "{notice}");
    assert_eq!((told.num_rows(), told.num_fields()), (0, 1));
    let run = test.run().await;
    run.send(frame(&[1])).await;
    test.settle().await;
    let mut second = test.subscribe("1/ds/a/long-greeting").await.unwrap();
    assert_eq!((second.take_initial().map(|frame| frame.num_rows()), read(&mut second)), (Some(0), vec!["1".into()]));
}

#[tokio::test(start_paused = true)]
async fn what_a_client_sends_is_bounded_and_must_be_json() {
    let test = TestHub::with(LiveLimits { publish_bytes: 10, ..LiveLimits::default() });
    for (data, status, words) in [
        ("\"0123456789\"", 413, "limit \"publish_bytes\" exceeded: 12 asked, 10 allowed"),
        ("{", 400, "it is no JSON document"),
        ("nonsense", 400, "it is no JSON document"),
    ] {
        let subscribed = test.subscribe_with("1/ds/a/ticks", data).await.map(drop);
        let published = test.hub.publish(&of_org(1), &channel("1/ds/a/echo"), data).await;
        for error in [subscribed.unwrap_err(), published.unwrap_err()] {
            assert_eq!(error.public().status, status, "{data}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    assert_eq!(test.hub.publish(&of_org(1), &channel("1/ds/a/echo"), "").await.unwrap_err().public().status, 400);
}
