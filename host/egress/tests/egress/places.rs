//! Places for byte connections that several clients of one data source share, and who counts what becomes of them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wellhead_egress::{
    ConnectionMeter, ConnectionPlaces, EgressClient, EgressError, EgressLimits, Endpoint, TlsOptions,
};

use crate::support::{Settings, host, limits};

/// Says back what it is told.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    address
}

/// A client among others, whose endpoint `server` is at `address`.
fn among(places: &ConnectionPlaces, address: &str, patience: Duration) -> EgressClient {
    let mut policy = Settings::of("").policy();
    policy.endpoints = vec![Endpoint::of_setting("server", "url", address, None)];
    let limits = EgressLimits { connect_timeout: patience, ..limits() };
    host().limits(limits).build().unwrap().client_among(policy, places).unwrap()
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn places_are_shared_and_one_that_another_client_has_is_waited_for() {
    let (address, places) = (echo().await, ConnectionPlaces::new(2));
    let (before, after) = (among(&places, &address, LONG), among(&places, &address, LONG));
    let (first, _second) = (before.connect("server").await.unwrap(), after.connect("server").await.unwrap());
    assert_eq!((places.free(), places.limit()), (0, 2));
    let mut third = std::pin::pin!(after.connect("server"));
    // It waits: nothing it can wait for but the other client's connection.
    assert!(tokio::time::timeout(Duration::from_millis(20), third.as_mut()).await.is_err());
    drop(first);
    third.await.unwrap();
}

#[tokio::test]
async fn a_wait_in_vain_says_who_has_the_places_and_a_client_that_has_them_all_does_not_wait() {
    let (address, places) = (echo().await, ConnectionPlaces::new(2));
    let (before, after) = (among(&places, &address, LONG), among(&places, &address, Duration::from_millis(20)));
    let _held = (before.connect("server").await.unwrap(), before.connect("server").await.unwrap());
    let error = after.connect("server").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{address}: all 2 connections that this data source may have are open, 2 of them by other instances of it \
             (one that was replaced gives them back when its calls are over); keep fewer open (maxOpenConns of SQL data \
             sources), or raise the limit `connections`"
        )
    );
    assert!(error.is_limit());
    // Its patience is thirty seconds, and it does not take them.
    let error = tokio::time::timeout(LONG / 3, before.connect("server")).await.unwrap().unwrap_err();
    assert!(matches!(error, EgressError::TooManyConnections { limit: 2, elsewhere: 0, .. }), "{error}");
}

/// Writes down what it is told.
#[derive(Default)]
struct Heard(Mutex<(Vec<String>, usize, usize)>);

impl Heard {
    fn note(&self, what: &str, outcome: Result<(), &EgressError>) {
        let outcome = outcome.map_or_else(ToString::to_string, |()| "ok".to_owned());
        self.0.lock().unwrap().0.push(format!("{what}: {outcome}"));
    }
}

impl ConnectionMeter for Heard {
    fn connected(&self, outcome: Result<(), &EgressError>) {
        self.note("connected", outcome);
    }

    fn closed(&self) {
        self.note("closed", Ok(()));
    }

    fn secured(&self, outcome: Result<(), &EgressError>) {
        self.note("secured", outcome);
    }

    fn read(&self, bytes: usize) {
        self.0.lock().unwrap().1 += bytes;
    }

    fn written(&self, bytes: usize) {
        self.0.lock().unwrap().2 += bytes;
    }
}

#[tokio::test]
async fn what_becomes_of_connections_is_told_with_every_byte() {
    let heard = Arc::new(Heard::default());
    let (address, places) = (echo().await, ConnectionPlaces::metered(2, heard.clone()));
    let client = among(&places, &address, LONG);
    let mut connection = client.connect("server").await.unwrap();
    connection.write_all(&[7; 100_000]).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut back = Vec::new();
    connection.read_to_end(&mut back).await.unwrap();
    drop(connection);
    client.connect("elsewhere").await.unwrap_err();
    // The echo is no TLS.
    client.connect("server").await.unwrap().start_tls(&TlsOptions::default()).await.unwrap_err();
    let (told, read, written) = std::mem::take(&mut *heard.0.lock().unwrap());
    assert_eq!((back.len(), read, written), (100_000, 100_000, 100_000));
    let starts = ["connected: ok", "closed: ok", "connected: `elsewhere`", "connected: ok", "secured: ", "closed: ok"];
    assert_eq!(told.len(), starts.len(), "{told:?}");
    assert!(told.iter().zip(starts).all(|(told, start)| told.starts_with(start)), "{told:?}");
    assert!(told[4].contains("TLS"), "{told:?}");
}
