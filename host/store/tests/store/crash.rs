//! A process that writes is killed at any moment: what it acknowledged is there, and nothing is there by half.

use crate::command::Command;
use crate::process;
use crate::support::{assert_consistent, open_at, plain_list};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use wellhead_store::MemoryStore;
use wellhead_test_support::Random;

const KILLS: u64 = 200;
/// Acknowledgements that are waited for at most before the kill.
const MOST_ACKNOWLEDGED: usize = 12;
/// How long after the last of them the kill comes at most: some commands' time, or that of a start.
const DELAY_MICROS: usize = 8_000;

#[test]
fn after_200_kills_every_acknowledged_command_is_there_and_none_is_half_there() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    if let Some(told) = process::told() {
        let (seed, path) = told.split_once(' ').unwrap();
        return runtime.block_on(write_until_killed(seed.parse().unwrap(), Path::new(path)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.redb");
    let mut random = Random::new(1);
    let model = MemoryStore::default();
    let mut acknowledged_in_all = 0;
    for seed in 0..KILLS {
        let acknowledged = write_and_kill(seed, &path, &mut random);
        acknowledged_in_all += acknowledged;
        runtime.block_on(compare(seed, acknowledged, &path, &model));
    }
    println!("{KILLS} kills, {acknowledged_in_all} acknowledged commands");
    assert!(acknowledged_in_all > KILLS as usize);
}

/// The other process.
async fn write_until_killed(seed: u64, path: &Path) {
    let store = open_at(path).await;
    let mut random = Random::new(seed);
    println!();
    loop {
        let _ = Command::draw(&mut random).run(&store).await;
        println!("acknowledged");
    }
}

/// How many commands the other process acknowledged before it was killed.
fn write_and_kill(seed: u64, path: &Path, random: &mut Random) -> usize {
    let test = "crash::after_200_kills_every_acknowledged_command_is_there_and_none_is_half_there";
    let mut writer = process::another(test, &format!("{seed} {}", path.display()));
    let mut writer = writer.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut acknowledgements = lines.map(Result::unwrap).filter(|line| line == "acknowledged");
    let waited_for = random.below(MOST_ACKNOWLEDGED);
    let before = acknowledgements.by_ref().take(waited_for).count();
    assert_eq!(before, waited_for, "the writer ended by itself");
    std::thread::sleep(Duration::from_micros(random.below(DELAY_MICROS) as u64));
    writer.kill().unwrap();
    let acknowledged = before + acknowledgements.count();
    writer.wait().unwrap();
    acknowledged
}

async fn compare(seed: u64, acknowledged: usize, path: &Path, model: &MemoryStore) {
    let store = open_at(path).await;
    assert_consistent(&store).await;
    // Opens every secret.
    let found = [plain_list(&store, 1).await, plain_list(&store, 2).await];
    let mut random = Random::new(seed);
    for _ in 0..acknowledged {
        let _ = Command::draw(&mut random).run(model).await;
    }
    if found != [plain_list(model, 1).await, plain_list(model, 2).await] {
        // The one that was under way may have been done, and if so then wholly.
        let _ = Command::draw(&mut random).run(model).await;
        let expected = [plain_list(model, 1).await, plain_list(model, 2).await];
        assert_eq!(found, expected, "kill {seed}, after {acknowledged} acknowledged commands");
    }
}
