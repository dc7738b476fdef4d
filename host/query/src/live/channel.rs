//! A channel's name: `{orgId}/{scope}/{namespace}/{path}`, as Grafana Live spells it. Whether there is such a channel is
//! its plugin's to say.

use std::fmt;
use std::str::FromStr;

/// Characters of a path, as Grafana has it.
const MAX_PATH: usize = 160;
/// Characters of a namespace; a data source's uid has 40 at most.
const MAX_NAMESPACE: usize = 160;
/// Of a refused part, in the words of its refusal.
const SHOWN_CHARS: usize = 64;

/// Who feeds a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// `ds`: the plugin of the data source whose uid is the namespace.
    DataSource,
    /// `stream`: the program that embeds the host, and clients who may publish. The namespace is theirs to choose.
    Stream,
}

impl Scope {
    /// As in a channel's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataSource => "ds",
            Self::Stream => "stream",
        }
    }
}

/// The name of a channel of an org.
///
/// ```
/// use wellhead_query::{Channel, Scope};
///
/// let channel: Channel = "1/ds/testdata/random-2s-stream".parse()?;
/// assert_eq!((channel.org_id(), channel.scope()), (1, Scope::DataSource));
/// assert_eq!((channel.namespace(), channel.path()), ("testdata", "random-2s-stream"));
/// assert_eq!(channel, Channel::in_org(1, "ds/testdata/random-2s-stream")?);
///
/// let refused = "1/ds/testdata/a b".parse::<Channel>().unwrap_err();
/// assert!(refused.to_string().contains("' '"));
/// # Ok::<(), wellhead_query::InvalidChannel>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Channel {
    org_id: i64,
    scope: Scope,
    namespace: String,
    path: String,
}

/// A name that is none of a channel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel's {part} {value:?} {reason}")]
pub struct InvalidChannel {
    /// `org`, `scope`, `namespace`, `path`, or `name` where a whole part is missing.
    pub part: &'static str,
    /// What was sent, its beginning.
    pub value: String,
    /// What is wrong with it, and what would be right.
    pub reason: String,
}

impl InvalidChannel {
    fn new(part: &'static str, value: &str, reason: impl Into<String>) -> Self {
        Self { part, value: value.chars().take(SHOWN_CHARS).collect(), reason: reason.into() }
    }
}

impl Channel {
    /// The channel that a client of an org calls `{scope}/{namespace}/{path}`.
    ///
    /// # Errors
    /// [`InvalidChannel`].
    pub fn in_org(org_id: i64, name: &str) -> Result<Self, InvalidChannel> {
        let mut parts = name.splitn(3, '/');
        let (Some(scope), Some(namespace), Some(path)) = (parts.next(), parts.next(), parts.next()) else {
            let reason = "has too few parts: write scope/namespace/path, such as ds/UID/PATH or stream/NAME/PATH";
            return Err(InvalidChannel::new("name", name, reason));
        };
        let scope = match scope {
            "ds" => Scope::DataSource,
            "stream" => Scope::Stream,
            other => {
                let reason = "is unknown: write ds for a data source, stream for what is published to this host";
                return Err(InvalidChannel::new("scope", other, reason));
            }
        };
        Self::new(org_id, scope, namespace, path)
    }

    /// The channel with these parts.
    ///
    /// # Errors
    /// [`InvalidChannel`].
    pub fn new(org_id: i64, scope: Scope, namespace: &str, path: &str) -> Result<Self, InvalidChannel> {
        if org_id < 1 {
            return Err(InvalidChannel::new("org", &org_id.to_string(), "is no org: their ids begin at 1"));
        }
        check("namespace", namespace, MAX_NAMESPACE, is_plain)?;
        check("path", path, MAX_PATH, |byte| is_plain(byte) || byte == b'/')?;
        Ok(Self { org_id, scope, namespace: namespace.to_owned(), path: path.to_owned() })
    }

    /// The org it belongs to.
    pub fn org_id(&self) -> i64 {
        self.org_id
    }

    /// Who feeds it.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// The data source's uid; in the scope `stream` any name.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What the plugin knows it by.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// What Grafana lets be in a channel's name, but for the slash.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.=".contains(&byte)
}

fn check(part: &'static str, value: &str, limit: usize, allowed: impl Fn(u8) -> bool) -> Result<(), InvalidChannel> {
    let refused = |reason: String| Err(InvalidChannel::new(part, value, reason));
    let chars = value.chars().count();
    if chars == 0 {
        return refused(format!("is empty: it has 1 to {limit} characters"));
    }
    if chars > limit {
        return refused(format!("has {chars} characters, {limit} are allowed: shorten it"));
    }
    if let Some(bad) = value.chars().find(|char| !u8::try_from(*char).is_ok_and(&allowed)) {
        return refused(format!("has a {bad:?}: letters, digits and _ - . = are allowed, and / in a path"));
    }
    if let Some(bad) = value.split('/').find(|segment| matches!(*segment, "" | "." | "..")) {
        return refused(format!("has the segment {bad:?}: give each a name, and no slash at either end"));
    }
    Ok(())
}

impl FromStr for Channel {
    type Err = InvalidChannel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((org, name)) = text.split_once('/') else {
            let reason = "has too few parts: write org/scope/namespace/path, such as 1/ds/UID/PATH";
            return Err(InvalidChannel::new("name", text, reason));
        };
        let is_number = !org.is_empty() && org.bytes().all(|byte| byte.is_ascii_digit()) && !org.starts_with('0');
        let org_id = org.parse().ok().filter(|_| is_number);
        let org_id = org_id.ok_or_else(|| InvalidChannel::new("org", org, "is no org's id: write a number from 1"))?;
        Self::in_org(org_id, name)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.org_id, self.scope.as_str(), self.namespace, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_itself() {
        let long = format!("1/ds/a/{}", "p".repeat(160));
        for name in ["1/ds/a/b", "42/stream/a-b_c.d=/x/y/z=", "1/ds/a/...", "9223372036854775807/ds/a/b", long.as_str()]
        {
            assert_eq!(name.parse::<Channel>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_bad_name_is_refused_with_the_part_and_the_cure() {
        let long = format!("1/ds/a/{}", "p".repeat(161));
        let said: Vec<_> = [
            "",
            "/",
            "////",
            "1",
            "1/ds",
            "1/ds/a",
            "ds/a/b",
            "1/ds//b",
            "1/ds/a/",
            "1/ds/a//b",
            "1/ds/a/b/",
            "1/ds/a/..",
            "1/ds/a/./b",
            "1/ds/../b",
            "1/plugin/a/b",
            "1/DS/a/b",
            "0/ds/a/b",
            "-1/ds/a/b",
            "+1/ds/a/b",
            "01/ds/a/b",
            "9223372036854775808/ds/a/b",
            "1/ds/a/b c",
            "1/ds/a/b?c",
            "1/ds/a/b%2e",
            "1/ds/a\n/b",
            "1/ds/ä/b",
            "1/ds/a/\u{0}",
            "1/ds/a/\u{2025}",
            long.as_str(),
        ]
        .into_iter()
        .map(|name| format!("{:.20?}: {}", name, name.parse::<Channel>().unwrap_err()))
        .collect();
        insta::assert_snapshot!(said.join("\n"));
    }
}
