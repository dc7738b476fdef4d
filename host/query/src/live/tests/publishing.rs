use super::fixture::*;
use crate::Caller;
use crate::live::*;
use wellhead_runtime::Role;

const FRAME: &str = r#"{"schema":{"fields":[{"name":"n","type":"number","typeInfo":{"frame":"int64"}}]},
    "data":{"values":[[5]]}}"#;

#[tokio::test(start_paused = true)]
async fn what_a_plugin_lets_be_published_goes_to_all_runs_of_the_channel_in_its_words_or_as_it_is() {
    let test = TestHub::new();
    for (path, data, heard) in
        [("echo", " {\"a\":\n\"b\"}", "{\"a\":\"b\"}"), ("loud", "{\"a\":\"b\"}", "{\"A\":\"B\"}")]
    {
        let name = format!("1/ds/a/{path}");
        let mut all = [test.subscribe(&name).await.unwrap(), test.subscribe_with(&name, "{}").await.unwrap()];
        test.hub.publish(&of_org(1), &channel(&name), data).await.unwrap();
        for subscription in &mut all {
            let update = subscription.next().await.unwrap();
            assert_eq!((bytes(&update).as_str(), update.frame().is_some()), (heard, false));
        }
    }
    for (path, status) in [("forbidden", 403), ("unknown", 404), ("garbled", 400)] {
        let error = test.hub.publish(&of_org(1), &channel(&format!("1/ds/a/{path}")), "{}").await.unwrap_err();
        assert_eq!(error.public().status, status, "{error}");
    }
    let error = test.hub.publish(&of_org(1), &channel("1/ds/mute/x"), "{}").await.unwrap_err();
    assert_eq!(error.public().status, 501);
    let error = test.hub.publish(&of_org(1), &channel("1/ds/none/x"), "{}").await.unwrap_err();
    assert_eq!(error.public().status, 404);
}

#[tokio::test(start_paused = true)]
async fn what_reads_as_a_frame_goes_on_as_one() {
    let test = TestHub::new();
    let mut subscription = test.subscribe("1/stream/app/x").await.unwrap();
    test.hub.publish(&of_org(1), &channel("1/stream/app/x"), FRAME).await.unwrap();
    test.hub.publish(&of_org(1), &channel("1/stream/app/x"), "[1, 2]").await.unwrap();
    test.hub.publish(&of_org(1), &channel("1/stream/app/x"), FRAME).await.unwrap();
    let updates: Vec<_> = std::iter::from_fn(|| subscription.try_next()?.ok()).collect();
    assert_eq!(updates.iter().map(said).collect::<Vec<_>>(), ["5", "[1,2]", "5"]);
    assert_eq!(updates.iter().map(Update::starts_schema).collect::<Vec<_>>(), [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn an_editor_publishes_to_streams_and_a_viewer_does_not() {
    let test = TestHub::new();
    for (role, may) in
        [(Some(Role::Admin), true), (Some(Role::Editor), true), (Some(Role::Viewer), false), (None, false)]
    {
        let caller = Caller { role, ..Caller::default() };
        let published = test.hub.publish(&caller, &channel("1/stream/app/x"), "{}").await;
        assert_eq!(published.map_err(|error| error.public().status), if may { Ok(()) } else { Err(403) }, "{role:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_program_publishes_frames_which_who_comes_later_sees_too() {
    let test = TestHub::new();
    let name = channel("1/stream/app/builds");
    test.hub.publish_frame(&name, frame(&[1])).unwrap();
    test.hub.publish_frame(&name, frame(&[2])).unwrap();
    let mut subscription = test.subscribe("1/stream/app/builds").await.unwrap();
    assert_eq!(read(&mut subscription), ["2"]);
    test.hub.publish_frame(&name, frame(&[3])).unwrap();
    assert_eq!(said(&subscription.next().await.unwrap()), "3");
    drop(subscription);
    assert_eq!(read(&mut test.subscribe("1/stream/app/builds").await.unwrap()), ["3"]);
    let error = test.hub.publish_frame(&channel("1/ds/a/x"), frame(&[1])).unwrap_err();
    assert!(error.to_string().contains("a plugin feeds it"), "{error}");
}

#[tokio::test]
async fn a_frame_that_comes_as_the_last_subscriber_leaves_is_kept_for_the_next() {
    let test = TestHub::with(LiveLimits { streams_per_org: usize::MAX, ..LiveLimits::default() });
    let (leaving, left) = std::sync::mpsc::sync_channel::<Subscription>(0);
    let leaver = std::thread::spawn(move || left.iter().for_each(drop));
    for n in 0..5_000 {
        let name = format!("1/stream/app/{n}");
        leaving.send(test.subscribe(&name).await.unwrap()).unwrap();
        test.hub.publish_frame(&channel(&name), frame(&[n])).unwrap();
        assert_eq!(read(&mut test.subscribe(&name).await.unwrap()), [n.to_string()]);
    }
    drop(leaving);
    leaver.join().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_document_for_nobody_is_kept_by_nobody() {
    let test = TestHub::new();
    test.hub.publish(&of_org(1), &channel("1/stream/app/x"), "{}").await.unwrap();
    assert!(test.hub.channels(1).is_empty());
    let keeps_none = TestHub::with(LiveLimits { retained_frames: 0, ..LiveLimits::default() });
    keeps_none.hub.publish_frame(&channel("1/stream/app/x"), frame(&[1])).unwrap();
    assert!(keeps_none.hub.channels(1).is_empty());
    drop(keeps_none.subscribe("1/stream/app/x").await.unwrap());
    assert!(keeps_none.hub.channels(1).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_gap_before_a_document_is_told_with_the_next_frame() {
    let test = TestHub::with(LiveLimits { queue_frames: 1, ..LiveLimits::default() });
    let name = channel("1/stream/app/x");
    let mut subscription = test.subscribe("1/stream/app/x").await.unwrap();
    for _ in 0..3 {
        test.hub.publish_frame(&name, frame(&[1])).unwrap();
    }
    test.hub.publish(&of_org(1), &name, "{}").await.unwrap();
    let update = subscription.next().await.unwrap();
    assert_eq!((bytes(&update).as_str(), update.dropped()), ("{}", 0));
    test.hub.publish_frame(&name, frame(&[2])).unwrap();
    let update = subscription.next().await.unwrap();
    assert_eq!((update.dropped(), update.starts_schema()), (3, true), "{}", said(&update));
}
