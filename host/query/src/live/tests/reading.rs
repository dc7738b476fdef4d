use super::fixture::*;
use crate::live::*;
use futures::StreamExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use wellhead_frame::{Field, Frame};

const SCHEMA: &str = r#"{"schema":{"name":"f","fields":[{"name":"n","type":"number","typeInfo":{"frame":"int64"}}]},"#;

#[tokio::test(start_paused = true)]
async fn one_run_feeds_a_hundred_subscribers() {
    let mut test = TestHub::new();
    let mut all = Vec::new();
    for _ in 0..100 {
        all.push(test.subscribe("1/ds/a/ticks").await.unwrap());
    }
    let run = test.run().await;
    assert_eq!((run.request.path.as_str(), run.context.user.clone()), ("ticks", None));
    run.send(frame(&[7])).await;
    for subscription in &mut all {
        assert_eq!(said(&subscription.next().await.unwrap()), "7");
    }
    assert!(!test.has_run());
    assert_eq!(test.metric("wellhead_live_subscribers"), 100);
    assert_eq!(test.metric("wellhead_live_channels"), 1);
    assert_eq!(test.metric("wellhead_live_frames_total"), 1);
    assert_eq!(test.metric("wellhead_live_runs_started_total"), 1);
    let [status] = test.hub.channels(1).try_into().unwrap();
    assert_eq!((status.channel, status.subscribers, status.frames), (channel("1/ds/a/ticks"), 100, 1));
}

#[tokio::test(start_paused = true)]
async fn other_data_on_the_same_path_is_another_run() {
    let mut test = TestHub::new();
    let _subscriptions = [
        test.subscribe_with("1/ds/a/ticks", "{ \"hz\": 1 }").await.unwrap(),
        test.subscribe_with("1/ds/a/ticks", "{\"hz\":1}").await.unwrap(),
        test.subscribe_with("1/ds/a/ticks", "{\"hz\":2}").await.unwrap(),
    ];
    assert_eq!([test.run().await, test.run().await].map(|run| run.request.data), ["{\"hz\":1}", "{\"hz\":2}"]);
    assert!(!test.has_run());
}

#[tokio::test(start_paused = true)]
async fn a_new_subscriber_is_shown_the_last_frame_with_its_schema() {
    let mut test = TestHub::new();
    let mut first = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    run.send(frame(&[1])).await;
    run.send(frame(&[2])).await;
    test.settle().await;
    let mut second = test.subscribe("1/ds/a/ticks").await.unwrap();
    let shown = second.next().await.unwrap();
    assert_eq!((said(&shown).as_str(), shown.starts_schema()), ("2", true));
    run.send(frame(&[3])).await;
    let next = second.next().await.unwrap();
    assert_eq!((said(&next).as_str(), next.starts_schema()), ("3", false));
    assert_eq!(read(&mut first), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn as_many_frames_as_are_asked_for_are_kept_and_none_where_none_are() {
    for (retained_frames, shown) in [(0, vec![]), (3, vec!["2", "3", "4"])] {
        let mut test = TestHub::with(LiveLimits { retained_frames, ..LiveLimits::default() });
        let _first = test.subscribe("1/ds/a/ticks").await.unwrap();
        let run = test.run().await;
        for value in 1..5 {
            run.send(frame(&[value])).await;
        }
        test.settle().await;
        assert_eq!(read(&mut test.subscribe("1/ds/a/ticks").await.unwrap()), shown);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_plugin_has_to_show_comes_in_the_place_of_kept_frames() {
    let mut test = TestHub::new();
    let mut first = test.subscribe("1/ds/a/greeting").await.unwrap();
    assert_eq!(first.take_initial().map(|frame| frame.num_rows()), Some(1));
    assert!(first.take_initial().is_none());
    let run = test.run().await;
    run.send(frame(&[1])).await;
    test.settle().await;
    let second = test.subscribe("1/ds/a/greeting").await.unwrap();
    run.send(frame(&[2, 2])).await;
    let frames: Vec<_> = second.into_frames().take(2).map(|frame| frame.num_rows()).collect().await;
    assert_eq!(frames, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_schema_is_told_once_and_again_where_it_changes() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    let first = frame(&[1]);
    let other = || Frame::builder("g").column(Field::new("m"), vec![true]).build().unwrap();
    for frame in [first.clone(), like(&first, &[2]), frame(&[3]), other(), other(), frame(&[4])] {
        run.send(frame).await;
    }
    test.settle().await;
    let updates: Vec<_> = std::iter::from_fn(|| subscription.try_next()?.ok()).collect();
    assert_eq!(updates.iter().map(Update::starts_schema).collect::<Vec<_>>(), [true, false, false, true, false, true]);
    let texts: Vec<_> = updates.iter().map(bytes).collect();
    assert_eq!(texts[0], format!("{SCHEMA}\"data\":{{\"values\":[[1]]}}}}"));
    assert_eq!(texts[1], r#"{"data":{"values":[[2]]}}"#);
    assert!(texts[3].starts_with(r#"{"schema":{"name":"g""#), "{}", texts[3]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_subscriber_skips_the_oldest_is_told_how_many_and_the_schema_again() {
    let mut test = TestHub::with(LiveLimits { queue_frames: 4, ..LiveLimits::default() });
    let mut slow = test.subscribe("1/ds/a/ticks").await.unwrap();
    let mut fast = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    run.send(frame(&[0])).await;
    assert_eq!(said(&slow.next().await.unwrap()), "0");
    for value in 0..10 {
        if value > 0 {
            run.send(frame(&[value])).await;
        }
        // Whoever keeps up is not held up, and misses nothing.
        let update = fast.next().await.unwrap();
        assert_eq!((said(&update), update.dropped()), (value.to_string(), 0));
    }
    let update = slow.next().await.unwrap();
    let notice = "7 updates were dropped before this one, because this subscriber did not keep up";
    assert_eq!((said(&update), update.dropped()), (format!("8 | {notice}"), 7));
    assert!(update.starts_schema() && bytes(&update).contains(notice), "{}", bytes(&update));
    let next = slow.next().await.unwrap();
    assert_eq!((said(&next).as_str(), next.starts_schema()), ("9", true), "a schema without the notice");
    run.send(frame(&[10])).await;
    assert!(!slow.next().await.unwrap().starts_schema());
    assert_eq!(test.metric("wellhead_live_dropped_total"), 7);
}

#[tokio::test(start_paused = true)]
async fn a_plugin_is_not_held_back_by_who_does_not_read() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    for value in 0..10_000 {
        run.send(frame(&[value])).await;
    }
    test.settle().await;
    let read = read(&mut subscription);
    assert_eq!((read.len(), read.last().map(String::as_str)), (256, Some("9999")));
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bounded_in_bytes_too() {
    let mut test = TestHub::with(LiveLimits { queue_bytes: 100_000, ..LiveLimits::default() });
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    for value in 0..10 {
        run.send(frame(&vec![value; 4_000])).await;
    }
    test.settle().await;
    let update = subscription.next().await.unwrap();
    // Three times 32,000 bytes wait.
    assert_eq!((update.dropped(), said(&update).starts_with('8')), (8, true), "{}", said(&update));
}

#[tokio::test(start_paused = true)]
async fn schemas_that_wait_count_as_bytes_do() {
    let mut test = TestHub::with(LiveLimits { queue_bytes: 100_000, ..LiveLimits::default() });
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    for value in 0..10 {
        let field = Field::new("n").label("l", "x".repeat(30_000));
        run.send(Frame::builder("f").column(field, vec![value]).build().unwrap()).await;
    }
    test.settle().await;
    assert_eq!(subscription.next().await.unwrap().dropped(), 8);
}

#[tokio::test(start_paused = true)]
async fn the_bytes_of_a_wire_are_made_once_for_all() {
    let mut test = TestHub::new();
    let mut all = Vec::new();
    for _ in 0..50 {
        all.push(test.subscribe("1/ds/a/ticks").await.unwrap());
    }
    let run = test.run().await;
    let made = AtomicUsize::new(0);
    let make = |channel: &Channel, json: &[u8]| {
        made.fetch_add(1, Ordering::Relaxed);
        [channel.to_string().as_bytes(), b" ", json].concat()
    };
    for value in 0..3 {
        run.send(frame(&[value])).await;
        for subscription in &mut all {
            let update = subscription.next().await.unwrap();
            let bytes = update.wire(Wire::WebSocket, make);
            let begins: &[u8] = if value == 0 { b"1/ds/a/ticks {\"schema\":" } else { b"1/ds/a/ticks {\"data\":" };
            assert!(bytes.starts_with(begins));
            assert_eq!(update.wire(Wire::EventStream, |_, _| b"event".to_vec()), &b"event"[..]);
        }
    }
    assert_eq!(made.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn large_frames_are_written_as_json_before_anybody_asks_where_somebody_has_before() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    let (large, rows) = (frame(&[7; 40_000]), 40_000 * 8);
    let mut waiting = async |what: &[i64]| {
        run.send(like(&large, what)).await;
        // One is in hand; the other waits, and is kept.
        let update = soon(subscription.next()).await.unwrap();
        run.send(like(&large, what)).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let bytes = test.metric("wellhead_live_bytes");
        assert!(soon(subscription.next()).await.unwrap().json().len() <= update.json().len());
        bytes
    };
    let as_frames = waiting(&[7; 40_000]).await;
    assert!((2 * rows..2 * rows + 10_000).contains(&as_frames), "{as_frames}");
    let as_json = waiting(&[7; 40_000]).await;
    assert!((2 * rows + 160_000..2 * rows + 170_000).contains(&as_json), "{as_json}");
    let small = waiting(&[7; 4_000]).await;
    assert!(small < 2 * 32_000 + 5_000, "{small}");
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_cannot_be_written_as_json_says_so_in_its_place() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    let bad = vec![wellhead_frame::RawJson::from("{")];
    run.send(Frame::builder("f").column(Field::new("j"), bad).build().unwrap()).await;
    let text = bytes(&subscription.next().await.unwrap());
    assert!(text.contains("cannot be sent as JSON") && text.contains(r#""values":[[]]"#), "{text}");
}

#[tokio::test(start_paused = true)]
async fn giving_up_waiting_loses_nothing() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    for value in 0..3 {
        assert!(tokio::time::timeout(Duration::from_secs(1), subscription.next()).await.is_err());
        run.send(frame(&[value])).await;
        assert_eq!(said(&subscription.next().await.unwrap()), value.to_string());
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_reads_nothing_does_not_keep_what_the_channel_had_before_it_came() {
    let test = TestHub::with(LiveLimits { queue_frames: 4, retained_frames: 3, ..LiveLimits::default() });
    let name = channel("1/stream/a/x");
    let publish = |n: i64| test.hub.publish_frame(&name, frame(&[n; 1_000])).unwrap();
    (1..=3).for_each(publish);
    let mut slow = test.subscribe("1/stream/a/x").await.unwrap();
    (4..=7).for_each(publish);
    assert_eq!(test.metric("wellhead_live_bytes") / 8_000, 7, "three were there, and four wait");
    publish(8);
    assert_eq!(test.metric("wellhead_live_bytes") / 8_000, 4);
    let read = slow.try_next().unwrap().unwrap();
    let said = said(&read);
    assert!(said.starts_with("7 | 6 updates were dropped before this one"), "{said}");
}
