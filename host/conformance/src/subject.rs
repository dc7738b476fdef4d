//! The plugin under test: its file, its manifest, and what can be asked of it.

use crate::{Case, sample};
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::Arc;
use wellhead::{
    CompileCommand, DataSource, Determinism, Manifest, Otherwise, Recording, Redactor, Replay, SecretOwner, TimeRange,
};
use wellhead_manifest::Outline;

/// An address where nobody listens, should ever anybody dial it: the port of RFC 863.
const NOWHERE: [&str; 3] = ["http://127.0.0.1:9", "127.0.0.1:9", "ws://127.0.0.1:9"];

/// A plugin and how to treat it.
pub(crate) struct Subject {
    pub(crate) file: PathBuf,
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) compile_cache: PathBuf,
    pub(crate) compile_in: Option<CompileCommand>,
    /// As it was given, else that of the first case that has one, else made from the manifest.
    pub(crate) source: DataSource,
    /// Whether somebody gave it or wrote it into a case, and so says that the plugin takes it.
    pub(crate) is_given: bool,
    /// The first case that was recorded: what the plugin asks, and what it is answered.
    recorded: Option<Recorded>,
    query: Map<String, Value>,
    range: Option<TimeRange>,
}

/// What somebody says of the data source to test with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// All of it.
    pub(crate) source: Option<DataSource>,
    /// Its URL, which wins.
    pub(crate) url: Option<String>,
}

impl Given {
    fn is_some(&self) -> bool {
        self.source.is_some() || self.url.is_some()
    }

    /// The data source, where `own` is what there would be otherwise.
    pub(crate) fn over(&self, own: DataSource) -> DataSource {
        let (uid, plugin_id) = (own.uid.clone(), own.plugin_id.clone());
        let given = |given| DataSource { uid, plugin_id, org_id: 1, ..given };
        let mut source = self.source.clone().map_or(own, given);
        if let Some(url) = &self.url {
            source.url.clone_from(url);
        }
        source
    }
}

/// A case that rules can ask, too.
pub(crate) struct Recorded {
    source: DataSource,
    recording: Recording,
    determinism: Determinism,
}

impl Subject {
    /// What can be asked is what the cases ask, the recorded ones first; else the smallest query that the schema allows.
    pub(crate) fn new(
        file: PathBuf,
        manifest: Arc<Manifest>,
        given: &Given,
        cases: &[Case],
        compile_cache: PathBuf,
        compile_in: Option<CompileCommand>,
    ) -> Self {
        let id = &manifest.id;
        let recorded = cases.iter().find_map(|case| {
            let (source, recording, determinism) = case.recorded(id)?;
            Some((case.first_query(id)?, Recorded { source, recording, determinism }))
        });
        let (asked, recorded) = recorded.unzip();
        let schema = manifest.wellhead.as_ref().and_then(|section| section.query_schema.as_ref());
        let asked = asked.or_else(|| cases.iter().find_map(|case| case.first_query(id)));
        let (query, range) = asked.unzip();
        let query = query.unwrap_or_else(|| sample::object(schema));
        let own = cases.iter().find_map(|case| case.own_source(id));
        let is_given = given.is_some() || own.is_some();
        let source = given.over(own.unwrap_or_else(|| made(&manifest)));
        Self { file, manifest, compile_cache, compile_in, source, is_given, recorded, query, range }
    }

    /// The one query that rules ask.
    pub(crate) fn query(&self) -> &Map<String, Value> {
        &self.query
    }

    /// What the query is asked over, where a case says so.
    pub(crate) fn range(&self) -> Option<TimeRange> {
        self.range
    }

    /// Whether its component exports live channels.
    pub(crate) fn exports_streaming(&self) -> bool {
        // It was loaded: what cannot be read now is another file's fault.
        let Ok(wasm) = std::fs::read(&self.file) else { return true };
        let outline = Outline::parse(&wasm);
        outline
            .is_ok_and(|outline| outline.exports.iter().any(|export| export.starts_with("wellhead:plugin/streaming@")))
    }

    /// Data sources that may suit the plugin, the likeliest first.
    pub(crate) fn candidates(&self) -> Vec<DataSource> {
        if self.is_given {
            return vec![self.source.clone()];
        }
        let at = |url: &&str| DataSource { url: (*url).to_owned(), ..self.source.clone() };
        let mut candidates: Vec<_> = NOWHERE.iter().map(at).collect();
        if !self.manifest.endpoints().is_empty() {
            candidates.rotate_left(1);
        }
        candidates
    }

    /// What answers the plugin where it should be able to answer, with the data source for it: its recording as often as it
    /// asks, else an upstream that is down.
    pub(crate) fn upstream(&self) -> (DataSource, Replay, Determinism) {
        match &self.recorded {
            Some(Recorded { source, recording, determinism }) => {
                (source.clone(), Replay::repeating(recording.clone(), redactor_of(source)), *determinism)
            }
            None => (self.source.clone(), Replay::of_nothing(Otherwise::Refuse), crate::case::standing()),
        }
    }
}

/// Knows the secrets of one data source.
pub(crate) fn redactor_of(source: &DataSource) -> Redactor {
    let redactor = Redactor::new();
    let owner = SecretOwner::new(source.org_id, source.uid.clone());
    redactor.learn(&owner, &source.secure_json_data.to_values());
    redactor
}

/// A data source as the manifest's schema asks for it.
fn made(manifest: &Manifest) -> DataSource {
    let mut source = DataSource::new("conformance", "Conformance", &manifest.id);
    let section = manifest.wellhead.as_ref();
    source.json_data = sample::object(section.and_then(|section| section.json_data_schema.as_ref()));
    for endpoint in manifest.endpoints().values() {
        let key = endpoint.address.strip_prefix("${jsonData.").and_then(|rest| rest.strip_suffix('}'));
        if let Some(key) = key {
            source.json_data.insert(key.to_owned(), Value::from("127.0.0.1:9"));
        }
    }
    source
}
