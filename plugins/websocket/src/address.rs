//! Where an endpoint is: the data source's URL, and the paths below it that channels have. Promises that no path of a
//! channel leads out of the URL's.

use http::Uri;
use http::uri::PathAndQuery;
use wellhead_sdk::Error;

/// A data source's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether TLS is spoken.
    pub is_secure: bool,
    /// What the `Host` header says: the host, and the port where it is not the scheme's.
    pub host: String,
    path: String,
    query: String,
}

impl Address {
    /// Reads the `url` of the settings.
    ///
    /// # Errors
    /// What is wrong with it, with the cure.
    pub fn read(url: &str) -> Result<Self, Error> {
        let fail =
            |what: &str| Err(Error::bad_request(format_args!("url {what}: set it to ws://host:port/path or wss://…")));
        let url = url.trim();
        if url.is_empty() {
            return fail("is empty");
        }
        let Ok(uri) = url.parse::<Uri>() else { return fail("is no URL") };
        let (is_secure, default_port) = match uri.scheme_str() {
            // Browsers take these for the others since 2023.
            Some("wss" | "https") => (true, 443),
            Some("ws" | "http") => (false, 80),
            Some(_) => return fail("has a scheme that is none of a WebSocket"),
            None => return fail("has no scheme"),
        };
        let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
            return fail("has no host");
        };
        if authority.as_str().contains('@') {
            return Err(Error::bad_request(
                "url has a user in it, which everybody sees who sees the data source: set basicAuth, basicAuthUser and \
                 secureJsonData.basicAuthPassword",
            ));
        }
        let port = authority.port_u16().filter(|port| *port != default_port);
        let host = port.map_or(authority.host().to_owned(), |port| format!("{}:{port}", authority.host()));
        let path = uri.path().trim_end_matches('/').to_owned();
        Ok(Self { is_secure, host, path, query: uri.query().unwrap_or_default().to_owned() })
    }

    /// What is asked for in the first line of the handshake: the URL's path and query, then those of a channel.
    ///
    /// # Errors
    /// A path that leads elsewhere, or has characters that no URL has.
    pub fn target(&self, below: &str) -> Result<String, Error> {
        let fail = |what: &str| {
            let shown: String = below.chars().take(100).collect();
            Err(Error::bad_request(format_args!("path {shown:?} {what}")))
        };
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        if path.contains("://") {
            return fail("is a URL: a data source reaches the one endpoint of its url, and paths are below it");
        }
        let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "\\");
        if plain.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
            return fail("has a part `.` or `..`: paths are below that of the url");
        }
        if below.contains('#') {
            return fail("has a `#`: write it as %23");
        }
        let mut target = self.path.clone();
        // A path of the URL's own is kept as it is, with or without a slash at its end, where nothing comes after it.
        if !path.is_empty() || target.is_empty() {
            target.push('/');
            target.push_str(path.trim_start_matches('/'));
        }
        let queries: Vec<&str> = [self.query.as_str(), query].into_iter().filter(|query| !query.is_empty()).collect();
        if !queries.is_empty() {
            target.push('?');
            target.push_str(&queries.join("&"));
        }
        match PathAndQuery::try_from(target.as_str()) {
            Ok(read) if read.as_str() == target && target.is_ascii() => Ok(target),
            _ => fail("has characters that no URL has: write them as % and two digits"),
        }
    }

    /// The URL that a target stands for.
    pub fn url(&self, target: &str) -> String {
        format!("{}://{}{target}", if self.is_secure { "wss" } else { "ws" }, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_and_paths_come_below_it() {
        for (url, below, expected) in [
            ("ws://db", "", "ws://db/"),
            ("ws://db:80/", "/a", "ws://db/a"),
            ("wss://db:443/live/", "ticks", "wss://db/live/ticks"),
            ("wss://db/live", "", "wss://db/live"),
            ("https://db:8443/live?key=1", "ticks?a=%20b", "wss://db:8443/live/ticks?key=1&a=%20b"),
            ("http://[::1]:9/x?", "?a", "ws://[::1]:9/x?a"),
            (" ws://127.0.0.1:9/ws ", "//a/b..c/", "ws://127.0.0.1:9/ws/a/b..c/"),
        ] {
            let address = Address::read(url).unwrap();
            assert_eq!(address.url(&address.target(below).unwrap()), expected);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_its_cure() {
        for (url, expected) in [
            ("", "is empty"),
            ("db:80", "no scheme"),
            ("ftp://db", "scheme"),
            ("ws://", "no URL"),
            ("ws://a b", "no URL"),
            ("ws://user:pass@db", "basicAuthPassword"),
        ] {
            let error = Address::read(url).unwrap_err();
            assert!(error.status() == 400 && error.message().contains(expected), "{url}: {error}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_urls() {
        let address = Address::read("ws://db/live").unwrap();
        for below in [
            "../a",
            "a/../../b",
            "/%2E%2e/a",
            "a/..%2fb",
            "..%5ca",
            "a\\..\\b",
            ".",
            "ws://evil/",
            "a#b",
            "a b",
            "ü",
            "a\r\nX: y",
        ] {
            let error = address.target(below).unwrap_err();
            assert_eq!(error.status(), 400, "{below}");
        }
    }
}
