//! From a file on disk to the first answer of what is in it.

use crate::Setup;
use crate::files::replace;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wellhead_peer::Answer;
use wellhead_peers::{Ask, EMPTY, PLUGIN, context};
use wellhead_runtime::{FollowOptions, PluginChange, PluginEvents, Runtime};

pub(crate) async fn first_answer(setup: &Setup, warm: bool) -> Result<Answer> {
    let cache = cache(setup, warm)?;
    let guest = setup.files.guest();
    if warm {
        load_and_ask(setup, &cache, guest).await?;
    }
    let took = load_and_ask(setup, &cache, guest).await?;
    Ok(Answer::once(took))
}

pub(crate) async fn reload(setup: &Setup, warm: bool) -> Result<Answer> {
    let cache = cache(setup, warm)?;
    let folder = setup.files.empty_folder("followed")?;
    let (plugin, next) = (folder.join("peer.wasm"), setup.files.unseen()?);
    replace(&plugin, &setup.files.unseen()?)?;
    if warm {
        let elsewhere = setup.files.empty_folder("seen")?.join("peer.wasm");
        replace(&elsewhere, &next)?;
        load_and_ask(setup, &cache, &elsewhere).await?;
    }
    let runtime = setup.host(cache)?.build()?;
    for (_, loaded) in runtime.follow_folder(&folder, FollowOptions::default()).await? {
        loaded?;
    }
    ask(&runtime).await?;
    let mut events = runtime.events();
    let began = Instant::now();
    replace(&plugin, &next)?;
    swapped(&mut events).await?;
    ask(&runtime).await?;
    let took = began.elapsed();
    runtime.shutdown(Duration::from_secs(5)).await;
    Ok(Answer::once(took))
}

/// An empty cache, or one that may have what is wanted.
fn cache(setup: &Setup, warm: bool) -> Result<PathBuf> {
    if warm { Ok(setup.files.cache()) } else { setup.files.empty_folder("cold") }
}

/// In a host that is there before the clock runs.
async fn load_and_ask(setup: &Setup, cache: &Path, plugin: &Path) -> Result<Duration> {
    let runtime = setup.host(cache.to_owned())?.build()?;
    let began = Instant::now();
    runtime.load_file(plugin).await?;
    ask(&runtime).await?;
    let took = began.elapsed();
    runtime.shutdown(Duration::from_secs(5)).await;
    Ok(took)
}

async fn ask(runtime: &Runtime) -> Result<()> {
    Ask::of(&EMPTY, 1)?.of_source(runtime.client(), context(PLUGIN, 0, "")).await?;
    Ok(())
}

/// Waits until calls of the data source go to the new code.
async fn swapped(events: &mut PluginEvents) -> Result<()> {
    while let Some(event) = events.next().await {
        match &event.change {
            PluginChange::Swapped { .. } => return Ok(()),
            PluginChange::Rejected { reason, .. } => anyhow::bail!("the new file is rejected: {reason}"),
            _ => {}
        }
    }
    None.context("the host ended before it had reloaded")
}
