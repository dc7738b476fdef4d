//! What all clients of one data source share of its byte connections: how many may be open at once, and who counts them.
//!
//! Counting is the host's; this crate only says what happens. Connections for HTTP are each client's own.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{EgressError, Origin};

/// How long it takes at most until the place of a connection that is dropped is free: another thread closes it.
const GIVING_BACK: Duration = Duration::from_millis(100);

/// Is told of a data source's byte connections as they come, go and move bytes. It is called between a read and its
/// bytes being handed on, so it should do no more than add to a number.
pub trait ConnectionMeter: Send + Sync + 'static {
    /// Somebody asked for a connection; each `Ok` is followed by one [`closed`](Self::closed).
    fn connected(&self, outcome: Result<(), &EgressError>);
    /// An open connection is no more.
    fn closed(&self);
    /// A handshake of TLS is over.
    fn secured(&self, outcome: Result<(), &EgressError>);
    /// So many bytes arrived, counted as the reader has them: without TLS.
    fn read(&self, bytes: usize);
    /// So many bytes were taken to be sent, counted as the writer has them.
    fn written(&self, bytes: usize);
}

/// For clients that nobody counts.
struct Unmetered;

impl ConnectionMeter for Unmetered {
    fn connected(&self, _: Result<(), &EgressError>) {}
    fn closed(&self) {}
    fn secured(&self, _: Result<(), &EgressError>) {}
    fn read(&self, _: usize) {}
    fn written(&self, _: usize) {}
}

/// The places for byte connections of one data source. Clones are the same places.
///
/// ```
/// use wellhead_egress::{ConnectionPlaces, Egress, EgressPolicy};
///
/// let egress = Egress::builder().build()?;
/// let places = ConnectionPlaces::new(32);
/// // An instance, and the one that takes its place: together they have 32 connections at most.
/// let before = egress.client_among(EgressPolicy::default(), &places)?;
/// let after = egress.client_among(EgressPolicy::default(), &places)?;
/// # Ok::<(), wellhead_egress::EgressError>(())
/// ```
#[derive(Clone)]
pub struct ConnectionPlaces {
    limit: usize,
    free: Arc<Semaphore>,
    meter: Arc<dyn ConnectionMeter>,
}

impl ConnectionPlaces {
    /// So many places, and nobody who counts.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self::metered(limit, Arc::new(Unmetered))
    }

    /// So many places, and who counts what becomes of them.
    #[must_use]
    pub fn metered(limit: usize, meter: Arc<dyn ConnectionMeter>) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self { limit, free: Arc::new(Semaphore::new(limit)), meter }
    }

    /// Places that no connection has now.
    #[must_use]
    pub fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Places in all.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn meter(&self) -> &Arc<dyn ConnectionMeter> {
        &self.meter
    }
}

impl fmt::Debug for ConnectionPlaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPlaces").field("limit", &self.limit).field("free", &self.free()).finish()
    }
}

/// One client among those that share places.
#[derive(Debug)]
pub(crate) struct Tenant {
    places: ConnectionPlaces,
    /// Places that this client has.
    own: Arc<AtomicUsize>,
}

impl Tenant {
    pub(crate) fn new(places: &ConnectionPlaces) -> Self {
        Self { places: places.clone(), own: Arc::default() }
    }

    pub(crate) fn meter(&self) -> &Arc<dyn ConnectionMeter> {
        self.places.meter()
    }

    /// A place for one more connection to `origin`.
    ///
    /// Where other clients have places, one of theirs is waited for: a client whose instance is about to end gives all of
    /// them back. Where this client has them all it is refused as good as at once, because waiting for itself helps nobody.
    pub(crate) async fn place(&self, origin: &Origin, patience: Duration) -> Result<Place, EgressError> {
        let free = &self.places.free;
        let permit = match free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => match tokio::time::timeout(self.patience(patience), free.clone().acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) | Err(_) => return Err(self.refused(origin)),
            },
        };
        self.own.fetch_add(1, Ordering::Relaxed);
        Ok(Place { own: self.own.clone(), _permit: permit })
    }

    fn patience(&self, patience: Duration) -> Duration {
        if self.elsewhere() == 0 { patience.min(GIVING_BACK) } else { patience }
    }

    /// Places that other clients have.
    fn elsewhere(&self) -> usize {
        self.places.limit.saturating_sub(self.own.load(Ordering::Relaxed))
    }

    fn refused(&self, origin: &Origin) -> EgressError {
        let (limit, elsewhere) = (self.places.limit as u64, self.elsewhere() as u64);
        EgressError::TooManyConnections { origin: origin.clone(), limit, elsewhere }
    }
}

/// A connection's place, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    own: Arc<AtomicUsize>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.own.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection that is counted as open, until this is dropped.
pub(crate) struct Open {
    pub(crate) meter: Arc<dyn ConnectionMeter>,
    _place: Place,
}

impl Open {
    pub(crate) fn new(meter: &Arc<dyn ConnectionMeter>, place: Place) -> Self {
        meter.connected(Ok(()));
        Self { meter: meter.clone(), _place: place }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.meter.closed();
    }
}
