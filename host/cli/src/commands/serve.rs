//! `wellhead serve`: starts a host and answers over HTTP until it is told to end.

mod news;
mod open_files;

use crate::config::{ConfigArgs, Faults, Settings, Switch};
use crate::exit::Outcome;
use crate::host::Host;
use crate::host::announced::Announced;
use crate::host::data_sources;
use crate::host::door::Door;
use crate::logging;
use crate::signals::Signals;
use crate::words::counted;
use anyhow::{Context, Result, anyhow};
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime;
use wellhead::{Redactor, ResultLimits};
use wellhead_server::{Maintenance, PluginControl, Server, ServerConfig};

const EXAMPLES: &str = "\
Examples:
  wellhead serve --plugins target/plugins
  wellhead serve --listen 0.0.0.0:3000 --tls-cert tls.crt --tls-key tls.key --provisioning provisioning
  WELLHEAD_LOG_FORMAT=json wellhead serve --config /etc/wellhead/wellhead.toml

A flag wins over its environment variable, that over wellhead.toml, that over the default.
SIGTERM and SIGINT let what is under way finish; a second one ends at once.
Everybody signs in: the first start makes the user admin, with the password of
WELLHEAD_ADMIN_PASSWORD or one that is printed once. Commands on this machine find the server by
its data folder. Beyond loopback it listens only with TLS, with --behind-proxy, or with --insecure.";

/// How long plugins have to end by themselves, after the last request was answered.
const PLUGIN_SHUTDOWN: Duration = Duration::from_secs(5);

/// Start a host: load plugins and data sources, and answer over HTTP
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &ServeArgs) -> Result<Outcome> {
    let (settings, faults) = Settings::load(&args.config);
    if !faults.is_empty() {
        return Err(Faults(faults).into());
    }
    let door = Door::of(&settings).map_err(Faults)?;
    let redactor = Redactor::default();
    logging::start_with(&settings.log_level.value, settings.log_format.value, redactor.clone());
    // Before limits are taken from what there is.
    open_files::raise();
    let runtime =
        runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the async runtime")?;
    runtime.block_on(serve(&settings, door, redactor))?;
    // What is left by now was given its time.
    runtime.shutdown_background();
    Ok(Outcome::Done)
}

async fn serve(settings: &Settings, door: Door, redactor: Redactor) -> Result<()> {
    let signals = Signals::catch().context("cannot catch signals")?;
    // First, because it is what most likely fails, and before work that would be for nothing.
    let listener = listen(settings, &door.addresses).await?;
    let address = listener.local_addr().context("the socket has no address")?;
    let host = Host::open(settings, redactor).await?;
    let events = host.wellhead.events();
    let server = Server::new(host.wellhead.clone(), server_config(settings));
    let server = server.keep_operator_states(host.operator_states.clone()).sign_in(host.data.sign_in.clone());
    let maintenance = Maintenance { database: host.data.database.clone(), secrets: host.data.secrets.clone() };
    let server = server.maintenance(maintenance);
    let (scheme, server) = match door.tls {
        Some(tls) => ("https", server.tls(tls)),
        None => ("http", server),
    };

    let announced = Announced::new(&host.folder, scheme, address, &host.data.operator)?;

    if let Some(password) = host.data.ensure_admin().await? {
        let text = format!("made the first user: admin, password {} (it is not shown again)", password.expose());
        writeln!(io::stdout(), "{text}").context("cannot write to standard output")?;
    }
    let plugins = counted(host.wellhead.plugins().list().len(), "plugin");
    let sources = counted(host.data_sources, "data source");
    // Connections wait in the socket's queue from the moment it listens, so this is true before `serve` is called.
    writeln!(io::stdout(), "wellhead is ready at {scheme}://{address} ({plugins}, {sources})")
        .context("cannot write to standard output")?;
    let news = tokio::spawn(news::tell(events, settings.log_format.value));
    let following = host.provisioner.map(|it| tokio::spawn(data_sources::follow(it, host.wellhead.clone())));
    server.serve(listener, signals.drain()).await;
    news.abort();
    if let Some(following) = following {
        following.abort();
    }
    drop(announced);
    host.wellhead.shutdown(PLUGIN_SHUTDOWN).await;
    if let Err(error) = host.data.authenticator.flush().await {
        tracing::warn!("when users and tokens were last used is not written down: {error}");
    }
    tracing::info!("ended");
    Ok(())
}

fn server_config(settings: &Settings) -> ServerConfig {
    let all = &settings.limits.all;
    ServerConfig {
        body_bytes: all.request_bytes,
        json_bytes: all.json_bytes,
        results: ResultLimits { frame_rows: all.json_rows, ..ResultLimits::default() },
        // A call that is in flight when the server drains may go on for as long as it may anyway.
        drain: all.plugins.drain.max(all.plugins.call_deadline),
        plugin_control: match settings.plugin_control.value {
            Some(Switch::On) => PluginControl::On,
            Some(Switch::Off) => PluginControl::Off,
            None => PluginControl::OnLoopback,
        },
        behind_proxy: settings.behind_proxy.value == Switch::On,
        live_connections: all.live_connections,
        cors_origins: settings.cors_origin.value.0.clone(),
        ..ServerConfig::default()
    }
}

async fn listen(settings: &Settings, addresses: &[SocketAddr]) -> Result<TcpListener> {
    let (address, origin) = (&settings.listen.value, &settings.listen.origin);
    TcpListener::bind(addresses).await.map_err(|error| {
        let cure = match error.kind() {
            ErrorKind::AddrInUse => ": another program listens there; end it, or choose another with --listen",
            ErrorKind::PermissionDenied => ": ports below 1024 need a privilege; choose another with --listen",
            ErrorKind::AddrNotAvailable => ": this machine has no such address; choose another with --listen",
            _ => "",
        };
        anyhow!("cannot listen on {address} (from {origin}): {error}{cure}")
    })
}
