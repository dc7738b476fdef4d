//! Many files, and a receiver that lags behind.

use crate::common::{Plugins, inotify, polling};
use std::collections::BTreeMap;
use std::fs;
use wellhead_watch::FileEventKind::{Gone, Quiet};

#[tokio::test]
async fn of_500_files_that_are_there_at_the_start_nothing_is_sent() {
    for options in [inotify(), polling()] {
        let mut plugins = Plugins::watch(options, |folder| {
            for number in 0..500 {
                fs::write(folder.join(format!("{number:03}.wasm")), "one").unwrap();
            }
        });
        assert_eq!(plugins.found.components.len(), 500);
        assert_eq!(plugins.found.components[7], plugins.path("007.wasm"));
        plugins.expect_nothing().await;
    }
}

#[tokio::test]
async fn a_receiver_that_lags_behind_learns_how_every_file_ended() {
    let mut plugins = Plugins::watch(inotify(), |_| {});
    let name = |number| format!("{number:03}.wasm");
    for round in 0..3 {
        for number in 0..300 {
            plugins.write(&name(number), &"bytes".repeat(round));
        }
        // The watching task runs, and finds the channel full.
        tokio::task::yield_now().await;
    }
    for number in 0..100 {
        fs::remove_file(plugins.path(&name(number))).unwrap();
    }
    let ends = plugins.all().await.into_iter().collect::<BTreeMap<_, _>>();
    for number in 0..300 {
        match ends.get(&name(number)) {
            // If its closes were not seen before it was deleted, it never was there.
            None | Some(Gone) if number < 100 => {}
            Some(Quiet) if number >= 100 => {}
            other => panic!("{}: {other:?}", name(number)),
        }
    }
}
