//! A host that follows a plugins folder, with its HTTP server on loopback.

use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wellhead::{DataSource, MemoryStore, Wellhead};
use wellhead_server::{Server, ServerConfig};
use wellhead_test_support::guest;

/// The plugin that is replaced.
pub(crate) const PLUGIN: &str = "wellhead-soak-datasource";
/// Its data source.
pub(crate) const SOAKED: &str = "soaked";
/// A data source of a plugin that nobody touches.
pub(crate) const HEALTHY: &str = "healthy";

const DRAIN: Duration = Duration::from_secs(10);

pub(crate) struct Host {
    pub(crate) wellhead: Wellhead,
    pub(crate) address: SocketAddr,
    pub(crate) plugins: PathBuf,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    _data: TempDir,
}

impl Host {
    /// Starts with `first` as the plugin's code, and a compile cache of its own where none is given.
    pub(crate) async fn start(first: &[u8], compile_cache: Option<&Path>) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let plugins = data.path().join("plugins");
        std::fs::create_dir(&plugins)?;
        std::fs::write(plugin_file(&plugins), first)?;
        std::fs::copy(guest("testdata"), plugins.join("testdata.wasm")).context("cannot copy the healthy plugin")?;
        let sources = [DataSource::new(SOAKED, "Soaked", PLUGIN), DataSource::new(HEALTHY, "Healthy", "testdata")];
        let own = data.path().join("compiled");
        let compile_cache = std::path::absolute(compile_cache.unwrap_or(&own))?;
        let wellhead = Wellhead::builder()
            .plugins(&plugins)
            .compile_cache(compile_cache)
            .store(MemoryStore::new(sources)?)
            .build()
            .await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let config = ServerConfig { unready_before_drain: Duration::ZERO, ..ServerConfig::default() };
        let server = Server::new(wellhead.clone(), config);
        let served = tokio::spawn(server.serve(listener, async {
            let _ = stopped.await;
        }));
        Ok(Self { wellhead, address, plugins, stop, served, _data: data })
    }

    /// The file that is replaced.
    pub(crate) fn plugin_file(&self) -> PathBuf {
        plugin_file(&self.plugins)
    }

    pub(crate) async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        self.served.await?;
        self.wellhead.shutdown(DRAIN).await;
        Ok(())
    }
}

fn plugin_file(plugins: &Path) -> PathBuf {
    plugins.join("soak.wasm")
}
