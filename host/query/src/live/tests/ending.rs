use super::fixture::*;
use crate::live::*;
use std::sync::Arc;
use std::time::Duration;
use wellhead_runtime::GuestError;

#[tokio::test(start_paused = true)]
async fn a_deleted_data_source_ends_its_subscriptions_after_what_there_was_to_read() {
    let mut test = TestHub::new();
    let mut gone = test.subscribe("1/ds/a/ticks").await.unwrap();
    let mut stays = test.subscribe("2/ds/a/ticks").await.unwrap();
    let runs = [test.run().await, test.run().await];
    for run in &runs {
        run.send(frame(&[1])).await;
    }
    test.settle().await;
    test.store.replace(sources().into_iter().filter(|source| source.org_id == 2)).unwrap();
    test.settle().await;
    assert_eq!(said(&gone.next().await.unwrap()), "1");
    assert_eq!(gone.next().await.unwrap_err(), SubscriptionEnd::Deleted);
    assert_eq!(gone.next().await.unwrap_err().code(), 404, "it goes on saying so");
    assert_eq!(read(&mut stays), ["1"]);
    assert!(test.hub.channels(1).is_empty());
    assert_eq!(test.refusal("1/ds/a/ticks").await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_comes_to_its_end_ends_its_subscriptions_and_is_begun_anew_for_the_next() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    run.send(frame(&[1])).await;
    run.finish();
    assert_eq!(said(&subscription.next().await.unwrap()), "1");
    let end = subscription.next().await.unwrap_err();
    assert_eq!((end.code(), end), (200, SubscriptionEnd::Finished));
    let _next = test.subscribe("1/ds/a/ticks").await.unwrap();
    test.run().await;
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_the_plugin_cannot_use_ends_with_its_words_and_not_in_a_loop() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe_with("1/ds/a/ticks", "{\"hz\":-1}").await.unwrap();
    test.run().await.fail(GuestError::plugin(400, "hz: -1 is too few; write 1 to 100"));
    let end = subscription.next().await.unwrap_err();
    assert_eq!((end.code(), end.to_string().as_str()), (400, "hz: -1 is too few; write 1 to 100"));
    assert!(!test.has_run());
    // One that gave frames did so for a reason, and may again.
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    run.send(frame(&[1])).await;
    run.fail(GuestError::plugin(404, "gone"));
    test.run().await.send(frame(&[2])).await;
    test.settle().await;
    assert_eq!(read(&mut subscription).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_all_and_lets_nobody_in() {
    let mut test = TestHub::new();
    let mut all = [test.subscribe("1/ds/a/ticks").await.unwrap(), test.subscribe("1/stream/app/builds").await.unwrap()];
    let run = test.run().await;
    test.hub.shutdown();
    for subscription in &mut all {
        assert_eq!(subscription.next().await.unwrap_err(), SubscriptionEnd::ShutDown);
    }
    run.closed().await;
    assert_eq!(test.refusal("1/ds/a/ticks").await.0, 503);
    let error = test.hub.publish_frame(&channel("1/stream/app/builds"), frame(&[1])).unwrap_err();
    assert_eq!(error.public().status, 503);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_when_all_are_gone() {
    let mut test = TestHub::new();
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    test.settle().await;
    let before = alive();
    for round in 0..3 {
        let mut all = Vec::new();
        for path in ["a", "b", "c"] {
            all.push(test.subscribe(&format!("1/ds/a/{path}")).await.unwrap());
            all.push(test.subscribe(&format!("1/stream/app/{path}")).await.unwrap());
            test.hub.publish(&of_org(1), &channel(&format!("1/stream/app/{path}")), "7").await.unwrap();
        }
        let runs = [test.run().await, test.run().await, test.run().await];
        let held = frame(&[round]);
        let schema = Arc::downgrade(held.schema());
        for run in &runs {
            run.send(held.clone()).await;
        }
        drop(held);
        test.settle().await;
        drop(all);
        tokio::time::sleep(Duration::from_secs(17)).await;
        assert!(schema.upgrade().is_none());
        assert!(test.hub.channels(1).is_empty());
        assert_eq!(alive(), before);
    }
    assert_eq!(test.metric("wellhead_live_channels"), 0);
    assert_eq!(test.metric("wellhead_live_subscribers"), 0);
}
