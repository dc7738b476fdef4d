//! The saved corpus as ordinary tests: every input that a fuzzer found worth keeping, those it once broke something with
//! among them, keeps all promises.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};
use wellhead_fuzz_targets::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> io::Result<BTreeSet<String>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path().file_stem().unwrap_or_default().display().to_string())).collect()
}

#[test]
fn every_saved_input_keeps_all_promises_and_some_of_each_kind_are_there() -> anyhow::Result<()> {
    for (name, target) in TARGETS {
        let (mut accepted, mut refused) = (0, 0);
        for entry in fs::read_dir(fuzz().join("corpus").join(name))? {
            let file = entry?.path();
            let bytes = fs::read(&file)?;
            let kept = std::panic::catch_unwind(|| target(&bytes));
            let kept = kept.map_err(|_| anyhow::anyhow!("{} breaks a promise of {name}, see above", file.display()))?;
            if kept { accepted += 1 } else { refused += 1 }
        }
        anyhow::ensure!(accepted > 0 && refused > 0, "{name}: {accepted} accepted, {refused} refused");
    }
    Ok(())
}

#[test]
fn every_target_has_its_program_and_its_corpus_and_there_are_no_others() -> anyhow::Result<()> {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets"))?, targets);
    assert_eq!(names(&fuzz().join("corpus"))?, targets);
    Ok(())
}
