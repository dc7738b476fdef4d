//! Builds of the guest, made by changing bytes of its file: good ones and bad ones.

use super::plan::Fault;
use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};
use wellhead_test_support::guest;

/// How many builds there are; they are numbered from 1.
pub(super) const BUILDS: u32 = 4;

/// What stands before the build in the guest's file.
const MARKER: &[u8] = b"wellhead-soak-build=";

/// A component without imports and exports: of another world than a plugin's.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// A core module is no component at all.
const EMPTY_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The guest's file, with the place of the build in it.
pub(super) struct Builds {
    wasm: Vec<u8>,
    /// Where the four digits are.
    digits: usize,
    /// Sets this run apart from all others.
    run: u128,
}

impl Builds {
    pub(super) fn read() -> Result<Self> {
        let path = guest("soak");
        let wasm = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut found = wasm.windows(MARKER.len()).enumerate().filter(|(_, window)| *window == MARKER);
        let (at, _) = found.next().context("the soak guest has no marker")?;
        ensure!(found.next().is_none(), "the soak guest has its marker twice: nobody knows which one it reads");
        let digits = at + MARKER.len();
        let run = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
        Ok(Self { wasm, digits, run })
    }

    /// Build number `build`.
    pub(super) fn good(&self, build: u32) -> Result<Vec<u8>> {
        self.marked(&format!("{build:04}"))
    }

    /// The same, with other bytes than there ever were, so that no compile cache knows it.
    pub(super) fn cold(&self, build: u32, number: usize) -> Result<Vec<u8>> {
        let mut wasm = self.good(build)?;
        let name = format!("{:x}-{number}", self.run);
        let length = u8::try_from(name.len())?;
        // A custom section: id 0, its size, the length of its name, the name.
        wasm.extend([0, length + 1, length]);
        wasm.extend(name.as_bytes());
        Ok(wasm)
    }

    /// A file that must never serve. `number` is that among the bad ones.
    pub(super) fn bad(&self, fault: Fault, number: usize) -> Result<Vec<u8>> {
        match fault {
            Fault::Truncated => {
                // Anywhere between a tenth and nine tenths.
                let part = 1 + number % 9;
                let length = self.wasm.len() / 10 * part;
                Ok(self.wasm.get(..length).unwrap_or_default().to_vec())
            }
            Fault::OtherWorld if number.is_multiple_of(2) => Ok(EMPTY_COMPONENT.to_vec()),
            Fault::OtherWorld => Ok(EMPTY_MODULE.to_vec()),
            Fault::Traps => self.marked("trap"),
        }
    }

    fn marked(&self, digits: &str) -> Result<Vec<u8>> {
        let mut wasm = self.wasm.clone();
        let place = wasm.get_mut(self.digits..self.digits + digits.len()).context("the marker is cut off")?;
        place.copy_from_slice(digits.as_bytes());
        Ok(wasm)
    }
}

/// A generation's hash, as the runtime computes it for a file without a sidecar.
pub(super) fn hash(wasm: &[u8]) -> String {
    Sha256::digest(wasm).iter().map(|byte| format!("{byte:02x}")).collect()
}
