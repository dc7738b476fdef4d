//! Resource calls: heads that are no HTTP, bodies that do not end, do not come or come too fast.

use crate::cancel::sleep_ms;
use crate::deed::error;
use crate::exports::wellhead::plugin::resources::{ResourceRequest, ResourceResponse};
use crate::wellhead::plugin::types::{CancelReason, PluginError};
use crate::{deed, spin, wit_stream};
use std::cell::RefCell;
use wit_bindgen::{FutureReader, StreamReader, StreamWriter, spawn_local};

type Chunk = Result<Vec<u8>, PluginError>;

thread_local! {
    static KEPT: RefCell<Vec<(StreamReader<u8>, FutureReader<CancelReason>)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) async fn call(
    request: ResourceRequest,
    cancel: FutureReader<CancelReason>,
) -> Result<ResourceResponse, PluginError> {
    let misdeed = request.path.clone();
    let header = |name: &str, value: &[u8]| vec![(name.to_owned(), value.to_vec())];
    let plain = || header("content-type", b"text/plain");
    let (status, headers) = match misdeed.as_str() {
        "spin-before-head" => spin::forever(),
        "sleep-before-head" => {
            sleep_ms(3_600_000).await;
            (200, plain())
        }
        "panic-before-head" => panic!("asked to panic before the head"),
        "status" => (99, vec![]),
        "status-0" => (0, vec![]),
        "status-101" => (101, vec![]),
        "status-9999" => (9_999, vec![]),
        "header-name" => (200, header("bad name", b"x")),
        "header-value" => (200, header("x-split", b"a\r\nset-cookie: b")),
        "header-hop" => (200, header("transfer-encoding", b"chunked")),
        "header-length" => (200, header("content-length", b"1000000")),
        "many-headers" => (200, (0..100_000).map(|n| (format!("x-{n}"), b"v".to_vec())).collect()),
        "long-header" => (200, header("x-long", &vec![b'x'; 10 << 20])),
        "fail" => return Err(error(418, "no such resource")),
        "fail-secret" => return Err(error(401, format!("not {}", deed::secret()))),
        _ => (200, plain()),
    };
    match misdeed.as_str() {
        "echo" => {}
        // It holds the request's body and never reads it.
        "never-reads" => KEPT.with_borrow_mut(|kept| kept.push((request.body, cancel))),
        "drinks" => {
            let mut body = request.body;
            spawn_local(async move { while body.next().await.is_some() {} });
        }
        _ => drop(request.body),
    }
    let (body, reader) = wit_stream::new::<Chunk>();
    spawn_local(send(misdeed, body));
    Ok(ResourceResponse { status, headers, body: reader })
}

async fn send(misdeed: String, mut body: StreamWriter<Chunk>) {
    match misdeed.as_str() {
        "broken-body" => {
            body.write_one(Ok(b"half".to_vec())).await;
            body.write_one(Err(error(502, "the other half is lost"))).await;
        }
        "broken-body-goes-on" => {
            body.write_one(Err(error(502, "the first half is lost"))).await;
            while body.write_one(Ok(vec![0; 4096])).await.is_none() {}
        }
        "endless-body" => while body.write_one(Ok(vec![0; 4096])).await.is_none() {},
        "fast-body" => while body.write_one(Ok(vec![0; 4 << 20])).await.is_none() {},
        "large-chunk" => drop(body.write_one(Ok(vec![0; 40 << 20])).await),
        "many-chunks" => drop(body.write_all((0..1_000).map(|_| Ok(vec![0; 1 << 10])).collect()).await),
        "empty-chunks" => while body.write_one(Ok(vec![])).await.is_none() {},
        "silent-body" => {
            sleep_ms(3_600_000).await;
            drop(body);
        }
        "spin-in-body" => {
            body.write_one(Ok(b"half".to_vec())).await;
            spin::forever()
        }
        "panic-in-body" => {
            body.write_one(Ok(b"half".to_vec())).await;
            panic!("asked to panic while streaming")
        }
        _ => drop(body.write_one(Ok(b"ok".to_vec())).await),
    }
}
