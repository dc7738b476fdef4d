//! A socket against a server that is driven by hand.

use super::*;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use wellhead_egress::{ConnectionMeter, ConnectionPlaces, Egress, EgressPolicy, Endpoint, ProxySettings};

/// Longer than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

/// Counts what was read of the network.
#[derive(Default)]
struct Read(AtomicUsize);

impl ConnectionMeter for Read {
    fn connected(&self, _: Result<(), &EgressError>) {}
    fn closed(&self) {}
    fn secured(&self, _: Result<(), &EgressError>) {}
    fn read(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
    fn written(&self, _: usize) {}
}

/// A socket, the server's end of it, and what was read for it.
async fn connected() -> (Socket, TcpStream, Arc<Read>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut policy = EgressPolicy::default();
    policy.endpoints = vec![Endpoint::of_setting("server", "url", &address, None)];
    let egress = Egress::builder().proxy(ProxySettings::None).build().unwrap();
    let read = Arc::new(Read::default());
    let client = egress.client_among(policy, &ConnectionPlaces::metered(1, read.clone())).unwrap();
    let connection = client.connect("server").await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    server.set_nodelay(true).unwrap();
    (Socket::new(connection, Handle::current()), server, read)
}

/// Waits for a state that comes by itself.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(LONG, async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    waited.await.unwrap();
}

async fn pieces(socket: &Socket, number: usize) {
    until(async || socket.reading.lock().await.pieces.len() == number).await;
}

/// Begins something and gives it up.
async fn given_up<T>(future: impl Future<Output = T>) {
    let mut future = pin!(future);
    let is_over = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
    assert!(!is_over, "there was nothing to give up");
}

#[tokio::test]
async fn however_little_is_read_at_a_time_all_of_it_comes_in_order() {
    let (socket, mut server, _) = connected().await;
    let sent: Vec<u8> = (0..300_000_u32).map(|number| (number % 251) as u8).collect();
    let sending = async {
        server.write_all(&sent).await.unwrap();
        drop(server);
    };
    let reading = async {
        let mut got = Vec::new();
        for most in [1, 5, 7_000, 100_000].into_iter().cycle() {
            let piece = socket.read(most).await.unwrap();
            assert!(piece.len() <= most);
            if piece.is_empty() {
                return got;
            }
            got.extend_from_slice(&piece);
        }
        got
    };
    let ((), got) = tokio::join!(sending, reading);
    assert!(got == sent, "{} bytes of {}", got.len(), sent.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_reads_nothing_holds_the_server_back() {
    let (socket, mut server, read) = connected().await;
    let pouring = tokio::spawn(async move { server.write_all(&vec![0; 64 << 20]).await });
    pieces(&socket, PIECES_WAITING).await;
    // Whatever is still under way arrives while nothing changes for a while.
    let mut before = 0;
    until(async || {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = read.0.load(Ordering::Relaxed);
        std::mem::replace(&mut before, now) == now
    })
    .await;
    assert!(before <= PIECES_WAITING * PIECE, "{before} bytes");
    assert!(!pouring.is_finished());
    pouring.abort();
}

#[tokio::test]
async fn a_read_that_is_given_up_loses_nothing() {
    let (socket, mut server, _) = connected().await;
    for words in ["one", "two"] {
        given_up(socket.read(10)).await;
        server.write_all(words.as_bytes()).await.unwrap();
        assert_eq!(socket.read(10).await.unwrap(), words.as_bytes());
    }
}

#[tokio::test]
async fn a_write_that_is_given_up_cuts_the_connection() {
    let (socket, mut server, _) = connected().await;
    let socket = &socket;
    let reading = socket.read(10);
    let writing = async {
        given_up(socket.write(&vec![0; 64 << 20])).await;
        let mut sent = Vec::new();
        // The server learns of it.
        let _ = tokio::time::timeout(LONG, server.read_to_end(&mut sent)).await.unwrap();
        assert!(sent.len() < 64 << 20);
    };
    let (read, ()) = tokio::join!(reading, writing);
    assert!(matches!(read, Err(SocketError::Closed(_))), "{read:?}");
    assert!(matches!(socket.read(10).await, Err(SocketError::Closed(_))));
    assert!(matches!(socket.write(b"x").await, Err(SocketError::Closed(_))));
}

#[tokio::test]
async fn after_a_write_that_failed_the_servers_last_words_can_be_read() {
    let (socket, mut server, _) = connected().await;
    server.write_all(b"too many connections").await.unwrap();
    pieces(&socket, 1).await;
    drop(server);
    until(async || socket.write(&[0; 1 << 10]).await.is_err()).await;
    assert_eq!(socket.read(100).await.unwrap(), b"too many connections");
}

/// As CVE-2021-23222: the agreement is read, and something waits behind it.
#[tokio::test]
async fn words_behind_the_agreement_that_nobody_has_read_end_the_upgrade() {
    let (socket, mut server, _) = connected().await;
    server.write_all(b"S").await.unwrap();
    assert_eq!(socket.read(1).await.unwrap(), b"S");
    server.write_all(b"injected").await.unwrap();
    pieces(&socket, 1).await;
    let error = socket.start_tls(TlsOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("sent more than its agreement"), "{error}");
    assert!(socket.read(1).await.is_err() && socket.write(b"x").await.is_err());
}

#[tokio::test]
async fn an_upgrade_does_not_wait_for_a_reader_that_waits_for_room() {
    let (socket, mut server, _) = connected().await;
    for number in 1..=PIECES_WAITING {
        server.write_all(b"x").await.unwrap();
        pieces(&socket, number).await;
    }
    // A last byte and the reset are met by one look, and have to be told of one after the other.
    server.write_all(b"x").await.unwrap();
    server.set_zero_linger().unwrap();
    drop(server);
    socket.read(1).await.unwrap();
    pieces(&socket, PIECES_WAITING).await;
    let upgrade = tokio::time::timeout(LONG, socket.start_tls(TlsOptions::default())).await;
    upgrade.expect("it waits for ever").unwrap_err();
}

#[tokio::test]
async fn an_upgrade_that_is_given_up_closes_the_connection() {
    let (socket, mut server, _) = connected().await;
    {
        let mut upgrade = pin!(socket.start_tls(TlsOptions::default()));
        let mut hello = [0];
        // Until its first bytes come.
        tokio::select! {
            _ = &mut upgrade => panic!("nobody answered"),
            read = server.read_exact(&mut hello) => { read.unwrap(); }
        }
    }
    let mut rest = Vec::new();
    let _ = tokio::time::timeout(LONG, server.read_to_end(&mut rest)).await.unwrap();
    assert!(matches!(socket.read(1).await, Err(SocketError::Closed(_))));
}
