//! A disk that takes no more, and then does again.

use crate::process;
use crate::support::{assert_consistent, open_at, plain_list, source, uid};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::path::Path;
use wellhead_store::{DataSource, DataSourceStore};

#[test]
fn a_full_disk_is_an_error_that_loses_nothing_and_ends_when_there_is_space() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    if let Some(path) = process::told() {
        return runtime.block_on(fill_the_disk(Path::new(&path)));
    }
    let folder = tempfile::tempdir().unwrap();
    let test = "database::full_disk::a_full_disk_is_an_error_that_loses_nothing_and_ends_when_there_is_space";
    let mut child = process::another(test, &folder.path().join("data.redb").display().to_string());
    assert!(child.status().unwrap().success());
}

/// In a process of its own, whose files may not grow: that is what a full disk does to a database.
async fn fill_the_disk(path: &Path) {
    let store = open_at(path).await;
    store.add(large("first").with_secret("token", "hunter2!")).await.unwrap();
    let unlimited = getrlimit(Resource::Fsize);
    for round in 0..3 {
        let length = std::fs::metadata(path).unwrap().len();
        setrlimit(Resource::Fsize, Rlimit { current: Some(length), ..unlimited }).unwrap();
        let (refused, error) = add_until_refused(&store, round).await;
        assert!(error.contains("the database's disk failed (File too large"), "{error}");
        assert!(error.contains("free space on it, or mend it; the next request tries again"), "{error}");
        for _ in 0..3 {
            assert!(store.add(large("still-refused")).await.is_err());
        }
        let before = plain_list(&store, 1).await;
        assert!(before.iter().any(|source| source.secure_json_data.len() == 1), "reading goes on");
        assert!(store.get(1, &uid(&refused)).await.is_err());

        setrlimit(Resource::Fsize, unlimited).unwrap();
        store.add(large(&refused)).await.unwrap();
        assert_eq!(plain_list(&store, 1).await.len(), before.len() + 1);
        assert_consistent(&store).await;
    }
}

async fn add_until_refused(store: &impl DataSourceStore, round: u32) -> (String, String) {
    for number in 0..1_000 {
        let uid = format!("{round}-{number}");
        if let Err(error) = store.add(large(&uid)).await {
            return (uid, error.to_string());
        }
    }
    panic!("the file never had to grow");
}

fn large(uid: &str) -> DataSource {
    source(uid).with_json_data("padding", "x".repeat(200_000))
}
