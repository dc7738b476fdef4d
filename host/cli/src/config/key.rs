//! The settings by name. One name serves three places: `log-level` in `wellhead.toml`, `--log-level`, `WELLHEAD_LOG_LEVEL`.

/// A setting of `wellhead serve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Listen,
    TlsCertFile,
    TlsKeyFile,
    BehindProxy,
    Insecure,
    CorsOrigin,
    AnonymousViewer,
    Data,
    MasterKeyPlace,
    Plugins,
    Provisioning,
    GrantOrigins,
    AutoReload,
    PluginPoll,
    PluginControl,
    LogLevel,
    LogFormat,
}

impl Key {
    pub(crate) const ALL: [Self; 17] = [
        Self::Listen,
        Self::TlsCertFile,
        Self::TlsKeyFile,
        Self::BehindProxy,
        Self::Insecure,
        Self::CorsOrigin,
        Self::AnonymousViewer,
        Self::Data,
        Self::MasterKeyPlace,
        Self::Plugins,
        Self::Provisioning,
        Self::GrantOrigins,
        Self::AutoReload,
        Self::PluginPoll,
        Self::PluginControl,
        Self::LogLevel,
        Self::LogFormat,
    ];

    /// The name in `wellhead.toml`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::TlsCertFile => "tls-cert",
            Self::TlsKeyFile => "tls-key",
            Self::BehindProxy => "behind-proxy",
            Self::Insecure => "insecure",
            Self::CorsOrigin => "cors-origin",
            Self::AnonymousViewer => "anonymous-viewer",
            Self::Data => "data",
            Self::MasterKeyPlace => "master-key",
            Self::Plugins => "plugins",
            Self::Provisioning => "provisioning",
            Self::GrantOrigins => "grant-origins",
            Self::AutoReload => "auto-reload",
            Self::PluginPoll => "plugin-poll",
            Self::PluginControl => "plugin-control",
            Self::LogLevel => "log-level",
            Self::LogFormat => "log-format",
        }
    }

    /// The environment variable.
    pub(crate) fn variable(self) -> String {
        format!("WELLHEAD_{}", self.name().to_uppercase().replace('-', "_"))
    }

    /// The flag.
    pub(crate) fn flag(self) -> String {
        format!("--{}", self.name())
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.name() == name)
    }

    /// Every name, and the tables beside them, for messages.
    pub(crate) fn names() -> String {
        format!(
            "{}, and the tables [limits], [plugin.ID.limits] and [data-source.UID.limits]",
            Self::ALL.map(Self::name).join(", ")
        )
    }
}
