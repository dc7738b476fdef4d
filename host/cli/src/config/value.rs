//! What the settings' texts mean.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use tracing_subscriber::EnvFilter;
use wellhead::Origin;
use wellhead_server::CorsOrigin;

/// A setting that is read from text, wherever the text stands.
pub(crate) trait Value: Sized {
    /// The value, or what would have been right.
    fn parse(text: &OsStr) -> Result<Self, String>;
}

fn utf8(text: &OsStr) -> Result<&str, String> {
    text.to_str().ok_or_else(|| format!("{text:?} is not UTF-8"))
}

impl Value for PathBuf {
    fn parse(text: &OsStr) -> Result<Self, String> {
        if text.is_empty() { Err("empty: name a path".to_owned()) } else { Ok(text.into()) }
    }
}

impl<T: Value> Value for Option<T> {
    fn parse(text: &OsStr) -> Result<Self, String> {
        T::parse(text).map(Some)
    }
}

/// An address to listen on: `host:port`, where the host may be a name and port 0 means any free one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen(String);

impl Listen {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self("127.0.0.1:3000".to_owned())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let valid = text.rsplit_once(':').is_some_and(|(host, port)| {
            let bracketed = host.starts_with('[') && host.ends_with(']');
            !host.is_empty() && (bracketed || !host.contains(':')) && port.parse::<u16>().is_ok()
        });
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not ADDRESS:PORT: write 127.0.0.1:3000, [::1]:3000 or 0.0.0.0:3000"))
        }
    }
}

impl Value for Listen {
    fn parse(text: &OsStr) -> Result<Self, String> {
        utf8(text)?.parse()
    }
}

/// Where the master key of all secrets is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MasterKeyPlace {
    /// A file, made at the first start.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A program that prints it, and its arguments.
    Command(String, Vec<String>),
}

impl fmt::Display for MasterKeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Environment(name) => write!(f, "env:{name}"),
            // People put passwords into arguments.
            Self::Command(program, arguments) if arguments.is_empty() => write!(f, "command:{program}"),
            Self::Command(program, _) => write!(f, "command:{program} …"),
        }
    }
}

impl FromStr for MasterKeyPlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Not shown back: whoever puts the key itself here would find it in a log.
        let cure = "write file:PATH, env:NAME or command:PROGRAM ARGUMENTS, not the key itself";
        let (kind, rest) = text.split_once(':').ok_or(cure)?;
        let mut words = rest.split_whitespace().map(str::to_owned);
        match (kind, words.next()) {
            ("file", Some(_)) => Ok(Self::File(PathBuf::from(rest.trim()))),
            ("env", Some(name)) if words.next().is_none() => Ok(Self::Environment(name)),
            ("command", Some(program)) => Ok(Self::Command(program, words.collect())),
            _ => Err(cure.to_owned()),
        }
    }
}

impl Value for MasterKeyPlace {
    fn parse(text: &OsStr) -> Result<Self, String> {
        utf8(text)?.parse()
    }
}

/// Origins that plugins may reach beside their data source's own: `PLUGIN=ORIGIN`, several with commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grants(Vec<(String, Origin)>);

impl Grants {
    /// Each plugin id with an origin it may reach.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, Origin)> {
        self.0.iter()
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grants: Vec<_> = self.0.iter().map(|(plugin, origin)| format!("{plugin}={origin}")).collect();
        f.write_str(if grants.is_empty() { "(none)" } else { "" })?;
        f.write_str(&grants.join(","))
    }
}

impl FromStr for Grants {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let grant = |part: &str| {
            let cure = "write PLUGIN=https://HOST, several with commas between";
            let (plugin, origin) = part.split_once('=').ok_or_else(|| format!("{part:?} grants nothing: {cure}"))?;
            let plugin = Some(plugin.trim())
                .filter(|id| !id.is_empty())
                .ok_or_else(|| format!("{part:?} names no plugin: {cure}"))?;
            let origin = Origin::parse(origin.trim()).map_err(|error| format!("{part:?}: {error}"))?;
            Ok((plugin.to_owned(), origin))
        };
        text.split(',').filter(|part| !part.trim().is_empty()).map(grant).collect::<Result<_, String>>().map(Self)
    }
}

impl Value for Grants {
    fn parse(text: &OsStr) -> Result<Self, String> {
        utf8(text)?.parse()
    }
}

/// Origins whose pages may ask, several with commas between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CorsOrigins(pub(crate) Vec<CorsOrigin>);

impl fmt::Display for CorsOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(if origins.is_empty() { "(none)" } else { "" })?;
        f.write_str(&origins.join(","))
    }
}

impl FromStr for CorsOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let origin = |part: &str| part.parse().map_err(|error: wellhead_server::CorsOriginError| error.to_string());
        parts.map(origin).collect::<Result<_, String>>().map(Self)
    }
}

impl Value for CorsOrigins {
    fn parse(text: &OsStr) -> Result<Self, String> {
        utf8(text)?.parse()
    }
}

/// A setting that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Switch {
    On,
    Off,
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

impl Value for Switch {
    fn parse(text: &OsStr) -> Result<Self, String> {
        match utf8(text)? {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            other => Err(format!("{other:?} is neither on nor off: write one of the two")),
        }
    }
}

/// What is logged: a level, or `tracing`'s directives such as `info,wellhead_runtime=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    pub(crate) fn to_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl fmt::Display for LogFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let cure = "write error, warn, info, debug, trace, off, or directives such as info,wellhead_runtime=debug";
        // A lone word is a level: as a directive it would be the name of a module, and silence everything.
        let lone = text.chars().all(char::is_alphanumeric);
        let valid = if lone {
            text.parse::<tracing_subscriber::filter::LevelFilter>().is_ok()
        } else {
            EnvFilter::try_new(text).is_ok()
        };
        if valid && !text.is_empty() {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a log level: {cure}"))
        }
    }
}

impl Value for LogFilter {
    fn parse(text: &OsStr) -> Result<Self, String> {
        utf8(text)?.parse()
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// One line for people.
    Human,
    /// One JSON object a line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

impl Value for LogFormat {
    fn parse(text: &OsStr) -> Result<Self, String> {
        match utf8(text)? {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            other => Err(format!("{other:?} is not a log format: write human or json")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port() {
        for good in ["127.0.0.1:3000", "[::1]:0", "localhost:80", "0.0.0.0:65535"] {
            assert!(Listen::from_str(good).is_ok(), "{good}");
        }
        for bad in ["", "3000", ":3000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:3000", "http://x:1/"] {
            assert!(Listen::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_master_key_is_named_by_its_place_and_never_shown() {
        for place in ["file:/etc/key", "env:NAME", "command:pass"] {
            assert_eq!(MasterKeyPlace::from_str(place).unwrap().to_string(), place);
        }
        assert_eq!(MasterKeyPlace::from_str("command:pass show hunter2").unwrap().to_string(), "command:pass …");
        for bad in ["hunter2", "hunter2:hunter2", "file:", "env:", "env:A hunter2", "command: "] {
            assert!(!MasterKeyPlace::from_str(bad).unwrap_err().contains("hunter2"), "{bad}");
        }
    }

    #[test]
    fn a_grant_names_a_plugin_and_an_origin() {
        let grants = Grants::from_str("a=https://x.example, b=http://y.example:81/ignored").unwrap();
        assert_eq!(grants.to_string(), "a=https://x.example,b=http://y.example:81");
        assert_eq!(Grants::from_str("").unwrap().to_string(), "(none)");
        for bad in ["https://x.example", "=https://x.example", "a=x.example", "a="] {
            assert!(Grants::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_origin_of_a_list_must_be_one() {
        let origins = CorsOrigins::from_str("https://a.example, http://b.example:81,").unwrap();
        assert_eq!(origins.to_string(), "https://a.example,http://b.example:81");
        assert_eq!(CorsOrigins::from_str("").unwrap().to_string(), "(none)");
        for bad in ["*", "https://a.example,null", "https://a.example/", "a.example"] {
            assert!(CorsOrigins::from_str(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_misspelt_level_is_refused_rather_than_taken_for_a_module() {
        assert!(LogFilter::from_str("inof").is_err());
        assert!(LogFilter::from_str("").is_err());
        for good in ["info", "off", "WARN", "info,wellhead_runtime=debug"] {
            assert!(LogFilter::from_str(good).is_ok(), "{good}");
        }
    }
}
