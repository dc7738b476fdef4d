//! What of a caller's headers goes out, and what of a server's comes in.
//!
//! | header of the caller | what becomes of it |
//! |---|---|
//! | `Connection` and all it names, `Keep-Alive`, `Proxy-Connection`, `TE`, `Trailer`, `Transfer-Encoding`, `Upgrade` | left out: the connection is ours |
//! | `Host` | left out if it is the URL's, else refused: it would reach another virtual host than the one allowed |
//! | `Proxy-Authorization`, `Proxy-Authenticate` | refused: the proxy is the operator's |
//! | `Content-Length` | checked against the body |
//! | everything else | sent, unless a configured credential takes its place |

use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
        CONTENT_TYPE, HOST, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
        PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};

use crate::{EgressError, Origin};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// What goes along when a redirect leads to another origin. A list of what is safe and not of what is secret: plugins
/// put keys into headers of any name.
const HARMLESS: [HeaderName; 13] = [
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_TYPE,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    RANGE,
    USER_AGENT,
];

/// Headers that describe one connection (RFC 9110, 7.6.1).
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHORIZATION,
        PROXY_AUTHENTICATE,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ]
    .contains(name)
}

/// A caller's headers as they may go out.
///
/// # Errors
/// [`EgressError::InvalidRequest`] by the table above.
pub(crate) fn outgoing(mut headers: HeaderMap, origin: &Origin) -> Result<HeaderMap, EgressError> {
    let refuse = |reason: &str| Err(EgressError::InvalidRequest { reason: reason.to_owned() });
    if headers.contains_key(PROXY_AUTHORIZATION) || headers.contains_key(PROXY_AUTHENTICATE) {
        return refuse("the headers `proxy-authorization` and `proxy-authenticate` are the host's; leave them out");
    }
    for host in headers.get_all(HOST) {
        let same = host.to_str().is_ok_and(|host| {
            !host.contains('@')
                && Origin::parse(&format!("{}://{host}", origin.scheme())).is_ok_and(|host| host == *origin)
        });
        if !same {
            return refuse("the header `host` differs from the URL's host; leave it out");
        }
    }
    headers.remove(HOST);
    strip_hop_by_hop(&mut headers);
    Ok(headers)
}

/// Takes out what describes the connection and not the message.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named {
        // `Connection: content-length` is an old trick to have the next hop read another message.
        if name != CONTENT_LENGTH {
            headers.remove(name);
        }
    }
    let present: Vec<HeaderName> = headers.keys().filter(|name| is_hop_by_hop(name)).cloned().collect();
    for name in present {
        headers.remove(name);
    }
}

/// Whether a header of this name may follow a redirect to another origin, or stand in a recording.
pub(crate) fn is_harmless(name: &HeaderName) -> bool {
    HARMLESS.contains(name)
}

/// Keeps what may follow a redirect to another origin.
pub(crate) fn keep_harmless(headers: &mut HeaderMap) {
    let others: Vec<HeaderName> = headers.keys().filter(|name| !is_harmless(name)).cloned().collect();
    for name in others {
        headers.remove(name);
    }
}

/// Takes out what describes a body that is not sent any more.
pub(crate) fn drop_content(headers: &mut HeaderMap) {
    for name in [CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE] {
        headers.remove(name);
    }
}

/// Asks for gzip where the caller leaves the encoding to us; answers whether we then have to decode it. A range is of
/// the encoded bytes, so it is left alone.
pub(crate) fn offer_gzip(method: &Method, headers: &mut HeaderMap) -> bool {
    if method == Method::HEAD || headers.contains_key(ACCEPT_ENCODING) || headers.contains_key(RANGE) {
        return false;
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    true
}

/// The declared length of a body.
///
/// # Errors
/// [`EgressError::InvalidRequest`] where it is no number, or declared twice.
pub(crate) fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, EgressError> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(first) = values.next() else { return Ok(None) };
    let number = first.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match number.and_then(|text| text.parse().ok()) {
        Some(length) if values.next().is_none() => Ok(Some(length)),
        _ => Err(EgressError::InvalidRequest { reason: "the header `content-length` is not one number".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect::<HeaderMap>()
    }

    #[test]
    fn what_belongs_to_the_connection_is_left_out_with_all_it_names() {
        let sent = headers(&[
            ("connection", "close, X-Hop, content-length"),
            ("x-hop", "1"),
            ("keep-alive", "1"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("content-length", "3"),
            ("x-own", "1"),
            ("host", "PROM.example.:80"),
        ]);
        let kept = outgoing(sent, &Origin::parse("http://prom.example").unwrap()).unwrap();
        assert_eq!(kept, headers(&[("content-length", "3"), ("x-own", "1")]));
    }

    #[test]
    fn another_host_and_proxy_credentials_are_refused() {
        let origin = Origin::parse("http://prom.example").unwrap();
        for pair in [
            ("host", "evil.example"),
            ("host", "prom.example:81"),
            ("host", "u@prom.example"),
            ("host", ""),
            ("proxy-authorization", "Basic x"),
        ] {
            assert!(matches!(outgoing(headers(&[pair]), &origin), Err(EgressError::InvalidRequest { .. })), "{pair:?}");
        }
    }

    #[test]
    fn only_harmless_headers_follow_to_another_origin() {
        let mut all = headers(&[("accept", "a/b"), ("authorization", "x"), ("cookie", "x"), ("x-api-key", "x")]);
        keep_harmless(&mut all);
        assert_eq!(all, headers(&[("accept", "a/b")]));
    }

    #[test]
    fn a_length_is_one_plain_number() {
        assert_eq!(declared_length(&headers(&[("content-length", "12")])).unwrap(), Some(12));
        for pairs in [&[("content-length", "+1")][..], &[("content-length", "1"), ("content-length", "2")]] {
            let map = pairs.iter().fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
                map
            });
            declared_length(&map).unwrap_err();
        }
    }
}
