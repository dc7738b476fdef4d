//! Everywhere but the data source's own origin, by the contract's `fetch` and by `wasi:http`.

use crate::hostile::row::{Row, query_of};
use serde_json::{Value, json};

fn fetch(name: &'static str, url: &str) -> Row {
    query_of(name, json!({ "misdeed": "fetch", "url": url }))
        .expect("allow-list", "A 418: FetchError::Denied(\"… is not an origin of this data source; allowed: {own}; …")
}

fn with_headers(name: &'static str, headers: Value) -> Row {
    query_of(name, json!({ "misdeed": "fetch", "url": "{own}/head", "headers": headers }))
}

fn wasi(name: &'static str, url: &str) -> Row {
    query_of(name, json!({ "misdeed": "wasi-http", "url": url }))
        .expect("allow-list", "A 418: ErrorCode::HttpRequestDenied")
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
        fetch("own-origin", "{own}/x").expect("none: it is well", "A 418: 200 mine"),
        fetch("other-port", "{other}/x"),
        fetch("other-host", "http://example.com/"),
        fetch("other-scheme", "https://127.0.0.1:{own_port}/"),
        fetch("metadata-address", "http://169.254.169.254/latest/meta-data/"),
        fetch("metadata-name", "http://metadata.google.internal/"),
        fetch("metadata-v6", "http://[fd00:ec2::254]/"),
        fetch("link-local", "http://[fe80::1]/"),
        fetch("mapped-v4", "http://[::ffff:127.0.0.1]:{own_port}/"),
        fetch("loopback-v6", "http://[::1]:{own_port}/"),
        fetch("decimal-v4", "http://2852039166/"),
        fetch("octal-v4", "http://0251.0376.0251.0376/"),
        fetch("hex-v4", "http://0xa9fea9fe/"),
        fetch("short-v4", "http://169.254.43518/"),
        fetch("own-in-decimal", "http://2130706433:{own_port}/").expect("none: it is the same", "A 418: 200 mine"),
        fetch("unspecified", "http://0.0.0.0:{own_port}/"),
        fetch("localhost", "http://localhost:{own_port}/"),
        fetch("userinfo", "http://127.0.0.1:{own_port}@169.254.169.254/"),
        fetch("userinfo-own", "http://user:password@127.0.0.1:{own_port}/head")
            .expect("none: it is the guest's own", "A 418: 200 GET /head HTTP/1.1|authorization: Basic dXNlcjpwYXNzd29yZA==|…"),
        fetch("backslash", "http://127.0.0.1:{own_port}\\@169.254.169.254/").expect("URL", "A 418: FetchError::Other(\"invalid url: …"),
        fetch("fragment", "http://169.254.169.254#@127.0.0.1:{own_port}/"),
        fetch("file-scheme", "file:///etc/passwd").expect("URL", "A 418: FetchError::Other(\"invalid url: …"),
        fetch("unix-scheme", "unix:///var/run/docker.sock").expect("URL", "A 418: FetchError::Other(\"invalid url: …"),
        fetch("no-url", "no url").expect("URL", "A 418: FetchError::Other(\"invalid url: …"),
        fetch("long-url", &format!("{{own}}/{}", "x".repeat(1 << 20)))
            .expect("URL", "A 418: FetchError::Other(\"invalid url: uri too long\")"),
        fetch("redirect-away", "{own}/away"),
        fetch("redirect-to-metadata", "{own}/metadata"),
        with_headers("forged-host", json!({ "host": "169.254.169.254" })).expect("headers", "A 418: FetchError::Other(\"invalid request: the header `host` differs from the URL's host…"),
        with_headers("forged-length", json!({ "content-length": "1000" })).expect("headers", "A 418: FetchError::Other(\"invalid request: the header `content-length` says 1000 bytes, the body has 0; …"),
        with_headers("forged-chunks", json!({ "transfer-encoding": "chunked", "connection": "upgrade, x-a", "upgrade": "h2c" })).expect("headers", "A 418: 200 GET /head HTTP/1.1|accept-encoding: gzip|host: 127.0.0.1:{own_port}||"),
        with_headers("forged-proxy", json!({ "proxy-authorization": "Basic eA==" })).expect("headers", "A 418: FetchError::Other(\"invalid request: … are the host's; leave them out…"),
        with_headers("split-header", json!({ "x-split": "a\r\nhost: b" })).expect("headers", "A 418: FetchError::Other(\"invalid header value: …"),
        with_headers("split-name", json!({ "x\r\nhost": "b" })).expect("headers", "A 418: FetchError::Other(\"invalid header name: …"),
        query_of("split-method", json!({ "misdeed": "fetch", "url": "{own}/", "method": "GET / HTTP/1.1\r\nx: y" })).expect("method", "A 418: FetchError::Other(\"invalid method: …"),
        fetch("hanging-server", "{own}/hang").times_out(),
        query_of("endless-request-body", json!({ "misdeed": "endless-request-body", "url": "{own}/hang" })).times_out(),
        wasi("wasi-own-origin", "{own}/x").expect("none: it is well", "A 418: 200 mine"),
        wasi("wasi-other-port", "{other}/x"),
        wasi("wasi-metadata", "http://169.254.169.254/"),
        wasi("wasi-userinfo", "http://127.0.0.1:{own_port}@169.254.169.254/")
            .expect("authority", "A 418: not a request: …"),
        wasi("wasi-scheme", "gopher://127.0.0.1:{own_port}/").expect("allow-list", "A 418: …"),
        wasi("wasi-redirect", "{own}/away"),
    ];
    // The data source's own URL may lead inside, but nobody's to the cloud's metadata.
    for (name, url) in [
        ("own-name-is-metadata", "http://metadata.test"),
        ("own-name-is-link-local", "http://link-local.test"),
        ("own-name-is-mapped", "http://mapped.test"),
        ("own-name-is-nowhere", "http://nowhere.test"),
    ] {
        rows.push(fetch(name, url).at(url).expect(
            "addresses",
            "A 418: FetchError::Denied(\"http://….test: its host is at …, a … address, which no …",
        ));
    }
    rows.push(
        fetch("own-name-is-unknown", "http://unknown.test")
            .at("http://unknown.test")
            .expect("name", "A 418: FetchError::Unresolved(\"…"),
    );
    rows
}
