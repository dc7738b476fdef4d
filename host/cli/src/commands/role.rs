//! The roles of an org, as commands take them.

/// What a member or a service account may do in its org.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Role {
    Viewer,
    Editor,
    Admin,
}

impl Role {
    /// As on the wire.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Editor => "Editor",
            Self::Admin => "Admin",
        }
    }
}
