//! Binaryen's `wasm-opt` on the core modules of a component, where it is installed.
//!
//! It knows no components, so a module is taken out, optimised, put back, and the component validated with it. Where
//! anything of that fails, the module stays as it was, and the reason is told.

use crate::binary::{Binary, Kind, Section, id};
use crate::inspect::validate;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Modules below this are left alone: the little ones by which `wit-component` joins the large.
const WORTH_IT: usize = 16 << 10;

/// A module of some megabytes takes it a quarter of a minute; one that takes this long is better left as it is.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often to look whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Most bytes of its complaint that are read.
const COMPLAINT: u64 = 4096;

/// For speed, and with function names kept. Which features the module may use it reads in the module itself.
const FLAGS: [&str; 2] = ["-O3", "-g"];

/// The program `wasm-opt`.
#[derive(Clone, Debug)]
pub struct Optimiser {
    program: PathBuf,
}

/// What became of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Optimised {
    /// It was replaced.
    Replaced {
        /// Its bytes before.
        before: usize,
        /// And after.
        after: usize,
    },
    /// It stays as it was.
    Kept {
        /// Why.
        reason: String,
    },
}

impl Optimiser {
    /// The name of the program that is looked for.
    pub const NAME: &str = "wasm-opt";

    /// Looks in the folders of `PATH`, given as the environment has it.
    pub fn find(path: Option<OsString>) -> Option<Self> {
        let folders = path?;
        let mut programs = std::env::split_paths(&folders).map(|folder| folder.join(Self::NAME));
        programs.find(|program| program.is_file()).map(|program| Self { program })
    }

    /// Where it is.
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    fn run(&self, module: &[u8]) -> Result<Vec<u8>, String> {
        let said = |error: io::Error| format!("{}: {error}", self.program.display());
        let folder = tempfile::tempdir().map_err(said)?;
        let [before, after, complaint] =
            ["before.wasm", "after.wasm", "complaint"].map(|name| folder.path().join(name));
        fs::write(&before, module).map_err(said)?;
        let mut command = Command::new(&self.program);
        command.arg(&before).args(FLAGS).arg("-o").arg(&after).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(File::create(&complaint).map_err(said)?).spawn().map_err(said)?;
        let started = Instant::now();
        let status = loop {
            match child.try_wait().map_err(said)? {
                Some(status) => break status,
                None if started.elapsed() > PATIENCE => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("{} took more than {} s", self.program.display(), PATIENCE.as_secs()));
                }
                None => std::thread::sleep(LOOK),
            }
        };
        if !status.success() {
            let mut text = Vec::new();
            let read = File::open(&complaint).and_then(|file| file.take(COMPLAINT).read_to_end(&mut text));
            let text = String::from_utf8_lossy(&text);
            let first =
                text.lines().find(|line| !line.trim().is_empty()).filter(|_| read.is_ok()).unwrap_or("no word why");
            return Err(format!("{} failed ({status}): {first}", self.program.display()));
        }
        fs::read(&after).map_err(said)
    }
}

/// Optimises the modules of `component` that are worth it.
pub(super) fn modules(component: &mut Binary<'_>, optimiser: &Optimiser) -> Vec<Optimised> {
    let mut told = Vec::new();
    for at in 0..component.sections.len() {
        let Some(Section::Nested { binary, .. }) = component.sections.get(at) else { continue };
        if binary.kind != Kind::Module {
            continue;
        }
        let module = binary.to_bytes();
        if module.len() < WORTH_IT {
            continue;
        }
        told.push(match replace(component, at, &module, optimiser) {
            Ok(after) => Optimised::Replaced { before: module.len(), after },
            Err(reason) => Optimised::Kept { reason },
        });
    }
    told
}

/// Puts the optimised module in the place of section `at`, unless the component is worse for it.
fn replace(component: &mut Binary<'_>, at: usize, module: &[u8], optimiser: &Optimiser) -> Result<usize, String> {
    let smaller = optimiser.run(module)?;
    let after = smaller.len();
    if after >= module.len() {
        return Err(format!("it has {} bytes, and would have {after} optimised", module.len()));
    }
    let Some(place) = component.sections.get_mut(at) else { return Err("it is not there".into()) };
    let before = std::mem::replace(place, Section::Other { id: id::NESTED_MODULE, data: smaller.into() });
    if let Err(error) = validate(&component.to_bytes()) {
        if let Some(place) = component.sections.get_mut(at) {
            *place = before;
        }
        return Err(format!("what {} made of it does not fit: {error}", optimiser.program.display()));
    }
    Ok(after)
}
