//! Changes that inotify does not see, and life without it.

use crate::common::{Plugins, polling, rescanning};
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use wellhead_watch::FileEventKind::{Gone, Quiet};

#[tokio::test]
async fn the_target_of_a_symlink_outside_the_folder_changed_in_place_is_quiet_without_being_settled() {
    let mut plugins = Plugins::watch(rescanning(), |folder| {
        fs::write(folder.with_file_name("target"), "one").unwrap();
        symlink("../target", folder.join("x.wasm")).unwrap();
    });
    fs::write(plugins.outside("target"), "second").unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    plugins.expect(&[("x.wasm", Gone)]).await;
}

#[tokio::test]
async fn a_target_that_goes_on_changing_is_quiet_once_it_stands_still() {
    let mut plugins = Plugins::watch(polling(), |_| {});
    let mut file = File::create(plugins.path("x.wasm")).unwrap();
    // Longer than the quiet in all, each pause much shorter.
    for _ in 0..60 {
        file.write_all(b"piece").unwrap();
        tokio::time::sleep(polling().quiet / 30).await;
    }
    let before_last = std::time::Instant::now();
    file.write_all(b"last").unwrap();
    loop {
        // On a machine so slow that a pause was a quiet, there is one before.
        let event = plugins.next().await;
        assert_eq!(event.kind, Quiet);
        if event.at >= before_last {
            break;
        }
    }
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn without_inotify_files_that_come_change_and_go_are_found_by_rescans() {
    let mut plugins = Plugins::watch(polling(), |folder| fs::write(folder.join("old.wasm"), "old").unwrap());
    assert_eq!(plugins.found.components, [plugins.path("old.wasm")]);
    plugins.write("x.wasm", "one");
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.replace("x.wasm", "two");
    plugins.expect(&[("x.wasm", Quiet)]).await;
    plugins.write("x.plugin.json", "{}");
    plugins.expect(&[("x.wasm", Quiet)]).await;
    fs::remove_file(plugins.path("x.wasm")).unwrap();
    plugins.expect(&[("x.wasm", Gone), ("x.plugin.json", Quiet)]).await;
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn without_inotify_reading_a_file_and_changing_who_may_run_it_says_nothing() {
    let mut plugins = Plugins::watch(polling(), |folder| fs::write(folder.join("x.wasm"), "one").unwrap());
    fs::read(plugins.path("x.wasm")).unwrap();
    fs::set_permissions(plugins.path("x.wasm"), Permissions::from_mode(0o755)).unwrap();
    plugins.expect_nothing().await;
}

#[tokio::test]
async fn without_inotify_a_rewrite_with_the_old_size_and_time_is_found() {
    let mut plugins = Plugins::watch(polling(), |folder| fs::write(folder.join("x.wasm"), "one").unwrap());
    let modified = fs::metadata(plugins.path("x.wasm")).unwrap().modified().unwrap();
    // Later than the first write by any file system's clock.
    tokio::time::sleep(polling().quiet).await;
    let mut file = OpenOptions::new().write(true).open(plugins.path("x.wasm")).unwrap();
    file.write_all(b"two").unwrap();
    file.set_times(FileTimes::new().set_modified(modified)).unwrap();
    plugins.expect(&[("x.wasm", Quiet)]).await;
}
