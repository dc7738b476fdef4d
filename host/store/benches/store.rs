//! What a store costs with 10,000 data sources.
//!
//! Reads are of pages that are in memory, as they are in a host that runs. A durable write costs what the disk takes to
//! confirm it: `durable/disk_alone` writes 4 KiB into a file beside the database and waits for the same, which is the
//! least that any database can take. Not measured: many processes at a time, disks that lie.

#![expect(clippy::unwrap_used, reason = "a bench that cannot run has nothing to say")]

use divan::{Bencher, black_box};
use pollster::block_on;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wellhead_store::{Author, CachedStore, DataSource, DataSourceKey, DataSourceStore, RedbStore, UpdateDataSource};

const DATA_SOURCES: usize = 10_000;

fn main() {
    divan::main();
}

struct Place {
    folder: TempDir,
    store: RedbStore,
    cached: CachedStore<RedbStore>,
    runtime: Runtime,
}

/// One store for all benches: it takes as many durable writes to make.
static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    // In the target folder, because a temporary folder may be no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let store = runtime.block_on(async {
        let store = RedbStore::open(folder.path().join("data.redb")).await.unwrap();
        for number in 0..DATA_SOURCES {
            store.add(source(number)).await.unwrap();
        }
        store
    });
    let cached = runtime.block_on(async { CachedStore::new(Arc::new(store.clone())) });
    Place { folder, store, cached, runtime }
});

/// As large as one with a password, a CA certificate and a dozen settings.
fn source(number: usize) -> DataSource {
    let source = DataSource::new(uid(number), format!("Prometheus {number}"), "prometheus");
    let source = source.with_url(format!("https://prometheus-{number}.example.org:9090"));
    let settings = (0..12).fold(source, |source, key| source.with_json_data(format!("setting{key}"), "some words"));
    settings.with_json_data("tlsCACert", "x".repeat(1_200)).with_secret("basicAuthPassword", "hunter2!")
}

fn uid(number: usize) -> String {
    format!("prometheus-{number}")
}

/// Every one in turn, far apart.
fn numbers() -> impl FnMut() -> usize {
    let mut number = 0;
    move || {
        number = (number + 7_919) % DATA_SOURCES;
        number
    }
}

fn get(bencher: Bencher<'_, '_>, store: &dyn DataSourceStore, key: impl Fn(usize) -> DataSourceKey) {
    let mut next = numbers();
    bencher.with_inputs(|| key(next())).bench_local_refs(|key| block_on(store.get(1, black_box(key))).unwrap());
}

#[divan::bench_group]
mod cached {
    use super::*;

    #[divan::bench]
    fn by_uid(bencher: Bencher<'_, '_>) {
        get_one(bencher, DataSourceKey::Uid(uid(17)));
    }

    #[divan::bench]
    fn by_id(bencher: Bencher<'_, '_>) {
        let id = block_on(PLACE.store.get(1, &DataSourceKey::Uid(uid(17)))).unwrap().id;
        get_one(bencher, DataSourceKey::Id(id));
    }

    fn get_one(bencher: Bencher<'_, '_>, key: DataSourceKey) {
        bencher.bench_local(|| block_on(PLACE.cached.get(1, black_box(&key))).unwrap());
    }
}

#[divan::bench_group]
mod redb {
    use super::*;

    #[divan::bench]
    fn by_uid(bencher: Bencher<'_, '_>) {
        get(bencher, &PLACE.store, |number| DataSourceKey::Uid(uid(number)));
    }

    #[divan::bench]
    fn by_id(bencher: Bencher<'_, '_>) {
        get(bencher, &PLACE.store, |number| DataSourceKey::Id(number as i64 + 1));
    }

    #[divan::bench]
    fn by_name(bencher: Bencher<'_, '_>) {
        get(bencher, &PLACE.store, |number| DataSourceKey::Name(format!("Prometheus {number}")));
    }

    #[divan::bench(sample_count = 20)]
    fn list_all() -> usize {
        PLACE.runtime.block_on(PLACE.store.list(1)).unwrap().len()
    }

    #[divan::bench(sample_count = 20)]
    fn check_all() -> usize {
        PLACE.runtime.block_on(PLACE.store.check()).unwrap().len()
    }
}

#[divan::bench_group(sample_count = 200, sample_size = 1)]
mod durable {
    use super::*;

    #[divan::bench]
    fn disk_alone(bencher: Bencher<'_, '_>) {
        let mut file = File::create(PLACE.folder.path().join("disk_alone")).unwrap();
        file.write_all(&vec![0; 1 << 20]).unwrap();
        bencher.bench_local(|| {
            file.rewind().unwrap();
            file.write_all(&[1; 4096]).unwrap();
            file.sync_data().unwrap();
        });
    }

    #[divan::bench]
    fn update(bencher: Bencher<'_, '_>) {
        let mut next = numbers();
        bencher.bench_local(|| {
            let number = next();
            let key = DataSourceKey::Uid(uid(number));
            let update =
                UpdateDataSource { key, source: source(number), expected_version: None, author: Author::Client };
            PLACE.runtime.block_on(PLACE.store.update(update)).unwrap()
        });
    }

    #[divan::bench]
    fn add_and_delete(bencher: Bencher<'_, '_>) {
        bencher.bench_local(|| {
            let added = PLACE.runtime.block_on(PLACE.store.add(DataSource::new("", "", "loki"))).unwrap();
            let key = DataSourceKey::Uid(added.uid.clone());
            let delete = wellhead_store::DeleteDataSource { org_id: 1, key, author: Author::Client };
            PLACE.runtime.block_on(PLACE.store.delete(delete)).unwrap()
        });
    }
}

#[divan::bench_group(sample_count = 20, sample_size = 1)]
mod start {
    use super::*;

    #[divan::bench]
    fn after_a_clean_end(bencher: Bencher<'_, '_>) {
        let path = copy("clean");
        drop(PLACE.runtime.block_on(RedbStore::open(&path)).unwrap());
        bencher.bench_local(|| drop(black_box(PLACE.runtime.block_on(RedbStore::open(&path)).unwrap())));
    }

    #[divan::bench]
    fn after_a_kill(bencher: Bencher<'_, '_>) {
        bencher
            .with_inputs(|| copy("killed"))
            .bench_local_refs(|path| drop(black_box(PLACE.runtime.block_on(RedbStore::open(path)).unwrap())));
    }

    /// What a killed process would leave.
    fn copy(name: &str) -> PathBuf {
        let from = PLACE.folder.path().join("data.redb");
        let to = PLACE.folder.path().join(name);
        std::fs::copy(&from, &to).unwrap();
        std::fs::copy(from.with_extension("redb.key"), to.with_extension("key")).unwrap();
        to
    }
}
