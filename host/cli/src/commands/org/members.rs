//! Who belongs to one org, asked by the routes that the caller may take: an org's admins and server admins have their own.

use crate::client::Api;
use crate::commands::role::Role;
use crate::output::{marks, rows, text};
use anyhow::{Context, Result};
use http::Method;
use serde_json::{Value, json};

/// The members of one org.
pub(crate) struct Members {
    api: Api,
    path: Vec<String>,
}

impl Members {
    /// Those of the org that the command names, else of the caller's own.
    pub(crate) async fn of(api: &Api) -> Result<Self> {
        if let Some(org) = api.org() {
            // A server admin need not belong to the org, and could not ask for it as its member.
            let (any, org) = (api.of_own_org(), org.to_string());
            let (status, _) = any.answer(Method::GET, &["api", "orgs", &org], None).await?;
            if status.is_success() {
                return Ok(Self { api: any, path: ["api", "orgs", &org, "users"].map(str::to_owned).to_vec() });
            }
        }
        Ok(Self { api: api.clone(), path: ["api", "org", "users"].map(str::to_owned).to_vec() })
    }

    pub(crate) async fn list(&self) -> Result<Vec<Value>> {
        self.api.get(&self.path(&[])).await
    }

    /// The id of the user who has this login or email, without regard to case, else of the one with this id.
    pub(crate) async fn id(&self, key: &str) -> Result<i64> {
        let members = self.list().await?;
        let named = |member: &&Value| {
            let is_it = |name: &str| !name.is_empty() && name.to_lowercase() == key.to_lowercase();
            ["login", "email"].iter().filter_map(|field| member.get(field)?.as_str()).any(is_it)
        };
        let numbered = |member: &&Value| text(member, "userId") == key;
        let found = members.iter().find(named).or_else(|| members.iter().find(numbered));
        let id = found.and_then(|member| member.get("userId")?.as_i64());
        id.with_context(|| {
            format!("no member of the org has the login, email or id {key:?}: see `wellhead org members`")
        })
    }

    pub(super) async fn add(&self, user: &str, role: Role) -> Result<Value> {
        let body = json!({"loginOrEmail": user, "role": role.as_str()});
        self.api.call(Method::POST, &self.path(&[]), Some(&body)).await
    }

    pub(super) async fn set_role(&self, key: &str, role: Role) -> Result<Value> {
        let id = self.id(key).await?.to_string();
        self.api.call(Method::PATCH, &self.path(&[&id]), Some(&json!({"role": role.as_str()}))).await
    }

    pub(super) async fn remove(&self, key: &str) -> Result<Value> {
        let id = self.id(key).await?.to_string();
        self.api.call(Method::DELETE, &self.path(&[&id]), None).await
    }

    fn path<'a>(&'a self, rest: &[&'a str]) -> Vec<&'a str> {
        self.path.iter().map(String::as_str).chain(rest.iter().copied()).collect()
    }
}

pub(super) fn table(members: &Value) -> String {
    let lines = members.as_array().into_iter().flatten().map(|member| {
        let [id, login, email, name, role, seen] =
            ["userId", "login", "email", "name", "role", "lastSeenAtAge"].map(|field| text(member, field));
        [id, login, email, name, role, seen, marks(member, [("isDisabled", "disabled")])]
    });
    rows(["id", "login", "email", "name", "role", "last seen", "remarks"], lines).to_string()
}
