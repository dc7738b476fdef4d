//! What a role may do: one table.
//!
//! Whether a caller may query one data source is a second question, after [`Action::Query`]:
//! [`Identities::permission`](crate::Identities::permission).

use crate::{Identity, MAIN_ORG, Role, Who};

/// What a caller asks to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Query data sources, ask their resources and health, subscribe to their channels.
    Query,
    /// Read the settings of data sources, which never show a secret. Grafana keeps `/api/datasources` to admins, but hands every
    /// viewer the same in `/api/frontend/settings`; here clients that query need it to find what to query.
    ReadDataSources,
    /// Add, change and delete data sources. Who was granted `Edit` on one may change that one.
    WriteDataSources,
    /// Read and change who may do what with a data source. Who was granted `Admin` on one may do so there.
    ManagePermissions,
    /// Read which plugins there are, and their state.
    ReadPlugins,
    /// Load, reload, roll back, disable a plugin. Every org shares them.
    ControlPlugins,
    /// Read the name of the current org.
    ReadOrg,
    /// Rename the current org.
    WriteOrg,
    /// Read who belongs to the current org.
    ReadMembers,
    /// Add, change and remove members of the current org.
    WriteMembers,
    /// Read service accounts of the current org and what tokens they have.
    ReadServiceAccounts,
    /// Make, change and delete service accounts of the current org and their tokens.
    WriteServiceAccounts,
    /// Read and change the caller's own profile, password and current org.
    OwnProfile,
    /// List every org, and the members of any.
    ReadOrgs,
    /// Make, rename and delete orgs, and change the members of any.
    WriteOrgs,
    /// List every user.
    ReadUsers,
    /// Make, change, disable and delete users.
    WriteUsers,
    /// Read metrics. Their labels name the data sources of every org: a scraper has the token of a service account of the main
    /// org, which is for whoever runs the server to make.
    ReadMetrics,
    /// Take backups, rotate keys, apply provisioning files again.
    Maintain,
}

/// What an action asks of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// This role in the org, or a higher one.
    Role(Role),
    /// To be a user, of any role.
    User,
    /// To administer the server.
    ServerAdmin,
    /// To administer the server, or to be a service account of the main org, of any role.
    Scraper,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 19] = [
        Self::Query,
        Self::ReadDataSources,
        Self::WriteDataSources,
        Self::ManagePermissions,
        Self::ReadPlugins,
        Self::ControlPlugins,
        Self::ReadOrg,
        Self::WriteOrg,
        Self::ReadMembers,
        Self::WriteMembers,
        Self::ReadServiceAccounts,
        Self::WriteServiceAccounts,
        Self::OwnProfile,
        Self::ReadOrgs,
        Self::WriteOrgs,
        Self::ReadUsers,
        Self::WriteUsers,
        Self::ReadMetrics,
        Self::Maintain,
    ];

    /// Its name in the audit log, where it changes something; who was refused to look at something is not written down.
    pub fn audited_as(self) -> Option<&'static str> {
        match self {
            Self::WriteDataSources => Some("datasources.write"),
            Self::ManagePermissions => Some("permissions.write"),
            Self::ControlPlugins => Some("plugins.control"),
            Self::WriteOrg => Some("org.write"),
            Self::WriteMembers => Some("members.write"),
            Self::WriteServiceAccounts => Some("serviceaccounts.write"),
            Self::WriteOrgs => Some("orgs.write"),
            Self::WriteUsers => Some("users.write"),
            Self::Maintain => Some("maintain"),
            Self::Query
            | Self::ReadDataSources
            | Self::ReadPlugins
            | Self::ReadOrg
            | Self::ReadMembers
            | Self::ReadServiceAccounts
            | Self::OwnProfile
            | Self::ReadOrgs
            | Self::ReadUsers
            | Self::ReadMetrics => None,
        }
    }

    /// What it asks of a caller.
    pub fn needs(self) -> Needs {
        match self {
            Self::Query | Self::ReadDataSources | Self::ReadPlugins | Self::ReadOrg => Needs::Role(Role::Viewer),
            Self::WriteDataSources
            | Self::ManagePermissions
            | Self::WriteOrg
            | Self::ReadMembers
            | Self::WriteMembers
            | Self::ReadServiceAccounts
            | Self::WriteServiceAccounts => Needs::Role(Role::Admin),
            Self::OwnProfile => Needs::User,
            Self::ReadMetrics => Needs::Scraper,
            Self::ControlPlugins
            | Self::ReadOrgs
            | Self::WriteOrgs
            | Self::ReadUsers
            | Self::WriteUsers
            | Self::Maintain => Needs::ServerAdmin,
        }
    }
}

impl Identity {
    /// Whether the caller may do it, in its org.
    pub fn may(&self, action: Action) -> bool {
        match action.needs() {
            Needs::Role(role) => self.role >= role,
            Needs::User => matches!(self.who, Who::User { .. }),
            Needs::ServerAdmin => self.is_server_admin,
            Needs::Scraper => {
                let is_account = matches!(self.who, Who::ServiceAccount { .. });
                self.is_server_admin || is_account && self.org_id == MAIN_ORG
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn the_table_of_what_each_caller_may_do() {
        let user = |role, is_server_admin| Identity {
            who: Who::User { id: 1 },
            role,
            is_server_admin,
            ..Identity::anonymous()
        };
        let viewing = Identity { who: Who::ServiceAccount { id: 2, token_id: 1 }, ..user(Role::Viewer, false) };
        let elsewhere = Identity { org_id: 2, ..viewing.clone() };
        let account = Identity { who: Who::ServiceAccount { id: 2, token_id: 1 }, ..user(Role::Admin, false) };
        let callers = [
            ("anonymous", Identity::anonymous()),
            ("viewer", user(Role::Viewer, false)),
            ("editor", user(Role::Editor, false)),
            ("admin", user(Role::Admin, false)),
            ("viewer token", viewing),
            ("viewer token of another org", elsewhere),
            ("admin token", account),
            ("server admin, viewer", user(Role::Viewer, true)),
            ("operator", Identity::operator(1)),
        ];
        let mut table = String::new();
        for action in Action::ALL {
            let who = callers.iter().filter(|(_, caller)| caller.may(action)).map(|(name, _)| *name);
            writeln!(table, "{:<21} {}", format!("{action:?}"), who.collect::<Vec<_>>().join(" | ")).unwrap();
        }
        insta::assert_snapshot!(table);
    }
}
