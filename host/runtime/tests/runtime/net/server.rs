//! Servers on loopback that do one thing each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server, and how many connections it has open.
pub(super) struct Server {
    pub(super) address: String,
    open: Arc<AtomicUsize>,
}

impl Server {
    /// Serves every connection by `serve`, until the test's runtime ends.
    pub(super) async fn new<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let open = Arc::new(AtomicUsize::new(0));
        let counted = open.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let (served, counted) = (serve(stream), counted.clone());
                tokio::spawn(async move {
                    served.await;
                    counted.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, open }
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Sends back what it is sent.
    pub(super) async fn echo() -> Self {
        Self::new(|mut stream| async move {
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
        })
        .await
    }

    /// Says nothing, and waits for the end.
    pub(super) async fn silent() -> Self {
        Self::new(
            |mut stream| async move { while matches!(stream.read(&mut [0; 1024]).await, Ok(read) if read > 0) {} },
        )
        .await
    }

    /// Sends so many bytes, then the end.
    pub(super) async fn pouring(bytes: usize) -> Self {
        Self::new(move |mut stream| async move {
            let piece = vec![b'x'; 256 << 10];
            let mut left = bytes;
            while left > 0 {
                let now = left.min(piece.len());
                if stream.write_all(&piece[..now]).await.is_err() {
                    return;
                }
                left -= now;
            }
        })
        .await
    }
}
