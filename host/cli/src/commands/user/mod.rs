//! `wellhead user`: who may sign in, with which password, and who administers the server.

mod password;

use super::role::Role;
use crate::client::http::said;
use crate::client::{Api, ApiArgs};
use crate::exit::Outcome;
use crate::output::{Form, marks, rows, text};
use anyhow::{Context, Result, bail};
use http::{Method, StatusCode};
use password::PasswordArgs;
use serde_json::{Map, Value, json};

const EXAMPLES: &str = "\
Examples:
  wellhead user list
  wellhead user get ann
  wellhead user add ann --email ann@example.org --role editor      prints the password that is made
  wellhead user add bob --org 2 --password env:BOBS_PASSWORD
  wellhead user password admin --password - < password.txt         for whoever has lost it
  wellhead user update ann --login anna
  wellhead user admin ann on
  wellhead user disable ann
  wellhead user enable ann
  wellhead user delete ann

Users are for server admins. What a user may do in which org: wellhead org --help";

/// The org of a new user, where none is named.
const MAIN_ORG: u32 = 1;

/// List, add, change and delete users
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct UserCommandArgs {
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
    /// List every user
    List,
    /// Show one, with the orgs it belongs to
    Get(One),
    /// Add a user to an org: the one of --org, else org 1
    Add(AddArgs),
    /// Change login, email or name; what is not named stays
    Update {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        names: Names,
        /// New login
        #[arg(long)]
        login: Option<String>,
    },
    /// Set a new password, without the old one
    Password {
        #[command(flatten)]
        one: One,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Whether a user administers the server
    Admin {
        #[command(flatten)]
        one: One,
        /// on or off
        #[arg(value_name = "on|off", value_parser = ["on", "off"])]
        switch: String,
    },
    /// Let a user sign in again
    Enable(One),
    /// Refuse a user to sign in
    Disable(One),
    /// Delete a user, with what it was granted
    Delete(One),
}

#[derive(Debug, clap::Args)]
struct One {
    /// Its login, email or id
    #[arg(value_name = "USER")]
    key: String,
}

#[derive(Debug, clap::Args)]
struct Names {
    /// Email, by which it may sign in too
    #[arg(long)]
    email: Option<String>,
    /// Name to show
    #[arg(long)]
    name: Option<String>,
}

#[derive(Debug, clap::Args)]
struct AddArgs {
    /// What it signs in with, and no other does
    login: String,
    #[command(flatten)]
    names: Names,
    #[command(flatten)]
    password: PasswordArgs,
    /// What it may do in its org
    #[arg(long, value_enum, ignore_case = true, default_value_t = Role::Viewer)]
    role: Role,
    /// Let it administer the server
    #[arg(long)]
    admin: bool,
}

impl Names {
    fn body(&self) -> Map<String, Value> {
        let fields = [("email", &self.email), ("name", &self.name)];
        let given = fields.into_iter().filter_map(|(field, value)| Some((field.to_owned(), value.clone()?.into())));
        given.collect()
    }
}

pub(crate) fn run(args: &UserCommandArgs) -> Result<Outcome> {
    // Users belong to the server: whoever asks need not be a member of the org that --org names.
    args.api.run(async |api| args.run(&api.of_own_org(), api.org()).await)
}

impl UserCommandArgs {
    async fn run(&self, api: &Api, org: Option<u32>) -> Result<Outcome> {
        match &self.action {
            Action::List => {
                let users = api.all(&["api", "users"]).await?;
                self.output.print(&Value::Array(users), |users| Ok(list(users)))?;
            }
            Action::Get(one) => self.get(api, &one.key).await?,
            Action::Add(add) => self.add(api, org.unwrap_or(MAIN_ORG), add).await?,
            Action::Update { one, names, login } => {
                let mut body = names.body();
                body.extend(login.as_ref().map(|login| ("login".to_owned(), login.clone().into())));
                if body.is_empty() {
                    bail!("nothing to change: name it with --login, --email or --name");
                }
                let id = find(api, &one.key).await?;
                let updated = api.call(Method::PUT, &["api", "users", &id], Some(&body.into())).await?;
                self.output.print(&updated, |_| Ok(format!("updated {}", one.key)))?;
            }
            Action::Password { one, password } => {
                let id = find(api, &one.key).await?;
                let password = password.read()?;
                let body = json!({"password": password.expose()});
                let set = api.call(Method::PUT, &["api", "admin", "users", &id, "password"], Some(&body)).await?;
                password.print(self.output, set, &format!("{} has a new password", one.key))?;
            }
            Action::Admin { one, switch } => {
                let is_admin = switch == "on";
                let set = set_admin(api, &find(api, &one.key).await?, is_admin).await?;
                let what = if is_admin { "administers" } else { "does not administer" };
                self.output.print(&set, |_| Ok(format!("{} {what} the server", one.key)))?;
            }
            Action::Enable(one) => self.change(api, Method::POST, &one.key, Some("enable"), "enabled").await?,
            Action::Disable(one) => self.change(api, Method::POST, &one.key, Some("disable"), "disabled").await?,
            Action::Delete(one) => self.change(api, Method::DELETE, &one.key, None, "deleted").await?,
        }
        Ok(Outcome::Done)
    }

    async fn get(&self, api: &Api, key: &str) -> Result<()> {
        let id = find(api, key).await?;
        let mut user: Value = api.get(&["api", "users", &id]).await?;
        let orgs: Value = api.get(&["api", "users", &id, "orgs"]).await?;
        if let Some(fields) = user.as_object_mut() {
            fields.insert("orgs".into(), orgs);
        }
        self.output.print(&user, |user| Ok(item(user)))
    }

    async fn add(&self, api: &Api, org: u32, add: &AddArgs) -> Result<()> {
        let password = add.password.read()?;
        let mut body = add.names.body();
        body.insert("login".into(), add.login.clone().into());
        body.insert("password".into(), password.expose().into());
        body.insert("OrgId".into(), org.into());
        let made = api.call(Method::POST, &["api", "admin", "users"], Some(&body.into())).await?;
        let id = text(&made, "id");
        // New users are viewers and administer nothing; whoever may make one may say more.
        if add.role != Role::Viewer {
            let path = ["api", "orgs", &org.to_string(), "users", &id];
            let set = api.call(Method::PATCH, &path, Some(&json!({"role": add.role.as_str()}))).await;
            set.with_context(|| format!("{:?} was added, but as a viewer: see `wellhead org set-role`", add.login))?;
        }
        if add.admin {
            let set = set_admin(api, &id, true).await;
            set.with_context(|| format!("{:?} was added, but not as a server admin", add.login))?;
        }
        password.print(
            self.output,
            made,
            &format!("added {:?}, id {id}, {} of org {org}", add.login, add.role.as_str()),
        )
    }

    /// A change of a user that has no body.
    async fn change(&self, api: &Api, method: Method, key: &str, route: Option<&str>, done: &str) -> Result<()> {
        let id = find(api, key).await?;
        let path: Vec<&str> = ["api", "admin", "users", &id].into_iter().chain(route).collect();
        let changed = api.call(method, &path, None).await?;
        self.output.print(&changed, |_| Ok(format!("{done} {key}")))
    }
}

async fn set_admin(api: &Api, id: &str, is_admin: bool) -> Result<Value> {
    let body = json!({ "isGrafanaAdmin": is_admin });
    api.call(Method::PUT, &["api", "admin", "users", id, "permissions"], Some(&body)).await
}

/// The id of the user with this login or email, else with this id.
async fn find(api: &Api, key: &str) -> Result<String> {
    let mut answer = api.answer_with(Method::GET, &["api", "users", "lookup"], &[("loginOrEmail", key)]).await?;
    if answer.0 == StatusCode::NOT_FOUND && key.parse::<i64>().is_ok() {
        answer = api.answer(Method::GET, &["api", "users", key], None).await?;
    }
    let (status, body) = answer;
    if status.is_success() {
        let user: Value = serde_json::from_slice(&body).context("the answer is not JSON")?;
        return Ok(text(&user, "id"));
    }
    if status != StatusCode::NOT_FOUND {
        bail!("{}", said(status, &body));
    }
    bail!("no user has the login, email or id {key:?}: see `wellhead user list`")
}

fn list(users: &Value) -> String {
    let lines = users.as_array().into_iter().flatten().map(|user| {
        let [id, login, email, name, seen] =
            ["id", "login", "email", "name", "lastSeenAtAge"].map(|field| text(user, field));
        [id, login, email, name, seen, marks(user, [("isAdmin", "server admin"), ("isDisabled", "disabled")])]
    });
    rows(["id", "login", "email", "name", "last seen", "remarks"], lines).to_string()
}

/// One line a field that says something, and one an org.
fn item(user: &Value) -> String {
    let fields = ["id", "login", "email", "name", "createdAt", "updatedAt"].map(|field| (field, text(user, field)));
    let remarks = marks(user, [("isGrafanaAdmin", "server admin"), ("isDisabled", "disabled")]);
    let fields = fields.into_iter().chain([("remarks", remarks)]).filter(|(_, value)| !value.is_empty());
    let orgs = user.get("orgs").and_then(Value::as_array).into_iter().flatten();
    let orgs = orgs.map(|org| {
        let [id, name, role] = ["orgId", "name", "role"].map(|field| text(org, field));
        ["org".to_owned(), format!("{id}, {name}: {role}")]
    });
    rows(["field", "value"], fields.map(|(field, value)| [field.to_owned(), value]).chain(orgs)).to_string()
}
