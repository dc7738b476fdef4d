//! `wellhead plugin`: an operator's word about the plugins of a running host.

mod events;
mod item;
mod show;

use crate::client::ServerArgs;
use crate::client::http::{Server, read, refused};
use crate::exit::Outcome;
use crate::output::Form;
use anyhow::{Context, Result, anyhow};
use item::{Item, Refused};
use reqwest::{Method, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::time::Duration;
use tokio::runtime;

const EXAMPLES: &str = "\
Examples:
  wellhead plugin list
  wellhead plugin list --server http://10.0.0.7:3000 --output json
  wellhead plugin show prometheus
  wellhead plugin reload prometheus
  wellhead plugin rollback prometheus
  wellhead plugin pin prometheus                   stay at the code that serves now
  wellhead plugin unpin prometheus
  wellhead plugin disable prometheus
  wellhead plugin enable prometheus
  wellhead plugin auto-reload prometheus off
  wellhead plugin decommission prometheus
  wellhead plugin release prometheus --uid prom    one data source out of quarantine
  wellhead plugin remove prometheus
  wellhead plugin events                           what happens from now on, until Ctrl-C";

/// Look at the plugins of a running host, and reload, roll back, pin, disable or remove them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PluginCommandArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    server: ServerArgs,
    /// Form of the output
    #[arg(short, long, global = true, value_enum, default_value_t = Form::Table, value_name = "FORMAT")]
    output: Form,
    /// Seconds to wait for the answer: a reload waits for the compiler
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 180, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List every plugin, and the files that were refused
    List,
    /// Show all there is to know of one plugin
    Show(One),
    /// Load a plugin's file again
    Reload(One),
    /// Go back to the code before; twice is where it began
    Rollback(One),
    /// Stay at some code, whatever the file becomes: what serves, or the hash that is named
    Pin(PinArgs),
    /// Follow the file again after a pin
    Unpin(One),
    /// Take calls again
    Enable(One),
    /// Take no calls
    Disable(One),
    /// Whether a plugin follows its file by itself
    AutoReload(AutoReloadArgs),
    /// Let go of a plugin's code until its file changes or is reloaded
    Decommission(One),
    /// Let data sources out of quarantine: all, or the one that is named
    Release(ReleaseArgs),
    /// Take a plugin out of the host; its file stays
    Remove(One),
    /// Print what happens to plugins from now on
    Events,
}

#[derive(Debug, clap::Args)]
struct One {
    /// The plugin's id, or an alias
    #[arg(value_name = "PLUGIN")]
    id: String,
}

#[derive(Debug, clap::Args)]
struct PinArgs {
    #[command(flatten)]
    plugin: One,
    /// SHA-256 of the code, or the start of it [default: of the code that serves]
    hash: Option<String>,
}

#[derive(Debug, clap::Args)]
struct AutoReloadArgs {
    #[command(flatten)]
    plugin: One,
    /// on or off
    #[arg(value_name = "on|off", value_parser = ["on", "off"])]
    switch: String,
}

#[derive(Debug, clap::Args)]
struct ReleaseArgs {
    #[command(flatten)]
    plugin: One,
    /// The data source to release
    #[arg(long)]
    uid: Option<String>,
    /// Its org
    #[arg(long, value_name = "ID", default_value_t = 1, requires = "uid")]
    org: i64,
}

pub(crate) fn run(args: &PluginCommandArgs) -> Result<Outcome> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().context("cannot start the async runtime")?;
    runtime.block_on(args.run())
}

impl PluginCommandArgs {
    async fn run(&self) -> Result<Outcome> {
        if matches!(self.action, Action::Events) {
            // There is no telling when the answer is whole.
            return events::follow(&self.server.connect(None)?, self.output == Form::Json).await;
        }
        let timeout = Duration::from_secs(self.timeout);
        let api = Api { server: self.server.connect(Some(timeout))? };
        let changed = match &self.action {
            Action::List => return self.list(&api).await,
            Action::Events => return Ok(Outcome::Done),
            Action::Show(one) => return self.show(&api.find(&one.id).await?),
            Action::Reload(one) => api.say(one, "reload", json!({})).await?,
            Action::Rollback(one) => api.say(one, "rollback", json!({})).await?,
            Action::Pin(PinArgs { plugin, hash }) => {
                let hash = match hash {
                    Some(hash) => hash.clone(),
                    None => Item::read(&api.find(&plugin.id).await?)?.serving_hash()?,
                };
                api.say(plugin, "pin", json!({ "hash": hash })).await?
            }
            Action::Unpin(one) => api.say(one, "unpin", json!({})).await?,
            Action::Enable(one) => api.say(one, "enable", json!({})).await?,
            Action::Disable(one) => api.say(one, "disable", json!({})).await?,
            Action::AutoReload(AutoReloadArgs { plugin, switch }) => {
                api.say(plugin, "auto-reload", json!({ "enabled": switch == "on" })).await?
            }
            Action::Decommission(one) => api.say(one, "decommission", json!({})).await?,
            Action::Release(ReleaseArgs { plugin, uid: Some(uid), org }) => {
                api.say(plugin, "release", json!({ "orgId": org, "uid": uid })).await?
            }
            Action::Release(ReleaseArgs { plugin, uid: None, .. }) => {
                api.send(Method::POST, &[&plugin.id, "release"], None).await?
            }
            Action::Remove(one) => api.send(Method::DELETE, &[&one.id], None).await?,
        };
        let mut out = io::stdout().lock();
        match self.output {
            Form::Table => writeln!(out, "{}", show::table(&[Item::read(&changed)?]))?,
            Form::Json => writeln!(out, "{changed:#}")?,
        }
        Ok(Outcome::Done)
    }

    async fn list(&self, api: &Api) -> Result<Outcome> {
        let items: Vec<Value> = api.get(&[]).await?;
        if self.output == Form::Json {
            writeln!(io::stdout(), "{:#}", Value::Array(items))?;
            return Ok(Outcome::Done);
        }
        let items: Vec<Item> = items.iter().map(Item::read).collect::<Result<_>>()?;
        writeln!(io::stdout(), "{}", show::table(&items))?;
        let refused: Vec<Refused> = api.get(&["errors"]).await?;
        for refused in refused {
            eprintln!("refused: {}", show::refused(&refused));
        }
        Ok(Outcome::Done)
    }

    fn show(&self, item: &Value) -> Result<Outcome> {
        let mut out = io::stdout().lock();
        match self.output {
            Form::Table => write!(out, "{}", show::details(&Item::read(item)?))?,
            Form::Json => writeln!(out, "{item:#}")?,
        }
        Ok(Outcome::Done)
    }
}

/// `/api/plugins` of a server.
struct Api {
    server: Server,
}

impl Api {
    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T> {
        let answer = self.send(Method::GET, path, None).await?;
        serde_json::from_value(answer)
            .context("the server's list of plugins cannot be read: is it a Wellhead of another version?")
    }

    /// The plugin with this id or alias.
    async fn find(&self, id: &str) -> Result<Value> {
        let items: Vec<Value> = self.get(&[]).await?;
        let known: Vec<String> = items.iter().filter_map(|item| Some(item.get("id")?.as_str()?.to_owned())).collect();
        let is_it = |item: &Value| {
            let aliases = item.get("aliasIDs").and_then(Value::as_array).into_iter().flatten();
            item.get("id").into_iter().chain(aliases).any(|name| name == id)
        };
        let there = if known.is_empty() { "there are none".into() } else { format!("there are {}", known.join(", ")) };
        items.into_iter().find(is_it).ok_or_else(|| anyhow!("no plugin {id:?}; {there}"))
    }

    async fn say(&self, one: &One, action: &str, body: Value) -> Result<Value> {
        self.send(Method::POST, &[&one.id, action], Some(body)).await
    }

    async fn send(&self, method: Method, path: &[&str], body: Option<Value>) -> Result<Value> {
        let url = self.server.url(&[&["api", "plugins"][..], path].concat());
        let request = self.server.request(method, &url).header(header::CONTENT_TYPE, "application/json");
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        let response = self.server.send(request).await?;
        let status = response.status();
        let body = read(response).await.with_context(|| format!("cannot read the answer of {url}"))?;
        if !status.is_success() {
            return Err(refused(status, &body, &url));
        }
        serde_json::from_slice(&body).with_context(|| format!("the answer of {url} is not JSON"))
    }
}
