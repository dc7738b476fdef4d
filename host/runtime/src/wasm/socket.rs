//! A guest's byte connection: read ahead on the I/O threads, written from where the guest is.
//!
//! A task of its own reads (and decrypts) into a few pieces that wait for the guest, so that a guest that computes has its
//! next bytes at hand, and one that reads nothing holds the server back instead of filling the host's memory. Dropping
//! the socket ends that task and closes the connection.

use futures::FutureExt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{MutexGuard, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio_util::task::AbortOnDropHandle;
use wellhead_egress::{Connection, EgressError, Origin, TlsInfo, TlsOptions};

/// Bytes of one piece: enough that what a piece costs (a wake-up, an allocation, a call into the guest) is little beside
/// its bytes.
const PIECE: usize = 64 << 10;
/// Pieces of one connection that may wait for the guest.
const PIECES_WAITING: usize = 4;

/// Why a call on a socket came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    /// The guest asks for what it may not ask for now.
    #[error("{0}")]
    Misused(&'static str),
    /// The connection is over.
    #[error("{0}")]
    Closed(String),
    /// The network, or the policy.
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// One connection of one instance.
pub(crate) struct Socket {
    io: Handle,
    origin: Origin,
    reading: Mutex<Reading>,
    writing: Mutex<Option<WriteHalf<Connection>>>,
    cut: Cut,
}

/// Ends a connection of which nobody knows any more what was sent.
struct Cut {
    is_done: AtomicBool,
    reader: std::sync::Mutex<AbortHandle>,
}

impl Cut {
    fn is_done(&self) -> bool {
        self.is_done.load(Ordering::Acquire)
    }

    fn reader(&self) -> MutexGuard<'_, AbortHandle> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts when what it is made for is given up, which is when it is dropped before [`over`](Armed::over).
    fn armed(&self) -> Armed<'_> {
        Armed(Some(self))
    }
}

struct Armed<'a>(Option<&'a Cut>);

impl Armed<'_> {
    fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        if let Some(cut) = self.0 {
            cut.is_done.store(true, Ordering::Release);
            // It has the connection's other half.
            cut.reader().abort();
        }
    }
}

/// Half of a connection: what the guest has still to read of it.
struct Reading {
    /// The piece that was handed out in part, up to `at`.
    rest: Vec<u8>,
    at: usize,
    pieces: mpsc::Receiver<Result<Vec<u8>, EgressError>>,
    /// `None` once the connection is no more.
    reader: Option<Reader>,
    /// Why it broke.
    broken: Option<EgressError>,
}

/// The task that reads ahead.
struct Reader {
    stop: oneshot::Sender<()>,
    task: AbortOnDropHandle<ReadHalf<Connection>>,
}

impl Socket {
    pub(super) fn new(connection: Connection, io: Handle) -> Self {
        let origin = connection.origin().clone();
        let (reading, writing, reader) = halves(connection, &io);
        let cut = Cut { is_done: AtomicBool::new(false), reader: std::sync::Mutex::new(reader) };
        Self { io, origin, reading: Mutex::new(reading), writing: Mutex::new(Some(writing)), cut }
    }

    /// Waits for a byte and hands out what is there, up to `most`; nothing at the end. Cancelling it loses nothing.
    pub(super) async fn read(&self, most: usize) -> Result<Vec<u8>, SocketError> {
        const BUSY: &str = "a read, or an upgrade to TLS, is under way on this connection";
        if most == 0 {
            return Err(SocketError::Misused("a read of no bytes asks for nothing: ask for one at least"));
        }
        let Ok(mut reading) = self.reading.try_lock() else { return Err(SocketError::Misused(BUSY)) };
        if let Some(error) = &reading.broken {
            return Err(SocketError::Egress(error.clone()));
        }
        if reading.reader.is_none() || self.cut.is_done() {
            return Err(self.gone());
        }
        if reading.rest.is_empty() {
            match reading.pieces.recv().await {
                Some(Ok(piece)) => reading.rest = piece,
                Some(Err(error)) => {
                    reading.broken = Some(error.clone());
                    return Err(SocketError::Egress(error));
                }
                None if self.cut.is_done() => return Err(self.gone()),
                None => return Ok(Vec::new()),
            }
        }
        Ok(reading.hand_out(most))
    }

    /// Sends all of `data`. Cancelling it cuts the connection, as nobody knows how much was sent. Where it fails, what the
    /// server has said before can still be read: it may say why.
    pub(super) async fn write(&self, data: &[u8]) -> Result<(), SocketError> {
        const BUSY: &str = "a write, or an upgrade to TLS, is under way on this connection";
        let Ok(mut writing) = self.writing.try_lock() else { return Err(SocketError::Misused(BUSY)) };
        let mut half = writing.take().ok_or_else(|| self.gone())?;
        let armed = self.cut.armed();
        let sent = async {
            half.write_all(data).await?;
            half.flush().await
        };
        let sent = sent.await;
        armed.over();
        sent.map_err(|error| self.explain(&error))?;
        *writing = Some(half);
        Ok(())
    }

    /// Tells the peer that nothing more will be written; what it sends can still be read. Cancelling it cuts the
    /// connection.
    pub(super) async fn finish(&self) -> Result<(), SocketError> {
        const BUSY: &str = "a write, or an upgrade to TLS, is under way on this connection";
        let Ok(mut writing) = self.writing.try_lock() else { return Err(SocketError::Misused(BUSY)) };
        let mut half = writing.take().ok_or_else(|| self.gone())?;
        let armed = self.cut.armed();
        let shut = half.shutdown().await;
        armed.over();
        shut.map_err(|error| self.explain(&error))
    }

    /// Speaks TLS from here on. An error, or cancelling it, closes the connection.
    pub(super) async fn start_tls(&self, options: TlsOptions) -> Result<TlsInfo, SocketError> {
        const BUSY: &str = "an upgrade to TLS needs a connection on which no read and no write is under way";
        let (Ok(mut reading), Ok(mut writing)) = (self.reading.try_lock(), self.writing.try_lock()) else {
            return Err(SocketError::Misused(BUSY));
        };
        let (Some(reader), Some(writer)) = (reading.reader.take(), writing.take()) else { return Err(self.gone()) };
        let Reader { stop, task } = reader;
        // It may have ended already, at the end of what there is to read; or wait for room that nobody makes now.
        let _ = stop.send(());
        reading.pieces.close();
        let Ok(half) = task.await else { return Err(self.gone()) };
        match reading.pieces.recv().await {
            None if reading.rest.is_empty() => {}
            // Whoever sits in between could put words into the server's mouth: as CVE-2021-23222 was.
            None | Some(Ok(_)) => {
                let reason = "the server sent more than its agreement before TLS began; is somebody in between?".into();
                return Err(SocketError::Egress(EgressError::Tls { origin: self.origin.clone(), reason }));
            }
            Some(Err(error)) => return Err(SocketError::Egress(error)),
        }
        if !half.is_pair_of(&writer) {
            return Err(self.gone());
        }
        let connection = half.unsplit(writer);
        let upgrade = self.io.spawn(async move { connection.start_tls(&options).await });
        let (connection, info) = AbortOnDropHandle::new(upgrade).await.map_err(|_| self.gone())??;
        let (read, write, reader) = halves(connection, &self.io);
        *self.cut.reader() = reader;
        *reading = read;
        *writing = Some(write);
        Ok(info)
    }

    fn gone(&self) -> SocketError {
        SocketError::Closed(format!("{}: this side of the connection is closed", self.origin))
    }

    fn explain(&self, error: &io::Error) -> SocketError {
        explained(error).map_or_else(|| SocketError::Closed(format!("{}: {error}", self.origin)), SocketError::Egress)
    }
}

impl Reading {
    /// Up to `most` bytes of the piece. What stays is not moved, however little is taken at a time.
    fn hand_out(&mut self, most: usize) -> Vec<u8> {
        if self.at == 0 && self.rest.len() <= most {
            return std::mem::take(&mut self.rest);
        }
        let end = self.at.saturating_add(most).min(self.rest.len());
        let part = self.rest.get(self.at..end).unwrap_or_default().to_vec();
        self.at = end;
        if self.at == self.rest.len() {
            (self.rest, self.at) = (Vec::new(), 0);
        }
        part
    }
}

/// Begins to read ahead.
fn halves(connection: Connection, io: &Handle) -> (Reading, WriteHalf<Connection>, AbortHandle) {
    let origin = connection.origin().clone();
    let (read, write) = tokio::io::split(connection);
    let (sender, pieces) = mpsc::channel(PIECES_WAITING);
    let (stop, stopped) = oneshot::channel();
    let task = AbortOnDropHandle::new(io.spawn(read_ahead(read, sender, stopped, origin)));
    let abort = task.abort_handle();
    (Reading { rest: Vec::new(), at: 0, pieces, reader: Some(Reader { stop, task }), broken: None }, write, abort)
}

/// Reads until the end, an error, or being told to stop, and hands the connection's half back. Nothing is read for which
/// there is no room, so nothing is lost.
async fn read_ahead(
    mut half: ReadHalf<Connection>,
    pieces: mpsc::Sender<Result<Vec<u8>, EgressError>>,
    stopped: oneshot::Receiver<()>,
    origin: Origin,
) -> ReadHalf<Connection> {
    let mut stopped = stopped.fuse();
    loop {
        let room = tokio::select! {
            biased;
            _ = &mut stopped => return half,
            room = pieces.reserve() => room,
        };
        // Without a receiver the socket is being dropped, and this task with it.
        let Ok(room) = room else { return half };
        let mut piece = Vec::with_capacity(PIECE);
        let read = tokio::select! {
            biased;
            _ = &mut stopped => return half,
            read = fill(&mut half, &mut piece) => read,
        };
        let error = match read {
            Ok(()) if piece.is_empty() => return half,
            Ok(()) => {
                room.send(Ok(piece));
                continue;
            }
            Err(error) => error,
        };
        let lost = || EgressError::Lost { origin: origin.clone(), reason: error.to_string() };
        let error = explained(&error).unwrap_or_else(lost);
        if piece.is_empty() {
            room.send(Err(error));
        } else {
            // What came before the error is the guest's all the same.
            room.send(Ok(piece));
            let _ = pieces.send(Err(error)).await;
        }
        return half;
    }
}

/// Waits for a byte and takes what is there besides, as far as there is room.
async fn fill(half: &mut ReadHalf<Connection>, piece: &mut Vec<u8>) -> io::Result<()> {
    let mut read = half.read_buf(piece).await?;
    while read > 0 && piece.len() < PIECE {
        match half.read_buf(piece).now_or_never() {
            Some(more) => read = more?,
            None => break,
        }
    }
    Ok(())
}

/// What egress said of an error, inside of which it is.
fn explained(error: &io::Error) -> Option<EgressError> {
    error.get_ref()?.downcast_ref::<EgressError>().cloned()
}

#[cfg(test)]
mod tests;
