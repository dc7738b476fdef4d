//! A guest's byte connection: read ahead on the I/O threads, written from where the guest is.
//!
//! A task of its own reads (and decrypts) into a few pieces that wait for the guest, so that a guest that computes has its
//! next bytes at hand, and one that reads nothing holds the server back instead of filling the host's memory. Dropping
//! the socket ends that task and closes the connection.

use futures::FutureExt;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};
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
}

/// Half of a connection: what the guest has still to read of it.
struct Reading {
    /// Of the piece that was handed out in part: what is left.
    rest: Vec<u8>,
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
        let (reading, writing) = halves(connection, &io);
        Self { io, origin, reading: Mutex::new(reading), writing: Mutex::new(Some(writing)) }
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
        if reading.reader.is_none() {
            return Err(self.gone());
        }
        if reading.rest.is_empty() {
            match reading.pieces.recv().await {
                Some(Ok(piece)) => reading.rest = piece,
                Some(Err(error)) => {
                    reading.broken = Some(error.clone());
                    return Err(SocketError::Egress(error));
                }
                None => return Ok(Vec::new()),
            }
        }
        let rest = &mut reading.rest;
        let more = if rest.len() > most { rest.split_off(most) } else { Vec::new() };
        Ok(std::mem::replace(rest, more))
    }

    /// Sends all of `data`. Cancelling it closes the connection for writing, as nobody knows how much was sent.
    pub(super) async fn write(&self, data: &[u8]) -> Result<(), SocketError> {
        const BUSY: &str = "a write, or an upgrade to TLS, is under way on this connection";
        let Ok(mut writing) = self.writing.try_lock() else { return Err(SocketError::Misused(BUSY)) };
        let mut half = writing.take().ok_or_else(|| self.gone())?;
        let sent = async {
            half.write_all(data).await?;
            half.flush().await
        };
        sent.await.map_err(|error| self.explain(&error))?;
        *writing = Some(half);
        Ok(())
    }

    /// Tells the peer that nothing more will be written; what it sends can still be read.
    pub(super) async fn finish(&self) -> Result<(), SocketError> {
        const BUSY: &str = "a write, or an upgrade to TLS, is under way on this connection";
        let Ok(mut writing) = self.writing.try_lock() else { return Err(SocketError::Misused(BUSY)) };
        let mut half = writing.take().ok_or_else(|| self.gone())?;
        half.shutdown().await.map_err(|error| self.explain(&error))
    }

    /// Speaks TLS from here on. An error, or cancelling it, closes the connection.
    pub(super) async fn start_tls(&self, options: TlsOptions) -> Result<TlsInfo, SocketError> {
        const BUSY: &str = "an upgrade to TLS needs a connection on which no read and no write is under way";
        let (Ok(mut reading), Ok(mut writing)) = (self.reading.try_lock(), self.writing.try_lock()) else {
            return Err(SocketError::Misused(BUSY));
        };
        let (Some(reader), Some(writer)) = (reading.reader.take(), writing.take()) else { return Err(self.gone()) };
        let Reader { stop, task } = reader;
        // It may have ended already, at the end of what there is to read.
        let _ = stop.send(());
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
        let (read, write) = halves(connection, &self.io);
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

/// Begins to read ahead.
fn halves(connection: Connection, io: &Handle) -> (Reading, WriteHalf<Connection>) {
    let origin = connection.origin().clone();
    let (read, write) = tokio::io::split(connection);
    let (sender, pieces) = mpsc::channel(PIECES_WAITING);
    let (stop, stopped) = oneshot::channel();
    let task = AbortOnDropHandle::new(io.spawn(read_ahead(read, sender, stopped, origin)));
    (Reading { rest: Vec::new(), pieces, reader: Some(Reader { stop, task }), broken: None }, write)
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
