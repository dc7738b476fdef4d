//! Runs rules and cases against one file.

use crate::subject::{Given, Subject};
use crate::{Case, RULES, Report, SuiteError, TestResult, Verdict};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wellhead::{CompileCommand, DataSource, Manifest, Wellhead};

/// What becomes of what cases expect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Update {
    /// Compared.
    #[default]
    Compare,
    /// Written anew from what the replay answers.
    Expected,
    /// Recorded and written anew, from the real upstream.
    Recording,
}

/// A suite to run. Rules first, then cases by name.
///
/// ```no_run
/// # async fn example() -> Result<(), wellhead_conformance::SuiteError> {
/// use wellhead_conformance::Suite;
///
/// let report = Suite::new("my_source.wasm").only("cancellation").run(|_| ()).await?;
/// assert_eq!(report.results.len(), 1);
/// # Ok(()) }
/// ```
pub struct Suite {
    file: PathBuf,
    cases: Option<PathBuf>,
    given: Given,
    only: Vec<String>,
    update: Update,
    compile_cache: Option<PathBuf>,
    compile_in: Option<CompileCommand>,
}

impl Suite {
    /// All rules, and no cases, for the plugin in `file`.
    pub fn new(file: impl Into<PathBuf>) -> Self {
        Self {
            file: file.into(),
            cases: None,
            given: Given::default(),
            only: Vec::new(),
            update: Update::default(),
            compile_cache: None,
            compile_in: None,
        }
    }

    /// The folder of the author's cases, one folder each. One that is not there has none.
    #[must_use]
    pub fn cases(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cases = Some(folder.into());
        self
    }

    /// The data source to test with, for plugins that take no other; cases are recorded with it. Its type is taken to be the
    /// plugin. Default: one made from the manifest's schema; cases have their own.
    #[must_use]
    pub fn data_source(mut self, source: DataSource) -> Self {
        self.given.source = Some(source);
        self
    }

    /// The URL of the data source to test with, whatever else it is. Cases are recorded from there.
    #[must_use]
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.given.url = Some(url.into());
        self
    }

    /// Runs this rule or case (`case/NAME`), and others named like this, alone.
    #[must_use]
    pub fn only(mut self, name: impl Into<String>) -> Self {
        self.only.push(name.into());
        self
    }

    /// What becomes of what cases expect.
    #[must_use]
    pub fn update(mut self, update: Update) -> Self {
        self.update = update;
        self
    }

    /// Keeps compiled code here, for the next run. Default: a folder that is gone afterwards.
    #[must_use]
    pub fn compile_cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.compile_cache = Some(folder.into());
        self
    }

    /// Compiles in a process of its own: see [`wellhead::WellheadBuilder::compile_in_child`].
    #[must_use]
    pub fn compile_in_child(mut self, command: CompileCommand) -> Self {
        self.compile_in = Some(command);
        self
    }

    /// Runs it, and tells of each result as it comes. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`SuiteError`] where nothing could be tested. What a plugin does wrong is in the report.
    pub async fn run(self, mut tell: impl FnMut(&TestResult)) -> Result<Report, SuiteError> {
        let folder = tempfile::tempdir().map_err(SuiteError::Temporary)?;
        let compile_cache = self.compile_cache.clone().unwrap_or_else(|| folder.path().join("compiled"));
        let manifest = self.manifest(&compile_cache).await?;
        let cases = match &self.cases {
            Some(folder) => Case::all(folder)?,
            None => Vec::new(),
        };
        self.check_names(&cases)?;
        let mut report =
            Report { plugin_id: manifest.id.clone(), version: manifest.info.version.clone(), results: Vec::new() };
        let mut add = |result: TestResult| {
            tell(&result);
            report.results.push(result);
        };
        let compile_in = self.compile_in.clone();
        let mut subject = Subject::new(self.file.clone(), manifest, &self.given, &cases, compile_cache, compile_in);
        // Cases that are being recorded come alone: rules judge what is there.
        if self.update == Update::Compare {
            self.rules(&mut subject, &mut add).await?;
        }
        for case in cases.iter().filter(|case| self.wants(&case.title())) {
            let started = Instant::now();
            let verdict = case.run(&subject, &self.given, self.update).await?;
            let promise = "The plugin answers as the case expects".to_owned();
            add(TestResult { name: case.title(), promise, verdict, took: started.elapsed() });
        }
        Ok(report)
    }

    async fn rules(&self, subject: &mut Subject, add: &mut impl FnMut(TestResult)) -> Result<(), SuiteError> {
        let wanted: Vec<_> = RULES.iter().filter(|rule| self.wants(rule.name)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        // Whether it starts at all decides for the others, so that it is tried whatever is wanted.
        let started = Instant::now();
        let start = crate::rules::configure(subject).await?;
        let took = started.elapsed();
        for rule in wanted {
            let started = Instant::now();
            let verdict = match (&start, rule.needs_start) {
                _ if rule.name == "configure" => start.clone(),
                (Verdict::Passed, _) | (_, false) => rule.check(subject).await?,
                (Verdict::Failed(_) | Verdict::Skipped(_), true) => {
                    Verdict::Skipped("it does not start: see the rule configure".to_owned())
                }
            };
            let took = if rule.name == "configure" { took } else { started.elapsed() };
            let promise = rule.promise.to_owned();
            add(TestResult { name: rule.name.to_owned(), promise, verdict, took });
        }
        Ok(())
    }

    async fn manifest(&self, compile_cache: &Path) -> Result<Arc<Manifest>, SuiteError> {
        let mut builder = Wellhead::builder().plugin_file(&self.file).compile_cache(compile_cache);
        if let Some(command) = &self.compile_in {
            builder = builder.compile_in_child(command.clone());
        }
        let wellhead = builder.build().await?;
        let record = wellhead.plugins().list().into_iter().next();
        wellhead.shutdown(Duration::ZERO).await;
        Ok(record.ok_or_else(|| SuiteError::NoPlugin(self.file.clone()))?.manifest.clone())
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == name)
    }

    fn check_names(&self, cases: &[Case]) -> Result<(), SuiteError> {
        let known: Vec<String> =
            RULES.iter().map(|rule| rule.name.to_owned()).chain(cases.iter().map(Case::title)).collect();
        match self.only.iter().find(|name| !known.contains(name)) {
            None => Ok(()),
            Some(name) => Err(SuiteError::NoSuchRule { name: name.clone(), known: known.join(", ") }),
        }
    }
}
