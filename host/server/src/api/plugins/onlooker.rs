//! Who looks at plugins, and how much of them: every org shares them, and what they do for one is no other's business.

use crate::auth::Client;
use std::path::Path;
use wellhead::PluginChange;

/// A caller who looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Onlooker {
    org_id: i64,
    is_server_admin: bool,
}

impl Onlooker {
    pub(super) fn of(client: &Client) -> Self {
        Self { org_id: client.org_id(), is_server_admin: client.identity.is_server_admin }
    }

    /// Whether what happened in this org may be told.
    pub(super) fn sees_org(self, org_id: i64) -> bool {
        self.is_server_admin || self.org_id == org_id
    }

    /// Whether this may be told.
    pub(super) fn sees(self, change: &PluginChange) -> bool {
        use PluginChange as C;
        match change {
            C::Swapped { org_id, .. }
            | C::HeldBack { org_id, .. }
            | C::Crashed { org_id, .. }
            | C::Quarantined { org_id, .. }
            | C::Released { org_id, .. } => self.sees_org(*org_id),
            _ => true,
        }
    }

    /// A file of the server: whole for its admin, its name alone for others.
    pub(super) fn file(self, path: &Path) -> String {
        let name = path.file_name().filter(|_| !self.is_server_admin);
        name.map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
    }

    /// A text about the file at `path`, which may name files of its folder.
    pub(super) fn text(self, text: &str, path: Option<&Path>) -> String {
        let folder = path.and_then(Path::parent).filter(|folder| !self.is_server_admin && folder.parent().is_some());
        folder.map_or_else(|| text.to_owned(), |folder| text.replace(&format!("{}/", folder.display()), ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEWER: Onlooker = Onlooker { org_id: 1, is_server_admin: false };
    const SERVER_ADMIN: Onlooker = Onlooker { is_server_admin: true, ..VIEWER };

    #[test]
    fn what_happens_in_an_org_is_told_to_its_members_and_to_server_admins() {
        let crashed = |org_id| PluginChange::Crashed { org_id, uid: "a".into(), reason: "trap".into() };
        assert!(VIEWER.sees(&crashed(1)) && !VIEWER.sees(&crashed(2)));
        assert!(SERVER_ADMIN.sees(&crashed(1)) && SERVER_ADMIN.sees(&crashed(2)));
        assert!(VIEWER.sees(&PluginChange::Enabled));
    }

    #[test]
    fn where_a_file_lies_on_the_server_is_told_to_server_admins_alone() {
        let path = Path::new("/srv/plugins/a.wasm");
        let text = "/srv/plugins/a.wasm has the id of \"/srv/plugins/b.wasm\"";
        assert_eq!(VIEWER.file(path), "a.wasm");
        assert_eq!(VIEWER.text(text, Some(path)), "a.wasm has the id of \"b.wasm\"");
        assert_eq!(SERVER_ADMIN.file(path), "/srv/plugins/a.wasm");
        assert_eq!(SERVER_ADMIN.text(text, Some(path)), text);
    }
}
