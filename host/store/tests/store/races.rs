//! Many at once: of those that cannot all have their way, exactly one has.

use crate::support::{assert_consistent, in_memory, kind, open, source, uid, update};
use futures::future::join_all;
use std::collections::BTreeMap;
use std::sync::Arc;
use wellhead_store::{DataSource, DataSourceStore, RedbStore, UpdateDataSource};

const WRITERS: usize = 64;

/// How often each answer came of all these calls, made at once.
async fn tally<F>(calls: impl Iterator<Item = F>) -> BTreeMap<&'static str, usize>
where
    F: Future<Output = Result<Arc<DataSource>, wellhead_store::StoreError>> + Send + 'static,
{
    let calls: Vec<_> = calls.map(tokio::spawn).collect();
    let mut tally = BTreeMap::new();
    for answer in join_all(calls).await {
        *tally.entry(kind(&answer.unwrap())).or_default() += 1;
    }
    tally
}

fn each(store: &RedbStore) -> impl Iterator<Item = (usize, RedbStore)> {
    let store = store.clone();
    (0..WRITERS).map(move |number| (number, store.clone()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_writers_with_the_same_version_exactly_one_wins_each_round() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).await;
    store.add(source("a")).await.unwrap();
    for round in 1..=10 {
        let answers = tally(each(&store).map(|(number, store)| async move {
            let source = source("a").with_json_data("writer", number).with_secret("token", format!("of {number}"));
            store.update(UpdateDataSource { expected_version: Some(round), ..update(source) }).await
        }));
        assert_eq!(answers.await, BTreeMap::from([("ok", 1), ("version conflict", WRITERS - 1)]));
        let now = store.get(1, &uid("a")).await.unwrap();
        assert_eq!(now.version, round + 1);
        let token = store.open_secrets(&now).await.unwrap();
        assert_eq!(token.iter().next().unwrap().1, format!("of {}", now.json_data["writer"]), "one writer's, whole");
    }
    assert_consistent(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_that_want_one_name_one_gets_it_and_no_uid_is_given_twice() {
    let store = in_memory().await;
    for round in 0..10 {
        let answers = tally(each(&store).map(|(number, store)| async move {
            store.add(DataSource::new(format!("{round}-{number}"), format!("{round}"), "testdata")).await
        }));
        assert_eq!(answers.await, BTreeMap::from([("ok", 1), ("name exists", WRITERS - 1)]));
        let answers = tally(each(&store).map(|(number, store)| async move {
            store.add(DataSource::new(format!("uid {round}").replace(' ', "-"), format!("{round} {number}"), "t")).await
        }));
        assert_eq!(answers.await, BTreeMap::from([("ok", 1), ("uid exists", WRITERS - 1)]));
        let answers =
            tally(each(&store).map(|(_, store)| async move { store.add(DataSource::new("", "", "t")).await }));
        assert_eq!(answers.await, BTreeMap::from([("ok", WRITERS)]));
    }
    assert_consistent(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_that_become_the_default_the_last_one_is() {
    let store = in_memory().await;
    let answers = tally(each(&store).map(|(number, store)| async move {
        store.add(DataSource { is_default: true, ..source(&number.to_string()) }).await
    }));
    assert_eq!(answers.await, BTreeMap::from([("ok", WRITERS)]));
    let list = store.list(1).await.unwrap();
    let last = list.iter().max_by_key(|source| source.id).unwrap();
    assert_eq!(list.iter().filter(|source| source.is_default).collect::<Vec<_>>(), [last]);
    assert_consistent(&store).await;
}

#[tokio::test]
async fn a_command_whose_caller_goes_away_is_whole_or_not_there() {
    let store = in_memory().await;
    for number in 0..50 {
        let mut adding = store.add(source(&number.to_string()).with_secret("token", "x"));
        for _ in 0..number % 7 {
            let _ = futures::poll!(&mut adding);
            tokio::task::yield_now().await;
        }
        drop(adding);
    }
    // Stands behind all of them in the line.
    store.add(source("last")).await.unwrap();
    assert_consistent(&store).await;
    for source in store.list(1).await.unwrap() {
        assert!(store.open_secrets(&source).await.is_ok(), "{}", source.uid);
    }
}
