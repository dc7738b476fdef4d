//! HTTP to everywhere, through the contract's `fetch` and through `wasi:http`, and what came of it in words.

use crate::deed::{Deed, Outcome};
use crate::wellhead::plugin::fetch;
use wasip3::http::client;
use wasip3::http::types::{Fields, Method, Request, Response, Scheme};
use wasip3::{wit_future, wit_stream};
use wit_bindgen::spawn_local;

pub(crate) async fn query(deed: &Deed) -> Option<Outcome> {
    let words = match deed.name() {
        "fetch" => by_contract(deed).await,
        "wasi-http" => by_wasi(deed, false).await,
        "endless-request-body" => by_wasi(deed, true).await,
        _ => return None,
    };
    Some(Outcome::Told(words))
}

async fn by_contract(deed: &Deed) -> String {
    let method = Some(deed.text("method")).filter(|method| !method.is_empty()).unwrap_or("GET").to_owned();
    let (url, mut headers, body) = (deed.text("url").to_owned(), deed.pairs("headers"), deed.text("body").into());
    headers.extend((0..deed.number("more_headers")).map(|n| (format!("x-{n}"), b"v".to_vec())));
    match fetch::send(&fetch::Request { method, url, headers, body }).await {
        Ok(response) => {
            let body = response.body.collect().await;
            format!("{} {}", response.status, String::from_utf8_lossy(&body))
        }
        Err(error) => format!("{error:?}"),
    }
}

/// The same by WASI 0.3, where URL and headers come in parts.
async fn by_wasi(deed: &Deed, endless: bool) -> String {
    let mut headers = Fields::new();
    for (name, value) in deed.pairs("headers") {
        if let Err(error) = headers.append(&name, &value) {
            return format!("header {name:?}: {error:?}");
        }
    }
    let url = deed.text("url");
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let contents = endless.then(|| {
        let (mut body, reader) = wit_stream::new::<u8>();
        spawn_local(async move { while body.write_all(vec![b'x'; 64 << 10]).await.is_empty() {} });
        reader
    });
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(std::mem::replace(&mut headers, Fields::new()), contents, trailers, None);
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    let method = if endless { Method::Post } else { Method::Get };
    let parts = [
        request.set_method(&method),
        request.set_scheme(Some(&scheme)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(path)),
    ];
    if parts.iter().any(Result::is_err) {
        return format!("not a request: {parts:?}");
    }
    match client::send(request).await {
        Ok(response) => {
            let status = response.get_status_code();
            let (_done, done) = wit_future::new(|| Ok(()));
            let (body, _trailers) = Response::consume_body(response, done);
            let body = body.collect().await;
            format!("{status} {}", String::from_utf8_lossy(&body))
        }
        Err(error) => format!("{error:?}"),
    }
}
