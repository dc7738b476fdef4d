//! URLs as plugins need them: a base from the settings, a path appended, pairs in the query. No IDNA and no
//! `..` resolution, which keeps some 200 KiB of tables out of every plugin.

use std::fmt;

use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `application/x-www-form-urlencoded` and every server agree on: letters, digits, `-._~`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path, percent-encoded: a `/` in it stays part of the segment.
///
/// ```
/// assert_eq!(wellhead_sdk::http::path_segment("a/b c"), "a%2Fb%20c");
/// ```
pub fn path_segment(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// An absolute `http` or `https` URL in the parts that WASI wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) https: bool,
    /// `host` or `host:port`.
    pub(crate) authority: String,
    /// Starts with `/`, percent-encoded.
    pub(crate) path: String,
    /// Without `?`, percent-encoded; may be empty.
    pub(crate) query: String,
}

impl Address {
    /// Reads an absolute URL. The error is a sentence that names it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let url = url.trim();
        if url.is_empty() {
            return Err("the data source has no URL: set one".to_owned());
        }
        let wrong = |why: &str| format!("{url:?} is not an http or https URL: {why}");
        let without_fragment = url.split('#').next().unwrap_or(url);
        let uri: Uri = without_fragment.parse().map_err(|error| wrong(&format!("{error}")))?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(other) => return Err(wrong(&format!("the scheme is {other:?}"))),
            None => return Err(wrong("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err("a URL must not hold user name and password: use the data source's basic auth".to_owned());
        }
        Ok(Self {
            https,
            authority: authority.as_str().to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
        })
    }

    /// `path` below this address, which keeps its own path and query; an absolute URL replaces all of it. A path that
    /// climbs out by `..` is refused.
    pub(crate) fn join(&self, path: &str) -> Result<Self, String> {
        if path.starts_with("http://") || path.starts_with("https://") {
            return Self::parse(path);
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path.split('/').any(is_dots) {
            return Err(format!("the path {path:?} has a segment of dots: name the place itself"));
        }
        if let Some(odd) = path.chars().chain(query.chars()).find(|c| !c.is_ascii_graphic() || *c == '#') {
            return Err(format!("the path {path:?} has the character {odd:?}: percent-encode it with path_segment()"));
        }
        let mut joined = self.clone();
        if !path.is_empty() {
            joined.path.truncate(joined.path.trim_end_matches('/').len());
            joined.path.push('/');
            joined.path.push_str(path.trim_start_matches('/'));
        }
        joined.push_query(query);
        Ok(joined)
    }

    /// Adds a pair to the query, encoding both.
    pub(crate) fn push_pair(&mut self, key: &str, value: &str) {
        let pair = pair(key, value);
        self.push_query(&pair);
    }

    fn push_query(&mut self, query: &str) {
        if !self.query.is_empty() && !query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(query);
    }

    /// Path and query as they stand in a request line.
    pub(crate) fn path_and_query(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

/// `key=value`, both encoded for a query or a form.
pub(crate) fn pair(key: &str, value: &str) -> String {
    format!("{}={}", utf8_percent_encode(key, ENCODED), utf8_percent_encode(value, ENCODED))
}

/// `.` and `..`, plain or percent-encoded: some servers decode before they resolve.
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// Without the query, which may hold what is nobody's business.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base: &str, path: &str) -> String {
        let address = Address::parse(base).unwrap().join(path).unwrap();
        format!("{}://{}{}", if address.https { "https" } else { "http" }, address.authority, address.path_and_query())
    }

    #[test]
    fn a_path_is_appended_to_the_base_with_one_slash() {
        for base in ["http://h:9090/prom", "http://h:9090/prom/"] {
            for path in ["api/v1/query", "/api/v1/query"] {
                assert_eq!(joined(base, path), "http://h:9090/prom/api/v1/query");
            }
        }
        assert_eq!(joined("https://h", "x"), "https://h/x");
        assert_eq!(joined("https://h/x", ""), "https://h/x");
    }

    #[test]
    fn queries_of_base_and_path_are_both_kept() {
        assert_eq!(joined("http://h/?token=1", "x?a=b"), "http://h/x?token=1&a=b");
    }

    #[test]
    fn an_absolute_url_replaces_the_base() {
        assert_eq!(joined("http://h/a", "https://other/b"), "https://other/b");
    }

    #[test]
    fn pairs_are_encoded() {
        let mut address = Address::parse("http://h/").unwrap();
        address.push_pair("query", r#"up{job="a b"}&x+y"#);
        address.push_pair("ä", "");
        assert_eq!(address.query, "query=up%7Bjob%3D%22a%20b%22%7D%26x%2By&%C3%A4=");
    }

    #[test]
    fn a_path_cannot_climb_out() {
        let base = Address::parse("http://h/base").unwrap();
        for path in ["../admin", "a/../../b", "a/%2e%2E/b", "./a"] {
            assert!(base.join(path).unwrap_err().contains("dots"), "{path}");
        }
        assert!(base.join("a b").unwrap_err().contains("percent-encode"));
        assert!(base.join("v1..2/x").is_ok());
    }

    #[test]
    fn what_is_no_http_url_is_named_and_explained() {
        for (url, why) in [
            ("", "has no URL"),
            ("localhost:9090", "begin with http"),
            ("/just/a/path", "begin with http"),
            ("ftp://h", "scheme is \"ftp\""),
            ("http://u:p@h", "basic auth"),
            ("http://h/a b", "not an http or https URL"),
        ] {
            let error = Address::parse(url).unwrap_err();
            assert!(error.contains(why), "{url:?}: {error}");
        }
    }

    #[test]
    fn display_leaves_the_query_out() {
        assert_eq!(Address::parse("https://h/p?secret=1").unwrap().to_string(), "https://h/p");
    }
}
