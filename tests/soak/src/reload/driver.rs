//! Replaces the plugin's file and waits for what comes of it.

use super::builds::{BUILDS, Builds};
use super::ledger::{Ledger, Told};
use super::place::place;
use super::plan::{Code, Fault, Step, Way};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

/// How long a replacement may take on a machine that is busy with other things. Beyond it the soak ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a replacement took, from when the file was renamed or closed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Took {
    /// To the first answer of the new build, and of that the compiler.
    Served { answer: Duration, compile: Duration },
    /// To the event that tells of the rejection.
    Rejected(Duration),
}

pub(super) struct Driver {
    builds: Builds,
    ledger: Arc<Ledger>,
    file: PathBuf,
    told: UnboundedReceiver<Told>,
    pause: Duration,
    /// The build that serves.
    build: u32,
    cold: usize,
    faults: Vec<String>,
}

impl Driver {
    /// `file` holds build 1.
    pub(super) fn new(
        builds: Builds,
        ledger: Arc<Ledger>,
        file: PathBuf,
        told: UnboundedReceiver<Told>,
        pause: Duration,
    ) -> Self {
        Self { builds, ledger, file, told, pause, build: 1, cold: 0, faults: Vec::new() }
    }

    pub(super) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// What the host told and must not have.
    pub(super) fn into_faults(self) -> Vec<String> {
        self.faults
    }

    /// Waits until the build that is there serves. Then has every build compiled, the one that traps too, and ends with
    /// the one it began with.
    pub(super) async fn warm_up(&mut self) -> Result<()> {
        while !matches!(self.next().await?, Told::Swapped { .. }) {}
        for _ in 1..BUILDS {
            self.good(false, Way::Rename).await?;
        }
        self.bad(Fault::Traps, 0, Way::Rename).await?;
        self.good(false, Way::Rename).await?;
        tokio::time::sleep(self.pause).await;
        Ok(())
    }

    /// Replaces the file, waits until that has taken effect, and a little longer.
    pub(super) async fn replace(&mut self, step: Step) -> Result<Took> {
        // Every event that belongs to the step before was waited for.
        while let Ok(told) = self.told.try_recv() {
            self.unexpected(&told);
        }
        let took = match step.code {
            Code::Good { cold } => self.good(cold, step.way).await,
            Code::Bad { fault, number } => self.bad(fault, number, step.way).await,
        };
        let took = took.with_context(|| format!("{step:?} took no effect"))?;
        tokio::time::sleep(self.pause).await;
        Ok(took)
    }

    async fn good(&mut self, cold: bool, way: Way) -> Result<Took> {
        self.build = self.build % BUILDS + 1;
        let wasm = if cold {
            self.cold += 1;
            self.builds.cold(self.build, self.cold)?
        } else {
            self.builds.good(self.build)?
        };
        let expected = self.ledger.expect(self.build, &wasm);
        let placed = place(&self.file, &wasm, way, false).await?;
        let mut compiled = Duration::ZERO;
        loop {
            match self.next().await? {
                Told::Ready { hash, compile } if hash == expected => compiled = compile,
                Told::Swapped { hash } if hash == expected => break,
                other => self.unexpected(&other),
            }
        }
        let first = timeout(PATIENCE, self.ledger.first_answer()).await.context("the new build never answered")?;
        Ok(Took::Served { answer: first.saturating_duration_since(placed.at), compile: compiled })
    }

    async fn bad(&mut self, fault: Fault, number: usize, way: Way) -> Result<Took> {
        let wasm = self.builds.bad(fault, number)?;
        // A writer that stopped midway has not closed its file.
        let stays_open = fault == Fault::Truncated && way == Way::InPlace;
        let placed = place(&self.file, &wasm, way, stays_open).await?;
        loop {
            match self.next().await? {
                Told::Rejected { at, .. } => return Ok(Took::Rejected(at.saturating_duration_since(placed.at))),
                other => self.unexpected(&other),
            }
        }
    }

    async fn next(&mut self) -> Result<Told> {
        match timeout(PATIENCE, self.told.recv()).await {
            Ok(Some(told)) => Ok(told),
            Ok(None) => bail!("the host is gone"),
            Err(_) => bail!("nothing was told for {PATIENCE:?}"),
        }
    }

    fn unexpected(&mut self, told: &Told) {
        match told {
            Told::Rejected { reason, .. } => self.faults.push(format!("a good file was rejected: {reason}")),
            Told::Swapped { hash } => {
                self.faults.push(format!("the data source turned to {hash}, which is not in the file"))
            }
            // Code that traps is compiled first, and so is code that is on its way.
            Told::Ready { .. } => {}
        }
    }
}
