//! How much may come back, compressed or not.

use std::convert::Infallible;

use async_compression::tokio::bufread::GzipEncoder;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::AsyncReadExt;
use wellhead_egress::{EgressError, EgressLimits, RequestBody};

use crate::support::{Body, Server, Settings, client, get, host, limits, reply, request, send};

const MIB: u64 = 1024 * 1024;

/// `mib` MiB in pieces, their sum not announced.
fn chunked(mib: u64) -> Response<Body> {
    let piece = Bytes::from(vec![b'x'; MIB as usize]);
    let pieces = stream::iter(0..mib).map(move |_| Ok::<_, Infallible>(Frame::data(piece.clone())));
    Response::new(StreamBody::new(pieces).map_err(|never| match never {}).boxed_unsync())
}

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzipEncoder::new(bytes).read_to_end(&mut packed).await.unwrap();
    packed
}

fn gzipped(body: impl Into<Bytes>) -> Response<Body> {
    let mut response = reply(200, body);
    response.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    response
}

fn capped(server: &Server, max_response_bytes: u64) -> wellhead_egress::EgressClient {
    Settings::of(server.url("")).client(host().limits(EgressLimits { max_response_bytes, ..limits() }))
}

#[tokio::test]
async fn a_hundred_megabytes_are_cut_off_at_the_default_limit() {
    let server = Server::http(|_| chunked(100)).await;
    let mut body = send(&client(&server.url("")), request(server.url("/"))).await.unwrap().into_body();
    let mut read = 0;
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => read += frame.into_data().unwrap().len() as u64,
            Err(error) => break error,
        }
    };
    assert!(read <= 64 * MIB, "{read} bytes were handed over");
    assert!(
        matches!(error, EgressError::LimitExceeded { name: "max_response_bytes", limit, actual, .. } if limit == 64 * MIB && actual > limit),
        "{error}"
    );
    assert!(body.frame().await.is_none(), "after the error there is nothing");
}

#[tokio::test]
async fn a_length_beyond_the_limit_is_refused_before_a_byte_is_read() {
    let server = Server::http(|_| reply(200, "12345678901")).await;
    let error = send(&capped(&server, 10), request(server.url("/"))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: max_response_bytes allows 10, 11 asked for; ask for less, or raise the limit", server.url(""))
    );
    assert_eq!(get(&capped(&server, 11), server.url("/")).await.unwrap().1, "12345678901");
}

#[tokio::test]
async fn gzip_is_asked_for_and_decoded_where_the_caller_leaves_it_to_us() {
    let packed = gzip(b"hello hello hello").await;
    let server = Server::http(move |_| gzipped(packed.clone())).await;
    let response = send(&client(&server.url("")), request(server.url("/"))).await.unwrap();
    assert!(response.headers().get("content-encoding").is_none() && response.headers().get("content-length").is_none());
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello hello hello");
    assert_eq!(server.last().header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn an_encoding_the_caller_asked_for_is_the_callers() {
    let packed = gzip(b"hello").await;
    let expected = packed.clone();
    let server = Server::http(move |_| gzipped(packed.clone())).await;
    let ask = Request::get(server.url("/")).header("accept-encoding", "gzip, br").body(RequestBody::empty()).unwrap();
    let response = send(&client(&server.url("")), ask).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), expected);
    assert_eq!(server.last().header("accept-encoding"), Some("gzip, br"));
}

#[tokio::test]
async fn a_gzip_bomb_goes_off_at_the_limit_of_what_it_unpacks_to() {
    let bomb = gzip(&vec![0; 32 * MIB as usize]).await;
    assert!((bomb.len() as u64) < MIB / 8);
    let server = Server::http(move |_| gzipped(bomb.clone())).await;
    let mut body = send(&capped(&server, MIB), request(server.url("/"))).await.unwrap().into_body();
    let (mut read, mut longest) = (0, 0);
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(frame) => {
                let length = frame.into_data().unwrap().len() as u64;
                read += length;
                longest = longest.max(length);
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error, EgressError::LimitExceeded { name: "max_response_bytes", .. }), "{error}");
    assert!(read <= MIB && longest <= 64 * 1024, "{read} bytes, {longest} in one piece");
}

#[tokio::test]
async fn gzip_that_is_none_or_ends_early_is_an_error() {
    let packed = gzip(b"hello hello hello").await;
    let cut = packed[..packed.len() - 6].to_vec();
    for body in [b"not gzip at all".to_vec(), cut] {
        let server = Server::http(move |_| gzipped(body.clone())).await;
        let error = get(&client(&server.url("")), server.url("/")).await.unwrap_err();
        assert!(matches!(error, EgressError::InvalidResponse { .. }), "{error}");
    }
}

#[tokio::test]
async fn gzip_in_several_members_is_one_body_and_no_body_is_none() {
    let mut packed = gzip(b"one ").await;
    packed.extend(gzip(b"two").await);
    let server =
        Server::http(move |seen| if seen.uri.path() == "/" { gzipped(packed.clone()) } else { gzipped("") }).await;
    let client = client(&server.url(""));
    assert_eq!(get(&client, server.url("/")).await.unwrap().1, "one two");
    assert_eq!(get(&client, server.url("/empty")).await.unwrap().1, "");
}
