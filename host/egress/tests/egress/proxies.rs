//! Through a proxy: forwarded in plain, tunnelled for TLS.

use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};
use wellhead_egress::{EgressBuilder, EgressError, ProxySettings};

use crate::support::{Ca, Names, Server, Settings, get, host, reply};

/// A proxy that reaches everything at `upstream`, and remembers the heads of the requests it saw.
struct Proxy {
    server: Server,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    async fn to(upstream: &Server, refusal: Option<&'static str>) -> Self {
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (seen, address) = (heads.clone(), upstream.address);
        let server = Server::raw(move |mut client| {
            let seen = seen.clone();
            async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = client.read_u8().await else { return };
                    head.push(byte);
                }
                let head = String::from_utf8(head).unwrap();
                seen.lock().unwrap().push(head.clone());
                if let Some(refusal) = refusal {
                    client.write_all(refusal.as_bytes()).await.unwrap();
                    return;
                }
                let mut upstream = TcpStream::connect(address).await.unwrap();
                if head.starts_with("CONNECT ") {
                    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                } else {
                    upstream.write_all(head.as_bytes()).await.unwrap();
                }
                // Either side may simply go away.
                let _ended = copy_bidirectional(&mut client, &mut upstream).await;
            }
        })
        .await;
        Self { server, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A host that goes through this proxy, and that cannot resolve a thing itself.
    fn host(&self, no_proxy: &str) -> EgressBuilder {
        let url = Some(format!("http://user:s3cret@{}", self.server.address));
        let proxy = ProxySettings::Explicit { http: url.clone(), https: url, no_proxy: no_proxy.to_owned() };
        host().proxy(proxy).resolver(Names::default())
    }
}

#[tokio::test]
async fn plain_requests_are_forwarded_with_the_whole_url_and_the_proxys_credentials() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let proxy = Proxy::to(&server, None).await;
    let client = Settings::of("http://up.example:9090").client(proxy.host(""));
    assert_eq!(get(&client, "http://up.example:9090/x?y").await.unwrap().1, "ok");
    let head = proxy.heads().remove(0);
    assert!(head.starts_with("GET http://up.example:9090/x?y HTTP/1.1\r\n"), "{head}");
    assert!(
        head.contains("proxy-authorization: Basic dXNlcjpzM2NyZXQ=\r\n") && head.contains("host: up.example:9090\r\n"),
        "{head}"
    );
}

#[tokio::test]
async fn tls_goes_through_a_tunnel_whose_proxy_sees_neither_request_nor_credentials() {
    let ca = Ca::new("ca");
    let server = Server::https(ca.server("up.example"), |_| reply(200, "ok")).await;
    let proxy = Proxy::to(&server, None).await;
    let settings = Settings { basic_auth: Some("own"), ..Settings::of("https://up.example") }
        .json(json!({ "tlsAuthWithCACert": true }))
        .secret("tlsCACert", &*ca.pem);
    let client = settings.client(proxy.host(""));
    for _ in 0..5 {
        assert_eq!(get(&client, "https://up.example/x").await.unwrap().1, "ok");
    }
    let heads = proxy.heads();
    assert_eq!(
        heads,
        [
            "CONNECT up.example:443 HTTP/1.1\r\nHost: up.example:443\r\nProxy-Authorization: Basic dXNlcjpzM2NyZXQ=\r\n\r\n"
        ]
    );
    let last = server.last();
    assert_eq!((last.version, last.header("proxy-authorization")), (http::Version::HTTP_2, None));
}

#[tokio::test]
async fn what_no_proxy_names_and_this_machine_are_reached_directly() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let proxy = Proxy::to(&server, None).await;
    let names = Names::of(&[("direct.example", "127.0.0.1"), ("localhost", "127.0.0.1")]);
    let host = proxy.host("other.example, direct.example").resolver(names).build().unwrap();
    for url in [server.url_as("direct.example", "/"), server.url_as("localhost", "/"), server.url("/")] {
        let client = host.client(Settings::of(&*url).policy()).unwrap();
        assert_eq!(get(&client, &url).await.unwrap().1, "ok");
    }
    assert_eq!(proxy.heads().len(), 0);
}

#[tokio::test]
async fn a_proxy_that_refuses_or_is_gone_is_named_without_its_password() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let client = |proxy: &Proxy| Settings::of("https://up.example").client(proxy.host(""));
    for (refusal, said) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused the tunnel with status 407"),
        ("SSH-2.0-x\r\n\r\n", "did not answer CONNECT in HTTP"),
        ("", "closed the connection"),
    ] {
        let proxy = Proxy::to(&server, Some(refusal)).await;
        let error = get(&client(&proxy), "https://up.example/").await.unwrap_err();
        assert!(matches!(error, EgressError::Proxy { .. }) && error.is_connect(), "{error}");
        let text = error.to_string();
        assert!(text.contains(said) && text.contains(&proxy.server.url("")) && !text.contains("s3cret"), "{text}");
    }
    let proxy = Proxy::to(&server, None).await;
    let gone = client(&proxy);
    drop(proxy);
    let error = get(&gone, "https://up.example/").await.unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
}

#[tokio::test]
async fn a_literal_is_judged_even_where_a_proxy_would_take_it() {
    let server = Server::http(|_| reply(200, "ok")).await;
    let proxy = Proxy::to(&server, None).await;
    let mut settings = Settings::of("http://up.example");
    settings.manifests = vec!["http://169.254.169.254".to_owned(), "http://10.0.0.1".to_owned()];
    let client = settings.client(proxy.host(""));
    for url in ["http://169.254.169.254/latest", "http://10.0.0.1/"] {
        let error = get(&client, url).await.unwrap_err();
        assert!(matches!(error, EgressError::DeniedAddress { .. }), "{error}");
    }
    assert_eq!(proxy.heads().len(), 0);
}
