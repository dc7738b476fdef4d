use super::fixture::*;
use crate::live::*;
use std::time::Duration;
use tokio::time::Instant;
use wellhead_runtime::GuestError;
use wellhead_store::DataSource;

fn refused() -> GuestError {
    GuestError::downstream(502, "connection refused")
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_15_s_after_the_last_subscriber_and_not_before() {
    let mut test = TestHub::new();
    let subscriptions = [(); 3].map(|()| test.subscribe("1/ds/a/ticks"));
    let subscriptions = futures::future::join_all(subscriptions).await;
    let run = test.run().await;
    drop(subscriptions);
    let left = Instant::now();
    tokio::time::sleep(Duration::from_secs(14)).await;
    // One who comes in time finds the run, and its leaving begins the wait anew.
    drop(test.subscribe("1/ds/a/ticks").await.unwrap());
    run.closed().await;
    assert_eq!(left.elapsed().as_secs(), 29);
    assert!(!test.has_run());
    test.settle().await;
    assert!(test.hub.channels(1).is_empty());
    assert_eq!((test.metric("wellhead_live_channels"), test.metric("wellhead_live_subscribers")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_young_is_tried_again_ever_less_often_and_one_that_lived_begins_anew() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let mut began = Vec::new();
    for _ in 0..8 {
        let run = test.run().await;
        began.push(run.began);
        run.fail(refused());
    }
    let waited: Vec<_> = began.windows(2).map(|two| (two[1] - two[0]).as_millis() / 100).collect();
    assert_eq!(waited, [1, 2, 4, 8, 16, 32, 50]);
    let run = test.run().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    run.send(frame(&[1])).await;
    run.fail(refused());
    let failed = Instant::now();
    assert_eq!((test.run().await.began - failed).as_millis() / 100, 1);
    // The same is told once, and again after there was a frame.
    let trouble = "connection refused. It is tried again in 100ms, and then ever less often";
    assert_eq!(read(&mut subscription), [trouble, "1", trouble]);
    assert_eq!(test.metric("wellhead_live_runs_failed_total"), 9);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_without_secrets_to_those_who_come_while_it_is_and_kept_in_the_status() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    run.send(frame(&[1])).await;
    run.fail(GuestError::downstream(401, "token hunter2! was refused"));
    let again = test.run().await;
    let [shown, trouble] = read(&mut test.subscribe("1/ds/a/ticks").await.unwrap()).try_into().unwrap();
    assert_eq!(shown, "1");
    assert!(trouble.starts_with("token ") && !trouble.contains("hunter2"), "{trouble}");
    assert_eq!(read(&mut subscription), ["1".to_owned(), trouble]);
    let status = test.hub.channels(1).remove(0).last_error.unwrap();
    assert!(status.starts_with("token ") && !status.contains("hunter2"), "{status}");
    again.send(frame(&[2])).await;
    test.settle().await;
    assert_eq!(read(&mut test.subscribe("1/ds/a/ticks").await.unwrap()), ["2"], "it is over");
    assert_eq!(test.hub.channels(1).remove(0).last_error, None);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_is_away_at_first_is_no_error_of_the_subscription() {
    let test = TestHub::new();
    // The store's first news could be of this data source.
    test.settle().await;
    let mut subscription = test.subscribe("1/ds/a/upstream-down").await.unwrap();
    let update = subscription.next().await.unwrap();
    assert_eq!(said(&update), "connection refused. It is tried again in 100ms, and then ever less often");
    assert_eq!(update.frame().map(|frame| frame.num_fields()), Some(0));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(test.metric("wellhead_live_runs_failed_total"), 9);
    assert!(subscription.try_next().is_none(), "it is told once");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_takes_long_to_fail_has_not_lived_for_it() {
    let test = TestHub::new();
    test.settle().await;
    let _subscription = test.subscribe("1/ds/a/slow-to-fail").await.unwrap();
    // Six seconds each, and 0.1 s, 0.2 s, 0.4 s and so on after the first, which was waited for.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(test.metric("wellhead_live_runs_failed_total"), 8);
}

#[tokio::test(start_paused = true)]
async fn what_was_wrong_is_over_when_a_run_lasts_or_a_document_comes() {
    let mut test = TestHub::new();
    let _subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    test.run().await.fail(refused());
    let run = test.run().await;
    let error = || test.hub.channels(1).remove(0).last_error;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(error().as_deref(), Some("connection refused"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(error(), None);
    assert!(read(&mut test.subscribe("1/ds/a/ticks").await.unwrap()).is_empty());
    run.fail(refused());
    test.settle().await;
    assert_eq!(error().as_deref(), Some("connection refused"));
    test.hub.publish(&of_org(1), &channel("1/ds/a/ticks"), "{}").await.unwrap();
    assert_eq!(error(), None);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_lingers_for_good_does() {
    let mut test = TestHub::with(LiveLimits { linger: Duration::MAX, ..LiveLimits::default() });
    drop(test.subscribe("1/ds/a/ticks").await.unwrap());
    let run = test.run().await;
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    run.send(frame(&[1])).await;
    test.settle().await;
    assert_eq!(read(&mut test.subscribe("1/ds/a/ticks").await.unwrap()), ["1"]);
}

#[tokio::test(start_paused = true)]
async fn changed_settings_move_a_run_at_once_and_others_stay() {
    let mut test = TestHub::new();
    let _subscriptions = [test.subscribe("1/ds/a/ticks").await.unwrap(), test.subscribe("1/ds/b/ticks").await.unwrap()];
    let runs = [test.run().await, test.run().await];
    let [old, other] = if runs[0].context.data_source.uid == "a" {
        runs
    } else {
        let [b, a] = runs;
        [a, b]
    };
    let changed = |source: DataSource| {
        let is_it = source.uid == "a" && source.org_id == 1;
        if is_it { source.with_url("http://new") } else { source }
    };
    test.settle().await;
    let before = Instant::now();
    test.store.replace(sources().into_iter().map(changed)).unwrap();
    old.closed().await;
    let new = test.run().await;
    assert_eq!((new.context.data_source.url.as_str(), before.elapsed().as_millis()), ("http://new", 0));
    assert!(!test.has_run());
    other.send(frame(&[1])).await;
}

#[tokio::test(start_paused = true)]
async fn changed_settings_end_the_wait_for_the_next_try() {
    let mut test = TestHub::with(LiveLimits { restart_after: Duration::from_secs(3), ..LiveLimits::default() });
    let _subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    test.run().await.fail(refused());
    test.settle().await;
    let before = Instant::now();
    test.store.replace(sources().into_iter().map(|source| source.with_url("http://new"))).unwrap();
    assert_eq!(test.run().await.context.data_source.url, "http://new");
    assert_eq!(before.elapsed().as_millis(), 0);
}

#[tokio::test(start_paused = true)]
async fn subscribers_stay_when_a_run_moves() {
    let mut test = TestHub::new();
    let mut subscription = test.subscribe("1/ds/a/ticks").await.unwrap();
    let first = test.run().await;
    first.send(frame(&[1])).await;
    test.store.replace(sources().into_iter().map(|source| source.with_url("http://new"))).unwrap();
    test.run().await.send(frame(&[2])).await;
    test.settle().await;
    assert_eq!(read(&mut subscription), ["1", "2"]);
    assert_eq!(test.metric("wellhead_live_runs_failed_total"), 0);
}
