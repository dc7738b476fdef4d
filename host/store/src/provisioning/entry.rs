//! One item of `datasources` or of `deleteDatasources`: a data source to be, or the name of one not to be.

use super::Deletion;
use super::file::{Entry, Goner, Text};
use super::values::{Outcome, Reading};
use crate::model::check;
use crate::{Access, DataSource, MAX_NAME_CHARS, MAX_URL_CHARS};
use sha2::{Digest, Sha256};

/// A data source as a file describes it.
pub(super) struct Described {
    pub(super) source: DataSource,
    /// False where the uid is derived, because the file names none.
    pub(super) uid_given: bool,
}

impl Reading<'_, '_> {
    /// Reads an item of `datasources`; `prune` is that of its file.
    pub(super) fn data_source(mut self, entry: Entry, prune: bool) -> Outcome<Described> {
        for key in entry.other.keys() {
            let note = match key.as_str() {
                "password" | "basicAuthPassword" => "ignored: secrets belong under secureJsonData",
                "correlations" => "ignored: there are no correlations here",
                "orgName" => "ignored: name the org by orgId",
                _ => "unknown key, ignored",
            };
            self.warn(key, note);
        }
        let name = self.required("name", entry.name, MAX_NAME_CHARS);
        let plugin_id = self.required("type", entry.plugin_id, MAX_NAME_CHARS);
        let uid = self.uid(entry.uid);
        let uid_given = uid.is_some();
        let source = DataSource {
            id: 0,
            uid: uid.unwrap_or_else(|| uid_from_name(&name)),
            org_id: self.number("orgId", entry.org_id),
            access: self.access(entry.access),
            url: self.text("url", entry.url, MAX_URL_CHARS),
            user: self.text("user", entry.user, MAX_NAME_CHARS),
            database: self.text("database", entry.database, MAX_NAME_CHARS),
            basic_auth: self.flag("basicAuth", entry.basic_auth),
            basic_auth_user: self.text("basicAuthUser", entry.basic_auth_user, MAX_NAME_CHARS),
            with_credentials: self.flag("withCredentials", entry.with_credentials),
            is_default: self.flag("isDefault", entry.is_default),
            json_data: self.json_data(entry.json_data.unwrap_or_default()),
            secure_json_data: self.secrets(entry.secure_json_data.unwrap_or_default()),
            version: self.number("version", entry.version),
            read_only: !self.flag("editable", entry.editable),
            prunable: prune,
            name,
            plugin_id,
        };
        // What is left is what only the whole shows, such as the size of jsonData.
        if self.is_good()
            && let Err(invalid) = check::data_source(&source)
        {
            self.wrong(invalid.field, None, invalid.reason);
        }
        self.finish(Described { source, uid_given })
    }

    /// Reads an item of `deleteDatasources`.
    pub(super) fn deletion(mut self, goner: Goner) -> Outcome<Deletion> {
        for key in goner.other.keys() {
            self.warn(key, "unknown key, ignored");
        }
        let name = self.required("name", goner.name, MAX_NAME_CHARS);
        let org_id = self.number("orgId", goner.org_id);
        self.finish(Deletion { org_id, name })
    }

    fn access(&mut self, text: Text) -> Access {
        let Some((value, line)) = self.expanded("access", text) else { return Access::Proxy };
        match value.as_str() {
            "proxy" => Access::Proxy,
            "direct" => Access::Direct,
            _ => {
                self.wrong("access", Some(line), format!("is {value:?}: write proxy or direct"));
                Access::Proxy
            }
        }
    }

    fn uid(&mut self, text: Text) -> Option<String> {
        let (uid, line) = self.expanded("uid", text)?;
        if let Err(invalid) = check::uid(&uid) {
            self.wrong("uid", Some(line), invalid.reason);
        }
        Some(uid)
    }
}

/// The uid Grafana derives for a provisioned data source without one, so that dashboards find it here too.
fn uid_from_name(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    digest.iter().take(8).fold(String::from("P"), |uid, byte| format!("{uid}{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::uid_from_name;

    #[test]
    fn the_derived_uid_is_grafanas() {
        assert_eq!(uid_from_name("Prometheus"), "PBFA97CFB590B2093");
    }
}
