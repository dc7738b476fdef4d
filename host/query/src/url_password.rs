//! The password that some write into a data source's URL (`https://user:password@host`): found, so that it can be kept
//! from whoever may not see it.

use std::borrow::Cow;
use std::ops::Range;

/// A URL without the password in it; all else stays as it was written.
///
/// ```
/// use wellhead_query::without_password;
///
/// assert_eq!(without_password("https://reader:hunter2@db:8443/x"), "https://reader@db:8443/x");
/// assert_eq!(without_password("https://db:8443/x"), "https://db:8443/x");
/// ```
pub fn without_password(url: &str) -> Cow<'_, str> {
    let parts = place(url).and_then(|at| Some((url.get(..at.start.checked_sub(1)?)?, url.get(at.end..)?)));
    parts.map_or(Cow::Borrowed(url), |(before, after)| Cow::Owned(format!("{before}{after}")))
}

/// The password in a URL, as it was written; `None` where there is none.
pub(crate) fn password(url: &str) -> Option<&str> {
    place(url).and_then(|at| url.get(at)).filter(|password| !password.is_empty())
}

/// Where the password stands, a colon before it and an `@` behind it. What has no scheme is read as if it had one, as
/// when the data source is used; and a password with a slash in it, which no URL can have, is found all the same.
fn place(url: &str) -> Option<Range<usize>> {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(begin..)?;
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let is_host = |text: &str| text.rsplit_once(':').is_none_or(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let end = match authority.rfind('@') {
        Some(end) => end,
        None if is_host(authority) || authority.ends_with(']') => return None,
        None => rest.rfind('@')?,
    };
    let colon = rest.get(..end)?.find(':')?;
    Some(begin + colon + 1..begin + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_and_cut_out_and_nothing_else_is() {
        for (url, stripped, found) in [
            ("https://u:p@h/x?y#z", "https://u@h/x?y#z", Some("p")),
            ("https://u:p%40q@h", "https://u@h", Some("p%40q")),
            ("https://u:p:q@r@h:1", "https://u@h:1", Some("p:q@r")),
            ("https://:p@h", "https://@h", Some("p")),
            ("https://u:@h", "https://u@h", None),
            ("u:p@db:5432", "u@db:5432", Some("p")),
            ("clickhouse://u:p@[::1]:9000/d", "clickhouse://u@[::1]:9000/d", Some("p")),
            ("https://u:p/q@h", "https://u@h", Some("p/q")),
            ("https://u@h", "https://u@h", None),
            ("http://[::1]/a@b:c", "http://[::1]/a@b:c", None),
            ("http://h:80/~me:x@y", "http://h:80/~me:x@y", None),
            ("h:80", "h:80", None),
            ("", "", None),
        ] {
            assert_eq!((&*without_password(url), password(url)), (stripped, found), "{url}");
        }
    }
}
