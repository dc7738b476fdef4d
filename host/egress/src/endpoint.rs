//! Where byte connections may go: the servers a data source names, by the names its plugin has for them, and how people
//! write the address of a server.

use url::Host;

use crate::{Allowed, EgressError, EgressPolicy, Origin, Why};

/// Longer than any address of a server: a host name has 253 characters at most.
const LONGEST: usize = 2048;

/// Most characters of an address that an error repeats.
const SHOWN: usize = 100;

/// One place byte connections may go to.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// What a plugin calls it; the empty name is none.
    pub name: String,
    /// For addresses that are written without a port.
    pub default_port: Option<u16>,
    /// Where it is, or why that cannot be told.
    pub target: Result<Allowed, EgressError>,
}

impl Endpoint {
    /// The endpoint that a data source's setting names.
    ///
    /// `setting` is that setting's name, for the error where `address` is empty or no address.
    #[must_use]
    pub fn of_setting(name: &str, setting: &str, address: &str, default_port: Option<u16>) -> Self {
        let invalid = |reason: String| EgressError::InvalidSetting { setting: setting.to_owned(), reason };
        let target = match Origin::endpoint(address, default_port) {
            _ if address.trim().is_empty() => Err(invalid("it is empty; set it to host:port".to_owned())),
            Ok(origin) => Ok(Allowed { origin, why: Why::DataSource }),
            Err(error) => Err(invalid(error.to_string())),
        };
        Self { name: name.to_owned(), default_port, target }
    }

    fn is_at(&self, text: &str) -> bool {
        let asked = Origin::endpoint(text, self.default_port);
        matches!((&self.target, asked), (Ok(allowed), Ok(asked)) if allowed.origin == asked)
    }
}

impl EgressPolicy {
    /// The number of the endpoint that a plugin means: by its name, else by an address that is the same.
    ///
    /// # Errors
    /// [`EgressError::DeniedEndpoint`] where there is none; why it has no address, where it has none.
    pub(crate) fn endpoint(&self, text: &str) -> Result<usize, EgressError> {
        let named = |endpoint: &Endpoint| !endpoint.name.is_empty() && endpoint.name == text;
        let at = |endpoint: &Endpoint| text.len() <= LONGEST && endpoint.is_at(text);
        let found = self.endpoints.iter().position(named).or_else(|| self.endpoints.iter().position(at));
        let Some((number, endpoint)) = found.and_then(|number| Some((number, self.endpoints.get(number)?))) else {
            let targets = self.endpoints.iter().filter_map(|endpoint| endpoint.target.as_ref().ok());
            let allowed = targets.map(|target| target.origin.clone()).collect();
            let reason = self.endpoints.iter().find_map(|endpoint| endpoint.target.as_ref().err());
            let note = reason.map(ToString::to_string);
            return Err(EgressError::DeniedEndpoint { endpoint: shown(text), allowed, note });
        };
        endpoint.target.as_ref().map_err(EgressError::clone)?;
        Ok(number)
    }
}

/// The start of what somebody else wrote, on one line.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{}{more}", start.escape_debug())
}

/// Host and port of an address as people write it; the error says what is wrong with it.
pub(crate) fn split(text: &str, default_port: Option<u16>) -> Result<(Host<String>, u16), String> {
    let text = text.trim();
    if text.len() > LONGEST {
        return Err(format!("it has {} bytes, {LONGEST} are allowed", text.len()));
    }
    if text.starts_with('/') || text.starts_with("unix:") {
        return Err("files of sockets cannot be reached".to_owned());
    }
    let (host_port, default_port) = match text.split_once("://") {
        None => (text, default_port),
        Some((scheme, rest)) => {
            let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
            let host_port = authority.rsplit_once('@').map_or(authority, |(_, host_port)| host_port);
            let of_scheme = match scheme.to_ascii_lowercase().as_str() {
                "http" | "ws" => Some(80),
                "https" | "wss" => Some(443),
                _ => default_port,
            };
            (host_port, of_scheme)
        }
    };
    let (host, port) = host_and_port(host_port)?;
    let port = match port {
        Some(digits) => Some(port_of(digits)?),
        None => default_port,
    };
    let port = port.filter(|port| *port != 0).ok_or("it has no port")?;
    Ok((host, port))
}

/// The host, and what stands for a port after it.
fn host_and_port(text: &str) -> Result<(Host<String>, Option<&str>), String> {
    if let Ok(address) = text.parse() {
        // Without brackets there is no telling a port: it is all address.
        return Ok((Host::Ipv6(address), None));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (_, after) = rest.split_once(']').ok_or("a `[` without `]`")?;
            let host = text.strip_suffix(after).unwrap_or(text);
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return Err("after `]` there is no `:port`".to_owned()),
            }
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    let host = Host::parse(host).map_err(|error| format!("its host is not one ({error})"))?;
    Ok((host, port))
}

fn port_of(digits: &str) -> Result<u16, String> {
    let port = digits.parse().ok().filter(|port| *port != 0 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    port.ok_or_else(|| "its port is not a number from 1 to 65535".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, EgressError> {
        Origin::endpoint(text, Some(5432)).map(|origin| origin.to_string())
    }

    #[test]
    fn an_address_is_read_however_people_write_it() {
        for (text, expected) in [
            ("db:1", "db:1"),
            ("db", "db:5432"),
            (" DB.Example.com. ", "db.example.com:5432"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("0x7f.1", "127.0.0.1:5432"),
            ("[::1]:1", "[::1]:1"),
            ("[::1]", "[::1]:5432"),
            ("::1", "[::1]:5432"),
            ("tcp://db:1", "db:1"),
            ("postgres://user:p@ss@db/base?x#y", "db:5432"),
            ("ws://db/live", "db:80"),
            ("WSS://db", "db:443"),
            ("https://db:8443/x", "db:8443"),
            ("bücher.example:1", "xn--bcher-kva.example:1"),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_said_why() {
        for (text, why) in [
            ("", "no host"),
            (":5432", "no host"),
            ("tcp://", "no host"),
            ("db:", "port is not"),
            ("db:0", "port is not"),
            ("db:+1", "port is not"),
            ("db:65536", "port is not"),
            ("db:1:2", "port is not"),
            ("[::1", "without `]`"),
            ("[::1]x", "no `:port`"),
            ("[::x]:1", "host is not"),
            ("a b:1", "host is not"),
            ("user@db:1", "host is not"),
            ("db:1/base", "port is not"),
            ("db\0:1", "host is not"),
            ("/var/run/postgresql", "files of sockets"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        assert!(Origin::endpoint("db", None).unwrap_err().to_string().contains("no port"));
        assert!(read(&"x".repeat(3000)).unwrap_err().to_string().contains("3000 bytes"));
    }

    fn policy() -> EgressPolicy {
        let mut policy = EgressPolicy::default();
        policy.endpoints = vec![
            Endpoint::of_setting("server", "url", "db.example.com", Some(5432)),
            Endpoint::of_setting("replica", "jsonData.replica", "", Some(5432)),
        ];
        policy
    }

    #[test]
    fn an_endpoint_is_found_by_name_or_by_the_same_address_and_by_nothing_else() {
        for same in ["server", "db.example.com", "DB.example.com.:5432", "tcp://db.example.com"] {
            assert_eq!(policy().endpoint(same), Ok(0), "{same}");
        }
        let long = "x".repeat(100_000);
        for other in ["", "Server", "db.example.com:5433", "db.example.com@evil:5432", "evil:5432", "\0", &long] {
            let error = policy().endpoint(other).unwrap_err();
            assert!(matches!(error, EgressError::DeniedEndpoint { .. }), "{other}: {error}");
            assert!(error.to_string().len() < 1000 && error.to_string().contains("db.example.com:5432"), "{error}");
        }
    }

    #[test]
    fn an_endpoint_whose_setting_is_empty_says_which() {
        let error = policy().endpoint("replica").unwrap_err().to_string();
        assert_eq!(error, "data source setting `jsonData.replica`: it is empty; set it to host:port");
    }
}
