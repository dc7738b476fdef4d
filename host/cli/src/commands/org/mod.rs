//! `wellhead org`: orgs, each with its own data sources, service accounts and permissions, and who belongs to them.

mod members;

use super::role::Role;
use crate::client::{Api, ApiArgs};
use crate::exit::Outcome;
use crate::output::{Form, rows, text};
use anyhow::{Context, Result, bail};
use http::{Method, StatusCode};
pub(super) use members::Members;
use serde_json::{Value, json};

const EXAMPLES: &str = "\
Examples:
  wellhead org list
  wellhead org add Operations
  wellhead org rename Operations Ops
  wellhead org add-member ann --role editor --org 2    ann, in org 2
  wellhead org set-role ann admin --org 2
  wellhead org members --org 2 -o json
  wellhead org remove-member ann --org 2
  wellhead org delete Ops                              with all that is in it

Orgs are for server admins; members of one are also for its own admins.";

/// List, add, rename and delete orgs, and say who belongs to them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct OrgCommandArgs {
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
    /// List every org
    List,
    /// Add an org; a user who does so becomes its admin
    Add {
        /// Its name, which no other has
        name: String,
    },
    /// Give an org another name
    Rename {
        #[command(flatten)]
        one: One,
        /// The new name, which no other has
        name: String,
    },
    /// Delete an org with its data sources, service accounts and tokens; its users stay. Not org 1, nor the one that is
    /// asked from: see --org
    Delete(One),
    /// List who belongs to the org
    Members,
    /// Make a user a member of the org
    AddMember {
        /// The user's login or email
        user: String,
        /// What the member may do there
        #[arg(long, value_enum, ignore_case = true, default_value_t = Role::Viewer)]
        role: Role,
    },
    /// Change what a member may do in the org
    SetRole {
        #[command(flatten)]
        member: Member,
        /// The new role
        #[arg(value_enum, ignore_case = true)]
        role: Role,
    },
    /// Take a user out of the org, with what it was granted there
    RemoveMember(Member),
}

#[derive(Debug, clap::Args)]
struct One {
    /// Its id or name
    #[arg(value_name = "ORG")]
    key: String,
}

#[derive(Debug, clap::Args)]
struct Member {
    /// The member's login, email or id
    #[arg(value_name = "USER")]
    key: String,
}

pub(crate) fn run(args: &OrgCommandArgs) -> Result<Outcome> {
    args.api.run(async |api| args.run(api).await)
}

impl OrgCommandArgs {
    async fn run(&self, api: &Api) -> Result<Outcome> {
        match &self.action {
            Action::List => {
                let orgs = api.of_own_org().all(&["api", "orgs"]).await?;
                self.output.print(&Value::Array(orgs), |orgs| Ok(list(orgs)))?;
            }
            Action::Add { name } => {
                let body = json!({ "name": name });
                let added = api.of_own_org().call(Method::POST, &["api", "orgs"], Some(&body)).await?;
                self.output.print(&added, |added| Ok(format!("added org {}, {name:?}", text(added, "orgId"))))?;
            }
            Action::Rename { one, name } => {
                let id = find(api, &one.key).await?;
                let body = json!({ "name": name });
                let renamed = api.of_own_org().call(Method::PUT, &["api", "orgs", &id], Some(&body)).await?;
                self.output.print(&renamed, |_| Ok(format!("org {id} is {name:?}")))?;
            }
            Action::Delete(one) => {
                let id = find(api, &one.key).await?;
                let deleted = api.call(Method::DELETE, &["api", "orgs", &id], None).await?;
                self.output.print(&deleted, |_| Ok(format!("deleted org {id}")))?;
            }
            Action::Members => {
                let listed = Members::of(api).await?.list().await?;
                self.output.print(&Value::Array(listed), |listed| Ok(members::table(listed)))?;
            }
            Action::AddMember { user, role } => {
                let added = Members::of(api).await?.add(user, *role).await?;
                self.output.print(&added, |_| Ok(format!("{user} is a member: {}", role.as_str())))?;
            }
            Action::SetRole { member, role } => {
                let changed = Members::of(api).await?.set_role(&member.key, *role).await?;
                self.output.print(&changed, |_| Ok(format!("{} is {}", member.key, role.as_str())))?;
            }
            Action::RemoveMember(member) => {
                let removed = Members::of(api).await?.remove(&member.key).await?;
                self.output.print(&removed, |_| Ok(format!("removed {}", member.key)))?;
            }
        }
        Ok(Outcome::Done)
    }
}

/// The id of the org with this id, else with this name.
async fn find(api: &Api, key: &str) -> Result<String> {
    let api = api.of_own_org();
    let by_id = key.parse::<i64>().is_ok();
    let paths: [Option<&[&str]>; 2] = [by_id.then_some(&[]), Some(&["name"])];
    for path in paths.into_iter().flatten() {
        let path: Vec<&str> = ["api", "orgs"].iter().chain(path).chain([&key]).copied().collect();
        let (status, body) = api.answer(Method::GET, &path, None).await?;
        if status.is_success() {
            let org: Value = serde_json::from_slice(&body).context("the answer is not JSON")?;
            return Ok(text(&org, "id"));
        }
        if status != StatusCode::NOT_FOUND {
            bail!("{}", crate::client::http::said(status, &body));
        }
    }
    bail!("no org has the id or name {key:?}: see `wellhead org list`")
}

fn list(orgs: &Value) -> String {
    let lines = orgs.as_array().into_iter().flatten().map(|org| ["id", "name"].map(|field| text(org, field)));
    rows(["id", "name"], lines).to_string()
}
