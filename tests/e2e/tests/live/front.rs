//! A server with plugins in a folder of its own, and its data sources.

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wellhead::{DataSource, LiveLimits, MemoryStore, PluginChange, Wellhead};
use wellhead_e2e::host::{compile_cache, wasm};
use wellhead_server::{Server, ServerConfig};

/// How long new code may take to be compiled and turned to, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Front {
    pub(crate) wellhead: Wellhead,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) port: u16,
    plugins: tempfile::TempDir,
    served: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Front {
    /// With these plugins of `target/plugins`, and these data sources.
    pub(crate) async fn start(
        plugins: &[&str],
        sources: impl IntoIterator<Item = DataSource>,
        limits: LiveLimits,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for plugin in plugins {
            std::fs::copy(wasm(plugin)?, folder.path().join(format!("{plugin}.wasm")))?;
        }
        let store = Arc::new(MemoryStore::new(sources)?);
        let wellhead = Wellhead::builder()
            .plugins(folder.path())
            .compile_cache(compile_cache())
            .shared_store(store.clone())
            .live_limits(limits)
            .build()
            .await?;
        let mut front = Self { wellhead, store, port: 0, plugins: folder, served: None };
        front.listen().await?;
        Ok(front)
    }

    /// The test data source, as `testdata`.
    pub(crate) async fn testdata() -> Result<Self> {
        Self::start(&["testdata"], [DataSource::new("testdata", "TestData", "testdata")], LiveLimits::default()).await
    }

    /// Listens, at the port it had before where there was one.
    pub(crate) async fn listen(&mut self) -> Result<()> {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
        self.port = listener.local_addr()?.port();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new(self.wellhead.clone(), ServerConfig::default());
        let served = tokio::spawn(server.serve(listener, async {
            let _ = stopped.await;
        }));
        self.served = Some((stop, served));
        Ok(())
    }

    /// Stops listening, as a server that is restarted does.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let (stop, served) = self.served.take().context("it listens")?;
        drop(stop);
        Ok(served.await?)
    }

    /// Where a plugin's file is.
    fn file(&self, plugin: &str) -> PathBuf {
        self.plugins.path().join(format!("{plugin}.wasm"))
    }

    /// Replaces a plugin's file by other bytes that are the same code, and waits until the data source has turned to it.
    pub(crate) async fn reload(&self, plugin: &str, build: u8) -> Result<()> {
        let mut events = self.wellhead.events();
        let (file, next) = (self.file(plugin), self.plugins.path().join("next"));
        let mut bytes = std::fs::read(wasm(plugin)?)?;
        // A custom section: id 0, its size, the length of its name, the name.
        bytes.extend([0, 3, 1, b'b', build]);
        std::fs::write(&next, bytes)?;
        std::fs::rename(next, file)?;
        let swapped = async {
            loop {
                let event = events.next().await.context("the host tells what happens")?;
                if matches!(event.change, PluginChange::Swapped { from: Some(_), .. }) {
                    return Ok(());
                }
            }
        };
        tokio::time::timeout(PATIENCE, swapped).await.context("the data source did not turn to the new code")?
    }
}

/// Whether a document is a frame that says something of its stream.
pub(crate) fn has_notice(document: &Value) -> bool {
    document["schema"]["meta"]["notices"].as_array().is_some_and(|notices| !notices.is_empty())
}
