//! `recording.json`: what a recording was made with besides its traffic, so that its replay is the same.

use super::{CaseError, read_json, write_json};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, SystemTime};
use wellhead::{DataSource, Determinism};

/// For cases that were written by hand: 2025-01-01T00:00:00Z.
const STANDING: Duration = Duration::from_secs(1_735_689_600);

/// Of data sources without a URL. Nobody is there: all is answered by the recording.
const SOME_UPSTREAM: &str = "http://upstream.example.com";

/// What plugins are told of time and chance where nothing was recorded.
pub(crate) fn standing() -> Determinism {
    Determinism { now: SystemTime::UNIX_EPOCH + STANDING, seed: 0 }
}

/// When, by which random numbers, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stamp {
    recorded_at: Timestamp,
    seed: u64,
    /// The upstream's URL where it is not that of the settings; without user and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Stamp {
    /// Of a recording that begins now.
    pub(super) fn now(url: Option<&str>) -> Self {
        let recorded_at = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
        let seed = u64::try_from(recorded_at.as_second()).unwrap_or_default();
        let url = url.map(|url| wellhead::without_password(url).into_owned());
        Self { recorded_at, seed, url }
    }

    /// That of a case; the standing one where it has none.
    pub(super) fn read(folder: &Path) -> Result<Self, CaseError> {
        let path = folder.join("recording.json");
        let Some(value) = read_json(&path)? else {
            let recorded_at = Timestamp::UNIX_EPOCH + STANDING;
            return Ok(Self { recorded_at, seed: 0, url: None });
        };
        serde_json::from_value(value).map_err(|error| CaseError::Invalid { path, reason: error.to_string() })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), CaseError> {
        write_json(&folder.join("recording.json"), &json!(self))
    }

    pub(super) fn determinism(&self) -> Determinism {
        Determinism { now: self.recorded_at.into(), seed: self.seed }
    }

    /// Has the data source name the upstream that was recorded, or some upstream where a case that was written by hand
    /// has no need to name one.
    pub(super) fn apply(&self, source: &mut DataSource) {
        match &self.url {
            Some(url) => source.url.clone_from(url),
            None if source.url.is_empty() => SOME_UPSTREAM.clone_into(&mut source.url),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_comes_back_from_its_file_and_a_case_without_one_has_the_standing_instant() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Stamp::read(folder.path()).unwrap().determinism(), standing());
        let stamp = Stamp::now(Some("http://me:secret@db.example.com/x"));
        stamp.write(folder.path()).unwrap();
        assert_eq!(Stamp::read(folder.path()).unwrap(), stamp);
        let text = std::fs::read_to_string(folder.path().join("recording.json")).unwrap();
        assert!(!text.contains("secret") && text.contains("db.example.com"), "{text}");
    }
}
