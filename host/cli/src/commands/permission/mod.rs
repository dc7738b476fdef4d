//! `wellhead permission`: who may query, change and administer one data source.

mod grantees;

use super::datasource;
use crate::client::{Api, ApiArgs};
use crate::exit::Outcome;
use crate::output::{Form, rows, text};
use anyhow::Result;
use grantees::{Grantees, Kind};
use http::Method;
use serde_json::{Value, json};

const EXAMPLES: &str = "\
Examples:
  wellhead permission list Prometheus
  wellhead permission set Prometheus query --user ann --service-account grafana --only
  wellhead permission set Prometheus edit --user bob
  wellhead permission remove Prometheus --user ann
  wellhead permission set Prometheus query --role viewer       everybody in the org again

A new data source can be queried by every role. Admins of the org may always do everything.";

/// List, set and remove who may query, edit and administer a data source
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PermissionCommandArgs {
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
    /// List who may do what with a data source
    List(One),
    /// Say what some may do with a data source; what others may stays, unless --only
    Set {
        #[command(flatten)]
        one: One,
        /// What they may do: each includes the one before
        #[arg(value_enum, ignore_case = true)]
        permission: Permission,
        #[command(flatten)]
        grantees: Grantees,
        /// Take away what anybody else may, but the org's admins
        #[arg(long)]
        only: bool,
    },
    /// Take away what some may do with a data source
    Remove {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        grantees: Grantees,
    },
}

#[derive(Debug, clap::Args)]
struct One {
    /// The data source's uid, id or name
    #[arg(value_name = "DATA_SOURCE")]
    key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Permission {
    /// Query it
    Query,
    /// Change it, too
    Edit,
    /// Say who may do what with it, too
    Admin,
}

impl Permission {
    /// As on the wire.
    fn as_str(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Edit => "Edit",
            Self::Admin => "Admin",
        }
    }
}

pub(crate) fn run(args: &PermissionCommandArgs) -> Result<Outcome> {
    args.api.run(async |api| args.run(api).await)
}

impl PermissionCommandArgs {
    async fn run(&self, api: &Api) -> Result<Outcome> {
        let (Action::List(one) | Action::Set { one, .. } | Action::Remove { one, .. }) = &self.action;
        let source = datasource::find(api, &one.key).await?;
        let path = ["api", "access-control", "datasources", datasource::uid(&source)?];
        let changes = match &self.action {
            Action::List(_) => None,
            Action::Set { permission, grantees, only, .. } => {
                let named = grantees.find(api).await?;
                let others = if *only { others(&api.get(&path).await?, &named) } else { Vec::new() };
                Some(changed(&named, permission.as_str()).chain(changed(&others, "")).collect::<Vec<_>>())
            }
            // An empty permission takes away.
            Action::Remove { grantees, .. } => Some(changed(&grantees.find(api).await?, "").collect()),
        };
        if let Some(changes) = changes {
            api.call(Method::POST, &path, Some(&json!({ "permissions": changes }))).await?;
        }
        self.output.print(&api.get(&path).await?, |permissions| Ok(list(permissions)))?;
        Ok(Outcome::Done)
    }
}

/// Grantees as the body of a change names them.
fn changed(grantees: &[Kind], permission: &str) -> impl Iterator<Item = Value> {
    grantees.iter().map(move |grantee| match grantee {
        Kind::Id(id) => json!({"userId": id, "permission": permission}),
        Kind::Role(role) => json!({"builtInRole": role, "permission": permission}),
    })
}

/// Who is named in `permissions` and is not one of these, nor the admins, from whom nothing can be taken.
fn others(permissions: &Value, named: &[Kind]) -> Vec<Kind> {
    let there = permissions.as_array().into_iter().flatten().filter_map(Kind::of);
    there.filter(|there| !named.contains(there) && *there != Kind::Role("Admin".to_owned())).collect()
}

fn list(permissions: &Value) -> String {
    let lines = permissions.as_array().into_iter().flatten().map(|item| {
        let (role, permission) = (text(item, "builtInRole"), text(item, "permission"));
        if !role.is_empty() {
            return ["role".to_owned(), role, permission];
        }
        let is_account = item.get("isServiceAccount").and_then(Value::as_bool).unwrap_or_default();
        let kind = if is_account { "service account" } else { "user" };
        // One who left at this moment has no login any more.
        let login = text(item, "userLogin");
        [kind.to_owned(), if login.is_empty() { text(item, "userId") } else { login }, permission]
    });
    rows(["kind", "who", "permission"], lines).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_all_who_are_named_but_these_and_the_admins() {
        let permissions = json!([
            {"builtInRole": "Viewer", "permission": "Query"}, {"builtInRole": "Admin", "permission": "Admin"},
            {"userId": 2, "userLogin": "ann", "permission": "Query"}, {"userId": 3, "permission": "Edit"},
        ]);
        assert_eq!(others(&permissions, &[Kind::Id(2)]), [Kind::Role("Viewer".into()), Kind::Id(3)]);
    }
}
