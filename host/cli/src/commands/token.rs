//! `wellhead token`: tokens for programs, each of a service account that says what it may do.

use super::role::Role;
use crate::client::{Api, ApiArgs};
use crate::exit::Outcome;
use crate::output::{Form, rows, text};
use anyhow::{Context, Result, bail};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  wellhead token create grafana                        may query
  wellhead token create deploy --role admin --expires 30d
  wellhead token list
  wellhead token revoke 7";

/// More service accounts than a list has room for.
const ACCOUNTS: &str = "1000";

/// Make, list and revoke tokens
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenCommandArgs {
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
    /// Make a token, which is printed once; a service account of that name is made where there is none
    Create(CreateArgs),
    /// List every token of the org
    List,
    /// Revoke a token, by its id
    Revoke {
        /// The token's id, as the list shows it
        id: i64,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Name of the service account
    name: String,
    /// What a new service account may do
    #[arg(long, value_enum, default_value_t = Role::Viewer)]
    role: Role,
    /// Name of the token [default: of the service account, and a number where that is taken]
    #[arg(long, value_name = "NAME")]
    token_name: Option<String>,
    /// When it ends: 90s, 12h, 30d [default: never]
    #[arg(long, value_name = "SPAN", value_parser = seconds)]
    expires: Option<u64>,
}

fn seconds(text: &str) -> Result<u64, String> {
    let cure = "write a number and s, m, h or d, as 30d";
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(cure)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(cure.to_owned()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| *seconds > 0).ok_or_else(|| cure.to_owned())
}

/// A service account, as far as it matters here.
#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) name: String,
    role: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    service_accounts: Vec<Account>,
}

pub(crate) fn run(args: &TokenCommandArgs) -> Result<Outcome> {
    args.api.run(async |api| args.run(api).await)
}

impl TokenCommandArgs {
    async fn run(&self, api: &Api) -> Result<Outcome> {
        match &self.action {
            Action::Create(create) => self.create(api, create).await,
            Action::List => self.list(api).await,
            Action::Revoke { id } => self.revoke(api, *id).await,
        }
    }

    async fn create(&self, api: &Api, create: &CreateArgs) -> Result<Outcome> {
        let there = accounts(api).await?.into_iter().find(|account| account.name == create.name);
        let account = match there {
            Some(account) if account.role != create.role.as_str() => bail!(
                "the service account {:?} is {}, not {}: say --role {}, or choose another name",
                account.name,
                account.role,
                create.role.as_str(),
                account.role.to_lowercase()
            ),
            Some(account) => account,
            None => {
                let body = json!({"name": create.name, "role": create.role.as_str()});
                let made = api.call(Method::POST, &["api", "serviceaccounts"], Some(&body)).await?;
                serde_json::from_value(made).context("the answer cannot be read")?
            }
        };
        let id = account.id.to_string();
        let path = ["api", "serviceaccounts", &id, "tokens"];
        let name = match &create.token_name {
            Some(name) => name.clone(),
            None => free_name(&account.name, &api.get::<Value>(&path).await?),
        };
        let mut body = json!({ "name": name });
        if let (Some(seconds), Some(body)) = (create.expires, body.as_object_mut()) {
            body.insert("secondsToLive".into(), seconds.into());
        }
        let made = api.call(Method::POST, &path, Some(&body)).await?;
        match self.output {
            Form::Json => writeln!(io::stdout(), "{made:#}")?,
            Form::Table => {
                let key = made.get("key").and_then(Value::as_str).context("the answer has no token")?;
                writeln!(io::stdout(), "{key}")?;
                eprintln!("token {name:?} of {:?} ({}); it is not shown again", account.name, account.role);
            }
        }
        Ok(Outcome::Done)
    }

    async fn list(&self, api: &Api) -> Result<Outcome> {
        let (mut lines, mut all) = (Vec::new(), Vec::new());
        for account in accounts(api).await? {
            let id = account.id.to_string();
            let tokens: Vec<Value> = api.get(&["api", "serviceaccounts", &id, "tokens"]).await?;
            for mut token in tokens {
                let [id, name, expires, used] = ["id", "name", "expiration", "lastUsedAt"].map(|key| text(&token, key));
                lines.push([id, name, account.name.clone(), account.role.clone(), expires, used]);
                if let Some(fields) = token.as_object_mut() {
                    fields.insert("serviceAccount".into(), account.name.clone().into());
                    fields.insert("role".into(), account.role.clone().into());
                }
                all.push(token);
            }
        }
        self.output.print(&Value::Array(all), |_| {
            let headings = ["id", "token", "service account", "role", "expires", "last used"];
            Ok(rows(headings, lines).to_string())
        })?;
        Ok(Outcome::Done)
    }

    async fn revoke(&self, api: &Api, id: i64) -> Result<Outcome> {
        for account in accounts(api).await? {
            let (account, token) = (account.id.to_string(), id.to_string());
            let tokens: Vec<Value> = api.get(&["api", "serviceaccounts", &account, "tokens"]).await?;
            if tokens.iter().any(|token| token.get("id").and_then(Value::as_i64) == Some(id)) {
                let path = ["api", "serviceaccounts", &account, "tokens", &token];
                let gone = api.call(Method::DELETE, &path, None).await?;
                self.output.print(&gone, |_| Ok(format!("revoked {id}")))?;
                return Ok(Outcome::Done);
            }
        }
        bail!("no token has the id {id}: see `wellhead token list`")
    }
}

/// The service accounts of the org.
pub(super) async fn accounts(api: &Api) -> Result<Vec<Account>> {
    let path = ["api", "serviceaccounts", "search"];
    let found: Accounts = api.get_with(&path, &[("perpage", ACCOUNTS)]).await?;
    Ok(found.service_accounts)
}

/// `name`, or `name-2` and so on where an account has a token of that name.
fn free_name(name: &str, tokens: &Value) -> String {
    let taken: Vec<&str> = tokens.as_array().into_iter().flatten().filter_map(|t| t.get("name")?.as_str()).collect();
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_unit() {
        assert_eq!((seconds("90s"), seconds("2h"), seconds("30d")), (Ok(90), Ok(7_200), Ok(2_592_000)));
        for bad in ["", "5", "d", "0s", "-1d", "1w", "99999999999999999999d", "1é"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_second_token_of_an_account_gets_a_number() {
        assert_eq!(free_name("a", &json!([])), "a");
        assert_eq!(free_name("a", &json!([{"name": "a"}, {"name": "a-2"}])), "a-3");
    }
}
