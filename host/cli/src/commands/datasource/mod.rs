//! `wellhead datasource`: data sources of a running server, or of a data folder on which none runs.

mod fields;
mod show;

use crate::client::{Api, ApiArgs};
use crate::exit::Outcome;
use crate::output::Form;
use anyhow::{Context, Result, bail};
use fields::Fields;
use http::{Method, StatusCode};
use serde_json::Value;

const EXAMPLES: &str = "\
Examples:
  wellhead datasource list
  wellhead datasource add --type prometheus --name Prometheus --url http://127.0.0.1:9090
  wellhead datasource update Prometheus --set jsonData.httpMethod=POST --secret basicAuthPassword=env:PROM_PASSWORD
  wellhead datasource test Prometheus
  wellhead datasource delete Prometheus
  wellhead datasource get Prometheus -o json | wellhead datasource add --file - --name Copy --uid copy";

/// List, add, change, test and delete data sources
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DataSourceCommandArgs {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    api: ApiArgs,
    /// Form of the output
    #[arg(short, long, global = true, value_enum, default_value_t = Form::Table, value_name = "FORMAT")]
    output: Form,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List those of the org
    List,
    /// Show one
    Get(One),
    /// Add one
    Add(Fields),
    /// Change one; what is not named stays
    Update(UpdateArgs),
    /// Delete one, and its secrets
    Delete(One),
    /// Ask one whether it is well; exit code 1 if it is not
    Test(One),
}

#[derive(Debug, clap::Args)]
struct One {
    /// Its uid, id or name
    #[arg(value_name = "DATA SOURCE")]
    key: String,
}

#[derive(Debug, clap::Args)]
struct UpdateArgs {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    fields: Fields,
}

pub(crate) fn run(args: &DataSourceCommandArgs) -> Result<Outcome> {
    args.api.run(async |api| args.run(api).await)
}

impl DataSourceCommandArgs {
    async fn run(&self, api: &Api) -> Result<Outcome> {
        match &self.action {
            Action::List => {
                let list: Value = api.get(&["api", "datasources"]).await?;
                self.print(&list, |list| Ok(show::list(list)))
            }
            Action::Get(one) => self.print(&find(api, &one.key).await?, |item| Ok(show::item(item))),
            Action::Add(fields) => {
                let body = fields.over(Value::Object(serde_json::Map::new()))?;
                let added = api.call(Method::POST, &["api", "datasources"], Some(&body)).await?;
                self.print_changed(&added)
            }
            Action::Update(UpdateArgs { one, fields }) => {
                let before = find(api, &one.key).await?;
                let uid = uid(&before)?.to_owned();
                let body = fields.over(before)?;
                let updated = api.call(Method::PUT, &["api", "datasources", "uid", &uid], Some(&body)).await?;
                self.print_changed(&updated)
            }
            Action::Delete(one) => {
                let before = find(api, &one.key).await?;
                let uid = uid(&before)?;
                let deleted = api.call(Method::DELETE, &["api", "datasources", "uid", uid], None).await?;
                self.print(&deleted, |_| Ok(format!("deleted {uid}")))
            }
            Action::Test(one) => {
                let source = find(api, &one.key).await?;
                self.test(api, uid(&source)?).await
            }
        }
    }

    async fn test(&self, api: &Api, uid: &str) -> Result<Outcome> {
        let (status, body) = api.answer(Method::GET, &["api", "datasources", "uid", uid, "health"], None).await?;
        let health: Value = serde_json::from_slice(&body).context("the answer is not JSON")?;
        // 400 with a status is the answer of a data source that is not well; all else is a refusal.
        let Some(said) = health.get("status").and_then(Value::as_str) else {
            bail!("{}", crate::client::http::said(status, &body));
        };
        self.print(&health, |health| {
            let message = health.get("message").and_then(Value::as_str).unwrap_or_default();
            Ok(format!("{said}: {message}"))
        })?;
        Ok(if status == StatusCode::OK { Outcome::Done } else { Outcome::PartFailed })
    }

    fn print_changed(&self, changed: &Value) -> Result<Outcome> {
        let item = changed.get("datasource").unwrap_or(changed);
        self.print(item, |item| Ok(show::item(item)))
    }

    fn print(&self, answer: &Value, table: impl FnOnce(&Value) -> Result<String>) -> Result<Outcome> {
        self.output.print(answer, table)?;
        Ok(Outcome::Done)
    }
}

/// By uid, else by id, else by name.
pub(super) async fn find(api: &Api, key: &str) -> Result<Value> {
    let by_id = key.parse::<i64>().is_ok();
    let paths: [Option<&[&str]>; 3] = [Some(&["uid"]), by_id.then_some(&[]), Some(&["name"])];
    for path in paths.into_iter().flatten() {
        let path: Vec<&str> = ["api", "datasources"].iter().chain(path).chain([&key]).copied().collect();
        let (status, body) = api.answer(Method::GET, &path, None).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).context("the answer is not JSON");
        }
        if status != StatusCode::NOT_FOUND {
            bail!("{}", crate::client::http::said(status, &body));
        }
    }
    bail!("no data source has the uid, id or name {key:?}: see `wellhead datasource list`")
}

pub(super) fn uid(item: &Value) -> Result<&str> {
    item.get("uid").and_then(Value::as_str).context("the answer has no uid: is it a Wellhead of another version?")
}
