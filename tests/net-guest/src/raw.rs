//! The bare contract, used as nobody should.

use std::future::{Future, poll_fn};
use std::mem::forget;
use std::pin::pin;
use std::task::Poll;

use crate::Deed;
use wellhead::plugin::net::{Connection, NetError, TlsOptions, Verify, connect};

wit_bindgen::generate!({
    path: "../../wit",
    inline: "
        package wellhead:net-guest;
        world only-net { import wellhead:plugin/net@0.1.0; }
    ",
    world: "wellhead:net-guest/only-net",
    generate_all,
});

pub(crate) async fn commit(deed: &Deed) -> Option<String> {
    let done = match deed.deed.as_str() {
        "two-reads" => two_reads(deed).await,
        "two-writes" => two_writes(deed).await,
        "tls-under-read" => tls_under_read(deed).await,
        "tls-with-unread" => tls_with_unread(deed).await,
        "read-nothing" => read(deed, 0).await,
        "read-everything" => read(deed, u32::MAX).await,
        "write-too-much" => write(deed).await,
        "write-after-finish" => write_after_finish(deed).await,
        "read-to-error" => read_to_error(deed).await,
        "wait-for-ever" => wait_for_ever(deed).await,
        "connects" => Ok(connects(deed).await),
        "forgotten" => Ok(forgotten(deed).await),
        "never-read" => Ok(never_read(deed).await),
        _ => return None,
    };
    Some(done.unwrap_or_else(|error| format!("{error:?}")))
}

async fn open(deed: &Deed) -> Result<Connection, NetError> {
    connect(deed.endpoint.clone()).await
}

/// Begins something, lets it wait, and does not wait for it.
async fn begin<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) {
    let mut future = future;
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

async fn two_reads(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    let mut first = pin!(connection.read(10));
    begin(first.as_mut()).await;
    connection.read(10).await.map(|bytes| format!("{bytes:?}"))
}

async fn two_writes(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    // Nobody reads at the other end, so one of these waits before long.
    let mut writes: Vec<_> = (0..64).map(|_| Box::pin(connection.write(vec![0; 1 << 20]))).collect();
    for write in &mut writes {
        let mut refused = None;
        poll_fn(|cx| {
            if let Poll::Ready(Err(error)) = write.as_mut().poll(cx) {
                refused = Some(error);
            }
            Poll::Ready(())
        })
        .await;
        if let Some(error) = refused {
            return Err(error);
        }
    }
    Ok("never refused".to_owned())
}

fn options() -> TlsOptions {
    TlsOptions { server_name: None, verify: Verify::None, alpn: vec![] }
}

async fn tls_under_read(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    let mut first = pin!(connection.read(10));
    begin(first.as_mut()).await;
    connection.start_tls(options()).await.map(|_| "TLS".to_owned())
}

/// The server sent two lines, and one letter of them was read.
async fn tls_with_unread(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    connection.read(1).await?;
    connection.start_tls(options()).await.map(|_| "TLS".to_owned())
}

async fn read(deed: &Deed, most: u32) -> Result<String, NetError> {
    let connection = open(deed).await?;
    connection.read(most).await.map(|bytes| format!("{} bytes", bytes.len()))
}

async fn write(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    connection.write(vec![0; (1 << 20) + 1]).await.map(|()| "written".to_owned())
}

async fn write_after_finish(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    connection.finish().await?;
    connection.write(b"x".to_vec()).await.map(|()| "written".to_owned())
}

/// How many bytes came before the end, and which end.
async fn read_to_error(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    connection.write(deed.text.clone().into_bytes()).await?;
    let mut bytes = 0;
    loop {
        match connection.read(1 << 20).await {
            Ok(piece) if piece.is_empty() => return Ok(format!("{bytes} bytes, then the end")),
            Ok(piece) => bytes += piece.len(),
            Err(error) => {
                let again = connection.read(1).await.map(|_| ());
                return Ok(format!("{bytes} bytes, then {error:?}, then {again:?}"));
            }
        }
    }
}

/// A server that never says anything; the call's cancel token is none of its business.
async fn wait_for_ever(deed: &Deed) -> Result<String, NetError> {
    let connection = open(deed).await?;
    connection.read(1).await.map(|bytes| format!("{bytes:?}"))
}

/// Asks for many connections at once and says what became of them.
async fn connects(deed: &Deed) -> String {
    let asked: Vec<_> = (0..deed.count).map(|_| Box::pin(connect(deed.endpoint.clone()))).collect();
    let (mut open, mut refused) = (Vec::new(), 0);
    for connecting in asked {
        match connecting.await {
            Ok(connection) => open.push(connection),
            Err(NetError::Limit(_)) => refused += 1,
            Err(error) => return format!("{error:?}"),
        }
    }
    format!("{} open, {refused} refused", open.len())
}

/// Connections, reads and handles nobody will ever come back to.
async fn forgotten(deed: &Deed) -> String {
    let mut count = 0;
    while let Ok(connection) = open(deed).await {
        count += 1;
        forget(connection);
    }
    format!("forgot {count}")
}

/// Connections to a server that pours, and no read.
async fn never_read(deed: &Deed) -> String {
    let mut open_ones = Vec::new();
    while let Ok(connection) = open(deed).await {
        open_ones.push(connection);
    }
    let count = open_ones.len();
    forget(open_ones);
    format!("read nothing of {count}")
}
