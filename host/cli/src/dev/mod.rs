//! The author's loop: a plugin's project is built, run and asked again whenever its files change.
//!
//! What happens is shown here and decided in [`Loop`]; the parts know nothing of each other. `sources` tells which files
//! changed, `keys` which keys were pressed, `project` builds, `host` loads what was built and asks it, `report` shows what
//! changed in the answers.

mod compare;
mod crash;
mod guest_log;
mod host;
mod keys;
mod report;
mod sample_api;
mod settings;
mod sources;

use crate::config::{Faults, LogFilter};
use crate::exit::Outcome;
use crate::output::harmless;
use crate::project::{Artifact, Project, Stop};
use crate::signals::Signals;
use anyhow::{Context, Result};
use host::Host;
use keys::Keys;
use report::Report;
use settings::Settings;
use sources::{Places, Sources};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::{self, JoinHandle};

/// What the author chose.
#[derive(Debug)]
pub(crate) struct Options {
    /// The project's folder.
    pub(crate) path: PathBuf,
    /// Where the HTTP API listens.
    pub(crate) listen: SocketAddr,
    pub(crate) log: LogFilter,
}

/// Runs until the author has enough: `q`, SIGINT or SIGTERM.
///
/// The plan:
///
/// 1. Recognise the project and check its tools, before anything is waited for.
/// 2. Follow its files from before the first build, so that no save is missed; what builds write is left out.
/// 3. Build, then at every save build again. One build at a time: a save during a build is remembered, and the build that it
///    overtook is not loaded, for the next one follows at once. It is not killed: most of its work is of use to the next.
/// 4. A build that worked is loaded into the host, which goes from the old one to the new as it does for any changed plugin.
///    One that did not, or that the host refuses, leaves the last good one serving.
/// 5. Then, and when the settings or the sample API changed, or on `r`: ask the queries, and show what changed.
pub(crate) async fn run(options: &Options) -> Result<Outcome> {
    let signals = Signals::catch().context("cannot catch signals")?;
    let project = Arc::new(task::block_in_place(|| Project::find(&options.path))?);
    task::block_in_place(|| project.builder.check_tools())?;
    let settings = Settings::read(&project.folder).map_err(|fault| Faults(vec![fault]))?;
    let host = Host::start(options.listen).await?;
    guest_log::start(&options.log, project.folder.clone());

    let places = Places { folders: project.builder.sources()?, without: project.builder.outputs() };
    let changes = follow(task::block_in_place(|| Sources::follow(places))?);
    let (keys, quit) = Keys::take();
    let what = format!("{}: {} in {}", project.name, project.language.name(), project.folder.display());
    say(&harmless(&what))?;
    say(&format!("the host answers at http://{}", host.address))?;
    if keys.any() {
        say("r asks again, q ends")?;
    }
    let stop = Stop::default();
    let mut this = Loop {
        project,
        settings,
        host,
        report: Report::default(),
        stop: stop.clone(),
        building: None,
        build_again: false,
        builds: 0,
    };
    let ended = tokio::select! {
        ended = this.run(changes, keys) => ended,
        () = signals.first() => Ok(()),
        () = quit.pressed() => Ok(()),
    };
    stop.stop();
    this.host.shutdown().await;
    ended.map(|()| Outcome::Done)
}

/// Tells of changes as they happen. In a task of its own, because a look once begun is to be finished.
fn follow(mut sources: Sources) -> mpsc::Receiver<Vec<PathBuf>> {
    let (tell, changes) = mpsc::channel(64);
    tokio::spawn(async move {
        loop {
            let changed = match sources.changed().await {
                Ok(changed) => changed,
                Err(error) => {
                    eprintln!("error: {error:#}; changes are no longer seen: start wellhead dev again");
                    return;
                }
            };
            if tell.send(changed).await.is_err() {
                return;
            }
        }
    });
    changes
}

/// A build under way.
struct Build {
    task: JoinHandle<Result<Option<Artifact>>>,
    started: Instant,
}

/// What the loop knows.
struct Loop {
    project: Arc<Project>,
    settings: Settings,
    host: Host,
    report: Report,
    stop: Stop,
    building: Option<Build>,
    /// Something was saved since the build began.
    build_again: bool,
    builds: u32,
}

impl Loop {
    async fn run(&mut self, mut changes: mpsc::Receiver<Vec<PathBuf>>, mut keys: Keys) -> Result<()> {
        self.build()?;
        let mut follows = true;
        loop {
            tokio::select! {
                changed = changes.recv(), if follows => match changed {
                    Some(paths) => self.changed(&paths).await?,
                    None => follows = false,
                },
                () = keys.rerun() => self.ask(None).await?,
                built = ended(&mut self.building) => self.built(built).await?,
            }
        }
    }

    /// Files were saved: what they are decides what is done again.
    async fn changed(&mut self, paths: &[PathBuf]) -> Result<()> {
        let settings = self.project.folder.join(settings::FILE);
        let of_sample =
            |path: &PathBuf| self.settings.sample_api.as_ref().is_some_and(|folder| path.starts_with(folder));
        let (surroundings, sources): (Vec<_>, Vec<_>) =
            paths.iter().partition(|path| **path == settings || of_sample(path));
        let (surroundings_shown, sources_shown) = (self.shown(&surroundings), self.shown(&sources));
        if !sources.is_empty() {
            say(&format!("\nchanged: {sources_shown}"))?;
            if self.building.is_some() {
                self.build_again = true;
            } else {
                self.build()?;
            }
        }
        if !surroundings.is_empty() {
            say(&format!("\nchanged: {surroundings_shown}"))?;
            match Settings::read(&self.project.folder) {
                Ok(settings) => self.settings = settings,
                Err(fault) => {
                    return say(&format!("error: {fault}\nthe queries are as they were"));
                }
            }
            if self.host.serves() {
                self.ask(None).await?;
            }
        }
        Ok(())
    }

    /// What the host says, which may be of a crash.
    fn readable(&self, text: &str) -> String {
        harmless(&crash::readable(text, &self.project.folder)).into_owned()
    }

    /// Paths as a person knows them.
    fn shown(&self, paths: &[&PathBuf]) -> String {
        let in_project =
            |path: &&PathBuf| path.strip_prefix(&self.project.folder).unwrap_or(path).display().to_string();
        let names: Vec<String> = paths.iter().map(in_project).collect();
        harmless(&names.join(", ")).into_owned()
    }

    fn build(&mut self) -> Result<()> {
        if self.builds == 0 {
            say("building, for the first time with all that it depends on")?;
        }
        let (project, stop) = (Arc::clone(&self.project), self.stop.clone());
        // What a tool says of its progress is worth seeing where it takes long.
        let quiet = self.builds > 0;
        let task = task::spawn_blocking(move || project.builder.build(quiet, &stop));
        self.building = Some(Build { task, started: Instant::now() });
        self.builds = self.builds.saturating_add(1);
        Ok(())
    }

    async fn built(&mut self, (built, compiler): (Result<Option<Artifact>>, Duration)) -> Result<()> {
        if std::mem::take(&mut self.build_again) {
            return self.build();
        }
        let serving = match self.host.serving() {
            Some(good) => format!("{} goes on serving", harmless(good)),
            None => "nothing serves yet".to_owned(),
        };
        match built {
            Ok(Some(artifact)) => match self.host.load(&artifact.wasm).await {
                Ok(loaded) => self.ask(Some((compiler, loaded))).await,
                Err(error) => {
                    let refusal = self.readable(&error.to_string());
                    say(&format!("built in {compiler:.2?}, and refused: {refusal}\n{serving}"))
                }
            },
            Ok(None) => say(&format!("the build failed after {compiler:.2?}; {serving}")),
            Err(error) => say(&format!("the build failed: {error:#}; {serving}")),
        }
    }

    /// Asks the queries and shows the answers. `loaded`: the compiler's time, and what was loaded just now.
    async fn ask(&mut self, loaded: Option<(Duration, host::Loaded)>) -> Result<()> {
        if !self.host.serves() {
            return say("there is nothing to ask yet");
        }
        let asked = self.host.ask(&self.settings).await;
        let mut lines = match &loaded {
            Some((compiler, loaded)) => {
                let ours = loaded.took.saturating_add(asked.took);
                // The first build's code is awaited by the query, later ones by loading.
                let compile =
                    asked.compile.map_or_else(|| "code as it was".to_owned(), |it| format!("compile {it:.2?}"));
                let rest = ours.saturating_sub(asked.compile.unwrap_or_default()).saturating_sub(asked.configure);
                let (tool, configure) = (self.project.language.compiler(), asked.configure);
                let serves = match self.host.serving() {
                    Some(now) if now != loaded.what => format!("{} is not in use: {now} goes on serving", loaded.what),
                    Some(_) => format!("{} serves", loaded.what),
                    None => format!("{} is not in use", loaded.what),
                };
                vec![
                    harmless(&serves).into_owned(),
                    format!(
                        "{tool} took {compiler:.2?}; then {ours:.2?}: {compile}, configure {configure:.2?}, read and ask {rest:.2?}"
                    ),
                ]
            }
            None => vec![format!("asked in {:.2?}", asked.took)],
        };
        lines.extend(asked.news.iter().map(|news| self.readable(news)));
        match asked.answers {
            Ok(answers) if answers.is_empty() => {
                lines.push(format!("no queries: write some into {}, as [[queries]]", settings::FILE));
            }
            Ok(answers) => {
                lines.push(String::new());
                lines.push(self.report.of(&answers).trim_end().to_owned());
            }
            Err(error) => lines.push(format!("error: {}", self.readable(&format!("{error:#}")))),
        }
        say(&lines.join("\n"))
    }
}

/// Waits for the build under way, and takes it; for ever where there is none.
async fn ended(building: &mut Option<Build>) -> (Result<Option<Artifact>>, Duration) {
    let Some(build) = building else { return std::future::pending().await };
    let built = (&mut build.task).await.unwrap_or_else(|error| Err(error.into()));
    let took = build.started.elapsed();
    *building = None;
    (built, took)
}

/// Says it at once, whoever reads: a person, or a program through a pipe.
fn say(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).context("cannot write to standard output")
}
