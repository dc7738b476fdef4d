//! Recording what crosses the edge, and playing it back with nobody there.

use std::{path::Path, time::Duration};

use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wellhead_egress::{
    Connection, EgressClient, EgressError, Endpoint, Fault, HttpExchange, NetScript, Otherwise, Recorder, Recording,
    Replay, RequestBody, SecretValues, TlsOptions, Verify,
};
use wellhead_secrets::{Redactor, SecretOwner};

use crate::support::{Ca, Server, Settings, get, host, reply, request, send};

fn knowing(settings: &Settings) -> Redactor {
    let redactor = Redactor::new();
    redactor.learn(&SecretOwner::new(1, "d"), &settings.secrets);
    redactor
}

fn replaying(settings: &Settings, replay: &Replay) -> EgressClient {
    settings.client(host().replay(replay.clone()))
}

fn post(url: impl AsRef<str>, body: &'static str) -> Request<RequestBody> {
    Request::post(url.as_ref()).body(RequestBody::full(body)).unwrap()
}

async fn text(client: &EgressClient, request: Request<RequestBody>) -> Result<String, EgressError> {
    let body = send(client, request).await?.into_body().collect().await?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

/// All that a folder's files hold.
fn stored(folder: &Path) -> String {
    let mut texts = String::new();
    for kind in ["http", "net"] {
        let Ok(files) = std::fs::read_dir(folder.join(kind)) else { continue };
        files.for_each(|file| texts.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap()));
    }
    texts
}

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wellhead-recordings-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn what_was_recorded_is_answered_again_with_the_server_gone() {
    let server = Server::http(|seen| {
        let body = format!(r#"{{"path":"{}","body":"{}"}}"#, seen.uri, String::from_utf8_lossy(&seen.body));
        let mut response = reply(if seen.uri.path() == "/gone" { 410 } else { 200 }, body);
        response.headers_mut().insert("x-kept", "yes".parse().unwrap());
        response.headers_mut().insert("set-cookie", "session=1".parse().unwrap());
        response
    })
    .await;
    let settings = Settings::of(server.url(""));
    let recorder = Recorder::new(Redactor::new());
    let live = settings.client(host().record(recorder.clone()));
    let mut heard = Vec::new();
    for asked in [("/a", "one"), ("/a", "two"), ("/gone", ""), ("/a?x=1&y=2", "one")] {
        heard.push(text(&live, post(server.url(asked.0), asked.1)).await.unwrap());
    }
    let folder = Folder::new("again");
    recorder.recording().write(&folder.0).unwrap();
    assert!(folder.0.join("http/0003-POST-gone.json").exists());
    let (url, a) = (server.url(""), server.url("/a"));
    drop(server);

    let recording = Recording::read(&folder.0).unwrap();
    assert_eq!(recording, recorder.recording());
    let replay = Replay::new(recording, Redactor::new());
    let client = replaying(&settings, &replay);
    // In another order: they are told apart by what they ask.
    for (number, asked) in [(3, ("/a?x=1&y=2", "one")), (1, ("/a", "two")), (0, ("/a", "one"))] {
        assert_eq!(text(&client, post(format!("{url}{}", asked.0), asked.1)).await.unwrap(), heard[number]);
    }
    assert_eq!(replay.unused(), ["http/0003-POST-gone.json"]);
    let response = send(&client, post(format!("{url}/gone"), "")).await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["x-kept"]), (410, &"yes".parse().unwrap()));
    assert!(!response.headers().contains_key("set-cookie"));
    assert!(replay.unused().is_empty() && replay.misses().is_empty());

    let again = text(&client, post(a, "one")).await.unwrap_err().to_string();
    assert!(again.contains("once more than the 1 times it was recorded"), "{again}");
}

#[tokio::test]
async fn no_secret_is_stored_in_any_form_and_another_secret_replays_the_same() {
    let server = Server::http(|seen| reply(200, format!("you said {:?}", seen.headers.get("authorization")))).await;
    let url = server.url("").replace("http://", "http://reader:url-pass-1@");
    let asked = |secret: &str| {
        let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("grafana:{secret}"));
        Request::post(server.url(&format!("/q?token={secret}&b={encoded}")))
            .header("authorization", format!("Basic {encoded}"))
            .header("x-api-key", secret)
            .header("accept", "application/json")
            .body(RequestBody::full(format!("password={secret}")))
            .unwrap()
    };
    let mut settings = Settings::of(url).secret("password", "hunter2-of-old");
    let recorder = Recorder::new(knowing(&settings));
    let heard = text(&settings.client(host().record(recorder.clone())), asked("hunter2-of-old")).await.unwrap();
    assert!(heard.contains("Basic "), "{heard}");
    let folder = Folder::new("secret");
    recorder.recording().write(&folder.0).unwrap();
    let all = stored(&folder.0);
    let encoded = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, "grafana:hunter2-of-old");
    for secret in ["hunter2-of-old", &encoded, "url-pass-1", "x-api-key", "authorization"] {
        assert!(!all.to_lowercase().contains(&secret.to_lowercase()), "{secret} in {all}");
    }
    assert!(all.contains("application/json"), "{all}");

    settings.secrets = SecretValues::from_iter([("password", "[secret]")]);
    let replay = Replay::new(Recording::read(&folder.0).unwrap(), knowing(&settings));
    text(&replaying(&settings, &replay), asked("[secret]")).await.unwrap();
    assert_eq!(replay.misses(), [] as [&str; 0]);
}

#[tokio::test]
async fn a_request_that_was_not_recorded_shows_how_it_differs() {
    let server = Server::http(|_| reply(200, "{}")).await;
    let settings = Settings::of(server.url(""));
    let recorder = Recorder::new(Redactor::new());
    let live = settings.client(host().record(recorder.clone()));
    text(&live, request(server.url("/other"))).await.unwrap();
    text(&live, post(server.url("/api/query"), "query=up&step=15&start=1")).await.unwrap();
    let replay = Replay::new(recorder.recording(), Redactor::new());
    let asked = post(server.url("/api/query"), "query=up&step=30&start=1");
    let error = text(&replaying(&settings, &replay), asked).await.unwrap_err();
    let words = error.to_string();
    assert!(matches!(error, EgressError::NotRecorded { .. }), "{words}");
    assert!(words.contains("-  step=15\n+  step=30\n") && words.contains("http/0002-POST-api-query.json"), "{words}");
    assert_eq!(replay.misses().len(), 1);
    // A policy holds in a replay too.
    let denied = text(&replaying(&settings, &replay), request("http://other.example/")).await.unwrap_err();
    assert!(denied.is_denied(), "{denied}");
    assert_eq!(replay.misses().len(), 1);
}

#[tokio::test]
async fn failures_broken_bodies_and_silence_are_recorded_and_replayed() {
    let refused = Settings::of("http://127.0.0.1:1");
    let recorder = Recorder::new(Redactor::new());
    let error = get(&refused.client(host().record(recorder.clone())), "http://127.0.0.1:1/").await.unwrap_err();
    let replay = Replay::new(recorder.recording(), Redactor::new());
    assert_eq!(get(&replaying(&refused, &replay), "http://127.0.0.1:1/").await.unwrap_err(), error);

    let silent = Server::http(|seen| {
        if seen.uri.path() == "/never" {
            let pieces = futures::stream::unfold(true, async |first| match first {
                true => Some((Ok(http_body::Frame::data("begun".into())), false)),
                false => std::future::pending().await,
            });
            return Response::new(StreamBody::new(pieces).boxed_unsync());
        }
        reply(200, "")
    })
    .await;
    let settings = Settings::of(silent.url(""));
    let recorder = Recorder::new(Redactor::new());
    let live = settings.client(host().record(recorder.clone()));
    let mut body = send(&live, request(silent.url("/never"))).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "begun");
    drop(body);
    let recording = recorder.recording();
    let shown = serde_json::to_value(&recording.http[0].1).unwrap();
    assert_eq!(shown["response"]["broken"], json!({ "kind": "unanswered" }), "{shown}");
    let replay = Replay::new(recording, Redactor::new());
    let mut body = send(&replaying(&settings, &replay), request(silent.url("/never"))).await.unwrap().into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "begun");
    assert!(tokio::time::timeout(Duration::from_millis(20), body.frame()).await.is_err());
}

#[tokio::test]
async fn an_upstream_that_was_never_recorded_fails_hangs_or_is_down() {
    let settings = Settings::of("http://127.0.0.1:9");
    let asks = async |otherwise| {
        let client = replaying(&settings, &Replay::of_nothing(otherwise));
        tokio::time::timeout(Duration::from_millis(20), get(&client, "http://127.0.0.1:9/")).await
    };
    assert!(matches!(asks(Otherwise::Fail).await, Ok(Err(EgressError::NotRecorded { .. }))));
    assert!(asks(Otherwise::Stall).await.is_err());
    assert!(matches!(asks(Otherwise::Refuse).await, Ok(Err(EgressError::Refused { .. }))));
}

#[tokio::test]
async fn an_exchange_written_by_hand_is_found_by_its_path() {
    let exchange: HttpExchange = serde_json::from_value(json!({
        "request": { "method": "post", "url": "/api?x=1", "body": { "json": { "a": [1, 2] } } },
        "response": { "body": { "json": { "b": 2 } } },
    }))
    .unwrap();
    let replay = Replay::repeating(Recording::of([exchange], []), Redactor::new());
    let client = replaying(&Settings::of("http://db.example.com"), &replay);
    for _ in 0..3 {
        let asked = post("http://db.example.com/api?x=1", "{ \"a\": [ 1,\n2 ] }");
        assert_eq!(text(&client, asked).await.unwrap(), r#"{"b":2}"#);
    }
    let fault: Fault =
        serde_json::from_value(json!({ "kind": "timeout", "which": "firstByte", "afterMs": 30000 })).unwrap();
    assert!(matches!(fault, Fault::Timeout { after_ms: 30_000, .. }));
}

#[test]
fn a_file_that_holds_no_exchange_is_named_with_its_fault() {
    let folder = Folder::new("faults");
    std::fs::create_dir_all(folder.0.join("http")).unwrap();
    for (text, why) in [
        ("{", "EOF"),
        (r#"{"request":{"url":"/"}}"#, "no variant"),
        (r#"{"request":{"url":"/","verb":"GET"},"error":{"kind":"refused"}}"#, "verb"),
        (r#"{"request":{"url":"/"},"response":{"status":5}}"#, "response.status: 5 is none"),
        (r#"{"request":{"url":"/"},"response":{"body":{"base64":"?"}}}"#, "response.body: not base64"),
    ] {
        std::fs::write(folder.0.join("http/mine.json"), text).unwrap();
        let error = Recording::read(&folder.0).unwrap_err().to_string();
        assert!(error.contains("mine.json: ") && error.contains(why), "{error}");
    }
}

#[test]
fn what_is_no_file_or_has_no_end_is_not_read() {
    let folder = Folder::new("endless");
    let http = folder.0.join("http");
    std::fs::create_dir_all(&http).unwrap();
    std::os::unix::fs::symlink("/dev/zero", http.join("endless.json")).unwrap();
    let error = Recording::read(&folder.0).unwrap_err().to_string();
    assert!(error.ends_with("endless.json: it is no file"), "{error}");
    std::fs::remove_file(http.join("endless.json")).unwrap();
    std::fs::File::create(http.join("large.json")).unwrap().set_len((256 << 20) + 1).unwrap();
    let error = Recording::read(&folder.0).unwrap_err().to_string();
    assert!(error.ends_with("large.json: it has 268435457 bytes, and 268435456 are read at most"), "{error}");
}

#[test]
fn nothing_is_written_or_removed_behind_a_link() {
    let folder = Folder::new("links");
    let (case, elsewhere) = (folder.0.join("case"), folder.0.join("elsewhere"));
    let theirs = elsewhere.join("0001-theirs.json");
    std::fs::create_dir_all(case.join("http")).unwrap();
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(&theirs, "theirs").unwrap();
    let exchange: HttpExchange = serde_json::from_value(json!({"request": {"url": "/a"}, "response": {}})).unwrap();
    let recording = Recording::of([exchange], []);

    let file = case.join("http/0001-GET-a.json");
    std::os::unix::fs::symlink(&theirs, &file).unwrap();
    recording.write(&case).unwrap();
    assert!(!file.is_symlink(), "a link in the place of a file is replaced");
    std::fs::remove_dir_all(case.join("http")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, case.join("http")).unwrap();
    let error = recording.write(&case).unwrap_err().to_string();
    assert!(error.contains("http: it is a link to another folder"), "{error}");
    assert_eq!(std::fs::read_to_string(&theirs).unwrap(), "theirs");
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 1);
}

/// A server that speaks first, then answers each line; in TLS once it was told so.
async fn line_server(tls: rustls::ServerConfig) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(tls));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                stream.write_all(b"hello\n").await.unwrap();
                if line(&mut stream).await == "tls" {
                    stream.write_all(b"go on\n").await.unwrap();
                    let mut stream = acceptor.accept(stream).await.unwrap();
                    let asked = line(&mut stream).await;
                    stream.write_all(format!("privately: {asked}\n").as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            });
        }
    });
    address
}

async fn line(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(b'\n') | Err(_) => return String::from_utf8(line).unwrap(),
            Ok(byte) => line.push(byte),
        }
    }
}

fn net_client(settings: &Settings, address: &str, builder: wellhead_egress::EgressBuilder) -> EgressClient {
    let mut policy = settings.policy();
    policy.endpoints = vec![Endpoint::of_setting("server", "url", address, None)];
    builder.build().unwrap().client(policy).unwrap()
}

/// Speaks with the line server, and says what it heard.
async fn speak(client: &EgressClient, word: &str) -> std::io::Result<Vec<String>> {
    let mut connection = client.connect("server").await.map_err(std::io::Error::other)?;
    let mut heard = vec![line(&mut connection).await];
    connection.write_all(b"tls\n").await?;
    heard.push(line(&mut connection).await);
    let options = TlsOptions { verify: Verify::None, ..TlsOptions::default() };
    let (mut connection, info) = connection.start_tls(&options).await.map_err(std::io::Error::other)?;
    heard.push(format!("{} bytes of channel binding", info.server_end_point.len()));
    connection.write_all(format!("{word}\n").as_bytes()).await?;
    heard.push(line(&mut connection).await);
    heard.push(line(&mut connection).await);
    Ok(heard)
}

#[tokio::test]
async fn a_byte_connection_is_replayed_from_greeting_to_end_tls_included() {
    let ca = Ca::new("an authority");
    let address = line_server(ca.server("localhost")).await;
    let settings = Settings::of("").secret("password", "hunter2-of-old");
    let recorder = Recorder::new(knowing(&settings));
    let live = net_client(&settings, &address, host().record(recorder.clone()));
    let first = speak(&live, "hunter2-of-old").await.unwrap();
    let second = speak(&live, "second").await.unwrap();
    let folder = Folder::new("net");
    recorder.recording().write(&folder.0).unwrap();
    assert!(!stored(&folder.0).contains("hunter2"), "{}", stored(&folder.0));

    // Nobody is there.
    let replay = Replay::new(Recording::read(&folder.0).unwrap(), knowing(&settings));
    let client = net_client(&settings, "127.0.0.1:1", host().replay(replay.clone()));
    let blanked =
        |heard: Vec<String>| heard.iter().map(|line| line.replace("hunter2-of-old", "[secret]")).collect::<Vec<_>>();
    assert_eq!(speak(&client, "hunter2-of-old").await.unwrap(), blanked(first));
    assert_eq!(replay.unused(), ["net/0002.json"]);
    assert_eq!(speak(&client, "second").await.unwrap(), second);
    assert_eq!((replay.unused(), replay.misses()), (vec![], vec![]));
    let error = client.connect("server").await.unwrap_err().to_string();
    assert!(error.contains("one more connection to `server` than was recorded"), "{error}");
}

#[tokio::test]
async fn what_is_written_otherwise_than_recorded_shows_where() {
    let script: NetScript = serde_json::from_value(json!({ "endpoint": "server", "steps": [
        { "write": { "escaped": "Q\\x00\\x08SELECT 1\\x00" } },
        { "read": { "text": "one" } },
        { "write": { "text": "SELECT 2" } },
        { "end": {} },
    ]}))
    .unwrap();
    let other: NetScript = serde_json::from_value(json!({ "endpoint": "server", "steps": [
        { "write": { "text": "PING" } },
        { "read": { "text": "PONG" } },
    ]}))
    .unwrap();
    let replay = Replay::new(Recording::of([], [script, other]), Redactor::new());
    let client = net_client(&Settings::of(""), "db:1", host().replay(replay.clone()));
    // By what is written first, whichever was opened first.
    let mut pinging: Connection = client.connect("server").await.unwrap();
    let mut asking = client.connect("server").await.unwrap();
    let mut heard = [0; 4];
    pinging.write_all(b"PING").await.unwrap();
    pinging.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"PONG");
    // In pieces of another size than they were recorded.
    asking.write_all(b"Q\0\x08SEL").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(20), asking.read(&mut heard)).await;
    assert!(early.is_err(), "an answer before the question is over");
    asking.write_all(b"ECT 1\0").await.unwrap();
    asking.read_exact(&mut heard[..3]).await.unwrap();
    let error = asking.write_all(b"SELECT 3").await.unwrap_err().to_string();
    assert!(error.contains("step 3 of net/0001.json") && error.contains("-SELECT 2\n+SELECT 3\n"), "{error}");
    assert_eq!(replay.misses().len(), 1);
}
