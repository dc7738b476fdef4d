use super::fixture::*;
use crate::live::*;
use crate::{Caller, Denied, QueryPermissions};
use futures::future::BoxFuture;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;
use wellhead_store::DataSource;

/// A token that can be revoked.
#[derive(Default)]
struct Token {
    revoked: AtomicBool,
    asked: AtomicUsize,
    asked_at: Mutex<Vec<Instant>>,
}

impl Authority for Token {
    fn caller(&self) -> BoxFuture<'_, Result<Caller, Denied>> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.asked_at.lock().unwrap().push(Instant::now());
            if self.revoked.load(Ordering::Relaxed) {
                return Err(Denied::new("the token was revoked"));
            }
            Ok(Caller::default())
        })
    }
}

struct Nobody;

impl QueryPermissions for Nobody {
    fn check(&self, _: &DataSource) -> Result<(), Denied> {
        Err(Denied::new("ask its owner"))
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_subscribe_is_told_why_and_nothing_runs() {
    let test = TestHub::new();
    for (name, status, words) in [
        ("1/ds/a/unknown", 404, "there is no channel 1/ds/a/unknown"),
        ("1/ds/a/secret", 403, "the plugin refuses it"),
        ("1/ds/nobody/ticks", 404, "org 1 has no data source with uid \"nobody\""),
        ("1/ds/mute/ticks", 501, "plugin \"mute\" does not implement subscribe-stream"),
        ("1/ds/a/one-too-many", 429, "limit \"streams\" exceeded: 101 asked, 100 allowed"),
        ("1/ds/a/nonsense", 400, "path \"nonsense\" is none of mine"),
        ("1/ds/a/crashes", 500, "it trapped"),
    ] {
        let (said, text) = test.refusal(name).await;
        assert_eq!(said, status, "{name}: {text}");
        assert!(text.contains(words), "{name}: {text}");
    }
    let caller = Caller { permissions: Some(Arc::new(Nobody)), ..Caller::default() };
    let error = test.hub.subscribe(Arc::new(caller), &channel("1/ds/a/ticks"), "").await.unwrap_err();
    assert_eq!((error.public().status, error.to_string().contains("ask its owner")), (403, true));
    assert!(!test.has_run() && test.hub.channels(1).is_empty());
    assert_eq!(test.metric("wellhead_live_subscribers"), 0);
}

#[tokio::test(start_paused = true)]
async fn two_orgs_do_not_see_each_others_channels() {
    let mut test = TestHub::new();
    let mut one = test.subscribe("1/ds/a/ticks").await.unwrap();
    let mut two = test.subscribe("2/ds/a/ticks").await.unwrap();
    let runs = [test.run().await, test.run().await];
    for run in &runs {
        run.send(frame(&[run.context.org_id])).await;
    }
    test.settle().await;
    assert_eq!((read(&mut one), read(&mut two)), (vec!["1".to_owned()], vec!["2".to_owned()]));
    let (in_two, published) = (channel("2/stream/app/x"), "{\"a\":1}");
    for error in [
        test.hub.subscribe(Arc::new(of_org(1)), &channel("2/ds/a/ticks"), "").await.map(drop),
        test.hub.subscribe(Arc::new(of_org(1)), &in_two, "").await.map(drop),
        test.hub.publish(&of_org(1), &in_two, published).await,
        test.hub.publish(&of_org(1), &channel("2/ds/a/echo"), published).await,
    ] {
        let error = error.unwrap_err();
        assert_eq!(error.public().status, 403);
        assert!(error.to_string().contains("it belongs to org 2, and you are in org 1"), "{error}");
    }
    let mut same_name = test.subscribe("1/stream/app/x").await.unwrap();
    test.hub.publish(&of_org(2), &in_two, published).await.unwrap();
    assert!(same_name.try_next().is_none());
    assert_eq!(test.hub.channels(2).len(), 1);
    assert_eq!(test.hub.channels(1).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_has_no_role_in_the_org_subscribes_to_nothing_that_is_published_there() {
    let test = TestHub::new();
    let caller = Caller { role: None, ..Caller::default() };
    let error = test.hub.subscribe(Arc::new(caller), &channel("1/stream/app/x"), "").await.unwrap_err();
    assert_eq!(error.public().status, 403);
}

#[tokio::test(start_paused = true)]
async fn permission_is_asked_once_a_minute_and_a_subscriber_who_lost_it_is_ended_alone() {
    let mut test = TestHub::new();
    let token = Arc::<Token>::default();
    let mut theirs = test.hub.subscribe(token.clone(), &channel("1/ds/a/ticks"), "").await.unwrap();
    let mut other = test.subscribe("1/ds/a/ticks").await.unwrap();
    let run = test.run().await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    let asked = token.asked.load(Ordering::Relaxed);
    assert!((10..=12).contains(&asked), "asked {asked} times in ten minutes");
    token.revoked.store(true, Ordering::Relaxed);
    let revoked = Instant::now();
    let end = soon(theirs.next()).await.unwrap_err();
    assert_eq!(end.to_string(), "the subscription is no longer allowed: the token was revoked");
    assert_eq!(end.code(), 403);
    assert!(revoked.elapsed() <= Duration::from_secs(61), "{:?}", revoked.elapsed());
    run.send(frame(&[1])).await;
    assert_eq!(said(&other.next().await.unwrap()), "1");
    assert_eq!(theirs.next().await.unwrap_err().code(), 403);
}

#[tokio::test(start_paused = true)]
async fn many_who_came_at_once_are_not_asked_for_at_once() {
    let test = TestHub::new();
    let token = Arc::<Token>::default();
    let mut all = Vec::new();
    for _ in 0..600 {
        all.push(test.hub.subscribe(token.clone(), &channel("1/ds/a/ticks"), "").await.unwrap());
    }
    token.asked_at.lock().unwrap().clear();
    tokio::time::sleep(Duration::from_secs(61)).await;
    let asked_at = std::mem::take(&mut *token.asked_at.lock().unwrap());
    assert!((600..=620).contains(&asked_at.len()), "{}", asked_at.len());
    let most = asked_at.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap();
    assert!(most <= 20, "{most} at once");
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_says_no_later_ends_the_subscription_and_one_that_is_away_does_not() {
    for (mood, end) in [
        (Mood::Away, None),
        (Mood::Yes, None),
        (Mood::No, Some(403)),
        (Mood::Unknown, Some(404)),
        (Mood::Fails(401), Some(403)),
        (Mood::Fails(403), Some(403)),
        (Mood::Fails(404), Some(404)),
        (Mood::Fails(500), None),
        (Mood::Panics, Some(500)),
    ] {
        let test = TestHub::new();
        let mut subscription = test.subscribe("1/ds/a/fickle").await.unwrap();
        *test.script.mood.lock().unwrap() = mood;
        tokio::time::sleep(Duration::from_secs(62)).await;
        assert!(test.script.subscribed.load(Ordering::Relaxed) >= 2, "the plugin was asked again");
        let ended = subscription.try_next().map(Result::unwrap_err);
        assert_eq!(ended.as_ref().map(SubscriptionEnd::code), end, "{mood:?}");
        assert!(!ended.is_some_and(|end| end.to_string().contains("hunter2")), "secrets are blanked");
    }
}

#[tokio::test(start_paused = true)]
async fn a_plugin_that_does_not_answer_keeps_nobody_else_from_being_asked_for_and_is_not_asked_beyond_the_host() {
    let test = TestHub::new();
    let [theirs, hung] = [(); 2].map(|()| Arc::<Token>::default());
    let mut crowd = Vec::new();
    for _ in 0..60 {
        crowd.push(test.subscribe("1/ds/a/fickle").await.unwrap());
    }
    let mut revoked = vec![
        test.hub.subscribe(hung.clone(), &channel("1/ds/a/fickle"), "").await.unwrap(),
        test.hub.subscribe(theirs.clone(), &channel("1/ds/b/ticks"), "").await.unwrap(),
    ];
    *test.script.mood.lock().unwrap() = Mood::Hangs;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let at = Instant::now();
    for token in [&theirs, &hung] {
        token.revoked.store(true, Ordering::Relaxed);
    }
    for subscription in &mut revoked {
        assert_eq!(soon(subscription.next()).await.unwrap_err().code(), 403);
        assert!(at.elapsed() <= Duration::from_secs(61), "{:?}", at.elapsed());
    }
    assert!(crowd.iter_mut().all(|one| one.try_next().is_none()), "no answer is not a no");
}

#[tokio::test(start_paused = true)]
async fn a_crowd_of_subscribers_of_a_plugin_that_takes_its_time_is_let_in_and_asked_for_again() {
    let test = TestHub::new();
    let token = Arc::<Token>::default();
    let name = channel("1/ds/a/slow");
    let crowd = (0..300).map(|_| test.hub.subscribe(token.clone(), &name, ""));
    let crowd = futures::future::join_all(crowd).await;
    assert!(crowd.iter().all(Result::is_ok));
    let most = test.script.asked_at_once.swap(0, Ordering::Relaxed);
    assert!((32..=64).contains(&most), "{most} at once");
    test.script.subscribed.store(0, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(61)).await;
    let (again, most) = (&test.script.subscribed, &test.script.asked_at_once);
    assert!((300..=310).contains(&again.load(Ordering::Relaxed)), "{again:?}");
    assert!(most.load(Ordering::Relaxed) <= 4, "{most:?} at once");
}

#[tokio::test(start_paused = true)]
async fn subscribers_who_wait_long_for_their_turn_are_all_judged_and_in_the_settings_of_then() {
    let mut test = TestHub::new();
    let name = channel("1/ds/a/slow");
    let crowd = (0..300).map(|_| test.hub.subscribe(Arc::new(Caller::default()), &name, ""));
    let mut crowd = futures::future::join_all(crowd).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    let _run = test.run().await;
    // Two a second are asked for, and all come within a minute.
    *test.script.thinks.lock().unwrap() = Some(Duration::from_secs(2));
    *test.script.mood.lock().unwrap() = Mood::No;
    test.script.asked_at_once.store(0, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let mut sources = sources();
    sources[0] = sources[0].clone().with_url("http://new");
    test.store.replace(sources).unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(*test.script.asked_with.lock().unwrap(), "http://new", "who waited since before is asked for there");
    tokio::time::sleep(Duration::from_secs(110)).await;
    let ended = crowd.iter_mut().filter_map(Subscription::try_next).filter_map(Result::err);
    assert_eq!(ended.filter(|end| end.code() == 403).count(), 300);
    assert!(test.script.asked_at_once.load(Ordering::Relaxed) <= 4);
}

#[tokio::test(start_paused = true)]
async fn an_authority_that_panics_ends_its_own_subscription_and_the_others_are_asked_for_as_before() {
    /// Well the first time only.
    #[derive(Default)]
    struct Unwell(AtomicBool);

    impl Authority for Unwell {
        fn caller(&self) -> BoxFuture<'_, Result<Caller, Denied>> {
            assert!(!self.0.swap(true, Ordering::Relaxed), "whoever keeps the tokens is not well");
            Box::pin(async { Ok(Caller::default()) })
        }
    }

    let test = TestHub::new();
    let token = Arc::<Token>::default();
    let mut unwell = test.hub.subscribe(Arc::<Unwell>::default(), &channel("1/ds/a/ticks"), "").await.unwrap();
    let mut other = test.hub.subscribe(token.clone(), &channel("1/ds/a/ticks"), "").await.unwrap();
    assert_eq!(soon(unwell.next()).await.unwrap_err().code(), 500);
    token.revoked.store(true, Ordering::Relaxed);
    assert_eq!(soon(other.next()).await.unwrap_err().code(), 403);
}
