//! Connections as a driver uses them, through the SDK.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wellhead_sdk::net::{Connection, NetError, TlsOptions, Verify};
use wellhead_sdk::task;

use crate::Deed;

thread_local! {
    static HELD: RefCell<Vec<Connection>> = const { RefCell::new(Vec::new()) };
}

pub(crate) async fn commit(deed: &Deed) -> Result<String, NetError> {
    match deed.deed.as_str() {
        "connect" => Connection::connect(&deed.endpoint).await.map(|_| "connected".to_owned()),
        "echo" => echo(deed).await,
        "starttls" => start_tls(deed).await,
        "pour" => pour(deed).await,
        "many-at-once" => many_at_once(deed).await,
        "hold" => Ok(hold(deed).await),
        "let-go" => Ok(format!("let go of {}", HELD.take().len())),
        "cancelled-reads" => cancelled_reads(deed).await,
        "in-background" => in_background(deed).await,
        other => Err(NetError::Other(format!("no deed {other:?}"))),
    }
}

fn io(error: io::Error) -> NetError {
    NetError::find(&error).cloned().unwrap_or_else(|| NetError::Other(format!("io: {error}")))
}

/// Writes `text` `count` times, says that this is all, and reads what comes back.
async fn echo(deed: &Deed) -> Result<String, NetError> {
    let mut connection = Connection::connect(&deed.endpoint).await?;
    for _ in 0..deed.count.max(1) {
        connection.write_all(deed.text.as_bytes()).await.map_err(io)?;
    }
    connection.flush().await.map_err(io)?;
    connection.shutdown().await.map_err(io)?;
    let mut back = Vec::new();
    connection.read_to_end(&mut back).await.map_err(io)?;
    let whole = back == deed.text.repeat(deed.count.max(1)).as_bytes();
    Ok(if whole { format!("{} bytes came back", back.len()) } else { String::from_utf8_lossy(&back).into_owned() })
}

/// One line in plain, the server's two letters, then TLS.
async fn start_tls(deed: &Deed) -> Result<String, NetError> {
    let mut connection = Connection::connect(&deed.endpoint).await?;
    connection.write_all(b"STARTTLS\n").await.map_err(io)?;
    let mut agreed = [0; 2];
    connection.read_exact(&mut agreed).await.map_err(io)?;
    let verify = match deed.verify.as_str() {
        "ca-only" => Verify::CaOnly,
        "none" => Verify::None,
        _ => Verify::Full,
    };
    let options = TlsOptions { server_name: deed.server_name.clone(), verify, alpn: vec!["echo".to_owned()] };
    let info = connection.start_tls(&options).await?;
    connection.write_all(deed.text.as_bytes()).await.map_err(io)?;
    connection.shutdown().await.map_err(io)?;
    let mut back = String::new();
    connection.read_to_string(&mut back).await.map_err(io)?;
    let alpn = info.alpn.unwrap_or_default();
    Ok(format!("{back} {alpn} binding {}", info.server_end_point.len()))
}

/// Reads to the end and counts.
async fn pour(deed: &Deed) -> Result<String, NetError> {
    let mut connection = Connection::connect(&deed.endpoint).await?;
    let (mut bytes, mut buffer) = (0, vec![0; 64 << 10]);
    let began = task::monotonic();
    loop {
        match connection.read(&mut buffer).await.map_err(io)? {
            0 => break,
            read => bytes += read,
        }
    }
    Ok(format!("{bytes} bytes in {} us", (task::monotonic() - began).as_micros()))
}

/// Echoes on several connections side by side.
async fn many_at_once(deed: &Deed) -> Result<String, NetError> {
    let echoes = (0..deed.count).map(|number| {
        let deed = Deed { endpoint: deed.endpoint.clone(), text: format!("{number}."), count: 100, ..Deed::default() };
        async move { echo(&deed).await }
    });
    let told = task::try_join_all(deed.count, echoes).await?;
    Ok(format!("{} echoes", told.len()))
}

/// Opens connections and keeps them.
async fn hold(deed: &Deed) -> String {
    for _ in 0..deed.count {
        match Connection::connect(&deed.endpoint).await {
            Ok(connection) => HELD.with_borrow_mut(|held| held.push(connection)),
            Err(error) => return format!("held {}, then {error:?}", HELD.with_borrow(Vec::len)),
        }
    }
    format!("held {}", HELD.with_borrow(Vec::len))
}

/// Gives every read a moment, gives it up, and reads again: nothing may be missing.
async fn cancelled_reads(deed: &Deed) -> Result<String, NetError> {
    let mut connection = Connection::connect(&deed.endpoint).await?;
    let (mut back, mut given_up) = (Vec::new(), 0);
    loop {
        let mut buffer = [0; 7];
        match task::timeout(Duration::from_millis(1), connection.read(&mut buffer)).await {
            Err(_) => given_up += 1,
            Ok(read) => match read.map_err(io)? {
                0 => break,
                read => back.extend(buffer.iter().take(read)),
            },
        }
    }
    Ok(format!("{} with reads given up: {}", String::from_utf8_lossy(&back), given_up > 0))
}

/// A background task drives the connection, as drivers have it, and outlives the call that began it.
async fn in_background(deed: &Deed) -> Result<String, NetError> {
    let mut connection = Connection::connect(&deed.endpoint).await?;
    task::spawn(async move {
        task::sleep(Duration::from_millis(20)).await;
        let _ = connection.write_all(b"from the background").await;
        let _ = connection.shutdown().await;
        let _ = connection.read(&mut [0; 64]).await;
    });
    Ok("began".to_owned())
}
