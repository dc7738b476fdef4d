//! redb's file, which remembers that it failed.

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a file failed since it was opened.
#[derive(Debug, Default)]
pub(super) struct Fault {
    happened: AtomicBool,
    /// The next sync is an error, and is not done.
    #[cfg(test)]
    pub(super) next_sync: AtomicBool,
}

impl Fault {
    pub(super) fn happened(&self) -> bool {
        self.happened.load(Ordering::Acquire)
    }

    fn watch<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.happened.store(true, Ordering::Release);
        }
        result
    }
}

/// A file that notes each of its failures.
#[derive(Debug)]
pub(super) struct WatchedFile {
    pub(super) file: FileBackend,
    pub(super) fault: Arc<Fault>,
}

impl StorageBackend for WatchedFile {
    fn len(&self) -> io::Result<u64> {
        self.fault.watch(self.file.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.fault.watch(self.file.read(offset, out))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.fault.watch(self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        #[cfg(test)]
        if self.fault.next_sync.swap(false, Ordering::AcqRel) {
            return self.fault.watch(Err(io::Error::other("the disk is on fire")));
        }
        self.fault.watch(self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.fault.watch(self.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
